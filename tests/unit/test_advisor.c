/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the advisor holds, mutes and orders what rules say, and what that costs; the rules themselves
 * have examples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advisor/advisor.h"
#include "advisor/judge.h"
#include "base/clock.h"
#include "base/xalloc.h"

/* One rule of the swappiness of a host under pressure: raised at 11 for 6 s, over at 10 for 10 s.
 */
#define RULE "mem-swappiness"

static struct snapshot *host_with(double swappiness, double at_s)
{
	struct moment moment = { .mono_ns = (uint64_t)((1000 + at_s) * (double)NS_PER_SEC) };
	struct snapshot *s = snapshot_new(moment);
	struct row *host = snapshot_row(s, TABLE_HOST, key_host(0));
	struct row *guest = snapshot_row(s, TABLE_DOMAIN, key_process(7, 1));

	s->interval_ns = NS_PER_SEC;
	cell_set_number(host, HOST_SWAPPINESS, swappiness, moment.mono_ns);
	cell_set_number(host, HOST_MEMORY_TOTAL, 16e9, moment.mono_ns);
	cell_set_number(host, HOST_GUEST_MEMORY, 12e9, moment.mono_ns);
	cell_set_number(guest, DOMAIN_SWAPPED, 1e6, moment.mono_ns);
	snapshot_link(s);
	return s;
}

static const struct row *finding_of(const struct snapshot *s, const char *rule)
{
	const struct table *t = &s->table[TABLE_FINDING];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], FINDING_RULE), rule) == 0 &&
		    finding_level(t->row[i]) != LEVEL_NONE)
			return t->row[i];
	return NULL;
}

/* Whether it is raised at that moment. */
static bool judge(struct advisor *a, double swappiness, double at_s)
{
	struct snapshot *s = host_with(swappiness, at_s);
	bool raised;

	advisor_judge(a, s);
	raised = finding_of(s, RULE) != NULL;
	snapshot_unref(s);
	return raised;
}

static void test_holds(void **state)
{
	struct advisor *a = advisor_new();

	(void)state;
	assert_false(judge(a, 60, 0));
	assert_false(judge(a, 60, 5));
	assert_true(judge(a, 60, 6));
	/* A moment is not enough to be over, nor does it count later. */
	assert_true(judge(a, 10, 8));
	assert_true(judge(a, 60, 9));
	assert_true(judge(a, 10, 10));
	assert_true(judge(a, 10, 19));
	assert_false(judge(a, 10, 20));
	/* And once over it must hold again. */
	assert_false(judge(a, 60, 21));
	assert_false(judge(a, 10, 24));
	assert_false(judge(a, 60, 28));
	assert_true(judge(a, 60, 34));
	advisor_free(a);
}

/* A recording that begins anew: what was raised at its end is not known at its beginning. */
static void test_time_that_runs_backwards(void **state)
{
	struct advisor *a = advisor_new();

	(void)state;
	judge(a, 60, 100);
	assert_true(judge(a, 60, 110));
	assert_false(judge(a, 60, 0));
	assert_true(judge(a, 60, 6));
	advisor_free(a);
}

static void test_hurry(void **state)
{
	struct advisor *a = advisor_new();

	(void)state;
	advisor_hurry(a);
	assert_true(judge(a, 60, 0));
	assert_false(judge(a, 10, 1));
	advisor_free(a);
}

static void test_mute(void **state)
{
	struct advisor *a = advisor_new();
	const struct rule *rule = rule_find(RULE);
	struct snapshot *s;

	(void)state;
	advisor_hurry(a);
	advisor_mute(a, rule, key_host(0), 1005 * NS_PER_SEC);
	s = host_with(60, 0);
	advisor_judge(a, s);
	assert_true(finding_is_muted(finding_of(s, RULE)));
	snapshot_unref(s);
	s = host_with(60, 6);
	advisor_judge(a, s);
	assert_false(finding_is_muted(finding_of(s, RULE)));
	snapshot_unref(s);
	advisor_mute(a, NULL, key_host(0), UINT64_MAX);
	s = host_with(60, 7);
	advisor_judge(a, s);
	assert_true(finding_is_muted(finding_of(s, RULE)));
	snapshot_unref(s);
	advisor_mute(a, NULL, key_host(0), 0);
	s = host_with(60, 8);
	advisor_judge(a, s);
	assert_false(finding_is_muted(finding_of(s, RULE)));
	snapshot_unref(s);
	advisor_free(a);
}

