/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which guest did somebody mean who named one that is not there? */
#ifndef KVMTOP_CLI_GUEST_NAMES_H
#define KVMTOP_CLI_GUEST_NAMES_H

struct options;
struct root;

/* The name of a guest that is nearly called as options->guest says, or NULL. The caller frees it.
 */
char *guest_names_nearest(const struct root *root, const struct options *options);

#endif
