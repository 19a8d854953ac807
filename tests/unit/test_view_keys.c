/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys do to the screens. */
#include "a_desk.h"
#include "base/slice.h"
#include "views/commands.h"

/* On these screens a key may mean something of their own; that row stands first. */
static bool is_special(enum scope scope)
{
	return scope == SCOPE_GUEST || scope == SCOPE_EXITS || scope == SCOPE_COUNTERS ||
	       scope == SCOPE_JOURNAL;
}

static void test_no_key_has_two_meanings(void **state)
{
	char seen[200][KEYNAME_SIZE];
	enum scope scope[200];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < commands_n; i++) {
		struct cursor keys;
		struct slice key;

		assert_true(commands[i].help[0] != '\0');
		cursor_init(&keys, commands[i].keys, strlen(commands[i].keys));
		while (cursor_field(&keys, &key)) {
			assert_true(n < 200);
			slice_copy(key, seen[n], KEYNAME_SIZE);
			if (!keyname_valid(seen[n]))
				fail_msg("%s is no key", seen[n]);
			for (size_t k = 0; k < n; k++)
				if (strcmp(seen[k], seen[n]) == 0 && !is_special(scope[k]))
					fail_msg("%s has two meanings", seen[n]);
			scope[n++] = commands[i].scope;
		}
	}
}

static void test_selection_follows_the_guest(void **state)
{
	struct a_host later = small;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "Down");
	selects(&d, "web1");
	later.second++;
	later.guest[1].cpu = 1.0; /* now it is the first */
	show(&d, &later);
	sees_before(&d, "web1 ", "db1 ");
	selects(&d, "web1");
	later.second++;
	later.guest[1] = later.guest[2]; /* and now it has ended */
	later.guest[2] = (struct a_guest){ .name = NULL };
	show(&d, &later);
	press(&d, "Up");
	selects(&d, "db1");
	desk_close(&d);
}

/* Until somebody moves it, it is on whoever is first. */
static void test_selection_stays_at_the_top(void **state)
{
	struct a_host later = small;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	selects(&d, "db1");
	later.second++;
	later.guest[1].cpu = 1.0;
	show(&d, &later);
	selects(&d, "web1");
	press(&d, "Down");
	selects(&d, "db1");
	press(&d, "Home");
	later.second++;
	later.guest[1].cpu = 0.1;
	show(&d, &later);
	selects(&d, "db1");
	desk_close(&d);
}

/* A page that is longer than the screen is reached from end to end, by lines and by pages. */
static void test_guests_page_is_reached_whole(void **state)
{
	static const char *const ways[] = { "Up", "PgUp" };
	struct desk d;

	(void)state;
	desk_open(&d, &small, 20, 80);
	press(&d, "Enter");
	sees(&d, "db1, running");
	sees(&d, "db1, vCPU 0 waits"); /* at the foot: the selected line is about the guest */
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		press(&d, "End");
		sees_not(&d, "db1, running");
		for (int n = 0; n < 60 && !strstr(d.text, "db1, running"); n++)
			press(&d, ways[i]);
		sees(&d, "db1, running");
	}
	press(&d, "Home Enter");
	sees(&d, "All about this");
	desk_close(&d);
}

/* Who opens a vCPU is shown that vCPU. */
static void test_opened_at_its_row(void **state)
{
	struct desk d;
	char vcpu[40];

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "2 Down Down");
	snprintf(vcpu, sizeof(vcpu), "%s", strstr(d.text, "thread "));
	vcpu[strcspn(vcpu, ",")] = '\0';
	press(&d, "Enter");
	sees(&d, "── vCPUs ");
	sees(&d, vcpu); /* at the foot: the same one is selected */
	desk_close(&d);
}

