/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How definitions bind memory to nodes. */
#include <stdio.h>
#include <string.h>

#include "advisor/placement.h"
#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"

/* ---- numa-strict-risk ---- */

/* How much better it must get before it counts as over. */
#define ROOM 1.1

enum shortage {
	SHORTAGE_NONE,
	SHORTAGE_SWAPS, /* the kernel will swap, though other nodes may have memory free */
	SHORTAGE_KILLS, /* there is no swap */
};

/* What guests that are bound alike may still take, and what there is for them. */
struct demand {
	double own, others, free;
	size_t guests; /* the others */
};

static double held_on(const struct subject *s, const struct row *domain, const struct cpuset *nodes)
{
	double bytes = 0, node;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_PLACEMENT, domain, &n);

	for (size_t i = 0; i < n; i++)
		if (figure_of(TABLE_PLACEMENT, rows[i], PLACEMENT_NODE, &node) &&
		    cpuset_test(nodes, (unsigned)node))
			bytes += cell_number(rows[i], PLACEMENT_MEMORY, 0);
	return bytes;
}

/* All that it was given, or that its balloon leaves to it. */
static double still_wanted(
    const struct subject *s, const struct row *domain, const struct cpuset *nodes)
{
	double memory = cell_number(domain, DOMAIN_MEMORY, 0);

	memory = fmin(memory, cell_number(domain, DOMAIN_BALLOON, memory));
	return fmax(0, memory - held_on(s, domain, nodes));
}

static bool has_places(const struct subject *s, const struct row *domain)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_PLACEMENT, domain, &n);

	for (size_t i = 0; i < n; i++)
		if (cell_number(rows[i], PLACEMENT_MEMORY, 0) > 0)
			return true;
	return false;
}

static bool is_bound_alike(const struct row *a, const struct row *b)
{
	return strcmp(policy_of(a), policy_of(b)) == 0 &&
	       cell_number(a, DOMAIN_HUGE_SIZE, 0) == cell_number(b, DOMAIN_HUGE_SIZE, 0);
}

static double free_on(const struct subject *s, const struct cpuset *nodes)
{
	double bytes = 0, node, size = cell_number(s->row, DOMAIN_HUGE_SIZE, 0);
	enum table_id table = size > 0 ? TABLE_HUGEPOOL : TABLE_NODE;
	size_t n;
	const struct row *const *rows = subject_rows(s, table, NULL, &n);

	for (size_t i = 0; i < n; i++) {
		if (!figure_of(table, rows[i], size > 0 ? HUGEPOOL_NODE : NODE_NUMBER, &node) ||
		    !cpuset_test(nodes, (unsigned)node))
			continue;
		if (size <= 0)
			bytes += cell_number(rows[i], NODE_FREE, 0) +
				 cell_number(rows[i], NODE_INACTIVE_FILE, 0);
		else if (cell_number(rows[i], HUGEPOOL_PAGE_SIZE, 0) == size)
			bytes += cell_number(rows[i], HUGEPOOL_FREE, 0) * size;
	}
	return bytes;
}

static struct demand demand_of(const struct subject *s, const struct cpuset *nodes)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	struct demand d = { .own = still_wanted(s, s->row, nodes), .free = free_on(s, nodes) };

	for (size_t i = 0; i < guests->n; i++) {
		const struct row *other = guests->row[i];

		if (other == s->row || !is_bound_alike(other, s->row) || !has_places(s, other))
			continue;
		d.others += still_wanted(s, other, nodes);
		d.guests++;
	}
	return d;
}

static bool is_strict(const struct subject *s)
{
	return memory_nodes(s) > 1 && policy_is_strict(s->row) && guest_runs(s->row) &&
	       policy_keeps_mode(s->row);
}

static enum outcome measure_strict(const struct subject *s, double *ret)
{
	struct cpuset nodes = { 0 };
	struct demand d;
	double wanted;

	if (!has_places(s, s->row))
		return OUTCOME_MISSING;
	if (!policy_nodes(s->row, &nodes)) {
		cpuset_done(&nodes);
		return OUTCOME_NONE;
	}
	d = demand_of(s, &nodes);
	cpuset_done(&nodes);
	wanted = d.own > 0 ? d.own + d.others : 0;
	if (s->memo && s->memo->v[0] > 0)
		wanted *= ROOM;
	*ret = wanted <= d.free                               ? SHORTAGE_NONE
	       : cell_number(s->host, HOST_SWAP_TOTAL, 0) > 0 ? SHORTAGE_SWAPS
							      : SHORTAGE_KILLS;
	if (s->memo)
		s->memo->v[0] = *ret;
	return OUTCOME_FIGURE;
}

