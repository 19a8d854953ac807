/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the advisor holds, mutes and orders what rules say; the rules themselves have examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advisor/advisor.h"
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
	assert_non_null(strstr(cell_text(row, SOURCE_NOTE), " of which lack a value"));
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
	assert_false(advisor_needs(a) == 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_time_that_runs_backwards),
		cmocka_unit_test(test_guest_that_does_not_run),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_finding),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
