/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/ui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitize.h"
#include "base/xalloc.h"
#include "views/advice.h"
#include "views/commands.h"
#include "views/exact.h"
#include "views/filter.h"
#include "views/fix_view.h"
#include "views/foot.h"
#include "views/header.h"
#include "views/overlay.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/prompt.h"
#include "views/table_view.h"

/* How the rows of a canvas are shared out; the header gives way first, then the foot. */
struct frame {
	int header, body, foot;
};

static struct frame frame_of(const struct ui *ui, const struct snapshot *now)
{
	int rows = ui->rows, foot = screens[ui->screen].foot ? screens[ui->screen].foot : FOOT_ROWS;
	struct frame f = {
		.header = rows >= 20   ? HEADER_ROWS
			  : rows >= 16 ? 3
			  : rows >= 12 ? 2
				       : 1,
		.foot = rows >= 20   ? foot
			: rows >= 13 ? 1
				     : 0,
	};

	/* A finding has two sentences: what is wrong, and what to do. */
	if (rows >= 20 && foot == FOOT_ROWS && findings_any(now))
		f.foot++;
	f.body = rows - f.header - f.foot - 1;
	return f;
}

static void note_needs(struct ui *ui, const struct page *p)
{
	ui->needs = header_needs() | page_needs(p);
}

static struct page *open_page(struct ui *ui, const struct snapshot *now)
{
	const struct snapshot *shown = ui->paused ? ui->paused : now;
	struct frame f = frame_of(ui, shown);
	struct page *p = page_new(ui, shown, f.body, ui->cols);

	p->foot = f.foot;
	page_place(p, &ui->place[ui->screen]);
	return p;
}

/* What the header and the trends of any screen look back at. */
static uint64_t tables_with_past(void)
{
	uint64_t tables = HISTORY_OF(TABLE_HOST) | HISTORY_OF(TABLE_NODE);

	for (int s = 0; s < SCREENS; s++)
		for (int i = 0; i < PARTS_MAX; i++)
			if (screens[s].part[i].kind == PART_TRENDS)
				tables |= HISTORY_OF(screens[s].part[i].table);
	return tables;
}

struct ui *ui_new(void)
{
	struct ui *ui = xcalloc(1, sizeof(*ui));
	struct page *p;

	for (int s = 0; s < SCREENS; s++)
		for (int i = 0; i < PARTS_MAX; i++)
			if (screens[s].part[i].columns)
				part_state_init(&ui->state[s][i], &screens[s].part[i]);
	for (int t = 0; t < TABLES; t++)
		ui->seen[t] = xcalloc((size_t)table_kinds[t].columns, sizeof(*ui->seen[t]));
	ui->history = history_new(tables_with_past());
	ui->interval_ns = NS_PER_SEC;
	ui->rows = 24;
	ui->cols = 80;
	ui->subject_name = xstrdup("");
	p = open_page(ui, NULL);
	note_needs(ui, p);
	page_free(p);
	return ui;
}

void ui_free(struct ui *ui)
{
	if (!ui)
		return;
	for (int s = 0; s < SCREENS; s++)
		for (int i = 0; i < PARTS_MAX; i++)
			part_state_done(&ui->state[s][i]);
	for (int t = 0; t < TABLES; t++)
		free(ui->seen[t]);
	for (int i = 0; i < MESSAGES; i++)
		free(ui->message[i].text);
	snapshot_unref(ui->paused);
	snapshot_unref(ui->last);
	free(ui->unfolded);
	free(ui->subject_name);
	free(ui->badge);
	free(ui->recording);
	free(ui->guest);
	history_free(ui->history);
	free(ui);
}

static bool says_something(const struct column *column, const struct cell *cell)
{
	return cell_state(column, cell) != STATE_ABSENT &&
	       (column->kind != KIND_TEXT || !cell->text || *cell->text);
}

/* Row by row, for that is how they lie in memory. */
static void note_columns_of(
    bool *seen, const struct table_kind *kind, const struct table *rows, int *unseen)
{
	int n = 0;

	for (int c = 0; c < kind->columns; c++)
		if (!seen[c])
			unseen[n++] = c;
	for (size_t i = 0; i < rows->n && n > 0; i++)
		for (int k = 0; k < n; k++) {
			int c = unseen[k];

			if (!says_something(&kind->column[c], &rows->row[i]->cell[c]))
				continue;
			seen[c] = true;
			unseen[k--] = unseen[--n];
		}
}

/* A column that any row had something to say in is shown from then on. */
static void note_columns(struct ui *ui, const struct snapshot *now)
{
	for (int t = 0; t < TABLES; t++) {
		int *unseen = xcalloc((size_t)table_kinds[t].columns, sizeof(*unseen));

		note_columns_of(ui->seen[t], &table_kinds[t], &now->table[t], unseen);
		free(unseen);
	}
}

