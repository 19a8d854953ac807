/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "base/sanitize.h"
#include "base/unicode.h"

static void assert_sanitized(const char *src, size_t len, const char *expected)
{
	char dst[256], again[256];
	char *copy = sanitize_dup(src, len);

	assert_int_equal(sanitize(dst, sizeof(dst), src, len), strlen(expected));
	assert_string_equal(dst, expected);
	assert_string_equal(copy, expected);
	assert_int_equal(sanitize(again, sizeof(again), dst, strlen(dst)), strlen(dst));
	assert_string_equal(again, dst);
	free(copy);
}

static void good_text_stays(void **state)
{
	static const char *const texts[] = {
		"",
		"web1",
		"a b!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~",
		"back\\slash \\x1b \\u{202E}",
		"Fuß Ærø ñandú Ελλάδα Україна",
		"仮想マシン 가상 虛擬機 עברית عربي",
		"e\u0301 a\u0302\u0323",
		"\U0001F600\U0001F680 ▲ █▌ …",
		"\u00a0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_sanitized(texts[i], strlen(texts[i]), texts[i]);
}

static void nothing_reaches_the_terminal(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "\x1b[2J", "\\x1B[2J" },
		{ "\x1b]52;c;aGk=\x07", "\\x1B]52;c;aGk=\\x07" },
		{ "a\tb\nc\rd", "a\\x09b\\x0Ac\\x0Dd" },
		{ "\x7f", "\\x7F" },
		{ "\xc2\x85\xc2\x9b"
		  "31m",
		    "\\u{0085}\\u{009B}31m" },
		{ "a\u2028b\u2029", "a\\u{2028}b\\u{2029}" },
		{ "\u061c\u200e\u200f", "\\u{061C}\\u{200E}\\u{200F}" },
		{ "x\u202etxt.exe", "x\\u{202E}txt.exe" },
		{ "\u202a\u202b\u202c\u202d", "\\u{202A}\\u{202B}\\u{202C}\\u{202D}" },
		{ "\u2066\u2067\u2068\u2069", "\\u{2066}\\u{2067}\\u{2068}\\u{2069}" },
		{ "a\u200bb\u200cc\u200dd", "a\\u{200B}b\\u{200C}c\\u{200D}d" },
		{ "\ufeffx\u2060\u00ad", "\\u{FEFF}x\\u{2060}\\u{00AD}" },
		{ "\U000E0001\U000E0041", "\\u{E0001}\\u{E0041}" },
		{ "x\ufe0f\U000E0100", "x\\u{FE0F}\\u{E0100}" },
		{ "\u3164\u115f\u034f", "\\u{3164}\\u{115F}\\u{034F}" },
		{ "\ue000\U0010FFFD", "\\u{E000}\\u{10FFFD}" },
		{ "\uffff\ufdd0\U0001FFFE", "\\u{FFFF}\\u{FDD0}\\u{1FFFE}" },
		{ "\u0378\U000F0000", "\\u{0378}\\u{F0000}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_sanitized(rows[i].text, strlen(rows[i].text), rows[i].shown);
	assert_sanitized("a\0b", 3, "a\\x00b");
	assert_sanitized(NULL, 0, "");
}

static void bytes_that_are_no_utf8(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "\xff", "\\xFF" },
		{ "caf\xe9", "caf\\xE9" },
		{ "\x80 \xbf", "\\x80 \\xBF" },
		/* Cut short, at the end and within. */
		{ "\xc3", "\\xC3" },
		{ "\xe4\xbb", "\\xE4\\xBB" },
		{ "\xf0\x9f\x98", "\\xF0\\x9F\\x98" },
		{ "\xe4\xbbx", "\\xE4\\xBBx" },
		/* Longer than needed: '/' and ESC. */
		{ "\xc0\xaf", "\\xC0\\xAF" },
		{ "\xe0\x80\x9b", "\\xE0\\x80\\x9B" },
		{ "\xf0\x80\x80\xaf", "\\xF0\\x80\\x80\\xAF" },
		/* Surrogates, and beyond the last character. */
		{ "\xed\xa0\x80", "\\xED\\xA0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80" },
		{ "\xf8\x88\x80\x80\x80", "\\xF8\\x88\\x80\\x80\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_sanitized(rows[i].text, strlen(rows[i].text), rows[i].shown);
}

static void marks_are_capped(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "a\u0301\u0302\u0303\u0304b", "a\u0301\u0302\\u{0303}\\u{0304}b" },
		{ "\u0301a", "\\u{0301}a" },
		{ "\t\u0301", "\\x09\\u{0301}" },
		{ "a\xff\u0301", "a\\xFF\\u{0301}" },
		{ "a\u0301\u200b\u0301", "a\u0301\\u{200B}\\u{0301}" },
		{ "a\u0301\u0302b\u0301\u0302", "a\u0301\u0302b\u0301\u0302" },
		{ "\u1100\u1161\u11a8", "\u1100\u1161\u11a8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_sanitized(rows[i].text, strlen(rows[i].text), rows[i].shown);
}

/* Whatever the room: whole characters, whole escapes, a NUL, and the beginning of the full result.
 */
static void a_full_buffer_holds_nothing_partial(void **state)
{
	static const char text[] = "a\x1b\u00e9\u202e\xe4\U0001F600e\u0301z";
	static const char whole[] = "a\\x1B\u00e9\\u{202E}\\xE4\U0001F600e\u0301z";
	/* Where a character or an escape ends. */
	static const size_t ends[] = { 0, 1, 5, 7, 15, 19, 23, 24, 26, 27 };
	char dst[64];

	(void)state;
	assert_int_equal(sanitize(dst, 0, text, strlen(text)), 0);
	for (size_t size = 1; size < sizeof(dst); size++) {
		size_t expected = 0, got;

		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
			if (ends[i] < size)
				expected = ends[i];
		}
		memset(dst, '#', sizeof(dst));
		got = sanitize(dst, size, text, strlen(text));
		assert_int_equal(got, expected);
		assert_memory_equal(dst, whole, got);
		assert_int_equal(dst[got], '\0');
		for (size_t i = size; i < sizeof(dst); i++)
			assert_int_equal(dst[i], '#');
	}
}

