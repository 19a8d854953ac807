/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/canvas.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitize.h"
#include "base/unicode.h"
#include "base/xalloc.h"

#define ELLIPSIS 0x2026

struct canvas {
	int rows, cols;
	int cursor_y, cursor_x;
	bool unicode;
	struct glyph *glyph; /* row by row */
};

/* A field of one row that lies within the canvas: x0 <= x < x1. */
struct field {
	int y, x0, x1;
};

static const struct {
	uint16_t first, last;
	char ascii;
} twins[] = {
	{ 0x00a0, 0x00a0, ' ' }, /* no-break space */
	{ 0x00b0, 0x00b0, 'o' }, /* degree */
	{ 0x00b1, 0x00b1, '~' }, /* plus or minus: "~1.6" reads as it should */
	{ 0x00b5, 0x00b5, 'u' }, /* micro */
	{ 0x00b7, 0x00b7, '.' }, { 0x00d7, 0x00d7, 'x' },
	{ 0x03bc, 0x03bc, 'u' }, /* micro as the Greek letter */
	{ 0x2010, 0x2015, '-' }, /* dashes */
	{ 0x2018, 0x2019, '\'' }, { 0x201c, 0x201d, '"' }, { 0x2022, 0x2022, '*' },
	{ ELLIPSIS, ELLIPSIS, '~' }, { 0x2190, 0x2190, '<' }, /* arrows */
	{ 0x2191, 0x2191, '^' }, { 0x2192, 0x2192, '>' }, { 0x2193, 0x2193, 'v' },
	{ 0x2212, 0x2212, '-' }, /* minus */
	{ 0x2248, 0x2248, '~' }, { 0x2260, 0x2260, '#' }, { 0x2264, 0x2264, '<' },
	{ 0x2265, 0x2265, '>' }, { 0x2500, 0x2501, '-' }, /* lines */
	{ 0x2502, 0x2503, '|' }, { 0x2504, 0x2505, '-' }, { 0x2506, 0x2507, '|' },
	{ 0x250c, 0x2513, '+' },                          /* corners */
	{ 0x2514, 0x2517, '`' },                          /* the last branch of a tree, too */
	{ 0x2518, 0x251b, '+' }, { 0x251c, 0x2523, '|' }, /* branches */
	{ 0x2524, 0x254b, '+' }, { 0x256d, 0x2570, '+' }, /* round corners */
	{ 0x2581, 0x2581, '_' },                          /* columns of a sparkline */
	{ 0x2582, 0x2582, '.' }, { 0x2583, 0x2583, ':' }, { 0x2584, 0x2584, '-' },
	{ 0x2585, 0x2585, '=' }, { 0x2586, 0x2586, '+' }, { 0x2587, 0x2587, '*' },
	{ 0x2588, 0x258c, '#' },                          /* a half and more of a bar's cell */
	{ 0x258d, 0x258f, '|' }, { 0x2591, 0x2591, '.' }, /* shades */
	{ 0x2592, 0x2592, ':' }, { 0x2593, 0x2593, '#' }, { 0x25a0, 0x25a0, '#' },
	{ 0x25a1, 0x25a1, 'o' }, { 0x25b2, 0x25b4, '^' }, /* triangles */
	{ 0x25b6, 0x25b8, '>' }, { 0x25bc, 0x25be, 'v' }, { 0x25c0, 0x25c2, '<' },
	{ 0x25c6, 0x25c6, '*' }, { 0x25cb, 0x25cb, 'o' }, { 0x25cf, 0x25cf, '*' },
	{ 0x2605, 0x2605, '*' }, { 0x26a0, 0x26a0, '!' }, /* warning sign */
	{ 0x2713, 0x2714, '+' },                          /* done */
	{ 0x2717, 0x2718, 'x' },                          /* failed */
};

