/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a vCPU waits for a host CPU: who else runs on it. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/cpulist.h"
#include "base/parse.h"
#include "views/page.h"
#include "views/parts.h"

/* As many are named, the others counted. */
#define NAMED 2
/* Who uses less of a CPU than that keeps nobody from it. */
#define SHARER_RUN_MIN 0.05
/* Less than that may be an error of clocks that do not tick together. */
#define OTHERS_RUN_MIN 0.1

/* A vCPU or another thread of a guest, and how much of a CPU it uses. */
struct sharer {
	enum table_id table;
	const struct row *row;
	double run;
};

static double rate_in(enum table_id t, const struct row *row, int column)
{
	double v;

	return cell_value(&table_kinds[t].column[column], &row->cell[column], &v) ? v : NAN;
}

static double rate_of(const struct row *vcpu, int column)
{
	return rate_in(TABLE_VCPU, vcpu, column);
}

/* Of several that wait alike the first one, so that the sentence does not jump. */
static const struct row *worst_of(const struct page *p, const struct row *domain)
{
	const struct table *t = &p->now->table[TABLE_VCPU];
	const struct row *worst = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (t->row[i]->domain == domain && !isnan(rate_of(t->row[i], VCPU_WAIT)) &&
		    (!worst || rate_of(t->row[i], VCPU_WAIT) > rate_of(worst, VCPU_WAIT)))
			worst = t->row[i];
	return worst;
}

/* It was seen there, or may be nowhere else. */
static bool is_on(enum table_id t, const struct row *row, double cpu)
{
	bool vcpu = t == TABLE_VCPU;
	uint64_t only;

	return cell_number(row, vcpu ? VCPU_CPU : THREAD_CPU, -1) == cpu ||
	       (parse_u64(cell_text(row, vcpu ? VCPU_AFFINITY : THREAD_AFFINITY), &only) == 0 &&
		   (double)only == cpu);
}

/* Also where its list cannot be read. */
static bool may_run_on(const char *list, double cpu)
{
	struct cpuset set = { 0 };
	bool may = !*list || cpuset_parse_list(&set, list) < 0 || cpuset_test(&set, (unsigned)cpu);

	cpuset_done(&set);
	return may;
}

/* Who moves is only seen where he was last. */
static bool may_have_been_on(enum table_id t, const struct row *row, double cpu)
{
	bool vcpu = t == TABLE_VCPU;
	const char *list = cell_text(row, vcpu ? VCPU_AFFINITY : THREAD_AFFINITY);

	return is_on(t, row, cpu) ||
	       (rate_in(t, row, vcpu ? VCPU_MIGRATIONS : THREAD_MIGRATIONS) > 0 &&
		   may_run_on(list, cpu));
}

/* Sorted into the first @n, the busiest first. */
static void insert(struct sharer *sharer, size_t n, struct sharer one)
{
	for (; n > 0 && sharer[n - 1].run < one.run; n--)
		sharer[n] = sharer[n - 1];
	sharer[n] = one;
}

/* Those of guests that run on the CPU beside @vcpu; @known takes what all of guests may use of it,
 * NAN while that of one is not known. */
static size_t find_sharers(
    const struct page *p, const struct row *vcpu, double cpu, struct sharer *ret, double *known)
{
	static const enum table_id tables[] = { TABLE_VCPU, TABLE_THREAD };
	size_t n = 0;

	*known = p->now->one_guest ? NAN : 0;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < p->now->table[tables[k]].n; i++) {
			enum table_id t = tables[k];
			const struct row *row = p->now->table[t].row[i];
			double run = rate_in(t, row, t == TABLE_VCPU ? VCPU_RUN : THREAD_RUN);

			if (!may_have_been_on(t, row, cpu))
				continue;
			*known += run;
			if (row != vcpu && is_on(t, row, cpu) && run >= SHARER_RUN_MIN)
				insert(ret, n++, (struct sharer){ t, row, run });
		}
	return n;
}

