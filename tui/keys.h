/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what curses calls a key to what kvmtop calls it (views/keyname.h). */
#ifndef KVMTOP_TUI_KEYS_H
#define KVMTOP_TUI_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "views/keyname.h"

/*
 * @code: a KEY_... of curses if @is_function_key, else a character. False for keys that have no
 * name here: they mean nothing, without a beep.
 */
bool key_from_curses(bool is_function_key, uint32_t code, char ret_name[KEYNAME_SIZE]);

/*
 * Teaches curses the sequences of common keys that the terminal's description lacks: it is
 * often only similar to the terminal that is really there.
 */
void keys_define(void);

#endif
