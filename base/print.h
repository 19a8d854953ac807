/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting text together: into a struct text, which grows and which the caller owns. */
#ifndef KVMTOP_BASE_PRINT_H
#define KVMTOP_BASE_PRINT_H

#include <stdarg.h>

#include "base/text.h"

void print_text(struct text *out, const char *s);
void print_format(struct text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Into a buffer. What does not fit ends behind a word, with an ellipsis, and with the brackets
 * closed that are open there: it stays a part of a sentence.
 */
void print_within(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void print_within_args(char *buf, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
