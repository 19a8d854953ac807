/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of the host: what it promised, and how it comes by it. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

/* ---- mem-overcommit ---- */

static enum outcome measure_overcommit(const struct subject *s, double *ret)
{
	struct promise p;

	if (!read_promise(s, &p) || p.guests == 0 || p.memory <= 0)
		return OUTCOME_NONE;
	*ret = (p.bytes + p.reserve) / p.memory;
	return OUTCOME_FIGURE;
}

static void tell_overcommit(const struct subject *s, double figure, struct text *out)
{
	struct promise p;
	double rss = 0, saved;
	const struct table *guests = &s->now->table[TABLE_DOMAIN];

	if (!read_promise(s, &p))
		return;
	for (size_t i = 0; i < guests->n; i++)
		rss += cell_number(guests->row[i], DOMAIN_RSS, 0);
	print_text(out, "Guests may grow to ");
	say_size(out, p.bytes);
	print_text(out, " and the host should keep ");
	say_size(out, p.reserve);
	print_text(out, " for itself, which is ");
	say_percent(out, figure);
	print_text(out, " of the ");
	say_size(out, p.memory);
	print_text(out, " that there is besides huge page pools. They hold ");
	say_size(out, rss);
	print_text(out, " now");
	if (figure_of(TABLE_HOST, s->host, HOST_KSM_SAVED, &saved) && saved > 0) {
		print_text(out, ", and KSM saves ");
		say_size(out, saved);
	}
	print_text(out, ".");
}

static void advise_overcommit(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "give guests less memory, or see to it that they can give it back: swap, "
			"balloons, KSM");
}

/* ---- mem-psi ---- */

static enum outcome measure_pressure(const struct subject *s, double *ret)
{
	double some = figure_or(TABLE_HOST, s->host, HOST_PSI_MEMORY, 0);

	if (!figure_of(TABLE_HOST, s->host, HOST_PSI_MEMORY_FULL, ret))
		return OUTCOME_NONE;
	*ret = fmax(*ret, some * s->param[0]);
	return OUTCOME_FIGURE;
}

static void tell_pressure(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "Some task waited for memory ");
	say_percent(out, figure_or(TABLE_HOST, s->host, HOST_PSI_MEMORY, 0));
	print_text(out, " of the time, all of them together ");
	say_percent(out, figure_or(TABLE_HOST, s->host, HOST_PSI_MEMORY_FULL, 0));
	print_text(out, ".");
	if (cell_has(s->host, HOST_MEMORY_AVAILABLE)) {
		print_text(out, " ");
		say_size(out, cell_number(s->host, HOST_MEMORY_AVAILABLE, 0));
		print_text(out, " could be had without swapping.");
	}
}

static void advise_pressure(const struct subject *s, double figure, struct text *out)
{
	double total = cell_number(s->host, HOST_MEMORY_TOTAL, 0);

	(void)figure;
	if (total > 0 && cell_number(s->host, HOST_MEMORY_AVAILABLE, 0) > s->param[1] * total) {
		print_text(out, "look for a cgroup or a node that is full, since the host is not "
				"(memory.pressure of cgroups, numastat -m)");
		return;
	}
	print_text(out, "free memory: take back what guests do not use, merge pages with KSM, or "
			"move a guest to another host");
}

/* ---- mem-zone-reclaim ---- */

/* The node with most free memory; NULL where none has much. */
static const struct row *roomy_node(const struct subject *s)
{
	const struct table *nodes = &s->now->table[TABLE_NODE];
	const struct row *best = NULL;

	for (size_t i = 0; i < nodes->n; i++) {
		const struct row *node = nodes->row[i];
		double free_bytes = cell_number(node, NODE_FREE, 0);

		if (free_bytes >= s->param[0] * cell_number(node, NODE_TOTAL, 0) &&
		    free_bytes > (best ? cell_number(best, NODE_FREE, 0) : 0))
			best = node;
	}
	return best;
}

static bool has_nodes(const struct subject *s)
{
	return s->now->table[TABLE_NODE].n > 1;
}

static enum outcome measure_reclaim(const struct subject *s, double *ret)
{
	double done, failed;

	if (cell_number(s->host, HOST_ZONE_RECLAIM, 0) == 0) {
		*ret = 0;
		return OUTCOME_FIGURE;
	}
	if (!figure_of(TABLE_HOST, s->host, HOST_ZONE_RECLAIM_DONE, &done) ||
	    !figure_of(TABLE_HOST, s->host, HOST_ZONE_RECLAIM_FAILED, &failed))
		return OUTCOME_NONE;
	*ret = roomy_node(s) ? done + failed : 0;
	return OUTCOME_FIGURE;
}

static void tell_reclaim(const struct subject *s, double figure, struct text *out)
{
	const struct row *node = roomy_node(s);

	print_format(out, "vm.zone_reclaim_mode is %.0f, and a full node reclaimed memory ",
	    cell_number(s->host, HOST_ZONE_RECLAIM, 0));
	say_count(out, figure);
	print_text(out, " times a second");
	if (node) {
		print_format(out, " while node %.0f had ", cell_number(node, NODE_NUMBER, 0));
		say_size(out, cell_number(node, NODE_FREE, 0));
		print_text(out, " free");
	}
	print_text(out, ".");
}

