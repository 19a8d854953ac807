/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpulist.h"

static void assert_list(const char *text, const char *expected)
{
	struct cpuset s = { 0 };
	char *list;

	assert_int_equal(cpuset_parse_list(&s, text), 0);
	list = cpuset_format_dup(&s);
	assert_string_equal(list, expected);
	free(list);
	cpuset_done(&s);
}

static void lists_of_libvirt_and_the_kernel(void **state)
{
	static const struct {
		const char *text, *list;
	} rows[] = {
		{ "0-10,^5", "0-4,6-10" },
		{ "1-4,^2", "1,3-4" },
		{ "1-3,5,7-12", "1-3,5,7-12" },
		{ "1-4,^3", "1-2,4" },
		{ "0,2-3", "0,2-3" },
		{ "", "" },
		{ "\n", "" },
		{ "0\n", "0" },
		{ "0-17,72-89\n", "0-17,72-89" },
		{ "3,1,2", "1-3" },
		{ "1-3,2-5", "1-5" },
		{ " 0 , 2-3 ", "0,2-3" },
		{ "^5,0-10", "0-10" },
		{ "0-10,^2-4,^60000", "0-1,5-10" },
		{ "5-5", "5" },
		{ "0-63:2/4", "0-1,4-5,8-9,12-13,16-17,20-21,24-25,28-29,32-33,36-37,40-41,44-45,"
			      "48-49,52-53,56-57,60-61" },
		{ "0-6:1/4", "0,4" },
		{ "0-5:3/4", "0-2,4-5" },
		{ "0-7:1/1", "0-7" },
		{ "0-7,^0-7:1/2", "1,3,5,7" },
		{ "63-64", "63-64" },
		{ "65535", "65535" },
		{ "0-65535", "0-65535" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_list(rows[i].text, rows[i].list);
}

static void bad_lists_change_nothing(void **state)
{
	static const struct {
		const char *text;
		int r;
	} rows[] = {
		{ ",", -EINVAL },
		{ "1,", -EINVAL },
		{ ",1", -EINVAL },
		{ "1,,2", -EINVAL },
		{ "5-2", -EINVAL },
		{ "-", -EINVAL },
		{ "1-", -EINVAL },
		{ "-1", -EINVAL },
		{ "1-2-3", -EINVAL },
		{ "^", -EINVAL },
		{ "^^1", -EINVAL },
		{ "a", -EINVAL },
		{ "1 2", -EINVAL },
		{ "0x1", -EINVAL },
		{ "1 - 3", -EINVAL },
		{ "5:1/2", -EINVAL },
		{ "0-9:0/2", -EINVAL },
		{ "0-9:3/2", -EINVAL },
		{ "0-9:1", -EINVAL },
		{ "0-9:/2", -EINVAL },
		{ "0-9:1/0", -EINVAL },
		{ "0-9:1/2/3", -EINVAL },
		{ "1\n2", -EINVAL },
		{ "65536", -ERANGE },
		{ "0-65536", -ERANGE },
		{ "0-4000000000", -ERANGE },
		{ "4000000000", -ERANGE },
		{ "^4000000000", -ERANGE },
		{ "99999999999999999999", -ERANGE },
		{ "0-9:1/70000", -ERANGE },
	};
	struct cpuset s = { 0 };

	(void)state;
	assert_int_equal(cpuset_parse_list(&s, "3,8"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(cpuset_parse_list(&s, rows[i].text), rows[i].r);
		assert_int_equal(cpuset_count(&s), 2);
		assert_true(cpuset_test(&s, 3) && cpuset_test(&s, 8));
	}
	cpuset_done(&s);
}

static void assert_mask(const char *text, const char *expected)
{
	struct cpuset s = { 0 };
	char *list;

	assert_int_equal(cpuset_parse_mask(&s, text), 0);
	list = cpuset_format_dup(&s);
	assert_string_equal(list, expected);
	free(list);
	cpuset_done(&s);
}

static void masks_of_the_kernel(void **state)
{
	(void)state;
	assert_mask("ff", "0-7");
	assert_mask("ffffffff,000000ff\n", "0-7,32-63");
	assert_mask("0", "");
	assert_mask("", "");
	assert_mask("FF", "0-7");
	assert_mask("0x5", "0,2");
	assert_mask("1,00000000,80000000", "31,64");
	assert_mask("1,0,0", "64");
	assert_mask("00000000,00000000,0000000f", "0-3");
	assert_mask("ffffffffffffffff", "0-63");
	assert_mask("00000000000000000000000000000001", "0");
}

static void masks_of_any_length(void **state)
{
	const size_t digits = 40000;
	char *text = malloc(digits + 1);
	struct cpuset s = { 0 };

	(void)state;
	memset(text, '0', digits);
	text[digits] = '\0';
	text[digits - 1] = '1';
	assert_int_equal(cpuset_parse_mask(&s, text), 0);
	assert_int_equal(cpuset_count(&s), 1);
	text[digits - CPUSET_MAX / 4] = '8';
	assert_int_equal(cpuset_parse_mask(&s, text), 0);
	assert_true(cpuset_test(&s, CPUSET_MAX - 1));
	text[digits - CPUSET_MAX / 4 - 1] = '1';
	assert_int_equal(cpuset_parse_mask(&s, text), -ERANGE);
	assert_int_equal(cpuset_count(&s), 2);
	cpuset_done(&s);
	free(text);
}

static void bad_masks_change_nothing(void **state)
{
	static const char *const bad[] = { ",", "ff,", ",ff", "ff,,ff", "fg", "0x", "-1", "ff ff",
		"1-3", "1,100000000", "100000000,1", "0x1,0x1", "ff\nff", "+f" };
	struct cpuset s = { 0 };

	(void)state;
	assert_int_equal(cpuset_parse_mask(&s, "108"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cpuset_parse_mask(&s, bad[i]), -EINVAL);
		assert_int_equal(cpuset_count(&s), 2);
		assert_true(cpuset_test(&s, 3) && cpuset_test(&s, 8));
	}
	cpuset_done(&s);
}

static void members_come_and_go(void **state)
{
	struct cpuset s = { 0 };

	(void)state;
	assert_true(cpuset_empty(&s));
	assert_int_equal(cpuset_next(&s, 0), -1);
	assert_false(cpuset_test(&s, 4000000000U));
	cpuset_clear(&s, 4000000000U);
	assert_int_equal(cpuset_set(&s, CPUSET_MAX), -ERANGE);
	assert_int_equal(cpuset_set(&s, 4000000000U), -ERANGE);
	assert_null(s.word);

	assert_int_equal(cpuset_set(&s, 0), 0);
	assert_int_equal(cpuset_set(&s, 64), 0);
	assert_int_equal(cpuset_set(&s, 64), 0);
	assert_int_equal(cpuset_set(&s, CPUSET_MAX - 1), 0);
	assert_int_equal(cpuset_count(&s), 3);
	assert_int_equal(cpuset_next(&s, 0), 0);
	assert_int_equal(cpuset_next(&s, 1), 64);
	assert_int_equal(cpuset_next(&s, 64), 64);
	assert_int_equal(cpuset_next(&s, 65), CPUSET_MAX - 1);
	assert_int_equal(cpuset_next(&s, CPUSET_MAX), -1);
	assert_int_equal(cpuset_next(&s, 4000000000U), -1);

	cpuset_clear(&s, 64);
	assert_false(cpuset_test(&s, 64));
	cpuset_clear(&s, 0);
	cpuset_clear(&s, CPUSET_MAX - 1);
	assert_true(cpuset_empty(&s));
	cpuset_done(&s);
	cpuset_done(&s);
}

/* Sets of different lengths in memory: what is beyond the shorter one counts as not there. */
static void sets_are_compared_and_joined(void **state)
{
	struct cpuset small = { 0 }, large = { 0 }, none = { 0 }, s = { 0 };

	(void)state;
	assert_int_equal(cpuset_parse_list(&small, "0-3"), 0);
	assert_int_equal(cpuset_parse_list(&large, "2-3,200"), 0);
	assert_true(cpuset_subset(&none, &small) && cpuset_subset(&small, &small));
	assert_false(cpuset_subset(&small, &large) || cpuset_subset(&large, &small));
	assert_true(cpuset_intersects(&small, &large) && cpuset_intersects(&large, &small));
	assert_false(cpuset_intersects(&small, &none) || cpuset_intersects(&none, &small));

	cpuset_copy(&s, &large);
	assert_true(cpuset_equal(&s, &large));
	cpuset_copy(&s, &small);
	assert_true(cpuset_equal(&s, &small) && cpuset_equal(&small, &s));
	cpuset_add(&s, &large);
	assert_int_equal(cpuset_count(&s), 5);
	assert_true(cpuset_subset(&small, &s) && cpuset_subset(&large, &s));
	cpuset_remove(&s, &small);
	assert_int_equal(cpuset_count(&s), 1);
	assert_true(cpuset_test(&s, 200));
	cpuset_keep(&s, &small);
	assert_true(cpuset_empty(&s) && cpuset_equal(&s, &none) && cpuset_equal(&none, &s));
	cpuset_done(&small);
	cpuset_done(&large);
	cpuset_done(&s);
}

static void a_list_that_does_not_fit_ends_between_items(void **state)
{
	struct cpuset s = { 0 };
	char buf[16];

	(void)state;
	assert_int_equal(cpuset_parse_list(&s, "0-3,8,100-120,7"), 0);
	assert_int_equal(cpuset_format(&s, buf, sizeof(buf)), strlen("0-3,7-8,100-120"));
	assert_string_equal(buf, "0-3,7-8,100-120");
	assert_int_equal(cpuset_format(&s, buf, sizeof(buf) - 1), strlen("0-3,7-8,100-120"));
	assert_string_equal(buf, "0-3,7-8");
	assert_int_equal(cpuset_format(&s, buf, 7), strlen("0-3,7-8,100-120"));
	assert_string_equal(buf, "0-3");
	assert_int_equal(cpuset_format(&s, buf, 3), strlen("0-3,7-8,100-120"));
	assert_string_equal(buf, "");
	assert_int_equal(cpuset_format(&s, NULL, 0), strlen("0-3,7-8,100-120"));
	cpuset_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_libvirt_and_the_kernel),
		cmocka_unit_test(bad_lists_change_nothing),
		cmocka_unit_test(masks_of_the_kernel),
		cmocka_unit_test(masks_of_any_length),
		cmocka_unit_test(bad_masks_change_nothing),
		cmocka_unit_test(members_come_and_go),
		cmocka_unit_test(sets_are_compared_and_joined),
		cmocka_unit_test(a_list_that_does_not_fit_ends_between_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
