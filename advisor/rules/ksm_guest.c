/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests that should not share pages. */
#include "advisor/rules/common.h"
#include "advisor/rules/merging.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"

static bool is_pinned(const struct row *vcpu, double cpus)
{
	struct cpuset set = { 0 };
	bool pinned = cpuset_parse_list(&set, cell_text(vcpu, VCPU_PINNED)) == 0 &&
		      !cpuset_empty(&set) && cpuset_count(&set) < cpus;

	cpuset_done(&set);
	return pinned;
}

static bool is_bound(const struct subject *s)
{
	struct cpuset nodes = { 0 };
	bool bound = policy_nodes(s->row, &nodes) && cpuset_count(&nodes) < memory_nodes(s);

	cpuset_done(&nodes);
	return bound;
}

/* What binds it to a place, in words; NULL: nothing does. */
static const char *binding(const struct subject *s)
{
	double cpus = cell_number(s->host, HOST_CPUS, 0);
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);
	bool pinned = n > 0;

	for (size_t i = 0; i < n; i++)
		pinned &= is_pinned(rows[i], cpus);
	if (pinned)
		return "its vCPUs are pinned";
	return is_bound(s) ? "its memory is bound to nodes" : NULL;
}

/* On a host that is short of memory merging is the lesser evil. */
static bool is_roomy(const struct subject *s)
{
	return of_host(s, HOST_MEMORY_AVAILABLE) >= s->param[0] * of_host(s, HOST_MEMORY_TOTAL);
}

static enum outcome measure_shared(const struct subject *s, double *ret)
{
	if (!binding(s) || !is_roomy(s) || will_have_backing(s->row, "nosharepages"))
		return OUTCOME_NONE;
	*ret = cell_number(s->row, DOMAIN_KSM, 0);
	return OUTCOME_FIGURE;
}

static void tell_shared(const struct subject *s, double figure, struct text *out)
{
	say_size(out, figure);
	print_text(out, " of it are merged with pages of others");
	if (of_host(s, HOST_KSM_MERGE_ACROSS_NODES) > 0)
		print_text(out, ", and may lie on any node");
	print_format(out, ", though %s.", binding(s) ? binding(s) : "it is bound");
}

static void advise_shared(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "keep it out of KSM (nosharepages) from its next start on");
}

static void plan_shared(const struct subject *s, struct plan *out)
{
	plan_title(out, "keep %s out of KSM", cell_text(s->row, DOMAIN_NAME));
	plan_backing(out, s->row, "nosharepages", "<nosharepages/>");
}

const struct rule ksm_guest_rules[] = {
	{
	    .id = "ksm-guest-exclude",
	    .title = "a guest with a place of its own shares pages",
	    .good = "A guest that was given CPUs or nodes of its own is one whose speed matters: "
		    "it should not wait for pages to be copied, nor have them on other nodes.",
	    .detect =
		"KSM runs, at least 16 MiB of the guest are merged, all its vCPUs are pinned "
		"or its XML binds its memory to some of the nodes, and at least 20 % of the host's "
		"memory are available.",
	    .by_hand = "cat /proc/PID/ksm_merging_pages\n"
		       "virsh dumpxml DOMAIN --xpath //memoryBacking",
	    .risk = "What it shared it takes for itself. It counts from the next start on: QEMU "
		    "could be told at once (qom-set of merge), but that is a command behind "
		    "libvirt's back, which libvirt notes on the guest as tainting it.",
	    .source = "IBM, controlling KSM on a per-guest basis; SUSE 4.1.4; RHEL 8.2.2, 9.4",
	    .figure = "memory of it that is merged",
	    .show = SHOW_SIZE,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_KSM,
	    .level = LEVEL_INFO,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_KSM), NEED_RUN, NEED_ROOM,
		HOST_USES(HOST_KSM_MERGE_ACROSS_NODES), HOST_USES(HOST_CPUS),
		USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE), USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING_SAVED), USES(TABLE_VCPU, VCPU_PINNED),
		USES(TABLE_NODE, NODE_TOTAL)),
	    .raise = 16 * MIB,
	    .clear = MIB,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "available", 0.20, "least share of the host's memory available",
		SHOW_PERCENT } },
	    .concerns = may_merge,
	    .measure = measure_shared,
	    .evidence = tell_shared,
	    .advice = advise_shared,
	    .plan = plan_shared,
	    .excludes = "ksm-enable ksm-disable ksm-thp-conflict",
	},
	{ .id = NULL },
};
