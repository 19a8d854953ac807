/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: the collectors of the host itself, and of its guests, over the samples of a captured
 * host. A host owns its collectors and its last snapshot.
 */
#ifndef KVMTOP_TESTS_CAPTURED_HOST_H
#define KVMTOP_TESTS_CAPTURED_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/archive.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/lane.h"

#ifndef KVMTOP_TEST_HOSTS
#define KVMTOP_TEST_HOSTS "tests/hosts"
#endif

#define MIB (1024.0 * 1024)
#define GIB (1024.0 * MIB)

/* In the order of the fast lane; what has a lane of its own knows the guests by the same sample. */
static const struct collector read_in_turn[] = {
	{ SRC_GUESTS, LANE_FAST, 0, guests_open, guests_read, guests_close },
	{ SRC_CPUS, LANE_FAST, 0, cpus_open, cpus_read, cpus_close },
	{ SRC_NODES, LANE_FAST, 0, nodes_open, nodes_read, nodes_close },
	{ SRC_MEMORY, LANE_FAST, 0, memory_open, memory_read, memory_close },
	{ SRC_HUGEPAGES, LANE_FAST, 0, hugepages_open, hugepages_read, hugepages_close },
	{ SRC_KSM, LANE_FAST, 0, ksm_open, ksm_read, ksm_close },
	{ SRC_KSM_GUESTS, LANE_FAST, 0, ksm_guests_open, ksm_guests_read, ksm_guests_close },
	{ SRC_THP, LANE_FAST, 0, thp_open, thp_read, thp_close },
};

#define COLLECTORS (sizeof(read_in_turn) / sizeof(read_in_turn[0]))

struct host {
	struct root *root;
	struct sampling options;
	struct slot slot[COLLECTORS];
	struct snapshot *now;
	size_t next;
};

static inline void start(struct host *h)
{
	h->options = (struct sampling){ .interval_ns = NS_PER_SEC };
	for (size_t i = 0; i < COLLECTORS; i++)
		slot_init(&h->slot[i], &read_in_turn[i], &h->options);
}

static inline void open_host(struct host *h, const char *name)
{
	char path[512];

	*h = (struct host){ 0 };
	snprintf(path, sizeof(path), "%s/%s.host", KVMTOP_TEST_HOSTS, name);
	assert_int_equal(root_open(path, &h->root), 0);
	start(h);
}

static inline void open_text(struct host *h, const char *text)
{
	char *whole = xasprintf("%s" ARCHIVE_END, text);

	*h = (struct host){ 0 };
	assert_int_equal(root_open_archive(whole, strlen(whole), &h->root), 0);
	free(whole);
	start(h);
}

/* The next sample, with rates against the one before. */
static inline struct snapshot *take(struct host *h)
{
	struct snapshot *before = h->now;

	root_seek(h->root, h->next++);
	h->now = snapshot_new(root_now(h->root));
	for (size_t i = 0; i < COLLECTORS; i++)
		slot_read(&h->slot[i], h->root, &h->options, h->now, h->now);
	snapshot_link(h->now);
	snapshot_rate(h->now, before);
	snapshot_derive(h->now);
	snapshot_unref(before);
	return h->now;
}

static inline void close_host(struct host *h)
{
	for (size_t i = 0; i < COLLECTORS; i++)
		slot_done(&h->slot[i]);
	snapshot_unref(h->now);
	root_close(h->root);
}

static inline const struct slot *slot_of(const struct host *h, enum source_id src)
{
	for (size_t i = 0; i < COLLECTORS; i++)
		if (read_in_turn[i].src == src)
			return &h->slot[i];
	return NULL;
}

static inline void assert_note(const struct host *h, enum source_id src, const char *part)
{
	if (!strstr(slot_of(h, src)->note, part))
		fail_msg("\"%s\" is not in the note \"%s\"", part, slot_of(h, src)->note);
}

static inline struct row *row_of(const struct snapshot *s, enum table_id t, uint64_t item)
{
	struct row *row = snapshot_find(s, t, key_host(item));

	if (!row)
		fail_msg("no row %llu in %s", (unsigned long long)item, table_kinds[t].name);
	return row;
}

static inline struct row *host_row(const struct snapshot *s)
{
	return row_of(s, TABLE_HOST, 0);
}

static inline struct row *guest_row(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		if (strcmp(cell_text(s->table[TABLE_DOMAIN].row[i], DOMAIN_NAME), name) == 0)
			return s->table[TABLE_DOMAIN].row[i];
	fail_msg("no guest %s", name);
	return NULL;
}

/* What the column shows: a gauge's number, a counter's rate. */
static inline void assert_shown(const struct row *row, enum table_id t, int column, double expected)
{
	const struct column *c = &table_kinds[t].column[column];
	double v = -1, off;

	if (!cell_value(c, &row->cell[column], &v))
		fail_msg("%s is %s", c->name, state_name(cell_state(c, &row->cell[column])));
	off = v > expected ? v - expected : expected - v;
	if (off > 1e-9 * (expected > 1 ? expected : 1))
		fail_msg("%s is %.12g, not %.12g", c->name, v, expected);
}

static inline void assert_host(const struct snapshot *s, int column, double expected)
{
	assert_shown(host_row(s), TABLE_HOST, column, expected);
}

static inline void assert_state(
    const struct row *row, enum table_id t, int column, enum state expected)
{
	const struct column *c = &table_kinds[t].column[column];

	if (cell_state(c, &row->cell[column]) != expected)
		fail_msg("%s is %s, not %s", c->name, state_name(cell_state(c, &row->cell[column])),
		    state_name(expected));
}

#endif
