/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts of keys: every key that comes out has a name, and the script comes to its end. */
#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "views/keyname.h"

static void check_name(const char *name)
{
	char again[KEYNAME_SIZE];

	PROMISE(memchr(name, '\0', KEYNAME_SIZE) != NULL);
	PROMISE(keyname_valid(name));
	PROMISE(keyname_parse(name, strlen(name), again) == 0);
	PROMISE(strcmp(name, again) == 0);
	PROMISE(strlen(keyname_text(name)) <= 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct keyname_script script;
	char name[KEYNAME_SIZE];
	size_t keys = 0;
	int r;

	keyname_script_init(&script, text);
	while ((r = keyname_script_next(&script, name)) > 0) {
		check_name(name);
		PROMISE(++keys <= strlen(text));
		PROMISE(script.at > text && script.at <= text + strlen(text));
	}
	PROMISE(r == 0 || r == -EINVAL);
	PROMISE(r < 0 || *script.at == '\0');
	if (keyname_parse(text, strlen(text), name) == 0)
		check_name(name);
	free(text);
	return 0;
}
