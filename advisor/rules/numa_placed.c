/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests that nobody places, and numad, which would. */
#include <string.h>

#include "advisor/placement.h"
#include "advisor/rules/common.h"
#include "advisor/rules/merging.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"

/* ---- numa-auto-placement ---- */

static bool asks_numad(const struct row *domain)
{
	return strstr(policy_next(domain), " auto") != NULL;
}

/* Automatic balancing leaves huge pages of a pool alone; some kernels are built without it. Where
 * it could be switched on numa-balancing-off says so. */
static bool could_nobody_place(const struct subject *s)
{
	return guest_has_pool(s->row) || !cell_has(s->host, HOST_NUMA_BALANCING);
}

static bool could_be_placed(const struct subject *s)
{
	return memory_nodes(s) > 1 && is_known_to_libvirt(s->row) && guest_runs(s->row) &&
	       (asks_numad(s->row) ||
		   (!*policy_of(s->row) && !*policy_next(s->row) && could_nobody_place(s)));
}

static enum outcome measure_placing(const struct subject *s, double *ret)
{
	struct placement p;
	unsigned needed;

	if (asks_numad(s->row)) {
		*ret = is_text(s->host, HOST_NUMAD, "no");
		return cell_has(s->host, HOST_NUMAD) ? OUTCOME_FIGURE : OUTCOME_MISSING;
	}
	placement_look(&p, s, s->row);
	needed = p.stay->nodes_needed;
	placement_done(&p);
	*ret = needed == 1 && floats_over_nodes(s, s->row, false);
	return OUTCOME_FIGURE;
}

static void tell_placing(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	if (asks_numad(s->row))
		print_text(out, "Its definition lets numad choose its nodes, but there is no numad "
				"on this host: its next start will fail.");
	else
		print_format(out,
		    "Its definition names no node, its vCPUs may run on all of them, and %s.",
		    guest_has_pool(s->row)
			? "its huge pages stay where they are: balancing does not move them"
			: "the kernel has no automatic NUMA balancing");
}

static void advise_placing(const struct subject *s, double figure, struct text *out)
{
	const struct placement *p = placement_proposed(s);
	int target = placement_of(p, s->row)->target;

	(void)figure;
	if (target >= 0)
		print_format(out, "give it memory and CPUs of node %d, from its next start on",
		    p->place[target].node);
	else
		print_text(out, "say in its definition which nodes it shall have");
}

/* libvirt asks numad for vCPUs as well, where these are not said to be placed by hand. */
static void plan_vcpus_by_hand(const struct row *domain, struct plan *out)
{
	double maximum = cell_number(domain, DOMAIN_VCPUS_MAXIMUM, 0);
	double now = cell_number(domain, DOMAIN_VCPUS_DEFINED, maximum);
	struct text element = { 0 };

	print_text(&element, "<vcpu placement='static'");
	if (now < maximum)
		print_format(&element, " current='%.0f'", now);
	print_format(&element, ">%.0f</vcpu>", maximum);
	plan_add(out, ACTION_DEFINE, domain, "vcpu", NULL, element.p)->saved = true;
	text_done(&element);
}

static void plan_placing(const struct subject *s, struct plan *out)
{
	const struct placement *p = placement_proposed(s);
	int target = placement_of(p, s->row)->target;

	if (target >= 0) {
		plan_title(
		    out, "give %s node %d", cell_text(s->row, DOMAIN_NAME), p->place[target].node);
		if (asks_numad(s->row))
			plan_vcpus_by_hand(s->row, out);
		plan_place_at_start(
		    s, &p->place[target], guest_has_pool(s->row) ? "strict" : "preferred", out);
		if (asks_numad(s->row) && !cell_has(s->row, DOMAIN_VCPUS_MAXIMUM))
			plan_refuse(out, "how many vCPUs it has is not known");
	} else {
		plan_refuse(out, "no one node has room for all of it");
	}
}

