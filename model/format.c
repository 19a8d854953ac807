/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/snapshot.h"

/* Beyond this a figure is nonsense, and the integers below would overflow. */
#define LARGEST 1e15
#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void no_room(int width, char buf[FORMAT_SIZE])
{
	int n = width < FORMAT_SIZE ? width : FORMAT_SIZE - 1;

	n = n < 0 ? 0 : n;
	memset(buf, '#', (size_t)n);
	buf[n] = '\0';
}

/* False, and the field is filled, when @v is no number that can be shown. */
static bool is_sane(double v, int width, char buf[FORMAT_SIZE])
{
	if (isnan(v)) {
		snprintf(buf, FORMAT_SIZE, "%s", width > 0 ? "-" : "");
		return false;
	}
	if (fabs(v) > LARGEST) {
		no_room(width, buf);
		return false;
	}
	return true;
}

/* By integers, because the point of a double follows the locale. */
static int print_number(double v, int decimals, const char *unit, char buf[FORMAT_SIZE])
{
	long long tenths = llround(fabs(v) * 10);
	const char *sign = v < 0 && (decimals ? tenths : llround(fabs(v))) ? "-" : "";

	if (decimals)
		return snprintf(
		    buf, FORMAT_SIZE, "%s%lld.%lld%s", sign, tenths / 10, tenths % 10, unit);
	return snprintf(buf, FORMAT_SIZE, "%s%lld%s", sign, llround(fabs(v)), unit);
}

/* With a digit behind the point where that fits, else without; false when neither does. */
static bool fit_number(double v, bool decimals, const char *unit, int width, char buf[FORMAT_SIZE])
{
	return (decimals && print_number(v, 1, unit, buf) <= width) ||
	       print_number(v, 0, unit, buf) <= width;
}

/* @units begins with the unit of @v itself. */
static void scale(
    double v, double step, const char *const *units, size_t n, int width, char buf[FORMAT_SIZE])
{
	size_t i = 0, first;

	/* Rounding must not show 1024K where 1.0M is meant. */
	while (i + 1 < n && fabs(v) >= step - 0.5) {
		v /= step;
		i++;
	}
	/* A larger unit is shorter, as long as something is left of the figure. */
	for (first = i; i < n && (i == first || fabs(v) >= 0.095); i++, v /= step)
		if (fit_number(v, fabs(v) < 99.95, units[i], width, buf) &&
		    (i == first || fabs(v) >= 0.5 || strchr(buf, '.')))
			return;
	no_room(width, buf);
}

void format_size(double bytes, int width, char buf[FORMAT_SIZE])
{
	static const char *const units[] = { "K", "M", "G", "T", "P" };

	if (!is_sane(bytes, width, buf))
		return;
	if (bytes == 0)
		snprintf(buf, FORMAT_SIZE, "%s", width > 0 ? "0" : "");
	else
		scale(bytes / 1024, 1024, units, sizeof(units) / sizeof(units[0]), width, buf);
}

void format_short(double v, int width, char buf[FORMAT_SIZE])
{
	static const char *const units[] = { "", "k", "M", "G", "T" };

	if (is_sane(v, width, buf))
		scale(v, 1000, units, sizeof(units) / sizeof(units[0]), width, buf);
}

void format_decimal(double v, int width, char buf[FORMAT_SIZE])
{
	if (is_sane(v, width, buf) && !fit_number(v, true, "", width, buf))
		format_short(v, width, buf);
}

void format_percent(double ratio, int width, char buf[FORMAT_SIZE])
{
	format_decimal(ratio * 100, width, buf);
}

void format_integer(double v, int width, char buf[FORMAT_SIZE])
{
	if (is_sane(v, width, buf) && print_number(v, 0, "", buf) > width)
		format_short(v, width, buf);
}

/* Two units where they fit, else the larger one. */
static void print_units(long long v, int larger, const char *large, int smaller, const char *small,
    int width, char buf[FORMAT_SIZE])
{
	long long rest = v % larger / smaller;
	int n = snprintf(buf, FORMAT_SIZE, "%lld%s%2lld%s", v / larger, large, rest, small);

	if (n > width && print_number((double)(v / larger), 0, large, buf) > width)
		no_room(width, buf);
}

void format_time(double seconds, int width, char buf[FORMAT_SIZE])
{
	long long v;

	if (!is_sane(seconds, width, buf))
		return;
	if (seconds < 0)
		seconds = 0;
	v = llround(seconds);
	if (seconds == 0)
		snprintf(buf, FORMAT_SIZE, "%s", width > 0 ? "0" : "");
	else if (seconds < 0.9995e-6)
		fit_number(seconds * 1e9, false, "ns", width, buf);
	else if (seconds < 0.9995e-3)
		fit_number(seconds * 1e6, seconds < 9.95e-6, "us", width, buf);
	else if (seconds < 0.9995)
		fit_number(seconds * 1000, seconds < 9.95e-3, "ms", width, buf);
	else if (v < MINUTE)
		fit_number(seconds, seconds < 9.95, "s", width, buf);
	else if (v < HOUR)
		print_units(v, MINUTE, "m", 1, "s", width, buf);
	else if (v < DAY)
		print_units(v, HOUR, "h", MINUTE, "m", width, buf);
	else
		print_units(v, DAY, "d", HOUR, "h", width, buf);
	if ((int)strlen(buf) > width)
		no_room(width, buf);
}

void format_value(const struct column *column, double v, int width, char buf[FORMAT_SIZE])
{
	if (column->unit == UNIT_HERTZ) { /* the head says MHz */
		format_integer(v / 1e6, width, buf);
		return;
	}
	switch (column->show) {
	case SHOW_DECIMAL:
		format_decimal(v, width, buf);
		break;
	case SHOW_SIZE:
		format_size(v, width, buf);
		break;
	case SHOW_SHORT:
		format_short(v, width, buf);
		break;
	case SHOW_PERCENT:
		format_percent(v, width, buf);
		break;
	case SHOW_TIME:
		format_time(v, width, buf);
		break;
	case SHOW_INTEGER:
	case SHOW_TEXT:
		format_integer(v, width, buf);
		break;
	}
}

void format_wide(const struct column *column, double v, char buf[FORMAT_SIZE])
{
	format_value(column, v, FORMAT_SIZE - 1, buf);
}

const char *format_missing(const struct column *column, const struct cell *cell, int width)
{
	switch (cell_state(column, cell)) {
	case STATE_DENIED:
		return "!";
	case STATE_STUCK:
		return width >= 5 ? "stuck" : "?";
	case STATE_UNKNOWN:
		return "?";
	case STATE_FIRST:
	case STATE_RESET:
		return ".";
	case STATE_OK:
	case STATE_STALE:
	case STATE_ABSENT:
		break;
	}
	return "-";
}
