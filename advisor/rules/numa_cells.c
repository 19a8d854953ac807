/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that a guest sees itself, and the host's nodes behind them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/placement.h"
#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"
#include "base/xalloc.h"

/* One of the guest's own nodes, and what its definition and its vCPUs' pins say of it. */
struct own_node {
	struct cpuset vcpus;
	struct cpuset bound; /* nodes of the host that its memory comes from; empty: any */
	struct cpuset reach; /* nodes that its vCPUs may run on */
	char mode[16];
	int to; /* the node that it should have; -1: nobody can tell */
};

struct own_nodes {
	struct own_node *cell;
	unsigned n;
	bool known; /* where all vCPUs may run */
};

static void cells_done(struct own_nodes *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		cpuset_done(&c->cell[i].vcpus);
		cpuset_done(&c->cell[i].bound);
		cpuset_done(&c->cell[i].reach);
	}
	free(c->cell);
}

/* "strict 0 cell 1: preferred 2": mode and nodes behind @word; false: there are none. */
static bool read_policy(const char *policy, const char *word, struct own_node *cell)
{
	const char *at = strstr(policy, word), *list;
	char nodes[256];
	size_t len;

	if (!at || strncmp(at + strlen(word), "cell ", 5) == 0)
		return false;
	at += strlen(word);
	snprintf(cell->mode, sizeof(cell->mode), "%.*s", (int)strcspn(at, " "), at);
	list = at + strcspn(at, " ");
	len = strcspn(list + (*list == ' '), " ");
	snprintf(nodes, sizeof(nodes), "%.*s", (int)len, list + (*list == ' '));
	return cpuset_parse_list(&cell->bound, nodes) == 0 && !cpuset_empty(&cell->bound);
}

/* Of one without a policy of its own that of the whole guest counts, where it names one node. */
static void bind_cell(const char *policy, unsigned number, struct own_node *cell)
{
	char word[NUMBER_SIZE];

	snprintf(word, sizeof(word), "cell %u: ", number);
	if (read_policy(policy, word, cell))
		return;
	if (!read_policy(policy, "", cell) || cpuset_count(&cell->bound) > 1) {
		cpuset_done(&cell->bound);
		cell->bound = (struct cpuset){ 0 };
	}
}

static void add_nodes(const struct subject *s, const char *cpus, struct cpuset *ret)
{
	struct cpuset may = { 0 }, node = { 0 };
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	if (cpuset_parse_list(&may, cpus) == 0)
		for (size_t i = 0; i < n; i++)
			if (cpuset_parse_list(&node, cell_text(rows[i], NODE_CPUS)) == 0 &&
			    cpuset_intersects(&may, &node))
				cpuset_set(ret, (unsigned)cell_number(rows[i], NODE_NUMBER, 0));
	cpuset_done(&may);
	cpuset_done(&node);
}

static void read_reach(const struct subject *s, struct own_nodes *c)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	c->known = n > 0;
	for (size_t i = 0; i < n; i++) {
		const char *cpus = cell_text(rows[i], VCPU_AFFINITY);
		double number = cell_number(rows[i], VCPU_NUMBER, -1);

		c->known &= *cpus != '\0';
		for (unsigned k = 0; number >= 0 && k < c->n; k++)
			if (cpuset_test(&c->cell[k].vcpus, (unsigned)number))
				add_nodes(s, cpus, &c->cell[k].reach);
	}
}

/* The caller calls cells_done. */
static struct own_nodes read_cells(const struct subject *s)
{
	char *copy = xstrdup(cell_text(s->row, DOMAIN_CELLS)), *rest = copy, *word;
	struct own_nodes c = { 0 };
	size_t cap = 0;

	while ((word = strtok_r(rest, " ", &rest))) {
		c.cell = xgrow(c.cell, c.n, &cap, sizeof(*c.cell));
		c.cell[c.n] = (struct own_node){ .to = -1 };
		if (*word != '-')
			cpuset_parse_list(&c.cell[c.n].vcpus, word);
		bind_cell(policy_next(s->row), c.n, &c.cell[c.n]);
		c.n++;
	}
	free(copy);
	read_reach(s, &c);
	return c;
}

/* ---- guest-numa-missing ---- */

/* As many as it may ever have. */
static double vcpus_of(const struct row *domain)
{
	return cell_number(domain, DOMAIN_VCPUS_MAXIMUM, cell_number(domain, DOMAIN_VCPUS, 1));
}

static bool may_have_cells(const struct subject *s)
{
	return memory_nodes(s) > 1 && is_known_to_libvirt(s->row) &&
	       !*cell_text(s->row, DOMAIN_CELLS);
}

static enum outcome measure_missing(const struct subject *s, double *ret)
{
	struct placement p;
	unsigned cells;

