/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests and the nodes that hold their memory. */
#include "advisor/rules/rules.h"

#include <string.h>

#include "advisor/placement.h"
#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"

/* A node that holds less of a guest's memory is none of its home. */
#define HOME_PART 0.10
/* ---- numa-memory-remote ---- */

static enum outcome measure_remote(const struct subject *s, double *ret)
{
	struct placement p;
	enum outcome outcome;
	double share;

	if (policy_is(s->row, "interleave"))
		return OUTCOME_NONE;
	outcome = look_at_memory(&p, s);
	if (outcome != OUTCOME_FIGURE)
		return outcome;
	share = stay_share(&p, p.stay, p.stay->nodes_needed);
	if (p.stay->nodes_needed < p.places && (1 - share) * p.stay->total_bytes >= s->param[0])
		*ret = share;
	else
		outcome = OUTCOME_NONE;
	placement_done(&p);
	return outcome;
}

/* The node that holds most of what does not lie at home. */
static int worst_place(const struct placement *p, const struct stay *stay)
{
	int worst = -1;

	for (int i = 0; i < (int)p->places; i++)
		if (i != stay->home && stay->held_bytes[i] > 0 &&
		    (worst < 0 || stay->held_bytes[i] > stay->held_bytes[worst]))
			worst = i;
	return worst;
}

static void tell_remote(const struct subject *s, double figure, struct text *out)
{
	struct placement p;
	const char *runs = cell_text(s->row, DOMAIN_RUN_NODES);
	const struct stay *stay;
	int worst;

	placement_look(&p, s, s->row);
	stay = p.stay;
	say_percent(out, figure);
	print_text(out, " of its ");
	say_size(out, stay->total_bytes);
	if (stay->nodes_needed > 1)
		print_format(out, " lie on %u nodes, as many as it needs", stay->nodes_needed);
	else
		print_format(out, " lie on node %d", p.place[stay->home].node);
	print_text(out, ", ");
	say_size(out, (1 - figure) * stay->total_bytes);
	print_text(out, " elsewhere");
	worst = worst_place(&p, stay);
	if (worst >= 0 && stay->nodes_needed == 1)
		print_format(out, ", most of that on node %d", p.place[worst].node);
	if (*runs)
		print_format(
		    out, "; its vCPUs run on node%s %s", strpbrk(runs, ",-") ? "s" : "", runs);
	print_text(out, ".");
	placement_done(&p);
}

static void advise_remote(const struct subject *s, double figure, struct text *out)
{
	struct placement p;
	const struct stay *stay;

	(void)figure;
	placement_propose(&p, s);
	stay = placement_of(&p, s->row);
	if (stay->nodes_needed > 1) {
		print_format(
		    out, "bind its memory and its vCPUs to the same %u nodes", stay->nodes_needed);
	} else if (stay->target < 0) {
		print_format(out,
		    "make room on node %d, where most of its memory lies, then move the rest there",
		    p.place[stay->home].node);
	} else {
		const struct place *to = &p.place[stay->target];

		print_format(
		    out, "pin its vCPUs to CPUs %s of node %d and move ", to->cpus, to->node);
		say_size(out, stay_remote_bytes(stay, stay->target));
		print_text(out, " of its memory there");
	}
	placement_done(&p);
}

static void plan_remote(const struct subject *s, struct plan *out)
{
	struct placement p;
	const struct stay *stay;

	placement_propose(&p, s);
	stay = placement_of(&p, s->row);
	if (stay->nodes_needed > 1)
		plan_refuse(out, "it needs %u nodes: which ones is for its definition to say",
		    stay->nodes_needed);
	else if (stay->target < 0)
		plan_refuse(out, "no node has room for all of it");
	else
		plan_move(s, &p, stay, stay->target, out);
	placement_done(&p);
}

/* ---- numa-vcpu-float ---- */

/* Share of the run time on nodes that hold nothing worth mentioning of its memory. */
static double foreign_share(const struct placement *p, const struct stay *stay)
{
	double foreign = 0;

	for (size_t i = 0; i < p->places; i++)
		if (stay->held_bytes[i] < HOME_PART * stay->total_bytes)
			foreign += stay->run[i];
	return foreign / stay->total_run;
}

static enum outcome measure_float(const struct subject *s, double *ret)
{
	struct placement p;
	enum outcome outcome = look_at_memory(&p, s);

	if (outcome != OUTCOME_FIGURE)
		return outcome;
	if (p.stay->total_run >= s->param[0] && p.stay->nodes_needed == 1 &&
	    stay_share(&p, p.stay, 1) >= PLACED && floats_over_nodes(s, s->row, true))
		*ret = foreign_share(&p, p.stay);
	else
		outcome = OUTCOME_NONE;
	placement_done(&p);
	return outcome;
}

