/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/procstat.h"

/* Fields 3 to 52 of a vCPU thread of kernel 6.1, behind a name of the test's choice. */
#define FIELDS_TO_24 \
	"S 1 4242 4242 0 -1 4194561 1234 0 7 0 8642 975 0 0 -2 19 12 0 81234 5368709120 1048576"
#define FIELDS_TO_38 " 18446744073709551615 1 1 0 0 0 0 268444224 16386 16384 0 0 0 -1"
#define FIELDS_TO_41 " 5 3 2"
#define FIELDS_TO_52 " 17 4321 0 0 0 0 0 0 0 0 0\n"

static void all_fields(void **state)
{
	struct proc_stat s;

	(void)state;
	assert_int_equal(
	    proc_stat_parse(
		"4242 (CPU 0/KVM) " FIELDS_TO_24 FIELDS_TO_38 FIELDS_TO_41 FIELDS_TO_52, &s),
	    0);
	assert_int_equal(s.pid, 4242);
	assert_string_equal(s.comm, "CPU 0/KVM");
	assert_int_equal(s.state, 'S');
	assert_int_equal(s.ppid, 1);
	assert_int_equal(s.flags, 4194561);
	assert_true(s.flags & PROC_FLAG_VCPU);
	assert_false(s.flags & PROC_FLAG_KTHREAD);
	assert_int_equal(s.minflt, 1234);
	assert_int_equal(s.majflt, 7);
	assert_int_equal(s.utime_ticks, 8642);
	assert_int_equal(s.stime_ticks, 975);
	assert_int_equal(s.priority, -2);
	assert_int_equal(s.nice, 19);
	assert_int_equal(s.num_threads, 12);
	assert_int_equal(s.starttime_ticks, 81234);
	assert_true(s.vsize_bytes == 5368709120);
	assert_int_equal(s.rss_pages, 1048576);
	assert_int_equal(s.processor, 5);
	assert_true(s.has_policy);
	assert_int_equal(s.rt_priority, 3);
	assert_int_equal(s.policy, 2);
	assert_true(s.has_blkio_delay);
	assert_int_equal(s.blkio_delay_ticks, 17);
	assert_true(s.has_guest_time);
	assert_int_equal(s.guest_time_ticks, 4321);
}

static void names_hold_anything(void **state)
{
	static const char *const names[] = { "a b", ") R 1 2 3", "((", "))", "", "x) S 1 (y", " ",
		"\n", "1 (2)", "\xff\x1b[2J" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct proc_stat s;
		char text[512];

		snprintf(text, sizeof(text), "7 (%s) " FIELDS_TO_24 "\n", names[i]);
		assert_int_equal(proc_stat_parse(text, &s), 0);
		assert_int_equal(s.pid, 7);
		assert_string_equal(s.comm, names[i]);
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.rss_pages, 1048576);
	}
}

static void long_names_are_cut(void **state)
{
	struct proc_stat s;
	char name[201], text[512];

	(void)state;
	memset(name, 'n', 200);
	name[200] = '\0';
	snprintf(text, sizeof(text), "7 (%s) " FIELDS_TO_24, name);
	assert_int_equal(proc_stat_parse(text, &s), 0);
	assert_int_equal(strlen(s.comm), PROC_COMM_SIZE - 1);
}

static void late_fields_may_be_missing(void **state)
{
	struct proc_stat s;

	(void)state;
	assert_int_equal(proc_stat_parse("7 (a) " FIELDS_TO_24 "\n", &s), 0);
	assert_int_equal(s.processor, -1);
	assert_false(s.has_policy || s.has_blkio_delay || s.has_guest_time);

	assert_int_equal(proc_stat_parse("7 (a) " FIELDS_TO_24 FIELDS_TO_38 FIELDS_TO_41, &s), 0);
	assert_int_equal(s.processor, 5);
	assert_true(s.has_policy);
	assert_false(s.has_blkio_delay || s.has_guest_time);

	assert_int_equal(
	    proc_stat_parse("7 (a) " FIELDS_TO_24 FIELDS_TO_38 FIELDS_TO_41 " 17", &s), 0);
	assert_true(s.has_blkio_delay);
	assert_false(s.has_guest_time);
}

/* Every cut before the end of field 24 is refused; a later one never crashes. */
static void truncated_text(void **state)
{
	static const char whole[] = "7 (a b) " FIELDS_TO_24 FIELDS_TO_38 FIELDS_TO_41 FIELDS_TO_52;
	const size_t needed = strlen("7 (a b) " FIELDS_TO_24) - strlen("1048576") + 1;

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		char *text = strndup(whole, len);
		struct proc_stat s = { .pid = -5 };
		int r = proc_stat_parse(text, &s);

		assert_int_equal(s.pid, r == 0 ? 7 : -5);
		if (len < needed)
			assert_int_equal(r, -EINVAL);
		else if (strspn(text + len - 1, " 0123456789\n") > 0)
			assert_int_equal(r, 0);
		free(text);
	}
}

static void nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		")",
		"(",
		")(",
		"7",
		"7 a " FIELDS_TO_24,
		"(a) " FIELDS_TO_24,
		"x (a) " FIELDS_TO_24,
		"-7 (a) " FIELDS_TO_24,
		"99999999999 (a) " FIELDS_TO_24,
		"7 )a( " FIELDS_TO_24,
		"7 (a) SS 1 4242 4242 0 -1 0 1 0 7 0 8 9 0 0 -2 19 12 0 81234 53 10",
		"7 (a) S x 4242 4242 0 -1 0 1 0 7 0 8 9 0 0 -2 19 12 0 81234 53 10",
		"7 (a) S 1 4242 4242 0 -1 0 1 0 7 0 -8 9 0 0 -2 19 12 0 81234 53 10",
		"7 (a) S 1 4242 4242 0 -1 0 1 0 7 0 8 9 0 0 -2 19 99999999999 0 81234 53 10",
		"7 (a) S 1 4242 4242 0 -1 0 1 0 7 0 99999999999999999999 9 0 0 -2 19 1 0 81 53 10",
		"7 (a) " FIELDS_TO_24 FIELDS_TO_38 " x",
	};
	struct proc_stat s = { .pid = -5 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(proc_stat_parse(bad[i], &s), -EINVAL);
	assert_int_equal(s.pid, -5);
}

static void a_negative_resident_size_is_none(void **state)
{
	struct proc_stat s;

	(void)state;
	assert_int_equal(
	    proc_stat_parse("7 (a) Z 1 4 4 0 -1 0 1 0 7 0 8 9 0 0 20 0 1 0 81234 0 -3", &s), 0);
	assert_int_equal(s.rss_pages, 0);
}

static void schedstat_has_three_numbers(void **state)
{
	static const char *const bad[] = { "", "\n", "1", "1 2", "1 2 x", "1 -2 3\n", "1 2 3 4",
		"1 2 99999999999999999999" };
	struct proc_schedstat s = { 0 };

	(void)state;
	assert_int_equal(proc_schedstat_parse("123456789012 345 67\n", &s), 0);
	assert_true(s.run_ns == 123456789012);
	assert_int_equal(s.wait_ns, 345);
	assert_int_equal(s.slices, 67);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(proc_schedstat_parse(bad[i], &s), -EINVAL);
	assert_int_equal(s.slices, 67);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields),
		cmocka_unit_test(names_hold_anything),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(late_fields_may_be_missing),
		cmocka_unit_test(truncated_text),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_negative_resident_size_is_none),
		cmocka_unit_test(schedstat_has_three_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
