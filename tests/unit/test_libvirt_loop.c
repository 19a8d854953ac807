/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's events by our loop: descriptors, timers, and what its own test driver tells. */
#include <libvirt/libvirt.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "collectors/libvirt_loop.h"

#define PATIENCE_MS 20000

struct seen {
	int pipe[2];
	int id;
	atomic_int calls, freed;
};

static void wait_for(atomic_int *what, int least)
{
	for (int ms = 0; atomic_load(what) < least; ms++) {
		assert_true(ms < PATIENCE_MS);
		poll(NULL, 0, 1);
	}
}

static void on_free(void *opaque)
{
	atomic_fetch_add(&((struct seen *)opaque)->freed, 1);
}

/* One round of the loop at least: a timer that is over at once has been called. */
static void on_round(int id, void *opaque)
{
	virEventUpdateTimeout(id, -1);
	atomic_fetch_add(&((struct seen *)opaque)->calls, 1);
}

static void wait_a_round(void)
{
	struct seen s = { .calls = 0 };
	int id = virEventAddTimeout(0, on_round, &s, on_free);

	assert_true(id > 0);
	wait_for(&s.calls, 1);
	assert_int_equal(virEventRemoveTimeout(id), 0);
	wait_for(&s.freed, 1);
}

static void on_readable(int id, int fd, int events, void *opaque)
{
	struct seen *s = opaque;
	char letter;

	(void)id;
	if ((events & VIR_EVENT_HANDLE_READABLE) && read(fd, &letter, 1) == 1)
		atomic_fetch_add(&s->calls, 1);
}

static void listens_while_it_is_asked_to(void **state)
{
	struct seen s = { .calls = 0 };

	(void)state;
	assert_int_equal(pipe(s.pipe), 0);
	s.id = virEventAddHandle(s.pipe[0], VIR_EVENT_HANDLE_READABLE, on_readable, &s, on_free);
	assert_true(s.id > 0);
	assert_int_equal(write(s.pipe[1], "a", 1), 1);
	wait_for(&s.calls, 1);
	virEventUpdateHandle(s.id, 0);
	assert_int_equal(write(s.pipe[1], "b", 1), 1);
	wait_a_round();
	assert_int_equal(atomic_load(&s.calls), 1);
	virEventUpdateHandle(s.id, VIR_EVENT_HANDLE_READABLE);
	wait_for(&s.calls, 2);
	/* Nor does the end of the other side come to who does not listen. */
	virEventUpdateHandle(s.id, 0);
	close(s.pipe[1]);
	wait_a_round();
	assert_int_equal(atomic_load(&s.calls), 2);
	assert_int_equal(virEventRemoveHandle(s.id), 0);
	wait_for(&s.freed, 1);
	assert_int_equal(virEventRemoveHandle(s.id), -1);
	close(s.pipe[0]);
	wait_a_round();
	assert_int_equal(atomic_load(&s.freed), 1);
}

static void on_last(int id, int fd, int events, void *opaque)
{
	struct seen *s = opaque;

	(void)fd;
	(void)events;
	atomic_fetch_add(&s->calls, atomic_load(&s->freed) ? 100 : 1);
	virEventRemoveHandle(id);
}

static void may_be_removed_within_its_call(void **state)
{
	struct seen s[40] = { 0 };
	const size_t n = sizeof(s) / sizeof(s[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(pipe(s[i].pipe), 0);
		assert_int_equal(write(s[i].pipe[1], "a", 1), 1);
		s[i].id = virEventAddHandle(
		    s[i].pipe[0], VIR_EVENT_HANDLE_READABLE, on_last, &s[i], on_free);
		assert_true(s[i].id > 0);
	}
	for (size_t i = 0; i < n; i++) {
		wait_for(&s[i].freed, 1);
		assert_int_equal(atomic_load(&s[i].calls), 1);
		close(s[i].pipe[0]);
		close(s[i].pipe[1]);
	}
}

static void on_time(int id, void *opaque)
{
	(void)id;
	atomic_fetch_add(&((struct seen *)opaque)->calls, 1);
}

static void timers_come_again_until_they_are_stopped(void **state)
{
	struct seen s = { .calls = 0 }, late = { .calls = 0 };
	/* Sleeping for an hour, the loop is woken for what is over sooner. */
	int other = virEventAddTimeout(3600 * 1000, on_time, &late, on_free);
	int id = virEventAddTimeout(1, on_time, &s, on_free), calls;

	(void)state;
	assert_true(other > 0 && id > 0);
	wait_for(&s.calls, 3);
	virEventUpdateTimeout(id, -1);
	wait_a_round();
	calls = atomic_load(&s.calls);
	wait_a_round();
	assert_int_equal(atomic_load(&s.calls), calls);
	virEventUpdateTimeout(other, 0);
	wait_for(&late.calls, 1);
	assert_int_equal(virEventRemoveTimeout(other), 0);
	assert_int_equal(virEventRemoveTimeout(id), 0);
	wait_for(&late.freed, 1);
	wait_for(&s.freed, 1);
}

static int on_lifecycle(
    virConnectPtr connect, virDomainPtr domain, int event, int detail, void *opaque)
{
	(void)connect;
	(void)domain;
	(void)detail;
	if (event == VIR_DOMAIN_EVENT_STOPPED)
		atomic_fetch_add(&((struct seen *)opaque)->calls, 1);
	return 0;
}

static void drivers_tell_of_their_guests(void **state)
{
	struct seen s = { .calls = 0 };
	virConnectPtr connect = virConnectOpen("test:///default");
	virDomainPtr domain;
	int id;

	(void)state;
	if (!connect)
		skip();
	id = virConnectDomainEventRegisterAny(connect, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
	    VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), &s, on_free);
	assert_true(id >= 0);
	domain = virDomainLookupByName(connect, "test");
	assert_non_null(domain);
	assert_int_equal(virDomainDestroy(domain), 0);
	wait_for(&s.calls, 1);
	virDomainFree(domain);
	assert_int_equal(virConnectDomainEventDeregisterAny(connect, id), 0);
	virConnectClose(connect);
	wait_for(&s.freed, 1);
}

static void *change_often(void *opaque)
{
	struct seen *s = opaque;

	for (int i = 0; i < 2000; i++) {
		virEventUpdateHandle(s->id, 0);
		virEventUpdateHandle(s->id, VIR_EVENT_HANDLE_READABLE);
	}
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	struct seen s[4] = { 0 };
	pthread_t thread[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pipe(s[i].pipe), 0);
		s[i].id = virEventAddHandle(
		    s[i].pipe[0], VIR_EVENT_HANDLE_READABLE, on_readable, &s[i], on_free);
		assert_int_equal(pthread_create(&thread[i], NULL, change_often, &s[i]), 0);
	}
	for (int k = 0; k < 500; k++)
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(write(s[i].pipe[1], "a", 1), 1);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		wait_for(&s[i].calls, 500);
		assert_int_equal(virEventRemoveHandle(s[i].id), 0);
		wait_for(&s[i].freed, 1);
		close(s[i].pipe[0]);
		close(s[i].pipe[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listens_while_it_is_asked_to),
		cmocka_unit_test(may_be_removed_within_its_call),
		cmocka_unit_test(timers_come_again_until_they_are_stopped),
		cmocka_unit_test(drivers_tell_of_their_guests),
		cmocka_unit_test(threads_do_not_disturb_each_other),
	};

	if (!libvirt_loop_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
