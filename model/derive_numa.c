/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes: who ran where, whose memory lies where, and how far the two agree. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/xalloc.h"
#include "model/derive.h"

/* A guest that has run for less than this share of a CPU has not run at all. */
#define IDLE_RUN 1e-6
/* Run time counts half as much after 14 s: a vCPU that wakes up here and there now and then shall
 * not throw a figure about, and one that was moved shall be seen where it is within a minute. */
#define MEAN_SECONDS 20
/* What a node once had of a guest's run time is forgotten below this share of it. */
#define MEAN_SHARE_MIN 0.001
/* A node that holds less of a guest is not worth a word. */
#define NODE_SHARE_MIN 0.01

static int node_of_cpu(const struct snapshot *s, double cpu)
{
	const struct row *row = snapshot_find(s, TABLE_CPU, key_host((uint64_t)cpu));

	return row ? (int)cell_number(row, CPU_NODE, -1) : -1;
}

static void set_nodes(struct snapshot *s, enum table_id t, int cpu_column, int column)
{
	for (size_t i = 0; i < s->table[t].n; i++) {
		struct row *row = s->table[t].row[i];
		int node =
		    cell_has(row, cpu_column) ? node_of_cpu(s, row->cell[cpu_column].number) : -1;

		if (node >= 0)
			derive_number(s, row, column, node);
	}
}

void derive_vcpu_node(struct snapshot *s, int column)
{
	set_nodes(s, TABLE_VCPU, VCPU_CPU, column);
}

void derive_thread_node(struct snapshot *s, int column)
{
	set_nodes(s, TABLE_THREAD, THREAD_CPU, column);
}

/* A list of nodes for each guest, from the rows that belong to it. */
static void set_node_lists(
    struct snapshot *s, enum table_id from, int (*node_of)(const struct row *row), int column)
{
	size_t domains = s->table[TABLE_DOMAIN].n;
	struct cpuset *sets = xcalloc(domains, sizeof(*sets));

	for (size_t i = 0; i < s->table[from].n; i++) {
		const struct row *row = s->table[from].row[i];
		int node = node_of(row);

		if (row->domain && node >= 0)
			cpuset_set(&sets[row->domain->number], (unsigned int)node);
	}
	for (size_t i = 0; i < domains; i++) {
		char list[256];

		if (!cpuset_empty(&sets[i])) {
			cpuset_format(&sets[i], list, sizeof(list));
			cell_set_text(
			    s, s->table[TABLE_DOMAIN].row[i], column, list, s->moment.mono_ns);
		}
		cpuset_done(&sets[i]);
	}
	free(sets);
}

static int node_of_vcpu(const struct row *row)
{
	return (int)cell_number(row, VCPU_NODE, -1);
}

static int node_with_memory(const struct row *row)
{
	if (cell_number(row, PLACEMENT_SHARE, 0) < NODE_SHARE_MIN)
		return -1;
	return (int)cell_number(row, PLACEMENT_NODE, -1);
}

void derive_domain_run_nodes(struct snapshot *s, int column)
{
	set_node_lists(s, TABLE_VCPU, node_of_vcpu, column);
}

/* Guests of which nothing may be read have no placement rows: that is not to look like none at all.
 */
static void tell_denied(struct snapshot *s, int column)
{
	const struct row *source = snapshot_find(s, TABLE_SOURCE, key_host(SRC_PLACEMENT));

	if (!source || strcmp(cell_text(source, SOURCE_STATE), state_name(STATE_DENIED)) != 0)
		return;
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		if (!s->table[TABLE_DOMAIN].row[i]->cell[column].at_ns &&
		    cell_has(s->table[TABLE_DOMAIN].row[i], DOMAIN_PID))
			derive_missing(s, s->table[TABLE_DOMAIN].row[i], column, STATE_DENIED);
}

void derive_domain_nodes(struct snapshot *s, int column)
{
	set_node_lists(s, TABLE_PLACEMENT, node_with_memory, column);
	tell_denied(s, column);
}