/* ---- numa-ksm-numad-confusion ---- */

static bool does_numad_run(const struct subject *s)
{
	return memory_nodes(s) > 1 && may_merge(s) && is_text(s->host, HOST_NUMAD, "running");
}

static enum outcome measure_confusion(const struct subject *s, double *ret)
{
	*ret = of_host(s, HOST_KSM_MERGE_ACROSS_NODES) > 0;
	return OUTCOME_FIGURE;
}

static void tell_confusion(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "numad runs while KSM merges pages of all nodes; ");
	say_size(out, of_host(s, HOST_KSM_PAGES_SHARING));
	print_text(out, " of the guests are counted on nodes where others put them.");
}

static void advise_confusion(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "unmerge, and let KSM merge within each node only");
}

const struct rule numa_placed_rules[] = {
	{
	    .id = "numa-auto-placement",
	    .title = "nobody says where it shall live",
	    .good = "Somebody should place a guest: its definition, automatic balancing, or numad "
		    "when it starts.",
	    .detect =
		"Its definition leaves it to numad, which is not installed; or it names no node, "
		"its vCPUs may run on several, and automatic balancing cannot help: the kernel has "
		"none, or its memory is from a huge page pool. Where balancing is only switched "
		"off numa-balancing-off speaks. Guests that need several nodes do not count.",
	    .by_hand = "virsh dumpxml GUEST --inactive --xpath /domain/vcpu\n"
		       "virsh numatune GUEST --config\ncommand -v numad",
	    .risk =
		"Documents differ: some have numad choose. It is no longer looked after in many "
		"distributions and works against automatic balancing, so the plan names a node "
		"instead, in step with what is proposed to other guests; a guest can then only "
		"move to a host that has such a node.",
	    .source = "RHEL 9.3, 9.3.3; SUSE 4.6",
	    .figure = "not placed",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_NUMA_MODE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(PLACEMENT_NEEDS, USES(TABLE_HOST, HOST_NUMAD),
		USES(TABLE_HOST, HOST_NUMA_BALANCING), USES(TABLE_DOMAIN, DOMAIN_HUGETLB),
		USES(TABLE_DOMAIN, DOMAIN_VCPUS_DEFINED),
		USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE_SAVED), USES(TABLE_DOMAIN, DOMAIN_SAVED),
		USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = could_be_placed,
	    .measure = measure_placing,
	    .evidence = tell_placing,
	    .advice = advise_placing,
	    .plan = plan_placing,
	    .excludes = MOVES_AT_START,
	},
	{
	    .id = "numa-ksm-numad-confusion",
	    .title = "numad is misled by merged pages",
	    .good = "numad goes by how much memory a process has on each node. Where KSM merges "
		    "across nodes these figures drift, so the two should not run together.",
	    .detect = "numad runs, and so does KSM with merge_across_nodes 1.",
	    .by_hand = "pgrep -a numad\ncd /sys/kernel/mm/ksm && grep . run merge_across_nodes",
	    .risk =
		"The setting may only change while nothing is merged, so all pages are unmerged "
		"first, which takes the memory that merging saved.",
	    .source = "RHEL 8.3",
	    .figure = "both run",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_KSM_MERGE_ACROSS_NODES,
	    .level = LEVEL_INFO,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(NEED_RUN, USES(TABLE_HOST, HOST_NUMAD),
		NEED(TABLE_HOST, HOST_KSM_MERGE_ACROSS_NODES),
		NEED(TABLE_HOST, HOST_KSM_PAGES_SHARING), NEED_ROOM, USES(TABLE_NODE, NODE_TOTAL)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = does_numad_run,
	    .measure = measure_confusion,
	    .evidence = tell_confusion,
	    .advice = advise_confusion,
	    .plan = plan_merge_within_nodes,
	    .excludes = "ksm-disable ksm-thp-conflict",
	},
	{ .id = NULL },
};
