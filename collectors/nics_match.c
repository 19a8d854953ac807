/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which NICs a guest has, and which interface of the host is behind each. Three know of them: the
 * command line (those that it was started with), the process's descriptors (the interfaces, and
 * nothing else), and libvirt's XML (all, but as old as its last reading). A descriptor that the
 * command line names is certain; then comes what the XML says; what is left over on both sides is
 * matched in order, as QEMU opens its taps in the order of its command line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/nics.h"

static struct found_nic *add(struct nic_guest *g, const struct nic *nic)
{
	g->found = xgrow(g->found, g->n, &g->cap, sizeof(*g->found));
	g->found[g->n] = (struct found_nic){ .nic = *nic };
	return &g->found[g->n++];
}

static bool is_tap(const struct found_nic *f)
{
	return strcmp(f->nic.type, "tap") == 0;
}

static bool has_interface(const struct found_nic *f)
{
	return f->nic.interface[0] || f->index;
}

static bool is_same_tap(const struct found_nic *f, const struct tap_fd *tap)
{
	return tap->index ? f->index == tap->index : strcmp(f->nic.interface, tap->name) == 0;
}

static struct found_nic *owner_of(struct nic_guest *g, const struct tap_fd *tap)
{
	for (size_t i = 0; i < g->n; i++)
		if (has_interface(&g->found[i]) && is_same_tap(&g->found[i], tap))
			return &g->found[i];
	return NULL;
}

static void give(struct found_nic *f, const struct tap_fd *tap)
{
	f->index = tap->index;
	f->is_macvtap = tap->index != 0;
	memcpy(f->nic.interface, tap->name, sizeof(f->nic.interface));
}

static const struct xml_nic *find_xml(const struct nic_guest *g, const char *name)
{
	for (size_t i = 0; i < g->xmls; i++)
		if (strcmp(g->xml[i].name, name) == 0)
			return &g->xml[i];
	return NULL;
}

/* "net0", or "ua-…" where the XML chose it; others came by arguments of the user's own. */
static bool is_libvirts(const char *name)
{
	return strncmp(name, "ua-", 3) == 0 ||
	       (strncmp(name, "net", 3) == 0 && name[3] &&
		   strspn(name + 3, "0123456789") == strlen(name + 3));
}

/* Those of the command line that the guest still has, as far as the XML is known. */
static void take_args(struct nic_guest *g)
{
	for (size_t i = 0; i < g->args.n; i++) {
		const struct nic *nic = &g->args.nic[i];
		bool told = find_xml(g, nic->name) != NULL;
		struct found_nic *f;

		if (g->has_xml && !told && is_libvirts(nic->name))
			continue;
		f = add(g, nic);
		/* Its name may have passed to another, which the XML describes. */
		if (g->has_xml && told)
			f->nic.mac[0] = f->nic.model[0] = '\0';
	}
}

/* What came in the place of a NIC that was unplugged gets its descriptor, too. */
static bool is_reused(
    const struct nic_guest *g, const struct found_nic *f, const struct tap_fd *tap)
{
	const struct xml_nic *x = find_xml(g, f->nic.name);

	return !tap->index && tap->name[0] && x && interface_is_name(x->target) &&
	       strcmp(x->target, tap->name) != 0;
}

/* By the descriptor that the command line names. */
static void take_named_fds(struct nic_guest *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct found_nic *f = &g->found[i];
		const struct tap_fd *tap =
		    f->nic.fd >= 0 ? guest_fds_find(&g->fds, (uint32_t)f->nic.fd) : NULL;

		if (tap && !is_reused(g, f, tap))
			give(f, tap);
	}
}

/* What the XML says of a NIC whose descriptor is not known. */
static void take_targets(struct nic_guest *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct found_nic *f = &g->found[i];
		const struct xml_nic *x = find_xml(g, f->nic.name);

		if (!x)
			continue;
		f->target = x->target;
		if (is_tap(f) && !has_interface(f) && interface_is_name(x->target))
			memcpy(f->nic.interface, x->target, strlen(x->target) + 1);
	}
}

static void take_in_order(struct nic_guest *g)
{
	size_t next = 0;

	for (size_t i = 0; i < g->fds.taps; i++) {
		const struct tap_fd *tap = &g->fds.tap[i];

		if (owner_of(g, tap))
			continue;
		while (
		    next < g->n && !(is_tap(&g->found[next]) && !has_interface(&g->found[next]) &&
				       g->found[next].nic.fd < 0))
			next++;
		if (next < g->n)
			give(&g->found[next], tap);
	}
}

static const struct xml_nic *find_target(const struct nic_guest *g, const char *interface)
{
	for (size_t i = 0; i < g->xmls; i++)
		if (strcmp(g->xml[i].target, interface) == 0)
			return &g->xml[i];
	return NULL;
}

