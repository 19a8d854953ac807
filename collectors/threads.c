/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of guests: vCPUs and all others. A thread's schedstat and stat are read at every
 * sample from descriptors that stay open; a guest's task directory is listed again only when its
 * link count tells that a thread came or went, or when a thread's file says that it is gone. Of a
 * guest that has not run at all nothing is read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/procstat.h"
#include "base/xalloc.h"
#include "collectors/affinity.h"
#include "collectors/collector.h"
#include "collectors/process_clock.h"
#include "collectors/threads.h"

/*
 * status and sched cost 30 µs a thread: each thread's are read at every fifth sample, and of no
 * more than about so many threads at one sample.
 */
#define SLOW_SAMPLES 5
#define SLOW_THREADS 100

struct guest_threads {
	struct key guest;
	uint32_t pid;
	struct process_clock clock;
	struct thread *thread; /* by tid */
	size_t n, cap;
	ssize_t task_dirs;    /* of the last listing */
	bool unnamed;         /* no thread's name tells a vCPU */
	bool emulated;        /* by QEMU alone: it has no guest time */
	struct numbers vcpus; /* by its descriptors, where names do not tell */
	size_t untold;        /* vCPUs whose threads are not known */
	uint64_t seen;        /* the sample in which the guest was there */
};

struct threads {
	struct guest_threads *guest;
	size_t n, cap;
	uint64_t sample, tick_ns;
	size_t threads; /* of all guests, at the sample before */
	bool no_schedstat;
	size_t untold, untold_guests; /* of this sample */
	bool untold_kvm;              /* not only of guests that emulate: nothing tells theirs */
};

void *threads_open(const struct sampling *options)
{
	struct threads *t = xcalloc(1, sizeof(*t));

	(void)options;
	t->tick_ns = NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	return t;
}

static void thread_done(struct thread *t)
{
	kept_done(&t->schedstat);
	kept_done(&t->stat);
	free(t->affinity);
}

static void guest_done(struct guest_threads *g)
{
	for (size_t i = 0; i < g->n; i++)
		thread_done(&g->thread[i]);
	free(g->thread);
	numbers_done(&g->vcpus);
}

void threads_close(void *state)
{
	struct threads *t = state;

	for (size_t i = 0; i < t->n; i++)
		guest_done(&t->guest[i]);
	free(t->guest);
	free(t);
}

/* The place of a guest; new ones are added. */
static size_t find_guest(struct threads *t, const struct row *domain, size_t hint)
{
	/* Guests keep their order, so the hint is nearly always right. */
	if (hint < t->n && key_equal(t->guest[hint].guest, domain->key))
		return hint;
	for (size_t i = 0; i < t->n; i++)
		if (key_equal(t->guest[i].guest, domain->key))
			return i;
	t->guest = xgrow(t->guest, t->n, &t->cap, sizeof(*t->guest));
	t->guest[t->n] = (struct guest_threads){
		.guest = domain->key, .pid = guest_pid(domain), .task_dirs = -1
	};
	return t->n++;
}

static void thread_path(
    char *buf, size_t size, const struct guest_threads *g, const struct thread *t, const char *file)
{
	snprintf(buf, size, "proc/%u/task/%u/%s", t->outside ? t->tid : g->pid, t->tid, file);
}

/* Names may come late: QEMU names a vCPU's thread some time after it started it. */
static void set_role(struct guest_threads *g, struct thread *t, const char *comm)
{
	if (t->outside || (strcmp(comm, t->comm) == 0 && t->role[0]))
		return;
	snprintf(t->comm, sizeof(t->comm), "%s", comm);
	thread_role(comm, t->tid == g->pid, t->role, &t->vcpu);
	t->is_vcpu = t->vcpu >= 0;
	t->told = VCPU_NOT;
	if (t->is_vcpu)
		g->unnamed = false;
}

static struct thread *add_thread(struct guest_threads *g, uint32_t tid)
{
	g->thread = xgrow(g->thread, g->n, &g->cap, sizeof(*g->thread));
	g->thread[g->n] = (struct thread){ .tid = tid, .vcpu = -1 };
	return &g->thread[g->n++];
}

static bool is_listed(const struct numbers *tids, uint32_t tid)
{
	for (size_t i = 0; i < tids->n; i++)
		if (tids->v[i] == tid)
			return true;
	return false;
}

static struct thread *find_thread(struct guest_threads *g, uint32_t tid)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->thread[i].tid == tid)
			return &g->thread[i];
	return NULL;
}

static void drop_thread(struct guest_threads *g, size_t i)
{
	thread_done(&g->thread[i]);
	memmove(&g->thread[i], &g->thread[i + 1], (g->n - i - 1) * sizeof(*g->thread));
	g->n--;
}

