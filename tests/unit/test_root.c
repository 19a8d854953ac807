/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/archive.h"
#include "base/root.h"
#include "base/xalloc.h"

static const char two_samples[] = "kvmtop-host 1\n"
				  "## 1000000000 1795000000000000000\n"
				  "== proc/loadavg\n"
				  "0.10 0.20 0.30 1/99 4242\n"
				  "== proc/7/cmdline\n"
				  "qemu\\x00-m\\x00512\\x00\\\n"
				  "== proc/7/task/7/stat\n"
				  "7 (a b) S\n"
				  "== proc/7/task/9/stat\n"
				  "x\n"
				  "== proc/7-x\n"
				  "y\n"
				  "@@ proc/7/fd/3\n"
				  "anon_inode:kvm-vm\n"
				  "## 2000000000 1795000001000000000\n"
				  "~~ proc/7/cmdline\n"
				  "== proc/loadavg\n"
				  "\\x3d= not a mark\n"
				  "## end\n";

static struct root *open_text(const char *text)
{
	struct root *root = NULL;

	assert_int_equal(root_open_archive(text, strlen(text), &root), 0);
	return root;
}

static void archive_gives_what_was_captured(void **state)
{
	struct root *root = open_text(two_samples);
	char buf[128];

	(void)state;
	assert_false(root_is_live(root));
	assert_int_equal(root_samples(root), 2);
	assert_int_equal(root_now(root).mono_ns, 1000000000);
	assert_int_equal(root_read(root, "proc/7/cmdline", buf, sizeof(buf)), 12);
	assert_memory_equal(buf,
	    "qemu\0-m\0"
	    "512",
	    12);
	assert_int_equal(root_link(root, "proc/7/fd/3", buf, sizeof(buf)), 17);
	assert_string_equal(buf, "anon_inode:kvm-vm");
	assert_int_equal(root_read(root, "proc/7/fd/3", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(root_read(root, "proc/nothing", buf, sizeof(buf)), -ENOENT);
	/* A small buffer gets what fits, ended. */
	assert_int_equal(root_read(root, "proc/loadavg", buf, 5), 4);
	assert_string_equal(buf, "0.10");
	root_close(root);
}

static void samples_follow_one_another(void **state)
{
	struct root *root = open_text(two_samples);
	char buf[128];

	(void)state;
	root_seek(root, 1);
	assert_int_equal(root_now(root).mono_ns, 2000000000);
	assert_int_equal(root_now(root).wall_ns, 1795000001000000000);
	assert_int_equal(root_read(root, "proc/7/cmdline", buf, sizeof(buf)), 12);
	assert_true(root_read(root, "proc/loadavg", buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "== not a mark\n");
	assert_int_equal(root_read(root, "proc/7/task/7/stat", buf, sizeof(buf)), -ENOENT);
	root_seek(root, 5);
	assert_int_equal(root_now(root).mono_ns, 2000000000);
	root_close(root);
}

static void archive_lists_directories(void **state)
{
	struct root *root = open_text(two_samples);
	struct numbers tids = { 0 };
	struct names names = { 0 };

	(void)state;
	assert_int_equal(root_list_numbers(root, "proc/7/task", &tids), 0);
	assert_int_equal(tids.n, 2);
	assert_int_equal(tids.v[0], 7);
	assert_int_equal(tids.v[1], 9);
	assert_int_equal(root_list_numbers(root, "proc/7/task/9", &tids), 0);
	assert_int_equal(tids.n, 0);
	assert_int_equal(root_list_numbers(root, "proc/8", &tids), -ENOENT);
	assert_int_equal(root_count_dirs(root, "proc/7/task"), 2);
	assert_true(root_exists(root, "proc/7/task"));
	assert_true(root_exists(root, "proc/7/task/9/stat"));
	assert_false(root_exists(root, "proc/7/tas"));
	assert_int_equal(root_list(root, "proc", &names), 0);
	assert_int_equal(names.n, 3);
	names_done(&names);
	assert_int_equal(root_list(root, "sys", &names), -ENOENT);
	names_done(&names);
	numbers_done(&tids);
	root_close(root);
}

static void entries_survive_writing_and_reading(void **state)
{
	static const char data[] = "\\back\\\n== mark\n\x01\x7f\xff no end";
	struct text text = { 0 };
	struct root *root;
	char buf[128];

	(void)state;
	text_append(&text, "kvmtop-host 1\n## 1 2\n", 21);
	archive_write_entry(&text, "a/b", false, data, sizeof(data));
	archive_write_entry(&text, "a/link", true, "to where", 8);
	archive_write_entry(&text, "a/empty", false, "", 0);
	text_append(&text, ARCHIVE_END, strlen(ARCHIVE_END));
	root = open_text(text.p);
	assert_int_equal(root_read(root, "a/b", buf, sizeof(buf)), sizeof(data));
	assert_memory_equal(buf, data, sizeof(data));
	assert_int_equal(root_link(root, "a/link", buf, sizeof(buf)), 8);
	assert_string_equal(buf, "to where");
	assert_int_equal(root_read(root, "a/empty", buf, sizeof(buf)), 0);
	root_close(root);
	text_done(&text);
}

static void nonsense_is_no_archive(void **state)
{
	static const char *const texts[] = { "", "kvmtop-host 1", "kvmtop-host 1\n",
		"kvmtop-host 2\n## 1 2\n", "kvmtop-host 1\n== no sample yet\nx\n",
		"\x28\xb5\x2f\xfd not zstd" };
	struct root *root;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(root_open_archive(texts[i], strlen(texts[i]), &root), -EINVAL);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void make_dir(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_below(const char *dir)
{
	assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void tree_is_read_and_never_left(void **state)
{
	char dir[] = "/tmp/kvmtop-root-XXXXXX", buf[64];
	struct root *root;
	char *path;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(root_open(dir, &root), -EINVAL);
	make_dir(dir, "0");
	make_dir(dir, "0/proc");
	make_dir(dir, "0/kvmtop");
	make_dir(dir, "1");
	make_dir(dir, "1/proc");
	write_file(dir, "0/proc/loadavg", "zero");
	write_file(dir, "1/proc/loadavg", "one");
	write_file(dir, "0/kvmtop/clock", "5000000000 6\n");
	path = xasprintf("%s/0/proc/out", dir);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	free(path);
	path = xasprintf("%s/0/proc/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	free(path);
	assert_int_equal(root_open(dir, &root), 0);
	assert_int_equal(root_samples(root), 2);
	assert_int_equal(root_now(root).mono_ns, 5000000000);
	assert_int_equal(root_read(root, "proc/loadavg", buf, sizeof(buf)), 4);
	assert_true(root_read(root, "proc/out", buf, sizeof(buf)) < 0);
	assert_true(root_read(root, "proc/fifo", buf, sizeof(buf)) < 0);
	assert_true(root_read(root, "../../../../etc/passwd", buf, sizeof(buf)) < 0);
	assert_int_equal(root_link(root, "proc/out", buf, sizeof(buf)), 11);
	root_seek(root, 1);
	assert_int_equal(root_read(root, "proc/loadavg", buf, sizeof(buf)), 3);
	root_close(root);
	remove_below(dir);
}

static void link_to(const char *dir, const char *name, const char *target)
{
	char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(symlink(target, path), 0);
	free(path);
}

/* Not through a link in the middle of a path either; links that stay inside lead on. */
static void links_in_the_middle_lead_nowhere_else(void **state)
{
	char top[] = "/tmp/kvmtop-root-XXXXXX", buf[64], *dir, *path;
	struct numbers numbers = { 0 };
	struct names names = { 0 };
	struct root *root;

	(void)state;
	assert_non_null(mkdtemp(top));
	make_dir(top, "outside");
	make_dir(top, "outside/7");
	write_file(top, "outside/7/stat", "secret");
	link_to(top, "outside/link", "secret");
	make_dir(top, "tree");
	dir = xasprintf("%s/tree", top);
	/* A tree whose samples lie elsewhere is none. */
	link_to(dir, "proc", "../outside");
	assert_int_equal(root_open(dir, &root), -EINVAL);
	link_to(dir, "0", "../outside");
	assert_int_equal(root_open(dir, &root), -EINVAL);
	path = xasprintf("%s/proc", dir);
	assert_int_equal(unlink(path), 0);
	free(path);
	make_dir(dir, "proc");
	make_dir(dir, "proc/8");
	write_file(dir, "proc/8/stat", "ours");
	link_to(dir, "proc/8/exe", "/usr/bin/qemu");
	link_to(dir, "proc/up", "../../outside");
	link_to(dir, "proc/self", "8");
	path = xasprintf("%s/outside", top);
	link_to(dir, "proc/far", path);
	free(path);
	assert_int_equal(root_open(dir, &root), 0);
	assert_int_equal(root_read(root, "proc/self/stat", buf, sizeof(buf)), 4);
	assert_int_equal(root_link(root, "proc/self/exe", buf, sizeof(buf)), 13);
	assert_string_equal(buf, "/usr/bin/qemu");
	assert_true(root_exists(root, "proc/self/exe"));
	assert_true(root_exists(root, "proc/up"));
	assert_int_equal(root_may_read(root, "proc/8/stat"), 0);
	for (int i = 0; i < 2; i++) {
		const char *way = i ? "proc/far" : "proc/up";
		char below[64];

		snprintf(below, sizeof(below), "%s/link", way);
		assert_int_equal(root_link(root, below, buf, sizeof(buf)), -EXDEV);
		assert_false(root_exists(root, below));
		snprintf(below, sizeof(below), "%s/7/stat", way);
		assert_int_equal(root_read(root, below, buf, sizeof(buf)), -EXDEV);
		assert_false(root_exists(root, below));
		assert_int_equal(root_may_read(root, below), -ENOENT);
		assert_int_equal(root_count_dirs(root, way), -EXDEV);
		assert_int_equal(root_list(root, way, &names), -EXDEV);
		assert_int_equal(root_list_numbers(root, way, &numbers), -EXDEV);
	}
	assert_int_equal(root_link(root, "../outside/link", buf, sizeof(buf)), -EXDEV);
	assert_int_equal(root_count_dirs(root, "../outside"), -EXDEV);
	assert_false(root_exists(root, ".."));
	assert_false(root_exists(root, "../outside"));
	root_close(root);
	names_done(&names);
	numbers_done(&numbers);
	free(dir);
	remove_below(top);
}

static void cut_archives_are_told(void **state)
{
	size_t end = strlen(two_samples), mark = strlen(ARCHIVE_END);
	struct root *root;
	char buf[64];

	(void)state;
	root = open_text(two_samples);
	assert_false(root_is_cut(root));
	root_close(root);
	assert_int_equal(root_open_archive(two_samples, end - mark, &root), 0);
	assert_true(root_is_cut(root));
	/* The second sample may lack anything. */
	assert_int_equal(root_samples(root), 1);
	assert_true(root_read(root, "proc/loadavg", buf, sizeof(buf)) > 0);
	root_close(root);
	assert_int_equal(root_open("/", &root), 0);
	assert_false(root_is_cut(root));
	root_close(root);
}

static void live_files_are_kept_open(void **state)
{
	struct kept kept = { 0 };
	struct root *root;
	char buf[64];

	(void)state;
	assert_int_equal(root_open("/", &root), 0);
	assert_true(root_is_live(root));
	for (int i = 0; i < 3; i++)
		assert_true(root_read_kept(root, &kept, "proc/uptime", buf, sizeof(buf)) > 0);
	assert_int_not_equal(kept.fd_plus_1, 0);
	kept_done(&kept);
	assert_int_equal(
	    root_read_kept(root, &kept, "proc/999999999/stat", buf, sizeof(buf)), -ESRCH);
	assert_int_equal(root_open("/nonexistent/host", &root), -ENOENT);
	root_close(root);
}

static int seen_files;

static void count_seen(void *ctx, enum seen kind, const char *path, const char *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	seen_files += kind == SEEN_FILE &&
		      (strcmp(path, "proc/uptime") == 0 || strcmp(path, "kvmtop/note") == 0);
}

static void a_watcher_sees_what_is_read(void **state)
{
	struct root *root;
	char buf[64];

	(void)state;
	seen_files = 0;
	assert_int_equal(root_open("/", &root), 0);
	root_watch(root, count_seen, NULL);
	root_read(root, "proc/uptime", buf, sizeof(buf));
	root_note(root, "kvmtop/note", "x", 1);
	assert_int_equal(seen_files, 2);
	root_close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archive_gives_what_was_captured),
		cmocka_unit_test(samples_follow_one_another),
		cmocka_unit_test(archive_lists_directories),
		cmocka_unit_test(entries_survive_writing_and_reading),
		cmocka_unit_test(nonsense_is_no_archive),
		cmocka_unit_test(tree_is_read_and_never_left),
		cmocka_unit_test(links_in_the_middle_lead_nowhere_else),
		cmocka_unit_test(cut_archives_are_told),
		cmocka_unit_test(live_files_are_kept_open),
		cmocka_unit_test(a_watcher_sees_what_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
