/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/xalloc.h"
#include "model/snapshot.h"

static void rate_cell(const struct column *c, struct cell *now, const struct cell *before)
{
	double seconds;

	if (!state_has_value(now->state)) {
		now->rate_state = now->state;
		return;
	}
	if (!before || !state_has_value(before->state)) {
		now->rate_state = STATE_FIRST;
		return;
	}
	/* Not read again since: what it was then still holds, growing old. */
	if (now->at_ns <= before->at_ns) {
		now->rate = before->rate;
		now->rate_state = before->rate_state;
		if (now->state == STATE_STALE && now->rate_state == STATE_OK)
			now->rate_state = STATE_STALE;
		return;
	}
	if (now->count < before->count) {
		now->rate_state = STATE_RESET;
		return;
	}
	seconds = (double)(now->at_ns - before->at_ns) / (double)NS_PER_SEC;
	now->rate = (double)(now->count - before->count) / seconds;
	if (c->unit == UNIT_NS || c->unit == UNIT_CPUS)
		now->rate /= (double)NS_PER_SEC;
	now->rate_state = now->state;
}

static int counters_of(const struct table_kind *kind, int *ret)
{
	int n = 0;

	for (int c = 0; c < kind->columns; c++)
		if (kind->column[c].kind == KIND_COUNTER)
			ret[n++] = c;
	return n;
}

/* Most rows stand where they stood. */
static const struct row *row_before(
    const struct snapshot *before, enum table_id id, const struct row *row)
{
	const struct table *t = &before->table[id];

	if (row->number < t->n && key_equal(t->row[row->number]->key, row->key))
		return t->row[row->number];
	return snapshot_find(before, id, row->key);
}

static void rate_table(struct snapshot *s, const struct snapshot *before, enum table_id id)
{
	const struct table_kind *kind = &table_kinds[id];
	int *counter = xcalloc((size_t)kind->columns, sizeof(*counter));
	int counters = counters_of(kind, counter);

	for (size_t i = 0; counters && i < s->table[id].n; i++) {
		struct row *row = s->table[id].row[i];
		const struct row *old = before ? row_before(before, id, row) : NULL;

		for (int k = 0; k < counters; k++) {
			int c = counter[k];

			rate_cell(&kind->column[c], &row->cell[c], old ? &old->cell[c] : NULL);
		}
	}
	free(counter);
}

static void carry_row(
    struct snapshot *s, enum table_id id, const struct row *old, struct row *domain, int column)
{
	struct row *row = snapshot_row(s, id, old->key);

	row->domain = domain;
	row->cell[column] = old->cell[column];
}

/* Where the row itself has gone, its guest has not: the figure makes it again. */
static void carry_column(struct snapshot *s, const struct snapshot *before, enum table_id id, int c)
{
	for (size_t i = 0; i < before->table[id].n; i++) {
		const struct row *old = before->table[id].row[i];
		struct row *domain;

		if (!cell_has(old, c))
			continue;
		domain = snapshot_find(s, TABLE_DOMAIN, key_of(old->key, 0));
		if (domain)
			carry_row(s, id, old, domain, c);
	}
}

static void carry_table(struct snapshot *s, const struct snapshot *before, enum table_id id)
{
	const struct table_kind *kind = &table_kinds[id];

	for (int c = 0; c < kind->columns; c++)
		if (kind->column[c].carried)
			carry_column(s, before, id, c);
}

void snapshot_rate(struct snapshot *s, const struct snapshot *before)
{
	s->interval_ns = before ? s->moment.mono_ns - before->moment.mono_ns : 0;
	for (int t = 0; t < TABLES; t++)
		rate_table(s, before, (enum table_id)t);
	for (int t = 0; before && t < TABLES; t++)
		carry_table(s, before, (enum table_id)t);
}
