/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies behind images: LVM on two disks, a loop device, NFS, cgroups of both versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "collectors/block_stack.h"
#include "collectors/images.h"
#include "tests/unit/captured.h"

#define SCOPE "/machine.slice/web.scope"

static void block(struct captured *h, const char *name, const char *number, const char *bytes)
{
	char path[128], target[128];

	snprintf(target, sizeof(target), "../../devices/virtual/block/%s", name);
	snprintf(path, sizeof(path), "sys/class/block/%s", name);
	captured_link(h, path, target);
	snprintf(path, sizeof(path), "sys/dev/block/%s", number);
	captured_link(h, path, target);
	snprintf(path, sizeof(path), "sys/class/block/%s/dev", name);
	captured_file(h, path, number);
	snprintf(path, sizeof(path), "sys/class/block/%s/size", name);
	captured_file(h, path, bytes);
}

static void write_devices(struct captured *h)
{
	block(h, "sda", "8:0", "1000\n");
	block(h, "sdb", "8:16", "1000\n");
	block(h, "dm-0", "253:0", "500\n");
	block(h, "loop0", "7:0", "100\n");
	captured_link(h, "sys/class/block/sda1", "../../devices/pci/block/sda/sda1");
	captured_file(h, "sys/class/block/sda1/partition", "1\n");
	captured_link(h, "sys/class/block/dm-0/slaves/sda1", "../../sda/sda1");
	captured_link(h, "sys/class/block/dm-0/slaves/sdb", "../../sdb");
	captured_file(h, "sys/class/block/dm-0/dm/name", "vg-lv--1\n");
	captured_file(h, "sys/class/block/dm-0/dm/uuid", "LVM-abc\n");
	captured_file(h, "sys/class/block/sda/queue/scheduler", "none [mq-deadline] bfq\n");
	captured_file(h, "sys/class/block/sda/queue/rotational", "1\n");
	captured_file(h, "sys/class/block/sda/queue/write_cache", "write back\n");
	captured_file(h, "sys/class/block/loop0/loop/backing_file", "/images/l.img\n");
}

static void write_guest(struct captured *h)
{
	captured_file(h, "proc/self/mountinfo",
	    "30 1 253:0 / /images rw,noatime shared:1 - xfs /dev/mapper/vg-lv--1 rw,attr2\n");
	captured_file(h, "proc/70/mountinfo",
	    "40 1 253:0 / /images rw,noatime shared:1 - xfs /dev/mapper/vg-lv--1 rw,attr2\n"
	    "41 1 0:50 / /net rw - nfs4 srv:/export rw,vers=4.2,soft\n");
	captured_link(h, "proc/70/fd/3", "/dev/kvm");
	captured_link(h, "proc/70/fd/11", "/images/real/a.qcow2");
	captured_link(h, "proc/70/fd/12", "/dev/dm-0");
	captured_link(h, "proc/70/fd/13", "/net/n.img");
	captured_link(h, "proc/70/fd/14", "/dev/loop0");
	captured_file(h, "proc/70/fdinfo/11", "pos:\t0\nflags:\t02\nmnt_id:\t40\n");
	captured_file(h, "proc/70/fdinfo/13", "pos:\t0\nmnt_id:\t41\n");
	captured_file(h, "kvmtop/images/70/11",
	    "514649fb000000030000000000000000000000000000001000000010000000000000000000000000"
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "0000000000000000000000000000000000000000000000000000000000000000\n");
	captured_file(h, "proc/70/mountstats",
	    "device proc mounted on /proc with fstype proc\n"
	    "device srv:/export mounted on /net with fstype nfs4 statvers=1.1\n"
	    "\tbytes:\t7 7 7 7 80000 160000 20 40\n"
	    "\tper-op statistics\n"
	    "\t        READ: 10 12 1 2000 81920 5 40 50 0\n"
	    "\t       WRITE: 20 20 0 163840 2400 5 60 100 0\n"
	    "\t      COMMIT: 2 2 0 300 300 0 8 9 0\n"
	    "device other:/x mounted on /y with fstype nfs4 statvers=1.1\n"
	    "\t        READ: 99 99 9 9 9 9 9 9 0\n");
}

