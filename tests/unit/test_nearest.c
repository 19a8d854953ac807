/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *const words[] = { "columns", "color", "delay", "dump", "root", "ab" };

static const char *nearest(const char *word)
{
	struct nearest n;

	nearest_init(&n, word);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		nearest_offer(&n, words[i]);
	return n.best;
}

static void slips_of_a_finger(void **state)
{
	(void)state;
	assert_string_equal(nearest("delay"), "delay");
	assert_string_equal(nearest("dealy"), "delay");
	assert_string_equal(nearest("delaay"), "delay");
	assert_string_equal(nearest("dela"), "delay");
	assert_string_equal(nearest("DUMP"), "dump");
	assert_string_equal(nearest("xolumms"), "columns");
	assert_string_equal(nearest("colour"), "color");
}

static void words_that_are_begun(void **state)
{
	(void)state;
	assert_string_equal(nearest("colum"), "columns");
	assert_string_equal(nearest("ro"), "root");
	/* Of two that begin so the first one. */
	assert_string_equal(nearest("col"), "columns");
}

static void words_that_are_far_from_all(void **state)
{
	char *long_word = calloc(201, 1);

	(void)state;
	assert_non_null(long_word);
	memset(long_word, 'a', 200);
	assert_null(nearest(""));
	assert_null(nearest("x"));
	assert_null(nearest("xyz"));
	assert_null(nearest("xolummx"));
	assert_null(nearest(long_word));
	free(long_word);
}

static void candidates_that_are_too_long(void **state)
{
	char candidate[100];
	struct nearest n;

	(void)state;
	memset(candidate, 'a', sizeof(candidate) - 1);
	candidate[sizeof(candidate) - 1] = '\0';
	nearest_init(&n, "aaa");
	nearest_offer(&n, candidate);
	assert_null(n.best);
	candidate[63] = '\0';
	nearest_offer(&n, candidate);
	assert_ptr_equal(n.best, candidate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_of_a_finger),
		cmocka_unit_test(words_that_are_begun),
		cmocka_unit_test(words_that_are_far_from_all),
		cmocka_unit_test(candidates_that_are_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
