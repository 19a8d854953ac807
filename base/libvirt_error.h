/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirt says of a call that failed. Part of the module that is linked with libvirt
 * (base/libvirt_module.h), for all rooms that have functions there; the program itself has none of
 * it.
 */
#ifndef KVMTOP_BASE_LIBVIRT_ERROR_H
#define KVMTOP_BASE_LIBVIRT_ERROR_H

#include <stddef.h>

/* libvirt must not write to the terminal: its words are asked for. */
void libvirt_error_silence(void);

/*
 * Its words about the call that just failed in this thread, and what they mean: -ENOENT there is no
 * such domain; -ESRCH it is in no state for that; -ENOTSUP, -EACCES, else -EIO.
 */
int libvirt_error(char *words, size_t size);

#endif
