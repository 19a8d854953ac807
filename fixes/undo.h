/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a fix in the journal to the fix that undoes it. */
#ifndef KVMTOP_FIXES_UNDO_H
#define KVMTOP_FIXES_UNDO_H

#include "fixes/journal.h"

/*
 * Puts every old state back in reverse; of a fix that was cut off only where something was
 * written. False: it cannot be undone, and @ret->why says why.
 */
bool undo_of_record(const struct record *r, struct fix *ret);

#endif
