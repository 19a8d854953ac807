/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>

#include "base/sanitize.h"
#include "base/unicode.h"
#include "tests/fuzz/fuzz.h"

#define MARKS_ALLOWED 2

/* What must never come out, written down a second time, apart from the table. */
static bool is_dangerous(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || (code >= 0xd800 && code <= 0xf8ff) ||
	       (code >= 0xfe00 && code <= 0xfe0f) || code == 0xfeff ||
	       (code >= 0xfff0 && code <= 0xfffb) || (code & 0xfffe) == 0xfffe || code >= 0xe0000;
}

static void check_clean(const char *text, size_t len)
{
	unsigned int marks = MARKS_ALLOWED;
	int cells = 0;
	size_t n;

	PROMISE(strlen(text) == len);
	for (size_t at = 0; at < len; at += n) {
		uint32_t code = 0;

		n = utf8_decode(text + at, len - at, &code);
		PROMISE(n > 0);
		PROMISE(!is_dangerous(code) && unicode_kind(code) != UNICODE_FORBIDDEN);
		marks = unicode_kind(code) == UNICODE_COMBINING ? marks + 1 : 0;
		PROMISE(marks <= MARKS_ALLOWED);
		cells += unicode_width(code);
	}
	PROMISE(text_width(text) == cells);
}

static void check_again(const char *text, size_t len)
{
	char *again = sanitize_dup(text, len);

	PROMISE(strcmp(text, again) == 0);
	free(again);
}

static void check_small(const char *src, size_t size, const char *whole, size_t room)
{
	char *small = malloc(room + 1);
	size_t len;

	if (small == NULL)
		abort();
	len = sanitize(small, room + 1, src, size);
	PROMISE(len <= room && strncmp(whole, small, len) == 0);
	/* The longest escape has 10 bytes: with more room than that left, nothing was left out. */
	PROMISE(room - len < 10 || whole[len] == '\0');
	check_clean(small, len);
	check_again(small, len);
	free(small);
}

static void check_fit(const char *text, int cells)
{
	int used = -1;
	size_t bytes = text_fit(text, cells, &used);
	char *cut = strndup(text, bytes);
	uint32_t code = 0;

	if (cut == NULL)
		abort();
	PROMISE(used <= cells && text_width(cut) == used);
	check_clean(cut, bytes);
	if (text[bytes] != '\0') {
		PROMISE(cells - used <= 1);
		PROMISE(utf8_decode(text + bytes, strlen(text + bytes), &code) > 0);
		PROMISE(unicode_kind(code) != UNICODE_COMBINING);
	}
	free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *src = (const char *)data;
	size_t room = size > 0 ? data[size - 1] : 0, len;
	char *whole = sanitize_dup(src, size);

	len = strlen(whole);
	PROMISE(len <= size * SANITIZE_GROWTH);
	check_clean(whole, len);
	check_again(whole, len);
	check_small(src, size, whole, room);
	check_fit(whole, (int)room);
	check_fit(whole, (int)(room % 8));
	free(whole);
	return 0;
}
