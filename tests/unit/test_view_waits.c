/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waits for a CPU, and why; what a header and a foot may not do meanwhile. */
#include "a_desk.h"

#include "views/foot.h"

/* Both vCPUs of db1 were seen on CPU 8, and so was one of web1. */
static struct row *vcpu(const struct snapshot *s, uint64_t pid, uint64_t number)
{
	struct row *row = snapshot_find(s, TABLE_VCPU, key_of(key_process(pid, 1), number + 100));

	assert_non_null(row);
	return row;
}

static void look_at(struct desk *d, struct snapshot *s)
{
	snapshot_unref(d->now);
	d->now = s;
	look(d);
}

static void test_threads_are_marked_by_their_own_limits(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "T");
	assert_non_null(strstr(line_with(&d, "├ vCPU 0        "), "  11.0!"));
	/* What db1's emulator lacks is no reason for a mark. */
	assert_null(strchr(line_with(&d, "└ emulator"), '!'));
	desk_close(&d);
}

static void test_who_shares_the_cpu(void **state)
{
	struct snapshot *s;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	sees(&d, "db1, vCPU 0 waits 11 %: CPU 8 is shared with vCPU 1 and web1/1; 75 % of");
	press(&d, "Down");
	sees(&d, "web1: running, 2 vCPUs"); /* waits, but not for long */
	press(&d, "Home Enter");
	sees(&d, "db1, running; vCPU 0 waits 11 %: CPU 8 is shared with vCPU 1 and web1/1");
	press(&d, "Esc 2 Home");
	sees(&d, "db1, vCPU 0 waits 11 %: CPU 8 is shared with vCPU 1 and web1/1; thread 21");
	press(&d, "1 Home");
	/* Who may run nowhere else counts; who does nothing does not. */
	s = a_sample(&small);
	cell_set_text(s, vcpu(s, 10, 0), VCPU_AFFINITY, "8", s->moment.mono_ns);
	cell_set_text(s, vcpu(s, 30, 0), VCPU_AFFINITY, "8", s->moment.mono_ns);
	look_at(&d, s);
	sees(&d, "CPU 8 is shared with vCPU 1, web1/0 and 1 more;");
	desk_close(&d);
}

static void test_nobody_shares_the_cpu(void **state)
{
	struct snapshot *s;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	s = a_sample(&small);
	cell_set_number(vcpu(s, 20, 0), VCPU_CPU, 3, s->moment.mono_ns);
	look_at(&d, s);
	sees(&d, "db1, vCPU 0 waits 11 %: CPU 3 is 15 % busy; 75 % of its memory");
	/* Where nobody tells which CPU that was, how long it waits is said all the same. */
	s = a_sample(&small);
	cell_set_missing(vcpu(s, 20, 0), VCPU_CPU, STATE_DENIED, s->moment.mono_ns);
	look_at(&d, s);
	sees(&d, "db1, vCPU 0 waits 11 %; 75 % of its memory");
	desk_close(&d);
}

static void run_at(struct snapshot *s, enum table_id t, struct row *row, int column, double rate)
{
	assert_int_equal(table_kinds[t].column[column].kind, KIND_COUNTER);
	cell_set_count(row, column, 1, s->moment.mono_ns);
	row->cell[column].rate = rate;
	row->cell[column].rate_state = STATE_OK;
}

/* db1's first vCPU on a CPU of its own, which is so busy; web1's first one runs there, too. */
static struct snapshot *on_cpu_3(double busy, double own, double web1)
{
	struct snapshot *s = a_sample(&small);

	cell_set_number(
	    snapshot_find(s, TABLE_CPU, key_host(3)), CPU_BUSY, busy, s->moment.mono_ns);
	cell_set_number(vcpu(s, 20, 0), VCPU_CPU, 3, s->moment.mono_ns);
	run_at(s, TABLE_VCPU, vcpu(s, 20, 0), VCPU_RUN, own);
	cell_set_number(vcpu(s, 10, 0), VCPU_CPU, 3, s->moment.mono_ns);
	run_at(s, TABLE_VCPU, vcpu(s, 10, 0), VCPU_RUN, web1);
	return s;
}

/* Who is named uses the CPU; what guests do not use of it others do. */
static void test_who_uses_the_cpu(void **state)
{
	static const struct {
		double busy, own, web1;
		const char *told;
	} cases[] = {
		{ 0.99, 0.53, 0.011, "CPU 3 is shared with other processes, which use 45 %;" },
		{ 0.99, 0.30, 0.24,
		    "CPU 3 is shared with web1/0, and with other processes, which use 45 %;" },
		{ 0.99, 0.50, 0.40, "CPU 3 is shared with web1/0;" },
		{ 0.60, 0.55, 0.03, "CPU 3 is 60 % busy;" },
		/* Seen there, but it ran elsewhere. */
		{ 0.60, 0.55, 0.90, "CPU 3 is shared with web1/0;" },
	};
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 120);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		look_at(&d, on_cpu_3(cases[i].busy, cases[i].own, cases[i].web1));
		sees(&d, cases[i].told);
	}
	desk_close(&d);
}

