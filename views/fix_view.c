/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/fix_view.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/clock.h"
#include "base/sanitize.h"
#include "base/slice.h"
#include "fixes/fix.h"
#include "fixes/job.h"
#include "fixes/journal.h"
#include "fixes/kinds.h"
#include "model/format.h"
#include "views/advice.h"
#include "views/foot.h"
#include "views/list.h"
#include "views/overlay.h"
#include "views/page.h"
#include "views/prompt.h"

/* Nobody reads what has become another and presses a key for it in less. */
#define SUDDEN_NS (2 * NS_PER_SEC)

/* ---- the keys ---- */

static unsigned note(struct ui *ui, const char *text)
{
	ui_note(ui, text);
	return UI_REDRAW;
}

/* Foreign text on the page. */
static const char *clean(struct page *p, const char *text)
{
	char *copy = sanitize_dup(text, strlen(text));
	const char *kept = page_printf(p, "%s", copy);

	free(copy);
	return kept;
}

const char *finding_command(struct page *p, const struct row *finding)
{
	struct text out = { 0 };
	const char *command = "";
	struct plan plan;

	if (!p->ui->advisor || !p->now || !*cell_text(finding, FINDING_CLASS))
		return "";
	if (advisor_plan(p->ui->advisor, p->now, finding, &plan) && plan.n > 0) {
		kind_command(&plan.action[0], plan.action[0].value, &out);
		command = plan.n == 1 ? clean(p, out.p)
				      : page_printf(p, "%s (the first of %zu, e shows all)",
					    clean(p, out.p), plan.n);
	}
	plan_done(&plan);
	text_done(&out);
	return command;
}

/* Why nothing is changed now; NULL: it may be. */
static const char *why_not(const struct ui *ui)
{
	if (*ui->fix_refusal)
		return ui->fix_refusal;
	return ui->paused ? "The picture is held, and old: z lets it go on." : NULL;
}

bool fix_is_offered(const struct ui *ui, const struct row *finding)
{
	return *cell_text(finding, FINDING_CLASS) && !*cell_text(finding, FINDING_AFTER) &&
	       !why_not(ui);
}

/* Nobody reads what is hidden, but for what is being shown of it. */
static bool hides_foot(const struct ui *ui, struct key finding)
{
	return ui->overlay.kind != OVERLAY_NONE &&
	       !(ui->overlay.kind == OVERLAY_FIX && key_equal(ui->fix_wanted.finding, finding));
}

/* The cursor stays at the top whoever comes there: between two samples only a key changes what is
 * advised, with a new one it changes by itself. */
void fix_follow(struct ui *ui, struct page *p)
{
	const struct row *finding = foot_finding(p);
	struct key key = finding ? finding->key : key_host(0);
	bool same = ui->advised.screen == ui->screen && key_equal(ui->advised.finding, key);

	if (!p->now)
		return;
	if (!same)
		ui->advised.changed_ns =
		    ui->advised.sample_ns == p->now->moment.mono_ns ? 0 : clock_mono_ns();
	else if (ui->advised.changed_ns && hides_foot(ui, key))
		ui->advised.changed_ns = clock_mono_ns();
	ui->advised.screen = ui->screen;
	ui->advised.finding = key;
	ui->advised.sample_ns = p->now->moment.mono_ns;
}

static bool is_sudden(const struct ui *ui)
{
	return ui->advised.changed_ns && clock_mono_ns() - ui->advised.changed_ns < SUDDEN_NS;
}

static unsigned begin(struct ui *ui, enum fix_wish wish, struct key finding, uint64_t id)
{
	ui->fix_wanted = (struct fix_wanted){
		.wish = wish,
		.finding = finding,
		.id = id,
		.is_sudden = wish == FIX_WISH_MAKE && is_sudden(ui),
	};
	overlay_open(ui, OVERLAY_FIX, 0);
	return UI_REDRAW | UI_FIX;
}

unsigned fix_begin(struct ui *ui, struct page *p, const char *key)
{
	const struct row *finding = foot_finding(p);
	const char *after, *no = why_not(ui), *command;

	(void)key;
	/* Nothing is done about what was not read. */
	if (!finding)
		return note(ui,
		    "The foot advises nothing here: e explains what is known of it, 9 has "
		    "all.");
	if (finding_level(finding) == LEVEL_NONE)
		return note(
		    ui, page_printf(p, "Nothing to fix. %s", cell_text(finding, FINDING_EVIDENCE)));
	after = cell_text(finding, FINDING_AFTER);
	command = finding_command(p, finding);
	page_stay(p);
	if (!*cell_text(finding, FINDING_CLASS))
		return note(ui, "There is advice for this, but no fix that could be made now.");
	if (no)
		return note(
		    ui, page_printf(p, "%s%s%s", no, *command ? " By hand: " : "", command));
	if (*after)
		return note(ui, page_printf(p, "First mend %s.", after));
	return begin(ui, FIX_WISH_MAKE, finding->key, 0);
}

