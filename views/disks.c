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
	const char *taken = shown(p, TABLE_DISK, row, DISK_ALLOCATION);
	double chain = cell_number(row, DISK_CHAIN, 0);

	if (cell_has(row, DISK_FORMAT))
		add(t, page_printf(p, ", %s", cell_text(row, DISK_FORMAT)));
	if (chain > 0)
		add(t, page_printf(p, " with %.0f image%s below", chain, chain > 1 ? "s" : ""));
	if (cell_has(row, DISK_SOURCE))
		add(t, page_printf(p, " in %s", cell_text(row, DISK_SOURCE)));
	/* libvirt would have told how far it is written. */
	if (taken && !row->cell[DISK_SHARED].at_ns)
		add(t, page_printf(p, ", whose blocks take %s", taken));
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

/* "db vda: " has been said, or a clause before this one. */
static void clause(struct text *t, const char *text)
{
	if (t->len && t->p[t->len - 1] != ' ')
		add(t, "; ");
	add(t, text);
}

static const struct limit {
	int used[3], limit; /* used: ends with -1 */
	const char *whose, *unit;
} limits[] = {
	{ { DISK_READ, DISK_WRITE, -1 }, DISK_LIMIT_BYTES, "its", "" },
	{ { DISK_READ, -1 }, DISK_LIMIT_READ, "its", " for reads" },
	{ { DISK_WRITE, -1 }, DISK_LIMIT_WRITE, "its", " for writes" },
	{ { DISK_READ_REQUESTS, DISK_WRITE_REQUESTS, -1 }, DISK_LIMIT_REQUESTS, "its",
	    " requests" },
	{ { DISK_READ_REQUESTS, -1 }, DISK_LIMIT_READ_REQUESTS, "its", " reads" },
	{ { DISK_WRITE_REQUESTS, -1 }, DISK_LIMIT_WRITE_REQUESTS, "its", " writes" },
	{ { DISK_CGROUP_READ, -1 }, DISK_CGROUP_LIMIT_READ, "its cgroup's", " for reads" },
	{ { DISK_CGROUP_WRITE, -1 }, DISK_CGROUP_LIMIT_WRITE, "its cgroup's", " for writes" },
	{ { DISK_CGROUP_READS, -1 }, DISK_CGROUP_LIMIT_READS, "its cgroup's", " reads" },
	{ { DISK_CGROUP_WRITES, -1 }, DISK_CGROUP_LIMIT_WRITES, "its cgroup's", " writes" },
};

static double share_of(const struct row *row, const struct limit *l)
{
	double most = cell_number(row, l->limit, 0), sum = 0, v;

	for (size_t i = 0; l->used[i] >= 0; i++)
		if (cell_value(
			&table_kinds[TABLE_DISK].column[l->used[i]], &row->cell[l->used[i]], &v))
			sum += v;
	return most > 0 ? sum / most : 0;
}

/* "at 100 % of its limit of 100 requests/s": the one that it is nearest to. */
static void tell_limit(struct page *p, struct text *t, const struct row *row)
{
	const struct limit *worst = &limits[0];
	char share[FORMAT_SIZE];

	if (mark_of(TABLE_DISK, row, DISK_LIMIT_USED) == MARK_NONE)
		return;
	for (size_t i = 1; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (share_of(row, &limits[i]) > share_of(row, worst))
			worst = &limits[i];
	format_integer(share_of(row, worst) * 100, 4, share);
	if (strncmp(worst->unit, " for", 4) == 0 || !*worst->unit)
		clause(t, page_printf(p, "at %s %% of %s limit of %s/s%s", share, worst->whose,
			      shown(p, TABLE_DISK, row, worst->limit), worst->unit));
	else
		clause(t, page_printf(p, "at %s %% of %s limit of %s%s/s", share, worst->whose,
			      shown(p, TABLE_DISK, row, worst->limit), worst->unit));
}

static void tell_times(struct page *p, struct text *t, const struct row *row)
{
	const char *own = shown(p, TABLE_DISK, row, DISK_LATENCY);
	const char *host = shown(p, TABLE_DISK, row, DISK_HOST_AWAIT);
	double util;

	if (own)
		clause(t, page_printf(p, "a request takes %s", own));
	if (own && host)
		add(t, page_printf(p, ", %s of the host's device", host));
	if (mark_of(TABLE_DISK, row, DISK_HOST_UTIL) != MARK_NONE) {
		util = cell_number(row, DISK_HOST_UTIL, 0);
		clause(t, page_printf(p, "%s is %.0f %% busy", cell_text(row, DISK_HOST_DEVICE),
			      util * 100));
	}
}

static void tell_method(struct text *t, const struct row *row)
{
	const char *method = cell_text(row, DISK_METHOD);

	if (strcmp(method, "cgroup") == 0)
		clause(t, "traffic as its cgroup's on that device");
	else if (strcmp(method, "process") == 0)
		clause(t, "traffic as its process's");
}

/* What it waits for comes first, so that it is there however little room there is: "web1 vda: at
 * 100 % of its limit of 100 requests/s; a request takes 21ms; virtio, raw in /images/web1.img; ext4
 * /images on dm-3 (sda sdb)." */
const char *disk_sentence(struct page *p, const struct row *row)
{
	struct text t = { 0 };

	add(&t, page_printf(p, "%s %s: ", cell_text(row, DISK_DOMAIN), cell_text(row, DISK_NAME)));
	tell_limit(p, &t, row);
	tell_times(p, &t, row);
	clause(&t, cell_has(row, DISK_BUS) ? cell_text(row, DISK_BUS) : "bus not known");
	tell_image(p, &t, row);
	tell_place(p, &t, row);
	tell_method(&t, row);
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
