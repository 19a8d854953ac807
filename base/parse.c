/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

/* Fractions of a unit are computed in 64 bits as ten times the unit. This is one EiB. */
#define UNIT_MAX (1ULL << 60)

/* Files of the kernel end in a line end, which belongs to no number. */
static struct slice without_newline(const char *s)
{
	struct slice slice = slice_of(s);

	if (slice.len > 0 && slice.p[slice.len - 1] == '\n')
		slice.len--;
	return slice;
}

int parse_u64(const char *s, uint64_t *ret)
{
	return slice_u64(without_newline(s), ret);
}

int parse_i64(const char *s, int64_t *ret)
{
	return slice_i64(without_newline(s), ret);
}

int parse_hex_u64(const char *s, uint64_t *ret)
{
	return slice_hex_u64(without_newline(s), ret);
}

int parse_double(const char *s, double *ret)
{
	return slice_double(without_newline(s), ret);
}

/* ASCII only: the case of letters is a matter of the locale otherwise. */
static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool slice_eq_anycase(struct slice s, const char *lower_case)
{
	if (strlen(lower_case) != s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (to_lower(s.p[i]) != lower_case[i])
			return false;
	}
	return true;
}

static int slice_unit(struct slice unit, uint64_t *ret_bytes)
{
	static const char prefixes[] = { 'k', 'm', 'g', 't', 'p', 'e' };
	struct slice behind;
	uint64_t base, bytes = 1;

	if (slice_eq_anycase(unit, "b") || slice_eq_anycase(unit, "byte") ||
	    slice_eq_anycase(unit, "bytes")) {
		*ret_bytes = 1;
		return 0;
	}
	if (unit.len == 0)
		return -EINVAL;
	behind = (struct slice){ unit.p + 1, unit.len - 1 };
	if (behind.len == 0 || slice_eq_anycase(behind, "ib"))
		base = 1024;
	else if (slice_eq_anycase(behind, "b"))
		base = 1000;
	else
		return -EINVAL;
	for (size_t i = 0; i < sizeof(prefixes); i++) {
		bytes *= base;
		if (to_lower(unit.p[0]) == prefixes[i]) {
			*ret_bytes = bytes;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_unit(const char *unit, uint64_t *ret_bytes)
{
	return slice_unit(slice_of(unit), ret_bytes);
}

/* whole.fraction * @unit, rounded down, without a float that would lose the last bytes of an EiB.
 */
static int scale_decimal(struct slice whole, struct slice fraction, uint64_t unit, uint64_t *ret)
{
	uint64_t value = 0, part = 0;
	int r;

	if (unit > UNIT_MAX)
		return -ERANGE;
	if (whole.len > 0) {
		r = slice_u64(whole, &value);
		if (r < 0)
			return r;
	}
	for (size_t i = fraction.len; i > 0; i--)
		part = ((uint64_t)(fraction.p[i - 1] - '0') * unit + part) / 10;
	if (unit > 0 && value > (UINT64_MAX - part) / unit)
		return -ERANGE;
	*ret = value * unit + part;
	return 0;
}

int parse_size(const char *s, uint64_t default_unit_bytes, uint64_t *ret_bytes)
{
	struct slice rest = without_newline(s), whole, fraction;
	uint64_t unit = default_unit_bytes;
	int r;

	r = slice_take_decimal(&rest, &whole, &fraction);
	if (r < 0)
		return r;
	if (rest.len > 0) {
		while (rest.len > 0 && rest.p[0] == ' ') {
			rest.p++;
			rest.len--;
		}
		r = slice_unit(rest, &unit);
		if (r < 0)
			return r;
	}
	return scale_decimal(whole, fraction, unit, ret_bytes);
}

int parse_duration(const char *s, uint64_t *ret_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "", NS_PER_SEC },
		{ "s", NS_PER_SEC },
		{ "ms", NS_PER_MS },
		{ "us", 1000 },
		{ "ns", 1 },
		{ "m", 60 * NS_PER_SEC },
		{ "min", 60 * NS_PER_SEC },
		{ "h", 3600 * NS_PER_SEC },
		{ "d", 86400 * NS_PER_SEC },
	};
	struct slice rest = without_newline(s), whole, fraction;
	int r;

	r = slice_take_decimal(&rest, &whole, &fraction);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (slice_eq(rest, units[i].name))
			return scale_decimal(whole, fraction, units[i].ns, ret_ns);
	}
	return -EINVAL;
}

/* "key value", "key: value", "key : value"; a key that only begins alike is another key. */
static bool key_behind(struct slice line, const char *key, struct slice *ret)
{
	struct slice rest;

	if (!slice_starts(line, key))
		return false;
	rest = (struct slice){ line.p + strlen(key), line.len - strlen(key) };
	if (rest.len > 0 && rest.p[0] != ':' && rest.p[0] != ' ' && rest.p[0] != '\t')
		return false;
	rest = slice_trim(rest);
	if (rest.len > 0 && rest.p[0] == ':')
		rest = slice_trim((struct slice){ rest.p + 1, rest.len - 1 });
	*ret = rest;
	return true;
}

int parse_key_text(const char *text, const char *key, struct slice *ret)
{
	struct cursor c, line;

	cursor_init(&c, text, strlen(text));
	while (cursor_line(&c, &line)) {
		struct slice word;
		uint64_t node;

		if (key_behind(cursor_rest(&line), key, ret))
			return 0;
		if (cursor_field(&line, &word) && slice_eq(word, "Node") &&
		    cursor_u64(&line, &node) == 0 && key_behind(cursor_rest(&line), key, ret))
			return 0;
	}
	return -ENOENT;
}

int parse_key_value(const char *text, const char *key, uint64_t *ret)
{
	struct slice found, unit;
	struct cursor c;
	uint64_t value;
	int r;

	r = parse_key_text(text, key, &found);
	if (r < 0)
		return r;
	cursor_init(&c, found.p, found.len);
	r = cursor_u64(&c, &value);
	if (r < 0)
		return r == -ENOENT ? -EINVAL : r;
	if (cursor_field(&c, &unit)) {
		if (!slice_eq(unit, "kB") || cursor_rest(&c).len > 0)
			return -EINVAL;
		if (value > UINT64_MAX / 1024)
			return -ERANGE;
		value *= 1024;
	}
	*ret = value;
	return 0;
}

int parse_key_double(const char *text, const char *key, double *ret)
{
	struct slice found;
	int r = parse_key_text(text, key, &found);

	return r < 0 ? r : slice_double(found, ret);
}

int parse_choice(const char *text, char *buf, size_t size)
{
	struct slice chosen = slice_trim(slice_of(text)), ignored;
	struct slice word;
	struct cursor c;

	if (slice_cut(chosen, '[', &ignored, &chosen) && !slice_cut(chosen, ']', &chosen, &ignored))
		return -ENOENT;
	cursor_init(&c, chosen.p, chosen.len);
	if (!cursor_field(&c, &word) || word.len != chosen.len)
		return -ENOENT;
	if (word.len >= size)
		return -ERANGE;
	slice_copy(word, buf, size);
	return 0;
}
