/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixes on the screens: what the keys ask for, what is shown of a fix, when keys are not heard. */
#include <math.h>

#include "a_desk.h"
#include "advisor/finding.h"
#include "base/xalloc.h"
#include "fixes/fix.h"

#define RULE "mem-swappiness"

static uint64_t clock_ns = NS_PER_SEC;

uint64_t __wrap_clock_mono_ns(void);
uint64_t __wrap_clock_mono_ns(void)
{
	return clock_ns;
}

struct bench {
	struct desk desk;
	struct advisor *advisor;
	struct fix fix;
	struct fixing shown;
	struct key finding;
};

/* The host swaps. @after: whose fix has to come first. */
static struct snapshot *with_finding(struct key *ret, const struct rule *after)
{
	struct snapshot *s = a_sample(&small);
	struct row *host = snapshot_row(s, TABLE_HOST, key_host(0));
	struct subject subject = { .now = s, .row = host, .host = host };
	struct verdict v = { .rule = rule_find(RULE), .row = host, .level = LEVEL_WARNING };

	cell_set_number(host, HOST_SWAPPINESS, 60, s->moment.mono_ns);
	v.figure = 60;
	v.limit = 11;
	v.since_ns = s->moment.mono_ns;
	v.fix = v.rule->fix;
	v.after = after;
	finding_add(s, &v, &subject);
	finding_add_fix(s, &v);
	*ret = s->table[TABLE_FINDING].row[0]->key;
	return s;
}

static void bench_open(struct bench *b, int rows, int cols)
{
	*b = (struct bench){ .advisor = advisor_new() };
	desk_open(&b->desk, &small, rows, cols);
	snapshot_unref(b->desk.now);
	b->desk.now = with_finding(&b->finding, NULL);
	ui_set_advisor(b->desk.ui, b->advisor);
	look(&b->desk);
}

static void bench_close(struct bench *b)
{
	ui_set_fixing(b->desk.ui, NULL);
	desk_close(&b->desk);
	fix_done(&b->fix);
	advisor_free(b->advisor);
}

/* As whoever carries it out would tell it, of the finding's own plan. */
static void look_up(struct bench *b)
{
	struct plan plan;

	assert_true(
	    advisor_plan(b->advisor, b->desk.now, b->desk.now->table[TABLE_FINDING].row[0], &plan));
	fix_of_plan(&b->fix, &plan, false);
	b->fix.step[0].old = xstrdup("60");
	plan_done(&plan);
	b->shown = (struct fixing){ .rule = rule_find(RULE), .fix_class = FIX_A };
	ui_set_fixing(b->desk.ui, &b->shown);
	look(&b->desk);
}

static void set_phase(struct bench *b, enum job_phase phase, bool is_new)
{
	b->shown.phase = phase;
	b->shown.fix = &b->fix;
	b->shown.is_new = is_new;
	look(&b->desk);
}

static void end(struct bench *b, enum ending ending, const char *why)
{
	b->fix.id = 7;
	b->fix.ending = ending;
	b->fix.why = why ? xstrdup(why) : NULL;
	b->fix.step[0].result = ending == ENDING_DONE ? RESULT_DONE : RESULT_FAILED;
	set_phase(b, JOB_OVER, false);
}

static void f_asks_for_the_fix_of_what_the_foot_says(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	press(&b.desk, "9");
	sees(&b.desk, "f fix  e explain  m mute");
	assert_int_equal(press(&b.desk, "f") & (UI_FIX | UI_FIX_APPLY), UI_FIX);
	assert_int_equal(ui_fix_wanted(b.desk.ui).wish, FIX_WISH_MAKE);
	assert_true(key_equal(ui_fix_wanted(b.desk.ui).finding, b.finding));
	look_up(&b);
	sees(&b.desk, "It is looked up what stands there.");
	/* What is typed ahead confirms nothing. */
	assert_int_equal(press(&b.desk, "Enter Space f u p 9"), 0);
	assert_int_equal(press(&b.desk, "Esc"), UI_REDRAW | UI_FIX_STOP);
	bench_close(&b);
}

