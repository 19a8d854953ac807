/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's row and its CPUs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/xalloc.h"
#include "model/derive.h"

/* A vCPU that may run on so few CPUs counts as pinned to them. */
#define PINNED_CPUS 4

/*
 * The mean over the rows of a table that have a figure: a CPU just brought online must not make
 * the others look idle. Where none has one, the reason of the first.
 */
static void set_mean(struct snapshot *s, enum table_id t, int from, int column)
{
	enum state why = STATE_ABSENT, reason;
	double sum = 0, v;
	size_t n = 0;

	for (size_t i = 0; i < s->table[t].n; i++)
		if (derive_operand(t, s->table[t].row[i], from, &v, &reason)) {
			sum += v;
			n++;
		} else if (why == STATE_ABSENT) {
			why = reason;
		}
	if (n)
		derive_number(s, derive_host(s), column, sum / (double)n);
	else
		derive_missing(s, derive_host(s), column, why);
}

/* A guest without KVM takes no part in what KVM counts. */
static bool takes_part(const struct row *guest, int column)
{
	return !(column_needs(&table_kinds[TABLE_DOMAIN].column[column]) & NEEDS(SRC_KVM)) ||
	       strcmp(cell_text(guest, DOMAIN_VMM), VMM_EMULATED) != 0;
}

/* The next sample has it. */
static bool is_passing(enum state why)
{
	return why == STATE_FIRST || why == STATE_RESET;
}

/*
 * The sum over all guests. One whose figure is not to be had leaves none; it is FIRST only where
 * nothing worse is the matter.
 */
static bool sum_guests(const struct snapshot *s, int from, double *ret, enum state *ret_why)
{
	bool any = s->table[TABLE_DOMAIN].n == 0, lacks = false;
	enum state why = any ? STATE_FIRST : STATE_ABSENT;
	double sum = 0, v;

	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		const struct row *guest = s->table[TABLE_DOMAIN].row[i];

		if (!takes_part(guest, from))
			continue;
		if (derive_operand(TABLE_DOMAIN, guest, from, &v, &why)) {
			sum += v;
			any = true;
		} else {
			/* A reason says more than that there is nothing, or nothing yet. */
			if (!lacks || *ret_why == STATE_ABSENT || is_passing(*ret_why))
				*ret_why = lacks && why == STATE_ABSENT ? *ret_why : why;
			lacks = true;
		}
	}
	/* What some have and others do not tell is not absent. */
	if (lacks && any && *ret_why == STATE_ABSENT)
		*ret_why = STATE_UNKNOWN;
	if (lacks)
		return false;
	*ret = sum;
	*ret_why = why;
	return any;
}

static void set_guests_sum(struct snapshot *s, int from, int column)
{
	enum state why = STATE_ABSENT;
	double sum;

	if (derive_lacks_guests(s))
		derive_missing(s, derive_host(s), column, STATE_UNKNOWN);
	else if (sum_guests(s, from, &sum, &why))
		derive_number(s, derive_host(s), column, sum);
	else
		derive_missing(s, derive_host(s), column, why);
}

/* False when a figure that this kernel has is not to be had now. */
static bool busy_of(const struct row *cpu, double *ret, enum state *ret_why)
{
	static const int parts[] = { CPU_GUEST, CPU_USER, CPU_SYSTEM, CPU_IRQ, CPU_STEAL };
	double busy = 0, v;

	if (!derive_operand(TABLE_CPU, cpu, CPU_IDLE, &v, ret_why))
		return false;
	for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++)
		if (derive_operand(TABLE_CPU, cpu, parts[p], &v, ret_why))
			busy += v;
		else if (*ret_why != STATE_ABSENT)
			return false;
	/* Ticks are coarse: a short interval may show more than there was. */
	*ret = busy > 1 ? 1 : busy;
	return true;
}

/*
 * A host that is itself a guest loses clock ticks, and in a short interval there are too many or
 * too few: so shares are of the time that the CPU accounted for, as in top, not of the clock's.
 */
