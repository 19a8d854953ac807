/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/print.h"
#include "base/sanitize.h"
#include "fixes/who.h"

#define LOCK_FILE "lock"

static void say_holder(int fd, struct text *why)
{
	char buf[128], *clean;
	ssize_t n = pread(fd, buf, sizeof(buf), 0);

	clean = sanitize_dup(
	    buf, n > 0 ? strcspn(buf, "\n") < (size_t)n ? strcspn(buf, "\n") : (size_t)n : 0);
	print_format(why, "another kvmtop is fixing something%s%s%s", *clean ? " (" : "", clean,
	    *clean ? ")" : "");
	free(clean);
}

/* For whoever finds it locked. */
static void sign(int fd)
{
	struct text line = { 0 };
	char *who = who_am_i();

	print_format(&line, "process %d of %s\n", getpid(), who);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, line.p, line.len, 0) < 0)
		line.len = 0; /* Then the other one is told less. */
	text_done(&line);
	free(who);
}

int lock_take(int directory_fd, struct text *why)
{
	int fd = openat(
	    directory_fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
	struct stat st;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		r = -EPERM;
	if (r < 0) {
		print_format(why, "the lock beside the journal cannot be opened: %s", strerror(-r));
	} else if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
		say_holder(fd, why);
	} else {
		sign(fd);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return r;
}
