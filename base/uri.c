/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/uri.h"

#include <string.h>
#include <strings.h>

bool uri_is_remote(const char *uri)
{
	static const char *const here[] = { "", "localhost", "127.0.0.1", "[::1]" };
	const char *host = strstr(uri, "://"), *user;
	size_t len;

	if (!host)
		return false;
	host += 3;
	len = strcspn(host, "/?");
	user = memchr(host, '@', len);
	if (user) {
		len -= (size_t)(user + 1 - host);
		host = user + 1;
	}
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		if (strlen(here[i]) == len && strncasecmp(host, here[i], len) == 0)
			return false;
	return true;
}
