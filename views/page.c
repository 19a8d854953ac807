/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "views/filter.h"
#include "views/foot.h"
#include "views/table_view.h"

/* Lines that stay in place are worth it only where as many others can be seen. */
#define SCROLLED_MIN 4

const char *page_printf(struct page *p, const char *format, ...)
{
	char *text;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = arena_alloc(p->arena, (size_t)n + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}

struct line *page_add(struct page *p, struct pane *pane, enum line_kind kind)
{
	struct line *line;

	p->line = xgrow(p->line, (size_t)p->lines, &p->cap, sizeof(*p->line));
	line = &p->line[p->lines];
	*line = (struct line){ .kind = kind, .pane = pane };
	line->selectable = kind == LINE_ROW || kind == LINE_FACT || kind == LINE_PAIRS;
	line->id = (struct line_id){ .part = pane->number, .table = -1 };
	p->lines++;
	return line;
}

struct line *page_add_row(
    struct page *p, struct pane *pane, enum table_id table, const struct row *row)
{
	struct line *line = page_add(p, pane, LINE_ROW);

	line->row = row;
	line->table = table;
	line->id.table = (int)table;
	line->id.key = row->key;
	return line;
}

void page_add_note(struct page *p, struct pane *pane, const char *text)
{
	int width = p->cols - MARGIN;

	while (width > 0 && *text) {
		size_t end = text_break(text, width);

		page_add(p, pane, LINE_NOTE)->text = page_printf(p, "%.*s", (int)end, text);
		text += end;
		while (*text == ' ')
			text++;
	}
}

bool page_awaits(const struct page *p, unsigned needs)
{
	return (p->awaited & needs) != 0;
}

bool page_awaits_guest(const struct page *p, const struct row *domain, unsigned needs)
{
	for (int src = 0; domain && cell_has(domain, DOMAIN_UPTIME) && src < SOURCES; src++) {
		const struct row *row = needs & NEEDS(src) ? snapshot_find(p->now, TABLE_SOURCE,
								 key_host((uint64_t)src))
							   : NULL;

		if (row && cell_number(row, SOURCE_AGE, 0) > domain->cell[DOMAIN_UPTIME].number)
			return true;
	}
	return false;
}

unsigned sources_awaited(const struct snapshot *now)
{
	unsigned awaited = 0;

	for (int src = 0; now && src < SOURCES; src++) {
		const struct row *row = snapshot_find(now, TABLE_SOURCE, key_host((uint64_t)src));
		const char *state = row ? cell_text(row, SOURCE_STATE) : "";

		if (strcmp(state, "off") == 0 || strcmp(state, "starting") == 0)
			awaited |= NEEDS(src);
	}
	return awaited;
}

/* Who tells that a row is there: the source of what it is called. */
static const struct column *naming_column(const struct pane *pane)
{
	const struct table_kind *kind = &table_kinds[pane->part->table];

	return &kind->column[kind->identity - 1];
}

static const struct row *source_of(const struct page *p, enum source_id src)
{
	return snapshot_find(p->now, TABLE_SOURCE, key_host((uint64_t)src));
}

/* Why its source tells of no row; NULL where there is none to tell of. */
static const char *why_unread(struct page *p, const struct pane *pane)
{
	static const enum state states[] = { STATE_ABSENT, STATE_DENIED, STATE_STUCK };
	const struct row *source = source_of(p, naming_column(pane)->src);
	const char *state = source ? cell_text(source, SOURCE_STATE) : "";
	const char *note = source ? cell_text(source, SOURCE_NOTE) : "";

	for (size_t i = 0; *note && i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(state, state_name(states[i])) == 0)
			return page_printf(p, "Not read: %s", note);
	return NULL;
}

void page_add_heads(struct page *p, struct pane *pane)
{
	if (pane->part->title)
		page_add(p, pane, LINE_TITLE)->text = pane->part->title;
	pane->heads = p->lines;
	page_add(p, pane, LINE_COLUMNS);
}

/* Nobody told of any guest because nobody was allowed to look. */
static bool is_denied(const struct page *p, const struct pane *pane)
{
	const struct row *guests = source_of(p, SRC_GUESTS);

	/* Whatever belongs to guests says first to whom. */
	return table_kinds[pane->part->table].column[0].src == SRC_GUESTS && guests &&
	       strcmp(cell_text(guests, SOURCE_STATE), state_name(STATE_DENIED)) == 0;
}

void page_add_empty(struct page *p, struct pane *pane)
{
	const char *text = pane->part->empty;

	if (pane->hidden && pane->filter)
		text = page_printf(
		    p, "The filter hides all there is (%zu); Esc clears it.", pane->hidden);
	else if (pane->hidden)
		text = page_printf(
		    p, "All there is (%zu) is idle and hidden; i shows it.", pane->hidden);
	else if (page_awaits(p, column_needs(naming_column(pane))))
		text = NOT_READ_YET;
	else if (is_denied(p, pane))
		text =
		    "Whether there are guests is not known; screen 0 says which right is missing.";
	else if (p->ui->guest && text && pane->part->kind == PART_TABLE &&
		 p->now->table[TABLE_DOMAIN].n == 0)
		text = page_printf(
		    p, "No guest on this host is '%s', the only one asked for (-g).", p->ui->guest);
	else if (text && pane->part->kind == PART_TABLE && why_unread(p, pane))
		text = why_unread(p, pane);
	if (text)
		page_add_note(p, pane, text);
}

void pane_build_table(struct page *p, struct pane *pane)
{
	size_t n;
	const struct row **rows = pane_rows(p, pane, &n);

	if (n == 0 && pane->part->title) {
		/* Among other parts heads without rows are only in the way. */
		page_add(p, pane, LINE_TITLE)->text = pane->part->title;
		page_add_empty(p, pane);
		return;
	}
	page_add_heads(p, pane);
	for (size_t i = 0; i < n; i++)
		page_add_row(p, pane, pane->part->table, rows[i]);
	if (n == 0)
		page_add_empty(p, pane);
}

static void build_pane(struct page *p, struct pane *pane)
{
	static void (*const builders[])(struct page *, struct pane *) = {
		[PART_TABLE] = pane_build_table,
		[PART_FACTS] = pane_build_facts,
		[PART_PAIRS] = pane_build_pairs,
		[PART_TRENDS] = pane_build_trends,
	};
	char error[FILTER_ERROR_SIZE];

	if (filter_new(
		pane->part->table, p->ui->filter[p->screen - screens], &pane->filter, error) < 0)
		pane->filter = NULL; /* it is about another table */
	pane->needs = pane->part->needs;
	if (pane->part->kind == PART_TABLE)
		pane_layout(p, pane);
	else
		pane_needs_all(pane);
	if (!p->now)
		return;
	if (pane->part->build)
		pane->part->build(p, pane);
	else
		builders[pane->part->kind](p, pane);
}

static void pin_lines(struct page *p)
{
	if (!p->now)
		return;
	/* A screen that is one table keeps its heads. */
	if (p->panes == 1 && p->pinned == 0 && p->pane[0].heads == 0)
		p->pinned = 1;
	if (p->pinned > 1 && p->rows < p->pinned + SCROLLED_MIN)
		p->pinned = 0;
}

struct page *page_new(struct ui *ui, const struct snapshot *now, int rows, int cols)
{
	struct page *p = xcalloc(1, sizeof(*p));

	p->ui = ui;
	p->now = now;
	p->screen = &screens[ui->screen];
	p->arena = arena_new();
	p->rows = rows;
	p->cols = cols;
	p->at = -1;
	p->awaited = sources_awaited(now);
	p->unheard = p->awaited & ~ui->heard;
	for (int i = 0; i < PARTS_MAX && (p->screen->part[i].columns || p->screen->part[i].build);
	     i++) {
		struct pane *pane = &p->pane[p->panes++];

		pane->part = &p->screen->part[i];
		pane->state = &ui->state[ui->screen][i];
		pane->number = i;
		pane->heads = -1;
		build_pane(p, pane);
	}
	pin_lines(p);
	return p;
}

void page_free(struct page *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->panes; i++)
		filter_free(p->pane[i].filter);
	free(p->line);
	arena_free(p->arena);
	free(p);
}

