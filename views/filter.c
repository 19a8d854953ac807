/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/filter.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "model/snapshot.h"

enum op {
	OP_CONTAINS, /* "~", and plain words */
	OP_EQUAL,
	OP_UNEQUAL,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_MORE,
	OP_MORE_EQUAL,
};

/* Longer ones first, so that "<=" is not taken for "<". */
static const struct {
	const char *sign;
	enum op op;
} ops[] = {
	{ "<=", OP_LESS_EQUAL },
	{ ">=", OP_MORE_EQUAL },
	{ "==", OP_EQUAL },
	{ "!=", OP_UNEQUAL },
	{ "=", OP_EQUAL },
	{ "<", OP_LESS },
	{ ">", OP_MORE },
	{ "~", OP_CONTAINS },
};

struct term {
	int column; /* -1: any text */
	enum op op;
	double number;
	char *word; /* NULL: a number is meant */
};

struct filter {
	const struct table_kind *kind;
	struct term *term;
	size_t n, cap;
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

const char *text_find(const char *text, const char *word)
{
	if (!*word)
		return NULL;
	for (; *text; text++) {
		size_t i = 0;

		while (word[i] && lower(text[i]) == lower(word[i]))
			i++;
		if (!word[i])
			return text;
	}
	return NULL;
}

/* "41k", "1.5M": steps of 1000. */
static int parse_scaled(const char *text, double unit, double *ret)
{
	static const char letters[] = "kmgt";
	struct slice s = slice_of(text);
	const char *letter = s.len ? strchr(letters, lower(s.p[s.len - 1])) : NULL;
	double step = unit;

	if (letter && *letter) {
		s.len--;
		step = pow(1000, (double)(letter - letters + 1));
	}
	if (slice_double(slice_trim(s), ret) < 0)
		return -EINVAL;
	*ret *= step;
	return 0;
}

static int parse_percent(const char *text, double *ret)
{
	struct slice s = slice_of(text);

	if (s.len && s.p[s.len - 1] == '%')
		s.len--;
	if (slice_double(slice_trim(s), ret) < 0)
		return -EINVAL;
	*ret /= 100;
	return 0;
}

/* What a figure of this column looks like, for whoever wrote none. */
static const char *example_of(const struct column *c)
{
	switch (c->show) {
	case SHOW_PERCENT:
		return "a percentage such as 50%";
	case SHOW_SIZE:
		return "a size such as 2G";
	case SHOW_TIME:
		return "a time such as 90s";
	case SHOW_SHORT:
		return "a number such as 41k";
	case SHOW_INTEGER:
	case SHOW_DECIMAL:
	case SHOW_TEXT:
		break;
	}
	return "a number such as 4";
}

static int parse_figure(const struct column *c, const char *text, double *ret)
{
	uint64_t v = 0;
	int r;

	switch (c->show) {
	case SHOW_PERCENT:
		return parse_percent(text, ret);
	case SHOW_SIZE:
		r = parse_size(text, 1, &v);
		break;
	case SHOW_TIME:
		r = parse_duration(text, &v);
		break;
	default:
		return parse_scaled(text, c->unit == UNIT_HERTZ ? 1e6 : 1, ret);
	}
	if (r == 0)
		*ret = c->show == SHOW_TIME ? (double)v / (double)NS_PER_SEC : (double)v;
	return r;
}

/* What its help begins with: a name may mean something else in another table. */
static int meaning_length(const struct column *c)
{
	size_t len = strcspn(c->help, ".,;:(");

	while (len > 0 && c->help[len - 1] == ' ')
		len--;
	return (int)len;
}

static int fill_value(struct term *term, const struct table_kind *kind, const char *sign,
    const char *value, char ret_error[FILTER_ERROR_SIZE])
{
	const struct column *c = &kind->column[term->column];
	bool text_op = term->op == OP_CONTAINS || term->op == OP_EQUAL || term->op == OP_UNEQUAL;

	if (!*value) {
		snprintf(ret_error, FILTER_ERROR_SIZE, "a value is missing behind '%s %s'", c->name,
		    sign);
		return -EINVAL;
	}
	if (c->kind == KIND_TEXT) {
		if (!text_op) {
			snprintf(ret_error, FILTER_ERROR_SIZE,
			    "'%s' is a text: ask with =, != or ~ (contains)", c->name);
			return -EINVAL;
		}
		term->word = xstrdup(value);
		return 0;
	}
	if (term->op == OP_CONTAINS) {
		snprintf(ret_error, FILTER_ERROR_SIZE,
		    "'%s' is a number: ask with <, <=, =, !=, >= or >", c->name);
		return -EINVAL;
	}
	if (parse_figure(c, value, &term->number) < 0) {
		snprintf(ret_error, FILTER_ERROR_SIZE,
		    "'%.40s' is no value of '%s': it takes %s (table %s: %.*s)", value, c->name,
		    example_of(c), kind->name, meaning_length(c), c->help);
		return -EINVAL;
	}
	return 0;
}

static char *unquote(struct slice s)
{
	s = slice_trim(s);
	if (s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"') {
		s.p++;
		s.len -= 2;
	}
	return slice_dup(s);
}

/* Finds the first operator; false when the term is plain text. */
static bool find_op(struct slice s, size_t *ret_at, size_t *ret_op)
{
	for (size_t at = 0; at < s.len && s.p[at] != '"'; at++)
		for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
			size_t len = strlen(ops[i].sign);

			if (at + len <= s.len && memcmp(s.p + at, ops[i].sign, len) == 0) {
				*ret_at = at;
				*ret_op = i;
				/* "=1+1" may be the name of a guest. */
				return slice_trim((struct slice){ s.p, at }).len > 0;
			}
		}
	return false;
}

