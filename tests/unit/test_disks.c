/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks of guests by command line and XML, qcow2 headers, and what follows from counters. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "collectors/disk_args.h"
#include "collectors/libvirt_disks.h"
#include "collectors/libvirt_xml.h"
#include "collectors/qcow2.h"
#include "collectors/qemu_args.h"
#include "model/snapshot.h"

#define NEAR(a, b) (fabs((a) - (b)) < 1e-9)

static struct disk_configs disks_of(const char *text, size_t len)
{
	struct qemu_args *args = qemu_args_parse(text, len);
	struct disk_configs disks = { 0 };

	disk_args_read(args, &disks);
	qemu_args_free(args);
	return disks;
}

#define DISKS(text) disks_of(text, sizeof(text) - 1)

/* The disks from @at on, and no others after them. */
static void assert_aliases(
    const struct disk_configs *d, size_t at, const char *const *alias, size_t n)
{
	assert_int_equal(d->n, at + n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(d->disk[at + i].alias, alias[i]);
}

static void libvirts_command_line(void **state)
{
	struct disk_configs d = DISKS(
	    "qemu\0-object\0{\"qom-type\":\"throttle-group\",\"id\":\"g0\",\"limits\":"
	    "{\"iops-total\":500,\"bps-read\":1000}}\0"
	    "-blockdev\0{\"driver\":\"file\",\"filename\":\"/i/a.img\",\"aio\":\"native\","
	    "\"node-name\":\"s1\",\"cache\":{\"direct\":true,\"no-flush\":false},"
	    "\"discard\":\"unmap\"}\0"
	    "-blockdev\0{\"node-name\":\"f1\",\"read-only\":false,\"driver\":\"raw\",\"file\":"
	    "\"s1\","
	    "\"cache\":{\"direct\":true}}\0"
	    "-blockdev\0{\"driver\":\"throttle\",\"node-name\":\"t1\",\"throttle-group\":\"g0\","
	    "\"file\":\"f1\"}\0"
	    "-device\0{\"driver\":\"virtio-blk-pci\",\"iothread\":\"iothread1\",\"num-queues\":4,"
	    "\"drive\":\"t1\",\"id\":\"virtio-disk0\",\"write-cache\":\"on\",\"serial\":\"s\"}\0"
	    "-device\0{\"driver\":\"virtio-scsi-pci\",\"id\":\"scsi0\",\"num_queues\":8}\0"
	    "-device\0{\"driver\":\"scsi-cd\",\"bus\":\"scsi0.0\",\"id\":\"scsi0-0-0-0\"}\0");

	(void)state;
	assert_int_equal(d.n, 2);
	assert_string_equal(d.disk[0].alias, "virtio-disk0");
	assert_string_equal(d.disk[0].bus, "virtio");
	assert_string_equal(d.disk[0].format, "raw");
	assert_string_equal(d.disk[0].cache, "none");
	assert_string_equal(d.disk[0].io, "native");
	assert_string_equal(d.disk[0].iothread, "1");
	assert_string_equal(d.disk[0].source, "/i/a.img");
	assert_string_equal(d.disk[0].source_type, "file");
	assert_string_equal(d.disk[0].limit_group, "g0");
	assert_null(d.disk[0].discard);
	assert_int_equal(d.disk[0].queues, 4);
	assert_int_equal(d.disk[0].limit_requests, 500);
	assert_int_equal(d.disk[0].limit_read, 1000);
	assert_string_equal(d.disk[1].device, "cdrom");
	assert_int_equal(d.disk[1].queues, 8);
	disk_configs_done(&d);
}

static void command_lines_by_hand(void **state)
{
	struct disk_configs d = DISKS(
	    "qemu\0-drive\0file=/a,,b.qcow2,if=virtio,cache=writethrough,aio=io_uring,format=qcow2,"
	    "iops=100,discard=unmap\0-hda\0/x.img\0-drive\0file=c.iso,media=cdrom\0"
	    "-drive\0if=none,id=d,file=nbd:h:1\0-device\0nvme,drive=d,serial=z\0"
	    "-drive\0if=pflash,file=/ovmf\0");

	(void)state;
	assert_int_equal(d.n, 4);
	assert_string_equal(d.disk[0].bus, "nvme");
	assert_string_equal(d.disk[0].source_type, "network");
	assert_string_equal(d.disk[1].source, "/a,b.qcow2");
	assert_string_equal(d.disk[1].cache, "writethrough");
	assert_string_equal(d.disk[1].io, "io_uring");
	assert_int_equal(d.disk[1].limit_requests, 100);
	assert_string_equal(d.disk[2].device, "cdrom");
	assert_string_equal(d.disk[3].alias, "hda");
	disk_configs_done(&d);
	/* Nodes that stand on each other. */
	d = DISKS("q\0-blockdev\0raw,node-name=a,file=b\0-blockdev\0raw,node-name=b,file=a\0"
		  "-device\0virtio-blk,drive=a\0");
	assert_int_equal(d.n, 1);
	assert_null(d.disk[0].source);
	disk_configs_done(&d);
}

/* Devices are known by their whole names, and most are no disk without a drive. */
static void devices_that_are_no_disks(void **state)
{
	static const char *const alias[] = { "v", "u", "cd", "f" };
	struct disk_configs d =
	    DISKS("qemu\0-device\0nvme-subsys,id=s\0-device\0nvme,id=c,serial=x\0"
		  "-device\0nvme-ns,drive=d,bus=c\0-device\0scsi-hd,id=h\0"
		  "-device\0virtio-blk-pci-non-transitional,drive=d,id=v\0"
		  "-device\0vhost-user-blk-pci,chardev=c,id=u\0-device\0scsi-cd,id=cd\0"
		  "-device\0virtio-blk-testing,drive=d\0-device\0floppy,id=f\0");

	(void)state;
	assert_aliases(&d, 1, alias, 4);
	assert_string_equal(d.disk[0].bus, "nvme");
	disk_configs_done(&d);
}

static void caches_and_chains(void **state)
{
	struct disk_configs d =
	    DISKS("qemu\0-blockdev\0{\"driver\":\"qcow2\",\"node-name\":\"a\",\"file\":\"p\","
		  "\"cache-size\":2097152,\"l2-cache-size\":1048576,\"backing\":\"b\"}\0"
		  "-blockdev\0{\"driver\":\"qcow2\",\"node-name\":\"b\",\"backing\":\"c\"}\0"
		  "-blockdev\0{\"driver\":\"qcow2\",\"node-name\":\"c\",\"backing\":null}\0"
		  "-blockdev\0{\"driver\":\"qcow2\",\"node-name\":\"e\"}\0"
		  "-blockdev\0{\"driver\":\"qcow2\",\"node-name\":\"r\",\"backing\":\"r\"}\0"
		  "-blockdev\0throttle,node-name=t,file=b\0"
		  "-device\0virtio-blk,drive=a\0-device\0virtio-blk,drive=t\0"
		  "-device\0virtio-blk,drive=e\0-device\0virtio-blk,drive=r\0"
		  "-drive\0file=x,format=raw,l2-cache-size=1M\0-drive\0file=y,format=qcow2\0");

	(void)state;
	assert_int_equal(d.n, 6);
	assert_int_equal(d.disk[0].metadata_cache, 2 << 20);
	assert_int_equal(d.disk[0].l2_cache, 1 << 20);
	assert_int_equal(d.disk[0].chain, 2);
	assert_int_equal(d.disk[1].chain, 1);
	assert_int_equal(d.disk[2].chain, -1);
	assert_int_equal(d.disk[3].chain, -1);
	assert_int_equal(d.disk[4].chain, 0);
	assert_int_equal(d.disk[4].metadata_cache, 0);
	assert_int_equal(d.disk[4].l2_cache, 1 << 20);
	assert_int_equal(d.disk[5].chain, -1);
	disk_configs_done(&d);
}

static void xml_of_libvirt(void **state)
{
	static const char text[] =
	    "<domain><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2' "
	    "cache='none' io='native' iothread='2' queues='3' discard='unmap'>"
	    "<metadata_cache><max_size unit='MiB'>2</max_size></metadata_cache></driver>"
	    "<source file='/i/top'/><backingStore type='file'><source file='/i/mid'/>"
	    "<backingStore type='file'><source file='/i/base'/><backingStore/></backingStore>"
	    "</backingStore><target dev='vda' bus='virtio'/><iotune><write_bytes_sec>1000"
	    "</write_bytes_sec></iotune><shareable/><alias name='virtio-disk0'/></disk>"
	    "<disk type='network'><source protocol='rbd' name='p/i'/><target dev='sda' bus='scsi'/>"
	    "<address controller='0'/></disk><controller type='scsi' index='0' model='virtio-scsi'>"
	    "<driver queues='5' iothread='1'/></controller><disk/></devices></domain>";
	struct libvirt_domain_xml x;

	(void)state;
	assert_int_equal(libvirt_domain_xml_parse(text, strlen(text), &x), 0);
	assert_int_equal(x.disks.n, 2);
	assert_string_equal(x.disks.disk[0].alias, "virtio-disk0");
	assert_string_equal(x.disks.disk[0].name, "vda");
	assert_int_equal(x.disks.disk[0].chain, 2);
	assert_int_equal(x.disks.disk[0].queues, 3);
	assert_int_equal(x.disks.disk[0].metadata_cache, 2 << 20);
	assert_int_equal(x.disks.disk[0].limit_write, 1000);
	assert_true(x.disks.disk[0].shared);
	assert_string_equal(x.disks.disk[1].source, "rbd:p/i");
	assert_string_equal(x.disks.disk[1].controller, "virtio-scsi");
	assert_string_equal(x.disks.disk[1].iothread, "1");
	assert_int_equal(x.disks.disk[1].queues, 5);
	libvirt_domain_xml_done(&x);
}

/* "qemu-img create -f qcow2 x 64G" of QEMU 7.2, in its first 104 bytes. */
static void make_header(uint8_t p[QCOW2_HEADER_BYTES])
{
	static const uint8_t head[] = { 'Q', 'F', 'I', 0xfb, 0, 0, 0, 3 };

	memset(p, 0, QCOW2_HEADER_BYTES);
	memcpy(p, head, sizeof(head));
	p[23] = 16;
	p[27] = 16;
}

static void headers_of_qcow2(void **state)
{
	uint8_t p[QCOW2_HEADER_BYTES];
	struct qcow2_header h;
	char text[64];

	(void)state;
	make_header(p);
	assert_int_equal(qcow2_parse(p, sizeof(p), &h), 0);
	assert_true(h.size_bytes == 64ULL << 30 && h.cluster_bytes == 65536);
	/* 64 GiB need 8 MiB; 1 MiB covers 8 GiB. */
	assert_true(qcow2_l2_needed(&h) == 8ULL << 20);
	assert_true(qcow2_l2_cache(&h, 0, 0) == 32ULL << 20);
	assert_true(qcow2_l2_cache(&h, 1 << 20, 0) == (1 << 20) - 4 * 65536);
	assert_true(qcow2_l2_cache(&h, 1, 0) == 2 * 65536);
	assert_true(qcow2_l2_cache(&h, 0, 1 << 20) == 1 << 20);
	assert_true(qcow2_l2_cache(&h, 2 << 20, 1 << 20) == 1 << 20);
	p[79] = 16; /* extended L2 entries */
	p[87] = 1;
	p[15] = 1;
	assert_int_equal(qcow2_parse(p, sizeof(p), &h), 0);
	assert_true(qcow2_l2_needed(&h) == 16ULL << 20);
	qcow2_features(&h, text, sizeof(text));
	assert_string_equal(text, "v3 extended-l2 lazy-refcounts backing");
	p[23] = 22;
	assert_int_equal(qcow2_parse(p, sizeof(p), &h), -EINVAL);
	p[23] = 16;
	p[7] = 4;
	assert_int_equal(qcow2_parse(p, sizeof(p), &h), -EINVAL);
	assert_int_equal(qcow2_parse(p, 71, &h), -EINVAL);
	p[0] = 'q';
	assert_int_equal(qcow2_parse(p, sizeof(p), &h), -EINVAL);
}

static struct snapshot *sample(uint64_t second, bool libvirt)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = second * NS_PER_SEC });
	struct key guest = key_process(7, 1);
	struct row *domain = snapshot_row(s, TABLE_DOMAIN, guest);
	struct row *disk = snapshot_row(s, TABLE_DISK, key_of(guest, key_item("a")));
	struct row *sda = snapshot_row(s, TABLE_BLOCKDEV, key_host(key_item("sda")));
	uint64_t at = s->moment.mono_ns;

	cell_set_text(s, domain, DOMAIN_NAME, "web", at);
	cell_set_count(domain, DOMAIN_IO_READ, second * 3000, at);
	cell_set_count(domain, DOMAIN_IO_WRITE, second * 1000, at);
	cell_set_text(s, disk, DISK_HOST_DEVICE, "dm-0", at);
	cell_set_text(s, disk, DISK_HOST_DISKS, "sda sdb", at);
	cell_set_number(disk, DISK_LIMIT_REQUESTS, 400, at);
	if (libvirt) {
		cell_set_count(disk, DISK_READ, second * 1000, at);
		cell_set_count(disk, DISK_WRITE, second * 500, at);
		cell_set_count(disk, DISK_READ_REQUESTS, second * 100, at);
		cell_set_count(disk, DISK_WRITE_REQUESTS, second * 100, at);
		cell_set_count(disk, DISK_READ_TIME, second * 200 * NS_PER_MS, at);
		cell_set_count(disk, DISK_WRITE_TIME, second * 600 * NS_PER_MS, at);
	}
	cell_set_text(s, sda, BLOCKDEV_NAME, "sda", at);
	cell_set_text(s, sda, BLOCKDEV_SCHEDULER, "bfq", at);
	cell_set_count(sda, BLOCKDEV_READS, second * 10, at);
	cell_set_count(sda, BLOCKDEV_WRITES, second * 30, at);
	cell_set_count(sda, BLOCKDEV_READ_TIME, second * 20 * NS_PER_MS, at);
	cell_set_count(sda, BLOCKDEV_WRITE_TIME, second * 180 * NS_PER_MS, at);
	cell_set_count(sda, BLOCKDEV_QUEUE_TIME, second * 200 * NS_PER_MS, at);
	cell_set_count(sda, BLOCKDEV_UTIL, second * 500 * NS_PER_MS, at);
	snapshot_link(s);
	return s;
}

