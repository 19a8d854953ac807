/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the scanning of ksmd yields anything. */
#include "advisor/rules/merging.h"
#include "advisor/rules/rules.h"

/* ---- ksm-inefficient ---- */

static enum outcome measure_inefficient(const struct subject *s, double *ret)
{
	if (!has_scanned(s) || of_host(s, HOST_KSM_PAGES_SHARED) < s->param[0] * page_bytes(s))
		return OUTCOME_NONE;
	*ret = of_host(s, HOST_KSM_PAGES_SHARING) / of_host(s, HOST_KSM_PAGES_SHARED);
	return OUTCOME_FIGURE;
}

static void tell_inefficient(const struct subject *s, double figure, struct text *out)
{
	print_format(out, "Each merged page saves %.1f others: ", figure);
	say_size(out, of_host(s, HOST_KSM_PAGES_SHARED));
	print_text(out, " are kept to save ");
	say_size(out, of_host(s, HOST_KSM_PAGES_SHARING));
	print_text(out, ".");
}

/* ---- ksm-wasted-effort ---- */

static enum outcome measure_wasted(const struct subject *s, double *ret)
{
	if (!has_scanned(s) || rate_of_host(s, HOST_KSMD) < s->param[0])
		return OUTCOME_NONE;
	*ret = of_host(s, HOST_KSM_PAGES_UNSHARED) /
	       fmax(of_host(s, HOST_KSM_PAGES_SHARING), page_bytes(s));
	return OUTCOME_FIGURE;
}

/* KSM keeps 64 bytes for each page that it looks at, so of 4 KiB a 64th must merge to pay for them.
 */
#define PAYS_SHARE (1.0 / 64)

static void say_who_merges_nothing(const struct subject *s, struct text *out)
{
	const struct table *domains = &s->now->table[TABLE_DOMAIN];
	const struct row *largest = NULL;
	size_t guests = 0;

	for (size_t i = 0; i < domains->n; i++) {
		const struct row *domain = domains->row[i];
		double rss = cell_number(domain, DOMAIN_RSS, 0);

		if (!cell_has(domain, DOMAIN_KSM) ||
		    cell_number(domain, DOMAIN_KSM, 0) >= PAYS_SHARE * rss)
			continue;
		guests++;
		if (!largest || rss > cell_number(largest, DOMAIN_RSS, 0))
			largest = domain;
	}
	if (!largest)
		return;
	print_format(out, " Less than a 64th of %s has merged, which does not pay",
	    cell_text(largest, DOMAIN_NAME));
	if (guests > 1)
		print_format(out, ", nor of %zu other%s", guests - 1, guests == 2 ? "" : "s");
	print_text(out, ".");
}

static void tell_wasted(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "For each page that KSM saves it scans ");
	say_count(out, figure);
	print_text(out, " that are like no other: ");
	say_size(out, of_host(s, HOST_KSM_PAGES_UNSHARED));
	print_text(out, " against ");
	say_size(out, of_host(s, HOST_KSM_PAGES_SHARING));
	say_ksmd(s, ". ", out);
	print_text(out, ".");
	say_who_merges_nothing(s, out);
}

static bool can_be_smart(const struct subject *s)
{
	return cell_has(s->host, HOST_KSM_SMART_SCAN) && of_host(s, HOST_KSM_SMART_SCAN) <= 0;
}

static void advise_wasted(const struct subject *s, double figure, struct text *out)
{
	if (can_be_smart(s))
		print_text(out, "let ksmd pass over pages that never merged");
	else
		advise_half_speed(s, figure, out);
}

static void plan_wasted(const struct subject *s, struct plan *out)
{
	if (!can_be_smart(s)) {
		plan_half_speed(s, out);
		return;
	}
	plan_title(out, "pass over pages that never merged");
	set_number(out, KSM("smart_scan"), 0, 1);
}

/* ---- ksm-volatile ---- */

static enum outcome measure_volatile(const struct subject *s, double *ret)
{
	if (!has_scanned(s) || tracked_bytes(s) <= 0)
		return OUTCOME_NONE;
	*ret = of_host(s, HOST_KSM_PAGES_VOLATILE) / tracked_bytes(s);
	return OUTCOME_FIGURE;
}

