/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/procstat.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/parse.h"

/* Numbers of the fields, counted from 1 as proc(5) does. */
enum {
	FIELD_STATE = 3,
	FIELD_PPID = 4,
	FIELD_FLAGS = 9,
	FIELD_MINFLT = 10,
	FIELD_MAJFLT = 12,
	FIELD_UTIME = 14,
	FIELD_STIME = 15,
	FIELD_PRIORITY = 18,
	FIELD_NICE = 19,
	FIELD_NUM_THREADS = 20,
	FIELD_STARTTIME = 22,
	FIELD_VSIZE = 23,
	FIELD_RSS = 24,
	FIELD_PROCESSOR = 39,
	FIELD_RT_PRIORITY = 40,
	FIELD_POLICY = 41,
	FIELD_BLKIO_DELAY = 42,
	FIELD_GUEST_TIME = 43,
	FIELD_WANTED = FIELD_GUEST_TIME,
};

static int take_i32(struct slice field, int32_t *ret)
{
	int64_t value;
	int r = slice_i64(field, &value);

	if (r < 0)
		return r;
	if (value < INT32_MIN || value > INT32_MAX)
		return -ERANGE;
	*ret = (int32_t)value;
	return 0;
}

static int take_u32(struct slice field, uint32_t *ret)
{
	uint64_t value;
	int r = slice_u64(field, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

/* A size that the kernel keeps in counters per CPU and may, for a moment, find below zero. */
static int take_size(struct slice field, uint64_t *ret)
{
	int64_t value;

	if (slice_starts(field, "-") && slice_i64(field, &value) == 0) {
		*ret = 0;
		return 0;
	}
	return slice_u64(field, ret);
}

static int take_state(struct slice field, char *ret)
{
	if (field.len != 1)
		return -EINVAL;
	*ret = field.p[0];
	return 0;
}

static int take_late_field(unsigned int number, struct slice field, struct proc_stat *s)
{
	int r = 0;

	switch (number) {
	case FIELD_PROCESSOR:
		r = take_i32(field, &s->processor);
		break;
	case FIELD_RT_PRIORITY:
		r = take_u32(field, &s->rt_priority);
		break;
	case FIELD_POLICY:
		r = take_u32(field, &s->policy);
		s->has_policy = r == 0;
		break;
	case FIELD_BLKIO_DELAY:
		r = slice_u64(field, &s->blkio_delay_ticks);
		s->has_blkio_delay = r == 0;
		break;
	case FIELD_GUEST_TIME:
		r = slice_u64(field, &s->guest_time_ticks);
		s->has_guest_time = r == 0;
		break;
	default:
		break;
	}
	return r;
}

static int take_field(unsigned int number, struct slice field, struct proc_stat *s)
{
	switch (number) {
	case FIELD_STATE:
		return take_state(field, &s->state);
	case FIELD_PPID:
		return take_i32(field, &s->ppid);
	case FIELD_FLAGS:
		return take_u32(field, &s->flags);
	case FIELD_MINFLT:
		return slice_u64(field, &s->minflt);
	case FIELD_MAJFLT:
		return slice_u64(field, &s->majflt);
	case FIELD_UTIME:
		return slice_u64(field, &s->utime_ticks);
	case FIELD_STIME:
		return slice_u64(field, &s->stime_ticks);
	case FIELD_PRIORITY:
		return slice_i64(field, &s->priority);
	case FIELD_NICE:
		return slice_i64(field, &s->nice);
	case FIELD_NUM_THREADS:
		return take_u32(field, &s->num_threads);
	case FIELD_STARTTIME:
		return slice_u64(field, &s->starttime_ticks);
	case FIELD_VSIZE:
		return slice_u64(field, &s->vsize_bytes);
	case FIELD_RSS:
		return take_size(field, &s->rss_pages);
	default:
		return take_late_field(number, field, s);
	}
}

int proc_stat_parse(const char *text, struct proc_stat *ret)
{
	struct proc_stat s = { .processor = -1 };
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned int number = FIELD_STATE;
	struct slice pid, field;
	struct cursor c;

	if (open == NULL || close == NULL || close < open)
		return -EINVAL;
	pid = slice_trim((struct slice){ text, (size_t)(open - text) });
	if (take_i32(pid, &s.pid) < 0 || s.pid < 0)
		return -EINVAL;
	slice_copy((struct slice){ open + 1, (size_t)(close - open - 1) }, s.comm, sizeof(s.comm));
	cursor_init(&c, close + 1, strlen(close + 1));
	while (number <= FIELD_WANTED && cursor_field(&c, &field)) {
		if (take_field(number, field, &s) < 0)
			return -EINVAL;
		number++;
	}
	if (number <= FIELD_RSS)
		return -EINVAL;
	*ret = s;
	return 0;
}

int proc_schedstat_parse(const char *text, struct proc_schedstat *ret)
{
	struct proc_schedstat s;
	struct cursor c;

	cursor_init(&c, text, strlen(text));
	if (cursor_u64(&c, &s.run_ns) < 0 || cursor_u64(&c, &s.wait_ns) < 0 ||
	    cursor_u64(&c, &s.slices) < 0 || cursor_rest(&c).len > 0)
		return -EINVAL;
	*ret = s;
	return 0;
}
