/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's process holds open of the network and of devices, from the links of proc/PID/fd.
 * Zeroed memory is a process that was not looked at; guest_fds_done frees what it holds.
 */
#ifndef KVMTOP_COLLECTORS_GUEST_FDS_H
#define KVMTOP_COLLECTORS_GUEST_FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/net_dev.h"

struct root;

/* What lies beyond is left out. */
#define GUEST_TAPS_MAX 4096
#define GUEST_GROUPS_MAX 64

/* A queue of a tap (of /dev/net/tun) or macvtap (/dev/tapN). */
struct tap_fd {
	uint32_t fd;
	uint32_t index;            /* of a macvtap's interface; 0: a tap */
	char name[INTERFACE_SIZE]; /* of a tap; "": fdinfo may not be read */
};

struct guest_fds {
	int error;          /* 0, or why the descriptors cannot be listed: -errno */
	size_t n;           /* descriptors in all */
	struct tap_fd *tap; /* by descriptor */
	size_t taps, cap;
	size_t vhost_net;                 /* each is a vhost worker */
	size_t vhost_other;               /* vsock, SCSI: workers that are no NIC's */
	uint32_t group[GUEST_GROUPS_MAX]; /* IOMMU groups (/dev/vfio/N) */
	size_t groups;
	uint32_t device[GUEST_GROUPS_MAX]; /* numbers of vfio devices (/dev/vfio/devices/vfioN) */
	size_t devices;
};

void guest_fds_read(struct guest_fds *f, const struct root *root, uint32_t pid);

void guest_fds_done(struct guest_fds *f);

/* NULL: that descriptor is no tap. */
const struct tap_fd *guest_fds_find(const struct guest_fds *f, uint32_t fd);

#endif
