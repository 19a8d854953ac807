/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's answers, from captured hosts: which row they belong to, and what they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/archive.h"
#include "base/root.h"
#include "collectors/collector.h"
#include "collectors/lane.h"
#include "collectors/values.h"
#include "model/told.h"

#define WEB "f9619846-04cd-4b46-ae0b-3cab9f80a0bf"
#define DB "d10a7262-7d62-456c-8461-4a72b9b78b2d"
#define MIB 1048576.0
#define WALL_S 1795000000

/* The host as it is known before libvirt is asked, and what comes of that. */
struct host {
	struct text text;
	struct root *root;
	struct sampling options;
	struct slot slot;
	struct snapshot *latest, *told;
};

static void add(struct host *h, const char *path, const char *content)
{
	char head[128];
	int n = snprintf(head, sizeof(head), "== %s\n", path);

	text_append(&h->text, head, (size_t)n);
	text_append(&h->text, content, strlen(content));
}

static struct host host_of(const char *domains)
{
	static const char head[] = "kvmtop-host 1\n## 5000000000 1795000000000000000\n";
	struct host h = { .options.interval_ns = NS_PER_SEC };

	text_append(&h.text, head, sizeof(head) - 1);
	add(&h, "proc/meminfo", "Hugepagesize:    2048 kB\n");
	if (domains)
		add(&h, "kvmtop/libvirt/domains", domains);
	h.latest = snapshot_new((struct moment){ .mono_ns = 5 * NS_PER_SEC });
	return h;
}

static struct row *process(struct host *h, unsigned pid, const char *name, const char *uuid)
{
	struct row *row = snapshot_row(h->latest, TABLE_DOMAIN, key_process(pid, 100));

	cell_set_text(h->latest, row, DOMAIN_NAME, name, 5 * NS_PER_SEC);
	if (uuid)
		cell_set_text(h->latest, row, DOMAIN_UUID, uuid, 5 * NS_PER_SEC);
	return row;
}

static struct key vcpu(struct host *h, const struct row *domain, unsigned number)
{
	struct row *row = snapshot_row(h->latest, TABLE_VCPU, key_of(domain->key, 1000 + number));

	cell_set_number(row, VCPU_NUMBER, number, 5 * NS_PER_SEC);
	return row->key;
}

static const struct collector *collector_of(enum source_id src)
{
	const struct collector *c = collectors;

	while (c->src != src)
		c++;
	return c;
}

static const struct snapshot *ask(struct host *h, enum source_id src)
{
	text_append(&h->text, ARCHIVE_END, strlen(ARCHIVE_END));
	assert_int_equal(root_open_archive(h->text.p, h->text.len, &h->root), 0);
	snapshot_link(h->latest);
	slot_init(&h->slot, collector_of(src), &h->options);
	slot_read(&h->slot, h->root, &h->options, h->latest, NULL);
	snapshot_unref(h->told);
	h->told = told_open(h->slot.result);
	return h->told;
}

static void host_done(struct host *h)
{
	slot_done(&h->slot);
	snapshot_unref(h->told);
	snapshot_unref(h->latest);
	root_close(h->root);
	text_done(&h->text);
}

/* A hundred guests that were found together are not described together a minute later. */
static void turns_are_apart_and_stay_so(void **state)
{
	uint64_t turn[4] = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		turn[i] = turn_after(0, 1000, 60, i + 1, 4);
		assert_true(turn[i] == 1000 + 15 * (i + 1));
	}
	assert_true(turn_after(turn[0], 1015, 60, 1, 4) == 1075);
	/* An event. */
	assert_true(turn_after(turn[1], 1016, 60, 2, 4) == turn[1]);
	assert_true(turn_after(turn[1], turn[1] + 1, 60, 2, 4) == turn[1] + 61);
}

