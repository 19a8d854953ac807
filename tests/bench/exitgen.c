/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that does nothing but leave itself: what observers cost is measured by how often it can.
 *
 *   exitgen KIND SECONDS [VCPUS [FIRST_CPU [LINGER_SECONDS [REST]]]]
 *
 * Prints "KIND PASSES SECONDS CPU_SECONDS RATIO" at the end. One pass is one exit and one
 * step of a counter that the guest keeps. With FIRST_CPU its vCPUs are pinned, one to a CPU; -1:
 * they are not. It stays, doing nothing, for LINGER_SECONDS, so that what KVM has counted can still
 * be read. With REST it counts so far between two exits, to leave itself less often.
 *
 *   cpuid    real mode, handled in the kernel
 *   pio      real mode, a port that user space serves
 *   mix      three cpuid, one pio
 *   mmio     long mode at privilege level 3, memory of a device with an eventfd: in the kernel
 *   hlt      real mode, halted until the timer of the interrupt controller in the kernel strikes
 *   spin     real mode, never
 *   fire     no guest runs: each pass is two calls of KVM at which its tracepoints kvm_msi_set_irq
 *            and kvm_set_irq fire. They stand in for those of exits where KVM does not fire these,
 *            or where guests leave themselves too slowly. RATIO is the time of such
 *            a pass by that of one that fires nothing; it is 0 of other kinds.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define RAM_BYTES 0x200000UL
#define DEVICE 0x200000UL /* behind the memory */
#define COUNTER 0x1000UL  /* of vCPU n: + n * 64 */
#define CODE 0x2000UL     /* of vCPU n: + n * 64 */
#define TABLES 0x10000UL
#define VCPUS_MAX 32
/* Passes that fire, then such that do not. */
#define FIRE_BLOCK 128
#define IDLE_BLOCK 16

struct vcpu {
	int vm, fd, number, cpu;
	struct kvm_run *run;
	pthread_t thread;
	double fired_s, log_sum, logs; /* of kind fire */
};

static const char *kind;
static uint32_t rest_steps;
static unsigned char *ram;
static struct vcpu vcpus[VCPUS_MAX];
static volatile sig_atomic_t over;

