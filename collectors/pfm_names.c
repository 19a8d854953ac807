/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/pfm_names.h"

#include <errno.h>
#include <perfmon/pfmlib_perf_event.h>

int pfm_encode(const char *name, struct pfm_encoding *ret)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	pfm_perf_encode_arg_t arg = { .attr = &attr, .size = sizeof(arg) };

	/* Its later calls do nothing. */
	if (pfm_initialize() != PFM_SUCCESS)
		return -ENOSYS;
	if (pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg) !=
	    PFM_SUCCESS)
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
