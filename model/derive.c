/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/derive.h"

#include <stdio.h>
#include <string.h>

/* Nobody reads on beyond this. */
#define LIST_BYTES 480
/* In which proc tells when a thread was started: USER_HZ, 100 wherever KVM runs. */
#define TICK_NS (NS_PER_SEC / 100)

/* Each table may use what the tables before it derived. */
static const enum table_id order[] = { TABLE_CPU, TABLE_VCPU, TABLE_THREAD, TABLE_PLACEMENT,
	TABLE_BLOCKDEV, TABLE_DISK, TABLE_NIC, TABLE_INTERFACE, TABLE_DOMAIN, TABLE_PCI,
	TABLE_HUGEPOOL, TABLE_NODE, TABLE_HOST, TABLE_EXIT, TABLE_VCPU_EXIT, TABLE_HOST_EXIT,
	TABLE_EVENT, TABLE_SOURCE };

/* Two guests may bear one name; pid and uuid tell whose a row is. */
static void name_owners(struct snapshot *s)
{
	static const struct {
		enum table_id table;
		int pid, uuid;
		bool names; /* its first column has the guest's name */
	} owned[] = {
		{ TABLE_VCPU, VCPU_PID, VCPU_UUID, false },
		{ TABLE_THREAD, THREAD_PID, THREAD_UUID, false },
		{ TABLE_PLACEMENT, PLACEMENT_PID, PLACEMENT_UUID, false },
		{ TABLE_DISK, DISK_PID, DISK_UUID, true },
		{ TABLE_NIC, NIC_PID, NIC_UUID, true },
		{ TABLE_PCI, PCI_PID, PCI_UUID, true },
		{ TABLE_EXIT, EXIT_PID, EXIT_UUID, true },
		{ TABLE_VCPU_EXIT, EXIT_PID, EXIT_UUID, true },
		{ TABLE_EVENT, EVENT_PID, EVENT_UUID, true },
	};

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
		const struct table *t = &s->table[owned[i].table];

		for (size_t r = 0; r < t->n; r++) {
			struct row *row = t->row[r];

			if (!row->domain)
				continue;
			row->cell[owned[i].pid] = row->domain->cell[DOMAIN_PID];
			row->cell[owned[i].uuid] = row->domain->cell[DOMAIN_UUID];
			if (owned[i].names)
				row->cell[0] = row->domain->cell[DOMAIN_NAME];
		}
	}
}

void snapshot_derive(struct snapshot *s)
{
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct table_kind *kind = &table_kinds[order[i]];

		for (int c = 0; c < kind->columns; c++)
			if (kind->column[c].derive)
				kind->column[c].derive(s, c);
	}
	/* Last: some rows have only just been made. */
	name_owners(s);
}

void derive_number(struct snapshot *s, struct row *row, int column, double v)
{
	cell_set_number(row, column, v, s->moment.mono_ns);
}

void derive_missing(struct snapshot *s, struct row *row, int column, enum state why)
{
	cell_set_missing(row, column, why, s->moment.mono_ns);
}

bool derive_operand(
    enum table_id t, const struct row *row, int column, double *ret, enum state *ret_why)
{
	const struct column *c = &table_kinds[t].column[column];

	if (cell_value(c, &row->cell[column], ret))
		return true;
	*ret_why = cell_state(c, &row->cell[column]);
	return false;
}

void derive_sum(struct snapshot *s, enum table_id t, int left, int right, int column)
{
	for (size_t i = 0; i < s->table[t].n; i++) {
		struct row *row = s->table[t].row[i];
		double a, b;
		enum state why;

		if (derive_operand(t, row, left, &a, &why) &&
		    derive_operand(t, row, right, &b, &why))
			derive_number(s, row, column, a + b);
		else
			derive_missing(s, row, column, why);
	}
}

void derive_list_add(struct derive_list *list, const char *name)
{
	if (list->left_out || list->text.len + strlen(name) + 1 > LIST_BYTES) {
		list->left_out++;
		return;
	}
	if (list->text.len)
		text_append(&list->text, " ", 1);
	text_append(&list->text, name, strlen(name));
}

void derive_list_done(struct derive_list *list, struct snapshot *s, struct row *row, int column)
{
	char more[32];

	if (list->left_out) {
		snprintf(more, sizeof(more), "%s+%zu", list->text.len ? " " : "", list->left_out);
		text_append(&list->text, more, strlen(more));
	}
	cell_set_text(s, row, column, list->text.len ? list->text.p : "", s->moment.mono_ns);
	text_done(&list->text);
	list->left_out = 0;
}

struct row *derive_host(struct snapshot *s)
{
	return snapshot_row(s, TABLE_HOST, key_host(0));
}

/*
 * A worker thread that has come since the sample before: all of its time belongs to this interval.
 * Without this a guest whose workers come and go would hardly ever have a sum.
 */
static bool is_newborn(
    const struct snapshot *s, enum table_id t, const struct row *row, int column, double *ret)
{
	const struct cell *cell = &row->cell[column];
	uint64_t born_ns = (row->key.item >> 24) * TICK_NS;

	if (t != TABLE_THREAD || s->interval_ns == 0 || cell->state != STATE_OK ||
	    cell->rate_state != STATE_FIRST || cell->count > s->interval_ns ||
	    born_ns + s->interval_ns < s->moment.mono_ns)
		return false;
	*ret = (double)cell->count / (double)s->interval_ns;
	return true;
}

void derive_add_to_domain(struct snapshot *s, enum table_id from, int column,
    bool (*takes)(const struct row *row), int to_column)
{
	const struct column *c = &table_kinds[from].column[column];
	const struct table *t = &s->table[from];

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];
		struct cell *sum;
		double v;

		if (!row->domain || (takes && !takes(row)))
			continue;
		sum = &row->domain->cell[to_column];
		/* One part without a figure, and there is no sum; cells are zero at first. */
		if (sum->at_ns && sum->state != STATE_OK)
			continue;
		if (cell_value(c, &row->cell[column], &v) || is_newborn(s, from, row, column, &v))
			derive_number(s, row->domain, to_column,
			    (sum->state == STATE_OK ? sum->number : 0) + v);
		else
			derive_missing(
			    s, row->domain, to_column, cell_state(c, &row->cell[column]));
	}
}

bool derive_lacks_guests(const struct snapshot *s)
{
	return s->one_guest;
}

bool derive_is_untold(const struct row *domain)
{
	return cell_has(domain, DOMAIN_VCPUS_UNTOLD);
}

bool derive_lacks_vcpus(const struct snapshot *s)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		if (derive_is_untold(s->table[TABLE_DOMAIN].row[i]))
			return true;
	return s->one_guest;
}

void derive_unknown(struct snapshot *s, enum table_id t, int column)
{
	for (size_t i = 0; i < s->table[t].n; i++)
		derive_missing(s, s->table[t].row[i], column, STATE_UNKNOWN);
}
