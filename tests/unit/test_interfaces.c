/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces of the host itself, a guest behind them or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/a_network.h"

static const struct row *interface(const struct captured *h, const char *name)
{
	return snapshot_find(h->now, TABLE_INTERFACE, key_host(key_item(name)));
}

static void write_interfaces(struct captured *h, const char *state, const char *speed)
{
	attribute(h, "tap0", "tun_flags", "0x1102\n");
	captured_link(h, "sys/class/net/tap0/master", "../br0");
	attribute(h, "br0", "uevent", "DEVTYPE=bridge\nINTERFACE=br0\nIFINDEX=4\n");
	attribute(h, "br0", "bridge/stp_state", "0\n");
	captured_link(h, "sys/class/net/br0/brif/bond0.5", "../../bond0.5/brport");
	attribute(h, "bond0.5", "uevent", "DEVTYPE=vlan\nINTERFACE=bond0.5\n");
	captured_link(h, "sys/class/net/bond0.5/lower_bond0", "../bond0");
	captured_link(h, "sys/class/net/bond0.5/master", "../br0");
	captured_link(h, "sys/class/net/eth0/device", "../../../0000:18:00.0");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
