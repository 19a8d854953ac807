/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What came of a fix, before and a while after: where it moved a guest's vCPUs or memory, how local
 * that is and how long it waits; else the figure that raised it; where that is over, the cell that
 * the rule marks.
 */
#ifndef KVMTOP_FIXES_EFFECT_H
#define KVMTOP_FIXES_EFFECT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/snapshot.h"

struct advisor;
struct fix;
struct plan;
struct rule;
struct text;

/* Zeroed: nothing is watched. */
struct effect {
	uint64_t id; /* of the fix in the journal */
	const struct rule *rule;
	struct key subject;
	double before;     /* the rule's figure, or NAN */
	char marked[32];   /* the cell that it marks, as it was; "": none */
	uint64_t due_ns;   /* when it is told at the earliest */
	uint64_t read_ns;  /* the latest reading before that says nothing of the fix */
	bool counts_later; /* only from the next start of the guest or the host on */

	bool is_moved; /* vCPUs or memory of one guest are */
	bool moves_pages;
	char lies[512];   /* KiB by node after that, as of the fix; "": it does not say */
	struct key guest; /* which */
	double local;     /* NAN: it was not known */
	double wait;      /* likewise */
	double waited_s;  /* since then, by the time of samples */
	double watched_s;
};

/* Before a fix of @rule by @plan: what holds in @now. */
void effect_note(struct effect *e, const struct rule *rule, struct key subject, double figure,
    const struct plan *plan, const struct snapshot *now);
/* After it, as it is in the journal. */
void effect_begin(struct effect *e, const struct fix *fix, uint64_t now_ns);

/*
 * With each snapshot that was judged. True once, when it is time: @out gets "LOCAL 61 % -> 99 %,
 * WAIT 11 % -> 3.0 %" with a word on whether that is better, and so does the journal in
 * @directory.
 */
bool effect_look(struct effect *e, struct advisor *a, const struct snapshot *s,
    const char *directory, struct text *out);

#endif
