/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that are shown, what means the same, and the editing of a guest's definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/print.h"
#include "base/xalloc.h"
#include "fixes/compare.h"
#include "fixes/define.h"
#include "fixes/kinds.h"
#include "fixes/quote.h"

#define UUID "11111111-2222-3333-4444-555555555555"

/* ---- commands ---- */

static char *command_of(enum action_kind kind, const char *domain, const char *uuid,
    const char *target, const char *value)
{
	struct action a = { .kind = kind, .target = xstrdup(target), .value = xstrdup(value) };
	struct text out = { 0 };

	a.domain = domain ? xstrdup(domain) : NULL;
	a.uuid = uuid ? xstrdup(uuid) : NULL;
	a.guest.owner = 42;
	kind_command(&a, value, &out);
	action_done(&a);
	return out.p;
}

static void assert_command(enum action_kind kind, const char *domain, const char *target,
    const char *value, const char *command)
{
	char *is = command_of(kind, domain, UUID, target, value);

	assert_string_equal(is, command);
	free(is);
}

static void commands_are_those_that_one_would_type(void **state)
{
	(void)state;
	assert_command(
	    ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "0", "echo 0 > /sys/kernel/mm/ksm/run");
	assert_command(ACTION_SYSCTL, NULL, "vm.swappiness", "10", "sysctl -w vm.swappiness=10");
	assert_command(
	    ACTION_AWAIT, NULL, "sys/x", "0", "until [ \"$(cat /sys/x)\" = 0 ]; do sleep 1; done");
	assert_command(ACTION_PIN_VCPU, "web1", "0", "0-3",
	    "virsh vcpupin --domain web1 --vcpu 0 --cpulist 0-3 --live");
	assert_command(ACTION_PIN_EMULATOR, "web1", "", "0-3",
	    "virsh emulatorpin --domain web1 --cpulist 0-3 --live");
	assert_command(ACTION_PIN_IOTHREAD, "web1", "2", "3",
	    "virsh iothreadpin --domain web1 --iothread 2 --cpulist 3 --live");
	assert_command(ACTION_AFFINITY, NULL, "99", "0-3", "taskset -cp 0-3 99");
	assert_command(ACTION_NUMATUNE, "web1", "nodeset", "0",
	    "virsh numatune --domain web1 --nodeset 0 --live");
	assert_command(ACTION_MIGRATE_PAGES, "web1", "all", "0", "migratepages 42 all 0");
	assert_command(ACTION_MEMORY_LIMIT, "web1", "hard_limit", "unlimited",
	    "virsh memtune --domain web1 --hard-limit -1 --live");
	assert_command(ACTION_SCHEDULER, "web1", "vcpu_quota", "-1",
	    "virsh schedinfo --domain web1 --set vcpu_quota=-1 --live");
	assert_command(ACTION_BLKIO, "web1", "weight", "500",
	    "virsh blkiotune --domain web1 --weight 500 --live");
	assert_command(ACTION_BLOCK_IOTUNE, "web1", "vda total_iops_sec", "500",
	    "virsh blkdeviotune --domain web1 --device vda --total-iops-sec 500 --live");
	assert_command(ACTION_NODE_MEMORY, NULL, "shm_pages_to_scan", "64",
	    "virsh node-memory-tune --shm-pages-to-scan 64");
	assert_command(
	    ACTION_BALLOON, "web1", "", "1024", "virsh setmem --domain web1 --size 1024 --live");
	assert_command(ACTION_STATS_PERIOD, "web1", "", "5",
	    "virsh dommemstat --domain web1 --period 5 --live");
	assert_command(ACTION_HUGE_POOL, NULL, "node1 2048", "8",
	    "echo 8 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages");
	assert_command(ACTION_MODULE, NULL, "vhost_net", "y", "modprobe -- vhost_net");
	assert_command(ACTION_VCPUS, "web1", "maximum", "4",
	    "virsh setvcpus --domain web1 --count 4 --maximum --config");
	assert_command(ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", "vm.x = 1",
	    "echo 'vm.x = 1' >> /etc/sysctl.d/90-kvmtop.conf");
	assert_command(ACTION_DEFINE, "web1", "devices/x", "<x\na='b'/>",
	    "virt-xml web1 --edit --define --xml xpath.delete=./devices/x --xml ./devices/x/@a=b");
}

/* virt-xml has no here-document: it is told path by path. What it would take apart is left to an
 * editor. */