static void test_threads_of_guests_use_the_cpu(void **state)
{
	struct snapshot *s = on_cpu_3(0.99, 0.5, 0);
	struct row *web1 = snapshot_find(s, TABLE_THREAD, key_of(key_process(10, 1), 50));
	struct row *db1 = snapshot_find(s, TABLE_THREAD, key_of(key_process(20, 1), 50));
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 120);
	cell_set_number(web1, THREAD_CPU, 3, s->moment.mono_ns);
	run_at(s, TABLE_THREAD, web1, THREAD_RUN, 0.3);
	cell_set_number(db1, THREAD_CPU, 3, s->moment.mono_ns);
	run_at(s, TABLE_THREAD, db1, THREAD_RUN, 0.15);
	look_at(&d, s);
	sees(&d, "CPU 3 is shared with web1's emulator and its emulator;");
	desk_close(&d);
}

/* It may be a guest that was there and is elsewhere by now, an interrupt or a hypervisor below. */
static void test_no_process_is_accused_for_others(void **state)
{
	struct snapshot *s = on_cpu_3(0.99, 0.5, 0);
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 120);
	run_at(s, TABLE_VCPU, vcpu(s, 10, 1), VCPU_MIGRATIONS, 20);
	look_at(&d, s);
	sees(&d, "CPU 3 is 99 % busy;");
	/* Not where it may not run. */
	s = on_cpu_3(0.99, 0.5, 0);
	run_at(s, TABLE_VCPU, vcpu(s, 10, 1), VCPU_MIGRATIONS, 20);
	cell_set_text(s, vcpu(s, 10, 1), VCPU_AFFINITY, "0-2,4-7", s->moment.mono_ns);
	look_at(&d, s);
	sees(&d, "CPU 3 is shared with other processes, which use 49 %;");
	s = on_cpu_3(0.99, 0.5, 0);
	run_at(s, TABLE_CPU, snapshot_find(s, TABLE_CPU, key_host(3)), CPU_IRQ, 0.2);
	run_at(s, TABLE_CPU, snapshot_find(s, TABLE_CPU, key_host(3)), CPU_STEAL, 0.2);
	look_at(&d, s);
	sees(&d, "CPU 3 is 99 % busy;");
	desk_close(&d);
}

static void test_worst_is_shown_and_sorts(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	sees(&d, "WORST%");
	sees(&d, "RUNS ON");
	press(&d, "M W");
	sees(&d, "▼WORST%");
	press(&d, "2 W");
	sees(&d, "▼WAIT%");
	desk_close(&d);
}

static void test_header_of_the_first_sample(void **state)
{
	struct snapshot *s = a_reading(&small, 100);
	struct desk d = { .ui = ui_new(), .canvas = canvas_new(24, 80, true) };

	(void)state;
	snapshot_rate(s, NULL);
	snapshot_derive(s);
	s->number = 1;
	look_at(&d, s);
	sees(&d, "cpu    .");
	sees(&d, "guest   .");
	sees(&d, "host   .");
	sees(&d, "poll   .");
	sees(&d, "psi cpu    .");
	/* Afterwards there is none of what is still missing. */
	show(&d, &small);
	sees(&d, "host   5");
	sees(&d, "poll   -");
	desk_close(&d);
}

static void test_only_one_guest(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	sees_not(&d, "  only ");
	ui_set_guest(d.ui, "db1");
	look(&d);
	sees(&d, "  only db1  every");
	ui_set_guest(d.ui, "a-name-that-is-longer-than-a-quarter-of-the-line");
	look(&d);
	sees(&d, "  only a-name-that-is-long…  every");
	desk_close(&d);
}

static void test_header_keeps_its_places(void **state)
{
	static const uint64_t intervals_ms[] = { 950, 1000, 10000, 1500 };
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	ui_set_recording(d.ui, "2 samples");
	for (size_t i = 0; i < sizeof(intervals_ms) / sizeof(intervals_ms[0]); i++) {
		struct snapshot *s = a_sample(&small);
		const char *line;

		s->interval_ns = intervals_ms[i] * (NS_PER_SEC / 1000);
		look_at(&d, s);
		line = line_with(&d, "libvirt ok");
		assert_non_null(line);
		assert_int_equal(strstr(line, "libvirt") - strstr(line, "over"), 12);
	}
	desk_close(&d);
}

static void test_sorting_in_ascii(void **state)
{
	struct desk d = { .ui = ui_new(), .canvas = canvas_new(24, 80, false) };

	(void)state;
	show(&d, &small);
	sees(&d, " *CPU% ");
	press(&d, "I");
	sees(&d, " ^CPU% ");
	press(&d, "s Home Enter");
	sees(&d, "DOMAIN^ ");
	press(&d, "I");
	sees(&d, "DOMAIN* ");
	desk_close(&d);
}

