/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/guest_names.h"

#include "base/nearest.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "cli/options.h"
#include "cli/setup.h"
#include "collectors/sampler.h"

char *guest_names_nearest(const struct root *root, const struct options *options)
{
	struct sampling sampling = setup_sampling(options);
	struct root *own = root_dup(root);
	const struct snapshot *s;
	struct sampler *sampler;
	struct nearest near;
	char *name = NULL;

	/* Who looks at one guest only never hears of the others, so they are listed once more. */
	sampling.guest = NULL;
	sampler = sampler_new(own, &sampling);
	s = sampler_take(sampler, false);
	nearest_init(&near, options->guest);
	for (size_t i = 0; s && i < s->table[TABLE_DOMAIN].n; i++)
		nearest_offer(&near, cell_text(s->table[TABLE_DOMAIN].row[i], DOMAIN_NAME));
	if (near.best)
		name = xstrdup(near.best);
	snapshot_unref(s);
	sampler_free(sampler);
	root_close(own);
	return name;
}
