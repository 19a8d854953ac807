/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a guest's CPUs are told to hang together, and whether they do. */
#include "advisor/rules/common.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"
#include "base/slice.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

struct shape {
	unsigned sockets, dies, cores, threads;
};

static unsigned count_in(const struct row *domain, int column)
{
	double v = cell_number(domain, column, 1);

	return v >= 1 && v < CPUSET_MAX ? (unsigned)v : 1;
}

/* No guest has more vCPUs; what says so makes no sense. */
#define VCPUS_MAX 65536.0

static struct shape shape_of(const struct row *domain)
{
	static const struct shape plain = { 1, 1, 1, 1 };
	struct shape shape = {
		.sockets = count_in(domain, DOMAIN_SOCKETS),
		.dies = count_in(domain, DOMAIN_DIES),
		.cores = count_in(domain, DOMAIN_CORES),
		.threads = count_in(domain, DOMAIN_CORE_THREADS),
	};
	double all = (double)shape.sockets * shape.dies * shape.cores * shape.threads;

	return all <= VCPUS_MAX ? shape : plain;
}

static void plan_shape(const struct subject *s, const struct shape *to, struct plan *out)
{
	struct text element = { 0 };

	print_format(&element, "<topology sockets='%u' dies='%u' cores='%u' threads='%u'/>",
	    to->sockets, to->dies, to->cores, to->threads);
	plan_add(out, ACTION_DEFINE, s->row, "cpu/topology", NULL, element.p)->saved = true;
	text_done(&element);
	if (!is_known_to_libvirt(s->row))
		plan_refuse(out, "libvirt does not know this guest");
}

static bool tells_shape(const struct subject *s)
{
	return guest_runs(s->row) && s->row->cell[DOMAIN_SOCKETS].state != STATE_ABSENT;
}

/* ---- cpu-topology ---- */

/* The CPUs that share a core with the only CPU, or with any of those, that the vCPU may run on;
 * false: nobody knows. */
static bool core_of(const struct subject *s, const struct row *vcpu, struct cpuset *ret)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];
	struct cpuset may = { 0 };
	bool known = false;

	if (cpuset_parse_list(&may, cell_text(vcpu, VCPU_AFFINITY)) == 0)
		for (size_t i = 0; i < cpus->n && !known; i++)
			known =
			    cpuset_test(&may,
				(unsigned)cell_number(cpus->row[i], CPU_NUMBER, CPUSET_MAX)) &&
			    cpuset_parse_list(ret, cell_text(cpus->row[i], CPU_SIBLINGS)) == 0 &&
			    !cpuset_empty(ret);
	cpuset_done(&may);
	return known;
}

/* The vCPUs of a core of the guest may all run on the threads of one core of the host alone. */
static bool is_on_one_core(const struct subject *s, const struct row *const *vcpu, size_t n)
{
	struct cpuset core = { 0 }, may = { 0 };
	bool one = core_of(s, vcpu[0], &core);

	for (size_t i = 0; i < n && one; i++)
		one = cpuset_parse_list(&may, cell_text(vcpu[i], VCPU_AFFINITY)) == 0 &&
		      !cpuset_empty(&may) && cpuset_subset(&may, &core);
	cpuset_done(&core);
	cpuset_done(&may);
	return one;
}

/* vCPUs by their numbers, which count threads of a core first. The caller frees it. */
static const struct row **by_number(const struct subject *s, size_t *ret_n)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n), **vcpu;

	vcpu = xcalloc(n + 1, sizeof(*vcpu));
	for (size_t i = 0; i < n; i++) {
		double number = cell_number(rows[i], VCPU_NUMBER, -1);

		if (number >= 0 && number < (double)n)
			vcpu[(size_t)number] = rows[i];
	}
	*ret_n = 0;
	while (*ret_n < n && vcpu[*ret_n])
		++*ret_n;
	return vcpu;
}

static enum outcome measure_topology(const struct subject *s, double *ret)
{
	struct shape shape = shape_of(s->row);
	size_t n, known = 0;
	const struct row **vcpu;