static struct snapshot *derived(bool libvirt)
{
	struct snapshot *before = sample(10, libvirt), *s = sample(12, libvirt);

	snapshot_rate(before, NULL);
	snapshot_rate(s, before);
	snapshot_derive(s);
	snapshot_unref(before);
	return s;
}

static void means_follow_from_counters(void **state)
{
	struct snapshot *s = derived(true);
	const struct row *disk = s->table[TABLE_DISK].row[0];
	const struct row *sda = s->table[TABLE_BLOCKDEV].row[0];
	const struct row *domain = s->table[TABLE_DOMAIN].row[0];

	(void)state;
	assert_true(NEAR(cell_number(disk, DISK_LATENCY, 0), 0.004));
	assert_true(NEAR(cell_number(disk, DISK_READ_LATENCY, 0), 0.002));
	assert_true(NEAR(cell_number(disk, DISK_WRITE_LATENCY, 0), 0.006));
	assert_int_equal(disk->cell[DISK_FLUSH_LATENCY].state, STATE_ABSENT);
	assert_true(NEAR(cell_number(disk, DISK_QUEUE, 0), 0.8));
	assert_true(NEAR(cell_number(disk, DISK_REQUESTS, 0), 200));
	assert_true(NEAR(cell_number(disk, DISK_LIMIT_USED, 0), 0.5));
	assert_string_equal(cell_text(disk, DISK_METHOD), "libvirt");
	assert_string_equal(cell_text(disk, DISK_HOST_SCHEDULER), "bfq");
	assert_string_equal(cell_text(disk, DISK_DOMAIN), "web");
	assert_false(cell_has(disk, DISK_HOST_UTIL));
	assert_true(NEAR(cell_number(sda, BLOCKDEV_AWAIT, 0), 0.005));
	assert_true(NEAR(cell_number(sda, BLOCKDEV_WRITE_AWAIT, 0), 0.006));
	assert_true(NEAR(cell_number(sda, BLOCKDEV_QUEUE, 0), 0.2));
	assert_true(NEAR(sda->cell[BLOCKDEV_UTIL].rate, 0.5));
	assert_string_equal(cell_text(sda, BLOCKDEV_GUESTS), "web");
	assert_true(NEAR(cell_number(domain, DOMAIN_DISK_READ, 0), 1000));
	assert_true(NEAR(cell_number(domain, DOMAIN_DISK_LATENCY, 0), 0.004));
	assert_true(NEAR(cell_number(domain, DOMAIN_DISK, 0), 4000));
	assert_string_equal(cell_text(domain, DOMAIN_DISK_METHOD), "libvirt");
	snapshot_unref(s);
}