unsigned page_needs(const struct page *p)
{
	unsigned needs = 0;

	for (int i = 0; i < p->panes; i++)
		needs |= p->pane[i].needs;
	return needs;
}

int page_next(const struct page *p, int line, int step)
{
	for (; line >= 0 && line < p->lines; line += step)
		if (p->line[line].selectable)
			return line;
	return -1;
}

const struct line *page_selected(const struct page *p)
{
	return p->at >= 0 ? &p->line[p->at] : NULL;
}

const struct row *line_domain(const struct line *line)
{
	if (!line || !line->row)
		return NULL;
	return line->table == TABLE_DOMAIN ? line->row : line->row->domain;
}

struct pane *page_table(struct page *p)
{
	const struct line *line = page_selected(p);

	if (line && line->pane->part->kind == PART_TABLE)
		return line->pane;
	for (int i = 0; i < p->panes; i++)
		if (p->pane[i].part->kind == PART_TABLE)
			return &p->pane[i];
	return NULL;
}

static bool same_line(const struct line_id *a, const struct line_id *b)
{
	return a->part == b->part && a->table == b->table && a->number == b->number &&
	       key_equal(a->key, b->key);
}

/* Heads that have been scrolled away stand in for the line above the first row. */
static bool has_sticky_heads(const struct page *p, int top)
{
	return top > p->pinned && top < p->lines && p->line[top].kind == LINE_ROW &&
	       p->line[top].pane->heads >= p->pinned;
}

