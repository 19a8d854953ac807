/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that may take for ever, such as asking a daemon that is silent: done in a thread of its own,
 * so that signals are heard meanwhile, and left alone when it takes too long.
 */
#ifndef KVMTOP_CLI_ERRAND_H
#define KVMTOP_CLI_ERRAND_H

#include <stdint.h>

struct events;

/*
 * 0: @work has returned. -EINTR: INT or TERM came; -ETIMEDOUT: it takes longer than @wait_ns; other
 * errors: there is no thread. Of these the first two leave @ctx to the thread, which gives it to
 * @release should @work ever return. @events must have a beat, which says how often to look.
 */
int errand_run(struct events *events, uint64_t wait_ns, void (*work)(void *ctx),
    void (*release)(void *ctx), void *ctx);

#endif
