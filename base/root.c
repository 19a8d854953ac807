/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/root.h"

#include <dirent.h>
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
#include "base/below.h"
#include "base/parse.h"
#include "base/xalloc.h"

#define FILE_MAX ((size_t)64 << 20)
#define ARCHIVE_MAX ((size_t)512 << 20)
#define SPARE_DESCRIPTORS 128

struct root {
	int fd; /* the directory; of a captured tree, that of the current sample */
	char *path;
	bool live;
	struct archive *archive;
	size_t samples, index; /* of a tree: directories PATH/0, PATH/1, … */
	bool numbered;
	struct moment moment;
	size_t kept_max; /* highest descriptor that a kept file may hold */
	void (*seen)(void *ctx, enum seen kind, const char *path, const char *data, size_t len);
	void *seen_ctx;
};

static int open_file(const struct root *root, const char *path, int flags)
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
	fd = open_file(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read_whole(fd, buf, size, false);
	close(fd);
	if (n >= 0)
		tell(root, SEEN_FILE, path, buf, (size_t)n);
	return n;
}

static int read_fd(int fd, struct text *ret)
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
	fd = open_file(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	r = read_fd(fd, ret);
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
	int fd = open_file(root, *path ? path : ".", O_RDONLY | O_DIRECTORY);
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
	int fd = open_file(root, path, O_RDONLY | O_DIRECTORY);
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
	return r < 0 ? r : ret->n || !root->archive ? 0 : -ENOENT;
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
	r = read_fd(fd, &text);
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
