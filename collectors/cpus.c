/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's CPUs: their time, where they sit, how fast they run; load and uptime. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpulist.h"
#include "base/parse.h"
#include "base/print.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/values.h"

#define CPU_DIR "sys/devices/system/cpu/cpu"
/* Of proc/cpuinfo: the first CPU. */
#define CPUINFO_MAX 8192
/* The line "intr" names every interrupt of the host: it alone may have tens of KiB. */
#define STAT_FIRST ((size_t)32 << 10)
#define STAT_MAX ((size_t)8 << 20)
/* Captured hosts do not tell; no architecture that KVM runs on has other ticks. */
#define CAPTURED_TICK_NS (10 * NS_PER_MS)

/* Fields of a CPU's line in proc/stat, in clock ticks. Old kernels end earlier. */
enum field {
	FIELD_USER, /* has guest in it */
	FIELD_NICE, /* has guest_nice in it */
	FIELD_SYSTEM,
	FIELD_IDLE,
	FIELD_IOWAIT,
	FIELD_IRQ,
	FIELD_SOFTIRQ,
	FIELD_STEAL,
	FIELD_GUEST,
	FIELD_GUEST_NICE,
	FIELDS
};

struct cpu {
	uint64_t seen;   /* the sample in which it was last online */
	struct row *row; /* in the snapshot that is just being built */
	uint64_t last_ns[CPU_COLUMNS];
	int64_t core, package; /* -1: not told */
	char siblings[128], cache[128];
	char governor[32], driver[32], preference[32];
	uint64_t frequency_hz; /* 0: not told */
	uint64_t frequency_ns; /* when all of cpufreq was read; 0: never */
};

struct cpus {
	struct cpu **cpu; /* by number; NULL: offline */
	size_t n;
	struct kept stat, loadavg, uptime;
	char *text; /* of proc/stat */
	size_t size;
	uint64_t sample, online;
	uint64_t before_ns;    /* of the sample before */
	const char *apic_help; /* NULL: cannot be read */
	const char *tsc;       /* NULL: it has none that proc/cpuinfo tells of */
	struct text features;
	bool knows_model; /* it was tried */
	bool changed;     /* other CPUs are online than in the sample before */
};

void *cpus_open(const struct sampling *options)
{
	struct cpus *c = xcalloc(1, sizeof(*c));

	(void)options;
	c->size = STAT_FIRST;
	c->text = xmalloc(c->size);
	return c;
}

static void forget_cpus(struct cpus *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->cpu[i]);
	free(c->cpu);
	c->cpu = NULL;
	c->n = 0;
}

void cpus_close(void *state)
{
	struct cpus *c = state;

	forget_cpus(c);
	kept_done(&c->stat);
	kept_done(&c->loadavg);
	kept_done(&c->uptime);
	text_done(&c->features);
	free(c->text);
	free(c);
}

static int read_stat(struct cpus *c, const struct root *root)
{
	for (;;) {
		ssize_t n = root_read_kept(root, &c->stat, "proc/stat", c->text, c->size);

		if (n < 0)
			return (int)n;
		if ((size_t)n < c->size - 1 || c->size >= STAT_MAX)
			return 0;
		c->size *= 2;
		c->text = xrealloc(c->text, c->size, 1);
	}
}

static struct cpu *find_cpu(struct cpus *c, size_t number)
{
	if (number >= c->n) {
		size_t n = number + 1 > c->n * 2 ? number + 1 : c->n * 2;

		c->cpu = xrealloc(c->cpu, n, sizeof(*c->cpu));
		memset(&c->cpu[c->n], 0, (n - c->n) * sizeof(*c->cpu));
		c->n = n;
	}
	if (!c->cpu[number]) {
		c->cpu[number] = xcalloc(1, sizeof(struct cpu));
		c->changed = true;
	}
	return c->cpu[number];
}

/*
 * The kernel puts idle and iowait together anew at each reading, and takes what belongs to the tick
 * under way from other CPUs without a lock: both may go back by some ticks, and so may user time
 * less guest time. A counter stands still then; that it began anew means more than a second.
 */
static uint64_t steady(uint64_t *last_ns, uint64_t v_ns)
{
	if (v_ns < *last_ns && *last_ns - v_ns < NS_PER_SEC)
		return *last_ns;
	*last_ns = v_ns;
	return v_ns;
}

