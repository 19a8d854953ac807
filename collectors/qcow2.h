/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a qcow2 image (QEMU's docs/interop/qcow2.txt). A guest may have written it. */
#ifndef KVMTOP_COLLECTORS_QCOW2_H
#define KVMTOP_COLLECTORS_QCOW2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So much of the image tells all; version 2 has 72 bytes. */
#define QCOW2_HEADER_BYTES 104

struct qcow2_header {
	unsigned version;
	uint64_t size_bytes; /* that the guest sees */
	uint64_t cluster_bytes;
	uint32_t snapshots;
	bool has_backing, encrypted;
	bool dirty, corrupt, data_file, extended_l2, lazy_refcounts;
};

/* -EINVAL: no qcow2 image, or one that makes no sense. */
int qcow2_parse(const uint8_t *p, size_t n, struct qcow2_header *ret);

/* Bytes of all its L2 tables: an entry for each cluster. */
uint64_t qcow2_l2_needed(const struct qcow2_header *h);

/*
 * Bytes that QEMU gives to them: @l2_bytes where they were chosen; of @all_bytes, the cache that
 * was chosen for all metadata, what the refcounts leave; without a choice (0) at most 32 MiB (since
 * QEMU 3.1).
 */
uint64_t qcow2_l2_cache(const struct qcow2_header *h, uint64_t all_bytes, uint64_t l2_bytes);

/* "v3 lazy-refcounts backing" */
void qcow2_features(const struct qcow2_header *h, char *buf, size_t size);

#endif
