/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What screens say of what is not there yet, cannot be had, or lies out of sight. */
#include "a_desk.h"
#include "model/told.h"
#include "views/mark.h"

static const struct row *host_row(const struct desk *d)
{
	return snapshot_find(d->now, TABLE_HOST, key_host(0));
}

/* The same host, but a source is in that state, and told nothing unless it is ok. */
static void show_source(struct desk *d, const struct a_host *h, const char *state)
{
	struct snapshot *before = a_reading(h, h->second - 1), *s = a_reading(h, h->second);
	bool off = strcmp(state, "ok") != 0;

	for (size_t i = 0; off && i < s->table[TABLE_PLACEMENT].n; i++)
		for (int c = 0; c < PLACEMENT_COLUMNS; c++)
			s->table[TABLE_PLACEMENT].row[i]->cell[c] = (struct cell){ .at_ns = 0 };
	a_source(s, SRC_PLACEMENT, "placement", state, "");
	snapshot_rate(before, NULL);
	snapshot_rate(s, before);
	snapshot_derive(s);
	snapshot_unref(before);
	snapshot_unref(d->now);
	d->now = s;
	look(d);
}

static int place_of(struct desk *d, const char *word)
{
	const char *line = line_with(d, word);

	assert_non_null(line);
	return (int)(strstr(line, word) - line);
}

static void test_what_was_not_read_yet(void **state)
{
	struct a_host host = small;
	struct desk d;
	int local, nodes, runs;

	(void)state;
	desk_open(&d, &host, 24, 80);
	show_source(&d, &host, "starting");
	assert_non_null(strstr(line_with(&d, "  db1"), "      .  .       2"));
	local = place_of(&d, "LOCAL%");
	nodes = place_of(&d, "NODES");
	runs = place_of(&d, "RUNS ON");
	/* Once it has answered no column has moved. */
	show_source(&d, &host, "ok");
	assert_int_equal(place_of(&d, "LOCAL%"), local);
	assert_int_equal(place_of(&d, "NODES"), nodes);
	assert_int_equal(place_of(&d, "RUNS ON"), runs);
	assert_non_null(strstr(line_with(&d, "  db1"), "2-3"));
	/* And what answered and has nothing, has nothing. */
	show_source(&d, &host, "absent");
	assert_non_null(strstr(line_with(&d, "  db1"), "      -  -       2"));
	desk_close(&d);
}

/* What turns out empty goes when nobody looks, and does not come back with every visit. */
static void test_columns_go_between_visits(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	d = (struct desk){ .ui = ui_new(), .canvas = canvas_new(24, 80, true) };
	show_source(&d, &host, "starting");
	sees(&d, "NODES");
	show_source(&d, &host, "absent");
	sees(&d, "NODES");
	press(&d, "2");
	press(&d, "1");
	sees_not(&d, "NODES");
	show_source(&d, &host, "off");
	sees_not(&d, "NODES");
	desk_close(&d);
}

static void test_parts_that_were_not_read_yet(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	desk_open(&d, &host, 40, 100);
	show_source(&d, &host, "off");
	press(&d, "3");
	sees(&d, "where its memory lies was not read yet");
	assert_non_null(strstr(line_with(&d, "  db1"), "."));
	show_source(&d, &host, "absent");
	sees(&d, "where its memory lies is not known: screen 0 says why");
	desk_close(&d);
}

