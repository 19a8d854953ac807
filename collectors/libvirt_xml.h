/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the XML of a guest says. The text comes from libvirt, and in parts from whoever defined
 * the guest: nothing outside of it is read, document types and so entities are refused.
 * What the XML does not say, or says in a way that makes no sense, is 0, NULL or an empty set.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_XML_H
#define KVMTOP_COLLECTORS_LIBVIRT_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpulist.h"
#include "collectors/libvirt_cpu.h"
#include "collectors/libvirt_disks.h"
#include "collectors/libvirt_memory.h"
#include "collectors/libvirt_nics.h"

/* libvirt itself sends no more than this. */
#define LIBVIRT_XML_MAX ((size_t)4 << 20)

struct libvirt_pin {
	unsigned number; /* of the vCPU or iothread */
	struct cpuset cpus;
};

struct libvirt_pins {
	struct libvirt_pin *pin; /* by number, each once */
	size_t n, cap;
};

/* Memory policy of one of the guest's own nodes. */
struct libvirt_cell_policy {
	unsigned cell;
	char *mode;
	struct cpuset nodes;
};

/* CPU time allowed per period; a quota below 0 is none. Of each vCPU, of the emulator, … */
struct libvirt_limit {
	uint64_t period_us; /* 0: not told */
	int64_t quota_us;
};

struct libvirt_domain_xml {
	char *title;
	uint64_t memory_bytes, current_memory_bytes;

	unsigned vcpus, vcpus_maximum;
	struct cpuset cpus; /* of vCPUs, and the emulator, without a pin of their own */
	struct libvirt_pins vcpu_pins, iothread_pins;
	struct cpuset emulator_cpus;
	unsigned iothreads;
	uint64_t cpu_shares;
	struct libvirt_limit limit, global_limit, emulator_limit, iothread_limit;

	char *numa_mode;     /* strict, preferred, interleave, restrictive */
	bool numa_automatic; /* libvirt asked numad for the nodes */
	struct cpuset numa_nodes;
	struct libvirt_cell_policy *cell_policy;
	size_t n_cell_policies, cap_cell_policies;

	bool huge_pages;          /* wants a huge page pool … */
	uint64_t huge_page_bytes; /* … of this page size; 0: the host's default */
	bool no_ksm;              /* nosharepages */
	bool locked;
	char *memory_source; /* anonymous, file, memfd */
	struct guest_memory memory;

	char *apic_eoi; /* of its interrupt controller: on, off */
	char *x2apic;   /* policy of that feature of its CPUs: require, disable, … */

	char *balloon_model;       /* virtio, none, … */
	unsigned balloon_period_s; /* how often the guest tells its figures; 0: never */

	struct guest_cpu cpu;

	struct disk_configs disks;

	struct libvirt_nics nics;
};

/* Prepares the parser; to be called once before threads parse. */
void libvirt_xml_init(void);

/* -EINVAL: not the XML of a guest; -EFBIG: longer than LIBVIRT_XML_MAX. */
int libvirt_domain_xml_parse(const char *text, size_t len, struct libvirt_domain_xml *ret);
void libvirt_domain_xml_done(struct libvirt_domain_xml *x);

/* The CPUs that a vCPU, or the emulator, is pinned to; NULL when it is not. Lent. */
const struct cpuset *libvirt_vcpu_cpus(const struct libvirt_domain_xml *x, unsigned vcpu);
const struct cpuset *libvirt_emulator_cpus(const struct libvirt_domain_xml *x);

/* "strict 0-1"; with "cell 0: strict 2" for each of the guest's own nodes that has its own. NULL
 * when the XML says nothing. */
char *libvirt_numa_policy_dup(const struct libvirt_domain_xml *x);

#endif
