/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/keyname.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/unicode.h"
#include "views/canvas.h"

#define FUNCTION_KEYS 12

static const char *const names[] = {
	"Up",
	"Down",
	"Left",
	"Right",
	"Home",
	"End",
	"PgUp",
	"PgDn",
	"Ins",
	"Del",
	"Enter",
	"Esc",
	"Tab",
	"S-Tab",
	"Space",
	"Backspace",
};

static const struct {
	const char *also, *name;
} spellings[] = {
	{ "PageUp", "PgUp" },
	{ "PageDown", "PgDn" },
	{ "Page_Up", "PgUp" },
	{ "Page_Down", "PgDn" },
	{ "PPage", "PgUp" },
	{ "NPage", "PgDn" },
	{ "Insert", "Ins" },
	{ "Delete", "Del" },
	{ "Return", "Enter" },
	{ "Escape", "Esc" },
	{ "Shift-Tab", "S-Tab" },
	{ "BTab", "S-Tab" },
	{ "Backtab", "S-Tab" },
	{ "BSpace", "Backspace" },
	{ "BS", "Backspace" },
	{ "Blank", "Space" },
	{ "C-h", "Backspace" },
	{ "C-i", "Tab" },
	{ "C-j", "Enter" },
	{ "C-m", "Enter" },
	{ "C-[", "Esc" },
};

static bool word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(word, name, len) == 0;
}

/* "F1" … "F12". 0: no such key. */
static int function_key(const char *word, size_t len)
{
	int n = 0;

	if (len < 2 || len > 3 || (word[0] != 'F' && word[0] != 'f') || word[1] == '0')
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (word[i] < '0' || word[i] > '9')
			return 0;
		n = n * 10 + (word[i] - '0');
	}
	return n <= FUNCTION_KEYS ? n : 0;
}

/* The letter behind "C-", "Ctrl-", "Ctrl+" or "^"; 0: the word is no such thing. */
static char ctrl_letter(const char *word, size_t len)
{
	static const char *const before[] = { "C-", "Ctrl-", "Ctrl+", "^" };
	char letter = len > 0 ? word[len - 1] : 0;

	if (letter >= 'A' && letter <= 'Z')
		letter = (char)(letter - 'A' + 'a');
	if (letter < 'a' || letter > 'z')
		return 0;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (word_is(word, len - 1, before[i]))
			return letter;
	return 0;
}

static void copy(char ret_name[KEYNAME_SIZE], const char *name, size_t len)
{
	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
}

bool keyname_of_char(uint32_t code, char ret_name[KEYNAME_SIZE])
{
	char utf8[4];

	if (code == ' ') {
		copy(ret_name, "Space", 5);
		return true;
	}
	if (unicode_kind(code) != UNICODE_NARROW && unicode_kind(code) != UNICODE_WIDE)
		return false;
	copy(ret_name, utf8, glyph_encode(code, utf8));
	return true;
}

int keyname_parse(const char *word, size_t len, char ret_name[KEYNAME_SIZE])
{
	char canonical[] = "C-?";
	uint32_t code;
	int n;

	if (len > 0 && utf8_decode(word, len, &code) == len)
		return keyname_of_char(code, ret_name) ? 0 : -EINVAL;
	if (ctrl_letter(word, len)) {
		canonical[2] = ctrl_letter(word, len);
		word = canonical;
		len = 3;
	}
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (word_is(word, len, spellings[i].also)) {
			copy(ret_name, spellings[i].name, strlen(spellings[i].name));
			return 0;
		}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (word_is(word, len, names[i])) {
			copy(ret_name, names[i], len);
			return 0;
		}
	n = function_key(word, len);
	if (n == 0 && word != canonical)
		return -EINVAL;
	copy(ret_name, word, len);
	ret_name[0] = n ? 'F' : 'C';
	return 0;
}

bool keyname_valid(const char *name)
{
	char canonical[KEYNAME_SIZE];

	return keyname_parse(name, strlen(name), canonical) == 0 && strcmp(name, canonical) == 0;
}

const char *keyname_text(const char *name)
{
	uint32_t code;
	size_t len = strlen(name);

	if (strcmp(name, "Space") == 0)
		return " ";
	return len > 0 && utf8_decode(name, len, &code) == len ? name : "";
}

void keyname_script_init(struct keyname_script *s, const char *script)
{
	s->at = script;
	s->typing = false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* At a '"' that more than a blank follows. */
static bool text_begins(const char *at)
{
	return at[0] == '"' && at[1] != '\0' && !is_blank(at[1]);
}

static int next_char(struct keyname_script *s, char ret_name[KEYNAME_SIZE])
{
	uint32_t code;
	size_t n = utf8_decode(s->at, strlen(s->at), &code);

	if (n == 0 || !keyname_of_char(code, ret_name))
		return -EINVAL; /* the text's end is missing, too */
	s->at += n;
	return 1;
}

int keyname_script_next(struct keyname_script *s, char ret_name[KEYNAME_SIZE])
{
	size_t len = 0;

	for (;;) {
		if (s->typing && *s->at != '"')
			return next_char(s, ret_name);
		if (s->typing) {
			s->typing = false;
			s->at++;
		} else if (is_blank(*s->at)) {
			s->at++;
		} else if (text_begins(s->at)) {
			s->typing = true;
			s->at++;
		} else {
			break;
		}
	}
	while (s->at[len] && !is_blank(s->at[len]))
		len++;
	if (len == 0)
		return 0;
	if (keyname_parse(s->at, len, ret_name) < 0)
		return -EINVAL;
	s->at += len;
	return 1;
}