static struct row *disk(
    struct captured *h, const char *name, const char *source, const char *format)
{
	struct row *row =
	    snapshot_row(h->now, TABLE_DISK, key_of(key_process(70, 7), key_item(name)));

	cell_set_text(h->now, row, DISK_NAME, name, 1);
	cell_set_text(h->now, row, DISK_SOURCE, source, 1);
	cell_set_text(h->now, row, DISK_FORMAT, format, 1);
	return row;
}

static void begin(struct captured *h, const char *mounts, const char *cgroup)
{
	captured_sample(h, 5);
	write_devices(h);
	write_guest(h);
	captured_file(h, "proc/self/mounts", mounts);
	captured_file(h, "proc/70/cgroup", cgroup);
}

/* After what the host is like, and before its disks. */
static void begin_guest(struct captured *h)
{
	h->state = images_open(&h->options);
	captured_next(h);
	captured_guest(h, 70, "web");
}

/* Started by hand: "-drive file=a.raw". Two files bear that name. */
static void names_without_a_directory(void **state)
{
	struct captured h = { 0 };
	struct row *a, *only, *no;

	(void)state;
	begin(&h, "", "0::/\n");
	captured_link(&h, "proc/70/cwd", "/images/here");
	captured_link(&h, "proc/70/fd/20", "/net/a.raw");
	captured_link(&h, "proc/70/fd/21", "/images/here/a.raw");
	captured_file(&h, "proc/70/fdinfo/20", "mnt_id:\t41\n");
	captured_file(&h, "proc/70/fdinfo/21", "mnt_id:\t40\n");
	begin_guest(&h);
	a = disk(&h, "vda", "a.raw", "raw");
	only = disk(&h, "vdb", "../net/n.img", "raw");
	no = disk(&h, "vdc", "ssh:filer:b.raw", "raw");
	for (size_t i = 0; i < h.now->table[TABLE_DISK].n; i++)
		cell_set_text(h.now, h.now->table[TABLE_DISK].row[i], DISK_SOURCE_TYPE, "file", 1);
	captured_read(&h, images_read, false);
	assert_string_equal(cell_text(a, DISK_HOST_DEVICE), "dm-0");
	assert_string_equal(cell_text(a, DISK_FILESYSTEM), "xfs");
	assert_string_equal(cell_text(only, DISK_HOST_DEVICE), "srv:/export");
	assert_false(cell_has(no, DISK_HOST_DEVICE));
	captured_done(&h, images_close);
}

