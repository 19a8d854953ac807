/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/uuid.h"

static void uuids_have_one_form(void **state)
{
	(void)state;
	assert_true(uuid_is_valid("5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c"));
	assert_true(uuid_is_valid("5C5B4A1E-2F3D-4C6B-8A79-0D1E2F3A4B5C"));
	assert_false(uuid_is_valid(""));
	assert_false(uuid_is_valid("5c5b4a1e2f3d4c6b8a790d1e2f3a4b5c"));
	assert_false(uuid_is_valid("5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5"));
	assert_false(uuid_is_valid("5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c\n"));
	assert_false(uuid_is_valid("5c5b4a1e-2f3d-4c6b-8a790-d1e2f3a4b5c"));
	assert_false(uuid_is_valid("5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5g"));
	assert_false(uuid_is_valid("../../etc/2f3d-4c6b-8a79-0d1e2f3a4b5c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuids_have_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
