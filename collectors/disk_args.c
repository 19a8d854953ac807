/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device names a node by drive=; a node (-blockdev) is a format above a protocol, or a filter
 * above either; a -drive is all of these in one, and with if= the device, too.
 */
#include "collectors/disk_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/libvirt_disks.h"
#include "collectors/qemu_args.h"

/* Filters, format, protocol; a hostile command line may go in a ring. */
#define NODES_MAX 8
/* As libvirt has it. */
#define CHAIN_MAX 200

/* A family has its members by bus: "virtio-blk-pci". */
static const struct {
	const char *name, *bus, *device;
	bool family, without_drive;
} devices[] = {
	{ "virtio-blk", "virtio", "disk", true, false },
	{ "vhost-user-blk", "virtio", "disk", true, true },
	{ "scsi-hd", "scsi", "disk", false, false },
	{ "scsi-cd", "scsi", "cdrom", false, true },
	{ "scsi-block", "scsi", "lun", false, false },
	{ "scsi-generic", "scsi", "lun", false, false },
	{ "ide-hd", "ide", "disk", false, false },
	{ "ide-cd", "ide", "cdrom", false, true },
	{ "nvme", "nvme", "disk", false, false },
	{ "nvme-ns", "nvme", "disk", false, false },
	{ "usb-storage", "usb", "disk", false, false },
	{ "sd-card", "sd", "disk", false, false },
	{ "floppy", "fdc", "floppy", false, true },
};

static bool is_device(const char *driver, const char *name, bool family)
{
	static const char *const buses[] = { "-pci", "-ccw", "-device", "-pci-transitional",
		"-pci-non-transitional" };
	size_t len = strlen(name);

	if (strncmp(driver, name, len) != 0)
		return false;
	for (size_t i = 0; family && i < sizeof(buses) / sizeof(buses[0]); i++)
		if (strcmp(driver + len, buses[i]) == 0)
			return true;
	return driver[len] == '\0';
}

static void set(char **to, const char *text)
{
	if (!text)
		return;
	free(*to);
	*to = xstrdup(text);
}

static const char *first_of(const struct qemu_arg *arg, const char *a, const char *b)
{
	const char *value = qemu_arg_get(arg, a);

	return value ? value : qemu_arg_get(arg, b);
}

/* What is known of the cache from the node and from the device. */
struct cache {
	bool direct, no_flush, through, told;
};

static char *cache_dup(const struct cache *c)
{
	if (!c->told)
		return NULL;
	if (c->no_flush)
		return xstrdup("unsafe");
	if (c->through)
		return xstrdup(c->direct ? "directsync" : "writethrough");
	return xstrdup(c->direct ? "none" : "writeback");
}

static void take_cache(const struct qemu_arg *arg, struct cache *c)
{
	const char *write_cache = qemu_arg_get(arg, "write-cache");

	if (qemu_arg_get(arg, "cache.direct") || qemu_arg_get(arg, "cache.no-flush"))
		c->told = true;
	c->direct |= qemu_arg_is_on(arg, "cache.direct", false);
	c->no_flush |= qemu_arg_is_on(arg, "cache.no-flush", false);
	if (write_cache && strcmp(write_cache, "off") == 0)
		c->told = c->through = true;
}

static void take_limits(const struct qemu_arg *arg, const char *prefix, struct disk_config *d)
{
	const struct {
		const char *name;
		uint64_t *to;
	} limits[] = {
		{ "bps-total", &d->limit_bytes },
		{ "bps-read", &d->limit_read },
		{ "bps-write", &d->limit_write },
		{ "iops-total", &d->limit_requests },
		{ "iops-read", &d->limit_read_requests },
		{ "iops-write", &d->limit_write_requests },
	};
	char key[48];

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		snprintf(key, sizeof(key), "%s%s", prefix, limits[i].name);
		qemu_arg_u64(arg, key, limits[i].to);
	}
}

static void take_group(const struct qemu_args *args, const char *name, struct disk_config *d)
{
	const struct qemu_arg *group = name ? qemu_args_find(args, "object", name) : NULL;

	set(&d->limit_group, name);
	if (!group)
		return;
	take_limits(group, "limits.", d);
	take_limits(group, "x-", d);
}

static void take_size(const struct qemu_arg *arg, const char *key, uint64_t *ret)
{
	const char *value = qemu_arg_get(arg, key);

	if (value && parse_size(value, 1, ret) < 0)
		*ret = 0;
}

/* Where the bytes are at last; @prefix is "file." where the node holds its protocol itself. */
static void take_protocol(const struct qemu_arg *arg, const char *prefix, struct disk_config *d)
{
	static const char *const names[] = { "filename", "image", "path", "export", "url",
		"volume" };
	char key[48];
	const char *driver;

	snprintf(key, sizeof(key), "%sdriver", prefix);
	driver = qemu_arg_get(arg, key);
	for (size_t i = 0; !d->source && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(key, sizeof(key), "%s%s", prefix, names[i]);
		set(&d->source, qemu_arg_get(arg, key));
	}
	snprintf(key, sizeof(key), "%saio", prefix);
	set(&d->io, qemu_arg_get(arg, key));
	if (driver && !d->source_type)
		set(&d->source_type,
		    strcmp(driver, "file") == 0 ? "file"
		    : strcmp(driver, "host_device") == 0 || strcmp(driver, "host_cdrom") == 0
			? "block"
			: "network");
}

