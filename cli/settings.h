/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: lines "key = value", '#' begins a comment. The host's file is read first, then
 * the user's, which wins. Whoever owns a key takes it; what nobody takes is warned about.
 */
#ifndef KVMTOP_CLI_SETTINGS_H
#define KVMTOP_CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct options;

/* Keys without a point. */
#define SETTING_EVENTS "events" /* as --events */

struct setting {
	char *key, *value;
	char *where; /* "/etc/kvmtop.conf:3" */
};

struct settings {
	struct setting *setting;
	size_t n, cap;
};

/* Reads options->config, or else the usual files where they are there. -errno where a file that was
 * named cannot be read; that was complained about, and so is each line that makes no sense. */
int settings_load(const struct options *options, struct settings *ret);
void settings_done(struct settings *s);

/* Whether a key without a point means something. */
bool settings_key_is_known(const char *key);

/* The value of a key that is taken as it stands; the last one counts. NULL: there is none. */
const char *settings_find(const struct settings *s, const char *key);

#endif
