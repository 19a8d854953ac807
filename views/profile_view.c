/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/profile_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/sanitize.h"
#include "base/xalloc.h"
#include "profile/report.h"
#include "views/foot.h"
#include "views/header.h"
#include "views/page.h"
#include "views/ui.h"

/* Frame and a blank on either side. */
#define FRAME 4
#define SHARE_WIDTH 7
#define SAMPLES_WIDTH 8
#define THREAD_WIDTH 12
#define OBJECT_WIDTH 18
#define GAP 2
/* More nobody reads on a screen; the command line prints them all. */
#define ROWS_MAX 500
#define COMMANDS_HEAD "These make its symbols known; root in the guest reads them:"

/* A line of text, or a row of the report. */
struct profile_line {
	const char *text; /* NULL: a row, or without that the heads */
	const struct report_row *row;
	enum style style;
	bool is_wrapped;
};

struct profile_lines {
	struct profile_line *v;
	size_t n, cap;
};

static void add(struct profile_lines *l, struct profile_line line)
{
	l->v = xgrow(l->v, l->n, &l->cap, sizeof(*l->v));
	l->v[l->n++] = line;
}

static void add_text(struct profile_lines *l, enum style style, bool is_wrapped, const char *text)
{
	add(l, (struct profile_line){ .text = text, .style = style, .is_wrapped = is_wrapped });
}

static const char *summary(struct page *p, const struct report *r)
{
	return page_printf(p,
	    "%s: %llu samples in %.1f of %.1f s, by %s, %u a second of each thread", r->guest,
	    (unsigned long long)r->samples, r->seconds, r->wanted_seconds,
	    r->by_cycles ? "cycles" : "the clock of the CPU", r->hertz);
}

static const char *modes(struct page *p, const struct report *r)
{
	return page_printf(p, "%s %.1f %%   %s %.1f %%   %s %.1f %%   %s %.1f %%",
	    r->mode_name[CPU_GUEST_KERNEL], 100 * r->mode_share[CPU_GUEST_KERNEL],
	    r->mode_name[CPU_GUEST_USER], 100 * r->mode_share[CPU_GUEST_USER],
	    r->mode_name[CPU_HOST_KERNEL], 100 * r->mode_share[CPU_HOST_KERNEL],
	    r->mode_name[CPU_HOST_USER], 100 * r->mode_share[CPU_HOST_USER]);
}

static void add_notes(const struct report *r, struct profile_lines *l)
{
	for (size_t i = 0; i < r->notes.n; i++)
		add_text(l, STYLE_DIM, true, r->notes.name[i]);
}

static void add_commands(const struct report *r, struct profile_lines *l)
{
	if (r->commands.n)
		add_text(l, STYLE_DIM, true, COMMANDS_HEAD);
	for (size_t i = 0; i < r->commands.n; i++)
		add_text(l, STYLE_NORMAL, true, r->commands.name[i]);
}

/* What is missing is said above the figures, what would mend it below them. */
static void build(struct page *p, struct profile_lines *l)
{
	const struct report *r = p->ui->report;

	if (!r) {
		add_text(l, STYLE_NORMAL, true,
		    *p->ui->refusal ? p->ui->refusal : "The profile begins.");
		return;
	}
	if (r->loading) {
		add_text(l, STYLE_NORMAL, true, "Symbols are being read.");
		return;
	}
	if (r->error) {
		add_notes(r, l);
		return;
	}
	add_text(l, STYLE_VALUE, true, summary(p, r));
	add_text(l, STYLE_NORMAL, true, modes(p, r));
	add_notes(r, l);
	add(l, (struct profile_line){ .style = STYLE_HEADER });
	for (size_t i = 0; i < r->rows && i < ROWS_MAX; i++)
		add(l, (struct profile_line){ .row = &r->row[i] });
	add_text(l, STYLE_NORMAL, false, "");
	add_commands(r, l);
}

static int line_rows(const struct profile_line *line, int width)
{
	int n = line->text && line->is_wrapped ? text_wrap(NULL, 0, 0, width, 0, 0, line->text) : 1;

	return n > 0 ? n : 1;
}

