/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/root.h"
#include "model/snapshot.h"
#include "output/csv.h"
#include "output/status.h"
#include "output/writer.h"

#define SECOND NS_PER_SEC

static const int some_columns[] = { DOMAIN_NAME, DOMAIN_PID, DOMAIN_VM_EXITS, DOMAIN_RSS,
	DOMAIN_BALLOON, DOMAIN_LOCAL };
static const struct sheet some = { .table = TABLE_DOMAIN,
	.column = some_columns,
	.columns = sizeof(some_columns) / sizeof(some_columns[0]) };

static void assert_number(double v, const char *expected)
{
	struct text out = { 0 };

	text_append(&out, "", 0);
	csv_number(&out, v);
	assert_string_equal(out.p, expected);
	text_done(&out);
}

static void numbers_are_exact_and_short(void **state)
{
	(void)state;
	assert_number(0, "0");
	assert_number(-0.0, "0");
	assert_number(-1e-10, "0");
	assert_number(1, "1");
	assert_number(-12, "-12");
	assert_number(0.5, "0.5");
	assert_number(1.0 / 3, "0.333333");
	assert_number(2.12, "2.12");
	assert_number(100, "100");
	assert_number(9007199254740991.0, "9007199254740991");
	assert_number(9007199254740992.0, "9007199254740992");
	assert_number(18446744073709551616.0, "18446744073709551616");
}

static void what_is_not_finite_is_empty(void **state)
{
	(void)state;
	assert_number(NAN, "");
	assert_number(INFINITY, "");
	assert_number(-INFINITY, "");
}

static void assert_text(const char *s, const char *expected)
{
	struct text out = { 0 };

	text_append(&out, "", 0);
	csv_text(&out, s);
	assert_string_equal(out.p, expected);
	text_done(&out);
}

static void text_is_quoted_where_it_must_be(void **state)
{
	(void)state;
	assert_text("web1", "web1");
	assert_text("", "");
	assert_text("a,b", "\"a,b\"");
	assert_text("a \"b\"", "\"a \"\"b\"\"\"");
	assert_text("a\nb", "\"a\nb\"");
	assert_text("a\rb", "\"a\rb\"");
	assert_text(" a", "\" a\"");
	assert_text("a ", "\"a \"");
	assert_text("=1+1", "=1+1");
	assert_text("虚拟机", "虚拟机");
}

static struct snapshot *sample(uint64_t second)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = second * SECOND,
	    .wall_ns = (int64_t)(1795000000 * SECOND + 123 * NS_PER_MS) });

	return s;
}

static struct row *guest(struct snapshot *s, uint64_t exits)
{
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key_process(7, 100));
	uint64_t now = s->moment.mono_ns;

	cell_set_text(s, row, DOMAIN_NAME, "a,b", now);
	cell_set_number(row, DOMAIN_PID, 7, now);
	cell_set_count(row, DOMAIN_VM_EXITS, exits, now);
	cell_set_number(row, DOMAIN_RSS, 17179869184.0, now);
	cell_set_missing(row, DOMAIN_BALLOON, STATE_ABSENT, now);
	cell_set_number(row, DOMAIN_LOCAL, 0.61, now);
	return row;
}

static void assert_rows(const struct snapshot *s, const char *expected)
{
	struct text out = { 0 };

	text_append(&out, "", 0);
	csv_sample(&some, s, s->table[TABLE_DOMAIN].row, s->table[TABLE_DOMAIN].n, &out);
	assert_string_equal(out.p, expected);
	text_done(&out);
}

static void the_head_has_units_in_its_names(void **state)
{
	struct text out = { 0 };

	(void)state;
	csv_head(&some, &out);
	assert_string_equal(out.p, "time,interval_seconds,name,pid,vm_exits_per_second,rss_bytes,"
				   "balloon_bytes,local_ratio,status\n");
	text_done(&out);
}

static void a_row_has_rates_and_empty_fields(void **state)
{
	struct snapshot *before = sample(1), *now = sample(3);

	(void)state;
	guest(before, 1000);
	guest(now, 1500);
	snapshot_rate(now, before);
	assert_rows(now, "2026-11-18T11:06:40.123Z,2,\"a,b\",7,250,17179869184,,0.61,ok\n");
	snapshot_unref(before);
	snapshot_unref(now);
}

