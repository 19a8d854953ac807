/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a fix: by the figures of the guest that it moved, or by the one that raised it. */
#include "tests/unit/a_site.h"

#include <math.h>

#include "advisor/advisor.h"
#include "fixes/effect.h"

#define GIB ((double)(1 << 30))

static const struct plan no_plan;
static const struct fix first_fix = { .id = 1 };

/* A host that swaps its guest out as readily as @swappiness says. */
static struct snapshot *host_at(struct advisor *a, uint64_t second, double swappiness)
{
	struct moment moment = { second * NS_PER_SEC, 0 };
	struct snapshot *s = snapshot_new(moment);
	struct row *host = snapshot_row(s, TABLE_HOST, key_host(0));
	struct row *guest = snapshot_row(s, TABLE_DOMAIN, key_process(GUEST_PID, GUEST_START));

	cell_set_number(host, HOST_SWAPPINESS, swappiness, moment.mono_ns);
	cell_set_number(host, HOST_MEMORY_TOTAL, 16 * GIB, moment.mono_ns);
	cell_set_number(host, HOST_GUEST_MEMORY, 12 * GIB, moment.mono_ns);
	cell_set_number(guest, DOMAIN_SWAPPED, GIB, moment.mono_ns);
	snapshot_link(s);
	advisor_judge(a, s);
	return s;
}

/* After a fix at 100 s, what is told at the moment when @then is judged; "" when nothing is. */
static void assert_tells(uint64_t second, double then, const char *words)
{
	struct advisor *a = advisor_new();
	struct effect e;
	struct snapshot *s;
	struct text out = { 0 };
	struct a_site site;
	struct plan p = { 0 };
	struct records h;

	a_site_init(&site);
	put_file(&site, "proc/sys/vm/swappiness", "60\n");
	plan_add(&p, ACTION_SYSCTL, NULL, "vm.swappiness", "60", "10");
	apply_plan(&site, &p, ENDING_DONE);
	advisor_hurry(a);
	s = host_at(a, 99, 60);
	effect_note(&e, rule_find("mem-swappiness"), key_host(0), 60, &no_plan, s);
	snapshot_unref(s);
	effect_begin(&e, &first_fix, 100 * NS_PER_SEC);
	s = host_at(a, second, then);
	assert_int_equal(effect_look(&e, a, s, site.journal, &out), *words != '\0');
	assert_string_equal(out.len ? out.p : "", words);
	assert_false(*words && effect_look(&e, a, s, site.journal, &out));
	assert_int_equal(journal_read(site.journal, &h), 0);
	if (*words) {
		assert_string_equal(h.record[0].effect, words);
		assert_true(h.record[0].after >= then && h.record[0].after <= then);
	} else {
		assert_null(h.record[0].effect);
	}
	records_done(&h);
	text_done(&out);
	snapshot_unref(s);
	advisor_free(a);
	a_site_done(&site);
}

static void a_while_later_it_is_told(void **state)
{
	(void)state;
	assert_tells(105, 10, "");
	assert_tells(111, 10, "60 -> 10, better");
	assert_tells(111, 60, "60 -> 60, no difference");
	assert_tells(111, 90, "60 -> 90, worse: undo it");
}

/* What is in the definition alone changes nothing of what runs. */
static void what_counts_later_is_said_to(void **state)
{
	static const double after[] = { 60, 10 };
	static const char *const words[] = { "it counts from the next start on",
		"60 -> 10, better" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct advisor *a = advisor_new();
		struct step step = { .action = { .kind = ACTION_DROP_IN } };
		struct fix fix = { .id = 1, .step = &step, .n = 1 };
		struct text out = { 0 };
		struct snapshot *s;
		struct effect e;

		advisor_hurry(a);
		s = host_at(a, 99, 60);
		effect_note(&e, rule_find("mem-swappiness"), key_host(0), 60, &no_plan, s);
		snapshot_unref(s);
		effect_begin(&e, &fix, 100 * NS_PER_SEC);
		s = host_at(a, 111, after[i]);
		assert_true(effect_look(&e, a, s, "/nowhere", &out));
		assert_string_equal(out.p, words[i]);
		text_done(&out);
		snapshot_unref(s);
		advisor_free(a);
	}
}

