/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "model/snapshot.h"
#include "output/capture.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define NEW_UUID "00000000-0000-4000-8000-000000000001"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s", "/tmp/kvmtop-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void see(struct capture *c, const char *path, const char *data)
{
	capture_seen(c, SEEN_FILE, path, data, strlen(data));
}

/* A sample in which process 7 is the guest @name; vhost-7 and another process were looked at. */
static void take(struct capture *c, uint64_t number, const char *name, const char *meminfo)
{
	struct snapshot *s =
	    snapshot_new((struct moment){ .mono_ns = number * NS_PER_SEC, .wall_ns = 1000 });
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key_process(7, 1));
	char *link = xasprintf("/var/lib/%s.img", name);

	cell_set_text(s, row, DOMAIN_NAME, name, 1);
	cell_set_text(s, row, DOMAIN_UUID, UUID, 1);
	cell_set_number(row, DOMAIN_PID, 7, 1);
	see(c, "proc/meminfo", meminfo);
	see(c, "proc/7/stat", "7 (qemu) S 1");
	see(c, "proc/8/stat", "8 (vhost-7) S 1");
	see(c, "proc/9/stat", "9 (bash) S 1");
	if (number == 1)
		see(c, "proc/7/task/10/stat", "10 (worker) S 1");
	if (number == 1)
		see(c, "proc/7/numa_maps", "slow\n");
	capture_seen(c, SEEN_LINK, "proc/7/fd/3", link, strlen(link));
	see(c, "proc/self/mounts", "proc");
	capture_seen(c, SEEN_LINK, "proc/self/fd/3", link, strlen(link));
	capture_sample(c, s);
	snapshot_unref(s);
	free(link);
}

static void assert_reads(const struct root *root, const char *path, const char *expected)
{
	char buf[512];

	assert_int_equal(root_read(root, path, buf, sizeof(buf)), strlen(expected));
	assert_string_equal(buf, expected);
}

static void assert_captured(const char *name)
{
	char *path = xasprintf("%s/%s", dir, name), buf[128];
	struct capture *c = capture_new(false);
	struct root *root;

	take(c, 1, "web", "MemTotal: 1\n=not a mark\n");
	take(c, 2, "web", "MemTotal: 2\n");
	assert_int_equal(capture_write(c, path), 0);
	assert_int_equal(capture_write(c, path), -EEXIST);
	capture_free(c);

	assert_int_equal(root_open(path, &root), 0);
	assert_int_equal(root_samples(root), 2);
	assert_int_equal(root_now(root).mono_ns, NS_PER_SEC);
	assert_reads(root, "proc/meminfo", "MemTotal: 1\n=not a mark\n");
	assert_reads(root, "proc/7/task/10/stat", "10 (worker) S 1");
	root_seek(root, 1);
	assert_int_equal(root_now(root).mono_ns, 2 * NS_PER_SEC);
	assert_reads(root, "proc/meminfo", "MemTotal: 2\n");
	assert_reads(root, "proc/7/stat", "7 (qemu) S 1");
	assert_reads(root, "proc/8/stat", "8 (vhost-7) S 1");
	assert_reads(root, "proc/7/numa_maps", "slow\n");
	assert_int_equal(root_link(root, "proc/7/fd/3", buf, sizeof(buf)), 16);
	assert_string_equal(buf, "/var/lib/web.img");
	assert_false(root_exists(root, "proc/9/stat"));
	/* Of kvmtop itself what it sees is kept, not what it has open. */
	assert_reads(root, "proc/self/mounts", "proc");
	assert_false(root_exists(root, "proc/self/fd"));
	assert_false(root_exists(root, "proc/7/task/10/stat"));
	root_close(root);
	free(path);
}

static void a_text_file_is_read_again(void **state)
{
	(void)state;
	assert_captured("a.host");
}

static void a_tree_is_read_again(void **state)
{
	(void)state;
	assert_captured("tree");
}

static void the_first_reading_of_a_sample_counts(void **state)
{
	char *path = xasprintf("%s/first.host", dir);
	struct capture *c = capture_new(false);
	struct root *root;

	(void)state;
	see(c, "proc/stat", "cpu 1\n");
	see(c, "proc/stat", "cpu 2\n");
	see(c, "proc/cut", "be");
	see(c, "proc/cut", "begin\n");
	take(c, 1, "web", "x\n");
	see(c, "proc/stat", "cpu 3\n");
	take(c, 2, "web", "x\n");
	assert_int_equal(capture_write(c, path), 0);
	assert_int_equal(root_open(path, &root), 0);
	assert_reads(root, "proc/stat", "cpu 1\n");
	assert_reads(root, "proc/cut", "begin\n");
	root_seek(root, 1);
	assert_reads(root, "proc/stat", "cpu 3\n");
	assert_reads(root, "proc/cut", "begin\n");
	root_close(root);
	capture_free(c);
	free(path);
}

static void names_are_replaced(void **state)
{
	char *path = xasprintf("%s/anonymous.host", dir), buf[128];
	struct capture *c = capture_new(true);
	struct root *root;

	(void)state;
	see(c, "proc/7/cmdline", "guest=a-web,web webs");
	see(c, "proc/7/cgroup", "0::/machine.slice/machine-qemu\\x2d1\\x2da\\x2dweb.scope\n");
	see(c, "proc/7/status", "Name:\ta-web\nVmRSS:\t1 kB a-web\n");
	see(c, "proc/vmstat", "a-web 1\n");
	see(c, "kvmtop/libvirt/" UUID ".xml",
	    "<domain><name>a-web</name><metadata>tenant</metadata><uuid>" UUID "</uuid></domain>");
	see(c, "sys/fs/cgroup/a-web/cpu.max", "max 100000\n");
	take(c, 1, "a-web", "x\n");
	assert_int_equal(capture_write(c, path), 0);
	assert_int_equal(root_open(path, &root), 0);
	assert_reads(root, "proc/7/cmdline", "guest=guest1,web webs");
	assert_reads(
	    root, "proc/7/cgroup", "0::/machine.slice/machine-qemu\\x2d1\\x2dguest1.scope\n");
	assert_reads(root, "proc/7/status", "Name:\tguest1\nVmRSS:\t1 kB a-web\n");
	assert_reads(root, "proc/vmstat", "a-web 1\n");
	assert_reads(root, "kvmtop/libvirt/" NEW_UUID ".xml",
	    "<domain><name>guest1</name><uuid>" NEW_UUID "</uuid></domain>");
	assert_reads(root, "sys/fs/cgroup/guest1/cpu.max", "max 100000\n");
	assert_int_equal(root_link(root, "proc/7/fd/3", buf, sizeof(buf)), 19);
	assert_string_equal(buf, "/var/lib/guest1.img");
	root_close(root);
	capture_free(c);
	free(path);
}

#define WITH_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(a_text_file_is_read_again),
		WITH_DIR(a_tree_is_read_again),
		WITH_DIR(the_first_reading_of_a_sample_counts),
		WITH_DIR(names_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
