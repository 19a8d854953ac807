/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exits by reason. Every exit is counted in the kernel where that is possible, else they are
 * sampled in windows; both only while somebody looks, and in a lane of their own, because opening,
 * closing and watching take their time.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/exits_bpf.h"
#include "collectors/exits_counts.h"
#include "collectors/exits_kvm.h"
#include "collectors/exits_ring.h"
#include "collectors/exits_rows.h"

/* A tenth of the time; but no more than makes the busiest CPU write records for BURDEN of its time.
 */
#define WINDOW_NS (50 * NS_PER_MS)
#define WINDOW_MIN_NS (5 * NS_PER_MS)
#define BURDEN 0.015
/* Records of that CPU that a window holds in any case: with fewer no mean of a reason is worth
 * showing, and fewer cost little. */
#define ENOUGH 10000
/* The first counts are worth showing after so long. */
#define FIRST_NS (100 * NS_PER_MS)
/* Figures cover so much at least, and as much again at most. */
#define SPAN_NS (2 * NS_PER_SEC)
/* Nobody looks: after so long everything is closed, and costs the guests nothing at all. */
#define REST_NS (3 * NS_PER_SEC)
#define WHY_SIZE 120
/* Room for vCPUs that are yet to come. */
#define SPARE_THREADS 64

struct exits {
	struct exit_tally *tally;
	struct exits_vcpus vcpus; /* of the reading that goes on */
	struct exits_ring ring;
	struct exits_kvm kvm;
	enum exits_mode mode;
	struct exits_bpf *bpf;
	bool bpf_refused;
	bool too_many; /* to be counted; they are sampled until there are fewer */
	char bpf_why[WHY_SIZE];
	uint64_t span_ns;
	uint64_t begin_ns; /* of the window before; 0: none since it was opened */
	uint64_t cycle_ns; /* from window to window, in the mean */
	uint64_t window_ns;
	uint64_t cpu_ns; /* of this reading */
	double own_cpus;
};

static uint32_t guest_of(void *ctx, uint32_t tid)
{
	const struct exits *e = ctx;

	return exits_guest_of(&e->vcpus, tid);
}

static bool lives(void *ctx, uint32_t tid)
{
	return guest_of(ctx, tid) != 0;
}

void *exits_open(const struct sampling *options)
{
	struct exits *e = xcalloc(1, sizeof(*e));

	e->tally = exit_tally_new(guest_of, e);
	e->mode = options->exits;
	e->window_ns = WINDOW_NS;
	e->span_ns = options->interval_ns / 2 > SPAN_NS ? options->interval_ns / 2 : SPAN_NS;
	return e;
}

static void stop(struct exits *e)
{
	exits_bpf_close(e->bpf);
	e->bpf = NULL;
	e->bpf_refused = e->too_many = false;
	exits_ring_close(&e->ring);
	exits_kvm_clear(&e->kvm);
	exit_tally_clear(e->tally);
	e->begin_ns = e->cycle_ns = 0;
	e->own_cpus = 0;
}

void exits_close(void *state)
{
	struct exits *e = state;

	if (!e)
		return;
	stop(e);
	exit_tally_free(e->tally);
	free(e);
}

/* Counting costs as long as it lasts, silent rings next to nothing. */
static bool rest(void *state, uint64_t hidden_ns)
{
	struct exits *e = state;

	if (!e->bpf && hidden_ns < REST_NS)
		return false;
	stop(e);
	return true;
}