static void set_time(struct cpu *cpu, int column, uint64_t ticks, uint64_t tick_ns, uint64_t at_ns)
{
	cell_set_count(cpu->row, column, steady(&cpu->last_ns[column], ticks * tick_ns), at_ns);
}

static uint64_t without(uint64_t from, uint64_t part)
{
	return from > part ? from - part : 0;
}

/* @n fields were there. */
static void set_times(
    struct cpu *cpu, const uint64_t f[FIELDS], size_t n, uint64_t tick_ns, uint64_t at_ns)
{
	set_time(cpu, CPU_USER,
	    without(f[FIELD_USER], f[FIELD_GUEST]) + without(f[FIELD_NICE], f[FIELD_GUEST_NICE]),
	    tick_ns, at_ns);
	set_time(cpu, CPU_SYSTEM, f[FIELD_SYSTEM], tick_ns, at_ns);
	set_time(cpu, CPU_IDLE, f[FIELD_IDLE], tick_ns, at_ns);
	if (n > FIELD_IOWAIT)
		set_time(cpu, CPU_IOWAIT, f[FIELD_IOWAIT], tick_ns, at_ns);
	if (n > FIELD_SOFTIRQ)
		set_time(cpu, CPU_IRQ, f[FIELD_IRQ] + f[FIELD_SOFTIRQ], tick_ns, at_ns);
	if (n > FIELD_STEAL)
		set_time(cpu, CPU_STEAL, f[FIELD_STEAL], tick_ns, at_ns);
	if (n > FIELD_GUEST)
		set_time(cpu, CPU_GUEST, f[FIELD_GUEST] + f[FIELD_GUEST_NICE], tick_ns, at_ns);
}

/* "cpu17 4705 0 …": false when the line is damaged. */
static bool take_cpu(
    struct cpus *c, struct reading *r, uint64_t number, struct cursor *line, uint64_t tick_ns)
{
	uint64_t f[FIELDS] = { 0 };
	struct cpu *cpu;
	size_t n = 0;

	while (n < FIELDS && cursor_u64(line, &f[n]) == 0)
		n++;
	if (n <= FIELD_IDLE || number >= CPUSET_MAX)
		return false;
	cpu = find_cpu(c, (size_t)number);
	if (cpu->seen == c->sample)
		return false;
	cpu->seen = c->sample;
	cpu->row = snapshot_row(r->into, TABLE_CPU, key_host(number));
	cell_set_number(cpu->row, CPU_NUMBER, (double)number, reading_now(r));
	set_times(cpu, f, n, tick_ns, reading_now(r));
	c->online++;
	return true;
}

/* "ctxt 123", "intr 123 0 0 …": the first number, where a column of the host wants it. */
static void take_host(struct reading *r, struct slice key, struct cursor *line)
{
	uint64_t v;

	for (int i = 0; i < HOST_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_HOST].column[i];

		if (c->src == SRC_CPUS && c->key && c->kind == KIND_COUNTER &&
		    slice_eq(key, c->key) && cursor_u64(line, &v) == 0)
			cell_set_count(
			    snapshot_row(r->into, TABLE_HOST, key_host(0)), i, v, reading_now(r));
	}
}

static void take_stat(struct cpus *c, struct reading *r, uint64_t tick_ns)
{
	uint64_t number, damaged = 0;
	struct cursor text, line;
	struct slice word;

	cursor_init(&text, c->text, strlen(c->text));
	while (cursor_line(&text, &line)) {
		if (!cursor_field(&line, &word))
			continue;
		if (!slice_starts(word, "cpu"))
			take_host(r, word, &line);
		else if (slice_u64((struct slice){ word.p + 3, word.len - 3 }, &number) == 0)
			damaged += !take_cpu(c, r, number, &line, tick_ns);
	}
	if (damaged)
		reading_note(
		    r, "proc/stat: lines of %u CPUs make no sense.", (unsigned int)damaged);
}

static void drop_offline(struct cpus *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->cpu[i] && c->cpu[i]->seen != c->sample) {
			free(c->cpu[i]);
			c->cpu[i] = NULL;
			c->changed = true;
		}
}

static ssize_t read_cpu_file(
    struct reading *r, size_t number, const char *file, char *buf, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), CPU_DIR "%zu/%s", number, file);
	return root_read(r->root, path, buf, size);
}

