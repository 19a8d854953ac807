/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transparent huge pages. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

#define ENABLED_FILE "sys/kernel/mm/transparent_hugepage/enabled"
#define DEFRAG_FILE "sys/kernel/mm/transparent_hugepage/defrag"

/* Guests that run on memory of a pool, or not. */
static double count_guests(const struct subject *s, bool pool, double least_bytes)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	double n = 0;

	for (size_t i = 0; i < guests->n; i++) {
		const struct row *g = guests->row[i];

		if (guest_runs(g) && guest_has_pool(g) == pool &&
		    cell_number(g, DOMAIN_MEMORY, 0) >= least_bytes)
			n++;
	}
	return n;
}

static void say_guests(struct text *out, double n)
{
	print_format(out, "%.0f guest%s", n, n == 1 ? "" : "s");
}

/* ---- thp-mode ---- */

static enum outcome measure_mode(const struct subject *s, double *ret)
{
	double n = count_guests(s, false, s->param[0]);

	if (n == 0)
		return OUTCOME_NONE;
	*ret = is_text(s->host, HOST_THP_ENABLED, "never") ? n : 0;
	return OUTCOME_FIGURE;
}

static void tell_mode(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	print_text(out, "Transparent huge pages are switched off (never) while ");
	say_guests(out, figure);
	print_format(out, " run%s without a huge page pool.", figure == 1 ? "s" : "");
}

static void advise_madvise(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "give transparent huge pages to those who ask for them (madvise)");
}

static void plan_madvise(const struct subject *s, struct plan *out)
{
	plan_title(out, "set transparent huge pages to madvise");
	plan_setting(out, ENABLED_FILE, cell_text(s->host, HOST_THP_ENABLED), "madvise");
}

/* ---- thp-with-static ---- */

static enum outcome measure_upkeep(const struct subject *s, double *ret)
{
	if (count_guests(s, true, 0) == 0 || count_guests(s, false, 0) > 0)
		return OUTCOME_NONE;
	if (!is_text(s->host, HOST_THP_ENABLED, "always"))
		*ret = 0;
	else if (!figure_of(TABLE_HOST, s->host, HOST_KHUGEPAGED_CPU, ret))
		return OUTCOME_NONE;
	return OUTCOME_FIGURE;
}

static void tell_upkeep(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "All ");
	say_guests(out, count_guests(s, true, 0));
	print_text(out, " have memory of a huge page pool, yet khugepaged uses ");
	say_percent(out, figure);
	print_text(out, " of a CPU to make huge pages for everybody (always).");
}

/* ---- thp-defrag-stall ---- */

static enum outcome measure_stalls(const struct subject *s, double *ret)
{
	if (!is_text(s->host, HOST_THP_DEFRAG, "always"))
		*ret = 0;
	else if (!figure_of(TABLE_HOST, s->host, HOST_COMPACT_STALLS, ret))
		return OUTCOME_NONE;
	return OUTCOME_FIGURE;
}

static void tell_stalls(const struct subject *s, double figure, struct text *out)
{
	double psi;

	print_text(out, "Page faults stopped to compact memory ");
	say_count(out, figure);
	print_text(out, " times a second: every fault waits for a huge page (defrag is always).");
	if (figure_of(TABLE_HOST, s->host, HOST_PSI_MEMORY, &psi)) {
		print_text(out, " Some task waited for memory ");
		say_percent(out, psi);
		print_text(out, " of the time.");
	}
}

static void advise_defrag(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let only those wait who asked for huge pages (defer+madvise)");
}

static void plan_defrag(const struct subject *s, struct plan *out)
{
	plan_title(out, "set the defragmentation for huge pages to defer+madvise");
	plan_setting(out, DEFRAG_FILE, cell_text(s->host, HOST_THP_DEFRAG), "defer+madvise");
}

