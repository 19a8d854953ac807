/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells where a guest's cgroup lies and what it limits. The input is five texts with "%%"
 * lines between them: the mount table, proc/PID/cgroup, and three that are any file of a group.
 */
#include <errno.h>

#include "base/archive.h"
#include "base/mounts.h"
#include "base/parse.h"
#include "base/root.h"
#include "base/text.h"
#include "collectors/cgroup_path.h"
#include "collectors/collector.h"
#include "collectors/lane.h"
#include "tests/fuzz/fuzz.h"

#define PARTS 5
#define GROUP "machine.slice/machine-qemu-1-web.scope"

static struct slice part[PARTS];

static void cut_parts(const char *text, size_t len)
{
	static const char mark[] = "\n%%\n";
	const char *end = text + len;

	for (int i = 0; i < PARTS; i++) {
		const char *next = memmem(text, (size_t)(end - text), mark, strlen(mark));

		part[i] = (struct slice){ text, (size_t)((next ? next + 1 : end) - text) };
		text = next ? next + strlen(mark) : end;
	}
}

static void add(struct text *out, const char *path, int which)
{
	archive_write_entry(out, path, false, part[which].p, part[which].len);
}

static struct root *make_host(void)
{
	static const char head[] = ARCHIVE_HEAD "## 1000000000 1795000000000000000\n";
	struct text text = { 0 };
	struct root *root;

	text_append(&text, head, strlen(head));
	add(&text, "proc/self/mounts", 0);
	add(&text, "proc/7/cgroup", 1);
	for (int v1 = 0; v1 < 2; v1++) {
		const char *cpu = v1 ? "sys/fs/cgroup/cpu,cpuacct/" GROUP "/cpu."
				     : "sys/fs/cgroup/" GROUP "/cpu.";
		const char *const file[] = { v1 ? "cfs_quota_us" : "max", "stat", "cfs_period_us" };
		char path[128];

		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), "%s%s", cpu, file[i]);
			add(&text, path, i + 2);
		}
		snprintf(path, sizeof(path), "sys/fs/cgroup/%s" GROUP "/memory.%s",
		    v1 ? "memory/" : "", v1 ? "limit_in_bytes" : "max");
		add(&text, path, 2);
	}
	text_append(&text, ARCHIVE_END, strlen(ARCHIVE_END));
	PROMISE(root_open_archive(text.p, text.len, &root) == 0);
	text_done(&text);
	return root;
}

static void check_paths(const struct root *root)
{
	static const char *const controllers[] = { "cpu", "memory", "" };
	struct cgroup_mounts mounts = { 0 };
	int r = cgroup_mounts_read(root, &mounts);
	char text[8192];

	PROMISE(r == 0 ? mounts.n > 0 : r == -ENOENT && mounts.n == 0);
	PROMISE(root_read(root, "proc/7/cgroup", text, sizeof(text)) >= 0);
	for (size_t i = 0; i < 3; i++) {
		struct cgroup group = { 0 };

		r = cgroup_find(&mounts, text, controllers[i], &group);
		PROMISE(r == 0 || r == -ENOENT);
		PROMISE(r < 0 || (group.name[0] == '/' && group.dir[0] != '/'));
		PROMISE(r < 0 || !group.inner || strlen(group.inner) > strlen(group.dir));
		cgroup_done(&group);
	}
	cgroup_mounts_done(&mounts);
}

/* Whatever a path is, the mount it is said to lie in begins it. */
static void check_mounts(const char *table)
{
	struct cursor c;
	struct mount m, found;

	cursor_init(&c, table, strlen(table));
	while (mount_next(&c, &m)) {
		char *point = mount_point_dup(&m);

		PROMISE(strlen(point) <= m.point.len);
		if (mount_of_path(table, point, &found)) {
			char *outer = mount_point_dup(&found);

			PROMISE(strncmp(point, outer, strlen(outer)) == 0);
			free(outer);
		}
		free(point);
	}
}

static void read_collector(const struct root *root)
{
	static const struct collector cgroup = { SRC_CGROUP, LANE_FAST, 0, cgroup_open, cgroup_read,
		cgroup_close };
	struct sampling options = { .interval_ns = NS_PER_SEC };
	struct snapshot *s = snapshot_new(root_now(root));
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key_process(7, 7));
	struct slot slot;

	cell_set_text(s, row, DOMAIN_NAME, "web", 1);
	snapshot_link(s);
	slot_init(&slot, &cgroup, &options);
	slot_read(&slot, root, &options, s, s);
	for (int c = 0; c < DOMAIN_COLUMNS; c++) {
		double v;

		if (table_kinds[TABLE_DOMAIN].column[c].src == SRC_CGROUP &&
		    cell_value(&table_kinds[TABLE_DOMAIN].column[c], &row->cell[c], &v))
			PROMISE(v >= 0);
	}
	slot_done(&slot);
	snapshot_unref(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct root *root;

	cut_parts(text, strlen(text));
	root = make_host();
	check_paths(root);
	read_collector(root);
	root_close(root);
	check_mounts(text);
	free(text);
	return 0;
}
