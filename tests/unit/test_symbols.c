/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The symbols of kernels and programs: where they are read from, and which of them an address is.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "profile/elf_symbols.h"
#include "profile/guest_files.h"
#include "profile/kallsyms.h"
#include "profile/maps.h"
#include "profile/namer.h"
#include "profile/report.h"
#include "tests/unit/a_kallsyms.h"

static const char *name_at(const struct symbols *s, uint64_t address)
{
	const struct symbol *symbol = symbols_find(s, address);

	return symbol ? symbol_name(s, symbol) : "";
}

static void test_kallsyms(void **state)
{
	struct symbols s = { 0 };
	struct kallsyms_facts facts;

	(void)state;
	assert_int_equal(kallsyms_parse(&s, kallsyms, sizeof(kallsyms) - 1, &facts), 0);
	symbols_sort(&s);
	assert_int_equal(facts.wrong, 0);
	assert_int_equal(facts.functions, 7);
	assert_true(facts.first == 0xffffffff81000000 && facts.last == 0xffffffff81000100);
	/* Of several names the one with fewer underscores, and global before local. */
	assert_string_equal(name_at(&s, 0xffffffff81000000), "startup_64");
	assert_string_equal(name_at(&s, 0xffffffff8100003f), "startup_64");
	assert_string_equal(name_at(&s, 0xffffffff81000040), "shown");
	assert_string_equal(name_at(&s, 0xffffffff81000100), "weak");
	assert_string_equal(name_at(&s, 0xffffffffc0000100), "vcpu_run");
	assert_string_equal(symbol_object(&s, symbols_find(&s, 0xffffffffc0000201)), "kvm");
	/* The last function of the kernel does not reach to the first module. */
	assert_string_equal(name_at(&s, 0xffffffff90000000), "");
	assert_string_equal(name_at(&s, 0xffffffff80ffffff), "");
	assert_string_equal(name_at(&s, 0), "");
	symbols_done(&s);
}

static int parse(const char *text)
{
	struct symbols s = { 0 };
	struct kallsyms_facts facts;
	int r = kallsyms_parse(&s, text, strlen(text), &facts);

	symbols_done(&s);
	return r;
}

static void test_kallsyms_that_are_none(void **state)
{
	(void)state;
	assert_int_equal(parse(""), -ENODATA);
	assert_int_equal(parse("0000000000000000 T a\n0000000000000000 T b\n"), -EPERM);
	assert_int_equal(parse("kvm 1052672 1 kvm_amd, Live 0xffffffffc0a3e000\n"), -EINVAL);
	assert_int_equal(parse("<html>\n<body>\n"), -EINVAL);
	assert_int_equal(parse("ffffffff81000000 D data\n"), -ENODATA);
	assert_int_equal(parse("ffffffff81000000 T name extra\nffffffff81000000 T\n"), -EINVAL);
	assert_int_equal(parse("fffffffff81000000 T too_far\n"), -EINVAL);
}

static void test_modules(void **state)
{
	static const char text[] = "kvm 8192 1 kvm_amd, Live 0xffffffffc0a3e000 (E)\n"
				   "dm_mod 4096 0 - Live 0xffffffffc0a00000\n";
	static const char hidden[] = "kvm 8192 1 kvm_amd, Live 0x0000000000000000\n";
	struct symbols s = { 0 };

	(void)state;
	assert_int_equal(modules_parse(&s, text, sizeof(text) - 1), 0);
	symbols_sort(&s);
	assert_string_equal(name_at(&s, 0xffffffffc0a3ffff), "kvm");
	assert_string_equal(name_at(&s, 0xffffffffc0a40000), "");
	assert_string_equal(name_at(&s, 0xffffffffc0a00fff), "dm_mod");
	symbols_done(&s);
	assert_int_equal(modules_parse(&s, hidden, sizeof(hidden) - 1), -EPERM);
	assert_int_equal(modules_parse(&s, "", 0), -ENODATA);
	assert_int_equal(modules_parse(&s, kallsyms, sizeof(kallsyms) - 1), -EINVAL);
	symbols_done(&s);
}

static void test_maps(void **state)
{
	static const char text[] =
	    "00400000-00500000 r--p 00000000 fe:01 12 /usr/bin/qemu\n"
	    "00500000-00600000 r-xp 00100000 fe:01 12 /usr/bin/qemu with blanks (deleted)\n"
	    "nonsense\n"
	    "00700000-00600000 r-xp 00000000 fe:01 13 /backwards\n"
	    "7f0000000000-7f0000001000 r-xp 00000000 00:00 0 [vdso]\n"
	    "7f0000002000-7f0000003000 rwxp 00000000 00:00 0 \n";
	struct maps m = { 0 };

	(void)state;
	maps_parse(&m, text, sizeof(text) - 1);
	assert_int_equal(m.n, 3);
	assert_string_equal(m.v[0].path, "/usr/bin/qemu with blanks (deleted)");
	assert_true(m.v[0].offset == 0x100000 && m.v[0].inode == 12);
	assert_ptr_equal(maps_find(&m, 0x5fffff), &m.v[0]);
	assert_null(maps_find(&m, 0x600000));
	assert_null(maps_find(&m, 0x4fffff));
	assert_string_equal(maps_find(&m, 0x7f0000000123)->path, "[vdso]");
	assert_string_equal(m.v[2].path, "");
	maps_done(&m);
}

/* A function of this very program, by the place in its own file where it lies. */
static void test_elf(void **state)
{
	struct root *root;
	struct guest_symbols none = { 0 };
	struct named named;
	struct namer *n;

	(void)state;
	assert_int_equal(root_open("/", &root), 0);
	n = namer_new(root, (uint32_t)getpid(), &none);
	named = namer_name(n, CPU_HOST_USER, (uint64_t)(uintptr_t)&report_finish);
	assert_non_null(named.symbol);
	assert_string_equal(named.symbol, "report_finish");
	assert_string_equal(named.object, "test_symbols");
	named = namer_name(n, CPU_HOST_USER, 0x10);
	assert_null(named.symbol);
	assert_string_equal(named.object, "[unknown]");
	namer_free(n);
	root_close(root);
}

static void test_elf_that_is_none(void **state)
{
	char text[] = "#!/bin/sh\nexit 0\n# a program, but none of that kind\n";
	struct elf_symbols e = { 0 };

	(void)state;
	assert_int_equal(elf_symbols_parse(&e, text, sizeof(text)), -ENOEXEC);
	assert_int_equal(elf_symbols_parse(&e, text, 3), -ENOEXEC);
	elf_symbols_done(&e);
}

static void symbols_keep_to_their_room(void **state)
{
	static const char name[] = "a_function_with_a_name";
	struct symbols s = { .max_bytes = 100 * sizeof(struct symbol) };
	size_t n = 0;

	(void)state;
	while (n < 1000 && symbols_add(&s, n * 16, 16, slice_of(name), slice_of(""), 0))
		n++;
	assert_in_range(n, 50, 99);
	assert_in_range(
	    symbols_bytes(&s), s.max_bytes, s.max_bytes + sizeof(struct symbol) + sizeof(name));
	symbols_sort(&s);
	assert_string_equal(symbol_name(&s, symbols_find(&s, (n - 1) * 16)), name);
	symbols_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kallsyms),
		cmocka_unit_test(test_kallsyms_that_are_none),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_elf_that_is_none),
		cmocka_unit_test(symbols_keep_to_their_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