/* Placement was read 3 s ago, and one guest is younger than that. */
static void test_a_guest_that_has_just_come(void **state)
{
	struct snapshot *s;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	s = a_reading(&small, 100);
	for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++)
		for (int c = 0; c < PLACEMENT_COLUMNS; c++)
			s->table[TABLE_PLACEMENT].row[i]->cell[c] = (struct cell){ .at_ns = 0 };
	cell_set_number(
	    a_source(s, SRC_PLACEMENT, "placement", "ok", ""), SOURCE_AGE, 3, s->moment.mono_ns);
	for (size_t i = 0; i < 3; i++)
		cell_set_number(s->table[TABLE_DOMAIN].row[i], DOMAIN_UPTIME, i == 2 ? 1 : 90,
		    s->moment.mono_ns);
	snapshot_rate(s, NULL);
	snapshot_derive(s);
	snapshot_unref(d.now);
	d.now = s;
	look(&d);
	assert_non_null(strstr(line_with(&d, "  db1"), "      .  .       2"));
	assert_non_null(strstr(line_with(&d, "  web1"), "      -  -       1-2"));
	desk_close(&d);
}

static void test_an_unknown_sum(void **state)
{
	struct a_host host = small;
	struct desk d;
	struct row *row;

	(void)state;
	desk_open(&d, &host, 24, 80);
	sees(&d, "vCPU:CPU 6:16");
	row = (struct row *)host_row(&d);
	cell_set_missing(row, HOST_VCPUS, STATE_UNKNOWN, d.now->moment.mono_ns);
	look(&d);
	sees(&d, "vCPU:CPU ?:16");
	cell_set_missing(row, HOST_CPUS, STATE_ABSENT, d.now->moment.mono_ns);
	cell_set_missing(row, HOST_SWAP_FREE, STATE_ABSENT, d.now->moment.mono_ns);
	look(&d);
	sees(&d, "vCPU:CPU ?:-");
	sees(&d, "swap -");
	desk_close(&d);
}

static unsigned press_x(struct desk *d)
{
	return press(d, "x") & UI_EXACT;
}

static void test_exact_where_nothing_can_be_read(void **state)
{
	struct a_host host = small, empty = { .second = 100, .nodes = 2 };
	struct desk d;

	(void)state;
	desk_open(&d, &host, 24, 80);
	ui_set_badge(d.ui, "DEMO");
	press(&d, "3");
	assert_int_equal(press_x(&d), 0);
	sees(&d, "This host is a recording: nothing can be read anew.");
	desk_close(&d);

	desk_open(&d, &empty, 24, 80);
	press(&d, "3");
	assert_int_equal(press_x(&d), 0);
	sees(&d, "There is no running guest whose memory could be read.");
	desk_close(&d);
}

static struct snapshot *copy(const struct snapshot *from)
{
	struct told *told = told_new(from);
	struct snapshot *s = told_open(told);

	told_unref(told);
	return s;
}

static void show_answer(struct desk *d, const struct a_host *h, double reads, bool took)
{
	struct snapshot *s;
	struct row *row;

	show(d, h);
	s = (struct snapshot *)d->now;
	row = a_source(s, SRC_PLACEMENT, "placement", "ok", "");
	cell_set_number(row, SOURCE_READS, reads, s->moment.mono_ns);
	for (size_t i = 0; took && i < s->table[TABLE_PLACEMENT].n; i++)
		cell_set_number(
		    s->table[TABLE_PLACEMENT].row[i], PLACEMENT_TOOK, 0.012, s->moment.mono_ns);
	/* The picture was drawn before all was said. */
	d->now = copy(s);
	snapshot_link((struct snapshot *)d->now);
	snapshot_unref(s);
	look(d);
}

static void test_exact_is_told(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	host.sampled = true;
	desk_open(&d, &host, 24, 80);
	press(&d, "3 Down");
	selects(&d, "mail");
	assert_int_equal(press_x(&d), UI_EXACT);
	sees(&d, "Reading exactly where the memory of all guests lies");
	host.second++;
	show_answer(&d, &host, 1, false);
	sees(&d, "Reading exactly");
	/* Of three guests each took 12 ms. */
	host.second++;
	host.sampled = false;
	host.second += 3;
	{
		struct snapshot *s = a_sample(&host);

		for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++)
			cell_set_number(s->table[TABLE_PLACEMENT].row[i], PLACEMENT_TOOK, 0.012,
			    s->moment.mono_ns);
		snapshot_unref(d.now);
		d.now = s;
	}
	look(&d);
	sees(&d, "mail: exact, took 12ms. All 3 guests took 36ms.");
	press(&d, "0");
	sees(&d, "mail: exact, took 12ms.");
	desk_close(&d);
}

