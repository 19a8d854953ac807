/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/exits_ring.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpulist.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/exit_tally.h"

#define RING_BYTES ((size_t)512 << 10)
#define RING_BYTES_MIN ((size_t)16 << 10)
/* Of all rings together. */
#define RINGS_BYTES_MAX ((size_t)16 << 20)
#define SAMPLE_TYPE (PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW)

static struct perf_event_attr attr_of(uint32_t id, size_t bytes)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.sample_type = SAMPLE_TYPE,
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(bytes / 2),
		/* So that the window's limits can be told in the same clock. */
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC };

	return attr;
}

static int open_ring(const struct exits_ring *r, uint32_t cpu, struct perf_ring *ret)
{
	const uint32_t ids[] = { r->layout.exit_id, r->layout.entry_id, r->layout.user_id };
	struct perf_ring ring = { 0 };
	int error = 0;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]) && error == 0; i++) {
		struct perf_event_attr attr = attr_of(ids[i], r->bytes);

		if (ids[i] == 0)
			continue;
		error = i == 0 ? perf_ring_open(&ring, &attr, -1, (int)cpu, r->bytes)
			       : perf_ring_add(&ring, &attr, -1, (int)cpu);
	}
	if (error < 0)
		perf_ring_done(&ring);
	else
		*ret = ring;
	return error;
}

/* Without CAP_IPC_LOCK the kernel allows each user some memory for rings: less may do. */
static int open_somehow(struct exits_ring *r, uint32_t cpu, struct perf_ring *ret)
{
	int error = open_ring(r, cpu, ret);

	while ((error == -EPERM || error == -ENOMEM) && r->bytes > RING_BYTES_MIN) {
		r->bytes /= 2;
		error = open_ring(r, cpu, ret);
	}
	return error;
}

static int read_online(const struct root *root, struct cpuset *ret)
{
	char buf[4096];
	ssize_t n = root_read(root, "sys/devices/system/cpu/online", buf, sizeof(buf));

	return n < 0 ? (int)n : cpuset_parse_list(ret, buf);
}

static bool has_ring(const struct exits_ring *r, uint32_t cpu)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->cpu[i] == cpu)
			return true;
	return false;
}

/* Events of a CPU that went off are dead, and stay so when it comes back. */
static void close_gone(struct exits_ring *r, const struct cpuset *online)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (!cpuset_test(online, r->cpu[i])) {
			perf_ring_done(&r->ring[i]);
			continue;
		}
		r->cpu[kept] = r->cpu[i];
		r->ring[kept++] = r->ring[i];
	}
	r->n = kept;
}

static size_t bytes_for(size_t cpus)
{
	size_t bytes = RING_BYTES;

	while (bytes > RING_BYTES_MIN && bytes * cpus > RINGS_BYTES_MAX)
		bytes /= 2;
	return bytes;
}

static void open_new(struct exits_ring *r, const struct cpuset *online)
{
	for (int cpu = cpuset_next(online, 0); cpu >= 0;
	     cpu = cpuset_next(online, (unsigned int)cpu + 1)) {
		int error;

		if (has_ring(r, (uint32_t)cpu))
			continue;
		error = open_somehow(r, (uint32_t)cpu, &r->ring[r->n]);
		if (error == 0) {
			r->cpu[r->n++] = (uint32_t)cpu;
			continue;
		}
		/* -ENODEV: it has just gone off. */
		if (error != -ENODEV) {
			r->refused++;
			r->error = error;
		}
		/* The others would be refused alike. */
		if (error == -EACCES || error == -EPERM || error == -EMFILE)
			break;
	}
}

int exits_ring_look(struct exits_ring *r, const struct root *root, const struct exit_layout *layout)
{
	struct cpuset online = { 0 };
	int error = read_online(root, &online);
	size_t cpus = cpuset_count(&online);

	if (error == 0) {
		close_gone(r, &online);
		r->layout = *layout;
		r->refused = 0;
		r->error = 0;
		if (r->n == 0)
			r->bytes = bytes_for(cpus);
		r->ring = xrealloc(r->ring, cpus + 1, sizeof(*r->ring));
		r->cpu = xrealloc(r->cpu, cpus + 1, sizeof(*r->cpu));
		open_new(r, &online);
		r->refused = cpus - r->n;
		error = r->n ? 0 : r->error ? r->error : -ENODEV;
	}
	cpuset_done(&online);
	return error;
}

