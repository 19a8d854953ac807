/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hardware and software events of vCPU threads: which, and how they are counted. The kernel is
 * asked through struct counter_kernel, so that a test can answer in its place: few machines that
 * build this have a PMU.
 *
 * Events of a thread are opened in small groups, which the kernel counts together or not at all.
 * Where there are more groups than counters it takes turns; what was counted then stands for the
 * whole time. That scaling is done per reading, so that totals never go back.
 */
#ifndef KVMTOP_COLLECTORS_COUNTERS_H
#define KVMTOP_COLLECTORS_COUNTERS_H

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/snapshot.h"

struct reading;
struct sampling;

#define COUNTER_EVENTS_MAX 24
#define COUNTER_NAME_SIZE 64
/* A PMU has at least four counters; what is opened together must fit. */
#define COUNTER_GROUP_MAX 4
#define COUNTER_GROUPS_MAX (2 * COUNTER_EVENTS_MAX)

/* In the guest, in the host on its behalf, or wherever the thread is (software events). */
enum counter_side { SIDE_GUEST, SIDE_HOST, SIDE_ALL, COUNTER_SIDES };

/* The error of an event that libpfm4 has no name for on this CPU. */
#define COUNTER_NAMELESS (-ENOMSG)

/* 0 or -errno each. */
struct counter_kernel {
	void *ctx;
	/* By libpfm4's name. -ENOENT: no such event; -ENOSYS: there is no libpfm4. */
	int (*encode)(void *ctx, const char *name, struct perf_event_attr *ret);
	/* @group: descriptor of the leader, or -1. A descriptor. */
	int (*open)(void *ctx, const struct perf_event_attr *attr, pid_t tid, int group);
	ssize_t (*read)(void *ctx, int fd, void *buf, size_t size);
	void (*close)(void *ctx, int fd);
};

/* This host's. */
extern const struct counter_kernel counter_kernel_live;

struct counter_event {
	char name[COUNTER_NAME_SIZE]; /* as columns' keys spell it, or as the user did */
	struct perf_event_attr attr;
	bool software;
	int error[COUNTER_SIDES];  /* no thread can have it: -errno */
	int failed[COUNTER_SIDES]; /* a thread could not have it, when it was last tried */
};

struct counter_events {
	struct counter_event event[COUNTER_EVENTS_MAX];
	size_t n;
	char unknown[COUNTER_NAME_SIZE]; /* the first name that nobody knows; "": none */
	bool no_library;                 /* there is no libpfm4 */
	size_t too_many;                 /* names beyond those that have room */
};

/* @list: names with commas between them; NULL: the usual ones. Software events are always there. */
void counter_events_init(
    struct counter_events *events, const char *list, const struct counter_kernel *kernel);
const char *counter_side_name(enum counter_side side);

/* What one event counted in one thread so far. */
struct counted {
	uint64_t total;
	uint8_t state; /* enum state */
};

struct vcpu_counts {
	struct counted of[COUNTER_EVENTS_MAX][COUNTER_SIDES];
	double share; /* of its time on a CPU in which hardware events were counted; <0: none are */
};

/* One thread's open events. Zero-initialise it. */
struct counter_group {
	enum counter_side side;
	int fd[COUNTER_GROUP_MAX]; /* the first one leads */
	uint8_t event[COUNTER_GROUP_MAX];
	size_t n;
	uint64_t enabled_ns, running_ns, value[COUNTER_GROUP_MAX]; /* when it last ran */
	bool starved;                                              /* its turn never comes */
};

struct vcpu_counters {
	struct key key;
	pid_t tid;
	struct counter_group group[COUNTER_GROUPS_MAX];
	size_t groups;
	int error;       /* why nothing is open: -errno */
	bool incomplete; /* an event failed that may be had later, or by others */
	double total[COUNTER_EVENTS_MAX][COUNTER_SIDES];
	double share;
	bool seen; /* in this reading */
};

/*
 * Opens all events of a thread that are not open yet. Events that no thread can have are marked in
 * @events and not tried again. 0; -EMFILE: no descriptor is left; -EACCES, -EPERM: a right is
 * missing; -ESRCH: it is gone. On errors what it opened is closed again.
 */
int vcpu_counters_open(struct vcpu_counters *v, struct counter_events *events,
    const struct counter_kernel *kernel, pid_t tid);
void vcpu_counters_close(struct vcpu_counters *v, const struct counter_kernel *kernel);
size_t vcpu_counters_descriptors(const struct vcpu_counters *v);

/* Reads all groups and adds to the totals. */
void vcpu_counters_read(struct vcpu_counters *v, const struct counter_events *events,
    const struct counter_kernel *kernel, struct vcpu_counts *ret);

/* Into the rows of the vCPU and of its guest's events. */
void counters_write(struct reading *r, const struct row *vcpu, const struct counter_events *events,
    const struct vcpu_counts *counts);

/* Notes of the live run, for captures; and from there. */
void counters_note_events(const struct reading *r, const struct counter_events *events);
void counters_note(const struct reading *r, const struct row *vcpu,
    const struct counter_events *events, const struct vcpu_counts *counts);
int counters_captured_events(const struct reading *r, struct counter_events *events);
int counters_captured(const struct reading *r, const struct row *vcpu,
    const struct counter_events *events, struct vcpu_counts *ret);

/* The collector with another kernel. @kernel must outlive it. */
void *counters_new(const struct sampling *options, const struct counter_kernel *kernel);

#endif
