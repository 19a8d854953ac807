/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs and devices in the XML of guests, and the rows that they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/libvirt_xml.h"
#include "tests/unit/captured.h"

#define XML(devices) "<domain><devices>" devices "</devices></domain>"

static struct libvirt_domain_xml read_xml(const char *text)
{
	struct libvirt_domain_xml x;

	assert_int_equal(libvirt_domain_xml_parse(text, strlen(text), &x), 0);
	return x;
}

static void assert_nic(const struct nic *nic, const char *name, const char *model, const char *type,
    const char *backend, const char *target)
{
	assert_string_equal(nic->name, name);
	assert_string_equal(nic->model, model);
	assert_string_equal(nic->type, type);
	assert_string_equal(nic->backend, backend);
	assert_string_equal(nic->interface, target);
}

static void interfaces(void **state)
{
	struct libvirt_domain_xml x = read_xml(XML(
	    "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default' "
	    "bridge='virbr0'/><target dev='vnet0'/><model type='virtio'/><driver name='vhost' "
	    "queues='4' "
	    "rx_queue_size='1024' tx_queue_size='512'/><alias name='net0'/></interface>"
	    "<interface type='bridge'><target dev='vnet1'/><model type='virtio'/>"
	    "<driver name='qemu'/><alias name='net1'/></interface>"
	    "<interface type='bridge'><target dev='vnet2'/><model type='virtio'/>"
	    "<alias name='ua-mine'/></interface>"
	    "<interface type='direct'><source dev='eth1' mode='bridge'/><target dev='macvtap0'/>"
	    "<model type='e1000e'/><alias name='net3'/></interface>"));
	const struct nic *nic = x.nics.nic;

	(void)state;
	assert_int_equal(x.nics.n, 4);
	assert_nic(&nic[0], "net0", "virtio", "", "vhost-net", "vnet0");
	assert_string_equal(nic[0].mac, "52:54:00:00:00:01");
	assert_int_equal(nic[0].queues, 4);
	assert_int_equal(nic[0].rx_ring, 1024);
	assert_int_equal(nic[0].tx_ring, 512);
	assert_nic(&nic[1], "net1", "virtio", "", "userspace", "vnet1");
	/* Whether libvirt found vhost on the host the XML does not say. */
	assert_nic(&nic[2], "ua-mine", "virtio", "", "", "vnet2");
	assert_nic(&nic[3], "net3", "e1000e", "macvtap", "userspace", "macvtap0");
	libvirt_domain_xml_done(&x);
}

static void without_interface(void **state)
{
	struct libvirt_domain_xml x = read_xml(XML(
	    "<interface type='user'><model type='virtio'/><alias name='net0'/></interface>"
	    "<interface type='user'><backend type='passt'/><model type='virtio'/></interface>"
	    "<interface type='vhostuser'><source type='unix' path='/run/v1'/><target dev='vhu0'/>"
	    "<model type='virtio'/><driver queues='2'/><alias name='net2'/></interface>"
	    "<interface type='udp'><model type='rtl8139'/></interface>"
	    "<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/><model "
	    "type='virtio'/></interface>"));
	const struct nic *nic = x.nics.nic;

	(void)state;
	assert_int_equal(x.nics.n, 5);
	assert_nic(&nic[0], "net0", "virtio", "user", "userspace", "");
	assert_nic(&nic[1], "net1", "virtio", "passt", "userspace", "");
	assert_nic(&nic[2], "net2", "virtio", "vhost-user", "vhost-user", "vhu0");
	assert_nic(&nic[3], "net3", "rtl8139", "socket", "userspace", "");
	assert_nic(&nic[4], "net4", "virtio", "vdpa", "vdpa", "");
	libvirt_domain_xml_done(&x);
}

#define ADDRESS(bus, function)                                  \
	"<source><address type='pci' domain='0x0000' bus='" bus \
	"' slot='0x10' function='" function "'/></source>"

