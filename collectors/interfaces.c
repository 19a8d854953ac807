/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the host's own interfaces: bridges, what they are made of, and where they lead out. */
#include <string.h>

#include "collectors/collector.h"
#include "collectors/nics.h"

#define BYTES_PER_MBIT 125000.0

static void write_counters(struct reading *r, struct row *row, const struct net_interface *i)
{
	uint64_t now = reading_now(r);

	cell_set_count(row, INTERFACE_RECEIVE, i->received.bytes, now);
	cell_set_count(row, INTERFACE_RECEIVE_PACKETS, i->received.packets, now);
	cell_set_count(row, INTERFACE_RECEIVE_ERRORS, i->received.errors, now);
	cell_set_count(row, INTERFACE_RECEIVE_DROPS, i->received.drops, now);
	cell_set_count(row, INTERFACE_TRANSMIT, i->sent.bytes, now);
	cell_set_count(row, INTERFACE_TRANSMIT_PACKETS, i->sent.packets, now);
	cell_set_count(row, INTERFACE_TRANSMIT_ERRORS, i->sent.errors, now);
	cell_set_count(row, INTERFACE_TRANSMIT_DROPS, i->sent.drops, now);
}

static void write_link(struct reading *r, struct row *row, const struct net_link *l)
{
	nics_set_text(r, row, INTERFACE_KIND, l->type);
	nics_set_text(r, row, INTERFACE_MASTER, l->master);
	nics_set_text(r, row, INTERFACE_UPLINK, l->uplink);
	nics_set_number(r, row, INTERFACE_MTU, l->mtu);
	if (l->is_up >= 0)
		nics_set_text(r, row, INTERFACE_LINK, l->is_up ? "up" : "down");
	if (l->is_up && l->speed_mbits)
		cell_set_number(row, INTERFACE_SPEED, l->speed_mbits * BYTES_PER_MBIT, l->read_ns);
	if (l->node >= 0)
		cell_set_number(row, INTERFACE_NODE, (double)l->node, l->read_ns);
}

void interfaces_write(struct nics *n, struct reading *r)
{
	for (size_t i = 0; i < n->ours.n; i++) {
		const struct net_interface *one = &n->ours.interface[i];
		const struct net_link *link;
		struct row *row;

		if (strcmp(one->name, "lo") == 0)
			continue;
		link = net_links_get(&n->links, r, one->name);
		if (link->kind != LINK_OTHER)
			continue;
		row = snapshot_row(r->into, TABLE_INTERFACE, key_host(key_item(one->name)));
		nics_set_text(r, row, INTERFACE_NAME, one->name);
		write_counters(r, row, one);
		write_link(r, row, link);
	}
}
