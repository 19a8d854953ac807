/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPUs serve the interrupts of devices. The kernel writes a number for each interrupt and
 * CPU, which is much on a large host: so it is read now and then, and only while a vCPU has a CPU
 * for itself, where an interrupt would be in its way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/parse.h"
#include "base/root.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "collectors/collector.h"

/* What the text may make us hold: no host has more interrupts, or CPUs. */
#define INTERRUPTS_MAX 65536
#define CPUS_MAX 8192

/* A numbered line of proc/interrupts. */
struct interrupt {
	uint64_t number;
	uint64_t seen;  /* the reading in which it was last there */
	uint64_t *last; /* how often it came, by the columns of the text; NULL: not read before */
};

/* A CPU, by the columns of the text. */
struct column_sum {
	uint64_t cpu, sum;
	uint64_t top_count; /* since the reading before */
	struct slice top_name;
	uint64_t top_number;
};

struct interrupts {
	struct interrupt *interrupt;
	size_t n, cap;
	size_t next; /* where the line that comes next probably is */
	struct column_sum *column;
	size_t columns;
	uint64_t reading;
};

void *interrupts_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct interrupts));
}

static void forget(struct interrupts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->interrupt[i].last);
	t->n = 0;
}

void interrupts_close(void *state)
{
	struct interrupts *t = state;

	forget(t);
	free(t->interrupt);
	free(t->column);
	free(t);
}

/* "CPU0 CPU1 CPU3": those that are online. False: it is no such line. */
static bool take_head(struct interrupts *t, struct cursor *line)
{
	struct column_sum *column = xcalloc(CPUS_MAX, sizeof(*column));
	struct slice word;
	bool same;
	size_t n = 0;

	while (n < CPUS_MAX && cursor_field(line, &word)) {
		if (!slice_starts(word, "CPU") ||
		    slice_u64((struct slice){ word.p + 3, word.len - 3 }, &column[n].cpu) < 0)
			break;
		n++;
	}
	same = n == t->columns;
	for (size_t i = 0; same && i < n; i++)
		same = column[i].cpu == t->column[i].cpu;
	/* Other CPUs: what was counted before does not compare. */
	if (!same)
		forget(t);
	free(t->column);
	t->column = column;
	t->columns = n;
	return n > 0;
}

/* The kernel lists them in the same order each time. NULL: there are too many. */
static struct interrupt *find_interrupt(struct interrupts *t, uint64_t number)
{
	for (size_t i = 0; i < t->n; i++) {
		struct interrupt *one = &t->interrupt[(t->next + i) % t->n];

		if (one->number == number) {
			t->next = (size_t)(one - t->interrupt) + 1;
			return one;
		}
	}
	if (t->n == INTERRUPTS_MAX)
		return NULL;
	t->interrupt = xgrow(t->interrupt, t->n, &t->cap, sizeof(*t->interrupt));
	t->interrupt[t->n] = (struct interrupt){ .number = number };
	t->next = t->n + 1;
	return &t->interrupt[t->n++];
}

/* What stands behind the last two blanks: the names of those who asked for it. */
static struct slice name_of(struct slice rest)
{
	size_t from = 0;

	for (size_t i = 1; i < rest.len; i++)
		if (rest.p[i] == ' ' && rest.p[i - 1] == ' ')
			from = i + 1;
	return (struct slice){ rest.p + from, rest.len - from };
}

/*
 * Those of a guest's own device are best served where the guest runs, and each CPU has its own
 * timer, which some architectures list here.
 */
static bool is_counted(struct slice name)
{
	static const char timer[] = "timer";
	size_t len = sizeof(timer) - 1;

	return !slice_starts(name, "vfio") &&
	       (name.len < len || memcmp(name.p + name.len - len, timer, len) != 0);
}

/* " 36:          0    6771645 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0" */
static void take_line(struct interrupts *t, struct cursor *line)
{
	uint64_t *counts, number;
	struct interrupt *one;
	struct slice word, name;
	size_t n = 0;

	if (!cursor_split(line, ':', &word) || slice_u64(slice_trim(word), &number) < 0)
		return;
	one = find_interrupt(t, number);
	if (!one || one->seen == t->reading)
		return;
	counts = xcalloc(t->columns, sizeof(*counts));
	while (n < t->columns && cursor_u64(line, &counts[n]) == 0)
		n++;
	name = name_of(cursor_rest(line));
	if (n < t->columns || !is_counted(name)) {
		free(counts);
		return;
	}
	one->seen = t->reading;
	for (size_t i = 0; i < n; i++) {
		struct column_sum *c = &t->column[i];
		uint64_t came =
		    one->last && counts[i] > one->last[i] ? counts[i] - one->last[i] : 0;

		c->sum += counts[i];
		if (came <= c->top_count)
			continue;
		c->top_count = came;
		c->top_name = name;
		c->top_number = number;
	}
	free(one->last);
	one->last = counts;
}

/* One whose device is gone: what it counted is missing in the sums from now on. */
static void drop_gone(struct interrupts *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->interrupt[i].seen == t->reading)
			t->interrupt[kept++] = t->interrupt[i];
		else
			free(t->interrupt[i].last);
	t->n = kept;
}

static void write_columns(struct reading *r, const struct interrupts *t)
{
	for (size_t i = 0; i < t->columns; i++) {
		const struct column_sum *c = &t->column[i];
		struct row *row = snapshot_row(r->into, TABLE_CPU, key_host(c->cpu));
		char *top;

		cell_set_count(row, CPU_INTERRUPTS, c->sum, reading_now(r));
		if (c->top_count == 0)
			continue;
		top = xasprintf("%u %.*s", (unsigned)c->top_number,
		    (int)(c->top_name.len < 64 ? c->top_name.len : 64), c->top_name.p);
		cell_set_text(r->into, row, CPU_TOP_INTERRUPT, top, reading_now(r));
		free(top);
	}
}

/* A vCPU may run on one CPU alone. */
static bool is_wanted(const struct snapshot *latest)
{
	const struct table *vcpus = &latest->table[TABLE_VCPU];

	for (size_t i = 0; i < vcpus->n; i++) {
		const char *cpus = cell_text(vcpus->row[i], VCPU_AFFINITY);

		if (*cpus && cpus[strspn(cpus, "0123456789")] == '\0')
			return true;
	}
	return false;
}

static bool take_text(struct interrupts *t, const struct text *text)
{
	struct cursor lines, line;

	cursor_init(&lines, text->p, text->len);
	if (!cursor_line(&lines, &line) || !take_head(t, &line))
		return false;
	t->reading++;
	t->next = 0;
	while (cursor_line(&lines, &line))
		take_line(t, &line);
	drop_gone(t);
	return true;
}

enum state interrupts_read(struct reading *r)
{
	struct interrupts *t = r->state;
	struct text text = { 0 };
	enum state state = STATE_OK;
	int e;

	r->waits = !r->latest;
	if (r->waits)
		return STATE_ABSENT;
	if (!is_wanted(r->latest)) {
		forget(t);
		reading_note(r, "No vCPU has a CPU for itself: no interrupt is in the way.");
		return STATE_OK;
	}
	e = root_read_all(r->root, "proc/interrupts", &text);
	if (e < 0 || !take_text(t, &text)) {
		state = e < 0 ? state_of_errno(e) : STATE_ABSENT;
		reading_lacks(
		    r, e < 0 ? "proc/interrupts cannot be read." : "proc/interrupts names no CPU.");
	} else {
		write_columns(r, t);
	}
	text_done(&text);
	return state;
}
