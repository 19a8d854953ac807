/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "collectors/exit_tally_inner.h"

double exit_tally_lost(const struct exit_tally *t)
{
	double lost = (double)(t->lost[NOW] + t->lost[BEFORE]);
	double records = (double)(t->records[NOW] + t->records[BEFORE]);

	return lost > 0 ? lost / (lost + records) : 0;
}

uint64_t exit_tally_left_out(const struct exit_tally *t)
{
	return t->left_out[NOW] + t->left_out[BEFORE];
}

uint64_t exit_tally_windows(const struct exit_tally *t)
{
	return t->windows[NOW] + t->windows[BEFORE];
}

double exit_times_quantile(const struct exit_times *x, double q)
{
	double wanted = q * (double)(x->timed + x->longer), seen = 0;

	if (wanted > (double)x->timed)
		return 0;
	for (unsigned int i = 0; i < EXIT_BUCKETS; i++) {
		double from = (double)exit_bucket_ns(i), to = (double)exit_bucket_ns(i + 1), v;

		if (x->hist[i] == 0 || seen + x->hist[i] < wanted) {
			seen += x->hist[i];
			continue;
		}
		v = from + (to - from) * (wanted - seen) / x->hist[i];
		return fmin(fmax(v, (double)x->min_ns), (double)x->max_ns);
	}
	return (double)x->max_ns;
}

double confidence(uint64_t freedom)
{
	static const double t[] = { 12.7, 12.7, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26 };

	return freedom < sizeof(t) / sizeof(t[0]) ? t[freedom] : 2.1;
}

/*
 * Of a sum over n windows: n times the variance between them, and not less than that of events that
 * know nothing of each other. What was lost may have been all of this reason.
 */
static double error_of(const struct exit_tally *t, const struct cell *c)
{
	double n = (double)exit_tally_windows(t), sum = c->sum[NOW] + c->sum[BEFORE];
	double squares = c->squares[NOW] + c->squares[BEFORE], variance = 0, error;

	if (!(t->sampled[NOW] || t->sampled[BEFORE]) || sum <= 0)
		return 0;
	if (n >= 2)
		variance = n * (squares - sum * sum / n) / (n - 1);
	error = n >= 2 ? confidence((uint64_t)n - 1) * sqrt(fmax(variance, 0)) : 0;
	return fmax(error, 2 * sqrt(sum)) / sum + exit_tally_lost(t);
}

static void set_times(
    struct exit_figures *f, const struct exit_times *x, double seconds, double sum, bool sampled)
{
	double ns = (double)NS_PER_SEC, timed_part = 1;

	/* Where not every exit was timed, those that were stand for the others. */
	if (x->timed)
		timed_part = (double)x->timed / (double)(x->timed + x->untimed);
	f->timed_part = timed_part;
	f->time =
	    ((double)(x->time_ns - x->before_ns) / timed_part + (double)x->open_ns) / ns / seconds;
	f->timed = x->timed > 0 && (sum > 0 || !sampled);
	if (!f->timed)
		return;
	/* Sampled, the time outside and the exits that led there, for the longer ones have no end.
	 */
	f->mean = sampled ? ((double)x->time_ns + (double)x->open_ns) / sum / ns
			  : (double)x->time_ns / (double)x->timed / ns;
	f->p50 = exit_times_quantile(x, 0.5) / ns;
	f->p99 = exit_times_quantile(x, 0.99) / ns;
	f->min = (double)x->min_ns / ns;
	f->max = x->longest_ns > x->max_ns ? 0 : (double)x->max_ns / ns;
}

/* A thread may be out all the time, and not leave anew. */
static bool has_figures(const struct cell *c)
{
	return c->level <= EXIT_OF_THREAD && c->reason.isa != EXIT_ALL &&
	       (c->sum[NOW] + c->sum[BEFORE] > 0 || c->times[NOW] || c->times[BEFORE]);
}

static void sum_times(const struct cell *c, struct exit_times *ret)
{
	*ret = (struct exit_times){ 0 };
	for (int e = 0; e < EPOCHS; e++)
		if (c->times[e])
			add_times(ret, c->times[e]);
}

static void set_figures(
    const struct exit_tally *t, const struct cell *c, double seconds, struct exit_figures *f)
{
	double sum = c->sum[NOW] + c->sum[BEFORE];
	struct exit_times x;

	sum_times(c, &x);
	*f = (struct exit_figures){
		.level = c->level, .id = c->id, .guest = c->guest, .reason = c->reason
	};
	f->rate = sum / seconds;
	f->total = c->total + c->fresh;
	f->error = error_of(t, c);
	set_times(f, &x, seconds, sum, t->sampled[NOW] || t->sampled[BEFORE]);
}

static void add_to(
    struct exit_tally *t, enum exit_level level, uint32_t id, const struct cell *from)
{
	struct cell *c = cell_of(t, level, id, from->reason);

	for (int e = 0; e < EPOCHS && c; e++)
		if (from->times[e])
			add_times(times_of(c), from->times[e]);
}

