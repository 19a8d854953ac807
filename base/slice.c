/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/slice.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <string.h>

#include "base/xalloc.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct slice slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

bool slice_eq(struct slice s, const char *literal)
{
	return strlen(literal) == s.len && slice_starts(s, literal);
}

bool slice_starts(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return len <= s.len && (len == 0 || memcmp(s.p, prefix, len) == 0);
}

bool slice_cut(struct slice s, char sep, struct slice *ret_before, struct slice *ret_behind)
{
	const char *at = s.len > 0 ? memchr(s.p, sep, s.len) : NULL;

	if (at == NULL)
		return false;
	*ret_before = (struct slice){ s.p, (size_t)(at - s.p) };
	*ret_behind = (struct slice){ at + 1, s.len - ret_before->len - 1 };
	return true;
}

size_t slice_copy(struct slice s, char *buf, size_t size)
{
	size_t n = s.len < size ? s.len : size - 1;

	if (size == 0)
		return s.len;
	if (n > 0)
		memcpy(buf, s.p, n);
	buf[n] = '\0';
	return s.len;
}

char *slice_dup(struct slice s)
{
	return xstrndup(s.p, s.len);
}

int slice_u64(struct slice s, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.p[i]))
			return -EINVAL;
	}
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	*ret = value;
	return 0;
}

int slice_i64(struct slice s, int64_t *ret)
{
	bool negative = s.len > 0 && s.p[0] == '-';
	uint64_t value;
	int r;

	if (negative) {
		s.p++;
		s.len--;
	}
	r = slice_u64(s, &value);
	if (r < 0)
		return r;
	if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return -ERANGE;
	if (negative)
		*ret = value > INT64_MAX ? INT64_MIN : -(int64_t)value;
	else
		*ret = (int64_t)value;
	return 0;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int slice_hex_u64(struct slice s, uint64_t *ret)
{
	uint64_t value = 0;
	bool too_large = false;

	if (slice_starts(s, "0x") || slice_starts(s, "0X")) {
		s.p += 2;
		s.len -= 2;
	}
	if (s.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		int digit = hex_digit(s.p[i]);

		if (digit < 0)
			return -EINVAL;
		too_large |= value >> 60 != 0;
		value = value << 4 | (uint64_t)digit;
	}
	if (too_large)
		return -ERANGE;
	*ret = value;
	return 0;
}

int slice_take_decimal(struct slice *s, struct slice *ret_whole, struct slice *ret_fraction)
{
	struct slice whole = { s->p, 0 }, fraction = { s->p, 0 };
	size_t at = 0;

	while (at < s->len && is_digit(s->p[at]))
		at++;
	whole.len = at;
	if (at < s->len && s->p[at] == '.') {
		at++;
		fraction.p = s->p + at;
		while (at < s->len && is_digit(s->p[at]))
			at++;
		fraction.len = (size_t)(s->p + at - fraction.p);
	}
	if (whole.len + fraction.len == 0)
		return -EINVAL;
	s->p += at;
	s->len -= at;
	*ret_whole = whole;
	*ret_fraction = fraction;
	return 0;
}

/* @digits, the first 19 significant ones at least, times ten to the @power. */
struct decimal {
	uint64_t digits;
	int power;
};

static void decimal_add(struct decimal *d, struct slice s, bool is_fraction)
{
	for (size_t i = 0; i < s.len; i++) {
		bool has_room = d->digits <= (UINT64_MAX - 9) / 10;

		if (has_room)
			d->digits = d->digits * 10 + (uint64_t)(s.p[i] - '0');
		if (has_room == is_fraction && d->power > -INT_MAX && d->power < INT_MAX)
			d->power += is_fraction ? -1 : 1;
	}
}

/* Both operands are exact up to these limits, so the quotient is rounded once, and correctly. */
static bool is_exact(const struct decimal *d)
{
	return d->digits <= 1ULL << DBL_MANT_DIG && d->power >= -22 && d->power <= 0;
}

static long double decimal_value(const struct decimal *d)
{
	long double value = (long double)d->digits, scale = 1;

	/* Below the smallest double all is 0, above the largest all is too large: no need to go on.
	 */
	for (int i = 0; i < 400 && (i < d->power || i < -d->power); i++)
		scale *= 10;
	if (is_exact(d))
		return (long double)((double)value / (double)scale);
	return d->power < 0 ? value / scale : value * scale;
}

int slice_double(struct slice s, double *ret)
{
	bool negative = s.len > 0 && s.p[0] == '-';
	struct decimal d = { 0, 0 };
	struct slice whole, fraction;
	long double value;
	int r;

	if (negative) {
		s.p++;
		s.len--;
	}
	r = slice_take_decimal(&s, &whole, &fraction);
	if (r < 0)
		return r;
	if (s.len > 0)
		return -EINVAL;
	decimal_add(&d, whole, false);
	decimal_add(&d, fraction, true);
	value = decimal_value(&d);
	if (value > (long double)DBL_MAX)
		return -ERANGE;
	*ret = negative ? -(double)value : (double)value;
	return 0;
}

void cursor_init(struct cursor *c, const char *text, size_t len)
{
	*c = (struct cursor){ text, text + len };
}

static size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

bool cursor_split(struct cursor *c, char sep, struct slice *ret)
{
	const char *at;

	if (c->p == c->end)
		return false;
	at = memchr(c->p, sep, cursor_left(c));
	*ret = (struct slice){ c->p, at != NULL ? (size_t)(at - c->p) : cursor_left(c) };
	c->p = at != NULL ? at + 1 : c->end;
	return true;
}

bool cursor_line(struct cursor *c, struct cursor *ret_line)
{
	struct slice line;

	if (!cursor_split(c, '\n', &line))
		return false;
	cursor_init(ret_line, line.p, line.len);
	return true;
}

bool cursor_field(struct cursor *c, struct slice *ret)
{
	const char *start;

	while (c->p < c->end && is_blank(*c->p))
		c->p++;
	start = c->p;
	while (c->p < c->end && !is_blank(*c->p))
		c->p++;
	if (c->p == start)
		return false;
	*ret = (struct slice){ start, (size_t)(c->p - start) };
	return true;
}

bool cursor_skip(struct cursor *c, unsigned int n)
{
	struct slice field;

	while (n-- > 0) {
		if (!cursor_field(c, &field))
			return false;
	}
	return true;
}

struct slice cursor_rest(const struct cursor *c)
{
	return slice_trim((struct slice){ c->p, cursor_left(c) });
}

int cursor_u64(struct cursor *c, uint64_t *ret)
{
	struct cursor behind = *c;
	struct slice field;
	int r = cursor_field(&behind, &field) ? slice_u64(field, ret) : -ENOENT;

	if (r == 0)
		*c = behind;
	return r;
}

int cursor_i64(struct cursor *c, int64_t *ret)
{
	struct cursor behind = *c;
	struct slice field;
	int r = cursor_field(&behind, &field) ? slice_i64(field, ret) : -ENOENT;

	if (r == 0)
		*c = behind;
	return r;
}

int cursor_hex_u64(struct cursor *c, uint64_t *ret)
{
	struct cursor behind = *c;
	struct slice field;
	int r = cursor_field(&behind, &field) ? slice_hex_u64(field, ret) : -ENOENT;

	if (r == 0)
		*c = behind;
	return r;
}

int cursor_double(struct cursor *c, double *ret)
{
	struct cursor behind = *c;
	struct slice field;
	int r = cursor_field(&behind, &field) ? slice_double(field, ret) : -ENOENT;

	if (r == 0)
		*c = behind;
	return r;
}
