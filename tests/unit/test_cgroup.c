/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits and throttling of guests' cgroups, in version 1, version 2 and both side by side. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/cgroup_path.h"
#include "collectors/sampler.h"
#include "tests/unit/captured.h"

#define MOUNT_V2 "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n"
#define MOUNT_CPU "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n"
#define MOUNT_MEMORY "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n"
#define MOUNT_UNIFIED "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0\n"
#define SCOPE "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope"
#define DIR_V2 "sys/fs/cgroup" SCOPE
#define PID 42

static void start(struct captured *h)
{
	*h = (struct captured){ .state = cgroup_open(NULL) };
}

static struct row *take(struct captured *h)
{
	struct row *row;

	captured_next(h);
	row = captured_guest(h, PID, "web");
	captured_read(h, cgroup_read, false);
	return row;
}

/* A guest of version 2 as systemd and libvirt make it, without any limit. */
static void write_v2(struct captured *h, int second, const char *max, const char *stat)
{
	captured_sample(h, second);
	captured_file(h, "proc/self/mounts", "proc /proc proc rw 0 0\n" MOUNT_V2);
	captured_file(h, "proc/42/cgroup", "0::" SCOPE "/libvirt/emulator\n");
	captured_file(h, DIR_V2 "/cpu.max", max);
	captured_file(h, DIR_V2 "/cpu.stat", stat);
	captured_file(h, DIR_V2 "/cpu.weight", "200\n");
	captured_file(h, DIR_V2 "/memory.max", "max\n");
	captured_file(h, DIR_V2 "/libvirt/cpu.max", "max 100000\n");
}

static void version_2(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	write_v2(&h, 10, "150000 100000\n", "usage_usec 5\nthrottled_usec 2000000\n");
	write_v2(&h, 12, "150000 100000\n", "usage_usec 5\nthrottled_usec 2500000\n");
	captured_file(&h, DIR_V2 "/libvirt/memory.max", "4294967296\n");
	row = take(&h);
	assert_int_equal(h.outcome, STATE_OK);
	assert_string_equal(cell_text(row, DOMAIN_CGROUP), SCOPE);
	assert_true(cell_number(row, DOMAIN_CPU_LIMIT, 0) == 1.5);
	assert_true(cell_number(row, DOMAIN_CPU_WEIGHT, 0) == 200);
	assert_int_equal(row->cell[DOMAIN_MEMORY_LIMIT].state, STATE_ABSENT);
	assert_int_equal(row->cell[DOMAIN_THROTTLED].count, 2000000000);
	assert_int_equal(row->cell[DOMAIN_THROTTLED].rate_state, STATE_FIRST);
	row = take(&h);
	assert_int_equal(row->cell[DOMAIN_THROTTLED].count, 2500000000);
	assert_true(row->cell[DOMAIN_THROTTLED].rate == 0.25);
	/* libvirt's own level limits as well. */
	assert_true(cell_number(row, DOMAIN_MEMORY_LIMIT, 0) == 4294967296.0);
	captured_done(&h, cgroup_close);
}

static void no_limit_is_no_figure(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	write_v2(&h, 10, "max 100000\n", "usage_usec 5\nthrottled_usec 0\n");
	row = take(&h);
	assert_int_equal(row->cell[DOMAIN_CPU_LIMIT].state, STATE_ABSENT);
	assert_int_equal(row->cell[DOMAIN_MEMORY_LIMIT].state, STATE_ABSENT);
	assert_int_equal(row->cell[DOMAIN_MEMORY_HELD].state, STATE_ABSENT);
	/* It was not held back: that is known. */
	assert_int_equal(row->cell[DOMAIN_THROTTLED].state, STATE_OK);
	captured_done(&h, cgroup_close);
}