void exits_ring_close(struct exits_ring *r)
{
	for (size_t i = 0; i < r->n; i++)
		perf_ring_done(&r->ring[i]);
	free(r->ring);
	free(r->cpu);
	*r = (struct exits_ring){ 0 };
}

static void tell(struct exits_ring *r, const struct perf_sample *s, const struct exit_event *e)
{
	bool within = s->time >= r->begin_ns && s->time < r->end_ns;

	switch (e->kind) {
	case EXIT_EVENT_EXIT:
		if (within)
			exit_tally_exit(r->tally, s->tid, e->reason, s->time);
		break;
	case EXIT_EVENT_USER:
		if (within)
			exit_tally_user(r->tally, s->tid, e->reason, s->time);
		break;
	case EXIT_EVENT_ENTRY:
		/* One that comes a little too late still ends an exit that was in time. */
		if (s->time >= r->begin_ns)
			exit_tally_entry(r->tally, s->tid, s->time);
		break;
	}
}

static void take_record(void *ctx, const struct perf_record *record)
{
	struct exits_ring *r = ctx;
	struct perf_sample s;
	struct exit_event e;

	if (record->type != PERF_RECORD_SAMPLE)
		return;
	if (perf_sample_parse(record, SAMPLE_TYPE, &s) < 0 ||
	    exit_event_decode(&r->layout, s.raw, s.raw_len, &e) < 0) {
		r->damaged++;
		return;
	}
	r->records++;
	if (r->tally)
		tell(r, &s, &e);
}

static void read_ring(struct exits_ring *r, size_t i)
{
	uint64_t before = r->records;

	perf_ring_read(&r->ring[i], take_record, r);
	r->taken[i] += r->records - before;
}

static void drain(struct exits_ring *r)
{
	for (size_t i = 0; i < r->n; i++)
		read_ring(r, i);
}

static uint64_t lost_of(const struct exits_ring *r)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < r->n; i++)
		lost += r->ring[i].lost;
	return lost;
}

/* Rings that fill up before the window ends are emptied. */
static void wait_for_end(struct exits_ring *r)
{
	struct pollfd *fds = xcalloc(r->n, sizeof(*fds));
	uint64_t now_ns;

	for (size_t i = 0; i < r->n; i++)
		fds[i] = (struct pollfd){ .fd = perf_ring_fd(&r->ring[i]), .events = POLLIN };
	while ((now_ns = clock_mono_ns()) < r->end_ns) {
		struct timespec rest = { .tv_nsec = (long)((r->end_ns - now_ns) % NS_PER_SEC),
			.tv_sec = (time_t)((r->end_ns - now_ns) / NS_PER_SEC) };

		if (ppoll(fds, r->n, &rest, NULL) <= 0)
			continue;
		for (size_t i = 0; i < r->n; i++) {
			if (fds[i].revents & POLLIN)
				read_ring(r, i);
			/* Its CPU went off: it would be ready for ever. */
			if (fds[i].revents & (POLLHUP | POLLERR | POLLNVAL))
				fds[i].fd = -1;
		}
	}
	free(fds);
}

void exits_ring_watch(
    struct exits_ring *r, uint64_t window_ns, struct exit_tally *tally, struct exit_window *ret)
{
	uint64_t lost;

	/* What was left from before is of no window. */
	r->tally = NULL;
	r->taken = xcalloc(r->n + 1, sizeof(*r->taken));
	drain(r);
	memset(r->taken, 0, r->n * sizeof(*r->taken));
	lost = lost_of(r);
	r->records = r->busiest = 0;
	for (size_t i = 0; i < r->n; i++)
		perf_ring_switch(&r->ring[i], true);
	r->tally = tally;
	r->begin_ns = clock_mono_ns();
	r->end_ns = r->begin_ns + window_ns;
	wait_for_end(r);
	for (size_t i = 0; i < r->n; i++)
		perf_ring_switch(&r->ring[i], false);
	drain(r);
	r->tally = NULL;
	for (size_t i = 0; i < r->n; i++)
		r->busiest = r->taken[i] > r->busiest ? r->taken[i] : r->busiest;
	free(r->taken);
	r->taken = NULL;
	*ret = (struct exit_window){ .begin_ns = r->begin_ns,
		.end_ns = r->end_ns,
		.records = r->records,
		/* An exit is two records, that of the entry too. */
		.most = r->busiest / 2,
		.lost = lost_of(r) - lost };
}
