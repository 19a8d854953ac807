/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered of figures, and for how long. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "views/history.h"

#define GUESTS 3

static struct key guest(unsigned i)
{
	return key_process(70 + i, 100);
}

/* One sample in which guest @i has the memory @v[i]; NaN: it says none; below 0: it is not there.
 */
static void push(struct history *h, const double *v, size_t n)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = 1 });

	for (unsigned i = 0; i < n; i++) {
		struct row *row;

		if (v[i] < 0)
			continue;
		row = snapshot_row(s, TABLE_DOMAIN, guest(i));
		if (!isnan(v[i]))
			cell_set_number(row, DOMAIN_MEMORY, v[i], 1);
	}
	history_push(h, s);
	snapshot_unref(s);
}

static void assert_last(const struct history *h, unsigned i, const double *expected, size_t n)
{
	double last[HISTORY_LENGTH];

	history_last(h, TABLE_DOMAIN, guest(i), DOMAIN_MEMORY, last, n);
	for (size_t k = 0; k < n; k++) {
		if (isnan(expected[k]) != isnan(last[k]) ||
		    (!isnan(last[k]) && fabs(last[k] - expected[k]) > 1e-6))
			fail_msg("guest %u: %f instead of %f, %zu from the end", i, last[k],
			    expected[k], n - k);
	}
}

static void each_row_has_its_own(void **state)
{
	struct history *h = history_new(HISTORY_OF(TABLE_DOMAIN));

	(void)state;
	push(h, (double[]){ 1, 5, 7 }, GUESTS);
	push(h, (double[]){ 2, 5, 8 }, GUESTS);
	assert_last(h, 0, (double[]){ NAN, 1, 2 }, 3);
	assert_last(h, 1, (double[]){ NAN, 5, 5 }, 3);
	assert_last(h, 2, (double[]){ NAN, 7, 8 }, 3);
	/* One goes, and the others move up. */
	push(h, (double[]){ -1, 5, 9 }, GUESTS);
	push(h, (double[]){ -1, 6, 9 }, GUESTS);
	assert_last(h, 1, (double[]){ 5, 5, 5, 6 }, 4);
	assert_last(h, 2, (double[]){ 7, 8, 9, 9 }, 4);
	assert_last(h, 0, (double[]){ 1, 2, NAN, NAN }, 4);
	history_free(h);
}

static void who_comes_back_has_a_gap(void **state)
{
	struct history *h = history_new(HISTORY_OF(TABLE_DOMAIN));

	(void)state;
	push(h, (double[]){ 4 }, 1);
	push(h, (double[]){ -1 }, 1);
	push(h, (double[]){ NAN }, 1);
	push(h, (double[]){ 4 }, 1);
	assert_last(h, 0, (double[]){ NAN, 4, NAN, NAN, 4 }, 5);
	history_free(h);
}

/* A figure that never changed has no past of its own: it must read as if it had. */
static void constants_unfold(void **state)
{
	struct history *h = history_new(HISTORY_OF(TABLE_DOMAIN));

	(void)state;
	for (int i = 0; i < 2 * HISTORY_LENGTH; i++)
		push(h, (double[]){ 3 }, 1);
	push(h, (double[]){ 5 }, 1);
	assert_last(h, 0, (double[]){ 3, 3, 5 }, 3);
	for (int i = 0; i < HISTORY_LENGTH - 1; i++)
		push(h, (double[]){ 3 }, 1);
	assert_true(history_range(h, TABLE_DOMAIN, guest(0), DOMAIN_MEMORY).max == 5);
	push(h, (double[]){ 3 }, 1);
	assert_true(history_range(h, TABLE_DOMAIN, guest(0), DOMAIN_MEMORY).max == 3);
	history_free(h);
}

static void ranges(void **state)
{
	struct history *h = history_new(HISTORY_OF(TABLE_DOMAIN));
	struct history_range r;

	(void)state;
	push(h, (double[]){ 2, NAN }, 2);
	push(h, (double[]){ 6, NAN }, 2);
	push(h, (double[]){ NAN, NAN }, 2);
	r = history_range(h, TABLE_DOMAIN, guest(0), DOMAIN_MEMORY);
	assert_int_equal(r.known, 2);
	assert_true(r.min == 2 && r.max == 6 && r.mean == 4);
	assert_int_equal(history_range(h, TABLE_DOMAIN, guest(1), DOMAIN_MEMORY).known, 0);
	assert_int_equal(history_range(h, TABLE_DOMAIN, guest(2), DOMAIN_MEMORY).known, 0);
	history_free(h);
}

/* Who has been away for as long as anything is remembered. */
static void the_gone_are_forgotten(void **state)
{
	struct history *h = history_new(HISTORY_OF(TABLE_DOMAIN));

	(void)state;
	push(h, (double[]){ 1 }, 1);
	for (int i = 0; i < HISTORY_LENGTH; i++)
		push(h, (double[]){ -1 }, 1);
	push(h, (double[]){ 2 }, 1);
	assert_last(h, 0, (double[]){ NAN, NAN, 2 }, 3);
	assert_int_equal(history_range(h, TABLE_DOMAIN, guest(0), DOMAIN_MEMORY).known, 1);
	history_free(h);
}

static void other_tables_have_no_past(void **state)
{
	struct history *h = history_new(HISTORY_OF(TABLE_HOST) | HISTORY_OF(TABLE_NODE));

	(void)state;
	push(h, (double[]){ 1 }, 1);
	push(h, (double[]){ 2 }, 1);
	assert_last(h, 0, (double[]){ NAN, NAN }, 2);
	assert_int_equal(history_range(h, TABLE_DOMAIN, guest(0), DOMAIN_MEMORY).known, 0);
	history_free(h);
}

/* A column that has its first figure later than others, in a row that came before or after. */
static void columns_come_late(void **state)
{
	struct history *h = history_new(HISTORY_OF(TABLE_DOMAIN));
	struct history_range r;

	(void)state;
	push(h, (double[]){ 1, 5 }, 2);
	for (unsigned i = 1; i < 3; i++) {
		struct snapshot *s = snapshot_new((struct moment){ .mono_ns = 1 });

		cell_set_number(snapshot_row(s, TABLE_DOMAIN, guest(0)), DOMAIN_MEMORY, 2, 1);
		cell_set_number(snapshot_row(s, TABLE_DOMAIN, guest(i)), DOMAIN_PID, 40 + i, 1);
		history_push(h, s);
		snapshot_unref(s);
	}
	assert_last(h, 0, (double[]){ 1, 2, 2 }, 3);
	assert_last(h, 1, (double[]){ 5, NAN, NAN }, 3);
	assert_int_equal(history_range(h, TABLE_DOMAIN, guest(0), DOMAIN_PID).known, 0);
	r = history_range(h, TABLE_DOMAIN, guest(1), DOMAIN_PID);
	assert_int_equal(r.known, 1);
	assert_true(r.max == 41);
	r = history_range(h, TABLE_DOMAIN, guest(2), DOMAIN_PID);
	assert_int_equal(r.known, 1);
	assert_true(r.max == 42);
	assert_int_equal(history_range(h, TABLE_DOMAIN, guest(2), DOMAIN_VCPUS).known, 0);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_has_its_own),
		cmocka_unit_test(who_comes_back_has_a_gap),
		cmocka_unit_test(constants_unfold),
		cmocka_unit_test(ranges),
		cmocka_unit_test(other_tables_have_no_past),
		cmocka_unit_test(the_gone_are_forgotten),
		cmocka_unit_test(columns_come_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