static void devices_are_found_without_touching_images(void **state)
{
	struct captured h = { 0 };
	struct row *a, *b, *n, *l;
	const struct row *nfs;

	(void)state;
	begin(&h, "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", "0::" SCOPE "\n");
	captured_file(&h, "sys/fs/cgroup" SCOPE "/io.stat",
	    "8:0 rbytes=1 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n"
	    "7:0 rbytes=4096 wbytes=8192 rios=3 wios=4 dbytes=0 dios=0\n");
	captured_file(
	    &h, "sys/fs/cgroup" SCOPE "/io.max", "7:0 rbps=max wbps=1000000 riops=50 wiops=max\n");
	captured_file(&h, "sys/fs/cgroup" SCOPE "/io.weight", "default 200\n7:0 300\n");
	begin_guest(&h);
	a = disk(&h, "vda", "/images/link/a.qcow2", "qcow2");
	b = disk(&h, "vdb", "/dev/vg/lv-1", "raw");
	n = disk(&h, "vdc", "/net/n.img", "qcow2");
	l = disk(&h, "vdd", "/dev/loop0", "raw");
	captured_read(&h, images_read, false);
	assert_int_equal(h.outcome, STATE_OK);
	assert_string_equal(cell_text(a, DISK_HOST_DEVICE), "dm-0");
	assert_string_equal(cell_text(a, DISK_HOST_DISKS), "sda sdb");
	assert_string_equal(cell_text(a, DISK_FILESYSTEM), "xfs");
	assert_string_equal(cell_text(a, DISK_MOUNT), "/images");
	assert_string_equal(cell_text(a, DISK_MOUNT_OPTIONS), "rw,noatime rw,attr2");
	assert_string_equal(cell_text(b, DISK_HOST_DEVICE), "dm-0");
	assert_false(cell_has(b, DISK_FILESYSTEM));
	assert_string_equal(cell_text(n, DISK_HOST_DEVICE), "srv:/export");
	assert_false(cell_has(n, DISK_CLUSTER));
	assert_string_equal(cell_text(l, DISK_HOST_DEVICE), "loop0");
	assert_string_equal(cell_text(l, DISK_HOST_DISKS), "sda sdb");
	nfs = snapshot_find(h.now, TABLE_BLOCKDEV, key_host(key_item("srv:/export")));
	assert_non_null(nfs);
	assert_int_equal(nfs->cell[BLOCKDEV_READS].count, 10);
	assert_int_equal(nfs->cell[BLOCKDEV_READ].count, 80000);
	assert_int_equal(nfs->cell[BLOCKDEV_WRITE].count, 160000);
	assert_int_equal(nfs->cell[BLOCKDEV_RETRANSMITS].count, 2);
	assert_int_equal(nfs->cell[BLOCKDEV_FLUSHES].count, 2);
	assert_int_equal(l->cell[DISK_CGROUP_READ].count, 4096);
	assert_int_equal(l->cell[DISK_CGROUP_WRITES].count, 4);
	assert_int_equal((int)cell_number(l, DISK_CGROUP_LIMIT_WRITE, 0), 1000000);
	assert_int_equal((int)cell_number(l, DISK_CGROUP_LIMIT_READS, 0), 50);
	assert_false(cell_has(l, DISK_CGROUP_LIMIT_READ));
	assert_int_equal((int)cell_number(l, DISK_CGROUP_WEIGHT, 0), 300);
	assert_int_equal((int)cell_number(a->domain, DOMAIN_IO_WEIGHT, 0), 200);
	captured_done(&h, images_close);
}

/* Without libvirt: of a device its own size, of a file what was read of it. */
static void sizes_without_libvirt(void **state)
{
	struct captured h = { 0 };
	struct row *a, *b, *n, *x;

	(void)state;
	begin(&h, "", "");
	captured_link(&h, "proc/70/fd/15", "/images/x.img");
	captured_file(&h, "proc/70/fdinfo/15", "pos:\t0\nflags:\t02\nmnt_id:\t40\n");
	captured_file(&h, "kvmtop/images/70/15.size", "10000 512\n");
	captured_file(&h, "kvmtop/images/70/11.size", "10000 1024\n");
	begin_guest(&h);
	a = disk(&h, "vda", "/images/link/a.qcow2", "qcow2");
	b = disk(&h, "vdb", "/dev/vg/lv-1", "raw");
	n = disk(&h, "vdc", "/images/x.img", "raw");
	x = disk(&h, "vdd", "/dev/loop0", "raw");
	cell_set_text(h.now, x, DISK_SHARED, "no", 1);
	captured_read(&h, images_read, false);
	assert_true(cell_number(a, DISK_CAPACITY, 0) == 64.0 * (1 << 30));
	assert_int_equal((int)cell_number(a, DISK_PHYSICAL, 0), 1024);
	assert_int_equal((int)cell_number(b, DISK_CAPACITY, 0), 500 * 512);
	assert_int_equal((int)cell_number(n, DISK_CAPACITY, 0), 10000);
	assert_int_equal((int)cell_number(n, DISK_PHYSICAL, 0), 512);
	assert_int_equal((int)cell_number(a, DISK_ALLOCATION, 0), 1024);
	assert_int_equal((int)cell_number(n, DISK_ALLOCATION, 0), 512);
	assert_false(cell_has(b, DISK_ALLOCATION));
	assert_false(cell_has(x, DISK_CAPACITY));
	captured_done(&h, images_close);
}

