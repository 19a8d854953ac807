/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/table_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/parse.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "views/advice.h"
#include "views/page.h"

#define DEFAULT_WEIGHT 50
/* What the user asked for stays longest, but for the first column: it says who the row is. */
#define ADDED_WEIGHT 1000
#define FIRST_WEIGHT 2000
/* Names may be this wide on 80 columns, and more on wider screens. */
#define NAME_COLS 80
#define NARROW_COLS 60
#define NARROW_NAME 12
#define TEXT_WIDTH_MOST 120
#define SEARCHED_WIDTH 15
/* A column of texts that is so wide holds sentences. */
#define SENTENCE_WIDTH 30

void part_state_init(struct part_state *state, const struct part *part)
{
	const struct table_kind *kind = &table_kinds[part->table];
	struct cursor names;
	struct slice name;

	*state = (struct part_state){ .sort = -1 };
	state->column = xcalloc((size_t)kind->columns, sizeof(*state->column));
	state->added = xcalloc((size_t)kind->columns, sizeof(*state->added));
	state->kept = xcalloc((size_t)kind->columns, sizeof(*state->kept));
	state->width = xcalloc((size_t)kind->columns, sizeof(*state->width));
	if (part->sort)
		state->sort = column_find_name(kind, part->sort);
	if (!part->columns)
		return;
	cursor_init(&names, part->columns, strlen(part->columns));
	while (cursor_field(&names, &name)) {
		char buf[64];
		int column;

		slice_copy(name, buf, sizeof(buf));
		column = column_find_name(kind, buf);
		if (column >= 0 && !part_state_has(state, column))
			state->column[state->columns++] = column;
	}
}

void part_state_enter(struct part_state *state, const struct part *part)
{
	if (state->kept)
		memset(state->kept, 0,
		    (size_t)table_kinds[part->table].columns * sizeof(*state->kept));
}

void part_state_done(struct part_state *state)
{
	free(state->column);
	free(state->added);
	free(state->kept);
	free(state->width);
	*state = (struct part_state){ 0 };
}

static int place_of(const struct part_state *state, int column)
{
	for (int i = 0; i < state->columns; i++)
		if (state->column[i] == column)
			return i;
	return -1;
}

bool part_state_has(const struct part_state *state, int column)
{
	return place_of(state, column) >= 0;
}

void part_state_show(struct part_state *state, int column)
{
	if (place_of(state, column) < 0)
		state->column[state->columns++] = column;
	state->added[column] = true;
}

void part_state_hide(struct part_state *state, int column)
{
	int at = place_of(state, column);

	if (at < 0 || state->columns == 1)
		return;
	state->added[column] = false;
	memmove(&state->column[at], &state->column[at + 1],
	    (size_t)(state->columns - at - 1) * sizeof(*state->column));
	state->columns--;
}

bool pane_shows(const struct pane *pane, int column)
{
	for (int i = 0; i < pane->fields; i++)
		if (pane->field[i].number == column && !pane->field[i].joined)
			return true;
	return false;
}

bool column_is_searched(const struct table_kind *kind, int column)
{
	return kind->column[column].kind == KIND_TEXT &&
	       (column < kind->identity || kind->column[column].width >= SEARCHED_WIDTH);
}

/*
 * A column of which this host has nothing is left out. One that was shown because its source had
 * not answered yet stays for this visit: nothing moves under the eyes of who reads.
 */
static bool is_useless(const struct page *p, const struct pane *pane, int column)
{
	enum table_id t = pane->part->table;

	return p->now && p->now->table[t].n > 0 && !pane->state->added[column] &&
	       !pane->state->kept[column] && !p->ui->seen[t][column] &&
	       !(p->unheard & column_needs(&table_kinds[t].column[column]));
}

static int weight_of(const struct pane *pane, int column)
{
	const struct column *c = &table_kinds[pane->part->table].column[column];

	if (column == pane->state->column[0])
		return FIRST_WEIGHT;
	/* Nobody could tell by what the rows are sorted if its column were the one to leave. */
	if (pane->state->added[column] || column == pane->state->sort)
		return ADDED_WEIGHT;
	return c->weight ? c->weight : DEFAULT_WEIGHT;
}

static void measure_texts(const struct page *p, const struct pane *pane, int column)
{
	const struct table *t = &p->now->table[pane->part->table];
	short *widest = &pane->state->width[column];

	for (size_t i = 0; i < t->n && *widest < TEXT_WIDTH_MOST; i++) {
		int width = text_width(cell_text(t->row[i], column));

		if (width > *widest)
			*widest = (short)(width < TEXT_WIDTH_MOST ? width : TEXT_WIDTH_MOST);
	}
}

int pane_text_width(const struct page *p, const struct pane *pane, int column, int most)
{
	int least = table_kinds[pane->part->table].column[column].width, width;

	if (least > most)
		least = most;
	if (!p->now)
		return least;
	measure_texts(p, pane, column);
	width = pane->state->width[column];
	return width < least ? least : width > most ? most : width;
}

static bool is_text(const struct pane *pane, int column)
{
	return table_kinds[pane->part->table].column[column].kind == KIND_TEXT;
}

