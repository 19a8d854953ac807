/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "collectors/kvm_stats.h"
#include "tests/fuzz/fuzz.h"

static void check_name(const struct kvm_stats *stats, const char *name, size_t size)
{
	struct kvm_stat stat;
	uint64_t v;
	int r = kvm_stats_find(stats, name, &stat);

	PROMISE(r == 0 || r == -ENOENT || r == -EINVAL);
	if (r < 0)
		return;
	PROMISE(stat.offset + sizeof(v) <= size);
	r = kvm_stat_read(&stat, stats->bytes, size, &v);
	PROMISE(r == 0 || r == -ERANGE);
	/* The next reading may be shorter. */
	for (size_t cut = 0; cut < size && cut < stat.offset + sizeof(v); cut += 7)
		PROMISE(kvm_stat_read(&stat, stats->bytes, cut, &v) == -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "exits", "halt_poll_fail_ns", "halt_wait_hist", "" };
	struct kvm_stats stats;
	uint32_t maker, number;
	int r = kvm_stats_open(data, size, &stats);

	PROMISE(r == 0 || r == -EINVAL);
	if (r < 0)
		return 0;
	r = kvm_stats_vcpu(&stats, &maker, &number);
	PROMISE(r == 0 || r == -ENOENT || r == -EINVAL);
	PROMISE(kvm_stats_alike(&stats, &stats));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_name(&stats, names[i], size);
	return 0;
}
