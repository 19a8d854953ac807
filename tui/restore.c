/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/restore.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <termios.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "tui/messages.h"

#define LEAVE_MAX_BYTES 256

/* A terminal whose line hangs gets this long before it is left as it is. */
#define WRITE_WAIT_MS 200

/* What the handler does, and what a handler chained behind it may do on the same stack. */
#define HANDLER_STACK_BYTES (32 * 1024)

/* SIGQUIT, too: it is for programs that hang, and a loop that hangs handles nothing. */
static const int crashes[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGQUIT };
#define CRASHES (sizeof(crashes) / sizeof(crashes[0]))

/* Global because signal handlers must find it; written only while it is not armed. */
static struct {
	atomic_bool armed;
	int fd;
	struct termios modes;
	char leave[LEAVE_MAX_BYTES];
	size_t leave_len;
	struct sigaction before[CRASHES];
	void *stack;
} state;

/* Of a sanitizer, where the program was built with one: it ends programs without a signal. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void write_patiently(int fd, const char *bytes, size_t len)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };

	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno == EINTR) {
			continue;
		} else if (errno != EAGAIN || poll(&writable, 1, WRITE_WAIT_MS) <= 0) {
			return;
		}
	}
}

void restore_leave(void)
{
	sigset_t stop, before;

	write_patiently(state.fd, state.leave, state.leave_len);
	/* In the background tcsetattr would stop the program instead. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &stop, &before);
	tcsetattr(state.fd, TCSANOW, &state.modes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void restore_now(void)
{
	int error = errno;

	if (atomic_exchange(&state.armed, false)) {
		restore_leave();
		messages_close();
	}
	errno = error;
}

/*
 * A fault of the CPU happens again when this returns, now before the handler that was there before.
 * A signal that was sent must be sent again.
 */
static void on_crash(int number, siginfo_t *info, void *context)
{
	(void)context;
	restore_now();
	for (size_t i = 0; i < CRASHES; i++)
		if (crashes[i] == number)
			sigaction(number, &state.before[i], NULL);
	if (info->si_code <= 0 || number == SIGABRT || number == SIGQUIT)
		raise(number);
}

/* A stack that overflowed cannot run a handler. Somebody who has made one already keeps it. */
static void stack_open(void)
{
	stack_t now, stack = { .ss_size = HANDLER_STACK_BYTES + getauxval(AT_MINSIGSTKSZ) };

	if (sigaltstack(NULL, &now) < 0 || !(now.ss_flags & SS_DISABLE))
		return;
	stack.ss_sp = state.stack = xmalloc(stack.ss_size);
	sigaltstack(&stack, NULL);
}

static void stack_close(void)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	if (!state.stack)
		return;
	sigaltstack(&none, NULL);
	free(state.stack);
	state.stack = NULL;
}

void restore_arm(int fd, const struct termios *modes, const char *bytes, size_t len)
{
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	static bool registered;

	state.fd = fd;
	state.modes = *modes;
	state.leave_len = len < sizeof(state.leave) ? len : sizeof(state.leave);
	memcpy(state.leave, bytes, state.leave_len);
	stack_open();
	sigfillset(&action.sa_mask);
	atomic_store(&state.armed, true);
	for (size_t i = 0; i < CRASHES; i++) {
		sigaction(crashes[i], &action, &state.before[i]);
		if (state.before[i].sa_handler == SIG_IGN)
			sigaction(crashes[i], &state.before[i], NULL);
	}
	xalloc_on_failure(restore_now);
	if (!registered)
		atexit(restore_now);
	registered = true;
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(restore_now);
}

void restore_disarm(void)
{
	atomic_store(&state.armed, false);
	xalloc_on_failure(NULL);
	for (size_t i = 0; i < CRASHES; i++)
		sigaction(crashes[i], &state.before[i], NULL);
	stack_close();
}

void restore_set_modes(const struct termios *modes)
{
	state.modes = *modes;
}
