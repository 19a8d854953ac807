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

/* Hands each name of a directory to @add, as archive_list does. */
static int list_live(const struct root *root, const char *path,
    void (*add)(void *ctx, const char *name, size_t len, bool is_dir), void *ctx)
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
			add(ctx, d->d_name, strlen(d->d_name),
			    d->d_type == DT_DIR || d->d_type == DT_UNKNOWN);
	closedir(dir);
	return 0;
}

int root_list(const struct root *root, const char *path, struct names *ret)
{
	int r = 0;

	if (root->archive)
		archive_list(root->archive, root->index, path, add_name, ret);
	else
		r = list_live(root, path, add_name, ret);
	if (ret->n > 1)
		qsort(ret->name, ret->n, sizeof(*ret->name), compare_names);
	return root->archive && ret->n == 0 ? -ENOENT : r;
}

/* No name is kept: on a busy host this lists thousands of processes at each sample. */
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

int root_list_numbers(const struct root *root, const char *path, struct numbers *ret)
{
	int r = 0;

	ret->n = 0;
	if (root->archive)
		archive_list(root->archive, root->index, path, add_number, ret);
	else
		r = list_live(root, path, add_number, ret);
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
	ssize_t n = 0;
	struct stat st;
	int r;

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
	r = list_live(root, path, count_dir, &n);
	return r < 0 ? r : n;
}

ssize_t root_directory_size(const struct root *root, const char *path)
{
	struct stat st;

	if (!root->live)
		return -ENOTSUP;
	return fstatat(root->fd, path, &st, 0) < 0 ? -errno : (ssize_t)st.st_size;
}
