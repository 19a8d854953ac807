/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpulist.h"
#include "base/root.h"
#include "collectors/libvirt_xml.h"

#define MIB ((uint64_t)1 << 20)

static int parse(const char *text, struct libvirt_domain_xml *ret)
{
	return libvirt_domain_xml_parse(text, strlen(text), ret);
}

static void assert_set(const struct cpuset *cpus, const char *expected)
{
	char *list;

	assert_non_null(cpus);
	list = cpuset_format_dup(cpus);
	assert_string_equal(list, expected);
	free(list);
}

static void assert_policy(const char *numatune, const char *expected)
{
	struct libvirt_domain_xml x;
	struct text text = { 0 };
	char *policy;

	text_append(&text, "<domain>", 8);
	text_append(&text, numatune, strlen(numatune));
	text_append(&text, "</domain>", 9);
	assert_int_equal(parse(text.p, &x), 0);
	policy = libvirt_numa_policy_dup(&x);
	if (expected)
		assert_string_equal(policy, expected);
	else
		assert_null(policy);
	free(policy);
	libvirt_domain_xml_done(&x);
	text_done(&text);
}

static void assert_cpu(const struct guest_cpu *c)
{
	assert_string_equal(c->arch, "x86_64");
	assert_string_equal(c->emulator, "/usr/bin/qemu");
	assert_string_equal(c->mode, "custom");
	assert_string_equal(c->model, "EPYC");
	assert_null(c->migratable);
	assert_string_equal(c->features.p, "+vmx ?ss -x2apic");
	assert_string_equal(c->pv_spinlock, "off");
	assert_string_equal(c->dedicated, "on");
	assert_int_equal(c->sockets, 2);
	assert_int_equal(c->dies, 1);
	assert_int_equal(c->cores, 2);
	assert_int_equal(c->threads, 2);
	assert_string_equal(c->cells.p, "0-3 - 4-7");
}

static void tells_all_of_a_guest(void **state)
{
	static const char text[] =
	    "<?xml version='1.0' encoding='UTF-8'?>\n<!-- made by hand -->\n"
	    "<domain type='kvm' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
	    "<name>db</name><title>  Data &amp; base\n</title>"
	    "<maxMemory slots='16' unit='GiB'>8</maxMemory>"
	    "<memtune><hard_limit unit='G'>5</hard_limit><soft_limit>2097152</soft_limit>"
	    "<swap_hard_limit unit='KiB'>9007199254740991</swap_hard_limit></memtune>"
	    "<memory unit='KiB'>4194304</memory><currentMemory unit='MiB'>2048</currentMemory>"
	    "<vcpu placement='static' cpuset='0-7' current='3'>8</vcpu><iothreads>2</iothreads>"
	    "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
	    "<features><acpi/><apic eoi='off'/><pvspinlock state='off'/>"
	    "<kvm><hint-dedicated state='on'/></kvm></features>"
	    "<cpu mode='custom'><model>EPYC</model>"
	    "<topology sockets='2' cores='2' threads='2'/>"
	    "<feature policy='require' name='vmx'/><feature policy='optional' name='ss'/>"
	    "<feature policy='disable' name='x2apic'/>"
	    "<numa><cell id='0' cpus='0-4,^4' memory='1'/><cell id='1' memory='1'/>"
	    "<cell id='2' cpus='4-7' memory='1'/></numa></cpu>"
	    "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages><nosharepages/>"
	    "<locked/><source type='memfd'/></memoryBacking>"
	    "<cputune><shares>2048</shares><period>100000</period><quota>-1</quota>"
	    "<emulator_period>50000</emulator_period><emulator_quota>25000</emulator_quota>"
	    "<vcpupin vcpu='1' cpuset='4-5'/><vcpupin vcpu='0' cpuset='0-3,^2'/>"
	    "<emulatorpin cpuset='6'/><iothreadpin iothread='2' cpuset='7'/></cputune>"
	    "<numatune><memory mode='preferred' nodeset='1'/></numatune>"
	    "<devices><emulator>/usr/bin/qemu</emulator><memballoon model='virtio'><stats "
	    "period='10'/></memballoon></devices>"
	    "</domain>";
	struct libvirt_domain_xml x;

	(void)state;
	assert_int_equal(parse(text, &x), 0);
	assert_string_equal(x.title, "Data & base");
	assert_int_equal(x.memory_bytes, 4096 * MIB);
	assert_int_equal(x.current_memory_bytes, 2048 * MIB);
	assert_int_equal(x.vcpus, 3);
	assert_int_equal(x.vcpus_maximum, 8);
	assert_int_equal(x.iothreads, 2);
	assert_int_equal(x.cpu_shares, 2048);
	assert_int_equal(x.limit.period_us, 100000);
	assert_true(x.limit.quota_us == -1);
	assert_int_equal(x.emulator_limit.quota_us, 25000);
	assert_int_equal(x.iothread_limit.period_us, 0);
	assert_set(libvirt_vcpu_cpus(&x, 0), "0-1,3");
	assert_set(libvirt_vcpu_cpus(&x, 1), "4-5");
	assert_set(libvirt_vcpu_cpus(&x, 2), "0-7");
	assert_set(libvirt_emulator_cpus(&x), "6");
	assert_int_equal(x.iothread_pins.n, 1);
	assert_int_equal(x.iothread_pins.pin[0].number, 2);
	assert_set(&x.iothread_pins.pin[0].cpus, "7");
	assert_true(x.huge_pages && x.no_ksm && x.locked);
	assert_string_equal(x.apic_eoi, "off");
	assert_string_equal(x.x2apic, "disable");
	assert_cpu(&x.cpu);
	assert_int_equal(x.huge_page_bytes, 2 * MIB);
	assert_string_equal(x.memory_source, "memfd");
	assert_string_equal(x.memory.backing.p, "hugepages nosharepages locked memfd");
	assert_int_equal(x.memory.hard_limit_bytes, 5120 * MIB);
	assert_int_equal(x.memory.soft_limit_bytes, 2048 * MIB);
	/* That is libvirt's word for none. */
	assert_int_equal(x.memory.swap_limit_bytes, 0);
	assert_int_equal(x.memory.maximum_bytes, 8192 * MIB);
	assert_string_equal(x.balloon_model, "virtio");
	assert_int_equal(x.balloon_period_s, 10);
	libvirt_domain_xml_done(&x);
}

