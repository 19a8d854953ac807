/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/judge.h"

#include <stdlib.h>

#include "advisor/placement.h"
#include "base/xalloc.h"

void judge_init(struct judge *j, const struct snapshot *now)
{
	*j = (struct judge){ .now = now };
}

static void drop(struct placement *p)
{
	if (p)
		placement_done(p);
	free(p);
}

void judge_done(struct judge *j)
{
	for (int t = 0; t < TABLES; t++) {
		free(j->kin[t].row);
		free(j->kin[t].begin);
	}
	drop(j->proposal);
	drop(j->house);
	free(j->cache);
}

/* The guest's number; the host's own come behind all guests. */
static size_t place_of(const struct row *row, size_t guests)
{
	return row->domain ? row->domain->number : guests;
}

/* Counts, then sorts by counting: the order within a guest stays. */
static void gather(struct kin *kin, const struct table *t, size_t guests)
{
	size_t *next = xcalloc(guests + 2, sizeof(*next));

	kin->begin = xcalloc(guests + 2, sizeof(*kin->begin));
	kin->row = xcalloc(t->n + 1, sizeof(struct row *));
	for (size_t i = 0; i < t->n; i++)
		kin->begin[place_of(t->row[i], guests) + 1]++;
	for (size_t i = 1; i < guests + 2; i++)
		kin->begin[i] += kin->begin[i - 1];
	for (size_t i = 0; i < guests + 2; i++)
		next[i] = kin->begin[i];
	for (size_t i = 0; i < t->n; i++)
		kin->row[next[place_of(t->row[i], guests)]++] = t->row[i];
	free(next);
}

const struct row *const *judge_rows(
    const struct judge *j, enum table_id table, const struct row *domain, size_t *ret_n)
{
	/* What is kept here changes nothing that anybody sees. */
	struct kin *kin = (struct kin *)&j->kin[table];
	size_t guests = j->now->table[TABLE_DOMAIN].n;
	size_t place = domain ? domain->number : guests;

	if (!kin->begin)
		gather(kin, &j->now->table[table], guests);
	*ret_n = kin->begin[place + 1] - kin->begin[place];
	return (const struct row *const *)kin->row + kin->begin[place];
}
