/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/libvirt_module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/xalloc.h"

#define MODULE_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)

/* Beside the program, by the name under which that was started. */
static void *load_beside(void)
{
	const char *started = (const char *)getauxval(AT_EXECFN);
	char *program = started ? realpath(started, NULL) : NULL;
	char *slash = program ? strrchr(program, '/') : NULL, *path;
	void *module = NULL;

	if (slash) {
		*slash = '\0';
		path = xasprintf("%s/" LIBVIRT_MODULE, program);
		module = dlopen(path, MODULE_FLAGS);
		free(path);
	}
	free(program);
	return module;
}

/*
 * The program's run path leads to the module. The loader ignores that under the address sanitizer,
 * which is why we look beside the program too; but not where the program has rights that its user
 * has not, since the name is the user's choice.
 */
void *libvirt_module_load(char *error, size_t size)
{
	static const char missing[] = LIBVIRT_MODULE ": cannot open";
	void *module = dlopen(LIBVIRT_MODULE, MODULE_FLAGS);
	const char *why = module ? NULL : dlerror();

	if (why && strstr(why, missing) && !getauxval(AT_SECURE)) {
		module = load_beside();
		why = module ? NULL : dlerror();
	}
	if (why && strstr(why, missing))
		snprintf(error, size, LIBVIRT_MODULE " is not installed");
	else if (why)
		snprintf(error, size, "libvirt's library is not installed (%s)", why);
	return module;
}
