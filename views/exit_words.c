/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reasons of exits mean, by the names that the kernel gives them. */
#include <fnmatch.h>
#include <string.h>

#include "views/parts.h"

/* Shell patterns, without regard to case: Intel's names are those of AMD in capitals. */
struct words {
	const char *pattern[8];
	const char *words;
};

static const struct words exits[] = {
	{ { "interrupt", "EXTERNAL_INTERRUPT", "IRQ" },
	    "an interrupt of the host came while the guest ran, of its timer, a device or another "
	    "CPU" },
	{ { "nmi" }, "an NMI of the host, of its watchdog or of perf" },
	{ { "EXCEPTION_NMI" },
	    "an exception in the guest that KVM handles, or an NMI of the host" },
	{ { "*excp" }, "an exception in the guest that KVM handles" },
	{ { "vintr", "INTERRUPT_WINDOW" },
	    "the guest takes interrupts again, and one had waited for that" },
	{ { "NMI_WINDOW", "iret" }, "the guest takes NMIs again, and one had waited for that" },
	{ { "hlt", "idle-halt", "mwait*", "WFx" },
	    "the guest had nothing to do: the time is sleep, of its vCPU" },
	{ { "pause", "PAUSE_INSTRUCTION" },
	    "a vCPU spins on a lock; often who holds it waits for a CPU" },
	{ { "cpuid" }, "the guest asked what its CPU can do, which the host answers" },
	{ { "io", "IO_INSTRUCTION" },
	    "the guest used an I/O port, as drivers of emulated devices do" },
	{ { "msr", "MSR_READ*", "MSR_WRITE*" },
	    "the guest used a register of its CPU, most often to set its timer or to send an "
	    "interrupt" },
	{ { "npf", "EPT_VIOLATION" },
	    "the guest touched memory that the host has not given it yet, took back or watches, or "
	    "registers of a device" },
	{ { "EPT_MISCONFIG" }, "the guest touched registers of a device, as drivers of virtio do" },
	{ { "DABT_LOW" },
	    "the guest touched memory that the host has not given it yet, or registers of a "
	    "device" },
	{ { "IABT_LOW" }, "the guest ran code in memory that the host has not given it yet" },
	{ { "PREEMPTION_TIMER" }, "a timer that the guest had set ran out" },
	{ { "APIC_*", "EOI_INDUCED", "TPR_BELOW_THRESHOLD", "avic_*", "*_cr8*" },
	    "the guest used its interrupt controller in a way that the CPU cannot do alone" },
	{ { "VMCALL", "hypercall", "HVC*" }, "the guest called the host (hypercall)" },
	{ { "SMC*" }, "the guest called its firmware, as to switch a CPU on" },
	{ { "SYS64", "CP1*" }, "the guest used a register of its CPU that the host keeps" },
	{ { "CR_ACCESS", "*_cr[0-4]*", "cr0_sel_write" },
	    "the guest used a control register of its CPU" },
	{ { "DR_ACCESS", "*_dr[0-7]" }, "the guest used a register for debugging" },
	{ { "rdtsc*", "rdpmc" }, "the guest read the clock or a counter of its CPU" },
	{ { "invlpg*", "invpcid" }, "the guest dropped what its CPU knew of addresses" },
	{ { "wbinvd", "invd" }, "the guest emptied the caches of its CPU" },
	{ { "xsetbv" }, "the guest chose what state of its CPU it uses" },
	{ { "FP_ASIMD", "SVE", "SME" }, "the guest began to use floating point" },
	{ { "PML_FULL" },
	    "the log of memory that the guest has written was full, as while it is migrated" },
	{ { "*BUS*LOCK" }, "an access of the guest held up the memory of all CPUs (split lock)" },
	{ { "vmgexit*" }, "a guest whose state is encrypted asked the host for something" },
	{ { "VMCLEAR", "VMLAUNCH", "VMPTR*", "VMREAD", "VMRESUME", "VMWRITE", "VMO*", "INV?PID" },
	    "the guest runs guests of its own" },
	{ { "vmrun", "vmload", "vmsave", "stgi", "clgi", "INVEPT" },
	    "the guest runs guests of its own" },
	{ { "TRIPLE_FAULT", "shutdown" },
	    "the guest brought its CPU to a stop: it crashed or reset" },
	{ { "SERROR" }, "the hardware reported an error" },
	{ { "others" }, "reasons for which there was no room of their own" },
};

static const struct words user_exits[] = {
	{ { "IO" }, "an I/O port of a device that the emulator plays" },
	{ { "MMIO", "ARM_NISV" }, "registers of a device that the emulator plays" },
	{ { "INTR", "signal" }, "the emulator called its vCPU's thread back by a signal" },
	{ { "HLT", "AP_RESET_HOLD" }, "the vCPU had nothing to do" },
	{ { "IRQ_WINDOW_OPEN" },
	    "the guest takes interrupts again, and the emulator had one for it" },
	{ { "SHUTDOWN", "SYSTEM_EVENT" }, "the guest shut down, reset or crashed" },
	{ { "HYPERCALL", "HYPERV", "XEN" }, "a call of the guest that the emulator answers" },
	{ { "X86_*MSR" }, "a register of the CPU that the emulator plays" },
	{ { "IOAPIC_EOI" }, "the end of an interrupt, of which the emulator wants to know" },
	{ { "*TPR*" }, "the interrupt controller, which the emulator plays" },
	{ { "DEBUG" }, "a debugger holds the guest" },
	{ { "FAIL_ENTRY", "INTERNAL_ERROR", "error *" },
	    "KVM could not go on with the guest; QEMU's log may say why" },
	{ { "DIRTY_RING_FULL" },
	    "the log of memory that the guest has written was full, as while it is migrated" },
	{ { "MEMORY_FAULT" }, "memory that the emulator has to provide first" },
	{ { "X86_BUS_LOCK" },
	    "an access of the guest held up the memory of all CPUs (split lock)" },
};

static const char *find(const struct words *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0;
		     k < sizeof(table->pattern) / sizeof(table->pattern[0]) && table[i].pattern[k];
		     k++)
			if (fnmatch(table[i].pattern[k], name, FNM_CASEFOLD) == 0)
				return table[i].words;
	return "";
}

const char *exit_words(const char *kind, const char *name)
{
	if (strcmp(kind, "user") == 0)
		return find(user_exits, sizeof(user_exits) / sizeof(user_exits[0]), name);
	return find(exits, sizeof(exits) / sizeof(exits[0]), name);
}