static void tell_volatile(const struct subject *s, double figure, struct text *out)
{
	double broken;

	say_percent(out, figure);
	print_text(out, " of the memory that ksmd looks at changes too fast to be merged: ");
	say_size(out, of_host(s, HOST_KSM_PAGES_VOLATILE));
	print_text(out, " of ");
	say_size(out, tracked_bytes(s));
	if (figure_of(TABLE_HOST, s->host, HOST_KSM_COPIED, &broken)) {
		print_text(out, "; ");
		say_count(out, broken);
		print_text(out, " merged pages a second are written to and copied");
	}
	print_text(out, ".");
}

static void advise_volatile(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let ksmd sleep twice as long, so that only lasting pages count");
}

static void plan_volatile(const struct subject *s, struct plan *out)
{
	plan_title(out, "let ksmd sleep twice as long");
	set_of_host(s, out, KSM("sleep_millisecs"), HOST_KSM_SLEEP_MILLISECS,
	    2 * fmax(of_host(s, HOST_KSM_SLEEP_MILLISECS), 10));
}

/* ---- ksm-no-progress ---- */

enum { PROGRESS_SCANS, PROGRESS_MERGED, PROGRESS_BEGUN, PROGRESS_KNOWN, PROGRESS_NONE };

/* Looks at windows of so many full scans. */
static void watch_progress(const struct subject *s)
{
	double *v = s->memo->v, scans = of_host(s, HOST_KSM_FULL_SCANS);
	double merged = of_host(s, HOST_KSM_PAGES_SHARED) + of_host(s, HOST_KSM_PAGES_SHARING);

	if (v[PROGRESS_BEGUN] > 0 && scans >= v[PROGRESS_SCANS] &&
	    scans < v[PROGRESS_SCANS] + s->param[0])
		return;
	if (v[PROGRESS_BEGUN] > 0 && scans >= v[PROGRESS_SCANS]) {
		v[PROGRESS_KNOWN] = 1;
		v[PROGRESS_NONE] =
		    fabs(merged - v[PROGRESS_MERGED]) <= s->param[1] * v[PROGRESS_MERGED];
	}
	v[PROGRESS_BEGUN] = 1;
	v[PROGRESS_SCANS] = scans;
	v[PROGRESS_MERGED] = merged;
}

static enum outcome measure_progress(const struct subject *s, double *ret)
{
	if (!s->memo)
		return OUTCOME_NONE;
	watch_progress(s);
	if (s->memo->v[PROGRESS_KNOWN] <= 0 || s->memo->v[PROGRESS_NONE] <= 0)
		return OUTCOME_NONE;
	*ret = rate_of_host(s, HOST_KSMD);
	return OUTCOME_FIGURE;
}

static void tell_progress(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "ksmd takes ");
	say_percent(out, figure);
	print_text(out, " of a CPU, and what is merged stays as it is: ");
	say_size(out, of_host(s, HOST_KSM_PAGES_SHARING));
	print_format(out, " saved after %.0f full scans.", of_host(s, HOST_KSM_FULL_SCANS));
}

