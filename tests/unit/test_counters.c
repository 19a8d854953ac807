/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware counters: which are opened, what they count, and what is said where some are not had. */
#include "tests/unit/a_pmu.h"

static void test_guest_and_host_apart(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d, 1, NULL);
	assert_int_equal(desk_read(&d), STATE_OK);
	set(&d.fake, 100, PERF_COUNT_HW_CPU_CYCLES, SIDE_GUEST, 1000);
	set(&d.fake, 100, PERF_COUNT_HW_INSTRUCTIONS, SIDE_GUEST, 500);
	set(&d.fake, 100, PERF_COUNT_HW_CPU_CYCLES, SIDE_HOST, 250);
	d.fake.enabled_ns = d.fake.running_ns = 1000000;
	assert_int_equal(desk_read(&d), STATE_OK);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->count, 1000);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_INSTRUCTIONS)->count, 500);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES_HOST)->count, 250);
	assert_true(cell_number(d.into->table[TABLE_VCPU].row[0], VCPU_COUNTED, 0) == 1);
	assert_string_equal(d.r.note, "");
	desk_close(&d);
}

/* Half of the time it had its turn: what it counted stands for all of it, and it says so. */
static void test_taking_turns(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d, 1, NULL);
	desk_read(&d);
	set(&d.fake, 100, PERF_COUNT_HW_CPU_CYCLES, SIDE_GUEST, 1000);
	d.fake.enabled_ns = 4000000;
	d.fake.running_ns = 2000000;
	desk_read(&d);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->count, 2000);
	assert_true(cell_number(d.into->table[TABLE_VCPU].row[0], VCPU_COUNTED, 0) == 0.5);
	assert_non_null(strstr(d.r.note, "counted 50 % of the time at least, and scaled"));
	/* Now all of the time: the total goes on from there, and never back. */
	set(&d.fake, 100, PERF_COUNT_HW_CPU_CYCLES, SIDE_GUEST, 1100);
	d.fake.enabled_ns = 5000000;
	d.fake.running_ns = 3000000;
	desk_read(&d);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->count, 2100);
	/* No turn since: nothing is known of that time until the next one. */
	d.fake.enabled_ns = 6000000;
	desk_read(&d);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->count, 2100);
	set(&d.fake, 100, PERF_COUNT_HW_CPU_CYCLES, SIDE_GUEST, 1200);
	d.fake.enabled_ns = 7000000;
	d.fake.running_ns = 4000000;
	desk_read(&d);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->count, 2300);
	/* Never any more: better no figure than a wrong one. */
	d.fake.enabled_ns = 9000000000;
	desk_read(&d);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->state, STATE_ABSENT);
	assert_non_null(strstr(d.r.note, "never get a counter"));
	desk_close(&d);
}

static void test_no_pmu(void **state)
{
	static struct desk d;

	(void)state;
	d.fake.no_pmu = true;
	desk_open(&d, 2, NULL);
	assert_int_equal(desk_read(&d), STATE_OK);
	find(&d.fake, 101, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, SIDE_ALL)->value = 17;
	d.fake.enabled_ns = d.fake.running_ns = 1;
	desk_read(&d);
	assert_int_equal(vcpu_cell(&d, 1, VCPU_PAGE_FAULTS)->count, 17);
	assert_int_equal(vcpu_cell(&d, 1, VCPU_CYCLES)->state, STATE_ABSENT);
	assert_int_equal(vcpu_cell(&d, 1, VCPU_COUNTED)->state, STATE_ABSENT);
	assert_string_equal(
	    d.r.note, "Software events only: this host has no hardware PMU that counts them.");
	/* What nobody has is not tried for each vCPU: three software events each. */
	assert_int_equal(d.fake.opened, 6);
	/* Rows are of what can be counted: switches, migrations, page faults. */
	assert_int_equal(d.into->table[TABLE_EVENT].n, 3);
	desk_close(&d);
}

static void test_no_remote_loads(void **state)
{
	static struct desk d;

	(void)state;
	d.fake.no_nodes = true;
	desk_open(&d, 1, NULL);
	assert_int_equal(desk_read(&d), STATE_OK);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_REMOTE_LOADS)->state, STATE_ABSENT);
	assert_non_null(strstr(d.r.note, "2 events, such as local_loads, not counted"));
	desk_close(&d);
}

