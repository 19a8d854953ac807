/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether guests that do not run find the huge pages that they will want. */
#include <string.h>

#include "advisor/rules/common.h"
#include "advisor/rules/pools.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"
#include "base/xalloc.h"

/* What a guest wants, and what there is for it, in pages. */
struct want {
	double page_bytes, pages;
	double before;       /* of guests that start with the host before it */
	double before_here;  /* and of these, of guests with the same nodes */
	struct cpuset nodes; /* empty: any */
	struct pool_sum here, all;
};

static bool starts_by_itself(const struct row *defined)
{
	return is_text(defined, DEFINED_AUTOSTART, "yes");
}

static double pages_of(const struct row *defined)
{
	double page_bytes = cell_number(defined, DEFINED_HUGE_SIZE, 0);

	return page_bytes > 0 ? ceil(cell_number(defined, DEFINED_MEMORY, 0) / page_bytes) : 0;
}

static bool wants_pool(const struct subject *s)
{
	return cell_has(s->row, DEFINED_HUGE_SIZE);
}

static void add_before(const struct subject *s, struct want *w)
{
	const struct table *t = &s->now->table[TABLE_DEFINED];

	for (size_t i = 0; i < t->n && t->row[i] != s->row; i++) {
		const struct row *other = t->row[i];

		if (!starts_by_itself(other) ||
		    cell_number(other, DEFINED_HUGE_SIZE, 0) != w->page_bytes)
			continue;
		w->before += pages_of(other);
		if (strcmp(cell_text(other, DEFINED_NODES), cell_text(s->row, DEFINED_NODES)) == 0)
			w->before_here += pages_of(other);
	}
}

/* The caller calls cpuset_done on the nodes. */
static struct want look(const struct subject *s)
{
	struct want w = { .page_bytes = cell_number(s->row, DEFINED_HUGE_SIZE, 0),
		.pages = pages_of(s->row) };

	if (cpuset_parse_list(&w.nodes, cell_text(s->row, DEFINED_NODES)) < 0)
		w.nodes = (struct cpuset){ 0 };
	w.all = pools_of(s, w.page_bytes, NULL);
	w.here = cpuset_empty(&w.nodes) ? w.all : pools_of(s, w.page_bytes, &w.nodes);
	if (starts_by_itself(s->row))
		add_before(s, &w);
	return w;
}

/* Pages that are short now, on its nodes and on all of them. */
static double short_here(const struct want *w)
{
	return fmin(w->pages, fmax(0, w->pages + w->before_here - w->here.free));
}

static double short_of_all(const struct want *w)
{
	return fmin(w->pages, fmax(0, w->pages + w->before - w->all.free));
}

/* Who does not start by itself may wait until others have ended: but not for pages that nobody
 * could ever give it. */
static bool counts(const struct subject *s, const struct want *w)
{
	return starts_by_itself(s->row) || w->pages > w->here.total;
}

static void say_where(const struct subject *s, struct text *out)
{
	const char *nodes = cell_text(s->row, DEFINED_NODES);

	if (*nodes)
		print_format(out, " of node%s %s", strpbrk(nodes, "-,") ? "s" : "", nodes);
}

static void say_want(const struct subject *s, const struct want *w, struct text *out)
{
	print_text(out, starts_by_itself(s->row) ? "It starts with the host and wants "
						 : "When it is started it wants ");
	say_count(out, w->pages);
	print_text(out, " pages of ");
	say_page_size(out, w->page_bytes);
	say_where(s, out);
	if (w->before_here > 0) {
		print_text(out, ", after ");
		say_count(out, w->before_here);
		print_text(out, " for others");
	}
}

/* ---- hugepages-pool-short ---- */

static enum outcome measure_short(const struct subject *s, double *ret)
{
	struct want w = look(s);
	enum outcome outcome = OUTCOME_NONE;

	/* A size that the host does not have at all, or one of the wrong node, is another rule's.
	 */
	if (w.all.pools > 0) {
		*ret = counts(s, &w) && short_of_all(&w) > 0 ? short_here(&w) : 0;
		outcome = OUTCOME_FIGURE;
	}
	cpuset_done(&w.nodes);
	return outcome;
}

static void tell_short(const struct subject *s, double figure, struct text *out)
{
	struct want w = look(s);

	say_want(s, &w, out);
	if (w.here.total <= 0) {
		print_text(out, "; none is set aside there.");
	} else {
		print_text(out, "; of ");
		say_count(out, w.here.total);
		print_text(out, " there ");
		say_count(out, w.here.free);
		print_text(out, " are free: ");
		say_count(out, figure);
		print_text(out, " are short.");
	}
	cpuset_done(&w.nodes);
}