/* Of a key that means two things the help names the one that it has here. */
static void test_help_names_a_key_once(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 60, 100);
	press(&d, "7 F1");
	sees(&d, " g      ");
	sees(&d, " Home   ");
	sees_not(&d, "Home g");
	press(&d, "Esc 1 Home F1");
	sees(&d, "Home g");
	sees(&d, "Profile the guest");
	sees_not(&d, "Sort by CPU time.");
	desk_close(&d);
}

static void test_keys_of_a_narrow_screen(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 87);
	sees(&d, "F1Help tTree");
	press(&d, "3");
	sees(&d, "F1Help xExact");
	press(&d, "2");
	sees(&d, "F1Help iIdle");
	press(&d, "7");
	sees(&d, "F1Help gCounts");
	press(&d, "g");
	sees(&d, "1 2 3 4 5 6 7 8 9 0 F1Help gExits");
	press(&d, "1 Enter");
	sees(&d, "1 2 3 4 5 6 7 8 9 0 F1Help xExact PProfile");
	press(&d, "1 C");
	sees(&d, "[.] no room");
	desk_close(&d);
	desk_open(&d, &small, 24, 160);
	sees(&d, "dDelay sSort \\Filter /Find qQuit");
	desk_close(&d);
}

/* Sentences are shortened by clauses, not by letters. */
static void test_what_the_rows_are_sorted_by(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "M");
	sees(&d, "Sorted by MEM: Memory that the guest was given (command line or XML).");
	press(&d, "W");
	sees(&d, "Sorted by WORST%: The same of the vCPU that waited most.");
	desk_close(&d);
	desk_open(&d, &small, 24, 60);
	press(&d, "Down M");
	sees(&d, "Sorted by MEM: Memory that the guest was given.");
	desk_close(&d);
	desk_open(&d, &small, 24, 44);
	press(&d, "Down M");
	sees(&d, "Sorted by MEM.");
	desk_close(&d);
}

/* Of no column and at no width is it cut within brackets. */
static void test_brackets_stay_whole(void **state)
{
	char text[NOTE_SIZE];

	(void)state;
	sort_sentence(&table_kinds[TABLE_VCPU].column[VCPU_RUN], 50, text);
	assert_string_equal(text, "Sorted by RUN%: Time on a host CPU.");
	for (int t = 0; t < TABLES; t++)
		for (int c = 0; c < table_kinds[t].columns; c++)
			for (int width = 40; width < 300; width++) {
				int depth = 0;

				sort_sentence(&table_kinds[t].column[c], width, text);
				for (const char *p = text; *p; p++)
					depth += (*p == '(') - (*p == ')');
				if (depth != 0)
					fail_msg("in %d cells: %s", width, text);
			}
}

static void test_figures_before_their_names(void **state)
{
	struct snapshot *s;
	struct desk d;

	(void)state;
	desk_open(&d, &small, 40, 80);
	s = a_sample(&small);
	for (int i = 0; i < 2; i++) {
		struct row *row = snapshot_find(s, TABLE_HOST, key_host(0));

		cell_set_count(row, i ? HOST_INTERRUPTS : HOST_SWITCHES, 10600, s->moment.mono_ns);
		row->cell[i ? HOST_INTERRUPTS : HOST_SWITCHES].rate = 10600;
		row->cell[i ? HOST_INTERRUPTS : HOST_SWITCHES].rate_state = STATE_OK;
	}
	look_at(&d, s);
	press(&d, "8");
	sees(&d, "ctxt switches   10.6k /s");
	sees(&d, "interrupts      10.6k /s");
	sees_not(&d, "10.…");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_are_marked_by_their_own_limits),
		cmocka_unit_test(test_who_shares_the_cpu),
		cmocka_unit_test(test_nobody_shares_the_cpu),
		cmocka_unit_test(test_who_uses_the_cpu),
		cmocka_unit_test(test_threads_of_guests_use_the_cpu),
		cmocka_unit_test(test_no_process_is_accused_for_others),
		cmocka_unit_test(test_worst_is_shown_and_sorts),
		cmocka_unit_test(test_header_of_the_first_sample),
		cmocka_unit_test(test_only_one_guest),
		cmocka_unit_test(test_header_keeps_its_places),
		cmocka_unit_test(test_sorting_in_ascii),
		cmocka_unit_test(test_help_names_a_key_once),
		cmocka_unit_test(test_keys_of_a_narrow_screen),
		cmocka_unit_test(test_what_the_rows_are_sorted_by),
		cmocka_unit_test(test_brackets_stay_whole),
		cmocka_unit_test(test_figures_before_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
