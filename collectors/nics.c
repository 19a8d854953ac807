/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NICs of guests. Counters of all interfaces come from one reading of net/dev at every sample;
 * what changes seldom (attributes of an interface, a guest's descriptors) is read when something
 * new appears, and again now and then, of a few guests at one sample.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"
#include "collectors/nics.h"
#include "collectors/qemu_args.h"
#include "collectors/vmm.h"

/* Listing descriptors costs some 100 µs a guest: so seldom, and of so many guests at one sample. */
#define FDS_AGAIN_NS (30 * NS_PER_SEC)
#define FDS_GUESTS 4
/* New ones are not to wait long for it; hundreds at once are those of kvmtop's start. */
#define FIRST_GUESTS 64
/* A guest opens its taps some time after its start. */
#define YOUNG_SECONDS 10
#define YOUNG_GUESTS 8

void *nics_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct nics));
}

static void guest_done(void *item)
{
	struct nic_guest *g = item;

	cmdline_done(&g->cmdline);
	nic_args_done(&g->args);
	guest_fds_done(&g->fds);
	free(g->device);
	free(g->found);
	free(g->xml);
}

static void forget_spaces(struct nics *n, uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->spaces; i++)
		if (n->space[i].read_ns == now_ns)
			n->space[kept++] = n->space[i];
		else
			net_dev_done(&n->space[i].dev);
	n->spaces = kept;
}

void nics_close(void *state)
{
	struct nics *n = state;

	guest_list_done(&n->guests, guest_done);
	net_dev_done(&n->ours);
	net_links_done(&n->links);
	forget_spaces(n, UINT64_MAX);
	free(n->space);
	free(n);
}

/* The counters of the guest's namespace; NULL: they cannot be read. */
const struct net_dev *nics_counters(struct nics *n, struct reading *r, const struct nic_guest *g)
{
	struct space *s = NULL;
	char path[64];

	if (!g->space[0])
		return &n->ours;
	for (size_t i = 0; i < n->spaces && !s; i++)
		if (strcmp(n->space[i].id, g->space) == 0)
			s = &n->space[i];
	if (!s) {
		n->space = xgrow(n->space, n->spaces, &n->space_cap, sizeof(*s));
		s = &n->space[n->spaces++];
		*s = (struct space){ 0 };
		memcpy(s->id, g->space, sizeof(s->id));
	}
	if (s->read_ns != r->now_ns) {
		snprintf(path, sizeof(path), "proc/%u/net/dev", g->pid);
		net_dev_read(&s->dev, r->root, path);
		s->read_ns = r->now_ns;
	}
	return &s->dev;
}

static void take_args(struct reading *r, struct nic_guest *g)
{
	struct text text = { 0 };
	struct guest_config config;
	struct qemu_args *args;

	if (!cmdline_take(&g->cmdline, r->root, g->pid, &text))
		return;
	guest_config_parse(text.p, text.len, &config);
	g->is_qemu = strcmp(config.vmm, "qemu") == 0;
	if (g->is_qemu) {
		args = qemu_args_parse(text.p, text.len);
		nic_args_read(&g->args, args);
		qemu_args_free(args);
	}
	text_done(&text);
}

/* "net:[4026531840]"; "" where it may not be told. */
static void read_space(const struct root *root, const char *process, char *buf, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%s/ns/net", process);
	if (root_link(root, path, buf, size) <= 0)
		buf[0] = '\0';
}

/* "Max open files            20000                20000                files" */
static double read_fds_maximum(const struct root *root, uint32_t pid)
{
	static const char name[] = "Max open files";
	char path[64], buf[4096], *at;
	struct cursor c;
	uint64_t v;

	snprintf(path, sizeof(path), "proc/%u/limits", pid);
	if (root_read(root, path, buf, sizeof(buf)) <= 0)
		return 0;
	at = strstr(buf, name);
	if (!at)
		return 0;
	at += sizeof(name) - 1;
	cursor_init(&c, at, strlen(at));
	return cursor_u64(&c, &v) == 0 ? (double)v : 0;
}

/* Where it may not be told: a namespace that has other interfaces than ours is another one. */
static void guess_space(const struct nics *n, const struct root *root, const struct nic_guest *g,
    char *buf, size_t size)
{
	struct net_dev dev = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "proc/%u/net/dev", g->pid);
	if (net_dev_read(&dev, root, path) == 0 && dev.names_hash != n->ours.names_hash)
		snprintf(buf, size, "of process %u", g->pid);
	net_dev_done(&dev);
}

static void look_into(struct nics *n, struct reading *r, struct nic_guest *g)
{
	char pid[16], space[sizeof(g->space)];

	guest_fds_read(&g->fds, r->root, g->pid);
	if (g->fds.error)
		fd_watch_failed(&g->watch);
	g->fds_maximum = read_fds_maximum(r->root, g->pid);
	snprintf(pid, sizeof(pid), "%u", g->pid);
	read_space(r->root, pid, space, sizeof(space));
	g->space[0] = '\0';
	if (!space[0])
		guess_space(n, r->root, g, space, sizeof(space));
	if (space[0] && n->own[0] && strcmp(space, n->own) != 0)
		memcpy(g->space, space, sizeof(g->space));
	g->fds_ns = reading_now(r);
	g->names_hash = n->ours.names_hash;
	g->looked = true;
}

/* A device that is passed through may have been given for another one: their number tells nothing.
 */
static bool may_hold_others(const struct reading *r, struct nic_guest *g)
{
	return fd_watch_changed(&g->watch, r, g->pid) || g->fds.groups || g->fds.devices;
}

