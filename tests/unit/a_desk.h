/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody who sits before the screens: presses keys, looks, and checks what is to be seen. */
#ifndef KVMTOP_TESTS_A_DESK_H
#define KVMTOP_TESTS_A_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "a_host.h"
#include "views/canvas.h"
#include "views/keyname.h"
#include "views/ui.h"

/* Three guests: db1 is the busiest, mail does next to nothing, web1 is in between. */
static const struct a_host small = {
	.second = 100,
	.nodes = 4,
	.guest = {
		{ .name = "mail", .pid = 30, .cpu = 0.001 },
		{ .name = "web1", .pid = 10, .cpu = 0.5, .wait = 0.03 },
		{ .name = "db1", .pid = 20, .cpu = 0.9, .wait = 0.11 },
	},
};

struct desk {
	struct ui *ui;
	struct canvas *canvas;
	const struct snapshot *now;
	char *text;
	char line[4096]; /* that was asked for last */
};

static inline void look(struct desk *d)
{
	size_t size;
	FILE *to;

	free(d->text);
	ui_draw(d->ui, d->now, d->canvas);
	to = open_memstream(&d->text, &size);
	assert_int_equal(canvas_dump(d->canvas, to), 0);
	fclose(to);
	assert_null(canvas_check(d->canvas));
}

static inline void show(struct desk *d, const struct a_host *host)
{
	snapshot_unref(d->now);
	d->now = a_sample(host);
	look(d);
}

static inline void desk_open(struct desk *d, const struct a_host *host, int rows, int cols)
{
	*d = (struct desk){ .ui = ui_new(), .canvas = canvas_new(rows, cols, true) };
	show(d, host);
}

static inline void desk_close(struct desk *d)
{
	ui_free(d->ui);
	canvas_free(d->canvas);
	snapshot_unref(d->now);
	free(d->text);
}

static inline unsigned press(struct desk *d, const char *keys)
{
	struct keyname_script script;
	char key[KEYNAME_SIZE];
	unsigned actions = 0;
	int r;

	keyname_script_init(&script, keys);
	while ((r = keyname_script_next(&script, key)) > 0)
		actions |= ui_key(d->ui, d->now, key);
	assert_int_equal(r, 0);
	look(d);
	return actions;
}

/* The line that @word stands in, or NULL. Lent until the next. */
static inline const char *line_with(struct desk *d, const char *word)
{
	const char *at = strstr(d->text, word), *start = at, *end;

	if (!at)
		return NULL;
	while (start > d->text && start[-1] != '\n')
		start--;
	end = start + strcspn(start, "\n");
	snprintf(d->line, sizeof(d->line), "%.*s", (int)(end - start), start);
	return d->line;
}

static inline void sees(const struct desk *d, const char *text)
{
	if (!strstr(d->text, text))
		fail_msg("'%s' is not on:\n%s", text, d->text);
}

static inline void sees_not(const struct desk *d, const char *text)
{
	if (strstr(d->text, text))
		fail_msg("'%s' is on:\n%s", text, d->text);
}

static inline void sees_before(const struct desk *d, const char *first, const char *second)
{
	const char *a = strstr(d->text, first), *b = strstr(d->text, second);

	if (!a || !b || a > b)
		fail_msg("'%s' does not stand before '%s':\n%s", first, second, d->text);
}

/* The line of the cursor. */
static inline const char *selected(struct desk *d)
{
	size_t len = 0;
	int y, x;

	assert_true(canvas_cursor(d->canvas, &y, &x));
	for (x = 0; x < canvas_cols(d->canvas) && len + 8 < sizeof(d->line); x++)
		if (canvas_glyph(d->canvas, y, x)->width)
			len += glyph_encode(canvas_glyph(d->canvas, y, x)->code, d->line + len);
	d->line[len] = '\0';
	return d->line;
}

static inline void selects(struct desk *d, const char *word)
{
	if (!strstr(selected(d), word))
		fail_msg("'%s' is not selected, but '%s':\n%s", word, selected(d), d->text);
}

#endif
