/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What wakes a program without a screen: signals and the next moment of a steady beat. Signals that
 * were ignored when the program started stay ignored.
 */
#ifndef KVMTOP_CLI_EVENTS_H
#define KVMTOP_CLI_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct events {
	int quit_fd;  /* readable when INT or TERM came */
	int other_fd; /* HUP, USR1 */
	int timer_fd;
};

enum wake {
	WAKE_BEAT,
	WAKE_QUIT,
	WAKE_REOPEN, /* SIGHUP */
	WAKE_NOW,    /* SIGUSR1 */
	WAKE_GONE,   /* nobody reads our output any more */
};

/* Before any thread is started. 0 or -errno. */
int events_init(struct events *e);
void events_done(struct events *e);

/* The first beat comes one interval from now; they never drift, and missed ones are left out. */
void events_beat(struct events *e, uint64_t interval_ns);

/* @output_fd: watched for a reader that goes; -1: none. Without @wait only what is there already;
 * WAKE_BEAT when that is nothing. */
enum wake events_wait(struct events *e, int output_fd, bool wait);

#endif