double *derive_placement_sum(const struct snapshot *s, int column)
{
	size_t domains = s->table[TABLE_DOMAIN].n;
	double *total = xcalloc(domains, sizeof(*total));

	for (size_t i = 0; i < domains; i++)
		total[i] = -1;
	for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++) {
		const struct row *row = s->table[TABLE_PLACEMENT].row[i];
		double *sum = row->domain ? &total[row->domain->number] : NULL;

		if (sum && cell_has(row, column))
			*sum = (*sum < 0 ? 0 : *sum) + row->cell[column].number;
	}
	return total;
}

void derive_placement_share(struct snapshot *s, int column)
{
	double *total = derive_placement_sum(s, PLACEMENT_MEMORY);

	for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++) {
		struct row *row = s->table[TABLE_PLACEMENT].row[i];

		if (row->domain && cell_has(row, PLACEMENT_MEMORY) &&
		    total[row->domain->number] > 0)
			derive_number(s, row, column,
			    row->cell[PLACEMENT_MEMORY].number / total[row->domain->number]);
	}
	free(total);
}

static void name_placement(struct snapshot *s, struct row *row, struct row *domain, double node)
{
	if (cell_has(row, PLACEMENT_NODE))
		return;
	row->domain = domain;
	derive_number(s, row, PLACEMENT_NODE, node);
	cell_set_text(s, row, PLACEMENT_DOMAIN, cell_text(domain, DOMAIN_NAME), s->moment.mono_ns);
}

/* A node on which a guest ran has a row even where none of its memory lies. */
static struct row *placement_row(struct snapshot *s, const struct row *vcpu, int node)
{
	struct row *row = snapshot_row(s, TABLE_PLACEMENT, key_of(vcpu->key, (uint64_t)node + 1));

	name_placement(s, row, vcpu->domain, node);
	return row;
}

void derive_placement_run(struct snapshot *s, int column)
{
	const struct column *run = &table_kinds[TABLE_VCPU].column[VCPU_RUN];

	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *vcpu = s->table[TABLE_VCPU].row[i];
		int node = node_of_vcpu(vcpu);
		struct row *row;
		double v;

		if (!vcpu->domain || node < 0)
			continue;
		row = placement_row(s, vcpu, node);
		if (row->cell[column].at_ns && !cell_has(row, column))
			continue;
		if (derive_is_untold(vcpu->domain))
			derive_missing(s, row, column, STATE_UNKNOWN);
		else if (cell_value(run, &vcpu->cell[VCPU_RUN], &v))
			derive_number(s, row, column, cell_number(row, column, 0) + v);
		else
			derive_missing(s, row, column, cell_state(run, &vcpu->cell[VCPU_RUN]));
	}
}

/* What is known of a guest's run time over all nodes. */
struct ran {
	bool known, lacks;
	enum state why;      /* not known */
	uint64_t carried_ns; /* when the mean was made that is carried on; 0: there is none */
	double mean;
};

static void look_at_run(const struct row *row, int column, struct ran *ran)
{
	const struct cell *mean = &row->cell[column];
	enum state why;
	double v;

	if (derive_operand(TABLE_PLACEMENT, row, PLACEMENT_RUN, &v, &why)) {
		ran->known = true;
	} else if (why != STATE_ABSENT) {
		ran->lacks = true;
		ran->why = why;
	}
	if (cell_has(row, column) && mean->at_ns > ran->carried_ns)
		ran->carried_ns = mean->at_ns;
}

/*
 * By measured time since the mean was made, so that samples of any distance and gaps give the same.
 * Where nothing is known now it stays, with its age.
 */
static void set_mean(struct snapshot *s, struct row *row, int column, const struct ran *ran)
{
	double v = cell_number(row, PLACEMENT_RUN, 0), age_ns;

	if (!ran->known || ran->lacks) {
		if (!cell_has(row, column))
			derive_missing(s, row, column, ran->why);
		return;
	}
	if (ran->carried_ns) {
		age_ns = (double)(s->moment.mono_ns - ran->carried_ns);
		v += exp(-age_ns / (MEAN_SECONDS * (double)NS_PER_SEC)) *
		     (cell_number(row, column, 0) - v);
	}
	derive_number(s, row, column, v);
}