static const struct cpuset *nodes_of(const struct want *w)
{
	return cpuset_empty(&w->nodes) ? NULL : &w->nodes;
}

static void advise_short(const struct subject *s, double figure, struct text *out)
{
	struct want w = look(s);
	struct growth growth[GROWTHS_MAX];
	size_t n = pools_to_grow(s, w.page_bytes, nodes_of(&w), short_here(&w), growth);

	(void)figure;
	print_text(out, "add ");
	say_count(out, short_here(&w));
	print_text(out, " pages of ");
	say_page_size(out, w.page_bytes);
	if (n) {
		print_text(out, " on ");
		say_growth_nodes(out, growth, n);
	}
	print_text(out, ", at best when the host starts, before its memory is in pieces");
	cpuset_done(&w.nodes);
}

static void refuse_room(
    const struct subject *s, const struct row *pool, double pages, struct plan *out)
{
	double node = cell_number(pool, HUGEPOOL_NODE, 0);
	struct text room = { 0 }, want = { 0 };

	say_size(&room, node_room(s, node));
	say_size(&want, pages * cell_number(pool, HUGEPOOL_PAGE_SIZE, 0));
	plan_refuse(out,
	    "node %.0f has %s to spare, and must keep a fifth of that: %s more do not "
	    "fit",
	    node, room.p, want.p);
	text_done(&room);
	text_done(&want);
}

static void title_growth(const struct growth *growth, size_t n, double pages, struct plan *out)
{
	struct text size = { 0 }, nodes = { 0 };

	say_page_size(&size, cell_number(growth->pool, HUGEPOOL_PAGE_SIZE, 0));
	say_growth_nodes(&nodes, growth, n);
	plan_title(out, "add %.0f pages of %s on %s", pages, size.p, nodes.p);
	text_done(&size);
	text_done(&nodes);
}

/* What is short here is added, and taken @from another pool first; NULL: from memory that is free.
 */
static void plan_more(
    const struct subject *s, const struct want *w, const struct row *from, struct plan *out)
{
	double pages = short_here(w);
	struct growth growth[GROWTHS_MAX];
	size_t n = pools_to_grow(s, w->page_bytes, nodes_of(w), pages, growth);

	if (!growth[0].pool)
		plan_refuse(out, "none of its nodes has such a pool");
	else if (n == 0 && w->here.pools == 1)
		refuse_room(s, growth[0].pool, pages, out);
	else if (n == 0)
		plan_refuse(out, "its nodes must keep a fifth of what they have to spare: so many "
				 "pages more do not fit on all of them together");
	else {
		title_growth(growth, n, pages, out);
		if (from)
			plan_pool(out, from, cell_number(from, HUGEPOOL_TOTAL, 0) - pages);
		plan_growth(out, growth, n);
	}
}

static void plan_short(const struct subject *s, struct plan *out)
{
	struct want w = look(s);

	plan_more(s, &w, NULL, out);
	cpuset_done(&w.nodes);
}

/* ---- hugepages-node-mismatch ---- */

static enum outcome measure_mismatch(const struct subject *s, double *ret)
{
	struct want w = look(s);

	*ret = counts(s, &w) && short_of_all(&w) <= 0 ? short_here(&w) : 0;
	cpuset_done(&w.nodes);
	return OUTCOME_FIGURE;
}

static bool is_bound(const struct subject *s)
{
	return wants_pool(s) && cell_has(s->row, DEFINED_NODES);
}

static void tell_mismatch(const struct subject *s, double figure, struct text *out)
{
	struct want w = look(s);

	(void)figure;
	say_want(s, &w, out);
	print_text(out, "; there ");
	say_count(out, w.here.free);
	print_text(out, " are free, on the other nodes ");
	say_count(out, w.all.free - fmin(w.here.free, w.all.free));
	print_text(out, ".");
	cpuset_done(&w.nodes);
}

/* Pages that guests which start by themselves want of a node's pool. */
static double wanted_of_node(const struct subject *s, double page_bytes, double node)
{
	const struct table *t = &s->now->table[TABLE_DEFINED];
	double pages = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct cpuset nodes = { 0 };

		if (starts_by_itself(t->row[i]) &&
		    cell_number(t->row[i], DEFINED_HUGE_SIZE, 0) == page_bytes &&
		    cpuset_parse_list(&nodes, cell_text(t->row[i], DEFINED_NODES)) == 0 &&
		    cpuset_test(&nodes, (unsigned)node))
			pages += pages_of(t->row[i]);
		cpuset_done(&nodes);
	}
	return pages;
}

