/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disks of a guest by its QEMU command line: -device, -blockdev, -drive, -hda and so on. */
#ifndef KVMTOP_COLLECTORS_DISK_ARGS_H
#define KVMTOP_COLLECTORS_DISK_ARGS_H

struct disk_configs;
struct qemu_args;

/* Adds them to @ret. What was plugged in later is not on the command line. */
void disk_args_read(const struct qemu_args *args, struct disk_configs *ret);

#endif
