/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --fetch-symbols: a guest's agent sends the symbols of its kernel, and they are kept. */
#ifndef KVMTOP_CLI_FETCH_H
#define KVMTOP_CLI_FETCH_H

struct events;
struct options;

/* 0, or -errno; that was complained about. -EINTR: INT or TERM came first. @events has a beat. */
int fetch_symbols(const struct options *options, const char *uuid, struct events *events);

#endif