/* A pool of another node that can do without so many pages. NULL: none can. */
static const struct row *giving_pool(const struct subject *s, const struct want *w, double pages)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_HUGEPOOL, NULL, &n);

	for (size_t i = 0; i < n; i++) {
		double node = cell_number(rows[i], HUGEPOOL_NODE, -1);

		if (cell_number(rows[i], HUGEPOOL_PAGE_SIZE, 0) == w->page_bytes && node >= 0 &&
		    !cpuset_test(&w->nodes, (unsigned)node) &&
		    cell_number(rows[i], HUGEPOOL_FREE, 0) -
			    wanted_of_node(s, w->page_bytes, node) >=
			pages)
			return rows[i];
	}
	return NULL;
}

static void advise_mismatch(const struct subject *s, double figure, struct text *out)
{
	struct want w = look(s);
	const struct row *from = giving_pool(s, &w, figure);
	struct growth growth[GROWTHS_MAX];
	size_t n = pools_to_grow(s, w.page_bytes, nodes_of(&w), figure, growth);

	print_text(out, from ? "move " : "add ");
	say_count(out, figure);
	print_text(out, " pages of ");
	say_page_size(out, w.page_bytes);
	if (from)
		print_format(
		    out, " from the pool of node %.0f", cell_number(from, HUGEPOOL_NODE, 0));
	if (n) {
		print_text(out, n == 1 ? " to that of " : " to those of ");
		say_growth_nodes(out, growth, n);
	}
	cpuset_done(&w.nodes);
}

/* Smaller first: the memory is needed nowhere twice. */
static void plan_mismatch(const struct subject *s, struct plan *out)
{
	struct want w = look(s);

	plan_more(s, &w, giving_pool(s, &w, short_here(&w)), out);
	cpuset_done(&w.nodes);
}

/* ---- hugepages-cpu-support ---- */

static enum outcome measure_support(const struct subject *s, double *ret)
{
	size_t n;

	subject_rows(s, TABLE_HUGEPOOL, NULL, &n);
	if (n == 0)
		return OUTCOME_MISSING;
	*ret = pools_of(s, cell_number(s->row, DEFINED_HUGE_SIZE, 0), NULL).pools == 0;
	return OUTCOME_FIGURE;
}

/* The largest size below that which it wants; where there is none, the smallest. */
static double fitting_size(const struct subject *s)
{
	double wanted = cell_number(s->row, DEFINED_HUGE_SIZE, 0), best = 0;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_HUGEPOOL, NULL, &n);

	for (size_t i = 0; i < n; i++) {
		double size = cell_number(rows[i], HUGEPOOL_PAGE_SIZE, 0);

		if (best <= 0 || (size < wanted && (size > best || best > wanted)) ||
		    (best > wanted && size < best))
			best = size;
	}
	return best;
}

static void say_sizes(const struct subject *s, struct text *out)
{
	size_t n, said = 0;
	const struct row *const *rows = subject_rows(s, TABLE_HUGEPOOL, NULL, &n);

	for (size_t i = 0; i < n; i++) {
		double size = cell_number(rows[i], HUGEPOOL_PAGE_SIZE, 0);
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= cell_number(rows[k], HUGEPOOL_PAGE_SIZE, 0) == size;
		if (again)
			continue;
		print_text(out, said++ ? ", " : "");
		say_page_size(out, size);
	}
}

static void tell_support(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "It asks for pages of ");
	say_page_size(out, cell_number(s->row, DEFINED_HUGE_SIZE, 0));
	print_text(out, ", which this host does not have, so that it cannot start. There are ");
	say_sizes(s, out);
	print_text(out, ".");
}

static void advise_support(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "let it ask for pages of ");
	say_page_size(out, fitting_size(s));
}

static void plan_support(const struct subject *s, struct plan *out)
{
	struct text xml = { 0 };
	struct action *a;

	plan_title(out, "give %s pages that the host has", cell_text(s->row, DEFINED_NAME));
	print_format(
	    &xml, "<hugepages><page size='%.0f' unit='KiB'/></hugepages>", fitting_size(s) / KIB);
	a = plan_add(out, ACTION_DEFINE, NULL, "memoryBacking/hugepages", NULL, xml.p);
	a->domain = xstrdup(cell_text(s->row, DEFINED_NAME));
	a->uuid = xstrdup(cell_text(s->row, DEFINED_UUID));
	a->saved = true;
	text_done(&xml);
}

