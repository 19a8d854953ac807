/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/tally.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define SIZE_MIN 1024

/* Finalizer of MurmurHash3: every bit of an address counts. */
static size_t hash_of(uint64_t ip, uint32_t tid, unsigned mode)
{
	uint64_t h = ip ^ ((uint64_t)tid << 32) ^ mode;

	h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
	h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
	return (size_t)(h ^ (h >> 33));
}

static struct spot *find(struct spot *spot, size_t size, uint64_t ip, uint32_t tid, unsigned mode)
{
	size_t at = hash_of(ip, tid, mode) & (size - 1);

	while (
	    spot[at].samples && (spot[at].ip != ip || spot[at].tid != tid || spot[at].mode != mode))
		at = (at + 1) & (size - 1);
	return &spot[at];
}

/* At most half of it is used, so that a search ends soon. */
static void make_room(struct tally *t)
{
	size_t size = t->size ? t->size * 2 : SIZE_MIN;
	struct spot *spot;

	if (t->used * 2 < t->size)
		return;
	spot = xcalloc(size, sizeof(*spot));
	for (size_t i = 0; i < t->size; i++)
		if (t->spot[i].samples)
			*find(spot, size, t->spot[i].ip, t->spot[i].tid, t->spot[i].mode) =
			    t->spot[i];
	free(t->spot);
	t->spot = spot;
	t->size = size;
}

void tally_add(struct tally *t, enum cpu_mode mode, uint32_t tid, uint64_t ip, uint64_t weight)
{
	struct spot *spot;

	make_room(t);
	t->samples++;
	t->weight += weight;
	t->mode_samples[mode]++;
	t->mode_weight[mode] += weight;
	spot = find(t->spot, t->size, ip, tid, mode);
	if (!spot->samples && t->used == TALLY_SPOTS_MAX) {
		t->crowded++;
		return;
	}
	if (!spot->samples) {
		*spot = (struct spot){ .ip = ip, .tid = tid, .mode = (uint8_t)mode };
		t->used++;
	}
	spot->samples++;
	spot->weight += weight;
}

void tally_done(struct tally *t)
{
	free(t->spot);
	*t = (struct tally){ 0 };
}

const char *cpu_mode_name(enum cpu_mode mode)
{
	static const char *const names[CPU_MODES] = {
		[CPU_GUEST_KERNEL] = "guest kernel",
		[CPU_GUEST_USER] = "guest user",
		[CPU_HOST_KERNEL] = "host kernel",
		[CPU_HOST_USER] = "host user",
		[CPU_OTHER] = "other",
	};

	return names[mode];
}

char cpu_mode_letter(enum cpu_mode mode)
{
	return "guk.?"[mode];
}