static void what_no_longer_applies_is_said_to(void **state)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = snapshot_new((struct moment){ 200 * NS_PER_SEC, 0 });
	struct text out = { 0 };
	struct effect e;

	(void)state;
	snapshot_row(s, TABLE_HOST, key_host(0));
	advisor_judge(a, s);
	effect_note(&e, rule_find("mem-swappiness"), key_host(0), NAN, &no_plan, s);
	effect_begin(&e, &first_fix, 100 * NS_PER_SEC);
	assert_true(effect_look(&e, a, s, "/nowhere", &out));
	assert_string_equal(out.p, "mem-swappiness no longer applies");
	text_done(&out);
	snapshot_unref(s);
	advisor_free(a);
}

/* With memory to spare KSM is needless, but only as long as it runs. */
static struct snapshot *host_merging(struct advisor *a, uint64_t second, double run)
{
	struct moment moment = { second * NS_PER_SEC, 0 };
	struct snapshot *s = snapshot_new(moment);
	struct row *host = snapshot_row(s, TABLE_HOST, key_host(0));
	static const int none[] = { HOST_KSM_PAGES_SHARED, HOST_KSM_PAGES_SHARING,
		HOST_KSM_PAGES_UNSHARED, HOST_KSM_PAGES_VOLATILE, HOST_KSM_FULL_SCANS };

	cell_set_number(host, HOST_KSM_RUN, run, moment.mono_ns);
	cell_set_number(host, HOST_PAGE_SIZE, 4096, moment.mono_ns);
	cell_set_number(host, HOST_MEMORY_TOTAL, 16 * GIB, moment.mono_ns);
	cell_set_number(host, HOST_MEMORY_AVAILABLE, 12 * GIB, moment.mono_ns);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		cell_set_number(host, none[i], 0, moment.mono_ns);
	snapshot_link(s);
	advisor_judge(a, s);
	return s;
}

static void what_concerns_nobody_any_more_is_over(void **state)
{
	const struct rule *rule = rule_find("ksm-disable");
	struct advisor *a = advisor_new();
	struct snapshot *before, *after;
	struct text out = { 0 };
	struct effect e;
	double figure;

	(void)state;
	advisor_hurry(a);
	before = host_merging(a, 99, 1);
	assert_true(advisor_figure(a, before, rule, key_host(0), &figure));
	assert_true(figure >= 1);
	effect_note(&e, rule, key_host(0), figure, &no_plan, before);
	effect_begin(&e, &first_fix, 100 * NS_PER_SEC);
	after = host_merging(a, 111, 2);
	assert_true(effect_look(&e, a, after, "/nowhere", &out));
	assert_string_equal(out.p, "RUN 1 -> 2, ksm-disable no longer applies");
	text_done(&out);
	snapshot_unref(before);
	snapshot_unref(after);
	advisor_free(a);
}

/* Whether at @second the effect on a guest is told whose pages were looked at last at @read. */
static bool is_told_of(const char *rule, enum action_kind kind, uint64_t second, uint64_t read)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = snapshot_new((struct moment){ second * NS_PER_SEC, 0 });
	struct key guest = key_process(GUEST_PID, GUEST_START);
	struct row *row;
	struct text out = { 0 };
	struct plan plan = { 0 };
	struct effect e;
	bool told;

	snapshot_row(s, TABLE_HOST, key_host(0));
	row = snapshot_row(s, TABLE_DOMAIN, guest);
	cell_set_text(s, row, DOMAIN_NAME, "web1", s->moment.mono_ns);
	row = snapshot_row(s, TABLE_PLACEMENT, key_of(guest, 1));
	cell_set_number(row, PLACEMENT_MEMORY, GIB, read * NS_PER_SEC);
	/* Others do not matter. */
	row = snapshot_row(s, TABLE_PLACEMENT, key_of(key_process(GUEST_PID + 1, 7), 1));
	cell_set_number(row, PLACEMENT_MEMORY, GIB, 90 * NS_PER_SEC);
	snapshot_link(s);
	advisor_judge(a, s);
	plan_add(&plan, kind, snapshot_find(s, TABLE_DOMAIN, guest), "0", NULL, "0");
	effect_note(&e, rule_find(rule), guest, 0.5, &plan, s);
	plan_done(&plan);
	effect_begin(&e, &first_fix, 100 * NS_PER_SEC);
	told = effect_look(&e, a, s, "/nowhere", &out);
	text_done(&out);
	snapshot_unref(s);
	advisor_free(a);
	return told;
}

