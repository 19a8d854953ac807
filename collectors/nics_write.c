/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The row of a NIC. */
#include <stdio.h>
#include <string.h>

#include "collectors/collector.h"
#include "collectors/nics.h"

const char *nic_remark(const char *type)
{
	static const struct {
		const char *type, *remark;
	} remarks[] = {
		{ "tap", NULL },
		{ "macvtap", NULL },
		{ "user",
		    "User mode: QEMU speaks for the guest, no interface of the host counts it." },
		{ "passt", "passt speaks for the guest: no interface of the host counts it." },
		{ "vhost-user", "The switch behind its socket moves its packets and counts them." },
		{ "vdpa", "The device itself moves its packets." },
		{ "hostdev", "The device itself moves its packets." },
		{ "hubport", "It hangs on a hub inside QEMU." },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++)
		if (strcmp(type, remarks[i].type) == 0)
			return remarks[i].remark;
	return "Its packets go through a socket: no interface of the host counts them.";
}

void nics_set_text(struct reading *r, struct row *row, int column, const char *text)
{
	if (text && text[0])
		cell_set_text(r->into, row, column, text, reading_now(r));
}

void nics_set_number(struct reading *r, struct row *row, int column, uint64_t v)
{
	if (v)
		cell_set_number(row, column, (double)v, reading_now(r));
}

/* What the host's interface received, the guest sent; a macvtap is the guest's own interface. */
static void write_counters(
    struct reading *r, struct row *row, const struct net_interface *i, bool is_macvtap)
{
	const struct net_counters *in = is_macvtap ? &i->received : &i->sent;
	const struct net_counters *out = is_macvtap ? &i->sent : &i->received;
	uint64_t now = reading_now(r);

	cell_set_count(row, NIC_RECEIVE, in->bytes, now);
	cell_set_count(row, NIC_RECEIVE_PACKETS, in->packets, now);
	cell_set_count(row, NIC_RECEIVE_ERRORS, in->errors, now);
	cell_set_count(row, NIC_RECEIVE_DROPS, in->drops, now);
	cell_set_count(row, NIC_TRANSMIT, out->bytes, now);
	cell_set_count(row, NIC_TRANSMIT_PACKETS, out->packets, now);
	cell_set_count(row, NIC_TRANSMIT_ERRORS, out->errors, now);
	cell_set_count(row, NIC_TRANSMIT_DROPS, out->drops, now);
}

static void write_missing(struct reading *r, struct row *row, enum state why)
{
	for (int column = NIC_RECEIVE; column <= NIC_TRANSMIT_ERRORS; column++)
		cell_set_missing(row, column, why, reading_now(r));
}

static void write_bridge(
    struct nics *n, struct reading *r, struct row *row, const struct net_link *link)
{
	const char *uplink = link->lower;
	const struct net_link *bridge;

	if (link->master[0]) {
		bridge = net_links_get(&n->links, r, link->master);
		nics_set_text(r, row, NIC_BRIDGE, link->master);
		nics_set_number(r, row, NIC_BRIDGE_MTU, bridge->mtu);
		nics_set_text(r, row, NIC_UPLINK, bridge->uplink);
		uplink = bridge->first_uplink;
	} else {
		nics_set_text(r, row, NIC_UPLINK, uplink);
	}
	if (uplink[0])
		nics_set_number(r, row, NIC_UPLINK_MTU, net_links_get(&n->links, r, uplink)->mtu);
}

static void write_link(struct nics *n, struct reading *r, struct row *row, const struct net_link *l)
{
	nics_set_number(r, row, NIC_MTU, l->mtu);
	if (l->has_queue_length)
		cell_set_number(row, NIC_QUEUE_LENGTH, l->queue_length, l->read_ns);
	if (l->is_up >= 0)
		cell_set_text(r->into, row, NIC_LINK, l->is_up ? "up" : "down", l->read_ns);
	if (l->kind == LINK_TAP)
		nics_set_number(r, row, NIC_QUEUES_ENABLED, l->queues);
	write_bridge(n, r, row, l);
}

/* What is known of a NIC without its interface. */
static void write_nic(struct reading *r, struct row *row, const struct found_nic *f)
{
	const struct nic *nic = &f->nic;

	nics_set_text(r, row, NIC_NAME, nic->name);
	if (nic->number >= 0)
		cell_set_number(row, NIC_NUMBER, nic->number, reading_now(r));
	nics_set_text(r, row, NIC_INTERFACE, nic->interface);
	nics_set_text(r, row, NIC_MAC, nic->mac);
	nics_set_text(r, row, NIC_MODEL, nic->model);
	nics_set_text(r, row, NIC_TYPE, nic->type);
	nics_set_text(r, row, NIC_BACKEND, nic->backend);
	nics_set_number(r, row, NIC_QUEUES, f->fds ? f->fds : nic->queues);
	nics_set_number(r, row, NIC_RX_RING, nic->rx_ring);
	nics_set_number(r, row, NIC_TX_RING, nic->tx_ring);
}

static void write_uncounted(struct nics *n, struct reading *r, struct row *row,
    const struct nic_guest *g, const struct nic *nic)
{
	const char *remark = nic_remark(nic->type);
	bool denied = !remark && g->fds.error && state_of_errno(g->fds.error) == STATE_DENIED;
	char text[96];

	n->unseen++;
	n->denied += denied;
	n->uncounted += nic->interface[0] != 0;
	write_missing(r, row, denied && !nic->interface[0] ? STATE_DENIED : STATE_ABSENT);
	if (remark) {
		nics_set_text(r, row, NIC_REMARK, remark);
	} else if (nic->interface[0]) {
		snprintf(text, sizeof(text), "%s is no interface of its network namespace.",
		    nic->interface);
		nics_set_text(r, row, NIC_REMARK, text);
	} else {
		nics_set_text(r, row, NIC_REMARK,
		    denied ? "Its descriptors may not be seen; CAP_SYS_PTRACE would show its "
			     "interface."
			   : "Nothing tells its interface.");
	}
}

void nics_write(
    struct nics *n, struct reading *r, const struct nic_guest *g, const struct found_nic *f)
{
	struct row *row = snapshot_row(r->into, TABLE_NIC, key_of(g->key, key_item(f->nic.name)));
	const struct net_dev *dev = f->nic.interface[0] ? nics_counters(n, r, g) : NULL;
	const struct net_interface *i = dev ? net_dev_find(dev, f->nic.interface) : NULL;
	const struct net_link *link = NULL;

	write_nic(r, row, f);
	if (!i) {
		write_uncounted(n, r, row, g, &f->nic);
		return;
	}
	if (!g->space[0])
		link = net_links_get(&n->links, r, f->nic.interface);
	write_counters(r, row, i, f->is_macvtap || (link && link->kind == LINK_MACVTAP));
	if (link && !f->nic.type[0] && link->kind != LINK_OTHER)
		nics_set_text(r, row, NIC_TYPE, link->kind == LINK_TAP ? "tap" : "macvtap");
	if (link)
		write_link(n, r, row, link);
	else
		nics_set_text(r, row, NIC_REMARK,
		    "In a network namespace of its own: its bridge is not to be seen from here.");
}
