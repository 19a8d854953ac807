/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text, names and numbers that grow. Zero-initialise them; …_done frees what they hold. */
#ifndef KVMTOP_BASE_TEXT_H
#define KVMTOP_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Always NUL-terminated once filled. */
struct text {
	char *p;
	size_t len, cap;
};

struct names {
	char **name;
	size_t n, cap;
};

struct numbers {
	uint32_t *v;
	size_t n, cap;
};

void text_append(struct text *t, const char *data, size_t len);
void text_done(struct text *t);
void names_add(struct names *n, const char *name, size_t len);
void names_done(struct names *n);
void numbers_add(struct numbers *n, uint32_t v);
void numbers_done(struct numbers *n);

#endif
