/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/mark.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/format.h"
#include "model/snapshot.h"

/* Where memory of a guest lies matters little to one that hardly runs. */
#define LOCAL_CPU_MIN 0.10

/* @column, or its share of @whole; what @beside holds counts with it. Not marked where @guard is
 * less than @least, or not known. */
static const struct limit {
	enum table_id table;
	int column, whole,
	    beside; /* the last two: 0 for none; no table counts in its first column */
	bool below; /* less is worse */
	double warn, crit;
	int guard; /* 0: none */
	double least;
} limits[] = {
	{ TABLE_HOST, HOST_BUSY, 0, 0, false, 0.90, 0.97, 0, 0 },
	{ TABLE_HOST, HOST_WAIT, 0, 0, false, 0.10, 0.20, 0, 0 },
	{ TABLE_HOST, HOST_STEAL, 0, 0, false, 0.01, 0.10, 0, 0 },
	{ TABLE_HOST, HOST_MEMORY_USED, 0, 0, false, 0.90, 0.97, 0, 0 },
	/* Swap in use is worth a look; swap that moves (bytes a second) hurts. */
	{ TABLE_HOST, HOST_SWAP_FREE, HOST_SWAP_TOTAL, 0, true, 1.00, 0.05, 0, 0 },
	{ TABLE_HOST, HOST_SWAP_IN, 0, 0, false, 0, 1 << 20, 0, 0 },
	{ TABLE_HOST, HOST_SWAP_OUT, 0, 0, false, 0, 1 << 20, 0, 0 },
	{ TABLE_NODE, NODE_BUSY, 0, 0, false, 0.90, 0.97, 0, 0 },
	/* The page cache gives way to guests. */
	{ TABLE_NODE, NODE_FREE, NODE_TOTAL, NODE_FILE, true, 0.05, 0.02, 0, 0 },
	{ TABLE_CPU, CPU_STEAL, 0, 0, false, 0.01, 0.10, 0, 0 },
	{ TABLE_DOMAIN, DOMAIN_WAIT, 0, 0, false, 0.10, 0.20, 0, 0 },
	{ TABLE_DOMAIN, DOMAIN_WAIT_WORST, 0, 0, false, 0.10, 0.20, 0, 0 },
	{ TABLE_DOMAIN, DOMAIN_LOCAL, 0, 0, true, 0.90, 0.60, DOMAIN_CPU, LOCAL_CPU_MIN },
	{ TABLE_DOMAIN, DOMAIN_SWAPPED, 0, 0, false, 0, INFINITY, 0, 0 },
	{ TABLE_DOMAIN, DOMAIN_STUCK, 0, 0, false, 0, 0, 0, 0 },
	{ TABLE_VCPU, VCPU_WAIT, 0, 0, false, 0.10, 0.20, 0, 0 },
	{ TABLE_DISK, DISK_LATENCY, 0, 0, false, 0.020, 0.100, 0, 0 },
	{ TABLE_DISK, DISK_FLUSH_LATENCY, 0, 0, false, 0.050, 0.200, 0, 0 },
	{ TABLE_DISK, DISK_LIMIT_USED, 0, 0, false, 0.80, 0.95, 0, 0 },
	{ TABLE_DISK, DISK_HOST_UTIL, 0, 0, false, 0.80, 0.95, 0, 0 },
	{ TABLE_DISK, DISK_HOST_AWAIT, 0, 0, false, 0.020, 0.100, 0, 0 },
	/* A cache that does not hold all tables hurts who asks all over the image. */
	{ TABLE_DISK, DISK_L2_COVERED, 0, 0, true, 1.00, 0, DISK_REQUESTS, 100 },
	{ TABLE_BLOCKDEV, BLOCKDEV_UTIL, 0, 0, false, 0.80, 0.95, 0, 0 },
	{ TABLE_BLOCKDEV, BLOCKDEV_AWAIT, 0, 0, false, 0.020, 0.100, 0, 0 },
	{ TABLE_BLOCKDEV, BLOCKDEV_RETRANSMITS, 0, 0, false, 0, 10, 0, 0 },
	{ TABLE_DOMAIN, DOMAIN_DISK_LATENCY, 0, 0, false, 0.020, 0.100, 0, 0 },
	{ TABLE_NIC, NIC_DROPS, 0, 0, false, 1, 50, 0, 0 },
	{ TABLE_NIC, NIC_VHOST_BUSIEST, 0, 0, false, 0.70, 0.95, 0, 0 },
	{ TABLE_NIC, NIC_VHOST_WAIT, 0, 0, false, 0.10, 0.20, 0, 0 },
	{ TABLE_INTERFACE, INTERFACE_USED, 0, 0, false, 0.80, 0.95, 0, 0 },
	/* Some are dropped because nobody asked for them. */
	{ TABLE_INTERFACE, INTERFACE_DROPS, 0, 0, false, 10, 500, 0, 0 },
	{ TABLE_INTERFACE, INTERFACE_ERRORS, 0, 0, false, 1, 50, 0, 0 },
	{ TABLE_DOMAIN, DOMAIN_NET_DROPS, 0, 0, false, 1, 50, 0, 0 },
	/* Counters that took turns are estimates. */
	{ TABLE_DOMAIN, DOMAIN_COUNTED, 0, 0, true, 0.995, 0.05, 0, 0 },
	{ TABLE_VCPU, VCPU_COUNTED, 0, 0, true, 0.995, 0.05, 0, 0 },
	{ TABLE_EVENT, EVENT_COUNTED, 0, 0, true, 0.995, 0.05, 0, 0 },
	{ TABLE_DOMAIN, DOMAIN_REMOTE, 0, 0, false, 0.10, 0.40, DOMAIN_REMOTE_LOADS, 1e5 },
	{ TABLE_VCPU, VCPU_REMOTE, 0, 0, false, 0.10, 0.40, VCPU_REMOTE_LOADS, 1e5 },
	{ TABLE_THREAD, THREAD_WAIT, 0, 0, false, 0.10, 0.20, 0, 0 },
};

