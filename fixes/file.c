/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/xalloc.h"

#define FILE_MAX ((size_t)1 << 20)

static int read_fd(int fd, struct text *ret)
{
	char buf[4096];
	ssize_t n;

	ret->len = 0;
	text_append(ret, "", 0);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (memchr(buf, '\0', (size_t)n))
			return -EILSEQ;
		text_append(ret, buf, (size_t)n);
		if (ret->len > FILE_MAX)
			return -EFBIG;
	}
	return 0;
}

int file_read(int root_fd, const char *path, struct text *ret)
{
	int fd = below_open(root_fd, path, O_RDONLY), r;

	if (fd < 0)
		return fd;
	r = read_fd(fd, ret);
	close(fd);
	return r;
}

int file_may_write(int root_fd, const char *path)
{
	int fd = below_open(root_fd, path, O_RDONLY), r = 0;
	struct stat st;

	if (fd < 0)
		return fd;
	/* For root the mode of a file is no obstacle, but the kernel has nothing to call. */
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if ((st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0)
		r = -EROFS;
	else if (geteuid() != 0 && (st.st_uid != geteuid() || !(st.st_mode & S_IWUSR)) &&
		 !(st.st_mode & S_IWOTH))
		r = -EACCES;
	close(fd);
	return r;
}

int file_write(int root_fd, const char *path, const char *text, size_t len)
{
	int fd = below_open(root_fd, path, O_WRONLY | O_NOFOLLOW | O_TRUNC), r = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = write(fd, text, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		r = -errno;
	else if ((size_t)n != len)
		r = -EIO;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/* The directory of @path, and its last name. */
static int open_directory(int root_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char *directory;
	int fd;

	if (!slash || !slash[1] || strcmp(slash + 1, ".") == 0 || strcmp(slash + 1, "..") == 0)
		return -EINVAL;
	directory = xstrndup(path, (size_t)(slash - path));
	fd = below_open(root_fd, directory, O_RDONLY | O_DIRECTORY);
	free(directory);
	if (fd >= 0)
		*ret_name = slash + 1;
	return fd;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* The mode that the new file shall have, and no link where the old one is. */
static int mode_of(int dir_fd, const char *name, mode_t *ret)
{
	struct stat st;

	*ret = 0644;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(st.st_mode))
		return -ELOOP;
	*ret = st.st_mode & 07777;
	return 0;
}

int file_replace(int root_fd, const char *path, const char *text, size_t len)
{
	const char *name;
	char *temporary;
	mode_t mode;
	int dir_fd = open_directory(root_fd, path, &name), fd, r;

	if (dir_fd < 0)
		return dir_fd;
	/* Not ending as those do that are read from there. */
	temporary = xasprintf(".%s.kvmtop", name);
	r = mode_of(dir_fd, name, &mode);
	if (r < 0)
		goto out;
	unlinkat(dir_fd, temporary, 0);
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		r = -errno;
		goto out;
	}
	r = fchmod(fd, mode) < 0 ? -errno : write_all(fd, text, len);
	close(fd);
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r == 0)
		r = fsync(dir_fd) < 0 ? -errno : 0;
	else
		unlinkat(dir_fd, temporary, 0);
out:
	free(temporary);
	close(dir_fd);
	return r;
}

int file_remove(int root_fd, const char *path)
{
	const char *name;
	int dir_fd = open_directory(root_fd, path, &name), r;

	if (dir_fd < 0)
		return dir_fd;
	r = unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	close(dir_fd);
	return r;
}
