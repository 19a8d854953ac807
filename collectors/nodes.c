/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NUMA nodes and which CPUs they have. A kernel without NUMA has no nodes: then the host is one
 * node 0, so that everything that goes by nodes works there too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/values.h"

#define NODES_DIR "sys/devices/system/node"
/* No kernel has more; what says so is no kernel. */
#define NODES_MAX 1024

struct node {
	unsigned int number;
	struct values lists; /* its texts: cpulist, distance */
	struct kept meminfo, numastat;
	struct cpuset cpus;
};

struct nodes {
	struct node *node;
	size_t n, cap;
	struct named named;
	struct cpuset cpus; /* of the sample before: of a host without nodes, those of node 0 */
	int error;          /* why there are no nodes */
	uint64_t listed_ns; /* when nodes and their CPUs were listed; 0: now */
};

static bool is_text(const struct column *c)
{
	return c->kind == KIND_TEXT;
}

static const struct values_kind list_kind = {
	.table = TABLE_NODE, .src = SRC_NODES, .takes = is_text
};

void *nodes_open(const struct sampling *options)
{
	struct nodes *n = xcalloc(1, sizeof(*n));

	(void)options;
	named_init(&n->named, TABLE_NODE, SRC_NODES);
	return n;
}

static void node_done(struct node *node)
{
	values_done(&node->lists);
	kept_done(&node->meminfo);
	kept_done(&node->numastat);
	cpuset_done(&node->cpus);
}

static void forget_nodes(struct nodes *n)
{
	for (size_t i = 0; i < n->n; i++)
		node_done(&n->node[i]);
	n->n = 0;
}

void nodes_close(void *state)
{
	struct nodes *n = state;

	forget_nodes(n);
	free(n->node);
	named_done(&n->named);
	cpuset_done(&n->cpus);
	free(n);
}

/* Lists nodes anew, and the CPUs of each. */
static void list_nodes(struct nodes *n, const struct root *root)
{
	struct cpuset online = { 0 };
	char buf[4096], path[96];
	ssize_t len = root_read(root, NODES_DIR "/online", buf, sizeof(buf));
	int r = len < 0 ? (int)len : cpuset_parse_list(&online, buf);

	forget_nodes(n);
	for (int i = r < 0 ? -1 : cpuset_next(&online, 0); i >= 0 && i < NODES_MAX;
	     i = cpuset_next(&online, (unsigned int)i + 1)) {
		struct node *node;

		n->node = xgrow(n->node, n->n, &n->cap, sizeof(*n->node));
		node = &n->node[n->n++];
		*node = (struct node){ .number = (unsigned int)i };
		snprintf(path, sizeof(path), NODES_DIR "/node%d", i);
		values_init(&node->lists, &list_kind, path);
		snprintf(path, sizeof(path), NODES_DIR "/node%d/cpulist", i);
		if (root_read(root, path, buf, sizeof(buf)) >= 0)
			cpuset_parse_list(&node->cpus, buf);
	}
	cpuset_done(&online);
	n->error = r;
}

/* Whether other CPUs are there than in the sample before. */
static bool cpus_changed(struct nodes *n, const struct snapshot *into)
{
	const struct table *t = &into->table[TABLE_CPU];
	struct cpuset now = { 0 };
	bool changed;

	for (size_t i = 0; i < t->n; i++)
		cpuset_set(&now, (unsigned int)t->row[i]->key.item);
	changed = !cpuset_equal(&now, &n->cpus);
	cpuset_done(&n->cpus);
	n->cpus = now;
	return changed;
}

static void set_cpus(
    struct reading *r, struct row *row, unsigned int number, const struct cpuset *cpus)
{
	uint64_t at_ns = reading_now(r);

	cell_set_number(row, NODE_CPU_COUNT, cpuset_count(cpus), at_ns);
	for (int cpu = cpuset_next(cpus, 0); cpu >= 0;
	     cpu = cpuset_next(cpus, (unsigned int)cpu + 1)) {
		struct row *cpu_row = snapshot_find(r->into, TABLE_CPU, key_host((uint64_t)cpu));

		if (cpu_row)
			cell_set_number(cpu_row, CPU_NODE, number, at_ns);
	}
}

