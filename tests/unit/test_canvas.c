/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "views/canvas.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a row shows, blanks at its end and all. The caller frees it. */
static char *row_text(const struct canvas *c, int y)
{
	char *text = calloc((size_t)canvas_cols(c) * (1 + GLYPH_MARKS) * 4 + 1, 1), *at = text;

	assert_non_null(text);
	for (int x = 0; x < canvas_cols(c); x++) {
		const struct glyph *g = canvas_glyph(c, y, x);

		if (g->width == 0)
			continue;
		at += glyph_encode(g->code, at);
		for (int i = 0; i < GLYPH_MARKS && g->mark[i]; i++)
			at += glyph_encode(g->mark[i], at);
	}
	return text;
}

static void assert_row(const struct canvas *c, int y, const char *expected)
{
	char *text = row_text(c, y);

	assert_string_equal(text, expected);
	assert_null(canvas_check(c));
	free(text);
}

static char *dump(const struct canvas *c, bool ansi, bool colour)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	assert_int_equal(ansi ? canvas_dump_ansi(c, to, colour) : canvas_dump(c, to), 0);
	fclose(to);
	return text;
}

static void sizes_are_bounded(void **state)
{
	struct canvas *c = canvas_new(0, -7, true);

	(void)state;
	assert_int_equal(canvas_rows(c), 1);
	assert_int_equal(canvas_cols(c), 1);
	canvas_resize(c, INT_MAX, INT_MAX);
	assert_int_equal(canvas_rows(c), CANVAS_ROWS_MAX);
	assert_int_equal(canvas_cols(c), CANVAS_COLS_MAX);
	canvas_text(c, 3, 3, 4, STYLE_TITLE, ALIGN_LEFT, "text");
	canvas_resize(c, 4, 8);
	assert_row(c, 3, "        ");
	assert_null(canvas_glyph(c, 4, 0));
	assert_null(canvas_glyph(c, 0, 8));
	assert_null(canvas_glyph(c, -1, 0));
	assert_true(canvas_unicode(c));
	canvas_free(c);
	canvas_free(NULL);
}

struct text_row {
	int x, width;
	enum align align;
	const char *text;
	int cells;
	const char *row;
};

/* Each on a row of ten dots. */
static void assert_texts(const struct text_row *rows, size_t n, bool unicode)
{
	struct canvas *c = canvas_new(3, 10, unicode);

	for (size_t i = 0; i < n; i++) {
		const struct text_row *r = &rows[i];
		int cells;

		canvas_text(c, 1, 0, 10, STYLE_DIM, ALIGN_LEFT, "..........");
		cells = canvas_text(c, 1, r->x, r->width, STYLE_TITLE, r->align, r->text);
		assert_row(c, 1, r->row);
		assert_int_equal(cells, r->cells);
		assert_row(c, 0, "          ");
		assert_row(c, 2, "          ");
	}
	canvas_free(c);
}

static void text_fills_its_field(void **state)
{
	static const struct text_row rows[] = {
		{ 2, 5, ALIGN_LEFT, "abc", 3, "..abc  ..." },
		{ 2, 5, ALIGN_RIGHT, "abc", 3, "..  abc..." },
		{ 2, 5, ALIGN_CENTRE, "abc", 3, ".. abc ..." },
		{ 2, 6, ALIGN_CENTRE, "abc", 3, ".. abc  .." },
		{ 2, 3, ALIGN_RIGHT, "abc", 3, "..abc....." },
		{ 2, 5, ALIGN_LEFT, "", 0, "..     ..." },
		{ 2, 0, ALIGN_LEFT, "abc", 0, ".........." },
		{ 2, -1, ALIGN_LEFT, "abc", 0, ".........." },
		{ 2, CANVAS_NATURAL, ALIGN_LEFT, "abc", 3, "..abc....." },
		{ 2, CANVAS_NATURAL, ALIGN_LEFT, "", 0, ".........." },
		{ 2, 5, ALIGN_RIGHT, "机é", 3, "..  机é..." },
	};

	(void)state;
	assert_texts(rows, COUNT(rows), true);
}

