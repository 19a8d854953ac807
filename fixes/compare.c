/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/parse.h"

/* From here on libvirt means that there is no limit, in KiB. */
#define UNLIMITED_KIB 9007199254740991

bool same_text(const char *a, const char *b)
{
	struct slice x = slice_trim(slice_of(a)), y = slice_trim(slice_of(b));

	return x.len == y.len && memcmp(x.p, y.p, x.len) == 0;
}

static bool same_set(const char *a, const char *b, int (*parse)(struct cpuset *, const char *))
{
	struct cpuset x = { 0 }, y = { 0 };
	bool same =
	    parse(&x, a) == 0 && parse(&y, b) == 0 && !cpuset_empty(&x) && cpuset_equal(&x, &y);

	cpuset_done(&x);
	cpuset_done(&y);
	return same;
}

bool same_list(const char *a, const char *b)
{
	return same_text(a, b) || same_set(a, b, cpuset_parse_list);
}

bool covers_list(const char *pinned, const char *seen)
{
	struct cpuset x = { 0 }, y = { 0 };
	bool covers = cpuset_parse_list(&x, pinned) == 0 && cpuset_parse_list(&y, seen) == 0 &&
		      cpuset_subset(&y, &x);

	cpuset_done(&x);
	cpuset_done(&y);
	return covers || same_text(pinned, seen);
}

static const char *choice_of(const char *text, char *buf, size_t size)
{
	return strchr(text, '[') && parse_choice(text, buf, size) == 0 ? buf : text;
}

static int truth_of(const char *text)
{
	if (same_text(text, "Y") || same_text(text, "1"))
		return 1;
	return same_text(text, "N") || same_text(text, "0") ? 0 : -1;
}

bool same_setting(const char *a, const char *b)
{
	char x[64], y[64];

	a = choice_of(a, x, sizeof(x));
	b = choice_of(b, y, sizeof(y));
	if (same_list(a, b) || same_set(a, b, cpuset_parse_mask))
		return true;
	return truth_of(a) >= 0 && truth_of(a) == truth_of(b);
}

static bool number_of(const char *text, double *ret)
{
	if (same_text(text, "unlimited") || same_text(text, "max"))
		*ret = (double)UNLIMITED_KIB;
	else if (parse_double(text, ret) < 0)
		return false;
	if (*ret > (double)UNLIMITED_KIB)
		*ret = (double)UNLIMITED_KIB;
	return true;
}

bool same_number(const char *a, const char *b)
{
	double x, y;

	return same_text(a, b) || (number_of(a, &x) && number_of(b, &y) && !(x < y) && !(x > y));
}