	if (shape.threads < 2)
		return OUTCOME_NONE;
	vcpu = by_number(s, &n);
	*ret = 0;
	for (size_t i = 0; i < n; i++)
		known += *cell_text(vcpu[i], VCPU_AFFINITY) != '\0';
	for (size_t i = 0; i + shape.threads <= n; i += shape.threads)
		*ret += !is_on_one_core(s, vcpu + i, shape.threads);
	free(vcpu);
	return n == 0 ? OUTCOME_NONE : known < n ? OUTCOME_MISSING : OUTCOME_FIGURE;
}

static const struct row **first_split(const struct subject *s, unsigned threads, size_t *ret_at)
{
	size_t n;
	const struct row **vcpu = by_number(s, &n);

	for (*ret_at = 0; *ret_at + threads <= n; *ret_at += threads)
		if (!is_on_one_core(s, vcpu + *ret_at, threads))
			return vcpu;
	free(vcpu);
	return NULL;
}

static void tell_topology(const struct subject *s, double figure, struct text *out)
{
	struct shape shape = shape_of(s->row);
	size_t at;
	const struct row **vcpu = first_split(s, shape.threads, &at);

	print_format(out, "Its XML tells it that its cores have %u threads", shape.threads);
	if (vcpu)
		print_format(out,
		    ", but vCPUs %zu and %zu, a core to the guest, may run on CPUs %s and %s, "
		    "which "
		    "are no core of the host",
		    at, at + 1, cell_text(vcpu[at], VCPU_AFFINITY),
		    cell_text(vcpu[at + 1], VCPU_AFFINITY));
	print_text(out, ".");
	if (figure > 1)
		print_format(out, " So it is with %.0f more.", figure - 1);
	free(vcpu);
}

/* Cores of the host, whole ones, made up of the CPUs that its vCPUs have for themselves: one for
 * each core of the guest. False: they are not. */
static bool take_cores(
    const struct subject *s, const struct cpuset *own, unsigned threads, struct cpuset *ret)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];
	struct cpuset core = { 0 };
	bool whole = true;

	for (size_t i = 0; i < cpus->n && whole; i++) {
		unsigned cpu = (unsigned)cell_number(cpus->row[i], CPU_NUMBER, CPUSET_MAX);

		if (!cpuset_test(own, cpu))
			continue;
		whole = cpuset_parse_list(&core, cell_text(cpus->row[i], CPU_SIBLINGS)) == 0 &&
			cpuset_count(&core) == threads && cpuset_subset(&core, own);
		if (whole && cpuset_next(&core, 0) == (int)cpu)
			cpuset_set(ret, cpu);
	}
	cpuset_done(&core);
	return whole;
}

static const struct row *row_of_cpu(const struct subject *s, int cpu)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];

	for (size_t i = 0; i < cpus->n; i++)
		if ((int)cell_number(cpus->row[i], CPU_NUMBER, -1) == cpu)
			return cpus->row[i];
	return NULL;
}

/* Each vCPU gets one of the CPUs that the guest has already, so that cores lie on cores. */
static bool swap_pins(const struct subject *s, unsigned threads, struct plan *out)
{
	struct cpuset own = own_cpus(s, s->row), cores = { 0 }, core = { 0 };
	size_t n;
	const struct row **vcpu = by_number(s, &n);
	bool can = n > 0 && cpuset_count(&own) == n && take_cores(s, &own, threads, &cores);
	int first = cpuset_next(&cores, 0), cpu = -1;

	for (size_t i = 0; can && i < n; i++) {
		char value[NUMBER_SIZE];

		if (i % threads == 0) {
			const struct row *row = first >= 0 ? row_of_cpu(s, first) : NULL;

			if (!row)
				break;
			cpuset_parse_list(&core, cell_text(row, CPU_SIBLINGS));
			first = cpuset_next(&cores, (unsigned)first + 1);
			cpu = -1;
		}
		cpu = cpuset_next(&core, (unsigned)(cpu + 1));
		if (cpu >= 0 && only_cpu(vcpu[i]) != cpu)
			plan_pin_vcpu(vcpu[i], number_text(cpu, value), out);
	}
	free(vcpu);
	cpuset_done(&own);
	cpuset_done(&cores);
	cpuset_done(&core);
	return can;
}