char canvas_ascii(uint32_t code)
{
	if (code >= ' ' && code < 0x7f)
		return (char)code;
	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
		if (code >= twins[i].first && code <= twins[i].last)
			return twins[i].ascii;
	return '?';
}

size_t glyph_encode(uint32_t code, char ret[4])
{
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; code >>= 6)
		ret[i] = (char)(0x80 | (code & 0x3f));
	ret[0] = (char)(lead[n] | code);
	return n;
}

static int clamp(int v, int min, int max)
{
	return v < min ? min : v > max ? max : v;
}

static struct glyph *row_of(const struct canvas *c, int y)
{
	return c->glyph + (size_t)y * (size_t)c->cols;
}

struct canvas *canvas_new(int rows, int cols, bool unicode)
{
	struct canvas *c = xcalloc(1, sizeof(*c));

	c->unicode = unicode;
	canvas_resize(c, rows, cols);
	return c;
}

void canvas_free(struct canvas *c)
{
	if (!c)
		return;
	free(c->glyph);
	free(c);
}

void canvas_clear(struct canvas *c)
{
	c->cursor_y = c->cursor_x = -1;
	canvas_fill(c, 0, c->rows, STYLE_NORMAL);
}

void canvas_resize(struct canvas *c, int rows, int cols)
{
	c->rows = clamp(rows, 1, CANVAS_ROWS_MAX);
	c->cols = clamp(cols, 1, CANVAS_COLS_MAX);
	free(c->glyph);
	c->glyph = xcalloc((size_t)c->rows * (size_t)c->cols, sizeof(*c->glyph));
	canvas_clear(c);
}

int canvas_rows(const struct canvas *c)
{
	return c->rows;
}

int canvas_cols(const struct canvas *c)
{
	return c->cols;
}

bool canvas_unicode(const struct canvas *c)
{
	return c->unicode;
}

static bool is_inside(const struct canvas *c, int y, int x)
{
	return y >= 0 && y < c->rows && x >= 0 && x < c->cols;
}

const struct glyph *canvas_glyph(const struct canvas *c, int y, int x)
{
	return is_inside(c, y, x) ? row_of(c, y) + x : NULL;
}

void canvas_set_cursor(struct canvas *c, int y, int x)
{
	c->cursor_y = y;
	c->cursor_x = x;
}

bool canvas_cursor(const struct canvas *c, int *ret_y, int *ret_x)
{
	if (!is_inside(c, c->cursor_y, c->cursor_x))
		return false;
	*ret_y = c->cursor_y;
	*ret_x = c->cursor_x;
	return true;
}

/* What of the field lies on the canvas. False: nothing. */
static bool field_clip(const struct canvas *c, int y, int x, int width, struct field *ret)
{
	int64_t end = (int64_t)x + width;

	if (y < 0 || y >= c->rows || width <= 0)
		return false;
	ret->y = y;
	ret->x0 = x < 0 ? 0 : x;
	ret->x1 = end > c->cols ? c->cols : (int)end;
	return end > 0 && ret->x0 < ret->x1;
}

static void put(struct glyph *at, uint32_t code, enum style style)
{
	*at = (struct glyph){ .code = code, .width = 1, .style = (uint8_t)style };
}

/* Makes the field blank; of wide characters that lie across its ends the outer half goes, too. */
static void field_blank(struct canvas *c, const struct field *f, enum style style)
{
	struct glyph *row = row_of(c, f->y);

	if (row[f->x0].width == 0 && f->x0 > 0)
		put(&row[f->x0 - 1], ' ', row[f->x0 - 1].style);
	if (row[f->x1 - 1].width == 2 && f->x1 < c->cols)
		put(&row[f->x1], ' ', row[f->x1].style);
	for (int x = f->x0; x < f->x1; x++)
		put(&row[x], ' ', style);
}

