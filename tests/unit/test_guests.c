/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests and their threads over the samples of captured hosts: they come, go, stop and change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/archive.h"
#include "base/root.h"
#include "collectors/collector.h"
#include "collectors/lane.h"

/* What a test says of a host: processes and threads, sample by sample. */
struct host {
	struct text text;
	struct root *root;
	struct slot guests, threads;
	struct snapshot *now, *before;
	struct sampling options;
	size_t next;
};

static void add(struct host *h, const char *path, const char *content)
{
	char head[256];
	int n = snprintf(head, sizeof(head), "== %s\n", path);

	text_append(&h->text, head, (size_t)n);
	text_append(&h->text, content, strlen(content));
}

static void sample(struct host *h, int second)
{
	char head[96];
	int n = snprintf(head, sizeof(head), "%s## %d000000000 1795000000000000000\n",
	    h->text.len ? "" : "kvmtop-host 1\n", second);

	text_append(&h->text, head, (size_t)n);
	add(h, "proc/uptime", "1000.00 1.00\n");
}

static void link_to(struct host *h, const char *path, const char *target)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "@@ %s\n%s\n", path, target);

	text_append(&h->text, line, (size_t)n);
}

static void stat_text(char *buf, size_t size, int pid, const char *comm, char state, unsigned flags,
    int utime, int guest, int start, int cpu)
{
	snprintf(buf, size,
	    "%d (%s) %c 1 1 1 0 -1 %u 0 0 0 0 %d 7 0 0 20 0 4 0 %d 1000000 2560 1 0 0 0 0 0 0 0 0 "
	    "0 0 "
	    "0 0 17 %d 0 0 0 %d 0\n",
	    pid, comm, state, flags, utime, start, cpu, guest);
}

static void thread(
    struct host *h, int pid, int tid, const char *comm, char state, int ms, int start, int cpu)
{
	char path[96], buf[512];

	snprintf(path, sizeof(path), "proc/%d/task/%d/stat", pid, tid);
	stat_text(buf, sizeof(buf), tid, comm, state, 0, ms / 10, ms / 20, start, cpu);
	add(h, path, buf);
	snprintf(path, sizeof(path), "proc/%d/task/%d/schedstat", pid, tid);
	snprintf(buf, sizeof(buf), "%d000000 %d000000 %d\n", ms, ms / 2, ms);
	add(h, path, buf);
	snprintf(path, sizeof(path), "proc/%d/task/%d/status", pid, tid);
	add(h, path, "Cpus_allowed_list:\t0-1\nnonvoluntary_ctxt_switches:\t5\n");
}

static void process(struct host *h, int pid, const char *comm, char state, int start, bool holds_vm)
{
	char path[96], buf[512];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	stat_text(buf, sizeof(buf), pid, comm, state, 0, 10, 0, start, 0);
	add(h, path, buf);
	snprintf(path, sizeof(path), "proc/%d/cmdline", pid);
	snprintf(
	    buf, sizeof(buf), "qemu-kvm\\x00-name\\x00%s-%d\\x00-m\\x00256\\x00\\\n", comm, start);
	add(h, path, buf);
	snprintf(path, sizeof(path), "proc/%d/status", pid);
	add(h, path, "VmSwap:\t    8 kB\nHugetlbPages:\t    4096 kB\n");
	snprintf(path, sizeof(path), "proc/%d/fd/9", pid);
	link_to(h, path, holds_vm ? "anon_inode:kvm-vm" : "/tmp/file");
}

static void open_host(struct host *h)
{
	h->options.interval_ns = NS_PER_SEC;
	text_append(&h->text, ARCHIVE_END, strlen(ARCHIVE_END));
	assert_int_equal(root_open_archive(h->text.p, h->text.len, &h->root), 0);
	slot_init(&h->guests, &collectors[0], &h->options);
	slot_init(&h->threads, &collectors[1], &h->options);
}

static struct snapshot *take(struct host *h)
{
	root_seek(h->root, h->next++);
	snapshot_unref(h->before);
	h->before = h->now;
	h->now = snapshot_new(root_now(h->root));
	slot_read(&h->guests, h->root, &h->options, NULL, h->now);
	slot_read(&h->threads, h->root, &h->options, NULL, h->now);
	snapshot_link(h->now);
	snapshot_rate(h->now, h->before);
	snapshot_derive(h->now);
	return h->now;
}

