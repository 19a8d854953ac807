/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's row and its CPUs. */
#include <stdio.h>
#include <string.h>

#include "base/cpulist.h"
#include "model/derive.h"

/* A vCPU that may run on so few CPUs counts as pinned to them. */
#define PINNED_CPUS 4

static bool value_of(enum table_id t, const struct row *row, int column, double *ret)
{
	return cell_value(&table_kinds[t].column[column], &row->cell[column], ret);
}

/* The sum over all rows of a table; false when none has a value, and then @why tells why. */
static bool sum_rows(
    const struct snapshot *s, enum table_id t, int column, double *ret, enum state *why)
{
	bool any = false;
	double sum = 0, v;

	*why = STATE_ABSENT;
	for (size_t i = 0; i < s->table[t].n; i++) {
		const struct row *row = s->table[t].row[i];

		if (value_of(t, row, column, &v)) {
			sum += v;
			any = true;
		} else if (*why == STATE_ABSENT) {
			*why = cell_state(&table_kinds[t].column[column], &row->cell[column]);
		}
	}
	*ret = sum;
	return any;
}

static void set_sum(struct snapshot *s, enum table_id t, int from, double divisor, int column)
{
	enum state why;
	double sum;

	if (sum_rows(s, t, from, &sum, &why))
		derive_number(s, derive_host(s), column, divisor > 0 ? sum / divisor : sum);
	else
		cell_set_missing(derive_host(s), column, why, s->moment.mono_ns);
}

static double cpu_count(const struct snapshot *s)
{
	return s->table[TABLE_CPU].n ? (double)s->table[TABLE_CPU].n : 1;
}

void derive_cpu_busy(struct snapshot *s, int column)
{
	static const int parts[] = { CPU_GUEST, CPU_USER, CPU_SYSTEM, CPU_IRQ, CPU_STEAL };

	for (size_t i = 0; i < s->table[TABLE_CPU].n; i++) {
		struct row *row = s->table[TABLE_CPU].row[i];
		double busy = 0, v;

		for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++)
			if (value_of(TABLE_CPU, row, parts[p], &v))
				busy += v;
		/* Ticks are coarse: a short interval may show more than there was. */
		if (value_of(TABLE_CPU, row, CPU_IDLE, &v))
			derive_number(s, row, column, busy > 1 ? 1 : busy);
		else
			cell_set_missing(row, column,
			    cell_state(
				&table_kinds[TABLE_CPU].column[CPU_IDLE], &row->cell[CPU_IDLE]),
			    s->moment.mono_ns);
	}
}

void derive_cpu_vcpus(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_CPU].n; i++)
		derive_number(s, s->table[TABLE_CPU].row[i], column, 0);
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *vcpu = s->table[TABLE_VCPU].row[i];
		struct row *cpu;

		if (!cell_has(vcpu, VCPU_CPU))
			continue;
		cpu = snapshot_find(s, TABLE_CPU, key_host((uint64_t)vcpu->cell[VCPU_CPU].number));
		if (cpu)
			cpu->cell[column].number++;
	}
}

static void add_pinned(struct snapshot *s, struct row *cpu, int column, const struct row *vcpu)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s/%.0f", cell_text(cpu, column),
	    cell_has(cpu, column) && cell_text(cpu, column)[0] ? " " : "",
	    cell_text(vcpu->domain, DOMAIN_NAME), cell_number(vcpu, VCPU_NUMBER, 0));
	cell_set_text(s, cpu, column, text, s->moment.mono_ns);
}

void derive_cpu_pinned(struct snapshot *s, int column)
{
	size_t cpus = s->table[TABLE_CPU].n;

	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *vcpu = s->table[TABLE_VCPU].row[i];
		struct cpuset set = { 0 };

		if (!vcpu->domain || cpuset_parse_list(&set, cell_text(vcpu, VCPU_AFFINITY)) < 0)
			continue;
		if (cpuset_count(&set) <= PINNED_CPUS && cpuset_count(&set) < cpus)
			for (int cpu = cpuset_next(&set, 0); cpu >= 0;
			     cpu = cpuset_next(&set, (unsigned int)cpu + 1)) {
				struct row *row =
				    snapshot_find(s, TABLE_CPU, key_host((uint64_t)cpu));

				if (row)
					add_pinned(s, row, column, vcpu);
			}
		cpuset_done(&set);
	}
}

