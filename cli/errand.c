/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/errand.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/events.h"

/* Owned by whoever waits and by the thread that works; the last of them frees it. */
struct errand {
	pthread_mutex_t lock;
	void (*work)(void *ctx);
	void (*release)(void *ctx);
	void *ctx;
	bool done, left;
};

static void errand_free(struct errand *e)
{
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static void *run(void *arg)
{
	struct errand *e = arg;
	bool left;

	e->work(e->ctx);
	pthread_mutex_lock(&e->lock);
	e->done = true;
	left = e->left;
	pthread_mutex_unlock(&e->lock);
	if (left) {
		e->release(e->ctx);
		errand_free(e);
	}
	return NULL;
}

static int start(struct errand *e)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;
	int r;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &detached, run, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return -r;
}

static bool is_done(struct errand *e)
{
	bool done;

	pthread_mutex_lock(&e->lock);
	done = e->done;
	pthread_mutex_unlock(&e->lock);
	return done;
}

static int await(struct errand *e, struct events *events, uint64_t wait_ns)
{
	uint64_t until_ns = clock_mono_ns() + wait_ns;

	while (!is_done(e)) {
		if (clock_mono_ns() >= until_ns)
			return -ETIMEDOUT;
		if (events_wait(events, -1, true) == WAKE_QUIT)
			return -EINTR;
	}
	return 0;
}

/* False: it was done all the same, just now. */
static bool leave(struct errand *e)
{
	bool done;

	pthread_mutex_lock(&e->lock);
	done = e->done;
	e->left = !done;
	pthread_mutex_unlock(&e->lock);
	return !done;
}

int errand_run(struct events *events, uint64_t wait_ns, void (*work)(void *ctx),
    void (*release)(void *ctx), void *ctx)
{
	struct errand *e = xcalloc(1, sizeof(*e));
	int r;

	*e = (struct errand){ .work = work, .release = release, .ctx = ctx };
	pthread_mutex_init(&e->lock, NULL);
	r = start(e);
	if (r == 0) {
		r = await(e, events, wait_ns);
		if (r < 0 && leave(e))
			return r;
		r = 0;
	}
	errand_free(e);
	return r;
}
