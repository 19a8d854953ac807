/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices of the host by name, and what they are made of: partitions lie on their disk, LVM,
 * dm and md devices on others, a loop device on the file system of its file. All is read from sys
 * and from mount tables; no device and no file is opened.
 */
#ifndef KVMTOP_COLLECTORS_BLOCK_STACK_H
#define KVMTOP_COLLECTORS_BLOCK_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mounts.h"

struct names;
struct root;

/* Longest name of a device and the NUL. */
#define BLOCK_NAME_SIZE 64

/*
 * What the device mapper calls its devices. All of them are read when the first is asked for, so
 * keep it no longer than one reading. Zeroed memory is one that nobody has asked.
 */
struct dm_names {
	struct dm_name *item;
	size_t n, cap;
	bool is_read;
};

void dm_names_done(struct dm_names *dm);

/* The device that a file system lies on; false where that is none: tmpfs, NFS, overlays. */
bool block_of_mount(const struct root *root, struct dm_names *dm, const struct mount_line *m,
    char name[BLOCK_NAME_SIZE]);

/* The device of that number, and that of a path such as /dev/mapper/vg-lv, /dev/vg/lv, /dev/sda1.
 */
bool block_of_number(
    const struct root *root, uint64_t major, uint64_t minor, char name[BLOCK_NAME_SIZE]);
bool block_of_path(
    const struct root *root, struct dm_names *dm, const char *path, char name[BLOCK_NAME_SIZE]);

/* A partition becomes the disk that it is a part of. */
void block_whole(const struct root *root, char name[BLOCK_NAME_SIZE]);

/* The devices that it is made of, one step down; none: it is a disk. */
void block_below(const struct root *root, const char *name, struct names *ret);

/* Those at the bottom, each once, in order; itself where nothing is below. */
void block_leaves(const struct root *root, const char *name, struct names *ret);

#endif
