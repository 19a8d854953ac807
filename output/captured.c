/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/captured.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/print.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "output/anonymous.h"

/* A capture tells what runs on a host; that is not everybody's business. */
#define FILE_MODE 0640
#define DIRECTORY_MODE 0750

static int compare_paths(const void *key, const void *file)
{
	return strcmp(key, ((const struct captured_file *)file)->path);
}

bool captured_is_same(const struct captured_sample *before, const struct captured_file *file)
{
	const struct captured_file *found;

	if (!before || before->n == 0)
		return false;
	found = bsearch(file->path, before->file, before->n, sizeof(*before->file), compare_paths);
	return found && found->blob == file->blob;
}

/* A file as it is to be written. */
struct fair {
	struct text path, data;
};

static void fair_make(struct fair *f, const struct captured_file *file, const struct anonymous *a)
{
	f->path.len = f->data.len = 0;
	text_append(&f->data, "", 0);
	if (a) {
		anonymous_path(a, file->path, &f->path);
		anonymous_data(a, file->path, file->blob->data, file->blob->len, &f->data);
	} else {
		print_text(&f->path, file->path);
		text_append(&f->data, file->blob->data, file->blob->len);
	}
}

static void fair_done(struct fair *f)
{
	text_done(&f->path);
	text_done(&f->data);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_new(int dir_fd, const char *path, const char *data, size_t len)
{
	int fd =
	    openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, data, len);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	/* Half a file would be taken for a whole one. */
	if (r < 0)
		unlinkat(dir_fd, path, 0);
	return r;
}

static void print_sample(const struct captured_sample *s, const struct captured_sample *before,
    const struct anonymous *a, struct text *out)
{
	struct fair f = { 0 };

	print_format(out, "## %" PRIu64 " %" PRId64 "\n", s->moment.mono_ns, s->moment.wall_ns);
	for (size_t i = 0; i < s->n; i++) {
		const struct captured_file *file = &s->file[i];

		fair_make(&f, file, a);
		if (captured_is_same(before, file))
			print_format(out, "~~ %s\n", f.path.p);
		else
			archive_write_entry(
			    out, f.path.p, file->blob->is_link, f.data.p, f.data.len);
	}
	fair_done(&f);
}

int captured_write_archive(const struct captured_sample *sample, size_t n,
    const struct anonymous *anonymous, const char *path)
{
	struct text out = { 0 };
	int r;

	print_text(&out, ARCHIVE_HEAD);
	for (size_t i = 0; i < n; i++)
		print_sample(&sample[i], i ? &sample[i - 1] : NULL, anonymous, &out);
	print_text(&out, ARCHIVE_END);
	r = write_new(AT_FDCWD, path, out.p, out.len);
	text_done(&out);
	return r;
}

/* Makes the directories that lead to the file. */
static int make_way(int dir_fd, char *path)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int r;

		*slash = '\0';
		r = mkdirat(dir_fd, path, DIRECTORY_MODE) < 0 && errno != EEXIST ? -errno : 0;
		*slash = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_file(int dir_fd, size_t index, const struct captured_file *file, bool same,
    const struct anonymous *a)
{
	struct fair f = { 0 };
	char *path, *before;
	int r;

	fair_make(&f, file, a);
	path = xasprintf("%zu/%s", index, f.path.p);
	before = xasprintf("%zu/%s", index ? index - 1 : 0, f.path.p);
	r = make_way(dir_fd, path);
	if (r == 0 && same)
		r = linkat(dir_fd, before, dir_fd, path, 0) < 0 ? -errno : 0;
	else if (r == 0 && file->blob->is_link)
		r = symlinkat(f.data.p, dir_fd, path) < 0 ? -errno : 0;
	else if (r == 0)
		r = write_new(dir_fd, path, f.data.p, f.data.len);
	free(path);
	free(before);
	fair_done(&f);
	return r;
}

static int write_clock(int dir_fd, size_t index, struct moment moment)
{
	char *path = xasprintf("%zu/kvmtop/clock", index);
	char *text = xasprintf("%" PRIu64 " %" PRId64 "\n", moment.mono_ns, moment.wall_ns);
	int r = make_way(dir_fd, path);

	if (r == 0)
		r = write_new(dir_fd, path, text, strlen(text));
	free(path);
	free(text);
	return r;
}

static int write_sample(
    int dir_fd, size_t index, const struct captured_sample *sample, const struct anonymous *a)
{
	const struct captured_sample *s = &sample[index], *before = index ? s - 1 : NULL;
	int r = write_clock(dir_fd, index, s->moment);

	for (size_t i = 0; i < s->n && r == 0; i++)
		r = write_file(
		    dir_fd, index, &s->file[i], captured_is_same(before, &s->file[i]), a);
	return r;
}

int captured_write_tree(const struct captured_sample *sample, size_t n,
    const struct anonymous *anonymous, const char *path)
{
	int dir_fd, r = 0;

	if (mkdir(path, DIRECTORY_MODE) < 0)
		return -errno;
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	for (size_t i = 0; i < n && r == 0; i++)
		r = write_sample(dir_fd, i, sample, anonymous);
	close(dir_fd);
	return r;
}