static void text_too_long_is_marked(void **state)
{
	static const struct text_row rows[] = {
		{ 2, 5, ALIGN_LEFT, "abcdef", 5, "..abcd…..." },
		{ 2, 5, ALIGN_RIGHT, "abcdef", 5, "..abcd…..." },
		{ 2, 1, ALIGN_LEFT, "abc", 1, "..…......." },
		{ 2, 5, ALIGN_LEFT, "虚拟机", 5, "..虚拟…..." },
		{ 2, 4, ALIGN_LEFT, "虚拟机", 3, "..虚… ...." },
		{ 2, 4, ALIGN_RIGHT, "虚拟机", 3, ".. 虚…...." },
		{ 2, 2, ALIGN_LEFT, "虚拟", 1, "..… ......" },
		{ 2, 2, ALIGN_LEFT, "虚", 2, "..虚......" },
		{ 2, 1, ALIGN_LEFT, "虚", 1, "..…......." },
		{ 2, 3, ALIGN_LEFT, "ábcde", 3, "..áb…....." },
	};

	(void)state;
	assert_texts(rows, COUNT(rows), true);
}

static void fields_end_at_the_edges(void **state)
{
	static const struct text_row rows[] = {
		{ 7, 5, ALIGN_LEFT, "abc", 3, ".......abc" },
		{ 7, 5, ALIGN_RIGHT, "12345", 3, ".......12…" },
		{ 7, 5, ALIGN_RIGHT, "12", 2, "....... 12" },
		{ 7, CANVAS_NATURAL, ALIGN_LEFT, "12345", 3, ".......12…" },
		{ 9, CANVAS_NATURAL, ALIGN_LEFT, "机", 1, ".........…" },
		{ 8, CANVAS_NATURAL, ALIGN_LEFT, "机", 2, "........机" },
		{ 10, 5, ALIGN_LEFT, "abc", 0, ".........." },
		{ -2, 5, ALIGN_LEFT, "abc", 3, "abc......." },
		{ -2, 5, ALIGN_LEFT, "abcd", 3, "ab…......." },
		{ -2, 2, ALIGN_LEFT, "abcd", 0, ".........." },
		{ -2, INT_MAX, ALIGN_RIGHT, "abcd", 4, "      abcd" },
	};

	(void)state;
	assert_texts(rows, COUNT(rows), true);
}

static void hostile_text_stays_in_its_cells(void **state)
{
	static const struct text_row rows[] = {
		{ 0, 6, ALIGN_LEFT, "a\tb\r\nc", 6, "a?b??c...." },
		{ 0, 6, ALIGN_LEFT, "\033[31m", 5, "?[31m ...." },
		{ 0, 6, ALIGN_LEFT, "a\302\23331m", 5, "a?31m ...." },   /* U+009B */
		{ 0, 6, ALIGN_LEFT, "a\342\200\256b", 3, "a?b   ...." }, /* U+202E */
		{ 0, 6, ALIGN_LEFT, "\377\300\200x", 4, "???x  ...." },
		{ 0, 6, ALIGN_LEFT, "\355\240\200", 3, "???   ...." },   /* a surrogate */
		{ 0, 6, ALIGN_LEFT, "a\357\273\277b", 3, "a?b   ...." }, /* U+FEFF */
		{ 0, 6, ALIGN_LEFT, "a\177b", 3, "a?b   ...." },
		{ 0, 6, ALIGN_LEFT, "\314\201a", 1, "a     ...." }, /* a mark on nothing */
		{ 0, 6, ALIGN_LEFT, "a\314\201\314\202\314\203b", 2,
		    "a\314\201\314\202b    ...." }, /* a third mark */
		{ 0, 6, ALIGN_LEFT, "虚\314\201b", 3, "虚\314\201b   ...." },
	};

	(void)state;
	assert_texts(rows, COUNT(rows), true);
}