static void note_sources(struct ui *ui, const struct snapshot *now)
{
	for (int src = 0; src < SOURCES; src++) {
		const struct row *row = snapshot_find(now, TABLE_SOURCE, key_host((uint64_t)src));
		const char *state = row ? cell_text(row, SOURCE_STATE) : "";

		if (*state && strcmp(state, "off") != 0 && strcmp(state, "starting") != 0)
			ui->heard |= NEEDS(src);
	}
}

static void see(struct ui *ui, const struct snapshot *now)
{
	if (!now || ui->last == now)
		return;
	history_push(ui->history, now);
	note_columns(ui, now);
	note_sources(ui, now);
	if (ui->last)
		messages_compare(ui, ui->last, now);
	snapshot_unref(ui->last);
	ui->last = snapshot_ref(now);
	exact_tell(ui, now);
}

static void draw_too_small(struct canvas *c)
{
	int rows = canvas_rows(c), cols = canvas_cols(c), n;
	char text[64];

	snprintf(text, sizeof(text), "needs %dx%d, has %dx%d", SCREEN_COLS_MIN, SCREEN_ROWS_MIN,
	    cols, rows);
	n = text_wrap(NULL, 0, 0, cols, 0, 0, text);
	text_wrap(c, n < rows ? (rows - n) / 2 : 0, 0, cols, rows, STYLE_NORMAL, text);
}

/* How many lines lie below the picture, always at the same place. */
static void draw_hidden(const struct page *p, struct canvas *c, int y, int top)
{
	int below = p->lines - top - page_visible(p, top);

	/* In ASCII the triangle would be a letter: "v31" is a word. */
	if (below > 0)
		canvas_printf(c, y, canvas_cols(c) - HIDDEN_WIDTH + 1, HIDDEN_WIDTH - 1,
		    STYLE_VALUE, ALIGN_LEFT, "%s%d", canvas_unicode(c) ? "▼" : "+", below);
}

static void draw_foot(struct page *p, struct canvas *c, const struct frame *f, int top)
{
	bool hides = p->now && p->lines - p->pinned > page_visible(p, p->pinned);
	int cols = canvas_cols(c), y = f->header + f->body, room = hides ? HIDDEN_WIDTH : 0;

	foot_draw(p, c, y, f->foot, cols - room);
	bar_draw(p, c, p->ui->rows - 1, f->foot ? cols : cols - room);
	if (hides)
		draw_hidden(p, c, f->foot ? y + f->foot - 1 : p->ui->rows - 1, top);
}

/* Another screen, or another size: the columns are chosen anew. */
static void enter_screen(struct ui *ui, const struct canvas *c)
{
	bool same =
	    ui->drawn == ui->screen && ui->rows == canvas_rows(c) && ui->cols == canvas_cols(c);

	ui->drawn = ui->screen;
	ui->rows = canvas_rows(c);
	ui->cols = canvas_cols(c);
	for (int i = 0; !same && i < PARTS_MAX; i++)
		if (screens[ui->screen].part[i].columns)
			part_state_enter(&ui->state[ui->screen][i], &screens[ui->screen].part[i]);
}

static void draw_screen(struct ui *ui, const struct snapshot *now, struct canvas *c)
{
	struct page *p = open_page(ui, now);
	struct frame f = frame_of(ui, p->now);
	struct place *place = &ui->place[ui->screen];

	fix_follow(ui, p);
	header_draw(ui, p->now, now, c, f.header);
	if (p->now)
		page_draw(p, c, f.header, place->top);
	draw_foot(p, c, &f, place->top);
	overlay_draw(p, c);
	if (ui->prompt.kind != PROMPT_NONE)
		prompt_draw(ui, c, ui->rows - 1);
	note_needs(ui, p);
	page_free(p);
}

void ui_draw(struct ui *ui, const struct snapshot *now, struct canvas *c)
{
	see(ui, now);
	canvas_clear(c);
	enter_screen(ui, c);
	if (ui->rows < SCREEN_ROWS_MIN || ui->cols < SCREEN_COLS_MIN)
		draw_too_small(c);
	else
		draw_screen(ui, now, c);
}

static unsigned run_key(struct ui *ui, struct page *p, const char *key)
{
	const struct command *k;

	/* However deep one is: these two always work. */
	if (strcmp(key, "C-l") == 0)
		return UI_CLEAR | UI_REDRAW;
	if (strcmp(key, "F10") == 0)
		return UI_QUIT;
	if (ui->prompt.kind != PROMPT_NONE)
		return prompt_key(ui, p, key);
	if (ui->overlay.kind != OVERLAY_NONE)
		return overlay_key(ui, p, key);
	k = command_find(p, key);
	return k ? k->run(ui, p, key) : 0;
}

