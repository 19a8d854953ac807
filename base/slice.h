/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking through text without copying it: numbers strictly, as a whole field or not at all, out of
 * range is an error, and no locale is asked. Nothing here allocates but slice_dup.
 *
 * Errors: -EINVAL this is no such thing, -ERANGE it does not fit, -ENOENT there is none.
 */
#ifndef KVMTOP_BASE_SLICE_H
#define KVMTOP_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes within somebody else's text, not NUL-terminated. Lives as long as that text. */
struct slice {
	const char *p;
	size_t len;
};

/* What of a text, or of a line of it, has not been read yet. */
struct cursor {
	const char *p, *end;
};

struct slice slice_of(const char *text);
struct slice slice_trim(struct slice s);
bool slice_eq(struct slice s, const char *literal);
bool slice_starts(struct slice s, const char *prefix);

/* Cuts "N0=16" at the first @sep. Without @sep: false, and both results are untouched. */
bool slice_cut(struct slice s, char sep, struct slice *ret_before, struct slice *ret_behind);

/* Copies as much as fits, NUL-terminated. The slice's length: it was cut if that is >= @size. */
size_t slice_copy(struct slice s, char *buf, size_t size);
char *slice_dup(struct slice s);

/*
 * The whole slice is one number: decimal digits, no blanks, no '+'. Hexadecimal: "ff" or "0xff".
 * Double: "12", "-0.5", ".5", "3."; no exponent, no inf, no nan; correctly rounded up to 15 digits.
 */
int slice_u64(struct slice s, uint64_t *ret);
int slice_i64(struct slice s, int64_t *ret);
int slice_hex_u64(struct slice s, uint64_t *ret);
int slice_double(struct slice s, double *ret);

/* Cuts "12.5" off the front of @s: its digits before and behind the point, one of them at least. */
int slice_take_decimal(struct slice *s, struct slice *ret_whole, struct slice *ret_fraction);

void cursor_init(struct cursor *c, const char *text, size_t len);

/* The next line without its "\n", itself a cursor. False at the end of the text. */
bool cursor_line(struct cursor *c, struct cursor *ret_line);

/* The next run of bytes that are not blank (" \t\r\n"). False when only blanks are left. */
bool cursor_field(struct cursor *c, struct slice *ret);

/*
 * Everything up to the next @sep, which is skipped; empty parts count. False at the end of the
 * text. A @sep at the very end opens no further part. With '\0' this walks proc/PID/cmdline.
 */
bool cursor_split(struct cursor *c, char sep, struct slice *ret);

/* Skips @n fields. False when there were fewer. */
bool cursor_skip(struct cursor *c, unsigned int n);

/* What is left, without blanks around it. Moves nothing. */
struct slice cursor_rest(const struct cursor *c);

/* The next field as a number. -ENOENT: no field left. On errors the cursor stays where it was. */
int cursor_u64(struct cursor *c, uint64_t *ret);
int cursor_i64(struct cursor *c, int64_t *ret);
int cursor_hex_u64(struct cursor *c, uint64_t *ret);
int cursor_double(struct cursor *c, double *ret);

#endif
