/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where threads of guests may run, and plans that change it. */
#ifndef KVMTOP_ADVISOR_RULES_PINS_H
#define KVMTOP_ADVISOR_RULES_PINS_H

#include "advisor/rule.h"
#include "base/cpulist.h"

/* Columns that whoever pins looks at. */
#define PIN_NEEDS                                                                                 \
	USES(TABLE_VCPU, VCPU_AFFINITY), USES(TABLE_VCPU, VCPU_RUN), USES(TABLE_CPU, CPU_NUMBER), \
	    USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)

/* Rules whose fixes say where a guest runs, or where its memory lies: one at a time, as each goes
 * by what the others would change. Now; and from its next start on. */
#define MOVES_NOW                                                                        \
	"cpu-emulator-unpinned cpu-pin-overlap cpu-pin-partial cpu-smt-siblings-shared " \
	"cpu-topology cpu-vcpu-steal cpu-vcpu-unpinned numa-memory-remote "              \
	"numa-node-imbalance numa-pin-without-memory numa-vcpu-float"
#define MOVES_AT_START                                                                      \
	"cpu-pin-not-persistent guest-numa-mapping guest-numa-missing numa-auto-placement " \
	"numa-mode-interleave numa-pin-without-memory numa-strict-risk"

/* The only CPU that a vCPU may run on; -1: there are several, or nobody knows. */
int only_cpu(const struct row *vcpu);
/* CPUs that vCPUs are pinned to alone: of one guest, or of all (@domain NULL). The caller calls
 * cpuset_done. */
struct cpuset own_cpus(const struct subject *s, const struct row *domain);

/* Nodes of the host that have memory. */
size_t memory_nodes(const struct subject *s);
/* Whether plans can go by libvirt. */
bool is_known_to_libvirt(const struct row *domain);
/* Of a list of CPUs: whether it reaches over more than one node with memory. */
bool spans_nodes(const struct subject *s, const char *cpus);
/* Some vCPU of the guest may run on several nodes; where nobody can tell: @otherwise. */
bool floats_over_nodes(const struct subject *s, const struct row *domain, bool otherwise);
/* A list of CPUs lies within another. */
bool is_within(const char *cpus, const char *others);

/* vCPUs, emulator and I/O threads of a guest to these CPUs; what is bound closer already stays. The
 * same lasts, where libvirt knows the guest. */
void plan_pins(
    const struct subject *s, const struct row *domain, const char *cpus, struct plan *out);
/* An emulator, I/O or vhost thread. */
void plan_pin_thread(const struct row *thread, const char *cpus, struct plan *out);
/* One vCPU, for now and for good. */
void plan_pin_vcpu(const struct row *vcpu, const char *cpus, struct plan *out);

#endif
