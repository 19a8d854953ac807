/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/qcow2.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAGIC 0x514649fbu /* "QFI\xfb" */
#define V2_BYTES 72
/* QEMU's limits: 512 bytes to 2 MiB. */
#define CLUSTER_BITS_MIN 9
#define CLUSTER_BITS_MAX 21
#define DEFAULT_L2_BYTES (32ULL << 20)
/* QEMU keeps so many clusters of refcounts and of L2 tables at least. */
#define REFCOUNT_CLUSTERS 4
#define L2_CLUSTERS 2

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t u64_at(const uint8_t *p)
{
	return (uint64_t)u32_at(p) << 32 | u32_at(p + 4);
}

int qcow2_parse(const uint8_t *p, size_t n, struct qcow2_header *ret)
{
	struct qcow2_header h = { 0 };
	uint32_t cluster_bits;

	if (n < V2_BYTES || u32_at(p) != MAGIC)
		return -EINVAL;
	h.version = u32_at(p + 4);
	cluster_bits = u32_at(p + 20);
	if (h.version < 2 || h.version > 3 || cluster_bits < CLUSTER_BITS_MIN ||
	    cluster_bits > CLUSTER_BITS_MAX)
		return -EINVAL;
	h.has_backing = u64_at(p + 8) != 0;
	h.cluster_bytes = 1ULL << cluster_bits;
	h.size_bytes = u64_at(p + 24);
	h.encrypted = u32_at(p + 32) != 0;
	h.snapshots = u32_at(p + 60);
	if (h.version == 3 && n >= QCOW2_HEADER_BYTES) {
		uint64_t incompatible = u64_at(p + 72), compatible = u64_at(p + 80);

		h.dirty = incompatible & 1;
		h.corrupt = incompatible & 2;
		h.data_file = incompatible & 4;
		h.extended_l2 = incompatible & 16;
		h.lazy_refcounts = compatible & 1;
	}
	/* QEMU refuses what its tables could not address. */
	if (h.size_bytes > INT64_MAX)
		return -EINVAL;
	*ret = h;
	return 0;
}

uint64_t qcow2_l2_needed(const struct qcow2_header *h)
{
	uint64_t clusters = h->size_bytes / h->cluster_bytes;

	clusters += h->size_bytes % h->cluster_bytes != 0;
	return clusters * (h->extended_l2 ? 16 : 8);
}

uint64_t qcow2_l2_cache(const struct qcow2_header *h, uint64_t all_bytes, uint64_t l2_bytes)
{
	uint64_t refcounts = REFCOUNT_CLUSTERS * h->cluster_bytes;
	uint64_t least = L2_CLUSTERS * h->cluster_bytes;
	uint64_t l2 = DEFAULT_L2_BYTES;

	if (l2_bytes)
		l2 = l2_bytes;
	else if (all_bytes)
		l2 = all_bytes > refcounts ? all_bytes - refcounts : 0;
	return l2 > least ? l2 : least;
}

void qcow2_features(const struct qcow2_header *h, char *buf, size_t size)
{
	const struct {
		bool is;
		const char *name;
	} features[] = {
		{ h->dirty, "dirty" },
		{ h->corrupt, "corrupt" },
		{ h->data_file, "data-file" },
		{ h->extended_l2, "extended-l2" },
		{ h->lazy_refcounts, "lazy-refcounts" },
		{ h->encrypted, "encrypted" },
		{ h->has_backing, "backing" },
	};
	size_t len = (size_t)snprintf(buf, size, "v%u", h->version);

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]) && len < size; i++)
		if (features[i].is)
			len += (size_t)snprintf(buf + len, size - len, " %s", features[i].name);
}
