/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's file by its agent: with one that answers, one that refuses, and some that lie. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "collectors/libvirt_agent.h"

struct libvirt_agent {
	const char *const *answer; /* one after the other; NULL: the command fails */
	size_t asked;
	char commands[1024];
};

static int fake_command(struct libvirt_agent *a, const char *json, char **ret_answer, char *error)
{
	size_t len = strlen(a->commands);

	snprintf(a->commands + len, sizeof(a->commands) - len, "%s\n", json);
	if (!a->answer[a->asked]) {
		snprintf(error, LIBVIRT_AGENT_ERROR_SIZE, "no agent there");
		return -EIO;
	}
	*ret_answer = xstrdup(a->answer[a->asked++]);
	return 0;
}

static const struct libvirt_agent_ops ops = { .version = LIBVIRT_AGENT_VERSION,
	.command = fake_command };

struct reading_result {
	int r;
	struct text text;
	char error[LIBVIRT_AGENT_ERROR_SIZE];
	char commands[1024];
};

static struct reading_result read_with(const char *const *answers)
{
	struct libvirt_agent agent = { .answer = answers };
	struct reading_result result = { 0 };

	result.r = libvirt_agent_read(&ops, &agent,
	    "/proc"
	    "/modules",
	    &result.text, result.error);
	memcpy(result.commands, agent.commands, sizeof(result.commands));
	return result;
}

static void test_whole_file(void **state)
{
	static const char *const answers[] = { "{\"return\":1000}",
		"{\"return\":{\"count\":5,\"buf-b64\":\"a3ZtIDE=\",\"eof\":false}}",
		"{\"return\":{\"count\":1,\"buf-b64\":\"Cg==\",\"eof\":true}}", "{\"return\":{}}" };
	struct reading_result got = read_with(answers);

	(void)state;
	assert_int_equal(got.r, 0);
	assert_string_equal(got.text.p, "kvm 1\n");
	assert_string_equal(got.commands,
	    "{\"execute\":\"guest-file-open\",\"arguments\":"
	    "{\"path\":\"\\/proc\\/modules\",\"mode\":\"r\"}}\n"
	    "{\"execute\":\"guest-file-read\",\"arguments\":{\"handle\":1000,\"count\":1048576}}\n"
	    "{\"execute\":\"guest-file-read\",\"arguments\":{\"handle\":1000,\"count\":1048576}}\n"
	    "{\"execute\":\"guest-file-close\",\"arguments\":{\"handle\":1000}}\n");
	text_done(&got.text);
}

static void expect_failure(const char *const *answers, const char *says)
{
	struct reading_result got = read_with(answers);

	assert_int_equal(got.r, -EIO);
	assert_non_null(strstr(got.error, says));
	text_done(&got.text);
}

static void test_refusals(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const refused[] = { "{\"error\":{\"class\":\"CommandNotFound\"}}" };
	static const char *const text[] = { "no json" };
	static const char *const list[] = { "[1, 2]" };
	static const char *const handle[] = { "{\"return\":\"1000\"}" };
	static const char *const base64[] = { "{\"return\":1}",
		"{\"return\":{\"buf-b64\":\"a3Z\",\"eof\":true}}", "{\"return\":{}}" };
	static const char *const number[] = { "{\"return\":1}",
		"{\"return\":{\"buf-b64\":7,\"eof\":true}}", "{\"return\":{}}" };
	static const char *const lost[] = { "{\"return\":1}", NULL };

	(void)state;
	expect_failure(none, "no agent there");
	expect_failure(refused, "refused guest-file-open");
	expect_failure(text, "refused guest-file-open");
	expect_failure(list, "refused guest-file-open");
	expect_failure(handle, "makes no sense");
	expect_failure(base64, "makes no sense");
	expect_failure(number, "makes no sense");
	expect_failure(lost, "no agent there");
}

/* One that has nothing to tell, and never says so, is not asked for ever. */
static void test_no_end(void **state)
{
	static const char *const answers[] = { "{\"return\":1}",
		"{\"return\":{\"buf-b64\":\"\",\"eof\":false}}", "{\"return\":{}}" };
	struct reading_result got = read_with(answers);

	(void)state;
	assert_int_equal(got.r, 0);
	assert_int_equal(got.text.len, 0);
	text_done(&got.text);
}

static int decode(const char *s, const char *want)
{
	struct text out = { 0 };
	int r = base64_append(&out, s, strlen(s));

	if (r == 0 && want)
		assert_memory_equal(out.p ? out.p : "", want, strlen(want));
	text_done(&out);
	return r;
}

static void test_base64(void **state)
{
	(void)state;
	assert_int_equal(decode("", ""), 0);
	assert_int_equal(decode("YQ==", "a"), 0);
	assert_int_equal(decode("YWI=", "ab"), 0);
	assert_int_equal(decode("YWJj", "abc"), 0);
	assert_int_equal(decode("+/+/", "\xfb\xff\xbf"), 0);
	assert_int_equal(decode("YQ", NULL), -EINVAL);
	assert_int_equal(decode("Y===", NULL), -EINVAL);
	assert_int_equal(decode("====", NULL), -EINVAL);
	assert_int_equal(decode("YQ==YQ==", NULL), -EINVAL);
	assert_int_equal(decode("YW\nj", NULL), -EINVAL);
	assert_int_equal(decode("YW=j", NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_file),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
