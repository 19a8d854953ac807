/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cpulist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/xalloc.h"

#define WORD_BITS 64U

/* The kernel writes masks in groups of this many bits. */
#define GROUP_BITS 32U

void cpuset_done(struct cpuset *s)
{
	free(s->word);
	*s = (struct cpuset){ 0 };
}

static void grow(struct cpuset *s, size_t n_words)
{
	if (n_words <= s->n_words)
		return;
	s->word = xrealloc(s->word, n_words, sizeof(*s->word));
	memset(s->word + s->n_words, 0, (n_words - s->n_words) * sizeof(*s->word));
	s->n_words = n_words;
}

static uint64_t word_at(const struct cpuset *s, size_t index)
{
	return index < s->n_words ? s->word[index] : 0;
}

int cpuset_set(struct cpuset *s, unsigned int cpu)
{
	if (cpu >= CPUSET_MAX)
		return -ERANGE;
	grow(s, cpu / WORD_BITS + 1);
	s->word[cpu / WORD_BITS] |= 1ULL << cpu % WORD_BITS;
	return 0;
}

void cpuset_clear(struct cpuset *s, unsigned int cpu)
{
	if (cpuset_test(s, cpu))
		s->word[cpu / WORD_BITS] &= ~(1ULL << cpu % WORD_BITS);
}

bool cpuset_test(const struct cpuset *s, unsigned int cpu)
{
	return word_at(s, cpu / WORD_BITS) >> cpu % WORD_BITS & 1;
}

unsigned int cpuset_count(const struct cpuset *s)
{
	unsigned int n = 0;

	for (size_t i = 0; i < s->n_words; i++)
		n += (unsigned int)__builtin_popcountll(s->word[i]);
	return n;
}

bool cpuset_empty(const struct cpuset *s)
{
	return cpuset_next(s, 0) < 0;
}

bool cpuset_equal(const struct cpuset *a, const struct cpuset *b)
{
	return cpuset_subset(a, b) && cpuset_subset(b, a);
}

bool cpuset_subset(const struct cpuset *a, const struct cpuset *b)
{
	for (size_t i = 0; i < a->n_words; i++) {
		if (a->word[i] & ~word_at(b, i))
			return false;
	}
	return true;
}

bool cpuset_intersects(const struct cpuset *a, const struct cpuset *b)
{
	for (size_t i = 0; i < a->n_words; i++) {
		if (a->word[i] & word_at(b, i))
			return true;
	}
	return false;
}

void cpuset_copy(struct cpuset *s, const struct cpuset *from)
{
	grow(s, from->n_words);
	for (size_t i = 0; i < s->n_words; i++)
		s->word[i] = word_at(from, i);
}

void cpuset_add(struct cpuset *s, const struct cpuset *other)
{
	grow(s, other->n_words);
	for (size_t i = 0; i < s->n_words; i++)
		s->word[i] |= word_at(other, i);
}

void cpuset_keep(struct cpuset *s, const struct cpuset *other)
{
	for (size_t i = 0; i < s->n_words; i++)
		s->word[i] &= word_at(other, i);
}

void cpuset_remove(struct cpuset *s, const struct cpuset *other)
{
	for (size_t i = 0; i < s->n_words; i++)
		s->word[i] &= ~word_at(other, i);
}

int cpuset_next(const struct cpuset *s, unsigned int from)
{
	size_t i = from / WORD_BITS;
	uint64_t word = word_at(s, i) & (UINT64_MAX << from % WORD_BITS);

	while (word == 0) {
		if (++i >= s->n_words)
			return -1;
		word = s->word[i];
	}
	return (int)(i * WORD_BITS) + __builtin_ctzll(word);
}

/* One item of a list: the first @used of each @group members, from @first to @last. */
struct item {
	bool is_excluded;
	unsigned int first, last, used, group;
};

static int take_member(struct slice s, unsigned int *ret)
{
	uint64_t value;
	int r = slice_u64(s, &value);

	if (r < 0)
		return r;
	if (value >= CPUSET_MAX)
		return -ERANGE;
	*ret = (unsigned int)value;
	return 0;
}

/* "2/4" behind "0-63:" */
static int take_stride(struct slice s, struct item *item)
{
	struct slice used, group;
	int r;

	if (!slice_cut(s, '/', &used, &group))
		return -EINVAL;
	r = take_member(used, &item->used);
	if (r == 0)
		r = take_member(group, &item->group);
	if (r == 0 && (item->used == 0 || item->used > item->group))
		r = -EINVAL;
	return r;
}

static int take_item(struct slice s, struct item *ret)
{
	struct item item = { .used = 1, .group = 1 };
	struct slice first, last, stride = { NULL, 0 };
	bool has_stride;
	int r;

	s = slice_trim(s);
	if (slice_starts(s, "^")) {
		item.is_excluded = true;
		s.p++;
		s.len--;
	}
	has_stride = slice_cut(s, ':', &s, &stride);
	if (!slice_cut(s, '-', &first, &last)) {
		if (has_stride)
			return -EINVAL;
		first = last = s;
	}
	r = take_member(first, &item.first);
	if (r == 0)
		r = take_member(last, &item.last);
	if (r == 0 && has_stride)
		r = take_stride(stride, &item);
	if (r == 0 && item.last < item.first)
		r = -EINVAL;
	if (r == 0)
		*ret = item;
	return r;
}

