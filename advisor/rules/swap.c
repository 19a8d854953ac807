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

/* Where swapped pages are compressed in memory, to swap costs little and a high value is right. */
static bool swaps_to_disk(const struct subject *s)
{
	return !is_text(s->host, HOST_COMPRESSED_SWAP, "zram") &&
	       !is_text(s->host, HOST_COMPRESSED_SWAP, "zswap");
}

static bool is_swapping(const struct subject *s)
{
	return sum_of_guests(s, DOMAIN_SWAPPED) > 0 ||
	       figure_or(TABLE_HOST, s->host, HOST_SWAP_OUT, 0) > 0;
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
	double swapped = sum_of_guests(s, DOMAIN_SWAPPED), swap_out;

	print_format(out, "vm.swappiness is %.0f while guests were given ", figure);
	say_percent(out, guests_share(s));
	print_text(out, " of the memory");
	if (swapped > 0) {
		print_text(out, "; ");
		say_size(out, swapped);
		print_text(out, " of it are in swap");
	}
	if (figure_of(TABLE_HOST, s->host, HOST_SWAP_OUT, &swap_out)) {
		print_text(out, ", and the host swaps out ");
		say_size(out, swap_out);
		print_text(out, " a second");
	}
	print_text(out, ".");
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

/* ---- mem-guest-swapped ---- */

static enum outcome measure_swapped(const struct subject *s, double *ret)
{
	double swapped = cell_number(s->row, DOMAIN_SWAPPED, 0);
	double memory = cell_number(s->row, DOMAIN_MEMORY, 0);
	double swap_in = figure_or(TABLE_HOST, s->host, HOST_SWAP_IN, 0);
	bool much = memory > 0 && swapped >= s->param[0] * memory;
	bool wanted = swapped >= s->param[1] && swap_in >= s->param[2];

	*ret = much || wanted ? swapped : 0;
	return OUTCOME_FIGURE;
}

static void tell_swapped(const struct subject *s, double figure, struct text *out)
{
	double memory = cell_number(s->row, DOMAIN_MEMORY, 0), swap_in;

	say_size(out, figure);
	print_text(out, " of it are in the host's swap");
	if (memory > 0) {
		print_text(out, ", ");
		say_percent(out, figure / memory);
		print_text(out, " of its memory");
	}
	if (figure_of(TABLE_HOST, s->host, HOST_SWAP_IN, &swap_in)) {
		print_text(out, "; the host swaps in ");
		say_size(out, swap_in);
		print_text(out, " a second");
	}
	print_text(out, ".");
}

static void advise_swapped(const struct subject *s, double figure, struct text *out)
{
	double available;

	(void)figure;
	print_text(out, "make room on the host, and keep it from swapping by a low vm.swappiness");
	if (figure_of(TABLE_HOST, s->host, HOST_MEMORY_AVAILABLE, &available) &&
	    available > cell_number(s->host, HOST_SWAP_TOTAL, 0) -
			    cell_number(s->host, HOST_SWAP_FREE, 0)) {
		print_text(out, "; there are ");
		say_size(out, available);
		print_text(out, " for what swapoff would bring back");
	}
}

/* ---- mem-swap-headroom ---- */

static double lost_savings(const struct subject *s)
{
	double saved = figure_or(TABLE_HOST, s->host, HOST_KSM_SAVED, 0);

	return saved - cell_number(s->host, HOST_MEMORY_AVAILABLE, 0) -
	       cell_number(s->host, HOST_SWAP_FREE, 0);
}

static double uncovered(const struct subject *s, const struct promise *p)
{
	return p->bytes + p->reserve - p->memory - cell_number(s->host, HOST_SWAP_TOTAL, 0);
}

static enum outcome measure_headroom(const struct subject *s, double *ret)
{
	struct promise p;

	if (!read_promise(s, &p) || p.guests == 0)
		return OUTCOME_NONE;
	*ret = fmax(0, fmax(uncovered(s, &p), lost_savings(s)));
	return OUTCOME_FIGURE;
}

static void tell_headroom(const struct subject *s, double figure, struct text *out)
{
	struct promise p;

	if (!read_promise(s, &p))
		return;
	if (figure > uncovered(s, &p)) {
		print_text(out, "KSM saves ");
		say_size(out, figure_or(TABLE_HOST, s->host, HOST_KSM_SAVED, 0));
		print_text(out, "; if those pages changed, ");
		say_size(out, figure);
		print_text(out, " would find neither memory nor swap.");
		return;
	}
	print_text(out, "Guests and host may want ");
	say_size(out, p.bytes + p.reserve);
	print_text(out, ", there are ");
	say_size(out, p.memory);
	print_text(out, " of memory and ");
	say_size(out, cell_number(s->host, HOST_SWAP_TOTAL, 0));
	print_text(out, " of swap: ");
	say_size(out, figure);
	print_text(out, " are covered by neither.");
}

static void advise_headroom(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	print_text(out, "add ");
	say_size(out, figure);
	print_text(out, " of swap (fallocate, mkswap, swapon), or give guests less memory");
}

const struct rule swap_rules[] = {
	{
	    .id = "mem-swappiness",
	    .title = "the host swaps guests out readily",
	    .good =
		"A host of guests should swap reluctantly: it cannot tell which pages of a guest "
		"are cold, and every page that must be read back stops a vCPU.",
	    .detect =
		"vm.swappiness above 10 while guests were given at least half of the memory and "
		"some of it is in swap, or the host swaps out. Not where swapped pages are "
		"compressed in memory, by zram or zswap: there higher values are right.",
	    .by_hand = "sysctl vm.swappiness\ngrep VmSwap /proc/PID/status\nvmstat 1\n"
		       "cat /proc/swaps /sys/module/zswap/parameters/enabled",
	    .risk = "0 does not switch swapping off.",
	    .source = "SUSE 4.2.1; RHEL 4",
	    .figure = "vm.swappiness",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_SWAPPINESS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_A,
	    .needs =
		NEEDS_LIST(NEED(TABLE_HOST, HOST_SWAPPINESS), NEED(TABLE_HOST, HOST_MEMORY_TOTAL),
		    USES(TABLE_HOST, HOST_GUEST_MEMORY), USES(TABLE_HOST, HOST_SWAP_OUT),
		    USES(TABLE_HOST, HOST_COMPRESSED_SWAP), USES(TABLE_DOMAIN, DOMAIN_SWAPPED)),
	    .raise = 11,
	    .clear = 10,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "guests", 0.50, "least share of memory that guests were given",
		SHOW_PERCENT } },
	    .concerns = swaps_to_disk,
	    .measure = measure_swappiness,
	    .evidence = tell_swappiness,
	    .advice = advise_swappiness,
	    .plan = plan_swappiness,
	},
	{
	    .id = "mem-guest-swapped",
	    .title = "guest memory is in swap",
	    .good =
		"Guest memory should not be swapped out by the host: it takes a vCPU off its CPU "
		"for as long as the disk takes, and the guest cannot know why.",
	    .detect = "At least 5 % of its memory are in swap, or 64 MiB while the host swaps in "
		      "400 KiB a second.",
	    .by_hand = "grep VmSwap /proc/PID/status\nvmstat 1",
	    .risk = "Nothing brings single pages back on request; swapoff brings back all, and "
		    "needs the memory for it. "
		    "There is advice only: mem-swappiness and balloon-reclaim keep it from "
		    "happening again, and to take swap from one guest takes memory from the "
		    "others.",
	    .source = "IBM Swapping; RHEL 1.2",
	    .figure = "memory in swap",
	    .show = SHOW_SIZE,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_SWAPPED,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_NONE,
	    .needs =
		NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_SWAPPED), NEED(TABLE_DOMAIN, DOMAIN_MEMORY),
		    USES(TABLE_HOST, HOST_SWAP_IN), USES(TABLE_HOST, HOST_SWAP_TOTAL),
		    USES(TABLE_HOST, HOST_SWAP_FREE), USES(TABLE_HOST, HOST_MEMORY_AVAILABLE)),
	    .raise = 1,
	    .raise_s = 6,
	    .clear_s = 300,
	    .param = { { "share", 0.05, "share of its memory that is in swap", SHOW_PERCENT },
		{ "swapped", 64 * MIB, "least swapped where the host swaps in, in bytes",
		    SHOW_SIZE },
		{ "swap_in", 400 * KIB, "swapped in by the host, in bytes a second", SHOW_SIZE } },
	    .measure = measure_swapped,
	    .evidence = tell_swapped,
	    .advice = advise_swapped,
	},
	{
	    .id = "mem-swap-headroom",
	    .title = "swap does not cover what is promised",
	    .good = "Where guests are promised more than there is, swap must take the rest, even "
		    "if KSM "
		    "saved nothing any more: what finds neither memory nor swap ends with a guest "
		    "killed.",
	    .detect =
		"The memory of all running guests without a huge page pool, 200 MiB for each, and "
		"a reserve of 5 % (at least 2 GiB) are more than memory and swap together; or KSM "
		"saves more than is available and free in swap.",
	    .by_hand = "free -h\nswapon --show\nvirsh domstats --balloon",
	    .risk = "Swap on a slow disk saves guests from being killed, not from being slow.",
	    .source = "SUSE 4.1.4, 4.2; RHEL 8.3",
	    .figure = "memory that nothing covers",
	    .show = SHOW_SIZE,
	    .subject = TABLE_HOST,
	    .column = HOST_SWAP_TOTAL,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_MEMORY_TOTAL),
		NEED(TABLE_HOST, HOST_SWAP_TOTAL), NEED(TABLE_HOST, HOST_SWAP_FREE),
		NEED(TABLE_HOST, HOST_MEMORY_AVAILABLE), NEED(TABLE_HOST, HOST_GUEST_MEMORY),
		USES(TABLE_HOST, HOST_HUGETLB), USES(TABLE_HOST, HOST_KSM_SAVED),
		USES(TABLE_DOMAIN, DOMAIN_PID), USES(TABLE_DOMAIN, DOMAIN_MEMORY),
		USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = MIB,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_headroom,
	    .evidence = tell_headroom,
	    .advice = advise_headroom,
	},
	{ .id = NULL },
};
