/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was sampled, scaled to the exits that KVM counts of the same guest in the same time. While
 * samples are taken a guest leaves less often than else, as writing them takes its time: of that
 * the totals are free then, and of chance; the shares of the reasons are as exact as the samples.
 */
#include <math.h>
#include <stdlib.h>

#include "collectors/exit_tally_inner.h"

static const struct exit_reason all = { EXIT_ALL, 0 };

static uint32_t guest_of(const struct cell *c)
{
	return c->level == EXIT_OF_GUEST ? c->id : c->guest;
}

/* The cell of all exits of its guest; NULL for the host's, and where the guest is not known. */
static struct cell *all_of(const struct exit_tally *t, const struct cell *c)
{
	if (c->level == EXIT_OF_HOST || c->reason.isa == EXIT_ALL || guest_of(c) == 0)
		return NULL;
	return find_cell(t, EXIT_OF_GUEST, guest_of(c), all);
}

/* What was sampled before KVM began to tell is scaled as what follows. */
static void begin(struct exit_tally *t, struct exit_count *k)
{
	struct cell *a = find_cell(t, EXIT_OF_GUEST, k->guest, all);
	double sampled = a ? a->fresh - a->before : 0;

	k->taken = !a || k->begins || (sampled > 0 && k->exits > 0);
	if (a && k->begins)
		a->before = a->fresh;
	if (!a || k->begins || !k->taken)
		return;
	a->scale = k->exits / sampled;
	a->counted[NOW] += k->exits;
	a->sampled[NOW] += sampled;
}

static void settle(struct exit_tally *t, struct cell *c, double scale)
{
	struct cell *host =
	    c->level == EXIT_OF_GUEST ? find_cell(t, EXIT_OF_HOST, 0, c->reason) : NULL;

	c->total += c->fresh * scale;
	if (host) {
		host->total += c->fresh * scale;
		host->fresh = fmax(host->fresh - c->fresh, 0);
	}
	c->fresh = 0;
}

void exit_tally_scale(struct exit_tally *t, struct exit_count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		begin(t, &counts[i]);
	for (size_t i = 0; i < SLOTS && n; i++) {
		struct cell *a = t->slot[i] ? all_of(t, t->slot[i]) : NULL;

		if (a && a->scale > 0)
			settle(t, t->slot[i], a->scale);
	}
	for (size_t i = 0; i < n; i++) {
		struct cell *a = find_cell(t, EXIT_OF_GUEST, counts[i].guest, all);

		if (a && a->scale > 0)
			a->fresh = a->before = a->scale = 0;
	}
}

void add_cross(struct exit_tally *t)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct cell *c = t->slot[i];
		const struct cell *a = c && c->window ? all_of(t, c) : NULL;

		if (a)
			c->cross[NOW] += (double)c->window * (double)a->window;
	}
}

/* Of the reason's part of all, by how far the windows differ from it; of all reasons together
 * nothing is left of that. */
static double error_of_share(const struct exit_tally *t, const struct cell *c, const struct cell *a)
{
	double n = (double)exit_tally_windows(t), sum = c->sum[NOW] + c->sum[BEFORE];
	double part = fmin(sum / (a->sum[NOW] + a->sum[BEFORE]), 1), variance = 0;

	for (int e = 0; e < EPOCHS; e++)
		variance += c->squares[e] - 2 * part * c->cross[e] + part * part * a->squares[e];
	variance = n >= 2 ? fmax(variance, 0) * n / (n - 1) : 0;
	return fmax(confidence((uint64_t)n - 1) * sqrt(variance), 2 * sqrt(sum * (1 - part))) /
		   sum +
	       exit_tally_lost(t);
}

static void scale_one(const struct exit_tally *t, struct exit_figures *f)
{
	const struct cell *c = find_cell(t, f->level, f->id, f->reason);
	const struct cell *a = c ? all_of(t, c) : NULL;
	double sampled = a ? a->sampled[NOW] + a->sampled[BEFORE] : 0;

	if (sampled <= 0)
		return;
	f->scale = (a->counted[NOW] + a->counted[BEFORE]) / sampled;
	f->rate *= f->scale;
	f->error_all = exit_tally_lost(t);
	/* It may be out all the time, and not leave anew. */
	if (f->rate > 0)
		f->error = error_of_share(t, c, a);
}

/* The host's figure is what those of its guests add up to, and what nobody scaled. */
static void scale_host(struct exit_figures *host, const struct exit_figures *f, size_t n)
{
	double rate = 0, rest = host->rate, variance = 0, scale = 0;

	for (size_t i = 0; i < n; i++)
		if (f[i].level == EXIT_OF_GUEST && f[i].scale > 0 &&
		    f[i].reason.isa == host->reason.isa && f[i].reason.code == host->reason.code) {
			rate += f[i].rate;
			scale = f[i].scale;
			rest -= f[i].rate / f[i].scale;
			variance += pow(f[i].rate * f[i].error, 2);
		}
	if (host->rate <= 0)
		host->scale = scale;
	if (rate <= 0)
		return;
	/* Of what is left by rounding nothing is meant. */
	rest = rest > host->rate * 1e-9 ? rest : 0;
	variance += pow(rest * host->error, 2);
	host->scale = rest > 0 ? 0 : rate / host->rate;
	host->rate = rate + rest;
	host->error = sqrt(variance) / host->rate;
}

/* What of the host's exits is of guests that KVM counted is as certain as they are. */
static void scale_all(const struct exit_tally *t, struct exit_figures *figures, size_t n)
{
	double rate = 0, scaled = 0, part;

	for (size_t i = 0; i < n; i++) {
		if (figures[i].reason.isa == EXIT_TO_USER)
			continue;
		if (figures[i].level == EXIT_OF_HOST)
			rate += figures[i].rate;
		else if (figures[i].level == EXIT_OF_GUEST && figures[i].scale > 0)
			scaled += figures[i].rate;
	}
	part = rate > 0 ? fmin(scaled / rate, 1) : 0;
	for (size_t i = 0; i < n && figures[i].level == EXIT_OF_HOST; i++)
		figures[i].error_all =
		    part * exit_tally_lost(t) + (1 - part) * figures[i].error_all;
}

void scale_figures(const struct exit_tally *t, struct exit_figures *figures, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (figures[i].level != EXIT_OF_HOST)
			scale_one(t, &figures[i]);
	for (size_t i = 0; i < n && figures[i].level == EXIT_OF_HOST; i++)
		scale_host(&figures[i], figures, n);
	scale_all(t, figures, n);
}
