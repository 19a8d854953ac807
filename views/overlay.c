/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/overlay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "views/advice.h"
#include "views/commands.h"
#include "views/filter.h"
#include "views/fix_view.h"
#include "views/foot.h"
#include "views/header.h"
#include "views/keyname.h"
#include "views/list.h"
#include "views/page.h"
#include "views/profile_view.h"
#include "views/table_view.h"
#include "views/ui.h"

#define MENU_WIDTH 60
#define TEXT_WIDTH 96
#define VALUE_WIDTH 9
/* Frame and a blank on either side. */
#define FRAME 4

void list_add(struct list *l, struct item item)
{
	l->item = xgrow(l->item, (size_t)l->n, &l->cap, sizeof(*l->item));
	l->item[l->n++] = item;
	if (!item.heading && item.label && text_width(item.label) > l->label)
		l->label = text_width(item.label);
}

void list_heading(struct list *l, const char *text)
{
	if (l->n)
		list_add(l, (struct item){ .heading = true, .label = "" });
	list_add(l, (struct item){ .heading = true, .label = text });
}

void list_pair(struct list *l, const char *label, const char *text)
{
	list_add(l, (struct item){ .label = label, .text = text });
}

static const char *sort_mark(const struct pane *pane, int column)
{
	return pane->state->sort == column ? "*" : " ";
}

static const char *column_mark(const struct pane *pane, int column)
{
	if (pane_shows(pane, column))
		return "[x]";
	return part_state_has(pane->state, column) ? "[.]" : "[ ]";
}

/* Every column of the part's table; the chosen ones bear a mark. */
static void build_menu(struct page *p, struct list *l)
{
	const struct overlay *o = &p->ui->overlay;
	const struct pane *pane = &p->pane[o->part];
	const struct table_kind *kind = &table_kinds[pane->part->table];
	bool sort = o->kind == OVERLAY_SORT;

	l->title = sort ? "Sort by" : "Columns";
	l->keys = sort ? "Letters find   Enter sorts   I inverts   Esc undoes"
		       : "Letters find  Space toggles  [.] no room  Esc closes";
	if (o->typed[0])
		l->title = page_printf(p, "%s: %s", l->title, o->typed);
	for (int i = 0; i < kind->columns; i++) {
		const char *mark = sort ? sort_mark(pane, i) : column_mark(pane, i);

		list_add(l, (struct item){
				.label = page_printf(p, "%s %s", mark, kind->column[i].title),
				.text = kind->column[i].help,
				.column = i,
			    });
	}
}

static void build_row(struct page *p, struct list *l, const struct line *line)
{
	const struct table_kind *kind = &table_kinds[line->table];
	const char *sentence = line_sentence(p, line);

	l->title = page_printf(p, "All about this %s", kind->help);
	if (*sentence)
		list_add(l, (struct item){ .text = sentence });
	for (int i = 0; i < kind->columns; i++) {
		struct figure figure;

		/* Tables of the same columns are about different things. */
		if (i < kind->identity && !p->ui->seen[line->table][i])
			continue;
		figure_of_cell(p, &kind->column[i], &line->row->cell[i], VALUE_WIDTH, &figure);
		list_add(l, (struct item){
				.label = kind->column[i].title,
				.value = figure.foreign ? figure.foreign
							: page_printf(p, "%s", figure.text),
				.style = figure.style,
				.text = kind->column[i].help,
				.column = i,
			    });
	}
}

static void build_details(struct page *p, struct list *l)
{
	const struct line *line = page_selected(p);

	l->title = "Details";
	l->keys = "Up Down PgUp PgDn scroll   any other key closes";
	if (!line)
		return;
	if (line->record)
		fix_view_record(p, l, line);
	else if (line->row)
		build_row(p, l, line);
	else
		list_pair(l, line->label ? line->label : "", line->text);
}

static void build(struct page *p, struct list *l)
{
	switch (p->ui->overlay.kind) {
	case OVERLAY_HELP:
		help_build(p, l);
		break;
	case OVERLAY_SORT:
	case OVERLAY_COLUMNS:
		build_menu(p, l);
		break;
	case OVERLAY_DETAILS:
		build_details(p, l);
		break;
	case OVERLAY_EXPLAIN:
		explain_build(p, l);
		break;
	case OVERLAY_FIX:
		fix_view_build(p, l);
		break;
	case OVERLAY_PROFILE:
	case OVERLAY_NONE:
		break;
	}
}

