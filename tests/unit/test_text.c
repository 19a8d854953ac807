/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/print.h"
#include "base/text.h"

static void text_grows_and_stays_ended(void **state)
{
	struct text t = { 0 };

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		text_append(&t, "a\0c", 3);
		assert_int_equal(t.len, (i + 1) * 3);
		assert_int_equal(t.p[t.len], '\0');
	}
	assert_memory_equal(t.p + 14997, "a\0c", 4);
	text_done(&t);
	assert_null(t.p);
	text_append(&t, NULL, 0);
	assert_string_equal(t.p, "");
	text_done(&t);
}

static void names_and_numbers_keep_their_order(void **state)
{
	struct numbers numbers = { 0 };
	struct names names = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		numbers_add(&numbers, i * 7);
		names_add(&names, "abcdefgh", i % 8);
	}
	assert_int_equal(numbers.n, 1000);
	assert_int_equal(names.n, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(numbers.v[i], i * 7);
		assert_int_equal(strlen(names.name[i]), i % 8);
	}
	numbers_done(&numbers);
	names_done(&names);
	assert_int_equal(numbers.n + names.n, 0);
	names_done(&names);
}

static void what_does_not_fit_ends_behind_a_word(void **state)
{
	static const struct {
		size_t size;
		const char *wanted;
	} cases[] = {
		{ 64, "numa is absent (qemu: no socket ('/run/x'))" },
		{ 42, "numa is absent (qemu: no socket…)" },
		{ 36, "numa is absent (qemu: no socket…)" },
		{ 35, "numa is absent (qemu: no…)" },
		{ 29, "numa is absent (qemu: no…)" },
		{ 28, "numa is absent (qemu…)" },
		{ 26, "numa is absent (qemu…)" },
		{ 21, "numa is absent…" },
		{ 6, "nu…" },
		{ 4, "…" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[64];

		print_within(
		    buf, cases[i].size, "numa is absent (%s)", "qemu: no socket ('/run/x')");
		assert_string_equal(buf, cases[i].wanted);
		assert_true(strlen(buf) < cases[i].size);
	}
}

static void a_character_is_not_cut(void **state)
{
	char buf[8];

	(void)state;
	print_within(buf, sizeof(buf), "%s", "äöüäöü");
	assert_string_equal(buf, "äö…");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows_and_stays_ended),
		cmocka_unit_test(names_and_numbers_keep_their_order),
		cmocka_unit_test(what_does_not_fit_ends_behind_a_word),
		cmocka_unit_test(a_character_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
