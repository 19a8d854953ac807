/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exact reading of placement that the user asked for, from the key to the sentence on it. */
#ifndef KVMTOP_VIEWS_EXACT_H
#define KVMTOP_VIEWS_EXACT_H

#include "views/view.h"

/* @guest: of whom the sentence is to be; key_host(0): of no one alone. */
void exact_ask(struct ui *ui, const struct snapshot *now, struct key guest);

/* Once the answer is there: says so, or why there is none. Call it for every sample. */
void exact_tell(struct ui *ui, const struct snapshot *now);

#endif
