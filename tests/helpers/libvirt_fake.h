/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test tells the module that stands for libvirt, and what that tells the test. */
#ifndef KVMTOP_TESTS_LIBVIRT_FAKE_H
#define KVMTOP_TESTS_LIBVIRT_FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define LIBVIRT_FAKE_SYMBOL "libvirt_fake"
#define LIBVIRT_FAKE_CALLS 16

/* Guarded by lock. */
struct libvirt_fake {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char hung[40];                      /* the guest whose monitor does not answer; "": none */
	char failing[40];                   /* the guest whose monitor answers with an error */
	char asked[LIBVIRT_FAKE_CALLS][40]; /* in this order, since the test has set calls to 0 */
	size_t calls;
	/* Active guests, uuids ending in 1 to so many, and how often they were counted and listed.
	 */
	int active;
	size_t counts, lists;
	bool refuses; /* to list them */
	/* Of the connection that was opened last: what the module calls when a guest has changed.
	 */
	void (*on_change)(void *ctx, const char *uuid);
	void *ctx;
};

#define LIBVIRT_FAKE_UUID "00000000-0000-4000-8000-%012d"

#endif
