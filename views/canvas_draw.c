/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "base/sanitize.h"
#include "views/canvas.h"

#define EIGHTHS 8

static int clamp(int v, int min, int max)
{
	return v < min ? min : v > max ? max : v;
}

static double fraction_of(const struct segment *s)
{
	return s->fraction > 0 ? fmin(s->fraction, 1) : 0; /* NaN is not > 0 */
}

/* How many of @units a bar of @total takes: none for nothing, all for everything only. */
static int bar_units(double total, int units)
{
	int n = (int)lround(total * units);

	if (total < 1)
		n = clamp(n, 0, units - 1);
	return total > 0 ? clamp(n, 1, units) : 0;
}

static const char *bar_block(bool unicode, size_t segment, int eighths)
{
	static const char *const blocks[] = { " ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" };
	static const char *const letters[] = { "#", "|", "=", ":", "+" };

	return unicode ? blocks[eighths]
		       : letters[segment % (sizeof(letters) / sizeof(letters[0]))];
}

/* The part of a bar that lies on the canvas, as a bar of its own. */
static void bar_clip(const struct canvas *c, int *x, int *width)
{
	int64_t end = (int64_t)*x + *width;

	if (*x < 0)
		*x = 0;
	if (end > canvas_cols(c))
		end = canvas_cols(c);
	*width = end > *x ? (int)(end - *x) : 0;
}

void canvas_bar(struct canvas *c, int y, int x, int width, const struct segment *segment, size_t n)
{
	int unit = canvas_unicode(c) ? EIGHTHS : 1;
	double total = 0, sum = 0;
	size_t last = 0, at = 0;
	int units;

	bar_clip(c, &x, &width);
	if (width <= 0)
		return;
	canvas_text(c, y, x, width, STYLE_BAR_FREE, ALIGN_LEFT, "");
	for (size_t i = 0; i < n; i++) {
		total += fraction_of(&segment[i]);
		if (fraction_of(&segment[i]) > 0)
			last = i;
	}
	units = bar_units(fmin(total, 1), width * unit);
	for (int i = 0; i * unit < units; i++) {
		const char *block;

		while (at < last && lround((sum + fraction_of(&segment[at])) * width) <= i)
			sum += fraction_of(&segment[at++]);
		block = bar_block(canvas_unicode(c), at, clamp(units - i * unit, 0, unit));
		canvas_text(c, y, x + i, 1, segment[at].style, ALIGN_LEFT, block);
	}
}

/* 0 to 7, or -1 for no value. */
static int spark_level(double value, double max)
{
	if (isnan(value))
		return -1;
	if (!(value > 0))
		return 0;
	if (!(value < max))
		return 7;
	return clamp((int)ceil(value / max * 7), 1, 7);
}

const char *canvas_spark_text(double value, double max)
{
	static const char *const columns[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };

	return columns[spark_level(value, max) + 1];
}

void canvas_spark(
    struct canvas *c, int y, int x, const double *value, size_t n, double max, enum style style)
{
	for (size_t i = 0; i < n && (int64_t)x + (int64_t)i < canvas_cols(c); i++)
		canvas_text(
		    c, y, x + (int)i, 1, style, ALIGN_LEFT, canvas_spark_text(value[i], max));
}

static void lines(
    struct canvas *c, int y, int x, int rows, int cols, enum style style, const char *line)
{
	int64_t bottom = (int64_t)y + rows, right = (int64_t)x + cols;

	for (int i = y < 0 ? 0 : y; i < bottom && i < canvas_rows(c); i++)
		for (int k = x < 0 ? 0 : x; k < right && k < canvas_cols(c); k++)
			canvas_text(c, i, k, 1, style, ALIGN_LEFT, line);
}

void canvas_hline(struct canvas *c, int y, int x, int width, enum style style)
{
	lines(c, y, x, 1, width, style, "─");
}

void canvas_vline(struct canvas *c, int y, int x, int rows, enum style style)
{
	lines(c, y, x, rows, 1, style, "│");
}

void canvas_box(
    struct canvas *c, int y, int x, int rows, int cols, enum style style, const char *title)
{
	static const char *const corners[2][4] = { { "+", "+", "+", "+" }, { "┌", "┐", "└", "┘" } };
	const char *const *corner = corners[canvas_unicode(c)];

	if (rows < 2 || cols < 2 || rows > CANVAS_ROWS_MAX || cols > CANVAS_COLS_MAX ||
	    y >= canvas_rows(c) || x >= canvas_cols(c))
		return;
	canvas_fill_rect(c, y + 1, x + 1, rows - 2, cols - 2, STYLE_NORMAL);
	canvas_hline(c, y, x, cols, style);
	canvas_hline(c, y + rows - 1, x, cols, style);
	canvas_vline(c, y, x, rows, style);
	canvas_vline(c, y, x + cols - 1, rows, style);
	for (int i = 0; i < 4; i++)
		canvas_text(c, y + (i / 2) * (rows - 1), x + (i % 2) * (cols - 1), 1, style,
		    ALIGN_LEFT, corner[i]);
	if (title && *title && cols > 6) {
		int width = clamp(text_width(title), 1, cols - 6);

		canvas_text(c, y, x + 2, width + 2, STYLE_TITLE, ALIGN_CENTRE, "");
		canvas_text(c, y, x + 3, width, STYLE_TITLE, ALIGN_LEFT, title);
	}
}
