/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/advice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/events.h"
#include "cli/options.h"
#include "cli/say.h"
#include "collectors/sampler.h"

/* So many samples have rates of what slow sources read, too, */
#define SAMPLES 4
/* unless a source takes its time: on a host in trouble, libvirt does. */
#define PATIENCE_NS (15 * NS_PER_SEC)

/* Whether what was said of it before stands, in the host's file or further up. */
static bool stands(const struct settings *s, const bool *taken, const char *key, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (taken[i] && strcmp(s->setting[i].key, key) == 0)
			return true;
	return false;
}

/* Keys of rules hold a point; others belong to others. @taken: which of those before @at were good,
 * and then whether that one was. */
static void take_setting(struct advisor *a, const struct settings *all, size_t at, bool *taken)
{
	const struct setting *setting = &all->setting[at];
	char *error = NULL;
	int r;

	if (!strchr(setting->key, '.')) {
		if (!settings_key_is_known(setting->key))
			complain("%s: nothing is called '%s'; it is left out", setting->where,
			    setting->key);
		return;
	}
	r = advisor_set(a, setting->key, setting->value, &error);
	taken[at] = r == 0;
	if (r == -ENOENT)
		complain("%s: left out: %s", setting->where, error);
	else if (r < 0)
		complain("%s: %s; %s", setting->where, error,
		    stands(all, taken, setting->key, at) ? "it is left out" : "the default stands");
	free(error);
}

struct advisor *advice_new(const struct options *options)
{
	struct advisor *a = advisor_new();
	bool *taken = xcalloc(options->settings.n + 1, sizeof(*taken));

	for (size_t i = 0; i < options->settings.n; i++)
		take_setting(a, &options->settings, i, taken);
	free(taken);
	return a;
}

static void judge(void *context, struct snapshot *s)
{
	advisor_judge(context, s);
}

void advice_attach(struct advisor *a, struct sampler *sampler)
{
	sampler_set_judge(sampler, judge, a);
}

unsigned advice_needs(struct advisor *a, unsigned needs)
{
	return needs & NEEDS(SRC_ADVISOR) ? needs | advisor_needs(a) : needs;
}

/* Some source has not answered for the first time. */
static bool is_starting(const struct snapshot *s)
{
	const struct table *t = &s->table[TABLE_SOURCE];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], SOURCE_STATE), "starting") == 0 ||
		    (strcmp(cell_text(t->row[i], SOURCE_STATE), "stuck") == 0 &&
			!cell_has(t->row[i], SOURCE_AGE)))
			return true;
	return false;
}

/* Whether what was asked for is there after @n samples, the last of them @s. */
static bool is_enough(
    const struct options *options, uint64_t n, const struct snapshot *s, uint64_t began_ns)
{
	if (options->iterations)
		return n >= options->iterations;
	return n >= SAMPLES && (!is_starting(s) || s->moment.mono_ns - began_ns >= PATIENCE_NS);
}

const struct snapshot *advice_watch(
    const struct options *options, struct sampler *sampler, struct events *events, bool is_live)
{
	const struct snapshot *last = NULL, *next;
	uint64_t n = 0, began_ns = 0;

	events_beat(events, options->delay_ns);
	while ((next = sampler_take(sampler, false))) {
		snapshot_unref(last);
		last = next;
		if (n++ == 0)
			began_ns = next->moment.mono_ns;
		if (is_live && (is_enough(options, n, next, began_ns) ||
				   events_wait(events, -1, true) == WAKE_QUIT))
			break;
	}
	return last;
}
