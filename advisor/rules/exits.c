/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exits from guests that a better setting would save. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

#include <string.h>

/* ---- exit-emulated-io ---- */

/* Either may be unknown: other machines than x86 have no ports. */
static enum outcome device_exits(const struct subject *s, double *ret)
{
	double io = 0, mmio = 0;
	enum outcome a = sum_of_vcpus(s, s->row, VCPU_IO_EXITS, &io);
	enum outcome b = sum_of_vcpus(s, s->row, VCPU_MMIO_EXITS, &mmio);

	if (a != OUTCOME_FIGURE && b != OUTCOME_FIGURE)
		return a;
	*ret = io + mmio;
	return OUTCOME_FIGURE;
}

static void tell_emulated(const struct subject *s, double figure, struct text *out)
{
	double io = 0, mmio = 0, all;

	sum_of_vcpus(s, s->row, VCPU_IO_EXITS, &io);
	sum_of_vcpus(s, s->row, VCPU_MMIO_EXITS, &mmio);
	print_text(out, "It leaves for devices ");
	say_count(out, figure);
	print_text(out, " times a second: ");
	say_count(out, io);
	print_text(out, " for ports and ");
	say_count(out, mmio);
	print_text(out, " for memory of devices");
	if (figure_of(TABLE_DOMAIN, s->row, DOMAIN_EXITS, &all) && all >= figure && all > 0) {
		print_text(out, ", which is ");
		say_percent(out, figure / all);
		print_text(out, " of its exits");
	}
	print_text(out, ".");
}

static bool is_one_of(const struct row *row, int column, const char *const *words)
{
	for (; *words; words++)
		if (is_text(row, column, *words))
			return true;
	return false;
}

/* A drive for discs is idle, whatever its bus. */
static bool is_emulated(enum table_id t, const struct row *device)
{
	static const char *const buses[] = { "ide", "sata", "usb", NULL };
	static const char *const drives[] = { "cdrom", "floppy", NULL };
	static const char *const models[] = { "e1000", "e1000e", "e1000-82540em", "e1000-82544gc",
		"e1000-82545em", "igb", "rtl8139", "ne2k_pci", "pcnet", "vmxnet3", "usb-net",
		NULL };

	return t == TABLE_DISK
		   ? is_one_of(device, DISK_BUS, buses) && !is_one_of(device, DISK_DEVICE, drives)
		   : is_one_of(device, NIC_MODEL, models);
}

#define NAMED_MAX 4

/* "hda (ide), net0 (e1000) and 2 more" */
static void say_emulated(const struct subject *s, struct text *out)
{
	static const struct {
		enum table_id table;
		int name, kind;
	} tables[] = { { TABLE_DISK, DISK_NAME, DISK_BUS }, { TABLE_NIC, NIC_NAME, NIC_MODEL } };
	size_t named = 0, n;

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		const struct row *const *rows = subject_rows(s, tables[t].table, s->row, &n);

		for (size_t i = 0; i < n; i++)
			if (is_emulated(tables[t].table, rows[i]) && ++named <= NAMED_MAX)
				print_format(out, "%s%s (%s)", named > 1 ? ", " : "",
				    cell_text(rows[i], tables[t].name),
				    cell_text(rows[i], tables[t].kind));
	}
	if (named > NAMED_MAX)
		print_format(out, " and %zu more", named - NAMED_MAX);
}

static void advise_emulated(const struct subject *s, double figure, struct text *out)
{
	struct text devices = { 0 };

	(void)figure;
	say_emulated(s, &devices);
	if (devices.len)
		print_format(out, "give it virtio ones instead of %s", devices.p);
	else
		print_text(out,
		    "look for emulated devices (IDE, e1000, rtl8139, cirrus, USB tablet, HPET) "
		    "and give it virtio ones instead");
	text_done(&devices);
}

/* ---- exit-apicv-off ---- */

static bool is_intel(const struct subject *s)
{
	return is_text(s->host, HOST_APIC_HELP, "apicv");
}

static int apic_column(const struct subject *s)
{
	return is_intel(s) ? HOST_APICV : HOST_AVIC;
}

/* The CPUs can, and the module that would use it is loaded. */
static bool has_apic_help(const struct subject *s)
{
	return (is_intel(s) || is_text(s->host, HOST_APIC_HELP, "avic")) &&
	       s->host->cell[apic_column(s)].state != STATE_ABSENT;
}

