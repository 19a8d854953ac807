/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/libvirt_cpu.h"

#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/print.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/xml_node.h"

/* Bounds of what hostile text may make us hold. */
#define FEATURES_MAX ((size_t)16 << 10)
#define CELLS_MAX ((size_t)64 << 10)
#define PART_MAX 4096

/* '+': the guest has it, or does not start; '-': it has not; '?': if the host has it. */
static char sign_of(const char *policy)
{
	if (!policy || strcmp(policy, "require") == 0 || strcmp(policy, "force") == 0)
		return '+';
	return strcmp(policy, "optional") == 0 ? '?' : '-';
}

static void read_features(struct guest_cpu *c, const xmlNode *cpu)
{
	for (const xmlNode *node = xml_child(cpu, "feature");
	     node && c->features.len < FEATURES_MAX; node = xml_next(node->next, "feature")) {
		char *name = xml_attribute_dup(node, "name");
		char *policy = xml_attribute_dup(node, "policy");

		if (name && *name && strlen(name) < PART_MAX)
			print_format(&c->features, "%s%c%s", c->features.len ? " " : "",
			    sign_of(policy), name);
		free(name);
		free(policy);
	}
}

/* Whatever the notation, as the kernel would write it. */
static void read_cell(struct guest_cpu *c, const xmlNode *cell)
{
	char *cpus = xml_attribute_dup(cell, "cpus"), *list;
	struct cpuset set = { 0 };

	if (cpus)
		cpuset_parse_list(&set, cpus);
	list = cpuset_format_dup(&set);
	print_format(&c->cells, "%s%.*s", c->cells.len ? " " : "", PART_MAX, *list ? list : "-");
	free(list);
	free(cpus);
	cpuset_done(&set);
}

static void read_topology(struct guest_cpu *c, const xmlNode *cpu)
{
	const xmlNode *topology = xml_child(cpu, "topology");
	const xmlNode *numa = xml_child(cpu, "numa");

	if (topology) {
		xml_attribute_u64(topology, "sockets", &c->sockets);
		xml_attribute_u64(topology, "cores", &c->cores);
		xml_attribute_u64(topology, "threads", &c->threads);
		c->dies = 1;
		xml_attribute_u64(topology, "dies", &c->dies);
	}
	for (const xmlNode *cell = xml_child(numa, "cell"); cell && c->cells.len < CELLS_MAX;
	     cell = xml_next(cell->next, "cell"))
		read_cell(c, cell);
}

static void read_model(struct guest_cpu *c, const xmlNode *cpu)
{
	c->mode = xml_attribute_dup(cpu, "mode");
	c->model = xml_content_dup(xml_child(cpu, "model"));
	c->migratable = xml_attribute_dup(cpu, "migratable");
	/* libvirt's default, where an XML leaves it out. */
	if (!c->mode)
		c->mode = xstrdup(c->model ? "custom" : "none");
}

void guest_cpu_read(struct guest_cpu *c, const xmlNode *domain)
{
	const xmlNode *features = xml_child(domain, "features");
	const xmlNode *cpu = xml_child(domain, "cpu");

	c->arch = xml_attribute_dup(xml_child(xml_child(domain, "os"), "type"), "arch");
	c->emulator = xml_content_dup(xml_child(xml_child(domain, "devices"), "emulator"));
	c->pv_spinlock = xml_attribute_dup(xml_child(features, "pvspinlock"), "state");
	c->dedicated =
	    xml_attribute_dup(xml_child(xml_child(features, "kvm"), "hint-dedicated"), "state");
	read_model(c, cpu);
	read_features(c, cpu);
	read_topology(c, cpu);
}

void guest_cpu_done(struct guest_cpu *c)
{
	free(c->arch);
	free(c->emulator);
	free(c->mode);
	free(c->model);
	free(c->migratable);
	text_done(&c->features);
	free(c->pv_spinlock);
	free(c->dedicated);
	text_done(&c->cells);
	*c = (struct guest_cpu){ 0 };
}

static void write_text(struct reading *r, struct row *row, int column, const char *text)
{
	if (text && *text)
		cell_set_text(r->into, row, column, text, reading_now(r));
}

static void write_number(struct reading *r, struct row *row, int column, uint64_t number)
{
	if (number)
		cell_set_number(row, column, (double)number, reading_now(r));
}

void guest_cpu_write(struct reading *r, struct row *row, const struct guest_cpu *c)
{
	write_text(r, row, DOMAIN_ARCH, c->arch);
	write_text(r, row, DOMAIN_EMULATOR_PATH, c->emulator);
	write_text(r, row, DOMAIN_CPU_MODE, c->mode);
	write_text(r, row, DOMAIN_CPU_MODEL, c->model);
	write_text(r, row, DOMAIN_CPU_MIGRATABLE, c->migratable);
	write_text(r, row, DOMAIN_CPU_FEATURES, c->features.p);
	write_text(r, row, DOMAIN_PV_SPINLOCK, c->pv_spinlock);
	write_text(r, row, DOMAIN_HINT_DEDICATED, c->dedicated);
	write_number(r, row, DOMAIN_SOCKETS, c->sockets);
	write_number(r, row, DOMAIN_DIES, c->dies);
	write_number(r, row, DOMAIN_CORES, c->cores);
	write_number(r, row, DOMAIN_CORE_THREADS, c->threads);
	write_text(r, row, DOMAIN_CELLS, c->cells.p);
}
