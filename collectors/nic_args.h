/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NICs and passed-through devices as the command line of QEMU tells of them. Plain values.
 */
#ifndef KVMTOP_COLLECTORS_NIC_ARGS_H
#define KVMTOP_COLLECTORS_NIC_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/net_dev.h"

struct qemu_args;

#define NICS_MAX 256
#define PCI_ADDRESS_SIZE 16
/* Of a PCI device its address, of a mediated one, which is a part of such, its UUID. */
#define DEVICE_NAME_SIZE 40

struct nic {
	char name[40];  /* QEMU's id of the device, or what else tells it apart */
	int number;     /* place on the command line; -1: none */
	char mac[18];   /* "": not told */
	char model[24]; /* virtio, e1000, …; "": not told */
	char type[16];  /* tap, user, vhost-user, … */
	char backend[12];
	unsigned queues, rx_ring, tx_ring; /* 0: not told */
	int fd;                            /* of its first tap, opened by libvirt; -1: none */
	char interface[INTERFACE_SIZE];    /* "": not told */
};

struct nic_args {
	struct nic *nic;
	size_t n, cap;
	char (*device)[DEVICE_NAME_SIZE];
	size_t devices, device_cap;
};

/* Zeroed memory is an empty list. */
void nic_args_read(struct nic_args *a, const struct qemu_args *args);
void nic_args_done(struct nic_args *a);

/* "virtio-net-pci" is virtio, other drivers are what they are called. */
void nic_model(const char *driver, char *buf, size_t size);

/* Who moves the packets of a NIC of that type and model. */
const char *nic_backend(const char *type, const char *model, bool vhost);

/* "03:00.0" or "0000:03:00.0", in small letters with its domain; false: it is no address. */
bool pci_address(const char *text, char ret[PCI_ADDRESS_SIZE]);

/* An address, or a UUID in small letters. */
bool device_name(const char *text, char ret[DEVICE_NAME_SIZE]);

#endif
