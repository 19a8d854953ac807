/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel samepage merging: whether it pays, and what it costs. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

#define KSM(file) "sys/kernel/mm/ksm/" file

/* What ksmd keeps of each page that it looks at (kernel, mm/ksm.c: struct ksm_rmap_item). */
#define ITEM_BYTES 64
/* Scans after which the figures tell something. */
#define SCANS_MIN 3
/* A full scan that goes by the kernel's advisor takes so long. */
#define SCAN_TIME_S 200
#define PAGES_TO_SCAN_MIN 100
#define PAGES_TO_SCAN_MAX 30000

/* run */
enum { KSM_STOPPED, KSM_MERGING, KSM_UNMERGED };

static double of_host(const struct subject *s, int column)
{
	return cell_number(s->host, column, 0);
}

static double rate_of_host(const struct subject *s, int column)
{
	return figure_or(TABLE_HOST, s->host, column, 0);
}

/* Has the kernel KSM? Where nobody may look, it may. */
static bool has_ksm(const struct subject *s)
{
	return s->host->cell[HOST_KSM_RUN].state != STATE_ABSENT;
}

static bool is_merging(const struct subject *s)
{
	return (int)of_host(s, HOST_KSM_RUN) == KSM_MERGING;
}

static bool may_merge(const struct subject *s)
{
	return has_ksm(s) && (is_merging(s) || !cell_has(s->host, HOST_KSM_RUN));
}

static bool may_have_stopped(const struct subject *s)
{
	return has_ksm(s) && !is_merging(s);
}

static bool has_scanned(const struct subject *s)
{
	return of_host(s, HOST_KSM_FULL_SCANS) >= SCANS_MIN;
}

static bool has_advisor(const struct subject *s)
{
	return cell_has(s->host, HOST_KSM_ADVISOR);
}

/* Then a write to pages_to_scan is refused. */
static bool advisor_scans(const struct subject *s)
{
	return is_text(s->host, HOST_KSM_ADVISOR, "scan-time");
}

static double available_share(const struct subject *s)
{
	return of_host(s, HOST_MEMORY_AVAILABLE) / fmax(of_host(s, HOST_MEMORY_TOTAL), 1);
}

static double page_bytes(const struct subject *s)
{
	return fmax(of_host(s, HOST_PAGE_SIZE), 1);
}

/* All that ksmd keeps account of. */
static double tracked_bytes(const struct subject *s)
{
	return of_host(s, HOST_KSM_PAGES_SHARED) + of_host(s, HOST_KSM_PAGES_SHARING) +
	       of_host(s, HOST_KSM_PAGES_UNSHARED) + of_host(s, HOST_KSM_PAGES_VOLATILE);
}

/* Older kernels do not tell it. */
static double profit_bytes(const struct subject *s)
{
	return cell_number(s->host, HOST_KSM_GENERAL_PROFIT,
	    of_host(s, HOST_KSM_PAGES_SHARING) - ITEM_BYTES * tracked_bytes(s) / page_bytes(s));
}

/* Unmerging takes the memory that merging saved. */
static bool can_unmerge(const struct subject *s)
{
	return of_host(s, HOST_KSM_PAGES_SHARING) < 0.5 * of_host(s, HOST_MEMORY_AVAILABLE);
}

static double pages_per_second(const struct subject *s)
{
	return of_host(s, HOST_KSM_PAGES_TO_SCAN) * 1000 /
	       fmax(of_host(s, HOST_KSM_SLEEP_MILLISECS), 1);
}

static size_t nodes_with_memory(const struct subject *s)
{
	const struct table *nodes = &s->now->table[TABLE_NODE];
	size_t n = 0;

	for (size_t i = 0; i < nodes->n; i++)
		n += cell_number(nodes->row[i], NODE_TOTAL, 0) > 0;
	return n;
}

/* A profit may be a loss. */
static void say_profit(struct text *out, double bytes)
{
	print_text(out, bytes < 0 ? "costs " : "saves ");
	say_size(out, fabs(bytes));
}

