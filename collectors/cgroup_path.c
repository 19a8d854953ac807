/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/cgroup_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mounts.h"
#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"

#define MOUNTS_MAX 64

/* Version 1 writes "no limit" as the largest number of whole pages; nothing real is as large. */
#define NO_LIMIT_BYTES (1ULL << 62)

void cgroup_mounts_done(struct cgroup_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->item[i].dir);
		free(mounts->item[i].controllers);
	}
	free(mounts->item);
	*mounts = (struct cgroup_mounts){ 0 };
}

/* Paths below a root have no slash in front. */
static char *relative_point(const struct mount *m)
{
	char *point = mount_point_dup(m), *dir = xstrdup(point + strspn(point, "/"));

	free(point);
	return dir;
}

static void add_mount(struct cgroup_mounts *mounts, const struct mount *m)
{
	bool v2 = slice_eq(m->type, "cgroup2");

	if ((!v2 && !slice_eq(m->type, "cgroup")) || mounts->n >= MOUNTS_MAX)
		return;
	mounts->item = xgrow(mounts->item, mounts->n, &mounts->cap, sizeof(*mounts->item));
	mounts->item[mounts->n++] = (struct cgroup_mount){
		.dir = relative_point(m),
		.controllers = v2 ? NULL : slice_dup(m->options),
	};
}

int cgroup_mounts_read(const struct root *root, struct cgroup_mounts *ret)
{
	struct text text = { 0 };
	struct cursor c;
	struct mount m;
	int r = root_read_all(root, "proc/self/mounts", &text);

	cgroup_mounts_done(ret);
	if (r == 0) {
		cursor_init(&c, text.p, text.len);
		while (mount_next(&c, &m))
			add_mount(ret, &m);
		r = ret->n > 0 ? 0 : -ENOENT;
	}
	text_done(&text);
	return r;
}

static bool lists(struct slice list, const char *word)
{
	struct cursor c;
	struct slice each;

	cursor_init(&c, list.p, list.len);
	while (cursor_split(&c, ',', &each))
		if (slice_eq(each, word))
			return true;
	return false;
}

/* The path in the line "4:memory:/machine.slice/x" that has @controller; "" is version 2. */
static bool find_path(const char *text, const char *controller, struct slice *ret)
{
	struct cursor c, line;

	cursor_init(&c, text, strlen(text));
	while (cursor_line(&c, &line)) {
		struct slice number, controllers;

		if (!cursor_split(&line, ':', &number) || !cursor_split(&line, ':', &controllers))
			continue;
		if (*controller ? lists(controllers, controller)
				: controllers.len == 0 && slice_eq(number, "0")) {
			*ret = (struct slice){ line.p, (size_t)(line.end - line.p) };
			return true;
		}
	}
	return false;
}

static const struct cgroup_mount *find_mount(
    const struct cgroup_mounts *mounts, const char *controller)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct cgroup_mount *m = &mounts->item[i];

		if (*controller ? m->controllers && lists(slice_of(m->controllers), controller)
				: !m->controllers)
			return m;
	}
	return NULL;
}

static bool is_numbered(struct slice s, const char *start)
{
	size_t len = strlen(start);
	uint64_t number;

	return slice_starts(s, start) &&
	       slice_u64((struct slice){ s.p + len, s.len - len }, &number) == 0;
}

/* The last part of a path, without its slash. */
static struct slice last_part(struct slice path)
{
	size_t start = path.len;

	while (start > 0 && path.p[start - 1] != '/')
		start--;
	return (struct slice){ path.p + start, path.len - start };
}

static struct slice parent(struct slice path)
{
	size_t len = path.len - last_part(path).len;

	return (struct slice){ path.p, len > 0 ? len - 1 : 0 };
}

/* The group of the guest, and that of its threads less the last level, which is one's role. */
static void strip_roles(struct slice path, struct slice *ret_guest, struct slice *ret_inner)
{
	struct slice last = last_part(path), up = parent(path);

	if (up.len > 0 && (slice_eq(last, "emulator") || is_numbered(last, "vcpu") ||
			      is_numbered(last, "iothread"))) {
		path = up;
		last = last_part(path);
		up = parent(path);
	}
	*ret_inner = path;
	*ret_guest = slice_eq(last, "libvirt") && up.len > 0 ? up : path;
}

static char *below(const char *dir, struct slice path)
{
	/* The top of the hierarchy is "/", and so may be the place where it is mounted. */
	if (path.len == 1 || !*dir)
		path = (struct slice){ path.p + 1, path.len - 1 };
	return xasprintf("%s%.*s", dir, (int)path.len, path.p);
}

int cgroup_find(const struct cgroup_mounts *mounts, const char *text, const char *controller,
    struct cgroup *ret)
{
	const struct cgroup_mount *m = find_mount(mounts, controller);
	struct slice path, guest, inner;

	/* Side by side a controller is in either version: that of 1 has it where it is mounted. */
	if (!m || !find_path(text, controller, &path)) {
		m = find_mount(mounts, "");
		if (!m || !find_path(text, "", &path))
			return -ENOENT;
	}
	if (path.len == 0 || path.len > 4096 || path.p[0] != '/' || slice_starts(path, "/.."))
		return -ENOENT;
	strip_roles(path, &guest, &inner);
	*ret = (struct cgroup){
		.name = slice_dup(guest),
		.dir = below(m->dir, guest),
		.inner = inner.len > guest.len ? below(m->dir, inner) : NULL,
		.v2 = !m->controllers,
	};
	return 0;
}

void cgroup_done(struct cgroup *group)
{
	free(group->name);
	free(group->dir);
	free(group->inner);
	*group = (struct cgroup){ 0 };
}

int cgroup_read_limit(const struct root *root, const char *dir, const char *file, uint64_t *ret)
{
	char buf[64], *path = xasprintf("%s/%s", dir, file);
	ssize_t n = root_read(root, path, buf, sizeof(buf));
	uint64_t v;
	int r;

	free(path);
	if (n < 0)
		return (int)n;
	if (strcmp(buf, "max\n") == 0 || buf[0] == '-')
		return -ENOENT;
	r = parse_u64(buf, &v);
	if (r < 0)
		return r;
	if (v >= NO_LIMIT_BYTES)
		return -ENOENT;
	*ret = v;
	return 0;
}
