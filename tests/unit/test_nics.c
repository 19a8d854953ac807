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

#include "collectors/net_dev.h"
#include "tests/unit/captured.h"

#define HEAD                                                                                       \
	"Inter-|   Receive                                                |  Transmit\n"           \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs " \
	"drop fifo colls carrier compressed\n"
#define QEMU "/usr/bin/qemu-system-x86_64\0"

static void link_to(struct captured *h, const char *path, const char *target)
{
	archive_write_entry(&h->text, path, true, target, strlen(target));
}

static void start(struct captured *h)
{
	*h = (struct captured){ .state = nics_open(NULL) };
}

static void sample(struct captured *h, int second, const char *net_dev)
{
	captured_sample(h, second);
	captured_file(h, "proc/net/dev", net_dev);
	link_to(h, "proc/self/ns/net", "net:[4026531840]");
	link_to(h, "proc/42/ns/net", "net:[4026531840]");
	captured_file(h, "proc/42/limits",
	    "Limit                     Soft Limit           Hard Limit           Units     \n"
	    "Max open files            20000                20000                files     \n");
}

#define CMDLINE(h, text) captured_bytes(h, "proc/42/cmdline", text, sizeof(text) - 1)

static void tap_fd(struct captured *h, int fd, const char *interface)
{
	char path[64], info[64];

	snprintf(path, sizeof(path), "proc/42/fd/%d", fd);
	link_to(h, path, "/dev/net/tun");
	snprintf(path, sizeof(path), "proc/42/fdinfo/%d", fd);
	snprintf(
	    info, sizeof(info), "pos:\t0\nflags:\t02104002\nmnt_id:\t24\niff:\t%s\n", interface);
	captured_file(h, path, info);
}

static void attribute(struct captured *h, const char *interface, const char *file, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "sys/class/net/%s/%s", interface, file);
	captured_file(h, path, text);
}

static void take(struct captured *h)
{
	captured_next(h);
	captured_guest(h, 42, "web");
	captured_read(h, nics_read, false);
}

static struct row *nic(struct captured *h, const char *name)
{
	struct row *row =
	    snapshot_find(h->now, TABLE_NIC, key_of(key_process(42, 7), key_item(name)));

	if (!row)
		fail_msg("no NIC %s", name);
	return row;
}

static void assert_rate(const struct row *row, int column, double expected)
{
	const struct cell *cell = &row->cell[column];

	assert_int_equal(cell->rate_state, STATE_OK);
	assert_true(cell->rate > expected - 1e-6 && cell->rate < expected + 1e-6);
}

static void assert_text(const struct row *row, int column, const char *expected)
{
	assert_string_equal(cell_text(row, column), expected);
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
		link_to(&h, "proc/42/fd/31", "/dev/tap9");
		link_to(&h, "proc/42/fd/32", "/dev/vhost-net");
		attribute(&h, "vnet0", "ifindex", "8\n");
		attribute(&h, "vnet0", "tun_flags", "0x5102\n");
		attribute(&h, "macvtap0", "ifindex", "9\n");
		attribute(&h, "macvtap0", "macvtap/tap9/dev", "246:1\n");
		link_to(&h, "sys/class/net/macvtap0/lower_eth0", "../../../pci0/net/eth0");
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
	link_to(&h, "proc/42/fd/46", "/dev/vhost-net");
	link_to(&h, "proc/42/fd/47", "/dev/vhost-net");
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
	link_to(&h, "proc/42/fd/0", "/dev/null");
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
	link_to(&h, "proc/self/ns/net", "net:[4026531840]");
	link_to(&h, "proc/42/ns/net", "net:[4026532999]");
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
	link_to(&h, "proc/self/ns/net", "net:[4026531840]");
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
	link_to(&h, "sys/class/net/tap0/master", "../br0");
	attribute(&h, "br0", "bridge/stp_state", "0\n");
	attribute(&h, "br0", "mtu", "1500\n");
	link_to(&h, "sys/class/net/br0/brif/tap0", "../../tap0/brport");
	link_to(&h, "sys/class/net/br0/brif/veth1", "../../veth1/brport");
	link_to(&h, "sys/class/net/br0/brif/bond0", "../../bond0/brport");
	attribute(&h, "bond0", "mtu", "9000\n");
	link_to(&h, "sys/class/net/bond0/lower_eth1", "../eth1");
	link_to(&h, "sys/class/net/tap1/master", "../br1");
	attribute(&h, "br1", "bridge/stp_state", "0\n");
	link_to(&h, "sys/class/net/br1/brif/tap1", "../../tap1/brport");
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
	link_to(&h, "sys/class/net/tap0/master", "../ovs-system");
	attribute(&h, "ovs-system", "mtu", "1500\n");
	link_to(&h, "sys/class/net/ovs-system/lower_tap0", "../tap0");
	link_to(&h, "sys/class/net/ovs-system/lower_tap9", "../tap9");
	link_to(&h, "sys/class/net/ovs-system/lower_veth1", "../veth1");
	link_to(&h, "sys/class/net/ovs-system/lower_eth1", "../../../pci0/net/eth1");
	attribute(&h, "tap9", "tun_flags", "0x1102\n");
	link_to(&h, "sys/class/net/eth1/device", "../../../0000:18:00.0");
	attribute(&h, "eth1", "mtu", "9000\n");
	take(&h);
	assert_text(nic(&h, "a"), NIC_BRIDGE, "ovs-system");
	assert_text(nic(&h, "a"), NIC_UPLINK, "eth1");
	assert_int_equal(cell_number(nic(&h, "a"), NIC_UPLINK_MTU, 0), 9000);
	captured_done(&h, nics_close);
}

