/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any thread may add, change and remove what the loop watches, also from within a call of the loop.
 * So calls are made without the lock, and what is removed is freed by the loop alone, when no call
 * of it can be under way.
 */
#include "collectors/libvirt_loop.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 16
#define NEVER UINT64_MAX

/* A descriptor, or a timer where @fd is -1. */
struct watch {
	int id, fd;
	int events;      /* of a descriptor, as libvirt has them */
	int period_ms;   /* of a timer; below 0: it does not run */
	uint64_t due_ns; /* of a timer that runs */
	bool removed;
	virEventHandleCallback ready;
	virEventTimeoutCallback over;
	void *opaque;
	virFreeCallback free;
};

static struct {
	pthread_mutex_t lock; /* guards all but the two descriptors, which stay */
	int epoll, wakeup;
	struct watch *watch;
	size_t n, cap;
	int last_id;
	uint64_t sleeps_until_ns;
} loop = { .lock = PTHREAD_MUTEX_INITIALIZER, .epoll = -1, .wakeup = -1 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct watch *find(int id)
{
	for (size_t i = 0; i < loop.n; i++)
		if (loop.watch[i].id == id && !loop.watch[i].removed)
			return &loop.watch[i];
	return NULL;
}

static void wake(void)
{
	/* It can only be full, and then the loop wakes anyhow. */
	if (eventfd_write(loop.wakeup, 1) < 0)
		return;
}

/* Its id, or -1. */
static int add(const struct watch *new)
{
	struct watch *grown;

	if (loop.n == loop.cap) {
		size_t cap = loop.cap ? loop.cap * 2 : 8;

		grown = realloc(loop.watch, cap * sizeof(*grown));
		if (!grown)
			return -1;
		loop.watch = grown;
		loop.cap = cap;
	}
	loop.watch[loop.n] = *new;
	loop.watch[loop.n++].id = ++loop.last_id;
	return loop.last_id;
}

/* ---- descriptors ---- */

static uint32_t to_epoll(int events)
{
	return ((events & VIR_EVENT_HANDLE_READABLE) ? EPOLLIN : 0u) |
	       ((events & VIR_EVENT_HANDLE_WRITABLE) ? EPOLLOUT : 0u);
}

static int from_epoll(uint32_t events)
{
	return ((events & EPOLLIN) ? VIR_EVENT_HANDLE_READABLE : 0) |
	       ((events & EPOLLOUT) ? VIR_EVENT_HANDLE_WRITABLE : 0) |
	       ((events & EPOLLERR) ? VIR_EVENT_HANDLE_ERROR : 0) |
	       ((events & EPOLLHUP) ? VIR_EVENT_HANDLE_HANGUP : 0);
}

/* Who listens to nothing is taken out: epoll would tell of a peer's end without being asked. Where
 * it fails nobody listens, so that the next change begins anew. */
static int listen_to(struct watch *w, int before)
{
	struct epoll_event event = { .events = to_epoll(w->events), .data.u64 = (uint64_t)w->id };
	int how = !w->events ? EPOLL_CTL_DEL : before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (w->events == before)
		return 0;
	if (epoll_ctl(loop.epoll, how, w->fd, &event) == 0)
		return 0;
	w->events = 0;
	return -1;
}

static int add_handle(
    int fd, int events, virEventHandleCallback ready, void *opaque, virFreeCallback free_opaque)
{
	struct watch new = {
		.fd = fd, .events = events, .ready = ready, .opaque = opaque, .free = free_opaque
	};
	int id;

	pthread_mutex_lock(&loop.lock);
	id = add(&new);
	if (id >= 0 && listen_to(&loop.watch[loop.n - 1], 0) < 0) {
		loop.n--;
		id = -1;
	}
	pthread_mutex_unlock(&loop.lock);
	return id;
}

static void update_handle(int id, int events)
{
	struct watch *w;

	pthread_mutex_lock(&loop.lock);
	w = find(id);
	if (w) {
		int before = w->events;

		w->events = events;
		listen_to(w, before);
	}
	pthread_mutex_unlock(&loop.lock);
}

static int remove_watch(int id)
{
	struct watch *w;

	pthread_mutex_lock(&loop.lock);
	w = find(id);
	if (w) {
		int before = w->events;

		w->events = 0;
		if (w->fd >= 0)
			listen_to(w, before);
		w->removed = true;
		wake();
	}
	pthread_mutex_unlock(&loop.lock);
	return w ? 0 : -1;
}

/* ---- timers ---- */

static void set_timer(struct watch *w, int period_ms)
{
	w->period_ms = period_ms;
	w->due_ns = period_ms < 0 ? NEVER : now_ns() + (uint64_t)period_ms * 1000000u;
	if (w->due_ns < loop.sleeps_until_ns)
		wake();
}

static int add_timeout(
    int period_ms, virEventTimeoutCallback over, void *opaque, virFreeCallback free_opaque)
{
	struct watch new = { .fd = -1, .over = over, .opaque = opaque, .free = free_opaque };
	int id;

	pthread_mutex_lock(&loop.lock);
	id = add(&new);
	if (id >= 0)
		set_timer(&loop.watch[loop.n - 1], period_ms);
	pthread_mutex_unlock(&loop.lock);
	return id;
}

static void update_timeout(int id, int period_ms)
{
	struct watch *w;

	pthread_mutex_lock(&loop.lock);
	w = find(id);
	if (w)
		set_timer(w, period_ms);
	pthread_mutex_unlock(&loop.lock);
}

/* ---- the loop; with the lock but where a function is called that is not ours ---- */

static void tell_ready(const struct epoll_event *event)
{
	struct watch *w = find((int)event->data.u64);
	struct watch copy;

	/* Somebody may have stopped listening since. */
	if (!w || !w->events)
		return;
	copy = *w;
	pthread_mutex_unlock(&loop.lock);
	copy.ready(copy.id, copy.fd, from_epoll(event->events), copy.opaque);
	pthread_mutex_lock(&loop.lock);
}

static void tell_over(struct watch *w, uint64_t now)
{
	struct watch copy = *w;

	w->due_ns = now + (uint64_t)w->period_ms * 1000000u;
	pthread_mutex_unlock(&loop.lock);
	copy.over(copy.id, copy.opaque);
	pthread_mutex_lock(&loop.lock);
}

static void run_timers(void)
{
	uint64_t now = now_ns();

	/* The list may grow, and move, in a call; it shrinks in free_removed alone. */
	for (size_t i = 0; i < loop.n; i++) {
		struct watch *w = &loop.watch[i];

		if (w->fd < 0 && !w->removed && w->period_ms >= 0 && w->due_ns <= now)
			tell_over(w, now);
	}
}

static void free_removed(void)
{
	for (size_t i = 0; i < loop.n;) {
		struct watch w = loop.watch[i];

		if (!w.removed) {
			i++;
			continue;
		}
		loop.watch[i] = loop.watch[--loop.n];
		pthread_mutex_unlock(&loop.lock);
		if (w.free)
			w.free(w.opaque);
		pthread_mutex_lock(&loop.lock);
	}
}

/* In ms, rounded up; -1: until something happens. */
static int time_to_sleep(void)
{
	uint64_t due = NEVER, now = now_ns();

	for (size_t i = 0; i < loop.n; i++)
		if (loop.watch[i].fd < 0 && loop.watch[i].due_ns < due)
			due = loop.watch[i].due_ns;
	loop.sleeps_until_ns = due;
	if (due == NEVER)
		return -1;
	return due <= now ? 0 : (int)((due - now) / 1000000u) + 1;
}

static void *run(void *arg)
{
	struct epoll_event event[EVENTS_MAX];
	eventfd_t wakeups;

	pthread_mutex_lock(&loop.lock);
	for (;;) {
		int n, ms = time_to_sleep();

		pthread_mutex_unlock(&loop.lock);
		n = epoll_wait(loop.epoll, event, EVENTS_MAX, ms);
		pthread_mutex_lock(&loop.lock);
		loop.sleeps_until_ns = 0;
		for (int i = 0; i < n; i++)
			if (event[i].data.u64 == 0)
				eventfd_read(loop.wakeup, &wakeups);
			else
				tell_ready(&event[i]);
		run_timers();
		free_removed();
	}
	return arg;
}

bool libvirt_loop_start(void)
{
	/* No watch has the id 0. */
	struct epoll_event event = { .events = EPOLLIN };
	sigset_t all, before;
	pthread_t thread;
	bool runs;

	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	loop.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop.epoll < 0 || loop.wakeup < 0 ||
	    epoll_ctl(loop.epoll, EPOLL_CTL_ADD, loop.wakeup, &event) < 0)
		return false;
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	runs = pthread_create(&thread, NULL, run, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!runs)
		return false;
	pthread_detach(thread);
	virEventRegisterImpl(
	    add_handle, update_handle, remove_watch, add_timeout, update_timeout, remove_watch);
	return true;
}
