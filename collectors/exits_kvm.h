/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exits that KVM itself counts of each guest, from reading to reading. */
#ifndef KVMTOP_COLLECTORS_EXITS_KVM_H
#define KVMTOP_COLLECTORS_EXITS_KVM_H

#include <stddef.h>

struct exit_tally;
struct snapshot;

/* Zeroed memory knows none. */
struct exits_kvm {
	struct exits_known *known; /* ascending by pid */
	size_t n;
};

void exits_kvm_clear(struct exits_kvm *k);

/* Scales what was sampled to what KVM has counted since the snapshot before. */
void exits_kvm_scale(struct exits_kvm *k, const struct snapshot *s, struct exit_tally *tally);

#endif
