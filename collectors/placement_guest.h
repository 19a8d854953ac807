/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where one guest's memory lies, by each way there is to tell. The guest owns what it remembers.
 */
#ifndef KVMTOP_COLLECTORS_PLACEMENT_GUEST_H
#define KVMTOP_COLLECTORS_PLACEMENT_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/page_sample.h"
#include "collectors/ram.h"
#include "model/snapshot.h"

struct cgroup_mounts;
struct root;

/* What the readings below may look at. */
struct placement_host {
	const struct root *root;
	const struct cgroup_mounts *mounts;
	const struct snapshot *latest; /* names the guests */
};

enum placement_method {
	PLACED_NOT,
	PLACED_EXACT,   /* numa_maps */
	PLACED_SAMPLED, /* move_pages */
	PLACED_CGROUP,  /* memory.numa_stat */
};

struct placement_node {
	double memory_bytes, huge_bytes; /* huge_bytes < 0: not known */
	double error;                    /* of the share */
};

/* Zeroed memory, but for the key, is a guest of which nothing is known. */
struct placement_guest {
	struct key key;
	/* The last reading. */
	enum placement_method method;
	bool tried;                  /* whatever came of it */
	uint64_t at_ns, took_ns;     /* took: 0 where it was captured */
	struct placement_node *node; /* by number */
	size_t nodes;
	int error; /* why there is none */
	/* What the guest is made of, from the latest sample and proc/PID/stat. */
	uint64_t memory_bytes, rss_bytes, huge_bytes, vsize_bytes;
	/* For the next reading. */
	struct ram ram, rest;                       /* the guest's memory, and the program's own */
	uint64_t ram_vsize_bytes, ram_memory_bytes; /* when they were looked for */
	struct page_sample sample, rest_sample;
	uint64_t seed;
	double walk_factor; /* a walk took so many times what was predicted; 0: never walked */
	bool has_thp;       /* it is known how much lies in transparent huge pages */
	uint64_t thp_bytes, thp_at_ns; /* at: when that was looked for; 0: never */
};

void placement_guest_done(void *guest);

/* Takes over what is known of the guest. -ESRCH: its process has ended, or is another one's now. */
int placement_guest_look(
    struct placement_guest *g, const struct root *root, const struct row *domain);

/* Once a minute: how much of a guest that is not small lies in transparent huge pages. */
void placement_look_for_thp(
    struct placement_guest *g, const struct placement_host *host, uint64_t now_ns);

/* How long a walk through all its pages is going to take. */
uint64_t placement_predict_ns(const struct placement_guest *g);

/* Each fills the reading: 0 or -errno; a failed one leaves the old reading alone. */
int placement_read_exact(struct placement_guest *g, const struct placement_host *host);
int placement_read_sampled(
    struct placement_guest *g, const struct placement_host *host, size_t pages);
int placement_read_cgroup(struct placement_guest *g, const struct placement_host *host);

/* On a captured host: what a sampled reading came to. */
int placement_read_captured(struct placement_guest *g, const struct placement_host *host);

#endif