static void close_host(struct host *h)
{
	slot_done(&h->guests);
	slot_done(&h->threads);
	root_close(h->root);
	text_done(&h->text);
	snapshot_unref(h->now);
	snapshot_unref(h->before);
}

static const struct row *only_guest(const struct snapshot *s)
{
	assert_int_equal(s->table[TABLE_DOMAIN].n, 1);
	return s->table[TABLE_DOMAIN].row[0];
}

static void guests_are_told_by_their_descriptors(void **state)
{
	struct host h = { 0 };
	const struct row *row;

	(void)state;
	sample(&h, 10);
	process(&h, 5, "qemu-kvm", 'S', 100, true);
	thread(&h, 5, 5, "qemu-kvm", 'S', 100, 100, 0);
	thread(&h, 5, 6, "CPU 0/KVM", 'R', 1000, 101, 1);
	process(&h, 7, "qemu-system-x86_64", 'S', 100, false);
	sample(&h, 12);
	process(&h, 5, "qemu-kvm", 'S', 100, true);
	thread(&h, 5, 5, "qemu-kvm", 'S', 100, 100, 0);
	thread(&h, 5, 6, "CPU 0/KVM", 'R', 2000, 101, 1);
	process(&h, 7, "qemu-system-x86_64", 'S', 100, false);
	open_host(&h);
	take(&h);
	take(&h);
	row = only_guest(h.now);
	assert_string_equal(cell_text(row, DOMAIN_NAME), "qemu-kvm-100");
	assert_int_equal((int)cell_number(row, DOMAIN_PID, 0), 5);
	assert_float_equal(cell_number(row, DOMAIN_MEMORY, 0), 256.0 * 1048576, 0);
	assert_float_equal(cell_number(row, DOMAIN_RSS, 0), 2560.0 * 4096, 0);
	assert_float_equal(cell_number(row, DOMAIN_HUGETLB, 0), 4096.0 * 1024, 0);
	assert_float_equal(cell_number(row, DOMAIN_UPTIME, 0), 999, 1e-9);
	assert_string_equal(cell_text(row, DOMAIN_STATE), "running");
	assert_float_equal(cell_number(row, DOMAIN_CPU, 0), 0.5, 1e-9);
	assert_float_equal(cell_number(row, DOMAIN_WAIT, 0), 0.25, 1e-9);
	row = h.now->table[TABLE_VCPU].row[0];
	assert_int_equal((int)cell_number(row, VCPU_NUMBER, -1), 0);
	assert_int_equal((int)cell_number(row, VCPU_CPU, -1), 1);
	assert_string_equal(cell_text(row, VCPU_AFFINITY), "0-1");
	assert_int_equal(h.now->table[TABLE_THREAD].n, 1);
	assert_string_equal(cell_text(h.now->table[TABLE_THREAD].row[0], THREAD_ROLE), "emulator");
	close_host(&h);
}

static void a_reused_pid_is_a_new_guest_without_rates(void **state)
{
	struct host h = { 0 };
	const struct row *row;

	(void)state;
	sample(&h, 10);
	process(&h, 5, "qemu-kvm", 'S', 100, true);
	thread(&h, 5, 6, "CPU 0/KVM", 'R', 1000, 101, 0);
	sample(&h, 11);
	process(&h, 5, "qemu-kvm", 'S', 500, true);
	thread(&h, 5, 6, "CPU 0/KVM", 'R', 5000, 501, 0);
	open_host(&h);
	take(&h);
	take(&h);
	row = only_guest(h.now);
	assert_string_equal(cell_text(row, DOMAIN_NAME), "qemu-kvm-500");
	assert_false(cell_has(row, DOMAIN_CPU));
	assert_int_equal(row->cell[DOMAIN_CPU].state, STATE_FIRST);
	close_host(&h);
}

