/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs and devices on QEMU's command line, as libvirt and as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/nic_args.h"
#include "collectors/qemu_args.h"

#define READ(text) read_args(text, sizeof(text) - 1)

static struct nic_args read_args(const char *cmdline, size_t len)
{
	struct qemu_args *args = qemu_args_parse(cmdline, len);
	struct nic_args a = { 0 };

	nic_args_read(&a, args);
	qemu_args_free(args);
	return a;
}

static void assert_nic(const struct nic *nic, const char *name, const char *model, const char *type,
    const char *backend, unsigned queues)
{
	assert_string_equal(nic->name, name);
	assert_string_equal(nic->model, model);
	assert_string_equal(nic->type, type);
	assert_string_equal(nic->backend, backend);
	assert_int_equal(nic->queues, queues);
}

static void libvirt_in_json(void **state)
{
	struct nic_args a = READ(
	    "qemu\0-netdev\0{\"type\":\"tap\",\"fds\":\"33:34\",\"vhost\":true,\"vhostfds\":"
	    "\"35:36\",\"id\":\"hostnet0\"}\0-device\0{\"driver\":\"virtio-net-pci\",\"mq\":true,"
	    "\"vectors\":6,\"rx_queue_size\":1024,\"netdev\":\"hostnet0\",\"id\":\"net0\",\"mac\":"
	    "\"52:54:00:01:02:03\"}\0-netdev\0{\"type\":\"vhost-user\",\"chardev\":\"charnet1\","
	    "\"queues\":4,\"id\":\"hostnet1\"}\0-device\0{\"driver\":\"virtio-net-pci\",\"netdev\":"
	    "\"hostnet1\",\"id\":\"net1\"}\0-device\0{\"driver\":\"vfio-pci\",\"host\":"
	    "\"0000:3B:00.1\",\"id\":\"hostdev0\"}\0");

	(void)state;
	assert_int_equal(a.n, 2);
	assert_nic(&a.nic[0], "net0", "virtio", "tap", "vhost-net", 2);
	assert_int_equal(a.nic[0].fd, 33);
	assert_int_equal(a.nic[0].rx_ring, 1024);
	assert_int_equal(a.nic[0].tx_ring, 0);
	assert_string_equal(a.nic[0].mac, "52:54:00:01:02:03");
	assert_nic(&a.nic[1], "net1", "virtio", "vhost-user", "vhost-user", 4);
	assert_int_equal(a.nic[1].fd, -1);
	assert_int_equal(a.nic[1].number, 1);
	assert_int_equal(a.devices, 1);
	assert_string_equal(a.device[0], "0000:3b:00.1");
	nic_args_done(&a);
}

static void older_libvirt(void **state)
{
	struct nic_args a = READ(
	    "/usr/libexec/qemu-kvm\0-netdev\0tap,fd=27,id=hostnet0,vhost=on,vhostfd=28\0-device\0"
	    "virtio-net-pci,netdev=hostnet0,id=net0,mac=52:54:00:aa:bb:cc,bus=pci.0,addr=0x3\0"
	    "-netdev\0tap,fd=29,id=hostnet1\0-device\0e1000,netdev=hostnet1,id=net1\0");

	(void)state;
	assert_int_equal(a.n, 2);
	assert_nic(&a.nic[0], "net0", "virtio", "tap", "vhost-net", 1);
	assert_nic(&a.nic[1], "net1", "e1000", "tap", "userspace", 1);
	assert_int_equal(a.nic[1].fd, 29);
	nic_args_done(&a);
}

static void by_hand(void **state)
{
	struct nic_args a = READ(
	    "qemu-system-x86_64\0-nic\0tap,ifname=tap7,model=virtio-net-pci,vhost=on\0-netdev\0"
	    "bridge,br=br0,id=b\0-device\0virtio-net-pci,netdev=b\0-nic\0user,model=e1000\0-"
	    "nic\0none\0"
	    "-netdev\0tap,id=alone,ifname=tap8\0-netdev\0vhost-vdpa,vhostdev=/dev/"
	    "vhost-vdpa-0,id=v\0"
	    "-device\0virtio-net-pci,netdev=v,id=vd\0");

	(void)state;
	assert_int_equal(a.n, 4);
	/* As QEMU makes them: those of -netdev first. One that no device has is no NIC. */
	assert_nic(&a.nic[0], "b", "virtio", "tap", "userspace", 1);
	assert_string_equal(a.nic[0].interface, "");
	assert_nic(&a.nic[1], "vd", "virtio", "vdpa", "vdpa", 1);
	assert_nic(&a.nic[2], "nic2", "virtio", "tap", "vhost-net", 1);
	assert_string_equal(a.nic[2].interface, "tap7");
	assert_nic(&a.nic[3], "nic3", "e1000", "user", "userspace", 1);
	nic_args_done(&a);
}