static bool is_told(uint64_t second, uint64_t read)
{
	return is_told_of("numa-memory-remote", ACTION_STATS_PERIOD, second, read);
}

static void pages_are_looked_at_first(void **state)
{
	(void)state;
	assert_false(is_told(108, 107));
	assert_false(is_told(130, 95));
	assert_false(is_told(130, 102));
	assert_true(is_told(130, 107));
	/* Nobody looks at them any more. */
	assert_true(is_told(190, 95));
	/* The rule does not ask where they lie, but the fix moved them, or did not. */
	assert_false(is_told_of("balloon-stats-off", ACTION_MIGRATE_PAGES, 130, 95));
	assert_true(is_told_of("balloon-stats-off", ACTION_PIN_VCPU, 130, 95));
	assert_true(is_told_of("numa-vcpu-float", ACTION_PIN_VCPU, 130, 95));
}

/* ---- a guest that is moved ---- */

/* How it stands: of its memory and of its run time the share on node 0. */
struct lies {
	double memory, runs, local, wait;
};

/* The guest with two busy vCPUs on two nodes, at a time when where its memory lies was just read.
 */
static struct snapshot *guest_at(struct advisor *a, uint64_t second, const struct lies *l)
{
	struct moment moment = { second * NS_PER_SEC, 0 };
	struct snapshot *s = snapshot_new(moment);
	struct key key = key_process(GUEST_PID, GUEST_START);
	struct row *guest = snapshot_row(s, TABLE_DOMAIN, key);

	s->interval_ns = 2 * NS_PER_SEC;
	snapshot_row(s, TABLE_HOST, key_host(0));
	cell_set_text(s, guest, DOMAIN_NAME, "web1", moment.mono_ns);
	if (!isnan(l->local))
		cell_set_number(guest, DOMAIN_LOCAL, l->local, moment.mono_ns);
	if (!isnan(l->wait))
		cell_set_number(guest, DOMAIN_WAIT, l->wait, moment.mono_ns);
	for (unsigned node = 0; node < 2; node++) {
		struct row *row = snapshot_row(s, TABLE_PLACEMENT, key_of(key, node + 1));
		double share = node ? 1 - l->memory : l->memory;

		cell_set_number(row, PLACEMENT_NODE, node, moment.mono_ns);
		cell_set_number(row, PLACEMENT_MEMORY, share * GIB, moment.mono_ns);
		cell_set_number(row, PLACEMENT_SHARE, share, moment.mono_ns);
		cell_set_number(
		    row, PLACEMENT_RUN, 2 * (node ? 1 - l->runs : l->runs), moment.mono_ns);
	}
	snapshot_link(s);
	advisor_judge(a, s);
	return s;
}

/* A fix of @rule at 100 s that does @kind with the guest: what is told of it at 112 s, when it
 * stood since as @then says. */
static void assert_moved(const char *rule, enum action_kind kind, const struct lies *before,
    const struct lies *then, const char *words)
{
	struct key key = key_process(GUEST_PID, GUEST_START);
	struct advisor *a = advisor_new();
	struct plan plan = { 0 };
	struct text out = { 0 };
	double due_s = fmax(10, rule_find(rule)->clear_s);
	struct snapshot *s;
	struct effect e;

	s = guest_at(a, 99, before);
	plan_add(&plan, kind, snapshot_find(s, TABLE_DOMAIN, key), "0", NULL, "0");
	effect_note(&e, rule_find(rule), key, 0.5, &plan, s);
	snapshot_unref(s);
	effect_begin(&e, &first_fix, 100 * NS_PER_SEC);
	/* Soon after it much is as before, and does not count. */
	s = guest_at(a, 102, before);
	assert_false(effect_look(&e, a, s, "/nowhere", &out));
	snapshot_unref(s);
	for (uint64_t second = 106; !out.len; second += 2) {
		struct lies l = *then;

		/* Of figures that come and go the mean is told. */
		l.wait += second % 4 ? 0.02 : -0.02;
		s = guest_at(a, second, &l);
		assert_int_equal(
		    effect_look(&e, a, s, "/nowhere", &out), (double)second >= 100 + due_s);
		snapshot_unref(s);
	}
	assert_string_equal(out.p, words);
	text_done(&out);
	plan_done(&plan);
	advisor_free(a);
}

