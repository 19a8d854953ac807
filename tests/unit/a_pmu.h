/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel of the test's own that counts events: no PMU is needed, and all of them are had. And a
 * collector of counters at work there. */
#ifndef KVMTOP_TESTS_A_PMU_H
#define KVMTOP_TESTS_A_PMU_H

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

#endif
