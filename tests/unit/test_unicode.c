/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/unicode.h"

static void assert_kind(uint32_t code, enum unicode_kind expected, int width)
{
	if (unicode_kind(code) != expected || unicode_width(code) != width)
		fail_msg("U+%04X is of kind %d and %d cells wide", code, (int)unicode_kind(code),
		    unicode_width(code));
}

static void kinds_of_characters(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x20; c++)
		assert_kind(c, UNICODE_FORBIDDEN, 1);
	for (uint32_t c = 0x20; c < 0x7f; c++)
		assert_kind(c, UNICODE_NARROW, 1);
	for (uint32_t c = 0x7f; c < 0xa0; c++)
		assert_kind(c, UNICODE_FORBIDDEN, 1);
	assert_kind(0xe4, UNICODE_NARROW, 1);
	assert_kind(0x4e2d, UNICODE_WIDE, 2);
	assert_kind(0xac00, UNICODE_WIDE, 2);
	assert_kind(0x1f600, UNICODE_WIDE, 2);
	assert_kind(0x301, UNICODE_COMBINING, 0);
	assert_kind(0x20e3, UNICODE_COMBINING, 0);
}

/* What turns the order of writing, hides, or is no character at all. */
static void forbidden_characters(void **state)
{
	static const uint32_t codes[] = { 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e,
		0x2066, 0x2069, 0xfeff, 0xd800, 0xdfff, 0xe000, 0xfffe, 0xffff, 0xe0001, 0x10ffff,
		0x110000, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_kind(codes[i], UNICODE_FORBIDDEN, 1);
}

static void assert_decoded(const char *s, size_t len, size_t expected_len, uint32_t expected)
{
	uint32_t code = 0;

	assert_int_equal(utf8_decode(s, len, &code), expected_len);
	if (expected_len)
		assert_int_equal(code, expected);
}

static void well_formed_utf8_is_decoded(void **state)
{
	(void)state;
	assert_decoded("a", 1, 1, 'a');
	assert_decoded("\0", 1, 1, 0);
	assert_decoded("\xc2\x80", 2, 2, 0x80);
	assert_decoded("\xdf\xbf", 2, 2, 0x7ff);
	assert_decoded("\xe0\xa0\x80", 3, 3, 0x800);
	assert_decoded("\xef\xbf\xbdx", 4, 3, 0xfffd);
	assert_decoded("\xf0\x90\x80\x80", 4, 4, 0x10000);
	assert_decoded("\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff);
}

static void anything_else_is_no_utf8(void **state)
{
	static const char *const texts[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2",
		"\xc2x", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82", "\xe2\x82x", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xfe", "\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_decoded(texts[i], strlen(texts[i]), 0, 0);
	assert_decoded("a", 0, 0, 0);
	/* Bytes behind the end do not count. */
	assert_decoded("\xe2\x82\xac", 2, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_characters),
		cmocka_unit_test(forbidden_characters),
		cmocka_unit_test(well_formed_utf8_is_decoded),
		cmocka_unit_test(anything_else_is_no_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
