/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Histogram of times: four buckets to each power of two, from 64 ns to 275 s; what is shorter is in
 * the first one, what is longer in the last. Also for programs that run in the kernel, which have
 * no instruction to count leading zeros.
 */
#ifndef KVMTOP_COLLECTORS_EXIT_HIST_H
#define KVMTOP_COLLECTORS_EXIT_HIST_H

/* A power of two: the kernel must see that no place lies behind the last one. */
#define EXIT_BUCKETS 128
#define EXIT_FIRST_BIT 6

static inline unsigned int exit_bucket(unsigned long long ns)
{
	unsigned int bit = 0, bucket;
	unsigned long long v = ns;

	if (ns < 1ULL << EXIT_FIRST_BIT)
		return 0;
	if (v >> 32) {
		v >>= 32;
		bit += 32;
	}
	if (v >> 16) {
		v >>= 16;
		bit += 16;
	}
	if (v >> 8) {
		v >>= 8;
		bit += 8;
	}
	if (v >> 4) {
		v >>= 4;
		bit += 4;
	}
	if (v >> 2) {
		v >>= 2;
		bit += 2;
	}
	if (v >> 1)
		bit++;
	bucket = (bit - EXIT_FIRST_BIT) * 4 + ((unsigned int)(ns >> (bit - 2)) & 3);
	return bucket < EXIT_BUCKETS ? bucket : EXIT_BUCKETS - 1;
}

/* Where a bucket begins, in ns; that of EXIT_BUCKETS is where the last one ends. */
static inline unsigned long long exit_bucket_ns(unsigned int bucket)
{
	return (4ULL + bucket % 4) << (bucket / 4 + EXIT_FIRST_BIT - 2);
}

#endif
