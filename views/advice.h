/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings on the screens: the cells that they mark, and which of them a line is about. */
#ifndef KVMTOP_VIEWS_ADVICE_H
#define KVMTOP_VIEWS_ADVICE_H

#include "views/view.h"

struct list;

/* What limits and findings make of a cell: the worse. */
enum mark mark_in(const struct snapshot *now, enum table_id t, const struct row *row, int column);

/* Whether a limit or a rule may ever mark a figure of the column. */
bool mark_may_come(enum table_id t, int column);

/* On screen 9 the finding of the line; elsewhere the worst one about its row, of a guest also about
 * its parts. NULL: there is none. */
const struct row *line_finding(const struct page *p, const struct line *line);

/* Whether the line shows a finding itself. */
bool line_is_finding(const struct line *line);

/* "web1: 61 % of its memory …" */
const char *finding_sentence(struct page *p, const struct row *finding);
/* The same with the name that kvmtop explain and kvmtop fix know it by. */
const char *finding_told(struct page *p, const struct row *finding);
enum style finding_style(const struct row *finding);

/* Findings of that level that nobody muted. */
size_t findings_count(const struct snapshot *now, int level);
/* Whether any is worse than an information. */
bool findings_any(const struct snapshot *now);

/* Handlers of commands, about the finding of the selected line. */
unsigned advice_explain(struct ui *ui, struct page *p, const char *key);
unsigned advice_mute(struct ui *ui, struct page *p, const char *key);

void explain_build(struct page *p, struct list *l);

#endif
