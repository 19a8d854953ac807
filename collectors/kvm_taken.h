/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statistics descriptors that a guest's process keeps open, borrowed for one reading.
 *
 * A descriptor that is held keeps the guest's machine alive in the kernel after the guest has
 * ended, with the devices that it was given: it could not be started again while we are stopped.
 * And some kernels before 6.5 free the machine under it. So none is held between readings: what is
 * remembered is its number in the guest's process.
 */
#ifndef KVMTOP_COLLECTORS_KVM_TAKEN_H
#define KVMTOP_COLLECTORS_KVM_TAKEN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct key;
struct root;

/* KVM's number of a vCPU: on x86 its APIC id, which may leave numbers out. */
struct kvm_taken {
	uint32_t vcpu;
	uint32_t fd; /* in the guest's process */
	uint32_t
	    maker; /* the thread that made the vCPU, as the kernel numbers it; 0: not read yet */
};

/* Zeroed memory is an empty list. */
struct kvm_taken_list {
	struct kvm_taken *item; /* by vCPU */
	size_t n, cap;
};

/* Replaces the list by what proc/PID/fd shows now. 0, also when there are none; -errno. */
int kvm_taken_look(const struct root *root, uint32_t pid, struct kvm_taken_list *ret);
void kvm_taken_done(struct kvm_taken_list *list);

/*
 * The descriptor of the vCPU whose thread has @number. @numbers are those of all vCPU threads of
 * the guest, ascending: where KVM numbers otherwise, the order is the same. NULL: not to be told.
 */
struct kvm_taken *kvm_taken_find(
    const struct kvm_taken_list *list, const uint32_t *numbers, size_t n, uint32_t number);

/* A descriptor for the process, for the call below; -errno. */
int kvm_taken_process(uint32_t pid);

/*
 * Reads all that the descriptor tells into @buf; the length. -ESTALE: that number has become
 * another file, or @process is not the guest's; other -errno.
 */
ssize_t kvm_taken_read(const struct root *root, struct key guest, int process,
    struct kvm_taken *taken, void *buf, size_t size);

#endif