static void advise_reclaim(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "set vm.zone_reclaim_mode to 0");
}

static void plan_reclaim(const struct subject *s, struct plan *out)
{
	char now[NUMBER_SIZE];

	number_text(cell_number(s->host, HOST_ZONE_RECLAIM, 0), now);
	plan_title(out, "set vm.zone_reclaim_mode to 0");
	plan_sysctl(out, "vm.zone_reclaim_mode", now, "0");
}

/* ---- mem-dirty-writeback ---- */

static bool has_cached_disk(const struct subject *s)
{
	const struct table *disks = &s->now->table[TABLE_DISK];

	for (size_t i = 0; i < disks->n; i++) {
		const struct row *disk = disks->row[i];

		if (cell_has(disk, DISK_CACHE) && !is_text(disk, DISK_CACHE, "none") &&
		    !is_text(disk, DISK_CACHE, "directsync"))
			return true;
	}
	return false;
}

static double unwritten(const struct subject *s)
{
	return cell_number(s->host, HOST_DIRTY, 0) + cell_number(s->host, HOST_WRITEBACK, 0);
}

static enum outcome measure_dirty(const struct subject *s, double *ret)
{
	double counted = fmin(cell_number(s->host, HOST_MEMORY_TOTAL, 0), s->param[0]);
	bool late = cell_number(s->host, HOST_DIRTY_BACKGROUND_RATIO, 0) >= 10 &&
		    cell_number(s->host, HOST_DIRTY_RATIO, 0) >= 20;

	if (!has_cached_disk(s) || counted <= 0)
		return OUTCOME_NONE;
	*ret = late ? unwritten(s) / counted : 0;
	return OUTCOME_FIGURE;
}

static void tell_dirty(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	say_size(out, unwritten(s));
	print_format(out,
	    " of the page cache wait to be written; writing begins at %.0f %% of the available "
	    "memory, and whoever writes is held back at %.0f %%.",
	    cell_number(s->host, HOST_DIRTY_BACKGROUND_RATIO, 0),
	    cell_number(s->host, HOST_DIRTY_RATIO, 0));
}

/* Five percent of so much are enough for a host of any size. */
#define DIRTY_MEMORY (128 * GIB)

/* Percent from which on page cache is to be written; whoever writes is held back at twice that. */
static double early_ratio(const struct subject *s)
{
	double memory = fmax(cell_number(s->host, HOST_MEMORY_TOTAL, 0), DIRTY_MEMORY);

	return fmax(1, floor(5 * DIRTY_MEMORY / memory));
}

static void advise_dirty(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out, "set vm.dirty_background_ratio to %.0f and vm.dirty_ratio to %.0f",
	    early_ratio(s), 2 * early_ratio(s));
}

static void plan_ratio(
    const struct subject *s, int column, const char *name, double value, struct plan *out)
{
	char now[NUMBER_SIZE], is[NUMBER_SIZE];

	number_text(cell_number(s->host, column, 0), now);
	plan_sysctl(out, name, now, number_text(value, is));
}

static void plan_dirty(const struct subject *s, struct plan *out)
{
	double ratio = early_ratio(s);

	plan_title(out, "begin to write earlier");
	plan_ratio(s, HOST_DIRTY_BACKGROUND_RATIO, "vm.dirty_background_ratio", ratio, out);
	plan_ratio(s, HOST_DIRTY_RATIO, "vm.dirty_ratio", 2 * ratio, out);
}

