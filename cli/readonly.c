/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/readonly.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/parse.h"

#define NOBODY 65534

/* CAP_PERFMON has a name in the kernel's headers from Linux 5.8 on. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif

static const cap_value_t kept[] = { CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH };

#define KEPT (sizeof(kept) / sizeof(kept[0]))

/* Who called sudo, so that his own files are his; else nobody. */
static unsigned id_of(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t id;

	return text && parse_u64(text, &id) == 0 && id > 0 && id < UINT32_MAX ? (unsigned)id
									      : NOBODY;
}

static bool is_kept(cap_value_t cap)
{
	for (size_t i = 0; i < KEPT; i++)
		if (kept[i] == cap)
			return true;
	return false;
}

/* What no program that this one might start could get back. */
static void drop_bounds(void)
{
	for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++)
		if (!is_kept(cap))
			cap_drop_bound(cap);
}

/* Of the rights that we have, those that are kept. */
static int drop_rights(void)
{
	cap_t has = cap_get_proc(), wanted = cap_init();
	cap_flag_value_t is_there;
	int r = has && wanted ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < KEPT; i++) {
		if (cap_get_flag(has, kept[i], CAP_PERMITTED, &is_there) < 0 || is_there != CAP_SET)
			continue;
		if (cap_set_flag(wanted, CAP_PERMITTED, 1, &kept[i], CAP_SET) < 0 ||
		    cap_set_flag(wanted, CAP_EFFECTIVE, 1, &kept[i], CAP_SET) < 0)
			r = -errno;
	}
	if (r == 0 && cap_set_proc(wanted) < 0)
		r = -errno;
	cap_free(has);
	cap_free(wanted);
	return r;
}

static int become_another(void)
{
	unsigned uid = id_of("SUDO_UID"), gid = id_of("SUDO_GID");

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

int readonly_enter(void)
{
	int r = 0;

	drop_bounds();
	cap_reset_ambient();
	if (geteuid() == 0 || getuid() == 0)
		r = become_another();
	if (r == 0)
		r = drop_rights();
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r;
}
