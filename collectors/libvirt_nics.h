/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NICs and passed-through devices in the XML of a guest. Zeroed memory is an empty list;
 * libvirt_nics_done frees it.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_NICS_H
#define KVMTOP_COLLECTORS_LIBVIRT_NICS_H

#include "collectors/nic_args.h"
#include "model/snapshot.h"

struct _xmlNode;
struct reading;

struct libvirt_nics {
	struct nic *nic; /* interface: the target, also of what is no interface of the host */
	size_t n, cap;
	char (*device)[DEVICE_NAME_SIZE];
	size_t devices, device_cap;
};

/* @devices: the element <devices>; may be NULL. */
void libvirt_nics_read(struct libvirt_nics *x, const struct _xmlNode *devices);
void libvirt_nics_done(struct libvirt_nics *x);

/* Writes their rows. */
void libvirt_nics_fill(struct reading *r, struct key guest, const struct libvirt_nics *x);

#endif
