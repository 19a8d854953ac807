/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table of sources says of collectors that fail in part; they are this test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/root.h"
#include "collectors/collector.h"
#include "collectors/sampler.h"

static enum state read_all(struct reading *r)
{
	reading_note(r, "All of %d.", 3);
	return STATE_OK;
}

static enum state read_some(struct reading *r)
{
	reading_note(r, "Two read.");
	reading_lacks(r, "%s is missing for %d.", "CAP_SYS_PTRACE", 1);
	return STATE_OK;
}

static enum state read_nothing_for_want_of_a_mount(struct reading *r)
{
	reading_lacks(r, "Nothing is mounted.");
	return STATE_ABSENT;
}

static enum state read_nothing_for_want_of_a_right(struct reading *r)
{
	reading_lacks(r, "A right is missing.");
	return STATE_DENIED;
}

static enum state read_what_is_not_there(struct reading *r)
{
	reading_note(r, "This kernel has none.");
	return STATE_ABSENT;
}

const struct collector collectors[] = {
	{ SRC_GUESTS, LANE_FAST, 0, NULL, read_all, NULL },
	{ SRC_KVM, LANE_FAST, 0, NULL, read_some, NULL },
	{ SRC_CGROUP, LANE_FAST, 0, NULL, read_nothing_for_want_of_a_mount, NULL },
	{ SRC_MEMORY, LANE_FAST, 0, NULL, read_nothing_for_want_of_a_right, NULL },
	{ SRC_KSM, LANE_FAST, 0, NULL, read_what_is_not_there, NULL },
	{ 0 },
};

static void assert_source(const struct snapshot *s, enum source_id src, const char *state,
    const char *note, double errors)
{
	const struct row *row = snapshot_find(s, TABLE_SOURCE, key_host(src));

	assert_non_null(row);
	assert_string_equal(cell_text(row, SOURCE_STATE), state);
	assert_string_equal(cell_text(row, SOURCE_NOTE), note);
	assert_float_equal(cell_number(row, SOURCE_ERRORS, -1), errors, 0);
}

static void a_source_that_lacks_something_is_partial(void **state)
{
	static const char text[] = "kvmtop-host 1\n## 1000000000 0\n== a\n\n## end\n";
	static const struct sampling options = { .interval_ns = NS_PER_SEC };
	const struct snapshot *now;
	struct sampler *s;
	struct root *root;

	(void)state;
	assert_int_equal(root_open_archive(text, strlen(text), &root), 0);
	s = sampler_new(root, &options);
	sampler_need(s, ~0U);
	now = sampler_take(s, false);
	assert_source(now, SRC_GUESTS, "ok", "All of 3.", 0);
	assert_source(now, SRC_KVM, "partial", "Two read. CAP_SYS_PTRACE is missing for 1.", 1);
	assert_source(now, SRC_CGROUP, "partial", "Nothing is mounted.", 1);
	assert_source(now, SRC_MEMORY, "denied", "A right is missing.", 1);
	assert_source(now, SRC_KSM, "absent", "This kernel has none.", 1);
	snapshot_unref(now);
	assert_true(sampler_free(s));
	root_close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_lacks_something_is_partial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
