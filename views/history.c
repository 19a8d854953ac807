/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/history.h"

#include <math.h>

#include "model/snapshot.h"

static void ring_push(struct ring *r, const struct row *row, int column)
{
	r->value[r->n++ % HISTORY_LENGTH] = row ? cell_number(row, column, NAN) : NAN;
}

void history_push(struct history *h, const struct snapshot *s)
{
	const struct row *host = snapshot_find(s, TABLE_HOST, key_host(0));
	const struct table *nodes = &s->table[TABLE_NODE];

	ring_push(&h->cpu, host, HOST_BUSY);
	ring_push(&h->memory, host, HOST_MEMORY_USED);
	for (size_t i = 0; i < nodes->n && i < HISTORY_NODES; i++)
		ring_push(&h->node[i], nodes->row[i], NODE_BUSY);
}

void ring_last(const struct ring *r, double *ret, size_t n)
{
	size_t known = r->n < HISTORY_LENGTH ? r->n : HISTORY_LENGTH;

	for (size_t i = 0; i < n; i++) {
		size_t back = n - i;

		ret[i] = back <= known ? r->value[(r->n - back) % HISTORY_LENGTH] : NAN;
	}
}
