/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two tables of numastat -c, in MiB: four guests on eight nodes as somebody found them, and after
 * they were put right. The first shall bring four proposals that are possible together, the second
 * none; of all rules, not of one alone. Two further hosts have nodes that are full, and too few
 * CPUs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advisor/advisor.h"
#include "base/clock.h"
#include "base/parse.h"

#define NODES 8
#define GUESTS 4
#define CPUS_PER_NODE 10
#define VCPUS 4
#define MIB (1024.0 * 1024)
#define NODE_MIB 16384
#define OTHERS_MIB 1200 /* of each node, for everybody else */

typedef unsigned figures[GUESTS][NODES];

static const figures misaligned = {
	{ 68, 16, 357, 6936, 2, 3, 147, 598 },
	{ 245, 11, 5, 18, 5172, 2532, 1, 92 },
	{ 62, 432, 1661, 506, 4851, 136, 22, 445 },
	{ 1393, 3, 1, 2, 12, 0, 0, 6702 },
};

static const figures aligned = {
	{ 0, 0, 8050, 0, 0, 0, 0, 0 },
	{ 0, 0, 7, 0, 8072, 0, 0, 0 },
	{ 0, 0, 7, 0, 0, 0, 8113, 0 },
	{ 0, 0, 7, 0, 0, 0, 0, 8110 },
};

/* The two nodes on which half of the vCPUs of each guest run. */
static const int runs_on[2][GUESTS][2] = {
	{ { 3, 7 }, { 4, 5 }, { 4, 2 }, { 7, 0 } },
	{ { 2, 2 }, { 4, 4 }, { 6, 6 }, { 7, 7 } },
};

static unsigned free_mib(const figures mib, int node)
{
	unsigned taken = OTHERS_MIB;

	for (int g = 0; g < GUESTS; g++)
		taken += mib[g][node];
	return NODE_MIB - taken;
}

static void add_node(struct snapshot *s, const figures mib, int node)
{
	struct row *row = snapshot_row(s, TABLE_NODE, key_host((uint64_t)node));
	uint64_t at = s->moment.mono_ns;
	char cpus[16];

	snprintf(cpus, sizeof(cpus), "%d-%d", node * CPUS_PER_NODE,
	    node * CPUS_PER_NODE + CPUS_PER_NODE - 1);
	cell_set_number(row, NODE_NUMBER, node, at);
	cell_set_text(s, row, NODE_CPUS, cpus, at);
	cell_set_number(row, NODE_CPU_COUNT, CPUS_PER_NODE, at);
	cell_set_number(row, NODE_TOTAL, NODE_MIB * MIB, at);
	cell_set_number(row, NODE_FREE, free_mib(mib, node) * MIB, at);
}

static void add_guest(struct snapshot *s, const figures mib, int number, const int runs[2])
{
	struct key key = key_process(1000 + (uint64_t)number, 1);
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key);
	uint64_t at = s->moment.mono_ns;
	char name[16];

	snprintf(name, sizeof(name), "vm%d", number + 1);
	cell_set_text(s, row, DOMAIN_NAME, name, at);
	cell_set_number(row, DOMAIN_PID, 1000 + number, at);
	cell_set_number(row, DOMAIN_MEMORY, 8192 * MIB, at);
	cell_set_number(row, DOMAIN_VCPUS, VCPUS, at);
	for (unsigned i = 0; i < VCPUS; i++) {
		row = snapshot_row(s, TABLE_VCPU, key_of(key, 100 + i));
		cell_set_number(row, VCPU_NUMBER, i, at);
		cell_set_number(row, VCPU_TID, 2000 + 10 * number + (int)i, at);
		cell_set_text(s, row, VCPU_AFFINITY, "0-79", at);
	}
	for (int n = 0; n < NODES; n++) {
		int halves = (runs[0] == n) + (runs[1] == n);

		row = snapshot_row(s, TABLE_PLACEMENT, key_of(key, (uint64_t)n + 1));
		cell_set_number(row, PLACEMENT_NODE, n, at);
		cell_set_number(row, PLACEMENT_MEMORY, mib[number][n] * MIB, at);
		cell_set_number(row, PLACEMENT_RUN_MEAN, halves * 1.8, at);
	}
}

static struct snapshot *a_table(const figures mib, const int runs[GUESTS][2])
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = 1000 * NS_PER_SEC });

	s->interval_ns = NS_PER_SEC;
	snapshot_row(s, TABLE_HOST, key_host(0));
	for (int n = 0; n < NODES; n++)
		add_node(s, mib, n);
	for (int g = 0; g < GUESTS; g++)
		add_guest(s, mib, g, runs[g]);
	snapshot_link(s);
	return s;
}

