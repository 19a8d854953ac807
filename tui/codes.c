/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/codes.h"

#include <curses.h>
#include <term.h>

/* Further down than any terminal reaches: they all take it for their last line. */
#define BOTTOM 998L

/* Global because tputs hands its function nothing but a character. */
static struct codes *collecting;

static int collect(int c)
{
	if (collecting->len < sizeof(collecting->bytes))
		collecting->bytes[collecting->len++] = (char)c;
	return c;
}

static const char *find(const char *capability)
{
	const char *text = tigetstr(capability);

	return text == (char *)-1 ? NULL : text; /* that is "no such capability" */
}

bool codes_known(const char *capability)
{
	return find(capability) != NULL;
}

static void add(struct codes *codes, const char *text)
{
	collecting = codes;
	if (text)
		tputs(text, 1, collect);
}

void codes_enter(struct codes *ret)
{
	static const char *const capabilities[] = { "smcup", "enacs", "smkx", "civis" };

	ret->len = 0;
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		add(ret, find(capabilities[i]));
}

void codes_leave(struct codes *ret)
{
	static const char *const capabilities[] = { "rmacs", "sgr0", "op", "cnorm", "rmkx" };

	ret->len = 0;
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		add(ret, find(capabilities[i]));
	if (codes_known("rmcup")) {
		add(ret, find("rmcup"));
	} else if (codes_known("cup")) {
		add(ret, tparm(find("cup"), BOTTOM, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L));
		add(ret, "\r\n");
	}
}
