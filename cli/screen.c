/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advisor/advisor.h"
#include "base/root.h"
#include "cli/advice.h"
#include "cli/mend.h"
#include "cli/options.h"
#include "cli/profile.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "collectors/sampler.h"
#include "profile/profile.h"
#include "profile/report.h"
#include "tui/terminal.h"
#include "views/canvas.h"
#include "views/ui.h"

/* How often it is looked whether a profile has news. */
#define PROFILE_LOOK_MS 200

struct screen_loop {
	const struct options *options;
	struct terminal *terminal;
	struct sampler *sampler;
	struct advisor *advisor;
	struct ui *ui;
	struct canvas *canvas;
	const struct snapshot *now; /* NULL until the first sample is there */
	uint64_t samples;
	const struct root *root;
	struct mender *mender;
	struct profile *profile; /* NULL: none runs */
	struct report *report;   /* that the ui was lent */
	bool quit;
};

static void tell_needs(struct screen_loop *l)
{
	unsigned rules = advisor_needs(l->advisor), needs = ui_needs(l->ui);

	/* What comes of a fix is watched closely. Else what only rules need is read now and then,
	 * on all screens, and what costs the guests only while advice is looked at. */
	if (mender_watches(l->mender))
		needs |= rules;
	else if (needs & NEEDS(SRC_ADVISOR))
		needs |= rules & NEEDS_DEAR;
	sampler_need(l->sampler, needs);
	sampler_need_slowly(l->sampler, rules & ~NEEDS_DEAR);
}

static void draw(struct screen_loop *l)
{
	if (l->now)
		mender_see(l->mender, l->now);
	ui_draw(l->ui, l->now, l->canvas);
	terminal_put(l->terminal, l->canvas);
	/* A wider window may show columns that nobody read before. */
	tell_needs(l);
}

static void end_profile(struct screen_loop *l)
{
	profile_free(l->profile);
	l->profile = NULL;
}

static void begin_profile(struct screen_loop *l)
{
	int r = -ENOENT;

	end_profile(l);
	ui_set_report(l->ui, NULL, NULL);
	report_free(l->report);
	l->report = NULL;
	if (!root_is_live(l->root)) {
		ui_set_report(l->ui, NULL, "A captured host cannot be sampled.");
		return;
	}
	if (l->now)
		r = profile_begin(l->options, l->root, l->now, ui_profiled(l->ui), &l->profile);
	if (r < 0)
		ui_set_report(l->ui, NULL,
		    r == -ENOENT ? "The guest has no process on this host." : strerror(-r));
}

/* What it found since; the profile is over with its last report. */
static bool take_report(struct screen_loop *l)
{
	struct report *report = l->profile ? profile_take(l->profile) : NULL;

	if (!report)
		return false;
	ui_set_report(l->ui, report, NULL);
	report_free(l->report);
	l->report = report;
	if (report->done)
		end_profile(l);
	return true;
}

/* Until the program ends. */
static void mute(struct screen_loop *l)
{
	struct muting muting = ui_muting(l->ui);

	advisor_mute(l->advisor, muting.rule, muting.subject, muting.on ? UINT64_MAX : 0);
}

static void act(struct screen_loop *l, unsigned actions)
{
	if (actions & UI_MUTE)
		mute(l);
	if (actions & (UI_FIX | UI_FIX_APPLY | UI_FIX_STOP))
		mender_act(l->mender, actions, l->now);
	if (actions & UI_PROFILE)
		begin_profile(l);
	if ((actions & UI_PROFILE_STOP) && l->profile)
		profile_stop(l->profile);
	if (actions & UI_QUIT)
		l->quit = true;
	if (actions & UI_DELAY)
		sampler_set_interval(l->sampler, ui_interval(l->ui));
	if (actions & UI_EXACT)
		sampler_read_exact(l->sampler);
	if (actions & UI_NEEDS)
		tell_needs(l);
	if (actions & UI_SAMPLE)
		sampler_sample_now(l->sampler);
	if (actions & UI_CLEAR)
		terminal_redraw(l->terminal);
	if (actions & (UI_REDRAW | UI_CLEAR))
		draw(l);
}

static void look_at_fix(struct screen_loop *l)
{
	bool forget_keys;

	if (!mender_look(l->mender, &forget_keys))
		return;
	draw(l);
	if (forget_keys)
		terminal_discard_keys(l->terminal);
}

