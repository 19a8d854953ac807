/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/profile.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "profile/explain.h"
#include "profile/guest_files.h"
#include "profile/namer.h"
#include "profile/recorder.h"
#include "profile/report.h"

/* How often rings are emptied, and how often a report is made of it. */
#define READ_NS (50 * NS_PER_MS)
#define REPORT_NS NS_PER_SEC

/* Owned by whoever started it and by the thread that runs it, which may sit in a read that never
 * returns: the last of them frees it. */
struct profile {
	struct root *root;
	char *guest, *uuid, *kallsyms, *modules;
	uint32_t pid;
	uint64_t birth; /* another process may get its number */
	bool is_emulated;
	struct profile_thread *thread;
	size_t threads, cap;
	uint64_t wanted_ns;
	unsigned hertz;
	int fd;

	struct guest_symbols symbols;
	struct namer *namer;
	struct recorder *recorder;
	struct tally tally;
	uint64_t started_ns, ran_ns; /* when sampling began, and for how long */
	uint64_t guest_before_ns;    /* time in the guest, when it began */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool stopping;
	unsigned owners;
	struct report *latest;
};

static char *dup_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static bool is_stopping(struct profile *p)
{
	bool stopping;

	pthread_mutex_lock(&p->lock);
	stopping = p->stopping;
	pthread_mutex_unlock(&p->lock);
	return stopping;
}

static void publish(struct profile *p, struct report *report)
{
	struct report *old;
	uint64_t one = 1;

	pthread_mutex_lock(&p->lock);
	old = p->latest;
	p->latest = report;
	pthread_mutex_unlock(&p->lock);
	report_free(old);
	if (write(p->fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: the reader knows already */
}

/* What the thread is called: by whoever started the profile, else by itself. */
static const char *thread_name(struct profile *p, uint32_t tid)
{
	struct profile_thread *fresh;
	char path[64], comm[PROFILE_NAME_SIZE];

	for (size_t i = 0; i < p->threads; i++)
		if (p->thread[i].tid == tid)
			return p->thread[i].name;
	p->thread = xgrow(p->thread, p->threads, &p->cap, sizeof(*p->thread));
	fresh = &p->thread[p->threads++];
	*fresh = (struct profile_thread){ .tid = tid };
	snprintf(path, sizeof(path), "proc/%u/comm", tid);
	if (root_read(p->root, path, comm, sizeof(comm)) > 0)
		snprintf(fresh->name, sizeof(fresh->name), "%.*s", (int)strcspn(comm, "\n"), comm);
	else
		snprintf(fresh->name, sizeof(fresh->name), "thread %u", tid);
	return fresh->name;
}

static struct report *begin_report(const struct profile *p)
{
	struct report *r = report_new(p->guest, p->pid);

	r->wanted_seconds = (double)p->wanted_ns / (double)NS_PER_SEC;
	r->seconds = (double)p->ran_ns / (double)NS_PER_SEC;
	r->hertz = p->hertz;
	return r;
}

static void report_spots(struct profile *p, struct report *r)
{
	for (size_t i = 0; i < p->tally.size; i++) {
		const struct spot *s = &p->tally.spot[i];
		struct named named;

		if (!s->samples)
			continue;
		named = namer_name(p->namer, (enum cpu_mode)s->mode, s->ip);
		report_add(r, (enum cpu_mode)s->mode, thread_name(p, s->tid), named.object,
		    named.symbol, named.address, s->samples, s->weight);
	}
	report_finish(r);
}

/* Closing events may take its time, so that is done before anybody hears of the end. */
static void report_now(struct profile *p, bool done, bool ended)
{
	struct report *r = begin_report(p);
	struct profiled profiled = {
		.facts = recorder_facts(p->recorder),
		.tally = &p->tally,
		.symbols = &p->symbols,
		.host_problem = namer_problem(p->namer),
		.guest_ns = profile_guest_ns(p->root, p->pid, p->guest_before_ns),
		.ended = ended,
		.is_emulated = p->is_emulated,
	};

	r->by_cycles = profiled.facts->by_cycles;
	r->done = done;
	report_spots(p, r);
	explain_profile(r, &profiled);
	if (done) {
		recorder_close(p->recorder);
		p->recorder = NULL;
	}
	publish(p, r);
}

static void report_failure(struct profile *p, int error)
{
	struct report *r = begin_report(p);

	r->done = true;
	r->error = error;
	report_finish(r);
	explain_failure(r, error);
	publish(p, r);
}

static void load(struct profile *p)
{
	struct guest_files files = {
		.kallsyms = p->kallsyms,
		.modules = p->modules,
		.uuid = p->uuid,
		.started_ns = profile_started_ns(p->root, p->pid),
	};
	struct report *r = begin_report(p);

	r->loading = true;
	report_finish(r);
	publish(p, r);
	guest_symbols_load(&p->symbols, &files);
	p->namer = namer_new(p->root, p->pid, &p->symbols);
}

/* Until the next reading; false when somebody wants the end. */
static bool wait_ns(struct profile *p, uint64_t ns)
{
	uint64_t until_ns = clock_mono_ns() + ns;
	struct timespec t = { .tv_sec = (time_t)(until_ns / NS_PER_SEC),
		.tv_nsec = (long)(until_ns % NS_PER_SEC) };
	bool stopping;

	pthread_mutex_lock(&p->lock);
	while (!p->stopping && clock_mono_ns() < until_ns)
		pthread_cond_timedwait(&p->wake, &p->lock, &t);
	stopping = p->stopping;
	pthread_mutex_unlock(&p->lock);
	return !stopping;
}

static bool lives(const struct profile *p)
{
	return p->birth && profile_birth(p->root, p->pid) == p->birth;
}

static void sample(struct profile *p)
{
	uint64_t report_ns = 0;
	bool goes_on = true, alive = true;

	p->started_ns = clock_mono_ns();
	while (goes_on && alive && p->ran_ns < p->wanted_ns) {
		goes_on = wait_ns(p, READ_NS);
		recorder_read(p->recorder, &p->tally);
		p->ran_ns = clock_mono_ns() - p->started_ns;
		alive = lives(p);
		if (goes_on && alive && p->ran_ns < p->wanted_ns &&
		    p->ran_ns >= report_ns + REPORT_NS) {
			report_now(p, false, false);
			report_ns = clock_mono_ns() - p->started_ns;
		}
	}
	report_now(p, true, !alive);
}

static void free_all(struct profile *p)
{
	recorder_close(p->recorder);
	namer_free(p->namer);
	guest_symbols_done(&p->symbols);
	tally_done(&p->tally);
	report_free(p->latest);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->wake);
	if (p->fd >= 0)
		close(p->fd);
	root_close(p->root);
	free(p->guest);
	free(p->uuid);
	free(p->kallsyms);
	free(p->modules);
	free(p->thread);
	free(p);
}

static void drop(struct profile *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = --p->owners == 0;
	pthread_mutex_unlock(&p->lock);
	if (last)
		free_all(p);
}

static void *run(void *arg)
{
	struct profile *p = arg;
	uint32_t *tid = xcalloc(p->threads + 1, sizeof(*tid));
	int r;

	pthread_setname_np(pthread_self(), "profile");
	for (size_t i = 0; i < p->threads; i++)
		tid[i] = p->thread[i].tid;
	load(p);
	if (p->birth == 0)
		p->birth = profile_birth(p->root, p->pid);
	p->guest_before_ns = profile_guest_ns(p->root, p->pid, 0);
	if (is_stopping(p))
		r = -ECANCELED;
	else if (!lives(p))
		r = -ESRCH;
	else
		r = recorder_open(p->root, p->pid, tid, p->threads, p->hertz, &p->recorder);
	free(tid);
	if (r < 0)
		report_failure(p, r);
	else
		sample(p);
	drop(p);
	return NULL;
}

static void init_lock(struct profile *p)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &attr);
	pthread_condattr_destroy(&attr);
}