/* The state says that there is nothing; these say why. */
static void lack_layout(struct reading *r, const char *event, int error)
{
	switch (error) {
	case -ENODEV:
		reading_note(r, "tracefs is not mounted "
				"(mount -t tracefs none /sys/kernel/tracing).");
		break;
	case -ENOENT:
		reading_note(r, "This kernel has no tracepoint %s: KVM is not loaded.", event);
		break;
	case -EPERM:
		reading_note(r, "The kernel is locked down: tracefs gives nothing away.");
		break;
	case -EACCES:
		reading_note(r, "tracefs needs CAP_DAC_READ_SEARCH.");
		break;
	case -ENOTSUP:
		reading_note(
		    r, "The tracepoint %s has other fields than any that is known.", event);
		break;
	case -EMFILE:
	case -ENFILE:
		reading_note(r, "Too few descriptors (ulimit -n).");
		break;
	default:
		reading_note(r, "What tracefs says of %s makes no sense.", event);
	}
}

static void lack_rings(struct reading *r, int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		reading_note(r, "perf_event_open is refused: it needs CAP_PERFMON "
				"(kernel.perf_event_paranoid, lockdown).");
		break;
	case -EMFILE:
	case -ENFILE:
		reading_note(r, "Too few descriptors for a ring on each CPU (ulimit -n).");
		break;
	case -ENOMEM:
		reading_note(r, "No memory for rings (ulimit -l, kernel.perf_event_mlock_kb).");
		break;
	default:
		reading_note(r, "No ring could be opened: %s.", strerror(-error));
	}
}

static void wait_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / NS_PER_SEC),
		.tv_nsec = (long)(ns % NS_PER_SEC) };

	nanosleep(&t, NULL);
}

/* What cannot be had now is not asked for again until the screen is shown anew. */
static void open_bpf(
    struct exits *e, const struct root *root, const struct exit_layout *layout, size_t vcpus)
{
	size_t room = vcpus + vcpus / 4 + SPARE_THREADS;

	if (e->bpf && exits_bpf_room(e->bpf) < vcpus) {
		exits_bpf_close(e->bpf);
		e->bpf = NULL;
	}
	if (e->bpf || e->bpf_refused)
		return;
	if (e->mode == EXITS_SAMPLE) {
		snprintf(e->bpf_why, sizeof(e->bpf_why), "--exits=sample");
		e->bpf_refused = true;
		return;
	}
	if (!exits_counts_know_threads(root)) {
		snprintf(e->bpf_why, sizeof(e->bpf_why),
		    "in a pid namespace of its own kvmtop knows threads by other numbers");
		e->bpf_refused = true;
		return;
	}
	if (exits_bpf_open(layout, room, &e->bpf, e->bpf_why, sizeof(e->bpf_why)) == 0)
		wait_ns(FIRST_NS);
	else
		e->bpf_refused = true;
}

static int count(struct exits *e, struct exit_window *ret)
{
	int error = exits_bpf_read(e->bpf, e->tally, ret);

	if (error == 0) {
		exits_bpf_forget(e->bpf, lives, e);
		return 0;
	}
	snprintf(
	    e->bpf_why, sizeof(e->bpf_why), "the counts could not be read: %s", strerror(-error));
	exits_bpf_close(e->bpf);
	e->bpf = NULL;
	e->bpf_refused = true;
	exit_tally_clear(e->tally);
	return error;
}

/* By what the window before has had. */
static void choose_window(struct exits *e)
{
	double cycle_ns = e->cycle_ns ? (double)e->cycle_ns : 10.0 * (double)WINDOW_NS;
	double writing = (double)(e->ring.busiest * EXIT_RECORD_NS) / (double)e->window_ns;
	double most_ns = writing > 0 ? BURDEN * cycle_ns / writing : WINDOW_NS;

	if (e->ring.busiest > 0)
		most_ns = fmax(most_ns, ENOUGH * (double)e->window_ns / (double)e->ring.busiest);
	if (most_ns > (double)WINDOW_NS)
		e->window_ns = WINDOW_NS;
	else
		e->window_ns = most_ns > (double)WINDOW_MIN_NS ? (uint64_t)most_ns : WINDOW_MIN_NS;
}

