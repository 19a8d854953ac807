/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 0: the fixes of the journal, and which of them a key undoes. */
#include <time.h>

#include "a_desk.h"
#include "base/print.h"
#include "fixes/journal.h"

#define FIX(id, time, who, rule, from, to, more)                                             \
	"{\"entry\":\"intent\",\"id\":" id ",\"time\":\"2026-11-20T" time "Z\",\"uid\":0,"   \
	"\"sudo_user\":\"" who "\",\"rule\":\"" rule "\",\"subject\":\"host\","              \
	"\"title\":\"set vm.swappiness to " to "\"" more ",\"steps\":[{\"kind\":\"sysctl\"," \
	"\"target\":\"vm.swappiness\",\"old\":\"" from "\",\"new\":\"" to "\"}]}\n"          \
	"{\"entry\":\"step\",\"id\":" id ",\"number\":0,\"old\":\"" from "\",\"left\":\"" to \
	"\",\"result\":\"done\"}\n"                                                          \
	"{\"entry\":\"over\",\"id\":" id ",\"result\":\"done\"}\n"
#define EFFECT(id, text) "{\"entry\":\"effect\",\"id\":" id ",\"text\":\"" text "\"}\n"

static const char three[] = FIX("1", "08:00:00.000", "ann", "mem-swappiness", "60", "10", "")
    EFFECT("1", "60 -> 10, better") FIX("2", "09:10:00.000", "bob", "mem-swappiness", "10", "5", "")
	FIX("3", "09:20:00.000", "bob", "mem-swappiness", "5", "10", ",\"undoes\":2");

static void desk_with(struct desk *d, struct records *all, const char *journal, int rows, int cols)
{
	setenv("TZ", "UTC", 1);
	tzset();
	desk_open(d, &small, rows, cols);
	journal_parse(journal, strlen(journal), all);
	ui_set_journal(d->ui, all);
	press(d, "0");
}

static void close_with(struct desk *d, struct records *all)
{
	desk_close(d);
	records_done(all);
}

static void the_newest_stands_first(void **state)
{
	struct records all;
	struct desk d;

	(void)state;
	desk_with(&d, &all, three, 30, 160);
	sees(&d, "── Fixes, the newest first");
	sees_before(&d, "11-20 09:20", "11-20 09:10");
	sees_before(&d, "11-20 09:10", "11-20 08:00");
	assert_non_null(strstr(line_with(&d, "11-20 09:10"), "10 -> 5, vm.swappiness   undone"));
	assert_non_null(strstr(line_with(&d, "11-20 08:00"), "60 -> 10, better"));
	assert_non_null(strstr(line_with(&d, "11-20 08:00"), "ann"));
	sees_before(&d, "11-20 08:00", "── Sources");
	press(&d, "Down Down");
	sees(&d, "Fix 1 of 11-20 08:00 by ann by sudo: set vm.swappiness to 10");
	sees(&d, "done; effect: 60 -> 10, better. u undoes it.");
	press(&d, "Enter");
	sees(&d, "sysctl -w vm.swappiness=10");
	sees_before(&d, "The way back", "sysctl -w vm.swappiness=60");
	close_with(&d, &all);
}

/* In a narrow window what was changed stays, and who did it is told at the foot. */
static void a_narrow_window_keeps_the_change(void **state)
{
	struct records all;
	struct desk d;

	(void)state;
	desk_with(&d, &all, three, 24, 60);
	sees(&d, "60 -> 10, vm.swappiness");
	sees_not(&d, "BY ");
	sees(&d, "RESULT");
	desk_close(&d);
	desk_open(&d, &small, 12, 40);
	ui_set_journal(d.ui, &all);
	press(&d, "0");
	sees(&d, "10 -> 5");
	sees(&d, "RESULT");
	close_with(&d, &all);
}

static void u_undoes_what_is_chosen_or_else_the_last(void **state)
{
	struct records all;
	struct desk d;

	(void)state;
	desk_with(&d, &all, three, 24, 100);
	/* The newest is an undo; the last fix is another. */
	sees_not(&d, "u undoes it");
	assert_true(press(&d, "u") & UI_FIX);
	assert_int_equal(ui_fix_wanted(d.ui).wish, FIX_WISH_UNDO);
	assert_int_equal(ui_fix_wanted(d.ui).id, 0);
	press(&d, "Esc Down");
	sees(&d, "done; undone");
	press(&d, "u");
	assert_int_equal(ui_fix_wanted(d.ui).id, 2);
	press(&d, "Esc 1 u");
	assert_int_equal(ui_fix_wanted(d.ui).id, 0);
	close_with(&d, &all);
}

static void many_are_folded(void **state)
{
	struct text journal = { 0 };
	struct records all;
	struct desk d;

	(void)state;
	for (int i = 1; i <= 8; i++)
		print_format(&journal,
		    "{\"entry\":\"intent\",\"id\":%d,\"time\":\"2026-11-20T0%d:00:00Z\","
		    "\"steps\":[{\"kind\":\"sysctl\",\"target\":\"vm.swappiness\","
		    "\"old\":\"60\",\"new\":\"10\"}]}\n",
		    i, i);
	desk_with(&d, &all, journal.p, 40, 100);
	sees(&d, "11-20 08:00");
	sees(&d, "cut off");
	sees_not(&d, "11-20 03:00");
	sees(&d, "3 earlier ones; t shows all.");
	press(&d, "t");
	sees(&d, "11-20 03:00");
	sees_not(&d, "earlier ones");
	press(&d, "t");
	sees_not(&d, "11-20 03:00");
	close_with(&d, &all);
	text_done(&journal);
}

static void what_is_hostile_or_missing_is_said(void **state)
{
	struct records all;
	struct desk d;

	(void)state;
	desk_with(&d, &all, "", 24, 80);
	sees(&d, "Nothing was ever changed.");
	close_with(&d, &all);
	desk_with(&d, &all,
	    FIX("1", "08:00:00.000", "\\u001b[31mann", "r\\nule", "60", "10", "") "torn {\n", 24,
	    140);
	sees(&d, "1 line of the journal cannot be read.");
	sees_not(&d, "\033");
	close_with(&d, &all);
	/* A recording has none. */
	desk_open(&d, &small, 24, 80);
	press(&d, "0");
	sees_not(&d, "Fixes, the newest");
	assert_int_equal(press(&d, "t") & UI_FIX, 0);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_stands_first),
		cmocka_unit_test(a_narrow_window_keeps_the_change),
		cmocka_unit_test(u_undoes_what_is_chosen_or_else_the_last),
		cmocka_unit_test(many_are_folded),
		cmocka_unit_test(what_is_hostile_or_missing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