static void test_exact_that_fails(void **state)
{
	struct a_host host = small;
	struct desk d;

	(void)state;
	host.sampled = true;
	desk_open(&d, &host, 24, 80);
	press(&d, "3");
	assert_int_equal(press_x(&d), UI_EXACT);
	for (int reads = 1; reads < 4; reads++) {
		host.second++;
		show_answer(&d, &host, reads, false);
	}
	sees(&d, "db1 could not be read exactly; screen 0 says what is missing.");
	desk_close(&d);
}

/* The number behind the arrow; 0: there is none. */
static int lines_below(struct desk *d)
{
	const char *at = strstr(d->text, "▼");

	for (; at; at = strstr(at + 1, "▼"))
		if (at[3] >= '1' && at[3] <= '9')
			return atoi(at + 3);
	return 0;
}

static void test_lines_out_of_sight(void **state)
{
	struct desk d;
	int below, column, last = 0;

	(void)state;
	desk_open(&d, &small, 24, 80);
	assert_int_equal(lines_below(&d), 0);
	press(&d, "8");
	below = lines_below(&d);
	assert_true(below > 4);
	column = place_of(&d, "▼");
	press(&d, "PgDn");
	last = lines_below(&d);
	assert_true(last > 0 && last < below);
	assert_int_equal(place_of(&d, "▼"), column);
	press(&d, "End");
	assert_int_equal(lines_below(&d), 0);
	desk_close(&d);
}

static void test_the_bar_names_every_screen(void **state)
{
	static const int widths[] = { 40, 50, 60, 80, 120 };

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		for (const char *key = "123480"; *key; key++) {
			char name[2] = { *key, '\0' };
			const char *bar;
			struct desk d;

			desk_open(&d, &small, 24, widths[i]);
			press(&d, name);
			bar = line_with(&d, "F1Help");
			assert_non_null(bar);
			for (const char *digit = "123480"; *digit; digit++)
				assert_non_null(strchr(bar, *digit));
			desk_close(&d);
		}
}

static void test_letters_find_a_column(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "s \"swa\"");
	sees(&d, "Sort by: swa");
	selects(&d, "SWAP");
	press(&d, "Enter");
	sees(&d, "Sorted by SWAP:");
	/* A letter that leads nowhere begins anew; the same once more leads on. */
	press(&d, "s \"home\"");
	selects(&d, "HOME");
	press(&d, "\"pid\"");
	selects(&d, "PID");
	press(&d, "Esc C \"kj\"");
	sees(&d, "Columns: ");
	press(&d, "Up \"exit\"");
	selects(&d, "EXIT/s");
	press(&d, "Backspace");
	sees(&d, "Columns: exi");
	press(&d, "Esc");
	sees_not(&d, "Columns: ");
	desk_close(&d);
}

static void test_branches_of_a_narrow_tree(void **state)
{
	static const int widths[] = { 40, 48, 59, 60, 80, 120 };

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		struct snapshot *s;
		struct desk d;

		desk_open(&d, &small, 30, widths[i]);
		s = copy(d.now);
		for (size_t k = 0; k < s->table[TABLE_THREAD].n; k++)
			cell_set_text(s, s->table[TABLE_THREAD].row[k], THREAD_ROLE,
			    k == 0   ? "emulator"
			    : k == 1 ? "iothread mon_iothread"
				     : "iothread 1",
			    s->moment.mono_ns);
		for (size_t k = 0; k < s->table[TABLE_VCPU].n; k++)
			cell_set_number(s->table[TABLE_VCPU].row[k], VCPU_NUMBER, 12 + (double)k,
			    s->moment.mono_ns);
		snapshot_link(s);
		snapshot_unref(d.now);
		d.now = s;
		press(&d, "T");
		sees(&d, "vCPU 12 ");
		sees(&d, "emulator ");
		sees(&d, "iothread 1 ");
		sees(&d, widths[i] < 60 ? "mon_iothre" : " mon_iothread ");
		desk_close(&d);
	}
}