/* 0 or -errno; then nothing was read, and it was said why. */
static int watch(struct reading *r, struct exit_window *ret)
{
	struct exits *e = r->state;
	struct exit_layout layout;
	const char *event;
	int error = exit_layout_read(r->root, &layout, &event);

	if (error < 0) {
		lack_layout(r, event, error);
		stop(e);
		return error;
	}
	open_bpf(e, r->root, &layout, e->vcpus.n);
	if (e->bpf && count(e, ret) == 0)
		return 0;
	error = exits_ring_look(&e->ring, r->root, &layout);
	if (error < 0) {
		lack_rings(r, error);
		return error;
	}
	choose_window(e);
	exits_ring_watch(&e->ring, e->window_ns, e->tally, ret);
	return 0;
}

/* For the readings to come. */
static void choose_way(struct exits *e, const struct exit_window *window)
{
	double rate =
	    (double)window->most * NS_PER_SEC / (double)(window->end_ns - window->begin_ns + 1);
	bool too_many = exits_are_too_many(window, e->too_many);

	if (too_many == e->too_many || (too_many && !e->bpf))
		return;
	stop(e);
	if (!too_many)
		return;
	e->too_many = e->bpf_refused = true;
	snprintf(e->bpf_why, sizeof(e->bpf_why),
	    "a vCPU left its guest %.0f times a second, and would lose a tenth of its time", rate);
}

static void measure(struct exits *e, const struct exit_window *window, uint64_t cpu_ns)
{
	uint64_t cycle_ns = window->begin_ns - e->begin_ns;
	double own;

	/* After a pause the rhythm begins anew. */
	if (e->begin_ns && cycle_ns < 10 * NS_PER_SEC) {
		e->cycle_ns = e->cycle_ns ? (3 * e->cycle_ns + cycle_ns) / 4 : cycle_ns;
		own = (double)cpu_ns / (double)cycle_ns;
		e->own_cpus = e->own_cpus > 0 ? (3 * e->own_cpus + own) / 4 : own;
	}
	e->begin_ns = window->begin_ns;
}

static bool is_scaled(const struct exits_found *found)
{
	for (size_t i = 0; i < found->n; i++)
		if (found->figures[i].scale > 0)
			return true;
	return false;
}

/* What part of the host's exits the kernel's counts had no room to tell apart. */
static double part_of_others(const struct exits_found *found)
{
	double exits = 0, others = 0;

	for (size_t i = 0; i < found->n; i++) {
		const struct exit_figures *f = &found->figures[i];

		if (f->level != EXIT_OF_HOST || f->reason.isa == EXIT_TO_USER)
			continue;
		exits += f->rate;
		others += f->reason.code == EXIT_OTHER ? f->rate : 0;
	}
	return exits > 0 ? others / exits : 0;
}

/* The tracepoint is there, and yet nothing comes of it: so where KVM runs below another hypervisor
 * that keeps its exits to itself. */
static bool lacks_exits(const struct exits_found *found)
{
	for (size_t i = 0; i < found->n; i++)
		if (found->figures[i].reason.isa != EXIT_TO_USER)
			return false;
	return found->n > 0;
}

/* Whether some exits outlast the windows, so that times of theirs are not known. */
static bool has_longer(const struct exits_found *found)
{
	for (size_t i = 0; i < found->n; i++)
		if (found->figures[i].timed && found->figures[i].max <= 0)
			return true;
	return false;
}

