/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of a guest that has not run nothing is read, and of one that has nothing is missed: a child of
 * this test is the guest. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "collectors/collector.h"
#include "collectors/lane.h"
#include "collectors/process_clock.h"

#define PATIENCE_NS (10 * NS_PER_SEC)

static const struct collector collector_of_threads = { SRC_THREADS, LANE_FAST, 0, threads_open,
	threads_read, threads_close };
static const struct collector collector_of_io = { SRC_PROCESS_IO, LANE_FAST, 0, process_io_open,
	process_io_read, process_io_close };

struct guest {
	pid_t pid;
	int order, done; /* pipes: a letter for each */
	struct root *root;
	struct sampling options;
	struct slot threads, io;
	struct snapshot *now;
	unsigned files; /* read in the last sample */
};

/* ---- the child ---- */

static int thread_pipe[2];

static void *wait_for_end(void *arg)
{
	char letter;

	return read(thread_pipe[0], &letter, 1) == 1 ? arg : NULL;
}

static void spin(void)
{
	uint64_t until_ns = clock_thread_cpu_ns() + 5 * NS_PER_MS;

	while (clock_thread_cpu_ns() < until_ns)
		;
}

/* Does what it is told: run, begin a thread, end it. */
static void be_guest(int order, int done)
{
	pthread_t thread;
	char letter;

	while (read(order, &letter, 1) == 1) {
		if (letter == 'r')
			spin();
		if (letter == 'b')
			pthread_create(&thread, NULL, wait_for_end, NULL);
		if (letter == 'e' && write(thread_pipe[1], "x", 1) == 1)
			pthread_join(thread, NULL);
		if (write(done, "x", 1) != 1)
			break;
	}
	_exit(0);
}

/* ---- who looks at it ---- */

static void count_file(void *ctx, enum seen kind, const char *path, const char *data, size_t len)
{
	struct guest *g = ctx;

	(void)data;
	(void)len;
	g->files += kind == SEEN_FILE && (strstr(path, "schedstat") || strstr(path, "/io"));
}

static void start(struct guest *g)
{
	int order[2], done[2];

	*g = (struct guest){ .options.interval_ns = NS_PER_SEC };
	assert_int_equal(pipe(order), 0);
	assert_int_equal(pipe(done), 0);
	assert_int_equal(pipe(thread_pipe), 0);
	g->pid = fork();
	if (g->pid == 0)
		be_guest(order[0], done[1]);
	assert_true(g->pid > 0);
	g->order = order[1];
	g->done = done[0];
	assert_int_equal(root_open("/", &g->root), 0);
	root_watch(g->root, count_file, g);
	slot_init(&g->threads, &collector_of_threads, &g->options);
	slot_init(&g->io, &collector_of_io, &g->options);
}

static void end(struct guest *g)
{
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
	slot_done(&g->threads);
	slot_done(&g->io);
	snapshot_unref(g->now);
	root_close(g->root);
}

static void tell(struct guest *g, char order)
{
	char letter;

	assert_int_equal(write(g->order, &order, 1), 1);
	assert_int_equal(read(g->done, &letter, 1), 1);
}

static void take(struct guest *g)
{
	struct snapshot *before = g->now;
	struct row *domain;

	g->now = snapshot_new(clock_now());
	domain = snapshot_row(g->now, TABLE_DOMAIN, key_process((uint64_t)g->pid, 1));
	domain->ran_ns = process_ran((uint32_t)g->pid);
	g->files = 0;
	slot_read(&g->threads, g->root, &g->options, before, g->now);
	slot_read(&g->io, g->root, &g->options, before, g->now);
	snapshot_unref(before);
}

/* It takes a moment until the child sleeps again. */
static void take_until_at_rest(struct guest *g)
{
	uint64_t until_ns = clock_mono_ns() + PATIENCE_NS;

	do {
		assert_true(clock_mono_ns() < until_ns);
		take(g);
	} while (g->files > 0);
}

static const struct cell *run_of(const struct guest *g)
{
	return &g->now->table[TABLE_THREAD].row[0]->cell[THREAD_RUN];
}

static void nothing_is_read_of_a_guest_at_rest(void **state)
{
	struct guest g;
	struct cell before;
	const struct row *domain;

	(void)state;
	start(&g);
	take(&g);
	assert_true(g.files >= 2);
	take_until_at_rest(&g);
	before = *run_of(&g);
	take(&g);
	assert_int_equal(g.files, 0);
	/* Its figures are those of now all the same. */
	assert_int_equal(run_of(&g)->count, before.count);
	assert_true(run_of(&g)->at_ns > before.at_ns);
	domain = g.now->table[TABLE_DOMAIN].row[0];
	assert_true(cell_has(domain, DOMAIN_IO_WRITE));
	assert_true(domain->cell[DOMAIN_IO_WRITE].at_ns >= g.now->moment.mono_ns);
	end(&g);
}

static void whatever_runs_is_read(void **state)
{
	struct guest g;
	uint64_t before;

	(void)state;
	start(&g);
	take_until_at_rest(&g);
	before = run_of(&g)->count;
	tell(&g, 'r');
	take(&g);
	assert_true(g.files >= 2);
	assert_true(run_of(&g)->count >= before + 5 * NS_PER_MS);
	end(&g);
}

static void threads_that_begin_and_end_are_seen(void **state)
{
	struct guest g;

	(void)state;
	start(&g);
	take_until_at_rest(&g);
	assert_int_equal(g.now->table[TABLE_THREAD].n, 1);
	tell(&g, 'b');
	take(&g);
	assert_int_equal(g.now->table[TABLE_THREAD].n, 2);
	take_until_at_rest(&g);
	assert_int_equal(g.now->table[TABLE_THREAD].n, 2);
	tell(&g, 'e');
	take(&g);
	assert_int_equal(g.now->table[TABLE_THREAD].n, 1);
	end(&g);
}

static void a_process_that_is_gone_does_not_rest(void **state)
{
	struct process_clock clock = { 0 };
	struct guest g;

	(void)state;
	start(&g);
	assert_false(process_has_rested(&clock, process_ran((uint32_t)g.pid)));
	kill(g.pid, SIGKILL);
	waitpid(g.pid, NULL, 0);
	assert_false(process_has_rested(&clock, process_ran((uint32_t)g.pid)));
	assert_false(process_has_rested(&clock, process_ran((uint32_t)g.pid)));
	end(&g);
}

/* A capture holds all files of each of its samples. */
static void a_capture_asks_no_clock(void **state)
{
	struct sampling options = { .interval_ns = NS_PER_SEC };
	struct reading r = { .options = &options };

	(void)state;
	assert_int_equal(root_open("/", (struct root **)&r.root), 0);
	assert_int_equal(process_self(r.root), getpid());
	assert_true(process_clocks_serve(&r, process_self(r.root)));
	assert_false(process_clocks_serve(&r, 1));
	options.thorough = true;
	assert_false(process_clocks_serve(&r, process_self(r.root)));
	root_close((struct root *)r.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_read_of_a_guest_at_rest),
		cmocka_unit_test(whatever_runs_is_read),
		cmocka_unit_test(threads_that_begin_and_end_are_seen),
		cmocka_unit_test(a_process_that_is_gone_does_not_rest),
		cmocka_unit_test(a_capture_asks_no_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
