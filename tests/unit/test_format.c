/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sanitize.h"
#include "model/format.h"
#include "model/snapshot.h"

#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

typedef void format(double v, int width, char buf[FORMAT_SIZE]);

static void check(format *f, double v, int width, const char *expected)
{
	char buf[FORMAT_SIZE];

	f(v, width, buf);
	assert_string_equal(buf, expected);
}

static void test_size(void **state)
{
	(void)state;
	check(format_size, 0, 6, "0");
	check(format_size, 512, 6, "0.5K");
	check(format_size, 1023 * KIB, 6, "1023K");
	check(format_size, 1023.9 * KIB, 6, "1.0M");
	check(format_size, 512 * MIB, 6, "512M");
	check(format_size, 4 * GIB, 6, "4.0G");
	check(format_size, 16 * GIB, 6, "16.0G");
	check(format_size, 99.96 * GIB, 6, "100G");
	check(format_size, 1024 * GIB, 6, "1.0T");
	check(format_size, -1.5 * MIB, 6, "-1.5M");
	check(format_size, 1023 * MIB, 4, "1.0G");
	check(format_size, 16 * GIB, 4, "16G");
	check(format_size, 16 * GIB, 2, "##");
}

static void test_short(void **state)
{
	(void)state;
	check(format_short, 0, 7, "0.0");
	check(format_short, 3.44, 7, "3.4");
	check(format_short, 950, 7, "950");
	check(format_short, 999.6, 7, "1.0k");
	check(format_short, 41234, 7, "41.2k");
	check(format_short, 412340, 7, "412k");
	check(format_short, 1e9, 7, "1.0G");
}

static void test_percent(void **state)
{
	(void)state;
	check(format_percent, 0, 6, "0.0");
	check(format_percent, 0.031, 6, "3.1");
	check(format_percent, 2.12, 6, "212.0");
	check(format_percent, 16.4, 6, "1640.0");
	check(format_percent, 164, 6, "16400");
	check(format_percent, 1, 3, "100");
	check(format_percent, 1, 2, "##");
	check(format_percent, -0.0001, 6, "0.0");
}

static void test_integer(void **state)
{
	(void)state;
	check(format_integer, 7, 4, "7");
	check(format_integer, 123456, 4, "123k");
	check(format_integer, -3, 4, "-3");
	check(format_decimal, 1.25, 6, "1.3");
}

static void test_time(void **state)
{
	(void)state;
	check(format_time, 0, 5, "0");
	check(format_time, 0.04, 5, "40ms");
	check(format_time, 1.5, 5, "1.5s");
	check(format_time, 14, 5, "14s");
	check(format_time, 310, 6, "5m10s");
	check(format_time, 2 * 3600 + 300, 6, "2h 5m");
	check(format_time, 12 * 3600 + 300, 5, "12h");
	check(format_time, 3 * 86400 + 4 * 3600, 6, "3d 4h");
	check(format_time, -5, 5, "0");
	check(format_time, 400.0 * 86400, 6, "400d");
	check(format_time, 0.04, 3, "###");
}

static void test_nonsense(void **state)
{
	(void)state;
	check(format_size, NAN, 6, "-");
	check(format_percent, INFINITY, 6, "######");
	check(format_integer, 1e300, 4, "####");
	check(format_time, -INFINITY, 4, "####");
	check(format_short, 1, 0, "");
}

/* Whatever the figure, its field is never too small. */
static void test_always_fits(void **state)
{
	static format *const formats[] = { format_size, format_short, format_percent,
		format_decimal, format_integer, format_time };
	char buf[FORMAT_SIZE];

	(void)state;
	for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++)
		for (double v = 1e-4; v < 1e17; v *= 1.37)
			for (int width = 0; width < 12; width++)
				for (int sign = -1; sign <= 1; sign += 2) {
					formats[f](v * sign, width, buf);
					assert_true(text_width(buf) <= width);
				}
}

static void test_locale(void **state)
{
	(void)state;
	if (!setlocale(LC_ALL, "de_DE.UTF-8"))
		skip();
	check(format_percent, 0.031, 6, "3.1");
	setlocale(LC_ALL, "C");
}

static void test_column(void **state)
{
	char buf[FORMAT_SIZE];

	(void)state;
	format_value(&table_kinds[TABLE_CPU].column[CPU_FREQUENCY], 2.4e9, 5, buf);
	assert_string_equal(buf, "2400");
	format_value(&table_kinds[TABLE_DOMAIN].column[DOMAIN_CPU], 2.12, 6, buf);
	assert_string_equal(buf, "212.0");
	format_wide(&table_kinds[TABLE_DOMAIN].column[DOMAIN_MEMORY], 4 * GIB, buf);
	assert_string_equal(buf, "4.0G");
}

static void test_missing(void **state)
{
	const struct column *c = &table_kinds[TABLE_DOMAIN].column[DOMAIN_KSM];
	struct cell cell = { .state = STATE_DENIED };

	(void)state;
	assert_string_equal(format_missing(c, &cell, 6), "!");
	cell.state = STATE_ABSENT;
	assert_string_equal(format_missing(c, &cell, 6), "-");
	cell.state = STATE_FIRST;
	assert_string_equal(format_missing(c, &cell, 6), ".");
	cell.state = STATE_STUCK;
	assert_string_equal(format_missing(c, &cell, 6), "stuck");
	assert_string_equal(format_missing(c, &cell, 3), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_integer),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_always_fits),
		cmocka_unit_test(test_locale),
		cmocka_unit_test(test_column),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
