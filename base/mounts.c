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

bool mount_of_path(const char *table, const char *path, struct mount *ret)
{
	struct cursor c;
	struct mount m;
	size_t longest = 0;

	cursor_init(&c, table, strlen(table));
	while (mount_next(&c, &m)) {
		char *point = mount_point_dup(&m);
		size_t len = strlen(point);

		if (len > 0 && len >= longest && holds(point, len, path)) {
			longest = len;
			*ret = m;
		}
		free(point);
	}
	return longest > 0;
}
