/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a profile found: where a guest's time went, by symbol, the largest share first. All its
 * texts are sanitised, so that they may be shown and written. Built by one thread, then read-only.
 */
#ifndef KVMTOP_PROFILE_REPORT_H
#define KVMTOP_PROFILE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "profile/tally.h"

struct report_row {
	enum cpu_mode mode;
	const char *mode_name;
	char mode_letter;
	char *thread, *object, *symbol; /* an address where the symbol is not known */
	uint64_t samples, weight;
	double share; /* of the whole weight */
};

struct report {
	char *guest;
	uint32_t pid;
	double seconds, wanted_seconds; /* so far, and in all */
	unsigned hertz;
	bool by_cycles;
	bool loading; /* symbols are being read; nothing was sampled yet */
	bool done;
	int error; /* nothing could be sampled: -errno, and notes say why */
	uint64_t samples, weight;
	const char *mode_name[CPU_MODES];
	double mode_share[CPU_MODES];
	struct report_row *row;
	size_t rows, cap;
	struct names notes;    /* sentences: what is missing, what to know about the figures */
	struct names commands; /* that would make the guest's symbols known */
};

struct report *report_new(const char *guest, uint32_t pid);
void report_free(struct report *r);

/* Foreign text is welcome. @symbol NULL: @ip stands for it. */
void report_add(struct report *r, enum cpu_mode mode, const char *thread, const char *object,
    const char *symbol, uint64_t ip, uint64_t samples, uint64_t weight);

/* Once all is added: what is alike becomes one row, rows are sorted, shares computed. */

void report_finish(struct report *r);

void report_note(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
