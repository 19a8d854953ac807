/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/numa_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/xalloc.h"

void nodes_memory_done(struct nodes_memory *m)
{
	free(m->node);
	*m = (struct nodes_memory){ 0 };
}

uint64_t nodes_memory_sum(const struct nodes_memory *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->n; i++)
		sum += m->node[i].bytes;
	return sum;
}

/* So much is on no node, whatever the text says: sums over all nodes then fit, too. */
static bool is_possible(uint64_t bytes)
{
	return bytes < 1ULL << 53;
}

static int add(struct nodes_memory *m, uint64_t node, uint64_t bytes, bool huge)
{
	struct node_memory *n;

	if (node >= NODES_MAX)
		return -ERANGE;
	if (node >= m->n) {
		m->node = xrealloc(m->node, node + 1, sizeof(*m->node));
		memset(m->node + m->n, 0, (node + 1 - m->n) * sizeof(*m->node));
		m->n = node + 1;
	}
	n = &m->node[node];
	if (!is_possible(bytes) || !is_possible(n->bytes + bytes))
		return -ERANGE;
	n->bytes += bytes;
	if (huge)
		n->huge_bytes += bytes;
	return 0;
}

/* "N12=345" */
static bool is_node(struct slice field, uint64_t *ret_node, uint64_t *ret_amount)
{
	struct slice name, amount;

	return field.len > 1 && field.p[0] == 'N' && slice_cut(field, '=', &name, &amount) &&
	       slice_u64((struct slice){ name.p + 1, name.len - 1 }, ret_node) == 0 &&
	       slice_u64(amount, ret_amount) == 0;
}

/*
 * "7f12a4000000 bind:0-1 anon=1024 dirty=1024 N0=512 N1=512 kernelpagesize_kB=4". The page size
 * stands behind the counts. Names of files have their blanks escaped: nothing in them looks like
 * a field.
 */
static int add_mapping(struct nodes_memory *m, struct cursor line)
{
	struct cursor fields = line;
	uint64_t page_kib = 0, node, pages, bytes;
	struct slice field;
	bool huge = false;
	int r = 0;

	while (cursor_field(&fields, &field)) {
		struct slice size = { field.p + 18, field.len - 18 };

		if (slice_eq(field, "huge"))
			huge = true;
		else if (slice_starts(field, "kernelpagesize_kB=") &&
			 slice_u64(size, &page_kib) < 0)
			return -EINVAL;
	}
	while (r == 0 && cursor_field(&line, &field))
		if (is_node(field, &node, &pages)) {
			if (page_kib == 0 || page_kib > 1ULL << 40)
				return -EINVAL;
			if (__builtin_mul_overflow(pages, page_kib * 1024, &bytes))
				return -ERANGE;
			r = add(m, node, bytes, huge);
		}
	return r;
}

int numa_maps_parse(const char *text, struct nodes_memory *ret)
{
	struct nodes_memory m = { 0 };
	struct cursor c, line;
	int r = *text ? 0 : -ENOENT;

	cursor_init(&c, text, strlen(text));
	while (r == 0 && cursor_line(&c, &line))
		r = add_mapping(&m, line);
	if (r == 0) {
		nodes_memory_done(ret);
		*ret = m;
	} else {
		nodes_memory_done(&m);
	}
	return r;
}

/* Adds a line "anon N0=4096 N1=0" or "anon=1 N0=1 N1=0", if its first word is @key. */
static int add_line(struct nodes_memory *m, const char *text, const char *key, uint64_t unit_bytes)
{
	struct cursor c, line;
	int r = -ENOENT;

	cursor_init(&c, text, strlen(text));
	while (cursor_line(&c, &line)) {
		struct slice name, sum, field;
		uint64_t node, amount, bytes;

		if (!cursor_field(&line, &name))
			continue;
		slice_cut(name, '=', &name, &sum);
		if (!slice_eq(name, key))
			continue;
		r = 0;
		while (r == 0 && cursor_field(&line, &field))
			if (is_node(field, &node, &amount))
				r = __builtin_mul_overflow(amount, unit_bytes, &bytes)
					? -ERANGE
					: add(m, node, bytes, false);
		break;
	}
	return r;
}

int numa_stat_parse(const char *text, bool v2, uint64_t page_bytes, struct nodes_memory *ret)
{
	/* In version 1 anonymous memory has shared memory in it, but not what is locked. */
	static const char *const keys[2][2] = { { "hierarchical_anon", "hierarchical_unevictable" },
		{ "anon", "shmem" } };
	struct nodes_memory m = { 0 };
	int r = add_line(&m, text, keys[v2][0], v2 ? 1 : page_bytes);

	if (r == 0)
		r = add_line(&m, text, keys[v2][1], v2 ? 1 : page_bytes);
	if (r == 0 && m.n == 0)
		r = -ENOENT;
	if (r == 0) {
		nodes_memory_done(ret);
		*ret = m;
	} else {
		nodes_memory_done(&m);
	}
	return r;
}
