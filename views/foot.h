/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Below every screen: a sentence on the selected line, and the bar of screens and keys. */
#ifndef KVMTOP_VIEWS_FOOT_H
#define KVMTOP_VIEWS_FOOT_H

#include "views/view.h"

#define FOOT_ROWS 2
/* What the count of lines below takes of the last line: a blank and "▼1234". */
#define HIDDEN_WIDTH 6

/* @rows lines of @cols cells from @y on; with none only what must not be missed is lost. */
void foot_draw(const struct page *p, struct canvas *c, int y, int rows, int cols);
void bar_draw(const struct page *p, struct canvas *c, int y, int cols);

/* What the foot advises about the selected line; NULL: nothing, or it has no room. */
const struct row *foot_finding(struct page *p);

/* What there is to say about a line, as a sentence; lives as long as the page. */
const char *line_sentence(struct page *p, const struct line *line);

/* "Sorted by CPU%: Host CPU time …", and of what it means as many clauses as fit. */
void sort_sentence(const struct column *c, int width, char ret[NOTE_SIZE]);

/* How many bytes of @text, which is not empty, its first line of @width cells takes. */
size_t text_break(const char *text, int width);

/* Writes @text into @rows lines of @width cells, broken between words; the lines that it took. */
int text_wrap(struct canvas *c, int y, int x, int width, int rows, int style, const char *text);

#endif
