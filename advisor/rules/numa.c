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
	const struct placement *p = placement_proposed(s);
	const struct stay *stay = placement_of(p, s->row);

	(void)figure;
	if (stay->nodes_needed > 1) {
		print_format(
		    out, "bind its memory and its vCPUs to the same %u nodes", stay->nodes_needed);
	} else if (stay->target < 0) {
		print_format(out,
		    "make room on node %d, where most of its memory lies, then move the rest there",
		    p->place[stay->home].node);
	} else {
		const struct place *to = &p->place[stay->target];

		print_format(
		    out, "pin its vCPUs to CPUs %s of node %d and move ", to->cpus, to->node);
		say_size(out, stay_remote_bytes(stay, stay->target));
		print_text(out, " of its memory there");
	}
}

static void refuse_wide(const struct stay *stay, struct plan *out)
{
	plan_refuse(
	    out, "it needs %u nodes: which ones is for its definition to say", stay->nodes_needed);
}

static void plan_remote(const struct subject *s, struct plan *out)
{
	const struct placement *p = placement_proposed(s);
	const struct stay *stay = placement_of(p, s->row);

	if (stay->nodes_needed > 1)
		refuse_wide(stay, out);
	else if (stay->target < 0)
		plan_refuse(out, "no node has room for all of it");
	else
		plan_move(s, p, stay, stay->target, out);
}

/* ---- numa-vcpu-float ---- */

static bool is_home(const struct stay *stay, size_t place)
{
	return stay->held_bytes[place] >= HOME_PART * stay->total_bytes;
}

/* Share of the run time on nodes that hold nothing worth mentioning of its memory. */
static double foreign_share(const struct placement *p, const struct stay *stay)
{
	double foreign = 0;

	for (size_t i = 0; i < p->places; i++)
		if (!is_home(stay, i))
			foreign += stay->run[i];
	return foreign / stay->total_run;
}

/* "node 1"; of a guest that is wider than a node "nodes 0, 1" */
static void say_homes(const struct placement *p, const struct stay *stay, struct text *out)
{
	const char *before = "nodes ";

	if (stay->nodes_needed == 1) {
		print_format(out, "node %d", p->place[stay->home].node);
		return;
	}
	for (size_t i = 0; i < p->places; i++)
		if (is_home(stay, i)) {
			print_format(out, "%s%d", before, p->place[i].node);
			before = ", ";
		}
}

static enum outcome measure_float(const struct subject *s, double *ret)
{
	struct placement p;
	enum outcome outcome = look_at_memory(&p, s);

	if (outcome != OUTCOME_FIGURE)
		return outcome;
	if (p.stay->total_run >= s->param[0] && p.stay->nodes_needed < p.places &&
	    stay_share(&p, p.stay, p.stay->nodes_needed) >= PLACED &&
	    floats_over_nodes(s, s->row, true))
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
	say_percent(out, stay_share(&p, p.stay, p.stay->nodes_needed));
	print_text(out, " of its memory lies on ");
	say_homes(&p, p.stay, out);
	print_text(out, ", but ");
	say_percent(out, figure);
	print_text(out, " of its run time was spent on other nodes.");
	placement_done(&p);
}

/* Whether the node of its memory has CPUs for it, beside those who live there and are to come. */
static bool may_stay(const struct stay *stay)
{
	return stay->has_seat && stay->target == stay->home;
}

static void advise_float(const struct subject *s, double figure, struct text *out)
{
	const struct placement *p = placement_proposed(s);
	const struct stay *stay = placement_of(p, s->row);
	const struct place *home = &p->place[stay->home];

	(void)figure;
	if (stay->nodes_needed > 1) {
		print_text(out, "let its vCPUs run on ");
		say_homes(p, stay, out);
		print_text(out, " only");
	} else if (may_stay(stay)) {
		print_format(out, "pin its vCPUs to CPUs %s of node %d", home->cpus, home->node);
	} else {
		print_format(
		    out, "move a guest off node %d, then pin this one's vCPUs to it", home->node);
	}
}

static void plan_float(const struct subject *s, struct plan *out)
{
	const struct placement *p = placement_proposed(s);
	const struct stay *stay = placement_of(p, s->row);
	const struct place *home = &p->place[stay->home];

	if (stay->nodes_needed > 1) {
		refuse_wide(stay, out);
		return;
	}
	plan_title(out, "pin %s to node %d", cell_text(s->row, DOMAIN_NAME), home->node);
	plan_pins(s, s->row, home->cpus, out);
	/* Pins that last keep its memory nowhere: the next start would find it elsewhere. */
	plan_binding(s->row, home->node, true, out);
	if (!*home->cpus)
		plan_refuse(out, "node %d has no CPUs", home->node);
	else if (!may_stay(stay))
		plan_refuse(out, "the %.0f CPUs of node %d are too few for all who live there",
		    home->cpu_count, home->node);
	else if (is_crowded(s, home->node, s->param[1]))
		plan_refuse(out, "the CPUs of node %d are busy while other nodes idle", home->node);
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
		"for numa-mode-interleave to judge. "
		"All other nodes count alike, however far they are.",
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
	    .excludes = MOVES_NOW,
	},
	{
	    .id = "numa-vcpu-float",
	    .title = "vCPUs run away from their memory",
	    .good = "vCPUs should stay on the node that holds the guest's memory; the scheduler "
		    "moves them to whatever CPU is idle.",
	    .detect =
		"At least 90 % of its memory lies on one node (on as many as it needs, where one "
		"is too small), its vCPUs may run on others, and 20 % of its run time or more was "
		"spent on nodes that hold less than 10 % of it: a mean that forgets by half in "
		"14 s. A guest that uses less than a twentieth of a "
		"CPU is left alone. "
		"How often vCPUs change nodes is not counted: what it costs is the time away "
		"from the memory.",
	    .by_hand = "numastat -p PID\nps -L -o tid,psr,comm -p PID\nvirsh vcpupin GUEST",
	    .risk =
		"On a node whose CPUs are busy while others idle, vCPUs would wait instead. Of "
		"more guests than its CPUs can take who may run nowhere else comes first; the "
		"last are not pinned, as that would take their memory along. What lasts binds its "
		"memory to the node as well. A pinned guest "
		"can only move to a host that has the same CPUs.",
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
	    .excludes = MOVES_NOW,
	},
	{ .id = NULL },
};
