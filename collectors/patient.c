/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/patient.h"

#include <errno.h>
#include <pthread.h>
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
	struct text text;
	int result;
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

static void *read_file(void *arg)
{
	struct patient *p = arg;
	struct text text = { 0 };
	int r = root_read_all(p->root, p->path, &text);

	pthread_mutex_lock(&p->lock);
	p->text = text;
	p->result = r;
	p->done = true;
	pthread_cond_signal(&p->done_cond);
	pthread_mutex_unlock(&p->lock);
	drop(p);
	return NULL;
}

struct patient *patient_read(const struct root *root, const char *path)
{
	struct patient *p = xcalloc(1, sizeof(*p));
	pthread_condattr_t monotonic;
	pthread_attr_t detached;
	pthread_t thread;

	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->done_cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
	p->root = root_dup(root);
	p->path = xstrdup(path);
	p->owners = 2;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	/* Without a thread (a captured host, or none to be had) it is read here. */
	if (!root_is_live(root) || pthread_create(&thread, &detached, read_file, p) != 0)
		read_file(p);
	pthread_attr_destroy(&detached);
	return p;
}

int patient_take(struct patient *p, uint64_t wait_ns, struct text *ret)
{
	uint64_t until_ns = clock_mono_ns() + wait_ns;
	struct timespec until = { .tv_sec = (time_t)(until_ns / NS_PER_SEC),
		.tv_nsec = (long)(until_ns % NS_PER_SEC) };
	int r = 0;

	pthread_mutex_lock(&p->lock);
	while (!p->done && wait_ns && r == 0)
		r = pthread_cond_timedwait(&p->done_cond, &p->lock, &until);
	if (p->done) {
		*ret = p->text;
		p->text = (struct text){ 0 };
		r = p->result;
	} else {
		r = -EAGAIN;
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

void patient_free(struct patient *p)
{
	if (p)
		drop(p);
}