/* What the other processes of a session do is no guest's. */
static void groups_with_others_tell_nothing(void **state)
{
	static const char *const processes[] = { "70\n", "70\n71\n", "71\n", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(processes) / sizeof(processes[0]); i++) {
		struct captured h = { 0 };
		struct row *l;

		begin(&h, "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
		    "0::/user.slice/session-1.scope\n");
		captured_file(
		    &h, "sys/fs/cgroup/user.slice/session-1.scope/cgroup.procs", processes[i]);
		captured_file(&h, "sys/fs/cgroup/user.slice/session-1.scope/io.stat",
		    "7:0 rbytes=4096 wbytes=8192 rios=3 wios=4 dbytes=0 dios=0\n");
		captured_file(&h, "sys/fs/cgroup/user.slice/session-1.scope/io.max",
		    "7:0 rbps=max wbps=1000000 riops=50 wiops=max\n");
		captured_file(&h, "sys/fs/cgroup/user.slice/session-1.scope/io.weight",
		    "default 200\n7:0 300\n");
		begin_guest(&h);
		l = disk(&h, "vdd", "/dev/loop0", "raw");
		captured_read(&h, images_read, false);
		assert_int_equal(cell_has(l, DISK_CGROUP_READ), i == 0);
		assert_int_equal(cell_has(l, DISK_CGROUP_WEIGHT), i == 0);
		assert_int_equal(cell_has(l->domain, DOMAIN_IO_WEIGHT), i == 0);
		/* Limits hold the guest, too. */
		assert_int_equal((int)cell_number(l, DISK_CGROUP_LIMIT_WRITE, 0), 1000000);
		captured_done(&h, images_close);
	}
}

/* Requests to a device go through those that it is made of. */
static void limits_below_the_device_count(void **state)
{
	struct captured h = { 0 };
	struct row *b;

	(void)state;
	begin(&h, "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", "0::" SCOPE "\n");
	captured_file(&h, "sys/fs/cgroup" SCOPE "/io.max",
	    "8:0 rbps=5000 wbps=900 riops=max wiops=max\n"
	    "8:16 rbps=4000 wbps=max riops=max wiops=max\n"
	    "253:0 rbps=max wbps=800 riops=max wiops=max\n");
	captured_file(&h, "sys/fs/cgroup" SCOPE "/io.weight", "default 200\n8:16 300\n");
	begin_guest(&h);
	b = disk(&h, "vdb", "/dev/vg/lv-1", "raw");
	captured_read(&h, images_read, false);
	assert_int_equal((int)cell_number(b, DISK_CGROUP_LIMIT_READ, 0), 4000);
	assert_int_equal((int)cell_number(b, DISK_CGROUP_LIMIT_WRITE, 0), 800);
	assert_false(cell_has(b, DISK_CGROUP_LIMIT_READS));
	assert_int_equal((int)cell_number(b, DISK_CGROUP_WEIGHT, 0), 300);
	captured_done(&h, images_close);
}