/* Takes over who is in the task directory now. False when the process is gone. */
static bool list_threads(struct guest_threads *g, const struct root *root)
{
	struct numbers tids = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "proc/%u/task", g->pid);
	g->task_dirs = root_count_dirs(root, path);
	if (root_list_numbers(root, path, &tids) < 0)
		return false;
	for (size_t i = g->n; i-- > 0;)
		if (!g->thread[i].outside && !is_listed(&tids, g->thread[i].tid))
			drop_thread(g, i);
	for (size_t i = 0; i < tids.n; i++)
		if (!find_thread(g, tids.v[i]))
			add_thread(g, tids.v[i]);
	numbers_done(&tids);
	return true;
}

static bool has_changed(const struct guest_threads *g, const struct root *root)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%u/task", g->pid);
	return root_count_dirs(root, path) != g->task_dirs;
}

/* A thread of the kernel has its row already, from the collector of guests. */
static void take_outside(struct guest_threads *g, const struct row *row)
{
	uint32_t tid = (uint32_t)cell_number(row, THREAD_TID, 0);
	struct thread *thread;

	if (find_thread(g, tid))
		return;
	thread = add_thread(g, tid);
	thread->outside = true;
	thread->start_ticks = row->key.item >> 24;
	snprintf(thread->role, sizeof(thread->role), "%s", cell_text(row, THREAD_ROLE));
}

/* Not kept open: so seldom read, descriptors would cost the kernel more memory than opening costs
 * time. */
static bool read_slow_file(const struct guest_threads *g, const struct thread *t,
    const struct root *root, const char *file, char *buf, size_t size)
{
	char path[96];

	thread_path(path, sizeof(path), g, t, file);
	return root_read(root, path, buf, size) > 0;
}

/* Takes @list over; NULL: it is what it was. */
static void set_affinity(struct thread *t, char *list)
{
	if (!list)
		return;
	free(t->affinity);
	t->affinity = list;
}

static void read_slow(const struct guest_threads *g, struct thread *t, struct reading *r)
{
	char buf[8192];
	struct slice list;
	bool read = read_slow_file(g, t, r->root, "status", buf, sizeof(buf));

	if (read && !root_is_live(r->root) && parse_key_text(buf, "Cpus_allowed_list", &list) == 0)
		set_affinity(t, xstrndup(list.p, list.len));
	t->has_preempted =
	    read && parse_key_value(buf, "nonvoluntary_ctxt_switches", &t->preempted) == 0;
	read = read_slow_file(g, t, r->root, "sched", buf, sizeof(buf));
	t->has_migrations = read && parse_key_value(buf, "se.nr_migrations", &t->migrations) == 0;
	t->slow_slices = t->ran.slices;
}

static bool is_slow_turn(
    const struct threads *state, const struct thread *t, const struct reading *r)
{
	uint64_t turn = state->threads / SLOW_THREADS;

	if (t->slow_ns == 0 || reading_thorough(r))
		return true;
	return (state->sample + t->tid) % (turn > SLOW_SAMPLES ? turn : SLOW_SAMPLES) == 0;
}

/* A thread that did not run since was neither preempted nor moved. */
static void update_slow(const struct threads *state, const struct guest_threads *g,
    struct thread *t, bool ran, struct reading *r)
{
	bool turn = is_slow_turn(state, t, r);

	if ((turn || ran) && root_is_live(r->root))
		set_affinity(t, affinity_ask(t->tid, &t->affinity_hash));
	if (!turn)
		return;
	if (t->slow_ns == 0 || reading_thorough(r) || t->slow_slices != t->ran.slices)
		read_slow(g, t, r);
	t->slow_ns = reading_now(r);
}

/* False when the thread is gone, or another one has its id. */
static bool read_stat(struct guest_threads *g, struct thread *t, const struct root *root)
{
	struct proc_stat stat;
	char path[96], buf[1024];

	thread_path(path, sizeof(path), g, t, "stat");
	if (root_read_kept(root, &t->stat, path, buf, sizeof(buf)) < 0 ||
	    proc_stat_parse(buf, &stat) < 0)
		return false;
	if (t->outside && stat.starttime_ticks != t->start_ticks)
		return false;
	t->start_ticks = stat.starttime_ticks;
	if (t->outside)
		snprintf(t->comm, sizeof(t->comm), "%s", stat.comm);
	set_role(g, t, stat.comm);
	t->last = (struct last){
		.state = stat.state,
		.has_guest = stat.has_guest_time && !g->emulated,
		.processor = stat.processor,
		.user_ticks = stat.utime_ticks,
		.system_ticks = stat.stime_ticks,
		.guest_ticks = stat.guest_time_ticks,
	};
	return true;
}

