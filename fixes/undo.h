/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a fix in the journal to the fix that undoes it. */
#ifndef KVMTOP_FIXES_UNDO_H
#define KVMTOP_FIXES_UNDO_H

#include "fixes/journal.h"

struct site;

/*
 * Puts every old state back in reverse; of a fix that was cut off only where something was
 * written. False: it cannot be undone, and @ret->why says why.
 */
bool undo_of_record(const struct record *r, struct fix *ret);

/*
 * The fix that undoes @id, read as by fix_read. @id 0: the newest of which something is left to be
 * undone; that stops at the last start of the host, as whoever names none means what he sees.
 * False: refused, and @ret->why says why.
 */
bool undo_find(const struct records *h, uint64_t id, struct site *site, struct fix *ret);

#endif
