/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs in the kernel counted, read from maps of the test's own: no BPF is needed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/exit_tally.h"
#include "collectors/exits_counts.h"
#include "tests/unit/exit_figures.h"

#define SECOND NS_PER_SEC
#define MS NS_PER_MS
#define HLT ((struct exit_reason){ EXIT_VMX, 12 })
#define CPUID ((struct exit_reason){ EXIT_VMX, 10 })
#define THREADS 2

/* Threads 101 and 102, of the guest 100. */
struct fake {
	struct exits_thread thread[THREADS];
	uint64_t control[EXITS_CONTROLS];
	int next_error, read_error;
};

static int fake_next(void *ctx, const uint32_t *tid, uint32_t *ret)
{
	const struct fake *f = ctx;
	uint32_t next = tid ? *tid + 1 : 101;

	if (f->next_error)
		return f->next_error;
	if (next > 100 + THREADS)
		return -ENOENT;
	*ret = next;
	return 0;
}

static int fake_read(void *ctx, uint32_t tid, struct exits_thread *ret)
{
	const struct fake *f = ctx;

	if (f->read_error && tid == 101)
		return f->read_error;
	*ret = f->thread[tid - 101];
	return 0;
}

static int fake_forget(void *ctx, uint32_t tid)
{
	struct fake *f = ctx;

	f->thread[tid - 101] = (struct exits_thread){ 0 };
	return 0;
}

static int fake_control(void *ctx, uint32_t which, uint64_t *ret)
{
	const struct fake *f = ctx;

	*ret = f->control[which];
	return 0;
}

static int fake_set_control(void *ctx, uint32_t which, uint64_t v)
{
	struct fake *f = ctx;

	f->control[which] = v;
	return 0;
}

struct desk {
	struct fake fake;
	struct exits_maps maps;
	struct exits_counts counts;
	struct exit_tally *tally;
	struct exit_window window;
	uint64_t now_ns;
};

static uint32_t guest_of(void *ctx, uint32_t tid)
{
	(void)ctx;
	return tid / 100 * 100;
}

static void desk_open(struct desk *d)
{
	*d = (struct desk){ .now_ns = 100 * SECOND };
	d->maps = (struct exits_maps){ &d->fake, fake_next, fake_read, fake_forget, fake_control,
		fake_set_control };
	d->tally = exit_tally_new(guest_of, NULL);
	exits_counts_init(&d->counts, &d->maps, 64, d->now_ns);
}

static void desk_close(struct desk *d)
{
	exits_counts_done(&d->counts);
	exit_tally_free(d->tally);
}

/* Each epoch has one window, so that figures are of this one and the one before. */
static int desk_read(struct desk *d, uint64_t after_ns)
{
	int error;

	d->now_ns += after_ns;
	exit_tally_turn(d->tally, d->now_ns, 1);
	error = exits_counts_read(&d->counts, d->now_ns, d->tally, &d->window);
	if (error == 0)
		exit_tally_end(d->tally, &d->window);
	return error;
}

static struct exits_slot *slot_of(struct fake *f, uint32_t tid, int at, struct exit_reason reason)
{
	struct exits_slot *s = &f->thread[tid - 101].slot[at];

	s->isa = reason.isa;
	s->code = reason.code;
	return s;
}

/* So many exits that took @ns each. */
static void count(
    struct fake *f, uint32_t tid, int at, struct exit_reason reason, uint64_t n, uint64_t ns)
{
	struct exits_slot *s = slot_of(f, tid, at, reason);

	s->count += n;
	s->timed += n;
	s->time_ns += n * ns;
	s->min_ns = s->min_ns && s->min_ns < ns ? s->min_ns : ns;
	s->max_ns = s->max_ns > ns ? s->max_ns : ns;
	s->hist[exit_bucket(ns)] += (uint32_t)n;
}

static void test_differences(void **state)
{
	static struct desk d;
	struct exit_figures f;

	(void)state;
	desk_open(&d);
	count(&d.fake, 101, 0, CPUID, 1000, 2000);
	count(&d.fake, 102, 0, CPUID, 500, 4000);
	assert_int_equal(desk_read(&d, SECOND), 0);
	f = find_figures(d.tally, EXIT_OF_GUEST, 100, CPUID);
	expect_about(f.rate, 1500);
	expect_about(f.time, 4e-3);
	count(&d.fake, 102, 0, CPUID, 100, 1000);
	assert_int_equal(desk_read(&d, SECOND), 0);
	assert_int_equal(d.window.records, 100);
	expect_about(find_figures(d.tally, EXIT_OF_THREAD, 102, CPUID).rate, 300);
	desk_close(&d);
}

/* What cannot be read is told; a thread that has just ended is none of it. */
static void test_errors(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d);
	count(&d.fake, 101, 0, CPUID, 1000, 2000);
	count(&d.fake, 102, 0, CPUID, 500, 4000);
	d.fake.read_error = -ENOENT;
	assert_int_equal(desk_read(&d, SECOND), 0);
	expect_about(find_figures(d.tally, EXIT_OF_HOST, 0, CPUID).rate, 500);
	d.fake.read_error = -EPERM;
	assert_int_equal(desk_read(&d, SECOND), -EPERM);
	d.fake.read_error = 0;
	d.fake.next_error = -EINVAL;
	assert_int_equal(desk_read(&d, SECOND), -EINVAL);
	desk_close(&d);
}

