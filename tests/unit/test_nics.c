/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interface of the host is behind a NIC, what it counts, and what it is attached to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/a_network.h"

static void tap_fd(struct captured *h, int fd, const char *interface)
{
	char path[64], info[64];

	snprintf(path, sizeof(path), "proc/42/fd/%d", fd);
	captured_link(h, path, "/dev/net/tun");
	snprintf(path, sizeof(path), "proc/42/fdinfo/%d", fd);
	snprintf(
	    info, sizeof(info), "pos:\t0\nflags:\t02104002\nmnt_id:\t24\niff:\t%s\n", interface);
	captured_file(h, path, info);
}

static struct row *nic(struct captured *h, const char *name)
{
	struct row *row =
	    snapshot_find(h->now, TABLE_NIC, key_of(key_process(42, 7), key_item(name)));

	if (!row)
		fail_msg("no NIC %s", name);
	return row;
}

/* A tap is the other end of the guest's wire; a macvtap is the guest's own interface. */
static void directions(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	for (int second = 10; second <= 12; second += 2) {
		sample(&h, second,
		    second > 10 ? HEAD "  vnet0: 3000 30 1 4 0 0 0 0 900 9 2 6 0 0 0 0\n"
				       "macvtap0:3000 30 1 4 0 0 0 0 900 9 2 6 0 0 0 0\n"
				: HEAD "  vnet0: 1000 10 1 2 0 0 0 0 500 5 0 0 0 0 0 0\n"
				       "macvtap0:1000 10 1 2 0 0 0 0 500 5 0 0 0 0 0 0\n");
		CMDLINE(&h, QEMU "-netdev\0tap,fd=30,id=h0,vhost=on\0-device\0"
				 "virtio-net-pci,netdev=h0,id=net0\0-netdev\0tap,fd=31,id=h1\0"
				 "-device\0virtio-net-pci,netdev=h1,id=net1\0");
		tap_fd(&h, 30, "vnet0");
		captured_link(&h, "proc/42/fd/31", "/dev/tap9");
		captured_link(&h, "proc/42/fd/32", "/dev/vhost-net");
		attribute(&h, "vnet0", "ifindex", "8\n");
		attribute(&h, "vnet0", "tun_flags", "0x5102\n");
		attribute(&h, "macvtap0", "ifindex", "9\n");
		attribute(&h, "macvtap0", "macvtap/tap9/dev", "246:1\n");
		captured_link(&h, "sys/class/net/macvtap0/lower_eth0", "../../../pci0/net/eth0");
		attribute(&h, "eth0", "mtu", "9000\n");
	}
	take(&h);
	take(&h);
	assert_text(nic(&h, "net0"), NIC_INTERFACE, "vnet0");
	assert_text(nic(&h, "net0"), NIC_BACKEND, "vhost-net");
	assert_rate(nic(&h, "net0"), NIC_TRANSMIT, 1000);
	assert_rate(nic(&h, "net0"), NIC_TRANSMIT_PACKETS, 10);
	assert_rate(nic(&h, "net0"), NIC_TRANSMIT_DROPS, 1);
	assert_rate(nic(&h, "net0"), NIC_TRANSMIT_ERRORS, 0);
	assert_rate(nic(&h, "net0"), NIC_RECEIVE, 200);
	assert_rate(nic(&h, "net0"), NIC_RECEIVE_PACKETS, 2);
	assert_rate(nic(&h, "net0"), NIC_RECEIVE_DROPS, 3);
	assert_rate(nic(&h, "net0"), NIC_RECEIVE_ERRORS, 1);
	assert_text(nic(&h, "net1"), NIC_INTERFACE, "macvtap0");
	assert_text(nic(&h, "net1"), NIC_TYPE, "macvtap");
	assert_text(nic(&h, "net1"), NIC_UPLINK, "eth0");
	assert_int_equal(cell_number(nic(&h, "net1"), NIC_UPLINK_MTU, 0), 9000);
	assert_rate(nic(&h, "net1"), NIC_RECEIVE, 1000);
	assert_rate(nic(&h, "net1"), NIC_TRANSMIT, 200);
	assert_rate(nic(&h, "net1"), NIC_TRANSMIT_DROPS, 3);
	captured_done(&h, nics_close);
}

