/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/clock.h"
#include "base/root.h"
#include "base/slice.h"
#include "cli/advice.h"
#include "cli/events.h"
#include "cli/guest_names.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "collectors/collector.h"
#include "collectors/sampler.h"
#include "output/status.h"

/* So long the first sample waits for sources that have not answered yet; how often it looks. */
#define PATIENCE_NS (3 * NS_PER_SEC)
#define WARM_UP_NS (100 * NS_PER_MS)

struct batch {
	const struct options *options;
	struct root *root;
	struct sampler *sampler;
	struct events events;
	struct outputs outputs;
	struct advisor *advisor;
	bool primed;               /* a sample was taken that rates are against */
	uint64_t written;          /* samples */
	enum status told[SOURCES]; /* what standard error has heard of each source */
	enum status now[SOURCES];  /* of the last sample written */
	bool starting[SOURCES];
	char state[SOURCES][16], note[SOURCES][READING_NOTE_SIZE];
	bool guest_seen, guest_told; /* the one that was asked for is there; is not, and was told */
	bool begun;                  /* the first sample was looked at */
	int hangs;                   /* EXIT_HANGS, or 0 */
};

/* The table of sources exists to tell about all of them; beside others, it is not to cost much. */
static unsigned sources_to_read(const struct batch *b)
{
	unsigned needs = outputs_needs(&b->outputs);

	for (size_t i = 0; i < b->options->table_count; i++)
		if (b->options->table[i] == TABLE_SOURCE)
			needs |= b->options->table_count == 1 ? ~0U : ~NEEDS_DEAR;
	return advice_needs(b->advisor, needs);
}

static void tell_source(struct batch *b, enum source_id src)
{
	if (b->starting[src])
		complain("%s: no answer yet", source_name(src));
	else if (strcmp(b->state[src], state_name(STATE_OK)) == 0)
		complain("%s: %s", source_name(src), b->note[src]);
	else
		complain("%s: %s%s%s", source_name(src), b->state[src], b->note[src][0] ? ": " : "",
		    b->note[src]);
	b->told[src] = b->now[src];
}

/* vCPUs that nothing tells from other threads have no rows, though their source works. */
static bool lacks_vcpus(const struct batch *b, const struct snapshot *s)
{
	bool untold = false;

	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		untold |= cell_has(s->table[TABLE_DOMAIN].row[i], DOMAIN_VCPUS_UNTOLD);
	for (size_t i = 0; i < b->options->table_count; i++)
		if (b->options->table[i] == TABLE_VCPU)
			return untold && s->table[TABLE_VCPU].n == 0;
	return false;
}

/* A table that was asked for stays empty where the source of its rows is absent. */
static bool lacks_rows(const struct batch *b, const struct snapshot *s, enum source_id src)
{
	if (!b->options->tables || !b->note[src][0])
		return false;
	if (src == SRC_THREADS && lacks_vcpus(b, s))
		return true;
	if (strcmp(b->state[src], state_name(STATE_ABSENT)) != 0)
		return false;
	for (size_t i = 0; i < b->options->table_count; i++) {
		enum table_id t = b->options->table[i];
		const struct table_kind *kind = &table_kinds[t];

		for (int c = 0; c < kind->identity && s->table[t].n == 0; c++)
			if (kind->column[c].src == src)
				return true;
	}
	return false;
}

/* There may be no libvirt; but who names one wants it. */
static bool lacks_libvirt(const struct batch *b, enum source_id src)
{
	return src == SRC_LIBVIRT && b->options->uri && strcmp(b->options->uri, "none") != 0 &&
	       strcmp(b->state[src], state_name(STATE_ABSENT)) == 0;
}

/* What is missing is told once, and again when it changes. One that only starts may be given time.
 */
