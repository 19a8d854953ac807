/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kernel samepage merging costs: CPU time of ksmd, copies, huge pages. */
#include "advisor/rules/common.h"
#include "advisor/rules/merging.h"
#include "advisor/rules/rules.h"

/* ---- ksm-cpu ---- */

#define BUSY_NO_LONGER 0.9 /* of the limit */

static enum outcome measure_cpu(const struct subject *s, double *ret)
{
	double busy_limit = s->param[0];
	double busy = of_host(s, HOST_BUSY), ksmd = rate_of_host(s, HOST_KSMD);
	bool counts;

	if (s->memo && s->memo->v[0] > 0)
		busy_limit *= BUSY_NO_LONGER;
	counts = busy >= busy_limit || ksmd >= s->param[1];
	if (s->memo)
		s->memo->v[0] = counts;
	*ret = ksmd;
	return counts ? OUTCOME_FIGURE : OUTCOME_NONE;
}

static void tell_cpu(const struct subject *s, double figure, struct text *out)
{
	double scanned = rate_of_host(s, HOST_KSM_PAGES_SCANNED) * page_bytes(s);

	print_text(out, "ksmd takes ");
	say_percent(out, figure);
	print_text(out, " of a CPU while the host is ");
	say_percent(out, of_host(s, HOST_BUSY));
	print_text(out, " busy");
	if (scanned > 0) {
		print_text(out, "; it scans ");
		say_size(out, scanned);
		print_text(out, " a second");
	}
	print_text(out, ".");
}

static void advise_cpu(const struct subject *s, double figure, struct text *out)
{
	if (has_advisor(s))
		print_text(out, "let the kernel set the pace, with at most 20 % of a CPU");
	else
		advise_half_speed(s, figure, out);
}

static void plan_cpu(const struct subject *s, struct plan *out)
{
	if (!has_advisor(s)) {
		plan_half_speed(s, out);
		return;
	}
	if (advisor_scans(s) && of_host(s, HOST_KSM_ADVISOR_MAX_CPU) <= 20) {
		plan_half_speed(s, out);
		return;
	}
	plan_title(out, "let the kernel set the pace of ksmd");
	if (of_host(s, HOST_KSM_ADVISOR_MAX_CPU) > 20)
		set_of_host(s, out, KSM("advisor_max_cpu"), HOST_KSM_ADVISOR_MAX_CPU, 20);
	if (!advisor_scans(s))
		let_advisor_scan(s, out);
}

/* ---- ksm-scan-settings ---- */

#define PAGES_TO_SCAN_MAX 30000

/* What can be merged at most; pages of pools are not in it. */
static double mergeable_bytes(const struct subject *s)
{
	return sum_of_guests(s, DOMAIN_RSS);
}

static double pages_per_second(const struct subject *s)
{
	return of_host(s, HOST_KSM_PAGES_TO_SCAN) * 1000 /
	       fmax(of_host(s, HOST_KSM_SLEEP_MILLISECS), 1);
}

static double pass_seconds(const struct subject *s)
{
	return mergeable_bytes(s) / page_bytes(s) / fmax(pages_per_second(s), 1e-3);
}

static enum outcome measure_pace(const struct subject *s, double *ret)
{
	double pass_s;

	if (mergeable_bytes(s) <= 0)
		return OUTCOME_NONE;
	pass_s = pass_seconds(s);
	*ret = pass_s > s->param[0] ||
	       (pass_s < s->param[1] && rate_of_host(s, HOST_KSMD) >= s->param[2]);
	return OUTCOME_FIGURE;
}

static void tell_pace(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out, "With %.0f pages each %.0f ms ksmd scans ",
	    of_host(s, HOST_KSM_PAGES_TO_SCAN), of_host(s, HOST_KSM_SLEEP_MILLISECS));
	say_size(out, pages_per_second(s) * page_bytes(s));
	print_text(out, " a second, so that all ");
	say_size(out, mergeable_bytes(s));
	print_text(out, " of the guests take ");
	say_time(out, pass_seconds(s));
	print_text(out, ".");
}

static double fitting_pages(const struct subject *s)
{
	double pages = mergeable_bytes(s) / page_bytes(s) *
		       (of_host(s, HOST_KSM_SLEEP_MILLISECS) + 1) / 1000 / SCAN_TIME_S;

	return fmin(fmax(ceil(pages), PAGES_TO_SCAN_MIN), PAGES_TO_SCAN_MAX);
}

static void advise_pace(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	if (has_advisor(s) && !advisor_scans(s))
		print_text(out, "let the kernel set the pace");
	else if (advisor_scans(s))
		print_text(out, "check the limits of the kernel's KSM advisor");
	else
		print_format(out, "let ksmd scan %.0f pages at a time", fitting_pages(s));
}

