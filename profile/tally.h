/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples, added up by where they were taken: which thread, in which mode, at which address. */
#ifndef KVMTOP_PROFILE_TALLY_H
#define KVMTOP_PROFILE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many different places are told apart; further ones are only counted. */
#define TALLY_SPOTS_MAX ((size_t)1 << 20)

enum cpu_mode {
	CPU_GUEST_KERNEL,
	CPU_GUEST_USER,
	CPU_HOST_KERNEL,
	CPU_HOST_USER,
	CPU_OTHER, /* a hypervisor below the host, or not told */
	CPU_MODES
};

struct spot {
	uint64_t ip;
	uint32_t tid;
	uint8_t mode;     /* enum cpu_mode */
	uint64_t samples; /* 0: an empty place in the table */
	uint64_t weight;  /* sum of the periods: cycles, or ns */
};

/* Zero-initialise it. */
struct tally {
	struct spot *spot; /* a hash table */
	size_t size, used;
	uint64_t samples, weight;
	uint64_t mode_samples[CPU_MODES], mode_weight[CPU_MODES];
	uint64_t crowded; /* samples for whose places there was no room */
};

void tally_add(struct tally *t, enum cpu_mode mode, uint32_t tid, uint64_t ip, uint64_t weight);
void tally_done(struct tally *t);

/* "guest kernel"; and as a letter in reports: g, u, k, '.' */
const char *cpu_mode_name(enum cpu_mode mode);
char cpu_mode_letter(enum cpu_mode mode);

#endif
