/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts hardware and software events in the threads of vCPUs, as long as somebody looks at them:
 * cycles, instructions, misses, in the guest and in the host on its behalf.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/counters.h"

/* Descriptors that counters may hold: so many, and no more than a part of those that we may have.
 */
#define DESCRIPTORS_MAX 8192
#define DESCRIPTORS_PART 4
/* Whoever looks away for a moment finds the counters as they were. */
#define REST_AFTER_NS (5 * NS_PER_SEC)
/* What could not be opened is tried again after so long: a right may come. */
#define AGAIN_NS (10 * NS_PER_SEC)

struct counters {
	const struct counter_kernel *kernel;
	const char *list;
	struct counter_events events;
	bool begun;
	struct vcpu_counters *vcpu;
	size_t n, cap;
	size_t descriptors, descriptors_max;
	uint64_t again_ns;

	/* In this reading. */
	bool again; /* what failed is tried again */
	size_t counted, left_out, denied;
	double share; /* the least of all vCPUs; -1: none */
	bool starved;
};

static size_t find_descriptors_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	return limit.rlim_cur / DESCRIPTORS_PART < DESCRIPTORS_MAX
		   ? (size_t)limit.rlim_cur / DESCRIPTORS_PART
		   : DESCRIPTORS_MAX;
}

void *counters_new(const struct sampling *options, const struct counter_kernel *kernel)
{
	struct counters *c = xcalloc(1, sizeof(*c));

	c->kernel = kernel;
	c->list = options->events;
	c->descriptors_max = find_descriptors_max();
	return c;
}

void *counters_open(const struct sampling *options)
{
	return counters_new(options, &counter_kernel_live);
}

static void close_vcpu(struct counters *c, struct vcpu_counters *v)
{
	c->descriptors -= vcpu_counters_descriptors(v);
	vcpu_counters_close(v, c->kernel);
}

static bool close_all(struct counters *c)
{
	for (size_t i = 0; i < c->n; i++)
		close_vcpu(c, &c->vcpu[i]);
	c->n = 0;
	return true;
}

void counters_close(void *state)
{
	struct counters *c = state;

	if (!c)
		return;
	close_all(c);
	free(c->vcpu);
	free(c);
}

/* Counting costs the guests a little, so it ends when nobody has looked for a while. */
static bool rest(void *state, uint64_t hidden_ns)
{
	return hidden_ns > REST_AFTER_NS && close_all(state);
}

/* Names are resolved when they are first needed; what failed for a reason that may pass is tried
 * again now and then. */
static void begin(struct counters *c, const struct reading *r)
{
	if (!c->begun) {
		counter_events_init(&c->events, c->list, c->kernel);
		c->begun = true;
	}
	counters_note_events(r, &c->events);
	c->again = false;
	if (r->now_ns < c->again_ns)
		return;
	c->again_ns = r->now_ns + AGAIN_NS;
	c->again = true;
	for (size_t i = 0; i < c->n; i++)
		if (c->vcpu[i].groups == 0)
			c->vcpu[i].error = 0;
	for (size_t i = 0; i < c->events.n; i++)
		memset(c->events.event[i].failed, 0, sizeof(c->events.event[i].failed));
}

/* Rows keep their order, so the hint is nearly always right. */
static struct vcpu_counters *find_vcpu(struct counters *c, struct key key, size_t hint)
{
	if (hint < c->n && key_equal(c->vcpu[hint].key, key))
		return &c->vcpu[hint];
	for (size_t i = 0; i < c->n; i++)
		if (key_equal(c->vcpu[i].key, key))
			return &c->vcpu[i];
	c->vcpu = xgrow(c->vcpu, c->n, &c->cap, sizeof(*c->vcpu));
	c->vcpu[c->n] = (struct vcpu_counters){ .key = key, .share = -1 };
	return &c->vcpu[c->n++];
}

/* All its events, should each of them be opened on its own. */
static size_t descriptors_wanted(const struct counter_events *events)
{
	size_t n = 0;

	for (size_t i = 0; i < events->n; i++)
		for (enum counter_side side = 0; side < COUNTER_SIDES; side++)
			n += events->event[i].software == (side == SIDE_ALL) &&
			     !events->event[i].error[side];
	return n;
}

static void open_vcpu(struct counters *c, struct vcpu_counters *v, const struct row *row)
{
	double tid = cell_number(row, VCPU_TID, 0);
	size_t had = vcpu_counters_descriptors(v);

	if ((v->groups > 0 && !(v->incomplete && c->again)) || v->error)
		return;
	if (!(tid >= 1 && tid <= INT32_MAX)) {
		v->error = -ESRCH;
		return;
	}
	if (!had && c->descriptors + descriptors_wanted(&c->events) > c->descriptors_max) {
		v->error = -EMFILE;
		return;
	}
	vcpu_counters_open(v, &c->events, c->kernel, (pid_t)tid);
	c->descriptors += vcpu_counters_descriptors(v) - had;
}

static bool is_starved(const struct vcpu_counters *v)
{
	for (size_t i = 0; i < v->groups; i++)
		if (v->group[i].starved)
			return true;
	return false;
}

static void read_vcpu(struct counters *c, struct reading *r, const struct row *row, size_t hint)
{
	struct vcpu_counters *v = find_vcpu(c, row->key, hint);
	struct vcpu_counts counts;

	v->seen = true;
	open_vcpu(c, v, row);
	vcpu_counters_read(v, &c->events, c->kernel, &counts);
	counters_write(r, row, &c->events, &counts);
	counters_note(r, row, &c->events, &counts);
	c->counted += v->groups > 0;
	c->left_out += v->error == -EMFILE || v->error == -ENFILE;
	c->denied += v->error == -EACCES || v->error == -EPERM;
	c->starved |= is_starved(v);
	if (v->share >= 0 && (c->share < 0 || v->share < c->share))
		c->share = v->share;
}

