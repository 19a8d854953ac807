/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a page on the canvas. */
#include <stdio.h>
#include <string.h>

#include "base/sanitize.h"
#include "views/advice.h"
#include "views/filter.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

#define LABEL_MAX 22
#define LABEL_MAX_WIDE 34
#define VALUE_WIDTH 11
#define VALUE_WIDTH_WIDE 13
#define WIDE_COLS 110
/* Long values of pairs begin behind the same width of labels. */
#define WIDE_LABEL 8

const char *figure_text(const struct figure *f)
{
	return f->foreign ? f->foreign : f->text;
}

/* A column of one cell shows what a state begins with; what does not answer shouts. */
static void letter_of(const char *text, struct figure *ret)
{
	bool stuck = strcmp(text, "stuck") == 0;

	ret->text[0] = (char)(stuck ? '!' : *text);
	if (*text >= 'a' && *text <= 'z' && !stuck)
		ret->text[0] = (char)(*text - 'a' + 'A');
	ret->text[1] = '\0';
	if (stuck)
		ret->style = STYLE_CRIT;
}

static enum style style_of(enum state state, bool zero)
{
	if (state == STATE_STALE)
		return STYLE_STALE;
	return zero ? STYLE_DIM : STYLE_NORMAL;
}

static void figure_of_text(const struct cell *cell, int width, struct figure *ret)
{
	ret->align = ALIGN_LEFT;
	ret->style = style_of(cell->state, false);
	if (width == 1)
		letter_of(cell->text, ret);
	else
		ret->foreign = cell->text;
}

void figure_of_nothing(const struct page *p, const struct column *column, struct figure *ret)
{
	snprintf(
	    ret->text, sizeof(ret->text), "%s", page_awaits(p, column_needs(column)) ? "." : "-");
	ret->foreign = NULL;
	ret->style = STYLE_DIM;
}

void figure_of_cell(const struct page *p, const struct column *column, const struct cell *cell,
    int width, struct figure *ret)
{
	enum state state = cell_state(column, cell);
	bool has = state == STATE_OK || state == STATE_STALE;
	double v;

	*ret = (struct figure){ .align = ALIGN_RIGHT };
	if (has && column->kind == KIND_TEXT && cell->text && *cell->text) {
		figure_of_text(cell, width, ret);
	} else if (column->kind != KIND_TEXT && cell_value(column, cell, &v)) {
		format_value(column, v, width, ret->text);
		ret->style =
		    style_of(state, column->unit != UNIT_NONE && v < 0.0005 && v > -0.0005);
	} else if (state == STATE_ABSENT) {
		figure_of_nothing(p, column, ret);
		ret->align = column->kind == KIND_TEXT ? ALIGN_LEFT : ALIGN_RIGHT;
	} else {
		const char *missing = has ? "" : format_missing(column, cell, width);

		snprintf(ret->text, sizeof(ret->text), "%s", missing);
		ret->align = column->kind == KIND_TEXT ? ALIGN_LEFT : ALIGN_RIGHT;
		ret->style = state == STATE_STUCK ? STYLE_WARN : STYLE_DIM;
	}
}

/* The row that a field shows: the line's own, or the same owner's in another table. */
static const struct row *row_of(
    const struct page *p, const struct line *line, const struct field *f)
{
	if (!f->joined)
		return line->row;
	return snapshot_find(p->now, f->table, key_of(line->row->key, f->item));
}

static void figure_of(
    const struct page *p, const struct line *line, const struct field *f, struct figure *ret)
{
	const struct part *part = line->pane->part;
	const struct row *row;

	*ret = (struct figure){ .align = ALIGN_RIGHT };
	if (part->figure && part->figure(p, line, f, ret))
		return;
	row = row_of(p, line, f);
	if (!row) {
		figure_of_nothing(p, f->column, ret);
		return;
	}
	figure_of_cell(p, f->column, &row->cell[f->number], f->width, ret);
	if (cell_state(f->column, &row->cell[f->number]) == STATE_ABSENT &&
	    page_awaits_guest(p, line_domain(line), column_needs(f->column)))
		snprintf(ret->text, sizeof(ret->text), ".");
	if (f->width > 1)
		ret->mark = mark_in(p->now, f->table, row, f->number);
	if (f == line->pane->field && ret->style == STYLE_NORMAL && ret->foreign &&
	    line_domain(line))
		ret->style = STYLE_DOMAIN;
}