static void devices(void **state)
{
	struct libvirt_domain_xml x =
	    read_xml(XML("<interface type='hostdev' managed='yes'>" ADDRESS(
		"0x3b", "0x1") "<alias name='hostdev0'/>"
			       "</interface><hostdev mode='subsystem' type='pci'>" ADDRESS("0x5e",
				   "0x0") "</hostdev>"
					  "<hostdev mode='subsystem' type='usb'><source><address "
					  "bus='1' device='2'/></source></hostdev>"
					  "<hostdev mode='subsystem' type='pci'>" ADDRESS("0x5e",
					      "9") "</hostdev>"
						   "<hostdev mode='subsystem' "
						   "type='pci'><source/></hostdev><hostdev/>"
						   "<hostdev mode='subsystem' type='mdev' "
						   "model='vfio-pci'><source><address "
						   "uuid='5C5B4A1E-2f3d-4c6b-8a79-0d1e2f3a4b5c'/>"
						   "</source></hostdev><hostdev type='mdev'>"
						   "<source><address uuid='../x'/></source>"
						   "</hostdev>"));

	(void)state;
	assert_int_equal(x.nics.n, 1);
	assert_nic(&x.nics.nic[0], "hostdev0", "", "hostdev", "hostdev", "");
	assert_int_equal(x.nics.devices, 3);
	assert_string_equal(x.nics.device[0], "0000:3b:10.1");
	assert_string_equal(x.nics.device[1], "0000:5e:10.0");
	assert_string_equal(x.nics.device[2], "5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c");
	libvirt_domain_xml_done(&x);
}

static void hostile(void **state)
{
	struct libvirt_domain_xml x = read_xml(XML(
	    "<interface/><interface type='bridge'><target dev='../../../etc/passwd'/>"
	    "<model type='a very long name that no model has and nobody should ever give to one'/>"
	    "<driver queues='-1' rx_queue_size='99999999999999999999'/><mac "
	    "address='x'/></interface>"));

	(void)state;
	assert_int_equal(x.nics.n, 2);
	assert_int_equal(x.nics.nic[1].queues, 0);
	assert_int_equal(x.nics.nic[1].rx_ring, 0);
	/* It is shown, but no path is made of it. */
	assert_false(interface_is_name(x.nics.nic[1].interface));
	libvirt_domain_xml_done(&x);
}

static void rows(void **state)
{
	struct libvirt_domain_xml x = read_xml(
	    XML("<interface type='bridge'><target dev='vnet1'/><model type='virtio'/><alias "
		"name='net0'/>"
		"</interface><interface type='user'><alias name='net1'/></interface><hostdev "
		"type='pci'>" ADDRESS("0x5e", "0x0") "</hostdev>"));
	struct captured h = { 0 };
	struct key guest = key_process(42, 7);
	struct reading r = { .now_ns = 5 };
	const struct row *row;

	(void)state;
	captured_sample(&h, 10);
	captured_file(&h, "sys/bus/pci/devices/0000:5e:10.0/numa_node", "3\n");
	captured_next(&h);
	r.root = h.root;
	r.into = h.now;
	libvirt_nics_fill(&r, guest, &x.nics);
	row = snapshot_find(h.now, TABLE_NIC, key_of(guest, key_item("net0")));
	assert_string_equal(cell_text(row, NIC_TARGET), "vnet1");
	/* Which interface is behind it the host itself tells. */
	assert_false(cell_has(row, NIC_INTERFACE));
	assert_false(cell_has(row, NIC_TYPE));
	row = snapshot_find(h.now, TABLE_NIC, key_of(guest, key_item("net1")));
	assert_string_equal(cell_text(row, NIC_TYPE), "user");
	assert_non_null(strstr(cell_text(row, NIC_REMARK), "User mode"));
	row = snapshot_find(h.now, TABLE_PCI, key_of(guest, key_item("0000:5e:10.0")));
	assert_string_equal(cell_text(row, PCI_KNOWN_BY), "XML");
	assert_int_equal(cell_number(row, PCI_NODE, -1), 3);
	libvirt_domain_xml_done(&x);
	snapshot_unref(h.now);
	root_close(h.root);
	text_done(&h.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces),
		cmocka_unit_test(without_interface),
		cmocka_unit_test(devices),
		cmocka_unit_test(hostile),
		cmocka_unit_test(rows),
	};

	libvirt_xml_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
