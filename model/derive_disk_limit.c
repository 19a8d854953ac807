/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How near disks are to the limits that they were given, alone or together. */
#include <string.h>

#include "model/derive.h"

struct disk_limit {
	int used[3], limit; /* @used ends with -1 */
	bool shared;        /* by the disks of a group, where there is one */
};

/* The traffic that counts for the limit; false when that is not known, and then why. */
static bool add_used(
    const struct row *row, const struct disk_limit *l, double *sum, enum state *ret_why)
{
	double v;

	for (size_t i = 0; l->used[i] >= 0; i++) {
		if (!derive_operand(TABLE_DISK, row, l->used[i], &v, ret_why)) {
			/* There is a figure, wherever it may be had: the guest is held to it. */
			if (*ret_why == STATE_ABSENT)
				*ret_why = STATE_UNKNOWN;
			return false;
		}
		*sum += v;
	}
	return true;
}

static bool is_together(const struct row *a, const struct row *b)
{
	return a == b || (a->domain == b->domain && strcmp(cell_text(a, DISK_LIMIT_GROUP),
							cell_text(b, DISK_LIMIT_GROUP)) == 0);
}

/* The part of the limit that is taken, by all that share it. */
static bool share_of(
    const struct table *disks, size_t at, const struct disk_limit *l, double *ret, enum state *why)
{
	const struct row *row = disks->row[at];
	bool group = l->shared && row->domain && cell_has(row, DISK_LIMIT_GROUP);
	size_t first = at, end = at + 1;
	double sum = 0;

	/* The disks of one guest follow each other. */
	while (group && first > 0 && disks->row[first - 1]->domain == row->domain)
		first--;
	while (group && end < disks->n && disks->row[end]->domain == row->domain)
		end++;
	for (size_t i = first; i < end; i++)
		if (is_together(disks->row[i], row) && !add_used(disks->row[i], l, &sum, why))
			return false;
	*ret = sum / cell_number(row, l->limit, 1);
	return true;
}

void derive_disk_limit_used(struct snapshot *s, int column)
{
	static const struct disk_limit limits[] = {
		{ { DISK_READ, DISK_WRITE, -1 }, DISK_LIMIT_BYTES, true },
		{ { DISK_READ, -1 }, DISK_LIMIT_READ, true },
		{ { DISK_WRITE, -1 }, DISK_LIMIT_WRITE, true },
		{ { DISK_READ_REQUESTS, DISK_WRITE_REQUESTS, -1 }, DISK_LIMIT_REQUESTS, true },
		{ { DISK_READ_REQUESTS, -1 }, DISK_LIMIT_READ_REQUESTS, true },
		{ { DISK_WRITE_REQUESTS, -1 }, DISK_LIMIT_WRITE_REQUESTS, true },
		{ { DISK_CGROUP_READ, -1 }, DISK_CGROUP_LIMIT_READ, false },
		{ { DISK_CGROUP_WRITE, -1 }, DISK_CGROUP_LIMIT_WRITE, false },
		{ { DISK_CGROUP_READS, -1 }, DISK_CGROUP_LIMIT_READS, false },
		{ { DISK_CGROUP_WRITES, -1 }, DISK_CGROUP_LIMIT_WRITES, false },
	};
	const struct table *disks = &s->table[TABLE_DISK];

	for (size_t i = 0; i < disks->n; i++) {
		struct row *row = disks->row[i];
		bool any = false, known = true;
		double worst = 0, v;
		enum state why;

		for (size_t l = 0; known && l < sizeof(limits) / sizeof(limits[0]); l++) {
			if (!(cell_number(row, limits[l].limit, 0) > 0))
				continue;
			any = true;
			known = share_of(disks, i, &limits[l], &v, &why);
			if (known && v > worst)
				worst = v;
		}
		if (!known)
			derive_missing(s, row, column, why);
		else if (any)
			derive_number(s, row, column, worst);
	}
}