/* Each family of CPUs has events of its own for them, and a half of a pair tells nothing. */
static void test_loads_by_family(void **state)
{
	static const char *const names[][2] = {
		{ "MEM_LOAD_L3_MISS_RETIRED:LOCAL_DRAM", "MEM_LOAD_L3_MISS_RETIRED:REMOTE_DRAM" },
		{ "MEM_LOAD_UOPS_L3_MISS_RETIRED:LOCAL_DRAM",
		    "MEM_LOAD_UOPS_L3_MISS_RETIRED:REMOTE_DRAM" },
		{ "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:DRAM_IO_NEAR",
		    "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:DRAM_IO_FAR" },
	};
	static struct desk d;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *family = xstrndup(names[i][0], strcspn(names[i][0], ":"));

		d.fake.nodes = family;
		desk_open(&d, 1, NULL);
		assert_int_equal(desk_read(&d), STATE_OK);
		find(&d.fake, 100, PERF_TYPE_RAW, node_code(names[i][0]), SIDE_GUEST)->value = 30;
		find(&d.fake, 100, PERF_TYPE_RAW, node_code(names[i][1]), SIDE_GUEST)->value = 10;
		d.fake.enabled_ns = d.fake.running_ns = 1;
		desk_read(&d);
		assert_int_equal(vcpu_cell(&d, 0, VCPU_LOCAL_LOADS)->count, 30);
		assert_int_equal(vcpu_cell(&d, 0, VCPU_REMOTE_LOADS)->count, 10);
		desk_close(&d);
		free(family);
	}
	d.fake.nodes = "MEM_LOAD_L3_MISS_RETIRED:LOCAL";
	desk_open(&d, 1, NULL);
	assert_int_equal(desk_read(&d), STATE_OK);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_LOCAL_LOADS)->state, STATE_ABSENT);
	assert_true(vcpu_cell(&d, 0, VCPU_REMOTE_LOADS)->at_ns > 0);
	assert_string_equal(d.r.note, "2 events, such as local_loads, not counted: libpfm4 knows "
				      "none on this CPU that tell them.");
	desk_close(&d);
}

/* A PMU with two counters: what does not fit together is opened in groups of its own. */
static void test_small_pmu(void **state)
{
	static struct desk d;

	(void)state;
	d.fake.group_max = 2;
	desk_open(&d, 1, NULL);
	assert_int_equal(desk_read(&d), STATE_OK);
	assert_int_equal(d.fake.opened, 7 * 2 + 3);
	set(&d.fake, 100, PERF_COUNT_HW_CACHE_MISSES, SIDE_HOST, 5);
	d.fake.enabled_ns = d.fake.running_ns = 1;
	desk_read(&d);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_LLC_MISSES_HOST)->count, 5);
	desk_close(&d);
}

static void test_no_right(void **state)
{
	static struct desk d;

	(void)state;
	d.fake.refuse = -EACCES;
	desk_open(&d, 2, NULL);
	assert_int_equal(desk_read(&d), STATE_DENIED);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->state, STATE_DENIED);
	assert_non_null(strstr(d.r.note, "2 vCPUs not counted: that takes CAP_PERFMON"));
	/* A right that comes later is noticed. */
	d.fake.refuse = 0;
	d.r.now_ns += 60000000000;
	assert_int_equal(desk_read(&d), STATE_OK);
	assert_true(d.fake.opened > 0);
	desk_close(&d);
}

/* What one thread cannot have, others can, and it can later: nobody loses what he has by that. */
static void test_busy_for_one(void **state)
{
	static struct desk d;

	(void)state;
	d.fake.busy = 100;
	desk_open(&d, 2, NULL);
	assert_int_equal(desk_read(&d), STATE_OK);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->state, STATE_ABSENT);
	assert_int_equal(vcpu_cell(&d, 1, VCPU_CYCLES)->state, STATE_OK);
	assert_int_equal(d.fake.opened, 3 + 17);
	assert_string_equal(d.r.note,
	    "7 events, such as cycles, not counted in all vCPUs: something "
	    "else holds the PMU.");
	d.fake.busy = 0;
	desk_read(&d);
	assert_int_equal(d.fake.opened, 3 + 17);
	d.r.now_ns += 60000000000;
	desk_read(&d);
	assert_int_equal(d.fake.opened, 17 + 17);
	assert_int_equal(d.fake.closed, 0);
	set(&d.fake, 100, PERF_COUNT_HW_CPU_CYCLES, SIDE_GUEST, 1000);
	d.fake.enabled_ns = d.fake.running_ns = 1;
	desk_read(&d);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->count, 1000);
	assert_string_equal(d.r.note, "");
	desk_close(&d);
}