static const struct row *interface(const struct captured *h, const char *name)
{
	return snapshot_find(h->now, TABLE_INTERFACE, key_host(key_item(name)));
}

static void write_interfaces(struct captured *h, const char *state, const char *speed)
{
	attribute(h, "tap0", "tun_flags", "0x1102\n");
	link_to(h, "sys/class/net/tap0/master", "../br0");
	attribute(h, "br0", "uevent", "DEVTYPE=bridge\nINTERFACE=br0\nIFINDEX=4\n");
	attribute(h, "br0", "bridge/stp_state", "0\n");
	link_to(h, "sys/class/net/br0/brif/bond0.5", "../../bond0.5/brport");
	attribute(h, "bond0.5", "uevent", "DEVTYPE=vlan\nINTERFACE=bond0.5\n");
	link_to(h, "sys/class/net/bond0.5/lower_bond0", "../bond0");
	link_to(h, "sys/class/net/bond0.5/master", "../br0");
	link_to(h, "sys/class/net/eth0/device", "../../../0000:18:00.0");
	attribute(h, "eth0", "device/numa_node", "1\n");
	attribute(h, "eth0", "operstate", state);
	attribute(h, "eth0", "speed", speed);
	attribute(h, "veth1", "uevent", "INTERFACE=veth1\n");
	attribute(h, "veth1", "speed", "10000\n");
}

/* Bridges, what leads out of them, and cards; no tap of a guest, and no loopback. */
static void interfaces_of_the_host(void **state)
{
	static const char first[] = HEAD "lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
					 "tap0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
					 "eth0: 1000 10 0 1 0 0 0 0 500 5 0 0 0 0 0 0\n"
					 "br0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
					 "bond0.5: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
					 "veth1: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
	static const char second[] = HEAD "eth0: 251000 110 2 5 0 0 0 0 1500 15 4 2 0 0 0 0\n"
					  "br0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
	struct captured h;
	const struct row *eth0;

	(void)state;
	start(&h);
	sample(&h, 10, first);
	write_interfaces(&h, "down\n", "-1\n");
	sample(&h, 12, second);
	write_interfaces(&h, "up\n", "10\n");
	take(&h);
	assert_int_equal(h.now->table[TABLE_INTERFACE].n, 4);
	assert_null(interface(&h, "lo"));
	assert_null(interface(&h, "tap0"));
	assert_text(interface(&h, "eth0"), INTERFACE_LINK, "down");
	assert_false(cell_has(interface(&h, "eth0"), INTERFACE_SPEED));
	assert_text(interface(&h, "br0"), INTERFACE_KIND, "bridge");
	assert_text(interface(&h, "br0"), INTERFACE_UPLINK, "bond0.5");
	assert_text(interface(&h, "bond0.5"), INTERFACE_KIND, "vlan");
	assert_text(interface(&h, "bond0.5"), INTERFACE_UPLINK, "bond0");
	assert_text(interface(&h, "bond0.5"), INTERFACE_MASTER, "br0");
	assert_text(interface(&h, "veth1"), INTERFACE_KIND, "virtual");
	/* Nobody knows what such a one carries. */
	assert_false(cell_has(interface(&h, "veth1"), INTERFACE_SPEED));
	take(&h);
	snapshot_derive(h.now);
	assert_int_equal(h.now->table[TABLE_INTERFACE].n, 2);
	eth0 = interface(&h, "eth0");
	assert_text(eth0, INTERFACE_KIND, "device");
	assert_text(eth0, INTERFACE_LINK, "up");
	assert_int_equal((int)cell_number(eth0, INTERFACE_NODE, -1), 1);
	assert_rate(eth0, INTERFACE_RECEIVE, 125000);
	assert_rate(eth0, INTERFACE_TRANSMIT_PACKETS, 5);
	assert_int_equal((int)cell_number(eth0, INTERFACE_DROPS, -1), 3);
	assert_int_equal((int)cell_number(eth0, INTERFACE_ERRORS, -1), 3);
	/* Of 10 Mbit/s. */
	assert_true(cell_number(eth0, INTERFACE_USED, 0) == 0.1);
	captured_done(&h, nics_close);
}

