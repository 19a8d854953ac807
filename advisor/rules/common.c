/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/rules/common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "advisor/finding.h"

#define SYSCTL_FILE "etc/sysctl.d/90-kvmtop.conf"
#define MODPROBE_FILE "etc/modprobe.d/kvmtop.conf"

bool guest_runs(const struct row *domain)
{
	return cell_has(domain, DOMAIN_PID);
}

bool guest_has_pool(const struct row *domain)
{
	return cell_number(domain, DOMAIN_HUGE_SIZE, 0) > 0 ||
	       cell_number(domain, DOMAIN_HUGETLB, 0) > 0;
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += len)
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

bool has_backing(const struct row *domain, const char *word)
{
	return has_word(cell_text(domain, DOMAIN_MEMORY_BACKING), word);
}

/* "": nobody knows. */
static const char *backing_to_come(const struct row *domain)
{
	return cell_text(domain, cell_has(domain, DOMAIN_MEMORY_BACKING_SAVED)
				     ? DOMAIN_MEMORY_BACKING_SAVED
				     : DOMAIN_MEMORY_BACKING);
}

bool will_have_backing(const struct row *domain, const char *word)
{
	return has_word(backing_to_come(domain), word);
}

void plan_backing(struct plan *out, const struct row *domain, const char *element, const char *xml)
{
	const char *backing = backing_to_come(domain);
	struct text target = { 0 }, value = { 0 };

	if (!*backing) {
		plan_refuse(out, "it is not known what its XML says of its memory");
		return;
	}
	print_text(&target, "memoryBacking");
	if (strcmp(backing, "none") == 0) {
		print_format(&value, "<memoryBacking>%s</memoryBacking>", xml);
	} else {
		print_format(&target, "/%s", element);
		print_text(&value, xml);
	}
	plan_add(out, ACTION_DEFINE, domain, target.p, NULL, value.p)->saved = true;
	text_done(&target);
	text_done(&value);
}

/* Of QEMU itself: video memory, caches, stacks of threads. */
#define OVERHEAD (200 * MIB)

bool read_promise(const struct subject *s, struct promise *ret)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	struct promise p = { 0 };
	double total, memory;

	if (!figure_of(TABLE_HOST, s->host, HOST_MEMORY_TOTAL, &total))
		return false;
	for (size_t i = 0; i < guests->n; i++) {
		const struct row *g = guests->row[i];

		if (!guest_runs(g) || guest_has_pool(g) ||
		    !figure_of(TABLE_DOMAIN, g, DOMAIN_MEMORY, &memory))
			continue;
		p.guests++;
		p.bytes += memory + OVERHEAD;
	}
	p.reserve = fmax(2 * GIB, 0.05 * total);
	p.memory = total - cell_number(s->host, HOST_HUGETLB, 0);
	*ret = p;
	return true;
}

const char *number_text(double v, char buf[NUMBER_SIZE])
{
	/* As a fraction it would take four times as long to write. */
	snprintf(buf, NUMBER_SIZE, "%lld", llround(v));
	return buf;
}

static void plan_drop_in(struct plan *out, const char *file, struct text *line)
{
	plan_add_lasting(out, ACTION_DROP_IN, NULL, file, NULL, line->p);
	text_done(line);
}

void plan_sysctl(struct plan *out, const char *name, const char *now, const char *value)
{
	struct text line = { 0 };

	plan_add(out, ACTION_SYSCTL, NULL, name, now, value);
	print_format(&line, "%s = %s", name, value);
	plan_drop_in(out, SYSCTL_FILE, &line);
}

void plan_setting(struct plan *out, const char *path, const char *now, const char *value)
{
	struct text line = { 0 };

	plan_add(out, ACTION_WRITE, NULL, path, now, value);
	print_format(&line, "w /%s - - - - %s", path, value);
	plan_drop_in(out, TMPFILES_FILE, &line);
}

void plan_parameter(
    struct plan *out, const char *module, const char *name, const char *now, const char *value)
{
	struct text path = { 0 }, line = { 0 };

	print_format(&path, "sys/module/%s/parameters/%s", module, name);
	plan_add(out, ACTION_WRITE, NULL, path.p, now, value);
	text_done(&path);
	print_format(&line, "options %s %s=%s", module, name, value);
	plan_drop_in(out, MODPROBE_FILE, &line);
}