/* Its only disk does all that the process does; which is said. */
static void without_libvirt_the_process_tells(void **state)
{
	struct snapshot *s = derived(false);
	const struct row *disk = s->table[TABLE_DISK].row[0];
	const struct row *domain = s->table[TABLE_DOMAIN].row[0];

	(void)state;
	assert_string_equal(cell_text(disk, DISK_METHOD), "process");
	assert_true(NEAR(cell_number(disk, DISK_THROUGHPUT, 0), 4000));
	assert_false(cell_has(disk, DISK_REQUESTS));
	/* It may well be at its limit. */
	assert_int_equal(disk->cell[DISK_LIMIT_USED].state, STATE_UNKNOWN);
	assert_false(cell_has(disk, DISK_LATENCY));
	assert_true(NEAR(cell_number(domain, DOMAIN_DISK_WRITE, 0), 1000));
	assert_string_equal(cell_text(domain, DOMAIN_DISK_METHOD), "process");
	snapshot_unref(s);
}

/* Of several limits none may be left out: the one that nobody can tell of may be the nearest. */
static void every_limit_must_be_told_of(void **state)
{
	struct snapshot *before = sample(10, true), *s = sample(12, true);
	struct row *disk = s->table[TABLE_DISK].row[0];

	(void)state;
	snapshot_rate(before, NULL);
	cell_set_number(disk, DISK_CGROUP_LIMIT_READS, 1000, s->moment.mono_ns);
	snapshot_rate(s, before);
	snapshot_derive(s);
	assert_int_equal(disk->cell[DISK_LIMIT_USED].state, STATE_UNKNOWN);
	cell_set_count(before->table[TABLE_DISK].row[0], DISK_CGROUP_READS, 0, NS_PER_SEC);
	cell_set_count(disk, DISK_CGROUP_READS, 9900, s->moment.mono_ns);
	snapshot_rate(s, before);
	snapshot_derive(s);
	assert_true(NEAR(cell_number(disk, DISK_LIMIT_USED, 0), 0.9));
	snapshot_unref(before);
	snapshot_unref(s);
}

