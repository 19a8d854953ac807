/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's row tells, from its vCPUs and threads. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/derive.h"

/* So long after a vCPU has run its guest still counts as running. */
#define QUIET_SECONDS 10
/* Of one CPU. */
#define UNTOLD_RUN_MIN 0.01

static bool is_vhost(const struct row *row)
{
	return strncmp(cell_text(row, THREAD_ROLE), "vhost", 5) == 0;
}

static bool is_not_vhost(const struct row *row)
{
	return !is_vhost(row);
}

/* Whether its vCPUs ran in this interval; ABSENT: it has no threads. */
enum ran { RAN_UNKNOWN, RAN_FIRST, RAN_NOT, RAN };

/* Where vCPUs are not told from other threads, a thread that may be one must do more than wake up.
 */
static enum ran ran_of(enum table_id t, const struct row *row)
{
	bool vcpu = t == TABLE_VCPU;
	enum state why;
	double v;

	if (!vcpu &&
	    (!derive_is_untold(row->domain) || strcmp(cell_text(row, THREAD_ROLE), "other") != 0))
		return RAN_UNKNOWN;
	if (derive_operand(t, row, vcpu ? VCPU_RUN : THREAD_RUN, &v, &why))
		return v > (vcpu ? 0 : UNTOLD_RUN_MIN) ? RAN : RAN_NOT;
	if (strcmp(cell_text(row, vcpu ? VCPU_STATE : THREAD_STATE), "R") == 0)
		return RAN;
	return why == STATE_FIRST ? RAN_FIRST : RAN_UNKNOWN;
}

static enum ran *find_ran(const struct snapshot *s)
{
	static const enum table_id tables[] = { TABLE_VCPU, TABLE_THREAD };
	enum ran *ran = xcalloc(s->table[TABLE_DOMAIN].n, sizeof(*ran));

	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < s->table[tables[t]].n; i++) {
			const struct row *row = s->table[tables[t]].row[i];
			enum ran now = row->domain ? ran_of(tables[t], row) : RAN_UNKNOWN;

			if (row->domain && now > ran[row->domain->number])
				ran[row->domain->number] = now;
		}
	return ran;
}

/* Below 0: none was seen running. The cell holds what it was at the sample before. */
static double quiet_seconds(const struct snapshot *s, const struct row *row, enum ran ran)
{
	if (ran == RAN)
		return 0;
	if (!cell_has(row, DOMAIN_QUIET))
		return -1;
	return cell_number(row, DOMAIN_QUIET, 0) + (double)s->interval_ns / (double)NS_PER_SEC;
}

void derive_domain_quiet(struct snapshot *s, int column)
{
	enum ran *ran = find_ran(s);

	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		double quiet = quiet_seconds(s, row, ran[i]);

		if (quiet >= 0)
			derive_number(s, row, column, quiet);
	}
	free(ran);
}

/* Without libvirt nobody can tell a guest that is paused from one that has nothing to do; and while
 * vCPUs are not told from other threads, nobody knows that none of them runs. */
static void set_state_by_vcpus(struct snapshot *s, struct row *row, int column, enum ran ran)
{
	double quiet = quiet_seconds(s, row, ran);

	if (quiet >= 0 && quiet < QUIET_SECONDS)
		cell_set_text(s, row, column, "running", s->moment.mono_ns);
	else if (ran == RAN_NOT && !derive_is_untold(row))
		cell_set_text(s, row, column, "idle", s->moment.mono_ns);
	else
		derive_missing(s, row, column, ran == RAN_FIRST ? STATE_FIRST : STATE_UNKNOWN);
}

void derive_domain_state(struct snapshot *s, int column)
{
	enum ran *ran = find_ran(s);

	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];

		if (cell_has(row, DOMAIN_STOPPED) || cell_has(row, DOMAIN_SILENT))
			cell_set_text(s, row, column, "stuck", s->moment.mono_ns);
		else if (cell_has(row, DOMAIN_LIBVIRT_STATE))
			cell_set_text(s, row, column, cell_text(row, DOMAIN_LIBVIRT_STATE),
			    s->moment.mono_ns);
		else
			set_state_by_vcpus(s, row, column, ran[i]);
	}
	free(ran);
}

void derive_domain_stuck(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		double stopped = cell_number(row, DOMAIN_STOPPED, -1);
		double silent = cell_number(row, DOMAIN_SILENT, -1);

		if (stopped >= 0 || silent >= 0)
			derive_number(s, row, column, stopped > silent ? stopped : silent);
	}
}

static bool counts(const struct row *vcpu)
{
	return vcpu->domain && !derive_is_untold(vcpu->domain);
}

