/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*restore_terminal)(void);

void xalloc_on_failure(void (*restore)(void))
{
	restore_terminal = restore;
}

/* No stdio here: it may want memory, too. */
static void *checked(void *p)
{
	static const char message[] = "kvmtop: out of memory\n";

	if (p)
		return p;
	if (restore_terminal)
		restore_terminal();
	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(1);
	_exit(1);
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		return checked(NULL);
	return checked(realloc(p, n && size ? n * size : 1));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xstrndup(const char *s, size_t len)
{
	return checked(strndup(s, len));
}

char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return checked(n < 0 ? NULL : text);
}

/*
 * Each of a hundred guests has some lists of one or two large elements: room for many more than
 * that would be a megabyte for nothing.
 */
#define FIRST_ROOM 256

static size_t first_cap(size_t size)
{
	size_t cap = FIRST_ROOM / size;

	return cap < 1 ? 1 : cap > 8 ? 8 : cap;
}

void *xgrow(void *p, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return p;
	*cap = *cap ? *cap * 2 : first_cap(size);
	return xrealloc(p, *cap, size);
}