static void ascii_has_twins(void **state)
{
	static const struct text_row rows[] = {
		{ 0, 6, ALIGN_LEFT, "abcdefg", 6, "abcde~...." },
		{ 0, 6, ALIGN_LEFT, "▲→─│…±", 6, "^>-|~~...." },
		{ 0, 6, ALIGN_LEFT, "├└▸▾·µ", 6, "|`>v.u...." },
		{ 0, 6, ALIGN_LEFT, "▁▂▃▄▅█", 6, "_.:-=#...." },
		{ 0, 6, ALIGN_LEFT, "虚é", 3, "???   ...." },
		{ 0, 6, ALIGN_LEFT, "虚拟机器", 5, "????~ ...." },
		{ 0, 6, ALIGN_LEFT, "e\314\201x", 2, "ex    ...." },
	};

	(void)state;
	assert_texts(rows, COUNT(rows), false);
	assert_int_equal(canvas_ascii('~'), '~');
	assert_int_equal(canvas_ascii('\t'), '?');
	assert_int_equal(canvas_ascii(0x2026), '~');
	assert_int_equal(canvas_ascii(0x10ffff), '?');
}

static void printf_is_text(void **state)
{
	struct canvas *c = canvas_new(1, 10, true);

	(void)state;
	assert_int_equal(
	    canvas_printf(c, 0, 1, 8, STYLE_NORMAL, ALIGN_RIGHT, "%s %.1f%%", "é", 2.25), 6);
	assert_row(c, 0, "   é 2.2% ");
	canvas_free(c);
}

static void no_half_of_a_wide_character_remains(void **state)
{
	struct canvas *c = canvas_new(1, 10, true);

	(void)state;
	canvas_text(c, 0, 0, 10, STYLE_TITLE, ALIGN_LEFT, "虚拟机器虚");
	canvas_text(c, 0, 3, 2, STYLE_NORMAL, ALIGN_LEFT, "ab");
	assert_row(c, 0, "虚 ab 器虚");
	assert_int_equal(canvas_glyph(c, 0, 2)->style, STYLE_TITLE);
	canvas_fill_rect(c, 0, 7, 1, 1, STYLE_NORMAL);
	assert_row(c, 0, "虚 ab   虚");
	canvas_text(c, 0, 8, 1, STYLE_NORMAL, ALIGN_LEFT, "x");
	assert_row(c, 0, "虚 ab   x ");
	canvas_text(c, 0, 1, 3, STYLE_NORMAL, ALIGN_LEFT, "机y");
	assert_row(c, 0, " 机yb   x ");
	canvas_free(c);
}

static void styles_keep_characters_whole(void **state)
{
	struct canvas *c = canvas_new(1, 8, true);

	(void)state;
	canvas_text(c, 0, 0, 8, STYLE_NORMAL, ALIGN_LEFT, "a机b器c");
	canvas_style(c, 0, 2, 3, STYLE_WARN);
	assert_row(c, 0, "a机b器c ");
	assert_int_equal(canvas_glyph(c, 0, 1)->style, STYLE_NORMAL);
	assert_int_equal(canvas_glyph(c, 0, 2)->style, STYLE_NORMAL);
	assert_int_equal(canvas_glyph(c, 0, 3)->style, STYLE_WARN);
	assert_int_equal(canvas_glyph(c, 0, 4)->style, STYLE_WARN);
	assert_int_equal(canvas_glyph(c, 0, 5)->style, STYLE_WARN);
	assert_int_equal(canvas_glyph(c, 0, 6)->style, STYLE_NORMAL);
	for (int i = 0; i < 2; i++) {
		canvas_select(c, 0, -5, 100);
		assert_int_equal(canvas_glyph(c, 0, 0)->style, STYLE_SELECTED);
		assert_int_equal(canvas_glyph(c, 0, 5)->style, STYLE_SELECTED_WARN);
		assert_null(canvas_check(c));
	}
	canvas_free(c);
}

