/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each guest should live, thought out for the whole host at once: what one proposal takes of
 * a node is gone for the next one. The same snapshot always gives the same proposals.
 */
#ifndef KVMTOP_ADVISOR_PLACEMENT_H
#define KVMTOP_ADVISOR_PLACEMENT_H

#include "advisor/rule.h"

/* A node with memory, as the proposals leave it. */
struct place {
	int node;
	const char *cpus; /* lent by the snapshot */
	double cpu_count, vcpus;
	double total_bytes, free_bytes, huge_taken_bytes;
	bool is_home;   /* a guest lives here, or will once it has been put right */
	bool is_target; /* a proposal sends a guest here */
};

/* How a guest lies over the nodes. Where its memory is not known, all is zero and it has no home.
 */
struct stay {
	const struct row *domain;
	double *held_bytes, *huge_bytes, *run; /* a figure for each place */
	double total_bytes, total_huge_bytes, total_run, vcpus;
	int home;   /* number of a place, -1: none */
	int target; /* where it should live: its home or another place, -1: nowhere is room */
	unsigned nodes_needed;
	unsigned cells;  /* nodes of its own: as many as it has, or as it should see */
	bool *spread;    /* the places for these, one each; NULL: none, or nowhere is room */
	bool is_settled; /* it may stay as it is */
	bool *reach;     /* of each place, whether a vCPU may run there; NULL: nobody knows, or
			    nobody asked */
};

struct placement {
	struct place *place;
	size_t places;
	struct stay *stay; /* by the guest's number */
	size_t stays;
};

/* Without proposals: only how @domain lies, at the cost of its own rows. */
void placement_look(struct placement *p, const struct subject *s, const struct row *domain);
/* Of all guests, with proposals. */
void placement_propose(struct placement *p, const struct subject *s);
void placement_done(struct placement *p);

const struct stay *placement_of(const struct placement *p, const struct row *domain);

/* Finds out where its vCPUs may run. False: that of one of them is not known. */
bool placement_reach(const struct placement *p, const struct subject *s, struct stay *stay);

/* Whether a place was chosen for one of its own nodes. */
bool is_spread_to(const struct stay *stay, size_t place);

/* Share of the memory on the @n places that hold most of it. */
double stay_share(const struct placement *p, const struct stay *stay, unsigned n);
/* What would have to be copied for it to live there. */
double stay_remote_bytes(const struct stay *stay, int place);
/* Whether its memory fits there, by what is free now and what proposals have taken. */
bool placement_fits(
    const struct placement *p, const struct subject *s, const struct stay *stay, int place);

#endif
