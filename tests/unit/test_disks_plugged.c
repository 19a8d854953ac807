/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks that were unplugged or plugged in while the guest ran. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/captured.h"

#define QEMU                                                                                     \
	"/usr/bin/qemu-system-x86_64\0-drive\0file=/i/a.img,if=none,id=a,format=raw\0-device\0"  \
	"virtio-blk-pci,drive=a,id=va\0-drive\0file=/i/b.img,if=none,id=b,format=raw\0-device\0" \
	"virtio-blk-pci,drive=b,id=vb\0-device\0ide-cd,id=cd\0-bios\0/fw/bios.fd\0"

static void begin(struct captured *h)
{
	*h = (struct captured){ .state = disks_open(NULL) };
	captured_sample(h, 10);
	captured_bytes(h, "proc/42/cmdline", QEMU, sizeof(QEMU) - 1);
}

static void open_file(struct captured *h, int fd, const char *target, const char *flags)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "proc/42/fd/%d", fd);
	captured_link(h, path, target);
	snprintf(path, sizeof(path), "proc/42/fdinfo/%d", fd);
	snprintf(text, sizeof(text), "pos:\t0\nflags:\t%s\nmnt_id:\t1\n", flags);
	captured_file(h, path, text);
}

static const struct row *disk(const struct captured *h, const char *alias)
{
	return snapshot_find(h->now, TABLE_DISK, key_of(key_process(42, 7), key_item(alias)));
}

static void take(struct captured *h)
{
	captured_next(h);
	captured_guest(h, 42, "web");
	captured_read(h, disks_read, false);
}

static void unplugged_disks_are_gone(void **state)
{
	struct captured h;

	(void)state;
	begin(&h);
	open_file(&h, 9, "/i/a.img", "02100002");
	open_file(&h, 10, "/log/web.log", "02102001");
	open_file(&h, 11, "/fw/bios.fd", "02100002");
	take(&h);
	assert_non_null(disk(&h, "va"));
	assert_null(disk(&h, "vb"));
	assert_non_null(disk(&h, "cd"));
	assert_int_equal(h.now->table[TABLE_DISK].n, 2);
	captured_done(&h, disks_close);
}

static void plugged_disks_are_found(void **state)
{
	struct captured h;
	const struct row *row;

	(void)state;
	begin(&h);
	open_file(&h, 9, "/i/a.img", "02100002");
	open_file(&h, 10, "/i/b.img", "02100002");
	open_file(&h, 11, "/i/new.img", "02140002");
	open_file(&h, 12, "/i/new.img", "02140002");
	open_file(&h, 13, "/i/below.img", "02100000");
	open_file(&h, 14, "/i/c.img (deleted)", "02100002");
	take(&h);
	row = disk(&h, "/i/new.img");
	assert_non_null(row);
	assert_string_equal(cell_text(row, DISK_NAME), "new.img");
	assert_string_equal(cell_text(row, DISK_SOURCE), "/i/new.img");
	assert_false(cell_has(row, DISK_CACHE));
	assert_int_equal(h.now->table[TABLE_DISK].n, 4);
	captured_done(&h, disks_close);
}

/* QEMU was started in the directory of its image, which is no other disk for that. */
static void names_without_a_directory_are_known(void **state)
{
	static const char qemu[] = "qemu\0-drive\0file=a.raw,format=raw,if=virtio";
	struct captured h = { .state = disks_open(NULL) };

	(void)state;
	captured_sample(&h, 10);
	captured_bytes(&h, "proc/42/cmdline", qemu, sizeof(qemu));
	captured_link(&h, "proc/42/cwd", "/here");
	open_file(&h, 8, "/there/a.raw", "02100000");
	open_file(&h, 9, "/here/a.raw", "02100002");
	take(&h);
	assert_int_equal(h.now->table[TABLE_DISK].n, 1);
	assert_string_equal(cell_text(h.now->table[TABLE_DISK].row[0], DISK_SOURCE), "a.raw");
	captured_done(&h, disks_close);
}

/* The path on the command line was a link: it may be the image that is open by another name. */
static void links_are_not_taken_for_gone(void **state)
{
	struct captured h;

	(void)state;
	begin(&h);
	open_file(&h, 9, "/i/a.img", "02100002");
	open_file(&h, 10, "/i/v2.img", "02100002");
	take(&h);
	assert_non_null(disk(&h, "va"));
	assert_non_null(disk(&h, "vb"));
	assert_int_equal(h.now->table[TABLE_DISK].n, 3);
	captured_done(&h, disks_close);
}

/* What was named without its directory, or by a set of descriptors, is no other disk. */
static void other_names_are_no_other_disks(void **state)
{
	static const char relative[] =
	    "/usr/bin/qemu-system-x86_64\0-drive\0file=c.img,if=none,id=c,format=raw\0-device\0"
	    "virtio-blk-pci,drive=c,id=vc\0";
	static const char set[] =
	    "/usr/bin/qemu-system-x86_64\0-blockdev\0file,filename=/dev/fdset/3,node-name=c\0"
	    "-device\0virtio-blk-pci,drive=c,id=vc\0";

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct captured h = { .state = disks_open(NULL) };

		captured_sample(&h, 10);
		captured_bytes(&h, "proc/42/cmdline", i ? set : relative,
		    i ? sizeof(set) - 1 : sizeof(relative) - 1);
		open_file(&h, 9, "/home/me/c.img", "02100002");
		take(&h);
		assert_non_null(disk(&h, "vc"));
		assert_int_equal(h.now->table[TABLE_DISK].n, 1);
		captured_done(&h, disks_close);
	}
}

/* What may not be seen is not gone. */
static void without_descriptors_all_stay(void **state)
{
	struct captured h;

	(void)state;
	begin(&h);
	take(&h);
	assert_int_equal(h.now->table[TABLE_DISK].n, 3);
	captured_done(&h, disks_close);
}

static void the_xml_knows_best(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	begin(&h);
	open_file(&h, 9, "/i/a.img", "02100002");
	open_file(&h, 10, "/i/other.img", "02100002");
	captured_next(&h);
	cell_set_number(captured_guest(&h, 42, "web"), DOMAIN_VCPUS_MAXIMUM, 2, 1);
	row = snapshot_row(h.now, TABLE_DISK, key_of(key_process(42, 7), key_item("cd")));
	cell_set_text(h.now, row, DISK_SHARED, "no", 1);
	captured_read(&h, disks_read, false);
	assert_non_null(disk(&h, "va"));
	assert_null(disk(&h, "vb"));
	assert_non_null(disk(&h, "cd"));
	assert_int_equal(h.now->table[TABLE_DISK].n, 2);
	captured_done(&h, disks_close);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unplugged_disks_are_gone),
		cmocka_unit_test(plugged_disks_are_found),
		cmocka_unit_test(names_without_a_directory_are_known),
		cmocka_unit_test(links_are_not_taken_for_gone),
		cmocka_unit_test(other_names_are_no_other_disks),
		cmocka_unit_test(without_descriptors_all_stay),
		cmocka_unit_test(the_xml_knows_best),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
