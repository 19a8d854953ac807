/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes of KVM's statistics: of captured guests, and of a real one where there is KVM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/procstat.h"
#include "base/root_inner.h"
#include "tests/unit/captured.h"
#include "tests/unit/kvm_blob.h"

/* The built helper, tests/helpers/kvm_stats_holder.c. */
#ifndef KVMTOP_KVM_STATS_HOLDER
#define KVMTOP_KVM_STATS_HOLDER "./kvm_stats_holder"
#endif

#define PID 42

/* ---- captured ---- */

static void write_vcpu(struct captured *h, uint32_t number, uint64_t exits)
{
	struct statistic stats[] = { { "exits", COUNTER, 0, 1, exits },
		{ "halt_poll_fail_ns", TIME, -9, 1, exits * 1000 } };
	char path[64], id[64];
	struct blob b;

	snprintf(id, sizeof(id), "kvm-%d/vcpu-%u", PID, number);
	b = make_blob(id, stats, 2);
	snprintf(path, sizeof(path), "kvmtop/kvmstats/%d/%u", PID, number);
	captured_bytes(h, path, b.bytes, b.size);
}

static void vcpus_get_their_columns(void **state)
{
	struct captured h = { .state = kvm_open(NULL) };
	struct row *v0, *v1;

	(void)state;
	captured_sample(&h, 10);
	write_vcpu(&h, 0, 1000);
	captured_sample(&h, 12);
	write_vcpu(&h, 0, 3000);
	for (int i = 0; i < 2; i++) {
		captured_next(&h);
		captured_guest(&h, PID, "web");
		v0 = captured_vcpu(&h, PID, 0);
		v1 = captured_vcpu(&h, PID, 1);
		captured_read(&h, kvm_read, false);
		assert_int_equal(h.outcome, STATE_OK);
		assert_int_equal(v0->cell[VCPU_EXITS].count, i ? 3000 : 1000);
		assert_int_equal(v0->cell[VCPU_POLL_FAIL_NS].count, i ? 3000000 : 1000000);
		/* What this kernel does not count, and what nobody told: never 0. */
		assert_int_equal(v0->cell[VCPU_HALT_EXITS].state, STATE_ABSENT);
		assert_int_equal(v1->cell[VCPU_EXITS].state, STATE_ABSENT);
		assert_int_equal(v1->cell[VCPU_EXITS].rate_state, STATE_ABSENT);
	}
	assert_true(v0->cell[VCPU_EXITS].rate == 1000);
	assert_true(v0->cell[VCPU_POLL_FAIL_NS].rate == 0.001);
	assert_non_null(strstr(h.note, "1 guest by statistics descriptors."));
	captured_done(&h, kvm_close);
}

/* What keeps debugfs from telling, as the host shows it. */
static void note_of(const char *mounts, bool module, const char *expected)
{
	struct captured h = { .state = kvm_open(NULL) };

	captured_sample(&h, 10);
	captured_file(&h, "proc/self/mounts", mounts);
	if (module)
		captured_file(&h, "sys/module/kvm/parameters/halt_poll_ns", "200000\n");
	captured_next(&h);
	captured_guest(&h, PID, "web");
	captured_read(&h, kvm_read, false);
	assert_non_null(strstr(h.note, expected));
	captured_done(&h, kvm_close);
}

static void a_note_says_what_debugfs_lacks(void **state)
{
	static const char without[] = "none /run tmpfs rw 0 0\n";
	static const char with[] = "none /sys/kernel/debug debugfs rw 0 0\n";

	(void)state;
	note_of(without, true, "is not mounted (mount -t debugfs none /sys/kernel/debug).");
	note_of(with, true, "KVM has no directory in debugfs.");
	note_of(with, false, "KVM is not loaded.");
}

