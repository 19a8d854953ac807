/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with the figures of a row, in one word, and with the sources they come from. */
#ifndef KVMTOP_OUTPUT_STATUS_H
#define KVMTOP_OUTPUT_STATUS_H

#include <stddef.h>

#include "model/snapshot.h"

struct sheet;

/* From harmless to grave; of a row the gravest counts. */
enum status {
	STATUS_OK,
	STATUS_FIRST,   /* a rate needs a second sample */
	STATUS_STALE,   /* older than two intervals of its source */
	STATUS_PARTIAL, /* a source fails or has not told yet: no answer, no right, no mount */
	STATUS_RESET,   /* a counter went back */
	STATUS_DENIED,  /* a right is missing */
	STATUS_STUCK,   /* the guest does not answer */
	STATUSES
};

const char *status_name(enum status status);
/* One sentence, for the manual. */
const char *status_help(enum status status);

/* Of each source what its row in the table of sources says; STATUS_OK for those that are absent or
 * off. */
void status_sources(const struct snapshot *s, enum status ret[SOURCES]);

/*
 * Of the written figures. One that is merely absent is fine: this host or guest has none. Unless
 * its source is in trouble: then nobody knows, and the row is no better than its source.
 */
enum status status_row(
    const struct sheet *sheet, const struct row *row, const enum status source[SOURCES]);

#endif
