/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for any size of canvas and any text: drawn at random, the same in every run. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sanitize.h"
#include "views/canvas.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Whatever the code point, what is shown is safe; without unicode it is ASCII. */
static void every_code_point_is_safe(void **state)
{
	struct canvas *c[] = { canvas_new(1, 4, false), canvas_new(1, 4, true) };
	char text[6] = "a";

	(void)state;
	for (uint32_t code = 1; code <= 0x10ffff; code++) {
		text[1 + glyph_encode(code, text + 1)] = '\0';
		for (int unicode = 0; unicode < 2; unicode++) {
			canvas_text(c[unicode], 0, 0, 4, STYLE_NORMAL, ALIGN_LEFT, text);
			assert_null(canvas_check(c[unicode]));
		}
	}
	canvas_free(c[0]);
	canvas_free(c[1]);
}

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static int random_between(uint32_t *seed, int min, int max)
{
	return min + (int)(random_next(seed) % (unsigned int)(max - min + 1));
}

/* A coordinate: mostly near a canvas of that size, sometimes absurd. */
static int random_coordinate(uint32_t *seed, int size)
{
	static const int absurd[] = { INT_MIN, INT_MIN + 1, INT_MAX, INT_MAX - 1, 1 << 30 };

	if (random_next(seed) % 16 == 0)
		return absurd[random_next(seed) % COUNT(absurd)];
	return random_between(seed, -3, size + 3);
}

static const char *random_text(uint32_t *seed, char buf[32])
{
	static const char *const texts[] = { "web1", "虚拟机-中文名-虚拟机", "é́à", "", "1234.5",
		"▲ 61!", "\033[2J\t\r\n", "机", "a long name of a guest, as some have them" };
	size_t n = random_next(seed) % 32;

	if (random_next(seed) % 4)
		return texts[random_next(seed) % COUNT(texts)];
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)random_next(seed);
	buf[n] = '\0';
	return buf;
}

static void draw_something(struct canvas *c, uint32_t *seed)
{
	int rows = canvas_rows(c), cols = canvas_cols(c);
	int y = random_coordinate(seed, rows), x = random_coordinate(seed, cols);
	int height = random_coordinate(seed, rows), width = random_coordinate(seed, cols);
	enum style style = (enum style)(random_next(seed) % STYLES);
	enum align align = (enum align)(random_next(seed) % 3);
	struct segment s[] = { { random_between(seed, -1, 9) / 8.0, style },
		{ random_between(seed, 0, 9) / 16.0, STYLE_BAR_HOST } };
	double values[] = { 0, 0.3, NAN, 1, 7 };
	char buf[32];

	switch (random_next(seed) % 10) {
	case 0:
		canvas_fill_rect(c, y, x, height, width, style);
		break;
	case 1:
		canvas_style(c, y, x, width, style);
		break;
	case 2:
		canvas_select(c, y, x, width);
		break;
	case 3:
		canvas_bar(c, y, x, width, s, 2);
		break;
	case 4:
		canvas_spark(c, y, x, values, COUNT(values), 1, style);
		break;
	case 5:
		canvas_box(c, y, x, height, width, style, random_text(seed, buf));
		break;
	case 6:
		canvas_hline(c, y, x, width, style);
		canvas_vline(c, y, x, height, style);
		break;
	default:
		canvas_text(c, y, x, width, style, align, random_text(seed, buf));
		canvas_text(c, y, x, CANVAS_NATURAL, style, align, random_text(seed, buf));
		break;
	}
}

/* Every width up to 30 rows; above, every seventh: rows know nothing of each other. */
static void every_size_stays_sound(void **state)
{
	struct canvas *c[] = { canvas_new(1, 1, false), canvas_new(1, 1, true) };
	uint32_t seed = 1;

	(void)state;
	for (int rows = 1; rows <= 100; rows++) {
		for (int cols = 1; cols <= 300; cols += rows <= 30 ? 1 : 7) {
			struct canvas *this = c[(rows + cols) % 2];

			canvas_resize(this, rows, cols);
			for (int i = 0; i < 12; i++)
				draw_something(this, &seed);
			assert_null(canvas_check(this));
		}
	}
	canvas_free(c[0]);
	canvas_free(c[1]);
}

/* Of a canvas full of dots, those outside the field are still there. */
static void text_changes_only_its_field(void **state)
{
	struct canvas *c = canvas_new(3, 20, true);
	uint32_t seed = 2;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int y = random_between(&seed, 0, 2), x = random_between(&seed, -5, 22);
		int width = random_between(&seed, 0, 25), cells;
		enum align align = (enum align)(random_next(&seed) % 3);
		char buf[32];

		for (int row = 0; row < 3; row++)
			canvas_text(c, row, 0, 20, STYLE_DIM, ALIGN_LEFT, "....................");
		cells = canvas_text(c, y, x, width, STYLE_KEY, align, random_text(&seed, buf));
		assert_true(cells >= 0 && cells <= width);
		assert_null(canvas_check(c));
		for (int at = 0; at < 60; at++) {
			const struct glyph *g = canvas_glyph(c, at / 20, at % 20);
			bool inside = at / 20 == y && at % 20 >= x && at % 20 < x + width;

			assert_int_equal(g->style, inside ? STYLE_KEY : STYLE_DIM);
			assert_true(inside || g->code == '.');
		}
	}
	canvas_free(c);
}

static void widths_are_those_of_the_sanitiser(void **state)
{
	struct canvas *c = canvas_new(1, 200, true);
	uint32_t seed = 3;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char buf[32];
		const char *text = random_text(&seed, buf);

		assert_int_equal(
		    canvas_text(c, 0, 0, CANVAS_NATURAL, STYLE_NORMAL, ALIGN_LEFT, text),
		    text_width(text));
	}
	canvas_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_is_safe),
		cmocka_unit_test(every_size_stays_sound),
		cmocka_unit_test(text_changes_only_its_field),
		cmocka_unit_test(widths_are_those_of_the_sanitiser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
