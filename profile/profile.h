/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile of one guest, taken in a thread of its own: which symbols of the guest's kernel, of
 * QEMU and of the host's kernel its time goes to. Reports come while it runs; the last one is done.
 */
#ifndef KVMTOP_PROFILE_PROFILE_H
#define KVMTOP_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;
struct report;
struct root;

#define PROFILE_SECONDS 10
#define PROFILE_SECONDS_MAX 3600
#define PROFILE_HERTZ 997
#define PROFILE_NAME_SIZE 32

/* A thread that is known to work for the guest. */
struct profile_thread {
	uint32_t tid;
	char name[PROFILE_NAME_SIZE]; /* "vCPU 0", "vhost" */
};

/* All is copied. */
struct profile_request {
	const char *guest; /* its name */
	const char *uuid;  /* "" or NULL: none */
	uint32_t pid;
	uint64_t birth; /* when the process started, in ticks since the boot; 0: not known */
	const struct profile_thread *thread;
	size_t threads;
	double seconds;
	unsigned hertz;
	bool is_emulated;               /* it runs without KVM */
	const char *kallsyms, *modules; /* of the guest; NULL: where they are kept */
};

/* @root is a live one. 0 or -errno: no thread could be started. */
int profile_start(
    const struct root *root, const struct profile_request *request, struct profile **ret);

/* Readable when there is a report to be taken; read nothing from it. */
int profile_fd(const struct profile *p);

/* The newest report that was not taken yet, or NULL. The caller frees it. */
struct report *profile_take(struct profile *p);

/* It ends soon, with a last report. */
void profile_stop(struct profile *p);

/* Ends it, if it still runs; waits for nothing. */
void profile_free(struct profile *p);

#endif
