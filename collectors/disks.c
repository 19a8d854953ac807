/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks of guests by their command lines, which are read once. What was unplugged stays there, and
 * what was plugged in is not there: now and then, what the process holds open tells of both.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/cmdline.h"
#include "collectors/collector.h"
#include "collectors/disk_args.h"
#include "collectors/fd_watch.h"
#include "collectors/guest_list.h"
#include "collectors/libvirt_disks.h"
#include "collectors/open_files.h"
#include "collectors/qemu_args.h"

#define LOOK_NS (30 * NS_PER_SEC)
/* A guest opens its images some time after its start. */
#define YOUNG_SECONDS 10

struct guest {
	struct key key;
	struct cmdline cmdline;
	struct names paths; /* that its command line speaks of */
	struct disk_configs disks, plugged;
	uint64_t looked_ns; /* 0: never */
	bool had_xml;       /* then */
	struct fd_watch watch;
};

void *disks_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct guest_list));
}

static void guest_done(void *item)
{
	struct guest *g = item;

	cmdline_done(&g->cmdline);
	names_done(&g->paths);
	disk_configs_done(&g->disks);
	disk_configs_done(&g->plugged);
}

void disks_close(void *state)
{
	guest_list_done(state, guest_done);
	free(state);
}

static void take_paths(struct guest *g, const struct qemu_args *args)
{
	const struct qemu_arg *arg = NULL;

	while ((arg = qemu_args_next(args, NULL, arg)))
		for (size_t i = 0; i < arg->n; i++) {
			const char *value = arg->pair[i].value;

			if (value && value[0] == '/')
				names_add(&g->paths, value, strlen(value));
		}
}

static void take_disks(struct reading *r, struct guest *g, uint32_t pid)
{
	struct text text = { 0 };
	struct qemu_args *args;

	if (!cmdline_take(&g->cmdline, r->root, pid, &text))
		return;
	args = qemu_args_parse(text.p, text.len);
	disk_args_read(args, &g->disks);
	take_paths(g, args);
	qemu_args_free(args);
	text_done(&text);
}

/* The XML's rows are told from others by what only it tells. */
static bool is_in_xml(const struct reading *r, const struct guest *g, const struct disk_config *d)
{
	const struct row *row =
	    snapshot_find(r->latest, TABLE_DISK, key_of(g->key, key_item(d->alias)));

	return row && row->cell[DISK_SHARED].at_ns;
}

/* A set of descriptors that QEMU was given has a name, too. */
static bool is_set(const struct disk_config *d)
{
	return d->source && d->source[0] == '/' && strncmp(d->source + 1, "dev/fdset/", 10) == 0;
}

static bool is_local(const struct disk_config *d)
{
	return d->source && d->source[0] == '/' && !is_set(d);
}

/* Itself, or a directory above it. */
static bool is_spoken_of(const struct guest *g, const char *path)
{
	for (size_t i = 0; i < g->paths.n; i++) {
		size_t len = strlen(g->paths.name[i]);

		if (strncmp(g->paths.name[i], path, len) == 0 &&
		    (path[len] == '\0' || path[len] == '/'))
			return true;
	}
	return false;
}

/* O_RDONLY, O_WRONLY, O_RDWR; -1: not told. */
static int read_mode(const struct reading *r, const struct guest *g, int fd)
{
	char path[64], text[1024];
	struct slice flags;

	snprintf(path, sizeof(path), "proc/%u/fdinfo/%d", (uint32_t)g->key.owner, fd);
	if (root_read(r->root, path, text, sizeof(text)) <= 0 ||
	    parse_key_text(text, "flags", &flags) < 0 || flags.len == 0)
		return -1;
	/* Octal: the last digit has the mode. */
	return (flags.p[flags.len - 1] - '0') & O_ACCMODE;
}

/* Devices of the host that are no block devices; files that have no name any more. */
static bool may_be_disk(const struct open_file *file)
{
	static const char gone[] = " (deleted)";
	size_t len = strlen(file->target), end = sizeof(gone) - 1;

	if (file->target[0] == '/' && strncmp(file->target + 1, "dev/", 4) == 0)
		return file->block[0];
	return len <= end || strcmp(file->target + len - end, gone) != 0;
}

