/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 0: what has happened. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sanitize.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/ui.h"

/* A host that starts a hundred guests at once gets one line for it. */
#define NAMED_MOST 4

void ui_message(struct ui *ui, int64_t wall_ns, const char *text)
{
	struct message *m = &ui->message[ui->messages++ % MESSAGES];

	free(m->text);
	m->text = sanitize_dup(text, strlen(text));
	m->wall_ns = wall_ns;
}

void messages_build(struct page *p, struct pane *pane)
{
	const struct ui *ui = p->ui;
	size_t n = ui->messages < MESSAGES ? ui->messages : MESSAGES;

	page_add(p, pane, LINE_TITLE)->text = pane->part->title;
	for (size_t i = 0; i < n; i++) {
		size_t number = ui->messages - 1 - i;
		const struct message *m = &ui->message[number % MESSAGES];
		time_t seconds = (time_t)(m->wall_ns / (int64_t)NS_PER_SEC);
		struct tm tm = { 0 };
		struct line *line;

		localtime_r(&seconds, &tm);
		line = page_add(p, pane, LINE_NOTE);
		line->text =
		    page_printf(p, "%02d:%02d:%02d  %s", tm.tm_hour, tm.tm_min, tm.tm_sec, m->text);
		line->selectable = true;
		line->id.number = (int)(number % 1000000) + 1;
	}
	if (n == 0)
		page_add_note(p, pane, pane->part->empty);
}

static void tell(struct ui *ui, const struct snapshot *now, const char *name, const char *what)
{
	char text[NOTE_SIZE];

	snprintf(text, sizeof(text), "%s %s", name, what);
	ui_message(ui, now->moment.wall_ns, text);
}

/* Tells which guests @a has and @b has not. */
static void tell_missing(struct ui *ui, const struct snapshot *now, const struct snapshot *a,
    const struct snapshot *b, const char *what)
{
	const struct table *t = &a->table[TABLE_DOMAIN];
	size_t n = 0;
	char count[48];

	for (size_t i = 0; i < t->n; i++) {
		if (snapshot_find(b, TABLE_DOMAIN, t->row[i]->key))
			continue;
		if (n++ < NAMED_MOST)
			tell(ui, now, cell_text(t->row[i], DOMAIN_NAME), what);
	}
	if (n > NAMED_MOST) {
		snprintf(count, sizeof(count), "%zu more guests", n - NAMED_MOST);
		tell(ui, now, count, what);
	}
}

static void tell_stuck(struct ui *ui, const struct snapshot *before, const struct snapshot *now)
{
	const struct table *t = &now->table[TABLE_DOMAIN];

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];
		const struct row *old = snapshot_find(before, TABLE_DOMAIN, row->key);
		bool is = cell_has(row, DOMAIN_STUCK), was = old && cell_has(old, DOMAIN_STUCK);

		if (old && is != was)
			tell(ui, now, cell_text(row, DOMAIN_NAME),
			    is ? "does not answer any more" : "answers again");
	}
}

/* Which sources are needed changes with every screen; only what becomes of them is news. */
static bool is_news(const char *state)
{
	return strcmp(state, "off") != 0 && strcmp(state, "starting") != 0 && *state;
}

static void tell_sources(struct ui *ui, const struct snapshot *before, const struct snapshot *now)
{
	const struct table *t = &now->table[TABLE_SOURCE];

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];
		const struct row *old = snapshot_find(before, TABLE_SOURCE, row->key);
		const char *is = cell_text(row, SOURCE_STATE);
		const char *was = old ? cell_text(old, SOURCE_STATE) : "";
		char text[NOTE_SIZE];

		if (!is_news(is) || !is_news(was) || strcmp(is, was) == 0)
			continue;
		snprintf(text, sizeof(text), "is %s now, was %s. %.120s", is, was,
		    cell_text(row, SOURCE_NOTE));
		tell(ui, now, cell_text(row, SOURCE_NAME), text);
	}
}

void messages_compare(struct ui *ui, const struct snapshot *before, const struct snapshot *now)
{
	tell_missing(ui, now, now, before, "has started");
	tell_missing(ui, now, before, now, "has ended");
	tell_stuck(ui, before, now);
	tell_sources(ui, before, now);
}
