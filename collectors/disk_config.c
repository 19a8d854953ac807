/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/libvirt_disks.h"

struct disk_config *disk_configs_add(struct disk_configs *disks)
{
	disks->disk = xgrow(disks->disk, disks->n, &disks->cap, sizeof(*disks->disk));
	disks->disk[disks->n] = (struct disk_config){ .chain = -1 };
	return &disks->disk[disks->n++];
}

static void free_texts(struct disk_config *d)
{
	char *texts[] = { d->alias, d->name, d->device, d->bus, d->controller, d->format, d->cache,
		d->io, d->iothread, d->discard, d->detect_zeroes, d->source_type, d->source,
		d->serial, d->limit_group };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
}

void disk_configs_done(struct disk_configs *disks)
{
	for (size_t i = 0; i < disks->n; i++)
		free_texts(&disks->disk[i]);
	free(disks->disk);
	*disks = (struct disk_configs){ 0 };
}

static void write_texts(struct reading *r, struct row *row, const struct disk_config *d)
{
	const char *unsaid = d->by_descriptor ? NULL : "default";
	const struct {
		int column;
		const char *text;
	} texts[] = {
		{ DISK_NAME, d->name ? d->name : d->alias },
		{ DISK_DEVICE, d->device },
		{ DISK_BUS, d->bus },
		{ DISK_CONTROLLER, d->controller },
		{ DISK_FORMAT, d->format },
		{ DISK_CACHE, d->cache ? d->cache : unsaid },
		{ DISK_IO, d->io ? d->io : unsaid },
		{ DISK_IOTHREAD, d->iothread        ? d->iothread
				 : d->by_descriptor ? NULL
						    : "none" },
		{ DISK_DISCARD, d->discard ? d->discard : unsaid },
		{ DISK_DETECT_ZEROES, d->detect_zeroes },
		{ DISK_SOURCE_TYPE, d->source_type },
		{ DISK_SOURCE, d->source },
		{ DISK_SERIAL, d->serial },
		{ DISK_LIMIT_GROUP, d->limit_group },
		{ DISK_READONLY, d->readonly ? "yes" : "no" },
		{ DISK_SHARED, !d->knows_sharing ? NULL
			       : d->shared       ? "yes"
						 : "no" },
		{ DISK_TRANSIENT, !d->knows_sharing ? NULL
				  : d->transient    ? "yes"
						    : "no" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].text)
			cell_set_text(r->into, row, texts[i].column, texts[i].text, reading_now(r));
}

static void write_numbers(struct reading *r, struct row *row, const struct disk_config *d)
{
	const struct {
		int column;
		uint64_t v;
	} numbers[] = {
		{ DISK_QUEUES, d->queues },
		{ DISK_METADATA_CACHE, d->metadata_cache },
		{ DISK_L2_CHOSEN, d->l2_cache },
		{ DISK_LIMIT_BYTES, d->limit_bytes },
		{ DISK_LIMIT_READ, d->limit_read },
		{ DISK_LIMIT_WRITE, d->limit_write },
		{ DISK_LIMIT_REQUESTS, d->limit_requests },
		{ DISK_LIMIT_READ_REQUESTS, d->limit_read_requests },
		{ DISK_LIMIT_WRITE_REQUESTS, d->limit_write_requests },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].v)
			cell_set_number(
			    row, numbers[i].column, (double)numbers[i].v, reading_now(r));
	if (d->chain >= 0)
		cell_set_number(row, DISK_CHAIN, d->chain, reading_now(r));
}

void disk_configs_write(struct reading *r, struct key guest, const struct disk_configs *disks)
{
	for (size_t i = 0; i < disks->n; i++) {
		const struct disk_config *d = &disks->disk[i];
		struct row *row;

		if (d->is_gone)
			continue;
		row = snapshot_row(r->into, TABLE_DISK, key_of(guest, key_item(d->alias)));
		write_texts(r, row, d);
		write_numbers(r, row, d);
	}
}
