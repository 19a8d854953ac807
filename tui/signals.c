/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "tui/restore.h"

/* A loop that has not looked after so many requests to end hangs: the handler ends the program. */
#define PATIENCE 3

static const int handled[] = { SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH };
#define HANDLED (sizeof(handled) / sizeof(handled[0]))

/* Global because handlers must find them. */
static int pipe_fds[2] = { -1, -1 };
static volatile sig_atomic_t quits;
static struct sigaction before[HANDLED];

static bool is_quit(int number)
{
	return number == SIGINT || number == SIGTERM || number == SIGHUP;
}

static void on_signal(int number)
{
	int error = errno;
	unsigned char byte = (unsigned char)number;

	if (is_quit(number) && ++quits >= PATIENCE) {
		restore_now();
		signal(number, SIG_DFL);
		raise(number);
	}
	/* When the pipe is full the loop has enough to look at. */
	if (write(pipe_fds[1], &byte, 1) < 0)
		errno = error;
	errno = error;
}

int signals_open(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	quits = 0;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < HANDLED; i++) {
		sigaction(handled[i], &action, &before[i]);
		if (before[i].sa_handler == SIG_IGN && handled[i] != SIGWINCH)
			sigaction(handled[i], &before[i], NULL);
	}
	return 0;
}

void signals_close(void)
{
	for (size_t i = 0; i < HANDLED; i++)
		sigaction(handled[i], &before[i], NULL);
	for (int i = 0; i < 2; i++) {
		close(pipe_fds[i]);
		pipe_fds[i] = -1;
	}
}

int signals_fd(void)
{
	return pipe_fds[0];
}

struct signals signals_take(void)
{
	struct signals s = { 0 };
	unsigned char byte;

	while (read(pipe_fds[0], &byte, 1) == 1) {
		if (is_quit(byte))
			s.quit = byte;
		s.stop = s.stop || byte == SIGTSTP;
		s.go_on = s.go_on || byte == SIGCONT;
		s.resized = s.resized || byte == SIGWINCH;
	}
	if (s.quit)
		quits = 0;
	return s;
}

void signals_stop(void)
{
	struct sigaction stop = { .sa_handler = SIG_DFL }, ours;

	sigaction(SIGTSTP, &stop, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
}
