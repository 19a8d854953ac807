/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define NAMES_MAX ((size_t)256 << 20)
/* A function whose end nobody tells, and behind which comes none of its object, ends with the next
 * page. */
#define PAGE 4096ULL

void symbols_done(struct symbols *s)
{
	free(s->v);
	text_done(&s->names);
	*s = (struct symbols){ 0 };
}

static uint32_t keep_text(struct symbols *s, struct slice text)
{
	size_t at;

	if (s->names.len == 0)
		text_append(&s->names, "", 1);
	if (text.len == 0)
		return 0;
	at = s->names.len;
	text_append(&s->names, text.p, text.len);
	text_append(&s->names, "", 1);
	return (uint32_t)at;
}

/* Symbols of one object follow one another. */
static uint32_t keep_object(struct symbols *s, struct slice object)
{
	if (object.len == 0)
		return 0;
	if (!s->last_object || !slice_eq(object, s->names.p + s->last_object))
		s->last_object = keep_text(s, object);
	return s->last_object;
}

static bool is_name(struct slice name)
{
	return name.len > 0 && name.len <= SYMBOL_NAME_MAX && !memchr(name.p, '\0', name.len);
}

size_t symbols_bytes(const struct symbols *s)
{
	return s->n * sizeof(*s->v) + s->names.len;
}

static bool is_full(const struct symbols *s)
{
	return s->n >= SYMBOLS_MAX || s->names.len >= NAMES_MAX ||
	       (s->max_bytes && symbols_bytes(s) >= s->max_bytes);
}

bool symbols_add(struct symbols *s, uint64_t start, uint64_t size, struct slice name,
    struct slice object, uint8_t rank)
{
	uint64_t end = 0;

	if (is_full(s) || !is_name(name) || (object.len && !is_name(object)))
		return false;
	if (size && __builtin_add_overflow(start, size, &end))
		end = UINT64_MAX;
	s->v = xgrow(s->v, s->n, &s->cap, sizeof(*s->v));
	s->v[s->n] = (struct symbol){ .start = start, .end = end, .rank = rank };
	s->v[s->n].object = keep_object(s, object);
	s->v[s->n].name = keep_text(s, name);
	s->n++;
	s->sorted = false;
	return true;
}

/* Of one address the highest rank comes first, and of those who was there first. */
static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static bool is_same_object(const struct symbols *s, const struct symbol *a, const struct symbol *b)
{
	return strcmp(s->names.p + a->object, s->names.p + b->object) == 0;
}

static void set_end(const struct symbols *s, struct symbol *symbol, const struct symbol *next)
{
	uint64_t page = (symbol->start | (PAGE - 1)) + 1;

	if (symbol->end)
		return;
	if (next && is_same_object(s, symbol, next)) {
		symbol->end = next->start;
		return;
	}
	symbol->end = page ? page : UINT64_MAX;
	if (next && next->start < symbol->end)
		symbol->end = next->start;
}

void symbols_sort(struct symbols *s)
{
	size_t n = 0;

	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), compare);
	for (size_t i = 0; i < s->n; i++) {
		if (n > 0 && s->v[n - 1].start == s->v[i].start) {
			/* A name without a size lends itself to one that has it. */
			if (!s->v[n - 1].end)
				s->v[n - 1].end = s->v[i].end;
			continue;
		}
		s->v[n++] = s->v[i];
	}
	s->n = n;
	for (size_t i = 0; i < n; i++)
		set_end(s, &s->v[i], i + 1 < n ? &s->v[i + 1] : NULL);
	s->sorted = true;
}

const struct symbol *symbols_find(const struct symbols *s, uint64_t address)
{
	size_t low = 0, high = s->sorted ? s->n : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->v[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address >= s->v[low - 1].end)
		return NULL;
	return &s->v[low - 1];
}

const char *symbol_name(const struct symbols *s, const struct symbol *symbol)
{
	return s->names.p + symbol->name;
}

const char *symbol_object(const struct symbols *s, const struct symbol *symbol)
{
	return s->names.p + symbol->object;
}
