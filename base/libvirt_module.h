/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared object that is linked with libvirt. It is loaded at run time, so that kvmtop starts
 * where libvirt is not installed, and holds a table of functions for each room that uses it.
 */
#ifndef KVMTOP_BASE_LIBVIRT_MODULE_H
#define KVMTOP_BASE_LIBVIRT_MODULE_H

#include <stddef.h>

#define LIBVIRT_MODULE "kvmtop-libvirt.so"

/* For dlsym, or NULL: @error says why. It stays until the program ends. */
void *libvirt_module_load(char *error, size_t size);

#endif
