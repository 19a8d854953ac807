/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of the figures of one row lately: a line each, with its lowest, mean and highest. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "views/advice.h"
#include "views/page.h"
#include "views/table_view.h"
#include "views/unit.h"

#define LABEL_WIDTH 13
#define FIGURE_WIDTH 7
#define FIGURES 3
/* Less says nothing: the figures alone must do. */
#define SPARK_MIN 8
/* A line of a small window would else show the noise of an idle guest as mountains. */
#define TOP_MIN_RATIO 0.05

struct trend {
	const struct column *column;
	const char *label, *now, *unit;
	enum style style;
	enum mark mark;
	struct history_range range;
	double value[HISTORY_LENGTH]; /* the oldest first */
};

/* Where things stand on the line. */
struct layout {
	int now, spark, width, figures; /* width: of the spark, 0: no room */
};

static struct layout layout_of(const struct page *p)
{
	struct layout l = { .now = MARGIN + LABEL_WIDTH + 1 };
	int after = FIGURES * (FIGURE_WIDTH + 1);

	l.spark = l.now + FIGURE_WIDTH + PAIR_UNIT_WIDTH + 2;
	l.width = p->cols - l.spark - after;
	if (l.width > HISTORY_LENGTH)
		l.width = HISTORY_LENGTH;
	if (l.width < SPARK_MIN)
		l.width = 0;
	l.figures = l.spark + l.width + 1;
	return l;
}

static void add_trend(struct page *p, struct pane *pane, const struct row *row, int column)
{
	const struct column *c = &table_kinds[pane->part->table].column[column];
	struct trend *t = arena_alloc(p->arena, sizeof(*t));
	struct figure figure;
	struct line *line;

	figure_of_cell(p, c, &row->cell[column], FIGURE_WIDTH, &figure);
	*t = (struct trend){
		.column = c,
		.label = pair_label(p, c),
		.now = page_printf(p, "%s", figure.text),
		.unit = unit_sign(c, &row->cell[column]),
		.style = figure.style,
		.mark = mark_in(p->now, pane->part->table, row, column),
		.range = history_range(p->ui->history, pane->part->table, row->key, column),
	};
	history_last(p->ui->history, pane->part->table, row->key, column, t->value, HISTORY_LENGTH);
	line = page_add(p, pane, LINE_TREND);
	line->trend = t;
	line->label = t->label;
	line->text = c->help;
	line->id.number = column + 1;
	line->selectable = true;
}

/* With the heads of the figures, which stand on it. */
static void add_title(struct page *p, struct pane *pane)
{
	page_add(p, pane, LINE_TREND)->text = pane->part->title;
}

void pane_build_trends(struct page *p, struct pane *pane)
{
	const struct row *row = pane_only_row(p, pane);

	if (!row)
		return;
	add_title(p, pane);
	for (int i = 0; i < pane->state->columns; i++) {
		int column = pane->state->column[i];

		/* What was never known is not worth a line. */
		if (history_range(p->ui->history, pane->part->table, row->key, column).known > 0)
			add_trend(p, pane, row, column);
	}
}

static void draw_heads(const struct page *p, const struct line *line, struct canvas *c, int y)
{
	static const char *const heads[FIGURES] = { "min", "mean", "max" };
	struct layout l = layout_of(p);

	canvas_hline(c, y, 0, p->cols, STYLE_BORDER);
	canvas_printf(c, y, MARGIN, CANVAS_NATURAL, STYLE_TITLE, ALIGN_LEFT, " %s ", line->text);
	for (int i = 0; i < FIGURES; i++)
		canvas_printf(c, y, l.figures + i * (FIGURE_WIDTH + 1), FIGURE_WIDTH + 1,
		    STYLE_TITLE, ALIGN_RIGHT, "%s ", heads[i]);
}

/* What the highest bar stands for: the most that was seen, of a ratio no less than a little. */
static double top_of(const struct trend *t)
{
	if (t->column->show == SHOW_PERCENT && t->range.max < TOP_MIN_RATIO)
		return TOP_MIN_RATIO;
	return t->range.max;
}

static void draw_figures(const struct trend *t, struct canvas *c, int y, int x)
{
	const double figures[FIGURES] = { t->range.min, t->range.mean, t->range.max };

	for (int i = 0; i < FIGURES; i++) {
		char text[FORMAT_SIZE];

		format_value(t->column, figures[i], FIGURE_WIDTH, text);
		canvas_text(c, y, x + i * (FIGURE_WIDTH + 1), FIGURE_WIDTH, STYLE_NORMAL,
		    ALIGN_RIGHT, text);
	}
}

void trend_draw(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected)
{
	const struct trend *t = line->trend;
	struct layout l = layout_of(p);
	enum style style;

	if (!t) {
		draw_heads(p, line, c, y);
		return;
	}
	style = mark_style(t->mark, t->style);
	canvas_text(c, y, MARGIN, LABEL_WIDTH, STYLE_LABEL, ALIGN_LEFT, t->label);
	canvas_text(c, y, l.now, FIGURE_WIDTH, style, ALIGN_RIGHT, t->now);
	canvas_printf(c, y, l.now + FIGURE_WIDTH, PAIR_UNIT_WIDTH + 1, style, ALIGN_LEFT, "%s%s%s",
	    *t->unit ? " " : "", t->unit, mark_sign(t->mark));
	if (l.width)
		canvas_spark(c, y, l.spark, t->value + HISTORY_LENGTH - l.width, (size_t)l.width,
		    top_of(t), STYLE_SPARK);
	draw_figures(t, c, y, l.figures);
	if (selected)
		canvas_select(c, y, 0, p->cols);
}