static void test_few_descriptors(void **state)
{
	static struct desk d;

	(void)state;
	/* One vCPU takes 17. */
	d.fake.descriptors = 40;
	desk_open(&d, 5, NULL);
	assert_int_equal(desk_read(&d), STATE_OK);
	assert_int_equal(d.fake.opened - d.fake.closed, 34);
	assert_non_null(strstr(d.r.note, "3 of 5 vCPUs not counted"));
	assert_int_equal(vcpu_cell(&d, 1, VCPU_CYCLES)->state, STATE_OK);
	assert_int_equal(vcpu_cell(&d, 4, VCPU_CYCLES)->state, STATE_ABSENT);
	desk_close(&d);
}

static void test_thread_gone(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d, 2, NULL);
	desk_read(&d);
	assert_int_equal(d.fake.opened, 34);
	snapshot_unref(d.latest);
	d.latest = make_latest(1);
	desk_read(&d);
	assert_int_equal(d.fake.closed, 17);
	desk_close(&d);
}

static void test_hidden(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d, 2, NULL);
	desk_read(&d);
	assert_non_null(d.r.rest);
	assert_false(d.r.rest(d.state, 1));
	assert_int_equal(d.fake.closed, 0);
	assert_true(d.r.rest(d.state, 60000000000));
	assert_int_equal(d.fake.closed, d.fake.opened);
	desk_close(&d);
}

static const struct row *event_row(const struct desk *d, const char *name)
{
	const struct table *t = &d->into->table[TABLE_EVENT];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], EVENT_NAME), name) == 0)
			return t->row[i];
	return NULL;
}

static void test_events_by_name(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d, 2, " MYEVENT:x , cycles,none-such,cycles,perf::INSTRUCTIONS");
	desk_read(&d);
	for (int tid = 100; tid < 102; tid++)
		find(&d.fake, tid, PERF_TYPE_RAW, strlen("MYEVENT:x"), SIDE_GUEST)->value = 7;
	d.fake.enabled_ns = d.fake.running_ns = 1;
	desk_read(&d);
	assert_non_null(event_row(&d, "MYEVENT:x"));
	assert_int_equal(event_row(&d, "MYEVENT:x")->cell[EVENT_GUEST].count, 14);
	assert_non_null(event_row(&d, "cycles"));
	assert_non_null(event_row(&d, "instructions"));
	assert_null(event_row(&d, "llc_misses"));
	assert_non_null(event_row(&d, "page_faults"));
	assert_int_equal(d.into->table[TABLE_EVENT].n, 6);
	assert_true(d.r.partial);
	assert_non_null(strstr(d.r.note, "libpfm4 knows no event 'none-such'"));
	desk_close(&d);
}

static void test_no_library(void **state)
{
	static struct desk d;

	(void)state;
	desk_open(&d, 2, NULL);
	d.fake.no_names = true;
	assert_int_equal(desk_read(&d), STATE_ABSENT);
	assert_int_equal(d.fake.opened, 0);
	assert_true(d.r.partial);
	assert_non_null(strstr(d.r.note, "libpfm4, which names the events, is not installed"));
	desk_close(&d);
}

/* Names that libpfm4 itself is to know on every machine. */
static void test_usual_names(void **state)
{
	struct counter_events events;

	(void)state;
	counter_events_init(&events, NULL, &counter_kernel_live);
	assert_int_equal(events.n, 10);
	assert_string_equal(events.unknown, "");
	assert_int_equal(events.event[0].attr.type, PERF_TYPE_HARDWARE);
	assert_int_equal(events.event[0].attr.config, PERF_COUNT_HW_CPU_CYCLES);
	/* Where the CPU is none of those that are known, they are there all the same, and absent.
	 */
	assert_string_equal(events.event[6].name, "remote_loads");
	assert_true(events.event[9].software);
}

/* ---- what comes of it ---- */

