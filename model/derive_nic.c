/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived figures of NICs, of the vhost workers that serve them, and of devices passed through. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/xalloc.h"
#include "model/derive.h"

void derive_nic_packets(struct snapshot *s, int column)
{
	derive_sum(s, TABLE_NIC, NIC_RECEIVE_PACKETS, NIC_TRANSMIT_PACKETS, column);
}

void derive_nic_drops(struct snapshot *s, int column)
{
	derive_sum(s, TABLE_NIC, NIC_RECEIVE_DROPS, NIC_TRANSMIT_DROPS, column);
}

void derive_nic_errors(struct snapshot *s, int column)
{
	derive_sum(s, TABLE_NIC, NIC_RECEIVE_ERRORS, NIC_TRANSMIT_ERRORS, column);
}

void derive_nic_packet_size(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_NIC].n; i++) {
		struct row *row = s->table[TABLE_NIC].row[i];
		double in, out, packets;
		enum state why;

		if (!derive_operand(TABLE_NIC, row, NIC_RECEIVE, &in, &why) ||
		    !derive_operand(TABLE_NIC, row, NIC_TRANSMIT, &out, &why) ||
		    !derive_operand(TABLE_NIC, row, NIC_PACKETS, &packets, &why))
			derive_missing(s, row, column, why);
		else if (packets > 0)
			derive_number(s, row, column, (in + out) / packets);
	}
}

/* The vhost workers and NICs of each guest. */
struct service {
	const struct row **worker; /* by guest, then by age */
	size_t *first;             /* of a guest, by its number; one more at the end */
	struct nics_of {
		size_t nics;   /* served by vhost */
		double queues; /* of these; < 0: not all are known */
		bool in_order; /* each has its place on the command line */
	} * guest;
};

static bool is_vhost_nic(const struct row *row)
{
	return row->domain && strcmp(cell_text(row, NIC_BACKEND), "vhost-net") == 0;
}

static bool is_worker(const struct row *row)
{
	return row->domain && strcmp(cell_text(row, THREAD_ROLE), "vhost") == 0;
}

/* A thread's key begins with its start time; of the same tick, the id tells. */
static int compare_age(const void *left, const void *right)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;

	if (a->domain->number != b->domain->number)
		return a->domain->number < b->domain->number ? -1 : 1;
	return (a->key.item > b->key.item) - (a->key.item < b->key.item);
}

static void find_workers(const struct snapshot *s, struct service *v)
{
	const struct table *t = &s->table[TABLE_THREAD];
	size_t guests = s->table[TABLE_DOMAIN].n, n = 0;

	v->worker = xcalloc(t->n + 1, sizeof(struct row *));
	v->first = xcalloc(guests + 1, sizeof(*v->first));
	for (size_t i = 0; i < t->n; i++)
		if (is_worker(t->row[i]))
			v->worker[n++] = t->row[i];
	if (n > 1)
		qsort(v->worker, n, sizeof(struct row *), compare_age);
	for (size_t i = 0; i < n; i++)
		v->first[v->worker[i]->domain->number + 1] = i + 1;
	for (size_t g = 0; g < guests; g++)
		if (v->first[g + 1] < v->first[g])
			v->first[g + 1] = v->first[g];
}

static void find_nics(const struct snapshot *s, struct service *v)
{
	v->guest = xcalloc(s->table[TABLE_DOMAIN].n + 1, sizeof(*v->guest));
	for (size_t g = 0; g < s->table[TABLE_DOMAIN].n; g++)
		v->guest[g].in_order = true;
	for (size_t i = 0; i < s->table[TABLE_NIC].n; i++) {
		const struct row *row = s->table[TABLE_NIC].row[i];
		struct nics_of *of;

		if (!is_vhost_nic(row))
			continue;
		of = &v->guest[row->domain->number];
		of->nics++;
		of->in_order = of->in_order && cell_has(row, NIC_NUMBER);
		if (cell_has(row, NIC_QUEUES) && of->queues >= 0)
			of->queues += cell_number(row, NIC_QUEUES, 0);
		else
			of->queues = -1;
	}
}

static void service_init(struct service *v, const struct snapshot *s)
{
	find_workers(s, v);
	find_nics(s, v);
}

static void service_done(struct service *v)
{
	free(v->worker);
	free(v->first);
	free(v->guest);
}

/* Queues of the guest's NICs that stand before this one on the command line. */
static size_t queues_before(const struct snapshot *s, const struct row *nic)
{
	double number = cell_number(nic, NIC_NUMBER, 0), queues = 0;

	for (size_t i = 0; i < s->table[TABLE_NIC].n; i++) {
		const struct row *row = s->table[TABLE_NIC].row[i];

		if (row->domain == nic->domain && is_vhost_nic(row) &&
		    cell_number(row, NIC_NUMBER, 0) < number)
			queues += cell_number(row, NIC_QUEUES, 0);
	}
	return (size_t)queues;
}

/* The workers that serve a NIC. */
struct serving {
	const struct row *const *worker;
	size_t n;
	const char *of; /* whom they serve; NULL: no worker is known */
};

/*
 * vhost makes a worker for each pair of queues, and names it after the guest only. A guest's one
 * NIC has all of them, if they are as many as its queues; QEMU makes those of several in the order
 * of the command line. Where the numbers do not agree (there are other vhost devices, or NICs were
 * plugged) nobody can tell whose they are.
 */
