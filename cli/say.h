/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the program speaks to the shell: sentences on standard error and a status at the end. */
#ifndef KVMTOP_CLI_SAY_H
#define KVMTOP_CLI_SAY_H

enum exit_status {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DATA = 3, /* finished, but a source had no data */
	EXIT_LOST = 5,    /* output was lost */
	EXIT_REFUSED = 7, /* a fix was refused, or failed */
	/* Of advise: the worst that was found. */
	EXIT_INFO = 10,
	EXIT_WARNING = 11,
	EXIT_CRITICAL = 12,
	/* Beside any of these, for main: a thread hangs in a call of some library, which must not
	 * be cleared away from under it. */
	EXIT_HANGS = 0x100,
};

struct text;

/* One line on standard error, with the program's name before it. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Everything on standard output; the exit status. */
int say(const struct text *text);

#endif