static void a_cursor_is_on_the_canvas_or_hidden(void **state)
{
	struct canvas *c = canvas_new(4, 8, true);
	int y = -9, x = -9;

	(void)state;
	assert_false(canvas_cursor(c, &y, &x));
	canvas_set_cursor(c, 4, 0);
	assert_false(canvas_cursor(c, &y, &x));
	assert_int_equal(y, -9);
	canvas_set_cursor(c, 3, 7);
	assert_true(canvas_cursor(c, &y, &x));
	assert_int_equal(y, 3);
	assert_int_equal(x, 7);
	canvas_clear(c);
	assert_false(canvas_cursor(c, &y, &x));
	canvas_free(c);
}

static void bars_show_their_parts(void **state)
{
	static const struct {
		double guest, host, poll;
		int width;
		const char *unicode, *ascii;
	} rows[] = {
		{ 0, 0, 0, 8, "        ", "        " },
		{ 1, 0, 0, 8, "████████", "########" },
		{ 0.5, 0, 0, 8, "████    ", "####    " },
		{ 0.5, 0.25, 0, 8, "██████  ", "####||  " },
		{ 0.5, 0.25, 0.25, 8, "████████", "####||==" },
		{ 0, 0.5, 0, 8, "████    ", "||||    " },
		{ 0.0001, 0, 0, 8, "▏       ", "#       " },
		{ 0.9999, 0, 0, 8, "███████▉", "####### " },
		{ 0.0625, 0, 0, 8, "▌       ", "#       " },
		{ 0.55, 0, 0, 8, "████▍   ", "####    " },
		{ 0.25, 0.3, 0, 8, "████▍   ", "##||    " },
		{ 0.75, 0.75, 0.75, 8, "████████", "######||" },
		{ -1, 0.5, NAN, 8, "████    ", "||||    " },
		{ 7, 0, 0, 8, "████████", "########" },
		{ INFINITY, -INFINITY, 0, 8, "████████", "########" },
		{ 0.5, 0, 0, 1, "▌       ", "#       " },
		{ 0.5, 0, 0, 0, "        ", "        " },
		{ 0.5, 0, 0, -3, "        ", "        " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int unicode = 0; unicode < 2; unicode++) {
			struct canvas *c = canvas_new(1, 8, unicode);
			struct segment s[] = { { rows[i].guest, STYLE_BAR_GUEST },
				{ rows[i].host, STYLE_BAR_HOST },
				{ rows[i].poll, STYLE_BAR_POLL } };

			canvas_bar(c, 0, 0, rows[i].width, s, 3);
			assert_row(c, 0, unicode ? rows[i].unicode : rows[i].ascii);
			canvas_free(c);
		}
	}
}

static void bars_have_the_styles_of_their_parts(void **state)
{
	static const struct segment s[] = { { 0.5, STYLE_BAR_GUEST }, { 0.2, STYLE_BAR_HOST } };
	struct canvas *c = canvas_new(1, 12, true);

	(void)state;
	canvas_bar(c, 0, 1, 10, s, 2);
	for (int x = 0; x < 12; x++) {
		enum style expected = x < 1 || x > 10 ? STYLE_NORMAL
				      : x < 6         ? STYLE_BAR_GUEST
				      : x < 8         ? STYLE_BAR_HOST
						      : STYLE_BAR_FREE;

		assert_int_equal(canvas_glyph(c, 0, x)->style, expected);
	}
	canvas_bar(c, 0, 1, 10, NULL, 0);
	assert_row(c, 0, "            ");
	canvas_free(c);
}

static int cells_used(const struct canvas *c)
{
	int n = 0;

	for (int x = 0; x < canvas_cols(c); x++)
		n += canvas_glyph(c, 0, x)->code != ' ';
	return n;
}