static void plan_pace(const struct subject *s, struct plan *out)
{
	if (advisor_scans(s)) {
		plan_refuse(out, "the kernel's advisor sets the pace already");
		return;
	}
	if (has_advisor(s)) {
		plan_title(out, "let the kernel set the pace of ksmd");
		let_advisor_scan(s, out);
		return;
	}
	plan_title(out, "scan all guests in about %d s", SCAN_TIME_S);
	set_of_host(s, out, KSM("pages_to_scan"), HOST_KSM_PAGES_TO_SCAN, fitting_pages(s));
}

/* ---- ksm-stopped-still-shared ---- */

static enum outcome measure_stopped(const struct subject *s, double *ret)
{
	double saved = of_host(s, HOST_KSM_PAGES_SHARING);

	if ((int)of_host(s, HOST_KSM_RUN) != KSM_STOPPED ||
	    of_host(s, HOST_MEMORY_AVAILABLE) < 2 * saved)
		return OUTCOME_NONE;
	*ret = saved;
	return OUTCOME_FIGURE;
}

static void tell_stopped(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "KSM is stopped, but pages that save ");
	say_size(out, figure);
	print_text(out, " are still merged; ");
	say_size(out, of_host(s, HOST_MEMORY_AVAILABLE));
	print_text(out, " is available.");
}

static void advise_stopped(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "unmerge the pages");
}

static void plan_stopped(const struct subject *s, struct plan *out)
{
	(void)s;
	plan_title(out, "unmerge the pages");
	plan_add(out, ACTION_WRITE, NULL, KSM("run"), "0", "2");
}

/* ---- ksm-thp-conflict ---- */

static enum outcome measure_thp(const struct subject *s, double *ret)
{
	double anon = of_host(s, HOST_ANON);
	double guests = cell_number(s->host, HOST_GUEST_MEMORY, 0);

	if (!has_scanned(s) || is_text(s->host, HOST_THP_ENABLED, "never") || anon <= 0 ||
	    guests <= 0 || of_host(s, HOST_KSM_PAGES_SHARING) >= s->param[0] * guests)
		return OUTCOME_NONE;
	*ret = of_host(s, HOST_ANON_HUGE) / anon;
	return OUTCOME_FIGURE;
}

static void tell_thp(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "Only ");
	say_percent(out, figure);
	print_text(
	    out, " of the anonymous memory is in huge pages, which KSM splits, while it saves ");
	say_size(out, of_host(s, HOST_KSM_PAGES_SHARING));
	print_text(out, " of ");
	say_size(out, of_host(s, HOST_GUEST_MEMORY));
	print_text(out, " of guests.");
}

