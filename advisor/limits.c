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

/* "0.9", "90%", "256M", "5m" in what the limit counts: ratios, bytes, seconds. */
static int parse_limit(const char *value, double *ret)
{
	size_t len = strlen(value);
	char number[32];
	uint64_t v;

	if (parse_double(value, ret) == 0)
		return 0;
	if (len > 1 && len < sizeof(number) && value[len - 1] == '%') {
		memcpy(number, value, len - 1);
		number[len - 1] = '\0';
		if (parse_double(number, ret) < 0)
			return -EINVAL;
		*ret /= 100;
		return 0;
	}
	if (parse_size(value, 1, &v) == 0) {
		*ret = (double)v;
		return 0;
	}
	return -EINVAL;
}

static int parse_seconds(const char *value, double *ret)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0)
		return -EINVAL;
	*ret = (double)ns / (double)NS_PER_SEC;
	return 0;
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
    struct limits *l, const struct rule *rule, const char *name, bool *ret_is_time)
{
	*ret_is_time = strcmp(name, "for") == 0 || strcmp(name, "clear-for") == 0;
	if (strcmp(name, "for") == 0)
		return &l->raise_s;
	if (strcmp(name, "clear-for") == 0)
		return &l->clear_s;
	if (strcmp(name, "raise") == 0)
		return &l->raise;
	if (strcmp(name, "clear") == 0)
		return &l->clear;
	if (strcmp(name, "critical") == 0)
		return &l->critical;
	for (int i = 0; i < RULE_PARAMS && rule->param[i].name; i++)
		if (strcmp(name, rule->param[i].name) == 0)
			return &l->param[i];
	return NULL;
}

int limits_set(struct limits *l, const struct rule *rule, const char *name, const char *value,
    char **ret_error)
{
	struct limits changed = *l;
	bool is_time;
	double *limit;
	int r;

	if (strcmp(name, "enabled") == 0)
		return set_enabled(l, value, ret_error);
	limit = find_limit(&changed, rule, name, &is_time);
	if (!limit) {
		*ret_error = xasprintf("%s has no limit '%s'", rule->id, name);
		return -ENOENT;
	}
	r = is_time ? parse_seconds(value, limit) : parse_limit(value, limit);
	if (r < 0) {
		*ret_error = xasprintf(
		    "'%s' is no %s", value, is_time ? "time, such as 30 or 5m" : "number");
		return -EINVAL;
	}
	r = check_order(&changed, rule, name, ret_error);
	if (r == 0)
		*l = changed;
	return r;
}
