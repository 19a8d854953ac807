/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/unicode.h"
#include "views/canvas.h"

/* Can a blank of this style be told from nothing? */
static bool blank_shows(enum style style, bool colour)
{
	const struct look *look = theme_look(style);
	unsigned int attributes = colour ? look->attributes : look->mono;

	return (colour && look->bg != COLOUR_DEFAULT) ||
	       (attributes & (ATTR_REVERSE | ATTR_UNDERLINE));
}

static void print_glyph(const struct glyph *g, FILE *to)
{
	char buf[4];

	fwrite(buf, 1, glyph_encode(g->code, buf), to);
	for (int i = 0; i < GLYPH_MARKS && g->mark[i]; i++)
		fwrite(buf, 1, glyph_encode(g->mark[i], buf), to);
}

static void print_look(const struct look *look, bool colour, FILE *to)
{
	static const struct {
		unsigned int attribute;
		int code;
	} sgr[] = { { ATTR_BOLD, 1 }, { ATTR_DIM, 2 }, { ATTR_UNDERLINE, 4 }, { ATTR_REVERSE, 7 } };
	unsigned int attributes = colour ? look->attributes : look->mono;

	fputs("\033[0", to);
	for (size_t i = 0; i < sizeof(sgr) / sizeof(sgr[0]); i++)
		if (attributes & sgr[i].attribute)
			fprintf(to, ";%d", sgr[i].code);
	if (colour && look->fg != COLOUR_DEFAULT)
		fprintf(to, ";%d", 30 + (int)look->fg);
	if (colour && look->bg != COLOUR_DEFAULT)
		fprintf(to, ";%d", 40 + (int)look->bg);
	fputc('m', to);
}

static int finish(FILE *to)
{
	return fflush(to) != 0 || ferror(to) ? -EIO : 0;
}

int canvas_dump(const struct canvas *c, FILE *to)
{
	for (int y = 0; y < canvas_rows(c); y++) {
		const struct glyph *row = canvas_glyph(c, y, 0);
		int end = canvas_cols(c);

		while (end > 0 && row[end - 1].code == ' ' && row[end - 1].mark[0] == 0)
			end--;
		for (int x = 0; x < end; x++)
			if (row[x].width)
				print_glyph(&row[x], to);
		fputc('\n', to);
	}
	return finish(to);
}

int canvas_dump_ansi(const struct canvas *c, FILE *to, bool colour)
{
	for (int y = 0; y < canvas_rows(c); y++) {
		const struct glyph *row = canvas_glyph(c, y, 0);
		const struct look *plain = theme_look(STYLE_NORMAL), *look = plain;
		int end = canvas_cols(c);

		while (end > 0 && row[end - 1].code == ' ' && row[end - 1].mark[0] == 0 &&
		       !blank_shows(row[end - 1].style, colour))
			end--;
		for (int x = 0; x < end; x++) {
			if (theme_look(row[x].style) != look) {
				look = theme_look(row[x].style);
				print_look(look, colour, to);
			}
			if (row[x].width)
				print_glyph(&row[x], to);
		}
		fputs(look == plain ? "\n" : "\033[0m\n", to);
	}
	return finish(to);
}

static const char *check_glyph(const struct canvas *c, const struct glyph *g, int x)
{
	if (g->style >= STYLES)
		return "a style that does not exist";
	if (g->width == 0)
		return x > 0 && g[-1].width == 2 ? NULL : "a right half without its left one";
	if (g->width > 2)
		return "a width that does not exist";
	if (g->width == 2 && (x + 1 >= canvas_cols(c) || g[1].width != 0))
		return "a left half without its right one";
	if (g->width == 2 && g[1].style != g->style)
		return "halves of different style";
	if (unicode_kind(g->code) == UNICODE_FORBIDDEN)
		return "a character that must not be shown";
	if (unicode_width(g->code) != g->width)
		return "a character of another width than its cell";
	if (!canvas_unicode(c) && (g->code >= 0x7f || g->mark[0]))
		return "more than ASCII";
	for (int i = 0; i < GLYPH_MARKS; i++)
		if (g->mark[i] && unicode_kind(g->mark[i]) != UNICODE_COMBINING)
			return "a mark that is none";
	return NULL;
}

const char *canvas_check(const struct canvas *c)
{
	const char *wrong = NULL;

	for (int y = 0; y < canvas_rows(c) && !wrong; y++)
		for (int x = 0; x < canvas_cols(c) && !wrong; x++)
			wrong = check_glyph(c, canvas_glyph(c, y, x), x);
	return wrong;
}
