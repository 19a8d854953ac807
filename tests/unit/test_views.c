/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the screens show. */
#include "a_desk.h"
#include "base/slice.h"
#include "views/commands.h"
#include "views/view.h"

static void test_rows_of_screens_hold(void **state)
{
	char digits[SCREENS + 1] = "";

	(void)state;
	for (int s = 0; s < SCREENS; s++) {
		assert_non_null(screens[s].name);
		if (screens[s].digit) {
			assert_null(strchr(digits, screens[s].digit));
			digits[strlen(digits)] = screens[s].digit;
		}
		for (int i = 0; i < PARTS_MAX && screens[s].part[i].columns; i++) {
			const struct part *part = &screens[s].part[i];
			struct cursor names;
			struct slice name;

			cursor_init(&names, part->columns, strlen(part->columns));
			while (cursor_field(&names, &name)) {
				char buf[64];

				slice_copy(name, buf, sizeof(buf));
				if (column_find_name(&table_kinds[part->table], buf) < 0)
					fail_msg("screen %s: no column %s", screens[s].name, buf);
			}
			if (part->sort)
				assert_true(
				    column_find_name(&table_kinds[part->table], part->sort) >= 0);
		}
	}
	/* Every screen with a digit can be reached by it. */
	for (size_t i = 0; i < commands_n; i++)
		if (strcmp(commands[i].name, "screen") == 0)
			for (const char *d = digits; *d; d++)
				assert_non_null(strchr(commands[i].keys, *d));
}

static void test_domains(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	sees(&d, "numa4");
	sees(&d, "up 12d");
	sees(&d, "libvirt ok");
	sees(&d, "DOMAIN");
	sees_before(&d, "db1", "web1");
	sees_before(&d, "web1", "mail");
	assert_non_null(strstr(line_with(&d, "  db1"), "180.2"));
	assert_non_null(strstr(line_with(&d, "  db1"), "11.0"));
	sees(&d, "F1Help");
	desk_close(&d);
}

static void test_empty_host(void **state)
{
	static const struct a_host empty = { .second = 100, .nodes = 1 };
	struct desk d;

	(void)state;
	desk_open(&d, &empty, 24, 80);
	sees(&d, "kvmtop --demo");
	press(&d, "2");
	sees(&d, "kvmtop --demo");
	ui_set_guest(d.ui, "web1");
	press(&d, "1");
	sees(&d, "No guest on this host is 'web1'");
	sees_not(&d, "kvmtop --demo");
	press(&d, "3 4 8 0 Down Enter End s Esc C Esc t T n x");
	desk_close(&d);
}

static void test_before_the_first_sample(void **state)
{
	struct desk d = { .ui = ui_new(), .canvas = canvas_new(24, 80, true) };

	(void)state;
	look(&d);
	sees(&d, "reads the host");
	press(
	    &d, "2 3 4 8 0 1 Down Enter t s Down Enter C Space Esc / \"web\" Enter F1 Esc z I < i");
	assert_int_equal(ui_needs(d.ui) & NEEDS(SRC_GUESTS), NEEDS(SRC_GUESTS));
	desk_close(&d);
}

static void test_stuck(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	host.guest[0].stopped = true;
	desk_open(&d, &host, 24, 80);
	press(&d, "i"); /* is never taken for idle */
	sees(&d, "! mail ");
	assert_true(strstr(line_with(&d, "kvmtop"), "1 stuck") != NULL);
	press(&d, "End");
	sees(&d, "mail does not answer: STUCK 14s (its process is stopped by a signal).");
	assert_int_equal(line_with(&d, "mail  ")[0], '!');
	desk_close(&d);
}

/* What the rows are sorted by is to be seen, however narrow the screen is. */
static void test_sorted_by_what_has_no_room(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	assert_null(strstr(line_with(&d, "DOMAIN"), "PID"));
	press(&d, "s \"pid\" Enter");
	assert_non_null(strstr(line_with(&d, "DOMAIN"), "PID"));
	press(&d, "s \"cpu%\" Enter");
	assert_null(strstr(line_with(&d, "DOMAIN"), "PID"));
	desk_close(&d);
}

/* What this host has not takes no room; what it has, or had, stays. */
static void test_useless_columns(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	host.no_exits = true;
	desk_open(&d, &host, 24, 100);
	sees_not(&d, "EXIT/s");
	sees_not(&d, "KSM ");
	assert_int_not_equal(ui_needs(d.ui) & NEEDS(SRC_KVM), 0);
	host.second++;
	host.no_exits = false;
	show(&d, &host);
	sees(&d, "EXIT/s");
	host.second++;
	host.no_exits = true;
	show(&d, &host);
	sees(&d, "EXIT/s");
	desk_close(&d);
}

