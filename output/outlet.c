/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

/* Guest names and paths are the tenants' business, not everybody's. */
#define FILE_MODE 0640

#define MAX_NAMES 1000

struct outlet {
	char *dir, *stem, *suffix; /* of a file; of standard output NULL */
	char *head;
	size_t head_len;
	char *name; /* path as told to the user */
	int dir_fd, fd, stop_fd;
	bool is_regular;
	bool is_opened_here; /* a stream, but not standard output */
	char error[512];
};

static int fail(struct outlet *o, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct outlet *o, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(o->error, sizeof(o->error), format, args);
	va_end(args);
	return error;
}

static int fail_errno(struct outlet *o, int error)
{
	return fail(o, error, "%s: %s", o->name, strerror(-error));
}

static struct outlet *outlet_new(int stop_fd)
{
	struct outlet *o = xcalloc(1, sizeof(*o));

	o->dir_fd = -1;
	o->fd = -1;
	o->stop_fd = stop_fd;
	return o;
}

struct outlet *outlet_stdout(int stop_fd)
{
	struct outlet *o = outlet_new(stop_fd);
	struct stat st;

	o->name = xstrdup("standard output");
	o->fd = STDOUT_FILENO;
	o->is_regular = fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode);
	return o;
}

/* The same device, pipe or file, whatever path leads there. */
static bool is_standard_output(const struct stat *st)
{
	struct stat out;

	return fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == st->st_dev &&
	       out.st_ino == st->st_ino;
}

bool outlet_is_stream(const char *path)
{
	struct stat st, own;

	if (stat(path, &st) < 0 || lstat(path, &own) < 0)
		return false;
	return S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode) ||
	       (S_ISLNK(own.st_mode) && is_standard_output(&st));
}

struct outlet *outlet_stream(const char *path, int stop_fd)
{
	struct outlet *o;
	struct stat st;

	if (stat(path, &st) == 0 && is_standard_output(&st))
		return outlet_stdout(stop_fd);
	o = outlet_new(stop_fd);
	o->name = xstrdup(path);
	o->is_opened_here = true;
	return o;
}

static char *base_name(const struct outlet *o, unsigned number)
{
	return number ? xasprintf("%s.%u%s", o->stem, number, o->suffix)
		      : xasprintf("%s%s", o->stem, o->suffix);
}

static char *file_name(const struct outlet *o, unsigned number)
{
	char *base = base_name(o, number), *name;

	if (strcmp(o->dir, ".") == 0)
		return base;
	name = xasprintf("%s%s%s", o->dir, strcmp(o->dir, "/") == 0 ? "" : "/", base);
	free(base);
	return name;
}

/* Without slashes at the end, but "/" stays. */
static size_t trimmed_length(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

struct outlet *outlet_file(
    const char *dir, const char *name, const char *suffix, const char *head, size_t head_len)
{
	struct outlet *o = outlet_new(-1);

	o->dir = xstrndup(dir, trimmed_length(dir));
	o->stem = xstrdup(name);
	o->suffix = xstrdup(suffix);
	o->head = xstrndup(head, head_len);
	o->head_len = head_len;
	o->name = file_name(o, 0);
	o->is_regular = true;
	return o;
}

static void close_file(struct outlet *o)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->dir_fd >= 0)
		close(o->dir_fd);
	o->fd = o->dir_fd = -1;
}

/* Without a look at who owns it, whoever may write to a directory could listen there. */
static int check_stream(struct outlet *o)
{
	struct stat st;

	if (fstat(o->fd, &st) < 0)
		return fail_errno(o, -errno);
	if (!S_ISCHR(st.st_mode) && !S_ISFIFO(st.st_mode))
		return fail(o, -EINVAL, "%s has become something else", o->name);
	if (S_ISFIFO(st.st_mode) && st.st_uid != geteuid())
		return fail(o, -EPERM, "%s: the FIFO belongs to another user", o->name);
	return 0;
}