static void forget_traces(struct snapshot *s, int column, struct ran *ran)
{
	const struct table *t = &s->table[TABLE_PLACEMENT];

	for (size_t i = 0; i < t->n; i++)
		if (t->row[i]->domain)
			ran[t->row[i]->domain->number].mean += cell_number(t->row[i], column, 0);
	for (size_t i = 0; i < t->n; i++) {
		struct row *row = t->row[i];

		if (row->domain && !cell_has(row, PLACEMENT_RUN) && cell_has(row, column) &&
		    cell_number(row, column, 0) <= ran[row->domain->number].mean * MEAN_SHARE_MIN)
			derive_missing(s, row, column, STATE_ABSENT);
	}
}

void derive_placement_run_mean(struct snapshot *s, int column)
{
	struct ran *ran = xcalloc(s->table[TABLE_DOMAIN].n, sizeof(*ran));
	const struct table *t = &s->table[TABLE_PLACEMENT];

	for (size_t i = 0; i < t->n; i++)
		if (t->row[i]->domain)
			look_at_run(t->row[i], column, &ran[t->row[i]->domain->number]);
	for (size_t i = 0; i < t->n; i++) {
		struct row *row = t->row[i];

		if (!row->domain)
			continue;
		name_placement(s, row, row->domain, (double)(row->key.item - 1));
		set_mean(s, row, column, &ran[row->domain->number]);
	}
	forget_traces(s, column, ran);
	free(ran);
}

void derive_placement_vcpus(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *vcpu = s->table[TABLE_VCPU].row[i];
		int node = node_of_vcpu(vcpu);
		struct row *row = vcpu->domain && node >= 0 ? placement_row(s, vcpu, node) : NULL;

		if (row)
			derive_number(s, row, column, cell_number(row, column, 0) + 1);
	}
}

void derive_placement_age(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++) {
		struct row *row = s->table[TABLE_PLACEMENT].row[i];
		uint64_t at = row->cell[PLACEMENT_MEMORY].at_ns;

		if (cell_has(row, PLACEMENT_MEMORY) && at <= s->moment.mono_ns)
			derive_number(
			    s, row, column, (double)(s->moment.mono_ns - at) / (double)NS_PER_SEC);
	}
}

bool derive_run_share(const struct row *row, int column, double run, double vcpus, double *ret)
{
	if (run >= IDLE_RUN)
		*ret = cell_number(row, column, 0) / run;
	else if (vcpus > 0)
		*ret = cell_number(row, PLACEMENT_VCPUS, 0) / vcpus;
	return run >= IDLE_RUN || (run >= 0 && vcpus > 0);
}

void derive_domain_local(struct snapshot *s, int column)
{
	double *run = derive_placement_sum(s, PLACEMENT_RUN_MEAN);
	double *vcpus = derive_placement_sum(s, PLACEMENT_VCPUS);

	for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++) {
		const struct row *row = s->table[TABLE_PLACEMENT].row[i];
		double ran, memory;
		enum state why;

		if (!row->domain || !cell_has(row, PLACEMENT_SHARE))
			continue;
		memory = row->cell[PLACEMENT_SHARE].number;
		if (!derive_operand(TABLE_PLACEMENT, row, PLACEMENT_RUN_MEAN, &ran, &why) &&
		    why != STATE_ABSENT)
			derive_missing(s, row->domain, column, why);
		else if (derive_run_share(row, PLACEMENT_RUN_MEAN, run[row->domain->number],
			     vcpus[row->domain->number], &ran))
			derive_number(s, row->domain, column,
			    cell_number(row->domain, column, 0) + (ran < memory ? ran : memory));
	}
	free(run);
	free(vcpus);
	tell_denied(s, column);
}

void derive_domain_home_share(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++) {
		const struct row *row = s->table[TABLE_PLACEMENT].row[i];

		if (row->domain && cell_has(row, PLACEMENT_SHARE) &&
		    row->cell[PLACEMENT_SHARE].number > cell_number(row->domain, column, -1))
			derive_number(s, row->domain, column, row->cell[PLACEMENT_SHARE].number);
	}
	tell_denied(s, column);
}

