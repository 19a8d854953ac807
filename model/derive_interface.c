/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived figures of the host's own interfaces. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/xalloc.h"
#include "model/derive.h"

void derive_interface_packets(struct snapshot *s, int column)
{
	derive_sum(
	    s, TABLE_INTERFACE, INTERFACE_RECEIVE_PACKETS, INTERFACE_TRANSMIT_PACKETS, column);
}

void derive_interface_drops(struct snapshot *s, int column)
{
	derive_sum(s, TABLE_INTERFACE, INTERFACE_RECEIVE_DROPS, INTERFACE_TRANSMIT_DROPS, column);
}

void derive_interface_errors(struct snapshot *s, int column)
{
	derive_sum(s, TABLE_INTERFACE, INTERFACE_RECEIVE_ERRORS, INTERFACE_TRANSMIT_ERRORS, column);
}

/* Each direction has the whole of it. */
void derive_interface_used(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_INTERFACE].n; i++) {
		struct row *row = s->table[TABLE_INTERFACE].row[i];
		double speed = cell_number(row, INTERFACE_SPEED, 0), in, out;
		enum state why;

		if (speed <= 0)
			continue;
		if (derive_operand(TABLE_INTERFACE, row, INTERFACE_RECEIVE, &in, &why) &&
		    derive_operand(TABLE_INTERFACE, row, INTERFACE_TRANSMIT, &out, &why))
			derive_number(s, row, column, (in > out ? in : out) / speed);
		else
			derive_missing(s, row, column, why);
	}
}

/* The guests of one interface, while they are found. */
struct guests_of {
	struct derive_list list;
	const struct row *last; /* NICs of one guest follow each other */
};

static void add_guest(
    const struct snapshot *s, struct guests_of *of, const struct row *nic, struct slice name)
{
	char interface[32];
	const struct row *row;

	if (name.len == 0 || slice_copy(name, interface, sizeof(interface)) >= sizeof(interface))
		return;
	row = snapshot_find(s, TABLE_INTERFACE, key_host(key_item(interface)));
	if (!row || of[row->number].last == nic->domain)
		return;
	of[row->number].last = nic->domain;
	derive_list_add(&of[row->number].list, cell_text(nic->domain, DOMAIN_NAME));
}

void derive_interface_guests(struct snapshot *s, int column)
{
	const struct table *t = &s->table[TABLE_INTERFACE], *nics = &s->table[TABLE_NIC];
	struct guests_of *of = xcalloc(t->n + 1, sizeof(*of));

	for (size_t i = 0; i < nics->n; i++) {
		const struct row *nic = nics->row[i];
		const char *uplinks = cell_text(nic, NIC_UPLINK);
		struct cursor c;
		struct slice name;

		if (!nic->domain)
			continue;
		add_guest(s, of, nic, slice_of(cell_text(nic, NIC_BRIDGE)));
		cursor_init(&c, uplinks, strlen(uplinks));
		while (cursor_field(&c, &name))
			add_guest(s, of, nic, name);
	}
	for (size_t i = 0; i < t->n; i++)
		if (of[i].last)
			derive_list_done(&of[i].list, s, t->row[i], column);
	free(of);
}
