/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/keys.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

#define CTRL(letter) ((letter)&0x1f)
#define DELETE 0x7f

static const struct {
	uint32_t code;
	const char *name;
} function_keys[] = {
	{ KEY_UP, "Up" },
	{ KEY_DOWN, "Down" },
	{ KEY_LEFT, "Left" },
	{ KEY_RIGHT, "Right" },
	{ KEY_SR, "Up" }, /* held with Shift */
	{ KEY_SF, "Down" },
	{ KEY_SLEFT, "Left" },
	{ KEY_SRIGHT, "Right" },
	{ KEY_HOME, "Home" },
	{ KEY_A1, "Home" }, /* the number block */
	{ KEY_END, "End" },
	{ KEY_C1, "End" },
	{ KEY_PPAGE, "PgUp" },
	{ KEY_A3, "PgUp" },
	{ KEY_NPAGE, "PgDn" },
	{ KEY_C3, "PgDn" },
	{ KEY_IC, "Ins" },
	{ KEY_DC, "Del" },
	{ KEY_ENTER, "Enter" },
	{ KEY_BTAB, "S-Tab" },
	{ KEY_BACKSPACE, "Backspace" },
};

/* Sequences that xterm and its kin, rxvt, PuTTY and the Linux console send. */
static const struct {
	const char *sequence;
	int code;
} sequences[] = {
	{ "\033[A", KEY_UP },
	{ "\033OA", KEY_UP },
	{ "\033[B", KEY_DOWN },
	{ "\033OB", KEY_DOWN },
	{ "\033[C", KEY_RIGHT },
	{ "\033OC", KEY_RIGHT },
	{ "\033[D", KEY_LEFT },
	{ "\033OD", KEY_LEFT },
	{ "\033[H", KEY_HOME },
	{ "\033OH", KEY_HOME },
	{ "\033[1~", KEY_HOME },
	{ "\033[7~", KEY_HOME },
	{ "\033[F", KEY_END },
	{ "\033OF", KEY_END },
	{ "\033[4~", KEY_END },
	{ "\033[8~", KEY_END },
	{ "\033[2~", KEY_IC },
	{ "\033[3~", KEY_DC },
	{ "\033[5~", KEY_PPAGE },
	{ "\033[6~", KEY_NPAGE },
	{ "\033[Z", KEY_BTAB },
	{ "\033OM", KEY_ENTER },
	{ "\033OP", KEY_F(1) },
	{ "\033OQ", KEY_F(2) },
	{ "\033OR", KEY_F(3) },
	{ "\033OS", KEY_F(4) },
	{ "\033[11~", KEY_F(1) },
	{ "\033[12~", KEY_F(2) },
	{ "\033[13~", KEY_F(3) },
	{ "\033[14~", KEY_F(4) },
	{ "\033[[A", KEY_F(1) },
	{ "\033[[B", KEY_F(2) },
	{ "\033[[C", KEY_F(3) },
	{ "\033[[D", KEY_F(4) },
	{ "\033[[E", KEY_F(5) },
	{ "\033[15~", KEY_F(5) },
	{ "\033[17~", KEY_F(6) },
	{ "\033[18~", KEY_F(7) },
	{ "\033[19~", KEY_F(8) },
	{ "\033[20~", KEY_F(9) },
	{ "\033[21~", KEY_F(10) },
	{ "\033[23~", KEY_F(11) },
	{ "\033[24~", KEY_F(12) },
};

static bool name_is(const char *name, char ret_name[KEYNAME_SIZE])
{
	return keyname_parse(name, strlen(name), ret_name) == 0;
}

static bool from_function_key(uint32_t code, char ret_name[KEYNAME_SIZE])
{
	char name[KEYNAME_SIZE];

	for (size_t i = 0; i < sizeof(function_keys) / sizeof(function_keys[0]); i++)
		if (function_keys[i].code == code)
			return name_is(function_keys[i].name, ret_name);
	if (code <= KEY_F0 || code > KEY_F(63))
		return false;
	snprintf(name, sizeof(name), "F%u", code - KEY_F0);
	return name_is(name, ret_name);
}

bool key_from_curses(bool is_function_key, uint32_t code, char ret_name[KEYNAME_SIZE])
{
	char name[] = "C-?";

	if (is_function_key)
		return from_function_key(code, ret_name);
	switch (code) {
	case CTRL('['):
		return name_is("Esc", ret_name);
	case DELETE:
		return name_is("Backspace", ret_name);
	default:
		break;
	}
	if (code == 0 || code > CTRL('z'))
		return keyname_of_char(code, ret_name);
	name[2] = (char)('a' + code - 1);
	return name_is(name, ret_name);
}

void keys_define(void)
{
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		if (key_defined(sequences[i].sequence) == 0)
			define_key(sequences[i].sequence, sequences[i].code);
}
