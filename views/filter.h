/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rows shall be seen: "web" (a text of the row holds it), "cpu>50%", "memory>=2G",
 * "state=paused and wait>5%". Columns go by their name or by their title on screen; letters match
 * in either case. Figures are read in the unit that the screen shows: "cpu>50" is 50 %.
 * A row that lacks the value does not match, whatever is asked of it.
 */
#ifndef KVMTOP_VIEWS_FILTER_H
#define KVMTOP_VIEWS_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "model/catalogue.h"

struct filter;
struct row;

#define FILTER_ERROR_SIZE 200

/*
 * -EINVAL: it is no expression for this table, and @ret_error says why in one sentence. A blank
 * @text gives NULL, the filter that takes every row.
 */
int filter_new(
    enum table_id table, const char *text, struct filter **ret, char ret_error[FILTER_ERROR_SIZE]);
void filter_free(struct filter *f);

/* The sources of the columns that it looks at. */
unsigned filter_needs(const struct filter *f);

bool filter_takes(const struct filter *f, const struct row *row);

/* Where @word begins in @text, A being a; NULL if nowhere, or when @word is empty. */
const char *text_find(const char *text, const char *word);

#endif