/* Disks that nobody has told of. */
static void find_plugged(
    struct reading *r, struct guest *g, const struct open_files *files, const bool *is_told)
{
	for (size_t i = 0; i < files->n && g->plugged.n < DISKS_MAX; i++) {
		const struct open_file *file = &files->file[i];
		struct disk_config *d;

		/* Logs are only written, images below others only read. */
		if (is_told[i] || read_mode(r, g, file->fd) != O_RDWR)
			continue;
		d = disk_configs_add(&g->plugged);
		d->by_descriptor = true;
		d->alias = xstrdup(file->target);
		d->name = xstrdup(strrchr(file->target, '/') + 1);
		d->device = xstrdup("disk");
		d->source = xstrdup(file->target);
		d->source_type = xstrdup(file->block[0] ? "block" : "file");
	}
}

/* Files that cannot be a disk, or that the command line tells of, or that came before. */
static void find_told(const struct guest *g, const struct open_files *files, bool *is_told)
{
	for (size_t i = 0; i < files->n; i++) {
		const struct open_file *file = &files->file[i];

		is_told[i] |= !may_be_disk(file) || is_spoken_of(g, file->target);
		for (size_t k = 0; k < i && !is_told[i]; k++)
			is_told[i] = strcmp(files->file[k].target, file->target) == 0;
	}
}

/* A link may lead to the image by quite another name: what is open and unknown may be that. */
static bool may_be_renamed(
    struct reading *r, const struct guest *g, const struct open_files *files, const bool *is_told)
{
	for (size_t i = 0; i < files->n; i++)
		if (!is_told[i] && read_mode(r, g, files->file[i].fd) != O_WRONLY)
			return true;
	return false;
}

static void compare(struct reading *r, struct guest *g, const struct open_files *files,
    struct dm_names *dm, bool has_xml)
{
	bool *is_told = xcalloc(files->n + 1, sizeof(*is_told)), all_found = true;

	for (size_t i = 0; i < g->disks.n; i++) {
		struct disk_config *d = &g->disks.disk[i];
		const struct open_file *file =
		    d->source ? open_files_find(files, r->root, dm, d->source) : NULL;

		if (file)
			is_told[file - files->file] = true;
		d->is_gone = !file && (has_xml ? !is_in_xml(r, g, d) : is_local(d));
		all_found &= !d->is_gone && !is_set(d);
	}
	find_told(g, files, is_told);
	if (!has_xml && all_found && g->disks.n)
		find_plugged(r, g, files, is_told);
	else if (!has_xml && may_be_renamed(r, g, files, is_told))
		for (size_t i = 0; i < g->disks.n; i++)
			g->disks.disk[i].is_gone = false;
	free(is_told);
}

static bool is_due(const struct reading *r, struct guest *g, bool has_xml)
{
	bool again = g->looked_ns && !reading_thorough(r);

	if (again && r->now_ns < g->looked_ns + LOOK_NS)
		return false;
	g->looked_ns = r->now_ns;
	/* Without XML nobody else tells that a medium took the place of another one. */
	return fd_watch_changed(&g->watch, r, (uint32_t)g->key.owner) || !again || !has_xml ||
	       !g->had_xml;
}

static void look(struct reading *r, struct guest *g, struct dm_names *dm, const struct row *domain)
{
	/* No other source tells that. */
	bool has_xml = cell_has(domain, DOMAIN_VCPUS_MAXIMUM);
	struct open_files files = { 0 };

	if (!g->cmdline.has_come ||
	    cell_number(domain, DOMAIN_UPTIME, YOUNG_SECONDS) < YOUNG_SECONDS)
		return;
	if (!is_due(r, g, has_xml))
		return;
	g->had_xml = has_xml;
	disk_configs_done(&g->plugged);
	if (open_files_read(&files, r->root, dm, (uint32_t)g->key.owner) == 0)
		compare(r, g, &files, dm, has_xml);
	else
		fd_watch_failed(&g->watch);
	open_files_done(&files);
}

enum state disks_read(struct reading *r)
{
	struct guest_list *guests = r->state;
	struct dm_names dm = { 0 };
	size_t silent = 0;

	if (!r->latest)
		return STATE_ABSENT;
	guest_list_update(guests, r->latest, sizeof(struct guest), guest_done);
	for (size_t i = 0; i < guests->n; i++) {
		const struct row *domain = r->latest->table[TABLE_DOMAIN].row[i];
		uint32_t pid = guest_pid(domain);
		struct guest *g = guests->item[i];

		if (!pid)
			continue;
		take_disks(r, g, pid);
		silent += !g->cmdline.has_come;
		look(r, g, &dm, domain);
		disk_configs_write(r, g->key, &g->disks);
		disk_configs_write(r, g->key, &g->plugged);
	}
	dm_names_done(&dm);
	if (silent)
		reading_lacks(r, "The command line of %zu guest%s does not come.", silent,
		    silent == 1 ? "" : "s");
	return STATE_OK;
}
