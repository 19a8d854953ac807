/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/exits_rows.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "collectors/collector.h"

#define NOTE "kvmtop/exits"
#define FIGURES_MAX EXIT_CELLS_MAX
/*
 * What counting one exit in the kernel takes of the guest's time. Measured as EXIT_RECORD_NS was:
 * with its time 520 ns, for two programs; a program at the exit alone, which counts, 245 ns. One at
 * the entry that finds nothing to do is a quarter of that more.
 */
#define TIMED_NS 520
#define UNTIMED_NS 300

struct exits_vcpu {
	uint32_t tid;
	const struct row *row, *domain;
};

void exits_found_done(struct exits_found *f)
{
	free(f->figures);
	*f = (struct exits_found){ 0 };
}

static int compare_vcpus(const void *left, const void *right)
{
	const struct exits_vcpu *a = left, *b = right;

	return (a->tid > b->tid) - (a->tid < b->tid);
}

void exits_vcpus_init(struct exits_vcpus *v, const struct snapshot *s)
{
	const struct table *t = &s->table[TABLE_VCPU];

	*v = (struct exits_vcpus){ .vcpu = xcalloc(t->n + 1, sizeof(*v->vcpu)) };
	for (size_t i = 0; i < t->n; i++) {
		double tid = cell_number(t->row[i], VCPU_TID, 0);

		if (!t->row[i]->domain || !(tid > 0 && tid < UINT32_MAX))
			continue;
		v->vcpu[v->n++] = (struct exits_vcpu){
			.tid = (uint32_t)tid, .row = t->row[i], .domain = t->row[i]->domain
		};
	}
	qsort(v->vcpu, v->n, sizeof(*v->vcpu), compare_vcpus);
}

void exits_vcpus_done(struct exits_vcpus *v)
{
	free(v->vcpu);
	*v = (struct exits_vcpus){ 0 };
}

static const struct exits_vcpu *find_vcpu(const struct exits_vcpus *v, uint32_t tid)
{
	struct exits_vcpu key = { .tid = tid };

	return bsearch(&key, v->vcpu, v->n, sizeof(key), compare_vcpus);
}

uint32_t exits_guest_of(const struct exits_vcpus *v, uint32_t tid)
{
	const struct exits_vcpu *vcpu = find_vcpu(v, tid);

	return vcpu ? guest_pid(vcpu->domain) : 0;
}

static const struct row *find_guest(const struct snapshot *s, uint32_t pid)
{
	const struct table *t = &s->table[TABLE_DOMAIN];

	for (size_t i = 0; i < t->n; i++)
		if (guest_pid(t->row[i]) == pid)
			return t->row[i];
	return NULL;
}

static uint64_t item_of(const struct exit_figures *f)
{
	uint64_t item = (uint64_t)f->reason.isa << 32 | f->reason.code;

	return f->level == EXIT_OF_THREAD ? item | (uint64_t)f->id << EXIT_ITEM_TID_BIT : item;
}

static const char *kind_of(struct exit_reason reason)
{
	if (reason.isa == EXIT_TO_USER)
		return "user";
	return exit_is_idle(reason) ? "idle" : "exit";
}