/* Whole words at a time: long text of wide ranges must not take long. */
static void change_range(struct cpuset *s, unsigned int first, unsigned int last, bool is_excluded)
{
	if (!is_excluded)
		grow(s, last / WORD_BITS + 1);
	for (size_t i = first / WORD_BITS; i <= last / WORD_BITS && i < s->n_words; i++) {
		uint64_t mask = UINT64_MAX;

		if (i == first / WORD_BITS)
			mask &= UINT64_MAX << first % WORD_BITS;
		if (i == last / WORD_BITS)
			mask &= UINT64_MAX >> (WORD_BITS - 1 - last % WORD_BITS);
		if (is_excluded)
			s->word[i] &= ~mask;
		else
			s->word[i] |= mask;
	}
}

static void apply_item(struct cpuset *s, const struct item *item)
{
	if (item->used == item->group) {
		change_range(s, item->first, item->last, item->is_excluded);
		return;
	}
	for (unsigned int at = item->first; at <= item->last; at += item->group) {
		unsigned int last = at + item->used - 1;

		change_range(s, at, last < item->last ? last : item->last, item->is_excluded);
	}
}

static void replace(struct cpuset *s, struct cpuset *with)
{
	free(s->word);
	*s = *with;
}

int cpuset_parse_list(struct cpuset *ret, const char *text)
{
	struct slice all = slice_trim(slice_of(text)), part;
	struct cpuset set = { 0 };
	struct cursor c;
	int r = 0;

	if (all.len > 0 && all.p[all.len - 1] == ',')
		return -EINVAL;
	cursor_init(&c, all.p, all.len);
	while (r == 0 && cursor_split(&c, ',', &part)) {
		struct item item;

		r = take_item(part, &item);
		if (r == 0)
			apply_item(&set, &item);
	}
	if (r < 0)
		cpuset_done(&set);
	else
		replace(ret, &set);
	return r;
}

/* A group of a mask, whose lowest bit is member @base of the set. */
static int apply_group(struct cpuset *s, struct slice group, size_t base)
{
	for (size_t i = 0; i < group.len; i++) {
		struct slice digit = { group.p + group.len - 1 - i, 1 };
		uint64_t bits;
		int r = slice_hex_u64(digit, &bits);

		if (r < 0)
			return r;
		if (bits != 0 && base + i * 4 >= CPUSET_MAX)
			return -ERANGE;
		for (unsigned int bit = 0; bit < 4; bit++) {
			if (bits >> bit & 1)
				cpuset_set(s, (unsigned int)(base + i * 4) + bit);
		}
	}
	return group.len > 0 ? 0 : -EINVAL;
}

/* Cuts the last group, which is the lowest, from @mask. False when it was the only one. */
static bool take_group(struct slice *mask, struct slice *ret_group)
{
	struct slice group = { mask->p + mask->len, 0 };

	while (group.len < mask->len && group.p[-1] != ',') {
		group.p--;
		group.len++;
	}
	*ret_group = group;
	if (group.len == mask->len)
		return false;
	mask->len -= group.len + 1;
	return true;
}

int cpuset_parse_mask(struct cpuset *ret, const char *text)
{
	struct slice mask = slice_trim(slice_of(text)), group;
	struct cpuset set = { 0 };
	bool has_more = mask.len > 0;
	size_t base = 0;
	int r = 0;

	if (slice_starts(mask, "0x")) {
		mask.p += 2;
		mask.len -= 2;
	}
	while (r == 0 && has_more) {
		has_more = take_group(&mask, &group);
		r = apply_group(&set, group, base);
		/* Only a mask that is one group may be written as one long number. */
		if (r == 0 && group.len > GROUP_BITS / 4 && (has_more || base > 0))
			r = -EINVAL;
		base += GROUP_BITS;
	}
	if (r < 0)
		cpuset_done(&set);
	else
		replace(ret, &set);
	return r;
}

/* The end of the run of members that begins with @first. */
static unsigned int run_end(const struct cpuset *s, unsigned int first)
{
	unsigned int last = first;

	while (cpuset_test(s, last + 1))
		last++;
	return last;
}

size_t cpuset_format(const struct cpuset *s, char *buf, size_t size)
{
	size_t wanted = 0;
	unsigned int last;

	if (size > 0)
		buf[0] = '\0';
	for (int first = cpuset_next(s, 0); first >= 0; first = cpuset_next(s, last + 1)) {
		char item[32];
		int len;

		last = run_end(s, (unsigned int)first);
		len = snprintf(item, sizeof(item), "%s%d", wanted > 0 ? "," : "", first);
		if (last > (unsigned int)first)
			len += snprintf(item + len, sizeof(item) - (size_t)len, "-%u", last);
		/* Once an item is left out, @wanted is beyond @size: nothing later closes the gap.
		 */
		if (wanted < size && (size_t)len < size - wanted)
			memcpy(buf + wanted, item, (size_t)len + 1);
		wanted += (size_t)len;
	}
	return wanted;
}

char *cpuset_format_dup(const struct cpuset *s)
{
	size_t size = cpuset_format(s, NULL, 0) + 1;
	char *list = xmalloc(size);

	cpuset_format(s, list, size);
	return list;
}