void canvas_fill_rect(struct canvas *c, int y, int x, int rows, int cols, enum style style)
{
	int64_t end = (int64_t)y + rows;
	struct field f;

	for (int at = y < 0 ? 0 : y; at < end && at < c->rows; at++)
		if (field_clip(c, at, x, cols, &f))
			field_blank(c, &f, style);
}

void canvas_fill(struct canvas *c, int y, int rows, enum style style)
{
	canvas_fill_rect(c, y, 0, rows, c->cols, style);
}

/* Lays one character down at @x, or a mark onto the one before. The cells it took. */
static int lay(struct canvas *c, const struct field *f, int x, uint32_t code, enum style style)
{
	struct glyph *at = row_of(c, f->y) + x;
	int width = unicode_width(code);

	if (width == 0) {
		struct glyph *base = x > f->x0 ? at - 1 : NULL;

		if (base && base->width == 0)
			base--;
		for (int i = 0; c->unicode && base && i < GLYPH_MARKS; i++) {
			if (base->mark[i])
				continue;
			base->mark[i] = code;
			break;
		}
		return 0;
	}
	if (unicode_kind(code) == UNICODE_FORBIDDEN)
		code = '?';
	else if (!c->unicode)
		code = (uint32_t)canvas_ascii(code);
	put(at, code, style);
	if (width == 2 && !c->unicode) {
		put(at + 1, code, style);
	} else if (width == 2) {
		at[1] = (struct glyph){ .width = 0, .style = (uint8_t)style };
		at->width = 2;
	}
	return width;
}

/* @len bytes at @utf8 take no more cells than lie between @x and the field's end. */
static int lay_text(
    struct canvas *c, const struct field *f, int x, enum style style, const char *utf8, size_t len)
{
	size_t taken;

	for (size_t at = 0; at < len; at += taken) {
		uint32_t code = 0;

		taken = utf8_decode(utf8 + at, len - at, &code);
		if (taken == 0) {
			code = '?';
			taken = 1;
		}
		x += lay(c, f, x, code, style);
	}
	return x;
}

int canvas_text(
    struct canvas *c, int y, int x, int width, enum style style, enum align align, const char *utf8)
{
	int cells = text_width(utf8), room, begin;
	size_t len = strlen(utf8);
	bool cut;
	struct field f;

	if (!field_clip(c, y, x, width == CANVAS_NATURAL ? cells : width, &f))
		return 0;
	room = f.x1 - f.x0;
	cut = cells > room;
	if (cut) {
		len = text_fit(utf8, room - 1, &cells);
		cells++;
	}
	begin = f.x0;
	if (align == ALIGN_RIGHT)
		begin += room - cells;
	else if (align == ALIGN_CENTRE)
		begin += (room - cells) / 2;
	field_blank(c, &f, style);
	begin = lay_text(c, &f, begin, style, utf8, len);
	if (cut)
		lay(c, &f, begin, ELLIPSIS, style);
	return cells;
}

int canvas_printf(struct canvas *c, int y, int x, int width, enum style style, enum align align,
    const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return canvas_text(c, y, x, width, style, align, "");
	n = canvas_text(c, y, x, width, style, align, text);
	free(text);
	return n;
}

static void field_restyle(struct canvas *c, const struct field *f, bool select, enum style style)
{
	struct glyph *row = row_of(c, f->y);

	for (int x = f->x0; x < f->x1; x++) {
		if (row[x].width == 0)
			continue;
		row[x].style = (uint8_t)(select ? theme_selected(row[x].style) : style);
		if (row[x].width == 2)
			row[x + 1].style = row[x].style;
	}
}

void canvas_style(struct canvas *c, int y, int x, int width, enum style style)
{
	struct field f;

	if (field_clip(c, y, x, width, &f))
		field_restyle(c, &f, false, style);
}

void canvas_select(struct canvas *c, int y, int x, int width)
{
	struct field f;

	if (field_clip(c, y, x, width, &f))
		field_restyle(c, &f, true, STYLE_SELECTED);
}
