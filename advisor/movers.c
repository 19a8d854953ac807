/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who leaves a full node, for where: after all guests have a place, and within what that leaves. */
#include <stdlib.h>
#include <string.h>

#include "advisor/placement.h"
#include "base/xalloc.h"

/* The one with most memory there who is sent elsewhere anyway. */
static struct mover find_leaver(const struct placement *p, int from)
{
	struct mover best = { NULL, -1 };

	for (size_t i = 0; i < p->stays; i++) {
		const struct stay *stay = &p->stay[i];

		if (stay->home == from && stay->target >= 0 && stay->target != from &&
		    (!best.stay || stay->held_bytes[from] > best.stay->held_bytes[from]))
			best = (struct mover){ stay, stay->target };
	}
	return best;
}

/* The one whose move evens the two nodes out best: with much here, and no more than half of what
 * the other has free beyond this one. */
static const struct stay *find_fitting(
    const struct placement *p, const struct subject *s, int from, int to)
{
	double most = (p->place[to].free_bytes - p->place[from].free_bytes) / 2;
	const struct stay *best = NULL;

	for (size_t i = 0; i < p->stays; i++) {
		const struct stay *stay = &p->stay[i];

		if (stay->target == from && stay->home == from && stay->nodes_needed == 1 &&
		    stay->held_bytes[from] <= most &&
		    (!best || stay->held_bytes[from] > best->held_bytes[from]) &&
		    placement_has_room(p, s, stay, to))
			best = stay;
	}
	return best;
}

static double free_share(const struct place *place)
{
	return place->free_bytes / place->total_bytes;
}

/* Nodes that nobody is sent to, then the emptiest. */
static bool is_better_target(const struct place *a, const struct place *b)
{
	return a->is_target != b->is_target ? b->is_target : free_share(a) > free_share(b);
}

static struct mover find_mover(const struct placement *p, const struct subject *s, int from)
{
	struct mover best = { NULL, -1 };

	for (int to = 0; to < (int)p->places; to++) {
		const struct stay *stay;

		if (to == from ||
		    (best.stay && !is_better_target(&p->place[to], &p->place[best.to])))
			continue;
		stay = find_fitting(p, s, from, to);
		if (stay)
			best = (struct mover){ stay, to };
	}
	return best;
}

static void book(struct placement *p, const struct mover *m)
{
	struct stay sent;

	if (!m->stay)
		return;
	sent = *m->stay;
	placement_send(p, &sent, m->to);
}

/* By what proposals leave free: the fuller one first. */
static int next_full(const struct placement *p, const bool *done)
{
	int next = -1;

	for (int i = 0; i < (int)p->places; i++)
		if (!done[i] &&
		    (next < 0 || free_share(&p->place[i]) < free_share(&p->place[next])))
			next = i;
	return next;
}

/* In places of their own: what they take is nobody's but theirs, as most of them never go. */
static void find_movers(struct placement *p, const struct subject *s)
{
	struct placement after = *p;
	bool *done = xcalloc(p->places + 1, sizeof(*done));

	p->mover = xcalloc(p->places + 1, sizeof(*p->mover));
	after.place = xcalloc(p->places + 1, sizeof(*after.place));
	memcpy(after.place, p->place, p->places * sizeof(*after.place));
	for (int from; (from = next_full(p, done)) >= 0;) {
		struct mover m = find_leaver(p, from);

		done[from] = true;
		/* Who is sent elsewhere anyway is counted there already. */
		if (!m.stay) {
			m = find_mover(&after, s, from);
			book(&after, &m);
		}
		p->mover[from] = m;
	}
	free(after.place);
	free(done);
}

struct mover placement_mover(const struct subject *s, int place)
{
	struct placement *p = placement_proposed(s);

	if (!p->mover)
		find_movers(p, s);
	return p->mover[place];
}
