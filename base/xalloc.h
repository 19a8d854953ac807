/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is always there: these never return NULL.
 * When the host has none left they restore the terminal, say so and exit with status 1.
 * Sizes that come from a file must be bounded before they get here.
 */
#ifndef KVMTOP_BASE_XALLOC_H
#define KVMTOP_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Room for one more element of @size bytes, at least 1, behind the @n that are there. @p grows by
 * doubling; @cap is kept by the caller and starts at 0.
 */
void *xgrow(void *p, size_t n, size_t *cap, size_t size);

/* What must happen before the message is printed: the terminal is given back. */
void xalloc_on_failure(void (*restore)(void));

#endif
