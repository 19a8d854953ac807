/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/archive.h"
#include "base/text.h"

#define FIRST                                 \
	ARCHIVE_HEAD "## 1000000000 -5\n"     \
		     "== proc/a\none\ntwo\n"  \
		     "== proc/b\nlong text\n" \
		     "@@ proc/link\nto where\n"
#define SECOND                   \
	"## 2000000000 17\n"     \
	"~~ proc/a\n"            \
	"== proc/b\nother\n"     \
	"== proc/d/deep/er\n1\n" \
	"== proc/d.e\n2\n"

static struct archive *parse(const char *text, size_t len)
{
	struct archive *a = NULL;

	assert_int_equal(archive_parse(text, len, &a), 0);
	return a;
}

static void assert_entry(
    const struct archive *a, size_t sample, const char *path, const char *expected)
{
	const struct entry *e = archive_find(a, sample, path);

	assert_non_null(e);
	assert_int_equal(e->len, strlen(expected));
	assert_memory_equal(e->data, expected, e->len);
}

static void whole_one_has_all_its_samples(void **state)
{
	struct archive *a = parse(FIRST SECOND ARCHIVE_END, strlen(FIRST SECOND ARCHIVE_END));

	(void)state;
	assert_false(archive_is_cut(a));
	assert_int_equal(archive_samples(a), 2);
	assert_int_equal(archive_moment(a, 0).mono_ns, 1000000000);
	assert_int_equal(archive_moment(a, 0).wall_ns, -5);
	assert_int_equal(archive_moment(a, 1).wall_ns, 17);
	assert_entry(a, 0, "proc/a", "one\ntwo\n");
	assert_entry(a, 1, "proc/a", "one\ntwo\n");
	assert_entry(a, 1, "proc/b", "other\n");
	assert_entry(a, 0, "proc/link", "to where");
	assert_true(archive_find(a, 0, "proc/link")->is_link);
	assert_null(archive_find(a, 1, "proc/link"));
	assert_null(archive_find(a, 0, "proc"));
	archive_unref(a);
}

/* Wherever it is cut, what is left is told to be cut, and never half a file. */
static void cut_one_says_so_at_every_length(void **state)
{
	static const char text[] = FIRST SECOND ARCHIVE_END;
	size_t first = strlen(ARCHIVE_HEAD "## 1000000000 -5\n"), end = strlen(text);

	(void)state;
	for (size_t len = 0; len < end; len++) {
		struct archive *a = NULL;
		const struct entry *e;

		if (len < first) {
			assert_int_equal(archive_parse(text, len, &a), -EINVAL);
			continue;
		}
		a = parse(text, len);
		assert_true(archive_is_cut(a));
		assert_int_equal(archive_samples(a), 1);
		e = archive_find(a, 0, "proc/a");
		assert_true(!e || e->len == strlen("one\ntwo\n"));
		e = archive_find(a, 0, "proc/b");
		assert_true(!e || e->len == strlen("long text\n"));
		/* Once the second sample has begun, all of the first is there. */
		if (len >= strlen(FIRST) + strlen("## 2000000000 17\n"))
			assert_entry(a, 0, "proc/link", "to where");
		archive_unref(a);
	}
}

static void damaged_clock_is_zero(void **state)
{
	static const char text[] =
	    ARCHIVE_HEAD "## 12x 99999999999999999999\n== a\nb\n" ARCHIVE_END;
	struct archive *a = parse(text, strlen(text));

	(void)state;
	assert_int_equal(archive_moment(a, 0).mono_ns, 0);
	assert_int_equal(archive_moment(a, 0).wall_ns, 0);
	assert_entry(a, 0, "a", "b\n");
	archive_unref(a);
}

static void add(void *ctx, const char *name, size_t len, bool is_dir)
{
	text_append(ctx, name, len);
	text_append(ctx, is_dir ? "/ " : " ", is_dir ? 2 : 1);
}

static void directories_are_listed_in_order_and_once(void **state)
{
	struct archive *a = parse(FIRST SECOND ARCHIVE_END, strlen(FIRST SECOND ARCHIVE_END));
	struct text names = { 0 };

	(void)state;
	archive_list(a, 1, "proc", add, &names);
	assert_string_equal(names.p, "a b d.e d/ ");
	names.len = 0;
	archive_list(a, 1, "", add, &names);
	assert_string_equal(names.p, "proc/ ");
	names.len = 0;
	text_append(&names, "", 0);
	archive_list(a, 1, "proc/d/deep/er", add, &names);
	archive_list(a, 1, "sys", add, &names);
	assert_string_equal(names.p, "");
	text_done(&names);
	archive_unref(a);
}

/* No content can pass for a mark, not even for the last one. */
static void contents_cannot_forge_marks(void **state)
{
	static const char *const contents[] = { "## end\n", "x\n## end\n", "== proc/y\nz\n",
		"~~ x\n", "\\\n## end", "\\x23# end\n", "@@ a\nb\n", "#", "\n\n## 1 2\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		struct text text = { 0 };
		struct archive *a;

		text_append(&text, ARCHIVE_HEAD "## 1 2\n", strlen(ARCHIVE_HEAD "## 1 2\n"));
		archive_write_entry(&text, "f", false, contents[i], strlen(contents[i]));
		archive_write_entry(&text, "l", true, contents[i], strlen(contents[i]));
		archive_write_entry(&text, "z", false, "last\n", 5);
		text_append(&text, ARCHIVE_END, strlen(ARCHIVE_END));
		a = parse(text.p, text.len);
		assert_false(archive_is_cut(a));
		assert_int_equal(archive_samples(a), 1);
		assert_entry(a, 0, "f", contents[i]);
		assert_entry(a, 0, "l", contents[i]);
		assert_entry(a, 0, "z", "last\n");
		archive_unref(a);
		text_done(&text);
	}
}

static void first_of_two_with_one_path_counts(void **state)
{
	static const char text[] = ARCHIVE_HEAD "## 1 2\n== a\nfirst\n== b\n\n== a\nsecond\n"
						"== /etc/passwd\nx\n" ARCHIVE_END;
	struct archive *a = parse(text, strlen(text));

	(void)state;
	assert_entry(a, 0, "a", "first\n");
	assert_null(archive_find(a, 0, "/etc/passwd"));
	archive_unref(archive_ref(a));
	assert_entry(a, 0, "b", "\n");
	archive_unref(a);
	archive_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_one_has_all_its_samples),
		cmocka_unit_test(cut_one_says_so_at_every_length),
		cmocka_unit_test(damaged_clock_is_zero),
		cmocka_unit_test(directories_are_listed_in_order_and_once),
		cmocka_unit_test(contents_cannot_forge_marks),
		cmocka_unit_test(first_of_two_with_one_path_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
