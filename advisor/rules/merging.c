/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/rules/merging.h"

#include "advisor/rules/common.h"

double of_host(const struct subject *s, int column)
{
	return cell_number(s->host, column, 0);
}

double rate_of_host(const struct subject *s, int column)
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

bool may_merge(const struct subject *s)
{
	return has_ksm(s) && (is_merging(s) || !cell_has(s->host, HOST_KSM_RUN));
}

bool may_have_stopped(const struct subject *s)
{
	return has_ksm(s) && !is_merging(s);
}

/* Scans after which the figures tell something. */
#define SCANS_MIN 3

bool has_scanned(const struct subject *s)
{
	return of_host(s, HOST_KSM_FULL_SCANS) >= SCANS_MIN;
}

bool has_advisor(const struct subject *s)
{
	return cell_has(s->host, HOST_KSM_ADVISOR);
}

bool advisor_scans(const struct subject *s)
{
	return is_text(s->host, HOST_KSM_ADVISOR, "scan-time");
}

double page_bytes(const struct subject *s)
{
	return fmax(of_host(s, HOST_PAGE_SIZE), 1);
}

double tracked_bytes(const struct subject *s)
{
	return of_host(s, HOST_KSM_PAGES_SHARED) + of_host(s, HOST_KSM_PAGES_SHARING) +
	       of_host(s, HOST_KSM_PAGES_UNSHARED) + of_host(s, HOST_KSM_PAGES_VOLATILE);
}

bool can_unmerge(const struct subject *s)
{
	return of_host(s, HOST_KSM_PAGES_SHARING) < 0.5 * of_host(s, HOST_MEMORY_AVAILABLE);
}

void say_ksmd(const struct subject *s, const char *before, struct text *out)
{
	double ksmd;

	if (!figure_of(TABLE_HOST, s->host, HOST_KSMD, &ksmd))
		return;
	print_format(out, "%sksmd takes ", before);
	say_percent(out, ksmd);
	print_text(out, " of a CPU");
}

void set_number(struct plan *out, const char *path, double now, double value)
{
	char was[NUMBER_SIZE], is[NUMBER_SIZE];

	number_text(now, was);
	plan_setting(out, path, isnan(now) ? NULL : was, number_text(value, is));
}

void set_of_host(
    const struct subject *s, struct plan *out, const char *path, int column, double value)
{
	set_number(out, path, cell_number(s->host, column, NAN), value);
}

/* The advisor keeps to a time for each full scan and to a limit of CPU time. */
void let_advisor_scan(const struct subject *s, struct plan *out)
{
	plan_setting(out, KSM("advisor_mode"), cell_text(s->host, HOST_KSM_ADVISOR), "scan-time");
}

void plan_half_speed(const struct subject *s, struct plan *out)
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

void advise_half_speed(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let ksmd scan at half the speed");
}

void plan_stop(const struct subject *s, struct plan *out)
{
	plan_title(out, can_unmerge(s) ? "stop KSM and unmerge" : "stop KSM, what is merged stays");
	set_of_host(s, out, KSM("run"), HOST_KSM_RUN, can_unmerge(s) ? KSM_UNMERGED : KSM_STOPPED);
}

void advise_stop(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, can_unmerge(s) ? "stop KSM and unmerge the pages"
				       : "stop KSM; there is no room to unmerge the pages");
}