/* What virsh schedinfo --set vcpu_quota does: no limit on the guest, one on each vCPU. */
static void limits_of_vcpus_count(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	for (int second = 10; second <= 12; second++) {
		write_v2(&h, second, "max 100000\n", "throttled_usec 7\n");
		captured_file(&h, DIR_V2 "/libvirt/emulator/cpu.max", "max 100000\n");
		captured_file(&h, DIR_V2 "/libvirt/vcpu0/cpu.max", "50000 100000\n");
		captured_file(&h, DIR_V2 "/libvirt/vcpu1/cpu.max",
		    second < 12 ? "50000 100000\n" : "max 100000\n");
		captured_file(&h, DIR_V2 "/libvirt/vcpu0/cpu.stat",
		    second == 10 ? "throttled_usec 100\n" : "throttled_usec 500100\n");
		captured_file(&h, DIR_V2 "/libvirt/vcpu1/cpu.stat", "throttled_usec 1000\n");
	}
	row = take(&h);
	assert_true(cell_number(row, DOMAIN_CPU_LIMIT, 0) == 1.0);
	assert_int_equal(row->cell[DOMAIN_THROTTLED].count, 1107000);
	row = take(&h);
	assert_true(row->cell[DOMAIN_THROTTLED].rate == 0.5);
	/* One vCPU is free now: the guest has no limit as a whole, and the sum is another one. */
	row = take(&h);
	assert_int_equal(row->cell[DOMAIN_CPU_LIMIT].state, STATE_ABSENT);
	assert_int_equal(row->cell[DOMAIN_THROTTLED].state, STATE_ABSENT);
	captured_done(&h, cgroup_close);
}

static void write_v1(struct captured *h, const char *mounts, const char *groups)
{
	captured_sample(h, 10);
	captured_file(h, "proc/self/mounts", mounts);
	captured_file(h, "proc/42/cgroup", groups);
	captured_file(h, "sys/fs/cgroup/cpu,cpuacct" SCOPE "/cpu.cfs_quota_us", "250000\n");
	captured_file(h, "sys/fs/cgroup/cpu,cpuacct" SCOPE "/cpu.cfs_period_us", "100000\n");
	captured_file(h, "sys/fs/cgroup/cpu,cpuacct" SCOPE "/cpu.stat",
	    "nr_periods 5\nnr_throttled 2\nthrottled_time 123456789\n");
	captured_file(
	    h, "sys/fs/cgroup/memory" SCOPE "/memory.limit_in_bytes", "9223372036854771712\n");
}

static void version_1(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	write_v1(&h, MOUNT_CPU MOUNT_MEMORY,
	    "4:memory:" SCOPE "\n3:cpu,cpuacct:" SCOPE "/emulator\n1:name=systemd:/x\n");
	row = take(&h);
	assert_string_equal(cell_text(row, DOMAIN_CGROUP), SCOPE);
	assert_true(cell_number(row, DOMAIN_CPU_LIMIT, 0) == 2.5);
	/* ns, as version 1 counts them. */
	assert_int_equal(row->cell[DOMAIN_THROTTLED].count, 123456789);
	assert_int_equal(row->cell[DOMAIN_MEMORY_LIMIT].state, STATE_ABSENT);
	captured_done(&h, cgroup_close);
}

/* CPU in version 1, memory in version 2: each is read where it is. */
static void side_by_side(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	write_v1(&h, MOUNT_CPU MOUNT_UNIFIED, "3:cpu,cpuacct:" SCOPE "/vcpu0\n0::" SCOPE "\n");
	captured_file(&h, "sys/fs/cgroup/unified" SCOPE "/memory.max", "1073741824\n");
	row = take(&h);
	assert_true(cell_number(row, DOMAIN_CPU_LIMIT, 0) == 2.5);
	assert_true(cell_number(row, DOMAIN_MEMORY_LIMIT, 0) == 1073741824.0);
	captured_done(&h, cgroup_close);
}

static const struct row *find_guest(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		if (strcmp(cell_text(s->table[TABLE_DOMAIN].row[i], DOMAIN_NAME), name) == 0)
			return s->table[TABLE_DOMAIN].row[i];
	fail_msg("no guest %s", name);
	return NULL;
}