static void tell_float(const struct subject *s, double figure, struct text *out)
{
	struct placement p;

	placement_look(&p, s, s->row);
	say_percent(out, stay_share(&p, p.stay, 1));
	print_format(out, " of its memory lie on node %d, but ", p.place[p.stay->home].node);
	say_percent(out, figure);
	print_text(out, " of its run time was spent on other nodes.");
	placement_done(&p);
}

/* The node that holds most of its memory. */
static struct place home_of(const struct subject *s)
{
	struct placement p;
	struct place home;

	placement_look(&p, s, s->row);
	home = p.place[p.stay->home];
	placement_done(&p);
	return home;
}

static void advise_float(const struct subject *s, double figure, struct text *out)
{
	struct place home = home_of(s);

	(void)figure;
	print_format(out, "pin its vCPUs to CPUs %s of node %d", home.cpus, home.node);
}

static void plan_float(const struct subject *s, struct plan *out)
{
	struct place home = home_of(s);

	plan_title(out, "pin %s to node %d", cell_text(s->row, DOMAIN_NAME), home.node);
	plan_pins(s, s->row, home.cpus, out);
	if (!*home.cpus)
		plan_refuse(out, "node %d has no CPUs", home.node);
	else if (is_crowded(s, home.node, s->param[1]))
		plan_refuse(out, "the CPUs of node %d are busy while other nodes idle", home.node);
}

const struct rule numa_rules[] = {
	{
	    .id = "numa-memory-remote",
	    .title = "memory is spread over nodes",
	    .good =
		"A guest that fits on one node should have its memory there, next to its vCPUs: "
		"every access to another node costs more time, and takes of the link that all "
		"nodes share.",
	    .detect =
		"The share of its memory on its home, which is the node that holds most of it (of "
		"as many nodes as it needs, where one is too small), is 90 % or less, and at least "
		"256 MiB lie elsewhere. Not where its definition wants it interleaved: that is "
		"for numa-mode-interleave to judge.",
	    .by_hand = "numastat -p PID\ngrep -o 'N[0-9]*=[0-9]*' /proc/PID/numa_maps\n"
		       "virsh numatune GUEST",
	    .risk =
		"Memory that a device of the host writes into cannot move, and huge pages move "
		"only onto free ones. Copying costs bandwidth while it lasts. A guest whose "
		"definition binds it elsewhere takes new memory from there until its next start.",
	    .source = "RHEL 8.1, 9.3; SUSE 4.6",
	    .figure = "share of its memory on its home node",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_HOME_SHARE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(PLACEMENT_NEEDS, USES(TABLE_DOMAIN, DOMAIN_HOME_SHARE),
		USES(TABLE_DOMAIN, DOMAIN_RUN_NODES), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .below = true,
	    .raise = 0.90,
	    .clear = 0.95,
	    .raise_s = 20,
	    .clear_s = 10,
	    .param = { { "remote", 256.0 * 1024 * 1024, "least memory elsewhere, in bytes",
		SHOW_SIZE } },
	    .measure = measure_remote,
	    .evidence = tell_remote,
	    .advice = advise_remote,
	    .plan = plan_remote,
	},
	{
	    .id = "numa-vcpu-float",
	    .title = "vCPUs run away from their memory",
	    .good = "vCPUs should stay on the node that holds the guest's memory; the scheduler "
		    "moves them to whatever CPU is idle.",
	    .detect =
		"At least 90 % of its memory lie on one node, its vCPUs may run on several, and 20 "
		"% of its run time or more was spent on nodes that hold less than 10 % of it: a "
		"mean that forgets by half in 14 s. A guest that uses less than a twentieth of a "
		"CPU is left alone.",
	    .by_hand = "numastat -p PID\nps -L -o tid,psr,comm -p PID\nvirsh vcpupin GUEST",
	    .risk = "On a node whose CPUs are busy while others idle, vCPUs would wait instead. A "
		    "pinned guest can only move to a host that has the same CPUs.",
	    .source = "SUSE 4.6; RHEL 9.3",
	    .figure = "share of its run time away from its memory",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_RUN_NODES,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(PLACEMENT_NEEDS, USES(TABLE_NODE, NODE_BUSY),
		USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 0.20,
	    .clear = 0.05,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "run", 0.05, "least CPU time that counts, in CPUs", SHOW_DECIMAL },
		{ "busy", 0.80, "from here on a node is too busy to pin to", SHOW_PERCENT } },
	    .measure = measure_float,
	    .evidence = tell_float,
	    .advice = advise_float,
	    .plan = plan_float,
	},
	{ .id = NULL },
};