static int64_t read_cpu_number(struct reading *r, size_t number, const char *file)
{
	char buf[32];
	int64_t v;

	return read_cpu_file(r, number, file, buf, sizeof(buf)) > 0 && parse_i64(buf, &v) == 0 ? v
											       : -1;
}

/* A word, or "" where there is no such file. */
static void read_cpu_word(
    struct reading *r, size_t number, const char *file, char *ret, size_t size)
{
	char buf[128];

	if (read_cpu_file(r, number, file, buf, sizeof(buf)) <= 0)
		buf[0] = '\0';
	slice_copy(slice_trim(slice_of(buf)), ret, size);
}

static void read_topology(struct reading *r, struct cpu *cpu, size_t number)
{
	cpu->core = read_cpu_number(r, number, "topology/core_id");
	cpu->package = read_cpu_number(r, number, "topology/physical_package_id");
	read_cpu_word(
	    r, number, "topology/thread_siblings_list", cpu->siblings, sizeof(cpu->siblings));
	read_cpu_word(r, number, "cache/index3/shared_cpu_list", cpu->cache, sizeof(cpu->cache));
}

static void read_frequency(struct reading *r, struct cpu *cpu, size_t number)
{
	int64_t khz = read_cpu_number(r, number, "cpufreq/scaling_cur_freq");

	cpu->frequency_hz = khz > 0 ? (uint64_t)khz * 1000 : 0;
	read_cpu_word(r, number, "cpufreq/scaling_governor", cpu->governor, sizeof(cpu->governor));
	read_cpu_word(r, number, "cpufreq/scaling_driver", cpu->driver, sizeof(cpu->driver));
	read_cpu_word(r, number, "cpufreq/energy_performance_preference", cpu->preference,
	    sizeof(cpu->preference));
	cpu->frequency_ns = reading_now(r);
}

static void write_cpu(struct reading *r, const struct cpu *cpu)
{
	uint64_t at_ns = reading_now(r);

	if (cpu->core >= 0)
		cell_set_number(cpu->row, CPU_CORE, (double)cpu->core, at_ns);
	if (cpu->package >= 0)
		cell_set_number(cpu->row, CPU_PACKAGE, (double)cpu->package, at_ns);
	if (cpu->siblings[0])
		cell_set_text(r->into, cpu->row, CPU_SIBLINGS, cpu->siblings, at_ns);
	if (cpu->cache[0])
		cell_set_text(r->into, cpu->row, CPU_CACHE, cpu->cache, at_ns);
	if (cpu->frequency_hz)
		cell_set_number(
		    cpu->row, CPU_FREQUENCY, (double)cpu->frequency_hz, cpu->frequency_ns);
	if (cpu->governor[0])
		cell_set_text(r->into, cpu->row, CPU_GOVERNOR, cpu->governor, cpu->frequency_ns);
	if (cpu->driver[0])
		cell_set_text(r->into, cpu->row, CPU_DRIVER, cpu->driver, cpu->frequency_ns);
	if (cpu->preference[0])
		cell_set_text(
		    r->into, cpu->row, CPU_PREFERENCE, cpu->preference, cpu->frequency_ns);
}

static void read_load(struct cpus *c, struct reading *r, struct row *host)
{
	static const int columns[] = { HOST_LOAD1, HOST_LOAD5, HOST_LOAD15 };
	char buf[128];
	struct cursor line;
	double v;

	if (root_read_kept(r->root, &c->uptime, "proc/uptime", buf, sizeof(buf)) > 0) {
		cursor_init(&line, buf, strlen(buf));
		if (cursor_double(&line, &v) == 0)
			cell_set_number(host, HOST_UPTIME, v, reading_now(r));
	}
	if (root_read_kept(r->root, &c->loadavg, "proc/loadavg", buf, sizeof(buf)) <= 0)
		return;
	cursor_init(&line, buf, strlen(buf));
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (cursor_double(&line, &v) == 0)
			cell_set_number(host, columns[i], v, reading_now(r));
}

/* Whether a line such as "flags : fpu vme …" has the word. */
static bool cpu_has(const char *cpuinfo, const char *flags, const char *word)
{
	struct slice key, value, flag;
	struct cursor lines, words;
	struct slice line;

	cursor_init(&lines, cpuinfo, strlen(cpuinfo));
	while (cursor_split(&lines, '\n', &line)) {
		if (!slice_cut(line, ':', &key, &value) || !slice_eq(slice_trim(key), flags))
			continue;
		cursor_init(&words, value.p, value.len);
		while (cursor_field(&words, &flag))
			if (slice_eq(flag, word))
				return true;
	}
	return false;
}

