/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/rules/pins.h"

#include <stdio.h>
#include <string.h>

#include "advisor/rules/common.h"
#include "base/parse.h"

size_t memory_nodes(const struct subject *s)
{
	size_t n, count = 0;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	for (size_t i = 0; i < n; i++)
		count += cell_number(rows[i], NODE_TOTAL, 0) > 0;
	return count;
}

bool is_known_to_libvirt(const struct row *domain)
{
	return *cell_text(domain, DOMAIN_UUID) && *cell_text(domain, DOMAIN_LIBVIRT_STATE);
}

bool is_within(const char *cpus, const char *others)
{
	struct cpuset a = { 0 }, b = { 0 };
	bool within = *cpus && cpuset_parse_list(&a, cpus) == 0 &&
		      cpuset_parse_list(&b, others) == 0 && cpuset_subset(&a, &b);

	cpuset_done(&a);
	cpuset_done(&b);
	return within;
}

bool spans_nodes(const struct subject *s, const char *cpus)
{
	struct cpuset may = { 0 }, node = { 0 };
	unsigned reached = 0;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	/* One CPU is of one node. */
	if (!cpus[strcspn(cpus, ",-")])
		return false;
	if (cpuset_parse_list(&may, cpus) == 0)
		for (size_t i = 0; i < n; i++)
			reached += cpuset_parse_list(&node, cell_text(rows[i], NODE_CPUS)) == 0 &&
				   cpuset_intersects(&may, &node);
	cpuset_done(&may);
	cpuset_done(&node);
	return reached > 1;
}

bool floats_over_nodes(const struct subject *s, const struct row *domain, bool otherwise)
{
	const char *last = "";
	bool known = false;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, domain, &n);

	for (size_t i = 0; i < n; i++) {
		const char *cpus = cell_text(rows[i], VCPU_AFFINITY);

		if (!*cpus)
			continue;
		known = true;
		/* Those of one guest are mostly alike. */
		if (strcmp(cpus, last) != 0 && spans_nodes(s, cpus))
			return true;
		last = cpus;
	}
	return known ? false : otherwise;
}

int only_cpu(const struct row *vcpu)
{
	const char *cpus = cell_text(vcpu, VCPU_AFFINITY);
	uint64_t cpu;

	if (!*cpus || cpus[strspn(cpus, "0123456789")] || parse_u64(cpus, &cpu) < 0 ||
	    cpu >= CPUSET_MAX)
		return -1;
	return (int)cpu;
}

struct cpuset own_cpus(const struct subject *s, const struct row *domain)
{
	const struct table *vcpus = &s->now->table[TABLE_VCPU];
	const struct row *const *rows = (const struct row *const *)vcpus->row;
	struct cpuset own = { 0 };
	size_t n = vcpus->n;

	if (domain)
		rows = subject_rows(s, TABLE_VCPU, domain, &n);
	for (size_t i = 0; i < n; i++)
		if (only_cpu(rows[i]) >= 0)
			cpuset_set(&own, (unsigned)only_cpu(rows[i]));
	return own;
}

static struct action *add_saved(struct plan *out, enum action_kind kind, const struct row *domain,
    const char *target, const char *value)
{
	struct action *a = plan_add_lasting(out, kind, domain, target, NULL, value);

	a->saved = true;
	return a;
}

/* NULL: nobody knows. */
static const char *known_text(const struct row *row, int column)
{
	const char *text = cell_text(row, column);

	return *text ? text : NULL;
}

void plan_pin_vcpu(const struct row *vcpu, const char *cpus, struct plan *out)
{
	const char *now = known_text(vcpu, VCPU_AFFINITY);
	char buf[NUMBER_SIZE];

	if (!is_known_to_libvirt(vcpu->domain)) {
		plan_add(out, ACTION_AFFINITY, vcpu->domain,
		    number_text(cell_number(vcpu, VCPU_TID, 0), buf), now, cpus);
		return;
	}
	number_text(cell_number(vcpu, VCPU_NUMBER, 0), buf);
	plan_add(out, ACTION_PIN_VCPU, vcpu->domain, buf, now, cpus);
	add_saved(out, ACTION_PIN_VCPU, vcpu->domain, buf, cpus);
}

/* The emulator's pin holds for its workers too, and for I/O threads of QEMU's own, which have a
 * name instead of a number. vhost workers of older kernels are nobody's threads, so they are bound
 * one by one, as are all of a guest that libvirt does not know. */
void plan_pin_thread(const struct row *thread, const char *cpus, struct plan *out)
{
	const char *role = cell_text(thread, THREAD_ROLE), *now;
	bool known = is_known_to_libvirt(thread->domain);
	char buf[NUMBER_SIZE];

	now = known_text(thread, THREAD_AFFINITY);
	if (now && is_within(now, cpus))
		return;
	if (known && strncmp(role, "iothread ", 9) == 0 && role[9] &&
	    !role[9 + strspn(role + 9, "0123456789")]) {
		plan_add(out, ACTION_PIN_IOTHREAD, thread->domain, role + 9, now, cpus);
		add_saved(out, ACTION_PIN_IOTHREAD, thread->domain, role + 9, cpus);
	} else if (known && strcmp(role, "emulator") == 0) {
		plan_add(out, ACTION_PIN_EMULATOR, thread->domain, "", now, cpus);
		add_saved(out, ACTION_PIN_EMULATOR, thread->domain, "", cpus);
	} else if ((strcmp(role, "vhost") == 0 || !known) && cell_has(thread, THREAD_TID)) {
		plan_add(out, ACTION_AFFINITY, thread->domain,
		    number_text(cell_number(thread, THREAD_TID, 0), buf), now, cpus);
	}
}

/* Whether they lie within @cpus. Those of one guest are mostly alike: they are read once. */
static bool lies_within(const char *now, const char *cpus, const char **last, bool *last_within)
{
	if (!*last || strcmp(now, *last) != 0) {
		*last = now;
		*last_within = is_within(now, cpus);
	}
	return *last_within;
}

void plan_pins(
    const struct subject *s, const struct row *domain, const char *cpus, struct plan *out)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, domain, &n);
	const char *last = NULL;
	bool within = false;

	for (size_t i = 0; i < n; i++)
		if (!lies_within(cell_text(rows[i], VCPU_AFFINITY), cpus, &last, &within))
			plan_pin_vcpu(rows[i], cpus, out);
	rows = subject_rows(s, TABLE_THREAD, domain, &n);
	for (size_t i = 0; i < n; i++)
		plan_pin_thread(rows[i], cpus, out);
}