static int open_stream(struct outlet *o)
{
	int r;

	if (o->fd >= 0)
		return 0;
	/* It waits neither for a FIFO's reader nor for a terminal's line. */
	o->fd = open(o->name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (o->fd < 0 && errno == ENXIO)
		return fail(o, -ENXIO, "%s: nobody reads it", o->name);
	if (o->fd < 0)
		return fail_errno(o, -errno);
	r = check_stream(o);
	if (r < 0)
		close_file(o);
	return r;
}

void outlet_free(struct outlet *o)
{
	if (!o)
		return;
	if (o->dir || o->is_opened_here)
		close_file(o);
	free(o->dir);
	free(o->stem);
	free(o->suffix);
	free(o->head);
	free(o->name);
	free(o);
}

const char *outlet_error(const struct outlet *o)
{
	return o->error;
}

const char *outlet_name(const struct outlet *o)
{
	return o->name;
}

bool outlet_may_recover(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EFBIG;
}

/* Writes to what is no file: a piece at a time, so that a slow reader cannot keep us from ending.
 */
static int write_stream(struct outlet *o, const char *data, size_t len)
{
	struct pollfd fds[2] = { { .fd = o->fd, .events = POLLOUT },
		{ .fd = o->stop_fd, .events = POLLIN } };

	while (len) {
		ssize_t n;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (!fds[0].revents && fds[1].revents)
			return -EINTR;
		/* A pipe that has room takes this much without making the writer wait. */
		n = write(o->fd, data, len < PIPE_BUF ? len : PIPE_BUF);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* What was written of a piece that did not fit is taken back: lines in files are always whole. */
static void roll_back(int fd, off_t start)
{
	if (start < 0)
		return;
	if (ftruncate(fd, start) == 0)
		lseek(fd, start, SEEK_SET);
}

static int write_file(struct outlet *o, const char *data, size_t len)
{
	off_t start = o->dir ? lseek(o->fd, 0, SEEK_END) : lseek(o->fd, 0, SEEK_CUR);

	while (len) {
		ssize_t n = write(o->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int error = n < 0 ? -errno : -ENOSPC;

			roll_back(o->fd, start);
			return error;
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A reader that has gone ends us as it ends every filter, unless the caller wished otherwise. */
static void die_of_pipe(void)
{
	struct sigaction action;

	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
		raise(SIGPIPE);
}

bool outlet_has_head(const struct outlet *o)
{
	return o->dir != NULL;
}

int outlet_fd(const struct outlet *o)
{
	return o->is_regular ? -1 : o->fd;
}

int outlet_gone(struct outlet *o)
{
	die_of_pipe();
	return fail_errno(o, -EPIPE);
}

static bool has_gone(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || st.st_nlink == 0;
}

int outlet_write(struct outlet *o, const char *data, size_t len)
{
	int r;

	if (o->dir && has_gone(o->dir_fd))
		return fail(o, -ENOENT, "%s: the directory has vanished", o->name);
	if (o->dir && has_gone(o->fd)) {
		/* Somebody removed the file: begin a new one rather than write where nobody reads.
		 */
		r = outlet_open(o);
		if (r < 0)
			return r;
	}
	r = o->is_regular ? write_file(o, data, len) : write_stream(o, data, len);
	if (r == -EPIPE)
		die_of_pipe();
	if (r == -EINTR)
		return fail(
		    o, r, "%s: its reader was too slow; the last rows are cut off", o->name);
	return r < 0 ? fail_errno(o, r) : 0;
}

/* Does the file begin with our head? 1 yes, 0 no; it is made to, when it is empty or was cut within
 * the head. */
static int check_head(struct outlet *o, off_t size)
{
	size_t len = size < (off_t)o->head_len ? (size_t)size : o->head_len;
	char *begin = xmalloc(len + 1);
	int r;
	bool same = pread(o->fd, begin, len, 0) == (ssize_t)len && memcmp(begin, o->head, len) == 0;

	free(begin);
	if (!same)
		return 0;
	if (len == o->head_len)
		return 1;
	if (ftruncate(o->fd, 0) < 0)
		return -errno;
	r = write_file(o, o->head, o->head_len);
	return r < 0 ? r : 1;
}

/* The last line of a writer that was killed may lack its end; it is taken off. */
static int mend_tail(struct outlet *o)
{
	char buf[4096];
	off_t end = lseek(o->fd, 0, SEEK_END), at = end;

	while (at > 0) {
		size_t len = at < (off_t)sizeof(buf) ? (size_t)at : sizeof(buf);
		const char *eol;

		if (pread(o->fd, buf, len, at - (off_t)len) != (ssize_t)len)
			return -EIO;
		eol = memrchr(buf, '\n', len);
		if (eol) {
			at = at - (off_t)len + (eol - buf) + 1;
			break;
		}
		at -= (off_t)len;
	}
	return at < end && ftruncate(o->fd, at) < 0 ? -errno : 0;
}

static int check_file(struct outlet *o, struct stat *ret)
{
	if (fstat(o->fd, ret) < 0)
		return fail_errno(o, -errno);
	if (!S_ISREG(ret->st_mode))
		return fail(o, -EINVAL, "%s is not a regular file", o->name);
	if (ret->st_nlink != 1)
		return fail(
		    o, -EMLINK, "%s has other names (hard links); it is not touched", o->name);
	if (flock(o->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			   ? fail(o, -EWOULDBLOCK, "%s: another program is writing to it", o->name)
			   : fail_errno(o, -errno);
	/* The last writer may have written until it gave up the lock. */
	return fstat(o->fd, ret) < 0 ? fail_errno(o, -errno) : 0;
}

/* The file is ours: its head and its last line are in order. 1, 0: it has another head, or -errno.
 */
static int take_file(struct outlet *o)
{
	struct stat st;
	int r = check_file(o, &st);

	if (r < 0)
		return r;
	r = check_head(o, st.st_size);
	if (r == 1 && (r = mend_tail(o)) == 0)
		return 1;
	return r < 0 ? fail_errno(o, r) : 0;
}

static int open_name(struct outlet *o, unsigned number)
{
	char *base = base_name(o, number);
	int r;

	free(o->name);
	o->name = file_name(o, number);
	o->fd = openat(o->dir_fd, base,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	    FILE_MODE);
	r = o->fd < 0 ? -errno : 0;
	free(base);
	if (r == -ELOOP)
		return fail(o, r, "%s is a symbolic link; it is not followed", o->name);
	if (r < 0)
		return fail_errno(o, r);
	r = take_file(o);
	if (r < 1) {
		close(o->fd);
		o->fd = -1;
	}
	return r;
}

int outlet_open(struct outlet *o)
{
	int r = 0;

	if (!o->dir)
		return o->is_opened_here ? open_stream(o) : 0;
	close_file(o);
	o->dir_fd = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->dir_fd < 0)
		return fail(o, -errno, "%s: %s", o->dir, strerror(errno));
	for (unsigned i = 0; r == 0 && i < MAX_NAMES; i++)
		r = open_name(o, i);
	if (r == 0)
		return fail(o, -EEXIST, "%s and all its successors have other columns", o->name);
	return r < 0 ? r : 0;
}

int outlet_close(struct outlet *o)
{
	int fd = o->fd;

	o->fd = -1;
	if (fd >= 0 && close(fd) < 0 && errno != EINTR)
		return fail_errno(o, -errno);
	return 0;
}
