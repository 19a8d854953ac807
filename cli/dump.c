/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/dump.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "advisor/advisor.h"
#include "base/root.h"
#include "cli/advice.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "collectors/sampler.h"
#include "views/canvas.h"
#include "views/ui.h"

#define ROWS 24
#define COLS 80

static void wait_until(uint64_t mono_ns)
{
	struct timespec t = { .tv_sec = (time_t)(mono_ns / NS_PER_SEC),
		.tv_nsec = (long)(mono_ns % NS_PER_SEC) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* The second sample, as it has rates; of a captured host with one sample, that one. */
static const struct snapshot *take(struct sampler *sampler, const struct options *options,
    bool is_live, struct ui *ui, struct canvas *canvas)
{
	uint64_t begun_ns = clock_mono_ns();
	const struct snapshot *first = sampler_take(sampler, false), *second;

	ui_draw(ui, first, canvas);
	if (is_live)
		wait_until(begun_ns + options->delay_ns);
	second = sampler_take(sampler, false);
	if (!second)
		return first;
	snapshot_unref(first);
	return second;
}

static int print_canvas(const struct canvas *canvas)
{
	struct text text = { 0 };
	FILE *to = open_memstream(&text.p, &text.len);
	int r = EXIT_FAILED;

	if (to && canvas_dump(canvas, to) == 0 && fclose(to) == 0)
		r = say(&text);
	text_done(&text);
	return r;
}

int dump_run(const struct options *options, struct root *root)
{
	struct sampling sampling = setup_sampling(options);
	bool unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	struct ui *ui = setup_ui(options, root);
	const struct snapshot *now;
	struct advisor *advisor;
	struct sampler *sampler;
	struct canvas *canvas;
	int r;

	if (!ui)
		return EXIT_USAGE;
	canvas = canvas_new(
	    options->rows ? options->rows : ROWS, options->cols ? options->cols : COLS, unicode);
	sampler = sampler_new(root, &sampling);
	advisor = advice_new(options);
	/* There is no time to wait whether what is bad stays bad. */
	advisor_hurry(advisor);
	advice_attach(advisor, sampler);
	ui_set_advisor(ui, advisor);
	ui_set_fix_refusal(ui, root_is_live(root) ? "A printed screen changes nothing."
						  : "A captured host cannot be changed.");
	/* Which screen the keys lead to is not known before there is something to press them on. */
	sampler_need(sampler, ~0U);
	now = take(sampler, options, root_is_live(root), ui, canvas);
	ui_draw(ui, now, canvas);
	setup_press_keys(ui, options, now);
	ui_draw(ui, now, canvas);
	r = print_canvas(canvas);
	snapshot_unref(now);
	r |= setup_end(sampler, advisor);
	canvas_free(canvas);
	ui_free(ui);
	return r;
}
