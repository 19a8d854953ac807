/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 0: the fixes of the journal, the newest first. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/sanitize.h"
#include "fixes/journal.h"
#include "views/fix_view.h"
#include "views/page.h"
#include "views/parts.h"

/* As many stand before what else is on the screen; a key shows all. */
#define FOLDED 5
#define GAP 2
/* What has less room than this says nothing. */
#define CHANGE_MIN 24

/* In the order of the screen. */
enum entry_column { WHEN, WHO, RULE, ABOUT, CHANGE, RESULT, EFFECT, COLUMNS };

static const struct {
	const char *head;
	int most;
	int rank; /* in a narrow window higher ones go first; 0: stays */
} kinds[COLUMNS] = {
	[WHEN] = { "WHEN", 11, 0 },
	[WHO] = { "BY", 20, 4 },
	[RULE] = { "RULE", 28, 3 },
	[ABOUT] = { "ABOUT", 18, 1 },
	[CHANGE] = { "CHANGE", 200, 0 },
	[RESULT] = { "RESULT", 12, 0 },
	[EFFECT] = { "EFFECT", 30, 2 },
};

struct entry {
	const char *cell[COLUMNS];
};

/* Where the columns stand; width 0: has no room. */
struct layout {
	int x[COLUMNS], width[COLUMNS];
};

static const char *clean(struct page *p, const char *text)
{
	char *copy = sanitize_dup(text ? text : "", text ? strlen(text) : 0);
	const char *kept = page_printf(p, "%s", copy);

	free(copy);
	return kept;
}