static void guests_and_vcpus_come_and_go(void **state)
{
	struct host h = { 0 };

	(void)state;
	sample(&h, 10);
	process(&h, 5, "qemu-kvm", 'S', 100, true);
	thread(&h, 5, 6, "CPU 0/KVM", 'R', 1000, 101, 0);
	sample(&h, 11);
	process(&h, 5, "qemu-kvm", 'S', 100, true);
	thread(&h, 5, 6, "CPU 0/KVM", 'R', 1100, 101, 0);
	thread(&h, 5, 7, "CPU 1/KVM", 'R', 10, 111, 0);
	process(&h, 8, "qemu-kvm", 'S', 110, true);
	sample(&h, 12);
	process(&h, 8, "qemu-kvm", 'S', 110, true);
	sample(&h, 13);
	add(&h, "proc/1/stat", "");
	open_host(&h);
	assert_int_equal(take(&h)->table[TABLE_VCPU].n, 1);
	take(&h);
	assert_int_equal(h.now->table[TABLE_DOMAIN].n, 2);
	assert_int_equal(h.now->table[TABLE_VCPU].n, 2);
	take(&h);
	assert_int_equal((int)cell_number(only_guest(h.now), DOMAIN_PID, 0), 8);
	assert_int_equal(h.now->table[TABLE_VCPU].n, 0);
	assert_int_equal(take(&h)->table[TABLE_DOMAIN].n, 0);
	close_host(&h);
}

/* A process of two vCPUs without names: @busy threads spin, from thread 6 on. */
static void unnamed(struct host *h, int second, int threads, int busy)
{
	char path[64];

	sample(h, second);
	process(h, 5, "qemu-kvm", 'S', 100, true);
	link_to(h, "proc/5/fd/10", "anon_inode:kvm-vcpu:0");
	link_to(h, "proc/5/fd/11", "anon_inode:kvm-vcpu:1");
	thread(h, 5, 5, "qemu-kvm", 'S', 100, 100, 0);
	for (int i = 0; i < threads; i++) {
		/* No time in a guest: a kernel that does not count it. */
		thread(h, 5, 6 + i, "qemu-kvm", 'R', 10, 101, 0);
		snprintf(path, sizeof(path), "proc/5/task/%d/syscall", 6 + i);
		add(h, path,
		    i < busy ? "running\n"
		    : i == 2 ? "16 0xb 0xae80 0x0\n"
			     : "202 0x0 0x0\n");
	}
}

static void a_spinning_unnamed_vcpu_is_found_at_the_second_asking(void **state)
{
	struct host h = { 0 };
	const struct row *row;

	(void)state;
	for (int second = 10; second < 13; second++)
		unnamed(&h, second, 3, 1);
	open_host(&h);
	take(&h);
	row = only_guest(h.now);
	assert_int_equal(h.now->table[TABLE_VCPU].n, 1);
	assert_int_equal((int)cell_number(row, DOMAIN_VCPUS, 0), 2);
	assert_int_equal((int)cell_number(row, DOMAIN_VCPUS_UNTOLD, 0), 1);
	assert_int_equal(row->cell[DOMAIN_WAIT].state, STATE_UNKNOWN);
	assert_non_null(strstr(h.threads.note, "1 vCPU of 1 guest is not told"));
	assert_true(h.threads.partial);
	take(&h);
	assert_int_equal(h.now->table[TABLE_VCPU].n, 2);
	assert_false(cell_has(only_guest(h.now), DOMAIN_VCPUS_UNTOLD));
	assert_false(h.threads.partial);
	row = h.now->table[TABLE_VCPU].row[0];
	assert_int_equal((int)cell_number(row, VCPU_TID, 0), 6);
	assert_int_equal((int)cell_number(row, VCPU_NUMBER, -1), 0);
	/* What it was before has no place in its new row. */
	assert_int_equal(only_guest(h.now)->cell[DOMAIN_CPU].state, STATE_FIRST);
	close_host(&h);
}

static void more_busy_threads_than_vcpus_are_not_told(void **state)
{
	struct host h = { 0 };

	(void)state;
	for (int second = 10; second < 13; second++)
		unnamed(&h, second, 4, 4);
	open_host(&h);
	for (int i = 0; i < 3; i++)
		take(&h);
	assert_int_equal(h.now->table[TABLE_VCPU].n, 0);
	assert_int_equal((int)cell_number(only_guest(h.now), DOMAIN_VCPUS, 0), 2);
	assert_int_equal(only_guest(h.now)->cell[DOMAIN_EMULATOR].state, STATE_UNKNOWN);
	close_host(&h);
}

