/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Placement of captured guests; and of this very process. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/procstat.h"
#include "tests/unit/captured.h"

#define MIB (1ULL << 20)
#define PAGE_BYTES 4096ULL
#define PID 42

/* ---- captured guests ---- */

#define NUMA_MAPS                                                             \
	"7f0000000000 default anon=1024 N0=1024 N2=512 kernelpagesize_kB=4\n" \
	"7f1000000000 default file=/h huge dirty=4 N2=4 kernelpagesize_kB=2048\n"
#define NODES "sys/devices/system/node/online"

static void start(struct captured *h)
{
	*h = (struct captured){ .state = placement_open(NULL) };
}

static struct row *take(struct captured *h, bool exact)
{
	struct row *row;

	captured_next(h);
	row = captured_guest(h, PID, "web");
	cell_set_number(row, DOMAIN_RSS, (double)(6 * MIB), 1);
	cell_set_number(row, DOMAIN_HUGETLB, 0, 1);
	captured_read(h, placement_read, exact);
	return row;
}

static const struct row *on_node(const struct captured *h, unsigned int node)
{
	return snapshot_find(h->now, TABLE_PLACEMENT, key_of(key_process(PID, 7), node + 1));
}

static void exact_from_numa_maps(void **state)
{
	struct captured h;
	const struct row *row;

	(void)state;
	start(&h);
	captured_sample(&h, 10);
	captured_file(&h, "proc/42/numa_maps", NUMA_MAPS);
	take(&h, false);
	assert_int_equal(h.outcome, STATE_OK);
	assert_non_null(strstr(h.note, "Exact of 1 guest."));
	row = on_node(&h, 2);
	assert_non_null(row);
	assert_true(cell_number(row, PLACEMENT_NODE, -1) == 2);
	assert_true(cell_number(row, PLACEMENT_MEMORY, 0) == 10.0 * MIB);
	assert_true(cell_number(row, PLACEMENT_HUGE, 0) == 8.0 * MIB);
	assert_true(cell_number(row, PLACEMENT_ERROR, -1) == 0);
	assert_string_equal(cell_text(row, PLACEMENT_METHOD), "exact");
	assert_string_equal(cell_text(row, PLACEMENT_DOMAIN), "web");
	assert_int_equal(row->cell[PLACEMENT_MEMORY].at_ns, 10 * NS_PER_SEC);
	assert_non_null(on_node(&h, 0));
	/* A node without memory has no row. */
	assert_null(on_node(&h, 1));
	captured_done(&h, placement_close);
}

/* What the live run had sampled, while no new reading was made, and when exact is asked for. */
static void sampled_from_the_capture(void **state)
{
	struct captured h;
	const struct row *row;

	(void)state;
	start(&h);
	captured_sample(&h, 10);
	captured_file(&h, "kvmtop/placement/42", "sampled\n0 1000 - 12345\n3 3000 500 100\n");
	captured_sample(&h, 11);
	captured_sample(&h, 12);
	captured_file(&h, "kvmtop/placement/42", "sampled\n1 4000 0 0\n");
	captured_file(&h, "proc/42/numa_maps", NUMA_MAPS);
	captured_sample(&h, 13);
	captured_file(&h, "kvmtop/placement/42", "sampled\n1 4000 0 0\n");
	captured_file(&h, "proc/42/numa_maps", NUMA_MAPS);
	take(&h, false);
	row = on_node(&h, 3);
	assert_non_null(row);
	assert_true(cell_number(row, PLACEMENT_MEMORY, 0) == 3000);
	assert_true(cell_number(row, PLACEMENT_HUGE, 0) == 500);
	assert_true(fabs(cell_number(row, PLACEMENT_ERROR, 0) - 0.0001) < 1e-9);
	assert_string_equal(cell_text(row, PLACEMENT_METHOD), "sampled");
	assert_int_equal(on_node(&h, 0)->cell[PLACEMENT_HUGE].state, STATE_ABSENT);
	take(&h, false);
	row = on_node(&h, 3);
	assert_non_null(row);
	assert_int_equal(row->cell[PLACEMENT_MEMORY].at_ns, 10 * NS_PER_SEC);
	take(&h, false);
	assert_null(on_node(&h, 3));
	assert_true(cell_number(on_node(&h, 1), PLACEMENT_MEMORY, 0) == 4000);
	take(&h, true);
	assert_null(on_node(&h, 1));
	assert_string_equal(cell_text(on_node(&h, 2), PLACEMENT_METHOD), "exact");
	captured_done(&h, placement_close);
}

static void damaged_captures_are_refused(void **state)
{
	static const char *const notes[] = { "", "sampled", "exact\n0 1 1 1\n", "sampled\n0\n",
		"sampled\n0 1 x 1\n", "sampled\n1024 1 1 1\n", "sampled\n0 -1 1 1\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct captured h;

		start(&h);
		captured_sample(&h, 10);
		captured_file(&h, NODES, "0-1\n");
		captured_file(&h, "kvmtop/placement/42", notes[i]);
		take(&h, false);
		assert_int_equal(h.now->table[TABLE_PLACEMENT].n, 0);
		captured_done(&h, placement_close);
	}
}

