/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a profile when its process, or a thread of it, has ended. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/root.h"
#include "profile/profile.h"
#include "profile/recorder.h"
#include "profile/report.h"
#include "profile/tally.h"

/* Whatever bears the guest's number now, it is not the guest. */
static void another_process_is_not_sampled(void **state)
{
	struct profile_request request = {
		.guest = "web", .pid = (uint32_t)getpid(), .birth = 1, .seconds = 60, .hertz = 10
	};
	struct report *report = NULL;
	struct profile *p;
	struct root *root;

	(void)state;
	assert_int_equal(root_open("/", &root), 0);
	assert_int_equal(profile_start(root, &request, &p), 0);
	while (!report || !report->done) {
		struct pollfd fd = { .fd = profile_fd(p), .events = POLLIN };

		assert_int_equal(poll(&fd, 1, 30000), 1);
		report_free(report);
		report = profile_take(p);
	}
	assert_int_equal(report->error, -ESRCH);
	report_free(report);
	profile_free(p);
	root_close(root);
}

static void threads_that_end_are_let_go(void **state)
{
	uint64_t until_ns = clock_mono_ns() + 10 * NS_PER_SEC;
	struct tally tally = { 0 };
	struct recorder *recorder;
	struct root *root;
	pid_t child;
	int r;

	(void)state;
	assert_int_equal(root_open("/", &root), 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	assert_true(child > 0);
	r = recorder_open(root, (uint32_t)child, NULL, 0, 10, &recorder);
	if (r == 0)
		assert_int_equal(recorder_threads(recorder), 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (r == 0 && recorder_threads(recorder) && clock_mono_ns() < until_ns)
		recorder_read(recorder, &tally);
	if (r == 0) {
		assert_int_equal(recorder_threads(recorder), 0);
		recorder_close(recorder);
	}
	tally_done(&tally);
	root_close(root);
	if (r < 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_process_is_not_sampled),
		cmocka_unit_test(threads_that_end_are_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
