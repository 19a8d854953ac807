/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work in a thread that nobody waits for longer than he said, or than a signal allows. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cli/errand.h"
#include "cli/events.h"

#define LONG_NS (60 * NS_PER_SEC)

/* The work reads a byte from the first pipe; that it was released is told by the second. */
struct job {
	int go[2], released[2];
	char got;
};

static void job_init(struct job *j)
{
	*j = (struct job){ 0 };
	assert_int_equal(pipe(j->go), 0);
	assert_int_equal(pipe(j->released), 0);
}

static void job_done(struct job *j)
{
	for (int i = 0; i < 2; i++) {
		close(j->go[i]);
		close(j->released[i]);
	}
}

static void work(void *ctx)
{
	struct job *j = ctx;

	if (read(j->go[0], &j->got, 1) != 1)
		j->got = '?';
}

static void release(void *ctx)
{
	struct job *j = ctx;

	if (write(j->released[1], "r", 1) != 1)
		j->got = '?';
}

static void expect_released(struct job *j, bool released)
{
	struct pollfd fd = { .fd = j->released[0], .events = POLLIN };

	assert_int_equal(poll(&fd, 1, released ? 10000 : 0), released);
}

static void test_done(void **state)
{
	struct events events;
	struct job j;

	(void)state;
	job_init(&j);
	assert_int_equal(events_init(&events), 0);
	events_beat(&events, NS_PER_MS);
	assert_int_equal(write(j.go[1], "x", 1), 1);
	assert_int_equal(errand_run(&events, LONG_NS, work, release, &j), 0);
	assert_int_equal(j.got, 'x');
	expect_released(&j, false);
	events_done(&events);
	job_done(&j);
}

/* It goes on, and gives back what it had when it comes to its end. */
static void test_takes_too_long(void **state)
{
	struct events events;
	struct job j;

	(void)state;
	job_init(&j);
	assert_int_equal(events_init(&events), 0);
	events_beat(&events, NS_PER_MS);
	assert_int_equal(errand_run(&events, 5 * NS_PER_MS, work, release, &j), -ETIMEDOUT);
	expect_released(&j, false);
	assert_int_equal(write(j.go[1], "x", 1), 1);
	expect_released(&j, true);
	events_done(&events);
	job_done(&j);
}

static void test_signal(void **state)
{
	struct events events;
	uint64_t before_ns = clock_mono_ns();
	struct job j;

	(void)state;
	job_init(&j);
	assert_int_equal(events_init(&events), 0);
	events_beat(&events, NS_PER_MS);
	raise(SIGTERM);
	assert_int_equal(errand_run(&events, LONG_NS, work, release, &j), -EINTR);
	assert_true(clock_mono_ns() - before_ns < LONG_NS);
	assert_int_equal(write(j.go[1], "x", 1), 1);
	expect_released(&j, true);
	events_done(&events);
	job_done(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_done),
		cmocka_unit_test(test_takes_too_long),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
