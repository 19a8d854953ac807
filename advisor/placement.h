/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each guest should live, thought out for the whole host at once: what one proposal takes of
 * a node is gone for the next one, whichever rule makes it. The same snapshot always gives the same
 * proposals.
 */
#ifndef KVMTOP_ADVISOR_PLACEMENT_H
#define KVMTOP_ADVISOR_PLACEMENT_H

#include "advisor/rule.h"
#include "base/cpulist.h"

/* A node with memory, as the proposals leave it. */
struct place {
	int node;
	const char *cpus;      /* lent by the snapshot */
	struct cpuset cpu_set; /* the same, lent by the judge */
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
	bool has_seat;   /* with who lives at its target already, and who was sent there before it,
			    there are CPUs for it */
	bool *reach;     /* of each place, whether a vCPU may run there; NULL: nobody knows, or
			    nobody asked */
};

/* Who leaves a full node first, and for which place. */
struct mover {
	const struct stay *stay; /* NULL: nobody, or nowhere is room */
	int to;
};

struct placement {
	struct place *place;
	size_t places;
	struct stay *stay; /* by the guest's number */
	size_t stays;
	bool lends_cpus;     /* its places share their sets of CPUs with the judge's */
	double crowding;     /* so many vCPUs each CPU of a node may get */
	struct mover *mover; /* of each place; NULL: nobody asked yet */
};

/* Without proposals: only how @domain lies, at the cost of its own rows. */
void placement_look(struct placement *p, const struct subject *s, const struct row *domain);
/* Of all guests, with proposals: the same for all rules that judge a snapshot, and lent by it. */
struct placement *placement_proposed(const struct subject *s);
void placement_done(struct placement *p);

/* Who should leave a place so that it has memory free again: somebody who is sent elsewhere anyway,
 * or whose move evens the two nodes out. Fuller nodes choose first, and two of them send nobody to
 * the same node as long as others have room. */
struct mover placement_mover(const struct subject *s, int place);

const struct stay *placement_of(const struct placement *p, const struct row *domain);
/* The number of the place that is this node; -1: none is. */
int place_of_node(const struct placement *p, double node);

/* Finds out where its vCPUs may run. False: that of one of them is not known. */
bool placement_reach(const struct placement *p, const struct subject *s, struct stay *stay);

/* Whether a guest fits a place by its memory and its vCPUs, with whom proposals sent there already;
 * sends it there, too. */
bool placement_has_room(
    const struct placement *p, const struct subject *s, const struct stay *stay, int place);
void placement_send(struct placement *p, struct stay *stay, int place);

/* Whether a place was chosen for one of its own nodes. */
bool is_spread_to(const struct stay *stay, size_t place);

/* Share of the memory on the @n places that hold most of it. */
double stay_share(const struct placement *p, const struct stay *stay, unsigned n);
/* What would have to be copied for it to live there. */
double stay_remote_bytes(const struct stay *stay, int place);
#endif