static bool is_menu(const struct overlay *o)
{
	return o->kind == OVERLAY_SORT || o->kind == OVERLAY_COLUMNS;
}

void overlay_open(struct ui *ui, enum overlay_kind kind, int part)
{
	struct part_state *state = &ui->state[ui->screen][part];

	ui->overlay = (struct overlay){
		.kind = kind,
		.part = part,
		.was_inverted = state->invert,
	};
	if (kind == OVERLAY_SORT && state->sort >= 0)
		ui->overlay.at = state->sort;
}

/* Lines that an item takes: its text is broken where the box ends. A long value is text, too. */
static int item_rows(const struct list *l, const struct item *item, int width)
{
	int x = l->label + 2 + (item->value ? VALUE_WIDTH + 2 : 0), n;

	if (item->heading)
		return 1;
	if (!item->label)
		return text_wrap(NULL, 0, 0, width, 0, 0, item->text) + 1;
	if (item->value && text_width(item->value) > VALUE_WIDTH)
		return text_wrap(NULL, 0, 0, width - l->label - 2, 0, 0, item->value) +
		       text_wrap(
			   NULL, 0, 0, width - l->label - 2, 0, 0, item->text ? item->text : "");
	n = text_wrap(NULL, 0, 0, width - x, 0, 0, item->text ? item->text : "");
	return n > 0 ? n : 1;
}

static int item_draw(const struct list *l, const struct item *item, struct canvas *c, int y, int x,
    int width, int rows)
{
	int at = l->label + 2;

	if (item->heading) {
		canvas_text(c, y, x, width, STYLE_TITLE, ALIGN_LEFT, item->label);
		return 1;
	}
	if (!item->label)
		return text_wrap(c, y, x, width, rows, STYLE_NORMAL, item->text) + 1;
	canvas_text(c, y, x, l->label, STYLE_LABEL, ALIGN_LEFT, item->label);
	if (item->value && text_width(item->value) > VALUE_WIDTH) {
		int n = text_wrap(c, y, x + at, width - at, rows, STYLE_NORMAL, item->value);

		return n + (n < rows ? text_wrap(c, y + n, x + at, width - at, rows - n, STYLE_DIM,
					   item->text)
				     : 0);
	}
	if (item->value) {
		canvas_text(c, y, x + at, VALUE_WIDTH, item->style, ALIGN_RIGHT, item->value);
		at += VALUE_WIDTH + 2;
	}
	return text_wrap(c, y, x + at, width - at, rows, item->value ? STYLE_DIM : STYLE_NORMAL,
	    item->text ? item->text : "");
}

struct box {
	int y, x, rows, cols;
};

/* Menus lie to the right, so that the names of rows stay in sight. */
static struct box box_of(const struct overlay *o, const struct list *l, int rows, int cols)
{
	struct box b = { .cols = is_menu(o) ? MENU_WIDTH : TEXT_WIDTH, .rows = 2 };
	/* The header and the bar stay in sight where there is room. */
	int above = rows >= 20 ? HEADER_ROWS : 0, most = rows - above - 1;

	if (b.cols > cols)
		b.cols = cols;
	for (int i = 0; i < l->n && b.rows < most; i++)
		b.rows += is_menu(o) ? 1 : item_rows(l, &l->item[i], b.cols - FRAME);
	if (b.rows > most)
		b.rows = most;
	b.y = above + (is_menu(o) ? 0 : (most - b.rows) / 2);
	b.x = is_menu(o) ? cols - b.cols : (cols - b.cols) / 2;
	return b;
}

static void draw_items(
    const struct overlay *o, const struct list *l, struct canvas *c, const struct box *b)
{
	int y = b->y + 1, end = b->y + b->rows - 1;

	for (int i = o->top; i < l->n && y < end; i++) {
		int x = b->x + 2, width = b->cols - FRAME, at = y;
		int rows = is_menu(o) ? 1 : end - y;

		y += item_draw(l, &l->item[i], c, y, x, width, rows);
		if (y == at)
			y++;
		if (is_menu(o))
			y = at + 1;
		if (is_menu(o) && i == o->at) {
			canvas_select(c, at, x, width);
			canvas_set_cursor(c, at, x);
		}
	}
}

