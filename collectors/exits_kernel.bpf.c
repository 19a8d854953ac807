/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs in the kernel, at the tracepoints of KVM: adds up exits per thread and reason. At a rate at
 * which taking the time would cost more than it tells, only halts and some other exits are timed,
 * these chosen by chance; counted is every one.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "collectors/exits_bpf_shared.h"

#define EINTR 4
/* With 0 a program at a tracepoint hides the event from everybody else: perf would see none. */
#define ALSO_OTHERS 1

char LICENSE[] SEC("license") = "GPL";

const volatile struct exits_offsets offsets = { 0 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct exits_thread);
} threads SEC(".maps");

/* What a new thread begins with: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exits_thread);
} empty SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EXITS_CONTROLS);
	__type(key, __u32);
	__type(value, __u64);
} control SEC(".maps");

static __always_inline __u64 *control_of(__u32 which)
{
	return bpf_map_lookup_elem(&control, &which);
}

/* The verifier takes only loads that name their offset themselves, which compilers like to undo. */
#ifdef __bpf__
#define LOAD(ctx, offset, v) asm volatile("%0 = *(u32 *)(%1 + " #offset ")" : "=r"(v) : "r"(ctx))
#else
#define LOAD(ctx, offset, v) ((v) = *(const __u32 *)(const void *)((const char *)(ctx) + (offset)))
#endif

static __always_inline __u32 read_u32(const void *ctx, __u32 offset)
{
	__u64 loaded;
	__u32 v = 0;

	/* Where it lies in all kernels so far. */
	switch (offset) {
	case 8:
		LOAD(ctx, 8, loaded);
		return (__u32)loaded;
	case 12:
		LOAD(ctx, 12, loaded);
		return (__u32)loaded;
	case 24:
		LOAD(ctx, 24, loaded);
		return (__u32)loaded;
	default:
		bpf_probe_read_kernel(&v, sizeof(v), (const char *)ctx + offset);
		return v;
	}
}

static __always_inline struct exits_thread *thread_of(__u32 tid)
{
	struct exits_thread *th = bpf_map_lookup_elem(&threads, &tid), *none;
	__u32 zero = 0;
	__u64 *no_room;

	if (th)
		return th;
	none = bpf_map_lookup_elem(&empty, &zero);
	if (none)
		bpf_map_update_elem(&threads, &tid, none, BPF_NOEXIST);
	th = bpf_map_lookup_elem(&threads, &tid);
	if (th) {
		th->random = tid * 2654435761U;
		return th;
	}
	no_room = control_of(EXITS_NO_ROOM);
	if (no_room)
		__sync_fetch_and_add(no_room, 1);
	return 0;
}

static __always_inline __u32 slot_of(struct exits_thread *th, __u32 isa, __u32 code)
{
	__u32 other = isa == EXIT_TO_USER ? EXITS_OTHER_USER : EXITS_OTHER_EXITS;

	for (__u32 i = 0; i < EXITS_OTHER_EXITS; i++) {
		struct exits_slot *s = &th->slot[i];

		if (s->code == code && s->isa == isa)
			return i;
		if (s->isa == 0) {
			s->code = code;
			s->isa = isa;
			return i;
		}
	}
	th->slot[other].code = EXIT_OTHER;
	th->slot[other].isa = isa;
	return other;
}

static __always_inline void add_time(struct exits_thread *th, __u32 at, __u64 ns)
{
	struct exits_slot *s = &th->slot[at & (EXITS_SLOTS - 1)];
	__u64 bucket = exit_bucket(ns);

	if (s->timed == 0 || ns < s->min_ns)
		s->min_ns = ns;
	if (ns > s->max_ns)
		s->max_ns = ns;
	s->timed++;
	s->time_ns += ns;
	/* The compiler knows that it is in range, and must not keep that to itself. */
	asm volatile("" : "+r"(bucket));
	s->hist[bucket & (EXIT_BUCKETS - 1)]++;
}

static __always_inline void take_exit(__u32 isa, __u32 code)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), at;
	struct exits_thread *th = thread_of(tid);
	__u64 *mask;

	if (!th)
		return;
	at = slot_of(th, isa, code);
	th->slot[at & (EXITS_SLOTS - 1)].count++;
	th->exit_ns = th->user_ns = 0;
	mask = control_of(EXITS_TIME_MASK);
	/* A few long sleeps cannot stand for each other. */
	if (mask && *mask && !exit_code_is_idle(isa, code)) {
		th->random = th->random * 1664525U + 1013904223U;
		if ((th->random >> 16) & *mask)
			return;
	}
	th->exit_at = at;
	th->exit_ns = bpf_ktime_get_ns();
}

SEC("tracepoint/kvm/kvm_exit")
int count_exit(void *ctx)
{
	__u32 a, b;

	if (offsets.reason) {
		a = read_u32(ctx, offsets.isa);
		b = read_u32(ctx, offsets.reason);
		if (a == EXIT_VMX)
			take_exit(EXIT_VMX, b & EXIT_VMX_MASK);
		else
			take_exit(EXIT_SVM, b);
		return ALSO_OTHERS;
	}
	a = read_u32(ctx, offsets.ret);
	b = read_u32(ctx, offsets.esr_ec);
	if (a == EXIT_ARM_EXCEPTION_TRAP)
		take_exit(EXIT_ARM_TRAP, b);
	else
		take_exit(EXIT_ARM, a);
	return ALSO_OTHERS;
}

SEC("tracepoint/kvm/kvm_userspace_exit")
int count_user(void *ctx)
{
	__u32 reason = read_u32(ctx, offsets.user_reason), at;
	__s32 error = (__s32)read_u32(ctx, offsets.user_error);
	struct exits_thread *th = thread_of((__u32)bpf_get_current_pid_tgid());

	if (!th)
		return ALSO_OTHERS;
	if (error == -EINTR)
		reason = EXIT_USER_RESTART;
	else if (error < 0)
		reason = EXIT_USER_ERROR | ((__u32)-error & 0xffff);
	at = slot_of(th, EXIT_TO_USER, reason);
	th->slot[at & (EXITS_SLOTS - 1)].count++;
	/* Timed where the exit is that led here. */
	if (th->exit_ns) {
		th->user_at = at;
		th->user_ns = bpf_ktime_get_ns();
	}
	return ALSO_OTHERS;
}

/* What the guest is entered with does not matter, so the cheapest kind of tracepoint will do. */
SEC("raw_tracepoint/kvm_entry")
int end_exit(void *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct exits_thread *th = bpf_map_lookup_elem(&threads, &tid);
	__u64 now;

	(void)ctx;
	if (!th || !th->exit_ns)
		return 0;
	now = bpf_ktime_get_ns();
	add_time(th, th->exit_at, now - th->exit_ns);
	if (th->user_ns)
		add_time(th, th->user_at, now - th->user_ns);
	th->exit_ns = th->user_ns = 0;
	return 0;
}
