/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests, bytes and times of a guest's disks: "0.name" is a disk's target in the XML, "0.rd.reqs"
 * and so on are its figures. Which row that is, the XML has told.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sanitize.h"
#include "base/slice.h"
#include "collectors/collector.h"
#include "collectors/libvirt_link.h"
#include "collectors/monitor.h"

/* The XML has told of this one: only that tells of images below. */
static bool is_from_xml(const struct row *disk)
{
	return cell_has(disk, DISK_CHAIN);
}

static bool wants(const struct reading *r, const struct row *domain)
{
	const struct table *disks = &r->latest->table[TABLE_DISK];

	for (size_t i = 0; i < disks->n; i++)
		if (disks->row[i]->domain == domain && is_from_xml(disks->row[i]))
			return true;
	return false;
}

/* Rows hold names sanitised. */
static struct row *find_row(const struct monitor_answer *a, const char *target)
{
	const struct table *disks = &a->r->latest->table[TABLE_DISK];
	char *clean = sanitize_dup(target, strlen(target));
	struct row *row = NULL;

	for (size_t i = 0; i < disks->n && !row; i++)
		if (disks->row[i]->domain == a->domain && is_from_xml(disks->row[i]) &&
		    strcmp(cell_text(disks->row[i], DISK_NAME), clean) == 0)
			row = snapshot_row(a->r->into, TABLE_DISK, disks->row[i]->key);
	free(clean);
	return row;
}

static void set_value(struct monitor_answer *a, const char *key, uint64_t value)
{
	for (int i = 0; i < DISK_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_DISK].column[i];

		if (c->src != SRC_BLOCK || !c->key || strcmp(c->key, key) != 0)
			continue;
		if (c->kind == KIND_COUNTER)
			cell_set_count(a->row, i, value, reading_now(a->r));
		else
			cell_set_number(a->row, i, (double)value, reading_now(a->r));
	}
}

/* Keys come disk by disk, the name first. */
static void take(struct monitor_answer *a, const char *key, uint64_t value, const char *text)
{
	struct slice number, name;
	uint64_t index;

	a->told = true;
	if (!slice_cut(slice_of(key), '.', &number, &name) || slice_u64(number, &index) < 0)
		return;
	if (text && slice_eq(name, "name"))
		a->row = find_row(a, text);
	if (text)
		return;
	/* libvirt tells names and sizes without asking the guest. */
	if (slice_eq(name, "rd.reqs"))
		a->entered = true;
	if (a->row)
		set_value(a, name.p, value);
}

static void keep(struct reading *r, const struct row *domain, const struct snapshot *before)
{
	for (size_t i = 0; i < before->table[TABLE_DISK].n; i++) {
		const struct row *row = before->table[TABLE_DISK].row[i];

		/* One that was unplugged is gone from the sample, too. */
		if (key_same_owner(row->key, domain->key) &&
		    snapshot_find(r->latest, TABLE_DISK, row->key))
			monitor_keep_cells(SRC_BLOCK, TABLE_DISK, row, r->into);
	}
}

static void drop(struct reading *r, const struct row *domain, uint64_t before_ns)
{
	for (size_t i = 0; i < r->into->table[TABLE_DISK].n; i++) {
		struct row *row = r->into->table[TABLE_DISK].row[i];

		if (key_same_owner(row->key, domain->key))
			monitor_drop_cells(SRC_BLOCK, TABLE_DISK, row, before_ns);
	}
}

static void miss(struct reading *r, const struct row *domain, enum state why)
{
	const struct table *disks = &r->latest->table[TABLE_DISK];

	for (size_t i = 0; i < disks->n; i++)
		if (disks->row[i]->domain == domain && is_from_xml(disks->row[i]))
			monitor_miss_cells(r, SRC_BLOCK, TABLE_DISK,
			    snapshot_row(r->into, TABLE_DISK, disks->row[i]->key), why);
}

const struct monitor_group block_group = {
	.src = SRC_BLOCK,
	.bit = LIBVIRT_BLOCK,
	.prefix = "block.",
	.wants = wants,
	.take = take,
	.keep = keep,
	.drop = drop,
	.miss = miss,
};