static void counts_descriptors(void **state)
{
	struct captured h;
	const struct row *domain;

	(void)state;
	start(&h);
	sample(&h, 10, HEAD);
	link_to(&h, "proc/42/fd/0", "/dev/null");
	link_to(&h, "proc/42/fd/1", "/dev/null");
	take(&h);
	domain = h.now->table[TABLE_DOMAIN].row[0];
	assert_int_equal(cell_number(domain, DOMAIN_DESCRIPTORS, 0), 2);
	assert_int_equal(cell_number(domain, DOMAIN_DESCRIPTORS_MAXIMUM, 0), 20000);
	captured_done(&h, nics_close);
}

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
	link_to(h, path, driver);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/iommu_group", address);
	link_to(h, path, group);
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%s/devices/%s",
	    strrchr(group, '/') + 1, address);
	link_to(h, path, "../../../../devices/x");
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
	link_to(&h, "proc/42/fd/20", "/dev/vfio/vfio");
	link_to(&h, "proc/42/fd/21", "/dev/vfio/17");
	link_to(&h, "proc/42/fd/22", "/dev/vfio/18");
	write_device(
	    &h, "0000:3b:10.0", "1\n", "../../bus/pci/drivers/vfio-pci", "../../iommu_groups/17");
	write_device(
	    &h, "0000:3b:10.1", "1\n", "../../bus/pci/drivers/vfio-pci", "../../iommu_groups/17");
	link_to(&h, "sys/bus/pci/devices/0000:3b:10.0/physfn", "../0000:3b:00.0");
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
	link_to(&h, "proc/42/fd/22", "/dev/vfio/18");
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
	link_to(&h, "proc/42/fd/20", "/dev/iommu");
	link_to(&h, "proc/42/fd/21", "/dev/vfio/devices/vfio0");
	link_to(&h, "proc/42/fd/22", "/dev/vfio/devices/vfio7");
	link_to(&h, "proc/42/fd/23", "/dev/vfio/devices/vfio8");
	link_to(&h, "sys/class/vfio-dev/vfio0",
	    "../../devices/pci0000:3a/0000:3a:00.0/0000:3b:10.0/vfio-dev/vfio0");
	link_to(
	    &h, "sys/class/vfio-dev/vfio7", "../../devices/pci0000:5d/0000:5e:00.0/vfio-dev/vfio7");
	link_to(&h, "sys/class/vfio-dev/vfio8",
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
		link_to(&h, "proc/42/fd/21", ways[i].fd);
		link_to(&h, "sys/class/vfio-dev/vfio8",
		    "../../devices/pci0000:3a/0000:3b:00.0/" MDEV "/vfio-dev/vfio8");
		link_to(&h, "sys/bus/mdev/devices/" MDEV, GPU MDEV);
		link_to(
		    &h, "sys/bus/mdev/devices/" MDEV "/driver", "../../bus/mdev/drivers/vfio_mdev");
		link_to(&h, "sys/bus/mdev/devices/" MDEV "/iommu_group", "../../iommu_groups/17");
		link_to(&h, "sys/bus/mdev/devices/" MDEV "/mdev_type",
		    "../mdev_supported_types/nvidia-222");
		link_to(&h, "sys/kernel/iommu_groups/17/devices/" MDEV, GPU MDEV);
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
		cmocka_unit_test(interfaces_of_the_host),
		cmocka_unit_test(counts_descriptors),
		cmocka_unit_test(devices_passed_through),
		cmocka_unit_test(devices_that_were_unplugged),
		cmocka_unit_test(devices_by_their_descriptors),
		cmocka_unit_test(mediated_devices),
		cmocka_unit_test(net_dev_is_foreign_text),
		cmocka_unit_test(no_net_dev),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
