/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of the host that guests have for themselves, whole or in part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/a_network.h"

static struct row *device(struct captured *h, const char *address)
{
	return snapshot_find(h->now, TABLE_PCI, key_of(key_process(42, 7), key_item(address)));
}

static void write_device(struct captured *h, const char *address, const char *node,
    const char *driver, const char *group)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/numa_node", address);
	captured_file(h, path, node);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/class", address);
	captured_file(h, path, "0x020000\n");
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/vendor", address);
	captured_file(h, path, "0x8086\n");
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/device", address);
	captured_file(h, path, "0x154c\n");
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver", address);
	captured_link(h, path, driver);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/iommu_group", address);
	captured_link(h, path, group);
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%s/devices/%s",
	    strrchr(group, '/') + 1, address);
	captured_link(h, path, "../../../../devices/x");
}

/* Of a group that the command line names a device of, the others are the host's own affair. */
static void devices_passed_through(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD);
	CMDLINE(&h, QEMU "-device\0vfio-pci,host=0000:3b:10.0,id=hostdev0\0");
	captured_link(&h, "proc/42/fd/20", "/dev/vfio/vfio");
	captured_link(&h, "proc/42/fd/21", "/dev/vfio/17");
	captured_link(&h, "proc/42/fd/22", "/dev/vfio/18");
	write_device(
	    &h, "0000:3b:10.0", "1\n", "../../bus/pci/drivers/vfio-pci", "../../iommu_groups/17");
	write_device(
	    &h, "0000:3b:10.1", "1\n", "../../bus/pci/drivers/vfio-pci", "../../iommu_groups/17");
	captured_link(&h, "sys/bus/pci/devices/0000:3b:10.0/physfn", "../0000:3b:00.0");
	write_device(
	    &h, "0000:5e:00.0", "-1\n", "../../bus/pci/drivers/vfio-pci", "../../iommu_groups/18");
	write_device(
	    &h, "0000:5e:00.1", "-1\n", "../../bus/pci/drivers/pcieport", "../../iommu_groups/18");
	take(&h);
	assert_int_equal(h.now->table[TABLE_PCI].n, 2);
	row = device(&h, "0000:3b:10.0");
	assert_text(row, PCI_KNOWN_BY, "command line");
	assert_text(row, PCI_CLASS, "network");
	assert_text(row, PCI_ID, "8086:154c");
	assert_text(row, PCI_DRIVER, "vfio-pci");
	assert_text(row, PCI_PARENT, "0000:3b:00.0");
	assert_int_equal(cell_number(row, PCI_GROUP, -1), 17);
	assert_int_equal(cell_number(row, PCI_NODE, -1), 1);
	row = device(&h, "0000:5e:00.0");
	assert_text(row, PCI_KNOWN_BY, "IOMMU group");
	/* -1 is no node. */
	assert_false(cell_has(row, PCI_NODE));
	captured_done(&h, nics_close);
}

/* What was unplugged stays on the command line, but nobody holds it any more. */
static void devices_that_were_unplugged(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD);
	CMDLINE(&h, QEMU "-device\0vfio-pci,host=0000:3b:10.0,id=hostdev0\0-device\0"
			 "vfio-pci,host=0000:5e:00.0,id=hostdev1\0");
	captured_link(&h, "proc/42/fd/22", "/dev/vfio/18");
	write_device(
	    &h, "0000:3b:10.0", "1\n", "../../bus/pci/drivers/iavf", "../../iommu_groups/17");
	write_device(
	    &h, "0000:5e:00.0", "-1\n", "../../bus/pci/drivers/vfio-pci", "../../iommu_groups/18");
	take(&h);
	assert_int_equal(h.now->table[TABLE_PCI].n, 1);
	assert_non_null(device(&h, "0000:5e:00.0"));
	captured_done(&h, nics_close);
}