static void tell_strict(const struct subject *s, double figure, struct text *out)
{
	struct cpuset nodes = { 0 };
	struct demand d;

	policy_nodes(s->row, &nodes);
	d = demand_of(s, &nodes);
	print_text(out, "It gets memory from ");
	say_nodes(out, &nodes);
	print_text(out, " alone and may still want ");
	say_size(out, d.own);
	if (d.guests) {
		print_format(out, ", %zu other%s bound alike ", d.guests, d.guests == 1 ? "" : "s");
		say_size(out, d.others);
	}
	print_text(out, ", but there ");
	say_size(out, d.free);
	print_text(out, guest_has_pool(s->row) ? " of its huge pages are free" : " are free");
	print_text(out, figure >= SHORTAGE_KILLS ? ", and the host has no swap."
						 : "; the rest would be swapped.");
	cpuset_done(&nodes);
}

/* The node of its policy that holds most of it; -1: it has none. */
static int fullest_node(const struct subject *s, const struct cpuset *nodes)
{
	double most = -1;
	int best = -1;

	for (int node = cpuset_next(nodes, 0); node >= 0;
	     node = cpuset_next(nodes, (unsigned)node + 1)) {
		struct cpuset one = { 0 };
		double held;

		cpuset_set(&one, (unsigned)node);
		held = held_on(s, s->row, &one);
		cpuset_done(&one);
		if (held > most) {
			most = held;
			best = node;
		}
	}
	return best;
}

static int node_to_prefer(const struct subject *s)
{
	struct cpuset nodes = { 0 };
	int node = policy_nodes(s->row, &nodes) ? fullest_node(s, &nodes) : -1;

	cpuset_done(&nodes);
	return node;
}

static void advise_strict(const struct subject *s, double figure, struct text *out)
{
	int node = node_to_prefer(s);

	(void)figure;
	if (guest_has_pool(s->row))
		print_format(out, "make the pool of huge pages of node %d larger", node);
	else
		print_format(out,
		    "let it prefer node %d instead of insisting on it, from its next start on; "
		    "until "
		    "then make room there",
		    node);
}

static void plan_strict(const struct subject *s, struct plan *out)
{
	char node[NUMBER_SIZE], list[NUMBER_SIZE + 1];

	plan_title(out, "let %s prefer its node", cell_text(s->row, DOMAIN_NAME));
	snprintf(list, sizeof(list), " %s", number_text(node_to_prefer(s), node));
	/* That mode takes one node. */
	if (strcmp(strrchr(policy_of(s->row), ' '), list) != 0)
		plan_add(out, ACTION_NUMATUNE, s->row, "nodeset", NULL, node)->saved = true;
	plan_add(out, ACTION_NUMATUNE, s->row, "mode", NULL, "preferred")->saved = true;
	if (guest_has_pool(s->row))
		plan_refuse(out, "with huge pages it is right to insist: the pool is too small");
}

/* ---- numa-mode-interleave ---- */

static unsigned policy_width(const struct row *domain)
{
	struct cpuset nodes = { 0 };
	unsigned width = policy_nodes(domain, &nodes) ? cpuset_count(&nodes) : 0;

	cpuset_done(&nodes);
	return width;
}

static enum outcome measure_interleave(const struct subject *s, double *ret)
{
	double memory, vcpus;

	if (memory_nodes(s) < 2 || !policy_is(s->row, "interleave") || policy_width(s->row) < 2 ||
	    !policy_keeps_mode(s->row))
		return OUTCOME_NONE;
	if (!figure_of(TABLE_DOMAIN, s->row, DOMAIN_MEMORY, &memory) ||
	    !figure_of(TABLE_DOMAIN, s->row, DOMAIN_VCPUS, &vcpus))
		return OUTCOME_MISSING;
	*ret = memory <= s->param[0] * largest_node(s, NODE_TOTAL) &&
	       vcpus <= largest_node(s, NODE_CPU_COUNT);
	return OUTCOME_FIGURE;
}

static void tell_interleave(const struct subject *s, double figure, struct text *out)
{
	struct cpuset nodes = { 0 };

	(void)figure;
	policy_nodes(s->row, &nodes);
	print_text(out, "Its definition spreads its ");
	say_size(out, cell_number(s->row, DOMAIN_MEMORY, 0));
	print_text(out, " over ");
	say_nodes(out, &nodes);
	print_format(out,
	    ", so that %u of %u accesses go to another node, though it would fit on "
	    "one.",
	    cpuset_count(&nodes) - 1, cpuset_count(&nodes));
	cpuset_done(&nodes);
}

