/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/told.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/snapshot.h"
#include "model/snapshot_inner.h"

struct told_row {
	struct key key;
	uint32_t first; /* of its cells */
	uint16_t cells;
	uint16_t table;
};

struct told {
	struct moment moment;
	struct told_row *row;
	struct cell *cell;
	uint16_t *column; /* of each cell */
	char *text;       /* all texts, one behind the other */
	size_t rows, cells, text_bytes;
	unsigned refs;
};

static size_t text_size(const struct column *c, const struct cell *cell)
{
	return c->kind == KIND_TEXT && cell->text ? strlen(cell->text) + 1 : 0;
}

static void measure_row(struct told *t, enum table_id id, const struct row *row)
{
	for (int c = 0; c < table_kinds[id].columns; c++)
		/* at_ns 0: this source did not speak of it. */
		if (row->cell[c].at_ns) {
			t->cells++;
			t->text_bytes += text_size(&table_kinds[id].column[c], &row->cell[c]);
		}
	t->rows++;
}

static void add_cell(struct told *t, const struct column *column, int c, const struct cell *from)
{
	size_t size = text_size(column, from);
	struct cell *cell = &t->cell[t->cells];

	*cell = *from;
	if (size) {
		cell->text = memcpy(t->text + t->text_bytes, from->text, size);
		t->text_bytes += size;
	}
	t->column[t->cells++] = (uint16_t)c;
}

static void add_row(struct told *t, enum table_id id, const struct row *from)
{
	struct told_row *row = &t->row[t->rows++];

	*row = (struct told_row){
		.key = from->key, .first = (uint32_t)t->cells, .table = (uint16_t)id
	};
	for (int c = 0; c < table_kinds[id].columns; c++)
		if (from->cell[c].at_ns)
			add_cell(t, &table_kinds[id].column[c], c, &from->cell[c]);
	row->cells = (uint16_t)(t->cells - row->first);
}

static void each_row(struct told *t, const struct snapshot *from,
    void (*take)(struct told *t, enum table_id id, const struct row *row))
{
	for (enum table_id id = 0; id < TABLES; id++)
		for (size_t i = 0; i < from->table[id].n; i++)
			take(t, id, from->table[id].row[i]);
}

struct told *told_new(const struct snapshot *from)
{
	struct told *t = xcalloc(1, sizeof(*t));

	t->moment = from->moment;
	t->refs = 1;
	each_row(t, from, measure_row);
	t->row = xcalloc(t->rows + 1, sizeof(*t->row));
	t->cell = xcalloc(t->cells + 1, sizeof(*t->cell));
	t->column = xcalloc(t->cells + 1, sizeof(*t->column));
	t->text = xcalloc(t->text_bytes + 1, 1);
	t->rows = t->cells = t->text_bytes = 0;
	each_row(t, from, add_row);
	return t;
}

struct told *told_ref(struct told *t)
{
	if (t)
		__atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
	return t;
}

void told_unref(struct told *t)
{
	if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(t->row);
	free(t->cell);
	free(t->column);
	free(t->text);
	free(t);
}

struct snapshot *told_open(const struct told *t)
{
	struct snapshot *s = snapshot_new(t->moment);

	for (size_t i = 0; i < t->rows; i++) {
		const struct told_row *from = &t->row[i];
		struct row *row = snapshot_row(s, from->table, from->key);

		for (size_t k = from->first; k < from->first + from->cells; k++)
			row->cell[t->column[k]] = cell_copy(
			    s, &table_kinds[from->table].column[t->column[k]], t->cell[k]);
	}
	return s;
}

static bool has_cell(const struct told *t, const struct told_row *row, int column)
{
	for (size_t k = row->first; k < row->first + row->cells; k++)
		if (t->column[k] == column)
			return true;
	return false;
}

static void merge_cell(struct snapshot *into, struct cell *own, const struct column *c,
    struct cell cell, uint64_t stale_ns)
{
	if (cell.state == STATE_OK && into->moment.mono_ns > cell.at_ns + stale_ns)
		cell.state = STATE_STALE;
	/* What the fast lane knows now is better than what a slow one knew. */
	if (cell.state == STATE_STALE && own->state == STATE_OK)
		return;
	*own = cell_copy(into, c, cell);
}

void told_merge(const struct told *t, struct snapshot *into, uint64_t stale_ns)
{
	for (size_t i = 0; i < t->rows; i++) {
		const struct told_row *from = &t->row[i];
		bool is_named = from->table == TABLE_DOMAIN && has_cell(t, from, DOMAIN_NAME);
		struct row *row = snapshot_target(into, from->table, from->key, is_named);

		for (size_t k = from->first; row && k < from->first + from->cells; k++)
			merge_cell(into, &row->cell[t->column[k]],
			    &table_kinds[from->table].column[t->column[k]], t->cell[k], stale_ns);
	}
}
