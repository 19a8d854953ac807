/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures that came of exits, looked for in a tally. */
#ifndef KVMTOP_TESTS_EXIT_FIGURES_H
#define KVMTOP_TESTS_EXIT_FIGURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>

#include "collectors/exit_tally.h"

/* All zero where there are none. */
static inline struct exit_figures find_figures(
    struct exit_tally *t, enum exit_level level, uint32_t id, struct exit_reason reason)
{
	struct exit_figures *figures, found = { 0 };
	size_t n = exit_tally_figures(t, &figures);

	for (size_t i = 0; i < n; i++)
		if (figures[i].level == level && figures[i].id == id &&
		    figures[i].reason.isa == reason.isa && figures[i].reason.code == reason.code)
			found = figures[i];
	free(figures);
	return found;
}

static inline void expect_about(double got, double want)
{
	if (!(fabs(got - want) <= 1e-6 + fabs(want) * 1e-6))
		fail_msg("%g instead of %g", got, want);
}

#endif
