/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key P: the profile of a guest over the screen; key g: counters behind the exits. */
#include "a_desk.h"
#include "profile/report.h"

static struct report *make_report(bool done)
{
	struct report *r = report_new("db1", 20);

	r->seconds = 2.5;
	r->wanted_seconds = 10;
	r->hertz = 997;
	r->done = done;
	report_add(r, CPU_GUEST_KERNEL, "vCPU 0", "[guest kernel]", "chacha_permute", 0, 750, 750);
	report_add(r, CPU_HOST_KERNEL, "vCPU 0", "kvm", "kvm_arch_vcpu_ioctl_run", 0, 200, 200);
	report_add(r, CPU_HOST_USER, "emulator", "libc.so.6", NULL, 0x1234, 50, 50);
	report_finish(r);
	report_note(r, "Something is missing.");
	names_add(&r->commands, "mkdir there", 11);
	return r;
}

static void test_profile(void **state)
{
	struct report *report = make_report(false), *last = make_report(true);
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 100);
	/* Of the selected guest. */
	assert_true(press(&d, "Down P") & UI_PROFILE);
	assert_int_equal(ui_profiled(d.ui).owner, 10);
	look(&d);
	sees(&d, "The profile begins.");
	ui_set_report(d.ui, report, NULL);
	look(&d);
	sees(&d, "1000 samples in 2.5 of 10.0 s, by the clock of the CPU");
	sees(&d, "guest kernel 75.0 %   guest user 0.0 %   host kernel 20.0 %   host user 5.0 %");
	sees(&d, "Something is missing.");
	sees(&d, " 75.00%       750  vCPU 0        [guest kernel]      [g] chacha_permute");
	sees(&d, "libc.so.6           [.] 0x1234");
	sees(&d, "mkdir there");
	sees(&d, "Esc stops");
	/* Esc ends it, and what was found stays; the next one leads back. */
	assert_true(press(&d, "Esc") & UI_PROFILE_STOP);
	look(&d);
	sees(&d, "chacha_permute");
	ui_set_report(d.ui, last, NULL);
	look(&d);
	sees(&d, "Esc closes");
	assert_true(press(&d, "P") & UI_PROFILE);
	ui_set_report(d.ui, last, NULL);
	press(&d, "Esc");
	look(&d);
	sees_not(&d, "chacha_permute");
	report_free(report);
	report_free(last);
	desk_close(&d);
}

static void test_refused(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "P");
	ui_set_report(d.ui, NULL, "A captured host cannot be sampled.");
	look(&d);
	sees(&d, "A captured host cannot be sampled.");
	press(&d, "Esc");
	look(&d);
	sees_not(&d, "cannot be sampled");
	desk_close(&d);
}

/* Where no guest is meant, the key sorts as ever. */
static void test_elsewhere(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "2");
	assert_false(press(&d, "P") & UI_PROFILE);
	look(&d);
	sees(&d, "Sorted by RUN%");
	desk_close(&d);
}

/* The bar names the screens while a profile is open; their keys lead there. */
static void test_screens_from_a_profile(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "P");
	sees(&d, "─ Profile ─");
	sees_not(&d, "F1Help");
	assert_true(press(&d, "2") & UI_PROFILE_STOP);
	sees_not(&d, "─ Profile ─");
	sees(&d, "F1Help");
	sees(&d, "MAY RUN ON");
	desk_close(&d);
}

static void test_any_size(void **state)
{
	struct report *report = make_report(true);

	(void)state;
	for (int rows = 8; rows < 40; rows += 3)
		for (int cols = 40; cols < 140; cols += 7) {
			struct desk d;

			desk_open(&d, &small, rows, cols);
			press(&d, "P");
			ui_set_report(d.ui, report, NULL);
			look(&d);
			press(&d, "End Down PgUp Home");
			look(&d);
			desk_close(&d);
		}
	report_free(report);
}

static void test_counters(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 100);
	press(&d, "7 g");
	look(&d);
	sees(&d, "Guests: counted in all their vCPUs");
	press(&d, "g");
	look(&d);
	sees(&d, "Guests: exits and halt polling");
	/* Elsewhere it leads to the first line. */
	press(&d, "1 Down Down g");
	look(&d);
	sees(&d, "db1, vCPU 0 waits");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_screens_from_a_profile),
		cmocka_unit_test(test_any_size),
		cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