static int compile_term(
    const struct table_kind *kind, struct slice s, struct term *term, char *ret_error)
{
	char *name, *value;
	size_t at, op;
	int r = 0;

	*term = (struct term){ .column = -1, .op = OP_CONTAINS };
	if (!find_op(s, &at, &op)) {
		term->word = unquote(s);
		return 0;
	}
	name = slice_dup(slice_trim((struct slice){ s.p, at }));
	at += strlen(ops[op].sign);
	value = unquote((struct slice){ s.p + at, s.len - at });
	term->op = ops[op].op;
	term->column = column_find(kind, name);
	if (term->column < 0) {
		const char *nearest = column_nearest(kind, name);

		snprintf(ret_error, FILTER_ERROR_SIZE, "table '%s' has no column '%.40s'%s%s%s",
		    kind->name, name, nearest ? "; the nearest is '" : "", nearest ? nearest : "",
		    nearest ? "'" : "");
		r = -EINVAL;
	} else {
		r = fill_value(term, kind, ops[op].sign, value, ret_error);
	}
	free(name);
	free(value);
	return r;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* How much of @s stands before the next "and", quotes not looked into. */
static size_t length_of_term(struct slice s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		quoted ^= s.p[i] == '"';
		if (!quoted && i > 0 && i + 4 < s.len && is_blank(s.p[i - 1]) &&
		    lower(s.p[i]) == 'a' && lower(s.p[i + 1]) == 'n' && lower(s.p[i + 2]) == 'd' &&
		    is_blank(s.p[i + 3]))
			return i;
	}
	return s.len;
}

/* What people write who know it from elsewhere. Words stand between blanks, signs anywhere. */
static const struct {
	const char *word, *remedy;
} unsupported[] = {
	{ "or", ", only 'and': try a word that both hold" },
	{ "||", ", only 'and': try a word that both hold" },
	{ "&&", ": write 'and'" },
	{ "not", ": use != or the opposite of < and >" },
};

static bool is_word(struct slice s, size_t at, const char *word)
{
	size_t len = strlen(word);

	if (at + len > s.len || strncasecmp(s.p + at, word, len) != 0)
		return false;
	if (word[0] < 'a' || word[0] > 'z')
		return true;
	/* The last word may be the name that is looked for: it has something to join behind it. */
	return (at == 0 || is_blank(s.p[at - 1])) && at + len < s.len && is_blank(s.p[at + len]) &&
	       (at > 0 || strcmp(word, "not") == 0);
}

