/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that keeps the statistics descriptors of its vCPUs open, as QEMU does since 8.1, and that
 * does nothing but leave the guest: so many times, that the statistics can be told right or wrong.
 *
 *   kvm_stats_holder [VCPUS [STEP]]
 *
 * VCPUS is 1 by default; vCPU i gets KVM's number i * STEP, as the APIC ids of x86 leave numbers
 * out. Prints "ready PID" or "skip REASON". Then, for each line "run N" on standard input, every
 * vCPU leaves the guest N times, and "ran TOTAL" is printed, the number since the start. Ends with
 * standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define VCPUS_MAX 64
#define MEMORY_BYTES 0x1000
#define CODE_AT 0x1000

/* out %al, $0x10; jmp back: each pass is one exit to user space. */
static const unsigned char code[] = { 0xe6, 0x10, 0xeb, 0xfc };

struct vcpu {
	pthread_t thread;
	unsigned int index;
	int fd, stats_fd, wake[2], done[2];
	struct kvm_run *run;
	bool failed;
};

static int skip(const char *what)
{
	printf("skip %s: %s\n", what, strerror(errno));
	return 77;
}

static int make_memory(int vm)
{
	struct kvm_userspace_memory_region region = { .guest_phys_addr = CODE_AT,
		.memory_size = MEMORY_BYTES };
	void *memory =
	    mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	memcpy(memory, code, sizeof(code));
	region.userspace_addr = (unsigned long)memory;
	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Real mode, at the code. */
static int set_registers(int fd)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = CODE_AT, .rflags = 2 };

	if (ioctl(fd, KVM_GET_SREGS, &sregs) < 0)
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	return ioctl(fd, KVM_SET_SREGS, &sregs) < 0 ? -1 : ioctl(fd, KVM_SET_REGS, &regs);
}

static void *run_vcpu(void *arg)
{
	struct vcpu *v = arg;
	char name[16];
	unsigned long n;

	snprintf(name, sizeof(name), "CPU %u/KVM", v->index);
	prctl(PR_SET_NAME, name);
	while (read(v->wake[0], &n, sizeof(n)) == (ssize_t)sizeof(n)) {
		for (unsigned long i = 0; i < n && !v->failed; i++)
			v->failed =
			    ioctl(v->fd, KVM_RUN, 0) < 0 || v->run->exit_reason != KVM_EXIT_IO;
		if (write(v->done[1], &n, sizeof(n)) < 0)
			break;
	}
	return NULL;
}

static int make_vcpu(int kvm, int vm, struct vcpu *v, unsigned int step)
{
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	v->fd = ioctl(vm, KVM_CREATE_VCPU, (unsigned long)v->index * step);
	if (v->fd < 0 || size < 0 || set_registers(v->fd) < 0)
		return -1;
	v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	v->stats_fd = ioctl(v->fd, KVM_GET_STATS_FD, 0);
	if (v->run == MAP_FAILED || v->stats_fd < 0 || pipe(v->wake) < 0 || pipe(v->done) < 0)
		return -1;
	errno = pthread_create(&v->thread, NULL, run_vcpu, v);
	return errno ? -1 : 0;
}

static bool run_all(struct vcpu *vcpu, unsigned int n_vcpus, unsigned long n)
{
	bool ran = true;

	for (unsigned int i = 0; i < n_vcpus; i++)
		if (write(vcpu[i].wake[1], &n, sizeof(n)) < 0)
			return false;
	for (unsigned int i = 0; i < n_vcpus; i++) {
		unsigned long done;

		ran &= read(vcpu[i].done[0], &done, sizeof(done)) > 0 && !vcpu[i].failed;
	}
	return ran;
}

static int serve(struct vcpu *vcpu, unsigned int n_vcpus)
{
	unsigned long total = 0;
	char line[64];

	printf("ready %d\n", getpid());
	while (fflush(stdout) == 0 && fgets(line, sizeof(line), stdin)) {
		unsigned long n = strncmp(line, "run ", 4) == 0 ? strtoul(line + 4, NULL, 10) : 0;

		if (!run_all(vcpu, n_vcpus, n)) {
			printf("failed\n");
			return 1;
		}
		total += n;
		printf("ran %lu\n", total);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long n_vcpus = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	unsigned long step = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	static struct vcpu vcpu[VCPUS_MAX];
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	if (n_vcpus == 0 || n_vcpus > VCPUS_MAX || step == 0 || step > 16)
		return 2;
	if (kvm < 0)
		return skip("no KVM");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || make_memory(vm) < 0)
		return skip("no machine");
	for (unsigned int i = 0; i < n_vcpus; i++) {
		vcpu[i].index = i;
		if (make_vcpu(kvm, vm, &vcpu[i], (unsigned int)step) < 0)
			return skip("no statistics");
	}
	return serve(vcpu, (unsigned int)n_vcpus);
}