static bool is_protocol(const char *driver)
{
	static const char *const formats[] = { "raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vpc",
		"vhdx", "luks", "parallels", "bochs", "cloop", "dmg", "throttle", "copy-on-read",
		"blkdebug", "quorum", "replication" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i], driver) == 0)
			return false;
	return true;
}

static const struct qemu_arg *find_node(const struct qemu_args *args, const char *name)
{
	const struct qemu_arg *arg = NULL;

	while ((arg = qemu_args_next(args, "blockdev", arg))) {
		const char *value = qemu_arg_get(arg, "node-name");

		if (value && strcmp(value, name) == 0)
			return arg;
	}
	return NULL;
}

static void take_common(const struct qemu_arg *arg, struct disk_config *d, struct cache *cache)
{
	take_cache(arg, cache);
	d->readonly |=
	    qemu_arg_is_on(arg, "read-only", false) || qemu_arg_is_on(arg, "readonly", false);
	take_size(arg, "cache-size", &d->metadata_cache);
	take_size(arg, "l2-cache-size", &d->l2_cache);
}

static bool is_driver(const struct qemu_arg *node, const char *name)
{
	const char *driver = qemu_arg_get(node, "driver");

	return driver && strcmp(driver, name) == 0;
}

/* Images below a node; -1: the image itself tells QEMU of them. */
static int count_chain(const struct qemu_args *args, const struct qemu_arg *node)
{
	int n = 0;

	for (unsigned i = 0; node && i < CHAIN_MAX; i++) {
		bool filter = is_driver(node, "throttle") || is_driver(node, "copy-on-read");
		const char *below = qemu_arg_get(node, filter ? "file" : "backing");

		if (!below)
			return qemu_arg_is_null(node, "backing") || is_driver(node, "raw") ? n : -1;
		node = find_node(args, below);
		n += !filter;
	}
	return -1;
}

/* From the node that the device names down to its protocol. */
static void take_nodes(const struct qemu_args *args, const struct qemu_arg *node,
    struct disk_config *d, struct cache *cache)
{
	for (unsigned i = 0; node && i < NODES_MAX; i++) {
		const char *driver = qemu_arg_get(node, "driver"), *file;

		driver = driver ? driver : "";
		take_common(node, d, cache);
		/* What the guest may do is decided at the top; below, libvirt allows all. */
		if (i == 0) {
			set(&d->discard, qemu_arg_get(node, "discard"));
			set(&d->detect_zeroes, qemu_arg_get(node, "detect-zeroes"));
		}
		if (strcmp(driver, "throttle") == 0)
			take_group(args, qemu_arg_get(node, "throttle-group"), d);
		else if (!is_protocol(driver) && !d->format)
			set(&d->format, driver);
		file = qemu_arg_get(node, "file");
		if (is_protocol(driver))
			take_protocol(node, "", d);
		else if (!file)
			take_protocol(node, "file.", d);
		node = file ? find_node(args, file) : NULL;
	}
}

/* cache=none and the like; QEMU's own words. */
static void take_drive_cache(const struct qemu_arg *drive, struct disk_config *d, struct cache *c)
{
	const char *mode = qemu_arg_get(drive, "cache");

	take_cache(drive, c);
	if (!mode)
		return;
	set(&d->cache, strcmp(mode, "off") == 0 ? "none" : mode);
}

static void take_drive(
    const struct qemu_args *args, const struct qemu_arg *drive, struct disk_config *d)
{
	struct cache cache = { 0 };
	const char *file = first_of(drive, "file", "file.filename");
	const char *media = qemu_arg_get(drive, "media");

	take_common(drive, d, &cache);
	set(&d->discard, qemu_arg_get(drive, "discard"));
	set(&d->detect_zeroes, qemu_arg_get(drive, "detect-zeroes"));
	take_drive_cache(drive, d, &cache);
	if (!d->cache)
		d->cache = cache_dup(&cache);
	set(&d->source, file);
	set(&d->io, qemu_arg_get(drive, "aio"));
	set(&d->format, first_of(drive, "format", "driver"));
	if (d->format && strcmp(d->format, "raw") == 0)
		d->chain = 0;
	set(&d->serial, qemu_arg_get(drive, "serial"));
	if (media && strcmp(media, "cdrom") == 0)
		set(&d->device, "cdrom");
	if (file)
		set(&d->source_type, strncmp(file, "nbd:", 4) == 0 || strstr(file, "://") ||
					     strncmp(file, "rbd:", 4) == 0
					 ? "network"
					 : "file");
	take_limits(drive, "throttling.", d);
	qemu_arg_u64(drive, "bps", &d->limit_bytes);
	qemu_arg_u64(drive, "bps_rd", &d->limit_read);
	qemu_arg_u64(drive, "bps_wr", &d->limit_write);
	qemu_arg_u64(drive, "iops", &d->limit_requests);
	qemu_arg_u64(drive, "iops_rd", &d->limit_read_requests);
	qemu_arg_u64(drive, "iops_wr", &d->limit_write_requests);
	take_group(args, qemu_arg_get(drive, "throttling.group"), d);
}