static void advise_interleave(const struct subject *s, double figure, struct text *out)
{
	const struct placement *p = placement_proposed(s);
	int target = placement_of(p, s->row)->target;

	(void)figure;
	if (target >= 0)
		print_format(out, "give it memory and CPUs of node %d, from its next start on",
		    p->place[target].node);
	else
		print_text(out, "give it one node's memory and CPUs, once one has room");
}

static void plan_interleave(const struct subject *s, struct plan *out)
{
	const struct placement *p = placement_proposed(s);
	int target = placement_of(p, s->row)->target;

	if (target >= 0) {
		plan_title(
		    out, "give %s node %d", cell_text(s->row, DOMAIN_NAME), p->place[target].node);
		plan_place_at_start(s, &p->place[target], "preferred", out);
	} else {
		plan_refuse(out, "no node has room for all of it");
	}
}

const struct rule numa_mode_rules[] = {
	{
	    .id = "numa-strict-risk",
	    .title = "bound to nodes that cannot give what it may want",
	    .good =
		"A guest that insists on nodes gets no memory elsewhere: where they run short it "
		"is swapped or killed while others have plenty, and its start fails. Preferring "
		"a node is enough, unless its memory is from a huge page pool.",
	    .detect =
		"Its definition is strict or restrictive about nodes, and what it was given and "
		"does not hold there yet, together with what others want that are bound to the "
		"same nodes, is more than they have free, page cache that nobody has used lately "
		"included, or than their pools of its huge pages. What a balloon has taken back "
		"does not count. Critical where there is no swap. Over when there is a tenth more "
		"than is wanted, or when its next start will be from a definition with another "
		"mode. What is bound by the policies of single nodes of a guest's own, or to a "
		"part of the same nodes, is not added up.",
	    .by_hand = "virsh numatune GUEST\nnumastat -p PID\nnumastat -m | grep -e MemFree -e "
		       "HugePages_Free",
	    .risk =
		"The mode cannot change while the guest runs, and a preferred node is one only. "
		"What no longer fits there then comes from elsewhere, and is slower. Documents "
		"differ: some bind strictly in every example, others warn of it on hosts that "
		"promise more memory than they have.",
	    .source = "RHEL 9.1, 9.3.10; SUSE 4.6.3.2",
	    .figure = "1: it will be swapped, 2: it will be killed",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_NUMA_MODE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs =
		NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_MEMORY), USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE),
		    USES(TABLE_DOMAIN, DOMAIN_BALLOON), USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		    USES(TABLE_PLACEMENT, PLACEMENT_MEMORY), USES(TABLE_NODE, NODE_TOTAL),
		    USES(TABLE_NODE, NODE_FREE), USES(TABLE_NODE, NODE_INACTIVE_FILE),
		    USES(TABLE_HUGEPOOL, HUGEPOOL_FREE), USES(TABLE_HOST, HOST_SWAP_TOTAL)),
	    .raise = SHORTAGE_SWAPS,
	    .clear = SHORTAGE_NONE,
	    .critical = SHORTAGE_KILLS,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = is_strict,
	    .remembers = true,
	    .measure = measure_strict,
	    .evidence = tell_strict,
	    .advice = advise_strict,
	    .plan = plan_strict,
	    .excludes = MOVES_AT_START,
	},
	{
	    .id = "numa-mode-interleave",
	    .title = "memory is interleaved though it fits on a node",
	    .good =
		"Interleaving evens out the load of the nodes' memory for guests that are wider "
		"than a node. For one that fits on a node it makes most accesses remote.",
	    .detect =
		"Its definition interleaves its memory over several nodes, and it has no more "
		"than 80 % of the memory of the largest node, and no more vCPUs than a node "
		"has CPUs.",
	    .by_hand = "virsh numatune GUEST\nnumastat -p PID\nnumactl --hardware",
	    .risk = "Some spread a guest on purpose, for the bandwidth of several nodes. The mode "
		    "cannot change while the guest runs.",
	    .source = "SUSE 4.6.2, 4.6.3.2; RHEL 9.1",
	    .figure = "interleaved without need",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_NUMA_MODE,
	    .level = LEVEL_INFO,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(PLACEMENT_NEEDS),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "fits", 0.80, "share of a node's memory up to which a guest fits",
		SHOW_PERCENT } },
	    .measure = measure_interleave,
	    .evidence = tell_interleave,
	    .advice = advise_interleave,
	    .plan = plan_interleave,
	    .excludes = MOVES_AT_START,
	},
	{ .id = NULL },
};
