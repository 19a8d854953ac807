/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices that are passed through, and mediated ones, which are parts of such. The command line
 * and the XML name them; of those that were plugged in, and where there is no libvirt, what the
 * process holds open is known: either the device itself (through iommufd) or its IOMMU group. Then
 * all devices of the group that vfio holds are taken for the guest's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/nics.h"

#define GROUP_DEVICES_MAX 64

/* A mediated device is known by its UUID, which is longer than any address. */
static bool is_mediated(const char *name)
{
	return strlen(name) >= PCI_ADDRESS_SIZE;
}

/* Where the kernel tells of a device; "" for @file: the device itself. */
static void device_path(char *buf, size_t size, const char *name, const char *file)
{
	snprintf(buf, size, "sys/bus/%s/devices/%s%s%s", is_mediated(name) ? "mdev" : "pci", name,
	    *file ? "/" : "", file);
}

static bool read_attribute(
    const struct root *root, const char *name, const char *file, char *buf, size_t size)
{
	char path[128];

	device_path(path, sizeof(path), name, file);
	return root_read(root, path, buf, size) > 0;
}

static int64_t read_number(const struct root *root, const char *name, const char *file)
{
	char buf[32];
	int64_t v;

	/* A node of -1: the firmware does not tell. */
	return read_attribute(root, name, file, buf, sizeof(buf)) && parse_i64(buf, &v) == 0 &&
		       v >= 0
		   ? v
		   : -1;
}

/* The last part of where a link leads. */
static bool read_target(
    const struct root *root, const char *name, const char *file, char *buf, size_t size)
{
	char path[128], target[256], *slash;

	device_path(path, sizeof(path), name, file);
	if (root_link(root, path, target, sizeof(target)) <= 0)
		return false;
	slash = strrchr(target, '/');
	snprintf(buf, size, "%s", slash ? slash + 1 : target);
	return true;
}

/* "0x8086" and "0x1572" become "8086:1572". */
static void read_id(struct pci_device *d, const struct root *root)
{
	char vendor[16], device[16];
	uint64_t v, n;

	if (read_attribute(root, d->name, "vendor", vendor, sizeof(vendor)) &&
	    read_attribute(root, d->name, "device", device, sizeof(device)) &&
	    parse_hex_u64(vendor, &v) == 0 && parse_hex_u64(device, &n) == 0 && v <= 0xffff &&
	    n <= 0xffff)
		snprintf(d->id, sizeof(d->id), "%04x:%04x", (unsigned)v, (unsigned)n);
}

static void read_class(struct pci_device *d, const struct root *root, const char *address)
{
	char buf[64];
	uint64_t v;

	d->has_class = read_attribute(root, address, "class", buf, sizeof(buf)) &&
		       parse_hex_u64(buf, &v) == 0 && v <= 0xffffff;
	if (d->has_class)
		d->class_code = (uint32_t)v;
}

/* "../../../devices/pci0000:00/0000:00:02.0/5c5b4a1e-…": the device that it is a part of. */
static void read_whole(struct pci_device *d, const struct root *root)
{
	char path[128], target[256], *slash;

	device_path(path, sizeof(path), d->name, "");
	if (root_link(root, path, target, sizeof(target)) <= 0 || !(slash = strrchr(target, '/')))
		return;
	*slash = '\0';
	slash = strrchr(target, '/');
	if (!slash || !pci_address(slash + 1, d->parent))
		return;
	d->node = read_number(root, d->parent, "numa_node");
	read_class(d, root, d->parent);
}