/* What all rules find, without what they cannot judge. */
static size_t findings_of(const struct snapshot *s, const struct row *ret[GUESTS])
{
	const struct table *t = &s->table[TABLE_FINDING];
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (finding_level(t->row[i]) == LEVEL_NONE)
			continue;
		print_message("%s: %s\n", cell_text(t->row[i], FINDING_SUBJECT),
		    cell_text(t->row[i], FINDING_EVIDENCE));
		if (n < GUESTS)
			ret[n] = t->row[i];
		n++;
	}
	return n;
}

/* The node that its memory goes to; the pins of the same plan are of that node. */
static int node_of_plan(const struct plan *plan)
{
	char cpus[16];
	uint64_t node = NODES;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->action[i].kind == ACTION_MIGRATE_PAGES)
			assert_int_equal(parse_u64(plan->action[i].value, &node), 0);
	assert_in_range(node, 0, NODES - 1);
	snprintf(cpus, sizeof(cpus), "%d-%d", (int)node * CPUS_PER_NODE,
	    (int)node * CPUS_PER_NODE + CPUS_PER_NODE - 1);
	assert_int_equal(plan->n, VCPUS + 1);
	for (size_t i = 0; i < VCPUS; i++) {
		assert_int_equal(plan->action[i].kind, ACTION_AFFINITY);
		assert_string_equal(plan->action[i].value, cpus);
	}
	return (int)node;
}

static void test_misaligned_brings_four_proposals(void **state)
{
	static const double share[GUESTS] = { 0.853, 0.640, 0.598, 0.826 };
	struct snapshot *s = a_table(misaligned, runs_on[0]);
	struct advisor *a = advisor_new();
	const struct row *finding[GUESTS];
	bool is_taken[NODES] = { false };

	(void)state;
	advisor_hurry(a);
	advisor_judge(a, s);
	assert_int_equal(findings_of(s, finding), GUESTS);
	for (int g = 0; g < GUESTS; g++) {
		unsigned moved = 0;
		struct plan plan;
		int to;

		assert_string_equal(cell_text(finding[g], FINDING_RULE), "numa-memory-remote");
		assert_int_equal(finding[g]->domain->number, g);
		assert_float_equal(
		    cell_number(finding[g], FINDING_FIGURE, 0), (float)share[g], 0.0006);
		assert_true(advisor_plan(a, s, finding[g], &plan));
		to = node_of_plan(&plan);
		/* Nobody else is sent there, so it is enough that there is room for this one, with
		 * what lies there before anybody has left. */
		assert_false(is_taken[to]);
		is_taken[to] = true;
		for (int n = 0; n < NODES; n++)
			moved += n == to ? 0 : misaligned[g][n];
		assert_true(moved < free_mib(misaligned, to));
		plan_done(&plan);
	}
	/* Two of them live on node 4, and the one that has more there may stay. */
	assert_true(is_taken[3] && is_taken[4] && is_taken[7]);
	snapshot_unref(s);
	advisor_free(a);
}

static void test_aligned_brings_none(void **state)
{
	struct snapshot *s = a_table(aligned, runs_on[1]);
	struct advisor *a = advisor_new();
	const struct row *finding[GUESTS];

	(void)state;
	advisor_hurry(a);
	advisor_judge(a, s);
	assert_int_equal(findings_of(s, finding), 0);
	snapshot_unref(s);
	advisor_free(a);
}

/* ---- hosts of four nodes with four CPUs each ---- */

#define FOUR 4

struct lodger {
	unsigned mib, vcpus;
	int lives, runs; /* nodes */
};

static void add_lodger(struct snapshot *s, int number, const struct lodger *l)
{
	struct key key = key_process(1000 + (uint64_t)number, 1);
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key);
	uint64_t at = s->moment.mono_ns;
	char name[16];

	snprintf(name, sizeof(name), "vm%d", number);
	cell_set_text(s, row, DOMAIN_NAME, name, at);
	cell_set_number(row, DOMAIN_PID, 1000 + number, at);
	cell_set_number(row, DOMAIN_MEMORY, l->mib * MIB, at);
	cell_set_number(row, DOMAIN_VCPUS, l->vcpus, at);
	for (unsigned i = 0; i < l->vcpus; i++) {
		row = snapshot_row(s, TABLE_VCPU, key_of(key, 100 + i));
		cell_set_number(row, VCPU_NUMBER, i, at);
		cell_set_number(row, VCPU_TID, 2000 + 10 * number + (int)i, at);
		cell_set_text(s, row, VCPU_AFFINITY, "0-15", at);
	}
	for (int n = 0; n < FOUR; n++) {
		row = snapshot_row(s, TABLE_PLACEMENT, key_of(key, (uint64_t)n + 1));
		cell_set_number(row, PLACEMENT_NODE, n, at);
		cell_set_number(row, PLACEMENT_MEMORY, n == l->lives ? l->mib * MIB : 0, at);
		cell_set_number(row, PLACEMENT_RUN_MEAN, n == l->runs ? l->vcpus * 0.6 : 0, at);
	}
}

