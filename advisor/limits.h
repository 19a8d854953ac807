/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits of a rule: those of its row, as the configuration changed them. */
#ifndef KVMTOP_ADVISOR_LIMITS_H
#define KVMTOP_ADVISOR_LIMITS_H

#include "advisor/advisor.h"

struct limits limits_of(const struct rule *rule);

/* @name: what stands behind the rule's id. 0, -ENOENT or -EINVAL and why. */
int limits_set(struct limits *l, const struct rule *rule, const char *name, const char *value,
    char **ret_error);

#endif