static void test_finding(void **state)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = host_with(60, 0);
	const struct row *finding;
	struct plan plan;

	(void)state;
	advisor_hurry(a);
	advisor_judge(a, s);
	finding = finding_of(s, RULE);
	assert_ptr_equal(finding_rule(finding), rule_find(RULE));
	assert_ptr_equal(finding->about, snapshot_find(s, TABLE_HOST, key_host(0)));
	assert_string_equal(cell_text(finding, FINDING_SUBJECT), "host");
	assert_string_equal(cell_text(finding, FINDING_CLASS), "A");
	assert_string_equal(cell_text(finding, FINDING_TABLE), "host");
	assert_true(cell_number(finding, FINDING_FIGURE, 0) == 60);
	assert_true(advisor_plan(a, s, finding, &plan));
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.action[0].kind, ACTION_SYSCTL);
	plan_done(&plan);
	snapshot_unref(s);
	advisor_free(a);
}

/* The source of its own row says what it did. */
static void test_source(void **state)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = host_with(60, 0);
	const struct row *row;

	(void)state;
	advisor_judge(a, s);
	row = snapshot_find(s, TABLE_SOURCE, key_host(SRC_ADVISOR));
	assert_non_null(row);
	assert_string_equal(cell_text(row, SOURCE_STATE), "ok");
	assert_non_null(strstr(cell_text(row, SOURCE_NOTE), " lack a value to judge by."));
	snapshot_unref(s);
	advisor_free(a);
}

static void assert_refused(struct advisor *a, const char *key, const char *value, const char *why)
{
	char *error = NULL;

	assert_true(advisor_set(a, key, value, &error) < 0);
	assert_string_equal(error, why);
	free(error);
}

static void assert_set(struct advisor *a, const char *key, const char *value)
{
	char *error = NULL;

	assert_int_equal(advisor_set(a, key, value, &error), 0);
	assert_null(error);
}

static void test_settings(void **state)
{
	struct advisor *a = advisor_new();
	const struct rule *rule = rule_find(RULE);

	(void)state;
	assert_set(a, RULE ".raise", "31");
	assert_true(advisor_limits(a, rule).raise == 31);
	assert_set(a, RULE ".for", "5m");
	assert_true(advisor_limits(a, rule).raise_s == 300);
	assert_set(a, RULE ".guests", "75%");
	assert_true(advisor_limits(a, rule).param[0] == 0.75);
	/* Whoever moves the limit below the one at which it is over takes that with him. */
	assert_set(a, RULE ".raise", "5");
	assert_true(advisor_limits(a, rule).clear == 5);
	assert_refused(a, RULE ".clear", "6", "clear (6) must not be above raise (5)");
	assert_true(advisor_limits(a, rule).clear == 5);
	assert_refused(a, RULE ".raise", "much", "'much' is no number");
	assert_refused(a, RULE ".raise", "1G", "'1G' is no number");
	assert_refused(a, RULE ".raise", "50%", "'50%' is no number");
	assert_refused(a, RULE ".raise", "-1", "'-1' is less than nothing");
	assert_refused(a, RULE ".guests", "1G", "'1G' is no share, such as 0.6 or 60%");
	assert_refused(a, RULE ".guests", "75", "'75' is 7500 %: write 75% if that is meant");
	assert_refused(a, RULE ".guests", "-10%", "'-10%' is less than nothing");
	assert_true(advisor_limits(a, rule).param[0] == 0.75);
	assert_set(a, "hugepages-1g.raise", "48G");
	assert_true(advisor_limits(a, rule_find("hugepages-1g")).raise == 48.0 * (1 << 30));
	assert_refused(a, "hugepages-1g.raise", "5m5", "'5m5' is no size, such as 256M");
	assert_set(a, "cpu-vcpu-overprovisioned.window", "20m");
	assert_refused(a, RULE ".for", "x", "'x' is no time, such as 30 or 5m");
	assert_refused(a, RULE ".for", "-5", "'-5' is less than nothing");
	assert_refused(a, RULE ".for", "1G", "'1G' is no time, such as 30 or 5m");
	assert_refused(a, RULE ".colour", "1", RULE " has no limit 'colour'");
	assert_refused(a, "mem-swapiness.raise", "1",
	    "no rule is called 'mem-swapiness', did you mean '" RULE "'?");
	assert_refused(a, RULE ".enabled", "maybe", "'maybe' is neither yes nor no");
	advisor_hurry(a);
	assert_true(judge(a, 60, 0));
	assert_set(a, RULE ".enabled", "no");
	assert_false(judge(a, 60, 1));
	advisor_free(a);
}

