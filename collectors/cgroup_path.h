/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a process's cgroup lies, in version 1, version 2 and both side by side.
 */
#ifndef KVMTOP_COLLECTORS_CGROUP_PATH_H
#define KVMTOP_COLLECTORS_CGROUP_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct root;

struct cgroup_mount {
	char *dir;         /* relative to the root: "sys/fs/cgroup/memory" */
	char *controllers; /* of version 1: mount options, "rw,cpu,cpuacct"; of version 2: NULL */
};

/* Zeroed memory is an empty list. */
struct cgroup_mounts {
	struct cgroup_mount *item;
	size_t n, cap;
};

/* The hierarchies that proc/self/mounts names. -ENOENT: none; other -errno. */
int cgroup_mounts_read(const struct root *root, struct cgroup_mounts *ret);
void cgroup_mounts_done(struct cgroup_mounts *mounts);

/*
 * The group of a guest. libvirt puts QEMU's threads into groups of their own below it, and under
 * systemd a level "libvirt" between; limits may stand on either level.
 */
struct cgroup {
	char *name;  /* as the kernel names it: "/machine.slice/machine-qemu….scope" */
	char *dir;   /* the same, relative to the root */
	char *inner; /* "…/libvirt" below it; NULL: there is none */
	bool v2;
};

/*
 * The group that counts for @controller ("cpu", "memory"), by the text of proc/PID/cgroup.
 * -ENOENT: this controller's hierarchy is not mounted, or the group lies outside of what is.
 */
int cgroup_find(const struct cgroup_mounts *mounts, const char *text, const char *controller,
    struct cgroup *ret);
void cgroup_done(struct cgroup *group);

/*
 * Bytes that a guest's group allows, holds on each node and so on: the number in FILE of the group.
 * "max", and what version 1 writes instead, is -ENOENT.
 */
int cgroup_read_limit(const struct root *root, const char *dir, const char *file, uint64_t *ret);

#endif
