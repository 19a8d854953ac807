/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command line of a virtual machine monitor says of its guest, and what the name of one
 * of its threads says of the thread. Both are foreign text. Plain values; nothing is owned.
 */
#ifndef KVMTOP_COLLECTORS_VMM_H
#define KVMTOP_COLLECTORS_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_config {
	char vmm[24];   /* qemu, cloud-hypervisor, firecracker, crosvm; "" unknown */
	char name[256]; /* "" when the command line gives none */
	char uuid[40];
	uint64_t memory_bytes;    /* 0: not told */
	uint64_t vcpus;           /* that it is started with; 0: not told */
	char memory_path[256];    /* where the memory's file lies; "" anonymous */
	uint64_t huge_page_bytes; /* where the command line names the page size itself */
	bool probe;               /* started only to be asked what it can do: not a guest */
};

/* @cmdline is proc/PID/cmdline: arguments, each ended by a NUL. */
void guest_config_parse(const char *cmdline, size_t len, struct guest_config *ret);

/* Whether a program of that name (the last part of its path) is a virtual machine monitor. */
bool vmm_is_program(const char *name);

/* Longest role and the NUL. */
#define ROLE_SIZE 24

/*
 * The role of a thread of the guest by its name: "emulator" (@is_main), "iothread N", "worker",
 * "vhost", "kvm-nx", "other". A vCPU: "vcpu" and its number, -1 where the name does not tell it.
 */
void thread_role(const char *comm, bool is_main, char role[ROLE_SIZE], int *ret_vcpu);

/*
 * The pid of the guest that a thread of the kernel works for, by its name: "vhost-1234",
 * "kvm-pit/1234". False when it is none of these.
 */
bool kernel_thread_guest(const char *comm, uint32_t *ret_pid, char role[ROLE_SIZE]);

#endif
