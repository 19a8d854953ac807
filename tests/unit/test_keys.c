/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <curses.h>

#include "base/unicode.h"
#include "tui/keys.h"
#include "views/canvas.h"
#include "views/keyname.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED "untouched"

static const char *const all_names[] = { "Up", "Down", "Left", "Right", "Home", "End", "PgUp",
	"PgDn", "Ins", "Del", "Enter", "Esc", "Tab", "S-Tab", "Space", "Backspace", "F1", "F2",
	"F9", "F10", "F11", "F12", "C-a", "C-c", "C-l", "C-z", "q", "Q", "/", "\\", "?", "\"", "-",
	"0", "ä", "虚" };

static void names_are_valid(void **state)
{
	static const char *const wrong[] = { "", " ", "up", "PAGEUP", "PageUp", "F0", "F13", "F01",
		"F1x", "C-", "C-1", "C-L", "C-h", "C-i", "C-m", "C-j", "qq", "\t", "\033",
		"\302\233", "\314\201", "\342\200\256", "a\314\201", "\377", "Up ", "虚拟" };

	(void)state;
	for (size_t i = 0; i < COUNT(all_names); i++)
		assert_true(keyname_valid(all_names[i]));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(keyname_valid(wrong[i]));
}

static void other_spellings_are_understood(void **state)
{
	static const struct {
		const char *word, *name;
	} rows[] = {
		{ "up", "Up" },
		{ "UP", "Up" },
		{ "PageUp", "PgUp" },
		{ "page_down", "PgDn" },
		{ "pgdn", "PgDn" },
		{ "return", "Enter" },
		{ "ESCAPE", "Esc" },
		{ "s-tab", "S-Tab" },
		{ "Shift-Tab", "S-Tab" },
		{ "f1", "F1" },
		{ "f12", "F12" },
		{ "c-L", "C-l" },
		{ "C-L", "C-l" },
		{ "Ctrl-L", "C-l" },
		{ "ctrl+l", "C-l" },
		{ "^L", "C-l" },
		{ "^l", "C-l" },
		{ "C-h", "Backspace" },
		{ "^I", "Tab" },
		{ "^M", "Enter" },
		{ "C-[", "Esc" },
		{ "^", "^" },
		{ "Q", "Q" },
		{ "q", "q" },
		{ " ", "Space" },
	};
	char name[KEYNAME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(keyname_parse(rows[i].word, strlen(rows[i].word), name), 0);
		assert_string_equal(name, rows[i].name);
		assert_true(keyname_valid(name));
	}
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const wrong[] = { "", "F13", "F99", "F100", "Hyper-x", "C-?", "Enterr",
		"En", "a very long word that is the name of nothing", "\033", "\033[A" };
	char name[KEYNAME_SIZE] = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(keyname_parse(wrong[i], strlen(wrong[i]), name), -EINVAL);
		assert_string_equal(name, UNTOUCHED);
	}
	assert_int_equal(keyname_parse("Enter", 3, name), -EINVAL);
	assert_int_equal(keyname_parse("Upper", 2, name), 0);
	assert_string_equal(name, "Up");
}

static void some_keys_type_text(void **state)
{
	(void)state;
	assert_string_equal(keyname_text("q"), "q");
	assert_string_equal(keyname_text("Space"), " ");
	assert_string_equal(keyname_text("虚"), "虚");
	assert_string_equal(keyname_text("Enter"), "");
	assert_string_equal(keyname_text("C-l"), "");
	assert_string_equal(keyname_text(""), "");
}

/* Every character is a key that types it, or none; no name is longer than its room. */
static void every_character_has_one_name(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0x110000; code++) {
		enum unicode_kind kind = unicode_kind(code);
		bool types = kind == UNICODE_NARROW || kind == UNICODE_WIDE;
		char name[KEYNAME_SIZE];
		uint32_t back = 0;

		if (keyname_of_char(code, name) != types)
			fail_msg("U+%04X", (unsigned int)code);
		if (!types)
			continue;
		utf8_decode(keyname_text(name), strlen(keyname_text(name)), &back);
		if (back != code || !keyname_valid(name))
			fail_msg("U+%04X", (unsigned int)code);
	}
}