static struct serving serving_of(
    const struct snapshot *s, const struct service *v, const struct row *nic)
{
	struct serving all = { .of = NULL };
	const struct nics_of *of;
	size_t g, from;

	if (!is_vhost_nic(nic))
		return all;
	g = nic->domain->number;
	of = &v->guest[g];
	all.worker = v->worker + v->first[g];
	all.n = v->first[g + 1] - v->first[g];
	if (all.n == 0)
		return all;
	all.of = "guest";
	if (of->nics == 1 && (all.n == 1 || of->queues == (double)all.n))
		all.of = "nic";
	if (of->nics == 1 || !of->in_order || of->queues != (double)all.n)
		return all;
	from = queues_before(s, nic);
	all.n = (size_t)cell_number(nic, NIC_QUEUES, 0);
	if (from + all.n > v->first[g + 1] - v->first[g])
		return (struct serving){ .of = NULL };
	all.worker += from;
	all.of = "order";
	return all;
}

/* Calls @fill for each NIC that has workers. */
static void for_each_served(struct snapshot *s, int column,
    void (*fill)(struct snapshot *s, struct row *nic, const struct serving *by, int column))
{
	struct service v;

	service_init(&v, s);
	for (size_t i = 0; i < s->table[TABLE_NIC].n; i++) {
		struct row *row = s->table[TABLE_NIC].row[i];
		struct serving by = serving_of(s, &v, row);

		if (by.of)
			fill(s, row, &by, column);
	}
	service_done(&v);
}

enum fold { FOLD_SUM, FOLD_MOST };

static void fold(struct snapshot *s, struct row *nic, const struct serving *by, int from,
    enum fold how, int column)
{
	double all = 0, v;
	enum state why = STATE_ABSENT;
	bool any = false;

	for (size_t i = 0; i < by->n; i++) {
		if (!derive_operand(TABLE_THREAD, by->worker[i], from, &v, &why))
			continue;
		all = how == FOLD_SUM ? all + v : v > all ? v : all;
		any = true;
	}
	if (any)
		derive_number(s, nic, column, all);
	else
		derive_missing(s, nic, column, why);
}

static void fill_vhost(struct snapshot *s, struct row *nic, const struct serving *by, int column)
{
	fold(s, nic, by, THREAD_RUN, FOLD_SUM, column);
}

static void fill_busiest(struct snapshot *s, struct row *nic, const struct serving *by, int column)
{
	fold(s, nic, by, THREAD_RUN, FOLD_MOST, column);
}

static void fill_wait(struct snapshot *s, struct row *nic, const struct serving *by, int column)
{
	fold(s, nic, by, THREAD_WAIT, FOLD_MOST, column);
}

static void fill_set(
    struct snapshot *s, struct row *nic, const struct serving *by, int from, int column)
{
	struct cpuset set = { 0 };
	char *list;

	for (size_t i = 0; i < by->n; i++) {
		double v = cell_number(by->worker[i], from, -1);

		if (v >= 0 && v < CPUSET_MAX)
			cpuset_set(&set, (unsigned)v);
	}
	list = cpuset_format_dup(&set);
	if (!cpuset_empty(&set))
		cell_set_text(s, nic, column, list, s->moment.mono_ns);
	free(list);
	cpuset_done(&set);
}

static void fill_cpus(struct snapshot *s, struct row *nic, const struct serving *by, int column)
{
	fill_set(s, nic, by, THREAD_CPU, column);
}

static void fill_nodes(struct snapshot *s, struct row *nic, const struct serving *by, int column)
{
	fill_set(s, nic, by, THREAD_NODE, column);
}

static void fill_tids(struct snapshot *s, struct row *nic, const struct serving *by, int column)
{
	struct derive_list list = { 0 };
	char tid[24];

	for (size_t i = 0; i < by->n; i++) {
		snprintf(tid, sizeof(tid), "%.0f", cell_number(by->worker[i], THREAD_TID, 0));
		derive_list_add(&list, tid);
	}
	derive_list_done(&list, s, nic, column);
}

static void fill_of(struct snapshot *s, struct row *nic, const struct serving *by, int column)
{
	cell_set_text(s, nic, column, by->of, s->moment.mono_ns);
}

/* A worker runs only when a queue of its own has packets. */
static void fill_busy(struct snapshot *s, struct row *nic, const struct serving *by, int column)
{
	double busy = 0, v;
	enum state why = STATE_ABSENT;
	size_t known = 0;

	if (strcmp(by->of, "guest") == 0)
		return;
	for (size_t i = 0; i < by->n; i++) {
		if (!derive_operand(TABLE_THREAD, by->worker[i], THREAD_RUN, &v, &why))
			continue;
		known++;
		busy += v > 0;
	}
	if (known == by->n)
		derive_number(s, nic, column, busy);
	else
		derive_missing(s, nic, column, why);
}

void derive_nic_vhost(struct snapshot *s, int column)
{
	for_each_served(s, column, fill_vhost);
}

void derive_nic_vhost_busiest(struct snapshot *s, int column)
{
	for_each_served(s, column, fill_busiest);
}

void derive_nic_vhost_wait(struct snapshot *s, int column)
{
	for_each_served(s, column, fill_wait);
}

void derive_nic_vhost_cpus(struct snapshot *s, int column)
{
	for_each_served(s, column, fill_cpus);
}

void derive_nic_vhost_nodes(struct snapshot *s, int column)
{
	for_each_served(s, column, fill_nodes);
}

void derive_nic_workers(struct snapshot *s, int column)
{
	for_each_served(s, column, fill_tids);
}

void derive_nic_workers_of(struct snapshot *s, int column)
{
	for_each_served(s, column, fill_of);
}

void derive_nic_queues_busy(struct snapshot *s, int column)
{
	for_each_served(s, column, fill_busy);
}