static void note_method(struct reading *r, const struct exits_found *found)
{
	const struct exits *e = r->state;
	double window_ms = (double)e->window_ns / NS_PER_MS;

	if (lacks_exits(found))
		reading_note(r, "This KVM reports no kvm_exit: what it handles itself, and how "
				"long exits take, is not known.");
	if (found->counted && lacks_exits(found))
		reading_note(r, "Every exit to user space is counted, in the kernel.");
	else if (found->counted)
		reading_note(r, "Every exit is counted, in the kernel.");
	else
		reading_note(r, "Sampled, %.1f %% of the time: %.0f ms of every %.0f ms.",
		    found->duty * 100, window_ms, found->duty > 0 ? window_ms / found->duty : 0);
	if (!found->counted && is_scaled(found))
		reading_note(r, "Scaled to the exits that KVM counts of each guest.");
	if (!found->counted && e->bpf_why[0])
		reading_note(r, "Not counted: %s.", e->bpf_why);
	if (!found->counted && has_longer(found))
		reading_note(r,
		    "Some exits outlast %.0f ms: of their reasons the longest is not known.",
		    window_ms);
	if (part_of_others(found) > 0)
		reading_lacks(r,
		    "%.1f %% of the exits are of reasons beyond the first %d of a vCPU.",
		    part_of_others(found) * 100, EXITS_OTHER_EXITS);
	if (found->lost > 0)
		reading_lacks(r, "%.1f %% of the records were lost.", found->lost * 100);
	if (e->ring.refused && !found->counted)
		reading_lacks(r, "%zu CPUs are not watched: %s.", e->ring.refused,
		    e->ring.error == -EMFILE ? "too few descriptors (ulimit -n)"
					     : strerror(-e->ring.error));
	if (e->ring.damaged)
		reading_lacks(
		    r, "%llu records made no sense.", (unsigned long long)e->ring.damaged);
	if (exit_tally_left_out(e->tally))
		reading_lacks(r, "There are more vCPUs and reasons than there is room for.");
}

static enum state read_live(struct reading *r)
{
	struct exits *e = r->state;
	struct exits_found found = { 0 };
	struct exit_window window;
	uint64_t cpu_ns = clock_thread_cpu_ns();
	int error;

	r->rest = rest;
	exit_tally_turn(e->tally, r->now_ns, e->span_ns);
	/* What was sampled lies before the latest sample; what will be, behind it. */
	if (!e->bpf)
		exits_kvm_scale(&e->kvm, r->latest, e->tally);
	exits_vcpus_init(&e->vcpus, r->latest);
	error = watch(r, &window);
	if (error == 0) {
		exit_tally_end(e->tally, &window);
		measure(e, &window, clock_thread_cpu_ns() - cpu_ns);
		found.counted = e->bpf != NULL;
		found.duty = found.counted ? 1
			     : e->cycle_ns ? (double)e->window_ns / (double)e->cycle_ns
					   : 0.1;
		found.lost = exit_tally_lost(e->tally);
		found.own_cpus = e->own_cpus;
		found.n = exit_tally_figures(e->tally, &found.figures);
		exits_write_rows(r, &e->vcpus, &found);
		/* Of many vCPUs it is a long text, wanted by captures only. */
		if (reading_thorough(r))
			exits_note(r, &found);
		note_method(r, &found);
		choose_way(e, &window);
	}
	exits_found_done(&found);
	exits_vcpus_done(&e->vcpus);
	return error == 0 ? STATE_OK : state_of_errno(error);
}

static enum state read_captured(struct reading *r)
{
	struct exits_found found = { 0 };
	struct exits_vcpus v;
	int error = exits_read_note(r, &found);

	if (error < 0) {
		if (error == -ENOENT)
			reading_note(r, "Nobody looked at exits when this host was captured.");
		else
			reading_lacks(r, "What was captured of exits is damaged.");
		return STATE_ABSENT;
	}
	exits_vcpus_init(&v, r->latest);
	exits_write_rows(r, &v, &found);
	note_method(r, &found);
	exits_vcpus_done(&v);
	exits_found_done(&found);
	return STATE_OK;
}

enum state exits_read(struct reading *r)
{
	if (!r->latest)
		return STATE_ABSENT;
	if (r->options->exits == EXITS_OFF) {
		reading_note(r, "Not watched: --exits=off.");
		return STATE_ABSENT;
	}
	return root_is_live(r->root) ? read_live(r) : read_captured(r);
}
