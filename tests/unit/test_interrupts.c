/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts of devices by CPU, from captured hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/collector.h"
#include "tests/unit/captured.h"

#define HEAD "           CPU0       CPU3\n"

static void start(struct captured *h)
{
	*h = (struct captured){ .state = interrupts_open(NULL) };
}

static void write_host(struct captured *h, int second, const char *interrupts)
{
	captured_sample(h, second);
	captured_file(h, "proc/interrupts", interrupts);
}

/* A reading while a guest's only vCPU may run on these CPUs. */
static void take(struct captured *h, const char *affinity)
{
	captured_next(h);
	captured_guest(h, 42, "web");
	cell_set_text(h->now, captured_vcpu(h, 42, 0), VCPU_AFFINITY, affinity, 1);
	captured_read(h, interrupts_read, false);
}

static const struct row *cpu(const struct captured *h, uint64_t number)
{
	return snapshot_find(h->now, TABLE_CPU, key_host(number));
}

static void numbered_lines_are_summed_up(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	write_host(&h, 10,
	    HEAD " 24:     5    100  PCI-MSI 1-edge      nvme0q1\n"
		 " 25:     7     10  PCI-MSI 2-edge      i801_smbus, ehci_hcd:usb1\n"
		 " 26:     0   9999  IR-PCI-MSI 3-edge   vfio-msix[0](0000:01:00.0)\n"
		 " 27:  5000   5000  GICv3  27 Level     arch_timer\n"
		 " 28:     1\n"
		 "LOC:   900    900  Local timer interrupts\n");
	write_host(&h, 20,
	    HEAD " 24:     5    150  PCI-MSI 1-edge      nvme0q1\n"
		 " 25:     7    910  PCI-MSI 2-edge      i801_smbus, ehci_hcd:usb1\n");
	take(&h, "3");
	assert_int_equal(h.outcome, STATE_OK);
	assert_int_equal(cpu(&h, 0)->cell[CPU_INTERRUPTS].count, 12);
	assert_int_equal(cpu(&h, 3)->cell[CPU_INTERRUPTS].count, 110);
	assert_false(cell_has(cpu(&h, 3), CPU_TOP_INTERRUPT));
	take(&h, "3");
	assert_int_equal(cpu(&h, 3)->cell[CPU_INTERRUPTS].count, 1060);
	assert_string_equal(
	    cell_text(cpu(&h, 3), CPU_TOP_INTERRUPT), "25 i801_smbus, ehci_hcd:usb1");
	assert_false(cell_has(cpu(&h, 0), CPU_TOP_INTERRUPT));
	captured_done(&h, interrupts_close);
}

/* Its counts are other CPUs' than before: nothing came meanwhile that anybody could tell. */
static void other_cpus_begin_anew(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	write_host(&h, 10, HEAD " 24:     5    100  PCI-MSI 1-edge      nvme0q1\n");
	write_host(&h, 20, "  CPU3\n 24:    300  PCI-MSI 1-edge      nvme0q1\n");
	take(&h, "3");
	take(&h, "3");
	assert_null(cpu(&h, 0));
	assert_int_equal(cpu(&h, 3)->cell[CPU_INTERRUPTS].count, 300);
	assert_false(cell_has(cpu(&h, 3), CPU_TOP_INTERRUPT));
	captured_done(&h, interrupts_close);
}

static void nothing_is_read_where_nobody_is_pinned(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	write_host(&h, 10, HEAD " 24:     5    100  PCI-MSI 1-edge      nvme0q1\n");
	take(&h, "0-3");
	assert_int_equal(h.outcome, STATE_OK);
	assert_non_null(strstr(h.note, "No vCPU has a CPU for itself"));
	assert_null(cpu(&h, 3));
	captured_done(&h, interrupts_close);
}

static void what_makes_no_sense_is_said(void **state)
{
	struct captured h;

	(void)state;
	start(&h);
	write_host(&h, 10, "\n");
	captured_sample(&h, 20);
	take(&h, "3");
	assert_int_equal(h.outcome, STATE_ABSENT);
	assert_non_null(strstr(h.note, "names no CPU"));
	captured_done(&h, interrupts_close);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbered_lines_are_summed_up),
		cmocka_unit_test(other_cpus_begin_anew),
		cmocka_unit_test(nothing_is_read_where_nobody_is_pinned),
		cmocka_unit_test(what_makes_no_sense_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