/* 0 or an error number. */
static int start_runner(struct profile *p)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t runner;
	int r;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	p->owners = 2;
	r = pthread_create(&runner, &detached, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return r;
}

int profile_start(
    const struct root *root, const struct profile_request *request, struct profile **ret)
{
	struct profile *p = xcalloc(1, sizeof(*p));
	int r;

	p->root = root_dup(root);
	p->guest = xstrdup(request->guest);
	p->uuid = dup_or_null(request->uuid);
	p->kallsyms = dup_or_null(request->kallsyms);
	p->modules = dup_or_null(request->modules);
	p->pid = request->pid;
	p->birth = request->birth;
	p->is_emulated = request->is_emulated;
	p->wanted_ns = (uint64_t)(request->seconds * (double)NS_PER_SEC);
	p->hertz = request->hertz;
	for (size_t i = 0; i < request->threads; i++) {
		p->thread = xgrow(p->thread, p->threads, &p->cap, sizeof(*p->thread));
		p->thread[p->threads++] = request->thread[i];
	}
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	init_lock(p);
	r = p->fd < 0 ? errno : start_runner(p);
	if (r) {
		free_all(p);
		return -r;
	}
	*ret = p;
	return 0;
}

int profile_fd(const struct profile *p)
{
	return p->fd;
}

struct report *profile_take(struct profile *p)
{
	struct report *latest;
	uint64_t count;

	pthread_mutex_lock(&p->lock);
	latest = p->latest;
	p->latest = NULL;
	if (read(p->fd, &count, sizeof(count)) < 0)
		count = 0; /* there was none */
	pthread_mutex_unlock(&p->lock);
	return latest;
}

void profile_stop(struct profile *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	profile_stop(p);
	drop(p);
}