static void draw_row(struct canvas *c, int y, int x, int width, const struct profile_line *line)
{
	const struct report_row *row = line->row;
	enum style style = row ? STYLE_NORMAL : line->style;
	int object = x + SHARE_WIDTH + GAP + SAMPLES_WIDTH + GAP + THREAD_WIDTH + GAP;
	int symbol = object + OBJECT_WIDTH + GAP;

	if (row)
		canvas_printf(
		    c, y, x, SHARE_WIDTH, STYLE_VALUE, ALIGN_RIGHT, "%.2f%%", 100 * row->share);
	else
		canvas_text(c, y, x, SHARE_WIDTH, style, ALIGN_RIGHT, "SHARE");
	if (row)
		canvas_printf(c, y, x + SHARE_WIDTH + GAP, SAMPLES_WIDTH, style, ALIGN_RIGHT,
		    "%llu", (unsigned long long)row->samples);
	else
		canvas_text(
		    c, y, x + SHARE_WIDTH + GAP, SAMPLES_WIDTH, style, ALIGN_RIGHT, "SAMPLES");
	canvas_text(c, y, object - GAP - THREAD_WIDTH, THREAD_WIDTH, style, ALIGN_LEFT,
	    row ? row->thread : "THREAD");
	canvas_text(c, y, object, OBJECT_WIDTH, row ? STYLE_DIM : style, ALIGN_LEFT,
	    row ? row->object : "OBJECT");
	if (row)
		canvas_printf(c, y, symbol, x + width - symbol, style, ALIGN_LEFT, "[%c] %s",
		    row->mode_letter, row->symbol);
	else
		canvas_text(c, y, symbol, x + width - symbol, style, ALIGN_LEFT, "SYMBOL");
}

static void draw_lines(
    struct canvas *c, const struct profile_lines *l, size_t top, int y, int end, int x, int width)
{
	for (size_t i = top; i < l->n && y < end; i++) {
		const struct profile_line *line = &l->v[i];

		if (!line->text) {
			draw_row(c, y, x, width, line);
			y++;
			continue;
		}
		if (line->is_wrapped)
			text_wrap(c, y, x, width, end - y, (int)line->style, line->text);
		y += line_rows(line, width);
	}
}

/* The first line with which the rest still fills the box. */
static int last_top(const struct profile_lines *l, int room, int width)
{
	int top = (int)l->n;

	while (top > 0 && (room -= line_rows(&l->v[top - 1], width)) >= 0)
		top--;
	return top < (int)l->n ? top : (int)l->n - 1;
}

static const char *keys_of(const struct report *r)
{
	return r && r->done ? "Up Down scroll   P again   Esc closes"
			    : "Up Down scroll   Esc stops";
}

void profile_view_draw(struct page *p, struct canvas *c)
{
	int y = canvas_rows(c) >= 20 ? HEADER_ROWS : 0, rows = canvas_rows(c) - y - 1;
	int cols = canvas_cols(c), width = cols - FRAME, last;
	struct overlay *o = &p->ui->overlay;
	struct profile_lines l = { 0 };
	const char *keys = keys_of(p->ui->report);

	build(p, &l);
	last = last_top(&l, rows - 2, width);
	if (o->top > last)
		o->top = last;
	if (o->top < 0)
		o->top = 0;
	canvas_box(c, y, 0, rows, cols, STYLE_BORDER, "Profile");
	canvas_printf(
	    c, y + rows - 1, 2, text_width(keys) + 2, STYLE_DIM, ALIGN_LEFT, " %s ", keys);
	if (o->top > 0)
		canvas_text(c, y, cols - 3, 1, STYLE_VALUE, ALIGN_LEFT, "▲");
	if (o->top < last)
		canvas_text(c, y + rows - 1, cols - 3, 1, STYLE_VALUE, ALIGN_LEFT, "▼");
	draw_lines(c, &l, (size_t)o->top, y + 1, y + rows - 1, 2, width);
	free(l.v);
}

/* Esc ends a profile that runs and leaves what it found; then it closes. */
unsigned profile_view_key(struct ui *ui, const char *key)
{
	bool runs = !(ui->report && ui->report->done) && !*ui->refusal;

	if (strcmp(key, "P") == 0 && !runs) {
		ui_set_report(ui, NULL, NULL);
		ui->overlay.top = 0;
		return UI_REDRAW | UI_PROFILE;
	}
	if (strcmp(key, "Esc") != 0 && strcmp(key, "q") != 0)
		return 0;
	if (runs && ui->report && strcmp(key, "Esc") == 0)
		return UI_REDRAW | UI_PROFILE_STOP;
	ui->overlay.kind = OVERLAY_NONE;
	return UI_REDRAW | UI_PROFILE_STOP;
}
