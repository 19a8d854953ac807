/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/prompt.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/sanitize.h"
#include "views/filter.h"
#include "views/fix_view.h"
#include "views/keyname.h"
#include "views/page.h"
#include "views/table_view.h"
#include "views/ui.h"

#define DELAY_MIN_NS (100 * NS_PER_MS)
#define DELAY_MAX_NS (24 * 3600 * NS_PER_SEC)

static char *filter_of(struct ui *ui)
{
	return ui->filter[ui->screen];
}

void prompt_open(struct ui *ui, enum prompt_kind kind)
{
	struct prompt *prompt = &ui->prompt;

	*prompt = (struct prompt){ .kind = kind, .origin = ui->place[ui->screen] };
	if (kind == PROMPT_FILTER) {
		memcpy(prompt->text, filter_of(ui), PROMPT_SIZE);
		memcpy(prompt->before, filter_of(ui), PROMPT_SIZE);
	} else if (kind == PROMPT_SEARCH) {
		memcpy(prompt->before, ui->search, PROMPT_SIZE);
	}
}

static bool line_holds(const struct line *line, const char *word)
{
	const struct table_kind *kind = &table_kinds[line->table];

	if (line->kind != LINE_ROW)
		return (line->label && text_find(line->label, word)) ||
		       (line->value && text_find(line->value, word)) ||
		       (line->text && text_find(line->text, word));
	if (line->label && text_find(line->label, word))
		return true;
	for (int i = 0; i < line->pane->fields; i++) {
		const struct field *f = &line->pane->field[i];

		if (f->table == line->table && column_is_searched(kind, f->number) &&
		    text_find(cell_text(line->row, f->number), word))
			return true;
	}
	/* A thread's first column is its guest's name, whether it is shown or not. */
	return kind->column[0].kind == KIND_TEXT && line->table != line->pane->part->table &&
	       text_find(cell_text(line->row, 0), word);
}

bool prompt_search(struct ui *ui, struct page *p, int from, int step)
{
	if (!ui->search[0])
		return false;
	for (int i = 1; i <= p->lines; i++) {
		int at = ((from + step * i) % p->lines + p->lines) % p->lines;

		if (!p->line[at].selectable || !line_holds(&p->line[at], ui->search))
			continue;
		page_select(p, &ui->place[ui->screen], at);
		return true;
	}
	snprintf(ui->note, sizeof(ui->note), "Nothing here holds '%.80s'.", ui->search);
	return true;
}

static void search_again(struct ui *ui, struct page *p)
{
	struct prompt *prompt = &ui->prompt;

	memcpy(ui->search, prompt->text, PROMPT_SIZE);
	ui->place[ui->screen] = prompt->origin;
	page_place(p, &ui->place[ui->screen]);
	prompt->error[0] = '\0';
	if (!prompt->text[0])
		return;
	/* The line where it began may match itself. */
	prompt_search(ui, p, p->at - 1, 1);
	if (ui->note[0]) {
		memcpy(prompt->error, ui->note, NOTE_SIZE);
		ui->note[0] = '\0';
	}
}

/* It must mean something to one part of the screen at least. */
static bool filter_means(const struct page *p, const char *text, char error[NOTE_SIZE])
{
	bool means = false;

	for (int i = 0; i < p->panes; i++) {
		char why[FILTER_ERROR_SIZE];
		struct filter *f;

		if (p->pane[i].part->kind != PART_TABLE)
			continue;
		if (filter_new(p->pane[i].part->table, text, &f, why) == 0) {
			filter_free(f);
			means = true;
		} else if (!error[0]) {
			snprintf(error, NOTE_SIZE, "%s", why);
		}
	}
	if (means)
		error[0] = '\0';
	return means;
}

static void filter_again(struct ui *ui, struct page *p)
{
	struct prompt *prompt = &ui->prompt;

	prompt->error[0] = '\0';
	if (filter_means(p, prompt->text, prompt->error))
		memcpy(filter_of(ui), prompt->text, PROMPT_SIZE);
	else
		memcpy(filter_of(ui), prompt->before, PROMPT_SIZE);
}

static void changed(struct ui *ui, struct page *p)
{
	if (ui->prompt.kind == PROMPT_SEARCH)
		search_again(ui, p);
	else if (ui->prompt.kind == PROMPT_FILTER)
		filter_again(ui, p);
	else
		ui->prompt.error[0] = '\0';
}

static unsigned cancel(struct ui *ui)
{
	struct prompt *prompt = &ui->prompt;

	if (prompt->kind == PROMPT_SEARCH) {
		memcpy(ui->search, prompt->before, PROMPT_SIZE);
		ui->place[ui->screen] = prompt->origin;
	} else if (prompt->kind == PROMPT_FILTER) {
		memcpy(filter_of(ui), prompt->before, PROMPT_SIZE);
	}
	prompt->kind = PROMPT_NONE;
	return UI_REDRAW;
}

