/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/unicode.h"

struct range {
	uint32_t first, last;
	enum unicode_kind kind;
};

/* Sorted, so that it can be searched by halves. */
static const struct range ranges[] = {
#define F UNICODE_FORBIDDEN
#define C UNICODE_COMBINING
#define W UNICODE_WIDE
#include "base/unicode.def"
#undef F
#undef C
#undef W
};

enum unicode_kind unicode_kind(uint32_t code)
{
	size_t lo = 0, hi = sizeof(ranges) / sizeof(ranges[0]);

	if (code >= 0x20 && code < 0x7f)
		return UNICODE_NARROW;
	if (code > 0x10ffff)
		return UNICODE_FORBIDDEN;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (code < ranges[mid].first)
			hi = mid;
		else if (code > ranges[mid].last)
			lo = mid + 1;
		else
			return ranges[mid].kind;
	}
	return UNICODE_NARROW;
}

int unicode_width(uint32_t code)
{
	switch (unicode_kind(code)) {
	case UNICODE_WIDE:
		return 2;
	case UNICODE_COMBINING:
		return 0;
	case UNICODE_NARROW:
	case UNICODE_FORBIDDEN:
		break;
	}
	return 1;
}

/* The length that the first byte announces, and the bits of the code that it carries. */
static size_t utf8_lead(unsigned char c, uint32_t *ret_bits)
{
	if (c < 0x80) {
		*ret_bits = c;
		return 1;
	}
	if (c >= 0xc2 && c < 0xe0) {
		*ret_bits = c & 0x1fU;
		return 2;
	}
	if (c >= 0xe0 && c < 0xf0) {
		*ret_bits = c & 0x0fU;
		return 3;
	}
	if (c >= 0xf0 && c < 0xf5) {
		*ret_bits = c & 0x07U;
		return 4;
	}
	return 0;
}

size_t utf8_decode(const char *s, size_t len, uint32_t *ret)
{
	/* The lowest code of each length: a longer form than needed is an old trick to hide '/'. */
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code;
	size_t n;

	if (len == 0)
		return 0;
	n = utf8_lead((unsigned char)*s, &code);
	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3fU);
	}
	if (code < lowest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret = code;
	return n;
}
