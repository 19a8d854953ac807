/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keys are called, everywhere: in tables of commands, in help, in --keys, in files.
 *
 * A key that types a character is called by it ("q", "/", "ä"); blank is "Space". Others:
 * Up Down Left Right Home End PgUp PgDn Ins Del Enter Esc Tab S-Tab Space Backspace F1 … F12,
 * and C-a … C-z for those held with Ctrl. C-h, C-i, C-j and C-m cannot be told from Backspace,
 * Tab and Enter, so they are called so.
 */
#ifndef KVMTOP_VIEWS_KEYNAME_H
#define KVMTOP_VIEWS_KEYNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that the longest name takes, with its NUL. */
#define KEYNAME_SIZE 16

/* Is this the name of a key, spelled exactly so? */
bool keyname_valid(const char *name);

/*
 * The name of the key that @word means: case does not matter but for single characters, and
 * usual other spellings are understood ("PageUp", "Return", "Ctrl-L", "^L"). 0, or -EINVAL.
 */
int keyname_parse(const char *word, size_t len, char ret_name[KEYNAME_SIZE]);

/* The key that types @code. False for what no key types (control and invisible characters). */
bool keyname_of_char(uint32_t code, char ret_name[KEYNAME_SIZE]);

/* The character that the key types into a text field, as UTF-8 ("Space" types " "); "" if none. */
const char *keyname_text(const char *name);

/*
 * A script of keys: names with blanks between them, and "text in double quotes" that is typed
 * character by character. A '"' that stands alone is that key.
 */
struct keyname_script {
	const char *at;
	bool typing; /* within quotes */
};

void keyname_script_init(struct keyname_script *s, const char *script);

/* 1 and the next key; 0 at the end; -EINVAL where something is no key: @s->at points there. */
int keyname_script_next(struct keyname_script *s, char ret_name[KEYNAME_SIZE]);

#endif
