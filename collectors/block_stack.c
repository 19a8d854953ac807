/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/block_stack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mounts.h"
#include "base/root.h"
#include "base/xalloc.h"

#define PATH_SIZE 160
/* Stacks are flatter; a hostile tree might be a ring. */
#define DEPTH_MAX 8
#define LEAVES_MAX 64

static bool take_name(struct slice name, char ret[BLOCK_NAME_SIZE])
{
	/* It becomes a part of a path. */
	if (name.len == 0 || name.len >= BLOCK_NAME_SIZE || memchr(name.p, '/', name.len) ||
	    slice_eq(name, ".") || slice_eq(name, ".."))
		return false;
	slice_copy(name, ret, BLOCK_NAME_SIZE);
	return true;
}

static struct slice last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slice_of(slash ? slash + 1 : path);
}

/* In sys a device is known by "!" where its name has a slash. */
static bool is_device(const struct root *root, const char *name)
{
	char path[PATH_SIZE], target[512];

	snprintf(path, sizeof(path), "sys/class/block/%s", name);
	return root_link(root, path, target, sizeof(target)) > 0;
}

bool block_of_number(
    const struct root *root, uint64_t major, uint64_t minor, char name[BLOCK_NAME_SIZE])
{
	char path[PATH_SIZE], target[512];

	snprintf(path, sizeof(path), "sys/dev/block/%" PRIu64 ":%" PRIu64, major, minor);
	return major && root_link(root, path, target, sizeof(target)) > 0 &&
	       take_name(last_part(target), name);
}

struct dm_name {
	char device[BLOCK_NAME_SIZE];
	char *name;
};

static void add_dm(const struct root *root, struct dm_names *dm, const char *device)
{
	char path[PATH_SIZE], text[256];
	struct dm_name *d;

	snprintf(path, sizeof(path), "sys/class/block/%s/dm/name", device);
	if (root_read(root, path, text, sizeof(text)) <= 0)
		return;
	dm->item = xgrow(dm->item, dm->n, &dm->cap, sizeof(*dm->item));
	d = &dm->item[dm->n];
	if (!take_name(slice_of(device), d->device))
		return;
	d->name = slice_dup(slice_trim(slice_of(text)));
	dm->n++;
}

static void read_dm(const struct root *root, struct dm_names *dm)
{
	struct names devices = { 0 };

	if (root_list(root, "sys/class/block", &devices) == 0)
		for (size_t i = 0; i < devices.n; i++)
			if (strncmp(devices.name[i], "dm-", 3) == 0)
				add_dm(root, dm, devices.name[i]);
	names_done(&devices);
	dm->is_read = true;
}

void dm_names_done(struct dm_names *dm)
{
	for (size_t i = 0; i < dm->n; i++)
		free(dm->item[i].name);
	free(dm->item);
	*dm = (struct dm_names){ 0 };
}

static bool find_dm(
    const struct root *root, struct dm_names *dm, const char *name, char ret[BLOCK_NAME_SIZE])
{
	if (!dm->is_read)
		read_dm(root, dm);
	for (size_t i = 0; i < dm->n; i++)
		if (strcmp(dm->item[i].name, name) == 0) {
			memcpy(ret, dm->item[i].device, BLOCK_NAME_SIZE);
			return true;
		}
	return false;
}

/* Volume "lv" of group "vg" is "vg-lv" to the device mapper, with dashes of their own doubled. */
static void add_doubled(struct text *t, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		text_append(t, s.p[i] == '-' ? "--" : s.p + i, s.p[i] == '-' ? 2 : 1);
}

static bool find_volume(
    const struct root *root, struct dm_names *dm, struct slice path, char name[BLOCK_NAME_SIZE])
{
	struct slice group, volume;
	struct text t = { 0 };
	bool found;

	if (!slice_cut(path, '/', &group, &volume) || memchr(volume.p, '/', volume.len))
		return false;
	add_doubled(&t, group);
	text_append(&t, "-", 1);
	add_doubled(&t, volume);
	found = find_dm(root, dm, t.p, name);
	text_done(&t);
	return found;
}

/* "../../sdb" */
static bool follow_link(const struct root *root, const char *path, char name[BLOCK_NAME_SIZE])
{
	char target[512];

	return root_link(root, path + 1, target, sizeof(target)) > 0 &&
	       take_name(last_part(target), name) && is_device(root, name);
}

