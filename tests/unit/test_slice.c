/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

static void cursor_walks_lines_and_fields(void **state)
{
	static const char text[] = "cpu  10 20\n\ncpu0 -5 ff 0.25 end\nlast";
	struct cursor c, line;
	struct slice field;
	uint64_t u = 0;
	int64_t i = 0;
	double d = 0;

	(void)state;
	cursor_init(&c, text, strlen(text));
	assert_true(cursor_line(&c, &line));
	assert_true(cursor_field(&line, &field) && slice_eq(field, "cpu"));
	assert_int_equal(cursor_u64(&line, &u), 0);
	assert_int_equal(u, 10);
	assert_true(slice_eq(cursor_rest(&line), "20"));
	assert_true(cursor_skip(&line, 1));
	assert_false(cursor_skip(&line, 1));
	assert_int_equal(cursor_u64(&line, &u), -ENOENT);

	assert_true(cursor_line(&c, &line));
	assert_false(cursor_field(&line, &field));

	assert_true(cursor_line(&c, &line));
	assert_int_equal(cursor_u64(&line, &u), -EINVAL);
	assert_true(cursor_field(&line, &field) && slice_eq(field, "cpu0"));
	assert_int_equal(cursor_u64(&line, &u), -EINVAL);
	assert_int_equal(cursor_i64(&line, &i), 0);
	assert_int_equal(i, -5);
	assert_int_equal(cursor_hex_u64(&line, &u), 0);
	assert_int_equal(u, 0xff);
	assert_int_equal(cursor_double(&line, &d), 0);
	assert_true(d == 0.25);
	assert_int_equal(cursor_double(&line, &d), -EINVAL);
	assert_true(slice_eq(cursor_rest(&line), "end"));

	assert_true(cursor_line(&c, &line));
	assert_true(slice_eq(cursor_rest(&line), "last"));
	assert_false(cursor_line(&c, &line));
}

static void cursor_splits_with_empty_parts(void **state)
{
	static const char cmdline[] = "qemu\0-name\0\0guest=a,debug-threads=on";
	struct slice part, key, value;
	struct cursor c;

	(void)state;
	cursor_init(&c, cmdline, sizeof(cmdline));
	assert_true(cursor_split(&c, '\0', &part) && slice_eq(part, "qemu"));
	assert_true(cursor_split(&c, '\0', &part) && slice_eq(part, "-name"));
	assert_true(cursor_split(&c, '\0', &part) && part.len == 0);
	assert_true(cursor_split(&c, '\0', &part));
	assert_false(cursor_split(&c, '\0', &value));

	cursor_init(&c, part.p, part.len);
	assert_true(cursor_split(&c, ',', &part));
	assert_true(slice_cut(part, '=', &key, &value));
	assert_true(slice_eq(key, "guest") && slice_eq(value, "a"));
	assert_true(cursor_split(&c, ',', &part) && slice_starts(part, "debug-"));
	assert_false(slice_cut(slice_of("N0"), '=', &key, &value));
	assert_true(slice_eq(key, "guest"));
}

static void slices_are_copied_bounded(void **state)
{
	struct slice s = { "hello world", 5 }, none = { NULL, 0 };
	char buf[6] = "xxxxx";
	char *copy = slice_dup(s);

	(void)state;
	assert_string_equal(copy, "hello");
	free(copy);
	assert_int_equal(slice_copy(s, buf, sizeof(buf)), 5);
	assert_string_equal(buf, "hello");
	assert_int_equal(slice_copy(s, buf, 3), 5);
	assert_string_equal(buf, "he");
	assert_int_equal(slice_copy(s, buf, 0), 5);
	assert_string_equal(buf, "he");
	assert_int_equal(slice_copy(none, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_true(slice_eq(none, "") && !slice_eq(none, "a") && slice_trim(none).len == 0);
	assert_true(slice_eq(slice_trim(slice_of(" \t a b\r\n")), "a b"));
	assert_false(slice_eq(s, "hell") || slice_eq(s, "hello "));
	assert_true(slice_starts(s, "") && slice_starts(s, "hello"));
	assert_false(slice_starts(s, "hello "));
}

/* Digits behind it are somebody else's. */
static void numbers_end_with_their_slice(void **state)
{
	static const char text[] = "-12.5999";
	struct slice s = { text + 1, 2 };
	uint64_t u = 0;
	int64_t i = 0;
	double d = 0;

	(void)state;
	assert_int_equal(slice_u64(s, &u), 0);
	assert_int_equal(u, 12);
	assert_int_equal(slice_hex_u64(s, &u), 0);
	assert_int_equal(u, 0x12);
	assert_int_equal(slice_i64((struct slice){ text, 3 }, &i), 0);
	assert_int_equal(i, -12);
	assert_int_equal(slice_double((struct slice){ text, 5 }, &d), 0);
	assert_true(d == -12.5);
}

static void what_is_no_number_leaves_the_result(void **state)
{
	struct slice none = { NULL, 0 };
	uint64_t u = 7;
	int64_t i = 7;
	double d = 7;

	(void)state;
	assert_int_equal(slice_u64(none, &u), -EINVAL);
	assert_int_equal(slice_i64(slice_of("-"), &i), -EINVAL);
	assert_int_equal(slice_hex_u64(slice_of("0x"), &u), -EINVAL);
	assert_int_equal(slice_double(slice_of("."), &d), -EINVAL);
	assert_int_equal(slice_u64(slice_of("18446744073709551616"), &u), -ERANGE);
	assert_int_equal(slice_i64(slice_of("-9223372036854775809"), &i), -ERANGE);
	assert_int_equal(slice_hex_u64(slice_of("10000000000000000"), &u), -ERANGE);
	/* A mistake far behind counts more than the size. */
	assert_int_equal(slice_u64(slice_of("18446744073709551616x"), &u), -EINVAL);
	assert_true(u == 7 && i == 7 && d == 7);
}

static void decimals_are_cut_off_the_front(void **state)
{
	struct slice s = slice_of("12.5GiB"), whole, fraction;

	(void)state;
	assert_int_equal(slice_take_decimal(&s, &whole, &fraction), 0);
	assert_true(slice_eq(whole, "12") && slice_eq(fraction, "5") && slice_eq(s, "GiB"));
	s = slice_of(".5.5");
	assert_int_equal(slice_take_decimal(&s, &whole, &fraction), 0);
	assert_true(slice_eq(whole, "") && slice_eq(fraction, "5") && slice_eq(s, ".5"));
	s = slice_of("3.");
	assert_int_equal(slice_take_decimal(&s, &whole, &fraction), 0);
	assert_true(slice_eq(whole, "3") && fraction.len == 0 && s.len == 0);
	s = slice_of(".GiB");
	assert_int_equal(slice_take_decimal(&s, &whole, &fraction), -EINVAL);
	assert_true(slice_eq(s, ".GiB") && slice_eq(whole, "3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cursor_walks_lines_and_fields),
		cmocka_unit_test(cursor_splits_with_empty_parts),
		cmocka_unit_test(slices_are_copied_bounded),
		cmocka_unit_test(numbers_end_with_their_slice),
		cmocka_unit_test(what_is_no_number_leaves_the_result),
		cmocka_unit_test(decimals_are_cut_off_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