static void test_derived(void **state)
{
	struct snapshot *before = make_latest(2), *s = make_latest(2);

	(void)state;
	s->moment.mono_ns += 1000000000;
	for (int i = 0; i < 2; i++) {
		struct row *old = before->table[TABLE_VCPU].row[i];
		struct row *row = s->table[TABLE_VCPU].row[i];
		uint64_t factor = (uint64_t)i + 1;

		for (int c = 0; c < VCPU_COLUMNS; c++)
			if (table_kinds[TABLE_VCPU].column[c].src == SRC_COUNTERS &&
			    table_kinds[TABLE_VCPU].column[c].key)
				cell_set_count(old, c, 0, 1000000000);
		cell_set_count(row, VCPU_CYCLES, 1000000 * factor, 2000000000);
		cell_set_count(row, VCPU_CYCLES_HOST, 250000 * factor, 2000000000);
		cell_set_count(row, VCPU_INSTRUCTIONS, 500000, 2000000000);
		cell_set_count(row, VCPU_LLC_MISSES, 1000, 2000000000);
		cell_set_count(row, VCPU_LOCAL_LOADS, 80, 2000000000);
		cell_set_count(row, VCPU_REMOTE_LOADS, 40 * (uint64_t)i, 2000000000);
		cell_set_missing(row, VCPU_DTLB_MISSES, STATE_ABSENT, 2000000000);
		cell_set_number(row, VCPU_COUNTED, 0.5 * (i + 1), 2000000000);
	}
	snapshot_rate(s, before);
	snapshot_derive(s);
	assert_true(cell_number(s->table[TABLE_VCPU].row[0], VCPU_IPC, 0) == 0.5);
	assert_true(cell_number(s->table[TABLE_VCPU].row[1], VCPU_IPC, 0) == 0.25);
	assert_true(cell_number(s->table[TABLE_VCPU].row[0], VCPU_LLC_MPKI, 0) == 2);
	assert_true(cell_number(s->table[TABLE_VCPU].row[0], VCPU_CYCLES_HOST_SHARE, 0) == 0.2);
	assert_false(cell_has(s->table[TABLE_VCPU].row[0], VCPU_DTLB_MPKI));
	assert_true(cell_number(s->table[TABLE_DOMAIN].row[0], DOMAIN_CYCLES, 0) == 3000000);
	assert_true(cell_number(s->table[TABLE_DOMAIN].row[0], DOMAIN_IPC, 0) == 1.0 / 3);
	assert_true(cell_number(s->table[TABLE_DOMAIN].row[0], DOMAIN_REMOTE, 0) == 0.2);
	assert_true(cell_number(s->table[TABLE_DOMAIN].row[0], DOMAIN_COUNTED, 0) == 0.5);
	assert_false(cell_has(s->table[TABLE_DOMAIN].row[0], DOMAIN_DTLB_MPKI));
	snapshot_unref(before);
	snapshot_unref(s);
}

/* ---- captures ---- */

struct kept_notes {
	struct text text;
};

static void keep_note(void *ctx, enum seen kind, const char *path, const char *data, size_t len)
{
	struct kept_notes *k = ctx;

	(void)kind;
	if (strncmp(path, "kvmtop/counters", 15) == 0)
		archive_write_entry(&k->text, path, false, data, len);
}

static void test_captured_again(void **state)
{
	static const char head[] = "kvmtop-host 1\n## 1000000000 1795000000000000000\n";
	static struct desk d;
	struct kept_notes notes = { 0 };
	struct root *live;

	(void)state;
	text_append(&notes.text, head, sizeof(head) - 1);
	d.fake.no_nodes = true;
	desk_open(&d, 1, NULL);
	root_watch(d.root, keep_note, &notes);
	desk_read(&d);
	notes.text.len = 0;
	text_append(&notes.text, head, sizeof(head) - 1);
	set(&d.fake, 100, PERF_COUNT_HW_CPU_CYCLES, SIDE_GUEST, 1000);
	d.fake.enabled_ns = 4000000;
	d.fake.running_ns = 1000000;
	desk_read(&d);
	text_append(&notes.text, ARCHIVE_END, strlen(ARCHIVE_END));
	live = d.root;
	assert_int_equal(root_open_archive(notes.text.p, notes.text.len, &d.root), 0);
	root_close(live);
	assert_int_equal(desk_read(&d), STATE_OK);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_CYCLES)->count, 4000);
	assert_int_equal(vcpu_cell(&d, 0, VCPU_REMOTE_LOADS)->state, STATE_ABSENT);
	assert_true(cell_number(d.into->table[TABLE_VCPU].row[0], VCPU_COUNTED, 0) == 0.25);
	assert_non_null(strstr(d.r.note, "2 events, such as local_loads, not counted"));
	assert_non_null(event_row(&d, "cycles"));
	text_done(&notes.text);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_and_host_apart),
		cmocka_unit_test(test_taking_turns),
		cmocka_unit_test(test_no_pmu),
		cmocka_unit_test(test_no_remote_loads),
		cmocka_unit_test(test_loads_by_family),
		cmocka_unit_test(test_small_pmu),
		cmocka_unit_test(test_no_right),
		cmocka_unit_test(test_busy_for_one),
		cmocka_unit_test(test_few_descriptors),
		cmocka_unit_test(test_thread_gone),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_events_by_name),
		cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_usual_names),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_captured_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
