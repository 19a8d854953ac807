/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exits from guests that a better setting would save. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

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

static void advise_emulated(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "look for emulated devices (IDE, e1000, rtl8139, cirrus, USB tablet, HPET) "
			"and give it virtio ones instead");
}

const struct rule exits_rules[] = {
	{
	    .id = "exit-emulated-io",
	    .title = "the guest often leaves for emulated devices",
	    .good =
		"A guest should hardly leave for a device that QEMU emulates: each access costs "
		"CPU time of the host and stops the vCPU.",
	    .detect = "Exits for ports and for memory of devices, sum of all vCPUs, are at least "
		      "5000 a second.",
	    .by_hand = "virsh domstats --vcpu DOMAIN\nperf kvm stat live",
	    .risk =
		"Ports that the kernel serves itself, such as a notification of an older virtio "
		"device, count as well and are cheap.",
	    .source = "IBM, emulated devices; SUSE, table 2",
	    .figure = "exits for devices a second",
	    .show = SHOW_SHORT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_EXITS,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(USES(TABLE_VCPU, VCPU_IO_EXITS), USES(TABLE_VCPU, VCPU_MMIO_EXITS),
		USES(TABLE_DOMAIN, DOMAIN_EXITS)),
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
