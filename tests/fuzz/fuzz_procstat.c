/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "base/procstat.h"
#include "tests/fuzz/fuzz.h"

/* The fields that were understood, written as the kernel writes them. */
static void print_stat(const struct proc_stat *s, char *buf, size_t size)
{
	int len = snprintf(buf, size,
	    "%d (%s) %c %d 0 0 0 -1 %u %" PRIu64 " 0 %" PRIu64 " 0 %" PRIu64 " %" PRIu64
	    " 0 0 %" PRId64 " %" PRId64 " %u 0 %" PRIu64 " %" PRIu64 " %" PRIu64,
	    s->pid, s->comm, s->state, s->ppid, s->flags, s->minflt, s->majflt, s->utime_ticks,
	    s->stime_ticks, s->priority, s->nice, s->num_threads, s->starttime_ticks,
	    s->vsize_bytes, s->rss_pages);

	if (!s->has_policy)
		return;
	len += snprintf(buf + len, size - (size_t)len, " 0 0 0 0 0 0 0 0 0 0 0 0 0 17 %d %u %u",
	    s->processor, s->rt_priority, s->policy);
	if (s->has_blkio_delay)
		len += snprintf(buf + len, size - (size_t)len, " %" PRIu64, s->blkio_delay_ticks);
	if (s->has_guest_time)
		snprintf(buf + len, size - (size_t)len, " %" PRIu64 " 0\n", s->guest_time_ticks);
}

static void check_same(const struct proc_stat *a, const struct proc_stat *b)
{
	PROMISE(a->pid == b->pid && a->state == b->state && a->ppid == b->ppid);
	PROMISE(strcmp(a->comm, b->comm) == 0);
	PROMISE(a->flags == b->flags && a->minflt == b->minflt && a->majflt == b->majflt);
	PROMISE(a->utime_ticks == b->utime_ticks && a->stime_ticks == b->stime_ticks);
	PROMISE(a->priority == b->priority && a->nice == b->nice);
	PROMISE(a->num_threads == b->num_threads && a->starttime_ticks == b->starttime_ticks);
	PROMISE(a->vsize_bytes == b->vsize_bytes && a->rss_pages == b->rss_pages);
	PROMISE(a->has_policy == b->has_policy && a->has_blkio_delay == b->has_blkio_delay);
	PROMISE(a->has_guest_time == b->has_guest_time);
	PROMISE(a->blkio_delay_ticks == b->blkio_delay_ticks);
	PROMISE(a->guest_time_ticks == b->guest_time_ticks);
	if (a->has_policy)
		PROMISE(a->processor == b->processor && a->policy == b->policy &&
			a->rt_priority == b->rt_priority);
}

static void check_stat(const char *text)
{
	struct proc_stat s, again;
	char printed[1024];
	int r = proc_stat_parse(text, &s);

	PROMISE(r == 0 || r == -EINVAL);
	if (r < 0)
		return;
	PROMISE(memchr(s.comm, '\0', sizeof(s.comm)) != NULL);
	PROMISE(strstr(text, s.comm) != NULL);
	PROMISE(s.has_policy || !s.has_blkio_delay);
	PROMISE(s.has_blkio_delay || !s.has_guest_time);
	print_stat(&s, printed, sizeof(printed));
	PROMISE(proc_stat_parse(printed, &again) == 0);
	check_same(&s, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct proc_schedstat s, again;
	char printed[128];

	check_stat(text);
	if (proc_schedstat_parse(text, &s) == 0) {
		snprintf(printed, sizeof(printed), "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		    s.run_ns, s.wait_ns, s.slices);
		PROMISE(proc_schedstat_parse(printed, &again) == 0);
		PROMISE(memcmp(&s, &again, sizeof(s)) == 0);
	}
	free(text);
	return 0;
}
