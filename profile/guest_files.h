/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that tell the symbols of a guest's kernel: copies of its kallsyms and modules. Given by the
 * user, or kept for each guest by its uuid:
 *
 *   /var/lib/kvmtop/guests/UUID/kallsyms, modules      root
 *   ~/.local/share/kvmtop/guests/UUID/…                others (XDG_DATA_HOME)
 *
 * They tell where a guest's kernel lies in its memory, so nobody else may read them.
 */
#ifndef KVMTOP_PROFILE_GUEST_FILES_H
#define KVMTOP_PROFILE_GUEST_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "profile/kallsyms.h"
#include "profile/symbols.h"

enum files_state {
	FILES_OK,
	FILES_UNKNOWN, /* no uuid, so that no place is known for them */
	FILES_MISSING,
	FILES_EMPTY,
	FILES_ZEROED, /* all addresses are hidden */
	FILES_WRONG,  /* no such file as it should be */
	FILES_UNREADABLE,
	FILES_STALE, /* older than the guest: usable, but likely wrong */
};

/* Strings are lent. */
struct guest_files {
	const char *kallsyms, *modules; /* given by the user; NULL: look where they are kept */
	const char *uuid;               /* NULL: none */
	int64_t started_ns; /* when the guest started, by the wall clock; 0: not known */
};

/* What they told. Zero-initialise it. */
struct guest_symbols {
	struct symbols kernel, modules;
	struct kallsyms_facts facts;
	enum files_state state;
	char *kallsyms_path; /* where they are, or should be; NULL: FILES_UNKNOWN */
	char *modules_path;
	struct text problem; /* one sentence; empty: none */
};

void guest_symbols_load(struct guest_symbols *g, const struct guest_files *files);
void guest_symbols_done(struct guest_symbols *g);

/* The commands that make the files, a line each. */
void guest_symbols_commands(const struct guest_symbols *g, struct text *out);

/* Where those of a guest are kept, NULL when @uuid is none. The caller frees it. */
char *guest_files_directory(const char *uuid);

/* Keeps them, readable to their owner alone. @modules may be empty. 0 or -errno. */
int guest_files_keep(const char *uuid, const struct text *kallsyms, const struct text *modules);

#endif