static void say_ksmd(const struct subject *s, const char *before, struct text *out)
{
	double ksmd;

	if (!figure_of(TABLE_HOST, s->host, HOST_KSMD, &ksmd))
		return;
	print_format(out, "%sksmd takes ", before);
	say_percent(out, ksmd);
	print_text(out, " of a CPU");
}

static void set_number(struct plan *out, const char *path, double now, double value)
{
	char was[NUMBER_SIZE], is[NUMBER_SIZE];

	number_text(now, was);
	plan_setting(out, path, isnan(now) ? NULL : was, number_text(value, is));
}

static void set_of_host(
    const struct subject *s, struct plan *out, const char *path, int column, double value)
{
	set_number(out, path, cell_number(s->host, column, NAN), value);
}

/* The advisor keeps to a time for each full scan and to a limit of CPU time. */
static void let_advisor_scan(const struct subject *s, struct plan *out)
{
	plan_setting(out, KSM("advisor_mode"), cell_text(s->host, HOST_KSM_ADVISOR), "scan-time");
}

static void plan_half_speed(const struct subject *s, struct plan *out)
{
	double pages = of_host(s, HOST_KSM_PAGES_TO_SCAN);

	plan_title(out, "scan at half the speed");
	if (advisor_scans(s))
		set_of_host(s, out, KSM("advisor_target_scan_time"),
		    HOST_KSM_ADVISOR_TARGET_SCAN_TIME,
		    2 * cell_number(s->host, HOST_KSM_ADVISOR_TARGET_SCAN_TIME, SCAN_TIME_S));
	else if (pages >= 2 * PAGES_TO_SCAN_MIN)
		set_of_host(s, out, KSM("pages_to_scan"), HOST_KSM_PAGES_TO_SCAN, floor(pages / 2));
	else
		set_of_host(s, out, KSM("sleep_millisecs"), HOST_KSM_SLEEP_MILLISECS,
		    2 * fmax(of_host(s, HOST_KSM_SLEEP_MILLISECS), 10));
}

static void advise_half_speed(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let ksmd scan at half the speed");
}

/* Off, and unmerged where there is room for it. */
static void plan_stop(const struct subject *s, struct plan *out)
{
	plan_title(out, can_unmerge(s) ? "stop KSM and unmerge" : "stop KSM, what is merged stays");
	set_of_host(s, out, KSM("run"), HOST_KSM_RUN, can_unmerge(s) ? KSM_UNMERGED : KSM_STOPPED);
}

static void advise_stop(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, can_unmerge(s) ? "stop KSM and unmerge the pages"
				       : "stop KSM; there is no room to unmerge the pages");
}

/* ---- ksm-enable ---- */

static size_t guests_to_merge(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	size_t n = 0;

	for (size_t i = 0; i < guests->n; i++)
		n += guest_runs(guests->row[i]) && !guest_has_pool(guests->row[i]);
	return n;
}

static enum outcome measure_enable(const struct subject *s, double *ret)
{
	double total = of_host(s, HOST_MEMORY_TOTAL);

	if (guests_to_merge(s) < 2 || total <= 0)
		return OUTCOME_NONE;
	*ret = fmin(of_host(s, HOST_MEMORY_AVAILABLE),
		   total - cell_number(s->host, HOST_GUEST_MEMORY, 0)) /
	       total;
	return OUTCOME_FIGURE;
}

static void tell_enable(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out, "KSM is off while %zu guests were given ", guests_to_merge(s));
	say_size(out, cell_number(s->host, HOST_GUEST_MEMORY, 0));
	print_text(out, " of ");
	say_size(out, of_host(s, HOST_MEMORY_TOTAL));
	print_text(out, " and ");
	say_percent(out, available_share(s));
	print_text(out, " of the memory is available.");
}

static void advise_enable(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let KSM merge equal pages of the guests");
}

static void plan_enable(const struct subject *s, struct plan *out)
{
	bool across = of_host(s, HOST_KSM_MERGE_ACROSS_NODES) > 0;

	plan_title(out, "start KSM");
	/* Refused while any page is merged. */
	if (across && nodes_with_memory(s) > 1 && of_host(s, HOST_KSM_PAGES_SHARED) <= 0)
		set_number(out, KSM("merge_across_nodes"), 1, 0);
	if (has_advisor(s) && !advisor_scans(s))
		let_advisor_scan(s, out);
	set_of_host(s, out, KSM("run"), HOST_KSM_RUN, KSM_MERGING);
}

