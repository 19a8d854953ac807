/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

bool mount_next(struct cursor *table, struct mount *ret)
{
	struct slice device;
	struct cursor line;
	struct mount m;

	while (cursor_line(table, &line)) {
		if (cursor_field(&line, &device) && cursor_field(&line, &m.point) &&
		    cursor_field(&line, &m.type) && cursor_field(&line, &m.options)) {
			*ret = m;
			return true;
		}
	}
	return false;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

char *mount_point_dup(const struct mount *m)
{
	struct slice s = m->point;
	char *text = xmalloc(s.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && s.len - i > 3 && s.p[i + 1] >= '0' && s.p[i + 1] <= '3' &&
		    is_octal(s.p[i + 2]) && is_octal(s.p[i + 3])) {
			text[len++] = (char)((s.p[i + 1] - '0') << 6 | (s.p[i + 2] - '0') << 3 |
					     (s.p[i + 3] - '0'));
			i += 3;
		} else {
			text[len++] = s.p[i];
		}
	}
	text[len] = '\0';
	return text;
}

bool mount_option(const struct mount *m, const char *name, struct slice *ret_value)
{
	struct slice option, key, value;
	struct cursor c;

	cursor_init(&c, m->options.p, m->options.len);
	while (cursor_split(&c, ',', &option)) {
		if (slice_cut(option, '=', &key, &value) && slice_eq(key, name)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* "/mnt/huge" holds "/mnt/huge" and "/mnt/huge/x", but not "/mnt/hugetlb". */
static bool holds(const char *point, size_t len, const char *path)
{
	if (len == 1 && point[0] == '/')
		return path[0] == '/';
	return strncmp(path, point, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* Whether @path lies below @point, and that is no further out than what was found before. */
static bool is_inner(struct slice point, const char *path, size_t *longest)
{
	struct mount m = { .point = point };
	char *text = mount_point_dup(&m);
	size_t len = strlen(text);
	bool inner = len > 0 && len >= *longest && holds(text, len, path);

	if (inner)
		*longest = len;
	free(text);
	return inner;
}

bool mount_of_path(const char *table, const char *path, struct mount *ret)
{
	struct cursor c;
	struct mount m;
	size_t longest = 0;

	cursor_init(&c, table, strlen(table));
	while (mount_next(&c, &m))
		if (is_inner(m.point, path, &longest))
			*ret = m;
	return longest > 0;
}

static bool read_number(struct slice text, uint64_t *major, uint64_t *minor)
{
	struct slice before, behind;

	return slice_cut(text, ':', &before, &behind) && slice_u64(before, major) == 0 &&
	       slice_u64(behind, minor) == 0;
}

/* "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/sda1 rw,errors=continue" */
static bool read_line(struct cursor *line, struct mount_line *ret)
{
	struct slice number, field;
	struct mount_line m = { 0 };

	if (cursor_u64(line, &m.id) < 0 || !cursor_skip(line, 1) || !cursor_field(line, &number) ||
	    !read_number(number, &m.major, &m.minor) || !cursor_skip(line, 1) ||
	    !cursor_field(line, &m.point) || !cursor_field(line, &m.options))
		return false;
	do
		if (!cursor_field(line, &field))
			return false;
	while (!slice_eq(field, "-"));
	if (!cursor_field(line, &m.type) || !cursor_field(line, &m.source))
		return false;
	cursor_field(line, &m.super_options);
	*ret = m;
	return true;
}

bool mount_line_next(struct cursor *table, struct mount_line *ret)
{
	struct cursor line;

	while (cursor_line(table, &line))
		if (read_line(&line, ret))
			return true;
	return false;
}

bool mount_line_of_id(const char *table, uint64_t id, struct mount_line *ret)
{
	struct cursor c;

	cursor_init(&c, table, strlen(table));
	while (mount_line_next(&c, ret))
		if (ret->id == id)
			return true;
	return false;
}

bool mount_line_of_path(const char *table, const char *path, struct mount_line *ret)
{
	struct mount_line m;
	struct cursor c;
	size_t longest = 0;

	cursor_init(&c, table, strlen(table));
	while (mount_line_next(&c, &m))
		if (is_inner(m.point, path, &longest))
			*ret = m;
	return longest > 0;
}