const struct rule memory_rules[] = {
	{
	    .id = "mem-overcommit",
	    .title = "more memory is promised than there is",
	    .good = "Whoever promises guests more memory than the host has should know it: all of "
		    "them may want it at once.",
	    .detect =
		"The memory of all running guests without a huge page pool, 200 MiB for each of "
		"them, and a reserve of 5 % (at least 2 GiB) are more than the memory that is not "
		"in such pools. Whether swap covers the rest is what mem-swap-headroom tells.",
	    .by_hand = "virsh domstats --balloon\nfree -h\ngrep Huge /proc/meminfo",
	    .risk = "None. Overcommitment may be meant, where guests do not use what they have.",
	    .source = "SUSE 4; RHEL 8.1, 8.3; IBM, over-commit memory resources",
	    .figure = "promised memory by what there is",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_GUEST_MEMORY,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_MEMORY_TOTAL),
		NEED(TABLE_HOST, HOST_GUEST_MEMORY), USES(TABLE_HOST, HOST_HUGETLB),
		USES(TABLE_HOST, HOST_KSM_SAVED), USES(TABLE_DOMAIN, DOMAIN_PID),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY), USES(TABLE_DOMAIN, DOMAIN_RSS),
		USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = 1.0,
	    .clear = 0.95,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_overcommit,
	    .evidence = tell_overcommit,
	    .advice = advise_overcommit,
	},
	{
	    .id = "mem-psi",
	    .title = "tasks wait for memory",
	    .good = "Tasks that wait for memory are the sign that comes before swapping slows "
		    "everything down and before the kernel kills a guest.",
	    .detect =
		"Over 30 s all tasks together waited for memory 1 % of the time (5 %: critical), "
		"or some task 10 % (50 %). "
		"It is of the whole host; what a guest waits for within a limit of its own is "
		"not told apart.",
	    .by_hand = "cat /proc/pressure/memory",
	    .risk = "None. Some distributions switch these figures on by psi=1 on the kernel's "
		    "command line only.",
	    .source = "kernel: accounting/psi",
	    .figure = "time that all tasks waited, or a tenth of that of some",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_PSI_MEMORY_FULL,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_PSI_MEMORY_FULL),
		USES(TABLE_HOST, HOST_PSI_MEMORY), USES(TABLE_HOST, HOST_MEMORY_AVAILABLE),
		USES(TABLE_HOST, HOST_MEMORY_TOTAL)),
	    .raise = 0.01,
	    .clear = 0.005,
	    .critical = 0.05,
	    .raise_s = 30,
	    .clear_s = 30,
	    .param = { { "some", 0.1, "what the time that some task waited counts", SHOW_DECIMAL },
		{ "available", 0.2, "share of memory from which on the host is not short of it",
		    SHOW_PERCENT } },
	    .measure = measure_pressure,
	    .evidence = tell_pressure,
	    .advice = advise_pressure,
	},
	{
	    .id = "mem-zone-reclaim",
	    .title = "full nodes reclaim while others have memory",
	    .good = "A node that is full should take memory of another one rather than drop page "
		    "cache or swap out guests while there is memory.",
	    .detect = "vm.zone_reclaim_mode is not 0, nodes reclaim because of it "
		      "(zone_reclaim_success, zone_reclaim_failed), and a node has at least 10 % "
		      "of its memory free.",
	    .by_hand = "sysctl vm.zone_reclaim_mode\ngrep zone_reclaim /proc/vmstat\n"
		       "numastat -m",
	    .risk = "More memory of other nodes is used; guests that are bound to their node are "
		    "not touched by it.",
	    .source = "kernel: admin-guide/sysctl/vm",
	    .figure = "reclaims a second",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_ZONE_RECLAIM,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_ZONE_RECLAIM),
		USES(TABLE_HOST, HOST_ZONE_RECLAIM_DONE),
		USES(TABLE_HOST, HOST_ZONE_RECLAIM_FAILED), USES(TABLE_NODE, NODE_NUMBER),
		USES(TABLE_NODE, NODE_FREE), USES(TABLE_NODE, NODE_TOTAL)),
	    .raise = 1,
	    .clear = 0.5,
	    .raise_s = 30,
	    .clear_s = 30,
	    .param = { { "free", 0.10, "share of a node that is free elsewhere", SHOW_PERCENT } },
	    .concerns = has_nodes,
	    .measure = measure_reclaim,
	    .evidence = tell_reclaim,
	    .advice = advise_reclaim,
	    .plan = plan_reclaim,
	},
	{
	    .id = "mem-dirty-writeback",
	    .title = "writing begins late",
	    .good = "A host with much memory should begin early to write what guests changed, or "
		    "they are all held back when a burst of it goes to the disks.",
	    .detect = "At least 5 % of the memory, or 4 GiB, wait to be written, "
		      "vm.dirty_background_ratio is 10 or more, vm.dirty_ratio 20 or more, and a "
		      "guest's disk goes through the page cache.",
	    .by_hand = "sysctl vm.dirty_background_ratio vm.dirty_ratio\n"
		       "grep -E '^(Dirty|Writeback):' /proc/meminfo",
	    .risk =
		"More is written where files change often. Hosts with more than 128 GiB are given "
		"lower ratios than 5 and 10, for about as much as those of 128 GiB, but not less "
		"than 1 and 2. Limits in bytes (dirty_bytes), which would be finer, take the "
		"place of the ratios, and the other way round, so that writing the old value back "
		"would not undo them; with them this rule is silent.",
	    .source = "RHEL 4, profile virtual-host",
	    .figure = "share of memory that waits to be written, of 80 GiB at most",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_DIRTY,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_DIRTY),
		NEED(TABLE_HOST, HOST_DIRTY_BACKGROUND_RATIO), NEED(TABLE_HOST, HOST_DIRTY_RATIO),
		NEED(TABLE_HOST, HOST_MEMORY_TOTAL), USES(TABLE_HOST, HOST_WRITEBACK),
		USES(TABLE_DISK, DISK_CACHE)),
	    .raise = 0.05,
	    .clear = 0.02,
	    .raise_s = 6,
	    .clear_s = 30,
	    .param = { { "memory", 80 * GIB, "most memory that counts, in bytes", SHOW_SIZE } },
	    .measure = measure_dirty,
	    .evidence = tell_dirty,
	    .advice = advise_dirty,
	    .plan = plan_dirty,
	},
	{ .id = NULL },
};