/* The same with all that a host has. The figures are those of tests/hosts/hosts.py. */
static void side_by_side_on_a_whole_host(void **state)
{
	struct sampling options = { .interval_ns = NS_PER_SEC };
	const struct snapshot *s;
	const struct row *mail, *files;
	struct sampler *sampler;
	struct root *root;
	double throttled = -1;

	(void)state;
	assert_int_equal(root_open(KVMTOP_TEST_HOSTS "/cgroup-hybrid.host", &root), 0);
	sampler = sampler_new(root, &options);
	sampler_need(sampler, NEEDS(SRC_CGROUP));
	snapshot_unref(sampler_take(sampler, false));
	s = sampler_take(sampler, false);
	assert_non_null(s);
	mail = find_guest(s, "mail");
	files = find_guest(s, "files");
	assert_true(cell_number(mail, DOMAIN_CPU_LIMIT, 0) == 1.5);
	assert_true(cell_number(mail, DOMAIN_MEMORY_LIMIT, 0) == 3072.0 * 1024 * 1024);
	assert_true(cell_value(&table_kinds[TABLE_DOMAIN].column[DOMAIN_THROTTLED],
	    &mail->cell[DOMAIN_THROTTLED], &throttled));
	assert_true(throttled > 0.0999 && throttled < 0.1001);
	assert_int_not_equal(files->cell[DOMAIN_CPU_LIMIT].state, STATE_OK);
	assert_int_not_equal(files->cell[DOMAIN_MEMORY_LIMIT].state, STATE_OK);
	snapshot_unref(s);
	sampler_free(sampler);
	root_close(root);
}

static void memory_that_is_limited_is_watched(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	for (int second = 10; second <= 20; second += 10) {
		write_v2(&h, second, "max 100000\n", "throttled_usec 0\n");
		captured_file(&h, DIR_V2 "/memory.high", "max\n");
		captured_file(&h, DIR_V2 "/libvirt/memory.high", "1073741824\n");
		captured_file(&h, DIR_V2 "/memory.current", "1069547520\n");
		captured_file(&h, DIR_V2 "/memory.events",
		    second == 10 ? "low 0\nhigh 100\nmax 7\noom 0\n"
				 : "low 0\nhigh 350\nmax 7\noom 0\n");
	}
	take(&h);
	row = take(&h);
	assert_true(cell_number(row, DOMAIN_MEMORY_HIGH, 0) == 1073741824.0);
	assert_true(cell_number(row, DOMAIN_MEMORY_HELD, 0) == 1069547520.0);
	assert_true(row->cell[DOMAIN_MEMORY_THROTTLES].rate == 25);
	assert_true(row->cell[DOMAIN_MEMORY_LIMIT_HITS].rate == 0);
	assert_true(cell_number(row, DOMAIN_CGROUP_VERSION, 0) == 2);
	captured_done(&h, cgroup_close);
}

/* There the soft limit slows nobody down. */
static void memory_of_version_1(void **state)
{
	static const char dir[] = "sys/fs/cgroup/memory" SCOPE;
	static const struct {
		const char *file, *content;
	} files[] = {
		{ "memory.limit_in_bytes", "2147483648\n" },
		{ "memory.soft_limit_in_bytes", "1073741824\n" },
		{ "memory.usage_in_bytes", "2147479552\n" },
		{ "memory.failcnt", "31\n" },
	};
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	captured_sample(&h, 10);
	captured_file(&h, "proc/self/mounts", MOUNT_MEMORY);
	captured_file(&h, "proc/42/cgroup", "4:memory:" SCOPE "\n");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/%s", dir, files[i].file);
		captured_file(&h, path, files[i].content);
	}
	row = take(&h);
	assert_true(cell_number(row, DOMAIN_MEMORY_LIMIT, 0) == 2147483648.0);
	assert_true(cell_number(row, DOMAIN_MEMORY_HELD, 0) == 2147479552.0);
	assert_int_equal(row->cell[DOMAIN_MEMORY_LIMIT_HITS].count, 31);
	assert_int_equal(row->cell[DOMAIN_MEMORY_HIGH].state, STATE_ABSENT);
	assert_true(cell_number(row, DOMAIN_CGROUP_VERSION, 0) == 1);
	captured_done(&h, cgroup_close);
}

