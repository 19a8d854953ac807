/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to be had, as text: one line each, columns aligned by blanks. */
#ifndef KVMTOP_OUTPUT_LIST_H
#define KVMTOP_OUTPUT_LIST_H

struct table_kind;
struct text;

/* name, "one row per", where it comes from. */
void list_tables(struct text *out);

/* Behind what is said of them: that batch has them only when they are named, or "". */
const char *list_table_remark(const struct table_kind *kind);
const char *list_column_remark(const struct table_kind *kind, int column);

/* Of one table: table, name in files, head on screen, help. */
void list_columns(const struct table_kind *kind, struct text *out);

#endif
