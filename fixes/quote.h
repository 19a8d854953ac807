/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text as one word of a shell's command. */
#ifndef KVMTOP_FIXES_QUOTE_H
#define KVMTOP_FIXES_QUOTE_H

struct text;

/* As it is where it is harmless, else in single quotes. No byte of @s acts upon the shell. */
void quote_word(struct text *out, const char *s);

#endif
