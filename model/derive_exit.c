/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exits by reason as shares of all, and what halt polling costs a guest. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/derive.h"

static const enum table_id exit_tables[] = { TABLE_EXIT, TABLE_VCPU_EXIT, TABLE_HOST_EXIT };

static bool is_kind(const struct row *row, const char *kind)
{
	return strcmp(cell_text(row, EXIT_KIND), kind) == 0;
}

/* All of one owner's vCPU, or of the owner, or of the host: rows that add up to a whole. The number
 * of a vCPU may not be known, its thread always is. */
static bool same_whole(const struct row *a, const struct row *b)
{
	return key_same_owner(a->key, b->key) &&
	       a->key.item >> EXIT_ITEM_TID_BIT == b->key.item >> EXIT_ITEM_TID_BIT;
}

static bool is_no_user(const struct row *row)
{
	return !is_kind(row, "user");
}

/* Time asleep in a halt is nobody's loss, and that of kind user is part of another exit's. */
static bool is_work(const struct row *row)
{
	return is_kind(row, "exit");
}

static bool is_any(const struct row *row)
{
	(void)row;
	return true;
}

/* Which rows add up to the whole, and of which their part of it is told. */
struct shares {
	bool (*adds)(const struct row *row);
	bool (*has)(const struct row *row);
};

/* Sets @column of the rows from @from to @end. */
static void share_out(struct snapshot *s, const struct table *t, size_t from, size_t end,
    int figure, int column, struct shares shares)
{
	double sum = 0;

	for (size_t i = from; i < end; i++)
		if (shares.adds(t->row[i]))
			sum += cell_number(t->row[i], figure, 0);
	for (size_t i = from; i < end && sum > 0; i++)
		if (shares.has(t->row[i]) && cell_has(t->row[i], figure))
			derive_number(
			    s, t->row[i], column, cell_number(t->row[i], figure, 0) / sum);
}

/* Called for each of the tables; doing all of them again changes nothing. The collector adds the
 * rows of one whole one behind the other. */
static void derive_part(struct snapshot *s, int figure, int column, struct shares shares)
{
	for (size_t e = 0; e < sizeof(exit_tables) / sizeof(exit_tables[0]); e++) {
		const struct table *t = &s->table[exit_tables[e]];
		size_t end;

		for (size_t from = 0; from < t->n; from = end) {
			for (end = from + 1; end < t->n && same_whole(t->row[from], t->row[end]);)
				end++;
			share_out(s, t, from, end, figure, column, shares);
		}
	}
}

void derive_exit_share(struct snapshot *s, int column)
{
	derive_part(s, EXIT_COUNT, column, (struct shares){ is_no_user, is_any });
}

void derive_exit_time_share(struct snapshot *s, int column)
{
	derive_part(s, EXIT_TIME, column, (struct shares){ is_work, is_work });
}

/* What is known of the polls of a guest; times in CPUs, the others per second. */
enum poll_figure { POLLS, POLLS_SUCCESSFUL, POLL_SUCCESS, POLL_FAIL, POLL_FIGURES };

struct polls {
	double v[POLL_FIGURES];
	bool has[POLL_FIGURES], lacks[POLL_FIGURES]; /* some vCPU has it, or lacks it */
	enum state why[POLL_FIGURES];
};

static const struct {
	int vcpu, whole;
} poll_columns[POLL_FIGURES] = {
	[POLLS] = { VCPU_POLL_ATTEMPTED, DOMAIN_VM_POLLS },
	[POLLS_SUCCESSFUL] = { VCPU_POLL_SUCCESSFUL, DOMAIN_VM_POLLS_SUCCESSFUL },
	[POLL_SUCCESS] = { VCPU_POLL_SUCCESS_NS, DOMAIN_VM_POLL_SUCCESS },
	[POLL_FAIL] = { VCPU_POLL_FAIL_NS, DOMAIN_VM_POLL_FAIL },
};

static void add_vcpu(struct polls *p, const struct row *row)
{
	for (int i = 0; i < POLL_FIGURES; i++) {
		double v;

		if (derive_operand(TABLE_VCPU, row, poll_columns[i].vcpu, &v, &p->why[i])) {
			p->v[i] += v;
			p->has[i] = true;
		} else {
			p->lacks[i] = true;
		}
	}
}

/* Where KVM tells none per vCPU, or not of each, what it counts for the whole guest. */
static void take_whole(struct polls *p, const struct row *domain)
{
	for (int i = 0; i < POLL_FIGURES; i++) {
		bool some = p->has[i];
		enum state why;

		if (some && !p->lacks[i] && !derive_is_untold(domain))
			continue;
		p->has[i] =
		    derive_operand(TABLE_DOMAIN, domain, poll_columns[i].whole, &p->v[i], &why);
		if (p->has[i])
			continue;
		if (!p->lacks[i])
			p->why[i] = some ? STATE_UNKNOWN : why;
		else if (p->why[i] == STATE_ABSENT)
			p->why[i] = why;
	}
}

static bool has_all(const struct polls *p, enum state *ret_why)
{
	for (int i = 0; i < POLL_FIGURES; i++)
		if (!p->has[i]) {
			*ret_why = p->why[i];
			return false;
		}
	return true;
}

/* @figure: false where there is none, though all is known. */
static void derive_polls(
    struct snapshot *s, int column, bool (*figure)(const struct polls *p, double *ret))
{
	const struct table *domains = &s->table[TABLE_DOMAIN], *vcpus = &s->table[TABLE_VCPU];
	struct polls *polls = xcalloc(domains->n + 1, sizeof(*polls));

	for (size_t i = 0; i < vcpus->n; i++)
		if (vcpus->row[i]->domain)
			add_vcpu(&polls[vcpus->row[i]->domain->number], vcpus->row[i]);
	for (size_t i = 0; i < domains->n; i++) {
		enum state why = STATE_ABSENT;
		double v;

		take_whole(&polls[i], domains->row[i]);
		if (has_all(&polls[i], &why) && figure(&polls[i], &v))
			derive_number(s, domains->row[i], column, v);
		else
			derive_missing(s, domains->row[i], column, why);
	}
	free(polls);
}

static bool rate_of(const struct polls *p, double *ret)
{
	*ret = p->v[POLLS];
	return true;
}

static bool success_of(const struct polls *p, double *ret)
{
	*ret = p->v[POLLS] > 0 ? p->v[POLLS_SUCCESSFUL] / p->v[POLLS] : 0;
	return p->v[POLLS] > 0;
}

static bool success_time_of(const struct polls *p, double *ret)
{
	*ret = p->v[POLL_SUCCESS];
	return true;
}

static bool fail_time_of(const struct polls *p, double *ret)
{
	*ret = p->v[POLL_FAIL];
	return true;
}

static bool mean_of(const struct polls *p, double *ret)
{
	*ret = p->v[POLLS] > 0 ? (p->v[POLL_SUCCESS] + p->v[POLL_FAIL]) / p->v[POLLS] : 0;
	return p->v[POLLS] > 0;
}

void derive_domain_poll_rate(struct snapshot *s, int column)
{
	derive_polls(s, column, rate_of);
}

void derive_domain_poll_success(struct snapshot *s, int column)
{
	derive_polls(s, column, success_of);
}

void derive_domain_poll_success_time(struct snapshot *s, int column)
{
	derive_polls(s, column, success_time_of);
}

void derive_domain_poll_fail_time(struct snapshot *s, int column)
{
	derive_polls(s, column, fail_time_of);
}

void derive_domain_poll_mean(struct snapshot *s, int column)
{
	derive_polls(s, column, mean_of);
}