/* Something about each guest; @second: of the sample; @first: the guest that is the busiest. */
static void advise_all(struct bench *b, uint64_t second, const char *first)
{
	struct a_host host = small;
	struct snapshot *s;
	struct row *all;

	host.second = second;
	for (size_t i = 0; i < 3; i++)
		if (strcmp(host.guest[i].name, first) == 0)
			host.guest[i].cpu = 1.0;
	s = a_sample(&host);
	all = snapshot_row(s, TABLE_HOST, key_host(0));
	cell_set_number(all, HOST_SWAPPINESS, 60, s->moment.mono_ns);
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *guest = s->table[TABLE_DOMAIN].row[i];
		struct subject subject = { .now = s, .row = guest, .host = all };
		struct verdict v = { .rule = rule_find(RULE), .row = guest };

		v.level = LEVEL_WARNING;
		v.since_ns = s->moment.mono_ns;
		v.fix = FIX_A;
		finding_add(s, &v, &subject);
		finding_add_fix(s, &v);
	}
	snapshot_unref(b->desk.now);
	b->desk.now = s;
}

static bool is_sudden_after(struct bench *b, const char *keys)
{
	bool is_sudden;

	assert_true(press(&b->desk, keys) & UI_FIX);
	is_sudden = ui_fix_wanted(b->desk.ui).is_sudden;
	ui_set_fixing(b->desk.ui, NULL);
	return is_sudden;
}

/* At the top is whoever is first: the key may have been meant for whoever was it. */
static void what_came_by_itself_is_sudden(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	advise_all(&b, 200, "db1");
	look(&b.desk);
	selects(&b.desk, "db1");
	clock_ns += 3 * NS_PER_SEC;
	advise_all(&b, 203, "web1");
	look(&b.desk);
	selects(&b.desk, "web1");
	clock_ns += NS_PER_SEC;
	advise_all(&b, 204, "web1"); /* a sample that changes nothing makes it no older */
	look(&b.desk);
	assert_true(is_sudden_after(&b, "f"));
	bench_close(&b);
}

static void what_came_behind_the_help_is_sudden(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	advise_all(&b, 200, "db1");
	look(&b.desk);
	clock_ns += 3 * NS_PER_SEC;
	press(&b.desk, "F1");
	advise_all(&b, 203, "web1");
	look(&b.desk);
	clock_ns += 3 * NS_PER_SEC;
	advise_all(&b, 206, "web1");
	look(&b.desk);
	assert_true(is_sudden_after(&b, "Esc f"));
	bench_close(&b);
}

static void what_was_not_drawn_yet_is_sudden(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	advise_all(&b, 200, "db1");
	look(&b.desk);
	clock_ns += 3 * NS_PER_SEC;
	advise_all(&b, 203, "web1");
	assert_true(is_sudden_after(&b, "f"));
	bench_close(&b);
}

/* What a key held goes on elsewhere: nobody chose that. */
static void what_comes_after_a_pause_is_sudden(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	advise_all(&b, 200, "db1");
	press(&b.desk, "z");
	clock_ns += 3 * NS_PER_SEC;
	advise_all(&b, 203, "web1");
	look(&b.desk);
	selects(&b.desk, "db1");
	assert_true(is_sudden_after(&b, "z f"));
	bench_close(&b);
}

static void what_stood_for_two_seconds_is_not_sudden(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	advise_all(&b, 200, "db1");
	look(&b.desk);
	advise_all(&b, 203, "web1");
	look(&b.desk);
	clock_ns += 2 * NS_PER_SEC;
	assert_false(is_sudden_after(&b, "f"));
	bench_close(&b);
}

