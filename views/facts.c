/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A single row as a list of facts, or as pairs of a name and a figure. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/sanitize.h"
#include "views/advice.h"
#include "views/page.h"
#include "views/table_view.h"
#include "views/unit.h"

/* Pairs stand in a grid of such cells: a name, a figure, its unit, a gap. */
#define PAIR_WIDTH 24
#define PAIR_GAP 2
/* Behind a longer name there is no room for "10.5k" and its unit. */
#define PAIR_LABEL 14
#define FACT_WIDTH 13
/* A value on several cells stands behind a label of its own width or more. */
#define WIDE_LABEL_ROOM 4

const struct row *pane_only_row(const struct page *p, const struct pane *pane)
{
	const struct table *t = &p->now->table[pane->part->table];

	for (size_t i = 0; i < t->n; i++)
		if (!pane->part->takes || pane->part->takes(p, t->row[i]))
			return t->row[i];
	return NULL;
}

/* This host has no such thing: not worth a line. What may still come keeps its place. */
static bool is_absent(
    const struct page *p, const struct pane *pane, int column, const struct cell *cell)
{
	const struct column *c = &table_kinds[pane->part->table].column[column];
	bool awaited = page_awaits(p, column_needs(c));

	if (awaited && ((p->unheard & column_needs(c)) || p->ui->seen[pane->part->table][column]))
		return false;
	if (c->kind == KIND_TEXT && cell->state == STATE_OK && !*cell->text)
		return true;
	return cell_state(c, cell) == STATE_ABSENT;
}

/* Also before there is a snapshot to show. */
void pane_needs_all(struct pane *pane)
{
	for (int i = 0; i < pane->state->columns; i++)
		pane->needs |=
		    column_needs(&table_kinds[pane->part->table].column[pane->state->column[i]]);
}

static const char *stripped(const char *name, const char *prefix)
{
	size_t len = prefix ? strlen(prefix) : 0;

	return len && strncmp(name, prefix, len) == 0 ? name + len : name;
}

static const char *keep(struct page *p, const struct figure *f)
{
	return f->foreign ? f->foreign : page_printf(p, "%s", f->text);
}

void pane_build_facts(struct page *p, struct pane *pane)
{
	const struct table_kind *kind = &table_kinds[pane->part->table];
	const struct row *row = pane_only_row(p, pane);
	bool any = false;

	if (pane->part->title)
		page_add(p, pane, LINE_TITLE)->text = pane->part->title;
	for (int i = 0; row && i < pane->state->columns; i++) {
		int column = pane->state->column[i];
		const struct column *c = &kind->column[column];
		struct figure figure;
		struct line *line;

		if (is_absent(p, pane, column, &row->cell[column]))
			continue;
		figure_of_cell(p, c, &row->cell[column], FACT_WIDTH, &figure);
		line = page_add(p, pane, LINE_FACT);
		line->label = stripped(c->name, pane->part->strip);
		line->value = keep(p, &figure);
		line->unit = unit_sign(c, &row->cell[column]);
		line->mark = mark_in(p->now, pane->part->table, row, column);
		line->text = c->help;
		line->style = figure.style;
		line->id.number = column + 1;
		any = true;
	}
	if (!any)
		page_add_empty(p, pane);
}

/* "swap total": heads of columns are too short to be read alone. */
const char *pair_label(struct page *p, const struct column *c)
{
	const char *name = c->name;
	char *label = arena_alloc(p->arena, strlen(name) + 1);

	for (size_t i = 0; name[i]; i++)
		label[i] = (char)(name[i] == '_' ? ' ' : name[i]);
	return label;
}

/* Where a name leaves its figure no room its longest words give way. */
static const char *short_label(struct page *p, const char *label)
{
	static const struct {
		const char *word, *shorter;
	} words[] = {
		{ "context ", "ctxt " },
		{ "halt poll ", "poll " },
		{ "huge page ", "hpage " },
		{ " available", " avail" },
		{ " balancing", " bal." },
		{ " maximum", " max" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(label, words[i].word);

		if (text_width(label) > PAIR_LABEL && at)
			return page_printf(p, "%.*s%s%s", (int)(at - label), label,
			    words[i].shorter, at + strlen(words[i].word));
	}
	return label;
}

struct grid {
	struct line *line;
	struct pair *pair;
	int cells, used, lines;
};

/* A text that is too long for one cell takes several. */
static int cells_of(const struct pair *pair)
{
	int wanted = text_width(pair->label) + 1 + text_width(pair->value);

	/* A figure grows and shrinks: its neighbours shall not move for it. */
	if (!pair->wide)
		return 1;
	/* In a single cell the place of units stays free behind it. */
	if (wanted > PAIR_WIDTH - PAIR_UNIT_WIDTH)
		wanted += WIDE_LABEL_ROOM;
	return (wanted + PAIR_GAP + PAIR_WIDTH + PAIR_GAP - 1) / (PAIR_WIDTH + PAIR_GAP);
}

static void grid_add(
    struct page *p, struct pane *pane, const struct row *row, struct grid *g, struct pair pair)
{
	int cells = cells_of(&pair);

	if (cells > g->cells)
		cells = g->cells;
	if (!g->line || g->used + cells > g->cells) {
		g->line = page_add(p, pane, LINE_PAIRS);
		g->pair = arena_alloc(p->arena, (size_t)g->cells * sizeof(*g->pair));
		g->line->pair = g->pair;
		g->line->row = row;
		g->line->table = pane->part->table;
		g->line->id.number = ++g->lines;
		g->used = 0;
	}
	pair.wide = pair.wide && cells > 1;
	pair.x = MARGIN + g->used * (PAIR_WIDTH + PAIR_GAP);
	pair.width = cells * (PAIR_WIDTH + PAIR_GAP) - PAIR_GAP;
	g->used += cells;
	g->pair[g->line->pairs++] = pair;
}

static bool has_pairs(const struct page *p, const struct pane *pane, const struct row *row)
{
	for (int i = 0; i < pane->state->columns; i++)
		if (!is_absent(p, pane, pane->state->column[i], &row->cell[pane->state->column[i]]))
			return true;
	return false;
}

void pane_build_pairs(struct page *p, struct pane *pane)
{
	const struct table_kind *kind = &table_kinds[pane->part->table];
	const struct row *row = pane_only_row(p, pane);
	struct grid grid = { .cells = (p->cols - MARGIN + PAIR_GAP) / (PAIR_WIDTH + PAIR_GAP) };

	if (grid.cells < 1)
		grid.cells = 1;
	if (row && !has_pairs(p, pane, row))
		return;
	if (pane->part->title)
		page_add(p, pane, LINE_TITLE)->text = pane->part->title;
	for (int i = 0; row && i < pane->state->columns; i++) {
		int column = pane->state->column[i];
		const struct column *c = &kind->column[column];
		struct figure figure;

		if (is_absent(p, pane, column, &row->cell[column]))
			continue;
		figure_of_cell(p, c, &row->cell[column], FACT_WIDTH, &figure);
		grid_add(p, pane, row, &grid,
		    (struct pair){
			.label = c->kind == KIND_TEXT ? pair_label(p, c)
						      : short_label(p, pair_label(p, c)),
			.value = keep(p, &figure),
			.unit = unit_sign(c, &row->cell[column]),
			.style = figure.style,
			.mark = mark_in(p->now, pane->part->table, row, column),
			.wide = c->kind == KIND_TEXT,
		    });
	}
	if (!row)
		page_add_empty(p, pane);
}