static void enable(struct advisor *a, const struct rule *rule, bool yes)
{
	char *key = xasprintf("%s.enabled", rule->id);

	assert_set(a, key, yes ? "yes" : "no");
	free(key);
}

/* Nothing is read for a rule that nobody wants. */
static void test_needs(void **state)
{
	struct advisor *a = advisor_new();
	unsigned all = advisor_needs(a), of_each = NEEDS(SRC_ADVISOR);
	size_t fewer = 0;

	(void)state;
	for (size_t i = 0; i < rules_count(); i++)
		enable(a, rule_at(i), false);
	assert_int_equal(advisor_needs(a), NEEDS(SRC_ADVISOR));
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *rule = rule_at(i);

		enable(a, rule, true);
		assert_int_equal(advisor_needs(a), NEEDS(SRC_ADVISOR) | rule_needs(rule));
		assert_int_equal(rule_needs(rule) & (NEEDS(SRC_EXITS) | NEEDS(SRC_COUNTERS)), 0);
		fewer += advisor_needs(a) != all;
		of_each |= advisor_needs(a);
		enable(a, rule, false);
	}
	assert_int_equal(of_each, all);
	assert_int_equal(fewer, rules_count());
	enable(a, rule_find(RULE), true);
	assert_true((advisor_needs(a) & NEEDS(SRC_MEMORY)) != 0);
	advisor_free(a);
}

/* Its name is to be typed, though it is none of the guests that are shown. */
static void test_guest_that_does_not_run(void **state)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = host_with(10, 0);
	struct row *db = snapshot_row(s, TABLE_DEFINED, key_host(key_item("db")));
	struct row *pool = snapshot_row(s, TABLE_HUGEPOOL, key_host(2 << 20));
	uint64_t at = s->moment.mono_ns;
	const struct row *finding;

	(void)state;
	cell_set_text(s, db, DEFINED_NAME, "db", at);
	cell_set_text(s, db, DEFINED_UUID, "f9619846-04cd-4b46-ae0b-3cab9f80a0bf", at);
	cell_set_number(db, DEFINED_HUGE_SIZE, 1 << 30, at);
	cell_set_number(pool, HUGEPOOL_NODE, 0, at);
	cell_set_number(pool, HUGEPOOL_PAGE_SIZE, 2 << 20, at);
	advisor_judge(a, s);
	finding = finding_of(s, "hugepages-cpu-support");
	assert_non_null(finding);
	assert_string_equal(cell_text(finding, FINDING_SUBJECT), "db");
	assert_string_equal(finding_confirmation(finding, false), "db");
	assert_null(finding->domain);
	snapshot_unref(s);
	advisor_free(a);
}

/* ---- fixes that would work against each other ---- */

#define GIB (1024.0 * 1024 * 1024)

