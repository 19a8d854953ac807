/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables that a test fills row by row, and what is derived from them. Include it behind cmocka.h.
 */
#ifndef KVMTOP_TESTS_UNIT_DERIVED_H
#define KVMTOP_TESTS_UNIT_DERIVED_H

#include <math.h>

#include "model/snapshot.h"

#define MIB (1024.0 * 1024)
#define GIB (1024 * MIB)
#define SECOND NS_PER_SEC

static inline struct snapshot *sample(uint64_t second)
{
	return snapshot_new((struct moment){ .mono_ns = second * SECOND });
}

static inline void derive(struct snapshot *s, const struct snapshot *before)
{
	snapshot_link(s);
	snapshot_rate(s, before);
	snapshot_derive(s);
}

static inline struct row *host(struct snapshot *s)
{
	return snapshot_row(s, TABLE_HOST, key_host(0));
}

static inline void assert_value(const struct row *row, enum table_id t, int column, double expected)
{
	const struct column *c = &table_kinds[t].column[column];
	double v = NAN;

	if (!cell_value(c, &row->cell[column], &v))
		fail_msg("%s has no value but is %s", c->name,
		    state_name(cell_state(c, &row->cell[column])));
	if (fabs(v - expected) > 1e-6 * (1 + fabs(expected)))
		fail_msg("%s is %f instead of %f", c->name, v, expected);
}

static inline void assert_missing(
    const struct row *row, enum table_id t, int column, enum state why)
{
	const struct column *c = &table_kinds[t].column[column];
	double v = NAN;

	if (cell_value(c, &row->cell[column], &v))
		fail_msg("%s is %f instead of %s", c->name, v, state_name(why));
	assert_string_equal(state_name(cell_state(c, &row->cell[column])), state_name(why));
}

static inline void assert_cell_text(const struct row *row, int column, const char *expected)
{
	assert_true(cell_has(row, column));
	assert_string_equal(cell_text(row, column), expected);
}

/* Times of one CPU since it started, in hundredths of a second. */
struct ticks {
	uint64_t guest, user, system, irq, steal, idle, iowait;
};

static inline void add_cpu(struct snapshot *s, unsigned number, int node, struct ticks t)
{
	struct row *row = snapshot_row(s, TABLE_CPU, key_host(number));
	uint64_t at = s->moment.mono_ns, tick = SECOND / 100;

	cell_set_number(row, CPU_NUMBER, number, at);
	if (node >= 0)
		cell_set_number(row, CPU_NODE, node, at);
	cell_set_count(row, CPU_GUEST, t.guest * tick, at);
	cell_set_count(row, CPU_USER, t.user * tick, at);
	cell_set_count(row, CPU_SYSTEM, t.system * tick, at);
	cell_set_count(row, CPU_IRQ, t.irq * tick, at);
	cell_set_count(row, CPU_STEAL, t.steal * tick, at);
	cell_set_count(row, CPU_IDLE, t.idle * tick, at);
	cell_set_count(row, CPU_IOWAIT, t.iowait * tick, at);
}

static inline struct row *add_node(struct snapshot *s, unsigned number)
{
	struct row *row = snapshot_row(s, TABLE_NODE, key_host(number));

	cell_set_number(row, NODE_NUMBER, number, s->moment.mono_ns);
	return row;
}

static inline struct row *add_pool(
    struct snapshot *s, unsigned node, double page_size, double total, double unused)
{
	uint64_t at = s->moment.mono_ns;
	struct row *row =
	    snapshot_row(s, TABLE_HUGEPOOL, key_host((uint64_t)node << 40 | (uint64_t)page_size));

	cell_set_number(row, HUGEPOOL_NODE, node, at);
	cell_set_number(row, HUGEPOOL_PAGE_SIZE, page_size, at);
	cell_set_number(row, HUGEPOOL_TOTAL, total, at);
	cell_set_number(row, HUGEPOOL_FREE, unused, at);
	return row;
}

static inline struct row *add_guest(struct snapshot *s, unsigned pid, const char *name)
{
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key_process(pid, 1));

	cell_set_text(s, row, DOMAIN_NAME, name, s->moment.mono_ns);
	cell_set_number(row, DOMAIN_PID, pid, s->moment.mono_ns);
	return row;
}

/* @run and @wait: time since it started, in ns. */
static inline struct row *add_vcpu(struct snapshot *s, const struct row *guest, unsigned number,
    int cpu, uint64_t run, uint64_t wait)
{
	struct row *row = snapshot_row(s, TABLE_VCPU, key_of(guest->key, number + 100));
	uint64_t at = s->moment.mono_ns;

	cell_set_number(row, VCPU_NUMBER, number, at);
	cell_set_number(row, VCPU_CPU, cpu, at);
	cell_set_count(row, VCPU_RUN, run, at);
	cell_set_count(row, VCPU_WAIT, wait, at);
	return row;
}

#endif
