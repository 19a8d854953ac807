/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/unit.h"

#include "model/snapshot.h"

const char *unit_sign(const struct column *column, const struct cell *cell)
{
	double v;

	if (column->kind == KIND_TEXT || !cell_value(column, cell, &v))
		return "";
	if (column->show == SHOW_PERCENT)
		return "%";
	return column->kind == KIND_COUNTER || column->unit == UNIT_PER_SECOND ||
		       column->unit == UNIT_BYTES_PER_SECOND
		   ? "/s"
		   : "";
}
