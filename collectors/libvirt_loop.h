/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop that libvirt's connections of this process share. libvirt brings one of its own,
 * which wakes its thread twice for each call that anybody makes, to tell it not to listen
 * meanwhile; here that is a word to the kernel (epoll), and nobody wakes. A descriptor can be
 * watched once, and not a regular file's: connections have a socket each.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_LOOP_H
#define KVMTOP_COLLECTORS_LIBVIRT_LOOP_H

#include <stdbool.h>

/* Once, before the first connection is opened. It runs in a thread of its own until the process
 * ends, for it must not end while a connection is being taken down. False: it cannot, and there
 * will be no events. */
bool libvirt_loop_start(void);

#endif
