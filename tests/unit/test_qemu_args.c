/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of QEMU command lines: lists of keys, JSON, and what makes no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/qemu_args.h"

#define ARGS(text) qemu_args_parse(text, sizeof(text) - 1)

static void takes_lists_of_keys(void **state)
{
	struct qemu_args *args =
	    ARGS("qemu-system-x86_64\0-device\0virtio-blk-pci,drive=d0,id=x,"
		 "iothread=io1,num-queues=4,disable-modern\0--netdev\0"
		 "tap,id=n0,vhost=on\0-enable-kvm\0-drive\0"
		 "file=/a,,b.qcow2,if=none,id=d0,cache=none,cache=writeback\0");
	const struct qemu_arg *device = qemu_args_next(args, "device", NULL), *drive;
	uint64_t queues = 0;

	(void)state;
	assert_string_equal(qemu_arg_get(device, "driver"), "virtio-blk-pci");
	assert_string_equal(qemu_arg_get(device, "iothread"), "io1");
	assert_true(qemu_arg_u64(device, "num-queues", &queues));
	assert_int_equal(queues, 4);
	assert_true(qemu_arg_is_on(device, "disable-modern", false));
	assert_true(qemu_arg_is_on(device, "absent", true));
	assert_false(qemu_arg_u64(device, "drive", &queues));
	assert_null(qemu_arg_get(device, "absent"));
	assert_null(qemu_args_next(args, "device", device));
	assert_string_equal(qemu_arg_get(qemu_args_next(args, "netdev", NULL), "type"), "tap");
	assert_non_null(qemu_args_next(args, "enable-kvm", NULL));
	drive = qemu_args_find(args, "drive", "d0");
	assert_string_equal(qemu_arg_get(drive, "file"), "/a,b.qcow2");
	assert_string_equal(qemu_arg_get(drive, "cache"), "writeback");
	assert_null(qemu_args_find(args, "drive", "d1"));
	qemu_args_free(args);
}

static void takes_json(void **state)
{
	struct qemu_args *args = ARGS(
	    "qemu\0-blockdev\0{\"driver\":\"qcow2\",\"node-name\":\"f\",\"cache\":{\"direct\":true,"
	    "\"no-flush\":false},\"server\":[{\"host\":\"a\"},{\"host\":\"b\"}],\"size\":512,"
	    "\"none\":null}\0-blockdev\0{broken\0");
	const struct qemu_arg *b = qemu_args_next(args, "blockdev", NULL);

	(void)state;
	assert_string_equal(qemu_arg_get(b, "driver"), "qcow2");
	assert_true(qemu_arg_is_on(b, "cache.direct", false));
	assert_false(qemu_arg_is_on(b, "cache.no-flush", true));
	assert_string_equal(qemu_arg_get(b, "server.1.host"), "b");
	assert_string_equal(qemu_arg_get(b, "size"), "512");
	assert_null(qemu_arg_get(b, "none"));
	b = qemu_args_next(args, "blockdev", b);
	assert_string_equal(qemu_arg_get(b, "driver"), "{broken");
	qemu_args_free(args);
}

static void takes_files(void **state)
{
	struct qemu_args *args = ARGS("qemu\0-hda\0/img,cache=none\0-cdrom\0a.iso\0-S\0stray\0-m");
	const struct qemu_arg *arg = NULL;
	size_t n = 0;

	(void)state;
	assert_string_equal(
	    qemu_arg_get(qemu_args_next(args, "hda", NULL), "file"), "/img,cache=none");
	assert_string_equal(qemu_arg_get(qemu_args_next(args, "cdrom", NULL), "file"), "a.iso");
	while ((arg = qemu_args_next(args, NULL, arg)))
		n++;
	assert_int_equal(n, 4);
	assert_int_equal(qemu_args_next(args, "m", NULL)->n, 0);
	qemu_args_free(args);
}

static void bears_nonsense(void **state)
{
	static const char text[] = "qemu\0-\0--\0x\0-device\0,\0-device\0=,=\0-device\0{}\0"
				   "-device\0[]\0-device\0a,b=";
	char *deep = malloc(100003);

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++)
		qemu_args_free(qemu_args_parse(text, len));
	memcpy(deep, "q\0-device\0", 10);
	memset(deep + 10, '{', 100003 - 10);
	qemu_args_free(qemu_args_parse(deep, 100003));
	memset(deep + 10, ',', 100003 - 10);
	qemu_args_free(qemu_args_parse(deep, 100003));
	free(deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_lists_of_keys),
		cmocka_unit_test(takes_json),
		cmocka_unit_test(takes_files),
		cmocka_unit_test(bears_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