static void version_1_has_a_file_for_each_figure(void **state)
{
	static const char dir[] = "sys/fs/cgroup/blkio" SCOPE;
	struct captured h = { 0 };
	char path[160];
	struct row *l;

	(void)state;
	begin(&h, "cgroup /sys/fs/cgroup/blkio cgroup rw,blkio 0 0\n",
	    "7:blkio:" SCOPE "/emulator\n");
	snprintf(path, sizeof(path), "%s/blkio.throttle.io_service_bytes_recursive", dir);
	captured_file(&h, path, "7:0 Read 512\n7:0 Write 1024\n7:0 Total 1536\nTotal 1536\n");
	snprintf(path, sizeof(path), "%s/blkio.throttle.write_bps_device", dir);
	captured_file(&h, path, "7:0 5000\n");
	/* Kernels before 4.2 count no other way. */
	snprintf(path, sizeof(path), "%s/blkio.throttle.io_serviced", dir);
	captured_file(&h, path, "7:0 Read 5\n7:0 Write 6\nTotal 11\n");
	snprintf(path, sizeof(path), "%s/blkio.bfq.weight", dir);
	captured_file(&h, path, "500\n");
	snprintf(path, sizeof(path), "%s/blkio.bfq.weight_device", dir);
	captured_file(&h, path, "8:0 100\n7:0 700\n");
	begin_guest(&h);
	l = disk(&h, "vdd", "/dev/loop0", "raw");
	captured_read(&h, images_read, false);
	assert_int_equal(l->cell[DISK_CGROUP_READ].count, 512);
	assert_int_equal(l->cell[DISK_CGROUP_WRITE].count, 1024);
	assert_int_equal(l->cell[DISK_CGROUP_READS].count, 5);
	assert_int_equal((int)cell_number(l, DISK_CGROUP_WEIGHT, 0), 700);
	assert_int_equal((int)cell_number(l, DISK_CGROUP_LIMIT_WRITE, 0), 5000);
	assert_int_equal((int)cell_number(l->domain, DOMAIN_IO_WEIGHT, 0), 500);
	captured_done(&h, images_close);
}

static void devices_of_the_host(void **state)
{
	struct captured h = { 0 };
	const struct row *sda, *dm;

	(void)state;
	captured_sample(&h, 5);
	write_devices(&h);
	captured_file(&h, "proc/diskstats",
	    "   8       0 sda 10 1 80 20 30 2 240 180 2 500 200 1 0 8 1 4 12\n"
	    "   8       1 sda1 1 1 1 1 1 1 1 1 1 1 1\n"
	    " 253       0 dm-0 5 0 40 10 0 0 0 0 0 10 10\n"
	    "   7       1 loop1 0 0 0 0 0 0 0 0 0 0 0\n"
	    "   8      16 sdb 1 x\nnonsense\n");
	h.state = blockdevs_open(&h.options);
	captured_next(&h);
	captured_read(&h, blockdevs_read, false);
	assert_int_equal(h.now->table[TABLE_BLOCKDEV].n, 3);
	sda = snapshot_find(h.now, TABLE_BLOCKDEV, key_host(key_item("sda")));
	assert_int_equal(sda->cell[BLOCKDEV_READ].count, 80 * 512);
	assert_int_equal(sda->cell[BLOCKDEV_WRITES].count, 30);
	assert_true(sda->cell[BLOCKDEV_UTIL].count == 500 * NS_PER_MS);
	assert_int_equal(sda->cell[BLOCKDEV_FLUSHES].count, 4);
	assert_int_equal((int)cell_number(sda, BLOCKDEV_IN_FLIGHT, 0), 2);
	assert_string_equal(cell_text(sda, BLOCKDEV_SCHEDULER), "mq-deadline");
	assert_string_equal(cell_text(sda, BLOCKDEV_WRITE_CACHE), "write back");
	assert_int_equal((int)cell_number(sda, BLOCKDEV_ROTATIONAL, 0), 1);
	dm = snapshot_find(h.now, TABLE_BLOCKDEV, key_host(key_item("dm-0")));
	assert_string_equal(cell_text(dm, BLOCKDEV_KIND), "lvm");
	assert_string_equal(cell_text(dm, BLOCKDEV_ALIAS), "vg-lv--1");
	assert_string_equal(cell_text(dm, BLOCKDEV_BELOW), "sda1 sdb");
	assert_false(cell_has(dm, BLOCKDEV_FLUSHES));
	captured_done(&h, blockdevs_close);
}

