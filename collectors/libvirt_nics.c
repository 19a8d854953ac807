/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/libvirt_nics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/nics.h"
#include "collectors/xml_node.h"

static void take_text(char *buf, size_t size, const struct _xmlNode *node, const char *attribute)
{
	char *text = xml_attribute_dup(node, attribute);

	snprintf(buf, size, "%s", text ? text : "");
	free(text);
}

static unsigned take_number(const struct _xmlNode *node, const char *attribute)
{
	uint64_t v;

	return xml_attribute_u64(node, attribute, &v) && v <= 65536 ? (unsigned)v : 0;
}

/*
 * libvirt's types say what an interface is attached to; "" where that is a tap or, of a network, a
 * macvtap: the interface itself tells which.
 */
static const char *type_of(const char *type, bool passt)
{
	static const struct {
		const char *xml, *type;
	} types[] = {
		{ "network", "" },
		{ "bridge", "" },
		{ "ethernet", "" },
		{ "direct", "macvtap" },
		{ "vhostuser", "vhost-user" },
		{ "server", "socket" },
		{ "client", "socket" },
		{ "mcast", "socket" },
		{ "udp", "socket" },
	};

	if (passt)
		return "passt";
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i].xml) == 0)
			return types[i].type;
	return type;
}

/* Of a virtio NIC without <driver name>, libvirt takes vhost where the host has it: not told. */
static void take_backend(struct nic *nic, const struct _xmlNode *driver)
{
	char name[16];
	bool is_tap = !nic->type[0] || strcmp(nic->type, "macvtap") == 0;

	take_text(name, sizeof(name), driver, "name");
	if (is_tap && !name[0] && strncmp(nic->model, "virtio", 6) == 0)
		return;
	snprintf(nic->backend, sizeof(nic->backend), "%s",
	    nic_backend(nic->type, nic->model, is_tap && strcmp(name, "vhost") == 0));
}

static void read_interface(struct libvirt_nics *x, const struct _xmlNode *node)
{
	const struct _xmlNode *driver = xml_child(node, "driver");
	struct nic nic = { .number = -1, .fd = -1 };
	char type[16], backend[16], model[24];

	take_text(type, sizeof(type), node, "type");
	take_text(backend, sizeof(backend), xml_child(node, "backend"), "type");
	snprintf(nic.type, sizeof(nic.type), "%s", type_of(type, strcmp(backend, "passt") == 0));
	take_text(nic.name, sizeof(nic.name), xml_child(node, "alias"), "name");
	if (!nic.name[0])
		snprintf(nic.name, sizeof(nic.name), "net%zu", x->n);
	take_text(nic.mac, sizeof(nic.mac), xml_child(node, "mac"), "address");
	take_text(model, sizeof(model), xml_child(node, "model"), "type");
	nic_model(model, nic.model, sizeof(nic.model));
	take_text(nic.interface, sizeof(nic.interface), xml_child(node, "target"), "dev");
	nic.queues = take_number(driver, "queues");
	nic.rx_ring = take_number(driver, "rx_queue_size");
	nic.tx_ring = take_number(driver, "tx_queue_size");
	take_backend(&nic, driver);
	x->nic = xgrow(x->nic, x->n, &x->cap, sizeof(nic));
	x->nic[x->n++] = nic;
}

/* bus='0x3b' */
static bool take_part(
    const struct _xmlNode *address, const char *name, uint64_t most, unsigned *ret)
{
	char *text = xml_attribute_dup(address, name);
	uint64_t v = 0;
	bool ok = text && parse_hex_u64(text, &v) == 0 && v <= most;

	free(text);
	*ret = (unsigned)v;
	return ok;
}

