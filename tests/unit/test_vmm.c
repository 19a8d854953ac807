/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/vmm.h"

#define PARSE(config, text) guest_config_parse(text, sizeof(text) - 1, config)

static void libvirts_command_line(void **state)
{
	struct guest_config c;

	(void)state;
	PARSE(&c, "/usr/bin/qemu-system-x86_64\0-name\0guest=web,,1,debug-threads=on\0-S\0"
		  "-object\0{\"qom-type\":\"secret\",\"id\":\"m\",\"file\":\"/"
		  "x\"}\0-m\0size=1048576k,slots=16\0"
		  "-object\0{\"qom-type\":\"memory-backend-file\",\"id\":\"r\","
		  "\"mem-path\":\"/dev/hugepages/libvirt/qemu/1-web\",\"size\":1}\0"
		  "-uuid\0c7a5fdbd-cdaf-9455-926a-d65c16db1809\0");
	assert_string_equal(c.vmm, "qemu");
	assert_string_equal(c.name, "web,1");
	assert_string_equal(c.uuid, "c7a5fdbd-cdaf-9455-926a-d65c16db1809");
	assert_true(c.memory_bytes == (uint64_t)1 << 30);
	assert_string_equal(c.memory_path, "/dev/hugepages/libvirt/qemu/1-web");
	assert_false(c.probe);
}

static void command_lines_by_hand(void **state)
{
	struct guest_config c;

	(void)state;
	PARSE(&c, "qemu-kvm\0-m\0"
		  "512\0-name\0beta\0-object\0"
		  "memory-backend-memfd,id=m,size=512M,hugetlb=on,hugetlbsize=2M\0");
	assert_string_equal(c.name, "beta");
	assert_true(c.memory_bytes == (uint64_t)512 << 20);
	assert_true(c.huge_page_bytes == (uint64_t)2 << 20);
	PARSE(&c, "kvm\0-m\0"
		  "2G\0-mem-path\0/hp\0");
	assert_true(c.memory_bytes == (uint64_t)2 << 30);
	assert_string_equal(c.memory_path, "/hp");
	PARSE(&c, "/usr/bin/cloud-hypervisor\0--memory\0size=1G,hugepages=on\0--cpus\0boot=2\0");
	assert_string_equal(c.vmm, "cloud-hypervisor");
	assert_true(c.memory_bytes == (uint64_t)1 << 30);
	PARSE(&c, "/usr/bin/firecracker\0--id\0fc-1\0--api-sock\0/run/fc\0");
	assert_string_equal(c.vmm, "firecracker");
	assert_string_equal(c.name, "fc-1");
}

#define UUID "5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c"
#define UUID_OTHER "C7A5FDBD-CDAF-9455-926A-D65C16DB1809"

static void uuids_of_qemus_smbios(void **state)
{
	struct guest_config c;

	(void)state;
	/* Proxmox */
	PARSE(&c, "/usr/bin/kvm\0-id\0"
		  "100\0-name\0web,debug-threads=on\0-smbios\0type=1,uuid=" UUID "\0");
	assert_string_equal(c.name, "web");
	assert_string_equal(c.uuid, UUID);
	PARSE(&c, "kvm\0-smbios\0type=0,vendor=x\0-smbios\0"
		  "type=1,manufacturer=QUJD,uuid=" UUID_OTHER ",base64=1\0");
	assert_string_equal(c.uuid, UUID_OTHER);
	PARSE(&c, "kvm\0-smbios\0uuid=" UUID ",serial=a,,uuid=b,type=1\0");
	assert_string_equal(c.uuid, UUID);
	PARSE(&c, "kvm\0-smbios\0type=2,uuid=" UUID "\0-smbios\0uuid=" UUID "\0");
	assert_string_equal(c.uuid, "");
	/* Of several the last one counts, whatever option it is of. */
	PARSE(&c, "kvm\0-uuid\0" UUID "\0-smbios\0type=1,uuid=" UUID_OTHER "\0");
	assert_string_equal(c.uuid, UUID_OTHER);
	PARSE(&c, "kvm\0-smbios\0type=1,uuid=" UUID_OTHER "\0-uuid\0" UUID "\0");
	assert_string_equal(c.uuid, UUID);
	PARSE(&c, "kvm\0-uuid\0" UUID "\0-smbios\0type=1,product=x\0");
	assert_string_equal(c.uuid, UUID);
}

