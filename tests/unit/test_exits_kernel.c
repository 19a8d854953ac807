/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs that count exits in the kernel, run right here: the helpers that they call are
 * pointers, which lead to maps of the test's own. Where fields lie is never told, so that both
 * fields of an event are its first word, as on arm64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

int count_exit(void *ctx);
int count_user(void *ctx);
int end_exit(void *ctx);

#include "collectors/exits_kernel.bpf.c"

#define TID 101

static struct {
	struct exits_thread thread;
	bool has_thread;
	__u64 control[EXITS_CONTROLS], now_ns;
} kernel;

static void *fake_lookup(void *map, const void *key)
{
	static struct exits_thread none;

	if (map == (void *)&control)
		return &kernel.control[*(const __u32 *)key];
	if (map == (void *)&empty)
		return &none;
	return kernel.has_thread ? &kernel.thread : NULL;
}

static long fake_update(void *map, const void *key, const void *value, __u64 flags)
{
	(void)map;
	(void)key;
	(void)flags;
	memcpy(&kernel.thread, value, sizeof(kernel.thread));
	kernel.has_thread = true;
	return 0;
}

static long fake_read(void *dst, __u32 size, const void *from)
{
	memcpy(dst, from, size);
	return 0;
}

static __u64 fake_current(void)
{
	return TID;
}

static __u64 fake_now(void)
{
	return kernel.now_ns;
}

static void begin(__u64 mask)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.control[EXITS_TIME_MASK] = mask;
	kernel.now_ns = 1000;
	bpf_map_lookup_elem = fake_lookup;
	bpf_map_update_elem = fake_update;
	bpf_probe_read_kernel = fake_read;
	bpf_get_current_pid_tgid = fake_current;
	bpf_ktime_get_ns = fake_now;
}

/* 2 is a trap of class 2, others are themselves. */
static void pass(__u32 reason, __u64 ns)
{
	count_exit(&reason);
	kernel.now_ns += ns;
	end_exit(NULL);
	kernel.now_ns += 100;
}

static void test_counts_and_times(void **state)
{
	const struct exits_slot *s = kernel.thread.slot;
	__u32 user = 6;

	(void)state;
	begin(0);
	pass(7, 1000);
	pass(7, 3000);
	count_exit(&user);
	kernel.now_ns += 500;
	count_user(&user);
	kernel.now_ns += 1500;
	end_exit(NULL);
	assert_true(s[0].isa == EXIT_ARM && s[0].code == 7 && s[0].count == 2);
	assert_true(s[0].timed == 2 && s[0].time_ns == 4000);
	assert_true(s[0].min_ns == 1000 && s[0].max_ns == 3000);
	assert_true(s[1].code == 6 && s[1].time_ns == 2000);
	assert_true(s[2].isa == EXIT_TO_USER && s[2].count == 1 && s[2].time_ns == 1500);
}

/* What has no slot is counted once, with those of its kind. */
static void test_more_reasons_than_slots(void **state)
{
	const struct exits_slot *s = kernel.thread.slot;

	(void)state;
	begin(0);
	for (__u32 i = 100; i < 100 + EXITS_OTHER_EXITS + 5; i++)
		pass(i, 10);
	for (__u32 i = 0; i < 3; i++) {
		__u32 reason = 100;

		count_exit(&reason);
		count_user(&i);
		end_exit(NULL);
	}
	assert_true(s[0].code == 100 && s[0].count == 4);
	assert_true(s[EXITS_OTHER_EXITS].isa == EXIT_ARM);
	assert_true(s[EXITS_OTHER_EXITS].code == EXIT_OTHER);
	assert_int_equal(s[EXITS_OTHER_EXITS].count, 5);
	assert_true(s[EXITS_OTHER_USER].isa == EXIT_TO_USER);
	assert_true(s[EXITS_OTHER_USER].code == EXIT_OTHER);
	assert_int_equal(s[EXITS_OTHER_USER].count, 3);
}

/* One in 16 is timed, wherever the thread is when it enters its guest again. */
static void test_some_are_timed(void **state)
{
	const struct exits_slot *s = kernel.thread.slot;

	(void)state;
	begin(15);
	for (int i = 0; i < 16000; i++)
		pass(7, 1000);
	assert_int_equal(s[0].count, 16000);
	assert_in_range(s[0].timed, 800, 1200);
	assert_int_equal(s[0].time_ns, s[0].timed * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_and_times),
		cmocka_unit_test(test_more_reasons_than_slots),
		cmocka_unit_test(test_some_are_timed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