/* Two nodes of 16 CPUs, of which the first may be full. */
static struct snapshot *two_nodes(double free)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = 1000 * NS_PER_SEC });
	uint64_t at = s->moment.mono_ns;

	s->interval_ns = NS_PER_SEC;
	snapshot_row(s, TABLE_HOST, key_host(0));
	for (int n = 0; n < 2; n++) {
		struct row *row = snapshot_row(s, TABLE_NODE, key_host((uint64_t)n));

		cell_set_number(row, NODE_NUMBER, n, at);
		cell_set_text(s, row, NODE_CPUS, n ? "16-31" : "0-15", at);
		cell_set_number(row, NODE_CPU_COUNT, 16, at);
		cell_set_number(row, NODE_TOTAL, 64 * GIB, at);
		cell_set_number(row, NODE_FREE, n ? 40 * GIB : free, at);
		cell_set_number(row, NODE_GUEST_MEMORY, 8 * GIB, at);
	}
	return s;
}

/* A guest with so much memory on either node, of which a vCPU may run on these CPUs. */
static void add_guest(struct snapshot *s, const char *name, const double gib[2], const char *cpus)
{
	struct table *t = &s->table[TABLE_DOMAIN];
	struct key key = key_process(100 + t->n, 1);
	struct row *guest = snapshot_row(s, TABLE_DOMAIN, key), *row;
	uint64_t at = s->moment.mono_ns;

	cell_set_text(s, guest, DOMAIN_NAME, name, at);
	cell_set_number(guest, DOMAIN_PID, (double)key.owner, at);
	cell_set_number(guest, DOMAIN_MEMORY, (gib[0] + gib[1]) * GIB, at);
	cell_set_number(guest, DOMAIN_VCPUS, 1, at);
	row = snapshot_row(s, TABLE_VCPU, key_of(key, 100));
	cell_set_number(row, VCPU_NUMBER, 0, at);
	cell_set_number(row, VCPU_TID, (double)key.owner + 1000, at);
	cell_set_text(s, row, VCPU_AFFINITY, cpus, at);
	for (int n = 0; n < 2; n++) {
		row = snapshot_row(s, TABLE_PLACEMENT, key_of(key, (uint64_t)n + 1));
		cell_set_number(row, PLACEMENT_NODE, n, at);
		cell_set_number(row, PLACEMENT_MEMORY, gib[n] * GIB, at);
	}
}

/* What the finding of a rule about a subject waits for; "": nothing. */
static const char *waits_for(const struct snapshot *s, const char *rule, const char *subject)
{
	const struct table *t = &s->table[TABLE_FINDING];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], FINDING_RULE), rule) == 0 &&
		    strcmp(cell_text(t->row[i], FINDING_SUBJECT), subject) == 0)
			return cell_text(t->row[i], FINDING_AFTER);
	fail_msg("%s does not find %s", rule, subject);
	return NULL;
}

#define REMOTE "numa-memory-remote"
#define FULL "numa-node-imbalance"

/* web1 lies on the full node and is spread; web2 lies on the other one, and is spread as well. */
static struct snapshot *two_spread_guests(double free)
{
	struct snapshot *s = two_nodes(free);

	add_guest(s, "web1", (const double[]){ 6, 4 }, "16-31");
	add_guest(s, "web2", (const double[]){ 2, 4 }, "0-31");
	snapshot_link(s);
	return s;
}

static void test_of_two_that_clash_one_waits(void **state)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = two_spread_guests(1 * GIB);

	(void)state;
	advisor_hurry(a);
	advisor_judge(a, s);
	/* The node's fix is about web1, which is to leave it: capacity goes before locality. */
	assert_string_equal(waits_for(s, FULL, "node 0"), "");
	assert_string_equal(waits_for(s, REMOTE, "web1"), FULL);
	assert_string_equal(waits_for(s, "numa-pin-without-memory", "web1"), FULL);
	/* What is done about the one is nothing to the other. */
	assert_string_equal(waits_for(s, REMOTE, "web2"), "");
	snapshot_unref(s);
	advisor_free(a);
}