static void without_cgroups(void **state)
{
	struct captured h;
	struct row *row;

	(void)state;
	start(&h);
	captured_sample(&h, 10);
	captured_file(&h, "proc/self/mounts", "proc /proc proc rw 0 0\n");
	captured_sample(&h, 11);
	captured_file(&h, "proc/self/mounts", MOUNT_V2);
	take(&h);
	assert_int_equal(h.outcome, STATE_ABSENT);
	assert_non_null(strstr(h.note, "No cgroup hierarchy is mounted"));
	/* Mounted, but the guest's group cannot be read. */
	row = take(&h);
	assert_int_equal(h.outcome, STATE_ABSENT);
	assert_int_equal(row->cell[DOMAIN_THROTTLED].state, STATE_ABSENT);
	assert_int_equal(row->cell[DOMAIN_CPU_LIMIT].state, STATE_ABSENT);
	captured_done(&h, cgroup_close);
}

static void guest_groups(void **state)
{
	static const struct {
		const char *path, *guest, *inner;
	} cases[] = {
		{ SCOPE "/libvirt/emulator", SCOPE, SCOPE "/libvirt" },
		{ SCOPE "/libvirt/vcpu11", SCOPE, SCOPE "/libvirt" },
		{ SCOPE "/libvirt", SCOPE, SCOPE "/libvirt" },
		{ SCOPE "/emulator", SCOPE, NULL },
		{ "/machine/qemu-1-web.libvirt-qemu/iothread3", "/machine/qemu-1-web.libvirt-qemu",
		    NULL },
		/* These are names of guests' groups, not roles. */
		{ "/libvirt", "/libvirt", NULL },
		{ "/emulator", "/emulator", NULL },
		{ "/a/vcpu1x", "/a/vcpu1x", NULL },
		{ "/a/vcpu", "/a/vcpu", NULL },
		{ "/", "/", NULL },
	};
	struct cgroup_mount mount = { .dir = strdup("sys/fs/cgroup") };
	struct cgroup_mounts mounts = { .item = &mount, .n = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256], dir[256];
		struct cgroup group;

		snprintf(text, sizeof(text), "0::%s\n", cases[i].path);
		assert_int_equal(cgroup_find(&mounts, text, "cpu", &group), 0);
		assert_string_equal(group.name, cases[i].guest);
		snprintf(dir, sizeof(dir), "sys/fs/cgroup%s",
		    strcmp(cases[i].guest, "/") == 0 ? "" : cases[i].guest);
		assert_string_equal(group.dir, dir);
		assert_true(group.v2);
		if (cases[i].inner) {
			snprintf(dir, sizeof(dir), "sys/fs/cgroup%s", cases[i].inner);
			assert_string_equal(group.inner, dir);
		} else {
			assert_null(group.inner);
		}
		cgroup_done(&group);
	}
	free(mount.dir);
}

static void groups_that_cannot_be_reached(void **state)
{
	static const char *const texts[] = { "", "0::\n", "0::relative\n", "0::/../../x\n",
		"5:memory:/x\n", "nonsense\n", ":::\n" };
	struct cgroup_mount mount = { .dir = strdup("sys/fs/cgroup") };
	struct cgroup_mounts mounts = { .item = &mount, .n = 1 };
	struct cgroup group;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(cgroup_find(&mounts, texts[i], "memory", &group), -ENOENT);
	free(mount.dir);
}

static void mount_points_are_escaped(void **state)
{
	struct captured h = { 0 };
	struct cgroup_mounts mounts = { 0 };

	(void)state;
	captured_sample(&h, 1);
	captured_file(&h, "proc/self/mounts",
	    "cgroup /sys/fs/a\\040b\\134c cgroup rw,memory 0 0\ncgroup /short\nx /y cgroupy rw\n");
	captured_next(&h);
	assert_int_equal(cgroup_mounts_read(h.root, &mounts), 0);
	assert_int_equal(mounts.n, 1);
	assert_string_equal(mounts.item[0].dir, "sys/fs/a b\\c");
	cgroup_mounts_done(&mounts);
	h.state = cgroup_open(NULL);
	captured_done(&h, cgroup_close);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2),
		cmocka_unit_test(no_limit_is_no_figure),
		cmocka_unit_test(limits_of_vcpus_count),
		cmocka_unit_test(version_1),
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(side_by_side_on_a_whole_host),
		cmocka_unit_test(memory_that_is_limited_is_watched),
		cmocka_unit_test(memory_of_version_1),
		cmocka_unit_test(without_cgroups),
		cmocka_unit_test(guest_groups),
		cmocka_unit_test(groups_that_cannot_be_reached),
		cmocka_unit_test(mount_points_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
