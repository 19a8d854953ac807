/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/rules/move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/placement.h"
#include "advisor/rules/common.h"
#include "advisor/rules/pins.h"
#include "base/cpulist.h"

const char *policy_of(const struct row *domain)
{
	return cell_text(domain, DOMAIN_NUMA_MODE);
}

const char *policy_next(const struct row *domain)
{
	return is_text(domain, DOMAIN_SAVED, "yes") ? cell_text(domain, DOMAIN_NUMA_MODE_SAVED)
						    : policy_of(domain);
}

double largest_node(const struct subject *s, int column)
{
	double most = 0;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	for (size_t i = 0; i < n; i++)
		most = fmax(most, cell_number(rows[i], column, 0));
	return most;
}

enum outcome look_at_memory(struct placement *p, const struct subject *s)
{
	if (memory_nodes(s) < 2)
		return OUTCOME_NONE;
	placement_look(p, s, s->row);
	if (p->stay->total_bytes > 0)
		return OUTCOME_FIGURE;
	placement_done(p);
	return guest_runs(s->row) ? OUTCOME_MISSING : OUTCOME_NONE;
}

bool is_crowded(const struct subject *s, int node, double limit)
{
	double here = 0, least = 1;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	for (size_t i = 0; i < n; i++) {
		double busy = cell_number(rows[i], NODE_BUSY, 0);

		if ((int)cell_number(rows[i], NODE_NUMBER, -1) == node)
			here = busy;
		else if (busy < least)
			least = busy;
	}
	return here >= limit && least < limit;
}

/* A policy that the definition gives to single cells of the guest is changed as a whole, by hand.
 */
static bool has_cell_policy(const char *policy)
{
	return strstr(policy, "cell") != NULL;
}

bool binds_own_nodes(const struct row *domain)
{
	return has_cell_policy(policy_next(domain));
}

bool policy_is(const struct row *domain, const char *mode)
{
	size_t len = strlen(mode);
	const char *policy = policy_of(domain);

	return strncmp(policy, mode, len) == 0 && (policy[len] == ' ' || !policy[len]);
}

bool policy_is_strict(const struct row *domain)
{
	return policy_is(domain, "strict") || policy_is(domain, "restrictive");
}

bool policy_keeps_mode(const struct row *domain)
{
	const char *policy = policy_of(domain);

	return policy_next(domain) == policy ||
	       strncmp(policy_next(domain), policy, strcspn(policy, " ") + 1) == 0;
}

bool policy_text_nodes(const char *policy, struct cpuset *ret)
{
	const char *list = strrchr(policy, ' ');

	return list && !strstr(policy, " auto") && !has_cell_policy(policy) &&
	       cpuset_parse_list(ret, list + 1) == 0 && !cpuset_empty(ret);
}

bool policy_nodes(const struct row *domain, struct cpuset *ret)
{
	return policy_text_nodes(policy_of(domain), ret);
}

static bool is_bound_to(const struct row *domain, int node)
{
	struct cpuset nodes = { 0 };
	bool bound = policy_text_nodes(policy_next(domain), &nodes) &&
		     cpuset_test(&nodes, (unsigned)node) && cpuset_count(&nodes) == 1;

	cpuset_done(&nodes);
	return bound;
}

void say_nodes(struct text *out, const struct cpuset *nodes)
{
	char *list = cpuset_format_dup(nodes);

	print_format(out, "node%s %s", cpuset_count(nodes) == 1 ? "" : "s", list);
	free(list);
}

void plan_binding(const struct row *domain, int node, bool is_lasting, struct plan *out)
{
	struct action *(*add)(struct plan *, enum action_kind, const struct row *, const char *,
	    const char *, const char *) = is_lasting ? plan_add_lasting : plan_add;
	char list[16];

	if (!is_known_to_libvirt(domain) || binds_own_nodes(domain) || is_bound_to(domain, node))
		return;
	snprintf(list, sizeof(list), "%d", node);
	/* libvirt takes no mode without nodes. */
	add(out, ACTION_NUMATUNE, domain, "nodeset", NULL, list)->saved = true;
	if (!*policy_next(domain))
		add(out, ACTION_NUMATUNE, domain, "mode", NULL, "preferred")->saved = true;
}

void plan_place_at_start(
    const struct subject *s, const struct place *to, const char *mode, struct plan *out)
{
	char number[NUMBER_SIZE];
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	snprintf(number, sizeof(number), "%d", to->node);
	plan_add(out, ACTION_NUMATUNE, s->row, "nodeset", NULL, number)->saved = true;
	plan_add(out, ACTION_NUMATUNE, s->row, "mode", NULL, mode)->saved = true;
	for (size_t i = 0; i < n; i++) {
		number_text(cell_number(rows[i], VCPU_NUMBER, 0), number);
		plan_add(out, ACTION_PIN_VCPU, s->row, number, NULL, to->cpus)->saved = true;
	}
	plan_add(out, ACTION_PIN_EMULATOR, s->row, "", NULL, to->cpus)->saved = true;
	if (!*to->cpus)
		plan_refuse(out, "node %d has no CPUs", to->node);
}

/* Devices of the host that a guest has write into its memory, which therefore cannot move. */
static bool has_host_device(const struct subject *s, const struct row *domain)
{
	size_t n;

	subject_rows(s, TABLE_PCI, domain, &n);
	return n > 0;
}

/* vCPUs, other threads and memory of a guest to one node. */
void plan_move(const struct subject *s, const struct placement *p, const struct stay *stay,
    int place, struct plan *out)
{
	const struct place *to = &p->place[place];
	const char *policy = policy_of(stay->domain);
	char node[16], was[64];
	struct text size = { 0 };

	say_size(&size, stay_remote_bytes(stay, place));
	plan_title(out, "move %s of %s to node %d", size.p, cell_text(stay->domain, DOMAIN_NAME),
	    to->node);
	text_done(&size);
	snprintf(node, sizeof(node), "%d", to->node);
	plan_pins(s, stay->domain, to->cpus, out);
	/* Of this mode alone the nodes may change while the guest runs. */
	if (strncmp(policy, "restrictive ", 12) == 0 && is_known_to_libvirt(stay->domain)) {
		snprintf(was, sizeof(was), "%s", policy + 12);
		if (strcmp(was, node) != 0)
			plan_add(out, ACTION_NUMATUNE, stay->domain, "nodeset", was, node);
	}
	plan_add(out, ACTION_MIGRATE_PAGES, stay->domain, "all", NULL, node);
	plan_binding(stay->domain, to->node, true, out);
	if (has_host_device(s, stay->domain))
		plan_refuse(out,
		    "a device of the host writes into its memory, which can only be placed when "
		    "the guest starts");
}
