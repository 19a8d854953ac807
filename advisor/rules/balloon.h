/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What balloons tell of guests and give to the host, for the rules about memory. */
#ifndef KVMTOP_ADVISOR_RULES_BALLOON_H
#define KVMTOP_ADVISOR_RULES_BALLOON_H

#include "advisor/rules/common.h"

bool has_balloon(const struct subject *s);
/* Its memory figures are of a minute ago at most. */
bool tells_figures(const struct row *domain);
/* Bytes that the guest itself swaps in a second. */
double guest_swaps(const struct row *domain);
/* Whether what it does not use could be somebody else's. */
bool gives_memory_back(const struct subject *s);
/* Bytes in KiB, as libvirt counts. */
const char *kib_text(double bytes, char buf[NUMBER_SIZE]);

#endif