static void tells_nothing_of_an_empty_one(void **state)
{
	struct libvirt_domain_xml x;

	(void)state;
	assert_int_equal(parse("<domain/>", &x), 0);
	assert_null(x.title);
	assert_int_equal(x.memory_bytes, 0);
	assert_int_equal(x.vcpus, 0);
	assert_null(libvirt_vcpu_cpus(&x, 0));
	assert_null(libvirt_emulator_cpus(&x));
	assert_string_equal(x.cpu.mode, "none");
	assert_null(x.cpu.cells.p);
	assert_int_equal(x.cpu.sockets, 0);
	assert_false(x.huge_pages);
	assert_int_equal(x.memory.backing.len, 0);
	assert_int_equal(x.memory.hard_limit_bytes, 0);
	assert_true(x.limit.quota_us == -1);
	libvirt_domain_xml_done(&x);
}

static void senseless_values_are_as_if_not_there(void **state)
{
	static const char text[] =
	    "<domain><memory unit='parsec'>12</memory><currentMemory>-5</currentMemory>"
	    "<vcpu current='x'>4</vcpu><iothreads>999999999999</iothreads>"
	    "<memoryBacking><hugepages><page size='18446744073709551615' unit='G'/></hugepages>"
	    "</memoryBacking>"
	    "<cputune><vcpupin vcpu='0' cpuset='many'/><vcpupin vcpu='-1' cpuset='1'/>"
	    "<vcpupin cpuset='1'/><vcpupin vcpu='2'/><vcpupin vcpu='3' cpuset='3'/>"
	    "<vcpupin vcpu='3' cpuset='3'/></cputune></domain>";
	struct libvirt_domain_xml x;

	(void)state;
	assert_int_equal(parse(text, &x), 0);
	assert_int_equal(x.memory_bytes, 0);
	assert_int_equal(x.current_memory_bytes, 0);
	assert_int_equal(x.vcpus, 4);
	assert_int_equal(x.iothreads, 0);
	assert_true(x.huge_pages);
	assert_int_equal(x.huge_page_bytes, 0);
	assert_int_equal(x.vcpu_pins.n, 1);
	assert_set(libvirt_vcpu_cpus(&x, 3), "3");
	assert_null(libvirt_vcpu_cpus(&x, 0));
	libvirt_domain_xml_done(&x);
}

static void page_size_of_the_rest_counts(void **state)
{
	struct libvirt_domain_xml x;

	(void)state;
	assert_int_equal(
	    parse("<domain><memoryBacking><hugepages><page size='2' unit='M' nodeset='0'/>"
		  "<page size='1' unit='G'/></hugepages></memoryBacking></domain>",
		&x),
	    0);
	assert_int_equal(x.huge_page_bytes, 1024 * MIB);
	libvirt_domain_xml_done(&x);
}