static void scale_ticks(struct row *cpu)
{
	static const int all[] = { CPU_GUEST, CPU_USER, CPU_SYSTEM, CPU_IRQ, CPU_STEAL, CPU_IDLE,
		CPU_IOWAIT };
	double sum = 0, v;
	enum state why;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (derive_operand(TABLE_CPU, cpu, all[i], &v, &why))
			sum += v;
		else if (why != STATE_ABSENT)
			return;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && sum > 0; i++)
		cpu->cell[all[i]].rate /= sum;
}

void derive_cpu_busy(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_CPU].n; i++) {
		struct row *row = s->table[TABLE_CPU].row[i];
		enum state why;
		double busy;

		scale_ticks(row);
		if (busy_of(row, &busy, &why))
			derive_number(s, row, column, busy);
		else
			derive_missing(s, row, column, why);
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
	if (derive_lacks_vcpus(s))
		derive_unknown(s, TABLE_CPU, column);
}

static void list_on_cpus(const struct snapshot *s, const struct row *vcpu, const struct cpuset *set,
    struct derive_list *lists)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/%.0f", cell_text(vcpu->domain, DOMAIN_NAME),
	    cell_number(vcpu, VCPU_NUMBER, 0));
	for (int cpu = cpuset_next(set, 0); cpu >= 0;
	     cpu = cpuset_next(set, (unsigned int)cpu + 1)) {
		const struct row *row = snapshot_find(s, TABLE_CPU, key_host((uint64_t)cpu));

		if (row)
			derive_list_add(&lists[row->number], name);
	}
}

/* Adds a vCPU to the lists of the CPUs that it is pinned to. */
static void list_pinned(const struct snapshot *s, const struct row *vcpu, struct derive_list *lists)
{
	size_t cpus = s->table[TABLE_CPU].n;
	struct cpuset set = { 0 };

	if (cpuset_parse_list(&set, cell_text(vcpu, VCPU_AFFINITY)) < 0)
		return;
	if (cpuset_count(&set) <= PINNED_CPUS && cpuset_count(&set) < cpus)
		list_on_cpus(s, vcpu, &set, lists);
	cpuset_done(&set);
}

void derive_cpu_pinned(struct snapshot *s, int column)
{
	size_t cpus = s->table[TABLE_CPU].n;
	struct derive_list *lists = xcalloc(cpus, sizeof(*lists));

	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++)
		if (s->table[TABLE_VCPU].row[i]->domain)
			list_pinned(s, s->table[TABLE_VCPU].row[i], lists);
	for (size_t i = 0; i < cpus; i++)
		if (lists[i].text.len || lists[i].left_out)
			derive_list_done(&lists[i], s, s->table[TABLE_CPU].row[i], column);
	free(lists);
}

void derive_host_busy(struct snapshot *s, int column)
{
	set_mean(s, TABLE_CPU, CPU_BUSY, column);
}

void derive_host_guest(struct snapshot *s, int column)
{
	set_mean(s, TABLE_CPU, CPU_GUEST, column);
}

void derive_host_overhead(struct snapshot *s, int column)
{
	struct row *host = derive_host(s);
	double busy, guest;
	enum state why;

	if (derive_operand(TABLE_HOST, host, HOST_BUSY, &busy, &why) &&
	    derive_operand(TABLE_HOST, host, HOST_GUEST, &guest, &why))
		derive_number(s, host, column, busy > guest ? busy - guest : 0);
	else
		derive_missing(s, host, column, why);
}

void derive_host_poll(struct snapshot *s, int column)
{
	size_t cpus = s->table[TABLE_CPU].n;
	struct row *host = derive_host(s);

	set_guests_sum(s, DOMAIN_POLL, column);
	if (!cell_has(host, column))
		return;
	if (cpus)
		host->cell[column].number /= (double)cpus;
	else
		derive_missing(s, host, column, STATE_ABSENT);
}

void derive_host_iowait(struct snapshot *s, int column)
{
	set_mean(s, TABLE_CPU, CPU_IOWAIT, column);
}

void derive_host_steal(struct snapshot *s, int column)
{
	set_mean(s, TABLE_CPU, CPU_STEAL, column);
}

