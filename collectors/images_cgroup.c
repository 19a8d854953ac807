/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O of a guest's cgroup, by the devices that its images lie on. Version 2 has a line for each
 * device with all figures ("8:0 rbytes=1 wbytes=2 …"), version 1 a file for each figure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/root.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/images.h"

#define BYTES "blkio.throttle.io_service_bytes"
#define REQUESTS "blkio.throttle.io_serviced"

/* Version 1 counts what is below only in the files that say so, which came with Linux 4.2. */
static const struct {
	const char *key, *file, *otherwise, *word; /* @word NULL: a limit, one number */
} version1[] = {
	{ "rbytes", BYTES "_recursive", BYTES, "Read" },
	{ "wbytes", BYTES "_recursive", BYTES, "Write" },
	{ "rios", REQUESTS "_recursive", REQUESTS, "Read" },
	{ "wios", REQUESTS "_recursive", REQUESTS, "Write" },
	{ "rbps", "blkio.throttle.read_bps_device", NULL, NULL },
	{ "wbps", "blkio.throttle.write_bps_device", NULL, NULL },
	{ "riops", "blkio.throttle.read_iops_device", NULL, NULL },
	{ "wiops", "blkio.throttle.write_iops_device", NULL, NULL },
};

/* Texts of the group's files, read once for all images. */
struct files {
	char *stat, *limits, *inner_limits;                   /* version 2 */
	char *figure[sizeof(version1) / sizeof(version1[0])]; /* version 1 */
	char *weight, *device_weights;
};

static char *read_file(struct reading *r, const char *dir, const char *file)
{
	char *path = dir ? xasprintf("%s/%s", dir, file) : NULL;
	struct text text = { 0 };

	if (path && root_read_all(r->root, path, &text) < 0)
		text_done(&text);
	free(path);
	return text.p;
}

static char *read_either(
    struct reading *r, const char *dir, const char *file, const char *otherwise)
{
	char *text = read_file(r, dir, file);

	return text || !otherwise ? text : read_file(r, dir, otherwise);
}

/* The line of that device without its number. */
static bool find_line(const char *text, const char *number, struct cursor *ret)
{
	struct cursor all;
	struct slice word;

	cursor_init(&all, text ? text : "", text ? strlen(text) : 0);
	while (cursor_line(&all, ret))
		if (cursor_field(ret, &word) && slice_eq(word, number))
			return true;
	return false;
}

/* "rbytes=12"; "rbps=max" is no limit. */
static bool find_key(const char *text, const char *number, const char *key, uint64_t *ret)
{
	struct cursor line;
	struct slice word, name, value;

	if (!find_line(text, number, &line))
		return false;
	while (cursor_field(&line, &word))
		if (slice_cut(word, '=', &name, &value) && slice_eq(name, key))
			return slice_u64(value, ret) == 0;
	return false;
}

/* "8:0 Read 12" among lines of the same device, or "8:0 12" */
static bool find_figure(const char *text, const char *number, const char *word, uint64_t *ret)
{
	struct cursor all, line;
	struct slice first, second;

	cursor_init(&all, text ? text : "", text ? strlen(text) : 0);
	while (cursor_line(&all, &line)) {
		if (!cursor_field(&line, &first) || !slice_eq(first, number))
			continue;
		if (word && (!cursor_field(&line, &second) || !slice_eq(second, word)))
			continue;
		return cursor_u64(&line, ret) == 0;
	}
	return false;
}

/* How much of a kind of traffic there was on a device, or may be. */
static bool find_value(const struct image_guest *g, const struct files *f, const char *number,
    const char *key, uint64_t *ret)
{
	uint64_t inner;

	if (g->cgroup.v2) {
		bool own =
		    find_key(f->stat, number, key, ret) || find_key(f->limits, number, key, ret);

		if (find_key(f->inner_limits, number, key, &inner) && (!own || inner < *ret)) {
			*ret = inner;
			own = true;
		}
		return own;
	}
	for (size_t i = 0; i < sizeof(version1) / sizeof(version1[0]); i++)
		if (strcmp(version1[i].key, key) == 0)
			return find_figure(f->figure[i], number, version1[i].word, ret);
	return false;
}

/* The tightest: requests go through the device that the image lies on, and those below it. */
static bool find_limit(const struct image_guest *g, const struct files *f,
    const struct image *image, const char *key, uint64_t *ret)
{
	const struct names *leaves = &image->leaf_numbers;
	bool found = find_value(g, f, image->number, key, ret);
	uint64_t v;

	for (size_t i = 0; i < leaves->n; i++)
		if (find_value(g, f, leaves->name[i], key, &v) && v > 0 && (!found || v < *ret)) {
			*ret = v;
			found = true;
		}
	return found && *ret > 0;
}

/* Version 2 has those of devices in the same file. */
static bool find_device_weight(
    const struct image_guest *g, const struct files *f, const struct image *image, uint64_t *ret)
{
	const char *text = g->cgroup.v2 ? f->weight : f->device_weights;
	const struct names *leaves = &image->leaf_numbers;
	bool found = find_figure(text, image->number, NULL, ret);

	for (size_t i = 0; !found && i < leaves->n; i++)
		found = find_figure(text, leaves->name[i], NULL, ret);
	return found;
}