static void test_sorting(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "I");
	sees_before(&d, "mail", "web1");
	press(&d, "s Home Enter"); /* by name */
	sees_before(&d, "db1", "mail");
	sees_before(&d, "mail", "web1");
	sees(&d, "DOMAIN▲");
	press(&d, "I");
	sees_before(&d, "web1", "mail");
	press(&d, "I >");
	sees(&d, "Sorted by S:");
	press(&d, "> >");
	sees(&d, "Sorted by CPU%:");
	press(&d, "<");
	sees(&d, "Sorted by VCPU:");
	press(&d, "W");
	sees(&d, "Sorted by WORST%:");
	press(&d, "M");
	sees(&d, "Sorted by MEM:");
	sees_before(&d, "db1", "mail"); /* alike: by name */
	desk_close(&d);
}

/* A title as it is printed holds the key that inverts. */
static void test_capitals_find_a_column(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "s \"WAI\"");
	sees(&d, "Sort by: WAI");
	selects(&d, "WAIT%");
	press(&d, "Enter");
	sees(&d, "Sorted by WAIT%:");
	sees_before(&d, "db1", "web1"); /* the largest first */
	press(&d, "s \"io\"");          /* what begins with the key itself */
	sees(&d, "Sort by: io");
	press(&d, "Esc");
	sees_before(&d, "db1", "web1");
	desk_close(&d);
}

static void test_leaving_the_menu_brings_back_the_order(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "s I");
	sees_before(&d, "mail", "db1");
	press(&d, "Esc");
	sees_before(&d, "db1", "mail");
	press(&d, "s I Enter");
	sees_before(&d, "mail", "db1");
	press(&d, "s I");
	sees_before(&d, "db1", "mail");
	press(&d, "Esc");
	sees_before(&d, "mail", "db1");
	desk_close(&d);
}

static void test_filter(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "\\ \"cpu>50%\"");
	sees(&d, "Filter: cpu>50%");
	sees(&d, "db1");
	sees_not(&d, "mail");
	press(&d, "Enter");
	sees(&d, "Esc clears it");
	assert_int_equal(press(&d, "Esc") & UI_QUIT, 0);
	sees(&d, "mail");
	press(&d, "\\ \"cpux>5\" Enter");
	sees(&d, "the nearest is 'cpu'"); /* it stays open */
	press(&d, "Esc");
	sees_not(&d, "nearest");
	press(&d, "\\ \"nobody\" Enter");
	sees(&d, "hides all there is (3)");
	desk_close(&d);
}

static void test_search(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "/ \"MAI\" Enter");
	selects(&d, "mail");
	press(&d, "Home / \"1\" Enter");
	selects(&d, "db1");
	press(&d, "n");
	selects(&d, "web1");
	press(&d, "n");
	selects(&d, "db1");
	press(&d, "N");
	selects(&d, "web1");
	press(&d, "/ \"mail\" Esc"); /* back to where it began */
	selects(&d, "web1");
	press(&d, "/ \"xyz\"");
	sees(&d, "Nothing here holds 'xyz'");
	desk_close(&d);
}

static void test_text_fields_take_every_key(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	assert_int_equal(press(&d, "/ \"qzd1x\"") & (UI_QUIT | UI_EXACT | UI_DELAY), 0);
	sees(&d, "Search: qzd1x");
	sees(&d, "DOMAIN");
	press(&d, "Backspace Backspace");
	sees(&d, "Search: qzd");
	press(&d, "C-u");
	sees_not(&d, "Search: q");
	assert_int_not_equal(press(&d, "Esc q") & UI_QUIT, 0);
	desk_close(&d);
}

static void test_delay(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	assert_int_equal(ui_interval(d.ui), NS_PER_SEC);
	assert_int_equal(press(&d, "d \"0\" Enter") & UI_DELAY, 0);
	sees(&d, "at least 0.1 s");
	assert_int_not_equal(press(&d, "C-u \"2.5\" Enter") & UI_DELAY, 0);
	assert_int_equal(ui_interval(d.ui), 5 * NS_PER_SEC / 2);
	sees(&d, "every 2.5s");
	desk_close(&d);
}