static struct row *node_row(struct reading *r, unsigned int number)
{
	struct row *row = snapshot_row(r->into, TABLE_NODE, key_host(number));

	cell_set_number(row, NODE_NUMBER, number, reading_now(r));
	return row;
}

static int take_file(struct nodes *n, struct node *node, struct kept *kept, const char *file,
    struct reading *r, struct row *row)
{
	char path[96], buf[8192];
	ssize_t len;

	snprintf(path, sizeof(path), NODES_DIR "/node%u/%s", node->number, file);
	len = root_read_kept(r->root, kept, path, buf, sizeof(buf));
	if (len < 0)
		return (int)len;
	named_take(&n->named, buf, 1, row, reading_now(r));
	return 0;
}

/* 0 or why the node does not tell about its memory. */
static int read_node(struct nodes *n, struct node *node, struct reading *r)
{
	struct row *row = node_row(r, node->number);
	int error = take_file(n, node, &node->meminfo, "meminfo", r, row), other;

	other = take_file(n, node, &node->numastat, "numastat", r, row);
	named_missing(&n->named, row, error ? error : other, reading_now(r));
	values_read(&node->lists, r, row);
	set_cpus(r, row, node->number, &node->cpus);
	return error;
}

/* The page cache as a node counts it: proc/meminfo takes buffers and swap cache out of it. */
static void add_file_pages(const char *meminfo, struct row *row, uint64_t at_ns)
{
	static const char *const parts[] = { "Cached", "Buffers", "SwapCached" };
	uint64_t sum = 0, v;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parse_key_value(meminfo, parts[i], &v) < 0)
			return;
		sum += v;
	}
	cell_set_number(row, NODE_FILE, (double)sum, at_ns);
}

/* Every CPU that is there and all memory, as node 0. */
static enum state read_only_node(struct nodes *n, struct reading *r)
{
	char buf[16384], list[4096];
	ssize_t len = root_read(r->root, "proc/meminfo", buf, sizeof(buf));
	struct row *row;

	reading_note(r, "%s The whole host is shown as node 0.",
	    n->error == -ENOENT ? "This kernel has no NUMA (no " NODES_DIR ")."
				: NODES_DIR "/online makes no sense.");
	if (len < 0)
		return state_of_errno((int)len);
	row = node_row(r, 0);
	named_take(&n->named, buf, 1, row, reading_now(r));
	add_file_pages(buf, row, reading_now(r));
	named_missing(&n->named, row, -ENOENT, reading_now(r));
	if (cpuset_empty(&n->cpus) &&
	    root_read(r->root, "sys/devices/system/cpu/online", list, sizeof(list)) > 0)
		cpuset_parse_list(&n->cpus, list);
	cpuset_format(&n->cpus, list, sizeof(list));
	cell_set_text(r->into, row, NODE_CPUS, list, reading_now(r));
	cell_set_text(r->into, row, NODE_DISTANCE, "10", reading_now(r));
	set_cpus(r, row, 0, &n->cpus);
	return STATE_OK;
}

enum state nodes_read(struct reading *r)
{
	struct nodes *n = r->state;
	size_t failed = 0;
	int error = 0;

	if (cpus_changed(n, r->into) || slow_is_due(r, n->listed_ns)) {
		list_nodes(n, r->root);
		n->listed_ns = reading_now(r);
	}
	if (n->n == 0)
		return read_only_node(n, r);
	for (size_t i = 0; i < n->n; i++) {
		int why = read_node(n, &n->node[i], r);

		failed += why < 0;
		error = why < 0 ? why : error;
	}
	if (failed) {
		/* A node that went offline: who is left is listed at the next sample. */
		n->listed_ns = 0;
		reading_note(r, "%zu nodes do not tell about their memory.", failed);
	}
	return failed < n->n ? STATE_OK : state_of_errno(error);
}