static void a_first_sample_has_no_rate(void **state)
{
	struct snapshot *now = sample(3);

	(void)state;
	guest(now, 1500);
	snapshot_rate(now, NULL);
	assert_rows(now, "2026-11-18T11:06:40.123Z,0,\"a,b\",7,,17179869184,,0.61,first\n");
	snapshot_unref(now);
}

static void a_counter_that_goes_back_is_a_reset(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);

	(void)state;
	guest(before, 1000);
	guest(now, 10);
	snapshot_rate(now, before);
	assert_rows(now, "2026-11-18T11:06:40.123Z,1,\"a,b\",7,,17179869184,,0.61,reset\n");
	snapshot_unref(before);
	snapshot_unref(now);
}

static enum status status_after(enum state local, double stuck, const char *placement_state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	enum status source[SOURCES], status;
	struct row *row, *told;

	guest(before, 1000);
	row = guest(now, 1000);
	cell_set_missing(row, DOMAIN_LOCAL, local, now->moment.mono_ns);
	if (stuck > 0)
		cell_set_number(row, DOMAIN_STUCK, stuck, now->moment.mono_ns);
	told = snapshot_row(now, TABLE_SOURCE, key_host(SRC_PLACEMENT));
	cell_set_text(now, told, SOURCE_STATE, placement_state, now->moment.mono_ns);
	snapshot_rate(now, before);
	status_sources(now, source);
	status = status_row(&some, row, source);
	snapshot_unref(before);
	snapshot_unref(now);
	return status;
}

/* All figures are there but those that this guest does not have. */
static enum status status_with_placement(const char *placement_state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	enum status source[SOURCES], status;
	struct row *row, *told;

	guest(before, 1000);
	row = guest(now, 1000);
	told = snapshot_row(now, TABLE_SOURCE, key_host(SRC_PLACEMENT));
	cell_set_text(now, told, SOURCE_STATE, placement_state, now->moment.mono_ns);
	snapshot_rate(now, before);
	status_sources(now, source);
	status = status_row(&some, row, source);
	snapshot_unref(before);
	snapshot_unref(now);
	return status;
}

static void rows_of_a_guest_that_is_stuck_say_so(void **state)
{
	static const int columns[] = { VCPU_DOMAIN, VCPU_NUMBER };
	static const struct sheet sheet = { .table = TABLE_VCPU, .column = columns, .columns = 2 };
	enum status source[SOURCES] = { STATUS_OK };
	struct snapshot *s = sample(1);
	struct row *domain = guest(s, 1000);
	struct row *row = snapshot_row(s, TABLE_VCPU, key_of(domain->key, 1));

	(void)state;
	cell_set_text(s, row, VCPU_DOMAIN, "a,b", s->moment.mono_ns);
	cell_set_number(row, VCPU_NUMBER, 0, s->moment.mono_ns);
	snapshot_link(s);
	assert_int_equal(status_row(&sheet, row, source), STATUS_OK);
	cell_set_number(domain, DOMAIN_STUCK, 0, s->moment.mono_ns);
	assert_int_equal(status_row(&sheet, row, source), STATUS_STUCK);
	snapshot_unref(s);
}

static void the_worst_figure_makes_the_status(void **state)
{
	(void)state;
	assert_int_equal(status_after(STATE_ABSENT, 0, "ok"), STATUS_OK);
	assert_int_equal(status_after(STATE_DENIED, 0, "ok"), STATUS_DENIED);
	/* What is stuck is a source; of a guest only its own silence counts. */
	assert_int_equal(status_after(STATE_STUCK, 0, "ok"), STATUS_PARTIAL);
	assert_int_equal(status_after(STATE_FIRST, 0, "ok"), STATUS_FIRST);
	assert_int_equal(status_after(STATE_DENIED, 3, "ok"), STATUS_STUCK);
}