static void test_memory_begins_with_the_largest(void **state)
{
	struct desk d;
	struct snapshot *s;

	(void)state;
	desk_open(&d, &small, 60, 100);
	s = copy(d.now);
	/* mail is the largest, db1 the most swapped. */
	cell_set_number(s->table[TABLE_DOMAIN].row[0], DOMAIN_MEMORY, 9 * GIB, s->moment.mono_ns);
	for (size_t i = 0; i < 3; i++)
		cell_set_number(s->table[TABLE_DOMAIN].row[i], DOMAIN_SWAPPED, i == 2 ? GIB : 0,
		    s->moment.mono_ns);
	snapshot_link(s);
	snapshot_unref(d.now);
	d.now = s;
	press(&d, "4");
	sees(&d, "▼MEM");
	sees_before(&d, "  mail", "  db1");
	assert_non_null(strstr(line_with(&d, "  db1"), "1.0G!"));
	desk_close(&d);
}

static bool has_rule(enum table_id t, int column, const char *text)
{
	struct mark_rule rule;

	for (size_t i = 0; mark_rule(i, &rule); i++)
		if (rule.table == t && rule.column == column) {
			assert_string_equal(rule.text, text);
			return true;
		}
	return false;
}

static void test_limits_are_told(void **state)
{
	struct mark_rule rule;
	struct desk d;
	size_t n = 0;

	(void)state;
	for (; mark_rule(n, &rule); n++) {
		assert_true(mark_has(rule.table, rule.column));
		assert_true(strlen(rule.text) < MARK_RULE_SIZE - 1);
	}
	assert_true(n > 10);
	assert_true(has_rule(TABLE_VCPU, VCPU_WAIT, "above 10 %, as an alarm above 20 %"));
	assert_true(has_rule(TABLE_DOMAIN, DOMAIN_LOCAL,
	    "below 90 %, as an alarm below 60 %; only where cpu is at least 10 %"));
	assert_true(has_rule(TABLE_DOMAIN, DOMAIN_SWAPPED, "above 0"));
	/* In the units of who is asked; and no alarm that nothing can raise. */
	assert_true(has_rule(
	    TABLE_DISK, DISK_L2_COVERED, "below 100 %; only where requests is at least 100/s"));
	assert_true(has_rule(TABLE_DOMAIN, DOMAIN_REMOTE,
	    "above 10 %, as an alarm above 40 %; only where remote_loads is at least 100k/s"));
	assert_true(has_rule(TABLE_NIC, NIC_DROPS, "above 1/s, as an alarm above 50/s"));
	desk_open(&d, &small, 200, 120);
	press(&d, "F1");
	sees(&d, "below 90 %, as an alarm below 60 %; only where cpu is at least 10 %");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_not_read_yet),
		cmocka_unit_test(test_columns_go_between_visits),
		cmocka_unit_test(test_parts_that_were_not_read_yet),
		cmocka_unit_test(test_a_guest_that_has_just_come),
		cmocka_unit_test(test_an_unknown_sum),
		cmocka_unit_test(test_exact_where_nothing_can_be_read),
		cmocka_unit_test(test_exact_is_told),
		cmocka_unit_test(test_exact_that_fails),
		cmocka_unit_test(test_lines_out_of_sight),
		cmocka_unit_test(test_the_bar_names_every_screen),
		cmocka_unit_test(test_letters_find_a_column),
		cmocka_unit_test(test_branches_of_a_narrow_tree),
		cmocka_unit_test(test_memory_begins_with_the_largest),
		cmocka_unit_test(test_limits_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
