/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/process_clock.h"

#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "collectors/collector.h"

/* include/linux/posix-timers_types.h: ~PID << 3 is a clock of that process, 2 what the scheduler
 * counts. */
#define CLOCK_OF_PROCESS(pid) ((clockid_t)(~(pid) << 3 | 2))

uint64_t process_self(const struct root *root)
{
	char self[32];
	uint64_t pid;

	if (root_link(root, "proc/self", self, sizeof(self)) <= 0 || parse_u64(self, &pid) < 0)
		return 0;
	return pid;
}

bool process_clocks_serve(const struct reading *r, uint64_t self)
{
	return self == (uint64_t)getpid() && !reading_thorough(r);
}

uint64_t process_ran(uint32_t pid)
{
	struct timespec t;

	if (clock_gettime(CLOCK_OF_PROCESS(pid), &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

bool process_has_rested(struct process_clock *c, uint64_t ran_ns)
{
	bool same = ran_ns && ran_ns == c->ran_ns;

	c->ran_ns = ran_ns;
	return same;
}