void derive_domain_vcpus(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];

		if (cell_has(row, DOMAIN_VCPUS_DEFINED))
			derive_number(s, row, column, row->cell[DOMAIN_VCPUS_DEFINED].number);
		else if (cell_has(row, DOMAIN_VCPUS_GIVEN))
			derive_number(s, row, column, row->cell[DOMAIN_VCPUS_GIVEN].number);
		else if (cell_has(row, DOMAIN_PID))
			derive_missing(s, row, column, STATE_UNKNOWN);
	}
	/* Threads that exist outweigh what the XML says, where all of them are known. */
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++)
		if (counts(s->table[TABLE_VCPU].row[i]))
			derive_number(s, s->table[TABLE_VCPU].row[i]->domain, column, 0);
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++)
		if (counts(s->table[TABLE_VCPU].row[i]))
			s->table[TABLE_VCPU].row[i]->domain->cell[column].number++;
}

/* What is not known of all vCPUs of a guest is not known of the guest. */
static void hide_untold(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		if (derive_is_untold(s->table[TABLE_DOMAIN].row[i]))
			derive_missing(s, s->table[TABLE_DOMAIN].row[i], column, STATE_UNKNOWN);
}

/* KVM may still tell it for the whole guest. */
static void hide_partial(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];

		if (derive_is_untold(row) && cell_has(row, column))
			derive_missing(s, row, column, STATE_UNKNOWN);
	}
}

static void add_vcpus(struct snapshot *s, int from, int column)
{
	derive_add_to_domain(s, TABLE_VCPU, from, NULL, column);
	hide_untold(s, column);
}

void derive_domain_cpu(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_VCPU, VCPU_RUN, NULL, column);
	derive_add_to_domain(s, TABLE_THREAD, THREAD_RUN, NULL, column);
}

void derive_domain_vcpu_run(struct snapshot *s, int column)
{
	add_vcpus(s, VCPU_RUN, column);
}

void derive_domain_wait(struct snapshot *s, int column)
{
	double *vcpus = xcalloc(s->table[TABLE_DOMAIN].n, sizeof(*vcpus));

	add_vcpus(s, VCPU_WAIT, column);
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++)
		if (s->table[TABLE_VCPU].row[i]->domain)
			vcpus[s->table[TABLE_VCPU].row[i]->domain->number]++;
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];

		if (cell_has(row, column))
			row->cell[column].number /= vcpus[i];
	}
	free(vcpus);
}

void derive_domain_wait_worst(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *row = s->table[TABLE_VCPU].row[i];
		enum state why;
		double v;

		if (!row->domain ||
		    (row->domain->cell[column].at_ns && !cell_has(row->domain, column)))
			continue;
		if (!derive_operand(TABLE_VCPU, row, VCPU_WAIT, &v, &why))
			derive_missing(s, row->domain, column, why);
		else if (v >= cell_number(row->domain, column, 0))
			derive_number(s, row->domain, column, v);
	}
	hide_untold(s, column);
}

void derive_domain_guest(struct snapshot *s, int column)
{
	add_vcpus(s, VCPU_GUEST, column);
}

void derive_domain_emulator(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_THREAD, THREAD_RUN, is_not_vhost, column);
	hide_untold(s, column);
}

void derive_domain_vhost(struct snapshot *s, int column)
{
	derive_add_to_domain(s, TABLE_THREAD, THREAD_RUN, is_vhost, column);
}

void derive_domain_threads(struct snapshot *s, int column)
{
	static const enum table_id tables[] = { TABLE_VCPU, TABLE_THREAD };

	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < s->table[tables[t]].n; i++) {
			struct row *domain = s->table[tables[t]].row[i]->domain;

			if (domain)
				derive_number(
				    s, domain, column, cell_number(domain, column, 0) + 1);
		}
}

/*
 * Where KVM tells a figure for the whole guest only, @column takes it from the @n columns in
 * @whole; where it tells none at all, the reason.
 */
static void take_from_whole(struct snapshot *s, const int *whole, size_t n, int column)
{
	const struct column *columns = table_kinds[TABLE_DOMAIN].column;

	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		bool any = false;
		double sum = 0, v;

		if (cell_has(row, column))
			continue;
		for (size_t w = 0; w < n; w++)
			if (cell_value(&columns[whole[w]], &row->cell[whole[w]], &v)) {
				sum += v;
				any = true;
			}
		if (any)
			derive_number(s, row, column, sum);
		else if (row->cell[whole[0]].at_ns)
			cell_set_missing(row, column,
			    cell_state(&columns[whole[0]], &row->cell[whole[0]]),
			    s->moment.mono_ns);
	}
}

void derive_domain_exits(struct snapshot *s, int column)
{
	static const int whole[] = { DOMAIN_VM_EXITS };

	derive_add_to_domain(s, TABLE_VCPU, VCPU_EXITS, NULL, column);
	hide_partial(s, column);
	take_from_whole(s, whole, 1, column);
}

void derive_domain_poll(struct snapshot *s, int column)
{
	static const int whole[] = { DOMAIN_VM_POLL_SUCCESS, DOMAIN_VM_POLL_FAIL };

	derive_add_to_domain(s, TABLE_VCPU, VCPU_POLL_SUCCESS_NS, NULL, column);
	derive_add_to_domain(s, TABLE_VCPU, VCPU_POLL_FAIL_NS, NULL, column);
	hide_partial(s, column);
	take_from_whole(s, whole, 2, column);
}
