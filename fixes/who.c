/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/who.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitize.h"
#include "base/xalloc.h"

char *who_by_sudo(void)
{
	const char *user = getenv("SUDO_USER");

	return user && *user ? sanitize_dup(user, strnlen(user, 64)) : NULL;
}

char *who_terminal(void)
{
	char name[64];

	for (int fd = 0; fd <= 2; fd++)
		if (ttyname_r(fd, name, sizeof(name)) == 0)
			return sanitize_dup(name, strlen(name));
	return NULL;
}

char *who_am_i(void)
{
	char *sudo = who_by_sudo(), *who;
	const char *around = getuid() == 0 ? "root" : NULL;

	who = around ? xstrdup(around) : xasprintf("uid %u", getuid());
	if (sudo) {
		char *both = xasprintf("%s (%s by sudo)", who, sudo);

		free(who);
		who = both;
	}
	free(sudo);
	return who;
}
