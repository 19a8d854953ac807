/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xalloc.h"

/* One name within a directory, no symbolic link; whether it is the last one is up to @flags. */
static int step(int dir_fd, const char *path, size_t len, int flags)
{
	char *name = xstrndup(path, len);
	int fd = -EXDEV;

	if (len > 0 && strcmp(name, "..") != 0) {
		fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	free(name);
	return fd;
}

/* Before Linux 5.6, step by step; then no symbolic link is followed at all. */
static int walk(int dir_fd, const char *path, int flags)
{
	int at = dir_fd;

	for (;;) {
		size_t len = strcspn(path, "/");
		bool is_last = path[len] == '\0';
		int fd = step(at, path, len, is_last ? flags : O_PATH | O_DIRECTORY);

		if (at != dir_fd)
			close(at);
		if (fd < 0 || is_last)
			return fd;
		at = fd;
		path += len + 1;
	}
}

static int open_any(int dir_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC | ((flags & O_PATH) ? 0 : O_NONBLOCK)),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

	if (fd >= 0)
		return fd;
	return errno == ENOSYS ? walk(dir_fd, path, flags) : -errno;
}

int below_open(int dir_fd, const char *path, int flags)
{
	struct stat st;
	int fd = open_any(dir_fd, path, flags);

	if (fd < 0 || (flags & O_DIRECTORY))
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* The directory of the last name in @path, for what is asked about that name itself. */
static int open_parent(int dir_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *dir;
	int fd;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	dir = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
	fd = open_any(dir_fd, dir, O_PATH | O_DIRECTORY);
	free(dir);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

ssize_t below_link(int dir_fd, const char *path, char *buf, size_t size)
{
	const char *name;
	int fd = open_parent(dir_fd, path, &name);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, name, buf, size);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

bool below_exists(int dir_fd, const char *path)
{
	const char *name;
	struct stat st;
	int fd = open_parent(dir_fd, path, &name);
	bool exists;

	if (fd < 0)
		return false;
	exists = fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	close(fd);
	return exists;
}
