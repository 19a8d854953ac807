/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Balloon figures of a guest, as libvirt names them: sizes in KiB, times since the epoch. */
#include <string.h>

#include "base/root.h"
#include "collectors/collector.h"
#include "collectors/libvirt_link.h"
#include "collectors/monitor.h"

static void set_value(struct monitor_answer *a, int column, const struct column *c, uint64_t value)
{
	uint64_t at = reading_now(a->r);

	if (c->unit == UNIT_SECONDS) {
		double age = (double)root_now(a->r->root).wall_ns / 1e9 - (double)value;

		/* Never told: the guest has no driver, or nobody set a period. */
		if (value)
			cell_set_number(a->row, column, age > 0 ? age : 0, at);
		return;
	}
	if (c->unit == UNIT_BYTES && __builtin_mul_overflow(value, 1024, &value))
		return;
	if (c->kind == KIND_COUNTER)
		cell_set_count(a->row, column, value, at);
	else
		cell_set_number(a->row, column, (double)value, at);
}

static void take(struct monitor_answer *a, const char *key, uint64_t value, const char *text)
{
	if (text)
		return;
	a->row = snapshot_row(a->r->into, TABLE_DOMAIN, a->domain->key);
	a->told = true;
	/* libvirt adds this one itself whenever it got through to the guest. */
	if (strcmp(key, "rss") == 0)
		a->entered = true;
	for (int i = 0; i < DOMAIN_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_DOMAIN].column[i];

		if (c->src == SRC_BALLOON && c->key && strcmp(c->key, key) == 0)
			set_value(a, i, c, value);
	}
}

static void keep(struct reading *r, const struct row *domain, const struct snapshot *before)
{
	const struct row *row = snapshot_find(before, TABLE_DOMAIN, domain->key);

	if (row)
		monitor_keep_cells(SRC_BALLOON, TABLE_DOMAIN, row, r->into);
}

static void drop(struct reading *r, const struct row *domain, uint64_t before_ns)
{
	monitor_drop_cells(SRC_BALLOON, TABLE_DOMAIN,
	    snapshot_find(r->into, TABLE_DOMAIN, domain->key), before_ns);
}

static void miss(struct reading *r, const struct row *domain, enum state why)
{
	monitor_miss_cells(
	    r, SRC_BALLOON, TABLE_DOMAIN, snapshot_row(r->into, TABLE_DOMAIN, domain->key), why);
}

const struct monitor_group balloon_group = {
	.src = SRC_BALLOON,
	.bit = LIBVIRT_BALLOON,
	.prefix = "balloon.",
	.take = take,
	.keep = keep,
	.drop = drop,
	.miss = miss,
};
