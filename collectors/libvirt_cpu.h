/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUs the XML of a guest gives it, and which program runs it. Zeroed memory is an XML that
 * says nothing; guest_cpu_done frees it.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_CPU_H
#define KVMTOP_COLLECTORS_LIBVIRT_CPU_H

#include <stdint.h>

#include "base/text.h"
#include "model/snapshot.h"

struct _xmlNode;
struct reading;

/* Texts are NULL, and numbers 0, where the XML does not say. */
struct guest_cpu {
	char *arch, *emulator;
	char *mode; /* host-passthrough, host-model, custom, maximum, none */
	char *model;
	char *migratable;     /* on, off */
	struct text features; /* "+aes -x2apic": what the XML names itself */
	char *pv_spinlock;    /* on, off */
	char *dedicated;      /* the hint that its vCPUs have CPUs for themselves: on, off */
	uint64_t sockets, dies, cores, threads;
	struct text cells; /* vCPUs of its own nodes: "0-3 4-7", "-" for one without */
};

/* @domain: the element <domain>. */
void guest_cpu_read(struct guest_cpu *c, const struct _xmlNode *domain);
void guest_cpu_done(struct guest_cpu *c);

/* Writes it into the guest's row. */
void guest_cpu_write(struct reading *r, struct row *row, const struct guest_cpu *c);

#endif
