/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors as libvirt leaves them behind, without a libvirt that serves. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/libvirt_error.h"

virErrorPtr __real_virGetLastError(void);
virErrorPtr __wrap_virGetLastError(void);

static bool is_pretended;
static virErrorPtr pretended;

virErrorPtr __wrap_virGetLastError(void)
{
	return is_pretended ? pretended : __real_virGetLastError();
}

static int pretend(virErrorPtr error, char *words, size_t size)
{
	int r;

	is_pretended = true;
	pretended = error;
	r = libvirt_error(words, size);
	is_pretended = false;
	return r;
}

static void errors_are_told_by_their_code(void **state)
{
	static const struct {
		int code, detail, expected;
	} rows[] = {
		{ VIR_ERR_NO_DOMAIN, 0, -ENOENT },
		{ VIR_ERR_OPERATION_INVALID, 0, -ESRCH },
		{ VIR_ERR_NO_SUPPORT, 0, -ENOTSUP },
		{ VIR_ERR_ARGUMENT_UNSUPPORTED, 0, -ENOTSUP },
		{ VIR_ERR_OPERATION_UNSUPPORTED, 0, -ENOTSUP },
		{ VIR_ERR_AUTH_FAILED, 0, -EACCES },
		{ VIR_ERR_ACCESS_DENIED, 0, -EACCES },
		{ VIR_ERR_OPERATION_DENIED, 0, -EACCES },
		{ VIR_ERR_SYSTEM_ERROR, EACCES, -EACCES },
		{ VIR_ERR_SYSTEM_ERROR, EPERM, -EACCES },
		{ VIR_ERR_SYSTEM_ERROR, ENOENT, -EIO },
		{ VIR_ERR_INTERNAL_ERROR, EACCES, -EIO },
	};
	char message[] = "it said so", words[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		virError e = { .code = rows[i].code, .message = message, .int1 = rows[i].detail };

		assert_int_equal(pretend(&e, words, sizeof(words)), rows[i].expected);
		assert_string_equal(words, "it said so");
		assert_int_equal(pretend(&e, words, 6), rows[i].expected);
		assert_string_equal(words, "it sa");
	}
}

static void no_error_is_one_as_well(void **state)
{
	virError e = { .code = VIR_ERR_INTERNAL_ERROR };
	char words[32];

	(void)state;
	assert_int_equal(pretend(NULL, words, sizeof(words)), -EIO);
	assert_string_equal(words, "unknown error");
	assert_int_equal(pretend(&e, words, sizeof(words)), -EIO);
	assert_string_equal(words, "unknown error");
}

/* By its own test driver, which needs no daemon. */
static void what_fails_is_asked_for_and_not_written(void **state)
{
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);
	virConnectPtr connection = virConnectOpen("test:///default");
	char words[128];

	(void)state;
	assert_true(file && kept >= 0);
	assert_non_null(connection);
	libvirt_error_silence();
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	assert_null(virDomainLookupByName(connection, "nobody"));
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	assert_int_equal(libvirt_error(words, sizeof(words)), -ENOENT);
	assert_non_null(strstr(words, "not found"));
	assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
	virConnectClose(connection);
	close(kept);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_told_by_their_code),
		cmocka_unit_test(no_error_is_one_as_well),
		cmocka_unit_test(what_fails_is_asked_for_and_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