/* What is scrolled away at either end is told in the frame. */
static void draw_frame(
    const struct overlay *o, const struct list *l, struct canvas *c, const struct box *b, bool more)
{
	canvas_box(c, b->y, b->x, b->rows, b->cols, STYLE_BORDER, l->title);
	if (o->top > 0)
		canvas_text(c, b->y, b->x + b->cols - 3, 1, STYLE_VALUE, ALIGN_LEFT, "▲");
	if (more)
		canvas_text(
		    c, b->y + b->rows - 1, b->x + b->cols - 3, 1, STYLE_VALUE, ALIGN_LEFT, "▼");
	if (l->keys && text_width(l->keys) + 8 <= b->cols)
		canvas_printf(c, b->y + b->rows - 1, b->x + 2, text_width(l->keys) + 2, STYLE_DIM,
		    ALIGN_LEFT, " %s ", l->keys);
}

/* The topmost item with which the rest still fills the box. */
static int last_top(const struct overlay *o, const struct list *l, const struct box *b)
{
	int room = b->rows - 2, top = l->n;

	while (top > 0) {
		int rows = is_menu(o) ? 1 : item_rows(l, &l->item[top - 1], b->cols - FRAME);

		if (rows > room)
			break;
		room -= rows;
		top--;
	}
	return top < l->n ? top : l->n - 1;
}

static void scroll(struct overlay *o, const struct list *l, const struct box *b)
{
	int last = last_top(o, l, b), room = b->rows - 2;

	if (is_menu(o)) {
		if (o->at >= l->n)
			o->at = l->n - 1;
		if (o->at < 0)
			o->at = 0;
		if (o->top > o->at)
			o->top = o->at;
		if (room > 0 && o->at >= o->top + room)
			o->top = o->at - room + 1;
	}
	if (o->top > last)
		o->top = last;
	if (o->top < 0)
		o->top = 0;
}

void overlay_draw(struct page *p, struct canvas *c)
{
	struct overlay *o = &p->ui->overlay;
	struct list l = { .n = 0 };
	struct box b;

	if (o->kind == OVERLAY_NONE)
		return;
	if (o->kind == OVERLAY_PROFILE) {
		profile_view_draw(p, c);
		return;
	}
	build(p, &l);
	b = box_of(o, &l, canvas_rows(c), canvas_cols(c));
	scroll(o, &l, &b);
	draw_frame(o, &l, c, &b, o->top < last_top(o, &l, &b));
	draw_items(o, &l, c, &b);
	free(l.item);
}

/* So many items fill the box from the topmost one on, or end before it: what was cut off at the
 * end begins the next page. */
static int items_of_page(
    const struct overlay *o, const struct list *l, const struct box *b, int way)
{
	int room = b->rows - 2, n = 0;

	for (int i = way > 0 ? o->top : o->top - 1; i >= 0 && i < l->n; i += way) {
		room -= item_rows(l, &l->item[i], b->cols - FRAME);
		if (room < 0)
			break;
		n++;
	}
	return n > 0 ? n : 1;
}

/* As many lines as the window has, or where they take several rows each, what is seen of them. */
static int page_of(const struct ui *ui, struct page *p, int way)
{
	const struct overlay *o = &ui->overlay;
	struct list l = { .n = 0 };
	struct box b;
	int n;

	if (is_menu(o) || o->kind == OVERLAY_PROFILE)
		return ui->rows > 6 ? ui->rows - 6 : 1;
	build(p, &l);
	b = box_of(o, &l, ui->rows, ui->cols);
	n = items_of_page(o, &l, &b, way);
	free(l.item);
	return n;
}

static int step_of(const struct ui *ui, struct page *p, const char *key)
{
	static const struct {
		const char *key;
		int lines, pages;
	} steps[] = {
		{ "Up", -1, 0 },
		{ "k", -1, 0 },
		{ "Down", 1, 0 },
		{ "j", 1, 0 },
		{ "PgUp", 0, -1 },
		{ "PgDn", 0, 1 },
		{ "Home", -10000, 0 },
		{ "g", -10000, 0 },
		{ "End", 10000, 0 },
		{ "G", 10000, 0 },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(steps[i].key, key) == 0)
			return steps[i].pages ? steps[i].pages * page_of(ui, p, steps[i].pages)
					      : steps[i].lines;
	return 0;
}

void note_sort(struct ui *ui, const struct pane *pane)
{
	const struct column *c = &table_kinds[pane->part->table].column[pane->state->sort];

	sort_sentence(c, ui->cols - HIDDEN_WIDTH, ui->note);
}

