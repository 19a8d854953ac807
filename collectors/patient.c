/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/patient.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/root.h"
#include "base/xalloc.h"

/* Owned by whoever asked and by the thread that reads; the last of them frees it. */
struct patient {
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	unsigned owners;
	struct root *root;
	char *path;
	int (*read)(const struct root *root, const char *path, struct text *ret);
	struct text text;
	bool done;
};

static void drop(struct patient *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = --p->owners == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	root_close(p->root);
	free(p->path);
	text_done(&p->text);
	pthread_cond_destroy(&p->done_cond);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void *run(void *arg)
{
	struct patient *p = arg;
	struct text text = { 0 };

	if (p->read(p->root, p->path, &text) < 0)
		text_done(&text);
	pthread_mutex_lock(&p->lock);
	p->text = text;
	p->done = true;
	pthread_cond_signal(&p->done_cond);
	pthread_mutex_unlock(&p->lock);
	drop(p);
	return NULL;
}

static bool start_thread(struct patient *p)
{
	sigset_t all, before;
	pthread_attr_t detached;
	pthread_t thread;
	int e;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&thread, &detached, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return e == 0;
}

struct patient *patient_start(const struct root *root, const char *path,
    int (*read)(const struct root *root, const char *path, struct text *ret))
{
	struct patient *p = xcalloc(1, sizeof(*p));
	pthread_condattr_t monotonic;

	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->done_cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
	p->root = root_dup(root);
	p->path = xstrdup(path);
	p->read = read;
	p->owners = 2;
	if (!root_is_live(root)) {
		run(p);
	} else if (!start_thread(p)) {
		p->owners = 1;
		drop(p);
		return NULL;
	}
	return p;
}

bool patient_take(struct patient *p, uint64_t wait_ns, struct text *ret)
{
	uint64_t until_ns = clock_mono_ns() + wait_ns;
	struct timespec until = { .tv_sec = (time_t)(until_ns / NS_PER_SEC),
		.tv_nsec = (long)(until_ns % NS_PER_SEC) };
	bool done;
	int e = 0;

	pthread_mutex_lock(&p->lock);
	while (!p->done && wait_ns && e == 0)
		e = pthread_cond_timedwait(&p->done_cond, &p->lock, &until);
	done = p->done;
	if (done) {
		*ret = p->text;
		p->text = (struct text){ 0 };
	}
	pthread_mutex_unlock(&p->lock);
	return done;
}

void patient_free(struct patient *p)
{
	if (p)
		drop(p);
}
