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

/* What tasks lose that compact memory themselves counts, too. */
static enum outcome measure_upkeep(const struct subject *s, double *ret)
{
	double stalls;

	if (count_guests(s, true, 0) == 0 || count_guests(s, false, 0) > 0)
		return OUTCOME_NONE;
	if (!is_text(s->host, HOST_THP_ENABLED, "always"))
		*ret = 0;
	else if (!figure_of(TABLE_HOST, s->host, HOST_KHUGEPAGED_CPU, ret))
		return OUTCOME_NONE;
	else if (figure_of(TABLE_HOST, s->host, HOST_COMPACT_STALLS, &stalls))
		*ret += stalls * s->param[0];
	return OUTCOME_FIGURE;
}

static void tell_upkeep(const struct subject *s, double figure, struct text *out)
{
	double stalls, cpu = figure;
	double guests = count_guests(s, true, 0);

	figure_of(TABLE_HOST, s->host, HOST_KHUGEPAGED_CPU, &cpu);
	print_text(out, guests == 1 ? "The only guest has" : "All ");
	if (guests != 1) {
		say_guests(out, guests);
		print_text(out, " have");
	}
	print_text(out, " memory of a huge page pool, yet khugepaged uses ");
	say_percent(out, cpu);
	print_text(out, " of a CPU to make huge pages for everybody (always)");
	if (figure_of(TABLE_HOST, s->host, HOST_COMPACT_STALLS, &stalls) && stalls >= 1) {
		print_text(out, ", and tasks stop ");
		say_count(out, stalls);
		print_text(out, " times a second to compact memory for them");
	}
	print_text(out, ".");
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

/* ---- thp-coverage-low ---- */

#define KHUGEPAGED(file) "sys/kernel/mm/transparent_hugepage/khugepaged/" file
#define SLEEP_GOOD_MS 1000
#define PAGES_TO_SCAN_MAX 65536

/* Small guests do not matter; those in a pool or in shared memory have none. */
static bool may_have_thp(const struct subject *s)
{
	return cell_number(s->row, DOMAIN_MEMORY, 0) >= s->param[0] && !guest_has_pool(s->row) &&
	       !has_backing(s->row, "memfd") && !has_backing(s->row, "file") &&
	       !has_backing(s->row, "shared") && !is_text(s->host, HOST_THP_ENABLED, "never");
}

/* KSM splits huge pages, and where it saves much that may be meant. */
static bool is_merged(const struct subject *s)
{
	return cell_number(s->row, DOMAIN_KSM, 0) >= 0.05 * cell_number(s->row, DOMAIN_RSS, 0);
}

static enum outcome measure_coverage(const struct subject *s, double *ret)
{
	double rss = cell_number(s->row, DOMAIN_RSS, 0);

	if (cell_number(s->row, DOMAIN_UPTIME, 0) < s->param[1] || rss < s->param[0] / 2 ||
	    is_merged(s))
		return OUTCOME_NONE;
	*ret = fmin(1, cell_number(s->row, DOMAIN_THP, 0) / rss);
	return OUTCOME_FIGURE;
}

static double khugepaged_bytes(const struct subject *s)
{
	return cell_number(s->host, HOST_KHUGEPAGED_PAGES_TO_SCAN, 0) *
	       cell_number(s->host, HOST_PAGE_SIZE, 4096);
}

static double khugepaged_sleep_s(const struct subject *s)
{
	return cell_number(s->host, HOST_KHUGEPAGED_SCAN_SLEEP_MILLISECS, 0) / 1000;
}

static void say_fallbacks(const struct subject *s, struct text *out)
{
	double fallbacks = figure_or(TABLE_HOST, s->host, HOST_THP_FALLBACKS, 0);
	double faults = figure_or(TABLE_HOST, s->host, HOST_THP_FAULTS, 0);

	if (fallbacks < 1)
		return;
	print_text(out, "; ");
	say_percent(out, fallbacks / (fallbacks + faults));
	print_text(out, " of the page faults that want one find none");
}

static void tell_coverage(const struct subject *s, double figure, struct text *out)
{
	double rss = cell_number(s->row, DOMAIN_RSS, 0), bytes = khugepaged_bytes(s);

	say_percent(out, figure);
	print_text(out, " of its ");
	say_size(out, rss);
	print_text(out, " are in transparent huge pages");
	say_fallbacks(s, out);
	print_text(out, ".");
	if (bytes <= 0)
		return;
	print_text(out, " khugepaged looks at ");
	say_size(out, bytes);
	print_text(out, " every ");
	say_time(out, khugepaged_sleep_s(s));
	print_text(out, ": this guest alone takes it ");
	say_time(out, rss / bytes * khugepaged_sleep_s(s));
	print_text(out, ".");
}

static void advise_coverage(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let khugepaged look for huge pages more often, and compact memory once "
			"(echo 1 > /proc/sys/vm/compact_memory)");
}

static void plan_number(
    const struct subject *s, struct plan *out, const char *path, int column, double value)
{
	char was[NUMBER_SIZE], is[NUMBER_SIZE];

	plan_setting(
	    out, path, number_text(cell_number(s->host, column, 0), was), number_text(value, is));
}

