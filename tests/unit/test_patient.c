/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readings that hold their reader up, and the command line, which is read that way. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/archive.h"
#include "base/root.h"
#include "collectors/cmdline.h"
#include "collectors/patient.h"

/* Far more than any of this takes. */
#define DEADLINE_NS (20 * NS_PER_SEC)
#define SHORT_NS NS_PER_MS

/* What a reading waits for. */
static int gate[2];

static int wait_at_gate(const struct root *root, const char *path, struct text *ret)
{
	char byte;

	(void)root;
	if (read(gate[0], &byte, 1) != 1)
		return -EIO;
	text_append(ret, path, strlen(path));
	return 0;
}

static void open_gate(void)
{
	assert_int_equal(write(gate[1], "", 1), 1);
}

static size_t count_threads(const struct root *root)
{
	struct numbers threads = { 0 };
	size_t n;

	assert_int_equal(root_list_numbers(root, "proc/self/task", &threads), 0);
	n = threads.n;
	numbers_done(&threads);
	return n;
}

static void wait_for_threads(const struct root *root, size_t at_most)
{
	uint64_t until_ns = clock_mono_ns() + DEADLINE_NS;
	struct timespec pause = { .tv_nsec = 1000000 };

	while (count_threads(root) > at_most) {
		assert_true(clock_mono_ns() < until_ns);
		nanosleep(&pause, NULL);
	}
}

static int start(void **state)
{
	struct root *root;

	if (pipe(gate) < 0 || root_open("/", &root) < 0)
		return -1;
	*state = root;
	return 0;
}

static int end(void **state)
{
	root_close(*state);
	return 0;
}

static void who_asks_waits_only_as_long_as_he_says(void **state)
{
	struct patient *p = patient_start(*state, "some/file", wait_at_gate);
	struct text text = { 0 };

	assert_non_null(p);
	assert_false(patient_take(p, 0, &text));
	assert_false(patient_take(p, SHORT_NS, &text));
	open_gate();
	assert_true(patient_take(p, DEADLINE_NS, &text));
	assert_string_equal(text.p, "some/file");
	text_done(&text);
	patient_free(p);
}

/* The thread goes on alone; it takes with it what it needs. */
static void a_reading_may_be_given_up(void **state)
{
	size_t threads = count_threads(*state);
	struct root *root;
	struct patient *p;

	assert_int_equal(root_open("/", &root), 0);
	p = patient_start(root, "some/file", wait_at_gate);
	assert_non_null(p);
	patient_free(p);
	root_close(root);
	open_gate();
	wait_for_threads(*state, threads);
}

static int fail_half_way(const struct root *root, const char *path, struct text *ret)
{
	(void)root;
	text_append(ret, path, strlen(path));
	return -EIO;
}

static void a_reading_that_fails_gives_nothing(void **state)
{
	struct patient *p = patient_start(*state, "some/file", fail_half_way);
	struct text text = { 0 };

	assert_non_null(p);
	assert_true(patient_take(p, DEADLINE_NS, &text));
	assert_int_equal(text.len, 0);
	assert_null(text.p);
	patient_free(p);
}

static int read_mask(const struct root *root, const char *path, struct text *ret)
{
	const char *word;
	sigset_t mask;

	(void)root;
	(void)path;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	word = sigismember(&mask, SIGTERM) == 1 ? "blocked" : "open";
	text_append(ret, word, strlen(word));
	return 0;
}

static void signals_are_not_for_its_thread(void **state)
{
	struct patient *p = patient_start(*state, "", read_mask);
	struct text text = { 0 };
	sigset_t mask;

	assert_non_null(p);
	assert_true(patient_take(p, DEADLINE_NS, &text));
	assert_string_equal(text.p, "blocked");
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
	text_done(&text);
	patient_free(p);
}

/* A captured host holds nobody up, and its figures are the same at every reading. */
static void a_capture_is_read_at_once(void **state)
{
	static const char host[] = "kvmtop-host 1\n"
				   "## 1000000000 1795000000000000000\n"
				   "== proc/7/cmdline\nqemu\n" ARCHIVE_END;
	struct text text = { 0 };
	struct patient *p;
	struct root *root;

	(void)state;
	assert_int_equal(root_open_archive(host, strlen(host), &root), 0);
	p = patient_start(root, "proc/7/cmdline", root_read_all);
	assert_non_null(p);
	assert_true(patient_take(p, 0, &text));
	assert_string_equal(text.p, "qemu\n");
	text_done(&text);
	patient_free(p);
	root_close(root);
}

static void a_command_line_is_given_once(void **state)
{
	uint64_t until_ns = clock_mono_ns() + DEADLINE_NS;
	struct cmdline c = { 0 };
	struct text text = { 0 };

	while (!cmdline_take(&c, *state, (uint32_t)getpid(), &text))
		assert_true(clock_mono_ns() < until_ns);
	assert_non_null(strstr(text.p, "test_patient"));
	text_done(&text);
	assert_true(c.has_come);
	assert_false(cmdline_take(&c, *state, (uint32_t)getpid(), &text));
	assert_null(text.p);
	cmdline_done(&c);
}

static void a_process_that_is_gone_has_none(void **state)
{
	uint64_t until_ns = clock_mono_ns() + DEADLINE_NS;
	struct cmdline c = { 0 };
	struct text text = { 0 };

	/* Beyond the highest pid that there can be. */
	do {
		assert_false(cmdline_take(&c, *state, 1u << 30, &text));
		assert_true(clock_mono_ns() < until_ns);
	} while (c.reading);
	assert_false(c.has_come);
	assert_null(text.p);
	cmdline_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_waits_only_as_long_as_he_says),
		cmocka_unit_test(a_reading_may_be_given_up),
		cmocka_unit_test(a_reading_that_fails_gives_nothing),
		cmocka_unit_test(signals_are_not_for_its_thread),
		cmocka_unit_test(a_capture_is_read_at_once),
		cmocka_unit_test(a_command_line_is_given_once),
		cmocka_unit_test(a_process_that_is_gone_has_none),
	};

	return cmocka_run_group_tests(tests, start, end);
}
