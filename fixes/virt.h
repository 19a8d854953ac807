/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt, to be told something: a table of functions in kvmtop's libvirt module. Everything goes
 * over it as text, in the notation of advisor/plan.h. A test has a table of its own.
 */
#ifndef KVMTOP_FIXES_VIRT_H
#define KVMTOP_FIXES_VIRT_H

#include <stdbool.h>

#include "advisor/plan.h"

/* To be changed with everything below: a module of another make is not used. */
#define VIRT_OPS_VERSION 2
#define VIRT_OPS_SYMBOL "kvmtop_virt_ops"

#define VIRT_ERROR_SIZE 256

struct virt;

/* What is read or written. */
struct virt_place {
	enum action_kind kind; /* ACTION_DEFINE: the whole XML */
	const char *uuid;      /* NULL: the host */
	const char *target;
	bool saved; /* in the guest's definition */
};

/*
 * All but close return 0 or -errno, and may block for as long as libvirt or a QEMU does. -ENOENT:
 * no such guest or parameter; -EACCES: it takes a right; -ENOTSUP: there is no such call. @error,
 * of VIRT_ERROR_SIZE, gets libvirt's own words when a call fails.
 */
struct virt_ops {
	unsigned version;

	/* @readonly: nothing will be written, and secrets of a guest are left out of its XML. */
	int (*open)(const char *uri, bool readonly, struct virt **ret, char *error);
	void (*close)(struct virt *v);
	/* Whether its guests are processes of this host. */
	bool (*is_local)(struct virt *v);

	/* The caller frees @ret. */
	int (*get)(struct virt *v, const struct virt_place *place, char **ret, char *error);
	int (*set)(struct virt *v, const struct virt_place *place, const char *value, char *error);
};

#endif
