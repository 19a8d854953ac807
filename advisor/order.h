/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of fixes that would work against each other, which goes first; the other waits for it. */
#ifndef KVMTOP_ADVISOR_ORDER_H
#define KVMTOP_ADVISOR_ORDER_H

#include "advisor/finding.h"
#include "advisor/plan.h"

/* Sets ->after. @plan: one of each verdict. Verdicts of one rule stand together. */
void order_fixes(struct verdict *verdict, const struct plan *plan, size_t n);

#endif
