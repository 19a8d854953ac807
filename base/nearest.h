/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the known words did the user mean? One that is far from all of them has no answer. */
#ifndef KVMTOP_BASE_NEAREST_H
#define KVMTOP_BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;
	const char *best; /* NULL while nothing is near */
	size_t distance;
};

/* @word is lent; letters match in either case. */
void nearest_init(struct nearest *n, const char *word);

/* @candidate is lent until the answer is read. */
void nearest_offer(struct nearest *n, const char *candidate);

#endif
