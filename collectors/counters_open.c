/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events of one thread: opened in groups, read, and scaled where they took turns. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "collectors/counters.h"

/* A group that was to be counted for so long and never was, never will be. */
#define STARVED_NS (2 * NS_PER_SEC)

/* What the whole thread lacks, as opposed to what the event lacks. */
static bool is_about_thread(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ESRCH || error == -EACCES ||
	       error == -EPERM || error == -ENOMEM;
}

/* What this host lacks for all threads. Others may be busy just now, or not for this one. */
static bool is_about_host(int error)
{
	return error == -ENOENT || error == -EOPNOTSUPP;
}

static struct perf_event_attr attr_of(const struct counter_event *e, enum counter_side side)
{
	struct perf_event_attr attr = e->attr;

	attr.size = sizeof(attr);
	attr.read_format =
	    PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	attr.disabled = 0;
	attr.inherit = 0;
	attr.sample_period = 0;
	attr.exclude_guest = side == SIDE_HOST;
	attr.exclude_host = side == SIDE_GUEST;
	return attr;
}

static struct counter_group *begin_group(struct vcpu_counters *v, enum counter_side side)
{
	v->group[v->groups] = (struct counter_group){ .side = side };
	return &v->group[v->groups];
}

static void keep(struct vcpu_counters *v, struct counter_group *g, size_t event, int fd)
{
	g->fd[g->n] = fd;
	g->event[g->n] = (uint8_t)event;
	if (g->n++ == 0)
		v->groups++;
}

/* Into the group, or where that has no room into one of its own. @g: NULL: there is none yet. */
static int open_event(struct vcpu_counters *v, struct counter_events *events,
    const struct counter_kernel *kernel, size_t event, enum counter_side side,
    struct counter_group **g)
{
	struct counter_event *e = &events->event[event];
	struct perf_event_attr attr = attr_of(e, side);
	int fd = -EINVAL;

	if (*g && (*g)->n < COUNTER_GROUP_MAX)
		fd = kernel->open(kernel->ctx, &attr, v->tid, (*g)->fd[0]);
	if (fd < 0 && !is_about_thread(fd)) {
		*g = NULL;
		fd = kernel->open(kernel->ctx, &attr, v->tid, -1);
	}
	if (fd < 0 && is_about_thread(fd))
		return fd;
	if (fd < 0) {
		*(is_about_host(fd) ? &e->error[side] : &e->failed[side]) = fd;
		v->incomplete |= !is_about_host(fd);
		return 0;
	}
	if (!*g)
		*g = begin_group(v, side);
	keep(v, *g, event, fd);
	return 0;
}

static bool has_event(const struct vcpu_counters *v, size_t event, enum counter_side side)
{
	for (size_t i = 0; i < v->groups; i++)
		for (size_t k = 0; k < v->group[i].n; k++)
			if (v->group[i].side == side && v->group[i].event[k] == event)
				return true;
	return false;
}

static int open_side(struct vcpu_counters *v, struct counter_events *events,
    const struct counter_kernel *kernel, enum counter_side side)
{
	struct counter_group *g = NULL;

	for (size_t i = 0; i < events->n; i++) {
		struct counter_event *e = &events->event[i];
		int r;

		if (e->software != (side == SIDE_ALL) || e->error[side] || has_event(v, i, side))
			continue;
		r = open_event(v, events, kernel, i, side, &g);
		if (r < 0)
			return r;
	}
	return 0;
}

static void close_groups(struct vcpu_counters *v, size_t from, const struct counter_kernel *kernel)
{
	/* Members first: a leader that goes makes each of them an event of its own. */
	for (size_t i = from; i < v->groups; i++)
		for (size_t k = v->group[i].n; k-- > 0;)
			kernel->close(kernel->ctx, v->group[i].fd[k]);
	v->groups = from;
}

