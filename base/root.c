/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/below.h"
#include "base/root_inner.h"
#include "base/xalloc.h"

#define FILE_MAX ((size_t)64 << 20)

int root_fd(const struct root *root, const char *path, int flags)
{
	int fd;

	if (!root->live)
		return below_open(root->fd, path, flags);
	fd = openat(root->fd, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static ssize_t read_whole(int fd, char *buf, size_t size, bool positioned)
{
	size_t len = 0;

	while (len < size - 1) {
		ssize_t n = positioned ? pread(fd, buf + len, size - 1 - len, (off_t)len)
				       : read(fd, buf + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		/* The kernel's small files come in one piece; a second read would only confirm the
		 * end. */
		if (positioned)
			break;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

static void tell(
    const struct root *root, enum seen kind, const char *path, const char *data, size_t len)
{
	if (root->seen)
		root->seen(root->seen_ctx, kind, path, data, len);
}

static const struct entry *find_entry(const struct root *root, const char *path, bool is_link)
{
	const struct entry *e = archive_find(root->archive, root->index, path);

	return e && e->is_link == is_link ? e : NULL;
}

static ssize_t copy_entry(const struct entry *e, char *buf, size_t size)
{
	size_t len;

	if (!e)
		return -ENOENT;
	len = e->len < size - 1 ? e->len : size - 1;
	memcpy(buf, e->data, len);
	buf[len] = '\0';
	return (ssize_t)len;
}

ssize_t root_read(const struct root *root, const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd;

	if (root->archive)
		return copy_entry(find_entry(root, path, false), buf, size);
	fd = root_fd(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read_whole(fd, buf, size, false);
	close(fd);
	if (n >= 0)
		tell(root, SEEN_FILE, path, buf, (size_t)n);
	return n;
}

int root_read_fd(int fd, struct text *ret)
{
	for (;;) {
		ssize_t n;

		if (ret->cap - ret->len < 4096) {
			ret->cap = ret->cap ? ret->cap * 2 : 16384;
			ret->p = xrealloc(ret->p, ret->cap, 1);
		}
		n = read(fd, ret->p + ret->len, ret->cap - ret->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		ret->len += (size_t)n;
		ret->p[ret->len] = '\0';
		if (n == 0)
			return 0;
		if (ret->len > FILE_MAX)
			return -EFBIG;
	}
}

int root_read_all(const struct root *root, const char *path, struct text *ret)
{
	const struct entry *e;
	int fd, r;

	ret->len = 0;
	if (root->archive) {
		e = find_entry(root, path, false);
		if (!e)
			return -ENOENT;
		text_append(ret, e->data, e->len);
		return 0;
	}
	fd = root_fd(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	r = root_read_fd(fd, ret);
	close(fd);
	if (r == 0)
		tell(root, SEEN_FILE, path, ret->p, ret->len);
	return r;
}

void kept_done(struct kept *kept)
{
	if (kept->fd_plus_1)
		close(kept->fd_plus_1 - 1);
	kept->fd_plus_1 = 0;
}

ssize_t root_read_kept(
    const struct root *root, struct kept *kept, const char *path, char *buf, size_t size)
{
	ssize_t n;

	if (!root->live)
		return root_read(root, path, buf, size);
	if (!kept->fd_plus_1) {
		int fd = openat(root->fd, path, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return errno == ENOENT ? -ESRCH : -errno;
		kept->fd_plus_1 = fd + 1;
	}
	n = read_whole(kept->fd_plus_1 - 1, buf, size, true);
	/* Where descriptors are short, a file is opened each time instead of being kept. */
	if (n < 0 || (size_t)kept->fd_plus_1 > root->kept_max)
		kept_done(kept);
	if (n >= 0)
		tell(root, SEEN_FILE, path, buf, (size_t)n);
	return n;
}

ssize_t root_link(const struct root *root, const char *path, char *buf, size_t size)
{
	ssize_t n;

	if (root->archive)
		return copy_entry(find_entry(root, path, true), buf, size);
	if (root->live) {
		n = readlinkat(root->fd, path, buf, size - 1);
		n = n < 0 ? -errno : n;
	} else {
		n = below_link(root->fd, path, buf, size - 1);
	}
	if (n < 0)
		return n;
	buf[n] = '\0';
	tell(root, SEEN_LINK, path, buf, (size_t)n);
	return n;
}

bool root_exists(const struct root *root, const char *path)
{
	if (root->archive)
		return archive_exists(root->archive, root->index, path);
	if (!root->live)
		return below_exists(root->fd, path);
	return faccessat(root->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int root_may_read(const struct root *root, const char *path)
{
	if (!root->live)
		return root_exists(root, path) ? 0 : -ENOENT;
	return faccessat(root->fd, path, R_OK, AT_EACCESS) == 0 ? 0 : -errno;
}

int root_open_file(const struct root *root, const char *path)
{
	struct stat st;
	int fd;

	if (!root->live)
		return -ENOTSUP;
	fd = openat(root->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

int root_open_below(const struct root *root, const char *directory, const char *path)
{
	int dir_fd, fd;

	if (!root->live)
		return -ENOTSUP;
	dir_fd = openat(root->fd, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	fd = below_open(dir_fd, path, O_RDONLY);
	close(dir_fd);
	return fd;
}

void root_note(const struct root *root, const char *path, const char *data, size_t len)
{
	tell(root, SEEN_FILE, path, data, len);
}

void root_watch(struct root *root,
    void (*seen)(void *ctx, enum seen kind, const char *path, const char *data, size_t len),
    void *ctx)
{
	root->seen = seen;
	root->seen_ctx = ctx;
}

bool root_is_live(const struct root *root)
{
	return root->live;
}

size_t root_samples(const struct root *root)
{
	return root->samples;
}

bool root_is_cut(const struct root *root)
{
	return root->archive && archive_is_cut(root->archive);
}

struct moment root_now(const struct root *root)
{
	return root->live ? clock_now() : root->moment;
}

bool root_is_watched(const struct root *root)
{
	return root->seen != NULL;
}
