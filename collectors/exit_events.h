/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracepoints of KVM that tell of exits, and what their records say. */
#ifndef KVMTOP_COLLECTORS_EXIT_EVENTS_H
#define KVMTOP_COLLECTORS_EXIT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tracepoint.h"
#include "collectors/exit_reasons.h"

struct root;

/* Fields that are not there have size 0. */
struct exit_layout {
	uint32_t exit_id, entry_id, user_id; /* @user_id 0: this kernel has no kvm_userspace_exit */
	char entry_name[TRACEPOINT_NAME];    /* of the raw tracepoint */
	struct trace_field type;             /* common_type, of all three */
	struct trace_field reason, isa;      /* x86 */
	struct trace_field ret, esr_ec;      /* arm64 */
	struct trace_field user_reason, user_error;
};

enum exit_event_kind { EXIT_EVENT_EXIT, EXIT_EVENT_ENTRY, EXIT_EVENT_USER };

struct exit_event {
	enum exit_event_kind kind;
	struct exit_reason reason; /* of an exit */
};

/* As tracepoint_read; -ENOTSUP: the fields are none that are known. @ret_event: which one it is
 * about. */
int exit_layout_read(const struct root *root, struct exit_layout *ret, const char **ret_event);

/* -EINVAL: none of ours, or too short. */
int exit_event_decode(
    const struct exit_layout *layout, const unsigned char *raw, size_t len, struct exit_event *ret);

/* From the numbers that the fields hold. */
struct exit_reason exit_reason_x86(uint32_t isa, uint32_t reason);
struct exit_reason exit_reason_arm(uint32_t ret, uint32_t esr_ec);
struct exit_reason exit_reason_user(uint32_t reason, int32_t error);

#endif
