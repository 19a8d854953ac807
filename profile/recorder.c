/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/recorder.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/perf_ring.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "profile/tally.h"

/* A thread at 1000 samples a second fills it within a second. */
#define RING_BYTES ((size_t)32768)
#define SAMPLE_TYPE (PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD)

struct sampled {
	uint32_t tid;
	struct perf_ring ring;
};

struct recorder {
	const struct root *root;
	uint32_t pid;
	struct perf_event_attr attr;
	struct sampled *thread;
	size_t n, cap;
	struct recorder_facts facts;
};

static struct perf_event_attr attr_of(bool by_cycles, bool user_only, unsigned hertz)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.type = by_cycles ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE,
		.config = by_cycles ? (uint64_t)PERF_COUNT_HW_CPU_CYCLES
				    : (uint64_t)PERF_COUNT_SW_CPU_CLOCK,
		.sample_freq = hertz,
		.freq = 1,
		.sample_type = SAMPLE_TYPE,
		.exclude_kernel = user_only,
		.exclude_hv = 1,
	};
}

static bool is_refused(int error)
{
	return error == -EACCES || error == -EPERM;
}

static int try_way(
    struct recorder *r, bool by_cycles, bool user_only, unsigned hertz, struct perf_ring *ret)
{
	int error;

	r->attr = attr_of(by_cycles, user_only, hertz);
	error = perf_ring_open(ret, &r->attr, (pid_t)r->pid, -1, RING_BYTES);
	if (error == 0) {
		r->facts.by_cycles = by_cycles;
		r->facts.user_only = user_only;
	}
	return error;
}

/* Which event this host lets us sample: cycles before the clock, all before user space only. */
static int choose(struct recorder *r, unsigned hertz, struct perf_ring *ret)
{
	int error = -ENOENT, refused = 0;

	for (int way = 0; way < 4; way++) {
		/* Less is asked for only where a right was missing. */
		if (way == 2 && !refused)
			break;
		error = try_way(r, way % 2 == 0, way >= 2, hertz, ret);
		if (error == 0 || error == -ESRCH)
			return error;
		if (is_refused(error))
			refused = error;
	}
	return refused ? refused : error;
}

static bool has_thread(const struct recorder *r, uint32_t tid)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->thread[i].tid == tid)
			return true;
	return false;
}

static void keep(struct recorder *r, uint32_t tid, const struct perf_ring *ring)
{
	r->thread = xgrow(r->thread, r->n, &r->cap, sizeof(*r->thread));
	r->thread[r->n] = (struct sampled){ .tid = tid, .ring = *ring };
	perf_ring_switch(&r->thread[r->n].ring, true);
	r->n++;
	r->facts.threads++;
}

static void leave_out(struct recorder *r, int error)
{
	if (r->facts.left_out++ == 0)
		r->facts.left_error = error;
}

/* A thread that cannot be sampled stays in the list, so that it is not tried over and over. */
static void add_thread(struct recorder *r, uint32_t tid)
{
	struct perf_ring ring = { 0 };
	int error = -EMFILE;

	if (has_thread(r, tid))
		return;
	if (r->n < RECORDER_THREADS_MAX)
		error = perf_ring_open(&ring, &r->attr, (pid_t)tid, -1, RING_BYTES);
	if (error == -ESRCH)
		return;
	if (error == 0) {
		keep(r, tid, &ring);
		return;
	}
	leave_out(r, error);
	if (r->n < RECORDER_THREADS_MAX) {
		r->thread = xgrow(r->thread, r->n, &r->cap, sizeof(*r->thread));
		r->thread[r->n++] = (struct sampled){ .tid = tid };
	}
}

static void list_threads(struct recorder *r)
{
	struct numbers tids = { 0 };
	char path[48];

	snprintf(path, sizeof(path), "proc/%u/task", r->pid);
	if (root_list_numbers(r->root, path, &tids) == 0)
		for (size_t i = 0; i < tids.n; i++)
			add_thread(r, tids.v[i]);
	numbers_done(&tids);
}

int recorder_open(const struct root *root, uint32_t pid, const uint32_t *others, size_t n,
    unsigned hertz, struct recorder **ret)
{
	struct recorder *r = xcalloc(1, sizeof(*r));
	struct perf_ring first = { 0 };
	int error;

	r->root = root;
	r->pid = pid;
	error = choose(r, hertz, &first);
	if (error < 0) {
		free(r);
		return error;
	}
	/* The process's first thread bears its number. */
	keep(r, pid, &first);
	list_threads(r);
	for (size_t i = 0; i < n; i++)
		add_thread(r, others[i]);
	*ret = r;
	return 0;
}

void recorder_close(struct recorder *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		if (perf_ring_is_open(&r->thread[i].ring))
			perf_ring_switch(&r->thread[i].ring, false);
	for (size_t i = 0; i < r->n; i++)
		perf_ring_done(&r->thread[i].ring);
	free(r->thread);
	free(r);
}

static enum cpu_mode mode_of(uint16_t misc)
{
	switch (misc & PERF_RECORD_MISC_CPUMODE_MASK) {
	case PERF_RECORD_MISC_KERNEL:
		return CPU_HOST_KERNEL;
	case PERF_RECORD_MISC_USER:
		return CPU_HOST_USER;
	case PERF_RECORD_MISC_GUEST_KERNEL:
		return CPU_GUEST_KERNEL;
	case PERF_RECORD_MISC_GUEST_USER:
		return CPU_GUEST_USER;
	default:
		return CPU_OTHER;
	}
}

void recorder_take(struct tally *tally, const struct perf_record *record)
{
	struct perf_sample s;

	if (record->type == PERF_RECORD_SAMPLE && perf_sample_parse(record, SAMPLE_TYPE, &s) == 0)
		tally_add(tally, mode_of(record->misc), s.tid, s.ip, s.period);
}

static void take_record(void *ctx, const struct perf_record *record)
{
	recorder_take(ctx, record);
}

static void read_ring(struct recorder *r, struct perf_ring *ring, struct tally *tally)
{
	uint64_t lost = ring->lost, throttled = ring->throttled;

	perf_ring_read(ring, take_record, tally);
	r->facts.lost += ring->lost - lost;
	r->facts.throttled += ring->throttled - throttled;
}

static bool has_ended(const struct perf_ring *ring)
{
	struct pollfd fd = { .fd = perf_ring_fd(ring) };

	return perf_ring_is_open(ring) && poll(&fd, 1, 0) == 1 && (fd.revents & POLLHUP);
}

/* Threads that have ended give their rings back; another one may get their number. */
static void read_rings(struct recorder *r, struct tally *tally)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct sampled *s = &r->thread[i];
		/* Asked first: what it wrote last is read all the same. */
		bool ended = has_ended(&s->ring);

		read_ring(r, &s->ring, tally);
		if (ended)
			perf_ring_done(&s->ring);
		else
			r->thread[n++] = *s;
	}
	r->n = n;
}

void recorder_read(struct recorder *r, struct tally *tally)
{
	read_rings(r, tally);
	list_threads(r);
}

size_t recorder_threads(const struct recorder *r)
{
	return r->n;
}

const struct recorder_facts *recorder_facts(const struct recorder *r)
{
	return &r->facts;
}