static unsigned findings_about(const struct snapshot *s, const char *guest)
{
	const struct table *t = &s->table[TABLE_FINDING];
	unsigned n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += is_text(t->row[i], FINDING_DOMAIN, guest) &&
		     !is_text(t->row[i], FINDING_LEVEL, "unjudged");
	return n;
}

/* As many as screen 9 would show of it. */
static void test_guests_know_how_many_are_about_them(void **state)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = two_spread_guests(1 * GIB);
	const struct row *web1 = s->table[TABLE_DOMAIN].row[0];
	const struct row *web2 = s->table[TABLE_DOMAIN].row[1];

	(void)state;
	advisor_hurry(a);
	advisor_judge(a, s);
	assert_true(findings_about(s, "web2") > 0);
	assert_true(findings_about(s, "web1") > findings_about(s, "web2"));
	assert_true(cell_number(web1, DOMAIN_ADVICE, -1) == findings_about(s, "web1"));
	assert_true(cell_number(web2, DOMAIN_ADVICE, -1) == findings_about(s, "web2"));
	snapshot_unref(s);

	s = two_spread_guests(1 * GIB);
	web1 = s->table[TABLE_DOMAIN].row[0];
	web2 = s->table[TABLE_DOMAIN].row[1];
	advisor_mute(a, rule_find(REMOTE), web2->key, UINT64_MAX);
	advisor_judge(a, s);
	assert_true(cell_number(web1, DOMAIN_ADVICE, -1) == findings_about(s, "web1"));
	assert_true(cell_number(web2, DOMAIN_ADVICE, -1) == findings_about(s, "web2") - 1);
	snapshot_unref(s);
	advisor_free(a);
}

/* Nobody waits for what is not wanted, or cannot be done. */
static void test_nobody_waits_in_vain(void **state)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = two_spread_guests(1 * GIB);

	(void)state;
	advisor_hurry(a);
	advisor_mute(a, rule_find(FULL), key_host(0), UINT64_MAX);
	advisor_judge(a, s);
	assert_string_equal(waits_for(s, FULL, "node 0"), REMOTE);
	assert_string_equal(waits_for(s, REMOTE, "web1"), "");
	assert_string_equal(waits_for(s, "numa-pin-without-memory", "web1"), REMOTE);
	snapshot_unref(s);
	advisor_free(a);

	/* The only guest is too large to even the nodes out. */
	a = advisor_new();
	s = two_nodes(1 * GIB);
	add_guest(s, "big", (const double[]){ 38, 0 }, "0-31");
	add_guest(s, "web2", (const double[]){ 2, 4 }, "0-31");
	snapshot_link(s);
	advisor_hurry(a);
	advisor_judge(a, s);
	assert_string_equal(waits_for(s, FULL, "node 0"), "");
	assert_string_equal(waits_for(s, REMOTE, "web2"), "");
	snapshot_unref(s);
	advisor_free(a);
}

/* ---- what it costs ---- */

static size_t looks;

const struct row *const *__real_judge_rows(
    const struct judge *j, enum table_id table, const struct row *domain, size_t *ret_n);
const struct row *const *__wrap_judge_rows(
    const struct judge *j, enum table_id table, const struct row *domain, size_t *ret_n);

/* Whoever looks at rows asks here. */
const struct row *const *__wrap_judge_rows(
    const struct judge *j, enum table_id table, const struct row *domain, size_t *ret_n)
{
	looks++;
	return __real_judge_rows(j, table, domain, ret_n);
}

/* How often rules look at rows, where one of them speaks of each guest. */
static size_t looks_at(struct snapshot *s, const char *rule)
{
	struct advisor *a = advisor_new();
	const struct table *t = &s->table[TABLE_FINDING];
	size_t findings = 0;

	snapshot_link(s);
	advisor_hurry(a);
	assert_set(a, "cpu-vcpu-unpinned.moved", "0");
	looks = 0;
	advisor_judge(a, s);
	for (size_t i = 0; i < t->n; i++)
		findings += is_text(t->row[i], FINDING_RULE, rule);
	assert_int_equal(findings, s->table[TABLE_DOMAIN].n);
	snapshot_unref(s);
	advisor_free(a);
	return looks;
}

