/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/nearest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Longer words are no typing errors. */
#define LONGEST 63
/* So many slips of a finger are believed, and one for every other letter at most. */
#define SLIPS_MAX 2

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same(char a, char b)
{
	return lower(a) == lower(b);
}

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to be put in, taken out, exchanged or swapped with their neighbour. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	uint8_t d[LONGEST + 1][LONGEST + 1];

	for (size_t i = 0; i <= a_len; i++)
		d[i][0] = (uint8_t)i;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			unsigned change = d[i - 1][j - 1] + (is_same(a[i - 1], b[j - 1]) ? 0U : 1U);
			unsigned best = min(min(d[i - 1][j], d[i][j - 1]) + 1, change);

			if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
			    is_same(a[i - 2], b[j - 1]))
				best = min(best, d[i - 2][j - 2] + 1U);
			d[i][j] = (uint8_t)best;
		}
	}
	return d[a_len][b_len];
}

void nearest_init(struct nearest *n, const char *word)
{
	size_t slips = strlen(word) / 2;

	*n = (struct nearest){ .word = word,
		.distance = (slips < SLIPS_MAX ? slips : SLIPS_MAX) + 1 };
}

static bool is_begin(const char *word, size_t len, const char *candidate)
{
	for (size_t i = 0; i < len; i++)
		if (!is_same(word[i], candidate[i]))
			return false;
	return true;
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t word_len = strlen(n->word), len = strlen(candidate), d;

	if (word_len == 0 || word_len > LONGEST || len > LONGEST)
		return;
	/* A word begun but not finished is nearer than it looks. */
	if (word_len > 1 && is_begin(n->word, word_len, candidate))
		d = 1;
	else
		d = distance(n->word, word_len, candidate, len);
	if (d >= n->distance || d >= len)
		return;
	n->best = candidate;
	n->distance = d;
}