/* Each tells what it knows best; a second disk, and the process's figures are those of both. */
static void cgroups_tell_of_several_disks(void **state)
{
	struct snapshot *before = sample(10, false), *s = sample(12, false);
	struct row *disk = s->table[TABLE_DISK].row[0];

	(void)state;
	cell_set_count(before->table[TABLE_DISK].row[0], DISK_CGROUP_READ, 0, NS_PER_SEC * 10);
	cell_set_count(before->table[TABLE_DISK].row[0], DISK_CGROUP_READS, 0, NS_PER_SEC * 10);
	cell_set_count(disk, DISK_CGROUP_READ, 1400, s->moment.mono_ns);
	cell_set_count(disk, DISK_CGROUP_READS, 20, s->moment.mono_ns);
	snapshot_rate(before, NULL);
	snapshot_rate(s, before);
	snapshot_derive(s);
	assert_string_equal(cell_text(disk, DISK_METHOD), "process");
	assert_true(NEAR(cell_number(disk, DISK_THROUGHPUT, 0), 4000));
	assert_true(NEAR(cell_number(disk, DISK_REQUESTS, 0), 10));
	snapshot_row(s, TABLE_DISK, key_of(key_process(7, 1), key_item("b")));
	snapshot_link(s);
	snapshot_derive(s);
	assert_string_equal(cell_text(disk, DISK_METHOD), "cgroup");
	assert_true(NEAR(cell_number(disk, DISK_THROUGHPUT, 0), 700));
	snapshot_unref(before);
	snapshot_unref(s);
}

