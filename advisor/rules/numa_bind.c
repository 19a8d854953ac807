/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What definitions say about nodes: vCPUs to the one, memory from the other. */
#include <string.h>

#include "advisor/placement.h"
#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"

/* ---- numa-pin-without-memory ---- */

/* How pins and memory fail to go together. */
enum parting {
	PARTING_NONE,
	PARTING_LIES,    /* its memory lies where its vCPUs must not run */
	PARTING_BOUND,   /* its definition takes memory from there */
	PARTING_UNBOUND, /* nothing keeps its memory where it is */
};

static struct cpuset reached_nodes(const struct placement *p, const struct stay *stay)
{
	struct cpuset nodes = { 0 };

	for (size_t i = 0; i < p->places; i++)
		if (stay->reach[i])
			cpuset_set(&nodes, (unsigned)p->place[i].node);
	return nodes;
}

static double reached_bytes(const struct placement *p, const struct stay *stay)
{
	double bytes = 0;

	for (size_t i = 0; i < p->places; i++)
		bytes += stay->reach[i] ? stay->held_bytes[i] : 0;
	return bytes;
}

/* Neither its definition nor the kernel brings its memory to where its vCPUs run. */
static bool is_unbound(const struct subject *s)
{
	return is_known_to_libvirt(s->row) && !*policy_of(s->row) && !*policy_next(s->row) &&
	       (guest_has_pool(s->row) || cell_number(s->host, HOST_NUMA_BALANCING, 0) == 0);
}

static enum parting find_parting(
    const struct subject *s, const struct placement *p, const struct cpuset *reached)
{
	const struct stay *stay = p->stay;
	enum parting parting = PARTING_NONE;
	struct cpuset bound = { 0 };

	if (cpuset_empty(reached) || cpuset_count(reached) == p->places ||
	    stay->nodes_needed > cpuset_count(reached))
		return PARTING_NONE;
	if (!stay->reach[stay->home])
		parting = PARTING_LIES;
	else if (policy_text_nodes(policy_next(s->row), &bound) && !cpuset_subset(&bound, reached))
		parting = PARTING_BOUND;
	else if (is_unbound(s) && reached_bytes(p, stay) >= PLACED * stay->total_bytes)
		parting = PARTING_UNBOUND;
	cpuset_done(&bound);
	return parting;
}

static enum outcome measure_parted(const struct subject *s, double *ret)
{
	struct placement p;
	enum outcome outcome = look_at_memory(&p, s);
	struct cpuset reached;

	if (outcome != OUTCOME_FIGURE)
		return outcome;
	if (placement_reach(&p, s, p.stay)) {
		reached = reached_nodes(&p, p.stay);
		*ret = find_parting(s, &p, &reached) != PARTING_NONE;
		cpuset_done(&reached);
	} else {
		outcome = OUTCOME_MISSING;
	}
	placement_done(&p);
	return outcome;
}

static void say_share(struct text *out, double bytes, const struct stay *stay)
{
	say_percent(out, bytes / stay->total_bytes);
	print_text(out, " of its memory lies");
}

static void tell_parted(const struct subject *s, double figure, struct text *out)
{
	struct cpuset reached, bound = { 0 };
	struct placement p;
	const struct stay *stay;

	(void)figure;
	placement_look(&p, s, s->row);
	stay = p.stay;
	placement_reach(&p, s, p.stay);
	reached = reached_nodes(&p, stay);
	print_text(out, "Its vCPUs may run on ");
	say_nodes(out, &reached);
	print_text(out, " only, ");
	switch (find_parting(s, &p, &reached)) {
	case PARTING_LIES:
		print_text(out, "but ");
		say_share(out, stay->held_bytes[stay->home], stay);
		print_format(out, " on node %d", p.place[stay->home].node);
		if (policy_nodes(s->row, &bound)) {
			print_text(out, "; its definition takes memory from ");
			say_nodes(out, &bound);
		}
		break;
	case PARTING_BOUND:
		policy_text_nodes(policy_next(s->row), &bound);
		print_text(out, "but its definition takes memory from ");
		say_nodes(out, &bound);
		break;
	default:
		print_text(out, "where ");
		say_share(out, reached_bytes(&p, stay), stay);
		print_text(out, ", but nothing binds it: what no longer fits there comes from "
				"elsewhere");
		break;
	}
	print_text(out, ".");
	cpuset_done(&reached);
	cpuset_done(&bound);
	placement_done(&p);
}

/* Its vCPUs go where all of its memory is, or to where some of it must go as well. */
static bool is_all_there(const struct stay *stay)
{
	return stay->target == stay->home &&
	       stay->held_bytes[stay->home] >= PLACED * stay->total_bytes;
}