/* In local time, as the messages are. */
static const char *when(struct page *p, const char *stamp)
{
	struct tm tm = { 0 };
	time_t seconds;

	if (!stamp || !strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm))
		return "";
	seconds = timegm(&tm);
	localtime_r(&seconds, &tm);
	return page_printf(
	    p, "%02d-%02d %02d:%02d", tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

/* "60 -> 10, vm.swappiness": if anything is cut off, then not the values. */
static const char *change(struct page *p, const struct fix *f)
{
	struct text text = { 0 };
	const char *kept;
	size_t first = 0;

	if (f->n == 0)
		return "";
	while (first < f->n && !fix_step_changes(f, first))
		first++;
	if (first == f->n)
		first = 0;
	fix_step_values(f, first, &text);
	text_append(&text, ", ", 2);
	step_place(&f->step[first], &text);
	kept = clean(p, text.p);
	text_done(&text);
	return f->n == 1 ? kept : page_printf(p, "%s; %zu more", kept, f->n - 1);
}

static const char *result(const struct record *r)
{
	return r->undone_by ? "undone" : ending_name(r->fix.ending);
}

static struct entry *entry_of(struct page *p, const struct record *r)
{
	struct entry *e = arena_alloc(p->arena, sizeof(*e));

	*e = (struct entry){ .cell = {
				 [WHEN] = when(p, r->time),
				 [WHO] = clean(p, r->who),
				 [RULE] = clean(p, r->fix.rule),
				 [ABOUT] = clean(p, r->fix.subject),
				 [CHANGE] = change(p, &r->fix),
				 [RESULT] = result(r),
				 [EFFECT] = clean(p, r->effect),
			     } };
	return e;
}

/* Until somebody chooses one, the key is about the last fix. */
static bool is_undone_by_key(const struct page *p, const struct record *r)
{
	return p->ui->place[SCREEN_JOURNAL].moved ? record_can_undo(r)
						  : r == records_last(p->ui->journal);
}

static const char *sentence(struct page *p, const struct record *r, const struct entry *e)
{
	const struct fix *f = &r->fix;
	const char *text = page_printf(p, "Fix %llu of %s by %s: %s (%s, %s): %s",
	    (unsigned long long)f->id, e->cell[WHEN], e->cell[WHO], clean(p, f->title),
	    e->cell[RULE], e->cell[ABOUT], ending_name(f->ending));

	if (f->why)
		text = page_printf(p, "%s: %s", text, clean(p, f->why));
	if (r->effect)
		text = page_printf(p, "%s; effect: %s", text, e->cell[EFFECT]);
	if (r->undone_by)
		return page_printf(
		    p, "%s; undone by fix %llu.", text, (unsigned long long)r->undone_by);
	return page_printf(p, "%s.%s", text, is_undone_by_key(p, r) ? " u undoes it." : "");
}

/* ---- the layout ---- */

static int width_of(const struct layout *l)
{
	int width = MARGIN;

	for (int i = 0; i < COLUMNS; i++)
		width += l->width[i] ? l->width[i] + GAP : 0;
	return width - GAP;
}

static void widen(struct layout *l, const struct entry *e)
{
	for (int i = 0; i < COLUMNS; i++) {
		int width = text_width(e->cell[i]);

		if (width > l->width[i])
			l->width[i] = width < kinds[i].most ? width : kinds[i].most;
	}
}

/* A column that is empty everywhere has no head; of the others the last ones go. */
static void fit(struct layout *l, int cols)
{
	int wanted = l->width[CHANGE], rank = 5, x = MARGIN;

	for (int i = 0; i < COLUMNS; i++)
		if (l->width[i] && l->width[i] < text_width(kinds[i].head))
			l->width[i] = text_width(kinds[i].head);
	if (wanted > CHANGE_MIN)
		l->width[CHANGE] = CHANGE_MIN;
	while (width_of(l) > cols && --rank > 0)
		for (int i = 0; i < COLUMNS; i++)
			if (kinds[i].rank == rank)
				l->width[i] = 0;
	l->width[CHANGE] += cols - width_of(l);
	if (l->width[CHANGE] > wanted)
		l->width[CHANGE] = wanted;
	for (int i = 0; i < COLUMNS; i++) {
		l->x[i] = x;
		x += l->width[i] ? l->width[i] + GAP : 0;
	}
}

/* ---- the lines ---- */

static void add_record(
    struct page *p, struct pane *pane, const struct record *r, struct entry *entry)
{
	struct line *line = page_add(p, pane, LINE_RECORD);

	line->record = r;
	line->entry = entry;
	line->text = sentence(p, r, entry);
	line->selectable = true;
	line->id.number = (int)(r->fix.id % 1000000) + 1;
}

void journal_build(struct page *p, struct pane *pane)
{
	const struct records *all = p->ui->journal;
	struct layout *l = arena_alloc(p->arena, sizeof(*l));
	size_t n = all ? all->n : 0, shown = n;

	if (!all)
		return;
	page_add(p, pane, LINE_TITLE)->text = pane->part->title;
	if (n == 0) {
		page_add_note(p, pane, pane->part->empty);
		return;
	}
	*l = (struct layout){ .width = { 0 } };
	pane->own = l;
	page_add(p, pane, LINE_RECORD);
	if (!p->ui->whole_journal && n > FOLDED + 1)
		shown = FOLDED;
	for (size_t i = n; i-- > n - shown;) {
		struct entry *e = entry_of(p, &all->record[i]);

		widen(l, e);
		add_record(p, pane, &all->record[i], e);
	}
	fit(l, p->cols);
	if (shown < n)
		page_add_note(p, pane, page_printf(p, "%zu earlier ones; t shows all.", n - shown));
	if (all->damaged)
		page_add_note(p, pane,
		    page_printf(p, "%zu line%s of the journal cannot be read.", all->damaged,
			all->damaged == 1 ? "" : "s"));
}

static enum style style_of(const struct record *r, int column)
{
	if (column == CHANGE)
		return STYLE_NORMAL;
	if (column == RESULT && !r->undone_by && r->fix.ending != ENDING_DONE)
		return STYLE_WARN;
	return column == ABOUT ? STYLE_DOMAIN : STYLE_DIM;
}

void journal_draw(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected)
{
	const struct layout *l = line->pane->own;
	const struct entry *e = line->entry;

	if (!e)
		canvas_fill(c, y, 1, STYLE_HEADER);
	for (int i = 0; i < COLUMNS; i++)
		if (l->width[i])
			canvas_text(c, y, l->x[i], l->width[i],
			    e ? style_of(line->record, i) : STYLE_HEADER, ALIGN_LEFT,
			    e ? e->cell[i] : kinds[i].head);
	if (selected)
		canvas_select(c, y, 0, p->cols);
}

unsigned journal_fold(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	ui->whole_journal = !ui->whole_journal;
	return UI_REDRAW;
}
