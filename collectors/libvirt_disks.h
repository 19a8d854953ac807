/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disks of a guest, as its XML has them or its command line: what both can tell is one struct,
 * and one function writes it into the rows of table disk.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_DISKS_H
#define KVMTOP_COLLECTORS_LIBVIRT_DISKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/snapshot.h"

struct _xmlNode;
struct reading;

/* More disks of one guest are not looked at. */
#define DISKS_MAX 512

/* Texts are NULL, limits 0, where nothing is told. */
struct disk_config {
	char *alias; /* QEMU's id of the device: the same from both sides */
	char *name;  /* as people know it: vda */
	char *device, *bus, *controller;
	char *format, *cache, *io, *iothread, *discard, *detect_zeroes;
	char *source_type, *source, *serial, *limit_group;
	uint64_t queues;         /* 0: not set */
	uint64_t metadata_cache; /* bytes for all metadata of the image; 0: not set */
	uint64_t l2_cache;       /* of these, or of themselves, for L2 tables; 0: not set */
	int chain;               /* images below this one; -1: not told */
	bool readonly, shared, transient, knows_sharing;
	bool is_gone;       /* unplugged: nobody holds it any more */
	bool by_descriptor; /* of it nothing is known but its source */
	uint64_t limit_bytes, limit_read, limit_write;
	uint64_t limit_requests, limit_read_requests, limit_write_requests;
};

struct disk_configs {
	struct disk_config *disk;
	size_t n, cap;
};

struct disk_config *disk_configs_add(struct disk_configs *disks);
void disk_configs_done(struct disk_configs *disks);

/* Reads the disks below the element "domain". */
void libvirt_disks_read(const struct _xmlNode *domain, struct disk_configs *ret);

/* Adds the rows of that guest. */
void disk_configs_write(struct reading *r, struct key guest, const struct disk_configs *disks);

#endif
