/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/open_files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/root.h"
#include "base/xalloc.h"

/* Descriptors of a guest with many NICs and disks; beyond that nobody looks. */
#define FDS_MAX 8192

/* Images are files and devices; of the rest QEMU has many open. */
static bool may_be_image(const char *target)
{
	static const char *const others[] = { "dev/kvm", "dev/net/", "dev/vhost", "dev/null",
		"dev/pts/", "dev/vfio/", "dev/tap", "dev/ptmx", "dev/hugepages", "memfd:" };

	if (target[0] != '/')
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(target + 1, others[i], strlen(others[i])) == 0)
			return false;
	return true;
}

static void add_file(
    struct open_files *f, const struct root *root, struct dm_names *dm, int fd, const char *target)
{
	struct open_file *file;

	f->file = xgrow(f->file, f->n, &f->cap, sizeof(*f->file));
	file = &f->file[f->n++];
	*file = (struct open_file){ .fd = fd, .target = xstrdup(target) };
	if (!block_of_path(root, dm, target, file->block))
		file->block[0] = '\0';
}

int open_files_read(
    struct open_files *f, const struct root *root, struct dm_names *dm, uint32_t pid)
{
	struct numbers fds = { 0 };
	char path[64], target[4096];
	int e, first_error = 0;

	snprintf(path, sizeof(path), "proc/%u/cwd", pid);
	if (root_link(root, path, target, sizeof(target)) > 0)
		f->directory = xstrdup(target);
	snprintf(path, sizeof(path), "proc/%u/fd", pid);
	e = root_list_numbers(root, path, &fds);
	for (size_t i = 0; e == 0 && i < fds.n && i < FDS_MAX; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "proc/%u/fd/%u", pid, fds.v[i]);
		n = root_link(root, path, target, sizeof(target));
		if (n < 0 && n != -ENOENT && !first_error)
			first_error = (int)n;
		if (n > 0 && may_be_image(target))
			add_file(f, root, dm, (int)fds.v[i], target);
	}
	numbers_done(&fds);
	return e < 0 ? e : f->n == 0 ? first_error : 0;
}

void open_files_done(struct open_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->file[i].target);
	free(f->file);
	free(f->directory);
	*f = (struct open_files){ 0 };
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct open_file *find_path(
    const struct open_files *f, const struct root *root, struct dm_names *dm, const char *source)
{
	const struct open_file *found = NULL;
	char block[BLOCK_NAME_SIZE];
	bool is_block = block_of_path(root, dm, source, block);
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->file[i].target, source) == 0 ||
		    (is_block && strcmp(f->file[i].block, block) == 0))
			return &f->file[i];
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(last_part(f->file[i].target), last_part(source)) == 0) {
			n += !found || strcmp(found->target, f->file[i].target) != 0;
			found = &f->file[i];
		}
	return n == 1 ? found : NULL;
}

const struct open_file *open_files_find(
    const struct open_files *f, const struct root *root, struct dm_names *dm, const char *source)
{
	const struct open_file *file;
	char *path;

	if (source[0] == '/' || !f->directory)
		return find_path(f, root, dm, source);
	path = xasprintf("%s/%s", f->directory, source);
	file = find_path(f, root, dm, path);
	free(path);
	return file;
}