#define DEFINED_NEEDS                                                                   \
	NEED(TABLE_DEFINED, DEFINED_MEMORY), USES(TABLE_DEFINED, DEFINED_HUGE_SIZE),    \
	    USES(TABLE_DEFINED, DEFINED_NODES), USES(TABLE_DEFINED, DEFINED_AUTOSTART), \
	    USES(TABLE_DEFINED, DEFINED_UUID)

const struct rule starts_rules[] = {
	{
	    .id = "hugepages-pool-short",
	    .title = "the huge page pool does not suffice for a guest",
	    .good = "A huge page pool should hold what the guests that are defined will want, on "
		    "the nodes that they are bound to; without it they do not start.",
	    .detect =
		"A guest that does not run asks for more pages than are free on its nodes, those "
		"counted that start with the host before it. Of one that is started by hand only "
		"what exceeds the whole pool counts: it may be meant to run when another does not.",
	    .by_hand = "virsh list --inactive\n"
		       "virsh freepages --all\n"
		       "grep . /sys/devices/system/node/node*/hugepages/*/*_hugepages",
	    .risk = "The memory is taken from all else, at first from the page cache, of the node "
		    "with most room, or of several where one cannot give it all. Where memory "
		    "is in pieces there may be fewer pages in the end, above all of 1 GiB: to "
		    "compact it first helps (echo 1 > /proc/sys/vm/compact_memory). "
		    "A start that has failed is not looked for: its reason stands in libvirt's log "
		    "alone.",
	    .source = "SUSE 4.1.1; RHEL 8.2.3.2, 9.3.10",
	    .figure = "pages short",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DEFINED,
	    .column = DEFINED_HUGE_SIZE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(DEFINED_NEEDS, POOL_NEEDS),
	    .raise = 1,
	    .raise_s = 10,
	    .concerns = wants_pool,
	    .measure = measure_short,
	    .evidence = tell_short,
	    .advice = advise_short,
	    .plan = plan_short,
	    .excludes = "hugepages-pool-waste",
	},
	{
	    .id = "hugepages-node-mismatch",
	    .title = "huge pages lie on other nodes than a guest's",
	    .good = "Huge pages must be reserved on the node that the guest is bound to; the "
		    "host's one setting (vm.nr_hugepages) spreads them evenly.",
	    .detect = "A guest that does not run is bound to nodes on which fewer pages are free "
		      "than it asks for, while all nodes together have enough. Who counts is as "
		      "for hugepages-pool-short.",
	    .by_hand = "virsh freepages --all\n"
		       "virsh dumpxml DOMAIN --inactive --xpath //numatune",
	    .risk = "As many pages as were given up on one node may not be found on the other, "
		    "where its memory is in pieces; then there are fewer in the end.",
	    .source = "RHEL 8.2.3.3, 9.3.10",
	    .figure = "pages on the wrong nodes",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DEFINED,
	    .column = DEFINED_NODES,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(DEFINED_NEEDS, POOL_NEEDS),
	    .raise = 1,
	    .raise_s = 10,
	    .concerns = is_bound,
	    .measure = measure_mismatch,
	    .evidence = tell_mismatch,
	    .advice = advise_mismatch,
	    .plan = plan_mismatch,
	    .excludes = "hugepages-pool-waste",
	},
	{
	    .id = "hugepages-cpu-support",
	    .title = "a guest asks for pages that the host does not have",
	    .good = "A guest should ask for a page size that CPUs and kernel of the host have: "
		    "2 MiB with the CPU flag pse, 1 GiB with pdpe1gb.",
	    .detect = "A guest that does not run asks for a page size of which the kernel has no "
		      "pool, not even an empty one.",
	    .by_hand = "ls /sys/kernel/mm/hugepages\n"
		       "grep -wo -m1 -E 'pse|pdpe1gb' /proc/cpuinfo\n"
		       "virsh dumpxml DOMAIN --inactive --xpath //hugepages",
	    .risk = "None: as it stands the guest does not start. A page size that the XML gives "
		    "to single nodes of the guest is replaced by one for all.",
	    .source = "SUSE table 1",
	    .figure = "1 where the size is not there",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DEFINED,
	    .column = DEFINED_HUGE_SIZE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_SAFETY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(USES(TABLE_DEFINED, DEFINED_HUGE_SIZE),
		USES(TABLE_DEFINED, DEFINED_UUID), USES(TABLE_HUGEPOOL, HUGEPOOL_PAGE_SIZE)),
	    .raise = 1,
	    .concerns = wants_pool,
	    .measure = measure_support,
	    .evidence = tell_support,
	    .advice = advise_support,
	    .plan = plan_support,
	},
	{ .id = NULL },
};