void derive_domain_home(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++) {
		const struct row *row = s->table[TABLE_PLACEMENT].row[i];

		if (row->domain && cell_has(row, PLACEMENT_SHARE) &&
		    !cell_has(row->domain, column) &&
		    row->cell[PLACEMENT_SHARE].number >=
			cell_number(row->domain, DOMAIN_HOME_SHARE, 2))
			derive_number(s, row->domain, column, cell_number(row, PLACEMENT_NODE, 0));
	}
	tell_denied(s, column);
}

/* Pages of a pool as bytes; false when not all that takes is known, and then @ret_why tells why. */
static bool pool_bytes(const struct row *pool, int column, double *ret, enum state *ret_why)
{
	double pages, size;

	if (!derive_operand(TABLE_HUGEPOOL, pool, column, &pages, ret_why) ||
	    !derive_operand(TABLE_HUGEPOOL, pool, HUGEPOOL_PAGE_SIZE, &size, ret_why))
		return false;
	*ret = pages * size;
	return true;
}

void derive_hugepool_used(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_HUGEPOOL].n; i++) {
		struct row *row = s->table[TABLE_HUGEPOOL].row[i];
		double total, free_bytes;
		enum state why;

		if (pool_bytes(row, HUGEPOOL_TOTAL, &total, &why) &&
		    pool_bytes(row, HUGEPOOL_FREE, &free_bytes, &why))
			derive_number(s, row, column, total - free_bytes);
		else
			derive_missing(s, row, column, why);
	}
}

/* Whether a guest asks for the pool's pages. What merely has no huge pages knows it; one that may
 * not be asked leaves it open, and then @why tells so. */
static bool wants_pool(const struct row *domain, double page_size, enum state *why)
{
	enum state state;
	double size;

	if (derive_operand(TABLE_DOMAIN, domain, DOMAIN_HUGE_SIZE, &size, &state))
		return size == page_size;
	if (state != STATE_ABSENT)
		*why = state;
	return false;
}

static void set_wanted(struct snapshot *s, struct row *pool, int column)
{
	enum state why = STATE_OK;
	double wanted = 0, size, memory;

	if (derive_lacks_guests(s)) {
		derive_missing(s, pool, column, STATE_UNKNOWN);
		return;
	}
	if (!derive_operand(TABLE_HUGEPOOL, pool, HUGEPOOL_PAGE_SIZE, &size, &why)) {
		derive_missing(s, pool, column, why);
		return;
	}
	for (size_t d = 0; d < s->table[TABLE_DOMAIN].n; d++) {
		const struct row *domain = s->table[TABLE_DOMAIN].row[d];

		if (wants_pool(domain, size, &why) &&
		    derive_operand(TABLE_DOMAIN, domain, DOMAIN_MEMORY, &memory, &why))
			wanted += memory;
	}
	if (why == STATE_OK)
		derive_number(s, pool, column, wanted);
	else
		derive_missing(s, pool, column, why);
}

void derive_hugepool_wanted(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_HUGEPOOL].n; i++)
		set_wanted(s, s->table[TABLE_HUGEPOOL].row[i], column);
}

static void set_guests(struct snapshot *s, struct row *pool, int column)
{
	struct derive_list list = { 0 };
	enum state why = STATE_OK;
	double size;

	if (derive_operand(TABLE_HUGEPOOL, pool, HUGEPOOL_PAGE_SIZE, &size, &why))
		for (size_t d = 0; d < s->table[TABLE_DOMAIN].n; d++) {
			const struct row *domain = s->table[TABLE_DOMAIN].row[d];

			if (wants_pool(domain, size, &why))
				derive_list_add(&list, cell_text(domain, DOMAIN_NAME));
		}
	/* Those that are known are worth a word even when not all are. */
	if (list.text.len || list.left_out || why == STATE_OK)
		derive_list_done(&list, s, pool, column);
	else
		derive_missing(s, pool, column, why);
}

void derive_hugepool_guests(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_HUGEPOOL].n; i++)
		set_guests(s, s->table[TABLE_HUGEPOOL].row[i], column);
}

