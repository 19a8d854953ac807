/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of exits: what their reasons mean, and what their times hold. */
#include "a_desk.h"
#include "views/parts.h"

static void test_words(void **state)
{
	static const char *const same[][2] = { { "HLT", "hlt" }, { "CPUID", "cpuid" },
		{ "IO_INSTRUCTION", "io" }, { "EXTERNAL_INTERRUPT", "interrupt" },
		{ "EPT_VIOLATION", "npf" }, { "MSR_WRITE", "msr" }, { "CR_ACCESS", "write_cr3" },
		{ "UD excp", "GP excp" }, { "INTERRUPT_WINDOW", "vintr" } };

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_true(*exit_words("exit", same[i][0]));
		assert_ptr_equal(exit_words("exit", same[i][0]), exit_words("exit", same[i][1]));
	}
	assert_true(*exit_words("user", "IO"));
	assert_ptr_not_equal(exit_words("user", "IO"), exit_words("exit", "io"));
	assert_string_equal(exit_words("exit", "0x77f"), "");
	assert_string_equal(exit_words("user", "cpuid"), "");
}

static void add_exit(struct snapshot *s, enum table_id t, struct key key, const char *kind,
    const char *reason, double rate)
{
	struct row *row = snapshot_row(s, t, key);
	uint64_t at = s->moment.mono_ns;

	cell_set_text(s, row, EXIT_KIND, kind, at);
	cell_set_text(s, row, EXIT_REASON, reason, at);
	cell_set_text(s, row, EXIT_METHOD, "counted", at);
	cell_set_number(row, EXIT_COUNT, rate, at);
}

/* Of web1, which hardly waits, and of db1, whose vCPUs wait 11 %. */
static struct snapshot *sample_with_exits(void)
{
	struct snapshot *s = a_sample(&small);

	add_exit(s, TABLE_HOST_EXIT, key_host(1), "exit", "interrupt", 300);
	add_exit(s, TABLE_HOST_EXIT, key_host(2), "exit", "io", 100);
	add_exit(s, TABLE_HOST_EXIT, key_host(3), "user", "IO", 80);
	for (uint64_t pid = 10; pid <= 20; pid += 10)
		add_exit(s, TABLE_EXIT, key_of(key_process(pid, 1), 1), "exit", "interrupt", 150);
	cell_set_text(s, snapshot_find(s, TABLE_EXIT, key_of(key_process(20, 1), 1)), EXIT_DOMAIN,
	    "db1", s->moment.mono_ns);
	snapshot_link(s);
	return s;
}

static void test_share_is_of_all(void **state)
{
	struct snapshot *s = sample_with_exits();
	static const double shares[] = { 0.75, 0.25, 0.2 };

	(void)state;
	snapshot_derive(s);
	for (uint64_t i = 0; i < 3; i++)
		assert_float_equal(
		    cell_number(snapshot_find(s, TABLE_HOST_EXIT, key_host(i + 1)), EXIT_SHARE, 0),
		    shares[i], 1e-9);
	snapshot_unref(s);
}

static void open_exits(struct desk *d, const char *keys)
{
	desk_open(d, &small, 40, 200);
	snapshot_unref(d->now);
	d->now = sample_with_exits();
	press(d, keys);
}

static void test_what_times_hold(void **state)
{
	struct desk d;

	(void)state;
	open_exits(&d, "7");
	sees(&d, "All guests, interrupt: an interrupt of the host came");
	sees_not(&d, "Times hold waiting"); /* 9 %: not enough for a mark */
	press(&d, "End Up");
	sees(&d, "interrupt: an interrupt of the host came");
	desk_close(&d);
	open_exits(&d, "7 / \"db1\" Enter Enter");
	sees(&d, "db1: why it is left");
	sees(&d, "db1, interrupt: an interrupt of the host came");
	sees(&d, "Times hold waiting for a CPU, too: its vCPUs wait 11 %.");
	desk_close(&d);
	open_exits(&d, "7 / \"web1\" Enter Enter");
	sees(&d, "web1: why it is left");
	sees_not(&d, "Times hold waiting");
	desk_close(&d);
}

static void test_details(void **state)
{
	struct desk d;

	(void)state;
	open_exits(&d, "7 Enter");
	sees(&d, "All about this reason to leave any guest of the host");
	sees(&d, "interrupt: an interrupt of the host came");
	sees_not(&d, "Process on the host that runs the guest.");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_share_is_of_all),
		cmocka_unit_test(test_what_times_hold),
		cmocka_unit_test(test_details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