static void guests_get_theirs_from_debugfs(void **state)
{
	struct captured h = { .state = kvm_open(NULL) };
	struct row *web, *db;

	(void)state;
	captured_sample(&h, 10);
	captured_file(&h, "sys/kernel/debug/kvm/exits", "999\n");
	captured_file(&h, "sys/kernel/debug/kvm/42-11/exits", "123\n");
	captured_file(&h, "sys/kernel/debug/kvm/421-11/exits", "7\n");
	captured_next(&h);
	web = captured_guest(&h, PID, "web");
	db = captured_guest(&h, 4, "db");
	captured_vcpu(&h, PID, 0);
	captured_read(&h, kvm_read, false);
	assert_int_equal(h.outcome, STATE_OK);
	assert_int_equal(web->cell[DOMAIN_VM_EXITS].count, 123);
	assert_int_equal(db->cell[DOMAIN_VM_EXITS].state, STATE_ABSENT);
	assert_non_null(
	    strstr(h.note, "1 guest by debugfs, so not per vCPU: "
			   "no statistics descriptors (QEMU 8.1 and later keep them)."));
	captured_done(&h, kvm_close);
}

/* The first file is read each time, the others every other time: until then they say what they
 * said. */
static void files_of_machines_take_turns(void **state)
{
	struct captured h = { .state = kvm_open(NULL) };
	uint64_t kept = 0;

	(void)state;
	for (int second = 1; second <= 6; second++) {
		char count[16];

		snprintf(count, sizeof(count), "%d\n", second * 10);
		captured_sample(&h, second);
		captured_file(&h, "sys/kernel/debug/kvm/42-11/exits", count);
		captured_file(&h, "sys/kernel/debug/kvm/42-11/halt_exits", count);
	}
	for (uint64_t second = 1; second <= 6; second++) {
		const struct row *web;
		uint64_t halts;

		captured_next(&h);
		/* Of a captured host all is read at once. */
		h.root->live = true;
		web = captured_guest(&h, PID, "web");
		captured_read(&h, kvm_read, false);
		h.root->live = false;
		assert_int_equal(web->cell[DOMAIN_VM_EXITS].count, second * 10);
		halts = web->cell[DOMAIN_VM_HALT_EXITS].count;
		assert_true(halts == second * 10 || halts == (second - 1) * 10);
		kept += halts != second * 10;
	}
	/* The first two readings are for the first rate. */
	assert_int_equal(kept, 2);
	captured_done(&h, kvm_close);
}

/* KVM names the machine by the thread that made it. */
static void another_thread_may_have_made_the_machine(void **state)
{
	struct captured h = { .state = kvm_open(NULL) };
	struct row *web, *db, *thread;

	(void)state;
	captured_sample(&h, 10);
	captured_file(&h, "sys/kernel/debug/kvm/43-11/exits", "123\n");
	captured_file(&h, "sys/kernel/debug/kvm/44-11/exits", "7\n");
	captured_next(&h);
	web = captured_guest(&h, PID, "web");
	db = captured_guest(&h, 4, "db");
	thread = snapshot_row(h.now, TABLE_THREAD, key_of(key_process(PID, 7), 7ULL << 24 | 43));
	cell_set_number(thread, THREAD_TID, 43, 1);
	thread = captured_vcpu(&h, 4, 0);
	cell_set_number(thread, VCPU_TID, 44, 1);
	captured_read(&h, kvm_read, false);
	assert_int_equal(web->cell[DOMAIN_VM_EXITS].count, 123);
	assert_int_equal(db->cell[DOMAIN_VM_EXITS].count, 7);
	assert_string_equal(h.note, "2 guests by debugfs, so not per vCPU: "
				    "no statistics descriptors (QEMU 8.1 and later keep them).");
	captured_done(&h, kvm_close);
}

static void nothing_at_all(void **state)
{
	struct captured h = { .state = kvm_open(NULL) };

	(void)state;
	captured_sample(&h, 10);
	captured_sample(&h, 11);
	captured_file(&h, "sys/kernel/debug/kvm/42-11/exits", "not a number\n");
	captured_file(&h, "kvmtop/kvmstats/42/0", "rubbish");
	captured_sample(&h, 12);
	for (int i = 0; i < 2; i++) {
		struct row *row, *vcpu;

		captured_next(&h);
		row = captured_guest(&h, PID, "web");
		vcpu = captured_vcpu(&h, PID, 0);
		captured_read(&h, kvm_read, false);
		assert_int_equal(h.outcome, STATE_ABSENT);
		assert_int_equal(row->cell[DOMAIN_VM_EXITS].state, STATE_ABSENT);
		assert_int_equal(vcpu->cell[VCPU_EXITS].state, STATE_ABSENT);
	}
	/* Without guests there is nothing to complain about. */
	captured_next(&h);
	captured_read(&h, kvm_read, false);
	assert_int_equal(h.outcome, STATE_OK);
	assert_string_equal(h.note, "");
	captured_done(&h, kvm_close);
}

