/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge page pools, and the guests that live in them. */
#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pools.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"

/* ---- hugepages-surplus ---- */

static enum outcome measure_surplus(const struct subject *s, double *ret)
{
	*ret = cell_number(s->row, HUGEPOOL_SURPLUS, 0);
	return OUTCOME_FIGURE;
}

static void tell_surplus(const struct subject *s, double figure, struct text *out)
{
	say_count(out, figure);
	print_text(out, " of its ");
	say_count(out, cell_number(s->row, HUGEPOOL_TOTAL, 0));
	print_text(out, " pages are beyond the size of the pool: they were found when somebody "
			"asked, and are given back when freed.");
}

static void advise_surplus(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "make the pool of this node as large as it is in use, ");
	say_count(out, cell_number(s->row, HUGEPOOL_TOTAL, 0));
	print_text(out, " pages, by writing that to nr_hugepages");
}

/* ---- hugepages-1g ---- */

static bool host_has_1g(const struct subject *s)
{
	const struct table *pools = &s->now->table[TABLE_HUGEPOOL];

	for (size_t i = 0; i < pools->n; i++)
		if (cell_number(pools->row[i], HUGEPOOL_PAGE_SIZE, 0) == GIB)
			return true;
	return false;
}

static enum outcome measure_1g(const struct subject *s, double *ret)
{
	double memory = cell_number(s->row, DOMAIN_MEMORY, 0);

	if (cell_number(s->row, DOMAIN_HUGE_SIZE, 0) != 2 * MIB || !host_has_1g(s))
		return OUTCOME_NONE;
	*ret = fmod(memory, GIB) == 0 ? memory : 0;
	return OUTCOME_FIGURE;
}

static void tell_1g(const struct subject *s, double figure, struct text *out)
{
	const struct table *pools = &s->now->table[TABLE_HUGEPOOL];
	double free_pages = 0;

	for (size_t i = 0; i < pools->n; i++)
		if (cell_number(pools->row[i], HUGEPOOL_PAGE_SIZE, 0) == GIB)
			free_pages += cell_number(pools->row[i], HUGEPOOL_FREE, 0);
	print_text(out, "Its ");
	say_size(out, figure);
	print_format(out, " take %.0f pages of 2 MiB, or %.0f of 1 GiB, of which the host has ",
	    figure / (2 * MIB), figure / GIB);
	say_count(out, free_pages);
	print_text(out, " free.");
}

/* Pages of 1 GiB for all of a guest: on the nodes that its definition names, or anywhere. */
struct large_pages {
	struct cpuset nodes; /* empty: all */
	double wanted, missing;
	struct growth growth[GROWTHS_MAX]; /* that gives what is missing */
	size_t growths;                    /* 0: nothing is missing, or it does not fit */
};

/* The caller calls cpuset_done on ret->nodes. */
static struct large_pages look_for_1g(const struct subject *s)
{
	struct large_pages l = { .wanted = cell_number(s->row, DOMAIN_MEMORY, 0) / GIB };
	const struct cpuset *nodes =
	    policy_text_nodes(policy_next(s->row), &l.nodes) ? &l.nodes : NULL;

	l.missing = fmax(0, l.wanted - pools_of(s, GIB, nodes).free);
	l.growths = pools_to_grow(s, GIB, nodes, l.missing, l.growth);
	return l;
}

/* Of the whole host, as its kernel takes them when it starts. */
static double pages_at_boot(const struct subject *s, const struct large_pages *l)
{
	return pools_of(s, GIB, NULL).total + l->missing;
}

static void advise_1g(const struct subject *s, double figure, struct text *out)
{
	struct large_pages l = look_for_1g(s);
	double boot = pages_at_boot(s, &l);

	(void)figure;
	if (binds_own_nodes(s->row))
		print_format(out,
		    "have %.0f pages of 1 GiB, each node's share where its own nodes are bound, "
		    "and ask for them in its definition",
		    l.wanted);
	else if (l.missing <= 0)
		print_text(out, "ask for pages of 1 GiB in its definition");
	else if (l.growths) {
		print_format(out, "add %.0f pages of 1 GiB on ", l.missing);
		say_growth_nodes(out, l.growth, l.growths);
		print_format(out,
		    ", at best when the host starts (hugepagesz=1G hugepages=%.0f), and ask for "
		    "them in its definition",
		    boot);
	} else
		print_format(out,
		    "reserve %.0f pages of 1 GiB when the host starts (hugepagesz=1G "
		    "hugepages=%.0f), then ask for them in its definition",
		    boot, boot);
	cpuset_done(&l.nodes);
}

/* Without its pages the guest would not start, so they come first. */
static void plan_1g(const struct subject *s, struct plan *out)
{
	struct large_pages l = look_for_1g(s);
	double boot = pages_at_boot(s, &l);

	plan_title(out, "give %s pages of 1 GiB", cell_text(s->row, DOMAIN_NAME));
	plan_growth(out, l.growth, l.growths);
	plan_add(out, ACTION_DEFINE, s->row, "memoryBacking/hugepages", NULL,
	    "<hugepages><page size='1' unit='G'/></hugepages>")
	    ->saved = true;
	if (binds_own_nodes(s->row))
		plan_refuse(out, OWN_NODES_REFUSAL);
	else if (l.missing > 0 && !l.growths)
		plan_refuse(out,
		    "%.0f of the %.0f pages that it needs are neither free nor to be had now: "
		    "start the host with hugepagesz=1G hugepages=%.0f first",
		    l.missing, l.wanted, boot);
	cpuset_done(&l.nodes);
}

