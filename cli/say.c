/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/say.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/root.h"
#include "base/sanitize.h"
#include "output/outlet.h"

void complain(const char *format, ...)
{
	char *line, *clean;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0)
		return;
	/* Names of guests, files and options are in it; the terminal must not act upon them. */
	clean = sanitize_dup(line, (size_t)n);
	fprintf(stderr, "kvmtop: %s\n", clean);
	free(clean);
	free(line);
}

int say(const struct text *text)
{
	/* Closing tells of what could not be written; but there may be more to say. */
	int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	struct outlet *o = outlet_stdout(-1);
	int r = text->len ? outlet_write(o, text->p, text->len) : 0;

	if (r == 0)
		r = outlet_close(o);
	if (r < 0)
		complain("%s", outlet_error(o));
	outlet_free(o);
	if (kept >= 0) {
		dup2(kept, STDOUT_FILENO);
		close(kept);
	}
	return r < 0 ? EXIT_LOST : EXIT_FINE;
}
