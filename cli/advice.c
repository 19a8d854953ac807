/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/advice.h"

#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "cli/events.h"
#include "cli/options.h"
#include "cli/say.h"
#include "collectors/sampler.h"

/* So many samples have rates and were read by the slow sources, too. */
#define SAMPLES 4

/* Keys of rules hold a point; others belong to others. */
static void take_setting(struct advisor *a, const struct setting *setting)
{
	char *error = NULL;

	if (!strchr(setting->key, '.')) {
		if (!settings_key_is_known(setting->key))
			complain("%s: nothing is called '%s'; it is left out", setting->where,
			    setting->key);
		return;
	}
	if (advisor_set(a, setting->key, setting->value, &error) < 0)
		complain("%s: %s; the default stands", setting->where, error);
	free(error);
}

struct advisor *advice_new(const struct options *options)
{
	struct advisor *a = advisor_new();

	for (size_t i = 0; i < options->settings.n; i++)
		take_setting(a, &options->settings.setting[i]);
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

const struct snapshot *advice_watch(
    const struct options *options, struct sampler *sampler, struct events *events, bool is_live)
{
	uint64_t n = options->iterations ? options->iterations : SAMPLES;
	const struct snapshot *last = NULL, *next;

	events_beat(events, options->delay_ns);
	for (uint64_t i = 0; is_live ? i < n : true; i++) {
		next = sampler_take(sampler, false);
		if (!next)
			break;
		snapshot_unref(last);
		last = next;
		if (is_live && i + 1 < n && events_wait(events, -1, true) == WAKE_QUIT)
			break;
	}
	return last;
}
