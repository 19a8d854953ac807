/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host made by hand for tests of screens: nodes, CPUs, guests, and what may be wrong with them.
 */
#ifndef KVMTOP_TESTS_A_HOST_H
#define KVMTOP_TESTS_A_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/snapshot.h"

#define GIB (1024.0 * 1024 * 1024)
#define CPUS_PER_NODE 4

struct a_guest {
	const char *name;
	uint64_t pid;
	double cpu; /* of each of its two vCPUs */
	double wait;
	bool stopped;
	bool huge; /* wants huge pages */
};

struct a_host {
	uint64_t second; /* of the sample; figures grow with it */
	int nodes;
	struct a_guest guest[12];
	const char *libvirt; /* state of that source; NULL: ok */
	const char *libvirt_note;
	bool no_exits;    /* KVM tells nothing */
	bool sampled;     /* where memory lies; 3 s ago */
	bool swapped;     /* half of the swap is in use */
	double node_free; /* GiB of node 0; 0: the first of a row */
};

static inline struct row *a_source(
    struct snapshot *s, enum source_id src, const char *name, const char *state, const char *note)
{
	struct row *row = snapshot_row(s, TABLE_SOURCE, key_host(src));
	uint64_t at = s->moment.mono_ns;

	cell_set_text(s, row, SOURCE_NAME, name, at);
	cell_set_text(s, row, SOURCE_STATE, state, at);
	cell_set_text(s, row, SOURCE_NOTE, note, at);
	cell_set_number(row, SOURCE_AGE, 0.2, at);
	cell_set_count(row, SOURCE_COST, at / 1000, at);
	return row;
}

static inline void add_host_row(struct snapshot *s, const struct a_host *h)
{
	int nodes = h->nodes;
	struct row *row = snapshot_row(s, TABLE_HOST, key_host(0));
	uint64_t at = s->moment.mono_ns;

	cell_set_text(s, row, HOST_NAME, "numa4", at);
	cell_set_number(row, HOST_CPUS, nodes * CPUS_PER_NODE, at);
	cell_set_number(row, HOST_UPTIME, 12 * 86400, at);
	cell_set_number(row, HOST_MEMORY_TOTAL, 24 * GIB, at);
	cell_set_number(row, HOST_MEMORY_AVAILABLE, 7 * GIB, at);
	cell_set_number(row, HOST_HUGETLB, 6 * GIB, at);
	cell_set_number(row, HOST_SWAP_TOTAL, GIB, at);
	cell_set_number(row, HOST_SWAP_FREE, h->swapped ? GIB / 2 : GIB, at);
	cell_set_number(row, HOST_KSM_RUN, 1, at);
	cell_set_number(row, HOST_KSM_PAGES_SHARING, 1.2 * GIB, at);
	cell_set_text(s, row, HOST_THP_ENABLED, "madvise", at);
	cell_set_count(row, HOST_PSI_CPU, at / 30, at);
	cell_set_count(row, HOST_PSI_MEMORY, 0, at);
	cell_set_count(row, HOST_PSI_IO, at / 250, at);
}

static inline void add_nodes(struct snapshot *s, const struct a_host *h)
{
	int nodes = h->nodes;
	uint64_t at = s->moment.mono_ns;
	char text[32];

	for (int n = 0; n < nodes; n++) {
		struct row *row = snapshot_row(s, TABLE_NODE, key_host((uint64_t)n));

		cell_set_number(row, NODE_NUMBER, n, at);
		cell_set_number(row, NODE_CPU_COUNT, CPUS_PER_NODE, at);
		snprintf(text, sizeof(text), "%d-%d", n * CPUS_PER_NODE,
		    n * CPUS_PER_NODE + CPUS_PER_NODE - 1);
		cell_set_text(s, row, NODE_CPUS, text, at);
		cell_set_number(row, NODE_TOTAL, 6 * GIB, at);
		cell_set_number(
		    row, NODE_FREE, (n == 0 && h->node_free > 0 ? h->node_free : n + 1) * GIB, at);
		for (int c = 0; c < CPUS_PER_NODE; c++) {
			int number = n * CPUS_PER_NODE + c;
			struct row *cpu = snapshot_row(s, TABLE_CPU, key_host((uint64_t)number));

			cell_set_number(cpu, CPU_NUMBER, number, at);
			cell_set_number(cpu, CPU_NODE, n, at);
			cell_set_count(cpu, CPU_GUEST, at / 100 * (uint64_t)(n % 4 * 20 + 10), at);
			cell_set_count(cpu, CPU_SYSTEM, at / 20, at);
			cell_set_count(cpu, CPU_IDLE, at / 100 * (uint64_t)(85 - n % 4 * 20), at);
		}
		row = snapshot_row(s, TABLE_HUGEPOOL, key_host((uint64_t)n << 40 | 2048 * 1024));
		cell_set_number(row, HUGEPOOL_NODE, n, at);
		cell_set_number(row, HUGEPOOL_PAGE_SIZE, 2048 * 1024, at);
		cell_set_number(row, HUGEPOOL_TOTAL, n == 0 ? 512 : 0, at);
		cell_set_number(row, HUGEPOOL_FREE, n == 0 ? 100 : 0, at);
	}
}

