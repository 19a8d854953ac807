/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracepoints of the kernel, as tracefs describes them: the number of an event, and where in its
 * record each field lies. Fields come, go and move from kernel to kernel, so nobody may assume
 * where they are; and what the description says is believed only as far as it makes sense.
 */
#ifndef KVMTOP_BASE_TRACEPOINT_H
#define KVMTOP_BASE_TRACEPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct root;

#define TRACEPOINT_FIELDS 40
#define TRACEPOINT_NAME 40

struct trace_field {
	char name[TRACEPOINT_NAME];
	uint32_t offset, size; /* in bytes, within the record */
	bool is_signed;
};

struct tracepoint {
	char name[TRACEPOINT_NAME]; /* the kernel's own for it; "": not told */
	uint32_t id; /* of the event: perf_event_attr.config, and common_type in its records */
	uint32_t fields;
	struct trace_field field[TRACEPOINT_FIELDS];
};

/*
 * The text of a `format` file. 0; -EINVAL: it is malformed, and @ret is untouched; -E2BIG: more
 * fields than any event has.
 */
int tracepoint_parse(const char *text, size_t len, struct tracepoint *ret);

/*
 * Reads the event @name ("kvm/kvm_exit") where tracefs is mounted. -ENOENT: no such event (its
 * module is not loaded); -ENODEV: tracefs is mounted nowhere; -EACCES: a right is missing; -EPERM:
 * the kernel is locked down; -EINVAL: malformed.
 */
int tracepoint_read(const struct root *root, const char *name, struct tracepoint *ret);

/* The field if it is there, else NULL. */
const struct trace_field *tracepoint_field(const struct tracepoint *t, const char *name);

/*
 * The number in a field of 1, 2, 4 or 8 bytes. A negative one is widened. -EINVAL: the record ends
 * before it, or it is no number.
 */
int trace_field_read(
    const struct trace_field *field, const unsigned char *raw, size_t len, uint64_t *ret);

#endif