/* More is never shorter; something is never nothing; a part is never the whole. */
static void bars_grow(void **state)
{
	(void)state;
	for (int width = 2; width <= 60; width++) {
		struct canvas *c = canvas_new(1, width, false);
		int before = 0;

		for (int i = 0; i <= 1000; i++) {
			struct segment s = { i / 1000.0, STYLE_BAR_GUEST };

			canvas_bar(c, 0, 0, width, &s, 1);
			assert_true(cells_used(c) >= before);
			before = cells_used(c);
			assert_true(i == 0 ? before == 0 : before > 0);
			assert_true(i == 1000 ? before == width : before < width);
		}
		canvas_free(c);
	}
}

static void sparks_stand_for_values(void **state)
{
	static const double values[] = { 0, 0.001, 14.2, 50, 99.9, 100, 1000, -5, NAN, INFINITY };
	struct canvas *c = canvas_new(1, 12, true), *ascii = canvas_new(1, 12, false);

	(void)state;
	canvas_spark(c, 0, 1, values, COUNT(values), 100, STYLE_SPARK);
	assert_row(c, 0, " ▁▂▂▅███▁ █ ");
	canvas_spark(ascii, 0, 1, values, COUNT(values), 100, STYLE_SPARK);
	assert_row(ascii, 0, " _..=###_ # ");
	canvas_clear(c);
	canvas_spark(c, 0, 8, values, COUNT(values), 0, STYLE_SPARK);
	assert_row(c, 0, "        ▁███");
	canvas_clear(c);
	canvas_spark(c, 0, -6, values, COUNT(values), 100, STYLE_SPARK);
	assert_row(c, 0, "█▁ █        ");
	assert_string_equal(canvas_spark_text(NAN, 1), " ");
	assert_string_equal(canvas_spark_text(0.5, 1), "▅");
	canvas_free(c);
	canvas_free(ascii);
}

static void boxes_have_a_frame_and_a_title(void **state)
{
	struct canvas *c = canvas_new(4, 12, true), *ascii = canvas_new(4, 12, false);

	(void)state;
	canvas_text(c, 1, 0, 12, STYLE_NORMAL, ALIGN_LEFT, "############");
	canvas_box(c, 0, 1, 3, 10, STYLE_BORDER, "Help");
	assert_row(c, 0, " ┌─ Help ─┐ ");
	assert_row(c, 1, "#│        │#");
	assert_row(c, 2, " └────────┘ ");
	assert_row(c, 3, "            ");
	assert_int_equal(canvas_glyph(c, 0, 4)->style, STYLE_TITLE);
	canvas_box(ascii, 1, 0, 3, 12, STYLE_BORDER, "A long title");
	assert_row(ascii, 1, "+- A lon~ -+");
	assert_row(ascii, 3, "+----------+");
	canvas_clear(c);
	canvas_box(c, 0, 0, 1, 10, STYLE_BORDER, NULL);
	canvas_box(c, 0, 0, 3, 1, STYLE_BORDER, NULL);
	assert_row(c, 0, "            ");
	canvas_box(c, 2, 9, 9, 9, STYLE_BORDER, "Help");
	assert_row(c, 2, "         ┌─ ");
	assert_row(c, 3, "         │  ");
	canvas_clear(c);
	canvas_hline(c, 1, -3, 6, STYLE_BORDER);
	canvas_vline(c, -1, 11, 3, STYLE_BORDER);
	assert_row(c, 0, "           │");
	assert_row(c, 1, "───        │");
	assert_row(c, 2, "            ");
	canvas_free(c);
	canvas_free(ascii);
}

static void dumps_are_text(void **state)
{
	struct canvas *c = canvas_new(3, 20, true);
	char *text;

	(void)state;
	canvas_text(c, 0, 0, 20, STYLE_TITLE, ALIGN_LEFT, "虚é́ x");
	canvas_text(c, 2, 3, 4, STYLE_NORMAL, ALIGN_LEFT, "end");
	text = dump(c, false, false);
	assert_string_equal(text, "虚é́ x\n\n   end\n");
	free(text);
	canvas_free(c);
}