static void test_numa(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	assert_int_not_equal(press(&d, "3 x") & UI_EXACT, 0);
	sees(&d, " N0 RUN%");
	sees(&d, " N3 RUN%");
	assert_non_null(strstr(line_with(&d, "node has"), "6.0G"));
	assert_non_null(strstr(line_with(&d, "node free"), "4.0G"));
	assert_non_null(strstr(line_with(&d, "  web1"), "768M"));
	assert_non_null(strstr(line_with(&d, "all guests"), " 3.0G"));
	assert_non_null(strstr(line_with(&d, "  web1"), " 75.0! 1.0G"));
	sees(&d, "db1: read exactly now; 75 % of its memory is on node 2");
	desk_close(&d);
}

static void test_numa_tells_how_it_was_read(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	host.sampled = true;
	host.nodes = 8;
	desk_open(&d, &host, 24, 80);
	press(&d, "3");
	sees(&d, "db1: sampled, ±1.2 points, 3s old; ");
	sees(&d, " HOME ");
	sees(&d, " TOTAL ");
	sees(&d, " N7");
	sees(&d, "768M*");
	sees(&d, "* vCPUs ran there");
	desk_close(&d);
}

static void test_pool_too_small(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	desk_open(&d, &host, 24, 80);
	press(&d, "4");
	sees_not(&d, "short by");
	sees(&d, "No guest wants pages of 2.0M.");
	host.guest[1].huge = true;
	host.second++;
	show(&d, &host);
	assert_non_null(strstr(line_with(&d, " 2.0M  all"), "  1.0G   200M   824M   2.0G!"));
	assert_int_equal(line_with(&d, " 2.0M  all")[0], '!');
	sees(&d, "! short by 1.0G (512 pages of 2.0M): guests want 2.0G, the pools have 1.0G");
	sees(&d, "are short by 1.0G. Guests that want pages of 2.0M: web1.");
	desk_close(&d);
}

static void test_marks(void **state)
{
	struct a_host host = small;
	struct desk d;
	int y, x;

	(void)state;
	host.swapped = true;
	host.node_free = 0.1;
	host.guest[0].wait = 0.3;
	desk_open(&d, &host, 24, 80);
	sees(&d, "swap 512M!");
	sees(&d, "node 0!");
	assert_non_null(strstr(line_with(&d, "  web1"), "   3.0  "));
	assert_non_null(strstr(line_with(&d, "  mail"), "  30.0! "));
	/* Where the memory of a guest lies that hardly runs is no news. */
	assert_non_null(strstr(line_with(&d, "  mail"), "  75.0  0-1"));
	assert_non_null(strstr(line_with(&d, "  web1"), "  75.0! 1-2"));
	assert_non_null(strstr(line_with(&d, "  db1"), "  11.0! "));
	press(&d, "G");
	selects(&d, "mail");
	assert_true(canvas_cursor(d.canvas, &y, &x));
	for (x = 0; canvas_glyph(d.canvas, y, x)->code != '!';)
		x++;
	assert_int_equal(canvas_glyph(d.canvas, y, x)->style, STYLE_SELECTED_CRIT);
	assert_int_equal(canvas_glyph(d.canvas, y, x - 1)->style, STYLE_SELECTED_CRIT);
	desk_close(&d);
}

static void test_units(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 150, 120);
	press(&d, "8");
	sees(&d, "busy             45.0 %");
	sees(&d, "swap total       1.0G");
	assert_non_null(strstr(line_with(&d, "cpu_some"), " 3.3 %   Time that"));
	press(&d, "F1");
	sees(&d, "not inside guests: user, system, interrupts.");
	desk_close(&d);
}

static void test_libvirt_is_told(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	desk_open(&d, &host, 24, 80);
	sees(&d, "libvirt ok");
	host.libvirt = "absent";
	show(&d, &host);
	sees(&d, "libvirt absent");
	host.libvirt_note = "libvirt is switched off by -c none.";
	show(&d, &host);
	sees(&d, "libvirt off");
	desk_close(&d);
}

static void test_nothing_to_be_seen(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "\\ \"cpu>900%\" Enter");
	sees(&d, "The filter hides all there is (3); Esc clears it.");
	sees_not(&d, "--demo");
	sees_not(&d, "no guest");
	desk_close(&d);
}

static void test_many_nodes_are_scrolled(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	host.nodes = 16;
	desk_open(&d, &host, 24, 80);
	press(&d, "3");
	sees(&d, " N0 ");
	sees_not(&d, "N15");
	sees(&d, "nodes have room here");
	press(&d, "Right Right Right Right Right Right Right Right Right Right Right Right");
	sees_not(&d, " N0 ");
	sees(&d, "N15");
	press(&d, "Left Left Left Left Left Left Left Left Left Left Left Left Left");
	sees(&d, " N0 ");
	desk_close(&d);
}

