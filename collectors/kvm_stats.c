/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/kvm_stats.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>

#include "base/slice.h"

/* Far above what any kernel has (48 bytes, some 60 statistics): a bound for hostile bytes. */
#define NAME_MAX_SIZE 4096U
#define DESCRIPTIONS_MAX 4096U
#define NS_EXPONENT 9

static size_t description_size(uint32_t name_size)
{
	return sizeof(struct kvm_stats_desc) + name_size;
}

static bool fits(uint64_t offset, uint64_t len, size_t size)
{
	return offset <= size && len <= size - offset;
}

int kvm_stats_open(const void *bytes, size_t size, struct kvm_stats *ret)
{
	struct kvm_stats_header h;

	if (size < sizeof(h))
		return -EINVAL;
	memcpy(&h, bytes, sizeof(h));
	if (h.name_size == 0 || h.name_size > NAME_MAX_SIZE || h.num_desc > DESCRIPTIONS_MAX)
		return -EINVAL;
	if (!fits(h.id_offset, h.name_size, size) || !fits(h.data_offset, 0, size) ||
	    !fits(h.desc_offset, (uint64_t)h.num_desc * description_size(h.name_size), size))
		return -EINVAL;
	*ret = (struct kvm_stats){
		.bytes = bytes,
		.size = size,
		.name_size = h.name_size,
		.descriptions = h.num_desc,
		.id_offset = h.id_offset,
		.description_offset = h.desc_offset,
		.data_offset = h.data_offset,
	};
	return 0;
}

int kvm_stats_vcpu(const struct kvm_stats *stats, uint32_t *ret_maker, uint32_t *ret_number)
{
	const char *id = (const char *)stats->bytes + stats->id_offset;
	struct slice name = { id, strnlen(id, stats->name_size) }, owner, vcpu;
	uint64_t number, maker;

	if (!slice_starts(name, "kvm-") || !slice_cut(name, '/', &owner, &vcpu))
		return slice_starts(name, "kvm-") ? -ENOENT : -EINVAL;
	if (!slice_starts(vcpu, "vcpu-"))
		return -EINVAL;
	vcpu = (struct slice){ vcpu.p + 5, vcpu.len - 5 };
	owner = (struct slice){ owner.p + 4, owner.len - 4 };
	if (slice_u64(vcpu, &number) < 0 || number > UINT32_MAX || slice_u64(owner, &maker) < 0 ||
	    maker == 0 || maker > UINT32_MAX)
		return -EINVAL;
	*ret_maker = (uint32_t)maker;
	*ret_number = (uint32_t)number;
	return 0;
}

static const char *description_at(
    const struct kvm_stats *stats, uint32_t i, struct kvm_stats_desc *ret)
{
	const unsigned char *at =
	    stats->bytes + stats->description_offset + i * description_size(stats->name_size);

	memcpy(ret, at, sizeof(*ret));
	return (const char *)at + sizeof(*ret);
}

static bool is_named(const char *field, size_t field_size, const char *name)
{
	size_t len = strlen(name);

	return len < field_size && memcmp(field, name, len) == 0 && field[len] == '\0';
}

static int understand(
    const struct kvm_stats *stats, const struct kvm_stats_desc *d, struct kvm_stat *ret)
{
	uint32_t type = d->flags & KVM_STATS_TYPE_MASK;
	bool is_time = (d->flags & KVM_STATS_UNIT_MASK) == KVM_STATS_UNIT_SECONDS;
	bool is_decimal = (d->flags & KVM_STATS_BASE_MASK) == KVM_STATS_BASE_POW10;
	int exponent = is_time ? d->exponent + NS_EXPONENT : 0;

	if (type > KVM_STATS_TYPE_PEAK || d->size != 1)
		return -EINVAL;
	/* No statistic counts time, or things by the dozen, in powers of two. */
	if (is_time ? !is_decimal || exponent < -NS_EXPONENT || exponent > NS_EXPONENT
		    : d->exponent != 0)
		return -EINVAL;
	if (!fits(stats->data_offset + (uint64_t)d->offset, sizeof(uint64_t), stats->size))
		return -EINVAL;
	*ret = (struct kvm_stat){ .offset = stats->data_offset + d->offset, .exponent = exponent };
	return 0;
}

int kvm_stats_find(const struct kvm_stats *stats, const char *name, struct kvm_stat *ret)
{
	for (uint32_t i = 0; i < stats->descriptions; i++) {
		struct kvm_stats_desc d;
		const char *field = description_at(stats, i, &d);

		if (is_named(field, stats->name_size, name))
			return understand(stats, &d, ret);
	}
	return -ENOENT;
}

int kvm_stat_read(const struct kvm_stat *stat, const void *bytes, size_t size, uint64_t *ret)
{
	uint64_t v;

	if (!fits(stat->offset, sizeof(v), size))
		return -EINVAL;
	memcpy(&v, (const unsigned char *)bytes + stat->offset, sizeof(v));
	for (int e = stat->exponent; e > 0; e--)
		if (__builtin_mul_overflow(v, 10, &v))
			return -ERANGE;
	for (int e = stat->exponent; e < 0; e++)
		v /= 10;
	*ret = v;
	return 0;
}

bool kvm_stats_alike(const struct kvm_stats *a, const struct kvm_stats *b)
{
	return a->size == b->size && a->name_size == b->name_size &&
	       a->descriptions == b->descriptions && a->data_offset == b->data_offset &&
	       memcmp(a->bytes + a->description_offset, b->bytes + b->description_offset,
		   a->descriptions * description_size(a->name_size)) == 0;
}