/* The keys of a script as "a b c", with what ended it behind them. */
static void assert_script(const char *script, const char *expected)
{
	char name[KEYNAME_SIZE], keys[256] = "";
	struct keyname_script s;
	int r;

	keyname_script_init(&s, script);
	while ((r = keyname_script_next(&s, name)) == 1) {
		assert_true(strlen(keys) + strlen(name) + 2 < sizeof(keys));
		assert_true(keyname_valid(name));
		strncat(keys, name, sizeof(keys) - strlen(keys) - 1);
		strncat(keys, " ", sizeof(keys) - strlen(keys) - 1);
	}
	strncat(keys, r == 0 ? "." : s.at, sizeof(keys) - strlen(keys) - 1);
	assert_string_equal(keys, expected);
	assert_true(r == 0 || r == -EINVAL);
	assert_int_equal(keyname_script_next(&s, name), r);
}

static void scripts_are_split(void **state)
{
	(void)state;
	assert_script("", ".");
	assert_script("  \n\t ", ".");
	assert_script("3 s Enter", "3 s Enter .");
	assert_script("  3\ts \n enter  ", "3 s Enter .");
	assert_script("/ \"web 1\" Enter", "/ w e b Space 1 Enter .");
	assert_script("\"ä虚\"", "ä 虚 .");
	assert_script("\"ab\"Enter", "a b Enter .");
	assert_script("\"\" q", "q .");
	assert_script("\"", "\" .");
	assert_script("\" q", "\" q .");
	assert_script("3 Entr q", "3 Entr q");
	assert_script("q \"never ends", "q n e v e r Space e n d s ");
	assert_script("\"a\tb\"", "a \tb\"");
	assert_script("q \377", "q \377");
}

static void curses_keys_have_names(void **state)
{
	static const struct {
		uint32_t code;
		const char *name;
	} rows[] = {
		{ KEY_UP, "Up" },
		{ KEY_DOWN, "Down" },
		{ KEY_LEFT, "Left" },
		{ KEY_RIGHT, "Right" },
		{ KEY_HOME, "Home" },
		{ KEY_END, "End" },
		{ KEY_PPAGE, "PgUp" },
		{ KEY_NPAGE, "PgDn" },
		{ KEY_IC, "Ins" },
		{ KEY_DC, "Del" },
		{ KEY_BACKSPACE, "Backspace" },
		{ KEY_ENTER, "Enter" },
		{ KEY_BTAB, "S-Tab" },
		{ KEY_F(1), "F1" },
		{ KEY_F(12), "F12" },
		{ KEY_A1, "Home" },
		{ KEY_SF, "Down" },
	};
	char name[KEYNAME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(key_from_curses(true, rows[i].code, name));
		assert_string_equal(name, rows[i].name);
	}
}

static void characters_have_names(void **state)
{
	static const struct {
		uint32_t code;
		const char *name;
	} rows[] = {
		{ 'q', "q" },
		{ 'Q', "Q" },
		{ ' ', "Space" },
		{ '\t', "Tab" },
		{ '\r', "Enter" },
		{ '\n', "Enter" },
		{ 0x1b, "Esc" },
		{ 0x08, "Backspace" },
		{ 0x7f, "Backspace" },
		{ 0x01, "C-a" },
		{ 0x0c, "C-l" },
		{ 0x1a, "C-z" },
		{ 0xe4, "ä" },
		{ 0x865a, "虚" },
	};
	char name[KEYNAME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(key_from_curses(false, rows[i].code, name));
		assert_string_equal(name, rows[i].name);
	}
}

/* Whatever comes: a valid name, or none and nothing written. */
static void nothing_else_has_a_name(void **state)
{
	static const uint32_t characters[] = { 0, 0x1c, 0x1d, 0x1e, 0x1f, 0x80, 0x9b, 0x301, 0x202e,
		0xd800, 0x110000, 0xffffffff };
	char name[KEYNAME_SIZE] = UNTOUCHED;

	(void)state;
	assert_false(key_from_curses(true, KEY_RESIZE, name));
	assert_false(key_from_curses(true, KEY_MOUSE, name));
	assert_false(key_from_curses(true, KEY_F(13), name));
	assert_false(key_from_curses(true, KEY_F(0), name));
	for (size_t i = 0; i < COUNT(characters); i++)
		assert_false(key_from_curses(false, characters[i], name));
	assert_string_equal(name, UNTOUCHED);
	for (uint32_t code = 0; code < 2048; code++) {
		if (key_from_curses(true, code, name))
			assert_true(keyname_valid(name));
		if (key_from_curses(false, code, name))
			assert_true(keyname_valid(name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_valid),
		cmocka_unit_test(other_spellings_are_understood),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(some_keys_type_text),
		cmocka_unit_test(every_character_has_one_name),
		cmocka_unit_test(scripts_are_split),
		cmocka_unit_test(curses_keys_have_names),
		cmocka_unit_test(characters_have_names),
		cmocka_unit_test(nothing_else_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
