/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of a QEMU command line and their keys: "-device virtio-blk-pci,drive=d0" as well as
 * the JSON form that newer libvirt writes. It is foreign text: any process may call itself so.
 * What qemu_args_parse returns owns all that the others lend.
 */
#ifndef KVMTOP_COLLECTORS_QEMU_ARGS_H
#define KVMTOP_COLLECTORS_QEMU_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Options beyond this many are not looked at, nor keys of one option. */
#define QEMU_ARGS_MAX 4096
#define QEMU_KEYS_MAX 512

/* Nested objects are flattened: "cache.direct", lists too: "server.0.host". true is "on". */
struct qemu_pair {
	const char *key, *value; /* NULL: null */
};

struct qemu_arg {
	const char *name;       /* "device", without its dashes */
	struct qemu_pair *pair; /* in the order of the command line */
	size_t n;
};

struct qemu_args;

/* @cmdline is proc/PID/cmdline: arguments, each ended by a NUL. Never NULL. */
struct qemu_args *qemu_args_parse(const char *cmdline, size_t len);
void qemu_args_free(struct qemu_args *args);

/* The next option of that name behind @after (NULL: the first); NULL: no more. @name NULL: any. */
const struct qemu_arg *qemu_args_next(
    const struct qemu_args *args, const char *name, const struct qemu_arg *after);

/* The option of that name with id=@id. */
const struct qemu_arg *qemu_args_find(
    const struct qemu_args *args, const char *name, const char *id);

/*
 * The value of a key; NULL: not given. What stands first without a key has the key that QEMU gives
 * it: "driver" of -device and -blockdev, "type" of -netdev, -nic, -net and -machine, "backend" of
 * -chardev, "qom-type" of -object, "file" of -hda, -cdrom and the like, "" of options that have
 * none. A word without "=" further behind is a switch: "on". Given twice, the last one counts.
 */
const char *qemu_arg_get(const struct qemu_arg *arg, const char *key);

/* Whether it is said that there is none: null in JSON. */
bool qemu_arg_is_null(const struct qemu_arg *arg, const char *key);

/* Whether the key is there and on, yes, true or y; @otherwise where it is not there. */
bool qemu_arg_is_on(const struct qemu_arg *arg, const char *key, bool otherwise);

/* A number; false: not there, or none. */
bool qemu_arg_u64(const struct qemu_arg *arg, const char *key, uint64_t *ret);

#endif
