/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fix would do, as data: a list of typed actions. Rules make plans from what a snapshot
 * says; only the room fixes/ carries them out. A plan owns its texts.
 */
#ifndef KVMTOP_ADVISOR_PLAN_H
#define KVMTOP_ADVISOR_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "model/snapshot.h"

/* A row each in fixes/kinds.c, which says what target and value look like. */
enum action_kind {
	ACTION_WRITE,    /* a file below /sys or /proc; target: its path without the first '/' */
	ACTION_SYSCTL,   /* target: "vm.swappiness" */
	ACTION_AWAIT,    /* until a file holds the value: target as of ACTION_WRITE */
	ACTION_PIN_VCPU, /* target: number of the vCPU; value: a list of CPUs */
	ACTION_PIN_EMULATOR,  /* value: a list of CPUs */
	ACTION_PIN_IOTHREAD,  /* target: number of the I/O thread; value: a list of CPUs */
	ACTION_AFFINITY,      /* target: tid of a thread that libvirt does not know; value: CPUs */
	ACTION_NUMATUNE,      /* target: "mode" or "nodeset" */
	ACTION_MIGRATE_PAGES, /* target: the nodes they leave, "all" or a list; value: a node */
	ACTION_MEMORY_LIMIT,  /* target: "hard_limit", … ; value: KiB, or "unlimited" */
	ACTION_SCHEDULER,     /* target: "vcpu_quota", "cpu_shares", …; value: a number */
	ACTION_BLKIO,         /* target: "weight", "device_weight", …*/
	ACTION_BLOCK_IOTUNE,  /* target: "vda total_iops_sec"; value: a number */
	ACTION_NODE_MEMORY,   /* target: "shm_pages_to_scan", …; KSM by libvirt */
	ACTION_BALLOON,       /* value: KiB */
	ACTION_STATS_PERIOD,  /* of the balloon; value: seconds */
	ACTION_HUGE_POOL,     /* target: "node0 2048" (KiB); value: pages */
	ACTION_MODULE,        /* target: a module that is to be loaded */
	ACTION_VCPUS,         /* target: "current" or "maximum"; value: a number */
	ACTION_DEFINE,        /* target: an element's path in the domain's XML; value: the element
				 that takes its place, "" for none. At the next start of the guest */
	ACTION_DROP_IN,       /* target: a file below /etc; value: the line it shall hold */
	ACTION_KINDS
};

struct action {
	enum action_kind kind;
	struct key guest; /* {0}: the host */
	char *domain;     /* its name, or NULL */
	char *uuid;       /* or NULL */
	char *target;
	char *expected; /* what stands there by the snapshot; NULL: nobody knows yet */
	char *value;    /* what shall stand there */
	bool saved;     /* of a guest: in its definition, which counts from its next start on; else
			   now */
};

/* How much care a plan takes. */
enum fix_class {
	FIX_NONE,
	FIX_A, /* can be undone, is bounded, and over at once: one key */
	FIX_B, /* slow, or a strain: shown first */
	FIX_C, /* lasting, or seen by the guest: the guest's name is typed */
};

struct plan {
	struct action *action;
	size_t n, cap;
	struct action *lasting; /* what makes it last, a step of its own */
	size_t lasting_n, lasting_cap;
	char *title;   /* "move 1.6G of web1 to node 0" */
	char *refusal; /* why there is no plan though there is advice; NULL */
};

/* Zero-initialise it. */
void plan_done(struct plan *p);

/*
 * Adds an action and returns it, to be completed. @domain: the row of a guest, or NULL: the host.
 * Texts are copied.
 */
struct action *plan_add(struct plan *p, enum action_kind kind, const struct row *domain,
    const char *target, const char *expected, const char *value);
/* The same, of what makes the plan last. */
struct action *plan_add_lasting(struct plan *p, enum action_kind kind, const struct row *domain,
    const char *target, const char *expected, const char *value);

void plan_title(struct plan *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* There is no plan, and why; what was added is dropped. */
void plan_refuse(struct plan *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An action with texts of its own. */
struct action action_copy(const struct action *a);
void action_done(struct action *a);

/* "sysctl", "pin-vcpu", …: as the journal calls it. */
const char *action_kind_name(enum action_kind kind);
/* ACTION_KINDS: there is none of that name. */
enum action_kind action_kind_find(const char *name);

const char *fix_class_name(enum fix_class c); /* "A", …; "" for none */
/* FIX_NONE: there is none of that name. */
enum fix_class fix_class_find(const char *name);

/* The care that a plan takes whose rule says @usual: what outlasts the next start takes the most,
 * whatever the rule's other plans are like. */
enum fix_class plan_class(const struct plan *p, enum fix_class usual);

#endif