/* ---- hugepages-feature-conflict ---- */

static bool has_pool(const struct subject *s)
{
	return guest_has_pool(s->row);
}

static enum outcome measure_conflict(const struct subject *s, double *ret)
{
	*ret =
	    cell_number(s->row, DOMAIN_BALLOON_MAXIMUM, 0) - cell_number(s->row, DOMAIN_BALLOON, 0);
	return OUTCOME_FIGURE;
}

static void tell_conflict(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "Its balloon leaves it ");
	say_size(out, cell_number(s->row, DOMAIN_BALLOON, 0));
	print_text(out, " of ");
	say_size(out, cell_number(s->row, DOMAIN_BALLOON_MAXIMUM, 0));
	print_text(out,
	    ", yet its memory is of a huge page pool, which gets hardly any of the rest back.");
}

static void advise_conflict(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "give it all of its ");
	say_size(out, cell_number(s->row, DOMAIN_BALLOON_MAXIMUM, 0));
	print_text(out, " from its next start on");
}

static void plan_conflict(const struct subject *s, struct plan *out)
{
	char all[NUMBER_SIZE];

	number_text(cell_number(s->row, DOMAIN_BALLOON_MAXIMUM, 0) / KIB, all);
	plan_title(out, "let %s have all of its memory", cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_BALLOON, s->row, "", NULL, all)->saved = true;
}

const struct rule hugepages_rules[] = {
	{
	    .id = "hugepages-surplus",
	    .title = "the huge page pool is too small",
	    .good = "A huge page pool should be as large as its users need; pages beyond its size "
		    "(nr_overcommit_hugepages) are there only as long as memory is not "
		    "fragmented.",
	    .detect = "surplus_hugepages above 0 for 5 minutes.",
	    .by_hand = "grep . /sys/devices/system/node/node*/hugepages/*/*_hugepages",
	    .risk = "None: nr_hugepages shows surplus pages too, and to write what it shows makes "
		    "them the pool's own. Since it looks the same before and after, kvmtop leaves "
		    "it to you.",
	    .source = "SUSE 4.1.1",
	    .figure = "pages beyond the pool's size",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HUGEPOOL,
	    .column = HUGEPOOL_SURPLUS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(
		NEED(TABLE_HUGEPOOL, HUGEPOOL_SURPLUS), NEED(TABLE_HUGEPOOL, HUGEPOOL_TOTAL)),
	    .raise = 1,
	    .raise_s = 300,
	    .clear_s = 10,
	    .measure = measure_surplus,
	    .evidence = tell_surplus,
	    .advice = advise_surplus,
	},
	{
	    .id = "hugepages-1g",
	    .title = "a very large guest has pages of 2 MiB",
	    .good = "A very large guest has fewer TLB misses with pages of 1 GiB, where the host "
		    "has them.",
	    .detect = "A guest of 32 GiB or more, a whole number of GiB, has its memory in pages "
		      "of 2 MiB, and the host has a pool for pages of 1 GiB.",
	    .by_hand = "grep . /sys/kernel/mm/hugepages/hugepages-1048576kB/*",
	    .risk =
		"Without enough free pages of 1 GiB the guest does not start. So the plan first "
		"adds those that are missing to the pool of the node with most memory to spare, "
		"and to others where that is not enough, and defines nothing when the kernel does"
		" not find them: it seldom does once memory is in pieces. Else it is refused, and"
		" names what to give the kernel at its next start. A guest whose own nodes are "
		"bound each to others is left alone, as each would need its part. The guest's "
		"pages of 2 MiB stay in their pool.",
	    .source = "RHEL 8.2.3.3; openEuler HugePage Memory; SUSE 4.1.1",
	    .figure = "memory in pages of 2 MiB",
	    .show = SHOW_SIZE,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_HUGE_SIZE,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_MEMORY),
		USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE),
		USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE_SAVED), USES(TABLE_DOMAIN, DOMAIN_SAVED),
		USES(TABLE_HUGEPOOL, HUGEPOOL_PAGE_SIZE), POOL_NEEDS),
	    .raise = 32 * GIB,
	    .clear = 32 * GIB,
	    .concerns = has_pool,
	    .measure = measure_1g,
	    .evidence = tell_1g,
	    .advice = advise_1g,
	    .plan = plan_1g,
	},
	{
	    .id = "hugepages-feature-conflict",
	    .title = "a balloon takes from a huge page pool",
	    .good =
		"A balloon takes single small pages; one of a huge page pool is given back only "
		"where it happens to take all of it. What else it takes is lost to all.",
	    .detect = "The guest has memory of a huge page pool, and its balloon leaves it less "
		      "than its maximum.",
	    .by_hand = "virsh dommemstat DOMAIN\nvirsh dumpxml DOMAIN --xpath //memoryBacking",
	    .risk = "It counts from the next start on: to let the balloon go while the guest runs "
		    "may ask the pool for pages that it no longer has. To resize such guests "
		    "virtio-mem does what a balloon cannot.",
	    .source = "SUSE 4.1.1",
	    .figure = "memory in the balloon",
	    .show = SHOW_SIZE,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_BALLOON,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_BALLOON),
		NEED(TABLE_DOMAIN, DOMAIN_BALLOON_MAXIMUM), USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = MIB,
	    .raise_s = 10,
	    .clear_s = 10,
	    .concerns = has_pool,
	    .measure = measure_conflict,
	    .evidence = tell_conflict,
	    .advice = advise_conflict,
	    .plan = plan_conflict,
	    .excludes = "balloon-reclaim",
	},
	{ .id = NULL },
};
