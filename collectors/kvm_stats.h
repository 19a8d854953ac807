/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a KVM statistics descriptor holds: a header, a name ("kvm-TID/vcpu-N"), a description of
 * each statistic, and their values (linux/kvm.h). Every offset is checked: a capture may say
 * anything. Plain values that point into the caller's bytes.
 */
#ifndef KVMTOP_COLLECTORS_KVM_STATS_H
#define KVMTOP_COLLECTORS_KVM_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kvm_stats {
	const unsigned char *bytes;
	size_t size;
	uint32_t name_size, descriptions;
	size_t id_offset, description_offset, data_offset;
};

/* Where one value lies, and how it is to be scaled. */
struct kvm_stat {
	size_t offset; /* from the first byte of all */
	int exponent;  /* times 10 to that power: nanoseconds; of anything else 0 */
};

/* -EINVAL: these bytes are no such thing, or are cut. */
int kvm_stats_open(const void *bytes, size_t size, struct kvm_stats *ret);

/*
 * By the name: the thread that made the vCPU, and the vCPU's number. -ENOENT: it is a whole
 * machine's; -EINVAL.
 */
int kvm_stats_vcpu(const struct kvm_stats *stats, uint32_t *ret_maker, uint32_t *ret_number);

/* -ENOENT: this kernel has none of that name; -EINVAL: it is no single number. */
int kvm_stats_find(const struct kvm_stats *stats, const char *name, struct kvm_stat *ret);

/* The value in @bytes, which have the layout that @stat was found in. -ERANGE: it does not fit. */
int kvm_stat_read(const struct kvm_stat *stat, const void *bytes, size_t size, uint64_t *ret);

/* Whether the values of both are described alike, so that what was found in one holds in both. */
bool kvm_stats_alike(const struct kvm_stats *a, const struct kvm_stats *b);

#endif
