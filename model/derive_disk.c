/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows from the counters of disks and block devices: the mean time of a request is the time
 * of all of them over their number, and their time by time is how many were under way.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/derive.h"

/* Columns whose rates are added up; ends with -1. */
typedef const int columns[4];

/* The sum of what the columns show; false when none of them shows anything, and then why. */
static bool sum_of(
    enum table_id t, const struct row *row, columns add, double *ret, enum state *why)
{
	bool any = false;
	double v;

	*ret = 0;
	*why = STATE_ABSENT;
	for (size_t i = 0; i < 4 && add[i] >= 0; i++)
		if (derive_operand(t, row, add[i], &v, why)) {
			*ret += v;
			any = true;
		}
	return any;
}

/* Time and requests, where both show: one without the other makes no mean. */
static bool sum_pairs(enum table_id t, const struct row *row, columns time, columns count,
    double *ret_time, double *ret_count, enum state *why)
{
	bool any = false;
	double v, n;

	*ret_time = *ret_count = 0;
	*why = STATE_ABSENT;
	for (size_t i = 0; i < 4 && time[i] >= 0; i++)
		if (derive_operand(t, row, time[i], &v, why) &&
		    derive_operand(t, row, count[i], &n, why)) {
			*ret_time += v;
			*ret_count += n;
			any = true;
		}
	return any;
}

/* No request, no mean: then there is nothing to show. Each of @time belongs to one of @count. */
static void set_mean(struct snapshot *s, enum table_id t, int column, columns time, columns count)
{
	for (size_t i = 0; i < s->table[t].n; i++) {
		struct row *row = s->table[t].row[i];
		double spent, requests;
		enum state why;

		if (!sum_pairs(t, row, time, count, &spent, &requests, &why))
			derive_missing(s, row, column, why);
		else if (requests > 0)
			derive_number(s, row, column, spent / requests);
		else
			derive_missing(s, row, column, STATE_ABSENT);
	}
}

static void set_sum(struct snapshot *s, enum table_id t, int column, columns add)
{
	for (size_t i = 0; i < s->table[t].n; i++) {
		struct row *row = s->table[t].row[i];
		enum state why;
		double v;

		if (sum_of(t, row, add, &v, &why))
			derive_number(s, row, column, v);
		else
			derive_missing(s, row, column, why);
	}
}

static columns disk_bytes = { DISK_READ, DISK_WRITE, -1 };
static columns disk_requests = { DISK_READ_REQUESTS, DISK_WRITE_REQUESTS, -1 };
static columns disk_reads = { DISK_READ_REQUESTS, -1 };
static columns disk_writes = { DISK_WRITE_REQUESTS, -1 };
static columns disk_flushes = { DISK_FLUSHES, -1 };
static columns disk_time = { DISK_READ_TIME, DISK_WRITE_TIME, -1 };
static columns disk_read_time = { DISK_READ_TIME, -1 };
static columns disk_write_time = { DISK_WRITE_TIME, -1 };
static columns disk_flush_time = { DISK_FLUSH_TIME, -1 };
static columns disk_all_time = { DISK_READ_TIME, DISK_WRITE_TIME, DISK_FLUSH_TIME, -1 };
static columns cgroup_bytes = { DISK_CGROUP_READ, DISK_CGROUP_WRITE, -1 };
static columns cgroup_requests = { DISK_CGROUP_READS, DISK_CGROUP_WRITES, -1 };
static columns process_bytes = { DOMAIN_IO_READ, DOMAIN_IO_WRITE, -1 };
static columns device_requests = { BLOCKDEV_READS, BLOCKDEV_WRITES, -1 };
static columns device_time = { BLOCKDEV_READ_TIME, BLOCKDEV_WRITE_TIME, -1 };
static columns device_bytes = { BLOCKDEV_READ, BLOCKDEV_WRITE, -1 };

void derive_disk_latency(struct snapshot *s, int column)
{
	set_mean(s, TABLE_DISK, column, disk_time, disk_requests);
}

