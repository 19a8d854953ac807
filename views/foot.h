/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Below every screen: a sentence on the selected line, and the bar of screens and keys. */
#ifndef KVMTOP_VIEWS_FOOT_H
#define KVMTOP_VIEWS_FOOT_H

struct canvas;
struct page;
struct line;

#define FOOT_ROWS 2

/* @rows lines of @cols cells from @y on; with none only what must not be missed is lost. */
void foot_draw(const struct page *p, struct canvas *c, int y, int rows, int cols);
void bar_draw(const struct page *p, struct canvas *c, int y, int cols);

/* What there is to say about a line, as a sentence; lives as long as the page. */
const char *line_sentence(struct page *p, const struct line *line);

/* Writes @text into @rows lines of @width cells, broken between words; the lines that it took. */
int text_wrap(struct canvas *c, int y, int x, int width, int rows, int style, const char *text);

#endif
