/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A grid of character cells that screens are drawn on. It knows no terminal and no model; what
 * lies on it goes to a terminal (tui/), to a file (canvas_dump), or into a test.
 *
 * Every function takes any coordinates: what lies outside the canvas is not drawn, and a character
 * that takes two cells is drawn whole or not at all. Text is UTF-8 and should be sanitised
 * (base/sanitize.h); whatever it holds, no control character gets onto a canvas.
 *
 * On a canvas without unicode every cell is ASCII: drawing characters have ASCII twins, a character
 * that has none becomes a '?' in each cell it takes.
 *
 * The canvas belongs to whoever made it and is used by one thread.
 */
#ifndef KVMTOP_VIEWS_CANVAS_H
#define KVMTOP_VIEWS_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "views/theme.h"

struct canvas;

/* Canvases are kept between 1x1 and this. */
#define CANVAS_ROWS_MAX 1000
#define CANVAS_COLS_MAX 2000

/*
 * As a width: as wide as the text, no blanks behind it, cut at the edge of the canvas. Far from any
 * width that a layout may compute: those below 1 draw nothing.
 */
#define CANVAS_NATURAL (-0x40000000)

#define GLYPH_MARKS 2

/* What one cell holds. */
struct glyph {
	uint32_t code;              /* a blank is ' '; 0 in the right half of a wide character */
	uint32_t mark[GLYPH_MARKS]; /* combining marks; 0: none */
	uint8_t width; /* 1; 2: the cell to the right is its other half; 0: it is such a half */
	uint8_t style; /* enum style; both halves have the same */
};

enum align {
	ALIGN_LEFT,
	ALIGN_RIGHT,
	ALIGN_CENTRE,
};

/* A part of a bar. @fraction is of the bar's whole width. */
struct segment {
	double fraction;
	enum style style;
};

struct canvas *canvas_new(int rows, int cols, bool unicode);
void canvas_free(struct canvas *c);

/* Blanks in STYLE_NORMAL, and no cursor. */
void canvas_clear(struct canvas *c);

/* The canvas is clear afterwards. */
void canvas_resize(struct canvas *c, int rows, int cols);

int canvas_rows(const struct canvas *c);
int canvas_cols(const struct canvas *c);
bool canvas_unicode(const struct canvas *c);

/* NULL outside. Lent until the canvas is resized. */
const struct glyph *canvas_glyph(const struct canvas *c, int y, int x);

/* Where the terminal's cursor shall stand (a text field, the selected row). Hidden when outside. */
void canvas_set_cursor(struct canvas *c, int y, int x);
bool canvas_cursor(const struct canvas *c, int *ret_y, int *ret_x);

/*
 * Writes @utf8 into the field of @width cells at (y, x), with blanks around it. Text that is too
 * long ends in '…' ('~' in ASCII). A field that reaches beyond the canvas is narrowed first, so
 * that nobody takes a part of a number for the number. The cells that the text itself takes.
 */
int canvas_text(struct canvas *c, int y, int x, int width, enum style style, enum align align,
    const char *utf8);
int canvas_printf(struct canvas *c, int y, int x, int width, enum style style, enum align align,
    const char *format, ...) __attribute__((format(printf, 7, 8)));

/* Makes @rows whole rows, or a rectangle, blank. */
void canvas_fill(struct canvas *c, int y, int rows, enum style style);
void canvas_fill_rect(struct canvas *c, int y, int x, int rows, int cols, enum style style);

/* Changes the style of what is there. A wide character takes that of its left half. */
void canvas_style(struct canvas *c, int y, int x, int width, enum style style);

/* Each cell takes the style that its own has in the row of the cursor (theme_selected). */
void canvas_select(struct canvas *c, int y, int x, int width);

/*
 * A horizontal bar of @n segments, one behind the other; the rest of @width is blank. Its end is
 * drawn to an eighth of a cell, borders between segments lie between cells. A bar above 0 shows
 * something, one below 1 leaves something free where that can be drawn. Negative fractions and NaN
 * count as 0, and what is beyond 1 together is cut. In ASCII each segment has a letter of its own.
 */
void canvas_bar(struct canvas *c, int y, int x, int width, const struct segment *segment, size_t n);

/*
 * One cell per value, from 0 to @max, the first at (y, x). A value above 0 stands higher than 0
 * does; NaN leaves a blank.
 */
void canvas_spark(
    struct canvas *c, int y, int x, const double *value, size_t n, double max, enum style style);

/* The one character that stands for @value between 0 and @max, as canvas_spark draws it. */
const char *canvas_spark_text(double value, double max);

void canvas_hline(struct canvas *c, int y, int x, int width, enum style style);
void canvas_vline(struct canvas *c, int y, int x, int rows, enum style style);

/* A frame with a blank inside, for overlays; @title may be NULL. Needs 2x2 cells. */
void canvas_box(
    struct canvas *c, int y, int x, int rows, int cols, enum style style, const char *title);

/* The ASCII character that stands for @code; '?' if there is none. */
char canvas_ascii(uint32_t code);

/* UTF-8 of a code point; the number of bytes. */
size_t glyph_encode(uint32_t code, char ret[4]);

/*
 * The canvas as text, blanks at the ends of lines left out; with @colour canvas_dump_ansi writes
 * colours, without it the attributes of a terminal that has none. 0 or -EIO.
 */
int canvas_dump(const struct canvas *c, FILE *to);
int canvas_dump_ansi(const struct canvas *c, FILE *to, bool colour);

/* For tests: NULL, or what is wrong with the cells. */
const char *canvas_check(const struct canvas *c);

#endif