static void die(const char *what)
{
	fprintf(stderr, "exitgen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t put(unsigned char *code, size_t at, const void *bytes, size_t len)
{
	memcpy(code + at, bytes, len);
	return at + len;
}

static size_t put_word(unsigned char *code, size_t at, uint64_t v, size_t len)
{
	return put(code, at, &v, len);
}

/* Counts down from it in ecx. */
static size_t put_rest(unsigned char *code, bool is_real_mode)
{
	size_t n = 0;

	if (!rest_steps)
		return n;
	n = is_real_mode ? put(code, n, "\x66\xb9", 2) : put(code, n, "\xb9", 1);
	n = put_word(code, n, rest_steps, 4);
	n = put(code, n, is_real_mode ? "\x66\x49" : "\xff\xc9", 2); /* dec ecx */
	return put(code, n, "\x75\xfc", 2);                          /* jnz to that */
}

/* The rest, the counter's step, what makes the exits, a jump back. */
static void write_code(int number)
{
	unsigned char *code = ram + CODE + (size_t)number * 64;
	uint64_t counter = COUNTER + (uint64_t)number * 64;
	size_t n = put_rest(code, strcmp(kind, "mmio") != 0);

	if (strcmp(kind, "mmio") == 0) {
		n = put(code, n, "\xff\x04\x25", 3); /* inc dword [counter] */
		n = put_word(code, n, counter, 4);
		n = put(code, n, "\xc7\x04\x25", 3); /* mov dword [device], 1 */
		n = put_word(code, n, DEVICE, 4);
		n = put_word(code, n, 1, 4);
	} else {
		n = put(code, n, "\x66\xff\x06", 3); /* inc dword [counter] */
		n = put_word(code, n, counter, 2);
		if (strcmp(kind, "mix") == 0)
			n = put(code, n, "\x0f\xa2\x0f\xa2\x0f\xa2\xe6\x10", 8);
		else if (strcmp(kind, "cpuid") == 0)
			n = put(code, n, "\x0f\xa2", 2);
		else if (strcmp(kind, "pio") == 0)
			n = put(code, n, "\xe6\x10", 2); /* out 0x10, al */
		else if (strcmp(kind, "hlt") == 0)
			n = put(code, n, "\xfb\xf4", 2); /* sti; hlt */
	}
	code[n] = 0xeb;
	code[n + 1] = (unsigned char)(0 - (n + 2));
}

/* Where the timer's interrupt leads: end of interrupt, back. */
static void write_interrupts(void)
{
	static const unsigned char handler[] = { 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf };

	memcpy(ram + 0x800, handler, sizeof(handler));
	for (size_t i = 0; i < 256; i++)
		put_word(ram, i * 4, 0x800, 4);
}

static void set_flat(struct kvm_segment *s, uint16_t selector, uint8_t type, bool code)
{
	*s = (struct kvm_segment){ .base = 0,
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.dpl = 3,
		.db = !code,
		.s = 1,
		.l = code,
		.g = 1 };
}

/* The first 2 MiB are memory, the next are the device; both belong to the user. */
static void set_long_mode(struct kvm_sregs *s)
{
	uint64_t *pml4 = (void *)(ram + TABLES), *pdpt = pml4 + 512, *pd = pdpt + 512;

	pml4[0] = (TABLES + 0x1000) | 7;
	pdpt[0] = (TABLES + 0x2000) | 7;
	pd[0] = 0x87;
	pd[1] = DEVICE | 0x87;
	s->cr3 = TABLES;
	s->cr4 = 0x20;
	s->cr0 = 0x80000011;
	s->efer = 0x500;
	set_flat(&s->cs, 0x33, 11, true);
	set_flat(&s->ds, 0x2b, 3, false);
	s->es = s->fs = s->gs = s->ss = s->ds;
}

static void set_registers(struct vcpu *v)
{
	struct kvm_regs regs = {
		.rflags = 2, .rip = CODE + (uint64_t)v->number * 64, .rsp = 0x8000
	};
	struct kvm_sregs s;

	if (ioctl(v->fd, KVM_GET_SREGS, &s) < 0)
		die("KVM_GET_SREGS");
	if (strcmp(kind, "mmio") == 0)
		set_long_mode(&s);
	else
		s.cs.base = s.cs.selector = 0;
	if (ioctl(v->fd, KVM_SET_SREGS, &s) < 0 || ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
		die("registers");
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("sched_setaffinity");
}

static double clock_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count_down(void)
{
	for (volatile uint32_t i = 0; i < rest_steps; i++) {
	}
}

/* One tracepoint for the exit, one for the entry behind it; then the rest. */
static void fire_once(const struct vcpu *v)
{
	struct kvm_irq_level level = { .irq = 5 };
	struct kvm_msi msi = { .address_lo = 0xfee00000 };

	/* Nobody takes it: the interrupt controller was never switched on. */
	if (ioctl(v->vm, KVM_SIGNAL_MSI, &msi) < 0 || ioctl(v->vm, KVM_IRQ_LINE, &level) < 0)
		die("interrupts");
	count_down();
}

/* Two calls of KVM at which nothing fires. */
static void fire_nothing(const struct vcpu *v)
{
	if (ioctl(v->vm, KVM_CHECK_EXTENSION, KVM_CAP_IRQCHIP) < 0 ||
	    ioctl(v->vm, KVM_CHECK_EXTENSION, KVM_CAP_IRQFD) < 0)
		die("KVM_CHECK_EXTENSION");
	count_down();
}

static double time_some(const struct vcpu *v, void (*once)(const struct vcpu *v), int n)
{
	double begin = clock_s(CLOCK_MONOTONIC);

	for (int i = 0; i < n; i++)
		once(v);
	return clock_s(CLOCK_MONOTONIC) - begin;
}

/*
 * A CPU is now faster, now slower, by what else runs on its core or is given this machine's time.
 * So passes are compared with such that fire nothing, some 100 us apart; and by the logarithm, in
 * which what delays the ones makes up for what delays the others. Where one took four times as
 * long, the CPU was with somebody else.
 */
static void fire(struct vcpu *v)
{
	volatile uint32_t *counter = (void *)(ram + COUNTER + (size_t)v->number * 64);

	while (!over) {
		double fired_s = time_some(v, fire_once, FIRE_BLOCK);
		double idle_s = time_some(v, fire_nothing, IDLE_BLOCK);
		double ratio = fired_s / FIRE_BLOCK / (idle_s / IDLE_BLOCK);

		*counter += FIRE_BLOCK;
		v->fired_s += fired_s;
		if (ratio < 4 && ratio > 0.25) {
			v->log_sum += log(ratio);
			v->logs++;
		}
	}
}

static void *run_vcpu(void *arg)
{
	struct vcpu *v = arg;
	char name[16];

	snprintf(name, sizeof(name), "CPU %d/KVM", v->number);
	prctl(PR_SET_NAME, name);
	pin(v->cpu);
	if (strcmp(kind, "fire") == 0)
		fire(v);
	while (!over) {
		if (ioctl(v->fd, KVM_RUN, 0) < 0 && errno != EINTR)
			die("KVM_RUN");
		if (v->run->exit_reason != KVM_EXIT_IO && v->run->exit_reason != KVM_EXIT_INTR) {
			fprintf(stderr, "exitgen: exit reason %u\n", v->run->exit_reason);
			exit(1);
		}
	}
	return NULL;
}

/* Ends what the vCPUs do. */
static void on_signal(int signal)
{
	(void)signal;
	over = 1;
	for (int i = 0; i < VCPUS_MAX; i++)
		if (vcpus[i].run)
			vcpus[i].run->immediate_exit = 1;
}

static int make_machine(int kvm)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);
	struct kvm_userspace_memory_region memory = { .memory_size = RAM_BYTES };
	struct kvm_ioeventfd event = { .addr = DEVICE, .len = 4, .fd = eventfd(0, EFD_NONBLOCK) };
	struct kvm_pit_config pit = { .flags = 0 };
	bool has_chip = strcmp(kind, "hlt") == 0 || strcmp(kind, "fire") == 0;

	if (vm < 0)
		die("KVM_CREATE_VM");
	ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ram == MAP_FAILED)
		die("mmap");
	memory.userspace_addr = (uintptr_t)ram;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &memory) < 0)
		die("KVM_SET_USER_MEMORY_REGION");
	if (has_chip &&
	    (ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0 || ioctl(vm, KVM_CREATE_PIT2, &pit) < 0))
		die("interrupt controller");
	if (strcmp(kind, "mmio") == 0 && ioctl(vm, KVM_IOEVENTFD, &event) < 0)
		die("KVM_IOEVENTFD");
	return vm;
}

