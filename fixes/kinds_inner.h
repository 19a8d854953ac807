/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rows of fixes/kinds.c consist of. As in struct kind_row. */
#ifndef KVMTOP_FIXES_KINDS_INNER_H
#define KVMTOP_FIXES_KINDS_INNER_H

#include "fixes/kinds.h"
#include "fixes/site.h"

/* ---- of the host: fixes/kinds_host.c ---- */

/* The path of a file that an action writes; the caller frees it. NULL: it is about no file. */
char *path_of_action(const struct action *a);

int setting_may(struct site *s, const struct action *a, struct text *why);
int setting_read(struct site *s, const struct action *a, char **ret, struct text *why);
int setting_write(struct site *s, const struct action *a, const char *value, struct text *why);
int setting_restore(struct site *s, const struct action *a, const char *state, struct text *why);
int await_write(struct site *s, const struct action *a, const char *value, struct text *why);
int module_read(struct site *s, const struct action *a, char **ret, struct text *why);
int module_write(struct site *s, const struct action *a, const char *value, struct text *why);
int module_restore(struct site *s, const struct action *a, const char *state, struct text *why);
int affinity_read(struct site *s, const struct action *a, char **ret, struct text *why);
int affinity_write(struct site *s, const struct action *a, const char *value, struct text *why);

/* ---- files below etc/: fixes/drop_in.c ---- */

int drop_in_read(struct site *s, const struct action *a, char **ret, struct text *why);
int drop_in_write(struct site *s, const struct action *a, const char *value, struct text *why);
int drop_in_restore(struct site *s, const struct action *a, const char *state, struct text *why);
char *drop_in_value(const struct action *a, const char *state);

/* ---- of guests: fixes/kinds_guest.c ---- */

int virt_read(struct site *s, const struct action *a, char **ret, struct text *why);
int virt_write(struct site *s, const struct action *a, const char *value, struct text *why);
int list_write(struct site *s, const struct action *a, const char *value, struct text *why);
int balloon_read(struct site *s, const struct action *a, char **ret, struct text *why);
int balloon_write(struct site *s, const struct action *a, const char *value, struct text *why);
int period_read(struct site *s, const struct action *a, char **ret, struct text *why);
int migrate_read(struct site *s, const struct action *a, char **ret, struct text *why);
int migrate_write(struct site *s, const struct action *a, const char *value, struct text *why);
int migrate_restore(struct site *s, const struct action *a, const char *state, struct text *why);
int definition_write(struct site *s, const struct action *a, const char *value, struct text *why);
char *definition_value(const struct action *a, const char *state);

/* ---- what an administrator would type: fixes/commands.c ---- */

void setting_command(const struct action *a, const char *value, struct text *out);
void sysctl_command(const struct action *a, const char *value, struct text *out);
void await_command(const struct action *a, const char *value, struct text *out);
void affinity_command(const struct action *a, const char *value, struct text *out);
void module_command(const struct action *a, const char *value, struct text *out);
void drop_in_command(const struct action *a, const char *value, struct text *out);
void migrate_command(const struct action *a, const char *value, struct text *out);
void pin_command(const struct action *a, const char *value, struct text *out);
void numatune_command(const struct action *a, const char *value, struct text *out);
void limit_command(const struct action *a, const char *value, struct text *out);
void scheduler_command(const struct action *a, const char *value, struct text *out);
void iotune_command(const struct action *a, const char *value, struct text *out);
void node_memory_command(const struct action *a, const char *value, struct text *out);
void balloon_command(const struct action *a, const char *value, struct text *out);
void period_command(const struct action *a, const char *value, struct text *out);
void vcpus_command(const struct action *a, const char *value, struct text *out);
void definition_command(const struct action *a, const char *value, struct text *out);

/* Splits "node0 2048" or "vda total_iops_sec" at its last blank. False: there is none. Both are the
 * caller's to free. */
bool split_target(const char *target, char **ret_first, char **ret_second);

#endif