static void write_cgroup(struct captured *h, const char *procs)
{
	captured_sample(h, 10);
	captured_file(h, NODES, "0-1\n");
	captured_file(h, "proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
	captured_file(h, "proc/42/cgroup", "0::/m/web.scope/libvirt/emulator\n");
	captured_file(h, "sys/fs/cgroup/m/web.scope/memory.numa_stat",
	    "anon N0=4194304 N1=1048576\nshmem N0=0 N1=0\n");
	captured_file(h, "sys/fs/cgroup/m/web.scope/libvirt/cgroup.procs", procs);
}

static void by_cgroup(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	/* 77 is a helper of the guest, such as swtpm. */
	write_cgroup(&h, "42\n77\n");
	take(&h, false);
	assert_non_null(strstr(h.note, "By cgroup of 1 guest."));
	assert_string_equal(cell_text(on_node(&h, 0), PLACEMENT_METHOD), "cgroup");
	/* The group holds 5 MiB of the 6 that are resident; the rest is the program. */
	assert_true(fabs(cell_number(on_node(&h, 0), PLACEMENT_MEMORY, 0) - 4.8 * MIB) < 1);
	assert_true(fabs(cell_number(on_node(&h, 1), PLACEMENT_MEMORY, 0) - 1.2 * MIB) < 1);
	captured_done(&h, placement_close);
}

/* What of a guest lies in huge pages its group tells, if it is the guest's own. */
static void huge_pages_by_cgroup(void **state)
{
	static const char stat[] = "anon 1073741824\nshmem 0\nanon_thp 805306368\n";
	static const char shared[] = "anon 4096\nshmem 1073741824\nanon_thp 0\nshmem_thp 0\n";

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct captured h;
		struct row *row;

		start(&h);
		write_cgroup(&h, i == 1 ? "42\n43\n" : "42\n");
		captured_file(&h, "sys/fs/cgroup/m/web.scope/memory.stat", i == 2 ? shared : stat);
		captured_next(&h);
		row = captured_guest(&h, 42, "web");
		cell_set_number(row, DOMAIN_RSS, 1040 * MIB, 1);
		captured_guest(&h, 43, "other");
		captured_read(&h, placement_read, false);
		assert_true(
		    cell_number(row, DOMAIN_THP, -1) == (i == 0 ? 768.0 * (double)MIB : -1));
		captured_done(&h, placement_close);
	}
}

/* Two guests in one group: the sum is neither's. */
static void a_shared_cgroup_tells_nothing(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	write_cgroup(&h, "42\n43\n");
	captured_next(&h);
	cell_set_number(captured_guest(&h, PID, "web"), DOMAIN_RSS, (double)(6 * MIB), 1);
	captured_guest(&h, 43, "db");
	captured_read(&h, placement_read, false);
	assert_int_equal(h.outcome, STATE_ABSENT);
	assert_int_equal(h.now->table[TABLE_PLACEMENT].n, 0);
	captured_done(&h, placement_close);
}

static void a_group_of_another_size_tells_nothing(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	write_cgroup(&h, "42\n");
	captured_next(&h);
	cell_set_number(captured_guest(&h, PID, "web"), DOMAIN_RSS, (double)(60 * MIB), 1);
	captured_read(&h, placement_read, false);
	assert_int_equal(h.now->table[TABLE_PLACEMENT].n, 0);
	captured_done(&h, placement_close);
}

static void switched_off_or_without_numa(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	captured_sample(&h, 10);
	captured_sample(&h, 11);
	captured_file(&h, "proc/42/numa_maps", NUMA_MAPS);
	take(&h, false);
	assert_int_equal(h.outcome, STATE_ABSENT);
	assert_non_null(strstr(h.note, "without NUMA"));
	h.options.numa = NUMA_OFF;
	take(&h, false);
	assert_int_equal(h.outcome, STATE_ABSENT);
	assert_non_null(strstr(h.note, "--numa off"));
	assert_int_equal(h.now->table[TABLE_PLACEMENT].n, 0);
	captured_done(&h, placement_close);
}

/* ---- this process as a guest ---- */

#define OWN_BYTES (96 * MIB)

struct live {
	struct root *root;
	struct sampling options;
	struct snapshot *latest;
	struct row *self;
	void *state;
	double sum, error;
	uint64_t at_ns;
	const char *method;
	char note[240];
};

static bool live_open(struct live *l, enum numa_mode mode)
{
	char path[64], buf[1024];
	struct proc_stat stat;

	*l = (struct live){ .options = { .interval_ns = NS_PER_SEC, .numa = mode } };
	assert_int_equal(root_open("/", &l->root), 0);
	if (!root_exists(l->root, "proc/self/numa_maps"))
		return false;
	snprintf(path, sizeof(path), "proc/%d/stat", getpid());
	assert_true(root_read(l->root, path, buf, sizeof(buf)) > 0);
	assert_int_equal(proc_stat_parse(buf, &stat), 0);
	l->latest = snapshot_new(clock_now());
	l->self = snapshot_row(
	    l->latest, TABLE_DOMAIN, key_process((uint64_t)getpid(), stat.starttime_ticks));
	cell_set_text(l->latest, l->self, DOMAIN_NAME, "self", 1);
	cell_set_number(l->self, DOMAIN_MEMORY, (double)OWN_BYTES, 1);
	l->state = placement_open(&l->options);
	return true;
}

