/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which mappings of a guest's process are the guest's memory. Nobody tells: QEMU's is anonymous, a
 * memfd, a file on hugetlbfs or in shared memory, in one piece or one per backend.
 */
#ifndef KVMTOP_COLLECTORS_RAM_H
#define KVMTOP_COLLECTORS_RAM_H

#include <stddef.h>
#include <stdint.h>

struct ram_range {
	uint64_t start, bytes;
	uint64_t before; /* bytes of all ranges in front of it */
};

/* Zeroed memory is none. Ranges are ascending and do not touch the one before's addresses. */
struct ram {
	struct ram_range *range;
	size_t n;
	uint64_t bytes;
};

/*
 * By the text of proc/PID/maps and the size that the guest was given (0: not known). One mapping of
 * just that size is it. Else everything writable and larger than 16 MiB that is at least an eighth
 * of the largest such mapping: heap, stacks and buffers are smaller. -ENOENT: nothing like it.
 */
int ram_find(const char *maps, uint64_t memory_bytes, struct ram *ret);

/*
 * All other mappings that hold memory: program, libraries, heap, stacks. -ENOENT: there are none.
 */
int ram_find_rest(const char *maps, const struct ram *ram, struct ram *ret);

/* The address of byte @offset, counted through all ranges; @offset is less than ram->bytes. */
uint64_t ram_address(const struct ram *ram, uint64_t offset);

void ram_done(struct ram *ram);

#endif
