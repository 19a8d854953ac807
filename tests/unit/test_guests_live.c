/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests of this host that come and go between two samples: children of this test, each with a
 * virtual machine in which nothing runs. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/root.h"
#include "collectors/collector.h"
#include "collectors/lane.h"

struct host {
	struct root *root;
	struct sampling options;
	struct slot guests;
};

static void open_host(struct host *h)
{
	const struct collector *c = collectors;

	*h = (struct host){ .options.interval_ns = NS_PER_SEC };
	assert_int_equal(root_open("/", &h->root), 0);
	while (c->src != SRC_GUESTS)
		c++;
	slot_init(&h->guests, c, &h->options);
	h->guests.needs = NEEDS(SRC_GUESTS);
}

static void close_host(struct host *h)
{
	slot_done(&h->guests);
	root_close(h->root);
}

/* Whether the next sample has a guest of that process. */
static bool is_shown(struct host *h, pid_t pid)
{
	struct snapshot *now = snapshot_new(clock_now());
	bool shown = false;

	slot_read(&h->guests, h->root, &h->options, NULL, now);
	for (size_t i = 0; i < now->table[TABLE_DOMAIN].n; i++)
		shown |= cell_number(now->table[TABLE_DOMAIN].row[i], DOMAIN_PID, 0) == pid;
	snapshot_unref(now);
	return shown;
}

/* Does not return. Tells on @done whether it has a machine, and waits for its end. */
static void be_guest(int done)
{
	int kvm = open("/dev/kvm", O_RDWR), vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	char has = vm < 0 ? 'n' : 'y';

	if (write(done, &has, 1) == 1)
		for (;;)
			pause();
	_exit(1);
}

/* 0: there is no KVM here. */
static pid_t start_guest(void)
{
	int done[2];
	char has = 0;
	pid_t pid;

	assert_int_equal(pipe(done), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		be_guest(done[1]);
	assert_int_equal(read(done[0], &has, 1), 1);
	close(done[0]);
	close(done[1]);
	if (has == 'y')
		return pid;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static void each_sample_shows_who_is_there(void **state)
{
	struct host h;
	pid_t first, second;

	(void)state;
	open_host(&h);
	first = start_guest();
	if (!first) {
		close_host(&h);
		skip();
	}
	assert_true(is_shown(&h, first));
	assert_true(is_shown(&h, first));
	second = start_guest();
	assert_true(is_shown(&h, second));
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	assert_false(is_shown(&h, first));
	assert_true(is_shown(&h, second));
	kill(second, SIGKILL);
	waitpid(second, NULL, 0);
	assert_false(is_shown(&h, second));
	close_host(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample_shows_who_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
