/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/nic_args.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/uuid.h"
#include "base/xalloc.h"
#include "collectors/qemu_args.h"

static void copy(char *buf, size_t size, const char *text)
{
	snprintf(buf, size, "%s", text ? text : "");
}

static bool is_virtio(const char *model)
{
	return strncmp(model, "virtio", 6) == 0;
}

void nic_model(const char *driver, char *buf, size_t size)
{
	copy(buf, size, is_virtio(driver) ? "virtio" : driver);
}

const char *nic_backend(const char *type, const char *model, bool vhost)
{
	if (strcmp(type, "vhost-user") == 0 || strcmp(type, "vdpa") == 0 ||
	    strcmp(type, "hostdev") == 0)
		return type;
	/* A device that is emulated has QEMU between the guest and vhost, even where it was asked
	 * for. */
	return vhost && is_virtio(model) ? "vhost-net" : "userspace";
}

static bool is_hex(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* "dddd:bb:dd.f" */
static bool is_full_address(const char *t)
{
	return strlen(t) == 12 && is_hex(t, 4) && t[4] == ':' && is_hex(t + 5, 2) && t[7] == ':' &&
	       is_hex(t + 8, 2) && t[10] == '.' && t[11] >= '0' && t[11] <= '7';
}

bool pci_address(const char *text, char ret[PCI_ADDRESS_SIZE])
{
	char full[PCI_ADDRESS_SIZE];

	snprintf(full, sizeof(full), "%s%s", strlen(text) == 7 ? "0000:" : "", text);
	if (!is_full_address(full))
		return false;
	for (char *p = full; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	memcpy(ret, full, sizeof(full));
	return true;
}

bool device_name(const char *text, char ret[DEVICE_NAME_SIZE])
{
	if (pci_address(text, ret))
		return true;
	if (!uuid_is_valid(text))
		return false;
	for (size_t i = 0; i <= strlen(text); i++)
		ret[i] = (char)tolower((unsigned char)text[i]);
	return true;
}

static unsigned number_of(const struct qemu_arg *arg, const char *key)
{
	uint64_t v;

	return arg && qemu_arg_u64(arg, key, &v) && v <= 65536 ? (unsigned)v : 0;
}

/* "fds=33:34": the first, and how many. */
static unsigned take_fds(struct nic *nic, const char *list)
{
	struct cursor c;
	struct slice one;
	unsigned n = 0;
	uint64_t v;

	cursor_init(&c, list, strlen(list));
	while (cursor_split(&c, ':', &one)) {
		if (n++ == 0 && slice_u64(one, &v) == 0 && v <= INT32_MAX)
			nic->fd = (int)v;
	}
	return n;
}

static bool wants_vhost(const struct qemu_arg *backend)
{
	return qemu_arg_is_on(backend, "vhost",
	    qemu_arg_get(backend, "vhostfd") || qemu_arg_get(backend, "vhostfds") ||
		qemu_arg_is_on(backend, "vhostforce", false));
}

static void take_tap(struct nic *nic, const struct qemu_arg *backend)
{
	const char *fds = qemu_arg_get(backend, "fds"), *fd = qemu_arg_get(backend, "fd");
	const char *interface = qemu_arg_get(backend, "ifname");

	copy(nic->type, sizeof(nic->type), "tap");
	nic->queues = number_of(backend, "queues");
	if (fds)
		nic->queues = take_fds(nic, fds);
	else if (fd)
		take_fds(nic, fd);
	if (interface && interface_is_name(interface))
		copy(nic->interface, sizeof(nic->interface), interface);
	if (nic->queues == 0)
		nic->queues = 1;
}

/* libvirt runs passt beside the guest, and has QEMU talk to its socket. */
static bool is_passt(const struct qemu_arg *backend)
{
	const char *path = qemu_arg_get(backend, "addr.path");

	return path && strstr(path, "passt");
}

static void take_backend(struct nic *nic, const struct qemu_arg *backend)
{
	const char *type = qemu_arg_get(backend, "type");

	if (!type)
		return;
	if (strcmp(type, "tap") == 0 || strcmp(type, "bridge") == 0) {
		take_tap(nic, backend);
		return;
	}
	if (strcmp(type, "vhost-vdpa") == 0)
		type = "vdpa";
	else if (is_passt(backend))
		type = "passt";
	copy(nic->type, sizeof(nic->type), type);
	nic->queues = number_of(backend, "queues");
	if (nic->queues == 0)
		nic->queues = 1;
}

static void take_device(struct nic *nic, const struct qemu_arg *device, const char *model)
{
	if (model)
		nic_model(model, nic->model, sizeof(nic->model));
	copy(nic->mac, sizeof(nic->mac), qemu_arg_get(device, "mac"));
	if (!nic->mac[0])
		copy(nic->mac, sizeof(nic->mac), qemu_arg_get(device, "macaddr"));
	nic->rx_ring = number_of(device, "rx_queue_size");
	nic->tx_ring = number_of(device, "tx_queue_size");
}

static void add(struct nic_args *a, struct nic *nic, const char *name, bool vhost)
{
	if (a->n == NICS_MAX)
		return;
	nic->number = (int)a->n;
	if (name)
		copy(nic->name, sizeof(nic->name), name);
	else
		snprintf(nic->name, sizeof(nic->name), "nic%zu", a->n);
	copy(nic->backend, sizeof(nic->backend), nic_backend(nic->type, nic->model, vhost));
	a->nic = xgrow(a->nic, a->n, &a->cap, sizeof(*nic));
	a->nic[a->n++] = *nic;
}

static const struct qemu_arg *find_user(
    const struct qemu_args *args, const char *option, const char *netdev)
{
	const struct qemu_arg *arg = NULL;

	while ((arg = qemu_args_next(args, option, arg))) {
		const char *wanted = qemu_arg_get(arg, "netdev");

		if (wanted && strcmp(wanted, netdev) == 0)
			break;
	}
	return arg;
}

/* The device that a -netdev is for, or "-net nic,netdev=…"; NULL: none has it. */
static const struct qemu_arg *device_of(const struct qemu_args *args, const char *netdev)
{
	const struct qemu_arg *device = find_user(args, "device", netdev);

	return device ? device : find_user(args, "net", netdev);
}

static void read_netdevs(struct nic_args *a, const struct qemu_args *args)
{
	const struct qemu_arg *netdev = NULL;

	while ((netdev = qemu_args_next(args, "netdev", netdev))) {
		const char *id = qemu_arg_get(netdev, "id"), *name;
		const struct qemu_arg *device = id ? device_of(args, id) : NULL;
		struct nic nic = { .fd = -1 };

		if (!device)
			continue;
		name = qemu_arg_get(device, "driver");
		take_device(&nic, device, name ? name : qemu_arg_get(device, "model"));
		take_backend(&nic, netdev);
		name = qemu_arg_get(device, "id");
		add(a, &nic, name ? name : id, wants_vhost(netdev));
	}
}

/* -nic tap,ifname=tap0,model=virtio-net-pci: both in one. */
static void read_nics(struct nic_args *a, const struct qemu_args *args)
{
	const struct qemu_arg *arg = NULL;

	while ((arg = qemu_args_next(args, "nic", arg))) {
		const char *type = qemu_arg_get(arg, "type");
		struct nic nic = { .fd = -1 };

		if (!type || strcmp(type, "none") == 0)
			continue;
		take_device(&nic, arg, qemu_arg_get(arg, "model"));
		take_backend(&nic, arg);
		add(a, &nic, qemu_arg_get(arg, "id"), wants_vhost(arg));
	}
}

/* -net nic,model=virtio -net tap,ifname=tap0: old; all that are so given hang on one hub. */
static void read_hub(struct nic_args *a, const struct qemu_args *args)
{
	const struct qemu_arg *arg = NULL, *backend = NULL;

	while ((backend = qemu_args_next(args, "net", backend))) {
		const char *type = qemu_arg_get(backend, "type");

		if (type && strcmp(type, "nic") != 0 && strcmp(type, "none") != 0)
			break;
	}
	while (backend && (arg = qemu_args_next(args, "net", arg))) {
		const char *type = qemu_arg_get(arg, "type");
		struct nic nic = { .fd = -1 };

		if (!type || strcmp(type, "nic") != 0 || qemu_arg_get(arg, "netdev"))
			continue;
		take_device(&nic, arg, qemu_arg_get(arg, "model"));
		take_backend(&nic, backend);
		/* A hub is served by QEMU itself. */
		add(a, &nic, qemu_arg_get(arg, "name"), false);
	}
}

static void add_device(struct nic_args *a, const char *text)
{
	char name[DEVICE_NAME_SIZE];

	if (a->devices == NICS_MAX || !device_name(text, name))
		return;
	a->device = xgrow(a->device, a->devices, &a->device_cap, sizeof(name));
	memcpy(a->device[a->devices++], name, sizeof(name));
}

/* -device vfio-pci,host=0000:03:00.0, or sysfsdev= with the directory that ends so. */
static void read_devices(struct nic_args *a, const struct qemu_args *args)
{
	const struct qemu_arg *device = NULL;

	while ((device = qemu_args_next(args, "device", device))) {
		const char *driver = qemu_arg_get(device, "driver"), *text, *slash;

		if (!driver || strncmp(driver, "vfio-pci", 8) != 0)
			continue;
		text = qemu_arg_get(device, "host");
		if (!text) {
			text = qemu_arg_get(device, "sysfsdev");
			slash = text ? strrchr(text, '/') : NULL;
			text = slash ? slash + 1 : text;
		}
		if (text)
			add_device(a, text);
	}
}

void nic_args_read(struct nic_args *a, const struct qemu_args *args)
{
	a->n = a->devices = 0;
	/* As QEMU makes them, which is the order of their vhost workers. */
	read_netdevs(a, args);
	read_nics(a, args);
	read_hub(a, args);
	read_devices(a, args);
}

void nic_args_done(struct nic_args *a)
{
	free(a->nic);
	free(a->device);
	*a = (struct nic_args){ 0 };
}
