/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/root.h"
#include "base/tracepoint.h"
#include "base/xalloc.h"

#define COMMON                                                                 \
	"name: kvm_exit\nID: 103\nformat:\n"                                   \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define EXIT COMMON "\tfield:unsigned int exit_reason;\toffset:8;\tsize:4;\tsigned:0;\n"

static int parse(const char *text, struct tracepoint *ret)
{
	return tracepoint_parse(text, strlen(text), ret);
}

static void test_fields(void **state)
{
	const char *text =
	    EXIT "\tfield:char name[16];\toffset:16;\tsize:16;\tsigned:0;\n"
		 "\tfield:__data_loc char[] path;\toffset:32;\tsize:4;\tsigned:0;\n"
		 "\tfield:const char *where;\toffset:40;\tsize:8;\tsigned:0;\n"
		 "\nprint fmt: \"field:int x; offset:0; size:4; signed:1;\", REC->x\n"
		 "field:int never;\toffset:0;\tsize:4;\tsigned:1;\n";
	struct tracepoint t;

	(void)state;
	assert_int_equal(parse(text, &t), 0);
	assert_string_equal(t.name, "kvm_exit");
	assert_int_equal(t.id, 103);
	assert_int_equal(t.fields, 6);
	assert_int_equal(tracepoint_field(&t, "exit_reason")->offset, 8);
	assert_int_equal(tracepoint_field(&t, "name")->size, 16);
	assert_int_equal(tracepoint_field(&t, "path")->offset, 32);
	assert_int_equal(tracepoint_field(&t, "where")->size, 8);
	assert_true(tracepoint_field(&t, "common_pid")->is_signed);
	assert_null(tracepoint_field(&t, "never"));
	assert_null(tracepoint_field(&t, "isa"));
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"name: kvm_exit\nID: 103\nformat:\n",
		"name: x\nformat:\n\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;\n",
		"ID: 0\n\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;\n",
		"ID: 70000\n\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;\n",
		"ID: 1x\n\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;\n",
		"ID: 1\nID: 2\n\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;\n",
		COMMON "\tfield:int a;\toffset:-8;\tsize:4;\tsigned:1;\n",
		COMMON "\tfield:int a;\toffset:4294967296;\tsize:4;\tsigned:1;\n",
		COMMON "\tfield:int a;\toffset:65535;\tsize:4;\tsigned:1;\n",
		COMMON "\tfield:int a;\toffset:8;\tsize:99999;\tsigned:1;\n",
		COMMON "\tfield:int a;\toffset:8;\tsize:4;\tsigned:2;\n",
		COMMON "\tfield:int a;\toffset:8;\tsize:4;\n",
		COMMON "\tfield:int a;\tsize:4;\toffset:8;\tsigned:1;\n",
		COMMON "\tfield:a;\toffset:8;\tsize:4;\tsigned:1;\n",
		COMMON "\tfield:int *;\toffset:8;\tsize:4;\tsigned:1;\n",
		COMMON "\tfield:int common_pid;\toffset:8;\tsize:4;\tsigned:1;\n",
		COMMON "\tfield:int a",
	};
	struct tracepoint t = { .id = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &t), -EINVAL);
	assert_int_equal(t.id, 7);
}

static void test_too_many(void **state)
{
	struct tracepoint t;
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), "ID: 9\n");

	(void)state;
	for (int i = 0; i <= TRACEPOINT_FIELDS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "\tfield:int f%d;\toffset:%d;\tsize:4;\tsigned:1;\n", i, i * 4);
	assert_int_equal(tracepoint_parse(text, len, &t), -E2BIG);
}

static void test_reads_numbers(void **state)
{
	const unsigned char raw[] = { 0xfe, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct trace_field f = { .offset = 0, .size = 4, .is_signed = true };
	uint64_t v;

	(void)state;
	assert_int_equal(trace_field_read(&f, raw, sizeof(raw), &v), 0);
	assert_true((int64_t)v == -2);
	f.is_signed = false;
	assert_int_equal(trace_field_read(&f, raw, sizeof(raw), &v), 0);
	assert_int_equal(v, 0xfffffffe);
	f = (struct trace_field){ .offset = 4, .size = 8 };
	assert_int_equal(trace_field_read(&f, raw, sizeof(raw), &v), 0);
	assert_int_equal(v, 0x0807060504030201);
	assert_int_equal(trace_field_read(&f, raw, sizeof(raw) - 1, &v), -EINVAL);
	f.size = 3;
	assert_int_equal(trace_field_read(&f, raw, sizeof(raw), &v), -EINVAL);
}

static int read_from(const char *path, const char *text, struct tracepoint *ret)
{
	char *archive = xasprintf("kvmtop-host 1\n## 1 1\n== %s\n%s\n## end\n", path, text);
	struct root *root;
	int error;

	assert_int_equal(root_open_archive(archive, strlen(archive), &root), 0);
	error = tracepoint_read(root, "kvm/kvm_exit", ret);
	root_close(root);
	free(archive);
	return error;
}

static void test_finds_tracefs(void **state)
{
	struct tracepoint t;

	(void)state;
	assert_int_equal(read_from("sys/kernel/tracing/events/kvm/kvm_exit/format", EXIT, &t), 0);
	assert_int_equal(tracepoint_field(&t, "exit_reason")->offset, 8);
	assert_int_equal(
	    read_from("sys/kernel/debug/tracing/events/kvm/kvm_exit/format", EXIT, &t), 0);
	assert_int_equal(
	    read_from("sys/kernel/tracing/events/sched/sched_switch/format", EXIT, &t), -ENOENT);
	assert_int_equal(read_from("proc/uptime", "1 1", &t), -ENODEV);
	assert_int_equal(
	    read_from("sys/kernel/tracing/events/kvm/kvm_exit/format", "x", &t), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_reads_numbers),
		cmocka_unit_test(test_finds_tracefs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