static void live_close(struct live *l)
{
	if (l->state)
		placement_close(l->state);
	snapshot_unref(l->latest);
	root_close(l->root);
}

static void live_read(struct live *l, bool exact)
{
	static char method[16];
	struct snapshot *into = snapshot_new(clock_now());
	struct reading r = { .state = l->state,
		.root = l->root,
		.options = &l->options,
		.latest = l->latest,
		.into = into,
		.now_ns = clock_mono_ns(),
		.exact = exact };

	placement_read(&r);
	memcpy(l->note, r.note, sizeof(l->note));
	l->sum = l->error = 0;
	for (size_t i = 0; i < into->table[TABLE_PLACEMENT].n; i++) {
		const struct row *row = into->table[TABLE_PLACEMENT].row[i];

		l->sum += cell_number(row, PLACEMENT_MEMORY, 0);
		l->error += cell_number(row, PLACEMENT_ERROR, 0);
		l->at_ns = row->cell[PLACEMENT_MEMORY].at_ns;
		snprintf(method, sizeof(method), "%s", cell_text(row, PLACEMENT_METHOD));
	}
	l->method = method;
	snapshot_unref(into);
}

static char *make_memory(void)
{
	char *memory =
	    mmap(NULL, OWN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(memory != MAP_FAILED);
	for (size_t i = 0; i < OWN_BYTES; i += PAGE_BYTES)
		memory[i] = 1;
	return memory;
}

/* Both ways come to the same sum, within the 2 % that are promised. */
static void exact_and_sampled_agree(void **state)
{
	struct live exact, sampled;
	char *memory = make_memory();
	bool can = live_open(&exact, NUMA_EXACT);

	(void)state;
	if (can) {
		live_read(&exact, false);
		assert_string_equal(exact.method, "exact");
		assert_true(exact.sum >= (double)OWN_BYTES);
		assert_true(live_open(&sampled, NUMA_SAMPLE));
		live_read(&sampled, false);
		live_read(&sampled, false);
		/* In a container the call may be forbidden; then there is nothing to compare. */
		if (strcmp(sampled.method, "sampled") == 0) {
			assert_true(fabs(sampled.sum - exact.sum) < 0.02 * (double)OWN_BYTES);
			assert_true(sampled.error > 0);
			live_read(&sampled, true);
			assert_string_equal(sampled.method, "exact");
			assert_true(sampled.error == 0);
		}
		live_close(&sampled);
	}
	live_close(&exact);
	munmap(memory, OWN_BYTES);
	if (!can)
		skip();
}

static void short_walks_are_made_unasked(void **state)
{
	struct live l;
	bool can = live_open(&l, NUMA_AUTO);

	(void)state;
	if (can) {
		live_read(&l, false);
		assert_string_equal(l.method, "exact");
	}
	live_close(&l);
	if (!can)
		skip();
}

/* However often it is asked, it spends what it has saved up and then its share of the time. */
static void it_stays_within_its_share_of_a_cpu(void **state)
{
	char *memory = make_memory();
	struct live l;
	bool can = live_open(&l, NUMA_EXACT), rests = false;
	uint64_t begin_ns = clock_mono_ns(), before_ns = 0;

	(void)state;
	while (can && !rests && clock_mono_ns() < begin_ns + 20 * NS_PER_SEC) {
		live_read(&l, false);
		rests = l.at_ns == before_ns;
		before_ns = l.at_ns;
	}
	assert_true(rests || !can);
	if (can) {
		/* One exact reading is made all the same when the user asks for it. */
		live_read(&l, true);
		assert_true(l.at_ns > before_ns);
	}
	live_close(&l);
	munmap(memory, OWN_BYTES);
	if (!can)
		skip();
}

/* A pid that is used again is another guest: nothing is read from it. */
static void another_process_is_not_read(void **state)
{
	struct live l;
	bool can = live_open(&l, NUMA_EXACT);

	(void)state;
	if (can) {
		l.self->key.born++;
		live_read(&l, false);
		assert_true(l.sum == 0);
	}
	live_close(&l);
	if (!can)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_from_numa_maps),
		cmocka_unit_test(sampled_from_the_capture),
		cmocka_unit_test(damaged_captures_are_refused),
		cmocka_unit_test(by_cgroup),
		cmocka_unit_test(huge_pages_by_cgroup),
		cmocka_unit_test(a_shared_cgroup_tells_nothing),
		cmocka_unit_test(a_group_of_another_size_tells_nothing),
		cmocka_unit_test(switched_off_or_without_numa),
		cmocka_unit_test(exact_and_sampled_agree),
		cmocka_unit_test(short_walks_are_made_unasked),
		cmocka_unit_test(it_stays_within_its_share_of_a_cpu),
		cmocka_unit_test(another_process_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