/* Taps that the command line does not tell of: the NIC was plugged in, or it is no QEMU. */
static void add_plugged(
    struct nic_guest *g, struct net_links *links, struct reading *r, const struct net_dev *ours)
{
	for (size_t i = 0; i < g->fds.taps; i++) {
		const struct tap_fd *tap = &g->fds.tap[i];
		const struct net_link *link = NULL;
		const struct xml_nic *x;
		struct nic nic = { .number = -1, .fd = -1 };
		struct found_nic *f;

		if (owner_of(g, tap))
			continue;
		if (tap->index && !g->space[0])
			link = net_links_by_index(links, r, ours, tap->index);
		x = find_target(g, link ? link->name : tap->name);
		if (x)
			snprintf(nic.name, sizeof(nic.name), "%s", x->name);
		else if (tap->index && !link)
			snprintf(nic.name, sizeof(nic.name), "macvtap %u", tap->index);
		else
			snprintf(nic.name, sizeof(nic.name), "%s", link ? link->name : tap->name);
		snprintf(nic.type, sizeof(nic.type), "%s", tap->index ? "macvtap" : "tap");
		f = add(g, &nic);
		give(f, tap);
		f->target = x ? x->target : NULL;
	}
}

/* Where descriptors may not be seen, a NIC that was plugged in is known by the XML alone. */
static void add_from_xml(struct nic_guest *g)
{
	for (size_t i = 0; i < g->xmls; i++) {
		struct nic nic = { .number = -1, .fd = -1 };
		bool known = false;

		for (size_t k = 0; k < g->n && !known; k++)
			known = strcmp(g->found[k].nic.name, g->xml[i].name) == 0 ||
				strcmp(g->found[k].nic.interface, g->xml[i].target) == 0;
		if (known || !interface_is_name(g->xml[i].target))
			continue;
		snprintf(nic.name, sizeof(nic.name), "%s", g->xml[i].name);
		snprintf(nic.interface, sizeof(nic.interface), "%s", g->xml[i].target);
		add(g, &nic)->target = g->xml[i].target;
	}
}

/* Each descriptor of a tap is a queue. */
static void count_fds(struct nic_guest *g)
{
	for (size_t i = 0; i < g->fds.taps; i++) {
		struct found_nic *f = owner_of(g, &g->fds.tap[i]);

		if (f)
			f->fds++;
	}
}

/*
 * Who serves a NIC of which only its descriptors are known: vhost where there is a vhost device
 * left for each of them. Where some have none, only the XML may tell which.
 */
static void guess_backends(struct nic_guest *g)
{
	size_t vhosts = g->fds.vhost_net, unknown = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct found_nic *f = &g->found[i];

		if (!f->nic.backend[0])
			unknown += f->fds;
		else if (strcmp(f->nic.backend, "vhost-net") == 0)
			vhosts -= f->fds < vhosts ? f->fds : vhosts;
	}
	for (size_t i = 0; i < g->n && (vhosts == 0 || vhosts == unknown); i++)
		if (!g->found[i].nic.backend[0] && g->found[i].fds)
			snprintf(g->found[i].nic.backend, sizeof(g->found[i].nic.backend), "%s",
			    vhosts ? "vhost-net" : "userspace");
}

/* A NIC that was unplugged stays on the command line, but nobody holds its tap any more. */
static void drop_unplugged(struct nic_guest *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->n; i++)
		if (!is_tap(&g->found[i]) || g->found[i].fds)
			g->found[kept++] = g->found[i];
	g->n = kept;
}

/* Only now, as descriptors tell a macvtap by its number. */
static void name_macvtaps(
    struct nic_guest *g, struct net_links *links, struct reading *r, const struct net_dev *ours)
{
	for (size_t i = 0; i < g->n; i++) {
		struct found_nic *f = &g->found[i];
		const struct net_link *link = NULL;

		if (!f->is_macvtap)
			continue;
		if (!g->space[0])
			link = net_links_by_index(links, r, ours, f->index);
		if (link)
			memcpy(f->nic.interface, link->name, sizeof(f->nic.interface));
		else if (f->target && interface_is_name(f->target))
			memcpy(f->nic.interface, f->target, strlen(f->target) + 1);
		f->index = 0;
		snprintf(f->nic.type, sizeof(f->nic.type), "macvtap");
	}
}

void nics_match(
    struct nic_guest *g, struct net_links *links, struct reading *r, const struct net_dev *ours)
{
	bool seen = g->looked && g->fds.error == 0;

	g->n = 0;
	take_args(g);
	if (seen)
		take_named_fds(g);
	take_targets(g);
	if (seen) {
		take_in_order(g);
		/* Without the command line everything looks plugged in. */
		if (g->cmdline.has_come)
			add_plugged(g, links, r, ours);
		count_fds(g);
		if (g->is_qemu)
			drop_unplugged(g);
		guess_backends(g);
	}
	add_from_xml(g);
	name_macvtaps(g, links, r, ours);
}