/* Those whose vCPU has gone. */
static void sweep(struct counters *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->vcpu[i].seen)
			c->vcpu[n++] = c->vcpu[i];
		else
			close_vcpu(c, &c->vcpu[i]);
	}
	c->n = n;
}

static const char *why_absent(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	case -EOPNOTSUPP:
		return "this host has no hardware PMU that counts them";
	case -EBUSY:
		return "something else holds the PMU";
	case COUNTER_NAMELESS:
		return "libpfm4 knows none on this CPU that tell them";
	default:
		return strerror(-error);
	}
}

/* The events that no thread here can have, and why: the first reason stands for all. */
static void note_absent(struct reading *r, const struct counter_events *events)
{
	size_t absent = 0, hardware = 0;
	const char *first = NULL;
	int error = 0;

	for (size_t i = 0; i < events->n; i++) {
		const struct counter_event *e = &events->event[i];
		int missing = e->error[SIDE_GUEST] ? e->error[SIDE_GUEST] : e->error[SIDE_HOST];

		hardware += !e->software;
		if (e->software || !missing)
			continue;
		absent++;
		first = first ? first : e->name;
		error = error ? error : missing;
	}
	if (!absent)
		return;
	if (absent == hardware)
		reading_note(r, "Software events only: %s.", why_absent(error));
	else
		reading_note(r, "%zu event%s, such as %s, not counted: %s.", absent,
		    absent == 1 ? "" : "s", first, why_absent(error));
}

/* Those that some vCPU could not have, though the host has them. */
static void note_failed(struct reading *r, const struct counter_events *events)
{
	size_t failed = 0;
	const char *first = NULL;
	int error = 0;

	for (size_t i = 0; i < events->n; i++) {
		const struct counter_event *e = &events->event[i];

		for (int side = 0; side < COUNTER_SIDES && !error; side++)
			error = e->failed[side];
		if (!e->failed[SIDE_GUEST] && !e->failed[SIDE_HOST] && !e->failed[SIDE_ALL])
			continue;
		failed++;
		first = first ? first : e->name;
	}
	if (failed)
		reading_lacks(r, "%zu event%s, such as %s, not counted in all vCPUs: %s.", failed,
		    failed == 1 ? "" : "s", first, why_absent(error));
}

static enum state note_all(const struct counters *c, struct reading *r, size_t vcpus)
{
	const struct counter_events *events = &c->events;

	if (events->no_library)
		reading_lacks(r, "libpfm4, which names the events, is not installed.");
	else if (events->unknown[0])
		reading_lacks(
		    r, "libpfm4 knows no event '%s' on this CPU (--events).", events->unknown);
	if (events->too_many)
		reading_lacks(r, "%zu events are too many: at most %d are counted.",
		    events->too_many, COUNTER_EVENTS_MAX);
	if (c->denied)
		reading_lacks(r,
		    "%zu vCPU%s not counted: that takes CAP_PERFMON (kernel.perf_event_paranoid).",
		    c->denied, c->denied == 1 ? "" : "s");
	if (c->left_out)
		reading_lacks(r,
		    "%zu of %zu vCPUs not counted: no more than %zu descriptors may be used "
		    "(ulimit -n).",
		    c->left_out, vcpus, c->descriptors_max);
	if (c->counted)
		note_absent(r, events);
	note_failed(r, events);
	if (c->starved)
		reading_lacks(r, "Some events never get a counter: others hold them (the NMI "
				 "watchdog, or another perf).");
	if (c->share >= 0 && c->share < 0.995)
		reading_note(r,
		    "Events took turns: counted %.0f %% of the time at least, and scaled.",
		    100 * c->share);
	return c->counted || vcpus == 0 ? STATE_OK : c->denied ? STATE_DENIED : STATE_ABSENT;
}

static void begin_reading(struct counters *c)
{
	c->counted = c->left_out = c->denied = 0;
	c->share = -1;
	c->starved = false;
	for (size_t i = 0; i < c->n; i++)
		c->vcpu[i].seen = false;
}

static enum state read_live(struct counters *c, struct reading *r)
{
	const struct table *t = &r->latest->table[TABLE_VCPU];
	size_t vcpus = 0;
	enum state state;

	begin(c, r);
	begin_reading(c);
	for (size_t i = 0; i < t->n; i++)
		if (t->row[i]->domain)
			read_vcpu(c, r, t->row[i], vcpus++);
	sweep(c);
	r->rest = rest;
	state = note_all(c, r, vcpus);
	root_note(r->root, "kvmtop/counters/note", r->note, strlen(r->note));
	return state;
}

static enum state read_captured(struct counters *c, struct reading *r)
{
	const struct table *t = &r->latest->table[TABLE_VCPU];
	char note[sizeof(r->note)];

	if (counters_captured_events(r, &c->events) < 0) {
		reading_note(r, "Nobody counted events when this host was captured.");
		return STATE_ABSENT;
	}
	for (size_t i = 0; i < t->n; i++) {
		struct vcpu_counts counts;

		if (t->row[i]->domain && counters_captured(r, t->row[i], &c->events, &counts) == 0)
			counters_write(r, t->row[i], &c->events, &counts);
	}
	if (root_read(r->root, "kvmtop/counters/note", note, sizeof(note)) > 0)
		reading_note(r, "%s", note);
	return STATE_OK;
}

enum state counters_read(struct reading *r)
{
	if (!r->latest)
		return STATE_ABSENT;
	return root_is_live(r->root) ? read_live(r->state, r) : read_captured(r->state, r);
}