static int refuse_unsupported(struct slice s, char *ret_error)
{
	bool quoted = false;

	for (size_t at = 0; at < s.len; at++) {
		quoted ^= s.p[at] == '"';
		for (size_t i = 0; !quoted && i < sizeof(unsupported) / sizeof(unsupported[0]); i++)
			if (is_word(s, at, unsupported[i].word)) {
				snprintf(ret_error, FILTER_ERROR_SIZE, "'%s' is not supported%s",
				    unsupported[i].word, unsupported[i].remedy);
				return -EINVAL;
			}
	}
	return 0;
}

int filter_new(
    enum table_id table, const char *text, struct filter **ret, char ret_error[FILTER_ERROR_SIZE])
{
	struct slice rest = slice_trim(slice_of(text));
	struct filter *f;

	if (rest.len == 0) {
		*ret = NULL;
		return 0;
	}
	if (refuse_unsupported(rest, ret_error) < 0)
		return -EINVAL;
	f = xcalloc(1, sizeof(*f));
	f->kind = &table_kinds[table];
	for (;;) {
		size_t len = length_of_term(rest);
		struct slice term = slice_trim((struct slice){ rest.p, len });

		f->term = xgrow(f->term, f->n, &f->cap, sizeof(*f->term));
		if (compile_term(f->kind, term, &f->term[f->n++], ret_error) < 0) {
			filter_free(f);
			return -EINVAL;
		}
		if (len == rest.len)
			break;
		rest = (struct slice){ rest.p + len + 3, rest.len - len - 3 };
	}
	*ret = f;
	return 0;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		free(f->term[i].word);
	free(f->term);
	free(f);
}

static bool looks_at(const struct table_kind *kind, const struct term *term, int column)
{
	return term->column < 0 ? kind->column[column].kind == KIND_TEXT : term->column == column;
}

unsigned filter_needs(const struct filter *f)
{
	unsigned needs = 0;

	for (size_t i = 0; f && i < f->n; i++)
		for (int c = 0; c < f->kind->columns; c++)
			if (looks_at(f->kind, &f->term[i], c))
				needs |= column_needs(&f->kind->column[c]);
	return needs;
}

static bool holds_text(
    const struct table_kind *kind, const struct term *term, const struct row *row)
{
	for (int i = 0; i < kind->columns; i++)
		if (looks_at(kind, term, i) && text_find(cell_text(row, i), term->word))
			return true;
	return false;
}

static bool compare_text(const struct term *term, const char *text)
{
	switch (term->op) {
	case OP_EQUAL:
		return same(text, term->word);
	case OP_UNEQUAL:
		return !same(text, term->word);
	default:
		return text_find(text, term->word) != NULL;
	}
}

/* Equal is what looks equal: a percentage is shown to a tenth. */
static bool looks_equal(const struct column *c, double a, double b)
{
	return fabs(a - b) <= (c->show == SHOW_PERCENT ? 0.0005 : 1e-9 * fabs(b));
}

static bool compare_number(const struct term *term, const struct column *c, double v)
{
	switch (term->op) {
	case OP_EQUAL:
		return looks_equal(c, v, term->number);
	case OP_UNEQUAL:
		return !looks_equal(c, v, term->number);
	case OP_LESS:
		return v < term->number;
	case OP_LESS_EQUAL:
		return v <= term->number;
	case OP_MORE:
		return v > term->number;
	case OP_MORE_EQUAL:
		return v >= term->number;
	case OP_CONTAINS:
		break;
	}
	return false;
}

static bool term_takes(
    const struct table_kind *kind, const struct term *term, const struct row *row)
{
	const struct column *c;
	double v;

	if (term->column < 0)
		return holds_text(kind, term, row);
	c = &kind->column[term->column];
	if (term->word)
		return cell_has(row, term->column) &&
		       compare_text(term, cell_text(row, term->column));
	return cell_value(c, &row->cell[term->column], &v) && compare_number(term, c, v);
}

bool filter_takes(const struct filter *f, const struct row *row)
{
	for (size_t i = 0; f && i < f->n; i++)
		if (!term_takes(f->kind, &f->term[i], row))
			return false;
	return true;
}