/* ---- ksm-disable ---- */

#define AVAILABLE_AGAIN 0.35

static bool does_not_pay(const struct subject *s)
{
	return has_scanned(s) &&
	       (profit_bytes(s) <= 0 || of_host(s, HOST_KSM_PAGES_SHARING) <
					    s->param[1] * of_host(s, HOST_MEMORY_TOTAL));
}

static enum outcome measure_disable(const struct subject *s, double *ret)
{
	double limit = s->param[0];

	/* Once there was room enough it must be much less before there is not. */
	if (s->memo && s->memo->v[0] > 0)
		limit = fmin(limit, AVAILABLE_AGAIN);
	*ret = available_share(s) >= limit || does_not_pay(s);
	if (s->memo)
		s->memo->v[0] = available_share(s) >= limit;
	return OUTCOME_FIGURE;
}

static void tell_disable(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "KSM runs while ");
	say_percent(out, available_share(s));
	print_text(out, " of the memory is available. It ");
	say_profit(out, profit_bytes(s));
	print_text(out, ", its bookkeeping counted");
	say_ksmd(s, ", and ", out);
	print_text(out, ".");
}

/* ---- ksm-merge-across-nodes ---- */

static enum outcome measure_across(const struct subject *s, double *ret)
{
	if (nodes_with_memory(s) < 2 || of_host(s, HOST_KSM_MERGE_ACROSS_NODES) <= 0)
		return OUTCOME_NONE;
	*ret = of_host(s, HOST_KSM_PAGES_SHARING);
	return OUTCOME_FIGURE;
}

static void tell_across(const struct subject *s, double figure, struct text *out)
{
	print_format(out, "KSM merges pages of all %zu nodes: ", nodes_with_memory(s));
	say_size(out, figure);
	print_text(out, " are saved by ");
	say_size(out, of_host(s, HOST_KSM_PAGES_SHARED));
	print_text(out, " that may lie on any node.");
}

static void advise_across(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "unmerge, and let KSM merge within each node only");
}

static void plan_across(const struct subject *s, struct plan *out)
{
	if (!can_unmerge(s)) {
		plan_refuse(
		    out, "unmerging would take more than half of the memory that is available");
		return;
	}
	plan_title(out, "merge within each node only");
	plan_add(out, ACTION_WRITE, NULL, KSM("run"), "1", "2");
	plan_add(out, ACTION_AWAIT, NULL, KSM("pages_shared"), NULL, "0");
	set_number(out, KSM("merge_across_nodes"), 1, 0);
	set_number(out, KSM("run"), KSM_UNMERGED, KSM_MERGING);
}

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

