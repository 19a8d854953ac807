/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/limits.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/xalloc.h"

struct limits limits_of(const struct rule *rule)
{
	struct limits l = {
		.raise = rule->raise,
		.clear = rule->clear,
		.critical = rule->critical,
		.raise_s = rule->raise_s,
		.clear_s = rule->clear_s,
		.is_off = rule->is_off,
	};

	for (int i = 0; i < RULE_PARAMS; i++)
		l.param[i] = rule->param[i].value;
	return l;
}

static int parse_seconds(const char *value, double *ret)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0)
		return -EINVAL;
	*ret = (double)ns / (double)NS_PER_SEC;
	return 0;
}

/* What a limit counts, in the units that it may be written in; -EINVAL: it is none of them. */
static int parse_number(const char *value, enum show show, double *ret)
{
	size_t len = strlen(value);
	char number[32];
	uint64_t bytes;
	int r;

	if (parse_double(value, ret) == 0)
		return 0;
	if (show == SHOW_TIME)
		return parse_seconds(value, ret);
	if (show == SHOW_SIZE) {
		r = parse_size(value, 1, &bytes);
		if (r == 0)
			*ret = (double)bytes;
		return r;
	}
	if (show != SHOW_PERCENT || len < 2 || len >= sizeof(number) || value[len - 1] != '%')
		return -EINVAL;
	memcpy(number, value, len - 1);
	number[len - 1] = '\0';
	r = parse_double(number, ret);
	*ret /= r == 0 ? 100 : 1;
	return r;
}

static const char *what_is_taken(enum show show)
{
	switch (show) {
	case SHOW_TIME:
		return "time, such as 30 or 5m";
	case SHOW_SIZE:
		return "size, such as 256M";
	case SHOW_PERCENT:
		return "share, such as 0.6 or 60%";
	default:
		return "number";
	}
}

/* Shares go beyond one; but who writes 60 means 60 %. */
#define SHARE_MAX 10

static int parse_limit(const char *value, enum show show, double *ret, char **ret_error)
{
	double v;
	int r = parse_number(value, show, &v);

	if (r < 0)
		*ret_error = xasprintf("'%s' is no %s", value, what_is_taken(show));
	else if (v < 0)
		*ret_error = xasprintf("'%s' is less than nothing", value);
	else if (show == SHOW_PERCENT && v > SHARE_MAX)
		*ret_error = xasprintf(
		    "'%s' is %.10g %%: write %s%% if that is meant", value, v * 100, value);
	else
		*ret = v;
	return *ret_error ? -EINVAL : 0;
}

static int set_enabled(struct limits *l, const char *value, char **ret_error)
{
	bool yes = strcmp(value, "yes") == 0, no = strcmp(value, "no") == 0;

	if (!yes && !no) {
		*ret_error = xasprintf("'%s' is neither yes nor no", value);
		return -EINVAL;
	}
	l->is_off = no;
	return 0;
}

/*
 * A limit at which it is over must not lie beyond the one at which it begins. Whoever moves the
 * latter takes the former with him.
 */
static int check_order(
    struct limits *l, const struct rule *rule, const char *name, char **ret_error)
{
	bool wrong = rule->below ? l->clear < l->raise : l->clear > l->raise;

	if (!wrong)
		return 0;
	if (strcmp(name, "raise") == 0) {
		l->clear = l->raise;
		return 0;
	}
	*ret_error = xasprintf("clear (%g) must not be %s raise (%g)", l->clear,
	    rule->below ? "below" : "above", l->raise);
	return -EINVAL;
}

static double *find_limit(
    struct limits *l, const struct rule *rule, const char *name, enum show *ret_show)
{
	const struct {
		const char *name;
		double *limit;
		enum show show;
	} limits[] = {
		{ "raise", &l->raise, rule->show },
		{ "clear", &l->clear, rule->show },
		{ "critical", &l->critical, rule->show },
		{ "for", &l->raise_s, SHOW_TIME },
		{ "clear-for", &l->clear_s, SHOW_TIME },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (strcmp(name, limits[i].name) == 0) {
			*ret_show = limits[i].show;
			return limits[i].limit;
		}
	for (int i = 0; i < RULE_PARAMS && rule->param[i].name; i++)
		if (strcmp(name, rule->param[i].name) == 0) {
			*ret_show = rule->param[i].show;
			return &l->param[i];
		}
	return NULL;
}

int limits_set(struct limits *l, const struct rule *rule, const char *name, const char *value,
    char **ret_error)
{
	struct limits changed = *l;
	enum show show = SHOW_INTEGER;
	double *limit;
	int r;

	*ret_error = NULL;
	if (strcmp(name, "enabled") == 0)
		return set_enabled(l, value, ret_error);
	limit = find_limit(&changed, rule, name, &show);
	if (!limit) {
		*ret_error = xasprintf("%s has no limit '%s'", rule->id, name);
		return -ENOENT;
	}
	r = parse_limit(value, show, limit, ret_error);
	if (r == 0)
		r = check_order(&changed, rule, name, ret_error);
	if (r == 0)
		*l = changed;
	return r;
}