/* KVM knows nothing of a guest that is emulated, so nothing is missing either. */
static void an_emulated_guest_lacks_nothing(void **state)
{
	struct captured h = { .state = kvm_open(NULL) };
	struct row *slow, *vcpu, *web;

	(void)state;
	captured_sample(&h, 10);
	captured_sample(&h, 11);
	captured_next(&h);
	slow = captured_guest(&h, PID, "slow");
	cell_set_text(h.now, slow, DOMAIN_VMM, VMM_EMULATED, 1);
	vcpu = captured_vcpu(&h, PID, 0);
	captured_read(&h, kvm_read, false);
	assert_int_equal(h.outcome, STATE_OK);
	assert_int_equal(slow->cell[DOMAIN_VM_EXITS].state, STATE_ABSENT);
	assert_int_equal(vcpu->cell[VCPU_EXITS].state, STATE_ABSENT);
	assert_string_equal(h.note, "1 guest emulated, so without KVM.");
	/* It does not hide that another one lacks something. */
	captured_next(&h);
	slow = captured_guest(&h, PID, "slow");
	cell_set_text(h.now, slow, DOMAIN_VMM, VMM_EMULATED, 1);
	web = captured_guest(&h, 4, "web");
	captured_vcpu(&h, 4, 0);
	captured_read(&h, kvm_read, false);
	assert_int_equal(web->cell[DOMAIN_VM_EXITS].state, STATE_ABSENT);
	assert_int_equal(h.outcome, STATE_ABSENT);
	assert_non_null(strstr(h.note, "1 guest without KVM's statistics: "));
	assert_non_null(strstr(h.note, "1 guest emulated, so without KVM."));
	captured_done(&h, kvm_close);
}

/* ---- for real, where there is KVM ---- */

struct holder {
	pid_t pid;
	FILE *to, *from;
	struct root *root;
	struct snapshot *now;
	struct row *domain, *vcpu[3];
	void *state;
	char note[240];
};

/* False where there is no KVM: what a test then does is end. */
static bool holder_start(struct holder *h)
{
	int to[2], from[2];
	char line[128] = "";

	*h = (struct holder){ .state = kvm_open(NULL) };
	assert_int_equal(root_open("/", &h->root), 0);
	assert_true(pipe(to) == 0 && pipe(from) == 0);
	h->pid = fork();
	if (h->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execl(KVMTOP_KVM_STATS_HOLDER, "kvm_stats_holder", "2", "4", (char *)NULL);
		_exit(77);
	}
	close(to[0]);
	close(from[1]);
	h->to = fdopen(to[1], "w");
	h->from = fdopen(from[0], "r");
	return fgets(line, sizeof(line), h->from) && strncmp(line, "ready ", 6) == 0;
}

static void holder_end(struct holder *h, bool ready)
{
	if (h->to)
		fclose(h->to);
	fclose(h->from);
	waitpid(h->pid, NULL, 0);
	kvm_close(h->state);
	snapshot_unref(h->now);
	root_close(h->root);
	if (!ready)
		skip();
}

static void holder_run(struct holder *h, int passes)
{
	char line[128];

	fprintf(h->to, "run %d\n", passes);
	fflush(h->to);
	assert_non_null(fgets(line, sizeof(line), h->from));
	assert_int_equal(strncmp(line, "ran ", 4), 0);
}

static void holder_read(struct holder *h, unsigned int vcpus)
{
	struct sampling options = { .interval_ns = NS_PER_SEC };
	char path[64], buf[1024];
	struct proc_stat stat;
	struct reading r;
	struct key guest;

	snprintf(path, sizeof(path), "proc/%d/stat", h->pid);
	assert_true(root_read(h->root, path, buf, sizeof(buf)) > 0);
	assert_int_equal(proc_stat_parse(buf, &stat), 0);
	guest = key_process((uint64_t)h->pid, stat.starttime_ticks);
	snapshot_unref(h->now);
	h->now = snapshot_new(clock_now());
	h->domain = snapshot_row(h->now, TABLE_DOMAIN, guest);
	for (unsigned int i = 0; i < vcpus; i++) {
		h->vcpu[i] = snapshot_row(h->now, TABLE_VCPU, key_of(guest, i + 1));
		cell_set_number(h->vcpu[i], VCPU_NUMBER, i, 1);
	}
	r = (struct reading){ .state = h->state,
		.root = h->root,
		.options = &options,
		.into = h->now,
		.now_ns = clock_mono_ns() };
	kvm_read(&r);
	memcpy(h->note, r.note, sizeof(h->note));
}

