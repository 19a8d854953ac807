/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware counters, with a kernel of the test's own: no PMU is needed, and all of them are had. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/counters.h"
#include "tests/unit/captured.h"

#define FDS 512
#define PID 42

/* What was opened: as the kernel would know it. */
struct opened {
	bool open;
	struct perf_event_attr attr;
	pid_t tid;
	int group;
	uint64_t value;
};

struct fake {
	struct opened fd[FDS];
	int opened, closed;
	bool no_names;     /* the library is not installed */
	bool no_pmu;       /* all hardware events: -ENOENT */
	bool no_nodes;     /* those of the last one */
	const char *nodes; /* how names begin that tell local and remote loads; NULL: all do */
	pid_t busy;        /* this thread gets no hardware events for now */
	int refuse;        /* every open fails so */
	int group_max;     /* members that have room; 0: all */
	int descriptors;   /* that there are; 0: enough */
	uint64_t enabled_ns, running_ns;
};

static const struct counter_kernel *kernel_of(struct fake *f);

static bool is_node_name(const char *name)
{
	return strstr(name, "DRAM") || strstr(name, "MEM_IO");
}

static uint64_t node_code(const char *name)
{
	return 0xd00 + strlen(name);
}

static int fake_encode(void *ctx, const char *name, struct perf_event_attr *ret)
{
	const struct fake *f = ctx;

	if (f->no_names)
		return -ENOSYS;
	if (strncmp(name, "none", 4) == 0)
		return -ENOENT;
	if (is_node_name(name)) {
		if (f->nodes && strncmp(name, f->nodes, strlen(f->nodes)) != 0)
			return -ENOENT;
		*ret = (struct perf_event_attr){ .type = PERF_TYPE_RAW, .config = node_code(name) };
		return 0;
	}
	/* The library knows the usual names; others get a code of their own. */
	if (counter_kernel_live.encode(NULL, name, ret) == 0)
		return 0;
	*ret = (struct perf_event_attr){ .type = PERF_TYPE_RAW, .config = strlen(name) };
	return 0;
}

static bool is_node(const struct perf_event_attr *a)
{
	return a->type == PERF_TYPE_RAW && a->config >= 0xd00;
}

static int count_members(const struct fake *f, int group)
{
	int n = 1;

	for (int i = 0; i < FDS; i++)
		n += f->fd[i].open && f->fd[i].group == group;
	return n;
}

static int fake_open(void *ctx, const struct perf_event_attr *attr, pid_t tid, int group)
{
	struct fake *f = ctx;

	if (f->refuse)
		return f->refuse;
	if (attr->type != PERF_TYPE_SOFTWARE && (f->no_pmu || (f->no_nodes && is_node(attr))))
		return -ENOENT;
	if (attr->type != PERF_TYPE_SOFTWARE && tid == f->busy)
		return -EBUSY;
	if (group >= 0 && f->group_max && count_members(f, group) >= f->group_max)
		return -EINVAL;
	if (f->descriptors && f->opened - f->closed >= f->descriptors)
		return -EMFILE;
	for (int i = 0; i < FDS; i++)
		if (!f->fd[i].open) {
			f->fd[i] = (struct opened){ true, *attr, tid, group, 0 };
			f->opened++;
			return i;
		}
	return -EMFILE;
}

/* As PERF_FORMAT_GROUP lays it out. */
static ssize_t fake_read(void *ctx, int fd, void *buf, size_t size)
{
	struct fake *f = ctx;
	uint64_t out[16] = { 0, f->enabled_ns, f->running_ns };
	size_t n = 1;

	assert_true(f->fd[fd].open && f->fd[fd].group < 0);
	assert_int_equal(f->fd[fd].attr.read_format,
	    PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING);
	out[3] = f->fd[fd].value;
	for (int i = 0; i < FDS; i++)
		if (f->fd[i].open && f->fd[i].group == fd)
			out[3 + n++] = f->fd[i].value;
	out[0] = n;
	assert_true(size >= (3 + n) * sizeof(uint64_t));
	memcpy(buf, out, (3 + n) * sizeof(uint64_t));
	return (ssize_t)((3 + n) * sizeof(uint64_t));
}

static void fake_close(void *ctx, int fd)
{
	struct fake *f = ctx;

	assert_true(f->fd[fd].open);
	f->fd[fd].open = false;
	f->closed++;
}

static const struct counter_kernel *kernel_of(struct fake *f)
{
	static struct counter_kernel kernel = {
		.encode = fake_encode, .open = fake_open, .read = fake_read, .close = fake_close
	};

	kernel.ctx = f;
	return &kernel;
}

static struct opened *find(
    struct fake *f, pid_t tid, uint32_t type, uint64_t config, enum counter_side side)
{
	for (int i = 0; i < FDS; i++)
		if (f->fd[i].open && f->fd[i].tid == tid && f->fd[i].attr.type == type &&
		    f->fd[i].attr.config == config &&
		    f->fd[i].attr.exclude_host == (side == SIDE_GUEST) &&
		    f->fd[i].attr.exclude_guest == (side == SIDE_HOST))
			return &f->fd[i];
	return NULL;
}

static void set(struct fake *f, pid_t tid, uint64_t config, enum counter_side side, uint64_t value)
{
	struct opened *o = find(f, tid, PERF_TYPE_HARDWARE, config, side);

	assert_non_null(o);
	o->value = value;
}

/* A guest with vCPUs of the threads 100, 101, … */
struct desk {
	struct fake fake;
	struct root *root;
	struct sampling options;
	void *state;
	struct snapshot *latest, *into;
	struct reading r;
	size_t vcpus;
};

static struct snapshot *make_latest(size_t vcpus)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = 1000000000 });
	struct key guest = key_process(PID, 7);
	struct row *domain = snapshot_row(s, TABLE_DOMAIN, guest);

	cell_set_number(domain, DOMAIN_PID, PID, 1);
	for (size_t i = 0; i < vcpus; i++) {
		struct row *row = snapshot_row(s, TABLE_VCPU, key_of(guest, 100 + i));

		cell_set_number(row, VCPU_TID, 100 + (double)i, 1);
		cell_set_number(row, VCPU_NUMBER, (double)i, 1);
	}
	snapshot_link(s);
	return s;
}

static void desk_open(struct desk *d, size_t vcpus, const char *events)
{
	assert_int_equal(root_open("/", &d->root), 0);
	d->options.events = events;
	d->vcpus = vcpus;
	d->latest = make_latest(vcpus);
	d->state = counters_new(&d->options, kernel_of(&d->fake));
}

static enum state desk_read(struct desk *d)
{
	enum state outcome;

	if (d->into)
		snapshot_unref(d->into);
	d->into = make_latest(d->vcpus);
	d->r = (struct reading){ .state = d->state,
		.root = d->root,
		.options = &d->options,
		.latest = d->latest,
		.into = d->into,
		.now_ns = d->r.now_ns + 1000000000 };
	outcome = counters_read(&d->r);
	snapshot_link(d->into);
	return outcome;
}

static void desk_close(struct desk *d)
{
	counters_close(d->state);
	assert_int_equal(d->fake.opened, d->fake.closed);
	snapshot_unref(d->latest);
	snapshot_unref(d->into);
	root_close(d->root);
	*d = (struct desk){ 0 };
}

static const struct cell *vcpu_cell(const struct desk *d, int n, int column)
{
	return &d->into->table[TABLE_VCPU].row[n]->cell[column];
}

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