void pci_read(struct pci_device *d, const struct root *root, const char *name)
{
	char buf[64];
	uint64_t v;

	*d = (struct pci_device){ .group = -1, .node = -1, .functions = -1 };
	snprintf(d->name, sizeof(d->name), "%s", name);
	if (!read_target(root, name, "driver", d->driver, sizeof(d->driver)))
		d->driver[0] = '\0';
	if (read_target(root, name, "iommu_group", buf, sizeof(buf)) && parse_u64(buf, &v) == 0 &&
	    v <= INT32_MAX)
		d->group = (int64_t)v;
	if (is_mediated(name)) {
		read_whole(d, root);
		/* What its driver calls such a part. */
		if (!read_target(root, name, "mdev_type", d->id, sizeof(d->id)))
			d->id[0] = '\0';
		return;
	}
	d->node = read_number(root, name, "numa_node");
	d->functions = read_number(root, name, "sriov_numvfs");
	read_id(d, root);
	read_class(d, root, name);
	if (read_target(root, name, "physfn", buf, sizeof(buf)))
		pci_address(buf, d->parent);
}

/* Base classes of the PCI standard, and the few sub-classes that people speak of. */
static const char *class_name(uint32_t code)
{
	static const char *const names[] = {
		[0x01] = "storage",
		[0x02] = "network",
		[0x03] = "display",
		[0x04] = "multimedia",
		[0x05] = "memory",
		[0x06] = "bridge",
		[0x07] = "serial",
		[0x08] = "system",
		[0x09] = "input",
		[0x0b] = "processor",
		[0x0c] = "serial bus",
		[0x0d] = "wireless",
		[0x10] = "crypto",
		[0x12] = "accelerator",
	};
	uint32_t base = code >> 16;

	switch (code >> 8) {
	case 0x0108:
		return "nvme";
	case 0x0302:
		return "3d";
	case 0x0c03:
		return "usb";
	default:
		break;
	}
	return base < sizeof(names) / sizeof(names[0]) && names[base] ? names[base] : "other";
}

void pci_write(
    struct reading *r, struct key guest, const struct pci_device *d, const char *known_by)
{
	struct row *row = snapshot_row(r->into, TABLE_PCI, key_of(guest, key_item(d->name)));
	uint64_t now = reading_now(r);

	nics_set_text(r, row, PCI_ADDRESS, d->name);
	nics_set_text(r, row, PCI_KNOWN_BY, known_by);
	nics_set_text(r, row, PCI_CLASS, d->has_class ? class_name(d->class_code) : "");
	nics_set_text(r, row, PCI_ID, d->id);
	nics_set_text(r, row, PCI_DRIVER, d->driver);
	nics_set_text(r, row, PCI_PARENT, d->parent);
	if (d->group >= 0)
		cell_set_number(row, PCI_GROUP, (double)d->group, now);
	if (d->node >= 0)
		cell_set_number(row, PCI_NODE, (double)d->node, now);
	else
		cell_set_missing(row, PCI_NODE, STATE_ABSENT, now);
	if (d->functions >= 0)
		cell_set_number(row, PCI_FUNCTIONS, (double)d->functions, now);
}

static void add_device(
    struct nic_guest *g, const struct root *root, const char *name, enum pci_source source)
{
	g->device = xgrow(g->device, g->devices, &g->device_cap, sizeof(*g->device));
	pci_read(&g->device[g->devices], root, name);
	g->device[g->devices++].source = source;
}

static bool has_device(const struct nic_guest *g, const char *name)
{
	for (size_t i = 0; i < g->devices; i++)
		if (strcmp(g->device[i].name, name) == 0)
			return true;
	return false;
}

static bool has_group(const struct nic_guest *g, uint32_t group)
{
	for (size_t i = 0; i < g->devices; i++)
		if (g->device[i].source != PCI_BY_GROUP && g->device[i].group == group)
			return true;
	return false;
}

