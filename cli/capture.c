/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/capture.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/root.h"
#include "cli/events.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "collectors/sampler.h"
#include "output/capture.h"

/* Two for a rate, one more for what changes. */
#define SAMPLES 3

/* Until the interval is over; false when the program shall end. */
static bool wait_for_beat(struct events *events)
{
	for (;;) {
		switch (events_wait(events, -1, true)) {
		case WAKE_BEAT:
		case WAKE_NOW:
			return true;
		case WAKE_REOPEN:
			break;
		case WAKE_QUIT:
		case WAKE_GONE:
			return false;
		}
	}
}

/* A source that has not answered after so many intervals is left out. */
#define PATIENCE 10

/* The first sample is whole: every lane has read once. False when the program shall end. */
static bool wait_for_lanes(struct sampler *sampler, struct events *events)
{
	for (int i = 0; i < PATIENCE; i++) {
		if (!wait_for_beat(events))
			return false;
		if (sampler_all_have_read(sampler))
			return true;
	}
	return true;
}

/* Everything is opened, and how long that takes is in no interval: what the fast lane saw is seen
 * anew before the first sample is kept. */
static bool warm_up(struct capture *c, struct sampler *sampler, struct events *events)
{
	bool goes_on;

	snapshot_unref(sampler_take(sampler, false));
	goes_on = wait_for_lanes(sampler, events);
	capture_begin(c);
	return goes_on;
}

/* The slow lanes read between two samples; what they saw belongs to the first of them. */
static uint64_t take_samples(
    struct capture *c, struct sampler *sampler, struct events *events, uint64_t wanted)
{
	uint64_t taken = 0;
	bool goes_on = warm_up(c, sampler, events);

	while (goes_on && taken < wanted) {
		const struct snapshot *s = sampler_take(sampler, false);

		goes_on = wait_for_beat(events);
		capture_sample(c, s);
		snapshot_unref(s);
		taken++;
	}
	return taken;
}

static int write_capture(struct capture *c, const struct options *options, uint64_t samples)
{
	int r = capture_write(c, options->capture);

	if (r == -EEXIST)
		complain("%s is there already; a capture overwrites nothing", options->capture);
	else if (r < 0)
		complain("%s: %s", options->capture, strerror(-r));
	else
		complain("%s holds %llu sample%s; look at it with: kvmtop --root %s",
		    options->capture, (unsigned long long)samples, samples == 1 ? "" : "s",
		    options->capture);
	return r == 0 ? EXIT_FINE : r == -EEXIST ? EXIT_FAILED : EXIT_LOST;
}

int capture_run(const struct options *options, struct root *root)
{
	struct sampling sampling = setup_sampling(options);
	struct capture *c;
	struct sampler *sampler;
	struct events events;
	struct stat st;
	uint64_t samples;
	bool ended;
	int r;

	if (lstat(options->capture, &st) == 0) {
		complain("%s is there already; a capture overwrites nothing", options->capture);
		return EXIT_FAILED;
	}
	r = events_init(&events);
	if (r < 0) {
		complain("cannot wait for signals: %s", strerror(-r));
		return EXIT_FAILED;
	}
	c = capture_new(options->anonymous);
	root_watch(root, capture_seen, c);
	sampling.thorough = true;
	sampler = sampler_new(root, &sampling);
	sampler_need(sampler, ~0U);
	events_beat(&events, options->delay_ns);
	samples =
	    take_samples(c, sampler, &events, options->iterations ? options->iterations : SAMPLES);
	/* A lane that hangs may still add to the capture once its call returns. */
	ended = sampler_free(sampler);
	r = write_capture(c, options, samples);
	if (ended)
		capture_free(c);
	events_done(&events);
	return ended ? r : r | EXIT_HANGS;
}
