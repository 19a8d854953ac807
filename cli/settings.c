/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/xalloc.h"
#include "cli/options.h"
#include "cli/say.h"

#define HOST_FILE "/etc/kvmtop.conf"
#define USER_FILE "kvmtop/kvmtop.conf"
#define FILE_MAX ((size_t)1 << 20)

static void add(
    struct settings *s, struct slice key, struct slice value, const char *path, int line)
{
	s->setting = xgrow(s->setting, s->n, &s->cap, sizeof(*s->setting));
	s->setting[s->n++] = (struct setting){
		.key = slice_dup(key),
		.value = slice_dup(value),
		.where = xasprintf("%s:%d", path, line),
	};
}

/* Of one file the last one counts, too; but it is a slip. */
static void complain_of_twice(const struct settings *s, size_t first)
{
	const struct setting *last = &s->setting[s->n - 1];

	for (size_t i = s->n - 1; i-- > first;)
		if (strcmp(s->setting[i].key, last->key) == 0) {
			complain("%s: '%s' is in line %s already; the last one counts", last->where,
			    last->key, strrchr(s->setting[i].where, ':') + 1);
			return;
		}
}

static void take_line(struct settings *s, struct slice text, const char *path, int line)
{
	const char *comment = memchr(text.p, '#', text.len), *equals;
	struct slice key, value;

	if (comment)
		text.len = (size_t)(comment - text.p);
	text = slice_trim(text);
	if (text.len == 0)
		return;
	equals = memchr(text.p, '=', text.len);
	if (!equals || equals == text.p) {
		complain("%s:%d: not 'key = value'; the line is left out", path, line);
		return;
	}
	key = slice_trim((struct slice){ text.p, (size_t)(equals - text.p) });
	value = slice_trim((struct slice){ equals + 1, (size_t)(text.p + text.len - equals - 1) });
	add(s, key, value, path, line);
}

static int read_file(struct settings *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t len;
	struct cursor c;
	struct slice line;
	size_t first = s->n, before;
	int number = 0;

	if (!f)
		return -errno;
	text = xmalloc(FILE_MAX);
	len = fread(text, 1, FILE_MAX, f);
	if (ferror(f)) {
		int r = -errno;

		fclose(f);
		free(text);
		return r;
	}
	fclose(f);
	cursor_init(&c, text, len);
	while (cursor_split(&c, '\n', &line)) {
		before = s->n;
		take_line(s, line, path, ++number);
		if (s->n > before)
			complain_of_twice(s, first);
	}
	free(text);
	return 0;
}

/* $XDG_CONFIG_HOME or ~/.config; NULL where neither is set. */
static char *user_file(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (base && *base == '/')
		return xasprintf("%s/" USER_FILE, base);
	return home && *home ? xasprintf("%s/.config/" USER_FILE, home) : NULL;
}

static void read_usual(struct settings *s, const char *path)
{
	int r = path ? read_file(s, path) : 0;

	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		complain("%s: %s; it is left out", path, strerror(-r));
}

int settings_load(const struct options *options, struct settings *ret)
{
	char *user;
	int r;

	*ret = (struct settings){ 0 };
	if (options->config) {
		if (strcmp(options->config, "none") == 0)
			return 0;
		r = read_file(ret, options->config);
		if (r < 0)
			complain("%s: %s", options->config, strerror(-r));
		return r;
	}
	read_usual(ret, HOST_FILE);
	user = user_file();
	read_usual(ret, user);
	free(user);
	return 0;
}

void settings_done(struct settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->setting[i].key);
		free(s->setting[i].value);
		free(s->setting[i].where);
	}
	free(s->setting);
	*s = (struct settings){ 0 };
}

bool settings_key_is_known(const char *key)
{
	static const char *const known[] = { SETTING_EVENTS };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], key) == 0)
			return true;
	return false;
}

const char *settings_find(const struct settings *s, const char *key)
{
	for (size_t i = s->n; i-- > 0;)
		if (strcmp(s->setting[i].key, key) == 0)
			return s->setting[i].value;
	return NULL;
}
