/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below etc/ that are kvmtop's own, a setting a line. The state of one is its content with a
 * '+' before it, or "-" where there is no file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "fixes/file.h"
#include "fixes/kinds_inner.h"

#define HEAD "# Written by kvmtop.\n"
#define NO_FILE "-"

static int say(int r, const struct action *a, struct text *why)
{
	if (r < 0)
		print_format(why, "/%s: %s", a->target, strerror(-r));
	return r;
}

int drop_in_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	struct text content = { 0 };
	int r = file_read(s->fd, a->target, &content);

	if (r == -ENOENT) {
		*ret = xstrdup(NO_FILE);
		return 0;
	}
	if (r == 0)
		*ret = xasprintf("+%s", content.p);
	text_done(&content);
	return say(r, a, why);
}

/*
 * What of a line says which setting it is about, so that it takes the place of an older one. In
 * tmpfiles.d that is all but the last word; where there are assignments it stands before the '=';
 * in udev's rules no line is like another.
 */
static struct slice setting_of(const struct action *a, struct slice line)
{
	struct slice before, behind;

	line = slice_trim(line);
	if (strstr(a->target, "/tmpfiles.d/")) {
		while (line.len > 0 && line.p[line.len - 1] != ' ' && line.p[line.len - 1] != '\t')
			line.len--;
		return slice_trim(line);
	}
	if (!strstr(a->target, "/udev/") && slice_cut(line, '=', &before, &behind))
		return slice_trim(before);
	return line;
}

static bool is_about_the_same(const struct action *a, struct slice x, struct slice y)
{
	x = setting_of(a, x);
	y = setting_of(a, y);
	return x.len == y.len && memcmp(x.p, y.p, x.len) == 0;
}

char *drop_in_value(const struct action *a, const char *state)
{
	struct cursor c;
	struct slice line;

	cursor_init(&c, state + 1, *state == '+' ? strlen(state + 1) : 0);
	while (cursor_split(&c, '\n', &line))
		if (is_about_the_same(a, line, slice_of(a->value)))
			return slice_dup(slice_trim(line));
	return xstrdup("");
}

static void put_line(struct text *out, struct slice line)
{
	text_append(out, line.p, line.len);
	print_text(out, "\n");
}

int drop_in_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	struct text content = { 0 };
	bool is_there = false;
	struct cursor c;
	struct slice line;
	char *state;
	int r = drop_in_read(s, a, &state, why);

	if (r < 0)
		return r;
	if (*state != '+' || !state[1])
		print_text(&content, HEAD);
	cursor_init(&c, state + 1, *state == '+' ? strlen(state + 1) : 0);
	while (cursor_split(&c, '\n', &line)) {
		bool same = is_about_the_same(a, line, slice_of(value));

		if (!same)
			put_line(&content, line);
		else if (!is_there)
			put_line(&content, slice_of(value));
		is_there |= same;
	}
	if (!is_there)
		put_line(&content, slice_of(value));
	r = say(file_replace(s->fd, a->target, content.p, content.len), a, why);
	text_done(&content);
	free(state);
	return r;
}

int drop_in_restore(struct site *s, const struct action *a, const char *state, struct text *why)
{
	if (*state != '+')
		return say(file_remove(s->fd, a->target), a, why);
	return say(file_replace(s->fd, a->target, state + 1, strlen(state + 1)), a, why);
}
