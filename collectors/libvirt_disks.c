/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/libvirt_disks.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/xml_node.h"

/* libvirt refuses longer chains. */
#define CHAIN_MAX 200

static bool attribute_is(const struct _xmlNode *node, const char *name, const char *value)
{
	char *text = xml_attribute_dup(node, name);
	bool is = text && strcmp(text, value) == 0;

	free(text);
	return is;
}

static bool content_u64(const struct _xmlNode *node, uint64_t *ret)
{
	char *text = node ? xml_content_dup(node) : NULL;
	bool ok = text && parse_u64(text, ret) == 0;

	free(text);
	return ok;
}

/* What images lie below this one; the end of the chain is an empty element. */
static int count_chain(const struct _xmlNode *disk)
{
	const struct _xmlNode *below = xml_child(disk, "backingStore");
	int n = 0;

	while (below && n < CHAIN_MAX && xml_child(below, "source")) {
		n++;
		below = xml_child(below, "backingStore");
	}
	return n;
}

static char *pair_dup(char *first, const char *between, char *second)
{
	char *both = second ? xasprintf("%s%s%s", first ? first : "", between, second) : NULL;

	if (!both)
		return first;
	free(first);
	free(second);
	return both;
}

/* A path, or of what lies on a server "rbd:pool/image", "nbd:host". */
static char *source_dup(const struct _xmlNode *source, const char *type)
{
	static const char *const attributes[] = { "file", "dev", "dir" };
	char *text = NULL;

	for (size_t i = 0; !text && i < sizeof(attributes) / sizeof(attributes[0]); i++)
		text = xml_attribute_dup(source, attributes[i]);
	if (!text && source && strcmp(type, "volume") == 0)
		text = pair_dup(
		    xml_attribute_dup(source, "pool"), "/", xml_attribute_dup(source, "volume"));
	if (!text && source && strcmp(type, "network") == 0) {
		char *name = xml_attribute_dup(source, "name");

		text = pair_dup(xml_attribute_dup(source, "protocol"), ":",
		    name ? name : xml_attribute_dup(xml_child(source, "host"), "name"));
	}
	return text;
}

static void read_limits(const struct _xmlNode *iotune, struct disk_config *d)
{
	const struct {
		const char *name;
		uint64_t *to;
	} limits[] = {
		{ "total_bytes_sec", &d->limit_bytes },
		{ "read_bytes_sec", &d->limit_read },
		{ "write_bytes_sec", &d->limit_write },
		{ "total_iops_sec", &d->limit_requests },
		{ "read_iops_sec", &d->limit_read_requests },
		{ "write_iops_sec", &d->limit_write_requests },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		content_u64(xml_child(iotune, limits[i].name), limits[i].to);
	d->limit_group = xml_content_dup(xml_child(iotune, "group_name"));
}

/* <metadata_cache><max_size unit='bytes'>… */
static uint64_t read_metadata_cache(const struct _xmlNode *driver)
{
	const struct _xmlNode *size = xml_child(xml_child(driver, "metadata_cache"), "max_size");
	char *unit = xml_attribute_dup(size, "unit");
	uint64_t bytes = 0, unit_bytes = 1;

	if (unit && parse_unit(unit, &unit_bytes) < 0)
		unit_bytes = 0;
	free(unit);
	if (!content_u64(size, &bytes) || __builtin_mul_overflow(bytes, unit_bytes, &bytes))
		return 0;
	return bytes;
}

/* <iothreads><iothread id='1'/>…: a disk on several. */
static char *iothreads_dup(const struct _xmlNode *driver)
{
	const struct _xmlNode *each = xml_child(xml_child(driver, "iothreads"), "iothread");
	char *list = xml_attribute_dup(driver, "iothread");

	for (unsigned n = 0; each && n < 64; each = xml_next(xml_after(each), "iothread"), n++)
		list = list ? pair_dup(list, " ", xml_attribute_dup(each, "id"))
			    : xml_attribute_dup(each, "id");
	return list;
}

static void read_driver(const struct _xmlNode *driver, struct disk_config *d)
{
	d->format = xml_attribute_dup(driver, "type");
	d->cache = xml_attribute_dup(driver, "cache");
	d->io = xml_attribute_dup(driver, "io");
	d->discard = xml_attribute_dup(driver, "discard");
	d->detect_zeroes = xml_attribute_dup(driver, "detect_zeroes");
	d->iothread = iothreads_dup(driver);
	d->metadata_cache = read_metadata_cache(driver);
	xml_attribute_u64(driver, "queues", &d->queues);
}

/* Queues and I/O thread of a SCSI disk are those of its controller. */
static void read_controller(
    const struct _xmlNode *devices, const struct _xmlNode *disk, struct disk_config *d)
{
	const struct _xmlNode *address = xml_child(disk, "address");
	char *index = xml_attribute_dup(address, "controller");
	const struct _xmlNode *each = xml_child(devices, "controller"), *driver;

	for (; each && index; each = xml_next(xml_after(each), "controller")) {
		if (!attribute_is(each, "type", "scsi") || !attribute_is(each, "index", index))
			continue;
		driver = xml_child(each, "driver");
		d->controller = xml_attribute_dup(each, "model");
		xml_attribute_u64(driver, "queues", &d->queues);
		if (!d->iothread)
			d->iothread = iothreads_dup(driver);
		break;
	}
	free(index);
}

static void read_disk(
    const struct _xmlNode *devices, const struct _xmlNode *node, struct disk_configs *disks)
{
	const struct _xmlNode *target = xml_child(node, "target");
	char *name = xml_attribute_dup(target, "dev");
	struct disk_config *d;

	if (!name)
		return;
	d = disk_configs_add(disks);
	d->name = name;
	d->alias = xml_attribute_dup(xml_child(node, "alias"), "name");
	if (!d->alias)
		d->alias = xstrdup(name);
	d->device = xml_attribute_dup(node, "device");
	if (!d->device)
		d->device = xstrdup("disk");
	d->bus = xml_attribute_dup(target, "bus");
	d->source_type = xml_attribute_dup(node, "type");
	d->source = source_dup(xml_child(node, "source"), d->source_type ? d->source_type : "");
	d->serial = xml_content_dup(xml_child(node, "serial"));
	d->chain = count_chain(node);
	d->readonly = xml_child(node, "readonly") != NULL;
	d->shared = xml_child(node, "shareable") != NULL;
	d->transient = xml_child(node, "transient") != NULL;
	d->knows_sharing = true;
	read_driver(xml_child(node, "driver"), d);
	read_limits(xml_child(node, "iotune"), d);
	if (d->bus && strcmp(d->bus, "scsi") == 0)
		read_controller(devices, node, d);
}

void libvirt_disks_read(const struct _xmlNode *domain, struct disk_configs *ret)
{
	const struct _xmlNode *devices = xml_child(domain, "devices");

	for (const struct _xmlNode *disk = xml_child(devices, "disk"); disk && ret->n < DISKS_MAX;
	     disk = xml_next(xml_after(disk), "disk"))
		read_disk(devices, disk, ret);
}