/* A group's limit is taken up by all of its disks together. */
static void disks_of_a_group_share_its_limits(void **state)
{
	struct snapshot *s[2] = { sample(10, true), sample(12, true) };

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint64_t at = s[i]->moment.mono_ns, second = at / NS_PER_SEC;

		cell_set_text(s[i], s[i]->table[TABLE_DISK].row[0], DISK_LIMIT_GROUP, "g", at);
		for (uint64_t item = 1; item <= 2; item++) {
			struct row *row =
			    snapshot_row(s[i], TABLE_DISK, key_of(key_process(7, 1), item));

			cell_set_text(s[i], row, DISK_LIMIT_GROUP, item == 1 ? "g" : "other", at);
			cell_set_number(row, DISK_LIMIT_REQUESTS, 400, at);
			cell_set_count(row, DISK_READ_REQUESTS, second * 50, at);
			cell_set_count(row, DISK_WRITE_REQUESTS, second * 50, at);
		}
		snapshot_link(s[i]);
		snapshot_rate(s[i], i ? s[0] : NULL);
	}
	snapshot_derive(s[1]);
	for (size_t i = 0; i < 3; i++) {
		const struct row *row = s[1]->table[TABLE_DISK].row[i];
		bool grouped = strcmp(cell_text(row, DISK_LIMIT_GROUP), "g") == 0;

		assert_true(NEAR(cell_number(row, DISK_LIMIT_USED, 0), grouped ? 0.75 : 0.25));
	}
	snapshot_unref(s[0]);
	snapshot_unref(s[1]);
}

