/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"

#define TTY_NAME_SIZE 128

/* What a terminal that polls as writable takes without waiting, as a rule. */
#define SHARED_WRITE_BYTES 256

/* O_NONBLOCK on a descriptor we were given would be seen by the shell, too. */
static int open_again(int tty)
{
	struct stat given, own;
	char name[TTY_NAME_SIZE];
	int fd;

	if (ttyname_r(tty, name, sizeof(name)) != 0)
		return -1;
	fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &own) == 0 && fstat(tty, &given) == 0 &&
	    own.st_rdev == given.st_rdev)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int sender_init(struct sender *s, int tty)
{
	*s = (struct sender){ .fd = open_again(tty) };
	if (s->fd >= 0)
		return 0;
	s->shared = true;
	s->fd = fcntl(tty, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return s->fd < 0 ? -errno : 0;
}

void sender_done(struct sender *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->bytes);
	*s = (struct sender){ .fd = -1 };
}

char *sender_add(struct sender *s, size_t len)
{
	char *at;

	if (s->len + len > s->cap) {
		s->cap = (s->len + len) * 2;
		s->bytes = xrealloc(s->bytes, s->cap, 1);
	}
	at = s->bytes + s->len;
	s->len += len;
	return at;
}

bool sender_is_idle(const struct sender *s)
{
	return s->sent == s->len || s->gone;
}

static bool is_writable(const struct sender *s, int timeout_ms)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };

	return poll(&p, 1, timeout_ms) > 0;
}

void sender_push(struct sender *s)
{
	while (!sender_is_idle(s)) {
		size_t len = s->len - s->sent;
		ssize_t n;

		if (s->shared && len > SHARED_WRITE_BYTES)
			len = SHARED_WRITE_BYTES;
		if (s->shared && !is_writable(s, 0))
			return;
		n = write(s->fd, s->bytes + s->sent, len);
		if (n > 0)
			s->sent += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			return;
		else if (n == 0 || errno != EINTR)
			s->gone = true;
	}
	s->sent = s->len = 0;
}

void sender_drain(struct sender *s, int timeout_ms)
{
	uint64_t end_ns = clock_mono_ns() + (unsigned int)timeout_ms * NS_PER_MS, now_ns;

	for (;;) {
		sender_push(s);
		now_ns = clock_mono_ns();
		if (sender_is_idle(s) || now_ns >= end_ns)
			return;
		is_writable(s, (int)((end_ns - now_ns) / NS_PER_MS) + 1);
	}
}
