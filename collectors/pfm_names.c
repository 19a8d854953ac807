/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/pfm_names.h"

#include <dlfcn.h>
#include <errno.h>
#include <perfmon/pfmlib_perf_event.h>

/* The library's tables take two megabytes: it is loaded by whoever counts, and stays. */
#define LIBRARY "libpfm.so.4"

struct library {
	pfm_err_t (*initialize)(void);
	pfm_err_t (*encode)(const char *name, int privileges, pfm_os_t os, void *args);
};

static int load(struct library *ret)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!library)
		return -ENOSYS;
	*(void **)&ret->initialize = dlsym(library, "pfm_initialize");
	*(void **)&ret->encode = dlsym(library, "pfm_get_os_event_encoding");
	dlclose(library);
	return ret->initialize && ret->encode ? 0 : -ENOSYS;
}

int pfm_encode(const char *name, struct pfm_encoding *ret)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	pfm_perf_encode_arg_t arg = { .attr = &attr, .size = sizeof(arg) };
	struct library pfm;

	/* Later calls of both do nothing. */
	if (load(&pfm) < 0 || pfm.initialize() != PFM_SUCCESS)
		return -ENOSYS;
	if (pfm.encode(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg) != PFM_SUCCESS)
		return -ENOENT;
	*ret = (struct pfm_encoding){
		.type = attr.type,
		.config = attr.config,
		.config1 = attr.config1,
		.config2 = attr.config2,
		.exclude_user = attr.exclude_user,
		.exclude_kernel = attr.exclude_kernel,
	};
	return 0;
}