static void fills_the_process_of_that_uuid(void **state)
{
	struct host h = host_of("driver QEMU local\ndomain " WEB " 7 paused yes web\n"
				"domain " DB " 8 running no  a name\nmigrated " DB "\n");
	struct row *web = process(&h, 70, "other name", "F9619846-04CD-4B46-AE0B-3CAB9F80A0BF");
	struct key first = vcpu(&h, web, 0), second = vcpu(&h, web, 1);
	const struct row *db = process(&h, 80, "a name", DB), *row;
	const struct snapshot *s;

	(void)state;
	add(&h, "kvmtop/libvirt/" WEB ".xml",
	    "<domain><title>T</title><memory>65536</memory><vcpu current='2'>4</vcpu>"
	    "<memoryBacking><hugepages/></memoryBacking><memtune><hard_limit>131072</hard_limit>"
	    "</memtune><cputune><vcpupin vcpu='1' cpuset='2-3'/><emulatorpin cpuset='1'/></cputune>"
	    "<numatune><memory mode='strict' nodeset='1'/></numatune><devices>"
	    "<memballoon model='virtio'><stats period='10'/></memballoon></devices></domain>\n");
	add(&h, "kvmtop/libvirt/" WEB ".saved",
	    "<domain><maxMemory>131072</maxMemory><memoryBacking><locked/></memoryBacking>"
	    "<vcpu>4</vcpu><cpu mode='host-model'/><cputune><vcpupin vcpu='0' cpuset='5'/>"
	    "<emulatorpin cpuset='0-1'/></cputune>"
	    "<numatune><memory mode='preferred' nodeset='0'/></numatune></domain>\n");
	add(&h, "kvmtop/libvirt/" DB ".xml", "<domain><memory>32768</memory></domain>\n");
	s = ask(&h, SRC_LIBVIRT);
	assert_int_equal(h.slot.outcome, STATE_OK);
	assert_string_equal(h.slot.note, "2 active guests (as captured).");
	assert_int_equal(s->table[TABLE_DOMAIN].n, 2);

	row = snapshot_find(s, TABLE_DOMAIN, web->key);
	assert_string_equal(cell_text(row, DOMAIN_NAME), "web");
	assert_string_equal(cell_text(row, DOMAIN_LIBVIRT_STATE), "paused");
	assert_string_equal(cell_text(row, DOMAIN_AUTOSTART), "yes");
	assert_string_equal(cell_text(row, DOMAIN_TITLE), "T");
	assert_string_equal(cell_text(row, DOMAIN_NUMA_MODE), "strict 1");
	assert_string_equal(cell_text(row, DOMAIN_EMULATOR_PINNED), "1");
	assert_true(cell_number(row, DOMAIN_LIBVIRT_ID, -1) == 7);
	assert_true(cell_number(row, DOMAIN_MEMORY, 0) == 64 * MIB);
	assert_true(cell_number(row, DOMAIN_HUGE_SIZE, 0) == 2 * MIB);
	assert_string_equal(cell_text(row, DOMAIN_MEMORY_BACKING), "hugepages");
	assert_true(cell_number(row, DOMAIN_HARD_LIMIT, 0) == 128 * MIB);
	assert_true(cell_number(row, DOMAIN_SOFT_LIMIT, -1) == 0);
	assert_string_equal(cell_text(row, DOMAIN_BALLOON_MODEL), "virtio");
	assert_true(cell_number(row, DOMAIN_BALLOON_PERIOD, 0) == 10);
	assert_true(cell_number(row, DOMAIN_VCPUS_DEFINED, 0) == 2);
	assert_true(cell_number(row, DOMAIN_VCPUS_MAXIMUM, 0) == 4);
	assert_string_equal(cell_text(row, DOMAIN_CPU_MODE), "none");
	assert_string_equal(cell_text(row, DOMAIN_SAVED), "yes");
	assert_string_equal(cell_text(row, DOMAIN_CPU_MODE_SAVED), "host-model");
	assert_string_equal(cell_text(row, DOMAIN_NUMA_MODE_SAVED), "preferred 0");
	assert_string_equal(cell_text(row, DOMAIN_EMULATOR_PINNED_SAVED), "0-1");
	assert_string_equal(cell_text(row, DOMAIN_MEMORY_BACKING_SAVED), "locked");
	assert_true(cell_number(row, DOMAIN_MEMORY_MAXIMUM_SAVED, 0) == 128 * MIB);
	assert_true(cell_number(row, DOMAIN_HARD_LIMIT_SAVED, -1) == 0);
	assert_string_equal(cell_text(row, DOMAIN_MIGRATED), "no");
	row = snapshot_find(s, TABLE_VCPU, first);
	assert_false(cell_has(row, VCPU_PINNED));
	assert_string_equal(cell_text(row, VCPU_PINNED_SAVED), "5");
	row = snapshot_find(s, TABLE_VCPU, second);
	assert_string_equal(cell_text(row, VCPU_PINNED), "2-3");
	assert_false(cell_has(row, VCPU_PINNED_SAVED));

	row = snapshot_find(s, TABLE_DOMAIN, db->key);
	assert_string_equal(cell_text(row, DOMAIN_NAME), " a name");
	assert_false(cell_has(row, DOMAIN_NUMA_MODE));
	assert_string_equal(cell_text(row, DOMAIN_MEMORY_BACKING), "none");
	assert_string_equal(cell_text(row, DOMAIN_BALLOON_MODEL), "none");
	assert_false(cell_has(row, DOMAIN_HUGE_SIZE));
	assert_false(cell_has(row, DOMAIN_SAVED));
	assert_string_equal(cell_text(row, DOMAIN_MIGRATED), "yes");
	host_done(&h);
}

