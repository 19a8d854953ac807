/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 5: what is said of a disk and of a device of the host at the foot. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "model/format.h"
#include "views/page.h"
#include "views/parts.h"

static void add(struct text *t, const char *text)
{
	text_append(t, text, strlen(text));
}

static const char *shown(struct page *p, enum table_id table, const struct row *row, int column)
{
	const struct column *c = &table_kinds[table].column[column];
	char buf[FORMAT_SIZE];
	double v;

	if (!cell_value(c, &row->cell[column], &v))
		return NULL;
	format_wide(c, v, buf);
	return page_printf(p, "%s", buf);
}

static const char *finish(struct page *p, struct text *t)
{
	const char *sentence;

	add(t, ".");
	sentence = page_printf(p, "%s", t->p);
	text_done(t);
	return sentence;
}

static void tell_image(struct page *p, struct text *t, const struct row *row)
{
	double chain = cell_number(row, DISK_CHAIN, 0);

	if (cell_has(row, DISK_FORMAT))
		add(t, page_printf(p, ", %s", cell_text(row, DISK_FORMAT)));
	if (chain > 0)
		add(t, page_printf(p, " with %.0f image%s below", chain, chain > 1 ? "s" : ""));
	if (cell_has(row, DISK_SOURCE))
		add(t, page_printf(p, " in %s", cell_text(row, DISK_SOURCE)));
}

static void tell_place(struct page *p, struct text *t, const struct row *row)
{
	const char *device = cell_text(row, DISK_HOST_DEVICE);
	const char *disks = cell_text(row, DISK_HOST_DISKS);

	if (cell_has(row, DISK_FILESYSTEM))
		add(t, page_printf(p, "; %s %s", cell_text(row, DISK_FILESYSTEM),
			   cell_text(row, DISK_MOUNT)));
	if (*device)
		add(t, page_printf(p, " on %s", device));
	if (*disks && strcmp(disks, device) != 0)
		add(t, page_printf(p, " (%s)", disks));
}

static void tell_times(struct page *p, struct text *t, const struct row *row)
{
	const char *own = shown(p, TABLE_DISK, row, DISK_LATENCY);
	const char *host = shown(p, TABLE_DISK, row, DISK_HOST_AWAIT);
	const char *method = cell_text(row, DISK_METHOD);

	if (own)
		add(t, page_printf(p, "; a request takes %s", own));
	if (own && host)
		add(t, page_printf(p, ", %s of the host's device", host));
	if (strcmp(method, "cgroup") == 0)
		add(t, "; traffic as its cgroup's on that device");
	else if (strcmp(method, "process") == 0)
		add(t, "; traffic as its process's");
}

/* "web1 vda: virtio, raw in /images/web1.img; ext4 /images on dm-3 (sda sdb); a request takes …" */
const char *disk_sentence(struct page *p, const struct row *row)
{
	struct text t = { 0 };

	add(&t, page_printf(p, "%s %s: %s", cell_text(row, DISK_DOMAIN), cell_text(row, DISK_NAME),
		    cell_has(row, DISK_BUS) ? cell_text(row, DISK_BUS) : "bus not known"));
	tell_image(p, &t, row);
	tell_place(p, &t, row);
	tell_times(p, &t, row);
	return finish(p, &t);
}

const char *blockdev_sentence(struct page *p, const struct row *row)
{
	const char *below = cell_text(row, BLOCKDEV_BELOW);
	const char *size = shown(p, TABLE_BLOCKDEV, row, BLOCKDEV_SIZE);
	struct text t = { 0 };

	add(&t,
	    page_printf(p, "%s: %s", cell_text(row, BLOCKDEV_NAME), cell_text(row, BLOCKDEV_KIND)));
	if (cell_has(row, BLOCKDEV_ALIAS))
		add(&t, page_printf(p, " %s", cell_text(row, BLOCKDEV_ALIAS)));
	if (size)
		add(&t, page_printf(p, ", %s", size));
	if (*below)
		add(&t, page_printf(p, ", made of %s", below));
	if (cell_has(row, BLOCKDEV_SCHEDULER))
		add(&t, page_printf(p, "; scheduler %s", cell_text(row, BLOCKDEV_SCHEDULER)));
	if (cell_has(row, BLOCKDEV_GUESTS))
		add(&t, page_printf(p, "; disks of %s", cell_text(row, BLOCKDEV_GUESTS)));
	return finish(p, &t);
}
