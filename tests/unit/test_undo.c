/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What undo is about where nobody says which fix, and how it is told. */
#include "a_host_to_fix.h"

static void write_ksm(struct a_site *a, const char *name, const char *from, const char *to)
{
	struct plan p = { 0 };
	char *path = xasprintf("sys/kernel/mm/ksm/%s", name);

	plan_title(&p, "set %s", name);
	plan_add(&p, ACTION_WRITE, NULL, path, from, to);
	apply_plan(a, &p, ENDING_DONE);
	free(path);
}

static void what_is_back_gives_way_to_the_one_before(void **state)
{
	struct a_site *a = *state;
	struct fix f;

	apply_swappiness(a);
	write_ksm(a, "run", "1", "0");
	put_file(a, "sys/kernel/mm/ksm/run", "1\n");
	undo(a, 0, &f);
	assert_int_equal(f.undoes, 1);
	assert_string_equal(f.title, "undo fix 1: set vm.swappiness to 10");
	assert_string_equal(f.passed, "of fix 2 nothing is left to undo: all is back already");
	ends(&f, ENDING_DONE);
	assert_file(a, "proc/sys/vm/swappiness", "60\n");
	/* Whoever names it is told of it alone. */
	undo(a, 2, &f);
	assert_string_equal(f.why, "all is back already");
	assert_null(f.passed);
	ends(&f, ENDING_REFUSED);
	undo(a, 0, &f);
	assert_string_equal(f.why, "of fix 2 nothing is left to undo: all is back already");
	ends(&f, ENDING_REFUSED);
}

static void of_many_only_the_newest_is_told(void **state)
{
	struct a_site *a = *state;
	struct fix f;

	undo(a, 0, &f);
	assert_string_equal(f.why, "there is nothing to be undone");
	ends(&f, ENDING_REFUSED);
	apply_swappiness(a);
	write_ksm(a, "run", "1", "0");
	write_ksm(a, "merge_across_nodes", "1", "0");
	put_file(a, "sys/kernel/mm/ksm/run", "1\n");
	put_file(a, "sys/kernel/mm/ksm/merge_across_nodes", "1\n");
	undo(a, 0, &f);
	assert_string_equal(f.passed, "of fix 3 nothing is left to undo, nor of 1 before it");
	ends(&f, ENDING_DONE);
	undo(a, 0, &f);
	assert_string_equal(f.why, "of fix 3 nothing is left to undo, nor of 1 before it");
	ends(&f, ENDING_REFUSED);
}

/* With the guest its pins are gone. */
static void of_a_guest_that_has_ended_nothing_is_left(void **state)
{
	struct a_site *a = *state;
	struct plan p = { 0 };
	struct fix f;

	apply_swappiness(a);
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", NULL, "1");
	apply_plan(a, &p, ENDING_DONE);
	put_file(
	    a, "proc/4242/stat", "4242 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 999 0 0 0\n");
	undo(a, 0, &f);
	assert_string_equal(f.passed,
	    "of fix 2 nothing is left to undo: process 4242 is another one now, not web1 as it was "
	    "seen");
	ends(&f, ENDING_DONE);
	assert_string_equal(fake_text(ACTION_PIN_VCPU, "0", false), "1");
}

/* What somebody else has changed is no reason to go for another one. */
static void what_changed_since_is_not_passed_over(void **state)
{
	struct a_site *a = *state;
	struct fix f;

	write_ksm(a, "run", "1", "0");
	apply_swappiness(a);
	put_file(a, "proc/sys/vm/swappiness", "30\n");
	undo(a, 0, &f);
	assert_int_equal(f.undoes, 2);
	assert_null(f.passed);
	ends(&f, ENDING_REFUSED);
	assert_file(a, "sys/kernel/mm/ksm/run", "0\n");
}

static void the_last_start_of_the_host_is_not_passed(void **state)
{
	struct a_site *a = *state;
	struct fix f;

	apply_swappiness(a);
	write_ksm(a, "run", "1", "0");
	put_file(a, "sys/kernel/mm/ksm/run", "1\n");
	put_file(a, "proc/stat", "cpu 1 2\nbtime 4102444800\n"); /* in the year 2100 */
	undo(a, 0, &f);
	assert_string_equal(f.why,
	    "of fix 2 nothing is left to undo: all is back already; fix 1 is "
	    "from before this host was started: name it if it is meant");
	ends(&f, ENDING_REFUSED);
	undo(a, 1, &f);
	ends(&f, ENDING_DONE);
	write_ksm(a, "run", "1", "0");
	undo(a, 0, &f);
	assert_int_equal(f.undoes, 4);
	ends(&f, ENDING_DONE);
}

static void assert_step(const struct fix *f, size_t i, const char *text)
{
	struct text out = { 0 };

	fix_step_change(f, i, &out);
	assert_string_equal(out.p, text);
	text_done(&out);
}

static void assert_outcome(const struct fix *f, const char *text)
{
	struct text out = { 0 };

	fix_outcome(f, &out);
	assert_string_equal(out.p, text);
	text_done(&out);
}

/* And nobody has to type it. */
static void what_is_so_already_is_told_so(void **state)
{
	struct a_site *a = *state;
	struct text out = { 0 };
	struct plan p = { 0 };
	struct fix f;

	plan_add(&p, ACTION_SYSCTL, NULL, "vm.swappiness", NULL, "60");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "2");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "1");
	f = fix_from(&p);
	assert_true(fix_read(&f, &a->site));
	assert_step(&f, 0, "vm.swappiness: 60 already");
	assert_step(&f, 1, "/sys/kernel/mm/ksm/run: 1 -> 2");
	assert_step(&f, 2, "/sys/kernel/mm/ksm/run: 2 -> 1");
	fix_commands(&f, &out);
	fix_undo_commands(&f, &out);
	assert_string_equal(out.p, "echo 2 > /sys/kernel/mm/ksm/run\n"
				   "echo 1 > /sys/kernel/mm/ksm/run\n"
				   "echo 2 > /sys/kernel/mm/ksm/run\n"
				   "echo 1 > /sys/kernel/mm/ksm/run\n");
	apply(a, &f);
	assert_outcome(&f, "Fix 1 is done");
	ends(&f, ENDING_DONE);
	text_done(&out);
}

static void an_undo_tells_which_fix_is_undone(void **state)
{
	struct a_site *a = *state;
	struct fix f;

	apply_swappiness(a);
	undo(a, 0, &f);
	assert_int_equal(f.id, 2);
	assert_outcome(&f, "Fix 1 is undone");
	f.ending = ENDING_PART;
	f.why = xstrdup("stopped");
	assert_outcome(&f, "Fix 1 is undone in part: stopped");
	fix_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_host(what_is_back_gives_way_to_the_one_before),
		on_host(of_many_only_the_newest_is_told),
		on_host(of_a_guest_that_has_ended_nothing_is_left),
		on_host(what_changed_since_is_not_passed_over),
		on_host(the_last_start_of_the_host_is_not_passed),
		on_host(what_is_so_already_is_told_so),
		on_host(an_undo_tells_which_fix_is_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