/* The column that the word is the beginning of, or else a part; -1: none. From @from on, and round.
 */
static int find_typed(const struct table_kind *kind, const char *word, int from)
{
	for (int part = 0; part < 2; part++)
		for (int i = 0; i < kind->columns; i++) {
			int column = (from + i) % kind->columns;
			const char *name = kind->column[column].name;
			const char *title = kind->column[column].title;

			if (part ? text_find(name, word) || text_find(title, word)
				 : text_find(name, word) == name || text_find(title, word) == title)
				return column;
		}
	return -1;
}

/* Letters typed one after the other lead to the column that they begin; those that lead nowhere
 * begin anew. */
static unsigned type_ahead(struct overlay *o, const struct table_kind *kind, const char *key)
{
	const char *letter = keyname_text(key);
	char word[sizeof(o->typed)];
	int found;

	if (strcmp(key, "Backspace") == 0) {
		size_t len = strlen(o->typed);

		o->typed[len ? len - 1 : 0] = '\0';
		return UI_REDRAW;
	}
	if (strlen(letter) != 1)
		return 0;
	snprintf(word, sizeof(word), "%s%s", o->typed, letter);
	found = find_typed(kind, word, o->at);
	if (found < 0) {
		snprintf(word, sizeof(word), "%s", letter);
		/* The same letter again leads on to the next. */
		found = find_typed(kind, word, o->at + 1);
	}
	if (found < 0)
		return 0;
	memcpy(o->typed, word, sizeof(word));
	o->at = found;
	return UI_REDRAW;
}

static bool closes_menu(const struct overlay *o, const char *key)
{
	return strcmp(key, "Esc") == 0 || strcmp(key, "F2") == 0 || strcmp(key, "F6") == 0 ||
	       (strcmp(key, "q") == 0 && !o->typed[0]);
}

static unsigned menu_key(struct ui *ui, const struct pane *pane, const char *key)
{
	struct part_state *state = pane->state;
	struct overlay *o = &ui->overlay;
	bool chosen = strcmp(key, "Enter") == 0 || strcmp(key, "Space") == 0;

	if (o->kind == OVERLAY_COLUMNS && chosen) {
		if (pane_shows(pane, o->at) || state->added[o->at])
			part_state_hide(state, o->at);
		else
			part_state_show(state, o->at);
		return UI_REDRAW;
	}
	/* Titles are printed in capitals, and typed so: "WAIT". */
	if (o->kind == OVERLAY_SORT && strcmp(key, "I") == 0 && !o->typed[0]) {
		state->invert = !state->invert;
		return UI_REDRAW;
	}
	if (o->kind == OVERLAY_SORT && chosen) {
		if (state->sort != o->at)
			state->invert = false;
		state->sort = o->at;
		note_sort(ui, pane);
	} else if (!closes_menu(o, key)) {
		return type_ahead(o, &table_kinds[pane->part->table], key);
	} else {
		state->invert = o->was_inverted;
	}
	o->kind = OVERLAY_NONE;
	return UI_REDRAW;
}

unsigned overlay_key(struct ui *ui, struct page *p, const char *key)
{
	struct overlay *o = &ui->overlay;
	/* In a menu letters are typed. */
	bool named = !is_menu(o) || strlen(key) > 1;
	int step = named ? step_of(ui, p, key) : 0;
	int n = table_kinds[p->screen->part[o->part].table].columns;

	/* The bar goes on to name the screens. */
	if (o->kind == OVERLAY_PROFILE && strlen(key) == 1 && strchr("1234567890", *key)) {
		o->kind = OVERLAY_NONE;
		return UI_PROFILE_STOP | command_find(p, key)->run(ui, p, key);
	}
	if (o->kind == OVERLAY_PROFILE && !step)
		return profile_view_key(ui, key);
	if (step && is_menu(o)) {
		o->typed[0] = '\0';
		o->at += step;
		o->at = o->at < 0 ? 0 : o->at >= n ? n - 1 : o->at;
		return UI_REDRAW;
	}
	if (step) {
		o->top += step;
		o->top = o->top < 0 ? 0 : o->top;
		return UI_REDRAW;
	}
	if (is_menu(o))
		return menu_key(ui, &p->pane[o->part], key);
	if (o->kind == OVERLAY_FIX)
		return fix_view_key(ui, key);
	o->kind = OVERLAY_NONE;
	return UI_REDRAW;
}