unsigned ui_key(struct ui *ui, const struct snapshot *now, const char *key)
{
	unsigned needs = ui->needs, actions = ui->note[0] ? UI_REDRAW : 0;
	struct page *p;

	see(ui, now);
	ui->note[0] = '\0';
	p = open_page(ui, now);
	fix_follow(ui, p);
	actions |= run_key(ui, p, key);
	page_free(p);
	/* What is shown now may ask for more. */
	p = open_page(ui, now);
	fix_follow(ui, p);
	note_needs(ui, p);
	page_free(p);
	return actions | (ui->needs != needs ? UI_NEEDS : 0);
}

unsigned ui_needs(const struct ui *ui)
{
	/* What is recorded costs nothing to read, and nobody has to wait for it. */
	return ui->recording ? ~0U : ui->needs;
}

struct key ui_profiled(const struct ui *ui)
{
	return ui->profiled;
}

struct muting ui_muting(const struct ui *ui)
{
	return ui->muting;
}

struct fix_wanted ui_fix_wanted(const struct ui *ui)
{
	return ui->fix_wanted;
}

void ui_set_fixing(struct ui *ui, const struct fixing *fixing)
{
	ui->fixing = fixing;
	if (fixing)
		return;
	if (ui->overlay.kind == OVERLAY_FIX)
		ui->overlay.kind = OVERLAY_NONE;
	if (ui->prompt.kind == PROMPT_CONFIRM)
		ui->prompt.kind = PROMPT_NONE;
}

void ui_set_fix_refusal(struct ui *ui, const char *why)
{
	snprintf(ui->fix_refusal, sizeof(ui->fix_refusal), "%s", why ? why : "");
}

void ui_set_offer(struct ui *ui, const char *text)
{
	snprintf(ui->offer, sizeof(ui->offer), "%s", text ? text : "");
}

void ui_set_journal(struct ui *ui, const struct records *records)
{
	ui->journal = records;
}

void ui_note(struct ui *ui, const char *text)
{
	snprintf(ui->note, sizeof(ui->note), "%s", text);
}

void ui_set_advisor(struct ui *ui, struct advisor *advisor)
{
	ui->advisor = advisor;
}

void ui_set_report(struct ui *ui, const struct report *report, const char *why_not)
{
	ui->report = report;
	snprintf(ui->refusal, sizeof(ui->refusal), "%s", why_not ? why_not : "");
}

void ui_set_interval(struct ui *ui, uint64_t interval_ns)
{
	ui->interval_ns = interval_ns;
}

uint64_t ui_interval(const struct ui *ui)
{
	return ui->interval_ns;
}

void ui_set_badge(struct ui *ui, const char *badge)
{
	free(ui->badge);
	ui->badge = badge ? xstrdup(badge) : NULL;
}

void ui_set_recording(struct ui *ui, const char *words)
{
	free(ui->recording);
	ui->recording = words ? xstrdup(words) : NULL;
}

void ui_set_guest(struct ui *ui, const char *name)
{
	free(ui->guest);
	ui->guest = name ? sanitize_dup(name, strlen(name)) : NULL;
}

/* On every screen to which it means something. */
int ui_set_filter(struct ui *ui, const char *expression, char *error, size_t error_size)
{
	bool means = false;
	char first[FILTER_ERROR_SIZE] = "";

	if (strlen(expression) >= PROMPT_SIZE) {
		snprintf(error, error_size, "a filter has at most %d characters", PROMPT_SIZE - 1);
		return -EINVAL;
	}
	for (int s = 0; s < SCREENS; s++) {
		char why[FILTER_ERROR_SIZE];
		struct filter *f;

		if (s == SCREEN_JOURNAL || s == SCREEN_DOMAIN || s == SCREEN_GUEST_EXITS ||
		    s == SCREEN_HOST)
			continue;
		if (filter_new(screens[s].part[0].table, expression, &f, why) == 0) {
			filter_free(f);
			snprintf(ui->filter[s], PROMPT_SIZE, "%s", expression);
			means = true;
		} else if (!first[0]) {
			memcpy(first, why, sizeof(first));
		}
	}
	if (!means)
		snprintf(error, error_size, "%s", first);
	return means ? 0 : -EINVAL;
}

int ui_set_sort(struct ui *ui, const char *column, char *error, size_t error_size)
{
	bool found = false;

	for (int s = 0; s < SCREENS; s++)
		for (int i = 0; i < PARTS_MAX; i++) {
			const struct part *part = &screens[s].part[i];
			int c = part->columns && part->kind == PART_TABLE
				    ? column_find_name(&table_kinds[part->table], column)
				    : -1;

			if (c < 0)
				continue;
			ui->state[s][i].sort = c;
			found = true;
		}
	if (!found)
		snprintf(error, error_size, "no table has a column '%s'", column);
	return found ? 0 : -EINVAL;
}
