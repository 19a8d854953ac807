/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the advisor remembers, for its own two files: settings and judging. */
#ifndef KVMTOP_ADVISOR_INNER_H
#define KVMTOP_ADVISOR_INNER_H

#include <pthread.h>

#include "advisor/advisor.h"
#include "advisor/limits.h"

/* How a rule and one subject stand. */
struct track {
	uint64_t bad_ns, good_ns; /* since when; 0: it is not */
	uint64_t raised_ns;       /* 0: it is not raised */
	bool is_raised, is_bad, is_good;
	enum level level;
	double figure;
};

/* What is known of one rule. */
struct standing {
	const struct rule *rule;
	struct limits limits;
	struct track *track; /* one for each row of the subject's table in the sample before */
	struct memo *memo;   /* likewise; NULL where the rule remembers nothing */
	size_t missing;      /* subjects that could not be judged in this sample */
	const struct row *missing_row; /* one of them */
	char why[480];                 /* a note of a source has room in it */
};

struct mute {
	const struct rule *rule; /* NULL: all */
	struct key subject;
	uint64_t until_ns;
};

struct advisor {
	struct standing *standing;
	size_t n;
	const struct snapshot *before; /* the sample judged before; tracks go by its rows */
	bool hurry;
	uint64_t times; /* samples judged */

	pthread_mutex_t lock; /* guards limits and mutes */
	struct mute *mute;
	size_t mutes, mutes_cap;
};

/* Whether what @rule has to say about @subject is not to be heard now. */
bool advisor_mutes(struct advisor *a, const struct rule *rule, struct key subject, uint64_t now_ns);

/* Of the subject's row or the host's: where a column is looked for that it cannot be judged
 * without. NULL: nobody looks. */
const struct row *needed_row(const struct subject *s, const struct rule *rule, int table);

#endif