static size_t own_descriptors(const struct root *root)
{
	struct numbers fds = { 0 };
	size_t n;

	assert_int_equal(root_list_numbers(root, "proc/self/fd", &fds), 0);
	n = fds.n;
	numbers_done(&fds);
	return n;
}

static void taken_from_a_real_guest(void **state)
{
	struct holder h;
	bool ready = holder_start(&h);
	uint64_t before[2];
	size_t fds;

	(void)state;
	fds = own_descriptors(h.root);
	if (ready) {
		holder_run(&h, 1000);
		holder_read(&h, 2);
		ready = !strstr(h.note, "CAP_SYS_PTRACE");
	}
	for (int i = 0; ready && i < 2; i++) {
		assert_int_equal(h.vcpu[i]->cell[VCPU_EXITS].state, STATE_OK);
		before[i] = h.vcpu[i]->cell[VCPU_EXITS].count;
		assert_true(before[i] >= 1000);
	}
	if (ready) {
		/* Each pass is an exit; interrupts of the host add a few. */
		holder_run(&h, 5000);
		holder_read(&h, 2);
		for (int i = 0; i < 2; i++)
			assert_in_range(h.vcpu[i]->cell[VCPU_EXITS].count - before[i], 5000, 10000);
		/* None of the guest's descriptors is held between readings. */
		assert_int_equal(own_descriptors(h.root), fds);
	}
	holder_end(&h, ready);
}

/* A vCPU is just being plugged, or was left over: nothing is told of any, rather than of another.
 */
static void more_threads_than_descriptors(void **state)
{
	struct holder h;
	bool ready = holder_start(&h);

	(void)state;
	if (ready) {
		holder_run(&h, 10);
		holder_read(&h, 3);
		for (int i = 0; i < 3; i++)
			assert_int_equal(h.vcpu[i]->cell[VCPU_EXITS].state,
			    strstr(h.note, "CAP_SYS_PTRACE") ? STATE_DENIED : STATE_ABSENT);
		/* The whole guest is told by debugfs, where that may be read. */
		if (!strstr(h.note, "1 guest by debugfs"))
			assert_int_not_equal(h.domain->cell[DOMAIN_VM_EXITS].state, STATE_OK);
		else
			assert_true(h.domain->cell[DOMAIN_VM_EXITS].count >= 20);
	}
	holder_end(&h, ready);
}

/* The process ends between two readings: its figures are missing, nothing else happens. */
static void a_guest_that_ends(void **state)
{
	struct holder h;
	bool ready = holder_start(&h);

	(void)state;
	if (ready) {
		holder_read(&h, 2);
		ready = !strstr(h.note, "CAP_SYS_PTRACE");
	}
	if (ready) {
		siginfo_t info;

		fclose(h.to);
		h.to = NULL;
		/* A zombie, until it is waited for: its descriptors are closed. */
		assert_int_equal(waitid(P_PID, (id_t)h.pid, &info, WEXITED | WNOWAIT), 0);
		holder_read(&h, 2);
		for (int i = 0; i < 2; i++)
			assert_int_equal(h.vcpu[i]->cell[VCPU_EXITS].state, STATE_ABSENT);
	}
	holder_end(&h, ready);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vcpus_get_their_columns),
		cmocka_unit_test(a_note_says_what_debugfs_lacks),
		cmocka_unit_test(guests_get_theirs_from_debugfs),
		cmocka_unit_test(files_of_machines_take_turns),
		cmocka_unit_test(another_thread_may_have_made_the_machine),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(an_emulated_guest_lacks_nothing),
		cmocka_unit_test(taken_from_a_real_guest),
		cmocka_unit_test(more_threads_than_descriptors),
		cmocka_unit_test(a_guest_that_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