static inline void add_vcpus(
    struct snapshot *s, const struct a_host *h, const struct a_guest *g, struct key key, int number)
{
	uint64_t at = s->moment.mono_ns;

	for (int i = 0; i < 2; i++) {
		struct row *row = snapshot_row(s, TABLE_VCPU, key_of(key, (uint64_t)i + 100));
		int node = (number + i * (number % 2)) % h->nodes;

		cell_set_text(s, row, VCPU_DOMAIN, g->name, at);
		cell_set_number(row, VCPU_NUMBER, i, at);
		cell_set_number(row, VCPU_TID, (double)g->pid + i + 1, at);
		cell_set_number(row, VCPU_CPU, node * CPUS_PER_NODE, at);
		cell_set_text(s, row, VCPU_AFFINITY, "0-7", at);
		cell_set_count(row, VCPU_RUN, (uint64_t)(g->cpu * (double)at), at);
		cell_set_count(row, VCPU_WAIT, (uint64_t)(g->wait * (double)at), at);
		if (!h->no_exits)
			cell_set_count(row, VCPU_EXITS, at / 25000, at);
	}
}

static inline void add_guest(struct snapshot *s, const struct a_host *h, int number)
{
	const struct a_guest *g = &h->guest[number];
	struct key key = key_process(g->pid, 1);
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key);
	uint64_t at = s->moment.mono_ns;

	cell_set_text(s, row, DOMAIN_NAME, g->name, at);
	cell_set_number(row, DOMAIN_PID, (double)g->pid, at);
	cell_set_number(row, DOMAIN_MEMORY, 2 * GIB, at);
	cell_set_number(row, DOMAIN_RSS, GIB, at);
	if (g->huge)
		cell_set_number(row, DOMAIN_HUGE_SIZE, 2048 * 1024, at);
	if (g->stopped)
		cell_set_number(row, DOMAIN_STOPPED, 14, at);
	add_vcpus(s, h, g, key, number);
	row = snapshot_row(s, TABLE_THREAD, key_of(key, 50));
	cell_set_text(s, row, THREAD_DOMAIN, g->name, at);
	cell_set_text(s, row, THREAD_ROLE, "emulator", at);
	cell_set_number(row, THREAD_TID, (double)g->pid, at);
	cell_set_count(row, THREAD_RUN, at / 500, at);
	for (int i = 0; i < 2; i++) {
		int node = (number + i) % h->nodes;

		row = snapshot_row(s, TABLE_PLACEMENT, key_of(key, (uint64_t)node + 1));
		cell_set_text(s, row, PLACEMENT_DOMAIN, g->name, at);
		cell_set_number(row, PLACEMENT_NODE, node, at);
		cell_set_number(row, PLACEMENT_MEMORY, (i ? 0.25 : 0.75) * GIB,
		    h->sampled ? at - 3 * NS_PER_SEC : at);
		cell_set_text(s, row, PLACEMENT_METHOD, h->sampled ? "sampled" : "exact",
		    h->sampled ? at - 3 * NS_PER_SEC : at);
		if (h->sampled)
			cell_set_number(row, PLACEMENT_ERROR, 0.012, at);
	}
}

/* Without what is computed. */
static inline struct snapshot *a_reading(const struct a_host *h, uint64_t second)
{
	struct snapshot *s = snapshot_new((struct moment){
	    .mono_ns = second * NS_PER_SEC, .wall_ns = (int64_t)(second * NS_PER_SEC) });

	add_host_row(s, h);
	add_nodes(s, h);
	for (int i = 0; i < 12 && h->guest[i].name; i++)
		add_guest(s, h, i);
	a_source(s, SRC_SOURCES, "kvmtop", "ok", "");
	a_source(s, SRC_LIBVIRT, "libvirt", h->libvirt ? h->libvirt : "ok",
	    h->libvirt_note ? h->libvirt_note : "");
	a_source(s, SRC_KVM, "kvm", h->no_exits ? "absent" : "ok",
	    "CAP_SYS_PTRACE would give the statistics descriptors of other users' guests.");
	snapshot_link(s);
	return s;
}

/* The sample at h->second, with rates. */
static inline struct snapshot *a_sample(const struct a_host *h)
{
	struct snapshot *before = a_reading(h, h->second - 1), *s = a_reading(h, h->second);

	snapshot_rate(before, NULL);
	snapshot_rate(s, before);
	snapshot_derive(s);
	s->number = h->second;
	snapshot_unref(before);
	return s;
}

#endif