static struct row *node_row(struct snapshot *s, double node)
{
	return node < 0 ? NULL : snapshot_find(s, TABLE_NODE, key_host((uint64_t)node));
}

static void zero_nodes(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_NODE].n; i++)
		derive_number(s, s->table[TABLE_NODE].row[i], column, 0);
}

/* One pool that is not known makes its node's sum unknown. */
static void add_pools(struct snapshot *s, int pages_column, int column)
{
	if (s->table[TABLE_HUGEPOOL].n == 0)
		return;
	zero_nodes(s, column);
	for (size_t i = 0; i < s->table[TABLE_HUGEPOOL].n; i++) {
		const struct row *pool = s->table[TABLE_HUGEPOOL].row[i];
		struct row *node = node_row(s, cell_number(pool, HUGEPOOL_NODE, -1));
		enum state why;
		double bytes;

		if (!node || !cell_has(node, column))
			continue;
		if (pool_bytes(pool, pages_column, &bytes, &why))
			node->cell[column].number += bytes;
		else
			derive_missing(s, node, column, why);
	}
}

void derive_node_huge_total(struct snapshot *s, int column)
{
	add_pools(s, HUGEPOOL_TOTAL, column);
}

void derive_node_huge_free(struct snapshot *s, int column)
{
	add_pools(s, HUGEPOOL_FREE, column);
}

/* A node's CPUs are all of it; those without figures yet make its busy share unknown. */
void derive_node_busy(struct snapshot *s, int column)
{
	size_t nodes = s->table[TABLE_NODE].n;
	double *cpus = xcalloc(nodes, sizeof(*cpus));

	for (size_t i = 0; i < s->table[TABLE_CPU].n; i++) {
		const struct row *cpu = s->table[TABLE_CPU].row[i];
		struct row *node = node_row(s, cell_number(cpu, CPU_NODE, -1));

		if (!node)
			continue;
		if (cell_has(cpu, CPU_BUSY)) {
			derive_number(s, node, column,
			    cell_number(node, column, 0) + cell_number(cpu, CPU_BUSY, 0));
			cpus[node->number]++;
		} else if (!cell_has(node, column)) {
			cell_set_missing(
			    node, column, (enum state)cpu->cell[CPU_BUSY].state, s->moment.mono_ns);
		}
	}
	for (size_t i = 0; i < nodes; i++)
		if (cpus[i] > 0)
			s->table[TABLE_NODE].row[i]->cell[column].number /= cpus[i];
	free(cpus);
}

/* Of what is not known of a guest yet, or any more, the node's sum is not known either. */
static void add_placement(struct snapshot *s, int from, int column)
{
	for (size_t i = 0; i < s->table[TABLE_PLACEMENT].n; i++) {
		const struct row *row = s->table[TABLE_PLACEMENT].row[i];
		struct row *node = node_row(s, cell_number(row, PLACEMENT_NODE, -1));
		enum state why;
		double v;

		if (!node || (node->cell[column].at_ns && !cell_has(node, column)))
			continue;
		if (derive_operand(TABLE_PLACEMENT, row, from, &v, &why))
			derive_number(s, node, column, cell_number(node, column, 0) + v);
		else if (why == STATE_FIRST || why == STATE_RESET || why == STATE_UNKNOWN)
			derive_missing(s, node, column, why);
	}
	if (derive_lacks_guests(s))
		derive_unknown(s, TABLE_NODE, column);
}

void derive_node_guest_memory(struct snapshot *s, int column)
{
	add_placement(s, PLACEMENT_MEMORY, column);
}

void derive_node_guest_run(struct snapshot *s, int column)
{
	add_placement(s, PLACEMENT_RUN, column);
	if (derive_lacks_vcpus(s))
		derive_unknown(s, TABLE_NODE, column);
}

void derive_node_vcpus(struct snapshot *s, int column)
{
	zero_nodes(s, column);
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		struct row *node =
		    node_row(s, cell_number(s->table[TABLE_VCPU].row[i], VCPU_NODE, -1));

		if (node)
			node->cell[column].number++;
	}
	if (derive_lacks_vcpus(s))
		derive_unknown(s, TABLE_NODE, column);
}