static void what_is_absent_counts_when_its_source_is_in_trouble(void **state)
{
	(void)state;
	assert_int_equal(status_after(STATE_ABSENT, 0, "starting"), STATUS_PARTIAL);
	assert_int_equal(status_after(STATE_ABSENT, 0, "denied"), STATUS_DENIED);
	assert_int_equal(status_after(STATE_ABSENT, 0, "stuck"), STATUS_PARTIAL);
	assert_int_equal(status_after(STATE_ABSENT, 0, "partial"), STATUS_PARTIAL);
	assert_int_equal(status_after(STATE_ABSENT, 3, "partial"), STATUS_STUCK);
	/* What came is right, whatever else its source lacks. */
	assert_int_equal(status_with_placement("partial"), STATUS_OK);
	assert_int_equal(status_with_placement("stuck"), STATUS_OK);
	assert_int_equal(status_after(STATE_ABSENT, 0, "absent"), STATUS_OK);
	assert_int_equal(status_after(STATE_ABSENT, 0, "off"), STATUS_OK);
}

static void what_kvm_lacks_is_nothing_to_an_emulated_guest(void **state)
{
	static const int columns[] = { DOMAIN_VM_EXITS, DOMAIN_EXITS };
	static const struct sheet sheet = {
		.table = TABLE_DOMAIN, .column = columns, .columns = 2
	};
	enum status source[SOURCES] = { STATUS_OK };
	struct snapshot *s = sample(1);
	struct row *row = guest(s, 1000);

	(void)state;
	source[SRC_KVM] = STATUS_DENIED;
	cell_set_missing(row, DOMAIN_VM_EXITS, STATE_ABSENT, s->moment.mono_ns);
	snapshot_link(s);
	assert_int_equal(status_row(&sheet, row, source), STATUS_DENIED);
	cell_set_text(s, row, DOMAIN_VMM, VMM_EMULATED, s->moment.mono_ns);
	assert_int_equal(status_row(&sheet, row, source), STATUS_OK);
	snapshot_unref(s);
}

static void every_table_has_distinct_names(void **state)
{
	(void)state;
	for (int t = 0; t < TABLES; t++) {
		const struct table_kind *kind = &table_kinds[t];
		char a[96], b[96];

		for (int i = 0; i < kind->columns; i++) {
			column_csv_name(&kind->column[i], a, sizeof(a));
			assert_string_not_equal(a, "time");
			assert_string_not_equal(a, "interval_seconds");
			assert_string_not_equal(a, "status");
			assert_int_equal(
			    strspn(a, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(a));
			for (int j = 0; j < i; j++) {
				column_csv_name(&kind->column[j], b, sizeof(b));
				assert_string_not_equal(a, b);
			}
		}
	}
}

/* A guest whose vCPUs nobody could count leaves the host's sum open. */
static void a_sum_that_lacks_a_part_is_not_ok(void **state)
{
	static const int columns[] = { HOST_DOMAINS, HOST_VCPUS };
	static const struct sheet sheet = { .table = TABLE_HOST, .column = columns, .columns = 2 };
	struct snapshot *now = sample(1);
	enum status source[SOURCES];
	const struct row *row;

	(void)state;
	guest(now, 1000);
	snapshot_link(now);
	snapshot_rate(now, NULL);
	snapshot_derive(now);
	status_sources(now, source);
	row = snapshot_find(now, TABLE_HOST, key_host(0));
	assert_false(cell_has(row, HOST_VCPUS));
	assert_int_equal(status_row(&sheet, row, source), STATUS_PARTIAL);
	snapshot_unref(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_exact_and_short),
		cmocka_unit_test(what_is_not_finite_is_empty),
		cmocka_unit_test(text_is_quoted_where_it_must_be),
		cmocka_unit_test(the_head_has_units_in_its_names),
		cmocka_unit_test(a_row_has_rates_and_empty_fields),
		cmocka_unit_test(a_first_sample_has_no_rate),
		cmocka_unit_test(a_counter_that_goes_back_is_a_reset),
		cmocka_unit_test(the_worst_figure_makes_the_status),
		cmocka_unit_test(what_is_absent_counts_when_its_source_is_in_trouble),
		cmocka_unit_test(what_kvm_lacks_is_nothing_to_an_emulated_guest),
		cmocka_unit_test(a_sum_that_lacks_a_part_is_not_ok),
		cmocka_unit_test(rows_of_a_guest_that_is_stuck_say_so),
		cmocka_unit_test(every_table_has_distinct_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
