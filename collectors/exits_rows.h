/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of exits as rows of the tables, and as the text that a captured host has of them. */
#ifndef KVMTOP_COLLECTORS_EXITS_ROWS_H
#define KVMTOP_COLLECTORS_EXITS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/exit_tally.h"

struct reading;
struct snapshot;

/* What a reading found. */
struct exits_found {
	struct exit_figures *figures; /* by level, id and reason */
	size_t n;
	bool counted;    /* every one; else sampled */
	double duty;     /* part of the time that was watched */
	double lost;     /* part of the records that was lost */
	double own_cpus; /* what kvmtop itself spent on it, of a CPU */
};

void exits_found_done(struct exits_found *f);

/* Who a thread is: the vCPUs of a sample, found by their threads. */
struct exits_vcpus {
	struct exits_vcpu *vcpu; /* ascending by tid */
	size_t n;
};

void exits_vcpus_init(struct exits_vcpus *v, const struct snapshot *s);
void exits_vcpus_done(struct exits_vcpus *v);

/* The process of its guest; 0: it is no vCPU of any. */
uint32_t exits_guest_of(const struct exits_vcpus *v, uint32_t tid);

void exits_write_rows(
    struct reading *r, const struct exits_vcpus *v, const struct exits_found *found);

/* root_note, and from it. -ENOENT: the host was captured while nobody looked; -EINVAL: damaged. */
void exits_note(const struct reading *r, const struct exits_found *found);
int exits_read_note(const struct reading *r, struct exits_found *ret);

#endif
