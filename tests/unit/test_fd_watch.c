/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When descriptors are worth another look: those of this test, as they come and go. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/root.h"
#include "collectors/collector.h"
#include "collectors/fd_watch.h"

#define LOOK_NS (30 * NS_PER_SEC)

static bool next_look(struct fd_watch *w, struct reading *r)
{
	r->now_ns += LOOK_NS;
	return fd_watch_changed(w, r, (uint32_t)getpid());
}

static struct root *live_root(void)
{
	struct root *root;

	assert_int_equal(root_open("/", &root), 0);
	return root;
}

static void looks_again_at_what_has_changed(void **state)
{
	struct root *root = live_root();
	struct reading r = { .root = root, .now_ns = LOOK_NS };
	struct fd_watch w = { 0 };
	int fd;

	(void)state;
	assert_true(next_look(&w, &r));
	if (w.n == 0) {
		root_close(root);
		skip(); /* before Linux 6.2 */
	}
	assert_false(next_look(&w, &r));
	assert_false(next_look(&w, &r));
	fd_watch_failed(&w);
	assert_true(next_look(&w, &r));
	assert_false(next_look(&w, &r));
	fd = open("/dev/null", O_RDONLY);
	assert_true(fd >= 0);
	/* Once more, for what is told of it elsewhere. */
	assert_true(next_look(&w, &r));
	assert_true(next_look(&w, &r));
	assert_false(next_look(&w, &r));
	close(fd);
	assert_true(next_look(&w, &r));
	assert_true(next_look(&w, &r));
	assert_false(next_look(&w, &r));
	root_close(root);
}

static void looks_every_five_minutes_anyhow(void **state)
{
	struct root *root = live_root();
	struct reading r = { .root = root, .now_ns = LOOK_NS };
	struct fd_watch w = { 0 };
	unsigned looks = 0;

	(void)state;
	assert_true(next_look(&w, &r));
	if (w.n == 0) {
		root_close(root);
		skip();
	}
	for (unsigned i = 0; i < 20; i++)
		looks += next_look(&w, &r);
	assert_int_equal(looks, 2);
	root_close(root);
}

static void looks_each_time_where_nobody_counts(void **state)
{
	struct root *root = live_root();
	struct reading r = { .root = root, .now_ns = LOOK_NS };
	struct fd_watch w = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		r.now_ns += LOOK_NS;
		/* No process has this number. */
		assert_true(fd_watch_changed(&w, &r, UINT32_MAX));
	}
	root_close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_again_at_what_has_changed),
		cmocka_unit_test(looks_every_five_minutes_anyhow),
		cmocka_unit_test(looks_each_time_where_nobody_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