static void test_pause(void **state)
{
	struct a_host later = small;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "z");
	sees(&d, "PAUSED");
	later.second += 12;
	later.guest[0].name = "new";
	show(&d, &later);
	sees(&d, "PAUSED 12s");
	sees(&d, "mail");
	sees_not(&d, "new");
	press(&d, "z");
	sees_not(&d, "PAUSED");
	sees(&d, "new");
	/* A recording begins anew and anew: its clock tells nothing of how long. */
	ui_set_recording(d.ui, "2 samples");
	press(&d, "z");
	later.second += 5;
	show(&d, &later);
	sees(&d, " PAUSED  ");
	sees_not(&d, "PAUSED 5s");
	desk_close(&d);
}

static void test_tree(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "t");
	sees(&d, "├ vCPU 0");
	sees(&d, "└ emulator");
	assert_non_null(strstr(line_with(&d, "vCPU 0"), "90.0"));
	press(&d, "Down Down t"); /* folded from within */
	sees_not(&d, "├ vCPU 0");
	selects(&d, "db1");
	press(&d, "T Down Down Down");
	selects(&d, "emulator");
	sees(&d, "db1 emulator: thread 20");
	press(&d, "T");
	sees_not(&d, "emulator  ");
	desk_close(&d);
}

static void test_idle(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "i");
	sees_not(&d, "  mail");
	sees(&d, "  web1");
	press(&d, "i");
	sees(&d, "  mail");
	desk_close(&d);
}

static void test_columns(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	sees_not(&d, "PID");
	press(&d, "C Down Down");
	sees(&d, "[.] PID"); /* it would be there if it had room */
	press(&d, "Space");
	sees(&d, "[x] PID");
	press(&d, "Esc");
	sees(&d, " PID"); /* though something else had to go for it */
	assert_non_null(strstr(line_with(&d, "  db1"), "20"));
	press(&d, "C Down Down Space Esc");
	sees_not(&d, "PID");
	desk_close(&d);
}

static void test_screens_are_walked(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "Tab");
	sees(&d, "MAY RUN ON");
	press(&d, "S-Tab S-Tab");
	sees(&d, "Sources");
	press(
	    &d, "Tab Enter Tab"); /* from a guest's page to the screen behind where it was opened */
	sees(&d, "MAY RUN ON");
	press(&d, "F12");
	sees(&d, "MAY RUN ON");
	desk_close(&d);
}

static void test_unknown_keys_do_nothing(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	assert_int_equal(press(&d, "F12 y Y ä m C-t Ins"), 0);
	assert_int_equal(press(&d, "C-l") & UI_CLEAR, UI_CLEAR);
	assert_int_equal(press(&d, "Space"), UI_SAMPLE);
	desk_close(&d);
}

static void test_options(void **state)
{
	struct desk d;
	char error[200] = "";

	(void)state;
	desk_open(&d, &small, 24, 80);
	assert_int_equal(ui_set_filter(d.ui, "cpu>50%", error, sizeof(error)), 0);
	assert_int_equal(ui_set_sort(d.ui, "name", error, sizeof(error)), 0);
	ui_set_badge(d.ui, "DEMO");
	look(&d);
	sees(&d, "DEMO");
	sees_not(&d, "mail");
	assert_int_not_equal(ui_set_filter(d.ui, "cpux>50%", error, sizeof(error)), 0);
	assert_non_null(strstr(error, "cpux"));
	assert_int_not_equal(ui_set_sort(d.ui, "cpux", error, sizeof(error)), 0);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key_has_two_meanings),
		cmocka_unit_test(test_selection_follows_the_guest),
		cmocka_unit_test(test_selection_stays_at_the_top),
		cmocka_unit_test(test_guests_page_is_reached_whole),
		cmocka_unit_test(test_opened_at_its_row),
		cmocka_unit_test(test_sorting),
		cmocka_unit_test(test_capitals_find_a_column),
		cmocka_unit_test(test_leaving_the_menu_brings_back_the_order),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_text_fields_take_every_key),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_screens_are_walked),
		cmocka_unit_test(test_unknown_keys_do_nothing),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
