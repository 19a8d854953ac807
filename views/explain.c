/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key e: all about the rule of a finding, over the screen. */
#include <string.h>

#include "advisor/limits.h"
#include "views/advice.h"
#include "views/fix_view.h"
#include "views/list.h"
#include "views/overlay.h"
#include "views/page.h"

unsigned advice_explain(struct ui *ui, struct page *p, const char *key)
{
	const struct row *finding = line_finding(p, page_selected(p));

	(void)key;
	page_stay(p);
	overlay_open(ui, OVERLAY_EXPLAIN, 0);
	ui->overlay.rule = finding_rule(finding);
	ui->overlay.finding = finding->key;
	return UI_REDRAW;
}

/* Below a heading, and a little to the right of it. */
static void add_text(struct list *l, const char *text)
{
	list_add(l, (struct item){ .label = "", .text = text });
}

static void add_section(struct list *l, const char *heading, const char *text)
{
	list_heading(l, heading);
	add_text(l, text);
}

static void add_fix(struct page *p, struct list *l, const struct rule *rule)
{
	struct text text = { 0 };

	say_fix_class(&text, rule->fix);
	add_section(l, "The fix", page_printf(p, "%s", text.p));
	text.len = 0;
	say_fix_order(&text, rule);
	if (text.len)
		add_text(l, page_printf(p, "%s", text.p));
	text_done(&text);
}

static void add_lines(struct page *p, struct list *l, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		add_text(l, page_printf(p, "%.*s", (int)len, lines));
		lines += len + (lines[len] == '\n');
	}
}

/* It may be over while somebody still reads. */
static void add_finding(struct page *p, struct list *l, const struct row *finding)
{
	const char *advice = cell_text(finding, FINDING_ADVICE);
	const char *after = cell_text(finding, FINDING_AFTER);

	list_heading(
	    l, page_printf(p, "%s: %s%s", cell_text(finding, FINDING_SUBJECT),
		   cell_text(finding, FINDING_LEVEL), finding_is_muted(finding) ? ", muted" : ""));
	add_text(l, cell_text(finding, FINDING_EVIDENCE));
	if (*advice)
		add_text(l, page_printf(p, "Do: %s.", advice));
	if (*after)
		add_text(l, page_printf(p, "First mend %s.", after));
	fix_view_plan(p, l, finding);
}

/* Those that count here; without somebody who judges those of the rule. */
static struct limits limits_here(const struct page *p, const struct rule *rule)
{
	return p->ui->advisor ? advisor_limits(p->ui->advisor, rule) : limits_of(rule);
}

static void add_limits(struct page *p, struct list *l, const struct rule *rule)
{
	struct limits limits = limits_here(p, rule);
	struct text text = { 0 };

	say_limits(&text, rule, &limits);
	list_heading(l, "Limits, as configuration");
	add_lines(p, l, text.p);
	text_done(&text);
}

static void add_raised(struct page *p, struct list *l, const struct rule *rule)
{
	struct limits limits = limits_here(p, rule);
	struct text text = { 0 };

	say_raised(&text, rule, &limits);
	add_text(l, page_printf(p, "%s", text.p));
	text_done(&text);
}

void explain_build(struct page *p, struct list *l)
{
	const struct rule *rule = p->ui->overlay.rule;
	const struct row *finding =
	    p->now ? snapshot_find(p->now, TABLE_FINDING, p->ui->overlay.finding) : NULL;

	l->keys = "Up Down PgUp PgDn scroll   any other key closes";
	l->title = rule ? rule->id : "Advice";
	if (finding)
		add_finding(p, l, finding);
	if (!rule)
		return;
	add_section(l, "What is good, and why", rule->good);
	add_section(l, "How it is told", rule->detect);
	add_raised(p, l, rule);
	list_heading(l, "By hand");
	add_lines(p, l, rule->by_hand);
	add_fix(p, l, rule);
	add_section(l, "Risk", rule->risk);
	add_limits(p, l, rule);
	add_section(l, "Source", page_printf(p, "%s.", rule->source));
}