static void take_sample(struct screen_loop *l)
{
	uint64_t count;
	bool is_first = !l->now;

	if (read(sampler_fd(l->sampler), &count, sizeof(count)) != sizeof(count))
		return;
	snapshot_unref(l->now);
	l->now = sampler_latest(l->sampler);
	l->samples += count;
	draw(l);
	if (is_first)
		act(l, setup_press_keys(l->ui, l->options, l->now));
	/* The first sample only makes rates possible. */
	if (l->options->iterations && l->samples > l->options->iterations)
		l->quit = true;
}

static void take_messages(struct screen_loop *l)
{
	char *line;

	while ((line = terminal_message(l->terminal))) {
		ui_message(l->ui, clock_now().wall_ns, line);
		free(line);
	}
	draw(l);
}

static void handle(struct screen_loop *l, const struct event *e)
{
	switch (e->kind) {
	case EVENT_KEY:
		act(l, ui_key(l->ui, l->now, e->key));
		break;
	case EVENT_RESIZE:
	case EVENT_RESUME:
		canvas_resize(l->canvas, e->rows, e->cols);
		draw(l);
		break;
	case EVENT_WAKE:
		take_sample(l);
		break;
	case EVENT_MESSAGE:
		take_messages(l);
		break;
	case EVENT_QUIT:
		l->quit = true;
		break;
	case EVENT_TIMEOUT:
	case EVENT_SUSPEND:
		break;
	}
	if (take_report(l))
		draw(l);
	look_at_fix(l);
}

/* Until something that tells of itself only when it is asked may have news; -1: nothing runs. */
static int timeout_ms(const struct screen_loop *l)
{
	int fix = mender_timeout_ms(l->mender);

	return fix < 0 && l->profile ? PROFILE_LOOK_MS : fix;
}

static void run(struct screen_loop *l)
{
	struct event e;

	while (!l->quit) {
		terminal_event(l->terminal, timeout_ms(l), sampler_fd(l->sampler), &e);
		handle(l, &e);
	}
}

static int run_on_terminal(struct screen_loop *l, struct root *root)
{
	struct sampling sampling = setup_sampling(l->options);
	int rows, cols, r, hangs;

	terminal_size(l->terminal, &rows, &cols);
	l->canvas = canvas_new(rows, cols, terminal_unicode(l->terminal));
	l->sampler = sampler_new(root, &sampling);
	l->advisor = advice_new(l->options);
	/* What was recorded is over, and begins anew, before anything could have stayed bad. */
	if (!root_is_live(root))
		advisor_hurry(l->advisor);
	advice_attach(l->advisor, l->sampler);
	l->root = root;
	ui_set_advisor(l->ui, l->advisor);
	l->mender = mender_new(l->options, root, l->ui, l->advisor, l->sampler);
	ui_draw(l->ui, NULL, l->canvas);
	tell_needs(l);
	r = sampler_start(l->sampler, true);
	if (r == 0)
		run(l);
	terminal_close(l->terminal);
	if (r < 0)
		complain("cannot start a thread: %s", strerror(-r));
	end_profile(l);
	report_free(l->report);
	hangs = mender_free(l->mender);
	hangs |= setup_end(l->sampler, l->advisor);
	snapshot_unref(l->now);
	canvas_free(l->canvas);
	return (r < 0 ? EXIT_FAILED : EXIT_FINE) | hangs;
}

static void complain_terminal(int error)
{
	const char *instead = "'kvmtop -b' writes rows, 'kvmtop --dump' prints one screen";
	const char *type = getenv("TERM");

	if (error == -ENOTTY)
		complain("the screen needs a terminal; %s", instead);
	else if (error == -EOPNOTSUPP)
		complain("TERM is '%s', which cannot place its cursor: set another, such as "
			 "xterm; %s",
		    type ? type : "", instead);
	else
		complain("cannot open the terminal: %s; %s", strerror(-error), instead);
}

int screen_run(const struct options *options, struct root *root)
{
	struct screen_loop l = { .options = options, .ui = setup_ui(options, root) };
	struct terminal_options how = { WANTED_AUTO, WANTED_AUTO };
	int r;

	if (!l.ui)
		return EXIT_USAGE;
	r = terminal_open(&how, &l.terminal);
	if (r < 0) {
		complain_terminal(r);
		ui_free(l.ui);
		return EXIT_FAILED;
	}
	r = run_on_terminal(&l, root);
	ui_free(l.ui);
	return r;
}
