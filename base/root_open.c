/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a root, going to one of its samples, and closing it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/archive.h"
#include "base/parse.h"
#include "base/root_inner.h"
#include "base/xalloc.h"

#define ARCHIVE_MAX ((size_t)512 << 20)
#define SPARE_DESCRIPTORS 128

/* kvmtop/clock: "MONO_NS WALL_NS". A tree made by hand may lack it; then samples are a second
 * apart. */
static void read_moment(struct root *root)
{
	char buf[128];
	struct cursor c;
	uint64_t mono, wall;

	root->moment.mono_ns = (root->index + 1) * NS_PER_SEC;
	root->moment.wall_ns = (int64_t)(root->index * NS_PER_SEC);
	if (root_read(root, "kvmtop/clock", buf, sizeof(buf)) <= 0)
		return;
	cursor_init(&c, buf, strlen(buf));
	if (cursor_u64(&c, &mono) == 0 && cursor_u64(&c, &wall) == 0) {
		root->moment.mono_ns = mono;
		root->moment.wall_ns = (int64_t)wall;
	}
}

static int open_sample_directory(const struct root *root, size_t index)
{
	char *path = xasprintf("%s/%zu", root->path, index);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	free(path);
	return fd < 0 ? -errno : fd;
}

void root_seek(struct root *root, size_t index)
{
	if (root->live || index >= root->samples)
		return;
	root->index = index;
	if (root->archive) {
		root->moment = archive_moment(root->archive, index);
		return;
	}
	if (root->numbered) {
		int fd = open_sample_directory(root, index);

		if (fd >= 0) {
			close(root->fd);
			root->fd = fd;
		}
	}
	read_moment(root);
}

/*
 * Once there are threads, each growth of the table of descriptors waits for the others: 20 ms and
 * more at 128, 256, 512. So it grows at once, before there are any.
 */
static void reserve_descriptors(int fd, size_t limit)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, (int)(limit > 4096 ? 4095 : limit));

	if (high >= 0)
		close(high);
}

static size_t descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	/* Raising the soft limit to the hard one needs no right. */
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0)
			return 0;
	}
	return limit.rlim_cur > SPARE_DESCRIPTORS ? (size_t)limit.rlim_cur - SPARE_DESCRIPTORS : 0;
}

/* A captured tree has proc/ (one sample) or 0/, 1/, … each with its own. */
static int open_tree(struct root *root)
{
	struct stat st;

	root->fd = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return -errno;
	root->samples = 1;
	if (fstatat(root->fd, "proc", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return 0;
	for (root->samples = 0;; root->samples++) {
		char name[24];

		snprintf(name, sizeof(name), "%zu", root->samples);
		if (fstatat(root->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
			break;
	}
	root->numbered = true;
	return root->samples ? 0 : -EINVAL;
}

static int decompress(const char *data, size_t len, struct text *ret)
{
	unsigned long long size = ZSTD_getFrameContentSize(data, len);
	size_t n;

	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
		return -EINVAL;
	if (size > ARCHIVE_MAX)
		return -EFBIG;
	ret->p = xmalloc((size_t)size + 1);
	ret->cap = (size_t)size + 1;
	n = ZSTD_decompress(ret->p, (size_t)size, data, len);
	if (ZSTD_isError(n))
		return -EINVAL;
	ret->len = n;
	return 0;
}

static struct root *root_new(const char *path)
{
	struct root *root = xcalloc(1, sizeof(*root));

	root->fd = -1;
	root->path = xstrdup(path);
	return root;
}

int root_open_archive(const char *text, size_t len, struct root **ret)
{
	struct root *root = root_new("");
	struct text plain = { 0 };
	int r = 0;

	if (len >= 4 && memcmp(text, "\x28\xb5\x2f\xfd", 4) == 0)
		r = decompress(text, len, &plain);
	if (r == 0)
		r = archive_parse(
		    plain.p ? plain.p : text, plain.p ? plain.len : len, &root->archive);
	text_done(&plain);
	if (r < 0) {
		root_close(root);
		return r;
	}
	root->samples = archive_samples(root->archive);
	root_seek(root, 0);
	*ret = root;
	return 0;
}

static int open_archive_file(const char *path, struct root **ret)
{
	struct text text = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;

	if (fd < 0)
		return -errno;
	r = root_read_fd(fd, &text);
	close(fd);
	if (r == 0)
		r = root_open_archive(text.p, text.len, ret);
	text_done(&text);
	return r;
}

int root_open(const char *path, struct root **ret)
{
	struct root *root;
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		return open_archive_file(path, ret);
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	root = root_new(path);
	root->live = strcmp(path, "/") == 0;
	root->kept_max = root->live ? descriptor_limit() : 0;
	r = open_tree(root);
	if (r == 0 && root->live)
		reserve_descriptors(root->fd, root->kept_max);
	if (r < 0) {
		root_close(root);
		return r;
	}
	root_seek(root, 0);
	*ret = root;
	return 0;
}

struct root *root_dup(const struct root *root)
{
	struct root *copy = xmalloc(sizeof(*copy));

	*copy = *root;
	copy->path = xstrdup(root->path);
	if (copy->archive)
		archive_ref(copy->archive);
	else
		copy->fd = fcntl(root->fd, F_DUPFD_CLOEXEC, 3);
	return copy;
}

void root_close(struct root *root)
{
	if (!root)
		return;
	if (root->fd >= 0)
		close(root->fd);
	archive_unref(root->archive);
	free(root->path);
	free(root);
}
