/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables on a canvas: which columns have room, how wide they are, what their cells say. */
#ifndef KVMTOP_VIEWS_TABLE_VIEW_H
#define KVMTOP_VIEWS_TABLE_VIEW_H

#include "views/view.h"

/* A unit behind a figure, "%" or "/s", and the blank before it. */
#define UNIT_WIDTH 2
#define PAIR_UNIT_WIDTH (1 + UNIT_WIDTH)

/* The part's own columns and sort. */
void part_state_init(struct part_state *state, const struct part *part);
/* The screen is shown anew: what it turned out to have nothing of may go. */
void part_state_enter(struct part_state *state, const struct part *part);
void part_state_done(struct part_state *state);
bool part_state_has(const struct part_state *state, int column);
/* Shows a column, whatever has to go for it: in its place, or else behind the others. */
void part_state_show(struct part_state *state, int column);
void part_state_hide(struct part_state *state, int column);

/* Fills @pane->field. */
void pane_layout(struct page *p, struct pane *pane);
/* The same, whatever the part has of its own. */
void pane_layout_columns(struct page *p, struct pane *pane);

/* Has the column room on this picture? */
bool pane_shows(const struct pane *pane, int column);

/* Does the search look into it? Into names and sentences, not into short texts such as "0-3". */
bool column_is_searched(const struct table_kind *kind, int column);

/* For parts that make their own fields: room for @n, then one after the other. */
void pane_fields_begin(struct page *p, struct pane *pane, int n);
struct field *pane_field_add(struct pane *pane, enum table_id t, int column, int width);
/* Cells that the fields take so far, the margin and the gaps between them included. */
int pane_fields_width(const struct pane *pane);

/* How wide a column of texts wants to be, at least its own width and at most @most. */
int pane_text_width(const struct page *p, const struct pane *pane, int column, int most);

void line_draw(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected);

/* How a cell looks. */
void figure_of_cell(const struct page *p, const struct column *column, const struct cell *cell,
    int width, struct figure *ret);
/* How it looks that there is nothing: "-", or "." while it may still come. */
void figure_of_nothing(const struct page *p, const struct column *column, struct figure *ret);
const char *figure_text(const struct figure *f);

#endif
