/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uuids as text, which become parts of paths and of questions to libvirt. */
#ifndef KVMTOP_BASE_UUID_H
#define KVMTOP_BASE_UUID_H

#include <stdbool.h>

/* Whether the whole text is "5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c", in either case. */
bool uuid_is_valid(const char *text);

#endif