/* Keys that lead nowhere else choose nothing. */
static void what_the_user_chose_is_not_sudden(void **state)
{
	static const struct {
		const char *keys;
		bool is_sudden;
	} tries[] = {
		{ "Down f", false },
		{ "9 f", false },
		{ "Enter f", false },
		{ "F12 f", true },
		{ "F1 Esc f", true },
		{ "Down Up f", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct bench b;

		bench_open(&b, 24, 80);
		advise_all(&b, 200, "db1");
		look(&b.desk);
		advise_all(&b, 203, "web1");
		look(&b.desk);
		if (is_sudden_after(&b, tries[i].keys) != tries[i].is_sudden)
			fail_msg("after %s it is not so", tries[i].keys);
		bench_close(&b);
	}
}

/* Where two fixes would work against each other the second has no key. */
static void what_waits_for_another_fix_has_no_key(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	snapshot_unref(b.desk.now);
	b.desk.now = with_finding(&b.finding, rule_find("mem-swap-headroom"));
	look(&b.desk);
	press(&b.desk, "9");
	sees(&b.desk, RULE);
	sees_not(&b.desk, "f fix");
	assert_int_equal(press(&b.desk, "f") & (UI_FIX | UI_FIX_APPLY), 0);
	sees(&b.desk, "First mend mem-swap-headroom.");
	assert_int_equal(press(&b.desk, "Enter") & (UI_FIX | UI_FIX_APPLY), 0);
	bench_close(&b);
}

static void the_preview_says_what_is_done_and_undone(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 40, 100);
	press(&b.desk, "9 f");
	look_up(&b);
	set_phase(&b, JOB_READY, true);
	sees(&b.desk, "Fix: " RULE);
	sees(&b.desk, "Nothing is changed yet.");
	sees(&b.desk, "vm.swappiness: 60 -> 10");
	sees(&b.desk, "sysctl -w vm.swappiness=10");
	sees_before(&b.desk, "The way back", "sysctl -w vm.swappiness=60");
	sees(&b.desk, "Class A, at once");
	sees(&b.desk, "Risk");
	sees_not(&b.desk, "Enter applies");
	assert_int_equal(press(&b.desk, "Enter Esc q"), 0);
	set_phase(&b, JOB_READY, false);
	sees(&b.desk, "Enter applies   Esc leaves");
	assert_int_equal(press(&b.desk, "Enter"), UI_REDRAW | UI_FIX_APPLY);
	bench_close(&b);
}

static void an_undo_says_which_fix_it_takes_back(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 40, 100);
	press(&b.desk, "u");
	look_up(&b);
	b.fix.undoes = 3;
	b.fix.passed = xstrdup("of fix 4 nothing is left to undo: all is back already");
	set_phase(&b, JOB_READY, false);
	sees(&b.desk, "Undo fix 3");
	sees(&b.desk, "Of fix 4 nothing is left to undo: all is back already. This is fix 3.");
	sees(&b.desk, "The way back, by hand");
	end(&b, ENDING_DONE, NULL);
	sees(&b.desk, "Fix 3 is undone, and read back: fix 7 of the journal.");
	bench_close(&b);
}

static void progress_is_told_and_can_be_stopped(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	press(&b.desk, "9 f");
	look_up(&b);
	b.shown.done_bytes = 1ULL << 29;
	b.shown.total_bytes = 1ULL << 30;
	set_phase(&b, JOB_WORKING, false);
	sees(&b.desk, "512M of 1.0G");
	assert_int_equal(press(&b.desk, "Enter u p"), 0);
	assert_int_equal(press(&b.desk, "Esc"), UI_FIX_STOP);
	sees(&b.desk, "512M of 1.0G");
	bench_close(&b);
}

static void what_was_done_leads_on(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	press(&b.desk, "9 f");
	look_up(&b);
	b.shown.can_last = true;
	end(&b, ENDING_DONE, NULL);
	sees(&b.desk, "Done, and read back: fix 7 of the journal.");
	sees(&b.desk, "vm.swappiness: 60 -> 10: done");
	sees(&b.desk, "u undoes   p makes it last   Esc closes");
	b.shown.effect = "Effect of fix 7: 60 -> 10, better.";
	look(&b.desk);
	sees(&b.desk, "Effect of fix 7: 60 -> 10, better.");
	assert_true(press(&b.desk, "u") & UI_FIX);
	assert_int_equal(ui_fix_wanted(b.desk.ui).wish, FIX_WISH_UNDO);
	assert_int_equal(ui_fix_wanted(b.desk.ui).id, 7);
	assert_true(press(&b.desk, "p") & UI_FIX);
	assert_int_equal(ui_fix_wanted(b.desk.ui).wish, FIX_WISH_LASTING);
	assert_true(press(&b.desk, "Esc") & UI_FIX_STOP);
	sees_not(&b.desk, "Done, and read back");
	bench_close(&b);
}

static void what_was_refused_says_why_and_how_else(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	press(&b.desk, "9 f");
	look_up(&b);
	end(&b, ENDING_REFUSED, "vm.swappiness: changed meanwhile, from 60 to \033[31m30");
	sees(&b.desk, "Refused: vm.swappiness: changed meanwhile, from 60 to \\x1B[31m30.");
	sees(&b.desk, "sysctl -w vm.swappiness=10");
	sees_not(&b.desk, "u undoes");
	assert_int_equal(press(&b.desk, "u p"), 0);
	bench_close(&b);
}