/* Shows where the word that is searched for stands. */
static void mark_match(
    const struct page *p, struct canvas *c, int y, const struct field *f, const char *text)
{
	const char *at = text_find(text, p->ui->search);
	int x, width;

	if (!at)
		return;
	x = text_width(text) - text_width(at);
	width = text_width(at) - text_width(at + strlen(p->ui->search));
	if (x + width > f->width)
		width = f->width - x;
	if (width > 0)
		canvas_style(c, y, f->x + x, width, STYLE_MATCH);
}

static bool is_stuck(const struct line *line)
{
	return line->table == TABLE_DOMAIN && cell_has(line->row, DOMAIN_STUCK);
}

/* The sign stands in the gap behind the figure; at the edge, where there is none, before it. */
static void draw_figure(const struct page *p, const struct field *f, const struct figure *figure,
    struct canvas *c, int y)
{
	enum style style = mark_style(figure->mark, figure->style);
	int x = f->x + f->width;

	canvas_text(c, y, f->x, f->width, style, figure->align, figure_text(figure));
	if (x >= p->cols)
		x = f->x - 1 +
		    (figure->align == ALIGN_RIGHT ? f->width - text_width(figure_text(figure)) : 0);
	if (figure->mark != MARK_NONE)
		canvas_text(c, y, x, 1, style, ALIGN_LEFT, mark_sign(figure->mark));
}

static void draw_row(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected)
{
	const struct pane *pane = line->pane;

	if (is_stuck(line))
		canvas_text(c, y, 0, 1, STYLE_CRIT, ALIGN_LEFT, MARK_SIGN);
	if (memory_shortage(p, line) > 0)
		canvas_text(c, y, 0, 1, STYLE_WARN, ALIGN_LEFT, MARK_SIGN);
	for (int i = 0; i < pane->fields; i++) {
		struct figure figure;

		figure_of(p, line, &pane->field[i], &figure);
		draw_figure(p, &pane->field[i], &figure, c, y);
	}
	if (selected)
		canvas_select(c, y, 0, p->cols);
	for (int i = 0; i < pane->fields && p->ui->search[0]; i++)
		if (line->table == pane->field[i].table &&
		    column_is_searched(&table_kinds[line->table], pane->field[i].number))
			mark_match(
			    p, c, y, &pane->field[i], cell_text(line->row, pane->field[i].number));
}

/* The sign stands in the gap where figures have none, so that no head moves. */
static void draw_sort_sign(
    const struct pane *pane, const struct field *f, bool text, struct canvas *c, int y)
{
	bool down = pane->state->invert == (text || f->column->unit == UNIT_NONE);
	int x = text ? f->x + text_width(f->title) : f->x + f->width - text_width(f->title) - 1;

	/* In ASCII a triangle would be a 'v', and the head read "vCPU%"; "-" would be a sign. */
	if (canvas_unicode(c))
		canvas_text(c, y, x, 1, STYLE_HEADER_SORT, ALIGN_LEFT, down ? "▼" : "▲");
	else
		canvas_text(c, y, x, 1, STYLE_HEADER_SORT, ALIGN_LEFT, down ? "*" : "^");
}

static void draw_heads(const struct pane *pane, struct canvas *c, int y)
{
	canvas_fill(c, y, 1, STYLE_HEADER);
	for (int i = 0; i < pane->fields; i++) {
		const struct field *f = &pane->field[i];
		bool text = f->column->kind == KIND_TEXT;

		canvas_text(c, y, f->x, f->width, f->sorted ? STYLE_HEADER_SORT : STYLE_HEADER,
		    text ? ALIGN_LEFT : ALIGN_RIGHT, f->title);
		if (f->sorted)
			draw_sort_sign(pane, f, text, c, y);
	}
}

static void draw_title(const struct page *p, const struct line *line, struct canvas *c, int y)
{
	int width = text_width(line->text);

	canvas_hline(c, y, 0, p->cols, STYLE_BORDER);
	canvas_text(c, y, MARGIN, width + 2, STYLE_TITLE, ALIGN_LEFT, "");
	canvas_text(c, y, MARGIN + 1, width, STYLE_TITLE, ALIGN_LEFT, line->text);
}