static bool is_due(
    struct nics *n, const struct reading *r, struct nic_guest *g, const struct row *domain)
{
	if (reading_thorough(r))
		return true;
	/* Which is true the first time. */
	if (!g->looked)
		return n->first_budget-- > 0 && fd_watch_changed(&g->watch, r, g->pid);
	if (cell_number(domain, DOMAIN_UPTIME, YOUNG_SECONDS) < YOUNG_SECONDS)
		return n->young_budget-- > 0;
	/* An interface came or went: somebody may have got it, or lost it. */
	if (g->names_hash == n->ours.names_hash && r->now_ns < g->fds_ns + FDS_AGAIN_NS)
		return false;
	if (n->budget <= 0)
		return false;
	if (g->names_hash == n->ours.names_hash && !may_hold_others(r, g)) {
		g->fds_maximum = read_fds_maximum(r->root, g->pid);
		g->fds_ns = reading_now(r);
		return false;
	}
	n->budget--;
	return true;
}

static void look(struct nics *n, struct reading *r, const struct row *domain)
{
	struct nic_guest *g = n->guests.item[domain->number];

	g->is_new = !g->pid;
	g->pid = guest_pid(domain);
	if (!g->pid)
		return;
	take_args(r, g);
	g->has_news = is_due(n, r, g, domain);
	if (g->has_news)
		look_into(n, r, g);
}

static void add_xml(struct nic_guest *g, const struct row *row)
{
	g->xml = xgrow(g->xml, g->xmls, &g->xml_cap, sizeof(*g->xml));
	g->xml[g->xmls++] =
	    (struct xml_nic){ cell_text(row, NIC_NAME), cell_text(row, NIC_TARGET) };
}

/* What libvirt told by the last sample: its lane is another one. */
static void take_xml(struct nics *n, const struct reading *r)
{
	const struct table *t = r->latest ? &r->latest->table[TABLE_NIC] : NULL;

	for (size_t i = 0; i < n->guests.n; i++) {
		struct nic_guest *g = n->guests.item[i];
		const struct row *domain =
		    r->latest ? snapshot_find(r->latest, TABLE_DOMAIN, g->key) : NULL;

		g->xmls = 0;
		/* No other source tells that. */
		g->has_xml = domain && cell_has(domain, DOMAIN_VCPUS_MAXIMUM);
	}
	for (size_t i = 0; t && i < t->n; i++) {
		const struct row *domain = NULL;

		if (t->row[i]->cell[NIC_TARGET].at_ns)
			domain = snapshot_find(r->into, TABLE_DOMAIN, key_of(t->row[i]->key, 0));
		if (domain)
			add_xml(n->guests.item[domain->number], t->row[i]);
	}
}

static void write_descriptors(struct row *domain, const struct nic_guest *g)
{
	if (!g->looked)
		return;
	if (g->fds.error)
		cell_set_missing(
		    domain, DOMAIN_DESCRIPTORS, state_of_errno(g->fds.error), g->fds_ns);
	else
		cell_set_number(domain, DOMAIN_DESCRIPTORS, (double)g->fds.n, g->fds_ns);
	if (g->fds_maximum > 0)
		cell_set_number(domain, DOMAIN_DESCRIPTORS_MAXIMUM, g->fds_maximum, g->fds_ns);
}

/* An interface that a guest has just got may bear the name of one that is gone. */
static void renew_links(struct nics *n, const struct nic_guest *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->found[i].nic.interface[0])
			net_links_renew(&n->links, g->found[i].nic.interface);
}

static void tell_guest(struct nics *n, struct reading *r, struct row *domain)
{
	struct nic_guest *g = n->guests.item[domain->number];

	if (!g->pid)
		return;
	nics_match(g, &n->links, r, &n->ours);
	if (g->is_new)
		renew_links(n, g);
	for (size_t i = 0; i < g->n; i++)
		nics_write(n, r, g, &g->found[i]);
	pci_tell(r, g, g->has_news);
	write_descriptors(domain, g);
}

static void note_round(struct reading *r, const struct nics *n, int error)
{
	if (error && n->uncounted)
		reading_lacks(r, "proc/net/dev cannot be read: %s.", strerror(-error));
	if (n->denied)
		reading_lacks(r,
		    "The interfaces of %zu NIC%s are not known: CAP_SYS_PTRACE shows descriptors "
		    "of "
		    "other users' guests, libvirt tells them, too.",
		    n->denied, n->denied == 1 ? "" : "s");
	if (n->unseen > n->denied)
		reading_note(r, "%zu NIC%s no interface on the host, which could count.",
		    n->unseen - n->denied, n->unseen - n->denied == 1 ? " has" : "s have");
}

enum state nics_read(struct reading *r)
{
	const struct table *domains = &r->into->table[TABLE_DOMAIN];
	struct nics *n = r->state;
	uint64_t hash = n->ours.names_hash;
	int error = net_dev_read(&n->ours, r->root, "proc/net/dev");

	if (!n->own[0])
		read_space(r->root, "self", n->own, sizeof(n->own));
	if (n->ours.names_hash != hash)
		net_links_keep(&n->links, &n->ours);
	guest_list_update(&n->guests, r->into, sizeof(struct nic_guest), guest_done);
	take_xml(n, r);
	n->first_budget = FIRST_GUESTS;
	n->budget = FDS_GUESTS;
	n->young_budget = YOUNG_GUESTS;
	n->unseen = n->denied = n->uncounted = 0;
	/* Whoever stands first must not use up the budget at every sample. */
	n->turn += FDS_GUESTS;
	for (size_t i = 0; i < domains->n; i++)
		look(n, r, domains->row[(i + n->turn) % domains->n]);
	for (size_t i = 0; i < domains->n; i++)
		tell_guest(n, r, domains->row[i]);
	interfaces_write(n, r);
	forget_spaces(n, r->now_ns);
	note_round(r, n, error);
	return STATE_OK;
}
