/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's row tells, from its vCPUs and threads. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/derive.h"

static bool is_vhost(const struct row *row)
{
	return strncmp(cell_text(row, THREAD_ROLE), "vhost", 5) == 0;
}

static bool is_not_vhost(const struct row *row)
{
	return !is_vhost(row);
}

void derive_domain_state(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		const char *state = "running";

		if (cell_has(row, DOMAIN_STOPPED) || cell_has(row, DOMAIN_SILENT))
			state = "stuck";
		else if (cell_has(row, DOMAIN_LIBVIRT_STATE))
			state = cell_text(row, DOMAIN_LIBVIRT_STATE);
		cell_set_text(s, row, column, state, s->moment.mono_ns);
	}
}

void derive_domain_stuck(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		double stopped = cell_number(row, DOMAIN_STOPPED, -1);
		double silent = cell_number(row, DOMAIN_SILENT, -1);

		if (stopped >= 0 || silent >= 0)
			derive_number(s, row, column, stopped > silent ? stopped : silent);
	}
}

void derive_domain_vcpus(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];

		if (cell_has(row, DOMAIN_VCPUS_DEFINED))
			derive_number(s, row, column, row->cell[DOMAIN_VCPUS_DEFINED].number);
		else if (cell_has(row, DOMAIN_PID))
			derive_missing(s, row, column, STATE_UNKNOWN);
	}
	/* Threads that exist outweigh what the XML says. */
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++)
		if (s->table[TABLE_VCPU].row[i]->domain)
			derive_number(s, s->table[TABLE_VCPU].row[i]->domain, column, 0);
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++)
		if (s->table[TABLE_VCPU].row[i]->domain)
			s->table[TABLE_VCPU].row[i]->domain->cell[column].number++;
}

void derive_domain_cpu(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_VCPU, VCPU_RUN, NULL, column);
	derive_add_to_domain(s, TABLE_THREAD, THREAD_RUN, NULL, column);
}

void derive_domain_vcpu_run(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_VCPU, VCPU_RUN, NULL, column);
}

void derive_domain_wait(struct snapshot *s, int column)
{
	double *vcpus = xcalloc(s->table[TABLE_DOMAIN].n, sizeof(*vcpus)), v;
	enum state why;

	derive_add_to_domain(s, TABLE_VCPU, VCPU_WAIT, NULL, column);
	/* A vCPU that has just come has no figure yet and must not lower the mean. */
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *row = s->table[TABLE_VCPU].row[i];

		if (row->domain && derive_operand(TABLE_VCPU, row, VCPU_WAIT, &v, &why))
			vcpus[row->domain->number]++;
	}
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		if (vcpus[i] > 0)
			s->table[TABLE_DOMAIN].row[i]->cell[column].number /= vcpus[i];
	free(vcpus);
}

void derive_domain_wait_worst(struct snapshot *s, int column)
{
	const struct column *wait = &table_kinds[TABLE_VCPU].column[VCPU_WAIT];

	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *row = s->table[TABLE_VCPU].row[i];
		double v;

		if (row->domain && cell_value(wait, &row->cell[VCPU_WAIT], &v) &&
		    v >= cell_number(row->domain, column, 0))
			derive_number(s, row->domain, column, v);
	}
}

void derive_domain_guest(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_VCPU, VCPU_GUEST, NULL, column);
}

void derive_domain_emulator(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_THREAD, THREAD_RUN, is_not_vhost, column);
}

void derive_domain_vhost(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_THREAD, THREAD_RUN, is_vhost, column);
}

void derive_domain_threads(struct snapshot *s, int column)
{
	static const enum table_id tables[] = { TABLE_VCPU, TABLE_THREAD };

	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < s->table[tables[t]].n; i++) {
			struct row *domain = s->table[tables[t]].row[i]->domain;

			if (domain)
				derive_number(
				    s, domain, column, cell_number(domain, column, 0) + 1);
		}
}

/*
 * Where KVM tells a figure for the whole guest only, @column takes it from the @n columns in
 * @whole; where it tells none at all, the reason.
 */
static void take_from_whole(struct snapshot *s, const int *whole, size_t n, int column)
{
	const struct column *columns = table_kinds[TABLE_DOMAIN].column;

	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		bool any = false;
		double sum = 0, v;

		if (cell_has(row, column))
			continue;
		for (size_t w = 0; w < n; w++)
			if (cell_value(&columns[whole[w]], &row->cell[whole[w]], &v)) {
				sum += v;
				any = true;
			}
		if (any)
			derive_number(s, row, column, sum);
		else if (row->cell[whole[0]].at_ns)
			cell_set_missing(row, column,
			    cell_state(&columns[whole[0]], &row->cell[whole[0]]),
			    s->moment.mono_ns);
	}
}

void derive_domain_exits(struct snapshot *s, int column)
{
	static const int whole[] = { DOMAIN_VM_EXITS };

	derive_add_to_domain(s, TABLE_VCPU, VCPU_EXITS, NULL, column);
	take_from_whole(s, whole, 1, column);
}

void derive_domain_poll(struct snapshot *s, int column)
{
	static const int whole[] = { DOMAIN_VM_POLL_SUCCESS, DOMAIN_VM_POLL_FAIL };

	derive_add_to_domain(s, TABLE_VCPU, VCPU_POLL_SUCCESS_NS, NULL, column);
	derive_add_to_domain(s, TABLE_VCPU, VCPU_POLL_FAIL_NS, NULL, column);
	take_from_whole(s, whole, 2, column);
}