/* The width that a column has before what is left over is given away. */
static int first_width(const struct page *p, const struct pane *pane, int column)
{
	int width = table_kinds[pane->part->table].column[column].width;

	if (column != pane->state->column[0] || !is_text(pane, column))
		return width;
	if (p->cols < NARROW_COLS && width > NARROW_NAME)
		return NARROW_NAME;
	return pane_text_width(
	    p, pane, column, width + (p->cols > NAME_COLS ? (p->cols - NAME_COLS) / 4 : 0));
}

/* What a column of texts would like to have more; a letter for a word stays a letter. */
static int lacking_width(const struct page *p, const struct pane *pane, const int *width, int i)
{
	int column = pane->state->column[i];

	if (width[i] <= 1 || !is_text(pane, column))
		return 0;
	return pane_text_width(p, pane, column, TEXT_WIDTH_MOST) - width[i];
}

static bool holds_sentences(const struct pane *pane, int i)
{
	return table_kinds[pane->part->table].column[pane->state->column[i]].width >=
	       SENTENCE_WIDTH;
}

/* What is left over: names have it first, sentences share what they leave. */
static void give_rest(const struct page *p, const struct pane *pane, int *width, int rest)
{
	bool gave = true;

	for (int i = 0; i < pane->state->columns && rest > 0; i++) {
		int wanted = holds_sentences(pane, i) ? 0 : lacking_width(p, pane, width, i);

		if (wanted > rest)
			wanted = rest;
		if (wanted > 0) {
			width[i] += wanted;
			rest -= wanted;
		}
	}
	while (gave && rest > 0) {
		gave = false;
		for (int i = 0; i < pane->state->columns && rest > 0; i++)
			if (holds_sentences(pane, i) && lacking_width(p, pane, width, i) > 0) {
				width[i]++;
				rest--;
				gave = true;
			}
	}
}

/* The sign of a mark must not touch a word behind it; figures leave it room enough. */
static bool has_sign(const struct pane *pane, int at, int next)
{
	return next < pane->state->columns && is_text(pane, pane->state->column[next]) &&
	       mark_may_come(pane->part->table, pane->state->column[at]);
}

/* Widths by place; 0: no room. */
static int *choose_widths(struct page *p, struct pane *pane)
{
	const struct table_kind *kind = &table_kinds[pane->part->table];
	const struct part_state *state = pane->state;
	int *width = arena_alloc(p->arena, (size_t)state->columns * sizeof(*width));
	bool *done = arena_alloc(p->arena, (size_t)state->columns * sizeof(*done));
	int rest = p->cols - MARGIN + 1;

	for (int k = 0; k < state->columns; k++) {
		int best = -1, wanted, sign;

		for (int i = 0; i < state->columns; i++)
			if (!done[i] && (best < 0 || weight_of(pane, state->column[i]) >
							 weight_of(pane, state->column[best])))
				best = i;
		done[best] = true;
		wanted = first_width(p, pane, state->column[best]);
		sign = has_sign(pane, best, best + 1);
		if (wanted + 1 + sign > rest)
			continue;
		/* Also of a useless one: only its source can tell that it stays so. */
		pane->needs |= column_needs(&kind->column[state->column[best]]);
		if (is_useless(p, pane, state->column[best]))
			continue;
		pane->state->kept[state->column[best]] |= p->now != NULL;
		width[best] = wanted;
		rest -= wanted + 1 + sign;
	}
	give_rest(p, pane, width, rest);
	return width;
}

void pane_fields_begin(struct page *p, struct pane *pane, int n)
{
	pane->field = arena_alloc(p->arena, (size_t)(n > 0 ? n : 1) * sizeof(*pane->field));
	pane->fields = 0;
}

int pane_fields_width(const struct pane *pane)
{
	const struct field *last = pane->fields ? &pane->field[pane->fields - 1] : NULL;

	return last ? last->x + last->width + 1 : MARGIN;
}

struct field *pane_field_add(struct pane *pane, enum table_id t, int column, int width)
{
	int x = pane_fields_width(pane);
	struct field *f = &pane->field[pane->fields++];

	pane->needs |= column_needs(&table_kinds[t].column[column]);
	*f = (struct field){
		.column = &table_kinds[t].column[column],
		.title = table_kinds[t].column[column].title,
		.table = t,
		.number = column,
		.x = x,
		.width = width,
		.joined = t != pane->part->table,
		.sorted = t == pane->part->table && column == pane->state->sort,
	};
	return f;
}

void pane_layout(struct page *p, struct pane *pane)
{
	if (pane->part->fields)
		pane->part->fields(p, pane);
	else
		pane_layout_columns(p, pane);
}

void pane_layout_columns(struct page *p, struct pane *pane)
{
	int *width = choose_widths(p, pane), last = -1;

	pane_fields_begin(p, pane, pane->state->columns);
	for (int i = 0; i < pane->state->columns; i++) {
		struct field *f;

		if (width[i] <= 0)
			continue;
		f = pane_field_add(pane, pane->part->table, pane->state->column[i], width[i]);
		if (last >= 0 && last + 1 == i && has_sign(pane, last, i))
			f->x++;
		last = i;
	}
}