static void the_name_finds_a_process_without_uuid(void **state)
{
	struct host h = host_of("driver QEMU local\ndomain " WEB " 7 running no tab\\x09b\n");
	const struct row *web = process(&h, 70, "tab\tb", NULL);
	const struct snapshot *s;

	(void)state;
	process(&h, 71, "tab\tb", DB);
	s = ask(&h, SRC_LIBVIRT);
	assert_int_equal(s->table[TABLE_DOMAIN].n, 1);
	assert_non_null(snapshot_find(s, TABLE_DOMAIN, web->key));
	host_done(&h);
}

static void the_name_decides_between_equal_uuids(void **state)
{
	struct host h = host_of("driver QEMU local\ndomain " WEB " 7 running no web\n");
	const struct row *web;
	const struct snapshot *s;

	(void)state;
	process(&h, 70, "copy", WEB);
	web = process(&h, 71, "web", WEB);
	process(&h, 72, "another", WEB);
	s = ask(&h, SRC_LIBVIRT);
	assert_int_equal(s->table[TABLE_DOMAIN].n, 1);
	assert_non_null(snapshot_find(s, TABLE_DOMAIN, web->key));
	host_done(&h);
}

static void another_hosts_guest_is_not_the_local_process(void **state)
{
	struct host h = host_of("driver QEMU remote\ndomain " WEB " 7 running no web\n");
	const struct row *web = process(&h, 70, "web", WEB), *row;
	const struct snapshot *s = ask(&h, SRC_LIBVIRT);

	(void)state;
	assert_null(snapshot_find(s, TABLE_DOMAIN, web->key));
	row = snapshot_find(s, TABLE_DOMAIN, key_uuid(WEB));
	assert_non_null(row);
	assert_string_equal(cell_text(row, DOMAIN_UUID), WEB);
	host_done(&h);
}

static void a_guest_without_process_has_a_row_of_its_own(void **state)
{
	struct host h = host_of("driver QEMU local\ndomain " WEB " -1 unknown no web\n");
	const struct row *row;

	(void)state;
	row = snapshot_find(ask(&h, SRC_LIBVIRT), TABLE_DOMAIN, key_uuid(WEB));
	assert_string_equal(cell_text(row, DOMAIN_NAME), "web");
	assert_false(cell_has(row, DOMAIN_LIBVIRT_STATE));
	assert_false(cell_has(row, DOMAIN_LIBVIRT_ID));
	/* Its XML was not captured. */
	assert_false(cell_has(row, DOMAIN_MEMORY));
	assert_non_null(strstr(h.slot.note, "The XML of 1 guest could not be read."));
	host_done(&h);
}

static void only_the_wanted_guest_is_told(void **state)
{
	struct host h = host_of("driver QEMU local\ndomain " WEB " 7 running no web\n"
				"domain " DB " 8 running no db\n");
	const struct snapshot *s;

	(void)state;
	h.options.guest = "db";
	s = ask(&h, SRC_LIBVIRT);
	assert_int_equal(s->table[TABLE_DOMAIN].n, 1);
	assert_non_null(snapshot_find(s, TABLE_DOMAIN, key_uuid(DB)));
	host_done(&h);
}

