/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of CPUs or of nodes, in the notations of the kernel and of libvirt.
 * Zeroed memory is an empty set. A set owns its words until cpuset_done.
 */
#ifndef KVMTOP_BASE_CPULIST_H
#define KVMTOP_BASE_CPULIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Members are 0 to CPUSET_MAX-1, so a set takes 8 KiB at most, whatever the text says. */
#define CPUSET_MAX 65536U

struct cpuset {
	uint64_t *word; /* member N is bit N%64 of word N/64 */
	size_t n_words;
};

void cpuset_done(struct cpuset *s);

/*
 * Both replace @ret's old members, and leave it alone when they fail: -EINVAL no such notation,
 * -ERANGE a member is too large. One "\n" may end the text. Empty text is the empty set.
 *
 * Lists: "0-10,^5", "1-3,5,7-12", the kernel's strides "0-63:2/4" (of each 4 the first 2), blanks
 * around items. Items count from left to right: "^5" takes away what stands before it.
 * Masks: hexadecimal, groups of 32 bits, the highest first: "ff", "ffffffff,000000ff".
 */
int cpuset_parse_list(struct cpuset *ret, const char *text);
int cpuset_parse_mask(struct cpuset *ret, const char *text);

/*
 * "0-3,8". As snprintf: the length that the whole list has, without the NUL. What does not fit
 * is left out from the first item on that does not fit as a whole.
 */
size_t cpuset_format(const struct cpuset *s, char *buf, size_t size);
char *cpuset_format_dup(const struct cpuset *s);

/* -ERANGE: @cpu is CPUSET_MAX or more. The other calls take any number. */
int cpuset_set(struct cpuset *s, unsigned int cpu);
void cpuset_clear(struct cpuset *s, unsigned int cpu);
bool cpuset_test(const struct cpuset *s, unsigned int cpu);

unsigned int cpuset_count(const struct cpuset *s);
bool cpuset_empty(const struct cpuset *s);
bool cpuset_equal(const struct cpuset *a, const struct cpuset *b);

/* Every member of @a is in @b; they have a member in common. */
bool cpuset_subset(const struct cpuset *a, const struct cpuset *b);
bool cpuset_intersects(const struct cpuset *a, const struct cpuset *b);

/* @s becomes: @from; what is in either; in both; in @s only. */
void cpuset_copy(struct cpuset *s, const struct cpuset *from);
void cpuset_add(struct cpuset *s, const struct cpuset *other);
void cpuset_keep(struct cpuset *s, const struct cpuset *other);
void cpuset_remove(struct cpuset *s, const struct cpuset *other);

/*
 * The first member that is @from or more, -1 when there is none:
 * for (int cpu = cpuset_next(s, 0); cpu >= 0; cpu = cpuset_next(s, (unsigned int)cpu + 1))
 */
int cpuset_next(const struct cpuset *s, unsigned int from);

#endif
