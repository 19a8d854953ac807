/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/process_clock.h"

#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "collectors/collector.h"

/* include/linux/posix-timers_types.h: ~PID << 3 is a clock of that process, 2 what the scheduler
 * counts: the sum of the first figures of its threads' schedstat, to the nanosecond. */
#define CLOCK_OF_PROCESS(pid) ((clockid_t)(~(pid) << 3 | 2))

/* 0: not told, or the process is gone. */
static uint64_t ask(uint32_t pid)
{
	struct timespec t;

	if (clock_gettime(CLOCK_OF_PROCESS(pid), &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

/* A proc of another PID namespace has other numbers than system calls. */
static bool is_own_proc(const struct root *root)
{
	char self[32];
	uint64_t pid;

	return root_link(root, "proc/self", self, sizeof(self)) > 0 && parse_u64(self, &pid) == 0 &&
	       pid == (uint64_t)getpid();
}

bool process_has_rested(struct process_clock *c, const struct reading *r, uint32_t pid)
{
	uint64_t before_ns = c->ran_ns;

	if (reading_thorough(r))
		return false;
	if (!c->is_asked)
		c->is_foreign = !is_own_proc(r->root);
	c->is_asked = true;
	if (c->is_foreign)
		return false;
	c->ran_ns = ask(pid);
	return c->ran_ns && c->ran_ns == before_ns;
}
