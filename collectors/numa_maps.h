/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory by NUMA node, as proc/PID/numa_maps and a cgroup's memory.numa_stat tell it.
 */
#ifndef KVMTOP_COLLECTORS_NUMA_MAPS_H
#define KVMTOP_COLLECTORS_NUMA_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Linux has no more nodes than that. */
#define NODES_MAX 1024U

struct node_memory {
	uint64_t bytes;      /* pages of every size */
	uint64_t huge_bytes; /* of these, pages of a huge page pool */
};

/* Zeroed memory is nothing anywhere. */
struct nodes_memory {
	struct node_memory *node; /* by number */
	size_t n;
};

/*
 * Adds up every page of every mapping, as numastat -p does: guest memory, heap, stacks, and the
 * program's own file pages. -ENOENT: the text is empty, as it is when the process has ended.
 * -ERANGE, -EINVAL: impossible figures; @ret is then left alone.
 */
int numa_maps_parse(const char *text, struct nodes_memory *ret);

/*
 * Anonymous and shared memory of a cgroup; not its cache of files, which is no guest's memory.
 * Version 1 counts pages. -ENOENT: it tells nothing of nodes.
 */
int numa_stat_parse(const char *text, bool v2, uint64_t page_bytes, struct nodes_memory *ret);

uint64_t nodes_memory_sum(const struct nodes_memory *m);
void nodes_memory_done(struct nodes_memory *m);

#endif