static bool value_of(const struct limit *l, const struct row *row, double *ret)
{
	const struct column *c = &table_kinds[l->table].column[l->column];
	double whole;

	if (!cell_value(c, &row->cell[l->column], ret))
		return false;
	if (l->beside)
		*ret += cell_number(row, l->beside, 0);
	if (!l->whole)
		return true;
	whole = cell_number(row, l->whole, 0);
	*ret /= whole;
	return whole > 0;
}

static bool is_guarded(const struct limit *l, const struct row *row)
{
	double v;

	return l->guard &&
	       !(cell_value(&table_kinds[l->table].column[l->guard], &row->cell[l->guard], &v) &&
		   v >= l->least);
}

/* At a limit is within it: a figure is marked when it is shown as worse. */
static bool is_worse(const struct limit *l, double v, double limit)
{
	return l->below ? v < limit : v > limit;
}

bool mark_has(enum table_id t, int column)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].table == t && limits[i].column == column)
			return true;
	return false;
}

enum mark mark_of(enum table_id t, const struct row *row, int column)
{
	for (size_t i = 0; row && i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct limit *l = &limits[i];
		double v;

		if (l->table != t || l->column != column)
			continue;
		if (is_guarded(l, row) || !value_of(l, row, &v))
			return MARK_NONE;
		return is_worse(l, v, l->crit)   ? MARK_CRIT
		       : is_worse(l, v, l->warn) ? MARK_WARN
						 : MARK_NONE;
	}
	return MARK_NONE;
}

/* "10 %", "1.0M/s". */
static void print_value(const struct column *c, bool is_part, double v, char buf[2 * FORMAT_SIZE])
{
	bool is_rate = c->kind == KIND_COUNTER || c->unit == UNIT_PER_SECOND ||
		       c->unit == UNIT_BYTES_PER_SECOND;
	char text[FORMAT_SIZE];
	size_t len;

	if (is_part || c->show == SHOW_PERCENT) {
		format_integer(v * 100, 5, text);
		snprintf(buf, 2 * FORMAT_SIZE, "%s %%", text);
		return;
	}
	format_value(c, v, 7, text);
	len = strlen(text);
	if (len > 2 && strcmp(text + len - 2, ".0") == 0)
		text[len - 2] = '\0';
	snprintf(buf, 2 * FORMAT_SIZE, "%s%s", text, is_rate && v > 0 ? "/s" : "");
}

/* Nothing is less than nothing. */
static bool has_alarm(const struct limit *l)
{
	return !isinf(l->crit) && l->crit != l->warn && !(l->below && l->crit <= 0);
}

static void print_levels(const struct limit *l, char *buf, size_t size)
{
	const struct column *c = &table_kinds[l->table].column[l->column];
	const char *word = l->below ? "below" : "above";
	char warn[2 * FORMAT_SIZE], crit[2 * FORMAT_SIZE];

	print_value(c, l->whole, l->warn, warn);
	if (!has_alarm(l)) {
		snprintf(buf, size, "%s %s", word, warn);
		return;
	}
	print_value(c, l->whole, l->crit, crit);
	snprintf(buf, size, "%s %s, as an alarm %s %s", word, warn, word, crit);
}

bool mark_rule(size_t number, struct mark_rule *ret)
{
	const struct limit *l = &limits[number];
	const struct column *columns;
	char levels[MARK_RULE_SIZE / 2], least[2 * FORMAT_SIZE];
	size_t n = 0;

	if (number >= sizeof(limits) / sizeof(limits[0]))
		return false;
	columns = table_kinds[l->table].column;
	*ret = (struct mark_rule){ .table = l->table, .column = l->column };
	print_levels(l, levels, sizeof(levels));
	n = (size_t)snprintf(ret->text, sizeof(ret->text), "%s", levels);
	if (l->whole)
		n += (size_t)snprintf(
		    ret->text + n, sizeof(ret->text) - n, " of %s", columns[l->whole].name);
	if (l->beside)
		n += (size_t)snprintf(ret->text + n, sizeof(ret->text) - n, ", %s counted with it",
		    columns[l->beside].name);
	if (l->guard) {
		print_value(&columns[l->guard], false, l->least, least);
		snprintf(ret->text + n, sizeof(ret->text) - n, "; only where %s is at least %s",
		    columns[l->guard].name, least);
	}
	return true;
}

enum style mark_style(enum mark mark, enum style style)
{
	switch (mark) {
	case MARK_WARN:
		return STYLE_WARN;
	case MARK_CRIT:
		return STYLE_CRIT;
	case MARK_NONE:
		break;
	}
	return style;
}

const char *mark_sign(enum mark mark)
{
	return mark == MARK_NONE ? " " : MARK_SIGN;
}
