/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/events.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

static int catch_signals(const int *signals, size_t n)
{
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int events_init(struct events *e)
{
	static const int quit[] = { SIGINT, SIGTERM }, other[] = { SIGHUP, SIGUSR1 };

	e->quit_fd = catch_signals(quit, sizeof(quit) / sizeof(quit[0]));
	e->other_fd = catch_signals(other, sizeof(other) / sizeof(other[0]));
	e->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return e->quit_fd < 0 || e->other_fd < 0 || e->timer_fd < 0 ? -errno : 0;
}

void events_done(struct events *e)
{
	close(e->quit_fd);
	close(e->other_fd);
	close(e->timer_fd);
}

void events_beat(struct events *e, uint64_t interval_ns)
{
	struct timespec t = { .tv_sec = (time_t)(interval_ns / NS_PER_SEC),
		.tv_nsec = (long)(interval_ns % NS_PER_SEC) };
	struct itimerspec beat = { .it_value = t, .it_interval = t };

	timerfd_settime(e->timer_fd, 0, &beat, NULL);
}

enum wake events_wait(struct events *e, int output_fd, bool wait)
{
	struct pollfd fds[] = {
		{ .fd = e->quit_fd, .events = POLLIN },
		{ .fd = e->other_fd, .events = POLLIN },
		{ .fd = output_fd },
		{ .fd = e->timer_fd, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	uint64_t beats;

	while (poll(fds, sizeof(fds) / sizeof(fds[0]), wait ? -1 : 0) < 0)
		if (errno != EINTR)
			return WAKE_QUIT;
	if (fds[0].revents)
		return WAKE_QUIT;
	if (fds[1].revents && read(e->other_fd, &info, sizeof(info)) == sizeof(info))
		return info.ssi_signo == SIGHUP ? WAKE_REOPEN : WAKE_NOW;
	if (fds[2].revents & (POLLERR | POLLHUP))
		return WAKE_GONE;
	/* All beats that are due count as one. */
	if (fds[3].revents && read(e->timer_fd, &beats, sizeof(beats)) < 0)
		return WAKE_BEAT;
	return WAKE_BEAT;
}
