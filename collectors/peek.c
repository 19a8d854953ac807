/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/peek.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/root.h"
#include "base/xalloc.h"

/* Owned by whoever asked and by the thread that reads; the last of them frees it. */
struct peek {
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	unsigned owners;
	struct root *root;
	char *path;
	uint8_t bytes[PEEK_BYTES];
	ssize_t result;
	bool done;
};

static void drop(struct peek *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = --p->owners == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	root_close(p->root);
	free(p->path);
	pthread_cond_destroy(&p->done_cond);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void *read_bytes(void *arg)
{
	struct peek *p = arg;
	uint8_t bytes[PEEK_BYTES];
	ssize_t n;
	int fd = root_open_file(p->root, p->path);

	n = fd < 0 ? fd : pread(fd, bytes, sizeof(bytes), 0);
	if (fd >= 0 && n < 0)
		n = -errno;
	if (fd >= 0)
		close(fd);
	pthread_mutex_lock(&p->lock);
	if (n > 0)
		memcpy(p->bytes, bytes, (size_t)n);
	p->result = n;
	p->done = true;
	pthread_cond_signal(&p->done_cond);
	pthread_mutex_unlock(&p->lock);
	drop(p);
	return NULL;
}

static bool start_thread(struct peek *p)
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
	e = pthread_create(&thread, &detached, read_bytes, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return e == 0;
}

struct peek *peek_start(const struct root *root, const char *path)
{
	struct peek *p = xcalloc(1, sizeof(*p));
	pthread_condattr_t monotonic;

	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->done_cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
	p->root = root_dup(root);
	p->path = xstrdup(path);
	p->owners = 2;
	if (start_thread(p))
		return p;
	p->owners = 1;
	drop(p);
	return NULL;
}

ssize_t peek_take(struct peek *p, uint64_t wait_ns, uint8_t ret[PEEK_BYTES])
{
	uint64_t until_ns = clock_mono_ns() + wait_ns;
	struct timespec until = { .tv_sec = (time_t)(until_ns / NS_PER_SEC),
		.tv_nsec = (long)(until_ns % NS_PER_SEC) };
	ssize_t n = -EAGAIN;
	int e = 0;

	pthread_mutex_lock(&p->lock);
	while (!p->done && wait_ns && e == 0)
		e = pthread_cond_timedwait(&p->done_cond, &p->lock, &until);
	if (p->done) {
		n = p->result;
		if (n > 0)
			memcpy(ret, p->bytes, (size_t)n);
	}
	pthread_mutex_unlock(&p->lock);
	return n;
}

void peek_free(struct peek *p)
{
	if (p)
		drop(p);
}