static void advise_topology(const struct subject *s, double figure, struct text *out)
{
	struct plan plan = { 0 };

	(void)figure;
	print_text(
	    out, swap_pins(s, shape_of(s->row).threads, &plan)
		     ? "swap the pins of its vCPUs, so that the threads of one of its cores "
		       "lie on one of the host's"
		     : "tell it that its cores have one thread, or pin the threads of each of "
		       "its cores to one of the host's");
	plan_done(&plan);
}

static void plan_topology(const struct subject *s, struct plan *out)
{
	struct shape shape = shape_of(s->row), flat = shape;

	flat.cores *= flat.threads;
	flat.threads = 1;
	if (swap_pins(s, shape.threads, out)) {
		plan_title(out, "pin the cores of %s to cores", cell_text(s->row, DOMAIN_NAME));
		return;
	}
	plan_title(out, "tell %s at its next start that its cores have one thread",
	    cell_text(s->row, DOMAIN_NAME));
	plan_shape(s, &flat, out);
}

/* ---- cpu-topology-numa-split ---- */

#define CELLS_MAX 64

/* The vCPUs of the guest's own nodes. The caller calls cpuset_done for each. */
static size_t read_cells(const struct row *domain, struct cpuset cell[CELLS_MAX])
{
	const char *cells = cell_text(domain, DOMAIN_CELLS);
	struct cursor c;
	struct slice word;
	size_t n = 0;

	cursor_init(&c, cells, strlen(cells));
	while (n < CELLS_MAX && cursor_field(&c, &word)) {
		char *list = slice_dup(word);

		cell[n] = (struct cpuset){ 0 };
		if (cpuset_parse_list(&cell[n], list) == 0 && !cpuset_empty(&cell[n]))
			n++;
		else
			cpuset_done(&cell[n]);
		free(list);
	}
	return n;
}

static void cells_done(struct cpuset cell[CELLS_MAX], size_t n)
{
	for (size_t i = 0; i < n; i++)
		cpuset_done(&cell[i]);
}

/* Sockets whose vCPUs lie in more than one node; @ret_first: the first of them. */
static unsigned count_split(const struct row *domain, unsigned *ret_first)
{
	struct shape shape = shape_of(domain);
	unsigned width = shape.dies * shape.cores * shape.threads, split = 0;
	struct cpuset cell[CELLS_MAX];
	size_t n = read_cells(domain, cell);

	for (unsigned socket = 0; socket < shape.sockets; socket++) {
		struct cpuset in = { 0 };
		unsigned reached = 0;

		for (unsigned i = 0; i < width; i++)
			cpuset_set(&in, socket * width + i);
		for (size_t i = 0; i < n; i++)
			reached += cpuset_intersects(&in, &cell[i]);
		if (reached > 1 && split++ == 0)
			*ret_first = socket;
		cpuset_done(&in);
	}
	cells_done(cell, n);
	return split;
}

static enum outcome measure_split(const struct subject *s, double *ret)
{
	unsigned first;

	if (cell_has(s->row, DOMAIN_SOCKETS) && !*cell_text(s->row, DOMAIN_CELLS))
		return s->row->cell[DOMAIN_CELLS].state == STATE_DENIED ? OUTCOME_MISSING
									: OUTCOME_NONE;
	*ret = count_split(s->row, &first);
	return OUTCOME_FIGURE;
}

static void tell_split(const struct subject *s, double figure, struct text *out)
{
	struct shape shape = shape_of(s->row);
	unsigned width = shape.dies * shape.cores * shape.threads, first = 0;

	count_split(s->row, &first);
	print_format(out, "Socket %u of its CPUs has vCPUs %u-%u, but its NUMA nodes have vCPUs %s",
	    first, first * width, (first + 1) * width - 1, cell_text(s->row, DOMAIN_CELLS));
	if (figure > 1)
		print_format(out, "; %.0f more sockets are split like that", figure - 1);
	print_text(out, ".");
}

/* A socket for each node, where all nodes have the same number of vCPUs in a row. */
static bool fitting_shape(const struct row *domain, struct shape *ret)
{
	struct shape shape = shape_of(domain);
	unsigned all = shape.sockets * shape.dies * shape.cores * shape.threads;
	struct cpuset cell[CELLS_MAX];
	size_t n = read_cells(domain, cell);
	unsigned each = n > 0 ? all / (unsigned)n : 0;
	bool fits = n > 0 && each * n == all && each % shape.threads == 0;

	for (size_t i = 0; fits && i < n; i++)
		fits = cpuset_count(&cell[i]) == each &&
		       (unsigned)cpuset_next(&cell[i], 0) == i * each &&
		       cpuset_test(&cell[i], ((unsigned)i + 1) * each - 1);
	if (fits)
		*ret = (struct shape){ (unsigned)n, 1, each / shape.threads, shape.threads };
	cells_done(cell, n);
	return fits;
}