double sum_of_guests(const struct subject *s, int column)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	double sum = 0;

	for (size_t i = 0; i < guests->n; i++)
		sum += figure_or(TABLE_DOMAIN, guests->row[i], column, 0);
	return sum;
}

/* Whether a value that nobody has may still come. */
static bool may_come(const struct subject *s, const struct column *c, enum state state)
{
	const struct row *source = snapshot_find(s->now, TABLE_SOURCE, key_host(c->src));

	return state == STATE_FIRST || state == STATE_RESET ||
	       (source && is_text(source, SOURCE_STATE, "starting"));
}

static enum outcome add_figure(
    const struct subject *s, enum table_id table, const struct row *row, int column, double *sum)
{
	const struct column *c = &table_kinds[table].column[column];
	double v;

	if (figure_of(table, row, column, &v)) {
		*sum += v;
		return OUTCOME_FIGURE;
	}
	return may_come(s, c, cell_state(c, &row->cell[column])) ? OUTCOME_NONE : OUTCOME_MISSING;
}

/* The column in which KVM counts the same for the whole guest; -1: there is none. */
static int column_of_whole(int vcpu_column)
{
	const struct column *of_vcpu = &table_kinds[TABLE_VCPU].column[vcpu_column];

	for (int i = 0; of_vcpu->src == SRC_KVM && i < DOMAIN_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_DOMAIN].column[i];

		if (c->src == SRC_KVM && c->key && strcmp(c->key, of_vcpu->key) == 0)
			return i;
	}
	return -1;
}

/* A figure of one vCPU is worth more than none of the others. */
static enum outcome add_vcpus(
    const struct subject *s, const struct row *domain, int column, double *sum)
{
	enum outcome outcome = OUTCOME_NONE;
	size_t n;
	int whole;
	const struct row *const *row = subject_rows(s, TABLE_VCPU, domain, &n);

	for (size_t i = 0; i < n; i++) {
		enum outcome o = add_figure(s, TABLE_VCPU, row[i], column, sum);

		if (o == OUTCOME_FIGURE || outcome == OUTCOME_NONE)
			outcome = o;
	}
	whole = outcome == OUTCOME_MISSING ? column_of_whole(column) : -1;
	if (whole >= 0)
		outcome = add_figure(s, TABLE_DOMAIN, domain, whole, sum);
	return outcome;
}

enum outcome sum_of_vcpus(
    const struct subject *s, const struct row *domain, int column, double *ret)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	enum outcome outcome = OUTCOME_NONE;
	double sum = 0;

	for (size_t i = 0; i < guests->n; i++) {
		enum outcome o;

		if (domain && guests->row[i] != domain)
			continue;
		o = add_vcpus(s, guests->row[i], column, &sum);
		if (o == OUTCOME_FIGURE || outcome == OUTCOME_NONE)
			outcome = o;
	}
	if (outcome == OUTCOME_FIGURE)
		*ret = sum;
	return outcome;
}

double now_seconds(const struct subject *s)
{
	return (double)s->now->moment.mono_ns / (double)NS_PER_SEC;
}

bool figure_found(const struct subject *s, const char *rule, double *ret)
{
	const struct row *finding =
	    snapshot_find(s->now, TABLE_FINDING, finding_key(rule_find(rule), s->row->key));

	if (!finding || !cell_has(finding, FINDING_FIGURE))
		return false;
	*ret = cell_number(finding, FINDING_FIGURE, 0);
	return true;
}

/* Rules have the others for themselves. */
enum {
	MEMO_OPEN = MEMO_NUMBERS - 2,
	MEMO_CLOSED_S, /* since when it is not, though it still counts; 0: it is */
};

bool gate_was_open(const struct subject *s)
{
	return s->memo && s->memo->v[MEMO_OPEN] > 0;
}

bool gate_holds(const struct subject *s, bool open)
{
	double *v = s->memo ? s->memo->v : NULL, now_s = now_seconds(s);

	if (!v)
		return open;
	if (open) {
		v[MEMO_CLOSED_S] = 0;
		v[MEMO_OPEN] = 1;
	} else if (v[MEMO_OPEN] > 0) {
		if (v[MEMO_CLOSED_S] <= 0)
			v[MEMO_CLOSED_S] = now_s;
		v[MEMO_OPEN] = now_s - v[MEMO_CLOSED_S] < GATE_MOMENT_S;
	}
	return v[MEMO_OPEN] > 0;
}
