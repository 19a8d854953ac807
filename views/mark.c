/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/mark.h"

#include <math.h>

#include "model/snapshot.h"

/* @column, or its share of @whole; what @beside holds counts with it. */
static const struct limit {
	enum table_id table;
	int column, whole,
	    beside; /* the last two: 0 for none; no table counts in its first column */
	bool below; /* less is worse */
	double warn, crit;
} limits[] = {
	{ TABLE_HOST, HOST_BUSY, 0, 0, false, 0.90, 0.97 },
	{ TABLE_HOST, HOST_WAIT, 0, 0, false, 0.10, 0.20 },
	{ TABLE_HOST, HOST_STEAL, 0, 0, false, 0.01, 0.10 },
	{ TABLE_HOST, HOST_MEMORY_USED, 0, 0, false, 0.90, 0.97 },
	/* Swap in use is worth a look; swap that moves (bytes a second) hurts. */
	{ TABLE_HOST, HOST_SWAP_FREE, HOST_SWAP_TOTAL, 0, true, 1.00, 0.05 },
	{ TABLE_HOST, HOST_SWAP_IN, 0, 0, false, 0, 1 << 20 },
	{ TABLE_HOST, HOST_SWAP_OUT, 0, 0, false, 0, 1 << 20 },
	{ TABLE_NODE, NODE_BUSY, 0, 0, false, 0.90, 0.97 },
	/* The page cache gives way to guests. */
	{ TABLE_NODE, NODE_FREE, NODE_TOTAL, NODE_FILE, true, 0.05, 0.02 },
	{ TABLE_CPU, CPU_STEAL, 0, 0, false, 0.01, 0.10 },
	{ TABLE_DOMAIN, DOMAIN_WAIT, 0, 0, false, 0.10, 0.20 },
	{ TABLE_DOMAIN, DOMAIN_WAIT_WORST, 0, 0, false, 0.10, 0.20 },
	{ TABLE_DOMAIN, DOMAIN_LOCAL, 0, 0, true, 0.90, 0.60 },
	{ TABLE_DOMAIN, DOMAIN_SWAPPED, 0, 0, false, 0, INFINITY },
	{ TABLE_DOMAIN, DOMAIN_STUCK, 0, 0, false, 0, 0 },
	{ TABLE_VCPU, VCPU_WAIT, 0, 0, false, 0.10, 0.20 },
	{ TABLE_THREAD, THREAD_WAIT, 0, 0, false, 0.10, 0.20 },
};

static bool value_of(const struct limit *l, const struct row *row, double *ret)
{
	const struct column *c = &table_kinds[l->table].column[l->column];
	double whole;

	if (!cell_value(c, &row->cell[l->column], ret))
		return false;
	if (l->beside)
		*ret += cell_number(row, l->beside, 0);
	if (!l->whole)
		return true;
	whole = cell_number(row, l->whole, 0);
	*ret /= whole;
	return whole > 0;
}

/* At a limit is within it: a figure is marked when it is shown as worse. */
static bool is_worse(const struct limit *l, double v, double limit)
{
	return l->below ? v < limit : v > limit;
}

bool mark_has(enum table_id t, int column)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].table == t && limits[i].column == column)
			return true;
	return false;
}

enum mark mark_of(enum table_id t, const struct row *row, int column)
{
	for (size_t i = 0; row && i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct limit *l = &limits[i];
		double v;

		if (l->table != t || l->column != column)
			continue;
		if (!value_of(l, row, &v))
			return MARK_NONE;
		return is_worse(l, v, l->crit)   ? MARK_CRIT
		       : is_worse(l, v, l->warn) ? MARK_WARN
						 : MARK_NONE;
	}
	return MARK_NONE;
}

enum style mark_style(enum mark mark, enum style style)
{
	switch (mark) {
	case MARK_WARN:
		return STYLE_WARN;
	case MARK_CRIT:
		return STYLE_CRIT;
	case MARK_NONE:
		break;
	}
	return style;
}

const char *mark_sign(enum mark mark)
{
	return mark == MARK_NONE ? " " : MARK_SIGN;
}
