/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

/* Longer lines come in parts. */
#define LINE_MAX_BYTES 1024

/* Global because a signal handler must find them. Each descriptor: -1 when there is none. */
static int saved_fd = -1, read_fd = -1;
static char line[LINE_MAX_BYTES];
static size_t line_len;

int messages_open(void)
{
	int fds[2], saved, r = 0;

	if (!isatty(STDERR_FILENO))
		return 0;
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (saved < 0)
		return -errno;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		r = -errno;
		close(saved);
		return r;
	}
	if (dup2(fds[1], STDERR_FILENO) < 0) {
		r = -errno;
		close(saved);
		close(fds[0]);
	} else {
		saved_fd = saved;
		read_fd = fds[0];
		line_len = 0;
	}
	close(fds[1]);
	return r;
}

/* The screen has gone, but its terminal will still act upon what it is sent. */
static void print_harmless(char *text, size_t len)
{
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			text[i] = '?';
	while (len > 0 && (n = write(STDERR_FILENO, text, len)) > 0) {
		text += n;
		len -= (size_t)n;
	}
}

void messages_close(void)
{
	int from = read_fd, saved = saved_fd;
	char buf[512];
	ssize_t n;

	if (saved < 0)
		return;
	saved_fd = read_fd = -1;
	dup2(saved, STDERR_FILENO);
	close(saved);
	print_harmless(line, line_len);
	line_len = 0;
	while ((n = read(from, buf, sizeof(buf))) > 0)
		print_harmless(buf, (size_t)n);
	close(from);
}

int messages_fd(void)
{
	return read_fd;
}

/* Takes the first @len bytes out of the line's buffer, and @skip behind them. */
static char *cut(size_t len, size_t skip)
{
	char *text = xmalloc(len + 1);

	memcpy(text, line, len);
	text[len] = '\0';
	line_len -= len + skip;
	memmove(line, line + len + skip, line_len);
	return text;
}

char *messages_take(void)
{
	for (;;) {
		char *end = memchr(line, '\n', line_len);
		ssize_t n;

		if (end)
			return cut((size_t)(end - line), 1);
		if (line_len == sizeof(line))
			return cut(line_len, 0);
		if (read_fd < 0)
			return NULL;
		n = read(read_fd, line + line_len, sizeof(line) - line_len);
		if (n <= 0)
			return NULL;
		line_len += (size_t)n;
	}
}