/* One that was unplugged is still on the command line; one that was plugged in is not. */
static void plugged_and_unplugged(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	sample(&h, 10,
	    HEAD
	    "vnet1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\nvnet2: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	CMDLINE(&h, QEMU "-netdev\0tap,fd=30,id=h0\0-device\0virtio-net-pci,netdev=h0,id=net0\0"
			 "-netdev\0tap,fd=31,id=h1\0-device\0e1000,netdev=h1,id=net1\0");
	tap_fd(&h, 31, "vnet1");
	tap_fd(&h, 44, "vnet2");
	tap_fd(&h, 45, "vnet2");
	captured_link(&h, "proc/42/fd/46", "/dev/vhost-net");
	captured_link(&h, "proc/42/fd/47", "/dev/vhost-net");
	take(&h);
	assert_int_equal(h.now->table[TABLE_NIC].n, 2);
	assert_text(nic(&h, "net1"), NIC_INTERFACE, "vnet1");
	assert_int_equal(cell_number(nic(&h, "net1"), NIC_NUMBER, -1), 1);
	assert_text(nic(&h, "vnet2"), NIC_INTERFACE, "vnet2");
	assert_text(nic(&h, "vnet2"), NIC_BACKEND, "vhost-net");
	assert_int_equal(cell_number(nic(&h, "vnet2"), NIC_QUEUES, 0), 2);
	assert_false(cell_has(nic(&h, "vnet2"), NIC_NUMBER));
	captured_done(&h, nics_close);
}

/* What the XML calls net2 is not called otherwise only because its descriptor was found first. */
static void xml_names_a_plugged_nic(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD "vnet5: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	CMDLINE(&h, QEMU "-nodefaults\0");
	tap_fd(&h, 44, "vnet5");
	captured_next(&h);
	captured_guest(&h, 42, "web");
	row = snapshot_row(h.now, TABLE_NIC, key_of(key_process(42, 7), key_item("net2")));
	cell_set_text(h.now, row, NIC_NAME, "net2", 1);
	cell_set_text(h.now, row, NIC_TARGET, "vnet5", 1);
	captured_read(&h, nics_read, false);
	assert_int_equal(h.now->table[TABLE_NIC].n, 1);
	assert_text(nic(&h, "net2"), NIC_INTERFACE, "vnet5");
	assert_true(cell_has(nic(&h, "net2"), NIC_RECEIVE));
	captured_done(&h, nics_close);
}

static struct row *xml_nic(struct captured *h, const char *name, const char *target)
{
	struct row *row =
	    snapshot_row(h->now, TABLE_NIC, key_of(key_process(42, 7), key_item(name)));

	cell_set_text(h->now, row, NIC_NAME, name, 1);
	cell_set_missing(row, NIC_TARGET, STATE_ABSENT, 1);
	if (*target)
		cell_set_text(h->now, row, NIC_TARGET, target, 1);
	return row;
}

