/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the module that talks to guest agents. It opens libvirt for writing, as that takes.
 */
#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/libvirt_error.h"
#include "collectors/libvirt_agent.h"
#include "collectors/libvirt_events.h"

/* A guest whose agent is silent for so long has none that works. */
#define TIMEOUT_SECONDS 30

extern const struct libvirt_agent_ops kvmtop_libvirt_agent_ops;

struct libvirt_agent {
	virConnectPtr connect;
	virDomainPtr domain;
};

static void agent_close(struct libvirt_agent *a)
{
	if (a->domain)
		virDomainFree(a->domain);
	if (a->connect)
		virConnectClose(a->connect);
	free(a);
}

static int agent_open(const char *uri, const char *uuid, struct libvirt_agent **ret, char *error)
{
	struct libvirt_agent *a = calloc(1, sizeof(*a));
	int r;

	if (!a) {
		snprintf(error, LIBVIRT_AGENT_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	libvirt_error_silence();
	libvirt_events_start();
	a->connect = virConnectOpen(uri);
	if (a->connect)
		virConnectSetKeepAlive(a->connect, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
	a->domain = a->connect ? virDomainLookupByUUIDString(a->connect, uuid) : NULL;
	if (!a->domain) {
		r = libvirt_error(error, LIBVIRT_AGENT_ERROR_SIZE);
		agent_close(a);
		return r;
	}
	*ret = a;
	return 0;
}

static int agent_command(struct libvirt_agent *a, const char *json, char **ret_answer, char *error)
{
	char *answer = virDomainQemuAgentCommand(a->domain, json, TIMEOUT_SECONDS, 0);

	if (!answer)
		return libvirt_error(error, LIBVIRT_AGENT_ERROR_SIZE);
	*ret_answer = answer;
	return 0;
}

const struct libvirt_agent_ops kvmtop_libvirt_agent_ops = {
	.version = LIBVIRT_AGENT_VERSION,
	.open = agent_open,
	.command = agent_command,
	.close = agent_close,
};