const struct rule ksm_cost_rules[] = {
	{
	    .id = "ksm-cpu",
	    .title = "ksmd takes much CPU time",
	    .good = "Merging must not take a whole CPU from the guests.",
	    .detect =
		"ksmd takes at least 20 % of a CPU for two minutes while the host is at least "
		"60 % busy, or it takes 70 % and more.",
	    .by_hand = "top -p $(pgrep -x ksmd)",
	    .risk = "ksmtuned sets its own pace again within a minute: there change "
		    "KSM_NPAGES_MAX and KSM_SLEEP_MSEC. "
		    "It is written below /sys, not by libvirt, which has no name for the kernel's "
		    "own advisor.",
	    .source = "IBM, how KSM affects processor resources; SUSE 4.1.4; RHEL 8.3.4",
	    .figure = "CPU time of ksmd",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_KSMD,
	    .level = LEVEL_WARNING,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED_RUN, HOST_NEED(HOST_KSMD), HOST_NEED(HOST_BUSY), NEED_PACE,
		HOST_USES(HOST_KSM_PAGES_SCANNED), HOST_USES(HOST_PAGE_SIZE), USES_ADVISOR),
	    .raise = 0.20,
	    .clear = 0.10,
	    .raise_s = 120,
	    .clear_s = 10,
	    .param = { { "busy", 0.60, "how busy the host is at least", SHOW_PERCENT },
		{ "always", 0.70, "CPU time of ksmd that is too much on any host", SHOW_PERCENT } },
	    .concerns = may_merge,
	    .remembers = true,
	    .measure = measure_cpu,
	    .evidence = tell_cpu,
	    .advice = advise_cpu,
	    .plan = plan_cpu,
	    .excludes = "ksm-disable ksm-inefficient ksm-wasted-effort ksm-volatile",
	},
	{
	    .id = "ksm-scan-settings",
	    .title = "the pace of KSM does not fit the guests",
	    .good = "A full scan should take minutes: hours find nothing in time, and seconds cost "
		    "CPU time.",
	    .detect =
		"The resident memory of guests divided by pages_to_scan for each sleep_millisecs "
		"is more than two hours, or less than a minute while ksmd takes at least 20 % of "
		"a CPU.",
	    .by_hand = "cat /sys/kernel/mm/ksm/pages_to_scan /sys/kernel/mm/ksm/sleep_millisecs",
	    .risk =
		"The documents differ by a factor of 50: 1000 pages each second, 100 pages each "
		"20 ms (the kernel's own), 440 pages each 5 s. The time that scanning itself takes "
		"is left out, so that a full scan takes longer than told.",
	    .source = "SUSE 4.1.4; IBM; RHEL 8.3.2",
	    .figure = "1 where the pace does not fit",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_PAGES_TO_SCAN,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED_RUN, NEED_PACE, HOST_NEED(HOST_PAGE_SIZE),
		HOST_USES(HOST_KSMD), USES(TABLE_DOMAIN, DOMAIN_RSS), USES_ADVISOR),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 60,
	    .clear_s = 60,
	    .param = { { "slow", 7200, "seconds: longest full scan", SHOW_TIME },
		{ "fast", 60, "seconds: shortest full scan", SHOW_TIME },
		{ "ksmd", 0.20, "CPU time of ksmd for which a short one is too short",
		    SHOW_PERCENT } },
	    .concerns = may_merge,
	    .measure = measure_pace,
	    .evidence = tell_pace,
	    .advice = advise_pace,
	    .plan = plan_pace,
	    .excludes = "ksm-disable ksm-cpu",
	},
	{
	    .id = "ksm-stopped-still-shared",
	    .title = "KSM is stopped, but pages are still merged",
	    .good = "Stopping KSM leaves merged pages as they are: writing to them still costs a "
		    "copy, and they cannot become huge pages.",
	    .detect = "KSM is stopped for ten minutes, pages are merged, and twice the memory that "
		      "they save is available.",
	    .by_hand = "cat /sys/kernel/mm/ksm/run /sys/kernel/mm/ksm/pages_sharing",
	    .risk = "Unmerging takes the memory that was saved, and some CPU time.",
	    .source = "IBM; RHEL 8.3.4",
	    .figure = "memory still saved by merged pages",
	    .show = SHOW_SIZE,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_PAGES_SHARING,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(
		NEED_RUN, HOST_NEED(HOST_KSM_PAGES_SHARING), HOST_NEED(HOST_MEMORY_AVAILABLE)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 600,
	    .clear_s = 10,
	    .concerns = may_have_stopped,
	    .measure = measure_stopped,
	    .evidence = tell_stopped,
	    .advice = advise_stopped,
	    .plan = plan_stopped,
	    .excludes = "ksm-enable",
	},
	{
	    .id = "ksm-thp-conflict",
	    .title = "KSM splits huge pages and saves little",
	    .good = "KSM merges small pages only and splits huge ones for it: a host is set up for "
		    "density or for speed.",
	    .detect =
		"After three full scans KSM saves less than 10 % of the guests' memory, while "
		"transparent huge pages are allowed and hold less than half of the anonymous "
		"memory.",
	    .by_hand = "cat /sys/kernel/mm/ksm/pages_sharing\ngrep AnonHugePages /proc/meminfo",
	    .risk = "On a host that is short of memory keep KSM. Huge pages may be few for other "
		    "reasons: fragmented memory, or khugepaged that is slow.",
	    .source = "RHEL 8.2.3.1; IBM, page size restriction",
	    .figure = "share of anonymous memory in huge pages",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_ANON_HUGE,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(NEED_RUN, HOST_NEED(HOST_KSM_FULL_SCANS),
		HOST_NEED(HOST_KSM_PAGES_SHARING), HOST_NEED(HOST_THP_ENABLED),
		HOST_NEED(HOST_ANON), HOST_NEED(HOST_ANON_HUGE), HOST_NEED(HOST_GUEST_MEMORY),
		HOST_USES(HOST_MEMORY_AVAILABLE)),
	    .below = true,
	    .raise = 0.50,
	    .clear = 0.70,
	    .raise_s = 600,
	    .clear_s = 10,
	    .param = { { "saved", 0.10, "share of the guests' memory that is worth it",
		SHOW_PERCENT } },
	    .concerns = may_merge,
	    .measure = measure_thp,
	    .evidence = tell_thp,
	    .advice = advise_stop,
	    .plan = plan_stop,
	    .excludes = "ksm-enable ksm-merge-across-nodes ksm-disable",
	},
	{ .id = NULL },
};
