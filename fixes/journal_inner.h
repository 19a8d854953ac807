/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the two files that write the journal and read it. */
#ifndef KVMTOP_FIXES_JOURNAL_INNER_H
#define KVMTOP_FIXES_JOURNAL_INNER_H

#define JOURNAL_FILE "journal.jsonl"

#endif