static void look_at_sources(struct batch *b, const struct snapshot *s)
{
	status_sources(s, b->now);
	for (enum source_id src = 0; src < SOURCES; src++) {
		const struct row *row = snapshot_find(s, TABLE_SOURCE, key_host(src));

		if (row) {
			slice_copy(slice_of(cell_text(row, SOURCE_NOTE)), b->note[src],
			    sizeof(b->note[src]));
			slice_copy(slice_of(cell_text(row, SOURCE_STATE)), b->state[src],
			    sizeof(b->state[src]));
		}
		b->starting[src] = strcmp(b->state[src], "starting") == 0;
		if (!(outputs_needs(&b->outputs) & NEEDS(src)))
			b->now[src] = STATUS_OK;
		else if (b->now[src] == STATUS_OK &&
			 (lacks_rows(b, s, src) || lacks_libvirt(b, src)))
			b->now[src] = STATUS_PARTIAL;
		if (b->now[src] != STATUS_OK && !b->starting[src] && b->now[src] != b->told[src])
			tell_source(b, src);
	}
}

static int write_sample(struct batch *b, const struct snapshot *s)
{
	int r = outputs_write(&b->outputs, s);

	b->written++;
	look_at_sources(b, s);
	return r;
}

/* The first sample has no rates, so it is only written where there is no second. */
static bool is_to_be_written(const struct batch *b)
{
	bool only_one = !root_is_live(b->root) && root_samples(b->root) == 1;

	return b->primed || only_one;
}

static bool is_finished(const struct batch *b)
{
	return b->options->iterations && b->written >= b->options->iterations;
}

/* Until the next sample is due; false when there shall be none. */
static bool wait_for_beat(struct batch *b, int *ret_error)
{
	for (;;) {
		switch (events_wait(&b->events, outputs_fd(&b->outputs), root_is_live(b->root))) {
		case WAKE_BEAT:
		case WAKE_NOW:
			return true;
		case WAKE_QUIT:
			return false;
		case WAKE_REOPEN:
			*ret_error = outputs_open(&b->outputs);
			break;
		case WAKE_GONE:
			*ret_error = outputs_gone(&b->outputs);
			break;
		}
		if (*ret_error < 0)
			return false;
	}
}

/* What is not there may be started while we run. */
static bool may_come(const struct batch *b)
{
	return root_is_live(b->root) && b->options->iterations != 1;
}

static bool is_about_guests(const struct batch *b)
{
	for (size_t i = 0; i < b->outputs.n; i++)
		if (column_needs(table_kinds[b->outputs.output[i].sheet.table].column) &
		    NEEDS(SRC_GUESTS))
			return true;
	return false;
}

/* A head without rows looks like a failure. Guests that cannot be seen are told of as a source. */
static void look_for_guests(struct batch *b, const struct snapshot *s)
{
	bool first = !b->begun;
	enum status source[SOURCES];

	b->begun = true;
	status_sources(s, source);
	if (!first || b->options->guest || s->table[TABLE_DOMAIN].n > 0 ||
	    source[SRC_GUESTS] != STATUS_OK || !is_about_guests(b))
		return;
	complain("there is no guest on this host%s; kvmtop --demo shows a host that has some",
	    may_come(b) ? " yet, rows come as soon as one runs" : "");
}