static void a_definition_is_told_path_by_path(void **state)
{
	(void)state;
	assert_command(ACTION_DEFINE, "web1", "cpu/numa",
	    "<numa><cell id='0' cpus='0,2' memory='1' unit='KiB'/>"
	    "<cell id='1' cpus='1' memory='2' unit='KiB'/></numa>",
	    "virt-xml web1 --edit --define --xml xpath.delete=./cpu/numa"
	    " --xml \"./cpu/numa/cell[@id='0']/@id=0\" --xml \"./cpu/numa/cell[@id='0']/@cpus=0,2\""
	    " --xml \"./cpu/numa/cell[@id='0']/@memory=1\" --xml "
	    "\"./cpu/numa/cell[@id='0']/@unit=KiB\""
	    " --xml \"./cpu/numa/cell[@id='1']/@id=1\" --xml \"./cpu/numa/cell[@id='1']/@cpus=1\""
	    " --xml \"./cpu/numa/cell[@id='1']/@memory=2\" --xml "
	    "\"./cpu/numa/cell[@id='1']/@unit=KiB\"");
	assert_command(ACTION_DEFINE, "web1", "memoryBacking",
	    "<memoryBacking><nosharepages/></memoryBacking>",
	    "virt-xml web1 --edit --define --xml xpath.delete=./memoryBacking"
	    " --xml xpath.create=./memoryBacking/nosharepages");
	assert_command(ACTION_DEFINE, "web1", "devices/emulator",
	    "<emulator>/usr/bin/x y</emulator>",
	    "virt-xml web1 --edit --define --xml xpath.delete=./devices/emulator"
	    " --xml './devices/emulator=/usr/bin/x y'");
	assert_command(ACTION_DEFINE, "web1", "cpu/feature[@name='x2apic']",
	    "<feature policy='require' name='x2apic'/>",
	    "virt-xml web1 --edit --define --xml \"./cpu/feature[@name='x2apic']/@policy=require\""
	    " --xml \"./cpu/feature[@name='x2apic']/@name=x2apic\"");
	assert_command(ACTION_DEFINE, "web1", "cpu/feature[@name='x2apic']", "",
	    "virt-xml web1 --edit --define --xml "
	    "'xpath.delete=\"./cpu/feature[@name='\\''x2apic'\\'']\"'");
	assert_command(ACTION_DEFINE, "-x", "maxMemory", "",
	    "virt-xml " UUID " --edit --define --xml xpath.delete=./maxMemory");
	assert_command(ACTION_DEFINE, "web1", "devices/disk[target/@dev='vda']/driver",
	    "<driver\nname='q'/>",
	    "virsh edit --domain web1  # devices/disk[target/@dev='vda']/driver: <driver "
	    "name='q'/>");
	assert_command(ACTION_DEFINE, "web1", "x", "<x><y a='1'/><y a='1'/></x>",
	    "virsh edit --domain web1  # x: <x><y a='1'/><y a='1'/></x>");
	assert_command(ACTION_DEFINE, "web1", "x", "<x a='b=c'/>",
	    "virsh edit --domain web1  # x: <x a='b=c'/>");
}

static void assert_value(enum action_kind kind, const char *state, const char *value)
{
	struct action a = { .kind = kind, .target = (char[]){ "sys/x" } };
	char *is = kind_value(&a, state);

	assert_string_equal(is, value);
	free(is);
}

/* A file that tells all its words takes but one of them. */
static void of_a_choice_the_word_is_the_value(void **state)
{
	(void)state;
	assert_value(ACTION_WRITE, "always madvise [never]\n", "never");
	assert_value(ACTION_SYSCTL, "[always] never\n", "always");
	assert_value(ACTION_WRITE, "60\n", "60");
	assert_value(ACTION_WRITE, "1  2\t3\n", "1 2 3");
	assert_value(ACTION_WRITE, "a [b\n", "a [b");
	assert_value(ACTION_SCHEDULER, "x [y]", "x [y]");
}

/* A name that libvirt could take for something else is not used where there is a uuid. */
static void names_are_no_options(void **state)
{
	static const char *const names[] = { "-rf ' x", "../..", "a\nb", "5", "$(reboot)", "",
		"--" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_command(ACTION_PIN_EMULATOR, names[i], "", "0",
		    "virsh emulatorpin --domain " UUID " --cpulist 0 --live");
}

/* What the shell makes of a word, told by the shell. */
static char *shell_says(const char *word)
{
	struct text command = { 0 }, out = { 0 };
	int pipes[2], status;
	char buf[256];
	ssize_t n;
	pid_t child;

	print_text(&command, "printf %s. ");
	quote_word(&command, word);
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		close(pipes[0]);
		execl("/bin/sh", "sh", "-c", command.p, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], buf, sizeof(buf))) > 0)
		text_append(&out, buf, (size_t)n);
	close(pipes[0]);
	waitpid(child, &status, 0);
	text_done(&command);
	return out.p;
}