/* A group holds bridges, too, and devices that the host has kept. */
static void add_group(struct nic_guest *g, const struct root *root, uint32_t group)
{
	struct names names = { 0 };
	char dir[64], path[128], name[DEVICE_NAME_SIZE], buf[256];

	snprintf(dir, sizeof(dir), "sys/kernel/iommu_groups/%u/devices", group);
	if (root_list(root, dir, &names) < 0)
		names.n = 0;
	for (size_t i = 0; i < names.n && i < GROUP_DEVICES_MAX; i++) {
		if (!device_name(names.name[i], name))
			continue;
		/* So that a capture knows the device. */
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		root_link(root, path, buf, sizeof(buf));
		if (read_target(root, name, "driver", buf, sizeof(buf)) && strstr(buf, "vfio"))
			add_device(g, root, name, PCI_BY_GROUP);
	}
	names_done(&names);
}

/* "../../devices/pci0000:3a/0000:3a:00.0/0000:3b:10.0/vfio-dev/vfio7" */
static bool find_name(const struct root *root, uint32_t number, char ret[DEVICE_NAME_SIZE])
{
	char path[64], target[512], *end, *slash;

	snprintf(path, sizeof(path), "sys/class/vfio-dev/vfio%u", number);
	if (root_link(root, path, target, sizeof(target)) <= 0 ||
	    !(end = strstr(target, "/vfio-dev/")))
		return false;
	*end = '\0';
	slash = strrchr(target, '/');
	return device_name(slash ? slash + 1 : target, ret);
}

static bool is_among(const uint32_t *list, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == number)
			return true;
	return false;
}

/* One that was unplugged stays on the command line. Without a group nothing can be said. */
static bool is_held(const struct nic_guest *g, const struct root *root, const struct pci_device *d)
{
	char name[DEVICE_NAME_SIZE];

	if (!g->looked || g->fds.error || d->group < 0 ||
	    is_among(g->fds.group, g->fds.groups, d->group))
		return true;
	for (size_t i = 0; i < g->fds.devices; i++)
		if (find_name(root, g->fds.device[i], name) && strcmp(name, d->name) == 0)
			return true;
	return false;
}

static void look(struct reading *r, struct nic_guest *g)
{
	char name[DEVICE_NAME_SIZE];

	g->devices = 0;
	for (size_t i = 0; i < g->args.devices; i++) {
		add_device(g, r->root, g->args.device[i], PCI_BY_ARGUMENT);
		g->devices -= !is_held(g, r->root, &g->device[g->devices - 1]);
	}
	for (size_t i = 0; i < g->fds.devices; i++)
		if (find_name(r->root, g->fds.device[i], name) && !has_device(g, name))
			add_device(g, r->root, name, PCI_BY_DESCRIPTOR);
	for (size_t i = 0; i < g->fds.groups; i++)
		if (!has_group(g, g->fds.group[i]))
			add_group(g, r->root, g->fds.group[i]);
}

/* The XML names the device, or one of its group: then it is known which one the guest has. */
static bool is_told(const struct reading *r, const struct nic_guest *g, const struct pci_device *d)
{
	const struct table *t = r->latest ? &r->latest->table[TABLE_PCI] : NULL;

	for (size_t i = 0; t && i < t->n; i++)
		if (key_same_owner(t->row[i]->key, g->key) &&
		    strcmp(cell_text(t->row[i], PCI_KNOWN_BY), "XML") == 0 &&
		    (d->source == PCI_BY_GROUP
			    ? cell_number(t->row[i], PCI_GROUP, -1) == (double)d->group
			    : strcmp(cell_text(t->row[i], PCI_ADDRESS), d->name) == 0))
			return true;
	return false;
}

void pci_tell(struct reading *r, struct nic_guest *g, bool again)
{
	static const char *const known_by[] = {
		[PCI_BY_ARGUMENT] = "command line",
		[PCI_BY_DESCRIPTOR] = "descriptor",
		[PCI_BY_GROUP] = "IOMMU group",
	};

	if (again)
		look(r, g);
	for (size_t i = 0; i < g->devices; i++) {
		const struct pci_device *d = &g->device[i];

		if (d->source == PCI_BY_ARGUMENT || !is_told(r, g, d))
			pci_write(r, g->key, d, known_by[d->source]);
	}
}