static void too_many_devices_are_said(void **state)
{
	struct captured h = { 0 };
	struct text lines = { 0 };
	char line[64];

	(void)state;
	for (int second = 5; second <= 6; second++) {
		int n = second == 6 ? 4097 : 4096;

		lines.len = 0;
		for (int i = 0; i < n; i++) {
			int len = snprintf(line, sizeof(line), " 7 %d loop%d 0 0 0 0\n", i, i);

			text_append(&lines, line, (size_t)len);
		}
		captured_sample(&h, second);
		captured_file(&h, "proc/diskstats", lines.p);
	}
	h.state = blockdevs_open(&h.options);
	captured_next(&h);
	captured_read(&h, blockdevs_read, false);
	assert_null(strstr(h.note, "left out"));
	captured_next(&h);
	captured_read(&h, blockdevs_read, false);
	assert_non_null(strstr(h.note, "1 block device beyond the first 4096 is left out."));
	captured_done(&h, blockdevs_close);
	text_done(&lines);
}

/* All names of the device mapper are read once, whoever asks how often. */
static void names_of_the_device_mapper(void **state)
{
	struct captured h = { 0 };
	struct dm_names dm = { 0 };
	char name[BLOCK_NAME_SIZE];

	(void)state;
	captured_sample(&h, 5);
	write_devices(&h);
	captured_sample(&h, 6);
	captured_next(&h);
	assert_true(block_of_path(h.root, &dm, "/dev/vg/lv-1", name));
	assert_string_equal(name, "dm-0");
	/* Here there is no device any more. */
	captured_next(&h);
	assert_true(block_of_path(h.root, &dm, "/dev/mapper/vg-lv--1", name));
	assert_string_equal(name, "dm-0");
	assert_false(block_of_path(h.root, &dm, "/dev/vg/lv-2", name));
	dm_names_done(&dm);
	assert_false(block_of_path(h.root, &dm, "/dev/vg/lv-1", name));
	dm_names_done(&dm);
	h.state = blockdevs_open(&h.options);
	captured_done(&h, blockdevs_close);
}

/* The guest is this test, and its image a file that it has open. */
static void another_file_by_the_same_descriptor_is_noticed(void **state)
{
	char first[] = "/tmp/kvmtop-image-XXXXXX", second[] = "/tmp/kvmtop-image-XXXXXX";
	int fd = mkstemp(first), other = mkstemp(second);
	struct image image = { .fd = -1, .source = xstrdup(first) };
	struct image_guest g = {
		.key = key_process((uint32_t)getpid(), 1), .image = &image, .n = 1
	};
	struct dm_names dm = { 0 };
	struct reading r = { .now_ns = NS_PER_SEC };
	struct root *root;

	(void)state;
	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(root_open("/", &root), 0);
	r.root = root;
	images_look(&r, &g, &dm);
	assert_int_equal(image.fd, fd);
	assert_true(images_are_open(&r, &g));
	/* As many descriptors as before. */
	assert_int_equal(dup2(other, fd), fd);
	assert_false(images_are_open(&r, &g));
	images_look(&r, &g, &dm);
	assert_int_equal(image.fd, -1);
	assert_true(images_are_open(&r, &g));
	close(fd);
	close(other);
	unlink(first);
	unlink(second);
	image_done(&image);
	dm_names_done(&dm);
	root_close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_file_by_the_same_descriptor_is_noticed),
		cmocka_unit_test(names_without_a_directory),
		cmocka_unit_test(devices_are_found_without_touching_images),
		cmocka_unit_test(sizes_without_libvirt),
		cmocka_unit_test(groups_with_others_tell_nothing),
		cmocka_unit_test(limits_below_the_device_count),
		cmocka_unit_test(version_1_has_a_file_for_each_figure),
		cmocka_unit_test(names_of_the_device_mapper),
		cmocka_unit_test(devices_of_the_host),
		cmocka_unit_test(too_many_devices_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