static void read_address(struct libvirt_nics *x, const struct _xmlNode *source)
{
	const struct _xmlNode *address = xml_child(source, "address");
	unsigned domain, bus, slot, function;

	if (x->devices == NICS_MAX || !take_part(address, "domain", 0xffff, &domain) ||
	    !take_part(address, "bus", 0xff, &bus) || !take_part(address, "slot", 0x1f, &slot) ||
	    !take_part(address, "function", 7, &function))
		return;
	x->device = xgrow(x->device, x->devices, &x->device_cap, sizeof(*x->device));
	snprintf(x->device[x->devices++], DEVICE_NAME_SIZE, "%04x:%02x:%02x.%x", domain & 0xffff,
	    bus & 0xff, slot & 0x1f, function & 7);
}

/* <address uuid='…'/> of a mediated device. */
static void read_uuid(struct libvirt_nics *x, const struct _xmlNode *source)
{
	char uuid[DEVICE_NAME_SIZE], name[DEVICE_NAME_SIZE];

	take_text(uuid, sizeof(uuid), xml_child(source, "address"), "uuid");
	if (x->devices == NICS_MAX || !device_name(uuid, name))
		return;
	x->device = xgrow(x->device, x->devices, &x->device_cap, sizeof(name));
	memcpy(x->device[x->devices++], name, sizeof(name));
}

static void read_hostdev(struct libvirt_nics *x, const struct _xmlNode *node)
{
	char type[8];

	take_text(type, sizeof(type), node, "type");
	if (strcmp(type, "pci") == 0)
		read_address(x, xml_child(node, "source"));
	else if (strcmp(type, "mdev") == 0)
		read_uuid(x, xml_child(node, "source"));
}

void libvirt_nics_read(struct libvirt_nics *x, const struct _xmlNode *devices)
{
	const struct _xmlNode *node;

	for (node = xml_child(devices, "interface"); node && x->n < NICS_MAX;
	     node = xml_next(xml_after(node), "interface")) {
		read_interface(x, node);
		/* A network card passed through as an <interface>. */
		if (strcmp(x->nic[x->n - 1].type, "hostdev") == 0)
			read_address(x, xml_child(node, "source"));
	}
	for (node = xml_child(devices, "hostdev"); node;
	     node = xml_next(xml_after(node), "hostdev"))
		read_hostdev(x, node);
}

void libvirt_nics_done(struct libvirt_nics *x)
{
	free(x->nic);
	free(x->device);
	*x = (struct libvirt_nics){ 0 };
}

static void fill_nic(struct reading *r, struct key guest, const struct nic *nic)
{
	struct row *row = snapshot_row(r->into, TABLE_NIC, key_of(guest, key_item(nic->name)));
	const char *remark = nic_remark(nic->type);

	nics_set_text(r, row, NIC_NAME, nic->name);
	nics_set_text(r, row, NIC_MAC, nic->mac);
	nics_set_text(r, row, NIC_MODEL, nic->model);
	nics_set_text(r, row, NIC_TYPE, nic->type);
	nics_set_text(r, row, NIC_BACKEND, nic->backend);
	/* So that it is seen that the XML has this NIC. */
	cell_set_missing(row, NIC_TARGET, STATE_ABSENT, reading_now(r));
	nics_set_text(r, row, NIC_TARGET, nic->interface);
	nics_set_number(r, row, NIC_QUEUES, nic->queues);
	nics_set_number(r, row, NIC_RX_RING, nic->rx_ring);
	nics_set_number(r, row, NIC_TX_RING, nic->tx_ring);
	nics_set_text(r, row, NIC_REMARK, remark);
	for (int column = NIC_RECEIVE; remark && column <= NIC_TRANSMIT_ERRORS; column++)
		cell_set_missing(row, column, STATE_ABSENT, reading_now(r));
}

void libvirt_nics_fill(struct reading *r, struct key guest, const struct libvirt_nics *x)
{
	struct pci_device device;

	for (size_t i = 0; i < x->n; i++)
		fill_nic(r, guest, &x->nic[i]);
	for (size_t i = 0; i < x->devices; i++) {
		pci_read(&device, r->root, x->device[i]);
		pci_write(r, guest, &device, "XML");
	}
}