static void advise_split(const struct subject *s, double figure, struct text *out)
{
	struct shape to;

	(void)figure;
	if (fitting_shape(s->row, &to))
		print_format(out,
		    "give it %u sockets of %u cores with %u thread%s, one for each of "
		    "its nodes",
		    to.sockets, to.cores, to.threads, to.threads > 1 ? "s" : "");
	else
		print_text(out, "give its nodes whole sockets");
}

static void plan_split(const struct subject *s, struct plan *out)
{
	struct shape to;

	plan_title(out, "give each NUMA node of %s a socket at its next start",
	    cell_text(s->row, DOMAIN_NAME));
	if (fitting_shape(s->row, &to))
		plan_shape(s, &to, out);
	else
		plan_refuse(out,
		    "its nodes differ in their vCPUs: which of them go together is for "
		    "its definition to say");
}

const struct rule topology_rules[] = {
	{
	    .id = "cpu-topology",
	    .title = "what the guest takes for a core is none",
	    .good = "A guest that is told of threads keeps busy vCPUs on different cores, and "
		    "guards threads of a core against each other: that helps only where its "
		    "cores are cores of the host.",
	    .detect = "The XML gives its cores two threads or more, and the vCPUs of a core, whose "
		      "numbers follow each other, may run on more than the threads of one core of "
		      "the host. How many sockets or cores there are is not judged.",
	    .by_hand = "virsh dumpxml GUEST --xpath '//topology'\nvirsh vcpupin GUEST\n"
		       "cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
	    .risk = "A new topology counts from the next start on, and some systems that count "
		    "sockets or cores for their licence see another number. Pins are only swapped "
		    "where the guest has whole cores for itself already.",
	    .source = "SUSE 4.5.2.1; RHEL 3.2.3",
	    .figure = "cores of the guest that are none",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_CORE_THREADS,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(PIN_NEEDS, NEED(TABLE_DOMAIN, DOMAIN_SOCKETS),
		USES(TABLE_DOMAIN, DOMAIN_DIES), USES(TABLE_DOMAIN, DOMAIN_CORES),
		USES(TABLE_DOMAIN, DOMAIN_CORE_THREADS), USES(TABLE_VCPU, VCPU_NUMBER),
		USES(TABLE_CPU, CPU_SIBLINGS)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = tells_shape,
	    .measure = measure_topology,
	    .evidence = tell_topology,
	    .advice = advise_topology,
	    .plan = plan_topology,
	    .excludes = MOVES_NOW,
	},
	{
	    .id = "cpu-topology-numa-split",
	    .title = "a socket of the guest lies in several of its nodes",
	    .good = "All vCPUs of a virtual socket belong into one of the guest's NUMA nodes: no "
		    "real machine is otherwise, and systems do not expect it.",
	    .detect = "By the XML the vCPUs of a socket, cores times threads in a row, lie in more "
		      "than one of the nodes that it gives the guest.",
	    .by_hand = "virsh dumpxml GUEST --xpath '//cpu'",
	    .risk = "Counts from the guest's next start on. Linux finds it out when it starts, "
		    "says so, and takes no account of the sockets; others may not start. "
		    "Licences may count sockets.",
	    .source = "RHEL 9.3.9",
	    .figure = "sockets that are split",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_CELLS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_SAFETY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_SOCKETS), USES(TABLE_DOMAIN, DOMAIN_DIES),
		USES(TABLE_DOMAIN, DOMAIN_CORES), USES(TABLE_DOMAIN, DOMAIN_CORE_THREADS),
		USES(TABLE_DOMAIN, DOMAIN_CELLS), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = tells_shape,
	    .measure = measure_split,
	    .evidence = tell_split,
	    .advice = advise_split,
	    .plan = plan_split,
	    .excludes = "cpu-topology",
	},
	{ .id = NULL },
};
