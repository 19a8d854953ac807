/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of pages: how they are drawn, what they tell, and the error that they tell. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/page_sample.h"
#include "collectors/ram.h"

#define GIB (1ULL << 30)
#define PAGE_BYTES 4096ULL
#define PAGES 1024

/* Memory of which the test says where each page lies; -2: not resident. */
typedef int where_fn(uint64_t page, uint64_t pages);

static int in_halves(uint64_t page, uint64_t pages)
{
	return page < pages / 2 ? 0 : 1;
}

static int at_random(uint64_t page, uint64_t pages)
{
	uint64_t h = (page + 1) * 0x9e3779b97f4a7c15u;

	(void)pages;
	return (int)((h ^ h >> 31) >> 20 & 1);
}

static int in_runs(uint64_t page, uint64_t pages)
{
	return at_random(page / (pages / 64), pages);
}

static int half_resident(uint64_t page, uint64_t pages)
{
	return page % 2 ? -2 : in_halves(page, pages) * 3;
}

static int nowhere(uint64_t page, uint64_t pages)
{
	(void)page;
	(void)pages;
	return -2;
}

static int on_node_2(uint64_t page, uint64_t pages)
{
	(void)page;
	(void)pages;
	return 2;
}

/* 16 GiB in two pieces. */
static struct ram *make_ram(void)
{
	static struct ram_range ranges[] = { { 0x7f0000000000, 4 * GIB, 0 },
		{ 0x7f8000000000, 12 * GIB, 4 * GIB } };
	static struct ram ram = { ranges, 2, 16 * GIB };

	return &ram;
}

static uint64_t page_of(const struct ram *ram, const void *address)
{
	uint64_t at = (uint64_t)(uintptr_t)address;
	const struct ram_range *r = &ram->range[at >= ram->range[1].start];

	return (r->before + at - r->start) / PAGE_BYTES;
}

static void look(struct page_sample *s, uint64_t *seed, where_fn *where, size_t n)
{
	const struct ram *ram = make_ram();
	void *address[PAGES];
	int status[PAGES];

	assert_int_equal(page_sample_draw(ram, PAGE_BYTES, seed, address, n), n);
	for (size_t i = 0; i < n; i++)
		status[i] = where(page_of(ram, address[i]), ram->bytes / PAGE_BYTES);
	page_sample_add(s, status, n);
}

static void one_page_of_each_part(void **state)
{
	const struct ram *ram = make_ram();
	uint64_t pages = ram->bytes / PAGE_BYTES, seed = 1, differ = 0;
	void *first[PAGES], *second[PAGES];

	(void)state;
	page_sample_draw(ram, PAGE_BYTES, &seed, first, PAGES);
	page_sample_draw(ram, PAGE_BYTES, &seed, second, PAGES);
	for (size_t i = 0; i < PAGES; i++) {
		uint64_t page = page_of(ram, first[i]);

		assert_int_equal(page / (pages / PAGES), i);
		assert_int_equal((uint64_t)(uintptr_t)first[i] % PAGE_BYTES, 0);
		differ += first[i] != second[i];
	}
	/* New pages each time. */
	assert_true(differ > PAGES * 9 / 10);
}