/* Newer kernels may also say "-1" or "auto", which is on where it is good. */
static enum outcome measure_apic(const struct subject *s, double *ret)
{
	if (!cell_has(s->host, apic_column(s)))
		return OUTCOME_MISSING;
	*ret = is_text(s->host, apic_column(s), "N") || is_text(s->host, apic_column(s), "0");
	return OUTCOME_FIGURE;
}

static const char *apic_option(const struct subject *s)
{
	return is_intel(s) ? "kvm_intel enable_apicv=1" : "kvm_amd avic=1";
}

static void tell_apic(const struct subject *s, double figure, struct text *out)
{
	double injected;

	(void)figure;
	print_format(
	    out, "The CPUs have %s, but KVM does not use it", cell_text(s->host, HOST_APIC_HELP));
	if (sum_of_vcpus(s, NULL, VCPU_IRQ_INJECTIONS, &injected) == OUTCOME_FIGURE) {
		print_text(out, "; guests get ");
		say_count(out, injected);
		print_text(out, " interrupts a second");
	}
	print_text(out, ".");
}

static void advise_apic(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out, "load the module with the option %s when no guest runs",
	    strchr(apic_option(s), ' ') + 1);
}

static void plan_apic(const struct subject *s, struct plan *out)
{
	struct text line = { 0 };

	plan_title(
	    out, "use %s from the next load of the module on", cell_text(s->host, HOST_APIC_HELP));
	print_format(&line, "options %s", apic_option(s));
	plan_add(out, ACTION_DROP_IN, NULL, "etc/modprobe.d/kvmtop.conf", NULL, line.p);
	text_done(&line);
}

/* ---- exit-pv-eoi ---- */

/* The CPU ends interrupts itself: then the setting means nothing. */
static bool apic_helps(const struct subject *s)
{
	double off;

	return has_apic_help(s) && measure_apic(s, &off) == OUTCOME_FIGURE && off <= 0;
}

static bool tells_eoi(const struct subject *s)
{
	return s->row->cell[DOMAIN_APIC_EOI].state != STATE_ABSENT;
}

static enum outcome measure_eoi(const struct subject *s, double *ret)
{
	*ret = is_text(s->row, DOMAIN_APIC_EOI, "off") && !apic_helps(s);
	return OUTCOME_FIGURE;
}

static void tell_eoi(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out,
	    "Its XML says eoi='off', so that it exits at the end of each interrupt; the "
	    "host's CPUs do not take that over.");
}

static void advise_eoi(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let it end interrupts without an exit: eoi='on'");
}

static void plan_eoi(const struct subject *s, struct plan *out)
{
	plan_title(out, "let %s end interrupts without an exit", cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_DEFINE, s->row, "features/apic", NULL, "<apic eoi='on'/>")->saved =
	    true;
}

/* ---- exit-x2apic ---- */

static bool tells_x2apic(const struct subject *s)
{
	return s->row->cell[DOMAIN_X2APIC].state != STATE_ABSENT;
}

static enum outcome measure_x2apic(const struct subject *s, double *ret)
{
	*ret =
	    is_text(s->row, DOMAIN_X2APIC, "disable") || is_text(s->row, DOMAIN_X2APIC, "forbid");
	return OUTCOME_FIGURE;
}

static void tell_x2apic(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out,
	    "Its XML has x2apic with the policy %s, so that each access to its "
	    "interrupt controller is one to memory of a device.",
	    cell_text(s->row, DOMAIN_X2APIC));
}

static void advise_x2apic(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let it have x2apic");
}

static void plan_x2apic(const struct subject *s, struct plan *out)
{
	plan_title(out, "let %s have x2apic", cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_DEFINE, s->row, "cpu/feature[@name='x2apic']", NULL,
	    "<feature policy='require' name='x2apic'/>")
	    ->saved = true;
}

