/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/exit_events.h"

#include <errno.h>
#include <string.h>

struct exit_reason exit_reason_x86(uint32_t isa, uint32_t reason)
{
	if (isa == EXIT_VMX)
		return (struct exit_reason){ EXIT_VMX, reason & EXIT_VMX_MASK };
	return (struct exit_reason){ EXIT_SVM, reason };
}

struct exit_reason exit_reason_arm(uint32_t ret, uint32_t esr_ec)
{
	if (ret == EXIT_ARM_EXCEPTION_TRAP)
		return (struct exit_reason){ EXIT_ARM_TRAP, esr_ec };
	return (struct exit_reason){ EXIT_ARM, ret };
}

struct exit_reason exit_reason_user(uint32_t reason, int32_t error)
{
	if (error == -EINTR)
		return (struct exit_reason){ EXIT_TO_USER, EXIT_USER_RESTART };
	if (error < 0)
		return (struct exit_reason){ EXIT_TO_USER,
			EXIT_USER_ERROR | ((uint32_t)-error & 0xffff) };
	return (struct exit_reason){ EXIT_TO_USER, reason };
}

/* A field of 4 bytes, as those of all kernels were; another one would mean something else. */
static bool take_field(
    const struct tracepoint *t, const char *name, uint32_t size, struct trace_field *ret)
{
	const struct trace_field *f = tracepoint_field(t, name);

	if (!f || f->size != size)
		return false;
	*ret = *f;
	return true;
}

static int read_exit(const struct root *root, struct exit_layout *l)
{
	struct tracepoint t;
	int error = tracepoint_read(root, "kvm/kvm_exit", &t);

	if (error < 0)
		return error;
	l->exit_id = t.id;
	if (!take_field(&t, "common_type", 2, &l->type))
		return -ENOTSUP;
	if (take_field(&t, "exit_reason", 4, &l->reason) && take_field(&t, "isa", 4, &l->isa))
		return 0;
	l->reason.size = l->isa.size = 0;
	if (take_field(&t, "ret", 4, &l->ret) && take_field(&t, "esr_ec", 4, &l->esr_ec))
		return 0;
	return -ENOTSUP;
}

static int read_user(const struct root *root, struct exit_layout *l)
{
	struct tracepoint t;
	int error = tracepoint_read(root, "kvm/kvm_userspace_exit", &t);

	if (error == -ENOENT)
		return 0;
	if (error < 0)
		return error;
	if (!take_field(&t, "reason", 4, &l->user_reason) ||
	    !take_field(&t, "errno", 4, &l->user_error))
		return -ENOTSUP;
	l->user_id = t.id;
	return 0;
}

int exit_layout_read(const struct root *root, struct exit_layout *ret, const char **ret_event)
{
	struct exit_layout l = { 0 };
	struct tracepoint entry;
	int error;

	*ret_event = "kvm_exit";
	error = read_exit(root, &l);
	if (error < 0)
		return error;
	*ret_event = "kvm_entry";
	error = tracepoint_read(root, "kvm/kvm_entry", &entry);
	if (error < 0)
		return error;
	l.entry_id = entry.id;
	memcpy(l.entry_name, entry.name, sizeof(l.entry_name));
	*ret_event = "kvm_userspace_exit";
	error = read_user(root, &l);
	if (error < 0)
		return error;
	*ret = l;
	return 0;
}

static int read_two(const struct trace_field *a, const struct trace_field *b,
    const unsigned char *raw, size_t len, uint32_t *ret_a, uint32_t *ret_b)
{
	uint64_t x, y;

	if (trace_field_read(a, raw, len, &x) < 0 || trace_field_read(b, raw, len, &y) < 0)
		return -EINVAL;
	*ret_a = (uint32_t)x;
	*ret_b = (uint32_t)y;
	return 0;
}

int exit_event_decode(
    const struct exit_layout *layout, const unsigned char *raw, size_t len, struct exit_event *ret)
{
	bool arm = layout->reason.size == 0;
	uint64_t type;
	uint32_t a, b;

	if (trace_field_read(&layout->type, raw, len, &type) < 0)
		return -EINVAL;
	if (type == layout->entry_id) {
		*ret = (struct exit_event){ .kind = EXIT_EVENT_ENTRY };
		return 0;
	}
	if (type == layout->exit_id) {
		if (read_two(arm ? &layout->ret : &layout->isa,
			arm ? &layout->esr_ec : &layout->reason, raw, len, &a, &b) < 0)
			return -EINVAL;
		*ret = (struct exit_event){ EXIT_EVENT_EXIT,
			arm ? exit_reason_arm(a, b) : exit_reason_x86(a, b) };
		return 0;
	}
	if (layout->user_id == 0 || type != layout->user_id ||
	    read_two(&layout->user_reason, &layout->user_error, raw, len, &a, &b) < 0)
		return -EINVAL;
	*ret = (struct exit_event){ EXIT_EVENT_USER, exit_reason_user(a, (int32_t)b) };
	return 0;
}
