/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel samepage merging: whether the host should have it, and how far it reaches. */
#include "advisor/rules/common.h"
#include "advisor/rules/merging.h"
#include "advisor/rules/rules.h"

/* What ksmd keeps of each page that it looks at (kernel, mm/ksm.c: struct ksm_rmap_item). */
#define ITEM_BYTES 64

static double available_share(const struct subject *s)
{
	return of_host(s, HOST_MEMORY_AVAILABLE) / fmax(of_host(s, HOST_MEMORY_TOTAL), 1);
}

static size_t nodes_with_memory(const struct subject *s)
{
	const struct table *nodes = &s->now->table[TABLE_NODE];
	size_t n = 0;

	for (size_t i = 0; i < nodes->n; i++)
		n += cell_number(nodes->row[i], NODE_TOTAL, 0) > 0;
	return n;
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

/* Older kernels do not tell it. */
static double profit_bytes(const struct subject *s)
{
	return cell_number(s->host, HOST_KSM_GENERAL_PROFIT,
	    of_host(s, HOST_KSM_PAGES_SHARING) - ITEM_BYTES * tracked_bytes(s) / page_bytes(s));
}

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

/* A profit may be a loss. */
static void say_profit(struct text *out, double bytes)
{
	print_text(out, bytes < 0 ? "costs " : "saves ");
	say_size(out, fabs(bytes));
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

void plan_merge_within_nodes(const struct subject *s, struct plan *out)
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
	    .param = { { "available", 0.50, "share of memory available that makes KSM needless",
			   SHOW_PERCENT },
		{ "saved", 0.01, "least share of memory that it saves", SHOW_PERCENT } },
	    .concerns = may_merge,
	    .remembers = true,
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
		"10000 pages are saved. Before that nothing is said: nothing is remote yet, and "
		"ksm-enable sets it where it starts KSM.",
	    .by_hand = "cat /sys/kernel/mm/ksm/merge_across_nodes /sys/kernel/mm/ksm/pages_sharing",
	    .risk = "Less is saved. Changing it needs all pages unmerged, for which there must be "
		    "room; the kernel refuses it before. A small, very tight host may keep it. "
		    "All of it is written below /sys, not by libvirt, which can set the pace and "
		    "this but cannot unmerge; unmerging may take five minutes.",
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
	    .plan = plan_merge_within_nodes,
	    .excludes = "ksm-disable ksm-thp-conflict",
	},
	{ .id = NULL },
};
