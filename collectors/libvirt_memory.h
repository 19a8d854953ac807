/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the XML of a guest has its memory backed, and what it limits. Zeroed memory is an XML that
 * says nothing; guest_memory_done frees it.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_MEMORY_H
#define KVMTOP_COLLECTORS_LIBVIRT_MEMORY_H

#include <stdint.h>

#include "base/text.h"
#include "model/snapshot.h"

struct _xmlNode;
struct reading;

struct guest_memory {
	struct text backing; /* "hugepages locked memfd": all that memoryBacking says */
	/* 0: there is none. */
	uint64_t hard_limit_bytes, soft_limit_bytes, swap_limit_bytes;
	uint64_t maximum_bytes; /* up to which memory can be plugged in */
};

/* @domain: the element <domain>. */
void guest_memory_read(struct guest_memory *m, const struct _xmlNode *domain);
void guest_memory_done(struct guest_memory *m);

/* Writes it into the guest's row. */
void guest_memory_write(struct reading *r, struct row *row, const struct guest_memory *m);
/* The same of the definition that it starts from the next time. */
void guest_memory_write_saved(struct reading *r, struct row *row, const struct guest_memory *m);

#endif