/* At once, before anything is written: it may be a slip. But it may also be started later. */
static void look_for_guest(struct batch *b, const struct snapshot *s)
{
	const char *wanted = b->options->guest;
	char *near;

	b->guest_seen |= !wanted || s->table[TABLE_DOMAIN].n > 0;
	if (b->guest_seen || b->guest_told)
		return;
	near = guest_names_nearest(b->root, b->options);
	complain("no guest is called '%s'%s%s%s%s", wanted, may_come(b) ? " yet" : "",
	    near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	free(near);
	b->guest_told = true;
}

/* Whoever asked for more, or for no end, is told why it ends. */
static void tell_end(const struct batch *b)
{
	size_t samples = root_samples(b->root);

	/* Then the reason is another one. */
	if (!b->guest_seen || b->outputs.was_lost)
		return;
	complain("end of the recording: %zu sample%s, %llu written%s", samples,
	    samples == 1 ? "" : "s", (unsigned long long)b->written,
	    b->written < samples ? " (the first has no rates)" : "");
}

static int take_sample(struct batch *b, const struct snapshot *s)
{
	int r = 0;

	look_for_guests(b, s);
	look_for_guest(b, s);
	if (b->guest_seen)
		r = outputs_begin(&b->outputs);
	if (r == 0 && is_to_be_written(b))
		r = write_sample(b, s);
	return r;
}

/* Slow sources are given time for their first answer, so that the first rows are whole: a single
 * sample would never have it. One that hangs holds nobody up for longer. */
static int warm_up(struct batch *b)
{
	uint64_t until_ns = clock_mono_ns() + PATIENCE_NS;
	int r = 0;

	if (!root_is_live(b->root))
		return 0;
	events_beat(&b->events, WARM_UP_NS);
	do {
		/* What one source tells, another may wait for. */
		snapshot_unref(sampler_take(b->sampler, false));
		if (!wait_for_beat(b, &r))
			return r < 0 ? r : -EINTR;
	} while (!sampler_all_have_read(b->sampler) && clock_mono_ns() < until_ns);
	return 0;
}

static int run(struct batch *b)
{
	int r = warm_up(b);

	if (r < 0)
		return r == -EINTR ? 0 : r;
	events_beat(&b->events, b->options->delay_ns);
	do {
		const struct snapshot *s = sampler_take(b->sampler, false);

		if (!s) {
			tell_end(b);
			break;
		}
		r = take_sample(b, s);
		b->primed = true;
		snapshot_unref(s);
	} while (r == 0 && !is_finished(b) && wait_for_beat(b, &r));
	return r;
}

/* 3 when what was written lacks something that a right or an answer would have given. */
static int finish_status(struct batch *b)
{
	int status = EXIT_FINE;

	for (enum source_id src = 0; src < SOURCES; src++) {
		if (b->now[src] == STATUS_OK)
			continue;
		if (b->now[src] != b->told[src])
			tell_source(b, src);
		/* Who asked for silence gets it. */
		if (src != SRC_EXITS || b->options->exits != EXITS_OFF)
			status = EXIT_NO_DATA;
	}
	return b->guest_told && !b->guest_seen ? EXIT_NO_DATA : status;
}

static int run_with_sampler(struct batch *b)
{
	struct sampling sampling = setup_sampling(b->options);
	int r;

	b->advisor = advice_new(b->options);
	b->sampler = sampler_new(b->root, &sampling);
	if (sources_to_read(b) & NEEDS(SRC_ADVISOR))
		advice_attach(b->advisor, b->sampler);
	sampler_need(b->sampler, sources_to_read(b));
	r = run(b);
	b->hangs = setup_end(b->sampler, b->advisor);
	return r;
}

static int status_of_error(int error)
{
	/* Somebody else's file is no loss of ours. */
	return error == -EWOULDBLOCK ? EXIT_FAILED : EXIT_LOST;
}

int batch_run(const struct options *options, struct root *root)
{
	struct batch b = { .options = options, .root = root };
	char *error = NULL;
	int r, status;

	r = events_init(&b.events);
	if (r < 0) {
		complain("cannot wait for signals: %s", strerror(-r));
		return EXIT_FAILED;
	}
	r = outputs_init(&b.outputs, options, b.events.quit_fd, &error);
	if (r < 0) {
		complain("%s", error);
		free(error);
		events_done(&b.events);
		return EXIT_USAGE;
	}
	r = outputs_open(&b.outputs);
	if (r == 0)
		r = run_with_sampler(&b);
	if (!outputs_close(&b.outputs) || r < 0)
		status = status_of_error(r);
	else
		status = finish_status(&b);
	outputs_done(&b.outputs);
	events_done(&b.events);
	return status | b.hangs;
}
