/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only one kvmtop fixes at a time. The lock ends with the process that holds it. */
#ifndef KVMTOP_FIXES_LOCK_H
#define KVMTOP_FIXES_LOCK_H

struct text;

/* The lock's descriptor, to be closed, or -errno; -EBUSY: @why says who holds it. */
int lock_take(int directory_fd, struct text *why);

#endif
