/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/perf_ring.h"

#define TYPES \
	(PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD)

struct seen {
	size_t n, bad;
	uint64_t first_ns, last_ns;
	unsigned char body[64][16];
	size_t len[64];
};

/* A minor fault a page: the one software event that any user can make happen at will. */
static struct perf_event_attr faults(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS_MIN,
		.sample_period = 1,
		.sample_type = TYPES,
		.exclude_kernel = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC };

	return attr;
}

static void fault(size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p =
	    mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	madvise(p, pages * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		p[i * page] = 1;
	munmap(p, pages * page);
}

static void take_sample(void *ctx, const struct perf_record *record)
{
	struct seen *seen = ctx;
	struct perf_sample s;

	if (perf_sample_parse(record, TYPES, &s) < 0 || s.pid != (uint32_t)getpid() ||
	    s.tid != (uint32_t)gettid() || s.period != 1 || s.ip == 0)
		seen->bad++;
	if (seen->n++ == 0)
		seen->first_ns = s.time;
	seen->last_ns = s.time;
}

static bool open_or_skip(struct perf_ring *ring, size_t pages)
{
	struct perf_event_attr attr = faults();
	int error = perf_ring_open(ring, &attr, 0, -1, pages * (size_t)sysconf(_SC_PAGESIZE));

	if (error == -EACCES || error == -EPERM || error == -ENOSYS) {
		print_message("perf_event_open is not allowed here (%d)\n", error);
		return false;
	}
	assert_int_equal(error, 0);
	return true;
}

static void test_samples_while_on(void **state)
{
	struct perf_ring ring = { 0 };
	struct seen seen = { 0 };
	uint64_t before_ns, after_ns;

	(void)state;
	if (!open_or_skip(&ring, 8))
		skip();
	assert_true(perf_ring_is_open(&ring));
	fault(50);
	assert_int_equal(perf_ring_read(&ring, take_sample, &seen), 0);
	before_ns = clock_mono_ns();
	assert_int_equal(perf_ring_switch(&ring, true), 0);
	fault(100);
	assert_int_equal(perf_ring_switch(&ring, false), 0);
	after_ns = clock_mono_ns();
	fault(50);
	perf_ring_read(&ring, take_sample, &seen);
	assert_true(seen.n >= 100 && seen.n < 150);
	assert_int_equal(seen.bad, 0);
	/* The clock is the one that intervals are measured with. */
	assert_true(seen.first_ns >= before_ns && seen.last_ns <= after_ns);
	assert_int_equal(ring.lost, 0);
	perf_ring_done(&ring);
	assert_false(perf_ring_is_open(&ring));
}

/* Many times round the ring: records that wrap come out whole. */
static void test_wraps(void **state)
{
	struct perf_ring ring = { 0 };
	struct seen seen = { 0 };
	size_t made = 0;

	(void)state;
	if (!open_or_skip(&ring, 1))
		skip();
	assert_int_equal(perf_ring_switch(&ring, true), 0);
	for (int i = 0; i < 40; i++) {
		fault(30);
		made += 30;
		perf_ring_read(&ring, take_sample, &seen);
	}
	assert_int_equal(perf_ring_switch(&ring, false), 0);
	perf_ring_read(&ring, take_sample, &seen);
	assert_true(seen.n >= made);
	assert_int_equal(seen.bad, 0);
	assert_int_equal(ring.lost, 0);
	perf_ring_done(&ring);
}

static void test_counts_lost(void **state)
{
	struct perf_ring ring = { 0 };
	struct seen seen = { 0 };

	(void)state;
	if (!open_or_skip(&ring, 1))
		skip();
	assert_int_equal(perf_ring_switch(&ring, true), 0);
	fault(1000);
	perf_ring_read(&ring, take_sample, &seen);
	/* The kernel tells of the lost ones with the next record that has room. */
	fault(1);
	assert_int_equal(perf_ring_switch(&ring, false), 0);
	perf_ring_read(&ring, take_sample, &seen);
	assert_true(ring.lost > 0);
	assert_true(seen.n + ring.lost >= 1000);
	perf_ring_done(&ring);
}

static void test_members_share_the_ring(void **state)
{
	struct perf_event_attr attr = faults();
	struct perf_ring ring = { 0 };
	struct seen seen = { 0 };

	(void)state;
	if (!open_or_skip(&ring, 8))
		skip();
	attr.config = PERF_COUNT_SW_PAGE_FAULTS;
	assert_int_equal(perf_ring_add(&ring, &attr, 0, -1), 0);
	assert_int_equal(ring.events, 2);
	assert_int_equal(perf_ring_switch(&ring, true), 0);
	fault(100);
	assert_int_equal(perf_ring_switch(&ring, false), 0);
	perf_ring_read(&ring, take_sample, &seen);
	assert_true(seen.n >= 200);
	perf_ring_done(&ring);
}

static void test_says_why_not(void **state)
{
	struct perf_event_attr attr = faults();
	struct perf_ring ring = { 0 };

	(void)state;
	attr.config = 0xffff;
	assert_true(perf_ring_open(&ring, &attr, 0, -1, 4096) < 0);
	assert_false(perf_ring_is_open(&ring));
	assert_int_equal(perf_ring_read(&ring, take_sample, NULL), 0);
	perf_ring_done(&ring);
	attr = faults();
	/* No CPU has this number. */
	assert_true(perf_ring_open(&ring, &attr, 0, 1 << 20, 4096) < 0);
}

static void keep_body(void *ctx, const struct perf_record *r)
{
	struct seen *seen = ctx;

	assert_true(seen->n < 64);
	memcpy(seen->body[seen->n], r->body, r->len < 16 ? r->len : 16);
	seen->len[seen->n++] = r->len;
}

static void put(unsigned char *ring, size_t bytes, uint64_t at, const void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring[(at + i) & (bytes - 1)] = ((const unsigned char *)p)[i];
}

static void test_walks_records(void **state)
{
	struct perf_event_header header = { .type = 9, .size = 24 };
	unsigned char ring[64] = { 0 }, *record = malloc(65536);
	struct seen seen = { 0 };
	uint64_t tail = 48;

	(void)state;
	/* The first one begins at 48 and ends at 8, round the end. */
	put(ring, sizeof(ring), tail, &header, sizeof(header));
	put(ring, sizeof(ring), tail + 8, "abcdefghijklmnop", 16);
	put(ring, sizeof(ring), tail + 24, &header, sizeof(header));
	put(ring, sizeof(ring), tail + 32, "ABCDEFGHIJKLMNOP", 16);
	assert_int_equal(
	    perf_records_walk(ring, sizeof(ring), tail, tail + 48, record, keep_body, &seen), 2);
	assert_int_equal(seen.len[0], 16);
	assert_memory_equal(seen.body[0], "abcdefghijklmnop", 16);
	assert_memory_equal(seen.body[1], "ABCDEFGHIJKLMNOP", 16);
	/* A record of no length, one that is longer than what is there, a head that ran away. */
	header.size = 0;
	put(ring, sizeof(ring), 0, &header, sizeof(header));
	assert_int_equal(perf_records_walk(ring, sizeof(ring), 0, 24, record, keep_body, &seen), 0);
	header.size = 32;
	put(ring, sizeof(ring), 0, &header, sizeof(header));
	assert_int_equal(perf_records_walk(ring, sizeof(ring), 0, 24, record, keep_body, &seen), 0);
	assert_int_equal(perf_records_walk(ring, sizeof(ring), 0, 65, record, keep_body, &seen), 0);
	free(record);
}

static void test_takes_samples_apart(void **state)
{
	uint64_t types = TYPES | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW;
	uint64_t body[10] = { 0x1000, 7 | 8ULL << 32, 99, 3, 1, 2, 0xa, 0xb, 4 | 0x55ULL << 32, 0 };
	struct perf_record r = {
		.type = PERF_RECORD_SAMPLE, .body = (const unsigned char *)body, .len = sizeof(body)
	};
	struct perf_sample s;

	(void)state;
	assert_int_equal(perf_sample_parse(&r, types, &s), 0);
	assert_int_equal(s.ip, 0x1000);
	assert_int_equal(s.pid, 7);
	assert_int_equal(s.tid, 8);
	assert_int_equal(s.time, 99);
	assert_int_equal(s.cpu, 3);
	assert_int_equal(s.period, 1);
	assert_int_equal(s.chain_len, 2);
	assert_int_equal(s.chain[1], 0xb);
	assert_int_equal(s.raw_len, 4);
	assert_int_equal(s.raw[0], 0x55);
	/* Cut anywhere: refused, never read beyond. */
	for (r.len = 0; r.len < 72; r.len++)
		assert_int_equal(perf_sample_parse(&r, types, &s), -EINVAL);
	body[5] = UINT64_MAX;
	r.len = sizeof(body);
	assert_int_equal(perf_sample_parse(&r, types, &s), -EINVAL);
	assert_int_equal(perf_sample_parse(&r, PERF_SAMPLE_READ, &s), -ENOTSUP);
	r.type = PERF_RECORD_LOST;
	assert_int_equal(perf_sample_parse(&r, types, &s), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_while_on),
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_counts_lost),
		cmocka_unit_test(test_members_share_the_ring),
		cmocka_unit_test(test_says_why_not),
		cmocka_unit_test(test_walks_records),
		cmocka_unit_test(test_takes_samples_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
