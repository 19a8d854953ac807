/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the collectors of KSM share. */
#ifndef KVMTOP_COLLECTORS_KSM_H
#define KVMTOP_COLLECTORS_KSM_H

#include <stdbool.h>

struct snapshot;

/* Whether a guest may have merged pages, as ksm/run and ksm/pages_shared say: KSM runs, or has
 * stopped and left some. Where nobody knows, it may. */
bool ksm_may_have_merged(const struct snapshot *s);

#endif
