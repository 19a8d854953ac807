/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cells of a row that a group of the monitors' answers fills. */
#include "collectors/collector.h"
#include "collectors/monitor.h"

static bool is_of(const struct column *c, enum source_id src)
{
	return c->src == src && c->key;
}

void monitor_keep_cells(
    enum source_id src, enum table_id t, const struct row *from, struct snapshot *into)
{
	struct row *row = NULL;

	for (int i = 0; i < table_kinds[t].columns; i++)
		if (is_of(&table_kinds[t].column[i], src) && from->cell[i].at_ns) {
			row = row ? row : snapshot_row(into, t, from->key);
			row->cell[i] = from->cell[i];
			if (row->cell[i].state == STATE_STALE)
				row->cell[i].state = STATE_OK;
		}
}

void monitor_drop_cells(enum source_id src, enum table_id t, struct row *row, uint64_t before_ns)
{
	for (int i = 0; row && i < table_kinds[t].columns; i++)
		if (is_of(&table_kinds[t].column[i], src) && row->cell[i].at_ns < before_ns)
			row->cell[i] = (struct cell){ 0 };
}

void monitor_miss_cells(
    struct reading *r, enum source_id src, enum table_id t, struct row *row, enum state why)
{
	for (int i = 0; i < table_kinds[t].columns; i++)
		if (is_of(&table_kinds[t].column[i], src))
			cell_set_missing(row, i, why, reading_now(r));
}