/* QEMU was asked anew, and counts writes from 0: the time of writes is none of the reads'. */
static void means_need_time_and_number(void **state)
{
	struct snapshot *before = sample(10, true), *s = sample(12, true);
	struct row *disk = s->table[TABLE_DISK].row[0];

	(void)state;
	snapshot_rate(before, NULL);
	cell_set_count(disk, DISK_WRITE_REQUESTS, 3, s->moment.mono_ns);
	snapshot_rate(s, before);
	snapshot_derive(s);
	assert_true(NEAR(cell_number(disk, DISK_LATENCY, 0), 0.002));
	assert_false(cell_has(disk, DISK_WRITE_LATENCY));
	snapshot_unref(before);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvirts_command_line),
		cmocka_unit_test(command_lines_by_hand),
		cmocka_unit_test(devices_that_are_no_disks),
		cmocka_unit_test(caches_and_chains),
		cmocka_unit_test(xml_of_libvirt),
		cmocka_unit_test(headers_of_qcow2),
		cmocka_unit_test(means_follow_from_counters),
		cmocka_unit_test(without_libvirt_the_process_tells),
		cmocka_unit_test(every_limit_must_be_told_of),
		cmocka_unit_test(cgroups_tell_of_several_disks),
		cmocka_unit_test(disks_of_a_group_share_its_limits),
		cmocka_unit_test(means_need_time_and_number),
	};

	libvirt_xml_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
