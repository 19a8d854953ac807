/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/advice.h"

#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "cli/options.h"
#include "cli/say.h"
#include "collectors/sampler.h"

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
