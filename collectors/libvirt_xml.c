/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/libvirt_xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/xml_node.h"

/* Bounds of what hostile text may make us hold: bytes of the sets of all pins, and guest nodes. */
#define SETS_MAX ((size_t)4 << 20)
#define CELLS_MAX 1024

#define NAME(s) ((const xmlChar *)(s))

/* These free @text, which may be NULL, and leave @ret alone when it is no number. */
static bool take_u64(char *text, uint64_t *ret)
{
	bool ok = text && parse_u64(text, ret) == 0;

	free(text);
	return ok;
}

static void take_i64(char *text, int64_t *ret)
{
	if (text)
		parse_i64(text, ret);
	free(text);
}

static bool take_unsigned(char *text, unsigned *ret)
{
	uint64_t v;

	if (!take_u64(text, &v) || v >= CPUSET_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

static void take_set(char *text, struct cpuset *ret)
{
	if (text)
		cpuset_parse_list(ret, text);
	free(text);
}

static int compare_pins(const void *a, const void *b)
{
	unsigned x = ((const struct libvirt_pin *)a)->number;
	unsigned y = ((const struct libvirt_pin *)b)->number;

	return x < y ? -1 : x > y;
}

/* In order, and each number once. */
static void sort_pins(struct libvirt_pins *pins)
{
	size_t kept = 0;

	if (pins->n == 0)
		return;
	qsort(pins->pin, pins->n, sizeof(*pins->pin), compare_pins);
	for (size_t i = 1; i < pins->n; i++)
		if (pins->pin[i].number == pins->pin[kept].number)
			cpuset_done(&pins->pin[i].cpus);
		else
			pins->pin[++kept] = pins->pin[i];
	pins->n = kept + 1;
}

static void read_pins(
    const xmlNode *cputune, const char *element, const char *number, struct libvirt_pins *pins)
{
	size_t room = SETS_MAX;

	for (const xmlNode *node = xml_child(cputune, element); node;
	     node = xml_next(node->next, element)) {
		struct libvirt_pin pin = { 0 };
		size_t bytes;

		take_set(xml_attribute_dup(node, "cpuset"), &pin.cpus);
		bytes = pin.cpus.n_words * sizeof(*pin.cpus.word);
		if (!take_unsigned(xml_attribute_dup(node, number), &pin.number) ||
		    cpuset_empty(&pin.cpus) || bytes > room) {
			cpuset_done(&pin.cpus);
			continue;
		}
		room -= bytes;
		pins->pin = xgrow(pins->pin, pins->n, &pins->cap, sizeof(pin));
		pins->pin[pins->n++] = pin;
	}
	sort_pins(pins);
}

static void read_limit(const xmlNode *cputune, const char *prefix, struct libvirt_limit *ret)
{
	char *period = xasprintf("%speriod", prefix), *quota = xasprintf("%squota", prefix);

	take_u64(xml_content_dup(xml_child(cputune, period)), &ret->period_us);
	take_i64(xml_content_dup(xml_child(cputune, quota)), &ret->quota_us);
	free(period);
	free(quota);
}

static void read_cpus(const xmlNode *domain, struct libvirt_domain_xml *x)
{
	const xmlNode *vcpu = xml_child(domain, "vcpu");
	const xmlNode *cputune = xml_child(domain, "cputune");

	take_unsigned(xml_content_dup(vcpu), &x->vcpus_maximum);
	x->vcpus = x->vcpus_maximum;
	take_unsigned(xml_attribute_dup(vcpu, "current"), &x->vcpus);
	take_set(xml_attribute_dup(vcpu, "cpuset"), &x->cpus);
	take_unsigned(xml_content_dup(xml_child(domain, "iothreads")), &x->iothreads);
	read_pins(cputune, "vcpupin", "vcpu", &x->vcpu_pins);
	read_pins(cputune, "iothreadpin", "iothread", &x->iothread_pins);
	take_set(xml_attribute_dup(xml_child(cputune, "emulatorpin"), "cpuset"), &x->emulator_cpus);
	take_u64(xml_content_dup(xml_child(cputune, "shares")), &x->cpu_shares);
	read_limit(cputune, "", &x->limit);
	read_limit(cputune, "global_", &x->global_limit);
	read_limit(cputune, "emulator_", &x->emulator_limit);
	read_limit(cputune, "iothread_", &x->iothread_limit);
}

static void read_cell_policy(const xmlNode *memnode, struct libvirt_domain_xml *x)
{
	struct libvirt_cell_policy policy = { 0 };

	if (x->n_cell_policies == CELLS_MAX ||
	    !take_unsigned(xml_attribute_dup(memnode, "cellid"), &policy.cell))
		return;
	policy.mode = xml_attribute_dup(memnode, "mode");
	take_set(xml_attribute_dup(memnode, "nodeset"), &policy.nodes);
	x->cell_policy =
	    xgrow(x->cell_policy, x->n_cell_policies, &x->cap_cell_policies, sizeof(policy));
	x->cell_policy[x->n_cell_policies++] = policy;
}

static void read_numa(const xmlNode *domain, struct libvirt_domain_xml *x)
{
	const xmlNode *numatune = xml_child(domain, "numatune");
	const xmlNode *memory = xml_child(numatune, "memory");
	char *placement = xml_attribute_dup(memory, "placement");

	x->numa_mode = xml_attribute_dup(memory, "mode");
	x->numa_automatic = placement && strcmp(placement, "auto") == 0;
	free(placement);
	take_set(xml_attribute_dup(memory, "nodeset"), &x->numa_nodes);
	for (const xmlNode *memnode = xml_child(numatune, "memnode"); memnode;
	     memnode = xml_next(memnode->next, "memnode"))
		read_cell_policy(memnode, x);
}

/* Page sizes may differ between the guest's own nodes; the one without nodeset is for the rest. */
static uint64_t read_page_size(const xmlNode *hugepages)
{
	uint64_t bytes = 0;

	for (const xmlNode *page = xml_child(hugepages, "page"); page;
	     page = xml_next(page->next, "page")) {
		char *nodes = xml_attribute_dup(page, "nodeset");
		bool for_all = !nodes;

		free(nodes);
		if (bytes == 0 || for_all)
			bytes = xml_size(page, "size");
		if (for_all)
			break;
	}
	return bytes;
}

static void read_memory(const xmlNode *domain, struct libvirt_domain_xml *x)
{
	const xmlNode *backing = xml_child(domain, "memoryBacking");
	const xmlNode *hugepages = xml_child(backing, "hugepages");

	x->memory_bytes = xml_size(xml_child(domain, "memory"), NULL);
	x->current_memory_bytes = xml_size(xml_child(domain, "currentMemory"), NULL);
	x->huge_pages = hugepages != NULL;
	x->huge_page_bytes = read_page_size(hugepages);
	x->no_ksm = xml_child(backing, "nosharepages") != NULL;
	x->locked = xml_child(backing, "locked") != NULL;
	x->memory_source = xml_attribute_dup(xml_child(backing, "source"), "type");
}

static void read_apic(const xmlNode *domain, struct libvirt_domain_xml *x)
{
	const xmlNode *features = xml_child(domain, "features");
	const xmlNode *feature = xml_child(xml_child(domain, "cpu"), "feature");

	x->apic_eoi = xml_attribute_dup(xml_child(features, "apic"), "eoi");
	for (; feature && !x->x2apic; feature = xml_next(feature->next, "feature")) {
		char *name = xml_attribute_dup(feature, "name");

		if (name && strcmp(name, "x2apic") == 0)
			x->x2apic = xml_attribute_dup(feature, "policy");
		free(name);
	}
}

static void read_devices(const xmlNode *domain, struct libvirt_domain_xml *x)
{
	const xmlNode *devices = xml_child(domain, "devices");
	const xmlNode *balloon = xml_child(devices, "memballoon");

	x->balloon_model = xml_attribute_dup(balloon, "model");
	take_unsigned(
	    xml_attribute_dup(xml_child(balloon, "stats"), "period"), &x->balloon_period_s);
	libvirt_nics_read(&x->nics, devices);
}

/* libvirt sends none, and what they could bring (entities, files) is not wanted. */
static void refuse_doctype(
    void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	xmlStopParser(ctx);
}

/* The answer tells whether it worked; rooms never print. */
static void ignore_error(void *ctx, xmlErrorPtr error)
{
	(void)ctx;
	(void)error;
}

/* libvirt writes UTF-8 only. The parser guesses others from the first four bytes. */
static bool begins_in_utf8(const char *text, size_t len)
{
	for (size_t i = 0; i < 4; i++)
		if (i == len || (signed char)text[i] <= 0)
			return false;
	return true;
}

static xmlDoc *read_document(const char *text, size_t len)
{
	static const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				   XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC;
	xmlParserCtxt *ctxt = begins_in_utf8(text, len) ? xmlNewParserCtxt() : NULL;
	xmlDoc *doc;

	if (!ctxt)
		return NULL;
	ctxt->sax->internalSubset = refuse_doctype;
	ctxt->sax->externalSubset = refuse_doctype;
	ctxt->sax->serror = ignore_error;
	doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, NULL, options);
	xmlFreeParserCtxt(ctxt);
	return doc;
}

int libvirt_domain_xml_parse(const char *text, size_t len, struct libvirt_domain_xml *ret)
{
	struct libvirt_domain_xml x = { .limit.quota_us = -1,
		.global_limit.quota_us = -1,
		.emulator_limit.quota_us = -1,
		.iothread_limit.quota_us = -1 };
	const xmlNode *domain;
	xmlDoc *doc;
	int r = -EINVAL;

	if (len > LIBVIRT_XML_MAX)
		return -EFBIG;
	doc = read_document(text, len);
	domain = doc ? xmlDocGetRootElement(doc) : NULL;
	if (!domain || !xmlStrEqual(domain->name, NAME("domain")))
		goto out;
	x.title = xml_content_dup(xml_child(domain, "title"));
	read_memory(domain, &x);
	read_cpus(domain, &x);
	read_numa(domain, &x);
	read_apic(domain, &x);
	read_devices(domain, &x);
	guest_cpu_read(&x.cpu, domain);
	guest_memory_read(&x.memory, domain);
	libvirt_disks_read(domain, &x.disks);
	*ret = x;
	r = 0;
out:
	xmlFreeDoc(doc);
	return r;
}

static void pins_done(struct libvirt_pins *pins)
{
	for (size_t i = 0; i < pins->n; i++)
		cpuset_done(&pins->pin[i].cpus);
	free(pins->pin);
}

void libvirt_domain_xml_done(struct libvirt_domain_xml *x)
{
	free(x->title);
	free(x->apic_eoi);
	free(x->x2apic);
	cpuset_done(&x->cpus);
	cpuset_done(&x->emulator_cpus);
	pins_done(&x->vcpu_pins);
	pins_done(&x->iothread_pins);
	free(x->numa_mode);
	cpuset_done(&x->numa_nodes);
	for (size_t i = 0; i < x->n_cell_policies; i++) {
		free(x->cell_policy[i].mode);
		cpuset_done(&x->cell_policy[i].nodes);
	}
	free(x->cell_policy);
	free(x->memory_source);
	free(x->balloon_model);
	guest_cpu_done(&x->cpu);
	guest_memory_done(&x->memory);
	disk_configs_done(&x->disks);
	libvirt_nics_done(&x->nics);
	*x = (struct libvirt_domain_xml){ 0 };
}

void libvirt_xml_init(void)
{
	xmlInitParser();
}

static int compare_pin(const void *number, const void *pin)
{
	unsigned a = *(const unsigned *)number, b = ((const struct libvirt_pin *)pin)->number;

	return a < b ? -1 : a > b;
}

const struct cpuset *libvirt_vcpu_cpus(const struct libvirt_domain_xml *x, unsigned vcpu)
{
	const struct libvirt_pin *pin = NULL;

	if (x->vcpu_pins.n)
		pin = bsearch(&vcpu, x->vcpu_pins.pin, x->vcpu_pins.n, sizeof(*pin), compare_pin);
	if (pin)
		return &pin->cpus;
	return cpuset_empty(&x->cpus) ? NULL : &x->cpus;
}

const struct cpuset *libvirt_emulator_cpus(const struct libvirt_domain_xml *x)
{
	if (!cpuset_empty(&x->emulator_cpus))
		return &x->emulator_cpus;
	return cpuset_empty(&x->cpus) ? NULL : &x->cpus;
}

static void append_text(struct text *t, const char *text)
{
	if (t->len)
		text_append(t, " ", 1);
	text_append(t, text, strlen(text));
}

static void append_policy(
    struct text *t, const char *mode, bool automatic, const struct cpuset *nodes)
{
	/* libvirt's default, where an XML leaves it out. */
	append_text(t, mode ? mode : "strict");
	if (automatic)
		append_text(t, "auto");
	if (!cpuset_empty(nodes)) {
		char *list = cpuset_format_dup(nodes);

		append_text(t, list);
		free(list);
	}
}

char *libvirt_numa_policy_dup(const struct libvirt_domain_xml *x)
{
	struct text t = { 0 };

	if (x->numa_mode || x->numa_automatic || !cpuset_empty(&x->numa_nodes))
		append_policy(&t, x->numa_mode, x->numa_automatic, &x->numa_nodes);
	for (size_t i = 0; i < x->n_cell_policies; i++) {
		const struct libvirt_cell_policy *policy = &x->cell_policy[i];
		char *cell = xasprintf("cell %u:", policy->cell);

		append_text(&t, cell);
		free(cell);
		append_policy(&t, policy->mode, false, &policy->nodes);
	}
	return t.p;
}
