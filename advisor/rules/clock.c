/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and timers. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

#include <string.h>

#include "base/slice.h"

#define CURRENT "sys/devices/system/clocksource/clocksource0/current_clocksource"
#define BEST "tsc"

static bool is_word_of(const char *text, const char *word)
{
	struct cursor c;
	struct slice field;

	cursor_init(&c, text, strlen(text));
	while (cursor_field(&c, &field))
		if (slice_eq(field, word))
			return true;
	return false;
}

static bool has_clock(const struct subject *s)
{
	return s->host->cell[HOST_CLOCKSOURCE].state != STATE_ABSENT;
}

static bool offers_best(const struct subject *s)
{
	return is_word_of(cell_text(s->host, HOST_CLOCKSOURCES), BEST);
}

/* Other machines than x86 have one clock, and that is a good one. */
static enum outcome measure_source(const struct subject *s, double *ret)
{
	static const char slow[] = "hpet acpi_pm pit jiffies refined-jiffies";
	const char *current = cell_text(s->host, HOST_CLOCKSOURCE);

	*ret = strcmp(current, BEST) != 0 && (offers_best(s) || is_word_of(slow, current));
	return OUTCOME_FIGURE;
}

static void tell_source(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out,
	    "The kernel reads the time from %s instead of " BEST ", so that guests "
	    "cannot read theirs without the host's help.",
	    cell_text(s->host, HOST_CLOCKSOURCE));
	if (!offers_best(s))
		print_text(out, " The kernel does not offer " BEST ".");
}

static void advise_source(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, offers_best(s) ? "let the kernel use " BEST
				       : "see in the kernel's log why it does not trust " BEST);
}

static void plan_source(const struct subject *s, struct plan *out)
{
	if (!offers_best(s)) {
		plan_refuse(out, "the kernel does not offer " BEST);
		return;
	}
	plan_title(out, "read the time from " BEST);
	plan_setting(out, CURRENT, cell_text(s->host, HOST_CLOCKSOURCE), BEST);
}

const struct rule clock_rules[] = {
	{
	    .id = "timer-host-clocksource",
	    .title = "the host's clock is a slow one",
	    .good = "While the host's clock is the CPU's own counter, guests read the time by "
		    "themselves; else each reading may be a call or an exit.",
	    .detect = "current_clocksource is a slow clock (hpet, acpi_pm, pit, jiffies), or not "
		      "tsc though the kernel offers that.",
	    .by_hand = "cd /sys/devices/system/clocksource/clocksource0\n"
		       "cat current_clocksource available_clocksource\ndmesg | grep -i tsc",
	    .risk = "The kernel leaves tsc when it found it to run unevenly: look at its log "
		    "before. On a host that is itself a guest, another clock may be right.",
	    .source = "kernel documentation, timekeeping of KVM",
	    .figure = "1 where the clock is a slow one",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_CLOCKSOURCE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_B,
	    .needs =
		NEEDS_LIST(NEED(TABLE_HOST, HOST_CLOCKSOURCE), USES(TABLE_HOST, HOST_CLOCKSOURCES)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 0,
	    .concerns = has_clock,
	    .measure = measure_source,
	    .evidence = tell_source,
	    .advice = advise_source,
	    .plan = plan_source,
	},
	{ .id = NULL },
};
