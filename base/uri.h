/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of libvirt. */
#ifndef KVMTOP_BASE_URI_H
#define KVMTOP_BASE_URI_H

#include <stdbool.h>

/* Whether it names a host, and another one than this: "qemu+ssh://root@far/system". */
bool uri_is_remote(const char *uri);

#endif
