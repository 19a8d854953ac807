/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sanitize.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/unicode.h"
#include "base/xalloc.h"

/* More on one character climb into the lines above and below. */
#define MARKS_MAX 2

/* "\u{10FFFF}" and its NUL. */
#define ESCAPE_SIZE 11

static size_t escape(char *buf, bool as_byte, uint32_t code)
{
	int n = as_byte ? snprintf(buf, ESCAPE_SIZE, "\\x%02X", (unsigned int)code)
			: snprintf(buf, ESCAPE_SIZE, "\\u{%04X}", (unsigned int)code);

	return (size_t)n;
}

/* @marks counts those since the last base; an escape is none, so marks behind it stay escaped. */
static bool may_stay(uint32_t code, unsigned int *marks)
{
	switch (unicode_kind(code)) {
	case UNICODE_NARROW:
	case UNICODE_WIDE:
		*marks = 0;
		return true;
	case UNICODE_COMBINING:
		if (*marks >= MARKS_MAX)
			return false;
		++*marks;
		return true;
	case UNICODE_FORBIDDEN:
		break;
	}
	*marks = MARKS_MAX;
	return false;
}

/* How many bytes at @src are plain: nearly all of nearly every text. */
static size_t plain_prefix(const char *src, size_t len)
{
	size_t n = 0;

	while (n < len && src[n] >= 0x20 && src[n] < 0x7f)
		n++;
	return n;
}

size_t sanitize(char *dst, size_t dst_size, const char *src, size_t len)
{
	unsigned int marks = MARKS_MAX;
	size_t used, taken;

	if (dst_size == 0)
		return 0;
	used = plain_prefix(src, len < dst_size - 1 ? len : dst_size - 1);
	if (used > 0) {
		memcpy(dst, src, used);
		marks = 0;
	}
	for (size_t at = used; at < len; at += taken) {
		char escaped[ESCAPE_SIZE];
		const char *from = src + at;
		uint32_t code = 0;
		size_t n;

		taken = n = utf8_decode(src + at, len - at, &code);
		if (taken == 0) {
			taken = 1;
			marks = MARKS_MAX;
			n = escape(escaped, true, (unsigned char)src[at]);
			from = escaped;
		} else if (!may_stay(code, &marks)) {
			n = escape(escaped, code < 0x80, code);
			from = escaped;
		}
		if (n > dst_size - 1 - used)
			break;
		memcpy(dst + used, from, n);
		used += n;
	}
	dst[used] = '\0';
	return used;
}

char *sanitize_dup(const char *src, size_t len)
{
	char *buf;
	size_t size = len < SIZE_MAX / SANITIZE_GROWTH ? len * SANITIZE_GROWTH + 1 : SIZE_MAX;
	size_t used;

	buf = xmalloc(size);
	used = sanitize(buf, size, src, len);
	return xrealloc(buf, used + 1, 1);
}

size_t text_fit(const char *utf8, int cells, int *ret_cells)
{
	size_t len = strlen(utf8), at = 0, taken;
	int used = 0;

	while (at < len) {
		uint32_t code = 0;
		int width;

		taken = utf8_decode(utf8 + at, len - at, &code);
		width = taken == 0 ? 1 : unicode_width(code);
		if (width > cells - used)
			break;
		used += width;
		at += taken == 0 ? 1 : taken;
	}
	if (ret_cells != NULL)
		*ret_cells = used;
	return at;
}

int text_width(const char *utf8)
{
	int cells;

	text_fit(utf8, INT_MAX, &cells);
	return cells;
}
