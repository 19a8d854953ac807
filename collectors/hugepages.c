/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge page pools by node and page size; of a kernel without nodes, the whole host's as node 0. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/mounts.h"
#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/values.h"

#define POOLS_DIR "sys/kernel/mm/hugepages"
#define NODES_DIR "sys/devices/system/node"
/* A node's number and the size of a page share one key. */
#define NODE_SHIFT 40
/* No kernel has more nodes; what says so is no kernel. */
#define NODES_MAX 1024

struct hugepages {
	struct text mounts; /* as they were read last */
	int error;
	uint64_t at_ns;
};

void *hugepages_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct hugepages));
}

void hugepages_close(void *state)
{
	struct hugepages *h = state;

	text_done(&h->mounts);
	free(h);
}

static void read_mounts(struct reading *r)
{
	struct hugepages *h = r->state;

	if (!slow_is_due(r, h->at_ns))
		return;
	text_done(&h->mounts);
	h->error = root_read_all(r->root, "proc/self/mounts", &h->mounts);
	h->at_ns = r->now_ns;
}

/* The first place where files of that page size can be made; NULL: there is none. */
static char *find_mount(const struct hugepages *h, uint64_t page_bytes)
{
	struct cursor table;
	struct mount m;

	cursor_init(&table, h->mounts.p, h->mounts.len);
	while (mount_next(&table, &m)) {
		struct slice value;
		uint64_t bytes;
		char size[32];

		if (!slice_eq(m.type, "hugetlbfs") || !mount_option(&m, "pagesize", &value))
			continue;
		slice_copy(value, size, sizeof(size));
		if (parse_size(size, 1, &bytes) == 0 && bytes == page_bytes)
			return mount_point_dup(&m);
	}
	return NULL;
}

static void set_mount(struct reading *r, struct row *row, uint64_t page_bytes)
{
	const struct hugepages *h = r->state;
	char *point;

	if (h->error < 0) {
		cell_set_missing(row, HUGEPOOL_MOUNT, state_of_errno(h->error), reading_now(r));
		return;
	}
	point = find_mount(h, page_bytes);
	cell_set_text(r->into, row, HUGEPOOL_MOUNT, point ? point : "none", reading_now(r));
	free(point);
}

/* "hugepages-2048kB" */
static bool page_size_of(const char *name, uint64_t *ret_bytes)
{
	struct slice kib = slice_of(name);

	if (!slice_starts(kib, "hugepages-") || kib.len < 12 ||
	    strcmp(name + kib.len - 2, "kB") != 0)
		return false;
	kib = (struct slice){ name + 10, kib.len - 12 };
	if (slice_u64(kib, ret_bytes) < 0 || *ret_bytes == 0 ||
	    *ret_bytes >= (UINT64_C(1) << NODE_SHIFT) / 1024)
		return false;
	*ret_bytes *= 1024;
	return true;
}

static int read_number(
    const struct root *root, const char *dir, const char *pool, const char *file, uint64_t *ret)
{
	char path[256], buf[32];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, pool, file);
	n = root_read(root, path, buf, sizeof(buf));
	return n < 0 ? (int)n : parse_u64(buf, ret);
}

/* What a node does not tell for itself (resv_hugepages) is told for all nodes together. */
static void read_pool(struct reading *r, const char *dir, const char *pool, struct row *row)
{
	const struct table_kind *kind = &table_kinds[TABLE_HUGEPOOL];

	for (int i = 0; i < kind->columns; i++) {
		const struct column *c = &kind->column[i];
		uint64_t v;
		int error;

		if (c->src != SRC_HUGEPAGES || !c->key)
			continue;
		error = read_number(r->root, dir, pool, c->key, &v);
		if (error == -ENOENT && strcmp(dir, POOLS_DIR) != 0)
			error = read_number(r->root, POOLS_DIR, pool, c->key, &v);
		if (error < 0)
			cell_set_missing(row, i, state_of_errno(error), reading_now(r));
		else
			cell_set_number(row, i, (double)v, reading_now(r));
	}
}

/* All pools below @dir. A node without memory has no such directory. */
static size_t read_pools(struct reading *r, const char *dir, uint64_t node)
{
	struct names pools = { 0 };
	uint64_t size_bytes;
	size_t n = 0;

	if (root_list(r->root, dir, &pools) == 0)
		for (size_t i = 0; i < pools.n; i++) {
			struct row *row;

			if (!page_size_of(pools.name[i], &size_bytes))
				continue;
			row = snapshot_row(
			    r->into, TABLE_HUGEPOOL, key_host(node << NODE_SHIFT | size_bytes));
			cell_set_number(row, HUGEPOOL_NODE, (double)node, reading_now(r));
			cell_set_number(
			    row, HUGEPOOL_PAGE_SIZE, (double)size_bytes, reading_now(r));
			set_mount(r, row, size_bytes);
			read_pool(r, dir, pools.name[i], row);
			n++;
		}
	names_done(&pools);
	return n;
}

static size_t read_nodes(struct reading *r)
{
	struct cpuset nodes = { 0 };
	char buf[1024], dir[96];
	size_t n = 0;

	if (root_read(r->root, NODES_DIR "/online", buf, sizeof(buf)) > 0 &&
	    cpuset_parse_list(&nodes, buf) == 0)
		for (int node = cpuset_next(&nodes, 0); node >= 0 && node < NODES_MAX;
		     node = cpuset_next(&nodes, (unsigned int)node + 1)) {
			snprintf(dir, sizeof(dir), NODES_DIR "/node%d/hugepages", node);
			n += read_pools(r, dir, (uint64_t)node);
		}
	cpuset_done(&nodes);
	return n;
}

enum state hugepages_read(struct reading *r)
{
	read_mounts(r);
	if (read_nodes(r) > 0)
		return STATE_OK;
	if (read_pools(r, POOLS_DIR, 0) > 0) {
		if (root_exists(r->root, NODES_DIR "/online"))
			reading_note(r, "The pools of all nodes together: this kernel does not "
					"tell them apart.");
		return STATE_OK;
	}
	reading_note(r, "This kernel has no huge page pools (CONFIG_HUGETLBFS).");
	return STATE_ABSENT;
}
