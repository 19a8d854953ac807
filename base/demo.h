/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built-in host: a compressed archive (base/archive.h) of a four-node KVM host with guests. */
#ifndef KVMTOP_BASE_DEMO_H
#define KVMTOP_BASE_DEMO_H

extern const char kvmtop_demo[], kvmtop_demo_end[];

#endif
