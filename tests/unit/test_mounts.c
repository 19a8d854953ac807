/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mounts.h"

static const char table[] = "/dev/vda1 / ext4 rw,relatime 0 0\n"
			    "hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\n"
			    "\n"
			    "too few fields\n"
			    "none /mnt/a\\040b\\134c hugetlbfs rw,pagesize=1024M 0 0\n"
			    "tmpfs /mnt/huge tmpfs rw,size=4k 0 0\n"
			    "huge /mnt/huge hugetlbfs rw,pagesize=1024M,xpagesize=3,mode=755 0 0\n"
			    "tmpfs /dev/hugepages/inner tmpfs rw 0 0\n";

static void lines_that_are_none_are_passed_over(void **state)
{
	struct cursor c;
	struct mount m;
	int n = 0;

	(void)state;
	cursor_init(&c, table, strlen(table));
	assert_true(mount_next(&c, &m));
	assert_true(slice_eq(m.point, "/"));
	assert_true(slice_eq(m.type, "ext4"));
	assert_true(slice_eq(m.options, "rw,relatime"));
	while (mount_next(&c, &m))
		n++;
	assert_int_equal(n, 5);
}

static void assert_point(const char *written, const char *expected)
{
	struct mount m = { .point = slice_of(written) };
	char *point = mount_point_dup(&m);

	assert_string_equal(point, expected);
	free(point);
}

static void points_are_unescaped(void **state)
{
	(void)state;
	assert_point("/a\\040b", "/a b");
	assert_point("/\\011\\012\\043\\134\\303\\244", "/\t\n#\\ä");
	assert_point("/a\\04", "/a\\04");
	assert_point("/a\\", "/a\\");
	assert_point("/a\\089\\400", "/a\\089\\400");
	assert_point("", "");
}

static void assert_holds(const char *path, const char *type, const char *page)
{
	struct slice value;
	struct mount m;

	assert_true(mount_of_path(table, path, &m));
	assert_true(slice_eq(m.type, type));
	assert_int_equal(mount_option(&m, "pagesize", &value), page != NULL);
	if (page)
		assert_true(slice_eq(value, page));
}

static void innermost_mount_holds_a_path(void **state)
{
	struct mount m;

	(void)state;
	assert_holds("/dev/hugepages", "hugetlbfs", "2M");
	assert_holds("/dev/hugepages/libvirt/qemu/1", "hugetlbfs", "2M");
	assert_holds("/dev/hugepages/inner/x", "tmpfs", NULL);
	/* Only whole names count. */
	assert_holds("/dev/hugepages1G/x", "ext4", NULL);
	assert_holds("/dev/huge", "ext4", NULL);
	/* Of two on one point the last one is seen. */
	assert_holds("/mnt/huge/x", "hugetlbfs", "1024M");
	assert_holds("/mnt/a b\\c/x", "hugetlbfs", "1024M");
	assert_holds("/mnt/a\\040b\\134c/x", "ext4", NULL);
	assert_false(mount_of_path(table, "relative", &m));
	assert_false(mount_of_path(table, "", &m));
	assert_false(mount_of_path("", "/", &m));
}

static void options_go_by_their_whole_name(void **state)
{
	struct slice value;
	struct mount m;

	(void)state;
	assert_true(mount_of_path(table, "/mnt/huge", &m));
	assert_true(mount_option(&m, "mode", &value));
	assert_true(slice_eq(value, "755"));
	assert_false(mount_option(&m, "rw", &value));
	assert_false(mount_option(&m, "page", &value));
	assert_false(mount_option(&m, "size", &value));
}

static void lines_of_mountinfo(void **state)
{
	static const char lines[] =
	    "30 1 253:0 / / rw,noatime shared:1 - xfs /dev/mapper/vg-root rw,attr2\n"
	    "nonsense\n31 30 0:50 / /my\\040net rw - nfs4 srv:/export rw,soft\n"
	    "32 30 8:1 / /my\\040net/a rw shared:2 master:1 - ext4 /dev/sda1 rw\n";
	struct mount_line m;

	(void)state;
	assert_true(mount_line_of_path(lines, "/my net/b", &m));
	assert_int_equal(m.id, 31);
	assert_true(slice_eq(m.source, "srv:/export"));
	assert_true(mount_line_of_path(lines, "/my net/a/b", &m));
	assert_true(m.major == 8 && m.minor == 1 && slice_eq(m.type, "ext4"));
	assert_true(mount_line_of_path(lines, "/my network", &m));
	assert_int_equal(m.id, 30);
	assert_true(slice_eq(m.super_options, "rw,attr2"));
	assert_false(mount_line_of_path(lines, "relative", &m));
	assert_true(mount_line_of_id(lines, 31, &m));
	assert_false(mount_line_of_id(lines, 33, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_none_are_passed_over),
		cmocka_unit_test(points_are_unescaped),
		cmocka_unit_test(innermost_mount_holds_a_path),
		cmocka_unit_test(lines_of_mountinfo),
		cmocka_unit_test(options_go_by_their_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
