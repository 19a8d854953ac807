/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of tables and columns on the command line, and how a wrong word is answered. */
#ifndef KVMTOP_CLI_RESOLVE_H
#define KVMTOP_CLI_RESOLVE_H

#include <stddef.h>

struct options;

/* Turns the names of tables and columns into numbers. 0, or -EINVAL and why. */
int options_resolve(struct options *o, char **ret_error);

/* Each makes the message and returns -EINVAL. */
int refuse(char **ret_error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "no WHAT is called 'VALUE', did you mean …", or all of the words. */
int refuse_word(
    char **ret_error, const char *what, const char *value, const char *(*word)(size_t index));

#endif