void derive_disk_read_latency(struct snapshot *s, int column)
{
	set_mean(s, TABLE_DISK, column, disk_read_time, disk_reads);
}

void derive_disk_write_latency(struct snapshot *s, int column)
{
	set_mean(s, TABLE_DISK, column, disk_write_time, disk_writes);
}

void derive_disk_flush_latency(struct snapshot *s, int column)
{
	set_mean(s, TABLE_DISK, column, disk_flush_time, disk_flushes);
}

void derive_disk_queue(struct snapshot *s, int column)
{
	set_sum(s, TABLE_DISK, column, disk_all_time);
}

void derive_blockdev_await(struct snapshot *s, int column)
{
	set_mean(s, TABLE_BLOCKDEV, column, device_time, device_requests);
}

void derive_blockdev_read_await(struct snapshot *s, int column)
{
	static columns time = { BLOCKDEV_READ_TIME, -1 }, count = { BLOCKDEV_READS, -1 };

	set_mean(s, TABLE_BLOCKDEV, column, time, count);
}

void derive_blockdev_write_await(struct snapshot *s, int column)
{
	static columns time = { BLOCKDEV_WRITE_TIME, -1 }, count = { BLOCKDEV_WRITES, -1 };

	set_mean(s, TABLE_BLOCKDEV, column, time, count);
}

void derive_blockdev_flush_await(struct snapshot *s, int column)
{
	static columns time = { BLOCKDEV_FLUSH_TIME, -1 }, count = { BLOCKDEV_FLUSHES, -1 };

	set_mean(s, TABLE_BLOCKDEV, column, time, count);
}

void derive_blockdev_request_size(struct snapshot *s, int column)
{
	set_mean(s, TABLE_BLOCKDEV, column, device_bytes, device_requests);
}

void derive_blockdev_queue(struct snapshot *s, int column)
{
	static columns time = { BLOCKDEV_QUEUE_TIME, -1 };

	set_sum(s, TABLE_BLOCKDEV, column, time);
}

/* Drives without a medium in them, mostly: they share no traffic with a disk. */
static bool is_disk(const struct row *row)
{
	const char *device = cell_text(row, DISK_DEVICE);

	return strcmp(device, "cdrom") != 0 && strcmp(device, "floppy") != 0;
}

/* How many disks each guest has, by the row of the guest; the caller frees it. */
static unsigned *count_disks(const struct snapshot *s)
{
	unsigned *n = xcalloc(s->table[TABLE_DOMAIN].n + 1, sizeof(*n));

	for (size_t i = 0; i < s->table[TABLE_DISK].n; i++) {
		const struct row *row = s->table[TABLE_DISK].row[i];

		if (row->domain && is_disk(row))
			n[row->domain->number]++;
	}
	return n;
}

enum method { BY_NOTHING, BY_LIBVIRT, BY_CGROUP, BY_PROCESS };

static bool is_told(const struct cell *cell)
{
	return cell->state == STATE_OK || cell->state == STATE_STALE;
}

static enum method method_of(const struct row *row, const unsigned *disks)
{
	if (is_told(&row->cell[DISK_READ]))
		return BY_LIBVIRT;
	if (row->domain && is_told(&row->domain->cell[DOMAIN_IO_READ]) && is_disk(row) &&
	    disks[row->domain->number] == 1)
		return BY_PROCESS;
	if (is_told(&row->cell[DISK_CGROUP_READ]))
		return BY_CGROUP;
	return BY_NOTHING;
}

void derive_disk_method(struct snapshot *s, int column)
{
	static const char *const names[] = { NULL, "libvirt", "cgroup", "process" };
	unsigned *disks = count_disks(s);

	for (size_t i = 0; i < s->table[TABLE_DISK].n; i++) {
		struct row *row = s->table[TABLE_DISK].row[i];
		const char *name = names[method_of(row, disks)];

		if (name)
			cell_set_text(s, row, column, name, s->moment.mono_ns);
	}
	free(disks);
}