int vcpu_counters_open(struct vcpu_counters *v, struct counter_events *events,
    const struct counter_kernel *kernel, pid_t tid)
{
	size_t had = v->groups;
	int r = 0;

	v->tid = tid;
	v->incomplete = false;
	if (!had)
		v->share = -1;
	for (enum counter_side side = 0; r == 0 && side < COUNTER_SIDES; side++)
		r = open_side(v, events, kernel, side);
	if (r < 0)
		close_groups(v, had, kernel);
	v->incomplete |= had && r < 0;
	v->error = had ? 0 : r;
	return r;
}

void vcpu_counters_close(struct vcpu_counters *v, const struct counter_kernel *kernel)
{
	close_groups(v, 0, kernel);
}

size_t vcpu_counters_descriptors(const struct vcpu_counters *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->groups; i++)
		n += v->group[i].n;
	return n;
}

/* What read() gives of a group, as PERF_FORMAT_GROUP lays it out. */
struct group_values {
	uint64_t n, enabled_ns, running_ns;
	uint64_t value[COUNTER_GROUP_MAX];
};

static void keep_values(struct counter_group *g, const struct group_values *now)
{
	g->enabled_ns = now->enabled_ns;
	g->running_ns = now->running_ns;
	memcpy(g->value, now->value, sizeof(g->value));
}

/*
 * From the last moment at which it ran to this one: what was counted then stands for all of the
 * time. A group that did not run since tells nothing, and keeps that moment.
 */
static void add_group(
    struct vcpu_counters *v, struct counter_group *g, const struct group_values *now)
{
	uint64_t enabled_ns = now->enabled_ns - g->enabled_ns;
	uint64_t running_ns = now->running_ns - g->running_ns;
	double scale = 1;

	if (now->enabled_ns < g->enabled_ns || now->running_ns < g->running_ns) {
		keep_values(g, now);
		return;
	}
	g->starved = running_ns == 0 && enabled_ns > STARVED_NS;
	if (running_ns == 0)
		return;
	if (enabled_ns > running_ns)
		scale = (double)enabled_ns / (double)running_ns;
	for (size_t k = 0; k < g->n; k++)
		if (now->value[k] > g->value[k])
			v->total[g->event[k]][g->side] +=
			    (double)(now->value[k] - g->value[k]) * scale;
	keep_values(g, now);
	if (g->side != SIDE_ALL && (v->share < 0 || 1 / scale < v->share))
		v->share = 1 / scale;
}

static enum state read_group(
    struct vcpu_counters *v, struct counter_group *g, const struct counter_kernel *kernel)
{
	struct group_values now = { 0 };
	size_t size = (3 + g->n) * sizeof(uint64_t);
	ssize_t n = kernel->read(kernel->ctx, g->fd[0], &now, sizeof(now));

	if (n < 0)
		return state_of_errno((int)n);
	/* Nothing: the kernel could not count it for this thread after all. */
	if ((size_t)n < size || now.n != g->n)
		return STATE_ABSENT;
	add_group(v, g, &now);
	return g->starved ? STATE_ABSENT : STATE_OK;
}

static void set_unopened(
    const struct vcpu_counters *v, const struct counter_events *events, struct vcpu_counts *ret)
{
	for (size_t i = 0; i < events->n; i++)
		for (enum counter_side side = 0; side < COUNTER_SIDES; side++) {
			int error = events->event[i].error[side];

			if (!error)
				error = v->error;
			ret->of[i][side] = (struct counted){
				.state = (uint8_t)(error ? state_of_errno(error) : STATE_ABSENT)
			};
		}
}

void vcpu_counters_read(struct vcpu_counters *v, const struct counter_events *events,
    const struct counter_kernel *kernel, struct vcpu_counts *ret)
{
	double before = v->share;

	set_unopened(v, events, ret);
	v->share = -1;
	for (size_t i = 0; i < v->groups; i++) {
		struct counter_group *g = &v->group[i];
		enum state state = read_group(v, g, kernel);

		for (size_t k = 0; k < g->n; k++)
			ret->of[g->event[k]][g->side] = (struct counted){
				.total = (uint64_t)v->total[g->event[k]][g->side],
				.state = (uint8_t)state,
			};
	}
	/* A thread that slept all the time keeps what it had. */
	if (v->share < 0)
		v->share = before;
	ret->share = v->share;
}