static void add_guests(struct snapshot *s, int guests, const double gib[2], const char *cpus)
{
	for (int i = 0; i < guests; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vm%d", i);
		add_guest(s, name, gib, cpus);
	}
}

static struct snapshot *misplaced(int guests)
{
	struct snapshot *s = two_nodes(1 * GIB);

	add_guests(s, guests, (const double[]){ 0.6, 0.4 }, "0-31");
	return s;
}

/* One node whose CPUs share caches by fours; all guests are busy and move about. */
static struct snapshot *unpinned(int guests)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = 1000 * NS_PER_SEC });
	struct row *host = snapshot_row(s, TABLE_HOST, key_host(0)), *row;
	uint64_t at = s->moment.mono_ns;

	cell_set_number(host, HOST_CPUS, 128, at);
	cell_set_number(host, HOST_VCPU_PER_CPU, guests / 128.0, at);
	row = snapshot_row(s, TABLE_NODE, key_host(0));
	cell_set_number(row, NODE_NUMBER, 0, at);
	cell_set_text(s, row, NODE_CPUS, "0-127", at);
	cell_set_number(row, NODE_TOTAL, 256 * GIB, at);
	for (unsigned i = 0; i < 128; i++) {
		char cpus[16];

		snprintf(cpus, sizeof(cpus), "%u-%u", i / 4 * 4, i / 4 * 4 + 3);
		row = snapshot_row(s, TABLE_CPU, key_host(i));
		cell_set_number(row, CPU_NUMBER, i, at);
		cell_set_text(s, row, CPU_CACHE, cpus, at);
	}
	add_guests(s, guests, (const double[]){ 1, 0 }, "0-127");
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		cell_set_number(s->table[TABLE_DOMAIN].row[i], DOMAIN_VCPU_RUN, 0.9, at);
	return s;
}

/* Twice as many guests of which there is something to say cost twice as much, not four times. */
static void test_findings_cost_no_more_than_guests(void **state)
{
	size_t few = looks_at(misplaced(50), REMOTE), many = looks_at(misplaced(100), REMOTE);

	(void)state;
	print_message("%zu, %zu\n", few, many);
	assert_in_range(few, 50, 50 * 200);
	assert_in_range(many, few, 2 * few + 100);
	few = looks_at(unpinned(50), "cpu-vcpu-unpinned");
	many = looks_at(unpinned(100), "cpu-vcpu-unpinned");
	print_message("%zu, %zu\n", few, many);
	assert_in_range(few, 50, 50 * 200);
	assert_in_range(many, few, 2 * few + 100);
}

static struct row *said(struct snapshot *s, uint64_t item, const char *level, const char *over)
{
	struct row *row = snapshot_row(s, TABLE_FINDING, key_host(item));

	cell_set_text(s, row, FINDING_LEVEL, level, 1);
	cell_set_text(s, row, FINDING_OVER, over, 1);
	return row;
}

/* What is over hides nothing that could be mended, be that less bad. */
static void test_what_is_over_comes_last(void **state)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = NS_PER_SEC });
	struct finding_weight over = finding_weigh(said(s, 1, "critical", "yes"));
	struct finding_weight info = finding_weigh(said(s, 2, "info", ""));
	struct finding_weight unjudged = finding_weigh(said(s, 3, "unjudged", ""));

	(void)state;
	assert_true(finding_weight_compare(&info, &over) < 0);
	assert_true(finding_weight_compare(&over, &info) > 0);
	assert_true(finding_weight_compare(&over, &unjudged) < 0);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_time_that_runs_backwards),
		cmocka_unit_test(test_guest_that_does_not_run),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_finding),
		cmocka_unit_test(test_what_is_over_comes_last),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_of_two_that_clash_one_waits),
		cmocka_unit_test(test_guests_know_how_many_are_about_them),
		cmocka_unit_test(test_nobody_waits_in_vain),
		cmocka_unit_test(test_findings_cost_no_more_than_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