/* net1 was unplugged, and another plugged in: it has the old one's descriptor, but not its MAC. */
static void descriptors_are_used_again(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	for (int second = 10; second <= 11; second++) {
		sample(&h, second,
		    HEAD "vnet0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
			 "vnet7: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
		CMDLINE(&h, QEMU
		    "-netdev\0tap,fd=30,id=h0\0-device\0virtio-net-pci,netdev=h0,id=net0,mac=a\0"
		    "-netdev\0tap,fd=31,id=h1\0-device\0e1000,netdev=h1,id=net1,mac=b\0"
		    "-netdev\0user,id=h2\0-device\0e1000,netdev=h2,id=net2\0"
		    "-netdev\0user,id=u\0-device\0e1000,netdev=u,id=mine\0");
		tap_fd(&h, 30, "vnet0");
		tap_fd(&h, 31, "vnet7");
	}
	captured_next(&h);
	cell_set_number(captured_guest(&h, 42, "web"), DOMAIN_VCPUS_MAXIMUM, 2, 1);
	xml_nic(&h, "net0", "vnet0");
	row = xml_nic(&h, "net3", "vnet7");
	cell_set_text(h.now, row, NIC_MAC, "c", 1);
	captured_read(&h, nics_read, false);
	assert_int_equal(h.now->table[TABLE_NIC].n, 3);
	assert_text(nic(&h, "net0"), NIC_INTERFACE, "vnet0");
	assert_text(nic(&h, "net3"), NIC_INTERFACE, "vnet7");
	assert_text(nic(&h, "net3"), NIC_MAC, "c");
	assert_text(nic(&h, "mine"), NIC_TYPE, "user");
	/* It got the old one's name as well. */
	captured_next(&h);
	cell_set_number(captured_guest(&h, 42, "web"), DOMAIN_VCPUS_MAXIMUM, 2, 1);
	row = xml_nic(&h, "net0", "vnet7");
	cell_set_text(h.now, row, NIC_MAC, "c", 1);
	xml_nic(&h, "net2", "");
	captured_read(&h, nics_read, false);
	assert_text(nic(&h, "net0"), NIC_INTERFACE, "vnet7");
	assert_text(nic(&h, "net0"), NIC_MAC, "c");
	assert_text(nic(&h, "net2"), NIC_TYPE, "user");
	captured_done(&h, nics_close);
}

/* Descriptors may not be seen: the XML tells the interface. */
static void xml_instead_of_descriptors(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD "vnet0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	CMDLINE(&h, QEMU "-netdev\0tap,fd=30,id=h0,vhost=on,vhostfd=31\0-device\0"
			 "virtio-net-pci,netdev=h0,id=net0\0-netdev\0tap,fd=32,id=h1\0-device\0"
			 "virtio-net-pci,netdev=h1,id=net1\0");
	captured_next(&h);
	captured_guest(&h, 42, "web");
	row = snapshot_row(h.now, TABLE_NIC, key_of(key_process(42, 7), key_item("net0")));
	cell_set_text(h.now, row, NIC_NAME, "net0", 1);
	cell_set_text(h.now, row, NIC_TARGET, "vnet0", 1);
	captured_read(&h, nics_read, false);
	assert_text(nic(&h, "net0"), NIC_INTERFACE, "vnet0");
	assert_true(cell_has(nic(&h, "net0"), NIC_RECEIVE));
	assert_false(cell_has(nic(&h, "net1"), NIC_RECEIVE));
	assert_non_null(strstr(cell_text(nic(&h, "net1"), NIC_REMARK), "Nothing tells"));
	captured_done(&h, nics_close);
}

/* QEMU opens its taps in the order of its command line. */
static void taps_that_qemu_opened(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	sample(&h, 10,
	    HEAD "tap0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\ntap1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	CMDLINE(&h, QEMU "-netdev\0bridge,id=h0\0-device\0virtio-net-pci,netdev=h0,id=a\0-netdev\0"
			 "tap,id=h1,script=no\0-device\0virtio-net-pci,netdev=h1,id=b\0");
	tap_fd(&h, 12, "tap0");
	tap_fd(&h, 13, "tap1");
	take(&h);
	assert_text(nic(&h, "a"), NIC_INTERFACE, "tap0");
	assert_text(nic(&h, "b"), NIC_INTERFACE, "tap1");
	captured_done(&h, nics_close);
}

static void without_interface(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD "lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	CMDLINE(&h, QEMU "-netdev\0user,id=h0\0-device\0virtio-net-pci,netdev=h0,id=net0\0-netdev\0"
			 "vhost-user,chardev=c,id=h1\0-device\0virtio-net-pci,netdev=h1,id=net1\0");
	captured_link(&h, "proc/42/fd/0", "/dev/null");
	take(&h);
	assert_int_equal(nic(&h, "net0")->cell[NIC_RECEIVE].state, STATE_ABSENT);
	assert_true(nic(&h, "net0")->cell[NIC_RECEIVE].at_ns > 0);
	assert_non_null(strstr(cell_text(nic(&h, "net0"), NIC_REMARK), "User mode"));
	assert_non_null(strstr(cell_text(nic(&h, "net1"), NIC_REMARK), "switch behind its socket"));
	assert_non_null(strstr(h.note, "2 NICs have no interface"));
	captured_done(&h, nics_close);
}

