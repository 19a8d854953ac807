/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's nodes among each other. */
#include <string.h>

#include "advisor/placement.h"
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

static int place_number(const struct placement *p, double node)
{
	for (size_t i = 0; i < p->places; i++)
		if (p->place[i].node == (int)node)
			return (int)i;
	return -1;
}

/* The guest whose move evens the two nodes out best: with much here, and no more than half of what
 * the other has free beyond this one. */
static const struct stay *find_mover(
    const struct placement *p, const struct subject *s, int from, int to)
{
	double most = (p->place[to].free_bytes - p->place[from].free_bytes) / 2;
	const struct stay *best = NULL;

	for (size_t i = 0; i < p->stays; i++) {
		const struct stay *stay = &p->stay[i];

		if (stay->home == from && stay->nodes_needed == 1 &&
		    stay->held_bytes[from] <= most && placement_fits(p, s, stay, to) &&
		    (!best || stay->held_bytes[from] > best->held_bytes[from]))
			best = stay;
	}
	return best;
}

static const struct stay *propose_mover(
    struct placement *p, const struct subject *s, int *ret_from, int *ret_to)
{
	placement_propose(p, s);
	*ret_from = place_number(p, cell_number(s->row, NODE_NUMBER, -1));
	*ret_to = place_number(p, cell_number(emptiest_node(s), NODE_NUMBER, -1));
	return find_mover(p, s, *ret_from, *ret_to);
}

static void advise_imbalance(const struct subject *s, double figure, struct text *out)
{
	struct placement p;
	int from, to;
	const struct stay *stay = propose_mover(&p, s, &from, &to);

	(void)figure;
	if (stay) {
		print_format(out, "move %s (", cell_text(stay->domain, DOMAIN_NAME));
		say_size(out, stay->held_bytes[from]);
		print_format(out, " here) to node %d", p.place[to].node);
	} else {
		print_format(out, "start no further guest here, but on node %d", p.place[to].node);
	}
	placement_done(&p);
}

static void plan_imbalance(const struct subject *s, struct plan *out)
{
	struct placement p;
	int from, to;
	const struct stay *stay = propose_mover(&p, s, &from, &to);

	if (stay)
		plan_move(s, &p, stay, to, out);
	else
		plan_refuse(
		    out, "no guest here can move to node %d and even it out", p.place[to].node);
	placement_done(&p);
}

/* ---- numa-balancing-off ---- */

/* A guest that balancing could help: it may run on several nodes, is not bound to one, and its
 * memory is not from a huge page pool, which balancing leaves alone. */
static bool could_be_balanced(const struct subject *s, const struct row *domain)
{
	double memory = cell_number(domain, DOMAIN_MEMORY, 0);
	const char *policy = policy_of(domain);

	return strncmp(policy, "strict", 6) != 0 && strncmp(policy, "restrictive", 11) != 0 &&
	       cell_number(domain, DOMAIN_HUGETLB, 0) <= memory / 2 &&
	       floats_over_nodes(s, domain, false);
}

static unsigned balanceable_guests(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	unsigned count = 0;

	for (size_t i = 0; i < guests->n; i++)
		count += could_be_balanced(s, guests->row[i]);
	return count;
}

static enum outcome measure_balancing_off(const struct subject *s, double *ret)
{
	double value;

	if (memory_nodes(s) < 2 || s->now->table[TABLE_DOMAIN].n == 0)
		return OUTCOME_NONE;
	if (!figure_of(TABLE_HOST, s->host, HOST_NUMA_BALANCING, &value))
		return OUTCOME_MISSING;
	*ret = value == 0 && balanceable_guests(s) > 0;
	return OUTCOME_FIGURE;
}

static void tell_balancing_off(const struct subject *s, double figure, struct text *out)
{
	unsigned guests = balanceable_guests(s);

	(void)figure;
	print_format(out,
	    "kernel.numa_balancing is 0, and %u guest%s may run on several nodes "
	    "without being bound to one.",
	    guests, guests == 1 ? "" : "s");
}

static void advise_balancing_off(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "switch automatic NUMA balancing on");
}

static void plan_balancing_off(const struct subject *s, struct plan *out)
{
	(void)s;
	plan_title(out, "switch automatic NUMA balancing on");
	plan_add(out, ACTION_SYSCTL, NULL, "kernel.numa_balancing", "0", "1");
	plan_add_lasting(out, ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", NULL,
	    "kernel.numa_balancing = 1");
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
		"used lately included, while another node has 25 % or more.",
	    .by_hand = "numastat -m\ngrep MemFree /sys/devices/system/node/node*/meminfo",
	    .risk = "Moving a guest costs bandwidth while it lasts.",
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
	    .param = { { "other", 0.25, "free share that another node must have" } },
	    .measure = measure_imbalance,
	    .evidence = tell_imbalance,
	    .advice = advise_imbalance,
	    .plan = plan_imbalance,
	},
	{
	    .id = "numa-balancing-off",
	    .title = "automatic NUMA balancing is off",
	    .good = "Where nobody places guests by hand, the kernel should bring vCPUs and memory "
		    "together by itself.",
	    .detect =
		"kernel.numa_balancing is 0 on a host of several nodes, and a guest is neither "
		"bound to nodes nor pinned within one. Guests on huge page pools do not count.",
	    .by_hand = "sysctl kernel.numa_balancing\nvirsh numatune GUEST\nvirsh vcpupin GUEST",
	    .risk =
		"Balancing costs page faults, and moves pages while guests work. It does nothing "
		"for memory from huge page pools. Older documents look for it in sched_features, "
		"where it no longer is.",
	    .source = "RHEL 1.2, 9.2; SUSE 4.6.1",
	    .figure = "balancing is missed",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_NUMA_BALANCING,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(USES(TABLE_HOST, HOST_NUMA_BALANCING), USES(TABLE_NODE, NODE_TOTAL),
		USES(TABLE_NODE, NODE_CPUS), USES(TABLE_VCPU, VCPU_AFFINITY),
		USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE), USES(TABLE_DOMAIN, DOMAIN_MEMORY),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_balancing_off,
	    .evidence = tell_balancing_off,
	    .advice = advise_balancing_off,
	    .plan = plan_balancing_off,
	},
	{ .id = NULL },
};
