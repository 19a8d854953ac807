/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/rules/pools.h"

#include <stdlib.h>

#include "advisor/rules/common.h"
#include "base/cpulist.h"

/* What is left of a node's memory must do for everything else. */
#define ROOM_SHARE 0.80

static bool is_pool(const struct row *pool, double page_bytes, const struct cpuset *nodes)
{
	double node = cell_number(pool, HUGEPOOL_NODE, -1);

	return cell_number(pool, HUGEPOOL_PAGE_SIZE, 0) == page_bytes && node >= 0 &&
	       (!nodes || cpuset_test(nodes, (unsigned)node));
}

struct pool_sum pools_of(const struct subject *s, double page_bytes, const struct cpuset *nodes)
{
	struct pool_sum sum = { 0 };
	double promised = 0;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_HUGEPOOL, NULL, &n);

	for (size_t i = 0; i < n; i++) {
		if (!is_pool(rows[i], page_bytes, nodes))
			continue;
		sum.pools++;
		sum.total += cell_number(rows[i], HUGEPOOL_TOTAL, 0);
		sum.free += cell_number(rows[i], HUGEPOOL_FREE, 0);
		/* The same in each: it is the whole host's. */
		promised = cell_number(rows[i], HUGEPOOL_HOST_RESERVED, 0);
	}
	if (!nodes)
		sum.free = fmax(0, sum.free - promised);
	return sum;
}

const struct row *pool_of(const struct subject *s, double page_bytes, double node)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_HUGEPOOL, NULL, &n);

	for (size_t i = 0; i < n; i++)
		if (is_pool(rows[i], page_bytes, NULL) &&
		    (int)cell_number(rows[i], HUGEPOOL_NODE, -1) == (int)node)
			return rows[i];
	return NULL;
}

double node_room(const struct subject *s, double node)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	for (size_t i = 0; i < n; i++)
		if ((int)cell_number(rows[i], NODE_NUMBER, -1) == (int)node)
			return cell_number(rows[i], NODE_FREE, 0) +
			       cell_number(rows[i], NODE_INACTIVE_FILE, 0);
	return 0;
}

void plan_pool(struct plan *out, const struct row *pool, double pages)
{
	double node = cell_number(pool, HUGEPOOL_NODE, 0);
	double kib = cell_number(pool, HUGEPOOL_PAGE_SIZE, 0) / KIB;
	char was[NUMBER_SIZE], is[NUMBER_SIZE];
	struct text text = { 0 };

	print_format(&text, "node%.0f %.0f", node, kib);
	plan_add(out, ACTION_HUGE_POOL, NULL, text.p,
	    number_text(cell_number(pool, HUGEPOOL_TOTAL, 0), was), number_text(pages, is));
	text_done(&text);
	text = (struct text){ 0 };
	print_format(&text,
	    "w /sys/devices/system/node/node%.0f/hugepages/hugepages-%.0fkB/nr_hugepages - - - - "
	    "%s",
	    node, kib, is);
	plan_add_lasting(out, ACTION_DROP_IN, NULL, TMPFILES_FILE, NULL, text.p);
	text_done(&text);
}

/* More room first; of equal ones the lower node. */
static int compare_growth(const void *a, const void *b)
{
	const struct growth *x = a, *y = b;

	if (x->pages != y->pages)
		return x->pages > y->pages ? -1 : 1;
	return cell_number(x->pool, HUGEPOOL_NODE, 0) < cell_number(y->pool, HUGEPOOL_NODE, 0) ? -1
											       : 1;
}

size_t pools_to_grow(const struct subject *s, double page_bytes, const struct cpuset *nodes,
    double pages, struct growth ret[GROWTHS_MAX])
{
	size_t n, pools = 0, used = 0;
	const struct row *const *rows = subject_rows(s, TABLE_HUGEPOOL, NULL, &n);

	ret[0].pool = NULL;
	for (size_t i = 0; i < n && pools < GROWTHS_MAX; i++) {
		double room = node_room(s, cell_number(rows[i], HUGEPOOL_NODE, -1));

		if (is_pool(rows[i], page_bytes, nodes))
			ret[pools++] =
			    (struct growth){ rows[i], floor(ROOM_SHARE * room / page_bytes) };
	}
	qsort(ret, pools, sizeof(*ret), compare_growth);
	while (pages > 0 && used < pools && ret[used].pages > 0) {
		ret[used].pages = fmin(ret[used].pages, pages);
		pages -= ret[used++].pages;
	}
	return pages > 0 ? 0 : used;
}

void say_growth_nodes(struct text *out, const struct growth *growth, size_t n)
{
	print_text(out, n == 1 ? "node" : "nodes");
	for (size_t i = 0; i < n; i++)
		print_format(
		    out, "%s %.0f", i ? "," : "", cell_number(growth[i].pool, HUGEPOOL_NODE, 0));
}

void plan_growth(struct plan *out, const struct growth *growth, size_t n)
{
	for (size_t i = 0; i < n; i++)
		plan_pool(out, growth[i].pool,
		    cell_number(growth[i].pool, HUGEPOOL_TOTAL, 0) + growth[i].pages);
}

void say_page_size(struct text *out, double page_bytes)
{
	if (page_bytes >= GIB)
		print_format(out, "%.0f GiB", page_bytes / GIB);
	else if (page_bytes >= MIB)
		print_format(out, "%.0f MiB", page_bytes / MIB);
	else
		print_format(out, "%.0f KiB", page_bytes / KIB);
}
