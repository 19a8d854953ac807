/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/derive.h"

/* Each table may use what the tables before it derived. */
static const enum table_id order[] = { TABLE_CPU, TABLE_VCPU, TABLE_THREAD, TABLE_PLACEMENT,
	TABLE_DOMAIN, TABLE_HUGEPOOL, TABLE_NODE, TABLE_HOST, TABLE_SOURCE };

void snapshot_derive(struct snapshot *s)
{
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct table_kind *kind = &table_kinds[order[i]];

		for (int c = 0; c < kind->columns; c++)
			if (kind->column[c].derive)
				kind->column[c].derive(s, c);
	}
}

void derive_number(struct snapshot *s, struct row *row, int column, double v)
{
	cell_set_number(row, column, v, s->moment.mono_ns);
}

struct row *derive_host(struct snapshot *s)
{
	return snapshot_row(s, TABLE_HOST, key_host(0));
}

void derive_add_to_domain(struct snapshot *s, enum table_id from, int column,
    bool (*takes)(const struct row *row), int to_column)
{
	const struct column *c = &table_kinds[from].column[column];
	const struct table *t = &s->table[from];

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];
		struct cell *sum;
		double v;

		if (!row->domain || (takes && !takes(row)))
			continue;
		sum = &row->domain->cell[to_column];
		if (cell_value(c, &row->cell[column], &v))
			derive_number(s, row->domain, to_column,
			    (sum->state == STATE_OK ? sum->number : 0) + v);
		else if (sum->state == STATE_ABSENT)
			cell_set_missing(row->domain, to_column, cell_state(c, &row->cell[column]),
			    s->moment.mono_ns);
	}
}
