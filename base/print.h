/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting text together: into a struct text, which grows and which the caller owns. */
#ifndef KVMTOP_BASE_PRINT_H
#define KVMTOP_BASE_PRINT_H

#include "base/text.h"

void print_text(struct text *out, const char *s);
void print_format(struct text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
