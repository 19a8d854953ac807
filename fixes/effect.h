/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a fix: the figure that raised it, before and a while after. */
#ifndef KVMTOP_FIXES_EFFECT_H
#define KVMTOP_FIXES_EFFECT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/snapshot.h"

struct advisor;
struct rule;
struct text;

/* Zeroed: nothing is watched. */
struct effect {
	uint64_t id; /* of the fix in the journal */
	const struct rule *rule;
	struct key subject;
	double before;
	uint64_t due_ns; /* when it is told */
};

/* After a fix of @rule, with the figure as it was. */
void effect_begin(struct effect *e, uint64_t id, const struct rule *rule, struct key subject,
    double before, uint64_t now_ns);

/*
 * With each snapshot that was judged. True once, when it is time: @out gets "61 % -> 99 %" with a
 * word on whether that is better, and so does the journal in @directory.
 */
bool effect_look(struct effect *e, struct advisor *a, const struct snapshot *s,
    const char *directory, struct text *out);

#endif
