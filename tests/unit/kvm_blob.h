/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's statistics as the kernel lays them out, of figures that a test chooses. Plain values. */
#ifndef KVMTOP_TESTS_UNIT_KVM_BLOB_H
#define KVMTOP_TESTS_UNIT_KVM_BLOB_H

#include <linux/kvm.h>
#include <stdint.h>
#include <string.h>

#define NAME_SIZE 48

struct statistic {
	const char *name;
	uint32_t flags;
	int16_t exponent;
	uint16_t size;
	uint64_t value;
};

#define COUNTER (KVM_STATS_TYPE_CUMULATIVE | KVM_STATS_UNIT_NONE | KVM_STATS_BASE_POW10)
#define TIME (KVM_STATS_TYPE_CUMULATIVE | KVM_STATS_UNIT_SECONDS | KVM_STATS_BASE_POW10)

struct blob {
	unsigned char bytes[8192];
	size_t size;
};

/* As the kernel lays it out: header, name, descriptions, values. */
static inline struct blob make_blob(const char *id, const struct statistic *stats, size_t n)
{
	struct blob b = { 0 };
	struct kvm_stats_header h = { .name_size = NAME_SIZE, .num_desc = (uint32_t)n };
	uint32_t data = 0;

	h.id_offset = sizeof(h);
	h.desc_offset = h.id_offset + NAME_SIZE;
	h.data_offset =
	    h.desc_offset + (uint32_t)n * (uint32_t)(sizeof(struct kvm_stats_desc) + NAME_SIZE);
	memcpy(b.bytes, &h, sizeof(h));
	memcpy(b.bytes + h.id_offset, id, strlen(id));
	for (size_t i = 0; i < n; i++) {
		struct kvm_stats_desc d = { .flags = stats[i].flags,
			.exponent = stats[i].exponent,
			.size = stats[i].size,
			.offset = data };
		unsigned char *at = b.bytes + h.desc_offset + i * (sizeof(d) + NAME_SIZE);

		memcpy(at, &d, sizeof(d));
		memcpy(at + sizeof(d), stats[i].name, strlen(stats[i].name));
		memcpy(b.bytes + h.data_offset + data, &stats[i].value, sizeof(uint64_t));
		data += stats[i].size * (uint32_t)sizeof(uint64_t);
	}
	b.size = h.data_offset + data;
	return b;
}

#endif