/* A fix that the user chose in the journal, or else the last one. */
unsigned fix_undo(struct ui *ui, struct page *p, const char *key)
{
	const struct line *line = page_selected(p);
	const struct record *chosen = line && ui->place[ui->screen].moved ? line->record : NULL;
	const char *no = why_not(ui);

	(void)key;
	if (no)
		return note(ui, no);
	return begin(ui, FIX_WISH_UNDO, key_host(0), chosen ? chosen->fix.id : 0);
}

unsigned fix_lasting(struct ui *ui, struct page *p, const char *key)
{
	const struct row *finding = foot_finding(p);
	const char *no = why_not(ui);

	(void)key;
	if (no)
		return note(ui, no);
	if (finding)
		page_stay(p);
	return begin(ui, FIX_WISH_LASTING, finding ? finding->key : key_host(0), 0);
}

/* ---- what is shown ---- */

static bool is_done(const struct fix *f)
{
	return f->ending == ENDING_DONE || f->ending == ENDING_PART;
}

static const char *progress(struct page *p, const struct fixing *f)
{
	char done[FORMAT_SIZE], total[FORMAT_SIZE];

	if (!f->total_bytes)
		return "It is being done.";
	format_size((double)f->done_bytes, 6, done);
	format_size((double)f->total_bytes, 6, total);
	return page_printf(p, "It is being done: %s of %s.", done, total);
}

static const char *ending(struct page *p, const struct fix *f)
{
	const char *why = f->why ? clean(p, f->why) : "";

	if (f->ending == ENDING_DONE && f->undoes)
		return page_printf(p, "Fix %llu is undone, and read back: fix %llu of the journal.",
		    (unsigned long long)f->undoes, (unsigned long long)f->id);
	if (f->ending == ENDING_DONE)
		return page_printf(
		    p, "Done, and read back: fix %llu of the journal.", (unsigned long long)f->id);
	return page_printf(p, "%c%s%s%s.", ending_name(f->ending)[0] - 'a' + 'A',
	    ending_name(f->ending) + 1, *why ? ": " : "", why);
}

static const char *state(struct page *p, const struct fixing *f)
{
	switch (f->phase) {
	case JOB_READING:
		break;
	case JOB_READY:
		return p->ui->fix_wanted.is_sudden
			   ? "Nothing is changed yet: this advice came just before the key."
			   : "Nothing is changed yet.";
	case JOB_WORKING:
		return progress(p, f);
	case JOB_OVER:
		return ending(p, f->fix);
	}
	return "It is looked up what stands there.";
}

/* The keys stand there from when they are heard. */
static const char *keys(const struct fixing *f)
{
	if (f->is_new)
		return NULL;
	switch (f->phase) {
	case JOB_READING:
		return "Esc leaves";
	case JOB_READY:
		return f->name ? "Enter asks for the name, then applies   Esc leaves"
			       : "Enter applies   Esc leaves";
	case JOB_WORKING:
		return "Esc stops";
	case JOB_OVER:
		break;
	}
	if (!is_done(f->fix) || f->fix->undoes)
		return "Esc closes";
	return f->can_last ? "u undoes   p makes it last   Esc closes" : "u undoes   Esc closes";
}

/* What the user may have meant stands before what is undone instead. */
static const char *passed(struct page *p, const struct fix *f)
{
	const char *words = clean(p, f->passed);

	return page_printf(p, "%c%s. This is fix %llu.", toupper((unsigned char)*words), words + 1,
	    (unsigned long long)f->undoes);
}

static void add_text(struct list *l, const char *text)
{
	list_add(l, (struct item){ .label = "", .text = text });
}

/* A line each. */
static void add_lines(struct page *p, struct list *l, const char *heading, const struct text *lines)
{
	struct cursor all;
	struct slice line;

	if (lines->len == 0)
		return;
	list_heading(l, heading);
	cursor_init(&all, lines->p, lines->len);
	while (cursor_split(&all, '\n', &line))
		if (line.len)
			add_text(l, clean(p, page_printf(p, "%.*s", (int)line.len, line.p)));
}

static void add_steps(struct page *p, struct list *l, const struct fixing *f)
{
	const char *title = f->fix->title ? clean(p, f->fix->title) : "What it does";

	/* The sentence above it has left a line free. */
	list_add(l, (struct item){ .heading = true, .label = title });
	for (size_t i = 0; i < f->fix->n; i++) {
		const struct step *s = &f->fix->step[i];
		struct text change = { 0 };

		fix_step_change(f->fix, i, &change);
		add_text(l,
		    page_printf(p, "%s%s%s", clean(p, change.p), f->phase == JOB_OVER ? ": " : "",
			f->phase == JOB_OVER ? result_name(s->result) : ""));
		text_done(&change);
	}
}

static void add_commands(struct page *p, struct list *l, const struct fix *fix)
{
	struct text lines = { 0 };

	fix_commands(fix, &lines);
	add_lines(p, l, "By hand", &lines);
	text_done(&lines);
}