static void test_memory(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 40, 120);
	press(&d, "4");
	sees(&d, "Huge page pools");
	sees(&d, "KSM");
	sees(&d, "madvise");
	sees(&d, "Pages saved: further users of the merged ones.");
	press(&d, "Right");
	selects(&d, "db1");
	press(&d, "Right");
	selects(&d, "run");
	press(&d, "Left");
	selects(&d, "db1");
	desk_close(&d);
}

static void test_domain_page(void **state)
{
	struct a_host later = small;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 40, 120);
	press(&d, "Down Enter");
	sees(&d, "web1, running");
	sees(&d, "vCPUs");
	sees(&d, "Other threads");
	sees(&d, "Memory and run time by node");
	later.second++;
	later.guest[1] = later.guest[2];
	later.guest[2] = (struct a_guest){ .name = NULL };
	show(&d, &later);
	sees(&d, "web1 has ended");
	press(&d, "Esc");
	sees(&d, "DOMAIN");
	press(&d, "0");
	sees(&d, "web1 has ended");
	desk_close(&d);
}

static void test_sources_and_messages(void **state)
{
	struct a_host later = small;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 120);
	press(&d, "0");
	sees(&d, "HOW IT READS, WHAT IT LACKS");
	sees(&d, "CAP_SYS_PTRACE");
	sees(&d, "Nothing has happened yet");
	later.second++;
	later.libvirt = "stuck";
	show(&d, &later);
	sees(&d, "libvirt is stuck now, was ok");
	sees_before(&d, "  libvirt ", "  kvmtop ");
	ui_message(d.ui, 0, "a line\nwith \033[31m colour");
	look(&d);
	sees(&d, "with \\x1B[31m colour");
	press(&d, "Enter");
	sees(&d, "All about this collector of kvmtop");
	desk_close(&d);
}

static void test_help_names_what_is_here(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 60, 120);
	press(&d, "2 F1");
	sees(&d, "Leave kvmtop.");
	sees(&d, "C lasting");
	for (int i = 0; i < 16; i++)
		press(&d, "Down");
	sees(&d, "Time runnable but waiting for a host CPU");
	assert_int_equal(press(&d, "q") & UI_QUIT, 0);
	sees_not(&d, "Leave kvmtop.");
	desk_close(&d);
}

static int sparks(struct desk *d, const char *label)
{
	const char *line = line_with(d, label), *end = strchr(line, '[');
	int n = 0;

	for (const char *p = line; (p = strstr(p, "\xe2\x96")) && (!end || p < end); p++)
		n++;
	return n;
}

/* A wide window tells more of the past, beside bars that are long enough. */
static void test_history_of_the_header(void **state)
{
	static const struct {
		int cols, host, node;
	} widths[] = { { 80, 0, 1 }, { 120, 16, 10 }, { 200, 60, 30 } };

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		struct desk d;

		desk_open(&d, &small, 24, widths[i].cols);
		for (int k = 0; k < HISTORY_LENGTH; k++)
			show(&d, &small);
		assert_int_equal(sparks(&d, "cpu  "), widths[i].host);
		assert_int_equal(sparks(&d, "mem  "), widths[i].host);
		assert_true(sparks(&d, "node ") >= 4 * widths[i].node);
		desk_close(&d);
	}
}

static void test_needs_follow_the_screen(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	/* A balloon's figures disturb the guest: only who looks at them asks for them. */
	assert_int_equal(ui_needs(d.ui) & NEEDS(SRC_BALLOON), 0);
	assert_int_equal(ui_needs(d.ui) & NEEDS(SRC_THP), 0);
	assert_int_not_equal(press(&d, "4") & UI_NEEDS, 0);
	assert_int_not_equal(ui_needs(d.ui) & NEEDS(SRC_THP), 0);
	assert_int_not_equal(press(&d, "1 z") & UI_NEEDS, 0);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_of_screens_hold),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_empty_host),
		cmocka_unit_test(test_before_the_first_sample),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_sorted_by_what_has_no_room),
		cmocka_unit_test(test_useless_columns),
		cmocka_unit_test(test_numa),
		cmocka_unit_test(test_numa_tells_how_it_was_read),
		cmocka_unit_test(test_pool_too_small),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_libvirt_is_told),
		cmocka_unit_test(test_nothing_to_be_seen),
		cmocka_unit_test(test_many_nodes_are_scrolled),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_domain_page),
		cmocka_unit_test(test_sources_and_messages),
		cmocka_unit_test(test_help_names_what_is_here),
		cmocka_unit_test(test_history_of_the_header),
		cmocka_unit_test(test_needs_follow_the_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
