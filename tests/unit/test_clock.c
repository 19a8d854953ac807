/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void assert_stamp(int64_t wall_ns, const char *expected)
{
	char buf[32];

	clock_stamp(wall_ns, buf, sizeof(buf));
	assert_string_equal(buf, expected);
}

static void stamps_are_utc_with_milliseconds(void **state)
{
	(void)state;
	assert_stamp(0, "1970-01-01T00:00:00.000Z");
	assert_stamp(1795000000123456789, "2026-11-18T11:06:40.123Z");
	assert_stamp(951782399999999999, "2000-02-28T23:59:59.999Z");
	assert_stamp(951782400000000000, "2000-02-29T00:00:00.000Z");
	/* Rounded down, before the epoch as behind it. */
	assert_stamp(-1000000, "1969-12-31T23:59:59.999Z");
	assert_stamp(-1000000000, "1969-12-31T23:59:59.000Z");
	assert_stamp(INT64_MAX, "2262-04-11T23:47:16.854Z");
}

static void clocks_are_those_of_the_host(void **state)
{
	uint64_t before_ns = clock_mono_ns();
	struct moment now = clock_now();
	uint64_t after_ns = clock_mono_ns();

	(void)state;
	assert_true(before_ns > 0 && before_ns <= now.mono_ns && now.mono_ns <= after_ns);
	assert_in_range(now.wall_ns / (int64_t)NS_PER_SEC, time(NULL) - 60, time(NULL) + 60);
}

static void cpu_time_grows_with_work(void **state)
{
	uint64_t process_ns = clock_process_cpu_ns(), thread_ns = clock_thread_cpu_ns();

	(void)state;
	while (clock_thread_cpu_ns() < thread_ns + NS_PER_MS)
		;
	assert_true(clock_process_cpu_ns() >= process_ns + NS_PER_MS);
	/* What a thread uses is part of what the process uses. */
	thread_ns = clock_thread_cpu_ns();
	assert_true(clock_process_cpu_ns() >= thread_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_are_utc_with_milliseconds),
		cmocka_unit_test(clocks_are_those_of_the_host),
		cmocka_unit_test(cpu_time_grows_with_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