static unsigned accept_delay(struct ui *ui)
{
	struct prompt *prompt = &ui->prompt;
	uint64_t ns = 0;

	if (prompt->text[0] &&
	    (parse_duration(prompt->text, &ns) < 0 || ns < DELAY_MIN_NS || ns > DELAY_MAX_NS)) {
		snprintf(prompt->error, sizeof(prompt->error),
		    "a time of at least 0.1 s, such as 2, 0.5 or 500ms");
		return UI_REDRAW;
	}
	prompt->kind = PROMPT_NONE;
	if (!ns || ns == ui->interval_ns)
		return UI_REDRAW;
	ui->interval_ns = ns;
	return UI_REDRAW | UI_DELAY;
}

static unsigned accept_name(struct ui *ui)
{
	struct prompt *prompt = &ui->prompt;
	unsigned actions = fix_view_confirm(ui, prompt->text, prompt->error);

	if (actions & (UI_FIX_APPLY | UI_FIX_STOP))
		prompt->kind = PROMPT_NONE;
	return actions;
}

static unsigned accept(struct ui *ui)
{
	struct prompt *prompt = &ui->prompt;

	if (prompt->kind == PROMPT_DELAY)
		return accept_delay(ui);
	if (prompt->kind == PROMPT_CONFIRM)
		return accept_name(ui);
	/* What is no expression stays to be mended. */
	if (prompt->kind == PROMPT_FILTER && prompt->error[0])
		return UI_REDRAW;
	if (prompt->kind == PROMPT_SEARCH && !prompt->text[0])
		ui->search[0] = '\0';
	prompt->kind = PROMPT_NONE;
	return UI_REDRAW;
}

/* The last character goes, with its combining marks. */
static void erase(char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		int before = text_width(text);

		do {
			len--;
		} while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80);
		text[len] = '\0';
		if (text_width(text) < before)
			return;
	}
}

unsigned prompt_key(struct ui *ui, struct page *p, const char *key)
{
	struct prompt *prompt = &ui->prompt;
	const char *typed = keyname_text(key);
	size_t len = strlen(prompt->text);

	if (strcmp(key, "Esc") == 0)
		return cancel(ui);
	if (strcmp(key, "Enter") == 0)
		return accept(ui);
	if (strcmp(key, "Backspace") == 0 || strcmp(key, "Del") == 0)
		erase(prompt->text);
	else if (strcmp(key, "C-u") == 0)
		prompt->text[0] = '\0';
	else if (*typed && len + strlen(typed) < PROMPT_SIZE)
		memcpy(prompt->text + len, typed, strlen(typed) + 1);
	else
		return 0;
	changed(ui, p);
	return UI_REDRAW;
}

static void say_label(const struct ui *ui, char *ret, size_t size)
{
	static const char *const labels[] = {
		[PROMPT_NONE] = "",
		[PROMPT_SEARCH] = "Search:",
		[PROMPT_FILTER] = "Filter:",
		[PROMPT_DELAY] = "Seconds between samples:",
		[PROMPT_CONFIRM] = "",
	};
	bool asks = ui->prompt.kind == PROMPT_CONFIRM && ui->fixing && ui->fixing->name;

	if (asks)
		snprintf(ret, size, "Type %.60s to go on:", ui->fixing->name);
	else
		snprintf(ret, size, "%s", labels[ui->prompt.kind]);
}

void prompt_draw(const struct ui *ui, struct canvas *c, int y)
{
	const struct prompt *prompt = &ui->prompt;
	const char *text = prompt->text;
	int x, width, error = text_width(prompt->error), cols = canvas_cols(c);
	char label[PROMPT_SIZE];

	say_label(ui, label, sizeof(label));
	x = text_width(label) + 1;
	width = cols - x;
	canvas_fill(c, y, 1, STYLE_NORMAL);
	canvas_text(c, y, 0, x, STYLE_LABEL, ALIGN_LEFT, label);
	if (error > 0 && error < width - 12)
		width -= error + 1;
	else
		error = 0;
	/* The end is where one types. */
	while (*text && text_width(text) >= width)
		text += text_fit(text, 1, NULL) ? text_fit(text, 1, NULL) : text_fit(text, 2, NULL);
	canvas_text(c, y, x, width, STYLE_INPUT, ALIGN_LEFT, text);
	canvas_set_cursor(c, y, x + text_width(text));
	if (error > 0)
		canvas_text(c, y, cols - error, error, STYLE_WARN, ALIGN_LEFT, prompt->error);
	else if (prompt->error[0])
		canvas_printf(c, y - 1, 0, cols, STYLE_WARN, ALIGN_LEFT, "! %s", prompt->error);
}
