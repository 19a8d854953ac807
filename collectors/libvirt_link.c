/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/libvirt_link.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/libvirt_module.h"
#include "base/root.h"
#include "collectors/collector.h"

#define FIRST_WAIT_NS (2 * NS_PER_SEC)
#define LONGEST_WAIT_NS (8 * NS_PER_SEC)

void libvirt_link_init(struct libvirt_link *link, const char *uri,
    void (*changed)(void *ctx, const char *uuid), void *ctx)
{
	*link = (struct libvirt_link){ .uri = uri, .changed = changed, .ctx = ctx };
}

static void disconnect(struct libvirt_link *link)
{
	if (link->connection)
		link->ops->close(link->connection);
	link->connection = NULL;
}

void libvirt_link_done(struct libvirt_link *link)
{
	disconnect(link);
}

/*
 * Without a choice of the user libvirt would take a session of its own for anyone but root, and
 * start a daemon for it; the guests of a host are those of the system.
 */
const char *libvirt_link_uri(const struct libvirt_link *link)
{
	const char *uri = link->uri ? link->uri : secure_getenv("LIBVIRT_DEFAULT_URI");

	return uri && *uri ? uri : "qemu:///system";
}

const char *libvirt_state_name(enum libvirt_state state)
{
	static const char *const names[LIBVIRT_STATES] = {
		[LIBVIRT_UNKNOWN] = "unknown",
		[LIBVIRT_RUNNING] = "running",
		[LIBVIRT_PAUSED] = "paused",
		[LIBVIRT_SHUTDOWN] = "shutdown",
		[LIBVIRT_CRASHED] = "crashed",
		[LIBVIRT_SUSPENDED] = "suspended",
	};

	return names[state];
}

static int load_module(struct libvirt_link *link)
{
	void *module = libvirt_module_load(link->error, sizeof(link->error));
	const struct libvirt_ops *ops;

	if (!module)
		return -ENOPKG;
	ops = dlsym(module, LIBVIRT_OPS_SYMBOL);
	if (!ops || ops->version != LIBVIRT_OPS_VERSION) {
		dlclose(module);
		snprintf(link->error, sizeof(link->error),
		    LIBVIRT_MODULE " is of another version of kvmtop");
		return -ENOPKG;
	}
	link->ops = ops;
	return 0;
}

static int connect_live(struct libvirt_link *link)
{
	int r = link->ops ? 0 : load_module(link);

	if (r < 0)
		return r;
	return link->ops->open(
	    libvirt_link_uri(link), link->changed, link->ctx, &link->connection, link->error);
}

/* Another sample may have other answers, so this is opened anew each time. */
static int connect_captured(struct libvirt_link *link, const struct root *root)
{
	disconnect(link);
	link->ops = libvirt_captured_ops();
	return libvirt_captured_open(root, &link->connection, link->error);
}

int libvirt_link_ready(
    struct libvirt_link *link, const struct root *root, uint64_t now_ns, bool *ret_new)
{
	bool live = root_is_live(root);
	int r;

	if (link->uri && strcmp(link->uri, "none") == 0) {
		snprintf(link->error, sizeof(link->error), "Switched off by -c none.");
		return -ENOSYS;
	}
	if (live && link->connection && link->ops->is_alive(link->connection)) {
		*ret_new = false;
		return 0;
	}
	if (live && !link->connection && link->failure && now_ns < link->retry_ns)
		return link->failure;
	disconnect(link);
	r = live ? connect_live(link) : connect_captured(link, root);
	link->failure = r;
	if (r < 0) {
		link->wait_ns = link->wait_ns ? 2 * link->wait_ns : FIRST_WAIT_NS;
		if (link->wait_ns > LONGEST_WAIT_NS)
			link->wait_ns = LONGEST_WAIT_NS;
		link->retry_ns = clock_mono_ns() + link->wait_ns;
		return r;
	}
	link->wait_ns = 0;
	*ret_new = true;
	return 0;
}

enum state libvirt_link_explain(const struct libvirt_link *link, struct reading *r, int failure)
{
	switch (failure) {
	case -ENOSYS:
	case -ENODATA:
		reading_note(r, "%s", link->error);
		return STATE_ABSENT;
	case -ENOPKG:
		reading_note(r, "States, pinning and balloons are not told: %s.", link->error);
		return STATE_ABSENT;
	case -EACCES:
		reading_note(r, "It takes the right to use libvirt's read-only socket (%s: %s).",
		    libvirt_link_uri(link), link->error);
		return STATE_DENIED;
	default:
		reading_note(r,
		    "No connection: start libvirtd or virtqemud, or choose another with -c "
		    "(%s: %s).",
		    libvirt_link_uri(link), link->error);
		return STATE_ABSENT;
	}
}
