/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of libvirt, which it tells itself: only the host counts, and how it is written. */
#include <ctype.h>
#include <stdbool.h>

#include "base/uri.h"
#include "base/xalloc.h"
#include "tests/fuzz/fuzz.h"

static bool is_remote(const char *before, const char *host, const char *behind)
{
	char *uri = xasprintf("qemu+ssh://%s%s%s", before, host, behind);
	bool remote = uri_is_remote(uri);

	free(uri);
	return remote;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	bool remote;

	PROMISE(strstr(text, "://") || !uri_is_remote(text));
	uri_is_remote(text);
	text[strcspn(text, "@/?")] = '\0';
	remote = is_remote("", text, "");
	PROMISE(remote == is_remote("me@", text, "/system"));
	PROMISE(remote == is_remote("", text, "?socket=far@near"));
	PROMISE(remote || strlen(text) <= strlen("localhost"));
	for (char *p = text; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	PROMISE(remote == is_remote("", text, ""));
	free(text);
	return 0;
}
