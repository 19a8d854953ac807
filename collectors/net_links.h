/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sys/class/net says of interfaces beside their counters: read when an interface is asked for
 * the first time, and again every 10 s. It tells of the program's own network namespace only.
 * Zeroed memory is empty; it owns what it lends until net_links_done.
 */
#ifndef KVMTOP_COLLECTORS_NET_LINKS_H
#define KVMTOP_COLLECTORS_NET_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/net_dev.h"

struct reading;

#define UPLINK_SIZE 48

enum link_kind {
	LINK_OTHER,
	LINK_TAP,
	LINK_MACVTAP, /* or any other that lies upon one interface and gives its packets to a
			 process */
};

struct net_link {
	char name[INTERFACE_SIZE];
	uint64_t due_ns;    /* when it is to be read again; 0: it never was */
	uint64_t read_ns;   /* when it was read last */
	uint64_t sample_ns; /* the sample in which that was */
	enum link_kind kind;
	bool multi_queue;      /* a tap that was made for several queues */
	uint32_t index;        /* 0: not known */
	uint32_t mtu;          /* 0: not known */
	uint32_t queue_length; /* of packets to be sent by the host */
	bool has_queue_length;
	int is_up;                   /* -1: not known */
	unsigned queues;             /* of a tap: pairs in use; 0: not known */
	char master[INTERFACE_SIZE]; /* bridge or other switch that it is a port of; "": none */
	char lower[INTERFACE_SIZE];  /* what a macvtap lies upon */
	bool is_bridge;
	char type[12];            /* of what is no tap: as INTERFACE_KIND has it */
	uint32_t speed_mbits;     /* 0: not known */
	int64_t node;             /* -1: not told */
	char uplink[UPLINK_SIZE]; /* of a switch: ports that are no guest's; of a bond, a VLAN: what
				     it is made of; "none": there is none, "": nothing of that */
	char first_uplink[INTERFACE_SIZE];
};

struct net_links {
	struct net_link **link; /* by name */
	size_t n, cap;
	uint64_t met; /* interfaces so far */
};

void net_links_done(struct net_links *l);

/* Never NULL for the name of an interface. */
struct net_link *net_links_get(struct net_links *l, struct reading *r, const char *name);

/* Forgets when it was read: another one may have come under the same name. */
void net_links_renew(struct net_links *l, const char *name);

/* Forgets interfaces that are none any more. */
void net_links_keep(struct net_links *l, const struct net_dev *dev);

/* The interface with that number, among those of @dev; NULL: there is none. */
const struct net_link *net_links_by_index(
    struct net_links *l, struct reading *r, const struct net_dev *dev, uint32_t index);

#endif
