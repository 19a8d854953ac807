/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/uri.h"

static void addresses_of_this_host(void **state)
{
	(void)state;
	assert_false(uri_is_remote(""));
	assert_false(uri_is_remote("none"));
	assert_false(uri_is_remote("qemu:///system"));
	assert_false(uri_is_remote("qemu+unix:///session?socket=/a//b"));
	assert_false(uri_is_remote("qemu+ssh://me@LocalHost/system"));
	assert_false(uri_is_remote("qemu+tcp://127.0.0.1/system"));
	assert_false(uri_is_remote("qemu+tcp://[::1]/system"));
	assert_false(uri_is_remote("qemu+tcp://localhost"));
	assert_false(uri_is_remote("qemu:///system?name=qemu://far/system"));
}

static void addresses_of_other_hosts(void **state)
{
	(void)state;
	assert_true(uri_is_remote("qemu+ssh://far/system"));
	assert_true(uri_is_remote("qemu+tls://me@far?x=localhost"));
	assert_true(uri_is_remote("qemu+tls://localhost.far/system"));
	assert_true(uri_is_remote("qemu+tls://local/system"));
	assert_true(uri_is_remote("qemu+ssh://localhost@far/system"));
	/* A port of this host may be the end of a tunnel. */
	assert_true(uri_is_remote("qemu+ssh://localhost:2222/system"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_this_host),
		cmocka_unit_test(addresses_of_other_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
