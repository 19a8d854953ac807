/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the libvirt module share: its event loop, and how long silence is borne. */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_EVENTS_H
#define KVMTOP_COLLECTORS_LIBVIRT_EVENTS_H

/* A daemon that has been silent for so long is taken for dead: 4 signs of life, 5 s apart. */
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 3

/* Before the first connection is opened: signs of life need it. */
void libvirt_events_start(void);

#endif
