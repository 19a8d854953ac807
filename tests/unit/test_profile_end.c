/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile whose thread sits in a read that does not return: whoever started it is not held up. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/root.h"
#include "profile/guest_files.h"
#include "profile/profile.h"
#include "profile/report.h"

/* A byte for each: the runner has come to the file, and may go on. */
static int at_file[2], go_on[2];

void __wrap_guest_symbols_load(struct guest_symbols *g, const struct guest_files *files);

/* A file on a server that is gone. */
void __wrap_guest_symbols_load(struct guest_symbols *g, const struct guest_files *files)
{
	char c = 'x';

	(void)files;
	g->state = FILES_UNKNOWN;
	if (write(at_file[1], &c, 1) == 1 && read(go_on[0], &c, 1) == 1)
		close(go_on[0]);
}

static void test_ends_at_once(void **state)
{
	struct profile_request request = {
		.guest = "web", .pid = (uint32_t)getpid(), .seconds = 60, .hertz = 10
	};
	struct pollfd arrived = { .events = POLLIN }, gone = { .events = 0 };
	struct profile *p;
	struct root *root;

	(void)state;
	assert_int_equal(root_open("/", &root), 0);
	assert_int_equal(pipe(at_file), 0);
	assert_int_equal(pipe(go_on), 0);
	assert_int_equal(profile_start(root, &request, &p), 0);
	arrived.fd = at_file[0];
	assert_int_equal(poll(&arrived, 1, 10000), 1);
	profile_free(p);
	root_close(root);
	/* The runner then finds that nobody waits for it, and frees what is left. */
	gone.fd = go_on[1];
	assert_int_equal(write(go_on[1], "x", 1), 1);
	assert_int_equal(poll(&gone, 1, 10000), 1);
	assert_true(gone.revents & POLLERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