/* What programs gain most from, and what generic models of CPUs lack; libvirt calls them alike. */
static void find_features(struct cpus *c, const char *cpuinfo)
{
	static const char *const names[] = { "ssse3", "popcnt", "aes", "avx", "avx2", "avx512f",
		"pcid", "rdrand" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (cpu_has(cpuinfo, "flags", names[i]))
			print_format(&c->features, "%s%s", c->features.len ? " " : "", names[i]);
}

/* Once: it does not change, and some kernels ask all CPUs for their frequency meanwhile. */
static void find_model(struct cpus *c, struct reading *r)
{
	char buf[CPUINFO_MAX];

	if (c->knows_model)
		return;
	c->knows_model = true;
	if (root_read(r->root, "proc/cpuinfo", buf, sizeof(buf)) <= 0)
		return;
	c->apic_help = cpu_has(buf, "vmx flags", "apicv") ? "apicv"
		       : cpu_has(buf, "flags", "avic")    ? "avic"
							  : "no";
	if (cpu_has(buf, "flags", "tsc"))
		c->tsc =
		    cpu_has(buf, "flags", "constant_tsc") && cpu_has(buf, "flags", "nonstop_tsc")
			? "invariant"
			: "variable";
	find_features(c, buf);
}

static void write_model(struct reading *r, struct row *host, int column, const char *text)
{
	if (text)
		cell_set_text(r->into, host, column, text, reading_now(r));
	else
		cell_set_missing(host, column, STATE_ABSENT, reading_now(r));
}

static void read_model(struct cpus *c, struct reading *r, struct row *host)
{
	find_model(c, r);
	write_model(r, host, HOST_APIC_HELP, c->apic_help);
	write_model(r, host, HOST_TSC, c->tsc);
	write_model(r, host, HOST_CPU_FEATURES, c->features.p);
}

/* The host's columns and no CPU: proc/stat is not there, or tells of none. */
static enum state stat_missing(struct reading *r, struct row *host, int error)
{
	enum state why = error ? state_of_errno(error) : STATE_ABSENT;

	for (int i = 0; i < HOST_COLUMNS; i++)
		if (table_kinds[TABLE_HOST].column[i].src == SRC_CPUS && !cell_has(host, i))
			cell_set_missing(host, i, why, reading_now(r));
	reading_note(r, error ? "proc/stat cannot be read." : "proc/stat tells of no CPU.");
	return why;
}

static uint64_t tick_of(const struct root *root)
{
	long per_second = root_is_live(root) ? sysconf(_SC_CLK_TCK) : 0;

	return per_second > 0 ? NS_PER_SEC / (uint64_t)per_second : CAPTURED_TICK_NS;
}

enum state cpus_read(struct reading *r)
{
	struct cpus *c = r->state;
	struct row *host = snapshot_row(r->into, TABLE_HOST, key_host(0));
	bool frequencies = false;
	int error;

	/* A captured host that is read again from its beginning: its counters begin anew too. */
	if (reading_now(r) < c->before_ns)
		forget_cpus(c);
	c->before_ns = reading_now(r);
	c->sample++;
	c->online = 0;
	c->changed = false;
	read_load(c, r, host);
	read_model(c, r, host);
	error = read_stat(c, r->root);
	if (error == 0)
		take_stat(c, r, tick_of(r->root));
	if (c->online == 0)
		return stat_missing(r, host, error);
	drop_offline(c);
	cell_set_number(host, HOST_CPUS, (double)c->online, reading_now(r));
	for (size_t i = 0; i < c->n; i++) {
		struct cpu *cpu = c->cpu[i];

		if (!cpu)
			continue;
		if (c->changed || reading_thorough(r))
			read_topology(r, cpu, i);
		if (slow_is_due(r, cpu->frequency_ns))
			read_frequency(r, cpu, i);
		write_cpu(r, cpu);
		frequencies |= cpu->frequency_hz > 0;
	}
	if (!frequencies)
		reading_note(r, "No frequencies: this host has no cpufreq driver.");
	return STATE_OK;
}
