/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories of a root. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/root_inner.h"

static void add_name(void *ctx, const char *name, size_t len, bool is_dir)
{
	(void)is_dir;
	names_add(ctx, name, len);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_directory(const struct root *root, const char *path, struct names *ret)
{
	int fd = root_fd(root, *path ? path : ".", O_RDONLY | O_DIRECTORY);
	struct dirent *d;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			names_add(ret, d->d_name, strlen(d->d_name));
	closedir(dir);
	if (ret->n > 1)
		qsort(ret->name, ret->n, sizeof(*ret->name), compare_names);
	return 0;
}

int root_list(const struct root *root, const char *path, struct names *ret)
{
	if (!root->archive)
		return list_directory(root, path, ret);
	archive_list(root->archive, root->index, path, add_name, ret);
	return ret->n ? 0 : -ENOENT;
}

static void add_number(void *ctx, const char *name, size_t len, bool is_dir)
{
	uint32_t v = 0;

	(void)is_dir;
	if (len == 0 || len > 9)
		return;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return;
		v = v * 10 + (uint32_t)(name[i] - '0');
	}
	numbers_add(ctx, v);
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Names are not kept: on a busy host this lists thousands of processes at each sample. */
static int list_numbers_live(const struct root *root, const char *path, struct numbers *ret)
{
	int fd = root_fd(root, path, O_RDONLY | O_DIRECTORY);
	struct dirent *d;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((d = readdir(dir)))
		add_number(ret, d->d_name, strlen(d->d_name), true);
	closedir(dir);
	return 0;
}

int root_list_numbers(const struct root *root, const char *path, struct numbers *ret)
{
	int r = 0;

	ret->n = 0;
	if (root->archive)
		archive_list(root->archive, root->index, path, add_number, ret);
	else
		r = list_numbers_live(root, path, ret);
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_numbers);
	/* In an archive a directory is there when something lies below it, number or not. */
	if (root->archive && ret->n == 0 && !root_exists(root, path))
		r = -ENOENT;
	return r;
}

static void count_dir(void *ctx, const char *name, size_t len, bool is_dir)
{
	(void)name;
	(void)len;
	*(ssize_t *)ctx += is_dir;
}

ssize_t root_count_dirs(const struct root *root, const char *path)
{
	struct names names = { 0 };
	ssize_t n = 0;
	struct stat st;

	if (root->archive) {
		archive_list(root->archive, root->index, path, count_dir, &n);
		return n;
	}
	if (root->live) {
		if (fstatat(root->fd, path, &st, 0) < 0)
			return -errno;
		if (st.st_nlink >= 2)
			return (ssize_t)st.st_nlink - 2;
	}
	/* Not every file system counts directories as links. */
	n = list_directory(root, path, &names);
	if (n == 0)
		n = (ssize_t)names.n;
	names_done(&names);
	return n;
}