/* The widest name of a fact on the page. */
static int label_width(const struct page *p)
{
	int most = p->cols >= WIDE_COLS ? LABEL_MAX_WIDE : LABEL_MAX, widest = 0;

	for (int i = 0; i < p->lines; i++)
		if (p->line[i].kind == LINE_FACT && text_width(p->line[i].label) > widest)
			widest = text_width(p->line[i].label);
	return widest < most ? widest : most;
}

/* What stands behind a figure that ends before @x. */
static void draw_unit(
    struct canvas *c, int y, int x, const char *unit, enum mark mark, enum style style)
{
	if (*unit) {
		canvas_text(c, y, x + 1, UNIT_WIDTH, style, ALIGN_LEFT, unit);
		x += 1 + text_width(unit);
	}
	if (mark != MARK_NONE)
		canvas_text(c, y, x, 1, style, ALIGN_LEFT, mark_sign(mark));
}

static void draw_fact(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected)
{
	int label = label_width(p);
	int value = p->cols >= WIDE_COLS ? VALUE_WIDTH_WIDE : VALUE_WIDTH;
	int unit = MARGIN + label + 1 + value + 1, text = unit + UNIT_WIDTH + 2;
	enum style style = mark_style(line->mark, line->style);

	canvas_text(c, y, MARGIN, label, STYLE_LABEL, ALIGN_LEFT, line->label);
	canvas_text(c, y, MARGIN + label + 1, value, style, ALIGN_RIGHT, line->value);
	draw_unit(c, y, unit - 1, line->unit, line->mark, style);
	canvas_text(c, y, text, p->cols - text, STYLE_DIM, ALIGN_LEFT, line->text);
	if (selected)
		canvas_select(c, y, 0, p->cols);
}

/* Figures stand below figures, and units below units. */
static void draw_pair_value(const struct pair *pair, int label, struct canvas *c, int y)
{
	enum style style = mark_style(pair->mark, pair->style);
	int x = pair->x + label + 1, end = pair->x + pair->width - PAIR_UNIT_WIDTH;

	if (pair->wide) {
		canvas_text(c, y, x, pair->x + pair->width - x, style, ALIGN_LEFT, pair->value);
		return;
	}
	canvas_text(c, y, x, end - x, style, ALIGN_RIGHT, pair->value);
	draw_unit(c, y, end, pair->unit, pair->mark, style);
}

static void draw_pairs(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected)
{
	for (int i = 0; i < line->pairs; i++) {
		const struct pair *pair = &line->pair[i];
		int label = text_width(pair->label);
		int most = pair->width - PAIR_UNIT_WIDTH - 1 - text_width(pair->value);

		if (pair->wide && label < WIDE_LABEL)
			label = WIDE_LABEL;
		/* The figure comes first; the name takes what it leaves. */
		if (!pair->wide && label > most)
			label = most > 0 ? most : 0;
		canvas_text(c, y, pair->x, label, STYLE_LABEL, ALIGN_LEFT, pair->label);
		draw_pair_value(pair, label, c, y);
	}
	if (selected)
		canvas_select(c, y, 0, p->cols);
}

void line_draw(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected)
{
	if (selected)
		canvas_set_cursor(c, y, 0);
	switch (line->kind) {
	case LINE_TITLE:
		draw_title(p, line, c, y);
		break;
	case LINE_COLUMNS:
		draw_heads(line->pane, c, y);
		break;
	case LINE_ROW:
		draw_row(p, line, c, y, selected);
		break;
	case LINE_FACT:
		draw_fact(p, line, c, y, selected);
		break;
	case LINE_PAIRS:
		draw_pairs(p, line, c, y, selected);
		break;
	case LINE_TREND:
		trend_draw(p, line, c, y, selected);
		break;
	case LINE_RECORD:
		journal_draw(p, line, c, y, selected);
		break;
	case LINE_NOTE:
		canvas_text(c, y, MARGIN, p->cols - MARGIN, line->style, ALIGN_LEFT, line->text);
		if (selected)
			canvas_select(c, y, 0, p->cols);
		break;
	}
}