/* An interrupt controller and a timer as a BIOS leaves them: 1000 interrupts a second. */
static void set_timer(int vm)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };
	struct kvm_pit_state2 pit = { .flags = 0 };

	if (strcmp(kind, "hlt") != 0)
		return;
	chip.chip.pic.irq_base = 0x20;
	chip.chip.pic.imr = 0xfe;
	chip.chip.pic.init4 = 1;
	pit.channels[0] = (struct kvm_pit_channel_state){ .count = 1193, .mode = 2, .gate = 1 };
	if (ioctl(vm, KVM_SET_IRQCHIP, &chip) < 0 || ioctl(vm, KVM_SET_PIT2, &pit) < 0)
		die("timer");
}

static void make_vcpu(int kvm, int vm, struct vcpu *v)
{
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *run;

	v->fd = ioctl(vm, KVM_CREATE_VCPU, v->number);
	if (v->fd < 0 || size < 0)
		die("KVM_CREATE_VCPU");
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (run == MAP_FAILED)
		die("mmap of a vCPU");
	v->run = run;
	v->vm = vm;
	write_code(v->number);
	set_registers(v);
}

static void wait_s(double seconds)
{
	struct timespec rest = { .tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };

	nanosleep(&rest, NULL);
}

/* A vCPU leaves its guest for a signal to its thread, and then stays outside. */
static void stop_vcpus(int n)
{
	on_signal(SIGUSR1);
	for (int i = 0; i < n; i++)
		pthread_kill(vcpus[i].thread, SIGUSR1);
	for (int i = 0; i < n; i++)
		pthread_join(vcpus[i].thread, NULL);
}

/* What the vCPUs took of CPUs: it does not grow while they wait for one. */
static double cpu_s(int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += vcpus[i].fired_s;
	return sum > 0 ? sum : clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

static uint64_t passes(int n)
{
	uint64_t sum = 0;
	uint32_t v;

	for (int i = 0; i < n; i++) {
		memcpy(&v, ram + COUNTER + (size_t)i * 64, sizeof(v));
		sum += v;
	}
	return sum;
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 0, begin;
	double linger = argc > 5 ? strtod(argv[5], NULL) : 0;
	int n = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 1, kvm, vm;
	int first = argc > 4 ? (int)strtol(argv[4], NULL, 10) : -1;

	if (seconds <= 0 || n < 1 || n > VCPUS_MAX) {
		fprintf(stderr,
		    "usage: exitgen cpuid|pio|mix|mmio|hlt|spin|fire SECONDS [VCPUS [CPU [LINGER "
		    "[REST]]]]\n");
		return 2;
	}
	kind = argv[1];
	rest_steps = argc > 6 ? (uint32_t)strtoul(argv[6], NULL, 10) : 0;
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		die("/dev/kvm");
	vm = make_machine(kvm);
	write_interrupts();
	for (int i = 0; i < n; i++) {
		vcpus[i] = (struct vcpu){ .number = i, .cpu = first < 0 ? -1 : first + i };
		make_vcpu(kvm, vm, &vcpus[i]);
	}
	set_timer(vm);
	signal(SIGUSR1, on_signal);
	for (int i = 0; i < n; i++)
		if (pthread_create(&vcpus[i].thread, NULL, run_vcpu, &vcpus[i]) != 0)
			die("pthread_create");
	begin = clock_s(CLOCK_MONOTONIC);
	wait_s(seconds);
	seconds = clock_s(CLOCK_MONOTONIC) - begin;
	stop_vcpus(n);
	printf("%s %llu %.6f %.6f %.6f\n", kind, (unsigned long long)passes(n), seconds, cpu_s(n),
	    vcpus[0].logs > 0 ? exp(vcpus[0].log_sum / vcpus[0].logs) : 0);
	fflush(stdout);
	wait_s(linger);
	_exit(0);
}
