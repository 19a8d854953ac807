/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures as people read them on a screen. Every result fits into the @width cells that it is
 * given: it loses its fraction first, then gets a larger unit; what cannot be told in so little
 * room becomes '#', never a part of a number. No locale is asked.
 */
#ifndef KVMTOP_MODEL_FORMAT_H
#define KVMTOP_MODEL_FORMAT_H

#include <stddef.h>

struct cell;
struct column;

/* Room for any figure, with its NUL. */
#define FORMAT_SIZE 40

/* "0", "0.5K", "1023K", "4.0G": steps of 1024, one digit behind the point below 100. */
void format_size(double bytes, int width, char buf[FORMAT_SIZE]);
/* "0.0", "3.4", "950", "41.2k": steps of 1000. */
void format_short(double v, int width, char buf[FORMAT_SIZE]);
/* A ratio of 2.12 is "212.0". */
void format_percent(double ratio, int width, char buf[FORMAT_SIZE]);
void format_decimal(double v, int width, char buf[FORMAT_SIZE]);
void format_integer(double v, int width, char buf[FORMAT_SIZE]);
/* "640ns", "15us", "40ms", "1.5s", "14s", "5m10s", "2h 5m", "3d 4h". */
void format_time(double seconds, int width, char buf[FORMAT_SIZE]);

/* A figure of @column, which is no text, in the unit and way that the column asks for. */
void format_value(const struct column *column, double v, int width, char buf[FORMAT_SIZE]);

/* The same with as much room as it likes. */
void format_wide(const struct column *column, double v, char buf[FORMAT_SIZE]);

/* What stands where a value is missing: "-" there is none, "!" needs a right, … */
const char *format_missing(const struct column *column, const struct cell *cell, int width);

#endif
