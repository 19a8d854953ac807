/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's nodes among each other. */
#include <string.h>

#include "advisor/placement.h"
#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"

/* ---- numa-node-imbalance ---- */

static double free_bytes(const struct row *node)
{
	return cell_number(node, NODE_FREE, 0) + cell_number(node, NODE_INACTIVE_FILE, 0);
}

static double free_share(const struct row *node)
{
	double total = cell_number(node, NODE_TOTAL, 0);

	return total > 0 ? free_bytes(node) / total : 1;
}

static const struct row *emptiest_node(const struct subject *s)
{
	const struct row *best = NULL;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	for (size_t i = 0; i < n; i++)
		if (cell_number(rows[i], NODE_TOTAL, 0) > 0 && *cell_text(rows[i], NODE_CPUS) &&
		    (!best || free_share(rows[i]) > free_share(best)))
			best = rows[i];
	return best;
}

static enum outcome measure_imbalance(const struct subject *s, double *ret)
{
	const struct row *best = emptiest_node(s);

	if (!best || best == s->row || cell_number(s->row, NODE_TOTAL, 0) <= 0 ||
	    free_share(best) < s->param[0] || cell_number(s->row, NODE_GUEST_MEMORY, 0) <= 0)
		return OUTCOME_NONE;
	*ret = free_share(s->row);
	return OUTCOME_FIGURE;
}

static void tell_imbalance(const struct subject *s, double figure, struct text *out)
{
	const struct row *best = emptiest_node(s);

	say_percent(out, figure);
	print_text(out, " of its ");
	say_size(out, cell_number(s->row, NODE_TOTAL, 0));
	print_text(out, " are free and guests hold ");
	say_size(out, cell_number(s->row, NODE_GUEST_MEMORY, 0));
	print_format(out, ", while on node %.0f ", cell_number(best, NODE_NUMBER, 0));
	say_percent(out, free_share(best));
	print_text(out, " are free.");
}

static struct mover mover_of(const struct subject *s, const struct placement *p, int *ret_from)
{
	*ret_from = place_of_node(p, cell_number(s->row, NODE_NUMBER, -1));
	return *ret_from < 0 ? (struct mover){ NULL, -1 } : placement_mover(s, *ret_from);
}

static void advise_imbalance(const struct subject *s, double figure, struct text *out)
{
	const struct placement *p = placement_proposed(s);
	int from;
	struct mover mover = mover_of(s, p, &from);

	(void)figure;
	if (mover.stay) {
		print_format(out, "move %s (", cell_text(mover.stay->domain, DOMAIN_NAME));
		say_size(out, mover.stay->held_bytes[from]);
		print_format(out, " here) to node %d", p->place[mover.to].node);
	} else {
		print_format(out, "start no further guest here, but on node %.0f",
		    cell_number(emptiest_node(s), NODE_NUMBER, 0));
	}
}

static void plan_imbalance(const struct subject *s, struct plan *out)
{
	const struct placement *p = placement_proposed(s);
	int from;
	struct mover mover = mover_of(s, p, &from);

	if (mover.stay)
		plan_move(s, p, mover.stay, mover.to, out);
	else
		plan_refuse(out, "no guest here can move to another node and even it out");
}

/* ---- numa-miss ---- */

/* Pages a second that were meant for this node and had to come from another one; and their share of
 * all that were meant for it. */
static double misses_of(const struct row *node, double *ret_share)
{
	double hit = figure_or(TABLE_NODE, node, NODE_HIT, 0);
	double foreign = figure_or(TABLE_NODE, node, NODE_FOREIGN, 0);

	*ret_share = hit + foreign > 0 ? foreign / (hit + foreign) : 0;
	return foreign;
}

static enum outcome measure_miss(const struct subject *s, double *ret)
{
	bool many = misses_of(s->row, ret) >= s->param[0];

	return gate_holds(s, many) ? OUTCOME_FIGURE : OUTCOME_NONE;
}

static bool has_nodes(const struct subject *s)
{
	return memory_nodes(s) > 1;
}

/* The node that took in most for others. */
static const struct row *busiest_helper(const struct subject *s)
{
	const struct row *best = NULL;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	for (size_t i = 0; i < n; i++)
		if (figure_or(TABLE_NODE, rows[i], NODE_MISS, 0) >
		    figure_or(TABLE_NODE, best, NODE_MISS, 0))
			best = rows[i];
	return best;
}