static void uuids_of_cloud_hypervisor(void **state)
{
	struct guest_config c;

	(void)state;
	PARSE(&c, "/usr/bin/cloud-hypervisor\0--platform\0num_pci_segments=1,uuid=" UUID "\0");
	assert_string_equal(c.uuid, UUID);
	PARSE(&c, "cloud-hypervisor\0--platform=uuid=" UUID_OTHER ",serial_number=x\0");
	assert_string_equal(c.uuid, UUID_OTHER);
	PARSE(&c, "cloud-hypervisor\0--platform\0system_family=x,system_uuid=" UUID "\0");
	assert_string_equal(c.uuid, UUID);
	PARSE(&c, "cloud-hypervisor\0--platform\0num_pci_segments=1\0");
	assert_string_equal(c.uuid, "");
}

static void malformed_uuids(void **state)
{
	struct guest_config c;

	(void)state;
	PARSE(&c, "kvm\0-smbios\0type=1,uuid=" UUID "-and-more\0");
	assert_string_equal(c.uuid, "");
	PARSE(&c, "kvm\0-smbios\0type=1,uuid=\0-uuid\0../../etc\0");
	assert_string_equal(c.uuid, "");
	PARSE(&c, "kvm\0-uuid\0" UUID "\0-smbios\0type=1,uuid=none\0-smbios");
	assert_string_equal(c.uuid, UUID);
	PARSE(&c, "cloud-hypervisor\0--platform\0uuid=" UUID " \0");
	assert_string_equal(c.uuid, "");
}

static void crosvms_command_line(void **state)
{
	struct guest_config c;

	(void)state;
	PARSE(&c, "/usr/bin/crosvm\0run\0--disable-sandbox\0--cpus\0num-cores=4\0--mem\0"
		  "size=2048\0--name\0arc\0/boot/vmlinux\0");
	assert_string_equal(c.vmm, "crosvm");
	assert_string_equal(c.name, "arc");
	assert_int_equal(c.vcpus, 4);
	assert_true(c.memory_bytes == (uint64_t)2 << 30);
	PARSE(&c, "crosvm\0run\0-c\0"
		  "2\0-m\0"
		  "512\0/boot/vmlinux\0");
	assert_int_equal(c.vcpus, 2);
	assert_true(c.memory_bytes == (uint64_t)512 << 20);
	assert_string_equal(c.name, "");
	assert_string_equal(c.uuid, "");
}

static void vcpus_of_command_lines(void **state)
{
	struct guest_config c;

	(void)state;
	PARSE(&c, "qemu-kvm\0-smp\0"
		  "4\0");
	assert_int_equal(c.vcpus, 4);
	PARSE(&c, "qemu-kvm\0-smp\0"
		  "3,sockets=3,cores=1,threads=1\0");
	assert_int_equal(c.vcpus, 3);
	PARSE(&c, "qemu-kvm\0-smp\0maxcpus=8,cpus=2\0");
	assert_int_equal(c.vcpus, 2);
	PARSE(&c, "qemu-kvm\0-smp\0sockets=2,cores=3,threads=2\0");
	assert_int_equal(c.vcpus, 12);
	PARSE(&c, "qemu-kvm\0-m\0"
		  "1G\0");
	assert_int_equal(c.vcpus, 1);
	PARSE(&c, "qemu-kvm\0-smp\0many\0");
	assert_int_equal(c.vcpus, 0);
	PARSE(&c, "/usr/bin/cloud-hypervisor\0--cpus\0boot=2,max=4\0");
	assert_int_equal(c.vcpus, 2);
	PARSE(&c, "/usr/bin/firecracker\0--id\0fc-1\0");
	assert_int_equal(c.vcpus, 0);
}