static struct snapshot *a_house(const unsigned free[FOUR], const struct lodger *l, int lodgers)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = 1000 * NS_PER_SEC });
	uint64_t at = s->moment.mono_ns;

	s->interval_ns = NS_PER_SEC;
	snapshot_row(s, TABLE_HOST, key_host(0));
	for (int n = 0; n < FOUR; n++) {
		struct row *row = snapshot_row(s, TABLE_NODE, key_host((uint64_t)n));
		double held = 0;
		char cpus[16];

		for (int i = 0; i < lodgers; i++)
			held += l[i].lives == n ? l[i].mib * MIB : 0;
		snprintf(cpus, sizeof(cpus), "%d-%d", n * FOUR, n * FOUR + FOUR - 1);
		cell_set_number(row, NODE_NUMBER, n, at);
		cell_set_text(s, row, NODE_CPUS, cpus, at);
		cell_set_number(row, NODE_CPU_COUNT, FOUR, at);
		cell_set_number(row, NODE_TOTAL, NODE_MIB * MIB, at);
		cell_set_number(row, NODE_FREE, free[n] * MIB, at);
		cell_set_number(row, NODE_GUEST_MEMORY, held, at);
	}
	for (int i = 0; i < lodgers; i++)
		add_lodger(s, i, &l[i]);
	snapshot_link(s);
	return s;
}

/* The node that a plan moves memory to; -1: it moves none. */
static int moves_to(const struct plan *plan)
{
	uint64_t node;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->action[i].kind == ACTION_MIGRATE_PAGES) {
			assert_int_equal(parse_u64(plan->action[i].value, &node), 0);
			return (int)node;
		}
	return -1;
}

/* Of each full node one guest leaves, for a node of its own. */
static void test_full_nodes_send_to_different_ones(void **state)
{
	static const unsigned free[FOUR] = { 600, 600, 14000, 14500 };
	struct lodger l[6];
	struct advisor *a = advisor_new();
	const struct row *finding[GUESTS];
	bool is_taken[FOUR] = { false };
	struct snapshot *s;

	(void)state;
	for (int i = 0; i < 6; i++)
		l[i] = (struct lodger){ 5100, 1, i / 3, i / 3 };
	s = a_house(free, l, 6);
	advisor_hurry(a);
	advisor_judge(a, s);
	assert_int_equal(findings_of(s, finding), 2);
	for (int i = 0; i < 2; i++) {
		struct plan plan;
		int to;

		assert_string_equal(cell_text(finding[i], FINDING_RULE), "numa-node-imbalance");
		assert_true(advisor_plan(a, s, finding[i], &plan));
		to = moves_to(&plan);
		assert_in_range(to, 2, 3);
		assert_false(is_taken[to]);
		is_taken[to] = true;
		plan_done(&plan);
	}
	snapshot_unref(s);
	advisor_free(a);
}

/* Three guests run away from a node that has CPUs for one of them: no more is pinned to it. */
static void test_no_more_are_pinned_than_fit(void **state)
{
	static const unsigned free[FOUR] = { 8000, 14000, 14000, 14000 };
	static const struct lodger l[3] = { { 2000, 3, 0, 1 }, { 2000, 3, 0, 2 },
		{ 2000, 3, 0, 3 } };
	struct snapshot *s = a_house(free, l, 3);
	struct advisor *a = advisor_new();
	const struct row *finding[GUESTS];
	size_t pinned = 0;

	(void)state;
	advisor_hurry(a);
	advisor_judge(a, s);
	assert_int_equal(findings_of(s, finding), 3);
	for (int i = 0; i < 3; i++) {
		struct plan plan;

		assert_string_equal(cell_text(finding[i], FINDING_RULE), "numa-vcpu-float");
		if (advisor_plan(a, s, finding[i], &plan))
			pinned += plan.n;
		else
			assert_string_equal(plan.refusal,
			    "the 4 CPUs of node 0 are too few for all who live there");
		plan_done(&plan);
	}
	assert_int_equal(pinned, 3);
	snapshot_unref(s);
	advisor_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misaligned_brings_four_proposals),
		cmocka_unit_test(test_aligned_brings_none),
		cmocka_unit_test(test_full_nodes_send_to_different_ones),
		cmocka_unit_test(test_no_more_are_pinned_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
