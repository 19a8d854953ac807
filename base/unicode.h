/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single characters: UTF-8, and what kind of character a code point is. Asks no locale. */
#ifndef KVMTOP_BASE_UNICODE_H
#define KVMTOP_BASE_UNICODE_H

#include <stddef.h>
#include <stdint.h>

enum unicode_kind {
	UNICODE_NARROW,    /* one cell */
	UNICODE_WIDE,      /* two cells */
	UNICODE_COMBINING, /* no cell of its own: part of the character before */
	UNICODE_FORBIDDEN, /* control, format, invisible, private, surrogate, unassigned */
};

enum unicode_kind unicode_kind(uint32_t code);

/* 0, 1 or 2; a forbidden one counts 1. */
int unicode_width(uint32_t code);

/* Bytes of the character that @s begins with; 0: @len is 0, or these bytes are no UTF-8. */
size_t utf8_decode(const char *s, size_t len, uint32_t *ret);

#endif
