/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void text_append(struct text *t, const char *data, size_t len)
{
	if (t->cap - t->len < len + 1) {
		t->cap = (t->len + len + 1) * 2;
		t->p = xrealloc(t->p, t->cap, 1);
	}
	if (len)
		memcpy(t->p + t->len, data, len);
	t->len += len;
	t->p[t->len] = '\0';
}

void text_done(struct text *t)
{
	free(t->p);
	*t = (struct text){ 0 };
}

void names_add(struct names *n, const char *name, size_t len)
{
	n->name = xgrow(n->name, n->n, &n->cap, sizeof(*n->name));
	n->name[n->n++] = xstrndup(name, len);
}

void names_done(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->name[i]);
	free(n->name);
	*n = (struct names){ 0 };
}

void numbers_add(struct numbers *n, uint32_t v)
{
	n->v = xgrow(n->v, n->n, &n->cap, sizeof(*n->v));
	n->v[n->n++] = v;
}

void numbers_done(struct numbers *n)
{
	free(n->v);
	*n = (struct numbers){ 0 };
}
