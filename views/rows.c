/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rows of a table are shown, and in which order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "views/filter.h"
#include "views/page.h"

/* A guest that uses less of a CPU does nothing that anybody would call work. */
#define IDLE_RATIO 0.005

static bool is_below(const struct row *row, enum table_id t, int column, double limit)
{
	double v;

	return cell_value(&table_kinds[t].column[column], &row->cell[column], &v) && v < limit;
}

/* A guest that does not answer is never idle: somebody must see it. */
static bool is_idle(enum table_id t, const struct row *row)
{
	if (t == TABLE_DOMAIN)
		return !cell_has(row, DOMAIN_STUCK) && is_below(row, t, DOMAIN_CPU, IDLE_RATIO);
	return t == TABLE_VCPU && is_below(row, t, VCPU_RUN, IDLE_RATIO);
}

struct order {
	const struct table_kind *kind;
	int column; /* -1: none */
	bool descending;
};

/* What looks equal is equal: otherwise rows without load change places all the time. */
static double shown(const struct column *c, double v)
{
	switch (c->show) {
	case SHOW_PERCENT:
		return round(v * 1000);
	case SHOW_SHORT:
	case SHOW_DECIMAL:
		return round(v * 10);
	default:
		return v;
	}
}

static int compare_text(const char *a, const char *b)
{
	return strverscmp(a, b); /* web2 before web10 */
}

static int compare_cell(
    const struct column *c, const struct cell *a, const struct cell *b, bool descending)
{
	double va = 0, vb = 0;
	int r;

	if (c->kind == KIND_TEXT) {
		bool has_a = a->text && *a->text && cell_state(c, a) != STATE_ABSENT;
		bool has_b = b->text && *b->text && cell_state(c, b) != STATE_ABSENT;

		if (!has_a || !has_b)
			return has_b - has_a;
		r = compare_text(a->text, b->text);
	} else {
		bool has_a = cell_value(c, a, &va), has_b = cell_value(c, b, &vb);

		if (!has_a || !has_b)
			return has_b - has_a; /* what is not known stands last, either way */
		va = shown(c, va);
		vb = shown(c, vb);
		r = (va > vb) - (va < vb);
	}
	return descending ? -r : r;
}

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;
	const struct order *order = arg;
	int r = 0;

	if (order->column >= 0)
		r = compare_cell(&order->kind->column[order->column], &a->cell[order->column],
		    &b->cell[order->column], order->descending);
	for (int i = 0; r == 0 && order->column >= 0 && i < order->kind->identity; i++)
		r = compare_cell(&order->kind->column[i], &a->cell[i], &b->cell[i], false);
	return r ? r : (a->number > b->number) - (a->number < b->number);
}

/* Figures of which more is worse begin with the largest; names and numbers of things do not. */
static bool descends(const struct column *c)
{
	return c->kind != KIND_TEXT && (c->unit != UNIT_NONE || c->kind == KIND_COUNTER);
}

const struct row **pane_rows(struct page *p, struct pane *pane, size_t *ret_n)
{
	const struct part *part = pane->part;
	const struct table *t = &p->now->table[part->table];
	const struct row **rows = arena_alloc(p->arena, (t->n + 1) * sizeof(*rows));
	struct order order = { .kind = &table_kinds[part->table], .column = pane->state->sort };
	size_t n = 0;

	pane->hidden = 0;
	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];

		if (part->takes && !part->takes(p, row))
			continue;
		if (!filter_takes(pane->filter, row) ||
		    (p->ui->hide_idle && is_idle(part->table, row)))
			pane->hidden++;
		else
			rows[n++] = row;
	}
	if (order.column >= 0)
		order.descending =
		    descends(&order.kind->column[order.column]) != pane->state->invert;
	qsort_r(rows, n, sizeof(*rows), compare_rows, &order);
	*ret_n = n;
	return rows;
}
