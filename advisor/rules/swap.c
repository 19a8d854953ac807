/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory and the host's swap. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

#define SWAPPINESS_GOOD "10"

/* Memory given to guests, as a share of the host's. */
static double guests_share(const struct subject *s)
{
	double total = cell_number(s->host, HOST_MEMORY_TOTAL, 0);

	return total > 0 ? cell_number(s->host, HOST_GUEST_MEMORY, 0) / total : 0;
}

static bool is_swapping(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];

	for (size_t i = 0; i < guests->n; i++)
		if (cell_number(guests->row[i], DOMAIN_SWAPPED, 0) > 0)
			return true;
	return figure_or(TABLE_HOST, s->host, HOST_SWAP_OUT, 0) > 0;
}

static enum outcome measure_swappiness(const struct subject *s, double *ret)
{
	if (guests_share(s) < s->param[0] || !is_swapping(s))
		return OUTCOME_NONE;
	*ret = cell_number(s->host, HOST_SWAPPINESS, 0);
	return OUTCOME_FIGURE;
}

static void tell_swappiness(const struct subject *s, double figure, struct text *out)
{
	print_format(out, "vm.swappiness is %.0f while guests hold ", figure);
	say_percent(out, guests_share(s));
	print_text(out, " of the memory and are being swapped out.");
}

static void advise_swappiness(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "set vm.swappiness to " SWAPPINESS_GOOD);
}

static void plan_swappiness(const struct subject *s, struct plan *out)
{
	char now[NUMBER_SIZE];

	number_text(cell_number(s->host, HOST_SWAPPINESS, 0), now);
	plan_title(out, "set vm.swappiness to " SWAPPINESS_GOOD);
	plan_sysctl(out, "vm.swappiness", now, SWAPPINESS_GOOD);
}

const struct rule swap_rules[] = {
	{
	    .id = "mem-swappiness",
	    .title = "the host swaps guests out readily",
	    .good =
		"A host of guests should swap reluctantly: it cannot tell which pages of a guest "
		"are cold, and every page that must be read back stops a vCPU.",
	    .detect =
		"vm.swappiness above 10 while guests hold at least half of the memory and some of "
		"it is in swap, or the host swaps out.",
	    .by_hand = "sysctl vm.swappiness\ngrep VmSwap /proc/PID/status\nvmstat 1",
	    .risk = "With zram or zswap higher values are right. 0 does not switch swapping off.",
	    .source = "SUSE 4.2.1; RHEL 4",
	    .figure = "vm.swappiness",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_SWAPPINESS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_SWAPPINESS),
		NEED(TABLE_HOST, HOST_MEMORY_TOTAL), USES(TABLE_HOST, HOST_GUEST_MEMORY),
		USES(TABLE_HOST, HOST_SWAP_OUT), USES(TABLE_DOMAIN, DOMAIN_SWAPPED)),
	    .raise = 11,
	    .clear = 10,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "guests", 0.50, "least share of memory that guests hold" } },
	    .measure = measure_swappiness,
	    .evidence = tell_swappiness,
	    .advice = advise_swappiness,
	    .plan = plan_swappiness,
	},
	{ .id = NULL },
};