/*
 * By demand: idle vCPUs must not hide one that starves. A mean over those that have figures, as of
 * CPUs: neither a guest that has just started nor an emulated one is to hide that others starve.
 */
void derive_host_wait(struct snapshot *s, int column)
{
	double run = 0, wait = 0, v, w;
	enum state why = STATE_ABSENT, reason;
	size_t n = 0;

	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *vcpu = s->table[TABLE_VCPU].row[i];

		if (derive_operand(TABLE_VCPU, vcpu, VCPU_RUN, &v, &reason) &&
		    derive_operand(TABLE_VCPU, vcpu, VCPU_WAIT, &w, &reason)) {
			run += v;
			wait += w;
			n++;
		} else if (why == STATE_ABSENT) {
			why = reason;
		}
	}
	if (derive_lacks_guests(s) || (n == 0 && why == STATE_ABSENT && derive_lacks_vcpus(s)))
		derive_missing(s, derive_host(s), column, STATE_UNKNOWN);
	else if (n)
		derive_number(s, derive_host(s), column, wait > 0 ? wait / (run + wait) : 0);
	else
		derive_missing(s, derive_host(s), column, why);
}

void derive_host_domains(struct snapshot *s, int column)
{
	if (derive_lacks_guests(s))
		derive_missing(s, derive_host(s), column, STATE_UNKNOWN);
	else
		derive_number(s, derive_host(s), column, (double)s->table[TABLE_DOMAIN].n);
}

void derive_host_vcpus(struct snapshot *s, int column)
{
	set_guests_sum(s, DOMAIN_VCPUS, column);
}

/* @of / @by; where there is nothing to divide by there is no ratio. */
static void set_ratio(struct snapshot *s, int of, int by, int column)
{
	struct row *host = derive_host(s);
	enum state why = STATE_ABSENT;
	double a, b;

	if (derive_operand(TABLE_HOST, host, of, &a, &why) &&
	    derive_operand(TABLE_HOST, host, by, &b, &why) && b > 0)
		derive_number(s, host, column, a / b);
	else
		derive_missing(s, host, column, why);
}

void derive_host_vcpus_per_cpu(struct snapshot *s, int column)
{
	set_ratio(s, HOST_VCPUS, HOST_CPUS, column);
}

void derive_host_memory_used(struct snapshot *s, int column)
{
	struct row *host = derive_host(s);

	set_ratio(s, HOST_MEMORY_AVAILABLE, HOST_MEMORY_TOTAL, column);
	if (cell_has(host, column))
		derive_number(s, host, column, 1 - host->cell[column].number);
}

void derive_host_huge_free(struct snapshot *s, int column)
{
	enum state why = STATE_ABSENT;
	double sum = 0, pages, size;
	size_t i;

	for (i = 0; i < s->table[TABLE_HUGEPOOL].n; i++) {
		const struct row *pool = s->table[TABLE_HUGEPOOL].row[i];

		if (!derive_operand(TABLE_HUGEPOOL, pool, HUGEPOOL_FREE, &pages, &why) ||
		    !derive_operand(TABLE_HUGEPOOL, pool, HUGEPOOL_PAGE_SIZE, &size, &why))
			break;
		sum += pages * size;
	}
	if (i && i == s->table[TABLE_HUGEPOOL].n)
		derive_number(s, derive_host(s), column, sum);
	else
		derive_missing(s, derive_host(s), column, why);
}

void derive_host_guest_memory(struct snapshot *s, int column)
{
	set_guests_sum(s, DOMAIN_MEMORY, column);
}

void derive_host_ksm_saved(struct snapshot *s, int column)
{
	struct row *host = derive_host(s);
	enum state why;
	double saved;

	if (derive_operand(TABLE_HOST, host, HOST_KSM_PAGES_SHARING, &saved, &why))
		derive_number(s, host, column, saved);
	else
		derive_missing(s, host, column, why);
}

void derive_host_ksm_efficiency(struct snapshot *s, int column)
{
	set_ratio(s, HOST_KSM_PAGES_SHARING, HOST_KSM_PAGES_SHARED, column);
}
