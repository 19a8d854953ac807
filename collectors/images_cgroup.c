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

/* Version 1 counts what is below only in the files that say so. */
static const struct {
	const char *key, *file, *word; /* @word NULL: a limit, one number */
} version1[] = {
	{ "rbytes", "blkio.throttle.io_service_bytes_recursive", "Read" },
	{ "wbytes", "blkio.throttle.io_service_bytes_recursive", "Write" },
	{ "rios", "blkio.throttle.io_serviced_recursive", "Read" },
	{ "wios", "blkio.throttle.io_serviced_recursive", "Write" },
	{ "rbps", "blkio.throttle.read_bps_device", NULL },
	{ "wbps", "blkio.throttle.write_bps_device", NULL },
	{ "riops", "blkio.throttle.read_iops_device", NULL },
	{ "wiops", "blkio.throttle.write_iops_device", NULL },
};

/* Texts of the group's files, read once for all images. */
struct files {
	char *stat, *limits, *inner_limits, *weights;         /* version 2 */
	char *figure[sizeof(version1) / sizeof(version1[0])]; /* version 1 */
	char *weight;
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
	const char *weights = g->cgroup.v2 ? f->weights : NULL;
	uint64_t v;

	for (int i = 0; i < DISK_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_DISK].column[i];

		if (c->src != SRC_CGROUP_IO || !c->key ||
		    !find_value(g, f, image->number, c->key, &v))
			continue;
		if (c->kind == KIND_COUNTER && g->owns_cgroup && is_alone(g, image))
			cell_set_count(row, i, v, reading_now(r));
		else if (c->kind != KIND_COUNTER && v > 0)
			cell_set_number(row, i, (double)v, reading_now(r));
	}
	if (g->owns_cgroup && find_figure(weights, image->number, NULL, &v))
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
		f->weights = read_file(r, c->dir, "io.weight");
		if (!f->weights)
			f->weights = read_file(r, c->dir, "io.bfq.weight");
		return;
	}
	for (size_t i = 0; i < sizeof(version1) / sizeof(version1[0]); i++)
		if (i > 0 && strcmp(version1[i].file, version1[i - 1].file) == 0 &&
		    f->figure[i - 1])
			f->figure[i] = xstrdup(f->figure[i - 1]);
		else
			f->figure[i] = read_file(r, c->dir, version1[i].file);
	f->weight = read_file(r, c->dir, "blkio.weight");
	if (!f->weight)
		f->weight = read_file(r, c->dir, "blkio.bfq.weight");
}

static void files_done(struct files *f)
{
	free(f->stat);
	free(f->limits);
	free(f->inner_limits);
	free(f->weights);
	free(f->weight);
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
	if (g->owns_cgroup && find_weight(g->cgroup.v2 ? f.weights : f.weight, &v))
		cell_set_number(snapshot_row(r->into, TABLE_DOMAIN, g->key), DOMAIN_IO_WEIGHT,
		    (double)v, reading_now(r));
	files_done(&f);
}