	placement_look(&p, s, s->row);
	cells = p.stay->cells;
	*ret = cells;
	/* On a host that is too small there is nothing to map them to. */
	if (cells > p.places)
		cells = 0;
	placement_done(&p);
	return cells ? OUTCOME_FIGURE : OUTCOME_NONE;
}

static void tell_missing(const struct subject *s, double figure, struct text *out)
{
	double bytes = cell_number(s->row, DOMAIN_MEMORY, 0), most = largest_node(s, NODE_TOTAL);
	double vcpus = vcpus_of(s->row);
	double cpus = largest_node(s, NODE_CPU_COUNT);

	(void)figure;
	print_text(out, "It");
	if (vcpus > cpus)
		print_format(out, " may have %.0f vCPUs where a node has %.0f CPUs", vcpus, cpus);
	if (bytes > PLACED * most) {
		print_text(out, vcpus > cpus ? ", and has " : " has ");
		say_size(out, bytes);
		print_text(out, " where a node has ");
		say_size(out, most);
	}
	print_text(out, ", but it sees a single node and cannot keep its programs beside their "
			"memory.");
}

static void advise_missing(const struct subject *s, double figure, struct text *out)
{
	struct cpuset nodes = { 0 };
	const struct placement *p = placement_proposed(s);
	const struct stay *stay = placement_of(p, s->row);

	for (size_t i = 0; i < p->places; i++)
		if (is_spread_to(stay, i))
			cpuset_set(&nodes, (unsigned)p->place[i].node);
	print_format(out, "give it %.0f nodes of its own", figure);
	if (!cpuset_empty(&nodes)) {
		print_text(out, ", one on each of the host's ");
		say_nodes(out, &nodes);
	}
	print_text(out, ", from its next start on");
	cpuset_done(&nodes);
}

static void add_cell(struct text *out, unsigned number, unsigned first, unsigned last, double kib)
{
	print_format(out, "<cell id='%u' cpus='%u", number, first);
	if (last > first)
		print_format(out, "-%u", last);
	print_format(out, "' memory='%.0f' unit='KiB'/>", kib);
}

static const char *mode_of_cells(const struct row *domain)
{
	return guest_has_pool(domain) ? "strict" : "preferred";
}

static void pin_at_start(
    const struct row *domain, unsigned first, unsigned last, const char *cpus, struct plan *out)
{
	char number[NUMBER_SIZE];

	for (unsigned i = first; i <= last; i++) {
		snprintf(number, sizeof(number), "%u", i);
		plan_add(out, ACTION_PIN_VCPU, domain, number, NULL, cpus)->saved = true;
	}
}

static void define_at_start(
    const struct row *domain, const char *path, struct text *element, struct plan *out)
{
	plan_add(out, ACTION_DEFINE, domain, path, NULL, element->p)->saved = true;
	text_done(element);
}

/* Equal parts, each of whole pages; the last one has what is left over. */
static void plan_cells(
    const struct subject *s, const struct placement *p, const struct stay *stay, struct plan *out)
{
	unsigned vcpus = (unsigned)vcpus_of(s->row), n = stay->cells;
	double kib = cell_number(s->row, DOMAIN_MEMORY, 0) / KIB;
	double unit = fmax(KIB, cell_number(s->row, DOMAIN_HUGE_SIZE, 0) / KIB);
	double part = floor(kib / n / unit) * unit;
	struct text cells = { 0 }, policy = { 0 };
	unsigned at = 0;

	print_text(&cells, "<numa>");
	print_text(&policy, "<numatune>");
	for (size_t i = 0; i < p->places; i++) {
		unsigned first = vcpus * at / n, last = vcpus * (at + 1) / n - 1;

		if (!is_spread_to(stay, i))
			continue;
		add_cell(&cells, at, first, last, at + 1 == n ? kib - part * (n - 1) : part);
		print_format(&policy, "<memnode cellid='%u' mode='%s' nodeset='%d'/>", at,
		    mode_of_cells(s->row), p->place[i].node);
		at++;
	}
	print_text(&cells, "</numa>");
	print_text(&policy, "</numatune>");
	define_at_start(s->row, "cpu/numa", &cells, out);
	define_at_start(s->row, "numatune", &policy, out);
	at = 0;
	for (size_t i = 0; i < p->places; i++) {
		if (!is_spread_to(stay, i))
			continue;
		pin_at_start(
		    s->row, vcpus * at / n, vcpus * (at + 1) / n - 1, p->place[i].cpus, out);
		at++;
	}
}