/* @process: NULL where the process does not tell; then the cgroup may. */
static void set_by_method(
    struct snapshot *s, int column, columns own, columns cgroup, const int *process)
{
	unsigned *disks = count_disks(s);

	for (size_t i = 0; i < s->table[TABLE_DISK].n; i++) {
		struct row *row = s->table[TABLE_DISK].row[i];
		enum method method = method_of(row, disks);
		enum state why = STATE_ABSENT;
		bool is_known = false;
		double v = 0;

		if (method == BY_PROCESS && process)
			is_known = sum_of(TABLE_DOMAIN, row->domain, process, &v, &why);
		else if (method == BY_PROCESS || method == BY_CGROUP)
			is_known = sum_of(TABLE_DISK, row, cgroup, &v, &why);
		else
			is_known = sum_of(TABLE_DISK, row, own, &v, &why);
		if (is_known)
			derive_number(s, row, column, v);
		else
			derive_missing(s, row, column, why);
	}
	free(disks);
}

void derive_disk_throughput(struct snapshot *s, int column)
{
	set_by_method(s, column, disk_bytes, cgroup_bytes, process_bytes);
}

void derive_disk_requests(struct snapshot *s, int column)
{
	set_by_method(s, column, disk_requests, cgroup_requests, NULL);
}

void derive_disk_l2_covered(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DISK].n; i++) {
		struct row *row = s->table[TABLE_DISK].row[i];
		double need = cell_number(row, DISK_L2_NEEDED, 0);
		double have = cell_number(row, DISK_L2_CACHE, -1);

		if (need > 0 && have >= 0)
			derive_number(s, row, column, have < need ? have / need : 1);
	}
}

/* The row of the device whose name begins the text in @column: "sda sdb" is sda. */
static const struct row *device_of(const struct snapshot *s, const struct row *disk, int column)
{
	const char *text = cell_text(disk, column);
	char name[256];
	size_t len = strcspn(text, " ");

	if (len == 0 || len >= sizeof(name))
		return NULL;
	memcpy(name, text, len);
	name[len] = '\0';
	return snapshot_find(s, TABLE_BLOCKDEV, key_host(key_item(name)));
}

/* Shows what the device in @from shows in @of. */
static void join_number(struct snapshot *s, int column, int from, int of)
{
	for (size_t i = 0; i < s->table[TABLE_DISK].n; i++) {
		struct row *row = s->table[TABLE_DISK].row[i];
		const struct row *device = device_of(s, row, from);
		enum state why;
		double v;

		if (!device)
			continue;
		if (derive_operand(TABLE_BLOCKDEV, device, of, &v, &why))
			derive_number(s, row, column, v);
		else
			derive_missing(s, row, column, why);
	}
}

void derive_disk_host_util(struct snapshot *s, int column)
{
	join_number(s, column, DISK_HOST_DEVICE, BLOCKDEV_UTIL);
}

void derive_disk_host_await(struct snapshot *s, int column)
{
	join_number(s, column, DISK_HOST_DEVICE, BLOCKDEV_AWAIT);
}

void derive_disk_host_queue(struct snapshot *s, int column)
{
	join_number(s, column, DISK_HOST_DEVICE, BLOCKDEV_QUEUE);
}

void derive_disk_rotational(struct snapshot *s, int column)
{
	join_number(s, column, DISK_HOST_DISKS, BLOCKDEV_ROTATIONAL);
}

/* Devices that are made of others have none: that of those counts. */
void derive_disk_scheduler(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DISK].n; i++) {
		struct row *row = s->table[TABLE_DISK].row[i];
		const struct row *device = device_of(s, row, DISK_HOST_DISKS);

		if (device && cell_has(device, BLOCKDEV_SCHEDULER))
			row->cell[column] = device->cell[BLOCKDEV_SCHEDULER];
	}
}
