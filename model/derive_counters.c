/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What counted events mean: per cycle, per 1000 instructions, as shares; of vCPUs and of guests. */
#include <string.h>

#include "model/derive.h"

/* @column = @scale × @part ÷ @whole. */
struct quotient {
	int column, part, whole;
	bool of_sum; /* @whole is the rest of it */
	double scale;
};

static const struct quotient of_vcpu[] = {
	{ VCPU_IPC, VCPU_INSTRUCTIONS, VCPU_CYCLES, false, 1 },
	{ VCPU_IPC_HOST, VCPU_INSTRUCTIONS_HOST, VCPU_CYCLES_HOST, false, 1 },
	{ VCPU_LLC_MPKI, VCPU_LLC_MISSES, VCPU_INSTRUCTIONS, false, 1000 },
	{ VCPU_DTLB_MPKI, VCPU_DTLB_MISSES, VCPU_INSTRUCTIONS, false, 1000 },
	{ VCPU_BRANCH_MPKI, VCPU_BRANCH_MISSES, VCPU_INSTRUCTIONS, false, 1000 },
	{ VCPU_REMOTE, VCPU_REMOTE_LOADS, VCPU_LOCAL_LOADS, true, 1 },
	{ VCPU_CYCLES_HOST_SHARE, VCPU_CYCLES_HOST, VCPU_CYCLES, true, 1 },
};

static const struct quotient of_domain[] = {
	{ DOMAIN_IPC, DOMAIN_INSTRUCTIONS, DOMAIN_CYCLES, false, 1 },
	{ DOMAIN_IPC_HOST, DOMAIN_INSTRUCTIONS_HOST, DOMAIN_CYCLES_HOST, false, 1 },
	{ DOMAIN_LLC_MPKI, DOMAIN_LLC_MISSES, DOMAIN_INSTRUCTIONS, false, 1000 },
	{ DOMAIN_DTLB_MPKI, DOMAIN_DTLB_MISSES, DOMAIN_INSTRUCTIONS, false, 1000 },
	{ DOMAIN_BRANCH_MPKI, DOMAIN_BRANCH_MISSES, DOMAIN_INSTRUCTIONS, false, 1000 },
	{ DOMAIN_REMOTE, DOMAIN_REMOTE_LOADS, DOMAIN_LOCAL_LOADS, true, 1 },
	{ DOMAIN_CYCLES_HOST_SHARE, DOMAIN_CYCLES_HOST, DOMAIN_CYCLES, true, 1 },
};

/* Of guests: which column of their vCPUs is added up. */
static const struct {
	int column, vcpu;
} sums[] = {
	{ DOMAIN_CYCLES, VCPU_CYCLES },
	{ DOMAIN_CYCLES_HOST, VCPU_CYCLES_HOST },
	{ DOMAIN_INSTRUCTIONS, VCPU_INSTRUCTIONS },
	{ DOMAIN_INSTRUCTIONS_HOST, VCPU_INSTRUCTIONS_HOST },
	{ DOMAIN_LLC_MISSES, VCPU_LLC_MISSES },
	{ DOMAIN_BRANCH_MISSES, VCPU_BRANCH_MISSES },
	{ DOMAIN_DTLB_MISSES, VCPU_DTLB_MISSES },
	{ DOMAIN_LOCAL_LOADS, VCPU_LOCAL_LOADS },
	{ DOMAIN_REMOTE_LOADS, VCPU_REMOTE_LOADS },
	{ DOMAIN_PAGE_FAULTS, VCPU_PAGE_FAULTS },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void divide_row(
    struct snapshot *s, enum table_id t, struct row *row, const struct quotient *q)
{
	enum state why;
	double part, whole;

	if (!derive_operand(t, row, q->part, &part, &why) ||
	    !derive_operand(t, row, q->whole, &whole, &why)) {
		/* Of what was never read nothing is said. */
		if (row->cell[q->part].at_ns)
			derive_missing(s, row, q->column, why);
		return;
	}
	if (q->of_sum)
		whole += part;
	/* Nothing was done: there is no quotient. */
	if (whole > 0)
		derive_number(s, row, q->column, q->scale * part / whole);
	else
		derive_missing(s, row, q->column, STATE_ABSENT);
}

static bool divide(
    struct snapshot *s, enum table_id t, int column, const struct quotient *quotient, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (quotient[i].column != column)
			continue;
		for (size_t k = 0; k < s->table[t].n; k++)
			divide_row(s, t, s->table[t].row[k], &quotient[i]);
		return true;
	}
	return false;
}

void derive_vcpu_counters(struct snapshot *s, int column)
{
	divide(s, TABLE_VCPU, column, of_vcpu, COUNT(of_vcpu));
}

static void take_least_counted(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *row = s->table[TABLE_VCPU].row[i];
		double v = cell_number(row, VCPU_COUNTED, -1);

		if (row->domain && v >= 0 && v < cell_number(row->domain, column, 2))
			derive_number(s, row->domain, column, v);
	}
}

/* Sums stand behind the quotients in the table, so that each quotient sees to its own first. */
static void add_up(struct snapshot *s, int column)
{
	for (size_t i = 0; i < COUNT(sums); i++) {
		if (sums[i].column != column)
			continue;
		for (size_t k = 0; k < s->table[TABLE_DOMAIN].n; k++)
			s->table[TABLE_DOMAIN].row[k]->cell[column] = (struct cell){ 0 };
		derive_add_to_domain(s, TABLE_VCPU, sums[i].vcpu, NULL, column);
	}
}

void derive_domain_counters(struct snapshot *s, int column)
{
	if (column == DOMAIN_COUNTED) {
		take_least_counted(s, column);
		return;
	}
	for (size_t i = 0; i < COUNT(of_domain); i++)
		if (of_domain[i].column == column) {
			add_up(s, of_domain[i].part);
			add_up(s, of_domain[i].whole);
		}
	if (!divide(s, TABLE_DOMAIN, column, of_domain, COUNT(of_domain)))
		add_up(s, column);
}

/* The guest's instructions are counted, or nothing is said. */
void derive_event_per_1000(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_EVENT].n; i++) {
		struct row *row = s->table[TABLE_EVENT].row[i];
		double events, instructions;
		enum state why;

		if (!row->domain || !derive_operand(TABLE_EVENT, row, EVENT_GUEST, &events, &why) ||
		    !derive_operand(
			TABLE_DOMAIN, row->domain, DOMAIN_INSTRUCTIONS, &instructions, &why))
			continue;
		if (instructions > 0)
			derive_number(s, row, column, 1000 * events / instructions);
	}
}