/* Times are kept of threads only; those of guests and of the host are their sums. */
static void add_up_times(struct exit_tally *t)
{
	for (size_t i = 0; i < SLOTS; i++)
		for (int e = 0; t->slot[i] && t->slot[i]->level < EXIT_OF_THREAD && e < EPOCHS;
		     e++) {
			free(t->slot[i]->times[e]);
			t->slot[i]->times[e] = NULL;
		}
	for (size_t i = 0; i < SLOTS; i++) {
		const struct cell *c = t->slot[i];

		if (!c || c->level < EXIT_OF_THREAD)
			continue;
		if (c->guest)
			add_to(t, EXIT_OF_GUEST, c->guest, c);
		add_to(t, EXIT_OF_HOST, 0, c);
	}
}

static int compare_figures(const void *left, const void *right)
{
	const struct exit_figures *a = left, *b = right;

	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->reason.isa != b->reason.isa)
		return a->reason.isa < b->reason.isa ? -1 : 1;
	return (a->reason.code > b->reason.code) - (a->reason.code < b->reason.code);
}

static bool is_same(const struct exit_figures *a, const struct exit_figures *b)
{
	return a->level == b->level && a->id == b->id;
}

/* Exits per second of the thread whose figures begin here. */
static double rate_of(const struct exit_figures *f, const struct exit_figures *end)
{
	double rate = 0;

	for (const struct exit_figures *x = f; x < end && is_same(x, f); x++)
		if (x->reason.isa != EXIT_TO_USER)
			rate += x->rate;
	return rate;
}

/* The busiest thread of a guest. */
struct busy {
	uint32_t guest;
	double rate;
};

static int compare_busy(const void *left, const void *right)
{
	const struct busy *a = left, *b = right;

	return (a->guest > b->guest) - (a->guest < b->guest);
}

/* One for each guest, ascending. */
static size_t find_busy(const struct exit_figures *figures, size_t n, struct busy **ret)
{
	struct busy *b = xcalloc(n + 1, sizeof(*b));
	size_t threads = 0, guests = 0;

	for (size_t i = 0; i < n; i++)
		if (figures[i].level == EXIT_OF_THREAD &&
		    (i == 0 || !is_same(&figures[i], &figures[i - 1])))
			b[threads++] =
			    (struct busy){ figures[i].guest, rate_of(&figures[i], figures + n) };
	qsort(b, threads, sizeof(*b), compare_busy);
	for (size_t i = 0; i < threads; i++)
		if (guests && b[guests - 1].guest == b[i].guest)
			b[guests - 1].rate = fmax(b[guests - 1].rate, b[i].rate);
		else
			b[guests++] = b[i];
	*ret = b;
	return guests;
}

/* Of the busiest thread that is, or belongs to, whom @f is about. */
static double busiest(const struct exit_figures *f, const struct exit_figures *end,
    const struct busy *busy, size_t guests)
{
	struct busy key = { .guest = f->id };
	const struct busy *found;
	double most = 0;

	if (f->level == EXIT_OF_THREAD)
		return rate_of(f, end);
	if (f->level == EXIT_OF_GUEST) {
		found = bsearch(&key, busy, guests, sizeof(key), compare_busy);
		return found ? found->rate : 0;
	}
	for (size_t i = 0; i < guests; i++)
		most = fmax(most, busy[i].rate);
	return most;
}

/* That of all reasons together, which have much in common. */
static double error_of_all(const struct exit_tally *t, const struct exit_figures *f)
{
	const struct cell *all = find_cell(t, f->level, f->id, (struct exit_reason){ EXIT_ALL, 0 });

	return all ? error_of(t, all) : 0;
}

/*
 * Within a window a vCPU leaves its guest less often than else, as writing the records takes its
 * time. Figures are sorted, so that all of one thread, guest or host have the same busiest thread.
 */
static void add_slowness(const struct exit_tally *t, struct exit_figures *figures, size_t n)
{
	double slowness = 0, all = 0;
	struct busy *busy;
	size_t guests;

	if (!(t->sampled[NOW] || t->sampled[BEFORE]))
		return;
	guests = find_busy(figures, n, &busy);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !is_same(&figures[i], &figures[i - 1])) {
			slowness = busiest(&figures[i], figures + n, busy, guests) * 2 *
				   EXIT_RECORD_NS / (double)NS_PER_SEC;
			all = error_of_all(t, &figures[i]);
		}
		figures[i].error += fmin(slowness, 1);
		figures[i].error_all = all + fmin(slowness, 1);
	}
	free(busy);
}

size_t exit_tally_figures(struct exit_tally *t, struct exit_figures **ret)
{
	double seconds = (double)(t->covered_ns[NOW] + t->covered_ns[BEFORE]) / (double)NS_PER_SEC;
	size_t n = 0;

	*ret = NULL;
	if (seconds <= 0)
		return 0;
	add_up_times(t);
	*ret = xcalloc(t->cells + 1, sizeof(**ret));
	for (size_t i = 0; i < SLOTS; i++)
		if (t->slot[i] && has_figures(t->slot[i]))
			set_figures(t, t->slot[i], seconds, &(*ret)[n++]);
	qsort(*ret, n, sizeof(**ret), compare_figures);
	add_slowness(t, *ret, n);
	scale_figures(t, *ret, n);
	return n;
}
