/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFS exports that images lie on, as devices: what the client counts of reads and writes in
 * proc/PID/mountstats. The server is not asked for it.
 *
 *   device server:/export mounted on /mnt with fstype nfs4 statvers=1.1
 *           bytes: READ WRITTEN DIRECT_READ DIRECT_WRITTEN SERVER_READ SERVER_WRITTEN …
 *           READ: OPS SENT TIMEOUTS BYTES_OUT BYTES_IN QUEUE_MS RTT_MS EXECUTE_MS [ERRORS]
 *
 * Bytes of an operation are those of the messages; what was read from the server and written to it
 * stands above.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/root.h"
#include "base/slice.h"
#include "collectors/collector.h"
#include "collectors/images.h"

enum { OPS, SENT, TIMEOUTS, BYTES_OUT, BYTES_IN, QUEUE_MS, RTT_MS, EXECUTE_MS, FIGURES };

struct operation {
	uint64_t v[FIGURES];
	bool told;
};

struct export
{
	struct operation read, write, commit;
	uint64_t read_bytes, written_bytes;
	bool has_bytes;
};

static void read_operation(struct cursor *line, struct operation *ret)
{
	struct operation o = { .told = true };

	for (int i = 0; i < FIGURES; i++)
		if (cursor_u64(line, &o.v[i]) < 0)
			return;
	*ret = o;
}

static void read_bytes(struct cursor *line, struct export *ret)
{
	ret->has_bytes = cursor_skip(line, 4) && cursor_u64(line, &ret->read_bytes) == 0 &&
			 cursor_u64(line, &ret->written_bytes) == 0;
}

/* Lines up to the next device. */
static void read_export(struct cursor *all, struct export *ret)
{
	struct cursor before = *all, line;
	struct slice word;

	*ret = (struct export){ 0 };
	while (cursor_line(all, &line)) {
		if (cursor_field(&line, &word)) {
			if (slice_eq(word, "device"))
				break;
			if (slice_eq(word, "bytes:"))
				read_bytes(&line, ret);
			else if (slice_eq(word, "READ:"))
				read_operation(&line, &ret->read);
			else if (slice_eq(word, "WRITE:"))
				read_operation(&line, &ret->write);
			else if (slice_eq(word, "COMMIT:"))
				read_operation(&line, &ret->commit);
		}
		before = *all;
	}
	*all = before;
}

static void set_time(struct row *row, int column, uint64_t ms, uint64_t at_ns)
{
	if (!__builtin_mul_overflow(ms, NS_PER_MS, &ms))
		cell_set_count(row, column, ms, at_ns);
}

/* Sent more often than asked for: once again each. */
static uint64_t retransmits(const struct operation *o)
{
	return o->v[SENT] > o->v[OPS] ? o->v[SENT] - o->v[OPS] : 0;
}

static void write_export(struct reading *r, const char *name, const struct export *e)
{
	struct row *row = snapshot_row(r->into, TABLE_BLOCKDEV, key_host(key_item(name)));
	uint64_t at = reading_now(r);

	cell_set_text(r->into, row, BLOCKDEV_NAME, name, at);
	cell_set_text(r->into, row, BLOCKDEV_KIND, "nfs", at);
	if (e->has_bytes) {
		cell_set_count(row, BLOCKDEV_READ, e->read_bytes, at);
		cell_set_count(row, BLOCKDEV_WRITE, e->written_bytes, at);
	}
	if (!e->read.told || !e->write.told)
		return;
	cell_set_count(row, BLOCKDEV_READS, e->read.v[OPS], at);
	cell_set_count(row, BLOCKDEV_WRITES, e->write.v[OPS], at);
	set_time(row, BLOCKDEV_READ_TIME, e->read.v[EXECUTE_MS], at);
	set_time(row, BLOCKDEV_WRITE_TIME, e->write.v[EXECUTE_MS], at);
	set_time(row, BLOCKDEV_QUEUE_TIME, e->read.v[EXECUTE_MS] + e->write.v[EXECUTE_MS], at);
	cell_set_count(
	    row, BLOCKDEV_RETRANSMITS, retransmits(&e->read) + retransmits(&e->write), at);
	cell_set_count(row, BLOCKDEV_TIMEOUTS, e->read.v[TIMEOUTS] + e->write.v[TIMEOUTS], at);
	if (!e->commit.told)
		return;
	cell_set_count(row, BLOCKDEV_FLUSHES, e->commit.v[OPS], at);
	set_time(row, BLOCKDEV_FLUSH_TIME, e->commit.v[EXECUTE_MS], at);
}

/* Whether it is one of the guest's, and nobody has told of it in this reading. */
static bool is_wanted(struct reading *r, const struct image_guest *g, const char *name)
{
	if (snapshot_find(r->into, TABLE_BLOCKDEV, key_host(key_item(name))))
		return false;
	for (size_t i = 0; i < g->n; i++)
		if (image_is_nfs(&g->image[i]) && strcmp(g->image[i].device, name) == 0)
			return true;
	return false;
}

static bool has_untold(struct reading *r, const struct image_guest *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (is_wanted(r, g, g->image[i].device))
			return true;
	return false;
}

void images_read_nfs(struct reading *r, const struct image_guest *g)
{
	struct text text = { 0 };
	struct cursor all, line;
	char path[64], name[256];
	struct export export;

	if (!has_untold(r, g))
		return;
	snprintf(path, sizeof(path), "proc/%u/mountstats", (uint32_t)g->key.owner);
	if (root_read_all(r->root, path, &text) == 0) {
		cursor_init(&all, text.p, text.len);
		while (cursor_line(&all, &line)) {
			struct slice word;

			if (!cursor_field(&line, &word) || !slice_eq(word, "device") ||
			    !cursor_field(&line, &word) ||
			    slice_copy(word, name, sizeof(name)) >= sizeof(name) ||
			    !is_wanted(r, g, name))
				continue;
			read_export(&all, &export);
			write_export(r, name, &export);
		}
	}
	text_done(&text);
}
