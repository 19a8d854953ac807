/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/net_links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"

#define AGAIN_NS (10 * NS_PER_SEC)
#define IFF_MULTI_QUEUE_FLAG 0x0100
/* Ports of a bridge that are looked at to find its uplink. */
#define PORTS_MAX 4096

static void attribute_path(char *buf, size_t size, const struct net_link *l, const char *file)
{
	snprintf(buf, size, "sys/class/net/%s/%s", l->name, file);
}

static bool read_text(
    const struct net_link *l, const struct root *root, const char *file, char *buf, size_t size)
{
	char path[96];

	attribute_path(path, sizeof(path), l, file);
	return root_read(root, path, buf, size) > 0;
}

static bool read_u32(
    const struct net_link *l, const struct root *root, const char *file, uint32_t *ret)
{
	char buf[32];
	uint64_t v;

	if (!read_text(l, root, file, buf, sizeof(buf)) || parse_u64(buf, &v) < 0 || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* The last part of where a link leads; "" when it leads nowhere. */
static void read_link(
    const struct net_link *l, const struct root *root, const char *file, char name[INTERFACE_SIZE])
{
	char path[96], target[256], *slash;

	name[0] = '\0';
	attribute_path(path, sizeof(path), l, file);
	if (root_link(root, path, target, sizeof(target)) <= 0)
		return;
	slash = strrchr(target, '/');
	slash = slash ? slash + 1 : target;
	if (interface_is_name(slash))
		memcpy(name, slash, strlen(slash) + 1);
}

/* "lower_eth0" leads to what the interface lies upon; the first such, "" when there is none. */
static void read_lower(const struct net_link *l, const struct root *root, char name[INTERFACE_SIZE])
{
	struct names names = { 0 };
	char path[96];

	name[0] = '\0';
	attribute_path(path, sizeof(path), l, "");
	path[strlen(path) - 1] = '\0';
	if (root_list(root, path, &names) == 0)
		for (size_t i = 0; i < names.n && !name[0]; i++)
			if (strncmp(names.name[i], "lower_", 6) == 0 &&
			    strlen(names.name[i]) < 6 + INTERFACE_SIZE)
				read_link(l, root, names.name[i], name);
	names_done(&names);
}

/*
 * A tap has as many queues below queues/ as its guest has switched on: the driver tells the kernel
 * each time that one is attached or detached. A directory's number of links is no file's content,
 * so it is noted for captures.
 */
static void read_queues(struct net_link *l, const struct root *root)
{
	char path[96], note[64], buf[32];
	uint64_t v;

	l->queues = 0;
	snprintf(note, sizeof(note), "kvmtop/net/%s/queues", l->name);
	if (root_is_live(root)) {
		ssize_t dirs;
		int n;

		attribute_path(path, sizeof(path), l, "queues");
		dirs = root_count_dirs(root, path);
		if (dirs < 2)
			return;
		/* As many of each direction. */
		l->queues = (unsigned)dirs / 2;
		n = snprintf(buf, sizeof(buf), "%u\n", l->queues);
		root_note(root, note, buf, (size_t)n);
	} else if (root_read(root, note, buf, sizeof(buf)) > 0 && parse_u64(buf, &v) == 0 &&
		   v <= UINT16_MAX) {
		l->queues = (unsigned)v;
	}
}

/* A macvtap has a directory named after its character device. */
static bool is_macvtap(const struct net_link *l, const struct root *root)
{
	char file[48], buf[32];

	snprintf(file, sizeof(file), "macvtap/tap%u/dev", l->index);
	if (read_text(l, root, file, buf, sizeof(buf)))
		return true;
	snprintf(file, sizeof(file), "ipvtap/tap%u/dev", l->index);
	return read_text(l, root, file, buf, sizeof(buf));
}

static bool is_device(const struct net_link *l, const struct root *root)
{
	char path[96], target[256];

	attribute_path(path, sizeof(path), l, "device");
	return root_link(root, path, target, sizeof(target)) > 0;
}

/* "DEVTYPE=bridge" among the lines of uevent; the datapath of Open vSwitch is known by its name. */
static void read_type(struct net_link *l, const struct root *root)
{
	const char *type = NULL;
	char buf[256];

	if (read_text(l, root, "uevent", buf, sizeof(buf)))
		type = strstr(buf, "DEVTYPE=");
	if (type)
		type += strlen("DEVTYPE=");
	else
		type = strcmp(l->name, "ovs-system") == 0 ? "openvswitch" : "virtual";
	if (l->is_bridge)
		type = "bridge";
	if (is_device(l, root))
		type = "device";
	snprintf(l->type, sizeof(l->type), "%.*s", (int)strcspn(type, "\n"), type);
	if (!read_text(l, root, "device/numa_node", buf, sizeof(buf)) ||
	    parse_i64(buf, &l->node) < 0)
		l->node = -1;
}

/*
 * The kernel asks the driver for it, which may take a while, so it is read no more often than the
 * link comes up. Other kinds of interfaces make it up.
 */
static void read_speed(struct net_link *l, const struct root *root)
{
	bool is_real = strcmp(l->type, "device") == 0 || strcmp(l->type, "bond") == 0;

	/* Where the driver does not know it: -1, which is no number here, or that as one. */
	if (!is_real || !read_u32(l, root, "speed", &l->speed_mbits) ||
	    l->speed_mbits == UINT32_MAX)
		l->speed_mbits = 0;
}

/* What an interface is does not change as long as it lives. */
static void read_kind(struct net_link *l, const struct root *root)
{
	char buf[32];
	uint64_t flags;

	if (!read_u32(l, root, "ifindex", &l->index))
		l->index = 0;
	l->kind = LINK_OTHER;
	l->multi_queue = false;
	if (read_text(l, root, "tun_flags", buf, sizeof(buf))) {
		l->kind = LINK_TAP;
		l->multi_queue = parse_hex_u64(buf, &flags) == 0 && (flags & IFF_MULTI_QUEUE_FLAG);
	} else if (l->index && is_macvtap(l, root)) {
		l->kind = LINK_MACVTAP;
		read_lower(l, root, l->lower);
	}
	l->is_bridge = read_text(l, root, "bridge/stp_state", buf, sizeof(buf));
	if (l->kind == LINK_OTHER)
		read_type(l, root);
}

/* A tap is "unknown" as long as somebody holds it. */
static void read_state(struct net_link *l, const struct root *root)
{
	char buf[32];

	l->is_up = -1;
	if (read_text(l, root, "operstate", buf, sizeof(buf)))
		l->is_up = strcmp(buf, "up\n") == 0 || strcmp(buf, "unknown\n") == 0;
}

/* Where the name stands, or would. */
static size_t place_of(const struct net_links *l, const char *name)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(l->link[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct net_link *find(const struct net_links *l, const char *name)
{
	size_t at = place_of(l, name);

	return at < l->n && strcmp(l->link[at]->name, name) == 0 ? l->link[at] : NULL;
}

/* 2: a device or what lies upon one, as a bond does; 1: something else; 0: a guest's tap. */
static int rank_port(const struct root *root, const char *name)
{
	struct net_link port = { 0 };
	char buf[256], lower[INTERFACE_SIZE];

	snprintf(port.name, sizeof(port.name), "%s", name);
	if (read_text(&port, root, "tun_flags", buf, sizeof(buf)))
		return 0;
	if (is_device(&port, root))
		return 2;
	read_lower(&port, root, lower);
	return lower[0] ? 2 : 1;
}

static void add_uplink(struct net_link *l, const char *name)
{
	size_t len = strlen(l->uplink);

	if (!l->first_uplink[0])
		snprintf(l->first_uplink, sizeof(l->first_uplink), "%s", name);
	/* Whole names only. */
	if (len + 1 + strlen(name) < sizeof(l->uplink))
		snprintf(l->uplink + len, sizeof(l->uplink) - len, "%s%s", len ? " " : "", name);
}

/* The name of the port that an entry of the directory of ports stands for; NULL: it is none. */
static const char *port_of(const struct net_link *l, const char *entry)
{
	if (!l->is_bridge && strncmp(entry, "lower_", 6) != 0)
		return NULL;
	entry += l->is_bridge ? 0 : 6;
	return interface_is_name(entry) ? entry : NULL;
}

/* Ports that lead out; where none does, those that are at least no guest's (containers' ends). */
static void take_port(const struct net_links *links, struct net_link *l, const struct root *root,
    const char *port, int *best)
{
	const struct net_link *known = find(links, port);
	int rank;

	/* Most ports are taps of guests that were looked at already. */
	if (known && known->kind == LINK_TAP)
		return;
	rank = rank_port(root, port);
	if (rank > *best)
		l->uplink[0] = l->first_uplink[0] = '\0';
	*best = rank > *best ? rank : *best;
	if (rank == *best)
		add_uplink(l, port);
}

/*
 * A bridge has its ports in brif/. Of another switch, as Open vSwitch's datapath (ovs-system) is
 * one, they lie below it, as "lower_eth0"; and so do members of a bond, and what a VLAN is made
 * upon.
 */
static void read_uplink(const struct net_links *links, struct net_link *l, const struct root *root)
{
	struct names entries = { 0 };
	char dir[64], path[352], target[256];
	bool any = l->is_bridge;
	int best = 1;

	l->uplink[0] = l->first_uplink[0] = '\0';
	snprintf(dir, sizeof(dir), "sys/class/net/%s%s", l->name, l->is_bridge ? "/brif" : "");
	if (root_list(root, dir, &entries) < 0)
		entries.n = 0;
	for (size_t i = 0; i < entries.n && i < PORTS_MAX; i++) {
		const char *port = port_of(l, entries.name[i]);

		if (!port)
			continue;
		any = true;
		/* So that a capture knows the port. */
		snprintf(path, sizeof(path), "%s/%s", dir, entries.name[i]);
		root_link(root, path, target, sizeof(target));
		take_port(links, l, root, port, &best);
	}
	if (any && !l->uplink[0])
		snprintf(l->uplink, sizeof(l->uplink), "none");
	names_done(&entries);
}

static void read_all(struct net_links *links, struct net_link *l, struct reading *r)
{
	bool first = l->due_ns == 0;
	int was_up = first ? -1 : l->is_up;
	uint64_t wait_ns = AGAIN_NS;

	if (first || reading_thorough(r))
		read_kind(l, r->root);
	if (!read_u32(l, r->root, "mtu", &l->mtu))
		l->mtu = 0;
	l->has_queue_length = read_u32(l, r->root, "tx_queue_len", &l->queue_length);
	read_state(l, r->root);
	read_link(l, r->root, "master", l->master);
	if (l->kind == LINK_TAP)
		read_queues(l, r->root);
	else if (l->kind == LINK_OTHER)
		read_uplink(links, l, r->root);
	if (first || reading_thorough(r) || l->is_up != was_up)
		read_speed(l, r->root);
	/* Not all that are found at the first sample come due at one. */
	if (first)
		wait_ns = AGAIN_NS / 2 + links->met++ * 61 % 100 * AGAIN_NS / 100;
	l->sample_ns = r->now_ns;
	l->read_ns = reading_now(r);
	l->due_ns = l->read_ns + wait_ns;
}

static struct net_link *find_or_add(struct net_links *l, const char *name)
{
	size_t at = place_of(l, name);

	if (at < l->n && strcmp(l->link[at]->name, name) == 0)
		return l->link[at];
	l->link = xgrow(l->link, l->n, &l->cap, sizeof(struct net_link *));
	memmove(&l->link[at + 1], &l->link[at], (l->n - at) * sizeof(struct net_link *));
	l->n++;
	l->link[at] = xcalloc(1, sizeof(struct net_link));
	snprintf(l->link[at]->name, sizeof(l->link[at]->name), "%s", name);
	return l->link[at];
}

struct net_link *net_links_get(struct net_links *l, struct reading *r, const char *name)
{
	struct net_link *link = find_or_add(l, name);

	/* Captured samples may run backwards, and each is whole. */
	if (link->due_ns == 0 || r->now_ns >= link->due_ns ||
	    (reading_thorough(r) && link->sample_ns != r->now_ns))
		read_all(l, link, r);
	return link;
}

void net_links_renew(struct net_links *l, const char *name)
{
	struct net_link *link = find(l, name);

	if (link)
		link->due_ns = 0;
}

void net_links_keep(struct net_links *l, const struct net_dev *dev)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		if (net_dev_find(dev, l->link[i]->name))
			l->link[kept++] = l->link[i];
		else
			free(l->link[i]);
	l->n = kept;
}

const struct net_link *net_links_by_index(
    struct net_links *l, struct reading *r, const struct net_dev *dev, uint32_t index)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->link[i]->index == index)
			return l->link[i];
	for (size_t i = 0; i < dev->n; i++)
		if (!find(l, dev->interface[i].name) &&
		    net_links_get(l, r, dev->interface[i].name)->index == index)
			return find(l, dev->interface[i].name);
	return NULL;
}

void net_links_done(struct net_links *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->link[i]);
	free(l->link);
	*l = (struct net_links){ 0 };
}
