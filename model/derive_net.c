/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guests have of the network as a whole, bridges that they share, and devices of their own. */
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/xalloc.h"
#include "model/derive.h"

/* A sum holds what its parts had when each was read. */
static void add_rate(struct cell *sum, const struct cell *part)
{
	bool has = sum->state == STATE_OK;
	bool has_rate = has && (sum->rate_state == STATE_OK || sum->rate_state == STATE_STALE);

	sum->count = part->count + (has ? sum->count : 0);
	sum->state = STATE_OK;
	if (part->at_ns > sum->at_ns)
		sum->at_ns = part->at_ns;
	if (part->rate_state == STATE_OK || part->rate_state == STATE_STALE) {
		sum->rate = part->rate + (has_rate ? sum->rate : 0);
		sum->rate_state = part->rate_state;
	} else if (!has) {
		sum->rate_state = part->rate_state;
	}
}

/* A counter of the guest that is the sum of its NICs'; a NIC that has no rate yet is left out. */
static void add_counter(struct snapshot *s, int from, int column)
{
	const struct table *t = &s->table[TABLE_NIC];

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];
		const struct cell *part = &row->cell[from];
		struct cell *sum = row->domain ? &row->domain->cell[column] : NULL;

		if (!sum)
			continue;
		if (part->state == STATE_OK || part->state == STATE_STALE)
			add_rate(sum, part);
		else if (sum->state == STATE_ABSENT)
			cell_set_missing(
			    row->domain, column, (enum state)part->state, s->moment.mono_ns);
	}
}

void derive_domain_net(struct snapshot *s, int column)
{
	add_counter(s, NIC_RECEIVE, column);
	add_counter(s, NIC_TRANSMIT, column);
}

void derive_domain_net_receive(struct snapshot *s, int column)
{
	add_counter(s, NIC_RECEIVE, column);
}

void derive_domain_net_transmit(struct snapshot *s, int column)
{
	add_counter(s, NIC_TRANSMIT, column);
}

/* One without an interface on the host, such as a user-mode NIC, takes no part in sums. */
static bool has_interface(const struct row *nic)
{
	return nic->cell[NIC_PACKETS].state != STATE_ABSENT;
}

static bool tells_drops(const struct row *nic)
{
	return nic->cell[NIC_DROPS].state != STATE_ABSENT;
}

void derive_domain_net_packets(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_NIC, NIC_PACKETS, has_interface, column);
}

void derive_domain_net_drops(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_NIC, NIC_DROPS, tells_drops, column);
}

void derive_domain_nics(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_NIC].n; i++) {
		struct row *domain = s->table[TABLE_NIC].row[i]->domain;

		if (domain)
			derive_number(s, domain, column, cell_number(domain, column, 0) + 1);
	}
}

/* The wire that a NIC shares with others: its bridge, or what its macvtap lies upon. */
static const char *wire_of(const struct row *row)
{
	return cell_text(row, cell_has(row, NIC_BRIDGE) ? NIC_BRIDGE : NIC_UPLINK);
}

static int compare_wires(const void *left, const void *right)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;
	int r = strcmp(wire_of(a), wire_of(b));

	return r ? r
		 : (a->domain->number > b->domain->number) -
		       (a->domain->number < b->domain->number);
}

static void count_guests(struct snapshot *s, struct row **row, size_t n, int column)
{
	size_t guests = 0;

	for (size_t i = 0; i < n; i++)
		guests += i == 0 || row[i]->domain != row[i - 1]->domain;
	for (size_t i = 0; i < n; i++)
		derive_number(s, row[i], column, (double)guests);
}

void derive_nic_bridge_guests(struct snapshot *s, int column)
{
	const struct table *t = &s->table[TABLE_NIC];
	struct row **row = xcalloc(t->n + 1, sizeof(*row));
	size_t n = 0, from = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->row[i]->domain && wire_of(t->row[i])[0])
			row[n++] = t->row[i];
	if (n > 1)
		qsort(row, n, sizeof(*row), compare_wires);
	for (size_t i = 1; i <= n; i++)
		if (i == n || strcmp(wire_of(row[i]), wire_of(row[from])) != 0) {
			count_guests(s, row + from, i - from, column);
			from = i;
		}
	free(row);
}

void derive_pci_guest_nodes(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_PCI].n; i++) {
		struct row *row = s->table[TABLE_PCI].row[i];

		if (row->domain)
			row->cell[column] = row->domain->cell[DOMAIN_RUN_NODES];
	}
}

void derive_pci_local(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_PCI].n; i++) {
		struct row *row = s->table[TABLE_PCI].row[i];
		double node = cell_number(row, PCI_NODE, -1);
		struct cpuset nodes = { 0 };
		const char *local = "no";

		if (node >= 0 && cell_has(row, PCI_GUEST_NODES) &&
		    cpuset_parse_list(&nodes, cell_text(row, PCI_GUEST_NODES)) == 0 &&
		    !cpuset_empty(&nodes)) {
			if (cpuset_test(&nodes, (unsigned)node))
				local = cpuset_count(&nodes) == 1 ? "yes" : "part";
			cell_set_text(s, row, column, local, s->moment.mono_ns);
		}
		cpuset_done(&nodes);
	}
}