/* Through iommufd QEMU holds the device itself, and no group. */
static void devices_by_their_descriptors(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD);
	CMDLINE(&h, QEMU "-device\0vfio-pci,host=0000:3b:10.0,iommufd=i\0");
	captured_link(&h, "proc/42/fd/20", "/dev/iommu");
	captured_link(&h, "proc/42/fd/21", "/dev/vfio/devices/vfio0");
	captured_link(&h, "proc/42/fd/22", "/dev/vfio/devices/vfio7");
	captured_link(&h, "proc/42/fd/23", "/dev/vfio/devices/vfio8");
	captured_link(&h, "sys/class/vfio-dev/vfio0",
	    "../../devices/pci0000:3a/0000:3a:00.0/0000:3b:10.0/vfio-dev/vfio0");
	captured_link(
	    &h, "sys/class/vfio-dev/vfio7", "../../devices/pci0000:5d/0000:5e:00.0/vfio-dev/vfio7");
	captured_link(&h, "sys/class/vfio-dev/vfio8",
	    "../../devices/pci0000:00/0000:00:02.0/c0ffee00-1111/vfio-dev/vfio8");
	write_device(
	    &h, "0000:3b:10.0", "1\n", "../../bus/pci/drivers/vfio-pci", "../../iommu_groups/17");
	write_device(
	    &h, "0000:5e:00.0", "-1\n", "../../bus/pci/drivers/vfio-pci", "../../iommu_groups/18");
	take(&h);
	assert_int_equal(h.now->table[TABLE_PCI].n, 2);
	assert_text(device(&h, "0000:3b:10.0"), PCI_KNOWN_BY, "command line");
	assert_text(device(&h, "0000:5e:00.0"), PCI_KNOWN_BY, "descriptor");
	captured_done(&h, nics_close);
}

#define MDEV "5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c"
#define GPU "../../../devices/pci0000:3a/0000:3b:00.0/"

/* A part of a device: node and class are those of the whole, its type says what it is. */
static void mediated_devices(void **state)
{
	static const struct {
		const char *option, *fd, *known_by;
	} ways[] = {
		{ "-device\0vfio-pci,sysfsdev=/sys/bus/mdev/devices/" MDEV "\0", "/dev/vfio/17",
		    "command line" },
		{ "-S\0\0", "/dev/vfio/17", "IOMMU group" },
		{ "-S\0\0", "/dev/vfio/devices/vfio8", "descriptor" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct captured h;
		const struct row *row;
		char line[128] = QEMU;
		size_t len = sizeof(QEMU) - 1;

		start(&h);
		sample(&h, 10, HEAD);
		for (const char *p = ways[i].option; *p; p += strlen(p) + 1) {
			memcpy(line + len, p, strlen(p) + 1);
			len += strlen(p) + 1;
		}
		captured_bytes(&h, "proc/42/cmdline", line, len);
		captured_link(&h, "proc/42/fd/21", ways[i].fd);
		captured_link(&h, "sys/class/vfio-dev/vfio8",
		    "../../devices/pci0000:3a/0000:3b:00.0/" MDEV "/vfio-dev/vfio8");
		captured_link(&h, "sys/bus/mdev/devices/" MDEV, GPU MDEV);
		captured_link(
		    &h, "sys/bus/mdev/devices/" MDEV "/driver", "../../bus/mdev/drivers/vfio_mdev");
		captured_link(
		    &h, "sys/bus/mdev/devices/" MDEV "/iommu_group", "../../iommu_groups/17");
		captured_link(&h, "sys/bus/mdev/devices/" MDEV "/mdev_type",
		    "../mdev_supported_types/nvidia-222");
		captured_link(&h, "sys/kernel/iommu_groups/17/devices/" MDEV, GPU MDEV);
		captured_file(&h, "sys/bus/pci/devices/0000:3b:00.0/numa_node", "1\n");
		captured_file(&h, "sys/bus/pci/devices/0000:3b:00.0/class", "0x030200\n");
		take(&h);
		assert_int_equal(h.now->table[TABLE_PCI].n, 1);
		row = device(&h, MDEV);
		assert_text(row, PCI_KNOWN_BY, ways[i].known_by);
		assert_text(row, PCI_PARENT, "0000:3b:00.0");
		assert_text(row, PCI_ID, "nvidia-222");
		assert_text(row, PCI_CLASS, "3d");
		assert_text(row, PCI_DRIVER, "vfio_mdev");
		assert_int_equal((int)cell_number(row, PCI_NODE, -1), 1);
		assert_int_equal((int)cell_number(row, PCI_GROUP, -1), 17);
		captured_done(&h, nics_close);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_passed_through),
		cmocka_unit_test(devices_that_were_unplugged),
		cmocka_unit_test(devices_by_their_descriptors),
		cmocka_unit_test(mediated_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
