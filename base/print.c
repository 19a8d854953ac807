/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"

void print_text(struct text *out, const char *s)
{
	text_append(out, s, strlen(s));
}

void print_format(struct text *out, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return;
	if (out->cap - out->len < (size_t)n + 1) {
		out->cap = (out->len + (size_t)n + 1) * 2;
		out->p = xrealloc(out->p, out->cap, 1);
	}
	va_start(args, format);
	vsnprintf(out->p + out->len, (size_t)n + 1, format, args);
	va_end(args);
	out->len += (size_t)n;
}