static void advise_move(
    const struct subject *s, const struct placement *p, const struct stay *stay, struct text *out)
{
	const struct place *to = stay->target < 0 ? NULL : &p->place[stay->target];

	(void)s;
	if (!to) {
		print_format(out,
		    "make room on node %d, where its memory lies, or where its vCPUs may run",
		    p->place[stay->home].node);
		return;
	}
	if (!stay->reach || !stay->reach[stay->target])
		print_format(out, "pin its vCPUs to CPUs %s of node %d", to->cpus, to->node);
	if (is_all_there(stay)) {
		print_text(out, ", where its memory lies");
		return;
	}
	print_text(out, out->len ? " and move " : "move ");
	say_size(out, stay_remote_bytes(stay, stay->target));
	print_format(out, " of its memory to node %d", to->node);
}

static void advise_parted(const struct subject *s, double figure, struct text *out)
{
	const struct placement *p = placement_proposed(s);
	const struct stay *stay = placement_of(p, s->row);

	(void)figure;
	if (!stay->reach[stay->home])
		advise_move(s, p, stay, out);
	else
		print_format(out, "bind its memory to node %d, where its vCPUs may run",
		    p->place[stay->home].node);
}

static void plan_to_memory(const struct subject *s, const struct place *home, struct plan *out)
{
	plan_title(out, "pin %s to node %d", cell_text(s->row, DOMAIN_NAME), home->node);
	plan_pins(s, s->row, home->cpus, out);
	plan_binding(s->row, home->node, true, out);
	if (is_crowded(s, home->node, s->param[0]))
		plan_refuse(out, "the CPUs of node %d are busy while other nodes idle", home->node);
}

static void plan_parted(const struct subject *s, struct plan *out)
{
	const char *name = cell_text(s->row, DOMAIN_NAME);
	const struct placement *p = placement_proposed(s);
	const struct stay *stay = placement_of(p, s->row);

	if (stay->reach[stay->home]) {
		int node = p->place[stay->home].node;

		plan_title(out, "take the memory of %s from node %d", name, node);
		if (stay->nodes_needed > 1)
			plan_refuse(out,
			    "it needs %u nodes: which ones is for its definition to say",
			    stay->nodes_needed);
		else
			plan_binding(s->row, node, false, out);
	} else if (stay->target < 0) {
		plan_refuse(out, "no node that it may use has room for it");
	} else if (is_all_there(stay)) {
		plan_to_memory(s, &p->place[stay->target], out);
	} else {
		plan_move(s, p, stay, stay->target, out);
	}
}

const struct rule numa_bind_rules[] = {
	{
	    .id = "numa-pin-without-memory",
	    .title = "vCPUs are pinned away from the memory",
	    .good = "Pins of vCPUs and emulator and the nodes of the memory belong together: a pin "
		    "alone leaves the memory where it was first touched, and every access to it "
		    "goes to another node.",
	    .detect =
		"Its vCPUs may only run on some of the nodes, and most of its memory lies on "
		"another one; or its definition takes memory from nodes on which they must not "
		"run; or it names none, and nothing else keeps the memory there: automatic NUMA "
		"balancing is off, or the memory is from a huge page pool. Guests that need more "
		"nodes than they may run on, and those whose cells have policies of their own, are "
		"for other rules.",
	    .by_hand = "virsh vcpupin GUEST\nvirsh emulatorpin GUEST\nvirsh numatune GUEST\n"
		       "numastat -p PID",
	    .risk =
		"vCPUs are cheaper to move than memory, so they go where it lies, to all CPUs "
		"of that node, unless it has no CPUs to spare: a choice of single CPUs is "
		"lost. A running guest keeps the nodes that it was started with, so that a "
		"new binding counts from its next start on, and a fix that only binds is one of "
		"class C. See numa-strict-risk on which mode "
		"to bind with.",
	    .source = "RHEL 9.3.2; SUSE 4.5.2.2",
	    .figure = "pins and memory do not go together",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_RUN_NODES,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(PLACEMENT_NEEDS, USES(TABLE_NODE, NODE_BUSY),
		USES(TABLE_HOST, HOST_NUMA_BALANCING), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "busy", 0.80, "from here on a node is too busy to pin to",
		SHOW_PERCENT } },
	    .measure = measure_parted,
	    .evidence = tell_parted,
	    .advice = advise_parted,
	    .plan = plan_parted,
	    .excludes = MOVES_NOW " " MOVES_AT_START,
	},
	{ .id = NULL },
};