static void a_probe_is_no_guest(void **state)
{
	struct guest_config c;

	(void)state;
	PARSE(&c, "qemu-system-x86_64\0-S\0-machine\0none,accel=kvm:tcg\0");
	assert_true(c.probe);
	PARSE(&c, "qemu-system-x86_64\0-machine\0pc,accel=kvm\0");
	assert_false(c.probe);
}

static void damaged_command_lines(void **state)
{
	struct guest_config c;

	(void)state;
	guest_config_parse("", 0, &c);
	assert_string_equal(c.vmm, "");
	PARSE(&c, "qemu-system-x86_64\0-m");
	assert_true(c.memory_bytes == 0);
	PARSE(&c, "qemu-system-x86_64\0-m\0lots\0-name\0\0-uuid");
	assert_true(c.memory_bytes == 0);
	assert_string_equal(c.name, "");
	PARSE(&c, "my-monitor\0-name\0x\0");
	assert_string_equal(c.vmm, "");
	assert_string_equal(c.name, "x");
}

static void threads_are_told_by_name(void **state)
{
	static const struct {
		const char *comm, *role;
		bool is_main;
		int vcpu;
	} rows[] = {
		{ "qemu-system-x86", "emulator", true, -1 },
		{ "CPU 0/KVM", "vcpu", false, 0 },
		{ "CPU 127/KVM", "vcpu", false, 127 },
		{ "vcpu3", "vcpu", false, 3 },
		{ "fc_vcpu 2", "vcpu", false, 2 },
		{ "IO iothread1", "iothread 1", false, -1 },
		{ "IO mon_iothread", "iothread mon_iothread", false, -1 },
		{ "worker", "worker", false, -1 },
		{ "iou-wrk-123", "worker", false, -1 },
		{ "vhost-4711", "vhost", false, -1 },
		{ "kvm-nx-lpage-re", "kvm-nx", false, -1 },
		{ "SPICE Worker", "other", false, -1 },
		{ "CPU ", "other", false, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char role[ROLE_SIZE];
		int vcpu;

		thread_role(rows[i].comm, rows[i].is_main, role, &vcpu);
		assert_string_equal(role, rows[i].role);
		assert_int_equal(vcpu, rows[i].vcpu);
	}
}

static void threads_of_the_kernel_name_their_guest(void **state)
{
	char role[ROLE_SIZE];
	uint32_t pid = 0;

	(void)state;
	assert_true(kernel_thread_guest("vhost-1234", &pid, role));
	assert_int_equal(pid, 1234);
	assert_string_equal(role, "vhost");
	/* The timer's thread is no vhost worker, though it burns CPU like one. */
	assert_true(kernel_thread_guest("kvm-pit/77", &pid, role));
	assert_int_equal(pid, 77);
	assert_string_equal(role, "kvm-pit");
	assert_false(kernel_thread_guest("vhost-", &pid, role));
	assert_false(kernel_thread_guest("vhost-0", &pid, role));
	assert_false(kernel_thread_guest("vhost-12x", &pid, role));
	assert_false(kernel_thread_guest("kworker/0:1", &pid, role));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvirts_command_line),
		cmocka_unit_test(command_lines_by_hand),
		cmocka_unit_test(uuids_of_qemus_smbios),
		cmocka_unit_test(uuids_of_cloud_hypervisor),
		cmocka_unit_test(malformed_uuids),
		cmocka_unit_test(crosvms_command_line),
		cmocka_unit_test(vcpus_of_command_lines),
		cmocka_unit_test(a_probe_is_no_guest),
		cmocka_unit_test(damaged_command_lines),
		cmocka_unit_test(threads_are_told_by_name),
		cmocka_unit_test(threads_of_the_kernel_name_their_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