static void policies_are_spelled(void **state)
{
	(void)state;
	assert_policy("", NULL);
	assert_policy("<numatune/>", NULL);
	assert_policy(
	    "<numatune><memory mode='strict' nodeset='0,2-3'/></numatune>", "strict 0,2-3");
	assert_policy("<numatune><memory nodeset='1'/></numatune>", "strict 1");
	assert_policy(
	    "<numatune><memory mode='interleave' placement='auto'/></numatune>", "interleave auto");
	assert_policy("<numatune><memory mode='strict' nodeset='0'/>"
		      "<memnode cellid='1' mode='preferred' nodeset='2'/></numatune>",
	    "strict 0 cell 1: preferred 2");
	assert_policy("<numatune><memnode cellid='0' mode='strict' nodeset='3'/>"
		      "<memnode mode='strict' nodeset='3'/></numatune>",
	    "cell 0: strict 3");
}

static void what_is_no_guest_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"<domain>",
		"<domain></network>",
		"<network/>",
		"domain",
		"<domain/><domain/>",
		"<domain>\xff</domain>",
		"\xef\xbb\xbf<domain/>",
		"\xff\xfe<domain/>",
	};
	struct libvirt_domain_xml x = { .vcpus = 77 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(parse(texts[i], &x), -EINVAL);
	assert_int_equal(x.vcpus, 77);
}

static void document_types_are_refused(void **state)
{
	static const char *const texts[] = {
		"<!DOCTYPE domain><domain/>",
		"<!DOCTYPE domain [<!ENTITY a 'b'>]><domain><title>&a;</title></domain>",
		"<!DOCTYPE domain [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>"
		"<domain><title>&a;</title></domain>",
		"<!DOCTYPE domain SYSTEM 'http://127.0.0.1:9/x.dtd'><domain/>",
		"<!DOCTYPE domain [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;'>"
		"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><domain><vcpu cpuset='&c;'/></domain>",
	};
	struct libvirt_domain_xml x;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(parse(texts[i], &x), -EINVAL);
}

/* A document of @head, then @n times @element, then @tail. */
static struct text repeat(const char *head, const char *element, size_t n, const char *tail)
{
	struct text text = { 0 };

	text_append(&text, head, strlen(head));
	for (size_t i = 0; i < n; i++)
		text_append(&text, element, strlen(element));
	text_append(&text, tail, strlen(tail));
	return text;
}

static void length_and_depth_are_bounded(void **state)
{
	struct text long_one =
	    repeat("<domain><title>", "xxxxxxxx", LIBVIRT_XML_MAX / 8, "</title></domain>");
	struct text deep = repeat("<domain>", "<a>", 5000, "");
	struct libvirt_domain_xml x;

	(void)state;
	for (size_t i = 0; i < 5000; i++)
		text_append(&deep, "</a>", 4);
	text_append(&deep, "</domain>", 9);
	assert_int_equal(libvirt_domain_xml_parse(long_one.p, long_one.len, &x), -EFBIG);
	assert_int_equal(libvirt_domain_xml_parse(deep.p, deep.len, &x), -EINVAL);
	text_done(&long_one);
	text_done(&deep);
}

/* Each of these few bytes asks for a set of 8 KiB. */
static void sets_take_bounded_memory(void **state)
{
	struct text text = { 0 };
	struct libvirt_domain_xml x;
	size_t bytes = 0;

	(void)state;
	text_append(&text, "<domain><cputune>", 17);
	for (unsigned i = 0; i < 20000; i++) {
		char pin[64];
		int n = snprintf(pin, sizeof(pin), "<vcpupin vcpu='%u' cpuset='65535'/>", i);

		text_append(&text, pin, (size_t)n);
	}
	text_append(&text, "</cputune></domain>", 19);
	assert_int_equal(libvirt_domain_xml_parse(text.p, text.len, &x), 0);
	for (size_t i = 0; i < x.vcpu_pins.n; i++)
		bytes += x.vcpu_pins.pin[i].cpus.n_words * sizeof(uint64_t);
	assert_true(x.vcpu_pins.n > 0 && bytes <= 4 * MIB);
	libvirt_domain_xml_done(&x);
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_all_of_a_guest),
		cmocka_unit_test(tells_nothing_of_an_empty_one),
		cmocka_unit_test(senseless_values_are_as_if_not_there),
		cmocka_unit_test(page_size_of_the_rest_counts),
		cmocka_unit_test(policies_are_spelled),
		cmocka_unit_test(what_is_no_guest_is_refused),
		cmocka_unit_test(document_types_are_refused),
		cmocka_unit_test(length_and_depth_are_bounded),
		cmocka_unit_test(sets_take_bounded_memory),
	};

	libvirt_xml_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