int page_visible(const struct page *p, int top)
{
	int n = p->rows - p->pinned - has_sticky_heads(p, top);

	return n > 0 ? n : 0;
}

static int scrolled(const struct page *p, int top)
{
	int first = p->at, last = p->at;

	/* What stands before the first line to be selected, or behind the last, can be seen too. */
	if (p->at < 0 || page_next(p, p->at - 1, -1) < 0)
		first = p->pinned;
	if (p->at >= 0 && page_next(p, p->at + 1, 1) < 0)
		last = p->lines - 1;
	if (p->at < 0)
		last = first;
	if (top > first)
		top = first;
	while (top < last && last >= top + page_visible(p, top))
		top++;
	/* The cursor itself counts most. */
	if (p->at >= p->pinned && top > p->at)
		top = p->at;
	while (top > p->pinned && p->lines - (top - 1) <= page_visible(p, top - 1))
		top--;
	return top < p->pinned ? p->pinned : top;
}

static void set_line(struct page *p, struct place *place, int line)
{
	p->at = line;
	if (line >= 0) {
		place->id = p->line[line].id;
		place->line = line;
	}
	place->top = scrolled(p, place->top);
}

void page_select(struct page *p, struct place *place, int line)
{
	place->moved = true;
	set_line(p, place, line);
}

void page_stay(struct page *p)
{
	if (p->at >= 0)
		page_select(p, &p->ui->place[p->ui->screen], p->at);
}

/* What a finding stood beside has nothing to do with it: the worst is what to look at next. */
static bool starts_anew(const struct page *p, const struct place *place)
{
	return p->screen == &screens[SCREEN_ADVICE] && place->id.table == TABLE_FINDING;
}

void page_place(struct page *p, struct place *place)
{
	int at = -1;

	if (!p->now)
		return;
	for (int i = 0; place->moved && i < p->lines && at < 0; i++)
		if (p->line[i].selectable && same_line(&p->line[i].id, &place->id))
			at = i;
	if (at < 0 && starts_anew(p, place))
		place->moved = false;
	if (!place->moved)
		at = page_next(p, 0, 1);
	if (at < 0) {
		int near = place->line < p->lines ? place->line : p->lines - 1;

		at = page_next(p, near, 1);
		if (at < 0)
			at = page_next(p, near, -1);
	}
	set_line(p, place, at);
}

static void draw_line(const struct page *p, struct canvas *c, int y, int i)
{
	line_draw(p, &p->line[i], c, y, i == p->at);
}

void page_draw(const struct page *p, struct canvas *c, int y, int top)
{
	int end = y + p->rows;

	for (int i = 0; i < p->pinned && y < end; i++)
		draw_line(p, c, y++, i);
	if (has_sticky_heads(p, top) && y < end)
		draw_line(p, c, y++, p->line[top].pane->heads);
	for (int i = top; i < p->lines && y < end; i++)
		draw_line(p, c, y++, i);
}