static void a_guest_that_was_moved_is_told_by_its_own_figures(void **state)
{
	static const char *const rules[] = { "numa-memory-remote", "numa-vcpu-float",
		"numa-pin-without-memory", "cpu-vcpu-steal" };
	static const enum action_kind kinds[] = { ACTION_MIGRATE_PAGES, ACTION_PIN_VCPU,
		ACTION_AFFINITY };
	const struct lies before = { 0.61, 1, 0.61, 0.11 };
	/* The column remembers what was, and says 70 % still. */
	const struct lies after = { 0.99, 1, 0.70, 0.05 };

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			assert_moved(rules[i], kinds[k], &before, &after,
			    "LOCAL 61 % -> 99 %, WAIT 11 % -> 5.7 %, better");
	/* Over a longer while. */
	assert_moved("cpu-vcpu-unpinned", ACTION_PIN_VCPU, &before, &after,
	    "LOCAL 61 % -> 99 %, WAIT 11 % -> 5.0 %, better");
}

static void one_that_fares_worse_is_told_too(void **state)
{
	const struct lies before = { 0.9, 1, 0.9, 0.10 }, idle = { 0.8, 0, 0.8, NAN };
	struct lies crowded = { 1, 1, 1, 0.33 }, same = { 0.9, 1, 0.9, 0.09 };
	const struct lies unknown = { 0.9, 1, NAN, NAN };

	(void)state;
	assert_moved("numa-vcpu-float", ACTION_PIN_VCPU, &before, &crowded,
	    "LOCAL 90 % -> 100 %, WAIT 10 % -> 34 %, worse: undo it");
	assert_moved("numa-vcpu-float", ACTION_PIN_VCPU, &before, &same,
	    "LOCAL 90 % -> 90 %, WAIT 10 % -> 9.7 %, no difference");
	assert_moved(
	    "numa-vcpu-float", ACTION_PIN_VCPU, &idle, &same, "LOCAL 80 % -> 90 %, better");
	assert_moved("numa-vcpu-float", ACTION_PIN_VCPU, &before, &unknown,
	    "numa-vcpu-float no longer applies");
	/* What is done to something else of it is told by the rule. */
	assert_moved("numa-vcpu-float", ACTION_STATS_PERIOD, &before, &same,
	    "numa-vcpu-float no longer applies");
}

/* A guest whose pages were moved, at 112 s; nobody but the fix has looked where they lie, which is
 * as @left says. */
static void assert_moved_pages(const char *left, double runs, const char *words)
{
	const struct rule *rule = rule_find("numa-memory-remote");
	struct key key = key_process(GUEST_PID, GUEST_START);
	struct step step = { .left = left ? xstrdup(left) : NULL };
	struct fix fix = { .id = 1, .step = &step, .n = 1 };
	const struct lies lies = { 0.5, runs, 0.5, NAN };
	struct advisor *a = advisor_new();
	struct snapshot *s = guest_at(a, 99, &lies);
	struct plan plan = { 0 };
	struct text out = { 0 };
	struct effect e;
	bool told;

	plan_add(
	    &plan, ACTION_MIGRATE_PAGES, snapshot_find(s, TABLE_DOMAIN, key), "all", NULL, "0");
	step.action = plan.action[0];
	effect_note(&e, rule, key, 0.5, &plan, s);
	snapshot_unref(s);
	effect_begin(&e, &fix, 100 * NS_PER_SEC);
	for (int late = 0; late < 2; late++) {
		s = guest_at(a, late ? 190 : 112, &lies);
		for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++) {
			struct row *row = s->table[TABLE_PLACEMENT].row[i];

			row->cell[PLACEMENT_MEMORY].at_ns = 95 * NS_PER_SEC;
			if (isnan(runs)) {
				cell_set_number(row, PLACEMENT_RUN, 0, s->moment.mono_ns);
				cell_set_number(row, PLACEMENT_VCPUS, row->key.item == 1 ? 2 : 0,
				    s->moment.mono_ns);
			}
		}
		told = effect_look(&e, a, s, "/nowhere", &out);
		snapshot_unref(s);
		if (told)
			break;
		assert_null(left);
	}
	assert_true(told);
	assert_string_equal(out.p, words);
	text_done(&out);
	plan_done(&plan);
	free(step.left);
	advisor_free(a);
}