static void a_stopped_guest_is_stuck(void **state)
{
	struct host h = { 0 };

	(void)state;
	for (int second = 10; second < 13; second++) {
		sample(&h, second);
		process(&h, 5, "qemu-kvm", second == 10 ? 'S' : 'T', 100, true);
	}
	open_host(&h);
	take(&h);
	assert_int_equal(only_guest(h.now)->cell[DOMAIN_STATE].state, STATE_UNKNOWN);
	take(&h);
	assert_string_equal(cell_text(only_guest(h.now), DOMAIN_STATE), "stuck");
	take(&h);
	assert_float_equal(cell_number(only_guest(h.now), DOMAIN_STUCK, -1), 1, 1e-9);
	close_host(&h);
}

static void kernel(struct host *h, int pid, const char *comm, int start, int ms)
{
	char path[96], buf[512];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	stat_text(buf, sizeof(buf), pid, comm, 'S', 0x00200040, 10, 0, start, 1);
	add(h, path, buf);
	thread(h, pid, pid, comm, 'S', ms, start, 1);
}

static void workers_of_the_kernel_belong_to_their_guest(void **state)
{
	struct host h = { 0 };
	const struct table *t;

	(void)state;
	for (int second = 10; second < 12; second++) {
		sample(&h, second);
		process(&h, 500, "qemu-kvm", 'S', 100, true);
		thread(&h, 500, 501, "CPU 0/KVM", 'R', 1000, 101, 0);
		kernel(&h, 40, "vhost-500", 50, 100);
		kernel(&h, 600, "vhost-500", 120, second * 100);
		kernel(&h, 601, "kvm-pit/500", 121, second * 100);
		kernel(&h, 602, "kworker/0:1", 122, second * 100);
	}
	open_host(&h);
	take(&h);
	t = &take(&h)->table[TABLE_THREAD];
	/* Pid 40 is older than the guest: it served one that had the pid before. */
	assert_int_equal(t->n, 2);
	assert_string_equal(cell_text(t->row[0], THREAD_ROLE), "vhost");
	assert_string_equal(cell_text(t->row[0], THREAD_NAME), "vhost-500");
	assert_string_equal(cell_text(t->row[1], THREAD_ROLE), "kvm-pit");
	assert_float_equal(cell_number(only_guest(h.now), DOMAIN_VHOST, -1), 0.1, 1e-9);
	close_host(&h);
}

static void a_workers_pid_used_again_is_nobodys(void **state)
{
	struct host h = { 0 };

	(void)state;
	for (int second = 10; second < 13; second++) {
		sample(&h, second);
		process(&h, 500, "qemu-kvm", 'S', 100, true);
		if (second == 10)
			kernel(&h, 600, "vhost-500", 120, 1000);
		else
			process(&h, 600, "stress", 'R', 900, false);
		thread(&h, 600, 600, "stress", 'R', second * 1000, second == 10 ? 120 : 900, 0);
	}
	open_host(&h);
	assert_int_equal(take(&h)->table[TABLE_THREAD].n, 1);
	assert_int_equal(take(&h)->table[TABLE_THREAD].n, 0);
	assert_int_equal(take(&h)->table[TABLE_THREAD].n, 0);
	close_host(&h);
}

static void kvm_may_be_opened_late(void **state)
{
	struct host h = { 0 };

	(void)state;
	for (int second = 10; second < 12; second++) {
		sample(&h, second);
		process(&h, 5, "qemu-kvm", 'S', 99900, second > 10);
		link_to(&h, "proc/5/exe", "/usr/bin/qemu-kvm");
	}
	open_host(&h);
	take(&h);
	assert_string_equal(cell_text(only_guest(h.now), DOMAIN_VMM), "qemu-tcg");
	take(&h);
	assert_string_equal(cell_text(only_guest(h.now), DOMAIN_VMM), "qemu");
	close_host(&h);
}