static void add_way_back(struct page *p, struct list *l, const struct fix *fix)
{
	struct text lines = { 0 };

	fix_undo_commands(fix, &lines);
	/* Without a choice u is about a fix, never about an undo. */
	add_lines(
	    p, l, fix->undoes ? "The way back, by hand" : "The way back: u, or by hand", &lines);
	text_done(&lines);
}

static void add_care(struct page *p, struct list *l, const struct fixing *f)
{
	if (f->fix_class != FIX_NONE) {
		list_heading(l, page_printf(p, "Class %s, %s", fix_class_name(f->fix_class),
				    fix_class_title(f->fix_class)));
		add_text(l, fix_class_words(f->fix_class));
	}
	if (f->rule) {
		list_heading(l, "Risk");
		add_text(l, f->rule->risk);
	}
}

void fix_view_plan(struct page *p, struct list *l, const struct row *finding)
{
	struct fixing f = { .phase = JOB_READING };
	struct fix fix = { 0 };
	struct plan plan;

	if (!p->ui->advisor || !*cell_text(finding, FINDING_CLASS))
		return;
	if (advisor_plan(p->ui->advisor, p->now, finding, &plan)) {
		fix_of_plan(&fix, &plan, false);
		f.fix = &fix;
		list_add(l, (struct item){ .heading = true, .label = "" });
		add_steps(p, l, &f);
		add_commands(p, l, &fix);
	}
	fix_done(&fix);
	plan_done(&plan);
}

void fix_view_record(struct page *p, struct list *l, const struct line *line)
{
	struct fixing f = { .phase = JOB_OVER, .fix = &line->record->fix };

	l->title = page_printf(p, "Fix %llu", (unsigned long long)f.fix->id);
	list_add(l, (struct item){ .text = line->text });
	add_steps(p, l, &f);
	add_commands(p, l, f.fix);
	add_way_back(p, l, f.fix);
}

void fix_view_build(struct page *p, struct list *l)
{
	const struct fixing *f = p->ui->fixing;
	static const char *const titles[] = {
		[FIX_WISH_MAKE] = "Fix",
		[FIX_WISH_LASTING] = "Make it last",
		[FIX_WISH_UNDO] = "Undo",
	};

	l->title = titles[p->ui->fix_wanted.wish];
	if (!f)
		return;
	if (f->fix && f->fix->undoes)
		l->title = page_printf(p, "Undo fix %llu", (unsigned long long)f->fix->undoes);
	if (f->rule)
		l->title = page_printf(p, "%s: %s", l->title, f->rule->id);
	l->keys = keys(f);
	list_add(l, (struct item){ .text = state(p, f) });
	if (f->fix && f->fix->passed)
		list_add(l, (struct item){ .text = passed(p, f->fix) });
	if (f->effect)
		list_add(l, (struct item){ .text = f->effect });
	if (!f->fix || f->fix->n == 0)
		return;
	add_steps(p, l, f);
	add_commands(p, l, f->fix);
	add_way_back(p, l, f->fix);
	add_care(p, l, f);
}

/* ---- its keys ---- */

static unsigned leave(struct ui *ui)
{
	ui->overlay.kind = OVERLAY_NONE;
	return UI_REDRAW | UI_FIX_STOP;
}

static unsigned confirm(struct ui *ui, const struct fixing *f)
{
	if (!f->name)
		return UI_REDRAW | UI_FIX_APPLY;
	prompt_open(ui, PROMPT_CONFIRM);
	return UI_REDRAW;
}

unsigned fix_view_confirm(struct ui *ui, const char *typed, char error[NOTE_SIZE])
{
	const struct fixing *f = ui->fixing;

	if (!f || f->phase != JOB_READY || !f->name)
		return leave(ui);
	if (strcmp(typed, f->name) == 0)
		return UI_REDRAW | UI_FIX_APPLY;
	snprintf(error, NOTE_SIZE, "that is not its name; Esc leaves");
	return UI_REDRAW;
}

/* What was pressed before anybody could see what it would mean is not heard. */
unsigned fix_view_key(struct ui *ui, const char *key)
{
	const struct fixing *f = ui->fixing;
	bool leaves = strcmp(key, "Esc") == 0 || strcmp(key, "q") == 0;

	if (!f)
		return leave(ui);
	if (f->is_new)
		return 0;
	if (f->phase == JOB_WORKING)
		return leaves ? UI_FIX_STOP : 0;
	if (leaves)
		return leave(ui);
	if (f->phase == JOB_READY && strcmp(key, "Enter") == 0)
		return confirm(ui, f);
	if (f->phase != JOB_OVER)
		return 0;
	if (is_done(f->fix) && !f->fix->undoes && strcmp(key, "u") == 0)
		return begin(ui, FIX_WISH_UNDO, key_host(0), f->fix->id);
	if (is_done(f->fix) && f->can_last && strcmp(key, "p") == 0)
		return begin(ui, FIX_WISH_LASTING, key_host(0), 0);
	return strcmp(key, "Enter") == 0 || strcmp(key, "Space") == 0 ? leave(ui) : 0;
}
