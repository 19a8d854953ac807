/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/page_sample.h"

#include <math.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "collectors/numa_maps.h"
#include "collectors/ram.h"

/* Standard errors by which a reading must differ from those before for them to be dropped. */
#define MOVED_ERRORS 4.0

/* Knuth's constants; the high bits are the random ones. */
static double next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (double)(*seed >> 11) * 0x1p-53;
}

size_t page_sample_draw(
    const struct ram *ram, uint64_t page_bytes, uint64_t *seed, void **address, size_t n)
{
	uint64_t pages = ram->bytes / page_bytes;

	if (n > pages)
		n = (size_t)pages;
	for (size_t i = 0; i < n; i++) {
		double part = (double)pages / (double)n;
		uint64_t page = (uint64_t)(((double)i + next_random(seed)) * part);

		if (page >= pages)
			page = pages - 1;
		address[i] = (void *)(uintptr_t)ram_address(ram, page * page_bytes);
	}
	return n;
}

/*
 * With one page from each part the variance within the parts cannot be told; but neighbouring parts
 * are alike, so half the square of the difference between neighbours stands for it. Where they
 * are not alike this errs on the safe side, and for memory that is spread at random it is the
 * variance of a plain random sample. The share is a quotient (pages present are counted, too),
 * hence the deviation from it: 1-p on the node, -p on another, 0 where no page was.
 */
static double variance_of(const int *status, size_t n, int node, double share, uint32_t present)
{
	double sum = 0, before = 0;

	if (n < 2)
		return 1;
	for (size_t i = 0; i < n; i++) {
		double d = status[i] < 0 ? 0 : (status[i] == node ? 1 : 0) - share;

		if (i > 0)
			sum += (d - before) * (d - before);
		before = d;
	}
	return (double)n * sum / (2 * ((double)n - 1)) / ((double)present * present);
}

static void count(struct sample_reading *r, const int *status, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (status[i] >= (int)r->nodes && status[i] < (int)NODES_MAX)
			r->nodes = (size_t)status[i] + 1;
	r->node = xcalloc(r->nodes, sizeof(*r->node));
	r->asked = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		if (status[i] >= 0 && status[i] < (int)NODES_MAX) {
			r->node[status[i]].hits++;
			r->present++;
		}
	for (size_t i = 0; i < r->nodes; i++)
		if (r->node[i].hits > 0)
			r->node[i].variance = variance_of(status, n, (int)i,
			    (double)r->node[i].hits / (double)r->present, r->present);
}

static void clear(struct sample_reading *r)
{
	free(r->node);
	*r = (struct sample_reading){ 0 };
}

void page_sample_done(struct page_sample *s)
{
	for (size_t i = 0; i < SAMPLE_READINGS; i++)
		clear(&s->reading[i]);
	s->n = s->next = 0;
}

size_t page_sample_nodes(const struct page_sample *s)
{
	size_t nodes = 0;

	for (size_t i = 0; i < SAMPLE_READINGS; i++)
		if (s->reading[i].nodes > nodes)
			nodes = s->reading[i].nodes;
	return nodes;
}

uint64_t page_sample_present(const struct page_sample *s)
{
	uint64_t present = 0;

	for (size_t i = 0; i < SAMPLE_READINGS; i++)
		present += s->reading[i].present;
	return present;
}

double page_sample_resident(const struct page_sample *s)
{
	double asked = 0;

	for (size_t i = 0; i < SAMPLE_READINGS; i++)
		asked += s->reading[i].asked;
	return asked > 0 ? (double)page_sample_present(s) / asked : 0;
}

bool page_sample_share(
    const struct page_sample *s, size_t node, double *ret_share, double *ret_error)
{
	double hits = 0, present = 0, variance = 0, error;

	for (size_t i = 0; i < SAMPLE_READINGS; i++) {
		const struct sample_reading *r = &s->reading[i];

		present += r->present;
		if (node >= r->nodes)
			continue;
		hits += r->node[node].hits;
		variance += r->node[node].variance * r->present * r->present;
	}
	if (present <= 0)
		return false;
	error = sqrt(variance) / present;
	*ret_share = hits / present;
	/* Where all pages agree the next one may still not: no sample knows better than one page.
	 */
	*ret_error = error > 1 / present ? error : 1 / present;
	return true;
}

/* Standard error of a share of @n pages, as if drawn at random; never 0. */
static double plain_error(double share, double n)
{
	double error = sqrt(share * (1 - share) / n);

	return error > 1 / n ? error : 1 / n;
}

/* Memory that was just touched, or given back. */
static bool has_grown(const struct page_sample *before, const struct page_sample *now)
{
	double was = page_sample_resident(before), is = page_sample_resident(now);
	double n = now->reading[0].asked;
	double was_error = plain_error(was, n * (double)before->n), is_error = plain_error(is, n);

	return fabs(is - was) > MOVED_ERRORS * sqrt(was_error * was_error + is_error * is_error);
}

static bool has_moved(const struct page_sample *before, const struct page_sample *now)
{
	size_t nodes = page_sample_nodes(before), more = page_sample_nodes(now);

	if (has_grown(before, now))
		return true;
	for (size_t i = 0; i < nodes || i < more; i++) {
		double was, was_error, is, is_error;

		/* Too little is resident to tell. */
		if (!page_sample_share(before, i, &was, &was_error) ||
		    !page_sample_share(now, i, &is, &is_error))
			return false;
		if (fabs(is - was) >
		    MOVED_ERRORS * sqrt(was_error * was_error + is_error * is_error))
			return true;
	}
	return false;
}

void page_sample_add(struct page_sample *s, const int *status, size_t n)
{
	struct page_sample now = { .n = 1 };

	count(&now.reading[0], status, n);
	if (s->n > 0 && n > 0 && has_moved(s, &now))
		page_sample_done(s);
	clear(&s->reading[s->next]);
	s->reading[s->next] = now.reading[0];
	s->next = (s->next + 1) % SAMPLE_READINGS;
	if (s->n < SAMPLE_READINGS)
		s->n++;
}
