/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a vCPU waits for a host CPU: who else runs on it. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/parse.h"
#include "views/page.h"
#include "views/parts.h"

/* As many are named, the others counted. */
#define NAMED 2
/* Who uses less of a CPU than that keeps nobody from it. */
#define SHARER_RUN_MIN 0.01

static double rate_of(const struct row *vcpu, int column)
{
	double v;

	return cell_value(&table_kinds[TABLE_VCPU].column[column], &vcpu->cell[column], &v) ? v
											    : NAN;
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
static bool is_on(const struct row *vcpu, double cpu)
{
	uint64_t only;

	return cell_number(vcpu, VCPU_CPU, -1) == cpu ||
	       (parse_u64(cell_text(vcpu, VCPU_AFFINITY), &only) == 0 && (double)only == cpu);
}

/* Those that run on the CPU beside @vcpu, the busiest first. */
static size_t sharers_of(
    const struct page *p, const struct row *vcpu, double cpu, const struct row **ret)
{
	const struct table *t = &p->now->table[TABLE_VCPU];
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];
		size_t at = n;

		if (row == vcpu || !is_on(row, cpu) || !(rate_of(row, VCPU_RUN) >= SHARER_RUN_MIN))
			continue;
		for (; at > 0 && rate_of(ret[at - 1], VCPU_RUN) < rate_of(row, VCPU_RUN); at--)
			ret[at] = ret[at - 1];
		ret[at] = row;
		n++;
	}
	return n;
}

/* "batch/0", of the same guest "vCPU 1". */
static const char *name_of(struct page *p, const struct row *row, const struct row *beside)
{
	double number = cell_number(row, VCPU_NUMBER, 0);

	if (row->domain == beside->domain)
		return page_printf(p, "vCPU %.0f", number);
	return page_printf(p, "%s/%.0f", cell_text(row, VCPU_DOMAIN), number);
}

static const char *names_of(
    struct page *p, const struct row *vcpu, const struct row *const *sharer, size_t n)
{
	const char *names = name_of(p, sharer[0], vcpu);

	if (n > NAMED)
		return page_printf(
		    p, "%s, %s and %zu more", names, name_of(p, sharer[1], vcpu), n - NAMED);
	if (n == NAMED)
		return page_printf(p, "%s and %s", names, name_of(p, sharer[1], vcpu));
	return names;
}

static const char *reason_of(struct page *p, const struct row *vcpu)
{
	double number = cell_number(vcpu, VCPU_CPU, -1), busy;
	const struct row **sharer, *cpu;
	char text[FORMAT_SIZE];
	size_t n;

	if (number < 0)
		return "";
	sharer = arena_alloc(p->arena, (p->now->table[TABLE_VCPU].n + 1) * sizeof(*sharer));
	n = sharers_of(p, vcpu, number, sharer);
	if (n > 0)
		return page_printf(
		    p, ": CPU %.0f is shared with %s", number, names_of(p, vcpu, sharer, n));
	cpu = snapshot_find(p->now, TABLE_CPU, key_host((uint64_t)number));
	if (!cpu ||
	    !cell_value(&table_kinds[TABLE_CPU].column[CPU_BUSY], &cpu->cell[CPU_BUSY], &busy))
		return "";
	format_integer(busy * 100, 4, text);
	return page_printf(p, ": CPU %.0f is %s %% busy", number, text);
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
