/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/quote.h"

#include <string.h>

#include "base/print.h"

/* None of these means anything to a shell, wherever it stands in a word. */
static const char harmless[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,@%+=-";

void quote_word(struct text *out, const char *s)
{
	if (*s && s[strspn(s, harmless)] == '\0') {
		print_text(out, s);
		return;
	}
	/* Easier to read than a quote in quotes. */
	if (strchr(s, '\'') && !strpbrk(s, "\"$`\\!\n")) {
		print_format(out, "\"%s\"", s);
		return;
	}
	print_text(out, "'");
	for (; *s; s++) {
		if (*s == '\'')
			print_text(out, "'\\''");
		else
			text_append(out, s, 1);
	}
	print_text(out, "'");
}
