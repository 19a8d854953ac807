/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a fix, by the figure that raised it. */
#include "tests/unit/a_site.h"

#include <math.h>

#include "advisor/advisor.h"
#include "fixes/effect.h"

#define GIB ((double)(1 << 30))

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
	snapshot_unref(host_at(a, 99, 60));
	effect_begin(&e, 1, rule_find("mem-swappiness"), key_host(0), 60, 100 * NS_PER_SEC);
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

static void what_no_longer_applies_is_said_to(void **state)
{
	struct advisor *a = advisor_new();
	struct snapshot *s = snapshot_new((struct moment){ 200 * NS_PER_SEC, 0 });
	struct text out = { 0 };
	struct effect e;

	(void)state;
	snapshot_row(s, TABLE_HOST, key_host(0));
	advisor_judge(a, s);
	effect_begin(&e, 1, rule_find("mem-swappiness"), key_host(0), NAN, 100 * NS_PER_SEC);
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
	effect_begin(&e, 1, rule, key_host(0), figure, 100 * NS_PER_SEC);
	after = host_merging(a, 111, 2);
	assert_true(effect_look(&e, a, after, "/nowhere", &out));
	assert_string_equal(out.p, "ksm-disable no longer applies");
	text_done(&out);
	snapshot_unref(before);
	snapshot_unref(after);
	advisor_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_while_later_it_is_told),
		cmocka_unit_test(what_no_longer_applies_is_said_to),
		cmocka_unit_test(what_concerns_nobody_any_more_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