static void dumps_have_colours(void **state)
{
	struct canvas *c = canvas_new(3, 8, true);
	char *text;

	(void)state;
	canvas_text(c, 0, 0, 4, STYLE_WARN, ALIGN_LEFT, "warn");
	canvas_text(c, 0, 4, 4, STYLE_NORMAL, ALIGN_LEFT, "!");
	canvas_text(c, 1, 0, 6, STYLE_CRIT, ALIGN_LEFT, "crit");
	text = dump(c, true, true);
	assert_string_equal(text, "\033[0;1;33mwarn\033[0m!\n\033[0;1;37;45mcrit  \033[0m\n\n");
	free(text);
	text = dump(c, true, false);
	assert_string_equal(text, "\033[0;1mwarn\033[0m!\n\033[0;7mcrit  \033[0m\n\n");
	free(text);
	canvas_free(c);
}

static void a_lost_dump_is_an_error(void **state)
{
	struct canvas *c = canvas_new(4, 8, true);
	char room[10];
	FILE *to;

	(void)state;
	canvas_text(c, 0, 0, 8, STYLE_WARN, ALIGN_LEFT, "12345678");
	canvas_text(c, 1, 0, 8, STYLE_WARN, ALIGN_LEFT, "12345678");
	for (int ansi = 0; ansi < 2; ansi++) {
		to = fmemopen(room, sizeof(room), "w");
		assert_non_null(to);
		assert_int_equal(ansi ? canvas_dump_ansi(c, to, true) : canvas_dump(c, to), -EIO);
		fclose(to);
	}
	canvas_free(c);
}

static void looks_are_complete(void **state)
{
	(void)state;
	for (int i = 0; i < STYLES; i++) {
		const struct look *look = theme_look((enum style)i);

		assert_non_null(look->name);
		assert_in_range(look->fg + 1, 0, COLOUR_WHITE + 1);
		assert_in_range(look->bg + 1, 0, COLOUR_WHITE + 1);
		/* Red and green are the same to one man in twelve. */
		assert_true(look->fg != COLOUR_RED && look->fg != COLOUR_GREEN);
		assert_true(look->bg != COLOUR_RED && look->bg != COLOUR_GREEN);
		/* On a background that nobody knows neither black nor white can be read. */
		if (look->bg == COLOUR_DEFAULT)
			assert_true(look->fg != COLOUR_BLACK && look->fg != COLOUR_WHITE);
		else
			assert_true(look->fg != COLOUR_DEFAULT && look->fg != look->bg);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(look->name, theme_look((enum style)k)->name);
		assert_int_equal(
		    theme_selected(theme_selected((enum style)i)), theme_selected((enum style)i));
	}
	assert_ptr_equal(theme_look((enum style)STYLES), theme_look(STYLE_NORMAL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(text_fills_its_field),
		cmocka_unit_test(text_too_long_is_marked),
		cmocka_unit_test(fields_end_at_the_edges),
		cmocka_unit_test(hostile_text_stays_in_its_cells),
		cmocka_unit_test(ascii_has_twins),
		cmocka_unit_test(printf_is_text),
		cmocka_unit_test(no_half_of_a_wide_character_remains),
		cmocka_unit_test(styles_keep_characters_whole),
		cmocka_unit_test(a_cursor_is_on_the_canvas_or_hidden),
		cmocka_unit_test(bars_show_their_parts),
		cmocka_unit_test(bars_have_the_styles_of_their_parts),
		cmocka_unit_test(bars_grow),
		cmocka_unit_test(sparks_stand_for_values),
		cmocka_unit_test(boxes_have_a_frame_and_a_title),
		cmocka_unit_test(dumps_are_text),
		cmocka_unit_test(dumps_have_colours),
		cmocka_unit_test(a_lost_dump_is_an_error),
		cmocka_unit_test(looks_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
