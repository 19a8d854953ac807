/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of a guest, read by the agent that runs in it. That takes libvirt's read-write connection,
 * so nothing here is ever called but at the user's explicit wish.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_AGENT_H
#define KVMTOP_COLLECTORS_LIBVIRT_AGENT_H

#include <stddef.h>

#include "base/text.h"

/* To be changed with what follows: a module of another make is not used. */
#define LIBVIRT_AGENT_VERSION 1
#define LIBVIRT_AGENT_SYMBOL "kvmtop_libvirt_agent_ops"
#define LIBVIRT_AGENT_ERROR_SIZE 256

struct libvirt_agent;

/* What the module gives. 0 or -errno, and libvirt's own words in @error. */
struct libvirt_agent_ops {
	unsigned version;
	int (*open)(const char *uri, const char *uuid, struct libvirt_agent **ret, char *error);
	/* A command and its answer, as JSON; the caller frees the answer. */
	int (*command)(struct libvirt_agent *a, const char *json, char **ret_answer, char *error);
	void (*close)(struct libvirt_agent *a);
};

/*
 * Reads a whole file of the guest, of 64 MiB at most, by commands to its agent. 0; -EIO: the agent
 * refused, or answered what makes no sense; others are the command's. @error says it in words.
 */
int libvirt_agent_read(const struct libvirt_agent_ops *ops, struct libvirt_agent *agent,
    const char *path, struct text *ret, char *error);

/* kallsyms and modules of the guest of that uuid. @uri: NULL: the default. */
int libvirt_agent_fetch(const char *uri, const char *uuid, struct text *ret_kallsyms,
    struct text *ret_modules, char *error);

/* Strictly: groups of four, "=" only at the end. 0 or -EINVAL. */
int base64_append(struct text *out, const char *s, size_t len);

#endif
