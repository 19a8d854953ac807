/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets, cores and threads of a definition, whose product must be the most vCPUs that it
 * allows: libvirt takes no other number, neither of them nor of vCPUs. */
#ifndef KVMTOP_ADVISOR_RULES_SHAPE_H
#define KVMTOP_ADVISOR_RULES_SHAPE_H

#include "advisor/rule.h"

/* Around the actions that change the most vCPUs of the guest that is judged: takes its topology
 * out, and gives it one that fits @vcpus, with its threads and sockets where these divide it.
 * Nothing where it names none. The latter refuses where its own nodes name its vCPUs. */
void plan_shape_out(const struct subject *s, struct plan *out);
void plan_shape_for(const struct subject *s, double vcpus, struct plan *out);

/* What they look at. */
#define SHAPE_NEEDS                                                                  \
	USES(TABLE_DOMAIN, DOMAIN_SOCKETS), USES(TABLE_DOMAIN, DOMAIN_CORE_THREADS), \
	    USES(TABLE_DOMAIN, DOMAIN_CELLS)

#endif