static void where_moved_pages_lie_the_fix_itself_has_read(void **state)
{
	(void)state;
	assert_moved_pages("0:990000 1:10000", 1, "LOCAL 50 % -> 99 %, better");
	assert_moved_pages("0:500000 1:500000", 1, "LOCAL 50 % -> 50 %, no difference");
	/* An idle one counts where it stands. */
	assert_moved_pages("0:990000 1:10000", NAN, "LOCAL 50 % -> 99 %, better");
	/* What lay where before says nothing, however long nobody looks. */
	assert_moved_pages(NULL, 1, "numa-memory-remote no longer applies");
}

/* ---- polls ---- */

static struct snapshot *host_halting(
    struct advisor *a, uint64_t second, double limit, double caught)
{
	struct moment moment = { second * NS_PER_SEC, 0 };
	struct snapshot *s = snapshot_new(moment);
	struct row *host = snapshot_row(s, TABLE_HOST, key_host(0));
	struct key guest = key_process(GUEST_PID, GUEST_START);
	struct row *vcpu;
	const struct {
		int column;
		double rate;
	} rates[] = { { VCPU_HALT_EXITS, 8000 }, { VCPU_HALT_WAIT_NS, 0.8 },
		{ VCPU_POLL_SUCCESSFUL, caught } };

	snapshot_row(s, TABLE_DOMAIN, guest);
	vcpu = snapshot_row(s, TABLE_VCPU, key_of(guest, 1));
	cell_set_number(host, HOST_HALT_POLL_LIMIT, limit, moment.mono_ns);
	cell_set_number(host, HOST_BUSY, 0.1, moment.mono_ns);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		cell_set_count(vcpu, rates[i].column, 0, moment.mono_ns);
		vcpu->cell[rates[i].column].rate = rates[i].rate;
		vcpu->cell[rates[i].column].rate_state = STATE_OK;
	}
	snapshot_link(s);
	advisor_judge(a, s);
	return s;
}

static void assert_polled(double caught, const char *words)
{
	const struct rule *rule = rule_find("halt-poll-off");
	struct advisor *a = advisor_new();
	struct snapshot *s;
	struct text out = { 0 };
	struct effect e;
	double figure;

	s = host_halting(a, 99, 0, 0);
	assert_true(advisor_figure(a, s, rule, key_host(0), &figure));
	effect_note(&e, rule, key_host(0), figure, &no_plan, s);
	snapshot_unref(s);
	effect_begin(&e, &first_fix, 100 * NS_PER_SEC);
	s = host_halting(a, 111, 200000, caught);
	assert_true(effect_look(&e, a, s, "/nowhere", &out));
	assert_string_equal(out.p, words);
	snapshot_unref(s);
	text_done(&out);
	advisor_free(a);
}

static void what_polls_catch_is_told(void **state)
{
	(void)state;
	assert_polled(7000, "8000 -> 1000, better");
	/* A kernel of which a running guest keeps the limit of its start. */
	assert_polled(0, "8000 -> 8000, no difference");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_while_later_it_is_told),
		cmocka_unit_test(pages_are_looked_at_first),
		cmocka_unit_test(what_counts_later_is_said_to),
		cmocka_unit_test(what_no_longer_applies_is_said_to),
		cmocka_unit_test(what_concerns_nobody_any_more_is_over),
		cmocka_unit_test(a_guest_that_was_moved_is_told_by_its_own_figures),
		cmocka_unit_test(one_that_fares_worse_is_told_too),
		cmocka_unit_test(where_moved_pages_lie_the_fix_itself_has_read),
		cmocka_unit_test(what_polls_catch_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
