/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What disks add up to: of a guest, and of a device of the host. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/derive.h"

/* Each guest's process does its I/O, whatever the disks tell. */
void derive_domain_disk(struct snapshot *s, int column)
{
	static const int io[] = { DOMAIN_IO_READ, DOMAIN_IO_WRITE };

	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		enum state why = STATE_ABSENT;
		double sum = 0, v;

		for (size_t k = 0; k < 2; k++)
			if (derive_operand(TABLE_DOMAIN, row, io[k], &v, &why))
				sum += v;
		if (why == STATE_ABSENT && row->cell[DOMAIN_IO_READ].state == STATE_OK)
			derive_number(s, row, column, sum);
		else
			derive_missing(s, row, column, why);
	}
}

/* Where no disk tells, what the process read and wrote stands in. */
static void take_from_process(struct snapshot *s, int column, int process)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		enum state why;
		double v;

		if (row->cell[column].state == STATE_ABSENT &&
		    derive_operand(TABLE_DOMAIN, row, process, &v, &why))
			derive_number(s, row, column, v);
	}
}

void derive_domain_disk_read(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_DISK, DISK_READ, NULL, column);
	take_from_process(s, column, DOMAIN_IO_READ);
}

void derive_domain_disk_write(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_DISK, DISK_WRITE, NULL, column);
	take_from_process(s, column, DOMAIN_IO_WRITE);
}

void derive_domain_disk_requests(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_DISK, DISK_REQUESTS, NULL, column);
}

/* Time and requests of all its disks, or of none. */
struct mean {
	double time, requests;
};

void derive_domain_disk_latency(struct snapshot *s, int column)
{
	static const int time[] = { DISK_READ_TIME, DISK_WRITE_TIME };
	static const int count[] = { DISK_READ_REQUESTS, DISK_WRITE_REQUESTS };
	struct mean *mean = xcalloc(s->table[TABLE_DOMAIN].n + 1, sizeof(*mean));

	for (size_t i = 0; i < s->table[TABLE_DISK].n; i++) {
		const struct row *row = s->table[TABLE_DISK].row[i];
		enum state why;
		double v, n;

		for (size_t k = 0; row->domain && k < 2; k++)
			if (derive_operand(TABLE_DISK, row, time[k], &v, &why) &&
			    derive_operand(TABLE_DISK, row, count[k], &n, &why)) {
				mean[row->domain->number].time += v;
				mean[row->domain->number].requests += n;
			}
	}
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		if (mean[i].requests > 0)
			derive_number(s, s->table[TABLE_DOMAIN].row[i], column,
			    mean[i].time / mean[i].requests);
	free(mean);
}

/* How the three before this are known. */
void derive_domain_disk_method(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DISK].n; i++) {
		const struct row *row = s->table[TABLE_DISK].row[i];

		if (row->domain && row->cell[DISK_READ].at_ns && cell_has(row, DISK_READ))
			cell_set_text(s, row->domain, column, "libvirt", s->moment.mono_ns);
	}
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];

		if (!cell_has(row, column) && row->cell[DOMAIN_IO_READ].state == STATE_OK)
			cell_set_text(s, row, column, "process", s->moment.mono_ns);
	}
}

/* Whether @name is one of the words of @list. */
static bool has_word(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, name)); p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

static bool lies_on(const struct row *disk, const char *device)
{
	return strcmp(cell_text(disk, DISK_HOST_DEVICE), device) == 0 ||
	       has_word(cell_text(disk, DISK_HOST_DISKS), device);
}

/* Each guest once, in the order of its disks: those of one guest follow each other. */
void derive_blockdev_guests(struct snapshot *s, int column)
{
	const struct table *disks = &s->table[TABLE_DISK];

	for (size_t i = 0; i < s->table[TABLE_BLOCKDEV].n; i++) {
		struct row *row = s->table[TABLE_BLOCKDEV].row[i];
		const char *device = cell_text(row, BLOCKDEV_NAME);
		struct derive_list list = { 0 };
		const struct row *last = NULL;

		for (size_t k = 0; k < disks->n; k++) {
			const struct row *domain = disks->row[k]->domain;

			if (!domain || domain == last || !lies_on(disks->row[k], device))
				continue;
			derive_list_add(&list, cell_text(domain, DOMAIN_NAME));
			last = domain;
		}
		if (last)
			derive_list_done(&list, s, row, column);
	}
}