static void small_memory_is_looked_at_whole(void **state)
{
	struct ram_range range = { 0x7f0000000000, 3 * PAGE_BYTES, 0 };
	struct ram ram = { &range, 1, 3 * PAGE_BYTES };
	void *address[PAGES];
	uint64_t seed = 5;

	(void)state;
	assert_int_equal(page_sample_draw(&ram, PAGE_BYTES, &seed, address, PAGES), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal((uint64_t)(uintptr_t)address[i], range.start + i * PAGE_BYTES);
}

/* The true share and what readings come to: the error that is told is the error that is made. */
static void check_error(where_fn *where, double true_share, double at_most)
{
	double squares = 0, told = 0, share, error;
	uint64_t seed = 12345;
	int trials = 400;

	for (int i = 0; i < trials; i++) {
		struct page_sample s = { 0 };

		look(&s, &seed, where, PAGES);
		assert_true(page_sample_share(&s, 1, &share, &error));
		squares += (share - true_share) * (share - true_share);
		told += error * error;
		page_sample_done(&s);
	}
	squares = sqrt(squares / trials);
	told = sqrt(told / trials);
	assert_true(told <= at_most);
	/* Never told smaller than it is; and where pages are spread at random, just as it is. */
	assert_true(told > 0.85 * squares);
	if (where == at_random)
		assert_true(told < 1.15 * squares);
}

static void the_error_is_told_right(void **state)
{
	const struct ram *ram = make_ram();
	uint64_t pages = ram->bytes / PAGE_BYTES, hits = 0, runs = 0;

	(void)state;
	for (uint64_t i = 0; i < pages; i++) {
		hits += at_random(i, pages) == 1;
		runs += in_runs(i, pages) == 1;
	}
	check_error(at_random, (double)hits / (double)pages, 0.017);
	check_error(in_runs, (double)runs / (double)pages, 0.006);
	check_error(in_halves, 0.5, 0.0011);
}

static void readings_are_averaged(void **state)
{
	struct page_sample s = { 0 };
	double share, one, error;
	uint64_t seed = 7;

	(void)state;
	look(&s, &seed, at_random, PAGES);
	assert_true(page_sample_share(&s, 0, &share, &one));
	for (size_t i = 1; i < 3 * SAMPLE_READINGS; i++)
		look(&s, &seed, at_random, PAGES);
	assert_true(page_sample_share(&s, 0, &share, &error));
	assert_true(fabs(error - one / sqrt(SAMPLE_READINGS)) < 0.0005);
	assert_true(fabs(share - 0.5) < 4 * error);
	assert_int_equal(s.n, SAMPLE_READINGS);
	page_sample_done(&s);
}

static void pages_that_are_not_there_count_apart(void **state)
{
	struct page_sample s = { 0 };
	double share, error;
	uint64_t seed = 9;

	(void)state;
	look(&s, &seed, half_resident, PAGES);
	assert_true(fabs(page_sample_resident(&s) - 0.5) < 0.1);
	assert_int_equal(page_sample_nodes(&s), 4);
	assert_true(page_sample_share(&s, 3, &share, &error));
	assert_true(fabs(share - 0.5) < 0.1);
	assert_true(page_sample_share(&s, 1, &share, &error));
	assert_true(share == 0);
	page_sample_done(&s);
	look(&s, &seed, nowhere, PAGES);
	assert_true(page_sample_resident(&s) == 0);
	assert_int_equal(page_sample_present(&s), 0);
	assert_false(page_sample_share(&s, 0, &share, &error));
	page_sample_done(&s);
}

/* Even all pages of a sample on one node do not prove that the next one is. */
static void a_sample_is_never_certain(void **state)
{
	struct page_sample s = { 0 };
	double share, error;
	uint64_t seed = 3;

	(void)state;
	look(&s, &seed, on_node_2, PAGES);
	assert_true(page_sample_share(&s, 2, &share, &error));
	assert_true(share == 1 && error > 0 && error < 0.002);
	page_sample_done(&s);
}

static void a_migration_shows_in_the_next_reading(void **state)
{
	struct page_sample s = { 0 };
	double share, error;
	uint64_t seed = 11;

	(void)state;
	for (int i = 0; i < 20; i++)
		look(&s, &seed, in_runs, PAGES);
	look(&s, &seed, on_node_2, PAGES);
	assert_true(page_sample_share(&s, 2, &share, &error));
	assert_true(share == 1);
	assert_int_equal(s.n, 1);
	page_sample_done(&s);
}

static void hostile_nodes_are_ignored(void **state)
{
	static const int status[] = { 1024, 1 << 30, -2, 5, 1023 };
	struct page_sample s = { 0 };
	double share, error;

	(void)state;
	page_sample_add(&s, status, 5);
	assert_int_equal(page_sample_nodes(&s), 1024);
	assert_true(page_sample_share(&s, 5, &share, &error));
	assert_true(share == 0.5);
	page_sample_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_of_each_part),
		cmocka_unit_test(small_memory_is_looked_at_whole),
		cmocka_unit_test(the_error_is_told_right),
		cmocka_unit_test(readings_are_averaged),
		cmocka_unit_test(pages_that_are_not_there_count_apart),
		cmocka_unit_test(a_sample_is_never_certain),
		cmocka_unit_test(a_migration_shows_in_the_next_reading),
		cmocka_unit_test(hostile_nodes_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