/* The busiest vCPU decides, and what is on the brink does not change with every reading. */
static void test_too_many_to_be_counted(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d);
	count(&d.fake, 101, 0, CPUID, 240000, 1000);
	count(&d.fake, 102, 0, CPUID, 200000, 1000);
	assert_int_equal(desk_read(&d, SECOND), 0);
	assert_int_equal(d.window.most, 240000);
	assert_false(exits_are_too_many(&d.window, false));
	assert_true(exits_are_too_many(&d.window, true));
	count(&d.fake, 102, 0, CPUID, 260000, 1000);
	assert_int_equal(desk_read(&d, SECOND), 0);
	assert_true(exits_are_too_many(&d.window, false));
	count(&d.fake, 102, 0, CPUID, 140000, 1000);
	assert_int_equal(desk_read(&d, SECOND), 0);
	assert_false(exits_are_too_many(&d.window, true));
	desk_close(&d);
}

/* Of a thousand one event had no room: that is no loss of all. */
static void test_loss(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d);
	count(&d.fake, 101, 0, CPUID, 999, 2000);
	d.fake.control[EXITS_NO_ROOM] = 1;
	assert_int_equal(desk_read(&d, SECOND), 0);
	expect_about(exit_tally_lost(d.tally), 0.001);
	desk_close(&d);
}

static void begin_exit(struct desk *d, uint32_t tid, uint32_t at, struct exit_reason reason)
{
	slot_of(&d->fake, tid, (int)at, reason)->count++;
	d->fake.thread[tid - 101].exit_ns = d->now_ns;
	d->fake.thread[tid - 101].exit_at = at;
}

/* As the program at the entry does, @after_ns from the reading before. */
static void end_exit(struct desk *d, uint32_t tid, uint64_t after_ns)
{
	struct exits_thread *th = &d->fake.thread[tid - 101];
	struct exits_slot *s = &th->slot[th->exit_at];
	uint64_t ns = d->now_ns + after_ns - th->exit_ns;

	s->timed++;
	s->time_ns += ns;
	s->min_ns = ns;
	s->max_ns = ns;
	s->hist[exit_bucket(ns)]++;
	th->exit_ns = 0;
}

/* A vCPU sleeps for a minute: each window has its part of that, and none has more. */
static void test_exit_over_readings(void **state)
{
	static struct desk d;
	struct exit_figures f;

	(void)state;
	desk_open(&d);
	count(&d.fake, 101, 0, CPUID, 10, 2000);
	assert_int_equal(desk_read(&d, SECOND / 2), 0);
	begin_exit(&d, 101, 1, HLT);
	for (int i = 0; i < 120; i++) {
		assert_int_equal(desk_read(&d, SECOND / 2), 0);
		expect_about(find_figures(d.tally, EXIT_OF_GUEST, 100, HLT).time, i == 0 ? 0.5 : 1);
	}
	expect_about(find_figures(d.tally, EXIT_OF_HOST, 0, HLT).rate, 0);
	end_exit(&d, 101, SECOND / 4);
	assert_int_equal(desk_read(&d, SECOND / 2), 0);
	f = find_figures(d.tally, EXIT_OF_THREAD, 101, HLT);
	expect_about(f.time, 0.75);
	expect_about(f.max, 60.25);
	expect_about(f.mean, 60.25);
	assert_int_equal(desk_read(&d, SECOND / 2), 0);
	expect_about(find_figures(d.tally, EXIT_OF_HOST, 0, HLT).time, 0.25);
	assert_int_equal(desk_read(&d, SECOND / 2), 0);
	assert_true(find_figures(d.tally, EXIT_OF_HOST, 0, HLT).time == 0);
	desk_close(&d);
}

/* One that ended and one that goes on: that the second has no time yet makes none of the first. */
static void test_open_exits_are_timed(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d);
	begin_exit(&d, 101, 0, HLT);
	end_exit(&d, 101, 100 * MS);
	begin_exit(&d, 101, 0, HLT);
	d.fake.thread[0].exit_ns += 900 * MS;
	assert_int_equal(desk_read(&d, SECOND), 0);
	expect_about(find_figures(d.tally, EXIT_OF_THREAD, 101, HLT).time, 0.2);
	desk_close(&d);
}

static bool know_threads(const char *link)
{
	char *archive = xasprintf("kvmtop-host 1\n## 9 9\n%s## end\n", link);
	struct root *root;
	bool know;

	assert_int_equal(root_open_archive(archive, strlen(archive), &root), 0);
	know = exits_counts_know_threads(root);
	root_close(root);
	free(archive);
	return know;
}

/* In a container the kernel's programs would count threads that nobody knows. */
static void test_pid_namespace(void **state)
{
	(void)state;
	assert_true(know_threads("@@ proc/self/ns/pid\npid:[4026531836]\n"));
	assert_false(know_threads("@@ proc/self/ns/pid\npid:[4026532201]\n"));
	assert_false(know_threads(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_too_many_to_be_counted),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_exit_over_readings),
		cmocka_unit_test(test_open_exits_are_timed),
		cmocka_unit_test(test_pid_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