const struct rule thp_rules[] = {
	{
	    .id = "thp-mode",
	    .title = "guests get no transparent huge pages",
	    .good =
		"A guest that has no huge page pool should at least get transparent huge pages: "
		"they save TLB misses, and cost it nothing to have.",
	    .detect = "transparent_hugepage/enabled is never while guests of at least 1 GiB run "
		      "without a huge page pool.",
	    .by_hand = "cat /sys/kernel/mm/transparent_hugepage/enabled\n"
		       "grep AnonHugePages /proc/PID/smaps_rollup",
	    .risk =
		"madvise is enough, since QEMU asks for them; what else runs on the host stays as "
		"it is. Memory that is shared (memfd, file) goes by shmem_enabled instead. It "
		"counts for new pages at once; those that are there are collapsed by khugepaged.",
	    .source = "SUSE 4.1.2; RHEL 8.2.3.1; openEuler THP",
	    .figure = "guests without huge pages",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_THP_ENABLED,
	    .level = LEVEL_WARNING,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_THP_ENABLED), USES(TABLE_DOMAIN, DOMAIN_PID),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY), USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = 1,
	    .param = { { "guest", GIB, "least memory of a guest that counts, in bytes" } },
	    .measure = measure_mode,
	    .evidence = tell_mode,
	    .advice = advise_madvise,
	    .plan = plan_madvise,
	},
	{
	    .id = "thp-with-static",
	    .title = "huge pages are made that no guest needs",
	    .good =
		"Where every guest has its memory from a huge page pool, transparent huge pages "
		"serve none of them, and their upkeep costs CPU time.",
	    .detect = "Every running guest has memory of a huge page pool, "
		      "transparent_hugepage/enabled is always, and khugepaged uses at least 1 % of "
		      "a CPU.",
	    .by_hand = "cat /sys/kernel/mm/transparent_hugepage/enabled\n"
		       "top -p $(pgrep -x khugepaged)",
	    .risk = "Other programs of the host may live by them; madvise leaves them to those "
		    "that ask.",
	    .source = "openEuler HugePage Memory; RHEL 8.2.3.2",
	    .figure = "CPU time of khugepaged",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_KHUGEPAGED_CPU,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_THP_ENABLED),
		USES(TABLE_HOST, HOST_KHUGEPAGED_CPU), USES(TABLE_DOMAIN, DOMAIN_PID),
		USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = 0.01,
	    .clear = 0.005,
	    .raise_s = 30,
	    .clear_s = 60,
	    .measure = measure_upkeep,
	    .evidence = tell_upkeep,
	    .advice = advise_madvise,
	    .plan = plan_madvise,
	},
	{
	    .id = "thp-defrag-stall",
	    .title = "page faults wait for huge pages",
	    .good = "A page fault should take a small page rather than wait until memory was "
		    "compacted for a huge one; khugepaged can make it huge later.",
	    .detect = "transparent_hugepage/defrag is always, and tasks compact memory themselves "
		      "(compact_stall) at least 10 times a second.",
	    .by_hand = "cat /sys/kernel/mm/transparent_hugepage/defrag\n"
		       "grep compact_stall /proc/vmstat\ncat /proc/pressure/memory",
	    .risk = "There are fewer huge pages at first. Guests ask for huge pages, so that "
		    "their own faults go on waiting; only defer spares these too.",
	    .source = "kernel: admin-guide/mm/transhuge",
	    .figure = "stalls for compaction a second",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_COMPACT_STALLS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_THP_DEFRAG),
		USES(TABLE_HOST, HOST_COMPACT_STALLS), USES(TABLE_HOST, HOST_PSI_MEMORY)),
	    .raise = 10,
	    .clear = 5,
	    .raise_s = 30,
	    .clear_s = 30,
	    .measure = measure_stalls,
	    .evidence = tell_stalls,
	    .advice = advise_defrag,
	    .plan = plan_defrag,
	},
	{ .id = NULL },
};