/* Two images on one device: the group's figures are no single one's. */
static bool is_alone(const struct image_guest *g, const struct image *image)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += strcmp(g->image[i].number, image->number) == 0;
	return n == 1;
}

static void write_image(struct reading *r, const struct image_guest *g, const struct files *f,
    const struct image *image)
{
	struct row *row = snapshot_row(r->into, TABLE_DISK, image->key);
	bool counts = g->owns_cgroup && is_alone(g, image);
	uint64_t v;

	for (int i = 0; i < DISK_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_DISK].column[i];

		if (c->src != SRC_CGROUP_IO || !c->key)
			continue;
		if (c->kind != KIND_COUNTER && find_limit(g, f, image, c->key, &v))
			cell_set_number(row, i, (double)v, reading_now(r));
		else if (c->kind == KIND_COUNTER && counts &&
			 find_value(g, f, image->number, c->key, &v))
			cell_set_count(row, i, v, reading_now(r));
	}
	if (g->owns_cgroup && find_device_weight(g, f, image, &v))
		cell_set_number(row, DISK_CGROUP_WEIGHT, (double)v, reading_now(r));
}

/* "default 100", or one number in version 1. */
static bool find_weight(const char *text, uint64_t *ret)
{
	struct cursor c;
	struct slice word;

	if (find_figure(text, "default", NULL, ret))
		return true;
	cursor_init(&c, text ? text : "", text ? strlen(text) : 0);
	return cursor_field(&c, &word) && slice_u64(word, ret) == 0;
}

static void read_files(struct reading *r, const struct image_guest *g, struct files *f)
{
	const struct cgroup *c = &g->cgroup;

	*f = (struct files){ 0 };
	if (c->v2) {
		f->stat = read_file(r, c->dir, "io.stat");
		f->limits = read_file(r, c->dir, "io.max");
		f->inner_limits = read_file(r, c->inner, "io.max");
		f->weight = read_either(r, c->dir, "io.weight", "io.bfq.weight");
		return;
	}
	for (size_t i = 0; i < sizeof(version1) / sizeof(version1[0]); i++)
		if (i > 0 && strcmp(version1[i].file, version1[i - 1].file) == 0 &&
		    f->figure[i - 1])
			f->figure[i] = xstrdup(f->figure[i - 1]);
		else
			f->figure[i] =
			    read_either(r, c->dir, version1[i].file, version1[i].otherwise);
	f->weight = read_either(r, c->dir, "blkio.weight", "blkio.bfq.weight");
	f->device_weights =
	    read_either(r, c->dir, "blkio.weight_device", "blkio.bfq.weight_device");
}

static void files_done(struct files *f)
{
	free(f->stat);
	free(f->limits);
	free(f->inner_limits);
	free(f->weight);
	free(f->device_weights);
	for (size_t i = 0; i < sizeof(version1) / sizeof(version1[0]); i++)
		free(f->figure[i]);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* What machined and libvirt call a guest's group, and what it is in the slice of machines. */
static bool is_machine(const char *group)
{
	static const char machines[] = "machine.slice/";
	const char *slash = strrchr(group, '/'), *last = slash ? slash + 1 : group;
	size_t above = (size_t)(last - group);

	return (strncmp(last, "machine-", 8) == 0 && ends_with(last, ".scope")) ||
	       ends_with(last, ".libvirt-qemu") ||
	       (above >= sizeof(machines) - 1 &&
		   strncmp(last - (sizeof(machines) - 1), machines, sizeof(machines) - 1) == 0);
}

/* A guest that was started by hand shares the group of its session with other processes. */
static bool is_alone_in_group(struct reading *r, const struct image_guest *g)
{
	char *text = read_file(r, g->cgroup.dir, "cgroup.procs");
	struct cursor all, line;
	bool alone = text && *text;
	uint64_t pid;

	cursor_init(&all, text ? text : "", text ? strlen(text) : 0);
	while (alone && cursor_line(&all, &line))
		alone = cursor_u64(&line, &pid) == 0 && pid == (uint32_t)g->key.owner;
	free(text);
	return alone;
}

void images_find_cgroup(
    struct reading *r, const struct cgroup_mounts *mounts, struct image_guest *g)
{
	char path[64], text[8192];
	ssize_t n;

	cgroup_done(&g->cgroup);
	snprintf(path, sizeof(path), "proc/%u/cgroup", (uint32_t)g->key.owner);
	n = root_read(r->root, path, text, sizeof(text));
	g->cgroup_error = n < 0 ? (int)n : cgroup_find(mounts, text, "blkio", &g->cgroup);
	g->owns_cgroup =
	    !g->cgroup_error && (is_machine(g->cgroup.name) || is_alone_in_group(r, g));
}

void images_read_cgroup(struct reading *r, const struct image_guest *g)
{
	struct files f;
	uint64_t v;

	if (g->cgroup_error || !g->cgroup.dir)
		return;
	read_files(r, g, &f);
	for (size_t i = 0; i < g->n; i++)
		if (g->image[i].number[0])
			write_image(r, g, &f, &g->image[i]);
	if (g->owns_cgroup && find_weight(f.weight, &v))
		cell_set_number(snapshot_row(r->into, TABLE_DOMAIN, g->key), DOMAIN_IO_WEIGHT,
		    (double)v, reading_now(r));
	files_done(&f);
}