static void plan_missing(const struct subject *s, struct plan *out)
{
	const struct placement *p = placement_proposed(s);
	const struct stay *stay = placement_of(p, s->row);

	plan_title(out, "give %s %u nodes of its own", cell_text(s->row, DOMAIN_NAME), stay->cells);
	if (!stay->spread)
		plan_refuse(out, "no %u nodes have room for it", stay->cells);
	else if (vcpus_of(s->row) < stay->cells)
		plan_refuse(
		    out, "it has too few vCPUs to have some on each of %u nodes", stay->cells);
	else
		plan_cells(s, p, stay, out);
}

/* ---- guest-numa-mapping ---- */

static bool has_cells(const struct subject *s)
{
	return memory_nodes(s) > 1 && strchr(cell_text(s->row, DOMAIN_CELLS), ' ') &&
	       !strstr(policy_of(s->row), " auto");
}

static bool is_astray(const struct own_node *cell)
{
	return cpuset_empty(&cell->bound) || !cpuset_subset(&cell->reach, &cell->bound);
}

static enum outcome measure_mapping(const struct subject *s, double *ret)
{
	struct own_nodes c = read_cells(s);
	bool known = c.known;

	*ret = 0;
	for (unsigned i = 0; i < c.n; i++)
		*ret += is_astray(&c.cell[i]);
	cells_done(&c);
	return known ? OUTCOME_FIGURE : OUTCOME_MISSING;
}

static void tell_cell(const struct own_node *cell, unsigned number, struct text *out)
{
	print_format(out, "its node %u ", number);
	if (cpuset_empty(&cell->bound)) {
		print_text(out, "is bound to no node of the host");
	} else {
		print_text(out, "has its memory from ");
		say_nodes(out, &cell->bound);
	}
	if (cpuset_empty(&cell->reach))
		return;
	print_text(out,
	    cpuset_empty(&cell->bound) ? ", its vCPUs may run on " : ", but its vCPUs may run on ");
	say_nodes(out, &cell->reach);
}

static void tell_mapping(const struct subject *s, double figure, struct text *out)
{
	struct own_nodes c = read_cells(s);
	unsigned told = 0;

	print_format(out, "Of its %u nodes ", c.n);
	for (unsigned i = 0; i < c.n && told < 2; i++) {
		if (!is_astray(&c.cell[i]))
			continue;
		print_text(out, told ? "; " : "");
		tell_cell(&c.cell[i], i, out);
		told++;
	}
	if (figure > told)
		print_format(out, "; %.0f more are like that", figure - told);
	print_text(out, ".");
	cells_done(&c);
}

static int only_node(const struct cpuset *nodes)
{
	return cpuset_count(nodes) == 1 ? cpuset_next(nodes, 0) : -1;
}

/* Where its memory comes from, else where its vCPUs are; what is open gets nodes that nobody has.
 */
static void choose_nodes(const struct placement *p, const struct stay *stay, struct own_nodes *c)
{
	struct cpuset taken = { 0 };

	for (unsigned i = 0; i < c->n; i++) {
		struct own_node *cell = &c->cell[i];

		cell->to = only_node(&cell->bound);
		if (cell->to < 0)
			cell->to = only_node(&cell->reach);
		if (cell->to >= 0)
			cpuset_set(&taken, (unsigned)cell->to);
	}
	for (unsigned i = 0; i < c->n; i++)
		for (size_t k = 0; k < p->places && c->cell[i].to < 0; k++)
			if (is_spread_to(stay, k) &&
			    !cpuset_test(&taken, (unsigned)p->place[k].node)) {
				c->cell[i].to = p->place[k].node;
				cpuset_set(&taken, (unsigned)c->cell[i].to);
			}
	cpuset_done(&taken);
}

/* The caller calls cells_done. */
static struct own_nodes map_cells(const struct subject *s)
{
	struct own_nodes c = read_cells(s);
	const struct placement *p = placement_proposed(s);

	choose_nodes(p, placement_of(p, s->row), &c);
	return c;
}

static bool is_mapped(const struct own_nodes *c)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->cell[i].to < 0)
			return false;
	return true;
}

static void advise_mapping(const struct subject *s, double figure, struct text *out)
{
	struct own_nodes c = map_cells(s);
	bool mapped = is_mapped(&c), first = true;

	(void)figure;
	print_text(out, "bind memory and vCPUs of each of its nodes to one of the host");
	for (unsigned i = 0; i < c.n && mapped; i++) {
		if (!is_astray(&c.cell[i]))
			continue;
		print_format(out, "%s%u to %d", first ? ": node " : ", ", i, c.cell[i].to);
		first = false;
	}
	print_text(out, ", from its next start on");
	cells_done(&c);
}