/* Two interfaces of one name, in two namespaces: each guest has the figures of its own. */
static void other_namespace(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	captured_sample(&h, 10);
	captured_file(&h, "proc/net/dev", HEAD "tap0: 111 1 0 0 0 0 0 0 222 1 0 0 0 0 0 0\n");
	captured_link(&h, "proc/self/ns/net", "net:[4026531840]");
	captured_link(&h, "proc/42/ns/net", "net:[4026532999]");
	captured_file(&h, "proc/42/net/dev", HEAD "tap0: 777 1 0 0 0 0 0 0 888 1 0 0 0 0 0 0\n");
	CMDLINE(
	    &h, QEMU "-netdev\0tap,id=h0,ifname=tap0\0-device\0virtio-net-pci,netdev=h0,id=n\0");
	tap_fd(&h, 12, "tap0");
	attribute(&h, "tap0", "mtu", "1400\n");
	take(&h);
	assert_int_equal(nic(&h, "n")->cell[NIC_RECEIVE].count, 888);
	assert_false(cell_has(nic(&h, "n"), NIC_MTU));
	assert_non_null(strstr(cell_text(nic(&h, "n"), NIC_REMARK), "namespace of its own"));
	captured_done(&h, nics_close);
}

/* Who may not see which namespace it is sees at least that it has other interfaces. */
static void other_namespace_by_its_interfaces(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	captured_sample(&h, 10);
	captured_file(&h, "proc/net/dev",
	    HEAD
	    "tap0: 111 1 0 0 0 0 0 0 222 1 0 0 0 0 0 0\neth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	captured_link(&h, "proc/self/ns/net", "net:[4026531840]");
	captured_file(&h, "proc/42/net/dev", HEAD "tap0: 777 1 0 0 0 0 0 0 888 1 0 0 0 0 0 0\n");
	CMDLINE(
	    &h, QEMU "-netdev\0tap,id=h0,ifname=tap0\0-device\0virtio-net-pci,netdev=h0,id=n\0");
	take(&h);
	assert_int_equal(nic(&h, "n")->cell[NIC_RECEIVE].count, 888);
	captured_done(&h, nics_close);
}

/* A bridge's uplink is a device, or lies upon one; a container's end is not, nor a guest's tap. */
static void bridge_and_uplink(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	sample(&h, 10,
	    HEAD "tap0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\ntap1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	CMDLINE(&h, QEMU "-nic\0tap,ifname=tap0,id=a\0-nic\0tap,ifname=tap1,id=b\0");
	tap_fd(&h, 12, "tap0");
	tap_fd(&h, 13, "tap1");
	attribute(&h, "tap0", "ifindex", "5\n");
	attribute(&h, "tap0", "tun_flags", "0x1102\n");
	attribute(&h, "tap0", "mtu", "1500\n");
	attribute(&h, "tap0", "tx_queue_len", "1000\n");
	attribute(&h, "tap0", "operstate", "unknown\n");
	attribute(&h, "tap1", "tun_flags", "0x1002\n");
	attribute(&h, "tap1", "operstate", "down\n");
	captured_file(&h, "kvmtop/net/tap0/queues", "2\n");
	captured_link(&h, "sys/class/net/tap0/master", "../br0");
	attribute(&h, "br0", "bridge/stp_state", "0\n");
	attribute(&h, "br0", "mtu", "1500\n");
	captured_link(&h, "sys/class/net/br0/brif/tap0", "../../tap0/brport");
	captured_link(&h, "sys/class/net/br0/brif/veth1", "../../veth1/brport");
	captured_link(&h, "sys/class/net/br0/brif/bond0", "../../bond0/brport");
	attribute(&h, "bond0", "mtu", "9000\n");
	captured_link(&h, "sys/class/net/bond0/lower_eth1", "../eth1");
	captured_link(&h, "sys/class/net/tap1/master", "../br1");
	attribute(&h, "br1", "bridge/stp_state", "0\n");
	captured_link(&h, "sys/class/net/br1/brif/tap1", "../../tap1/brport");
	take(&h);
	assert_text(nic(&h, "a"), NIC_BRIDGE, "br0");
	assert_text(nic(&h, "a"), NIC_UPLINK, "bond0");
	assert_text(nic(&h, "a"), NIC_LINK, "up");
	assert_int_equal(cell_number(nic(&h, "a"), NIC_QUEUES_ENABLED, 0), 2);
	assert_int_equal(cell_number(nic(&h, "a"), NIC_QUEUE_LENGTH, 0), 1000);
	assert_int_equal(cell_number(nic(&h, "a"), NIC_MTU, 0), 1500);
	assert_int_equal(cell_number(nic(&h, "a"), NIC_UPLINK_MTU, 0), 9000);
	assert_text(nic(&h, "b"), NIC_BRIDGE, "br1");
	assert_text(nic(&h, "b"), NIC_UPLINK, "none");
	assert_text(nic(&h, "b"), NIC_LINK, "down");
	captured_done(&h, nics_close);
}

/* All bridges of Open vSwitch are one datapath, whose ports are what lies below it. */
static void open_vswitch(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD "tap0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	CMDLINE(&h, QEMU "-nic\0tap,ifname=tap0,id=a\0");
	tap_fd(&h, 12, "tap0");
	attribute(&h, "tap0", "tun_flags", "0x1102\n");
	captured_link(&h, "sys/class/net/tap0/master", "../ovs-system");
	attribute(&h, "ovs-system", "mtu", "1500\n");
	captured_link(&h, "sys/class/net/ovs-system/lower_tap0", "../tap0");
	captured_link(&h, "sys/class/net/ovs-system/lower_tap9", "../tap9");
	captured_link(&h, "sys/class/net/ovs-system/lower_veth1", "../veth1");
	captured_link(&h, "sys/class/net/ovs-system/lower_eth1", "../../../pci0/net/eth1");
	attribute(&h, "tap9", "tun_flags", "0x1102\n");
	captured_link(&h, "sys/class/net/eth1/device", "../../../0000:18:00.0");
	attribute(&h, "eth1", "mtu", "9000\n");
	take(&h);
	assert_text(nic(&h, "a"), NIC_BRIDGE, "ovs-system");
	assert_text(nic(&h, "a"), NIC_UPLINK, "eth1");
	assert_int_equal(cell_number(nic(&h, "a"), NIC_UPLINK_MTU, 0), 9000);
	captured_done(&h, nics_close);
}

static void counts_descriptors(void **state)
{
	struct captured h;
	const struct row *domain;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD);
	captured_link(&h, "proc/42/fd/0", "/dev/null");
	captured_link(&h, "proc/42/fd/1", "/dev/null");
	take(&h);
	domain = h.now->table[TABLE_DOMAIN].row[0];
	assert_int_equal(cell_number(domain, DOMAIN_DESCRIPTORS, 0), 2);
	assert_int_equal(cell_number(domain, DOMAIN_DESCRIPTORS_MAXIMUM, 0), 20000);
	captured_done(&h, nics_close);
}

static void net_dev_is_foreign_text(void **state)
{
	struct captured h = { 0 };
	struct net_dev d = { 0 };

	(void)state;
	captured_sample(&h, 10);
	captured_file(&h, "proc/net/dev",
	    HEAD "good:18446744073709551615 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
		 "short: 1 2 3\n"
		 "a/b: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
		 "  ..: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
		 "toolonganinterface: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
		 "huge: 99999999999999999999 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
		 "minus: -1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
		 ": 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n\n");
	captured_next(&h);
	assert_int_equal(net_dev_read(&d, h.root, "proc/net/dev"), 0);
	assert_int_equal(d.n, 1);
	assert_non_null(net_dev_find(&d, "good"));
	assert_true(net_dev_find(&d, "good")->received.bytes == UINT64_MAX);
	assert_int_equal(net_dev_find(&d, "good")->sent.drops, 8);
	assert_null(net_dev_find(&d, "short"));
	assert_null(net_dev_find(&d, "a name that no interface can have"));
	net_dev_done(&d);
	snapshot_unref(h.now);
	root_close(h.root);
	text_done(&h.text);
}

static void no_net_dev(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	captured_sample(&h, 10);
	CMDLINE(&h, QEMU "-nic\0tap,ifname=tap0,id=a\0");
	take(&h);
	assert_non_null(strstr(h.note, "proc/net/dev cannot be read"));
	assert_false(cell_has(nic(&h, "a"), NIC_RECEIVE));
	captured_done(&h, nics_close);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directions),
		cmocka_unit_test(plugged_and_unplugged),
		cmocka_unit_test(xml_names_a_plugged_nic),
		cmocka_unit_test(descriptors_are_used_again),
		cmocka_unit_test(xml_instead_of_descriptors),
		cmocka_unit_test(taps_that_qemu_opened),
		cmocka_unit_test(without_interface),
		cmocka_unit_test(other_namespace),
		cmocka_unit_test(other_namespace_by_its_interfaces),
		cmocka_unit_test(bridge_and_uplink),
		cmocka_unit_test(open_vswitch),
		cmocka_unit_test(counts_descriptors),
		cmocka_unit_test(net_dev_is_foreign_text),
		cmocka_unit_test(no_net_dev),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