/* "batch/0" or "batch's emulator", of the same guest "vCPU 1" or "its emulator". */
static const char *name_of(struct page *p, const struct sharer *s, const struct row *beside)
{
	bool same = s->row->domain == beside->domain;
	const char *domain, *role;

	if (s->table == TABLE_VCPU) {
		double number = cell_number(s->row, VCPU_NUMBER, 0);

		return same ? page_printf(p, "vCPU %.0f", number)
			    : page_printf(p, "%s/%.0f", cell_text(s->row, VCPU_DOMAIN), number);
	}
	domain = cell_text(s->row, THREAD_DOMAIN);
	role = cell_text(s->row, THREAD_ROLE);
	if (!*role || strcmp(role, "other") == 0)
		role = "thread";
	return same ? page_printf(p, "its %s", role) : page_printf(p, "%s's %s", domain, role);
}

static const char *names_of(
    struct page *p, const struct row *vcpu, const struct sharer *sharer, size_t n)
{
	const char *names = name_of(p, &sharer[0], vcpu);

	if (n > NAMED)
		return page_printf(
		    p, "%s, %s and %zu more", names, name_of(p, &sharer[1], vcpu), n - NAMED);
	if (n == NAMED)
		return page_printf(p, "%s and %s", names, name_of(p, &sharer[1], vcpu));
	return names;
}

/* What is left of the CPU's busy time for processes that are no guests: neither interrupts nor a
 * hypervisor below are any. NAN: not known. */
static double others_run(const struct row *cpu, double known)
{
	double irq = rate_in(TABLE_CPU, cpu, CPU_IRQ), steal = rate_in(TABLE_CPU, cpu, CPU_STEAL);

	return rate_in(TABLE_CPU, cpu, CPU_BUSY) - known - (isnan(irq) ? 0 : irq) -
	       (isnan(steal) ? 0 : steal);
}

static const char *sharing(
    struct page *p, double number, const char *names, const struct row *cpu, double known)
{
	double others = cpu ? others_run(cpu, known) : NAN;
	char text[FORMAT_SIZE];

	if (others >= OTHERS_RUN_MIN) {
		format_integer(others * 100, 4, text);
		return page_printf(p,
		    ": CPU %.0f is shared with %s%sother processes, which use %s %%", number, names,
		    *names ? ", and with " : "", text);
	}
	if (*names)
		return page_printf(p, ": CPU %.0f is shared with %s", number, names);
	if (!cpu || isnan(rate_in(TABLE_CPU, cpu, CPU_BUSY)))
		return "";
	format_integer(rate_in(TABLE_CPU, cpu, CPU_BUSY) * 100, 4, text);
	return page_printf(p, ": CPU %.0f is %s %% busy", number, text);
}

static const char *reason_of(struct page *p, const struct row *vcpu)
{
	const struct snapshot *s = p->now;
	size_t most = s->table[TABLE_VCPU].n + s->table[TABLE_THREAD].n, n;
	double number = cell_number(vcpu, VCPU_CPU, -1), known;
	struct sharer *sharer;

	if (number < 0)
		return "";
	sharer = arena_alloc(p->arena, (most + 1) * sizeof(*sharer));
	n = find_sharers(p, vcpu, number, sharer, &known);
	return sharing(p, number, n > 0 ? names_of(p, vcpu, sharer, n) : "",
	    snapshot_find(s, TABLE_CPU, key_host((uint64_t)number)), known);
}

const char *why_vcpu_waits(struct page *p, const struct row *vcpu)
{
	char text[FORMAT_SIZE];

	if (!p->now || mark_of(TABLE_VCPU, vcpu, VCPU_WAIT) == MARK_NONE)
		return "";
	format_integer(rate_of(vcpu, VCPU_WAIT) * 100, 4, text);
	return page_printf(p, "vCPU %.0f waits %s %%%s", cell_number(vcpu, VCPU_NUMBER, 0), text,
	    reason_of(p, vcpu));
}

const char *why_guest_waits(struct page *p, const struct row *domain)
{
	const struct row *worst = p->now ? worst_of(p, domain) : NULL;

	return worst ? why_vcpu_waits(p, worst) : "";
}
