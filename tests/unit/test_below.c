/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files below a directory, with links and FIFOs in it that lead out or make one wait. */
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

#include "base/below.h"
#include "base/xalloc.h"

struct place {
	char top[32];
	int fd; /* of "tree" in it */
};

static void write_file(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int make_place(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	char *tree;

	snprintf(p->top, sizeof(p->top), "/tmp/kvmtop-below-XXXXXX");
	assert_non_null(mkdtemp(p->top));
	tree = xasprintf("%s/tree", p->top);
	assert_int_equal(mkdir(tree, 0700), 0);
	p->fd = open(tree, O_PATH | O_DIRECTORY);
	assert_true(p->fd >= 0);
	free(tree);
	write_file(p->fd, "../secret", "secret");
	write_file(p->fd, "file", "ours");
	assert_int_equal(mkdirat(p->fd, "dir", 0700), 0);
	write_file(p->fd, "dir/file", "below");
	assert_int_equal(mkfifoat(p->fd, "fifo", 0600), 0);
	assert_int_equal(symlinkat("../secret", p->fd, "out"), 0);
	assert_int_equal(symlinkat("..", p->fd, "up"), 0);
	assert_int_equal(symlinkat("/etc", p->fd, "far"), 0);
	assert_int_equal(symlinkat("nothing", p->fd, "dangling"), 0);
	*state = p;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int drop_place(void **state)
{
	struct place *p = *state;

	close(p->fd);
	assert_int_equal(nftw(p->top, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(p);
	return 0;
}

static void assert_text(int fd, const char *expected)
{
	char text[16] = "";

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text) - 1), strlen(expected));
	assert_string_equal(text, expected);
	close(fd);
}

static void files_are_opened(void **state)
{
	struct place *p = *state;
	int fd = below_open(p->fd, "dir", O_PATH | O_DIRECTORY);

	assert_text(below_open(p->fd, "file", O_RDONLY), "ours");
	assert_text(below_open(p->fd, "dir/file", O_RDONLY), "below");
	assert_true(fd >= 0);
	assert_text(below_open(fd, "file", O_RDONLY), "below");
	close(fd);
	assert_int_equal(below_open(p->fd, "none", O_RDONLY), -ENOENT);
	assert_int_equal(below_open(p->fd, "file/none", O_RDONLY), -ENOTDIR);
}

static void only_regular_files_are_opened(void **state)
{
	struct place *p = *state;

	/* Whoever opened the FIFO would wait for a writer. */
	assert_int_equal(below_open(p->fd, "fifo", O_RDONLY), -EINVAL);
	assert_int_equal(below_open(p->fd, "dir", O_RDONLY), -EINVAL);
	assert_int_equal(below_open(p->fd, "file", O_PATH | O_DIRECTORY), -ENOTDIR);
}

static void nothing_leads_out(void **state)
{
	static const char *const ways[] = { "out", "up/secret", "../secret", "/etc/passwd",
		"far/passwd", "dir/../../secret", ".." };
	struct place *p = *state;
	char buf[16];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_int_equal(below_open(p->fd, ways[i], O_RDONLY), -EXDEV);
	assert_int_equal(below_open(p->fd, "up", O_PATH | O_DIRECTORY), -EXDEV);
	assert_false(below_exists(p->fd, "up/secret"));
	assert_false(below_exists(p->fd, "../secret"));
	assert_false(below_exists(p->fd, "/etc/passwd"));
	assert_int_equal(below_link(p->fd, "up/tree/out", buf, sizeof(buf)), -EXDEV);
}

static void links_are_told_but_not_followed(void **state)
{
	struct place *p = *state;
	char buf[16];

	assert_int_equal(below_link(p->fd, "out", buf, sizeof(buf)), 9);
	assert_memory_equal(buf, "../secret", 9);
	assert_int_equal(below_link(p->fd, "out", buf, 4), 4);
	assert_int_equal(below_link(p->fd, "file", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(below_link(p->fd, "none", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(below_link(p->fd, "dir/..", buf, sizeof(buf)), -EINVAL);
	assert_true(below_exists(p->fd, "dangling"));
	assert_true(below_exists(p->fd, "far"));
	assert_true(below_exists(p->fd, "dir/file"));
	assert_false(below_exists(p->fd, "none"));
	assert_false(below_exists(p->fd, "none/file"));
	assert_false(below_exists(p->fd, "dir/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_opened),
		cmocka_unit_test(only_regular_files_are_opened),
		cmocka_unit_test(nothing_leads_out),
		cmocka_unit_test(links_are_told_but_not_followed),
	};

	return cmocka_run_group_tests(tests, make_place, drop_place);
}