static void a_word_stays_a_word(void **state)
{
	static const char *const words[] = { "", "a b", "-rf ' x", "../..", "a\nb", "$HOME `id` \\",
		"\"", "*", "~", "'", "''", "a'b'c", "!x", "#x", "a;b", "\t", "\303\244", "x>y" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char *said = shell_says(words[i]), *wanted = xasprintf("%s.", words[i]);

		assert_string_equal(said, wanted);
		free(said);
		free(wanted);
	}
}

static void without_a_uuid_the_name_is_quoted(void **state)
{
	char *c = command_of(ACTION_PIN_EMULATOR, "-rf ' x", NULL, "", "0");

	(void)state;
	assert_string_equal(c, "virsh emulatorpin --domain \"-rf ' x\" --cpulist 0 --live");
	free(c);
	c = command_of(ACTION_PIN_EMULATOR, "$(x)' x", NULL, "", "0");
	assert_string_equal(c, "virsh emulatorpin --domain '$(x)'\\'' x' --cpulist 0 --live");
	free(c);
}

/* ---- what means the same ---- */

static void the_same_in_other_words(void **state)
{
	(void)state;
	assert_true(same_setting("always madvise [never]\n", "never"));
	assert_false(same_setting("always madvise [never]\n", "always"));
	assert_true(same_setting("0-3\n", "0,1,2,3"));
	assert_true(same_setting("ff\n", "000000ff"));
	assert_true(same_setting("Y\n", "1"));
	assert_true(same_setting("N\n", "0"));
	assert_false(same_setting("Y\n", "0"));
	assert_false(same_setting("10\n", "16"));
	assert_false(same_setting("", "0"));
	assert_true(same_list("1,0", "0-1"));
	assert_true(same_list("strict", "strict"));
	assert_false(same_list("", "0"));
	assert_true(covers_list("0-7", "2,3"));
	assert_false(covers_list("0-1", "2"));
	assert_true(same_number("unlimited", "9007199254740991"));
	assert_true(same_number("9007199254740995", "unlimited"));
	assert_true(same_number("100\n", "100"));
	assert_false(same_number("100", "1000"));
	assert_false(same_number("x", "y"));
}

/* ---- definitions ---- */

#define DOMAIN                                                                \
	"<domain type='kvm'><name>x</name><devices>"                          \
	"<disk device='disk'><driver name='qemu' cache='none'/>"              \
	"<target dev='vda'/></disk>"                                          \
	"<disk device='disk'><driver name='qemu'/><target dev='a/b'/></disk>" \
	"<memballoon model='virtio'/></devices></domain>"

static void assert_gets(const char *path, const char *element)
{
	char *is;

	assert_int_equal(define_get(DOMAIN, path, &is), 0);
	assert_string_equal(is, element);
	free(is);
}

static void elements_are_found_by_their_path(void **state)
{
	char *is;

	(void)state;
	assert_gets("devices/memballoon", "<memballoon model=\"virtio\"/>");
	assert_gets("/domain/devices/memballoon/@model", "virtio");
	assert_gets("devices/disk[target/@dev='a/b']/driver", "<driver name=\"qemu\"/>");
	assert_gets("devices/sound", "");
	assert_int_equal(define_get(DOMAIN, "devices/disk", &is), -ENOTUNIQ);
	assert_int_equal(define_get(DOMAIN, "devices/[", &is), -EINVAL);
	assert_int_equal(define_get(DOMAIN, "", &is), -EINVAL);
	assert_int_equal(define_get("<domain", "devices", &is), -EINVAL);
}

static char *changed(const char *path, const char *element, int wanted)
{
	struct text why = { 0 };
	char *xml = NULL;

	assert_int_equal(define_set(DOMAIN, path, element, &xml, &why), wanted);
	assert_true(wanted == 0 || why.len > 0);
	text_done(&why);
	return xml;
}