/* libvirt calls it "iothread1", and in the XML "1". */
static void take_iothread(const struct qemu_arg *device, struct disk_config *d)
{
	const char *name = qemu_arg_get(device, "iothread");

	if (name)
		set(&d->iothread, strncmp(name, "iothread", 8) == 0 && name[8] ? name + 8 : name);
}

/* "scsi0.0" is a bus of the device "scsi0". */
static void take_controller(
    const struct qemu_args *args, const struct qemu_arg *device, struct disk_config *d)
{
	const char *bus = qemu_arg_get(device, "bus"), *dot = bus ? strrchr(bus, '.') : NULL;
	char *id = dot ? xstrndup(bus, (size_t)(dot - bus)) : NULL;
	const struct qemu_arg *controller = id ? qemu_args_find(args, "device", id) : NULL;

	free(id);
	if (!controller)
		return;
	set(&d->controller, qemu_arg_get(controller, "driver"));
	qemu_arg_u64(controller, "num_queues", &d->queues);
	take_iothread(controller, d);
}

static void take_device(const struct qemu_args *args, const struct qemu_arg *device, size_t kind,
    struct disk_configs *disks)
{
	const char *drive = qemu_arg_get(device, "drive");
	const char *id = qemu_arg_get(device, "id");
	const struct qemu_arg *found = drive ? qemu_args_find(args, "drive", drive) : NULL;
	struct disk_config *d = disk_configs_add(disks);
	struct cache cache = { 0 };

	set(&d->alias, id ? id : drive);
	if (!d->alias)
		d->alias = xasprintf("%s%zu", devices[kind].name, disks->n - 1);
	set(&d->bus, devices[kind].bus);
	set(&d->device, devices[kind].device);
	set(&d->serial, qemu_arg_get(device, "serial"));
	take_iothread(device, d);
	qemu_arg_u64(device, "num-queues", &d->queues);
	if (strcmp(d->bus, "scsi") == 0)
		take_controller(args, device, d);
	if (found) {
		take_drive(args, found, d);
		return;
	}
	take_cache(device, &cache);
	/* libvirt says write-cache only where somebody chose a mode. */
	cache.told |= qemu_arg_get(device, "write-cache") != NULL;
	if (drive) {
		const struct qemu_arg *node = find_node(args, drive);

		take_nodes(args, node, d, &cache);
		d->chain = count_chain(args, node);
	}
	d->cache = cache_dup(&cache);
}

/* A -drive that brings its device along. */
static void take_own_drives(const struct qemu_args *args, struct disk_configs *disks)
{
	const struct qemu_arg *drive = NULL;
	size_t n = 0;

	while ((drive = qemu_args_next(args, "drive", drive)) && disks->n < DISKS_MAX) {
		const char *bus = qemu_arg_get(drive, "if"), *id = qemu_arg_get(drive, "id");
		struct disk_config *d;

		bus = bus ? bus : "ide";
		if (strcmp(bus, "none") == 0 || strcmp(bus, "pflash") == 0)
			continue;
		d = disk_configs_add(disks);
		d->alias = id ? xstrdup(id) : xasprintf("%s%zu", bus, n++);
		set(&d->bus, strcmp(bus, "floppy") == 0 ? "fdc" : bus);
		set(&d->device, strcmp(bus, "floppy") == 0 ? "floppy" : "disk");
		take_drive(args, drive, d);
	}
}

static void take_short_ones(const struct qemu_args *args, struct disk_configs *disks)
{
	static const struct {
		const char *option, *device;
	} options[] = { { "hda", "disk" }, { "hdb", "disk" }, { "hdc", "disk" }, { "hdd", "disk" },
		{ "cdrom", "cdrom" }, { "fda", "floppy" }, { "fdb", "floppy" } };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct qemu_arg *arg = qemu_args_next(args, options[i].option, NULL);
		struct disk_config *d;

		if (!arg)
			continue;
		d = disk_configs_add(disks);
		set(&d->alias, options[i].option);
		set(&d->bus, options[i].option[0] == 'f' ? "fdc" : "ide");
		set(&d->device, options[i].device);
		set(&d->source, qemu_arg_get(arg, "file"));
		set(&d->source_type, "file");
	}
}

void disk_args_read(const struct qemu_args *args, struct disk_configs *ret)
{
	const struct qemu_arg *device = NULL;

	while ((device = qemu_args_next(args, "device", device)) && ret->n < DISKS_MAX) {
		const char *driver = qemu_arg_get(device, "driver");

		bool has_drive = qemu_arg_get(device, "drive") != NULL;

		for (size_t i = 0; driver && i < sizeof(devices) / sizeof(devices[0]); i++)
			if (is_device(driver, devices[i].name, devices[i].family) &&
			    (has_drive || devices[i].without_drive))
				take_device(args, device, i, ret);
	}
	take_own_drives(args, ret);
	take_short_ones(args, ret);
}