static void tell_miss(const struct subject *s, double figure, struct text *out)
{
	const struct row *helper = busiest_helper(s);
	double share, free;

	say_count(out, misses_of(s->row, &share));
	print_text(out, " pages a second that were meant for it came from elsewhere, ");
	say_percent(out, figure);
	print_text(out, " of all");
	if (helper && helper != s->row)
		print_format(
		    out, ", most of them from node %.0f", cell_number(helper, NODE_NUMBER, 0));
	if (figure_of(TABLE_NODE, s->row, NODE_FREE, &free)) {
		print_text(out, "; ");
		say_size(out, free);
		print_text(out, " are free here");
	}
	print_text(out, ".");
}

static void advise_miss(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "make room here: ");
	if (cell_number(s->row, NODE_GUEST_MEMORY, 0) > 0)
		print_text(out, "move a guest to another node, or ");
	print_text(out, "keep what reads and writes many files off its CPUs");
}

const struct rule numa_host_rules[] = {
	{
	    .id = "numa-node-imbalance",
	    .title = "one node is full while another is not",
	    .good =
		"Guests should be spread so that every node keeps memory free: on a full node new "
		"memory comes from elsewhere, or a guest bound to it fails to get any.",
	    .detect =
		"A node with guests has at most 5 % of its memory free, page cache that nobody has "
		"used lately included, while another node has 25 % or more. "
		"What definitions bind to a node is not added up here: where that may not fit "
		"numa-strict-risk says so of the guest.",
	    .by_hand = "numastat -m\ngrep MemFree /sys/devices/system/node/node*/meminfo",
	    .risk =
		"Moving a guest costs bandwidth while it lasts. Full nodes choose in turn, the "
		"fullest first, each within what proposals to others leave; a guest that another "
		"rule would move goes where that rule sends it.",
	    .source = "RHEL 8.1, 9.3.1",
	    .figure = "share of the node's memory that is free",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_NODE,
	    .column = NODE_FREE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(NEED(TABLE_NODE, NODE_TOTAL), NEED(TABLE_NODE, NODE_FREE),
		USES(TABLE_NODE, NODE_GUEST_MEMORY), PLACEMENT_NEEDS,
		USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .below = true,
	    .raise = 0.05,
	    .clear = 0.08,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "other", 0.25, "free share that another node must have", SHOW_PERCENT } },
	    .measure = measure_imbalance,
	    .evidence = tell_imbalance,
	    .advice = advise_imbalance,
	    .plan = plan_imbalance,
	    .excludes = MOVES_NOW,
	},
	{
	    .id = "numa-miss",
	    .title = "memory comes from another node than meant",
	    .good = "Memory should come from the node it is asked of, which is mostly that of the "
		    "CPU which asks: from elsewhere every access to it is slower, by a tenth or "
		    "more.",
	    .detect =
		"Of the pages that were meant for a node 5 % or more had to come from another one "
		"for a minute, and at least 1000 a second. It is numa_foreign that tells it of the "
		"node that was short; numa_miss counts the same pages at the node that gave them.",
	    .by_hand = "numastat\ngrep . /sys/devices/system/node/node*/numastat",
	    .risk = "There is advice only. Page cache that is spread over nodes brings some of "
		    "these, as does who starts on one node and means to use the memory of "
		    "another. With vm.numa_stat 0 nothing is counted.",
	    .source = "SUSE 4.6.1; RHEL 9.3, 9.3.2",
	    .figure = "share that had to come from other nodes",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_NODE,
	    .column = NODE_FOREIGN,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(NEED(TABLE_NODE, NODE_HIT), NEED(TABLE_NODE, NODE_FOREIGN),
		USES(TABLE_NODE, NODE_MISS), USES(TABLE_NODE, NODE_TOTAL),
		USES(TABLE_NODE, NODE_FREE), USES(TABLE_NODE, NODE_GUEST_MEMORY)),
	    .raise = 0.05,
	    .clear = 0.01,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "pages", 1000, "least of them a second", SHOW_INTEGER } },
	    .concerns = has_nodes,
	    .remembers = true,
	    .measure = measure_miss,
	    .evidence = tell_miss,
	    .advice = advise_miss,
	},
	{ .id = NULL },
};
