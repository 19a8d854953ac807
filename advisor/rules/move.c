/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/rules/move.h"

#include <stdio.h>
#include <string.h>

#include "advisor/placement.h"
#include "advisor/rules/pins.h"

const char *policy_of(const struct row *domain)
{
	return cell_text(domain, DOMAIN_NUMA_MODE);
}

/* A policy that the definition gives to single cells of the guest is changed as a whole, by hand.
 */
static bool has_cell_policy(const struct row *domain)
{
	return strstr(policy_of(domain), "cell") != NULL;
}

/* Bound closely, as it is at the guest's next start. */
static void plan_policy(const struct row *domain, int node, struct plan *out)
{
	char list[16];

	if (!is_known_to_libvirt(domain) || has_cell_policy(domain))
		return;
	snprintf(list, sizeof(list), "%d", node);
	/* libvirt takes no mode without nodes. */
	plan_add_lasting(out, ACTION_NUMATUNE, domain, "nodeset", NULL, list)->saved = true;
	if (!*policy_of(domain))
		plan_add_lasting(out, ACTION_NUMATUNE, domain, "mode", NULL, "preferred")->saved =
		    true;
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
	plan_policy(stay->domain, to->node, out);
	if (has_host_device(s, stay->domain))
		plan_refuse(out,
		    "a device of the host writes into its memory, which can only be placed when "
		    "the guest starts");
}