static void plan_coverage(const struct subject *s, struct plan *out)
{
	double sleep_ms = cell_number(s->host, HOST_KHUGEPAGED_SCAN_SLEEP_MILLISECS, 0);
	double pages = cell_number(s->host, HOST_KHUGEPAGED_PAGES_TO_SCAN, 0);

	plan_title(out, "let khugepaged look for huge pages more often");
	if (cell_number(s->host, HOST_KHUGEPAGED_DEFRAG, 1) <= 0)
		plan_number(s, out, KHUGEPAGED("defrag"), HOST_KHUGEPAGED_DEFRAG, 1);
	if (sleep_ms > SLEEP_GOOD_MS)
		plan_number(s, out, KHUGEPAGED("scan_sleep_millisecs"),
		    HOST_KHUGEPAGED_SCAN_SLEEP_MILLISECS, SLEEP_GOOD_MS);
	else if (pages > 0 && pages < PAGES_TO_SCAN_MAX)
		plan_number(s, out, KHUGEPAGED("pages_to_scan"), HOST_KHUGEPAGED_PAGES_TO_SCAN,
		    fmin(4 * pages, PAGES_TO_SCAN_MAX));
	if (out->n == 0)
		plan_refuse(out, "khugepaged is as quick as it should be; what lacks is memory in "
				 "one piece");
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
	    .param = { { "guest", GIB, "least memory of a guest that counts, in bytes",
		SHOW_SIZE } },
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
	    .detect =
		"Every running guest has memory of a huge page pool, "
		"transparent_hugepage/enabled is always, and khugepaged uses at least 1 % of "
		"a CPU; each time a second that a task compacts memory itself (compact_stall) "
		"counts as 1 % more.",
	    .by_hand = "cat /sys/kernel/mm/transparent_hugepage/enabled\n"
		       "top -p $(pgrep -x khugepaged)\ngrep compact_stall /proc/vmstat",
	    .risk = "Other programs of the host may live by them; madvise leaves them to those "
		    "that ask.",
	    .source = "openEuler HugePage Memory; RHEL 8.2.3.2",
	    .figure = "CPU time of khugepaged, and what stalls count as",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_KHUGEPAGED_CPU,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_THP_ENABLED),
		USES(TABLE_HOST, HOST_KHUGEPAGED_CPU), USES(TABLE_HOST, HOST_COMPACT_STALLS),
		USES(TABLE_DOMAIN, DOMAIN_PID), USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .param = { { "stall", 0.01, "what a stall for compaction a second counts as",
		SHOW_PERCENT } },
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
	{
	    .id = "thp-coverage-low",
	    .title = "little of the guest is in huge pages",
	    .good = "Where transparent huge pages are on, most of a guest's memory should lie in "
		    "them: what was in small pages at first khugepaged collects later.",
	    .detect =
		"Of a guest with at least 2 GiB, up for ten minutes, less than half of what is "
		"resident lies in transparent huge pages (until it is 70 %). Those in a huge page "
		"pool or in shared memory are left out, and those of which KSM merges 5 %.",
	    .by_hand = "grep -E '^(Rss|AnonHugePages)' /proc/PID/smaps_rollup\n"
		       "grep . /sys/kernel/mm/transparent_hugepage/khugepaged/*\n"
		       "grep -E 'thp_fault|thp_collapse' /proc/vmstat",
	    .risk = "khugepaged takes more CPU time, and holds up the guest's own page faults for "
		    "moments. How much is in huge pages is told by the guest's cgroup; a guest "
		    "that shares one with others cannot be judged.",
	    .source = "RHEL 8.2.3.1, 8.3.4; SUSE 4.1.2",
	    .figure = "share in transparent huge pages",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_THP,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_THP), NEED(TABLE_DOMAIN, DOMAIN_RSS),
		NEED(TABLE_DOMAIN, DOMAIN_MEMORY), NEED(TABLE_DOMAIN, DOMAIN_UPTIME),
		NEED(TABLE_HOST, HOST_THP_ENABLED), USES(TABLE_DOMAIN, DOMAIN_KSM),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING), USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB), USES(TABLE_HOST, HOST_PAGE_SIZE),
		USES(TABLE_HOST, HOST_THP_FAULTS), USES(TABLE_HOST, HOST_THP_FALLBACKS),
		USES(TABLE_HOST, HOST_KHUGEPAGED_DEFRAG),
		USES(TABLE_HOST, HOST_KHUGEPAGED_PAGES_TO_SCAN),
		USES(TABLE_HOST, HOST_KHUGEPAGED_SCAN_SLEEP_MILLISECS)),
	    .below = true,
	    .raise = 0.50,
	    .clear = 0.70,
	    .raise_s = 60,
	    .clear_s = 60,
	    .param = { { "guest", 2 * GIB, "least memory of a guest that counts, in bytes",
			   SHOW_SIZE },
		{ "uptime", 600, "how long it must have been up, in seconds", SHOW_TIME } },
	    .concerns = may_have_thp,
	    .measure = measure_coverage,
	    .evidence = tell_coverage,
	    .advice = advise_coverage,
	    .plan = plan_coverage,
	},
	{ .id = NULL },
};
