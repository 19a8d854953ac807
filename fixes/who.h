/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses the program, for the journal. Texts are the caller's to free. */
#ifndef KVMTOP_FIXES_WHO_H
#define KVMTOP_FIXES_WHO_H

/* The user that sudo was called by, or NULL; his terminal, or NULL. */
char *who_by_sudo(void);
char *who_terminal(void);
/* "root", "root (ann by sudo)", "uid 1000". */
char *who_am_i(void);

#endif
