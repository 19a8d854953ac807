/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a guest's memory is spread over nodes, estimated from some of its pages.
 *
 * The memory is cut into as many equal parts as pages are looked at, and of each part one page is
 * drawn, anew for each reading: so a page counts whatever its size, a piece of memory that lies
 * together is hit in proportion, and no pattern in the memory can fall in with the sample.
 *
 * The last 8 readings are taken together, which divides the error by nearly 3. When a reading
 * differs from those before by more than chance explains, the memory has moved: they are dropped,
 * and the newest stands alone. So a migration shows in the very next reading.
 */
#ifndef KVMTOP_COLLECTORS_PAGE_SAMPLE_H
#define KVMTOP_COLLECTORS_PAGE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ram;

#define SAMPLE_READINGS 8U

struct sample_node {
	uint32_t hits;
	double variance; /* of hits / present */
};

struct sample_reading {
	uint32_t asked, present; /* pages; those that are not resident lie on no node */
	struct sample_node *node;
	size_t nodes;
};

/* Zeroed memory is no reading yet. */
struct page_sample {
	struct sample_reading reading[SAMPLE_READINGS];
	size_t n, next;
};

/*
 * Draws up to @n pages and writes their addresses, ascending; how many. @seed is the state of the
 * random numbers; any value will do at first.
 */
size_t page_sample_draw(
    const struct ram *ram, uint64_t page_bytes, uint64_t *seed, void **address, size_t n);

/*
 * Takes in what the kernel answered for pages in the order in which they were drawn: the node, or
 * less than 0.
 */
void page_sample_add(struct page_sample *s, const int *status, size_t n);

/* One more than the highest node on which a page was found. */
size_t page_sample_nodes(const struct page_sample *s);

/* Pages looked at that were resident. */
uint64_t page_sample_present(const struct page_sample *s);

/* Their share of all that were looked at; 0 without a reading. */
double page_sample_resident(const struct page_sample *s);

/* The node's share of the resident pages and its standard error. False: no page was resident. */
bool page_sample_share(
    const struct page_sample *s, size_t node, double *ret_share, double *ret_error);

/* Forgets all readings. */
void page_sample_done(struct page_sample *s);

#endif
