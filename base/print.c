/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/print.h"

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

#define ELLIPSIS "…"

/* Where the words end that leave room for what closes them; 0: the first is too long. */
static size_t end_of_words(const char *buf, size_t size, size_t *ret_depth)
{
	size_t best = 0, depth = 0;

	for (size_t i = 0; buf[i] && i + strlen(ELLIPSIS) + depth < size; i++) {
		if (buf[i] == ' ' && i > 0 && buf[i - 1] != ' ') {
			best = i;
			*ret_depth = depth;
		}
		if (buf[i] == '(')
			depth++;
		else if (buf[i] == ')' && depth > 0)
			depth--;
	}
	return best;
}

/* A word without end is cut between two characters. */
static size_t end_of_characters(const char *buf, size_t size)
{
	size_t end = size > strlen(ELLIPSIS) ? size - strlen(ELLIPSIS) - 1 : 0;

	while (end > 0 && ((unsigned char)buf[end] & 0xc0) == 0x80)
		end--;
	return end;
}

void print_within_args(char *buf, size_t size, const char *format, va_list args)
{
	int n = vsnprintf(buf, size, format, args);
	size_t end, depth = 0;

	if (n < 0 || (size_t)n < size || size == 0)
		return;
	end = end_of_words(buf, size, &depth);
	if (end == 0)
		end = end_of_characters(buf, size);
	while (end > 0 && strchr(" ,;:(", buf[end - 1]))
		depth -= buf[--end] == '(' && depth > 0;
	snprintf(buf + end, size - end, ELLIPSIS "%.*s", (int)depth, "))))))))");
}

void print_within(char *buf, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_within_args(buf, size, format, args);
	va_end(args);
}
