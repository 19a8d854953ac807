/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When libvirt's guests are listed anew, and when it is enough to count them. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/root.h"
#include "collectors/collector.h"
#include "tests/helpers/libvirt_fake.h"

struct host {
	struct root *root;
	struct sampling options;
	struct reading r;
	struct snapshot *latest;
	struct libvirt_fake *fake;
	size_t guests; /* that the last reading told of */
};

static void open_host(struct host *h, int active)
{
	void *module = dlopen(KVMTOP_LIBVIRT_FAKE, RTLD_NOW | RTLD_LOCAL);

	*h = (struct host){ .options.interval_ns = NS_PER_SEC };
	assert_non_null(module);
	h->fake = dlsym(module, LIBVIRT_FAKE_SYMBOL);
	assert_non_null(h->fake);
	h->fake->active = active;
	h->fake->lists = h->fake->counts = 0;
	assert_int_equal(root_open("/", &h->root), 0);
	h->latest = snapshot_new(clock_now());
	snapshot_link(h->latest);
	h->r = (struct reading){ .root = h->root,
		.options = &h->options,
		.latest = h->latest,
		.now_ns = 1000 * NS_PER_SEC,
		.state = libvirt_open(&h->options) };
}

static void close_host(struct host *h)
{
	libvirt_close(h->r.state);
	snapshot_unref(h->latest);
	root_close(h->root);
}

/* A second later. True when they were listed. */
static bool lists(struct host *h)
{
	size_t before = h->fake->lists;

	h->r.now_ns += NS_PER_SEC;
	h->r.into = snapshot_new(clock_now());
	assert_int_equal(libvirt_read(&h->r), h->fake->refuses ? STATE_ABSENT : STATE_OK);
	h->guests = h->r.into->table[TABLE_DOMAIN].n;
	snapshot_unref(h->r.into);
	h->r.into = NULL;
	return h->fake->lists > before;
}

static void counts_while_they_are_as_many(void **state)
{
	struct host h;

	(void)state;
	open_host(&h, 3);
	assert_true(lists(&h));
	assert_int_equal(h.fake->counts, 0);
	for (int i = 0; i < 9; i++)
		assert_false(lists(&h));
	assert_int_equal(h.fake->counts, 9);
	assert_int_equal(h.guests, 3);
	assert_true(lists(&h));
	assert_false(lists(&h));
	close_host(&h);
}

static void lists_when_there_are_others(void **state)
{
	struct host h;
	char uuid[40];

	(void)state;
	open_host(&h, 3);
	assert_true(lists(&h));
	assert_false(lists(&h));
	h.fake->active = 4;
	assert_true(lists(&h));
	/* Somebody without a process is told from the second reading on. */
	assert_false(lists(&h));
	assert_int_equal(h.guests, 4);
	h.fake->active = 2;
	assert_true(lists(&h));
	assert_int_equal(h.guests, 2);
	/* As many as before, and an event. */
	assert_false(lists(&h));
	snprintf(uuid, sizeof(uuid), LIBVIRT_FAKE_UUID, 1);
	h.fake->on_change(h.fake->ctx, uuid);
	assert_true(lists(&h));
	assert_false(lists(&h));
	close_host(&h);
}

static void asks_again_for_a_list_that_failed(void **state)
{
	struct host h;

	(void)state;
	open_host(&h, 1);
	assert_true(lists(&h));
	/* The last one has ended, and there is no list to say so. */
	h.fake->active = 0;
	h.fake->refuses = true;
	assert_true(lists(&h));
	h.fake->refuses = false;
	assert_true(lists(&h));
	assert_int_equal(h.guests, 0);
	assert_false(lists(&h));
	close_host(&h);
}

/* Those that are not wanted here count, too. */
static void counts_all_where_one_is_wanted(void **state)
{
	struct host h;
	char uuid[40];

	(void)state;
	open_host(&h, 3);
	snprintf(uuid, sizeof(uuid), LIBVIRT_FAKE_UUID, 2);
	h.options.guest = uuid;
	assert_true(lists(&h));
	assert_false(lists(&h));
	assert_int_equal(h.guests, 1);
	close_host(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_while_they_are_as_many),
		cmocka_unit_test(lists_when_there_are_others),
		cmocka_unit_test(asks_again_for_a_list_that_failed),
		cmocka_unit_test(counts_all_where_one_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