/* What can be merged at most; pages of pools are not in it. */
static double mergeable_bytes(const struct subject *s)
{
	return sum_of_guests(s, DOMAIN_RSS);
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

#define HOST_NEED(column) NEED(TABLE_HOST, column)
#define HOST_USES(column) USES(TABLE_HOST, column)
#define NEED_RUN HOST_NEED(HOST_KSM_RUN)
#define NEED_PAGES                                                                  \
	HOST_NEED(HOST_KSM_PAGES_SHARED), HOST_NEED(HOST_KSM_PAGES_SHARING),        \
	    HOST_NEED(HOST_KSM_PAGES_UNSHARED), HOST_NEED(HOST_KSM_PAGES_VOLATILE), \
	    HOST_NEED(HOST_PAGE_SIZE)
#define NEED_PACE HOST_NEED(HOST_KSM_PAGES_TO_SCAN), HOST_NEED(HOST_KSM_SLEEP_MILLISECS)
#define NEED_ROOM HOST_NEED(HOST_MEMORY_AVAILABLE), HOST_NEED(HOST_MEMORY_TOTAL)
#define USES_ADVISOR                                                               \
	HOST_USES(HOST_KSM_ADVISOR), HOST_USES(HOST_KSM_ADVISOR_TARGET_SCAN_TIME), \
	    HOST_USES(HOST_KSM_ADVISOR_MAX_CPU)

const struct rule ksm_rules[] = {
	{
	    .id = "ksm-enable",
	    .title = "memory is short and KSM is off",
	    .good =
		"Guests that are alike hold many equal pages. On a host that is short of memory, "
		"merging them is better than swapping.",
	    .detect =
		"KSM does not run, at least two guests have no huge page pool, and less than 20 % "
		"of the memory is available, or would be left if all guests used what they were "
		"given.",
	    .by_hand = "cat /sys/kernel/mm/ksm/run\ngrep MemAvailable /proc/meminfo",
	    .risk = "Costs CPU time, splits transparent huge pages, and lets guests guess at each "
		    "other's pages by timing. Keep swap space for the day when the pages differ. "
		    "nosharepages of a guest is not looked at.",
	    .source = "SUSE 4.1.4; IBM, over-commit memory by page sharing; RHEL 8.3, 8.3.2",
	    .figure = "memory that is left",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_RUN,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(NEED_RUN, NEED_ROOM, USES(TABLE_HOST, HOST_GUEST_MEMORY),
		HOST_USES(HOST_KSM_MERGE_ACROSS_NODES), HOST_USES(HOST_KSM_PAGES_SHARED),
		USES_ADVISOR, USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB), USES(TABLE_DOMAIN, DOMAIN_PID),
		USES(TABLE_NODE, NODE_TOTAL)),
	    .below = true,
	    .raise = 0.20,
	    .clear = 0.25,
	    .raise_s = 60,
	    .clear_s = 60,
	    .concerns = may_have_stopped,
	    .measure = measure_enable,
	    .evidence = tell_enable,
	    .advice = advise_enable,
	    .plan = plan_enable,
	    .excludes = "ksm-disable ksm-stopped-still-shared ksm-thp-conflict",
	},
	{
	    .id = "ksm-disable",
	    .title = "KSM runs without need",
	    .good = "With memory to spare, merging costs CPU time and huge pages for nothing.",
	    .detect =
		"KSM runs, and for half an hour at least half of the memory was available (until "
		"it is less than 35 %), or after three full scans KSM costs more memory than it "
		"saves, or it saves less than 1 % of the host's.",
	    .by_hand = "cat /sys/kernel/mm/ksm/general_profit\ngrep MemAvailable /proc/meminfo",
	    .risk =
		"Unmerging takes the memory that was saved. It is proposed only where that is less "
		"than half of what is available; else the pages stay merged. Where KSM is "
		"switched by a service, such as ksmtuned, that must be stopped too.",
	    .source = "RHEL 8.3, 9.4; SUSE 4.1.4",
	    .figure = "1 where it runs without need",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_RUN,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(NEED_RUN, NEED_ROOM, NEED_PAGES, HOST_NEED(HOST_KSM_FULL_SCANS),
		HOST_USES(HOST_KSM_GENERAL_PROFIT), HOST_USES(HOST_KSMD)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 1800,
	    .clear_s = 10,
	    .param = { { "available", 0.50, "share of memory available that makes KSM needless" },
		{ "saved", 0.01, "least share of memory that it saves" } },
	    .concerns = may_merge,
	    .measure = measure_disable,
	    .evidence = tell_disable,
	    .advice = advise_stop,
	    .plan = plan_stop,
	    .excludes = "ksm-enable",
	},
	{
	    .id = "ksm-merge-across-nodes",
	    .title = "KSM merges pages of different nodes",
	    .good =
		"A page merged over nodes is remote for most guests that use it. Merging within "
		"each node keeps memory local.",
	    .detect =
		"At least two nodes have memory, KSM runs with merge_across_nodes=1, and about "
		"10000 pages are saved.",
	    .by_hand = "cat /sys/kernel/mm/ksm/merge_across_nodes /sys/kernel/mm/ksm/pages_sharing",
	    .risk = "Less is saved. Changing it needs all pages unmerged, for which there must be "
		    "room; the kernel refuses it before. A small, very tight host may keep it.",
	    .source = "SUSE 4.1.4; RHEL 8.3, 9.4",
	    .figure = "memory saved over nodes",
	    .show = SHOW_SIZE,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_MERGE_ACROSS_NODES,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(NEED_RUN, HOST_NEED(HOST_KSM_MERGE_ACROSS_NODES),
		HOST_NEED(HOST_KSM_PAGES_SHARING), HOST_USES(HOST_KSM_PAGES_SHARED),
		HOST_USES(HOST_MEMORY_AVAILABLE), USES(TABLE_NODE, NODE_TOTAL)),
	    .raise = 40960000,
	    .clear = 20480000,
	    .raise_s = 60,
	    .clear_s = 10,
	    .concerns = may_merge,
	    .measure = measure_across,
	    .evidence = tell_across,
	    .advice = advise_across,
	    .plan = plan_across,
	    .excludes = "ksm-disable ksm-thp-conflict",
	},
	{
	    .id = "ksm-inefficient",
	    .title = "merged pages have few users",
	    .good = "Each page that is kept should stand for several.",
	    .detect =
		"After three full scans pages_sharing is at most twice pages_shared, of which "
		"there are at least 1000.",
	    .by_hand = "cat /sys/kernel/mm/ksm/pages_sharing /sys/kernel/mm/ksm/pages_shared",
	    .risk = "Slower scanning finds what is new later.",
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
	    .param = { { "shared", 1000, "least number of merged pages" } },
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
		"ksmd takes at least 2 % of a CPU.",
	    .by_hand = "cat /sys/kernel/mm/ksm/pages_unshared /sys/kernel/mm/ksm/pages_sharing",
	    .risk = "Right after a guest's start the ratio says little.",
	    .source = "IBM, determining the memory savings of KSM",
	    .figure = "pages like no other for each page saved",
	    .show = SHOW_DECIMAL,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_PAGES_UNSHARED,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED_RUN, NEED_PAGES, NEED_PACE, HOST_NEED(HOST_KSM_FULL_SCANS),
		HOST_NEED(HOST_KSMD), HOST_USES(HOST_KSM_SMART_SCAN), USES_ADVISOR),
	    .raise = 10,
	    .clear = 5,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "ksmd", 0.02, "least CPU time of ksmd" } },
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
	    .param = { { "scans", 5, "full scans to look at" },
		{ "change", 0.01, "most change of what is merged" } },
	    .concerns = may_merge,
	    .measure = measure_progress,
	    .evidence = tell_progress,
	    .advice = advise_half_speed,
	    .plan = plan_half_speed,
	    .excludes = "ksm-disable ksm-cpu ksm-inefficient ksm-wasted-effort ksm-volatile "
			"ksm-scan-settings",
	},
	{
	    .id = "ksm-cpu",
	    .title = "ksmd takes much CPU time",
	    .good = "Merging must not take a whole CPU from the guests.",
	    .detect =
		"ksmd takes at least 20 % of a CPU for two minutes while the host is at least "
		"60 % busy, or it takes 70 % and more.",
	    .by_hand = "top -p $(pgrep -x ksmd)",
	    .risk = "ksmtuned sets its own pace again within a minute: there change "
		    "KSM_NPAGES_MAX and KSM_SLEEP_MSEC.",
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
	    .param = { { "busy", 0.60, "how busy the host is at least" },
		{ "always", 0.70, "CPU time of ksmd that is too much on any host" } },
	    .concerns = may_merge,
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
	    .param = { { "slow", 7200, "seconds: longest full scan" },
		{ "fast", 60, "seconds: shortest full scan" },
		{ "ksmd", 0.20, "CPU time of ksmd for which a short one is too short" } },
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
	    .param = { { "saved", 0.10, "share of the guests' memory that is worth it" } },
	    .concerns = may_merge,
	    .measure = measure_thp,
	    .evidence = tell_thp,
	    .advice = advise_stop,
	    .plan = plan_stop,
	    .excludes = "ksm-enable ksm-merge-across-nodes ksm-disable",
	},
	{ .id = NULL },
};
