/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters of all interfaces of a network namespace, from one reading of net/dev.
 * Zeroed memory is an empty list; it owns its interfaces until net_dev_done.
 */
#ifndef KVMTOP_COLLECTORS_NET_DEV_H
#define KVMTOP_COLLECTORS_NET_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct root;

/* The kernel's IFNAMSIZ: 15 bytes and the NUL. */
#define INTERFACE_SIZE 16
/* More than any host has; the rest is left out. */
#define INTERFACES_MAX 65536

/* One direction, as the host sees it. */
struct net_counters {
	uint64_t bytes, packets, errors, drops;
};

struct net_interface {
	char name[INTERFACE_SIZE];
	struct net_counters received, sent;
};

struct net_dev {
	struct net_interface *interface; /* by name */
	size_t n, cap;
	uint64_t names_hash; /* changes when an interface comes or goes */
};

/* @path: proc/net/dev, or that of a process in another namespace. Replaces what was read before. */
int net_dev_read(struct net_dev *d, const struct root *root, const char *path);
void net_dev_done(struct net_dev *d);

const struct net_interface *net_dev_find(const struct net_dev *d, const char *name);

/* Whether the kernel gives an interface such a name; other text must not become part of a path. */
bool interface_is_name(const char *name);

#endif
