/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's cgroup allows of memory, and how often the guest met that. */
#ifndef KVMTOP_COLLECTORS_CGROUP_MEMORY_H
#define KVMTOP_COLLECTORS_CGROUP_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct cgroup;
struct root;
struct row;

/* Bytes below 0: there is none. */
struct cgroup_memory {
	uint64_t at_ns;                 /* of the reading */
	double limit_bytes, high_bytes; /* killed beyond it; slowed down beyond it */
	double held_bytes;              /* only where there is one of them */
	bool has_throttles, has_hits;
	uint64_t throttles, hits;
	unsigned version;
};

/* @group without a directory: none was found. */
void cgroup_memory_read(
    struct cgroup_memory *m, const struct root *root, const struct cgroup *group, uint64_t now_ns);
/* @error: why none was found, or 0. */
void cgroup_memory_write(const struct cgroup_memory *m, struct row *row, int error);

#endif
