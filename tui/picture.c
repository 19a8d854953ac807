/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/picture.h"

#include <curses.h>
#include <stdlib.h>
#include <wchar.h>

#include "base/xalloc.h"
#include "views/canvas.h"

struct picture {
	bool unicode, colour;
	attr_t attributes[STYLES];
	short pair[STYLES];
	cchar_t row[CANVAS_COLS_MAX];
};

static attr_t curses_attributes(unsigned int attributes)
{
	return (attributes & ATTR_BOLD ? A_BOLD : A_NORMAL) |
	       (attributes & ATTR_DIM ? A_DIM : A_NORMAL) |
	       (attributes & ATTR_UNDERLINE ? A_UNDERLINE : A_NORMAL) |
	       (attributes & ATTR_REVERSE ? A_REVERSE : A_NORMAL);
}

/* A pair of colours per style: the terminals with the fewest have room for 64. */
static void looks_init(struct picture *p)
{
	bool has_default = p->colour && use_default_colors() == OK;

	for (int i = 0; i < STYLES; i++) {
		const struct look *look = theme_look((enum style)i);
		bool plain = look->fg == COLOUR_DEFAULT && look->bg == COLOUR_DEFAULT;
		short fg = (short)look->fg, bg = (short)look->bg;

		p->attributes[i] = curses_attributes(p->colour ? look->attributes : look->mono);
		if (!p->colour || plain)
			continue;
		if (!has_default && fg < 0)
			fg = COLOR_WHITE;
		if (!has_default && bg < 0)
			bg = COLOR_BLACK;
		if (init_pair((short)(i + 1), fg, bg) == OK)
			p->pair[i] = (short)(i + 1);
	}
}

struct picture *picture_new(bool unicode, bool colour)
{
	struct picture *p = xcalloc(1, sizeof(*p));

	p->unicode = unicode;
	p->colour = colour;
	looks_init(p);
	return p;
}

void picture_free(struct picture *p)
{
	free(p);
}

/*
 * curses asks the C library how wide a character is. Where that is of another mind than the canvas,
 * the row would shift; then cells without a doubt take its place.
 */
static int cell_of(const struct picture *p, const struct glyph *g, int room, cchar_t *ret)
{
	wchar_t text[1 + GLYPH_MARKS + 1] = { (wchar_t)g->code };
	bool fits = p->unicode && wcwidth((wchar_t)g->code) == g->width && g->width <= room;
	attr_t attributes = p->attributes[g->style];
	short pair = p->pair[g->style];

	for (int i = 0; fits && i < GLYPH_MARKS && g->mark[i]; i++)
		if (wcwidth((wchar_t)g->mark[i]) == 0)
			text[1 + i] = (wchar_t)g->mark[i];
	if (!fits)
		text[0] = canvas_ascii(g->code);
	setcchar(&ret[0], text, attributes, pair, NULL);
	if (fits || g->width < 2 || room < 2)
		return 1;
	setcchar(&ret[1], text, attributes, pair, NULL);
	return 2;
}

static void put_row(struct picture *p, const struct canvas *c, int y, int cols)
{
	int n = 0;

	for (int x = 0; x < cols; x++) {
		const struct glyph *g = canvas_glyph(c, y, x);

		if (g->width > 0)
			n += cell_of(p, g, cols - x, &p->row[n]);
	}
	mvadd_wchnstr(y, 0, p->row, n);
}

void picture_draw(struct picture *p, const struct canvas *c)
{
	int rows, cols;

	getmaxyx(stdscr, rows, cols);
	erase();
	for (int y = 0; y < rows && y < canvas_rows(c); y++)
		put_row(p, c, y, cols < canvas_cols(c) ? cols : canvas_cols(c));
}