void derive_host_busy(struct snapshot *s, int column)
{
	set_sum(s, TABLE_CPU, CPU_BUSY, cpu_count(s), column);
}

void derive_host_guest(struct snapshot *s, int column)
{
	set_sum(s, TABLE_CPU, CPU_GUEST, cpu_count(s), column);
}

void derive_host_overhead(struct snapshot *s, int column)
{
	const struct row *host = derive_host(s);
	double busy, guest;

	if (value_of(TABLE_HOST, host, HOST_BUSY, &busy) &&
	    value_of(TABLE_HOST, host, HOST_GUEST, &guest))
		derive_number(s, derive_host(s), column, busy > guest ? busy - guest : 0);
	else
		cell_set_missing(derive_host(s), column,
		    cell_state(&table_kinds[TABLE_HOST].column[HOST_BUSY], &host->cell[HOST_BUSY]),
		    s->moment.mono_ns);
}

void derive_host_poll(struct snapshot *s, int column)
{
	set_sum(s, TABLE_DOMAIN, DOMAIN_POLL, cpu_count(s), column);
}

void derive_host_iowait(struct snapshot *s, int column)
{
	set_sum(s, TABLE_CPU, CPU_IOWAIT, cpu_count(s), column);
}

void derive_host_steal(struct snapshot *s, int column)
{
	set_sum(s, TABLE_CPU, CPU_STEAL, cpu_count(s), column);
}

void derive_host_wait(struct snapshot *s, int column)
{
	set_sum(s, TABLE_VCPU, VCPU_WAIT, (double)s->table[TABLE_VCPU].n, column);
}

void derive_host_domains(struct snapshot *s, int column)
{
	derive_number(s, derive_host(s), column, (double)s->table[TABLE_DOMAIN].n);
}

void derive_host_vcpus(struct snapshot *s, int column)
{
	enum state why;
	double vcpus;

	sum_rows(s, TABLE_DOMAIN, DOMAIN_VCPUS, &vcpus, &why);
	derive_number(s, derive_host(s), column, vcpus);
}

void derive_host_vcpus_per_cpu(struct snapshot *s, int column)
{
	double cpus = cell_number(derive_host(s), HOST_CPUS, 0);

	if (cpus > 0)
		derive_number(
		    s, derive_host(s), column, cell_number(derive_host(s), HOST_VCPUS, 0) / cpus);
}

void derive_host_memory_used(struct snapshot *s, int column)
{
	const struct row *host = derive_host(s);
	double total = cell_number(host, HOST_MEMORY_TOTAL, 0);

	if (total > 0 && cell_has(host, HOST_MEMORY_AVAILABLE))
		derive_number(s, derive_host(s), column,
		    1 - host->cell[HOST_MEMORY_AVAILABLE].number / total);
}

void derive_host_huge_free(struct snapshot *s, int column)
{
	double sum = 0;

	if (s->table[TABLE_HUGEPOOL].n == 0)
		return;
	for (size_t i = 0; i < s->table[TABLE_HUGEPOOL].n; i++) {
		const struct row *pool = s->table[TABLE_HUGEPOOL].row[i];

		sum +=
		    cell_number(pool, HUGEPOOL_FREE, 0) * cell_number(pool, HUGEPOOL_PAGE_SIZE, 0);
	}
	derive_number(s, derive_host(s), column, sum);
}

void derive_host_guest_memory(struct snapshot *s, int column)
{
	set_sum(s, TABLE_DOMAIN, DOMAIN_MEMORY, 0, column);
}

void derive_host_ksm_saved(struct snapshot *s, int column)
{
	const struct row *host = derive_host(s);

	if (cell_has(host, HOST_KSM_PAGES_SHARING))
		derive_number(s, derive_host(s), column, host->cell[HOST_KSM_PAGES_SHARING].number);
}

void derive_host_ksm_efficiency(struct snapshot *s, int column)
{
	const struct row *host = derive_host(s);
	double shared = cell_number(host, HOST_KSM_PAGES_SHARED, 0);

	if (shared > 0)
		derive_number(s, derive_host(s), column,
		    cell_number(host, HOST_KSM_PAGES_SHARING, 0) / shared);
}