static void what_lasts_wants_a_name(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	press(&b.desk, "9 p");
	assert_int_equal(ui_fix_wanted(b.desk.ui).wish, FIX_WISH_LASTING);
	look_up(&b);
	b.shown.fix_class = FIX_C;
	b.shown.is_lasting = true;
	b.shown.name = "host";
	set_phase(&b, JOB_READY, false);
	sees(&b.desk, "Make it last: " RULE);
	sees(&b.desk, "Enter asks for the name, then applies");
	assert_false(press(&b.desk, "Enter") & UI_FIX_APPLY);
	sees(&b.desk, "Type host to go on:");
	assert_false(press(&b.desk, "\"hos\" Enter") & UI_FIX_APPLY);
	sees(&b.desk, "that is not its name");
	assert_true(press(&b.desk, "\"t\" Enter") & UI_FIX_APPLY);
	sees_not(&b.desk, "Type host");
	bench_close(&b);
}

static void where_nothing_is_changed_the_foot_says_why(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	ui_set_fix_refusal(b.desk.ui, "Nothing is changed with --readonly.");
	press(&b.desk, "9");
	sees_not(&b.desk, "f fix");
	sees(&b.desk, "By hand: sysctl -w vm.swappiness=10");
	assert_int_equal(press(&b.desk, "f"), UI_REDRAW);
	sees(&b.desk, "Nothing is changed with --readonly. By hand: sysctl -w vm.swappiness=10");
	assert_int_equal(press(&b.desk, "u"), UI_REDRAW);
	sees(&b.desk, "Nothing is changed with --readonly.");
	assert_int_equal(press(&b.desk, "p"), UI_REDRAW);
	/* A picture that is held is old. */
	ui_set_fix_refusal(b.desk.ui, NULL);
	press(&b.desk, "z");
	sees_not(&b.desk, "f fix");
	assert_false(press(&b.desk, "f") & UI_FIX);
	sees(&b.desk, "The picture is held");
	press(&b.desk, "z");
	assert_true(press(&b.desk, "f") & UI_FIX);
	bench_close(&b);
}

/* In a search, a filter, the help and menus they are letters, or nothing. */
static void elsewhere_the_keys_are_dead(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	assert_false(press(&b.desk, "9 / \"fup\" Esc") & UI_FIX);
	assert_false(press(&b.desk, "\\ \"fup\" Esc") & UI_FIX);
	assert_false(press(&b.desk, "F1 f F1 u F1 p") & UI_FIX);
	assert_false(press(&b.desk, "s \"fup\" Esc d \"fup\" Esc e f e u e p") & UI_FIX);
	bench_close(&b);
}

static void an_offer_stays_over_keys(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 24, 80);
	ui_set_offer(b.desk.ui, "Fix 7 is done. u undoes it.");
	press(&b.desk, "1 Down");
	sees(&b.desk, "Fix 7 is done. u undoes it.");
	ui_set_offer(b.desk.ui, NULL);
	look(&b.desk);
	sees_not(&b.desk, "Fix 7");
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f_asks_for_the_fix_of_what_the_foot_says),
		cmocka_unit_test(what_came_by_itself_is_sudden),
		cmocka_unit_test(what_came_behind_the_help_is_sudden),
		cmocka_unit_test(what_was_not_drawn_yet_is_sudden),
		cmocka_unit_test(what_comes_after_a_pause_is_sudden),
		cmocka_unit_test(what_stood_for_two_seconds_is_not_sudden),
		cmocka_unit_test(what_the_user_chose_is_not_sudden),
		cmocka_unit_test(what_waits_for_another_fix_has_no_key),
		cmocka_unit_test(the_preview_says_what_is_done_and_undone),
		cmocka_unit_test(an_undo_says_which_fix_it_takes_back),
		cmocka_unit_test(progress_is_told_and_can_be_stopped),
		cmocka_unit_test(what_was_done_leads_on),
		cmocka_unit_test(what_was_refused_says_why_and_how_else),
		cmocka_unit_test(what_lasts_wants_a_name),
		cmocka_unit_test(where_nothing_is_changed_the_foot_says_why),
		cmocka_unit_test(elsewhere_the_keys_are_dead),
		cmocka_unit_test(an_offer_stays_over_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