/* 1: read; 0: this kernel has none; -ESRCH: the thread is gone. */
static int read_schedstat(
    struct guest_threads *g, struct thread *t, struct reading *r, struct proc_schedstat *ret)
{
	char path[96], buf[128];
	ssize_t n;

	thread_path(path, sizeof(path), g, t, "schedstat");
	n = root_read_kept(r->root, &t->schedstat, path, buf, sizeof(buf));
	if (n == -ESRCH && t->last.state)
		return -ESRCH;
	return n > 0 && proc_schedstat_parse(buf, ret) == 0;
}

/* A thread that has not run since cannot have changed: its stat costs five times its schedstat. */
static bool has_run(const struct thread *t, const struct proc_schedstat *now)
{
	return now->run_ns != t->ran.run_ns || now->slices != t->ran.slices ||
	       now->wait_ns != t->ran.wait_ns || t->last.state != 'S';
}

/* Sets @ret_ran when it may have run since. False when the thread is gone. */
static bool read_files(struct threads *state, struct guest_threads *g, struct thread *t,
    struct reading *r, bool *ret_ran)
{
	struct proc_schedstat sched = { 0 };
	int has_sched = read_schedstat(g, t, r, &sched);

	*ret_ran = !has_sched || has_run(t, &sched);
	if (has_sched < 0)
		return false;
	t->read_ns = reading_now(r);
	if ((*ret_ran || reading_thorough(r)) && !read_stat(g, t, r->root))
		return false;
	t->has_sched = has_sched;
	t->ran = sched;
	state->no_schedstat |= !has_sched;
	return true;
}

/* Whoever waits for a CPU may be moved to another one without running; a thread of the kernel is
 * none of the process. */
static bool is_as_it_was(const struct thread *t, bool rested)
{
	return rested && !t->outside && t->has_sched && t->last.state == 'S';
}

/* False when the thread is gone. */
static bool read_thread(struct threads *state, struct guest_threads *g, struct thread *t,
    bool rested, const struct row *domain, struct reading *r)
{
	bool ran = false;

	if (is_as_it_was(t, rested))
		t->read_ns = reading_now(r);
	else if (!read_files(state, g, t, r, &ran))
		return false;
	update_slow(state, g, t, ran, r);
	threads_write(r->into, domain, t, state->tick_ns);
	return true;
}

static size_t count_vcpus(const struct guest_threads *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->thread[i].is_vcpu;
	return n;
}

/* A thread with a name of its own is what the name says. */
static bool is_candidate(const struct thread *t)
{
	return t->told != VCPU_NOT || strcmp(t->role, "other") == 0;
}

static void take_told(struct thread *t, const struct vcpu_candidate *candidate)
{
	t->told = candidate->told;
	t->is_vcpu = t->told >= VCPU_TAKEN;
	t->vcpu = t->is_vcpu ? candidate->vcpu : -1;
	snprintf(t->role, sizeof(t->role), "%s", t->is_vcpu ? "vcpu" : "other");
}

/* QEMU without debug-threads=on gives all its threads one name. */
static void find_unnamed_vcpus(struct guest_threads *g, const struct root *root)
{
	struct vcpu_candidate *candidate = xcalloc(g->n + 1, sizeof(*candidate));
	struct vcpu_finder finder;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		if (is_candidate(&g->thread[i]))
			candidate[n++] = (struct vcpu_candidate){ .tid = g->thread[i].tid,
				.told = g->thread[i].told,
				.vcpu = g->thread[i].vcpu };
	vcpu_finder_init(&finder, root, g->pid);
	vcpu_finder_look(&finder, &g->vcpus, candidate, n);
	vcpu_finder_done(&finder);
	for (size_t i = 0, c = 0; i < g->n; i++)
		if (is_candidate(&g->thread[i]))
			take_told(&g->thread[i], &candidate[c++]);
	free(candidate);
}