static size_t encode(uint32_t code, char *buf)
{
	if (code < 0x80) {
		buf[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		buf[0] = (char)(0xc0 | code >> 6);
		buf[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		buf[0] = (char)(0xe0 | code >> 12);
		buf[1] = (char)(0x80 | (code >> 6 & 0x3f));
		buf[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	buf[0] = (char)(0xf0 | code >> 18);
	buf[1] = (char)(0x80 | (code >> 12 & 0x3f));
	buf[2] = (char)(0x80 | (code >> 6 & 0x3f));
	buf[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* Every character there is, behind a base: as it is, or as an escape of nothing but ASCII. */
static void every_character(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 0x110000; code++) {
		bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
		char src[8] = "a", dst[32];
		size_t len = 1 + encode(code, src + 1), n, taken;
		uint32_t back = UINT32_MAX;

		taken = utf8_decode(src + 1, len - 1, &back);
		assert_int_equal(taken, is_surrogate ? 0 : len - 1);
		assert_true(back == (is_surrogate ? UINT32_MAX : code));

		n = sanitize(dst, sizeof(dst), src, len);
		if (unicode_kind(code) != UNICODE_FORBIDDEN) {
			assert_int_equal(n, len);
			assert_memory_equal(dst, src, len);
			continue;
		}
		assert_true(n > len && n <= 1 + (len - 1) * SANITIZE_GROWTH);
		for (size_t i = 0; i < n; i++)
			assert_true(dst[i] >= 0x20 && dst[i] < 0x7f);
	}
	assert_int_equal(unicode_kind(0x110000), UNICODE_FORBIDDEN);
	assert_int_equal(unicode_kind(UINT32_MAX), UNICODE_FORBIDDEN);
}

/*
 * Curses asks the C library, which may know an older or newer Unicode than our table: a few
 * characters may differ, and those that it does not know at all do not count.
 */
static void widths_are_those_of_the_c_library(void **state)
{
	const unsigned int differences_allowed = 64;
	unsigned int differences = 0, compared = 0;

	(void)state;
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
		print_message("no locale C.UTF-8 here\n");
		skip();
	}
	for (uint32_t code = 1; code < 0x110000; code++) {
		int theirs = wcwidth((wchar_t)code);

		if (theirs < 0 || unicode_kind(code) == UNICODE_FORBIDDEN)
			continue;
		compared++;
		if (theirs == unicode_width(code))
			continue;
		differences++;
		print_message("U+%04X: %d here, %d there\n", code, unicode_width(code), theirs);
	}
	setlocale(LC_CTYPE, "C");
	assert_true(compared > 140000);
	assert_true(differences <= differences_allowed);
}

static void widths_of_text(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("web1"), 4);
	assert_int_equal(text_width("仮想"), 4);
	assert_int_equal(text_width("e\u0301a"), 2);
	assert_int_equal(text_width("▲█…"), 3);
	assert_int_equal(text_width("\U0001F600x"), 3);
	assert_int_equal(text_width("\u1100\u1161\u11a8"), 2);
	/* Not sanitised: still counted, one cell for each thing that is no text. */
	assert_int_equal(text_width("\xff\x1b\xe4"), 3);
}

static void text_is_fitted_between_characters(void **state)
{
	static const struct {
		const char *text;
		int cells;
		size_t bytes;
		int used;
	} rows[] = {
		{ "web1", 4, 4, 4 },
		{ "web1", 3, 3, 3 },
		{ "web1", 0, 0, 0 },
		{ "web1", -3, 0, 0 },
		{ "web1", 100, 4, 4 },
		{ "", 5, 0, 0 },
		{ "a仮想", 3, 4, 3 },
		{ "a仮想", 4, 4, 3 },
		{ "a仮想", 5, 7, 5 },
		{ "仮", 1, 0, 0 },
		{ "e\u0301x", 1, 3, 1 },
		{ "e\u0301\u0302x", 2, 6, 2 },
		{ "\U0001F600", 2, 4, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int used = -1;

		assert_int_equal(text_fit(rows[i].text, rows[i].cells, &used), rows[i].bytes);
		assert_int_equal(used, rows[i].used);
		assert_int_equal(text_fit(rows[i].text, rows[i].cells, NULL), rows[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_text_stays),
		cmocka_unit_test(nothing_reaches_the_terminal),
		cmocka_unit_test(bytes_that_are_no_utf8),
		cmocka_unit_test(marks_are_capped),
		cmocka_unit_test(a_full_buffer_holds_nothing_partial),
		cmocka_unit_test(every_character),
		cmocka_unit_test(widths_are_those_of_the_c_library),
		cmocka_unit_test(widths_of_text),
		cmocka_unit_test(text_is_fitted_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
