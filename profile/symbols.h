/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of addresses: what a kernel, a program or a library calls its functions. Filled once, then
 * sorted, then asked. Names are foreign text as they were read; whoever shows them sanitises them.
 * A table owns its names.
 */
#ifndef KVMTOP_PROFILE_SYMBOLS_H
#define KVMTOP_PROFILE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"

/* Far above what a kernel with all its modules has. */
#define SYMBOLS_MAX ((size_t)4 << 20)
#define SYMBOL_NAME_MAX 512

struct symbol {
	uint64_t start, end; /* the first address, and the first behind it; end 0: not told */
	uint32_t name;       /* where its name lies in the table's text */
	uint32_t object;     /* the same of what it belongs to; 0: the table's own */
	uint8_t rank;        /* of several names for one address the highest is taken */
};

/* Zero-initialise it. */
struct symbols {
	struct symbol *v;
	size_t n, cap;
	struct text names; /* each ends with a NUL; the first is "" */
	size_t max_bytes;  /* that it may take; 0: as much as a table may have */
	uint32_t last_object;
	bool sorted;
};

void symbols_done(struct symbols *s);

/* What it takes. */
size_t symbols_bytes(const struct symbols *s);

/* @object: "" for the table's own. False when the table is full or the name is no name. */
bool symbols_add(struct symbols *s, uint64_t start, uint64_t size, struct slice name,
    struct slice object, uint8_t rank);

/* To be called once, before anything is looked for: one symbol for each address, ends where the
 * next one begins. */
void symbols_sort(struct symbols *s);

/* NULL: no symbol holds that address. */
const struct symbol *symbols_find(const struct symbols *s, uint64_t address);

const char *symbol_name(const struct symbols *s, const struct symbol *symbol);
/* "" for the table's own. */
const char *symbol_object(const struct symbols *s, const struct symbol *symbol);

#endif