const struct rule exits_rules[] = {
	{
	    .id = "exit-apicv-off",
	    .title = "KVM does not use the CPU's virtual interrupt controller",
	    .good = "Where the CPU serves a guest's interrupt controller itself, most exits for "
		    "interrupts do not happen.",
	    .detect = "proc/cpuinfo names apicv among the VMX flags, or avic among the flags, and "
		      "the parameter of kvm_intel (enable_apicv) or kvm_amd (avic) says no.",
	    .by_hand = "cat /sys/module/kvm_intel/parameters/enable_apicv\n"
		       "cat /sys/module/kvm_amd/parameters/avic",
	    .risk =
		"Counts when the module is loaded again, for which no guest may run. AVIC was off "
		"for years, and some settings of guests (nesting, Hyper-V's SynIC) keep it off; "
		"try it first. Kernels before 5.6 do not tell the VMX flags.",
	    .source = "RHEL 1.2, APICv",
	    .figure = "1 where it is off",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_APIC_HELP,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(USES(TABLE_HOST, HOST_APIC_HELP), USES(TABLE_HOST, HOST_APICV),
		USES(TABLE_HOST, HOST_AVIC), USES(TABLE_VCPU, VCPU_IRQ_INJECTIONS)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 0,
	    .clear_s = 0,
	    .concerns = has_apic_help,
	    .measure = measure_apic,
	    .evidence = tell_apic,
	    .advice = advise_apic,
	    .plan = plan_apic,
	},
	{
	    .id = "exit-pv-eoi",
	    .title = "the guest exits at the end of each interrupt",
	    .good =
		"Where the CPU does not serve the guest's interrupt controller, telling the end "
		"of an interrupt through memory saves an exit.",
	    .detect = "The XML has apic with eoi='off', and KVM uses neither apicv nor avic. "
		      "Nothing in the XML means on.",
	    .by_hand = "virsh dumpxml DOMAIN | grep '<apic'",
	    .risk = "Counts from the guest's next start on. No effect where the CPU has apicv or "
		    "avic in use, and on guests that do not know it.",
	    .source = "RHEL 1.2, EOI acceleration",
	    .figure = "1 where it is off",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_APIC_EOI,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs =
		NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_APIC_EOI), NEED(TABLE_HOST, HOST_APIC_HELP),
		    USES(TABLE_HOST, HOST_APICV), USES(TABLE_HOST, HOST_AVIC)),
	    .raise = 1,
	    .clear = 0,
	    .concerns = tells_eoi,
	    .measure = measure_eoi,
	    .evidence = tell_eoi,
	    .advice = advise_eoi,
	    .plan = plan_eoi,
	},
	{
	    .id = "exit-x2apic",
	    .title = "the guest has no x2apic",
	    .good =
		"A guest reaches its interrupt controller by registers with less effort than by "
		"memory: 2 to 5 % more throughput were measured.",
	    .detect = "The XML disables or forbids the feature x2apic. KVM gives it to guests on "
		      "any host, and unless told otherwise.",
	    .by_hand = "virsh dumpxml DOMAIN | grep x2apic",
	    .risk = "Counts from the guest's next start on; a guest with an old system may have "
		    "been given none for a reason.",
	    .source = "IBM, x2APIC support",
	    .figure = "1 where it has none",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_X2APIC,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_X2APIC)),
	    .raise = 1,
	    .clear = 0,
	    .concerns = tells_x2apic,
	    .measure = measure_x2apic,
	    .evidence = tell_x2apic,
	    .advice = advise_x2apic,
	    .plan = plan_x2apic,
	},
	{
	    .id = "exit-emulated-io",
	    .title = "the guest often leaves for emulated devices",
	    .good =
		"A guest should hardly leave for a device that QEMU emulates: each access costs "
		"CPU time of the host and stops the vCPU.",
	    .detect =
		"Exits for ports and for memory of devices, sum of all vCPUs, are at least "
		"5000 a second. "
		"Their share of all exits does not count: a guest that hardly exits may have a "
		"large one at no cost.",
	    .by_hand = "virsh domstats --vcpu DOMAIN\nperf kvm stat live",
	    .risk =
		"Ports that the kernel serves itself, such as a notification of an older virtio "
		"device, count as well and are cheap. "
		"Which device it is it cannot tell, as only a tracepoint could, for which "
		"every exit would pay: it names the emulated disks and NICs that the guest has, "
		"or those that it mostly is where it has none.",
	    .source = "IBM, emulated devices; SUSE, table 2",
	    .figure = "exits for devices a second",
	    .show = SHOW_SHORT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_EXITS,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(USES(TABLE_VCPU, VCPU_IO_EXITS), USES(TABLE_VCPU, VCPU_MMIO_EXITS),
		USES(TABLE_DOMAIN, DOMAIN_EXITS), USES(TABLE_DISK, DISK_NAME),
		USES(TABLE_DISK, DISK_BUS), USES(TABLE_DISK, DISK_DEVICE),
		USES(TABLE_NIC, NIC_NAME), USES(TABLE_NIC, NIC_MODEL)),
	    .raise = 5000,
	    .clear = 2500,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = device_exits,
	    .evidence = tell_emulated,
	    .advice = advise_emulated,
	},
	{ .id = NULL },
};