static void damaged_lines_are_left_out(void **state)
{
	struct host h = host_of("driver\ndomain\ndomain ../../../etc/passwd 1 running no a\n"
				"domain " WEB "0 1 running no a\ndomain " WEB " x running no a\n"
				"domain " WEB " 1\ndomain " WEB " 99999999999 running no a\n"
				"\ngibberish\ndomain " DB " 8 running no\\\n");
	const struct snapshot *s = ask(&h, SRC_LIBVIRT);
	const struct row *row = snapshot_find(s, TABLE_DOMAIN, key_uuid(DB));

	(void)state;
	assert_int_equal(s->table[TABLE_DOMAIN].n, 1);
	assert_string_equal(cell_text(row, DOMAIN_NAME), "");
	host_done(&h);
}

static void nothing_captured_is_said(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct host h = host_of(NULL);
		const struct snapshot *s = ask(&h, i ? SRC_BALLOON : SRC_LIBVIRT);

		assert_int_equal(h.slot.outcome, STATE_ABSENT);
		assert_string_equal(h.slot.note, "This capture holds no answers of libvirt.");
		assert_int_equal(s->table[TABLE_DOMAIN].n, 0);
		host_done(&h);
	}
}

static void switched_off_is_said(void **state)
{
	struct host h = host_of("driver QEMU local\ndomain " WEB " 7 running no web\n");

	(void)state;
	h.options.uri = "none";
	ask(&h, SRC_LIBVIRT);
	assert_int_equal(h.slot.outcome, STATE_ABSENT);
	assert_string_equal(h.slot.note, "Switched off by -c none.");
	host_done(&h);
}

static void balloon_figures_reach_their_columns(void **state)
{
	struct host h = host_of("driver QEMU local\n");
	const struct row *web = process(&h, 70, "web", WEB), *by_hand, *row;
	const struct snapshot *s;

	(void)state;
	by_hand = process(&h, 80, "by hand", DB);
	add(&h, "kvmtop/libvirt/" WEB ".balloon",
	    "current: 1024\nmaximum: 2048\nswap_in: 3\nswap_out: 18446744073709551615\n"
	    "major_fault: 12\nunused: x\nlast-update: 1794999993\nrss: 1\nnew_one: 5\n");
	s = ask(&h, SRC_BALLOON);
	assert_string_equal(h.slot.note, "1 guest answered.");
	row = snapshot_find(s, TABLE_DOMAIN, web->key);
	assert_true(cell_number(row, DOMAIN_BALLOON, 0) == MIB);
	assert_true(cell_number(row, DOMAIN_BALLOON_MAXIMUM, 0) == 2 * MIB);
	assert_int_equal(row->cell[DOMAIN_GUEST_SWAP_IN].count, 3 * 1024);
	assert_false(cell_has(row, DOMAIN_GUEST_SWAP_OUT));
	assert_int_equal(row->cell[DOMAIN_GUEST_MAJOR_FAULTS].count, 12);
	assert_false(cell_has(row, DOMAIN_GUEST_UNUSED));
	assert_true(cell_number(row, DOMAIN_BALLOON_AGE, 0) == WALL_S - 1794999993);
	assert_null(snapshot_find(s, TABLE_DOMAIN, by_hand->key));
	host_done(&h);
}

static void a_stopped_guest_is_not_asked(void **state)
{
	struct host h = host_of("driver QEMU local\n");
	struct row *web = process(&h, 70, "web", WEB);
	const struct row *row;

	(void)state;
	cell_set_number(web, DOMAIN_STOPPED, 3, 5 * NS_PER_SEC);
	add(&h, "kvmtop/libvirt/" WEB ".balloon", "current: 1024\nrss: 1\n");
	row = snapshot_find(ask(&h, SRC_BALLOON), TABLE_DOMAIN, web->key);
	assert_int_equal(row->cell[DOMAIN_BALLOON].state, STATE_STUCK);
	assert_string_equal(h.slot.note, "1 guest is stopped and not asked.");
	host_done(&h);
}

/* Another job had the guest: without "rss" libvirt told only what it knew without asking. */
static void a_busy_guest_keeps_its_figures(void **state)
{
	struct host h = host_of("driver QEMU local\n");
	struct row *web = process(&h, 70, "web", WEB);
	const struct row *row;

	(void)state;
	cell_set_number(web, DOMAIN_GUEST_UNUSED, 7 * MIB, 2 * NS_PER_SEC);
	cell_set_number(web, DOMAIN_BALLOON, 9 * MIB, 2 * NS_PER_SEC);
	add(&h, "kvmtop/libvirt/" WEB ".balloon", "current: 1024\n");
	row = snapshot_find(ask(&h, SRC_BALLOON), TABLE_DOMAIN, web->key);
	assert_true(cell_number(row, DOMAIN_BALLOON, 0) == MIB);
	assert_true(cell_number(row, DOMAIN_GUEST_UNUSED, 0) == 7 * MIB);
	assert_int_equal(row->cell[DOMAIN_GUEST_UNUSED].at_ns, 2 * NS_PER_SEC);
	host_done(&h);
}

