/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "output/outlet.h"

#define HEAD "a,b\n"

static char *dir;

static int make_dir(void **state)
{
	char name[] = "/tmp/kvmtop-test-XXXXXX";

	(void)state;
	dir = mkdtemp(name) ? xstrdup(name) : NULL;
	return dir ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "t.csv", "t.1.csv", "t.2.csv", "other", "moved" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = xasprintf("%s/%s", dir, names[i]);

		unlink(path);
		free(path);
	}
	rmdir(dir);
	free(dir);
	return 0;
}

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

static void assert_holds(const char *name, const char *expected)
{
	char *path = path_of(name), buf[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);
	assert_string_equal(buf, expected);
	free(path);
}

static struct outlet *outlet(void)
{
	return outlet_file(dir, "t", ".csv", HEAD, strlen(HEAD));
}

static void append(const char *line)
{
	struct outlet *o = outlet();

	assert_int_equal(outlet_open(o), 0);
	assert_int_equal(outlet_write(o, line, strlen(line)), 0);
	assert_int_equal(outlet_close(o), 0);
	outlet_free(o);
}

static void the_head_stands_once(void **state)
{
	char *path = path_of("t.csv");
	struct stat st;

	(void)state;
	append("1,2\n");
	append("3,4\n");
	assert_holds("t.csv", HEAD "1,2\n3,4\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07137, 0);
	free(path);
}

static void another_head_is_left_alone(void **state)
{
	(void)state;
	put("t.csv", "x,y\n9,9\n");
	append("1,2\n");
	append("3,4\n");
	assert_holds("t.csv", "x,y\n9,9\n");
	assert_holds("t.1.csv", HEAD "1,2\n3,4\n");
}

static void a_torn_line_is_taken_off(void **state)
{
	(void)state;
	put("t.csv", HEAD "1,2\n3,");
	append("5,6\n");
	assert_holds("t.csv", HEAD "1,2\n5,6\n");
}

static void a_torn_head_is_made_whole(void **state)
{
	(void)state;
	put("t.csv", "a,");
	append("5,6\n");
	assert_holds("t.csv", HEAD "5,6\n");
}

static void assert_refused(int expected)
{
	struct outlet *o = outlet();

	assert_int_equal(outlet_open(o), expected);
	assert_true(strlen(outlet_error(o)) > 0);
	outlet_free(o);
}

static void links_are_not_followed(void **state)
{
	char *path = path_of("t.csv"), *other = path_of("other");

	(void)state;
	put("other", "mine\n");
	assert_int_equal(symlink("other", path), 0);
	assert_refused(-ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(link(other, path), 0);
	assert_refused(-EMLINK);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(-EINVAL);
	assert_holds("other", "mine\n");
	free(path);
	free(other);
}

static struct outlet *stream(const char *path)
{
	assert_true(outlet_is_stream(path));
	return outlet_stream(path, -1);
}

static void a_device_is_a_stream(void **state)
{
	struct outlet *o = stream("/dev/null");

	(void)state;
	assert_int_equal(outlet_open(o), 0);
	assert_false(outlet_has_head(o));
	assert_int_equal(outlet_write(o, "1,2\n", 4), 0);
	/* Log rotation does not concern it. */
	assert_int_equal(outlet_open(o), 0);
	assert_int_equal(outlet_write(o, "3,4\n", 4), 0);
	assert_int_equal(outlet_close(o), 0);
	outlet_free(o);
	o = stream("/dev/full");
	assert_int_equal(outlet_open(o), 0);
	assert_int_equal(outlet_write(o, "1,2\n", 4), -ENOSPC);
	outlet_free(o);
}

static void what_keeps_data_is_no_stream(void **state)
{
	char *path = path_of("t.csv"), *other = path_of("other");

	(void)state;
	assert_false(outlet_is_stream(path));
	assert_false(outlet_is_stream(dir));
	put("other", "mine\n");
	assert_false(outlet_is_stream(other));
	assert_int_equal(symlink("other", path), 0);
	assert_false(outlet_is_stream(path));
	free(path);
	free(other);
}

static void a_fifo_needs_a_reader(void **state)
{
	char *path = path_of("t.csv"), buf[16];
	struct outlet *o;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	o = stream(path);
	assert_int_equal(outlet_open(o), -ENXIO);
	assert_non_null(strstr(outlet_error(o), "nobody reads it"));
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(outlet_open(o), 0);
	assert_int_equal(outlet_write(o, "1,2\n", 4), 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "1,2\n", 4);
	outlet_free(o);
	/* Somebody put something else there since it was looked at. */
	o = stream(path);
	assert_int_equal(unlink(path), 0);
	put("t.csv", "mine\n");
	assert_int_equal(outlet_open(o), -EINVAL);
	assert_holds("t.csv", "mine\n");
	outlet_free(o);
	close(fd);
	free(path);
}

static void a_second_writer_is_refused(void **state)
{
	struct outlet *o = outlet();

	(void)state;
	assert_int_equal(outlet_open(o), 0);
	assert_refused(-EWOULDBLOCK);
	outlet_free(o);
	append("1,2\n");
	assert_holds("t.csv", HEAD "1,2\n");
}

static void a_rotated_file_is_begun_anew(void **state)
{
	struct outlet *o = outlet();
	char *path = path_of("t.csv"), *moved = path_of("moved");

	(void)state;
	assert_int_equal(outlet_open(o), 0);
	assert_int_equal(outlet_write(o, "1,2\n", 4), 0);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(outlet_write(o, "3,4\n", 4), 0);
	assert_int_equal(outlet_open(o), 0);
	assert_int_equal(outlet_write(o, "5,6\n", 4), 0);
	assert_holds("moved", HEAD "1,2\n3,4\n");
	assert_holds("t.csv", HEAD "5,6\n");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(outlet_write(o, "7,8\n", 4), 0);
	assert_holds("t.csv", HEAD "7,8\n");
	outlet_free(o);
	free(path);
	free(moved);
}

static void what_does_not_fit_is_taken_back(void **state)
{
	struct rlimit before, limit;
	struct outlet *o = outlet();
	char piece[100];

	(void)state;
	memset(piece, 'x', sizeof(piece));
	piece[sizeof(piece) - 1] = '\n';
	assert_int_equal(outlet_open(o), 0);
	assert_int_equal(outlet_write(o, "1,2\n", 4), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 50;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(outlet_write(o, piece, sizeof(piece)), -EFBIG);
	assert_true(outlet_may_recover(-EFBIG));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_holds("t.csv", HEAD "1,2\n");
	assert_int_equal(outlet_write(o, "3,4\n", 4), 0);
	assert_holds("t.csv", HEAD "1,2\n3,4\n");
	outlet_free(o);
}

static void a_vanished_directory_is_told(void **state)
{
	struct outlet *o = outlet();
	char *path = path_of("t.csv");

	(void)state;
	assert_int_equal(outlet_open(o), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(outlet_write(o, "1,2\n", 4), -ENOENT);
	assert_non_null(strstr(outlet_error(o), "vanished"));
	outlet_free(o);
	free(path);
}

#define WITH_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(the_head_stands_once),
		WITH_DIR(another_head_is_left_alone),
		WITH_DIR(a_torn_line_is_taken_off),
		WITH_DIR(a_torn_head_is_made_whole),
		WITH_DIR(links_are_not_followed),
		WITH_DIR(a_device_is_a_stream),
		WITH_DIR(what_keeps_data_is_no_stream),
		WITH_DIR(a_fifo_needs_a_reader),
		WITH_DIR(a_second_writer_is_refused),
		WITH_DIR(a_rotated_file_is_begun_anew),
		WITH_DIR(what_does_not_fit_is_taken_back),
		WITH_DIR(a_vanished_directory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
