/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module that lies beside the program, and what is said where none does: this program, copied
 * away, is started once more for that.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/libvirt_module.h"
#include "base/xalloc.h"
#include "tests/helpers/libvirt_fake.h"

static void the_module_beside_the_program_is_loaded(void **state)
{
	void *fake = dlopen(KVMTOP_LIBVIRT_FAKE, RTLD_NOW | RTLD_LOCAL), *module;
	char error[256] = "";

	(void)state;
	assert_non_null(fake);
	module = libvirt_module_load(error, sizeof(error));
	assert_string_equal(error, "");
	assert_non_null(module);
	assert_non_null(dlsym(module, LIBVIRT_FAKE_SYMBOL));
	assert_ptr_equal(dlsym(module, LIBVIRT_FAKE_SYMBOL), dlsym(fake, LIBVIRT_FAKE_SYMBOL));
	dlclose(module);
	dlclose(fake);
}

static void copy_program(const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_WRONLY | O_CREAT, 0700);
	struct stat st;
	ssize_t n = 1;

	assert_true(from >= 0 && to >= 0);
	assert_int_equal(fstat(from, &st), 0);
	while (n > 0 && lseek(from, 0, SEEK_CUR) < st.st_size)
		n = sendfile(to, from, NULL, (size_t)st.st_size);
	assert_true(n > 0);
	close(from);
	assert_int_equal(close(to), 0);
}

static void a_program_without_one_says_so(void **state)
{
	char dir[] = "/tmp/kvmtop-module-XXXXXX", words[256] = "";
	char *path, *command;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/alone", dir);
	command = xasprintf("%s says", path);
	copy_program(path);
	out = popen(command, "r");
	assert_non_null(out);
	assert_non_null(fgets(words, sizeof(words), out));
	assert_int_equal(pclose(out), 0);
	assert_string_equal(words, LIBVIRT_MODULE " is not installed");
	unlink(path);
	rmdir(dir);
	free(command);
	free(path);
}

/* The copy. */
static int say_why_there_is_none(void)
{
	char error[256] = "";

	if (libvirt_module_load(error, sizeof(error)))
		return 1;
	fputs(error, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_module_beside_the_program_is_loaded),
		cmocka_unit_test(a_program_without_one_says_so),
	};

	if (argc > 1 && strcmp(argv[1], "says") == 0)
		return say_why_there_is_none();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
