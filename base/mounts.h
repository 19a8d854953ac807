/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mount tables: proc/self/mounts, "hugetlbfs /dev/hugepages hugetlbfs rw,pagesize=2M 0 0", and
 * proc/PID/mountinfo, which tells ids and numbers of devices, too.
 */
#ifndef KVMTOP_BASE_MOUNTS_H
#define KVMTOP_BASE_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Lives as long as the text that it was read from. */
struct mount {
	struct slice point; /* as the kernel writes it: blanks, "\" and "#" are \040, \134, \043 */
	struct slice type;  /* "cgroup2" */
	struct slice options; /* "rw,nosuid,pagesize=2M" */
};

/* The next mount; lines that are none are passed over. False at the end. */
bool mount_next(struct cursor *table, struct mount *ret);

/* The mount point as a path. */
char *mount_point_dup(const struct mount *m);

/* What "name=value" says among the options; false when it is not there. */
bool mount_option(const struct mount *m, const char *name, struct slice *ret_value);

/* The mount in which @path lies: the innermost, and of those on one point the last. */
bool mount_of_path(const char *table, const char *path, struct mount *ret);

/* A line of mountinfo. Lives as long as its text. */
struct mount_line {
	uint64_t id;
	uint64_t major, minor;
	struct slice point, options, type, source, super_options;
};

/* The next mount; lines that are none are passed over. False at the end. */
bool mount_line_next(struct cursor *table, struct mount_line *ret);
/* The mount with that id; the innermost in which @path lies, the last of those on one point. */
bool mount_line_of_id(const char *table, uint64_t id, struct mount_line *ret);
bool mount_line_of_path(const char *table, const char *path, struct mount_line *ret);

#endif