static void elements_are_replaced_added_and_taken_out(void **state)
{
	char *xml, *is;

	(void)state;
	xml = changed("devices/memballoon", "<memballoon model='none'/>", 0);
	assert_non_null(strstr(xml, "<memballoon model=\"none\"/></devices>"));
	assert_null(strstr(xml, "virtio"));
	free(xml);
	xml = changed("devices/disk[target/@dev='a/b']/iotune", "<iotune><x>1</x></iotune>", 0);
	assert_int_equal(define_get(xml, "devices/disk[target/@dev='a/b']/iotune/x", &is), 0);
	assert_string_equal(is, "<x>1</x>");
	free(is);
	free(xml);
	xml = changed("iothreads", "<iothreads>1</iothreads>", 0);
	assert_non_null(strstr(xml, "<iothreads>1</iothreads></domain>"));
	free(xml);
	xml = changed("devices/memballoon", "", 0);
	assert_null(strstr(xml, "memballoon"));
	free(xml);
	xml = changed("memoryBacking/hugepages", "<hugepages/>", 0);
	assert_non_null(strstr(xml, "<memoryBacking><hugepages/></memoryBacking></domain>"));
	free(xml);
	changed("devices/sound", "", -ENOENT);
	changed("devices/disk[target/@dev='none']/iotune", "<iotune/>", -ENOENT);
	changed("../x", "<x/>", -EINVAL);
	changed("devices/disk", "<disk/>", -ENOTUNIQ);
	changed("devices/memballoon", "<other/>", -EINVAL);
	changed("devices/memballoon", "<memballoon/><memballoon/>", -EINVAL);
	changed("devices/memballoon", "no element", -EINVAL);
	changed("/", "<domain/>", -EINVAL);
	changed("..", "", -EINVAL);
}

static void hostile_definitions_are_not_taken(void **state)
{
	static const char *const bad[] = {
		"<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><d><name>&x;</name></d>",
		"<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><domain>&b;</domain>",
		"<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x.dtd'><domain/>",
		"",
		"<",
		"\xff\xfe",
		"<domain><name>x</domain>",
	};
	struct text why = { 0 };
	char *xml;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(define_get(bad[i], "name", &xml), -EINVAL);
		assert_int_equal(define_set(bad[i], "name", "<name>y</name>", &xml, &why), -EINVAL);
		assert_int_equal(
		    define_set(DOMAIN, "name", bad[i], &xml, &why), *bad[i] ? -EINVAL : 0);
		if (!*bad[i])
			free(xml);
	}
	text_done(&why);
}

static void what_libvirt_adds_does_not_matter(void **state)
{
	(void)state;
	assert_true(define_includes("<d name='qemu' cache='none'><x a='1'/><address/></d>",
	    "<d cache=\"none\">\n  <x/>\n</d>"));
	assert_false(define_includes("<d name='qemu'/>", "<d cache='none'/>"));
	assert_false(define_includes("<d><x a='1'/></d>", "<d><x a='2'/></d>"));
	assert_true(define_includes("<n> 4 </n>", "<n>4</n>"));
	assert_false(define_includes("<n>4</n>", "<n>5</n>"));
	assert_true(define_includes(
	    "<h><page size='1048576' unit='KiB'/></h>", "<h><page unit='G' size='1'/></h>"));
	assert_false(define_includes(
	    "<h><page size='2048' unit='KiB'/></h>", "<h><page size='1' unit='G'/></h>"));
	assert_false(define_includes("<page size='1' unit='KiB'/>", "<page size='1' unit='G'/>"));
	assert_true(define_includes("<m unit='KiB'>2048</m>", "<m unit='M'>2</m>"));
	assert_false(define_includes("<m unit='KiB'>2</m>", "<m unit='M'>2</m>"));
	assert_false(define_includes("<t unit='s'>2</t>", "<t unit='h'>2</t>"));
	assert_true(define_includes("", ""));
	assert_false(define_includes("<n/>", ""));
	assert_false(define_includes("", "<n/>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_those_that_one_would_type),
		cmocka_unit_test(a_definition_is_told_path_by_path),
		cmocka_unit_test(of_a_choice_the_word_is_the_value),
		cmocka_unit_test(names_are_no_options),
		cmocka_unit_test(a_word_stays_a_word),
		cmocka_unit_test(without_a_uuid_the_name_is_quoted),
		cmocka_unit_test(the_same_in_other_words),
		cmocka_unit_test(elements_are_found_by_their_path),
		cmocka_unit_test(elements_are_replaced_added_and_taken_out),
		cmocka_unit_test(hostile_definitions_are_not_taken),
		cmocka_unit_test(what_libvirt_adds_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
