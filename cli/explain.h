/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All about a rule, in words: for the shell, and as the page of the documentation. */
#ifndef KVMTOP_CLI_EXPLAIN_H
#define KVMTOP_CLI_EXPLAIN_H

struct limits;
struct options;
struct rule;
struct text;

/* One line a rule: name, level, class of its fix, title. */
void explain_list(struct text *out);

/* kvmtop explain: with the limits of the configuration. The exit status. */
int explain_run(struct options *options);

/* As Markdown, which reads well as text, too. */
void explain_rule(const struct rule *rule, const struct limits *limits, struct text *out);

#endif
