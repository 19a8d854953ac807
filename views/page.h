/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of a screen: made from a snapshot, found again, scrolled and drawn. */
#ifndef KVMTOP_VIEWS_PAGE_H
#define KVMTOP_VIEWS_PAGE_H

#include "views/view.h"

/* @rows and @cols of the area that it is drawn on. @now may be NULL. */
struct page *page_new(struct ui *ui, const struct snapshot *now, int rows, int cols);
void page_free(struct page *p);

/* Selects the line at @place, or the nearest; scrolls so that it can be seen. Corrects @place. */
void page_place(struct page *p, struct place *place);

/* The user chose a line. */
void page_select(struct page *p, struct place *place, int line);

/* A key was about the selected line: from now on the cursor follows it. */
void page_stay(struct page *p);

/* The next selectable line from @line on, in steps of 1 or -1; -1: there is none. */
int page_next(const struct page *p, int line, int step);

/* The selected line, or NULL. */
const struct line *page_selected(const struct page *p);

/* The guest that a line is about, or NULL. */
const struct row *line_domain(const struct line *line);

/* The part that sorting and choosing columns is about: the selected one, if it is a table. */
struct pane *page_table(struct page *p);

/* How many lines of what scrolls can be seen. */
int page_visible(const struct page *p, int top);

void page_draw(const struct page *p, struct canvas *c, int y, int top);

/* For the parts that build their own lines. Texts live as long as the page. */
struct line *page_add(struct page *p, struct pane *pane, enum line_kind kind);
struct line *page_add_row(
    struct page *p, struct pane *pane, enum table_id table, const struct row *row);
void page_add_note(struct page *p, struct pane *pane, const char *text);
/* Why there is no row. */
void page_add_empty(struct page *p, struct pane *pane);
void page_add_heads(struct page *p, struct pane *pane);
const char *page_printf(struct page *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The rows that the part takes and the user wants to see, sorted. Lives as long as the page. */
const struct row **pane_rows(struct page *p, struct pane *pane, size_t *ret_n);

/* Heads and rows, or why there are none: what a part of kind PART_TABLE is made of. */
void pane_build_table(struct page *p, struct pane *pane);
void pane_build_facts(struct page *p, struct pane *pane);
void pane_build_pairs(struct page *p, struct pane *pane);
/* trend.c: of the first row that the part takes. */
void pane_build_trends(struct page *p, struct pane *pane);
void trend_draw(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected);
/* The row that facts, pairs and trends are about; NULL: there is none. */
const struct row *pane_only_row(const struct page *p, const struct pane *pane);
/* What a figure is called among pairs. */
const char *pair_label(struct page *p, const struct column *c);

/* Notes that all columns of the part are shown. */
void pane_needs_all(struct pane *pane);

#define NOT_READ_YET "Not read yet."

/* The sources that are off, or have just been switched on and not answered yet. */
unsigned sources_awaited(const struct snapshot *now);

/* Whether one of these sources is off, or has just been switched on and not answered yet. */
bool page_awaits(const struct page *p, unsigned needs);

/* Whether one of them has not read since the guest has come. */
bool page_awaits_guest(const struct page *p, const struct row *domain, unsigned needs);

/* The sources of all that is on the page. */
unsigned page_needs(const struct page *p);

#endif