const struct rule ksm_yield_rules[] = {
	{
	    .id = "ksm-inefficient",
	    .title = "merged pages have few users",
	    .good = "Each page that is kept should stand for several.",
	    .detect =
		"After three full scans pages_sharing is at most twice pages_shared, of which "
		"there are at least 1000.",
	    .by_hand = "cat /sys/kernel/mm/ksm/pages_sharing /sys/kernel/mm/ksm/pages_shared",
	    .risk = "Slower scanning finds what is new later. "
		    "max_page_sharing is left alone: it bounds how long it takes to let go of a "
		    "page that many share.",
	    .source = "IBM, determining the memory savings of KSM",
	    .figure = "pages saved for each page kept",
	    .show = SHOW_DECIMAL,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_EFFICIENCY,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(
		NEED_RUN, NEED_PAGES, NEED_PACE, HOST_NEED(HOST_KSM_FULL_SCANS), USES_ADVISOR),
	    .below = true,
	    .raise = 2,
	    .clear = 3,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "shared", 1000, "least number of merged pages", SHOW_INTEGER } },
	    .concerns = may_merge,
	    .measure = measure_inefficient,
	    .evidence = tell_inefficient,
	    .advice = advise_half_speed,
	    .plan = plan_half_speed,
	    .excludes = "ksm-disable",
	},
	{
	    .id = "ksm-wasted-effort",
	    .title = "KSM scans pages that never merge",
	    .good = "Little of the scanning should go to pages that are like no other.",
	    .detect =
		"After three full scans pages_unshared is more than 10 times pages_sharing, and "
		"ksmd takes at least 2 % of a CPU. The largest guest is named of those of whose "
		"memory less than a 64th has merged.",
	    .by_hand = "cat /sys/kernel/mm/ksm/pages_unshared /sys/kernel/mm/ksm/pages_sharing\n"
		       "grep . /proc/PID/ksm_merging_pages",
	    .risk = "Right after a guest's start the ratio says little. "
		    "It is of the whole host, and slows the scan for all, also for guests that are "
		    "not named; ksm-guest-exclude takes single guests out.",
	    .source = "IBM, determining the memory savings of KSM",
	    .figure = "pages like no other for each page saved",
	    .show = SHOW_DECIMAL,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_PAGES_UNSHARED,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED_RUN, NEED_PAGES, NEED_PACE, HOST_NEED(HOST_KSM_FULL_SCANS),
		HOST_NEED(HOST_KSMD), HOST_USES(HOST_KSM_SMART_SCAN), USES_ADVISOR,
		USES(TABLE_DOMAIN, DOMAIN_KSM), USES(TABLE_DOMAIN, DOMAIN_RSS)),
	    .raise = 10,
	    .clear = 5,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "ksmd", 0.02, "least CPU time of ksmd", SHOW_PERCENT } },
	    .concerns = may_merge,
	    .measure = measure_wasted,
	    .evidence = tell_wasted,
	    .advice = advise_wasted,
	    .plan = plan_wasted,
	    .excludes = "ksm-disable ksm-inefficient ksm-scan-settings",
	},
	{
	    .id = "ksm-volatile",
	    .title = "most pages change too fast to be merged",
	    .good = "Guests whose pages change all the time are no candidates for merging.",
	    .detect = "After three full scans pages_volatile is more than half of all pages that "
		      "ksmd looks at.",
	    .by_hand = "cat /sys/kernel/mm/ksm/pages_volatile\ngrep cow_ksm /proc/vmstat",
	    .risk = "A short burst of work in guests looks the same. New equal pages are found "
		    "later.",
	    .source = "IBM, determining the memory savings of KSM; SUSE 4.1.4",
	    .figure = "share of pages that change too fast",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_PAGES_VOLATILE,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED_RUN, NEED_PAGES, HOST_NEED(HOST_KSM_SLEEP_MILLISECS),
		HOST_NEED(HOST_KSM_FULL_SCANS), HOST_USES(HOST_KSM_COPIED)),
	    .raise = 0.50,
	    .clear = 0.30,
	    .raise_s = 60,
	    .clear_s = 10,
	    .concerns = may_merge,
	    .measure = measure_volatile,
	    .evidence = tell_volatile,
	    .advice = advise_volatile,
	    .plan = plan_volatile,
	    .excludes = "ksm-disable ksm-scan-settings",
	},
	{
	    .id = "ksm-no-progress",
	    .title = "KSM scans on and merges nothing new",
	    .good = "Scans that find nothing new should slow down.",
	    .detect =
		"During five full scans what is merged changed by 1 % at most, and ksmd takes at "
		"least 5 % of a CPU.",
	    .by_hand = "cat /sys/kernel/mm/ksm/full_scans\n"
		       "grep . /sys/kernel/mm/ksm/pages_shar*",
	    .risk = "That nothing changes is good; only the CPU time is the point.",
	    .source = "IBM, determining the memory savings of KSM",
	    .figure = "CPU time of ksmd",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_KSMD,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED_RUN, HOST_NEED(HOST_KSM_PAGES_SHARED),
		HOST_NEED(HOST_KSM_PAGES_SHARING), HOST_NEED(HOST_KSM_FULL_SCANS), NEED_PACE,
		HOST_NEED(HOST_KSMD), USES_ADVISOR),
	    .raise = 0.05,
	    .clear = 0.02,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "scans", 5, "full scans to look at", SHOW_INTEGER },
		{ "change", 0.01, "most change of what is merged", SHOW_PERCENT } },
	    .concerns = may_merge,
	    .remembers = true,
	    .measure = measure_progress,
	    .evidence = tell_progress,
	    .advice = advise_half_speed,
	    .plan = plan_half_speed,
	    .excludes = "ksm-disable ksm-cpu ksm-inefficient ksm-wasted-effort ksm-volatile "
			"ksm-scan-settings",
	},
	{ .id = NULL },
};