/* While vCPUs are missing their threads are looked for at every sample. */
static void tell_vcpus(struct threads *state, struct guest_threads *g, struct row *domain,
    bool listed, struct reading *r)
{
	size_t found;

	g->untold = 0;
	if (!g->unnamed)
		return;
	listed |= state->sample % SLOW_SAMPLES == 0;
	if (!g->emulated && (listed || g->vcpus.n == 0))
		vcpu_finder_list(r->root, g->pid, &g->vcpus);
	found = count_vcpus(g);
	if (!g->emulated && (listed || found == 0 || found < g->vcpus.n)) {
		find_unnamed_vcpus(g, r->root);
		found = count_vcpus(g);
	}
	if (g->vcpus.n)
		cell_set_number(domain, DOMAIN_VCPUS_GIVEN, (double)g->vcpus.n, reading_now(r));
	if (cell_number(domain, DOMAIN_VCPUS_GIVEN, 0) <= (double)found)
		return;
	g->untold = (size_t)cell_number(domain, DOMAIN_VCPUS_GIVEN, 0) - found;
	cell_set_number(domain, DOMAIN_VCPUS_UNTOLD, (double)g->untold, reading_now(r));
	state->untold += g->untold;
	state->untold_guests++;
	state->untold_kvm |= !g->emulated;
}

/* Names are wanted before rows are made: what a thread is decides where its row goes. */
static void read_names(struct guest_threads *g, const struct root *root)
{
	for (size_t i = g->n; i-- > 0;)
		if (!g->thread[i].outside && !g->thread[i].role[0] &&
		    !read_stat(g, &g->thread[i], root))
			drop_thread(g, i);
	g->unnamed = true;
	for (size_t i = 0; i < g->n; i++)
		if (g->thread[i].is_vcpu && g->thread[i].told == VCPU_NOT)
			g->unnamed = false;
}

static void read_guest(
    struct threads *state, struct guest_threads *g, struct row *domain, struct reading *r)
{
	bool rested = process_has_rested(&g->clock, domain->ran_ns) && g->task_dirs >= 0;
	bool listed = !rested && (g->task_dirs < 0 || has_changed(g, r->root));

	g->emulated = strcmp(cell_text(domain, DOMAIN_VMM), VMM_EMULATED) == 0;
	if (listed && !list_threads(g, r->root))
		return;
	if (listed)
		read_names(g, r->root);
	tell_vcpus(state, g, domain, listed, r);
	for (size_t i = 0; i < g->n;) {
		if (read_thread(state, g, &g->thread[i], rested, domain, r)) {
			i++;
			continue;
		}
		/* Another one may have come in its place: list anew at the next sample. */
		g->task_dirs = -1;
		drop_thread(g, i);
	}
}

static void forget_ended(struct threads *t)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->guest[i].seen != t->sample) {
			guest_done(&t->guest[i]);
			memmove(&t->guest[i], &t->guest[i + 1], (t->n - i - 1) * sizeof(*t->guest));
			t->n--;
		}
}

/* Where each domain of the sample has its threads. */
static size_t *find_guests(struct threads *t, const struct table *domains)
{
	size_t *place = xcalloc(domains->n, sizeof(*place));

	for (size_t i = 0; i < domains->n; i++) {
		place[i] = find_guest(t, domains->row[i], i);
		t->guest[place[i]].seen = t->sample;
	}
	return place;
}

static void take_all_outside(struct threads *t, const struct snapshot *into, const size_t *place)
{
	for (size_t i = 0; i < into->table[TABLE_THREAD].n; i++) {
		const struct row *row = into->table[TABLE_THREAD].row[i];
		const struct row *domain = snapshot_find(into, TABLE_DOMAIN, key_of(row->key, 0));

		if (domain)
			take_outside(&t->guest[place[domain->number]], row);
	}
}

static void note_untold(const struct threads *t, struct reading *r)
{
	const char *be = t->untold == 1 ? " is" : t->untold_guests == 1 ? " are" : "s are";
	char text[160];

	if (!t->untold)
		return;
	snprintf(text, sizeof(text),
	    "%zu vCPU%s of %zu guest%s not told from other threads yet; -name "
	    "...,debug-threads=on would tell.",
	    t->untold, t->untold == 1 ? "" : "s", t->untold_guests, be);
	if (t->untold_kvm)
		reading_lacks(r, "%s", text);
	else
		reading_note(r, "%s", text);
}

enum state threads_read(struct reading *r)
{
	const struct table *domains = &r->into->table[TABLE_DOMAIN];
	struct threads *t = r->state;
	size_t *place;

	t->sample++;
	t->untold = t->untold_guests = 0;
	t->untold_kvm = false;
	place = find_guests(t, domains);
	take_all_outside(t, r->into, place);
	for (size_t i = 0; i < domains->n; i++)
		read_guest(t, &t->guest[place[i]], domains->row[i], r);
	free(place);
	forget_ended(t);
	t->threads = r->into->table[TABLE_VCPU].n + r->into->table[TABLE_THREAD].n;
	note_untold(t, r);
	if (t->no_schedstat)
		reading_note(r, "This kernel has no schedstat (CONFIG_SCHED_INFO): times in clock "
				"ticks, no waiting.");
	return STATE_OK;
}