/* The policy of the guest as a whole stays. */
static void define_policy(const struct subject *s, const struct own_nodes *c, struct plan *out)
{
	struct own_node whole = { 0 };
	struct text policy = { 0 };
	bool has = read_policy(policy_next(s->row), "", &whole);

	print_text(&policy, "<numatune>");
	if (has) {
		char *list = cpuset_format_dup(&whole.bound);

		print_format(&policy, "<memory mode='%s' nodeset='%s'/>", whole.mode, list);
		free(list);
	}
	for (unsigned i = 0; i < c->n; i++)
		print_format(&policy, "<memnode cellid='%u' mode='%s' nodeset='%d'/>", i,
		    *c->cell[i].mode ? c->cell[i].mode : mode_of_cells(s->row), c->cell[i].to);
	print_text(&policy, "</numatune>");
	define_at_start(s->row, "numatune", &policy, out);
	cpuset_done(&whole.bound);
}

static const char *cpus_of_node(const struct subject *s, int node)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	for (size_t i = 0; i < n; i++)
		if ((int)cell_number(rows[i], NODE_NUMBER, -1) == node)
			return cell_text(rows[i], NODE_CPUS);
	return "";
}

static void plan_mapping(const struct subject *s, struct plan *out)
{
	struct own_nodes c = map_cells(s);
	bool unbound = false;

	plan_title(out, "map the nodes of %s to the host's", cell_text(s->row, DOMAIN_NAME));
	for (unsigned i = 0; i < c.n; i++)
		unbound |= only_node(&c.cell[i].bound) < 0;
	if (is_mapped(&c) && unbound)
		define_policy(s, &c, out);
	for (unsigned i = 0; i < c.n; i++) {
		struct own_node *cell = &c.cell[i];

		if (cell->to < 0 || only_node(&cell->reach) == cell->to)
			continue;
		for (int v = cpuset_next(&cell->vcpus, 0); v >= 0;
		     v = cpuset_next(&cell->vcpus, (unsigned)v + 1))
			pin_at_start(
			    s->row, (unsigned)v, (unsigned)v, cpus_of_node(s, cell->to), out);
	}
	if (!is_mapped(&c))
		plan_refuse(
		    out, "no nodes have room for it: which ones is for its definition to say");
	cells_done(&c);
}

const struct rule numa_cells_rules[] = {
	{
	    .id = "guest-numa-missing",
	    .title = "wider than a node, and does not know it",
	    .good =
		"A guest that needs several nodes should see as many: then its own kernel keeps "
		"programs beside their memory, as the host's cannot.",
	    .detect =
		"It may have more vCPUs than any node has CPUs, or has more than 90 % of the "
		"memory of the largest node, and its definition gives it no nodes of its own. "
		"Not where it would need more nodes than the host has.",
	    .by_hand = "virsh dumpxml GUEST --xpath /domain/cpu\nnumactl --hardware\n"
		       "virsh vcpucount GUEST",
	    .risk =
		"Its vCPUs are dealt out in order; where its topology has sockets, a node should "
		"hold whole ones. It can then only move to a host with as many nodes, and the pins "
		"of single vCPUs give way to those of nodes.",
	    .source = "SUSE 4.6.3.1; RHEL 9.3.4, 9.3.9",
	    .figure = "nodes that it should see",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_VCPUS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(PLACEMENT_NEEDS, NEED(TABLE_DOMAIN, DOMAIN_MEMORY),
		NEED(TABLE_DOMAIN, DOMAIN_VCPUS), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 2,
	    .clear = 1,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = may_have_cells,
	    .measure = measure_missing,
	    .evidence = tell_missing,
	    .advice = advise_missing,
	    .plan = plan_missing,
	    .excludes = MOVES_AT_START,
	},
	{
	    .id = "guest-numa-mapping",
	    .title = "its nodes are not those of the host",
	    .good = "Each node that a guest sees should be a node of the host: its memory bound "
		    "there, its vCPUs pinned there. Else what it takes for local is not.",
	    .detect =
		"Its definition gives it several nodes, and one of them is bound to no node of "
		"the host, or its vCPUs may run on others than its memory comes from. A "
		"binding of the whole guest to one node counts for each. libvirt itself "
		"refuses a binding of a node that the guest does not have.",
	    .by_hand = "virsh dumpxml GUEST --xpath /domain/cpu/numa\n"
		       "virsh dumpxml GUEST --xpath /domain/numatune\nvirsh vcpupin GUEST",
	    .risk = "On a host with one node there is nothing to map. The guest can then only move "
		    "to a host with alike nodes.",
	    .source = "SUSE 4.6.3.2; RHEL 9.3.1, 9.3.10",
	    .figure = "nodes of it that are not mapped",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_NUMA_MODE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(PLACEMENT_NEEDS, USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE_SAVED),
		USES(TABLE_DOMAIN, DOMAIN_SAVED), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = has_cells,
	    .measure = measure_mapping,
	    .evidence = tell_mapping,
	    .advice = advise_mapping,
	    .plan = plan_mapping,
	    .excludes = MOVES_AT_START,
	},
	{ .id = NULL },
};