bool block_of_path(
    const struct root *root, struct dm_names *dm, const char *path, char name[BLOCK_NAME_SIZE])
{
	struct slice dev, rest;

	/* Behind the first slash. */
	if (path[0] != '/' || !slice_cut(slice_of(path + 1), '/', &dev, &rest) ||
	    !slice_eq(dev, "dev"))
		return false;
	if (take_name(rest, name))
		return is_device(root, name);
	if (slice_starts(rest, "mapper/"))
		return find_dm(root, dm, rest.p + 7, name);
	/* By id, by path and so on. */
	if (slice_starts(rest, "disk/"))
		return follow_link(root, path, name);
	return find_volume(root, dm, rest, name);
}

bool block_of_mount(const struct root *root, struct dm_names *dm, const struct mount_line *m,
    char name[BLOCK_NAME_SIZE])
{
	struct mount mount = { .point = m->source };
	char *source;
	bool found;

	if (block_of_number(root, m->major, m->minor, name))
		return true;
	/* btrfs counts its devices apart from those of the host, but names the first one. */
	source = mount_point_dup(&mount);
	found = block_of_path(root, dm, source, name);
	free(source);
	return found;
}

void block_whole(const struct root *root, char name[BLOCK_NAME_SIZE])
{
	char path[PATH_SIZE], text[512], *slash;

	snprintf(path, sizeof(path), "sys/class/block/%s/partition", name);
	if (root_read(root, path, text, sizeof(text)) <= 0)
		return;
	snprintf(path, sizeof(path), "sys/class/block/%s", name);
	if (root_link(root, path, text, sizeof(text)) <= 0 || !(slash = strrchr(text, '/')))
		return;
	*slash = '\0';
	take_name(last_part(text), name);
}

/* The device of the file system that holds the file behind a loop device. */
static void add_backing(const struct root *root, const char *name, struct names *ret)
{
	char path[PATH_SIZE], file[4096], device[BLOCK_NAME_SIZE];
	struct text mounts = { 0 };
	struct dm_names dm = { 0 };
	struct mount_line m;

	snprintf(path, sizeof(path), "sys/class/block/%s/loop/backing_file", name);
	if (root_read(root, path, file, sizeof(file)) <= 0 || !file[0])
		return;
	file[strcspn(file, "\n")] = '\0';
	if (root_read_all(root, "proc/self/mountinfo", &mounts) == 0 &&
	    mount_line_of_path(mounts.p, file, &m) && block_of_mount(root, &dm, &m, device))
		names_add(ret, device, strlen(device));
	dm_names_done(&dm);
	text_done(&mounts);
}

void block_below(const struct root *root, const char *name, struct names *ret)
{
	char path[PATH_SIZE + BLOCK_NAME_SIZE], target[512];
	struct names slaves = { 0 };

	if (strncmp(name, "loop", 4) == 0)
		add_backing(root, name, ret);
	snprintf(path, sizeof(path), "sys/class/block/%s/slaves", name);
	if (root_list(root, path, &slaves) == 0)
		for (size_t i = 0; i < slaves.n && ret->n < LEAVES_MAX; i++) {
			if (strlen(slaves.name[i]) >= BLOCK_NAME_SIZE)
				continue;
			/* A capture keeps what was read. */
			snprintf(path, sizeof(path), "sys/class/block/%s/slaves/%s", name,
			    slaves.name[i]);
			if (root_link(root, path, target, sizeof(target)) > 0)
				names_add(ret, slaves.name[i], strlen(slaves.name[i]));
		}
	names_done(&slaves);
}

static void add_once(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->name[i], name) == 0)
			return;
	if (names->n < LEAVES_MAX)
		names_add(names, name, strlen(name));
}

static void add_leaves(const struct root *root, const char *name, struct names *ret, unsigned depth)
{
	char whole[BLOCK_NAME_SIZE];
	struct names below = { 0 };

	if (!take_name(slice_of(name), whole))
		return;
	block_whole(root, whole);
	if (depth < DEPTH_MAX)
		block_below(root, whole, &below);
	if (below.n == 0)
		add_once(ret, whole);
	for (size_t i = 0; i < below.n && ret->n < LEAVES_MAX; i++)
		add_leaves(root, below.name[i], ret, depth + 1);
	names_done(&below);
}

void block_leaves(const struct root *root, const char *name, struct names *ret)
{
	add_leaves(root, name, ret, 0);
}