/* vhost=on does not help a device that QEMU emulates. */
static void vhost_is_for_virtio(void **state)
{
	struct nic_args a =
	    READ("qemu\0-netdev\0tap,id=n,vhost=on,ifname=t\0-device\0e1000e,netdev=n\0");

	(void)state;
	assert_string_equal(a.nic[0].backend, "userspace");
	nic_args_done(&a);
}

static void on_a_hub(void **state)
{
	struct nic_args a = READ("qemu\0-net\0nic,model=rtl8139,macaddr=52:54:00:00:00:07\0-net\0"
				 "tap,ifname=tap0\0-net\0nic,netdev=x\0-netdev\0user,id=x\0");

	(void)state;
	assert_int_equal(a.n, 2);
	assert_nic(&a.nic[0], "x", "", "user", "userspace", 1);
	assert_nic(&a.nic[1], "nic1", "rtl8139", "tap", "userspace", 1);
	assert_string_equal(a.nic[1].mac, "52:54:00:00:00:07");
	assert_string_equal(a.nic[1].interface, "tap0");
	nic_args_done(&a);
}

static void passt_beside_qemu(void **state)
{
	struct nic_args a = READ(
	    "qemu\0-netdev\0{\"type\":\"stream\",\"addr\":{\"type\":\"unix\",\"path\":"
	    "\"/run/libvirt/qemu/passt/1-vm-net0.socket\"},\"server\":false,\"id\":\"hostnet0\"}\0"
	    "-device\0virtio-net-pci,netdev=hostnet0,id=net0\0");

	(void)state;
	assert_nic(&a.nic[0], "net0", "virtio", "passt", "userspace", 1);
	nic_args_done(&a);
}

/* What is in a command line must not become part of a path. */
static void refuses_nonsense(void **state)
{
	struct nic_args a = READ(
	    "qemu\0-netdev\0tap,id=n,ifname=../../etc,fd=99999999999,queues=x\0-device\0"
	    "virtio-net-pci,netdev=n,id=n\0-device\0vfio-pci,host=../../../etc/pass\0-device\0"
	    "vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:01:10.0\0-device\0vfio-pci,host=01:10.1\0"
	    "-device\0vfio-pci,host=0000:01:10.9\0-device\0vfio-pci,sysfsdev=/sys/bus/mdev/devices/"
	    "5C5B4A1E-2f3d-4c6b-8a79-0d1e2f3a4b5c\0-device\0vfio-pci,sysfsdev=/sys/bus/mdev/"
	    "devices/"
	    "5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5\0-device\0vfio-pci,sysfsdev=/sys/bus/mdev/devices/"
	    "5c5b4a1e+2f3d-4c6b-8a79-0d1e2f3a4b5c\0-device\0vfio-pci,sysfsdev=/sys/bus/mdev/"
	    "devices/"
	    "5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c0\0");

	(void)state;
	assert_int_equal(a.n, 1);
	assert_string_equal(a.nic[0].interface, "");
	assert_int_equal(a.nic[0].fd, -1);
	assert_int_equal(a.devices, 3);
	assert_string_equal(a.device[0], "0000:01:10.0");
	assert_string_equal(a.device[1], "0000:01:10.1");
	assert_string_equal(a.device[2], "5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c");
	nic_args_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvirt_in_json),
		cmocka_unit_test(older_libvirt),
		cmocka_unit_test(by_hand),
		cmocka_unit_test(vhost_is_for_virtio),
		cmocka_unit_test(on_a_hub),
		cmocka_unit_test(passt_beside_qemu),
		cmocka_unit_test(refuses_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
