/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/pen.h"

#include <stdio.h>

#include "base/sanitize.h"
#include "model/format.h"
#include "views/canvas.h"

bool pen_put(struct pen *pen, enum style style, const char *text)
{
	int width = text_width(text);

	if (pen->x + width > pen->end)
		return false;
	pen->x += canvas_text(pen->c, pen->y, pen->x, CANVAS_NATURAL, style, ALIGN_LEFT, text);
	pen->used = pen->x;
	return true;
}

void pen_pair(struct pen *pen, const char *label, const char *value, enum style style)
{
	int width = text_width(label) + 1 + text_width(value);

	if (pen->x + width > pen->end) {
		pen->x = pen->end;
		return;
	}
	pen_put(pen, STYLE_LABEL, label);
	pen->x++;
	pen_put(pen, style, value);
	pen->x += 2;
}

void pen_marked(struct pen *pen, const char *label, const char *value, enum mark mark)
{
	enum style style = mark_style(mark, STYLE_NORMAL);
	bool fits = pen->x + text_width(label) + 1 + text_width(value) <= pen->end;

	pen_pair(pen, label, value, style);
	if (fits)
		canvas_text(pen->c, pen->y, pen->x - 2, 1, style, ALIGN_LEFT, mark_sign(mark));
}

void pen_fixed(struct pen *pen, const char *label, const char *value, int width)
{
	char text[2 * FORMAT_SIZE];

	snprintf(text, sizeof(text), "%-*s", width, value);
	/* At the end of the line there is nothing to be moved. */
	if (pen->x + text_width(label) + 1 + width > pen->end)
		snprintf(text, sizeof(text), "%s", value);
	pen_pair(pen, label, text, STYLE_NORMAL);
}
