/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "advisor/advisor.h"
#include "base/xalloc.h"
#include "cli/advice.h"
#include "cli/options.h"

struct place {
	char dir[32];
	char *file;
};

static int make_place(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "kvmtop-test.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->file = xasprintf("%s/kvmtop.conf", p->dir);
	*state = p;
	return 0;
}

static int drop_place(void **state)
{
	struct place *p = *state;

	unlink(p->file);
	rmdir(p->dir);
	free(p->file);
	free(p);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void test_lines(void **state)
{
	struct place *p = *state;
	struct options options = { .config = p->file };
	struct settings s;

	write_file(p->file, "# all of it\n\n  mem-swappiness.raise = 31 # more\nevents=cycles,llc\n"
			    "nonsense\n= 3\nevents = branches");
	assert_int_equal(settings_load(&options, &s), 0);
	assert_int_equal(s.n, 3);
	assert_string_equal(s.setting[0].key, "mem-swappiness.raise");
	assert_string_equal(s.setting[0].value, "31");
	assert_non_null(strstr(s.setting[0].where, "kvmtop.conf:3"));
	assert_string_equal(settings_find(&s, "events"), "branches");
	assert_null(settings_find(&s, "colour"));
	settings_done(&s);
}

static void test_files_that_are_not_there(void **state)
{
	struct place *p = *state;
	struct options options = { .config = "kvmtop-no-such-file" };
	struct settings s;

	assert_int_equal(settings_load(&options, &s), -ENOENT);
	options.config = "none";
	assert_int_equal(settings_load(&options, &s), 0);
	assert_int_equal(s.n, 0);
	/* A directory is no file, and no reason to fail where nobody named it. */
	options.config = p->dir;
	assert_int_equal(settings_load(&options, &s), -EISDIR);
}

/* The user's file wins over the host's: it is read last. */
static void test_user_file(void **state)
{
	struct place *p = *state;
	char *base = realpath(p->dir, NULL), *dir = xasprintf("%s/kvmtop", base);
	char *file = xasprintf("%s/kvmtop.conf", dir);
	struct options options = { 0 };
	struct settings s;

	assert_int_equal(mkdir(dir, 0700), 0);
	write_file(file, "mem-swappiness.raise = 17\n");
	setenv("XDG_CONFIG_HOME", base, 1);
	assert_int_equal(settings_load(&options, &s), 0);
	assert_string_equal(settings_find(&s, "mem-swappiness.raise"), "17");
	settings_done(&s);
	unsetenv("XDG_CONFIG_HOME");
	unlink(file);
	rmdir(dir);
	free(file);
	free(dir);
	free(base);
}

/* What is wrong is told, and the default stands. */
static void test_limits(void **state)
{
	struct place *p = *state;
	struct options options = { .config = p->file };
	struct advisor *a;
	const struct rule *rule = rule_find("mem-swappiness");

	write_file(p->file, "mem-swappiness.raise = 31\nmem-swappiness.guests = much\n"
			    "mem-swapiness.raise = 7\ncolour = blue\n");
	assert_int_equal(settings_load(&options, &options.settings), 0);
	a = advice_new(&options);
	assert_true(advisor_limits(a, rule).raise == 31);
	assert_true(advisor_limits(a, rule).param[0] == rule->param[0].value);
	advisor_free(a);
	settings_done(&options.settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, make_place, drop_place),
		cmocka_unit_test_setup_teardown(
		    test_files_that_are_not_there, make_place, drop_place),
		cmocka_unit_test_setup_teardown(test_user_file, make_place, drop_place),
		cmocka_unit_test_setup_teardown(test_limits, make_place, drop_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
