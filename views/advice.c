/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/advice.h"

#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/arena.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

static bool is_raised(const struct row *finding)
{
	return finding_level(finding) > LEVEL_NONE && !finding_is_muted(finding);
}

static enum mark mark_of_level(enum level level)
{
	switch (level) {
	case LEVEL_CRITICAL:
		return MARK_CRIT;
	case LEVEL_WARNING:
		return MARK_WARN;
	case LEVEL_INFO:
	case LEVEL_NONE:
		break;
	}
	return MARK_NONE;
}

enum mark mark_in(const struct snapshot *now, enum table_id t, const struct row *row, int column)
{
	enum mark worst = mark_of(t, row, column);
	const struct table *findings = now ? &now->table[TABLE_FINDING] : NULL;

	for (size_t i = 0; row && findings && i < findings->n; i++) {
		const struct row *f = findings->row[i];
		enum mark mark = f->about == row ? mark_of_level(finding_level(f)) : MARK_NONE;
		const struct rule *rule;

		/* What is over is no reason to mark a figure that is well. */
		if (mark <= worst || finding_is_muted(f) || finding_is_over(f))
			continue;
		rule = finding_rule(f);
		if (rule && rule->subject == t && rule->column == column)
			worst = mark;
	}
	return worst;
}

bool mark_may_come(enum table_id t, int column)
{
	bool may = mark_has(t, column);

	for (size_t i = 0; i < rules_count() && !may; i++)
		may = rule_at(i)->subject == t && rule_at(i)->column == column;
	return may;
}

/* The host's own facts and figures have lines of their own: a line is about its column. */
static bool is_about(const struct page *p, const struct line *line, const struct row *finding)
{
	const struct pane *pane = line->pane;
	const struct rule *rule;

	if (line->row)
		return finding->about == line->row ||
		       (line->table == TABLE_DOMAIN && finding->domain == line->row);
	if ((line->kind != LINE_FACT && line->kind != LINE_TREND) || line->id.number == 0 ||
	    finding->about != pane_only_row(p, pane))
		return false;
	rule = finding_rule(finding);
	return rule && rule->subject == pane->part->table && rule->column == line->id.number - 1;
}

bool line_is_finding(const struct line *line)
{
	return line && line->row && line->table == TABLE_FINDING;
}

const struct row *line_finding(const struct page *p, const struct line *line)
{
	const struct table *t = p->now ? &p->now->table[TABLE_FINDING] : NULL;
	struct finding_weight worst = { .row = NULL };

	if (line_is_finding(line))
		return line->row;
	for (size_t i = 0; line && t && i < t->n; i++) {
		struct finding_weight w;

		if (!is_raised(t->row[i]) || !is_about(p, line, t->row[i]))
			continue;
		w = finding_weigh(t->row[i]);
		if (!worst.row || finding_weight_compare(&w, &worst) < 0)
			worst = w;
	}
	return worst.row;
}

const char *finding_sentence(struct page *p, const struct row *finding)
{
	return page_printf(
	    p, "%s: %s", cell_text(finding, FINDING_SUBJECT), cell_text(finding, FINDING_EVIDENCE));
}

const char *finding_told(struct page *p, const struct row *finding)
{
	return page_printf(p, "%s (%s): %s", cell_text(finding, FINDING_SUBJECT),
	    cell_text(finding, FINDING_RULE), cell_text(finding, FINDING_EVIDENCE));
}

enum style finding_style(const struct row *finding)
{
	return finding_is_muted(finding)
		   ? STYLE_DIM
		   : mark_style(mark_of_level(finding_level(finding)), STYLE_NORMAL);
}

size_t findings_count(const struct snapshot *now, int level)
{
	const struct table *t = now ? &now->table[TABLE_FINDING] : NULL;
	size_t n = 0;

	for (size_t i = 0; t && i < t->n; i++)
		n += (int)finding_level(t->row[i]) == level && !finding_is_muted(t->row[i]);
	return n;
}

bool findings_any(const struct snapshot *now)
{
	return findings_count(now, LEVEL_CRITICAL) + findings_count(now, LEVEL_WARNING) > 0;
}

static void add_group_title(struct page *p, struct pane *pane, enum finding_group group)
{
	page_add(p, pane, LINE_TITLE)->text =
	    group == FINDING_IS_MUTED ? "Muted" : "Not judged: a value is missing";
}

/* By weight, as long as the user sorts by no column. */
void advice_build(struct page *p, struct pane *pane)
{
	size_t n;
	const struct row **rows = pane_rows(p, pane, &n);
	struct finding_weight *all;
	enum finding_group group = FINDING_IS_RAISED;

	if (n == 0 || pane->state->sort >= 0) {
		pane_build_table(p, pane);
		return;
	}
	all = arena_alloc(p->arena, n * sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[i] = finding_weigh(rows[i]);
	qsort(all, n, sizeof(*all), finding_weight_compare);
	page_add_heads(p, pane);
	for (size_t i = 0; i < n; i++) {
		if (all[i].group != group)
			add_group_title(p, pane, group = all[i].group);
		page_add_row(p, pane, TABLE_FINDING, all[i].row);
	}
}

void advice_build_if_any(struct page *p, struct pane *pane)
{
	size_t n;

	pane_rows(p, pane, &n);
	if (n > 0 || pane->hidden)
		advice_build(p, pane);
}

/* The level has its colour, as the cell that it marks; what is muted stands back. */
bool advice_figure(
    const struct page *p, const struct line *line, const struct field *field, struct figure *ret)
{
	bool muted = finding_is_muted(line->row) || finding_level(line->row) == LEVEL_NONE;

	if (field->number != FINDING_LEVEL && !muted)
		return false;
	figure_of_cell(p, field->column, &line->row->cell[field->number], field->width, ret);
	ret->style = muted ? STYLE_DIM : finding_style(line->row);
	return true;
}

/* The next sample shows it where it belongs. */
unsigned advice_mute(struct ui *ui, struct page *p, const char *key)
{
	const struct row *finding = line_finding(p, page_selected(p));
	const struct rule *rule = finding_rule(finding);

	(void)key;
	if (!finding->about || !rule) {
		ui_note(ui, page_printf(p, "%s was not judged; only what was found can be muted.",
				cell_text(finding, FINDING_RULE)));
		return UI_REDRAW;
	}
	page_stay(p);
	ui->muting = (struct muting){
		.rule = rule,
		.subject = finding->about->key,
		.on = !finding_is_muted(finding),
	};
	ui_note(ui, page_printf(p, "%s: %s is %s.", cell_text(finding, FINDING_SUBJECT),
			cell_text(finding, FINDING_RULE),
			ui->muting.on ? "muted until kvmtop ends; m brings it back"
				      : "not muted any more"));
	return UI_REDRAW | UI_MUTE | UI_SAMPLE;
}