static void write_times(struct row *row, const struct exit_figures *f, uint64_t at_ns)
{
	const struct {
		int column;
		double v;
	} times[] = {
		{ EXIT_MEAN, f->mean },
		{ EXIT_P50, f->p50 },
		{ EXIT_P99, f->p99 },
		{ EXIT_MIN, f->min },
		{ EXIT_MAX, f->max },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (f->timed && times[i].v > 0)
			cell_set_number(row, times[i].column, times[i].v, at_ns);
		else
			cell_set_missing(row, times[i].column, STATE_UNKNOWN, at_ns);
}

static void write_row(struct reading *r, struct row *row, const struct exit_figures *f,
    const struct exits_found *found)
{
	uint64_t at_ns = reading_now(r);
	char name[EXIT_NAME_SIZE];

	exit_reason_name(f->reason, name);
	cell_set_text(r->into, row, EXIT_REASON, name, at_ns);
	cell_set_text(r->into, row, EXIT_KIND, kind_of(f->reason), at_ns);
	cell_set_text(r->into, row, EXIT_METHOD,
	    found->counted ? "counted"
	    : f->scale > 0 ? "scaled"
			   : "sampled",
	    at_ns);
	cell_set_number(row, EXIT_COUNT, f->rate, at_ns);
	cell_set_number(row, EXIT_TOTAL, f->total, at_ns);
	/* Of none at all nothing can be a part. */
	if (f->rate > 0)
		cell_set_number(row, EXIT_ERROR, f->error, at_ns);
	else
		cell_set_missing(row, EXIT_ERROR, STATE_UNKNOWN, at_ns);
	if (f->level != EXIT_OF_THREAD && f->error_all >= 0)
		cell_set_number(row, EXIT_ERROR_ALL, f->error_all, at_ns);
	/* An exit whose entry was not seen may be long over, or go on. */
	if (f->timed || f->time > 0)
		cell_set_number(row, EXIT_TIME, f->time, at_ns);
	else
		cell_set_missing(row, EXIT_TIME, STATE_UNKNOWN, at_ns);
	write_times(row, f, at_ns);
}

/* An exit is two records, that of the entry too; one that goes on to user space is a third. */
static double cost_of(const struct exit_figures *f, const struct exits_found *found)
{
	bool user = f->reason.isa == EXIT_TO_USER;
	double ns = user ? EXIT_RECORD_NS : 2 * EXIT_RECORD_NS;

	if (found->counted)
		ns = UNTIMED_NS + f->timed_part * (TIMED_NS - UNTIMED_NS);
	/* What was written is what was seen. */
	return f->rate / (f->scale > 0 ? f->scale : 1) * found->duty * ns / (double)NS_PER_SEC;
}

static void add_cost(struct reading *r, const struct row *domain, double cpus)
{
	struct row *row = snapshot_row(r->into, TABLE_DOMAIN, domain->key);

	cell_set_number(
	    row, DOMAIN_WATCH_COST, cell_number(row, DOMAIN_WATCH_COST, 0) + cpus, reading_now(r));
}

static void write_guest(
    struct reading *r, const struct exit_figures *f, const struct exits_found *found)
{
	const struct row *domain = find_guest(r->latest, f->id);

	if (!domain)
		return;
	write_row(r, snapshot_row(r->into, TABLE_EXIT, key_of(domain->key, item_of(f))), f, found);
	add_cost(r, domain, cost_of(f, found));
}

static void write_thread(struct reading *r, const struct exits_vcpus *v,
    const struct exit_figures *f, const struct exits_found *found)
{
	const struct exits_vcpu *vcpu = find_vcpu(v, f->id);
	struct row *row;

	if (!vcpu)
		return;
	row = snapshot_row(r->into, TABLE_VCPU_EXIT, key_of(vcpu->domain->key, item_of(f)));
	if (cell_has(vcpu->row, VCPU_NUMBER))
		cell_set_number(
		    row, EXIT_VCPU, cell_number(vcpu->row, VCPU_NUMBER, 0), reading_now(r));
	write_row(r, row, f, found);
}

/* A guest of which nothing was seen is not without figures: it had no exits, and cost nothing. */
static void write_costs(struct reading *r)
{
	const struct table *t = &r->latest->table[TABLE_DOMAIN];

	for (size_t i = 0; i < t->n; i++)
		if (guest_pid(t->row[i]))
			add_cost(r, t->row[i], 0);
}

void exits_write_rows(
    struct reading *r, const struct exits_vcpus *v, const struct exits_found *found)
{
	write_costs(r);
	for (size_t i = 0; i < found->n; i++) {
		const struct exit_figures *f = &found->figures[i];

		if (f->level == EXIT_OF_HOST)
			write_row(r, snapshot_row(r->into, TABLE_HOST_EXIT, key_host(item_of(f))),
			    f, found);
		else if (f->level == EXIT_OF_GUEST)
			write_guest(r, f, found);
		else
			write_thread(r, v, f, found);
	}
}

static uint64_t scaled(double v, double by)
{
	return v > 0 ? (uint64_t)llround(v * by) : 0;
}

/* Whole numbers only: exits in thousandths, ratios and scales in millionths, times in ns. */
void exits_note(const struct reading *r, const struct exits_found *found)
{
	struct text text = { 0 };
	char line[384];
	int n = snprintf(line, sizeof(line), "%s %llu %llu %llu\n",
	    found->counted ? "counted" : "sampled", (unsigned long long)scaled(found->duty, 1e6),
	    (unsigned long long)scaled(found->lost, 1e6),
	    (unsigned long long)scaled(found->own_cpus, 1e6));

	text_append(&text, line, (size_t)n);
	for (size_t i = 0; i < found->n; i++) {
		const struct exit_figures *f = &found->figures[i];
		const double v[] = { f->mean, f->p50, f->p99, f->min, f->max };
		unsigned long long total = scaled(f->total, 1);

		n = snprintf(line, sizeof(line), "%d %u %u %u %llu %llu %llu %d", (int)f->level,
		    f->id, f->reason.isa, f->reason.code, (unsigned long long)scaled(f->rate, 1e3),
		    (unsigned long long)scaled(f->error, 1e6),
		    (unsigned long long)scaled(f->time, 1e9), f->timed);
		for (size_t k = 0; k < 5; k++)
			n += snprintf(line + n, sizeof(line) - (size_t)n, " %llu",
			    (unsigned long long)scaled(v[k], 1e9));
		n += snprintf(line + n, sizeof(line) - (size_t)n, " %llu %llu %llu\n", total,
		    (unsigned long long)scaled(f->scale, 1e6),
		    (unsigned long long)scaled(f->error_all, 1e6));
		text_append(&text, line, (size_t)n);
	}
	root_note(r->root, NOTE, text.p, text.len);
	text_done(&text);
}

static int take_figures(struct cursor *line, struct exit_figures *ret)
{
	uint64_t v[15], error_all;
	bool has_all;

	for (size_t i = 0; i < 14; i++)
		if (cursor_u64(line, &v[i]) < 0)
			return -EINVAL;
	/* Captures that are older do not tell. */
	if (cursor_u64(line, &v[14]) < 0)
		v[14] = 0;
	has_all = cursor_u64(line, &error_all) == 0;
	if (v[0] > EXIT_OF_THREAD || v[1] > UINT32_MAX || v[2] == 0 || v[2] >= EXIT_ISAS ||
	    v[3] > UINT32_MAX || v[7] > 1)
		return -EINVAL;
	*ret = (struct exit_figures){ .level = (enum exit_level)v[0],
		.id = (uint32_t)v[1],
		.reason = { (uint32_t)v[2], (uint32_t)v[3] },
		.rate = (double)v[4] / 1e3,
		.error = (double)v[5] / 1e6,
		.time = (double)v[6] / 1e9,
		.timed = v[7],
		.mean = (double)v[8] / 1e9,
		.p50 = (double)v[9] / 1e9,
		.p99 = (double)v[10] / 1e9,
		.min = (double)v[11] / 1e9,
		.max = (double)v[12] / 1e9,
		.total = (double)v[13],
		.scale = (double)v[14] / 1e6,
		.timed_part = 1,
		.error_all = has_all ? (double)error_all / 1e6 : -1 };
	return 0;
}

static int take_head(struct cursor *c, struct exits_found *ret)
{
	struct cursor line;
	struct slice method;
	uint64_t duty, lost, own;

	if (!cursor_line(c, &line) || !cursor_field(&line, &method) ||
	    cursor_u64(&line, &duty) < 0 || cursor_u64(&line, &lost) < 0 ||
	    cursor_u64(&line, &own) < 0)
		return -EINVAL;
	ret->counted = slice_eq(method, "counted");
	ret->duty = (double)duty / 1e6;
	ret->lost = (double)lost / 1e6;
	ret->own_cpus = (double)own / 1e6;
	return 0;
}

static int take_text(const struct text *text, struct exits_found *found)
{
	struct cursor c, line;
	size_t cap = 0;

	cursor_init(&c, text->p, text->len);
	if (take_head(&c, found) < 0)
		return -EINVAL;
	while (cursor_line(&c, &line)) {
		if (cursor_rest(&line).len == 0)
			continue;
		if (found->n == FIGURES_MAX)
			return -EINVAL;
		found->figures = xgrow(found->figures, found->n, &cap, sizeof(*found->figures));
		if (take_figures(&line, &found->figures[found->n]) < 0)
			return -EINVAL;
		found->n++;
	}
	return 0;
}

int exits_read_note(const struct reading *r, struct exits_found *ret)
{
	struct exits_found found = { 0 };
	struct text text = { 0 };
	int error = root_read_all(r->root, NOTE, &text);

	if (error == 0)
		error = take_text(&text, &found);
	text_done(&text);
	if (error < 0)
		exits_found_done(&found);
	else
		*ret = found;
	return error;
}