/* The kernel tells the program's file before its arguments. */
static void a_guest_that_is_just_started_gets_its_name(void **state)
{
	struct host h = { 0 };

	(void)state;
	sample(&h, 10);
	add(&h, "proc/5/stat", "5 (qemu-kvm) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 4 0 100 1 1\n");
	add(&h, "proc/5/cmdline", "");
	link_to(&h, "proc/5/exe", "/usr/bin/qemu-kvm");
	sample(&h, 11);
	process(&h, 5, "qemu-kvm", 'S', 100, true);
	sample(&h, 12);
	process(&h, 5, "qemu-kvm", 'S', 100, true);
	open_host(&h);
	take(&h);
	assert_string_equal(cell_text(only_guest(h.now), DOMAIN_NAME), "qemu-kvm-5");
	for (int i = 0; i < 2; i++) {
		take(&h);
		assert_string_equal(cell_text(only_guest(h.now), DOMAIN_NAME), "qemu-kvm-100");
	}
	close_host(&h);
}

static void a_probe_is_not_shown(void **state)
{
	struct host h = { 0 };

	(void)state;
	sample(&h, 10);
	process(&h, 5, "qemu-kvm", 'S', 100, true);
	add(&h, "proc/6/stat", "6 (qemu-kvm) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 4 0 100 1 1\n");
	add(&h, "proc/6/cmdline", "qemu-kvm\\x00-machine\\x00none\\x00\\\n");
	link_to(&h, "proc/6/fd/9", "anon_inode:kvm-vm");
	open_host(&h);
	take(&h);
	assert_int_equal((int)cell_number(only_guest(h.now), DOMAIN_PID, 0), 5);
	close_host(&h);
}

static void unnamed_vcpus_are_found_by_their_call(void **state)
{
	struct host h = { 0 };
	const struct table *t;

	(void)state;
	for (int second = 10; second < 13; second++) {
		sample(&h, second);
		process(&h, 5, "qemu-kvm", 'S', 100, true);
		thread(&h, 5, 5, "qemu-kvm", 'S', 0, 100, 0);
		thread(&h, 5, 6, "qemu-kvm", 'S', 0, 101, 0);
		thread(&h, 5, 7, "qemu-kvm", 'S', 0, 101, 0);
		add(&h, "proc/5/task/6/syscall", "16 0x1d 0xae80 0x0 0x0 0x0 0x0 0x7ffe 0x7f\n");
		add(&h, "proc/5/task/7/syscall",
		    "202 0x7f5a1c0 0x80 0x0 0x0 0x0 0x0 0x7ffe 0x7f\n");
		link_to(&h, "proc/5/fd/29", "anon_inode:kvm-vcpu:3");
	}
	open_host(&h);
	take(&h);
	t = &take(&h)->table[TABLE_VCPU];
	assert_int_equal(t->n, 1);
	assert_int_equal((int)cell_number(t->row[0], VCPU_TID, 0), 6);
	assert_int_equal((int)cell_number(t->row[0], VCPU_NUMBER, 0), 3);
	close_host(&h);
}

static void only_the_guest_asked_for(void **state)
{
	struct host h = { .options = { .guest = "b-1" } };

	(void)state;
	sample(&h, 10);
	process(&h, 5, "a", 'S', 1, true);
	process(&h, 6, "b", 'S', 1, true);
	open_host(&h);
	take(&h);
	assert_int_equal((int)cell_number(only_guest(h.now), DOMAIN_PID, 0), 6);
	close_host(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_are_told_by_their_descriptors),
		cmocka_unit_test(a_reused_pid_is_a_new_guest_without_rates),
		cmocka_unit_test(guests_and_vcpus_come_and_go),
		cmocka_unit_test(a_stopped_guest_is_stuck),
		cmocka_unit_test(workers_of_the_kernel_belong_to_their_guest),
		cmocka_unit_test(a_workers_pid_used_again_is_nobodys),
		cmocka_unit_test(kvm_may_be_opened_late),
		cmocka_unit_test(a_guest_that_is_just_started_gets_its_name),
		cmocka_unit_test(a_probe_is_not_shown),
		cmocka_unit_test(unnamed_vcpus_are_found_by_their_call),
		cmocka_unit_test(only_the_guest_asked_for),
		cmocka_unit_test(a_spinning_unnamed_vcpu_is_found_at_the_second_asking),
		cmocka_unit_test(more_busy_threads_than_vcpus_are_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