#define OFF "0d2c1b3a-1111-4222-8333-444455556666"
#define EMPTY "0d2c1b3a-1111-4222-8333-444455557777"

static void tells_guests_that_do_not_run(void **state)
{
	struct host h = host_of("driver QEMU local\ndefinitions\ndefined " OFF " yes  db 2\n"
				"defined " EMPTY " no x\ndefined nonsense no y\n");
	const struct row *row;
	const struct snapshot *s;

	(void)state;
	add(&h, "proc/meminfo", "Hugepagesize: 2048 kB\n");
	add(&h, "kvmtop/libvirt/" OFF ".saved",
	    "<domain><memory>65536</memory><memoryBacking><hugepages/><source type='memfd'/>"
	    "</memoryBacking><numatune><memory mode='strict' nodeset='0'/>"
	    "<memnode cellid='1' mode='strict' nodeset='2'/></numatune></domain>\n");
	s = ask(&h, SRC_LIBVIRT);
	assert_int_equal(s->table[TABLE_DEFINED].n, 2);
	assert_true(cell_number(s->table[TABLE_HOST].row[0], HOST_DEFINED, -1) == 2);
	row = s->table[TABLE_DEFINED].row[0];
	assert_string_equal(cell_text(row, DEFINED_NAME), " db 2");
	assert_string_equal(cell_text(row, DEFINED_UUID), OFF);
	assert_string_equal(cell_text(row, DEFINED_AUTOSTART), "yes");
	assert_string_equal(cell_text(row, DEFINED_NODES), "0,2");
	assert_string_equal(cell_text(row, DEFINED_MEMORY_BACKING), "hugepages memfd");
	assert_true(cell_number(row, DEFINED_MEMORY, 0) == 64 * MIB);
	assert_true(cell_number(row, DEFINED_HUGE_SIZE, 0) == 2 * MIB);
	/* Its XML is not there. */
	row = s->table[TABLE_DEFINED].row[1];
	assert_string_equal(cell_text(row, DEFINED_AUTOSTART), "no");
	assert_false(cell_has(row, DEFINED_MEMORY) || cell_has(row, DEFINED_HUGE_SIZE));
	assert_int_equal(s->table[TABLE_DOMAIN].n, 0);
	host_done(&h);
}

/* Captures of old do not tell, and what is defined on another host wants nothing of this one. */
static void tells_no_others(void **state)
{
	static const char *const answers[] = { "driver QEMU local\n",
		"driver QEMU remote\ndefinitions\ndefined " OFF " yes db\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct host h = host_of(answers[i]);
		const struct snapshot *s = ask(&h, SRC_LIBVIRT);

		assert_int_equal(s->table[TABLE_DEFINED].n, 0);
		assert_null(snapshot_find(s, TABLE_HOST, key_host(0)));
		host_done(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_the_process_of_that_uuid),
		cmocka_unit_test(turns_are_apart_and_stay_so),
		cmocka_unit_test(tells_guests_that_do_not_run),
		cmocka_unit_test(tells_no_others),
		cmocka_unit_test(the_name_finds_a_process_without_uuid),
		cmocka_unit_test(the_name_decides_between_equal_uuids),
		cmocka_unit_test(another_hosts_guest_is_not_the_local_process),
		cmocka_unit_test(a_guest_without_process_has_a_row_of_its_own),
		cmocka_unit_test(only_the_wanted_guest_is_told),
		cmocka_unit_test(damaged_lines_are_left_out),
		cmocka_unit_test(nothing_captured_is_said),
		cmocka_unit_test(switched_off_is_said),
		cmocka_unit_test(balloon_figures_reach_their_columns),
		cmocka_unit_test(a_stopped_guest_is_not_asked),
		cmocka_unit_test(a_busy_guest_keeps_its_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
