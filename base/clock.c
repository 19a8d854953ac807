/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

struct moment clock_now(void)
{
	return (struct moment){
		.mono_ns = read_clock(CLOCK_MONOTONIC),
		.wall_ns = (int64_t)read_clock(CLOCK_REALTIME),
	};
}

uint64_t clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_thread_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_process_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_stamp(int64_t wall_ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(wall_ns / (int64_t)NS_PER_SEC);
	int millis = (int)(wall_ns % (int64_t)NS_PER_SEC / (int64_t)NS_PER_MS);
	struct tm utc;
	char day[24];

	if (millis < 0) {
		millis += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &utc) || !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc))
		day[0] = '\0';
	snprintf(buf, size, "%s.%03dZ", day, millis);
}
