/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of threads: the same figures stand in other columns where the thread is a vCPU. */
#include "collectors/threads.h"
#include "model/snapshot.h"

/* Where a column lies in the row of a vCPU, and in that of another thread; -1: it has none. */
struct places {
	enum table_id table;
	int domain, tid, cpu, affinity, state, run, wait, user, system, guest, switches, preempted,
	    migrations;
};

static const struct places places[] = {
	{ TABLE_THREAD, THREAD_DOMAIN, THREAD_TID, THREAD_CPU, THREAD_AFFINITY, THREAD_STATE,
	    THREAD_RUN, THREAD_WAIT, THREAD_USER, THREAD_SYSTEM, -1, THREAD_SWITCHES, -1,
	    THREAD_MIGRATIONS },
	{ TABLE_VCPU, VCPU_DOMAIN, VCPU_TID, VCPU_CPU, VCPU_AFFINITY, VCPU_STATE, VCPU_RUN,
	    VCPU_WAIT, VCPU_USER, VCPU_SYSTEM, VCPU_GUEST, VCPU_SWITCHES, VCPU_INVOLUNTARY,
	    VCPU_MIGRATIONS },
};

static struct row *write_identity(struct snapshot *into, const struct row *domain,
    const struct places *at, const struct thread *t)
{
	struct key key = key_of(domain->key, t->start_ticks << 24 | t->tid);
	struct row *row = snapshot_row(into, at->table, key);

	cell_set_text(into, row, at->domain, cell_text(domain, DOMAIN_NAME), t->read_ns);
	cell_set_number(row, at->tid, t->tid, t->read_ns);
	if (!t->is_vcpu) {
		cell_set_text(into, row, THREAD_ROLE, t->role, t->read_ns);
		cell_set_text(into, row, THREAD_NAME, t->comm, t->read_ns);
	} else {
		cell_set_number(row, VCPU_NUMBER, t->vcpu, t->read_ns);
	}
	return row;
}

static void write_sched(
    struct row *row, const struct places *at, const struct thread *t, uint64_t tick_ns)
{
	if (t->has_sched) {
		cell_set_count(row, at->run, t->ran.run_ns, t->read_ns);
		cell_set_count(row, at->wait, t->ran.wait_ns, t->read_ns);
		cell_set_count(row, at->switches, t->ran.slices, t->read_ns);
		return;
	}
	/* A kernel without CONFIG_SCHED_INFO: clock ticks, and no waiting. */
	cell_set_count(
	    row, at->run, (t->last.user_ticks + t->last.system_ticks) * tick_ns, t->read_ns);
}

static void write_last(struct snapshot *into, struct row *row, const struct places *at,
    struct thread *t, uint64_t tick_ns)
{
	uint64_t guest_ns = t->last.guest_ticks * tick_ns;
	uint64_t user_ns = t->last.user_ticks * tick_ns;
	char text[2] = { t->last.state, '\0' };

	cell_set_text(into, row, at->state, text, t->read_ns);
	if (t->last.processor >= 0)
		cell_set_number(row, at->cpu, t->last.processor, t->read_ns);
	cell_set_count(row, at->system, t->last.system_ticks * tick_ns, t->read_ns);
	if (at->guest >= 0 && t->last.has_guest) {
		cell_set_count(row, at->guest, guest_ns, t->read_ns);
		/* The kernel scales one and not the other: the difference may shrink a little. */
		user_ns = user_ns > guest_ns ? user_ns - guest_ns : 0;
		if (user_ns > t->user_ns)
			t->user_ns = user_ns;
		user_ns = t->user_ns;
	}
	cell_set_count(row, at->user, user_ns, t->read_ns);
}

static void write_slow(
    struct snapshot *into, struct row *row, const struct places *at, const struct thread *t)
{
	if (t->affinity)
		cell_set_text(into, row, at->affinity, t->affinity, t->read_ns);
	if (t->slow_ns == 0)
		return;
	if (at->preempted >= 0 && t->has_preempted)
		cell_set_count(row, at->preempted, t->preempted, t->slow_ns);
	if (t->has_migrations)
		cell_set_count(row, at->migrations, t->migrations, t->slow_ns);
}

void threads_write(
    struct snapshot *into, const struct row *domain, struct thread *t, uint64_t tick_ns)
{
	const struct places *at = &places[t->is_vcpu];
	struct row *row = write_identity(into, domain, at, t);

	write_sched(row, at, t, tick_ns);
	write_last(into, row, at, t, tick_ns);
	write_slow(into, row, at, t);
}
