/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/header.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "advisor/advisor.h"
#include "base/sanitize.h"
#include "views/advice.h"
#include "views/page.h"
#include "views/pen.h"

#define LABEL_X 0
#define TENTH_NS (NS_PER_SEC / 10)
#define PERCENT_X 4
#define BAR_X 10
/* The longest that stands behind a bar. */
#define TAIL_WIDTH 56
#define BAR_MIN 8
#define BAR_MAX 48
#define HISTORY_COLS 100
#define HISTORY_MIN 16
#define PSI_WIDTH 31
#define ADVICE_KEY "(9)"
/* "59.9s", "950ms"; "99.9%" */
#define OVER_WIDTH 5
#define SELF_WIDTH 5

static const struct row *host_row(const struct snapshot *s)
{
	return s ? snapshot_find(s, TABLE_HOST, key_host(0)) : NULL;
}

static const struct row *source_row(const struct snapshot *s, enum source_id src)
{
	return s ? snapshot_find(s, TABLE_SOURCE, key_host(src)) : NULL;
}

/* A gauge or rate of the host; NaN where there is none. */
static double host_figure(const struct row *host, int column)
{
	double v;

	if (!host || !cell_value(&table_kinds[TABLE_HOST].column[column], &host->cell[column], &v))
		return NAN;
	return v;
}

static double known(double v)
{
	return isnan(v) ? 0 : v;
}

/* What stands for a figure that is not known: "." while it may still come, or else why. */
static const char *nothing_of(
    const struct snapshot *now, enum table_id t, const struct row *row, int column)
{
	const struct column *c = &table_kinds[t].column[column];
	bool pending = now && (now->interval_ns == 0 || (sources_awaited(now) & column_needs(c)));

	if (pending)
		return ".";
	return row ? format_missing(c, &row->cell[column], 1) : "-";
}

/* " 62" of 0.62, and the sign behind it: whole percents in three cells; or else @nothing. */
static const char *percent(
    double ratio, const char *sign, const char *nothing, char buf[FORMAT_SIZE])
{
	if (isnan(ratio))
		snprintf(buf, FORMAT_SIZE, "%*s", 3 + (int)strlen(sign), nothing);
	else
		snprintf(buf, FORMAT_SIZE, "%3.0f%s", fmin(ratio * 100, 999), sign);
	return buf;
}

static void put_clock(struct pen *pen, const struct snapshot *now)
{
	time_t seconds = (time_t)(now->moment.wall_ns / (int64_t)NS_PER_SEC);
	struct tm tm = { 0 };
	char text[FORMAT_SIZE];

	localtime_r(&seconds, &tm);
	snprintf(text, sizeof(text), "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	pen_put(pen, STYLE_NORMAL, text);
	pen->x += 2;
}

static void put_libvirt(struct pen *pen, const struct snapshot *now)
{
	const struct row *row = source_row(now, SRC_LIBVIRT);
	const char *state = row ? cell_text(row, SOURCE_STATE) : "";
	bool bad = strcmp(state, "stuck") == 0 || strcmp(state, "denied") == 0;
	/* Nobody misses what was switched off. */
	bool off = row && strcasestr(cell_text(row, SOURCE_NOTE), "switched off");

	if (!*state)
		return;
	pen_pair(pen, "libvirt", off ? "off" : state, bad ? STYLE_WARN : STYLE_NORMAL);
}

static void put_self(struct pen *pen, const struct snapshot *now)
{
	const struct row *row = source_row(now, SRC_SOURCES);
	char text[FORMAT_SIZE], sign[FORMAT_SIZE + 1];
	double v;

	if (!row || !cell_value(&table_kinds[TABLE_SOURCE].column[SOURCE_COST],
			&row->cell[SOURCE_COST], &v))
		return;
	format_percent(v, 6, text);
	snprintf(sign, sizeof(sign), "%s%%", text);
	pen_fixed(pen, "self", sign, SELF_WIDTH);
}

/* "1s", "1.5s": it stands still, so it need not be aligned. */
static const char *interval(uint64_t ns, char buf[FORMAT_SIZE])
{
	size_t len;

	format_time((double)ns / (double)NS_PER_SEC, 7, buf);
	len = strlen(buf);
	if (len > 3 && strcmp(buf + len - 3, ".0s") == 0)
		memcpy(buf + len - 3, "s", 2);
	return buf;
}

static void put_pause(const struct ui *ui, const struct snapshot *newest, struct pen *pen)
{
	char text[FORMAT_SIZE], word[FORMAT_SIZE + 16];
	uint64_t since_ns = 0;

	if (!ui->paused)
		return;
	/* A recording's clock begins anew with each of its rounds. */
	if (ui->recording) {
		pen_put(pen, STYLE_PAUSED, " PAUSED ");
		pen->x += 2;
		return;
	}
	if (newest && newest->moment.mono_ns > ui->paused->moment.mono_ns)
		since_ns = newest->moment.mono_ns - ui->paused->moment.mono_ns;
	format_time((double)(since_ns / NS_PER_SEC), 6, text);
	snprintf(word, sizeof(word), " PAUSED %s ", text);
	pen_put(pen, STYLE_PAUSED, word);
	pen->x += 2;
}

/* That it is one, and how far its samples lie apart, however fast they are shown. */
static void put_recording(const struct ui *ui, const struct snapshot *now, struct pen *pen)
{
	const char *words = ui->recording, *comma = strchr(words, ',');
	char text[FORMAT_SIZE];
	int rest = text_width("over") + 3 + OVER_WIDTH;

	/* Where there is no room for all of it, the day gives way. */
	if (comma && pen->x + text_width(words) + rest > pen->end)
		words = comma + 2;
	if (pen_put(pen, STYLE_NORMAL, words))
		pen->x += 2;
	pen_fixed(
	    pen, "over", now->interval_ns ? interval(now->interval_ns, text) : ".", OVER_WIDTH);
}

/* Whoever asked for one guest shall not take what is seen for all there is. */
static void put_guest(const struct ui *ui, struct pen *pen)
{
	int most = canvas_cols(pen->c) / 4, width = text_width(ui->guest ? ui->guest : "");

	if (!ui->guest || !pen_put(pen, STYLE_LABEL, "only"))
		return;
	width = width < most ? width : most;
	canvas_text(pen->c, pen->y, pen->x + 1, width, STYLE_VALUE, ALIGN_LEFT, ui->guest);
	pen->used = pen->x + 1 + width;
	pen->x = pen->used + 2;
}

static int findings_text(
    const struct snapshot *now, enum level level, const char *word, char text[FORMAT_SIZE])
{
	size_t n = findings_count(now, (int)level);

	snprintf(text, FORMAT_SIZE, "%zu %s", n, word);
	return n ? text_width(text) : 0;
}

/* At the right end of the line, where they move nothing else. What is worse goes before. */
static void put_findings(struct pen *pen, const struct snapshot *now)
{
	static const struct {
		enum level level;
		enum style style;
		const char *word;
	} levels[] = {
		{ LEVEL_WARNING, STYLE_WARN, "warn" },
		{ LEVEL_CRITICAL, STYLE_CRIT, "crit" },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		char text[FORMAT_SIZE];
		int width, worse = 0;

		for (size_t k = i + 1; k < sizeof(levels) / sizeof(levels[0]); k++) {
			width = findings_text(now, levels[k].level, levels[k].word, text);
			worse += width ? width + 1 : 0;
		}
		width = findings_text(now, levels[i].level, levels[i].word, text);
		if (width == 0 || pen->x + worse + width > pen->end)
			continue;
		canvas_text(
		    pen->c, pen->y, pen->end - width, width, levels[i].style, ALIGN_LEFT, text);
		pen->end -= width + 1;
	}
}

/* No rule speaks of them, and a row that runs nothing stands at the end of those sorted by CPU. */
static void put_stuck(struct pen *pen, const struct snapshot *now)
{
	const struct table *guests = &now->table[TABLE_DOMAIN];
	char text[FORMAT_SIZE];
	size_t n = 0;

	for (size_t i = 0; i < guests->n; i++)
		n += cell_has(guests->row[i], DOMAIN_STUCK);
	snprintf(text, sizeof(text), "%zu stuck", n);
	if (n == 0 || pen->x + text_width(text) > pen->end)
		return;
	canvas_text(pen->c, pen->y, pen->end - text_width(text), CANVAS_NATURAL, STYLE_CRIT,
	    ALIGN_LEFT, text);
	pen->end -= text_width(text) + 1;
}

/* Whether there was room for any of what was found. */
static bool put_alarms(struct pen *pen, const struct snapshot *now)
{
	int end = pen->end;
	bool found;

	put_findings(pen, now);
	found = pen->end < end;
	put_stuck(pen, now);
	return found;
}

/* Where there is room left: the key that tells what was found. */
static void put_advice_key(struct pen *pen, const struct snapshot *now)
{
	int cols = canvas_cols(pen->c), x = cols - text_width(ADVICE_KEY);

	if (pen->used + 2 + cols - x + 1 > pen->end)
		return;
	canvas_text(pen->c, pen->y, pen->end, cols - pen->end, STYLE_NORMAL, ALIGN_LEFT, "");
	pen->x = pen->used + 1;
	pen->end = x - 1;
	put_alarms(pen, now);
	canvas_text(pen->c, pen->y, x, CANVAS_NATURAL, STYLE_LABEL, ALIGN_LEFT, ADVICE_KEY);
	canvas_text(pen->c, pen->y, x + 1, 1, STYLE_KEY, ALIGN_LEFT, "9");
}

static void draw_title(const struct ui *ui, const struct snapshot *now,
    const struct snapshot *newest, struct canvas *c, int y)
{
	struct pen pen = { .c = c, .y = y, .end = canvas_cols(c) };
	const struct row *host = host_row(now);
	char text[FORMAT_SIZE];
	bool found;
	double v;

	pen_put(&pen, STYLE_TITLE, "kvmtop");
	pen.x += 2;
	if (ui->badge) {
		pen_put(&pen, STYLE_PAUSED, ui->badge);
		pen.x += 2;
	}
	if (!now) {
		pen_put(&pen, STYLE_NORMAL, "reads the host …");
		return;
	}
	if (host && cell_has(host, HOST_NAME)) {
		canvas_text(c, y, pen.x, canvas_cols(c) / 3, STYLE_VALUE, ALIGN_LEFT,
		    cell_text(host, HOST_NAME));
		v = text_width(cell_text(host, HOST_NAME));
		pen.used = pen.x + (int)fmin(v, canvas_cols(c) / 3);
		pen.x = pen.used + 2;
	}
	put_clock(&pen, now);
	found = put_alarms(&pen, now);
	put_guest(ui, &pen);
	put_pause(ui, newest, &pen);
	pen_pair(&pen, "every", interval(ui->interval_ns, text), STYLE_NORMAL);
	if (ui->recording)
		put_recording(ui, now, &pen);
	put_libvirt(&pen, now);
	put_self(&pen, now);
	v = host_figure(host, HOST_UPTIME);
	if (!isnan(v)) {
		format_time(v, 7, text);
		pen_pair(&pen, "up", text, STYLE_NORMAL);
	}
	if (found)
		put_advice_key(&pen, now);
}

/* What the longest bar leaves; 0 where there is no room for any. */
static int history_width(const struct canvas *c)
{
	int width = canvas_cols(c) - BAR_X - 2 - BAR_MAX - 2 - TAIL_WIDTH;

	if (canvas_cols(c) < HISTORY_COLS)
		return 0;
	return width < HISTORY_MIN ? HISTORY_MIN : width > HISTORY_LENGTH ? HISTORY_LENGTH : width;
}

static int bar_width(const struct canvas *c, int x)
{
	int width = canvas_cols(c) - x - 2 - TAIL_WIDTH;

	return width < BAR_MIN ? BAR_MIN : width > BAR_MAX ? BAR_MAX : width;
}

/* Label, percentage, on wide screens the history, and the bar; what stands behind goes to the pen.
 */
static struct pen draw_meter(const struct ui *ui, const struct snapshot *now, int column,
    struct canvas *c, int y, const char *label, const struct segment *segment, size_t n)
{
	const struct row *host = host_row(now);
	const char *nothing = nothing_of(now, TABLE_HOST, host, column);
	enum mark mark = mark_in(now, TABLE_HOST, host, column);
	enum style style = mark_style(mark, STYLE_VALUE);
	double ratio = host_figure(host, column), past[HISTORY_LENGTH];
	char text[FORMAT_SIZE];
	int x = BAR_X, history = history_width(c), width;

	canvas_text(c, y, LABEL_X, 4, STYLE_LABEL, ALIGN_LEFT, label);
	canvas_printf(
	    c, y, PERCENT_X, 4, style, ALIGN_RIGHT, "%s", percent(ratio, "%", nothing, text));
	canvas_text(c, y, PERCENT_X + 4, 1, style, ALIGN_LEFT, mark_sign(mark));
	if (history > 0) {
		history_last(ui->history, TABLE_HOST, key_host(0), column, past, (size_t)history);
		canvas_spark(c, y, x, past, (size_t)history, 1, STYLE_SPARK);
		x += history + 2;
	}
	width = bar_width(c, x);
	/* The brackets say where full is, and set the bar apart from the history. */
	canvas_text(c, y, x - 1, 1, STYLE_DIM, ALIGN_LEFT, "[");
	canvas_bar(c, y, x, width, segment, n);
	canvas_text(c, y, x + width, 1, STYLE_DIM, ALIGN_LEFT, "]");
	return (struct pen){ .c = c, .y = y, .x = x + width + 2, .end = canvas_cols(c) };
}

/* What is not known says so: a 0 would be a lie. */
static void print_count(const struct row *host, int column, char buf[FORMAT_SIZE])
{
	const struct column *c = &table_kinds[TABLE_HOST].column[column];
	double v = host_figure(host, column);

	if (isnan(v))
		snprintf(
		    buf, FORMAT_SIZE, "%s", host ? format_missing(c, &host->cell[column], 1) : "-");
	else
		format_integer(v, 5, buf);
}

static void draw_cpu(const struct ui *ui, const struct snapshot *now, struct canvas *c, int y)
{
	const struct row *host = host_row(now);
	double guest = host_figure(host, HOST_GUEST), poll = host_figure(host, HOST_POLL);
	double other = host_figure(host, HOST_OVERHEAD) - known(poll);

	struct segment segment[] = {
		{ guest, STYLE_BAR_GUEST },
		{ other, STYLE_BAR_HOST },
		{ poll, STYLE_BAR_POLL },
	};
	struct pen pen = draw_meter(ui, now, HOST_BUSY, c, y, "cpu", segment, 3);
	char text[2 * FORMAT_SIZE], vcpus[FORMAT_SIZE], cpus[FORMAT_SIZE];

	pen_pair(&pen, "guest",
	    percent(guest, "", nothing_of(now, TABLE_HOST, host, HOST_GUEST), text), STYLE_NORMAL);
	pen.x--;
	/* Of what is not known no part is 0. */
	pen_pair(&pen, "host",
	    percent(isnan(other) ? NAN : fmax(other, 0), "",
		nothing_of(now, TABLE_HOST, host, HOST_OVERHEAD), text),
	    STYLE_NORMAL);
	pen.x--;
	pen_pair(&pen, "poll",
	    percent(poll, "", nothing_of(now, TABLE_HOST, host, HOST_POLL), text), STYLE_NORMAL);
	pen_marked(&pen, "wait",
	    percent(host_figure(host, HOST_WAIT), "%", nothing_of(now, TABLE_HOST, host, HOST_WAIT),
		text),
	    mark_in(now, TABLE_HOST, host, HOST_WAIT));
	print_count(host, HOST_VCPUS, vcpus);
	print_count(host, HOST_CPUS, cpus);
	snprintf(text, sizeof(text), "%s:%s", vcpus, cpus);
	pen_pair(&pen, "vCPU:CPU", text, STYLE_NORMAL);
	if (known(host_figure(host, HOST_STEAL)) >= 0.0005)
		pen_marked(&pen, "steal", percent(host_figure(host, HOST_STEAL), "%", "-", text),
		    mark_in(now, TABLE_HOST, host, HOST_STEAL));
}

/* "17.0/24.0G": the unit of the whole serves both. */
static void print_part(double part, double whole, char *buf, size_t size)
{
	char a[FORMAT_SIZE], b[FORMAT_SIZE];

	format_size(part, 6, a); /* "-" where it is not known */
	format_size(whole, 6, b);
	if (strlen(a) > 1 && strlen(b) > 1 && a[strlen(a) - 1] == b[strlen(b) - 1])
		a[strlen(a) - 1] = '\0';
	snprintf(buf, size, "%s/%s", a, b);
}

/* Memory of the guests' processes, huge pages not counted. */
static double guests_rss(const struct snapshot *now)
{
	double sum = 0;

	for (size_t i = 0; now && i < now->table[TABLE_DOMAIN].n; i++)
		sum += cell_number(now->table[TABLE_DOMAIN].row[i], DOMAIN_RSS, 0);
	return sum;
}

static void put_huge(struct pen *pen, const struct row *host)
{
	double total = host_figure(host, HOST_HUGETLB), free = host_figure(host, HOST_HUGE_FREE);
	char text[2 * FORMAT_SIZE];

	if (!(total > 0))
		return;
	print_part(total - free, total, text, sizeof(text));
	pen_pair(pen, "huge", text, STYLE_NORMAL);
}

static void put_swap(struct pen *pen, const struct snapshot *now, const struct row *host)
{
	double total = host_figure(host, HOST_SWAP_TOTAL), free = host_figure(host, HOST_SWAP_FREE);
	enum mark used = mark_in(now, TABLE_HOST, host, HOST_SWAP_FREE);
	enum mark in = mark_in(now, TABLE_HOST, host, HOST_SWAP_IN);
	enum mark out = mark_in(now, TABLE_HOST, host, HOST_SWAP_OUT);
	char text[FORMAT_SIZE];

	if (isnan(total))
		return;
	format_size(total - free, 6, text);
	used = in > used ? in : used;
	pen_marked(pen, "swap", total > 0 ? text : "none", out > used ? out : used);
}

static void draw_memory(const struct ui *ui, const struct snapshot *now, struct canvas *c, int y)
{
	const struct row *host = host_row(now);
	double total = host_figure(host, HOST_MEMORY_TOTAL);
	double ratio = host_figure(host, HOST_MEMORY_USED), used = ratio * total;
	double huge = known(host_figure(host, HOST_HUGETLB));
	double ksm = known(host_figure(host, HOST_KSM_SAVED));
	double guests = fmin(guests_rss(now), fmax(known(used) - huge, 0));
	struct segment segment[] = {
		{ huge / total, STYLE_BAR_HUGE },
		{ guests / total, STYLE_BAR_GUEST },
		{ (used - huge - guests) / total, STYLE_BAR_HOST },
	};
	struct pen pen = draw_meter(ui, now, HOST_MEMORY_USED, c, y, "mem", segment, 3);
	char text[2 * FORMAT_SIZE];

	print_part(used, total, text, sizeof(text));
	if (!isnan(total))
		pen_pair(&pen, "used", text, STYLE_NORMAL);
	put_huge(&pen, host);
	put_swap(&pen, now, host); /* before what is good news */
	if (ksm > 0) {
		format_size(ksm, 6, text);
		pen_pair(&pen, "ksm saved", text, STYLE_NORMAL);
	}
}

static void put_pressure(const struct snapshot *now, struct canvas *c, int y)
{
	static const struct {
		const char *label;
		int column;
	} psi[] = {
		{ "cpu", HOST_PSI_CPU },
		{ "mem", HOST_PSI_MEMORY },
		{ "io", HOST_PSI_IO },
	};
	struct pen pen = { .c = c, .y = y, .x = canvas_cols(c) - PSI_WIDTH, .end = canvas_cols(c) };
	const struct row *host = host_row(now);

	pen_put(&pen, STYLE_LABEL, "psi");
	for (size_t i = 0; i < sizeof(psi) / sizeof(psi[0]); i++) {
		double v = host_figure(host, psi[i].column);
		char text[FORMAT_SIZE];

		snprintf(
		    text, sizeof(text), "%s", nothing_of(now, TABLE_HOST, host, psi[i].column));
		if (!isnan(v))
			format_percent(v, 4, text); /* 100 must not touch its label */
		pen.x++;
		pen_put(&pen, STYLE_LABEL, psi[i].label);
		canvas_text(c, y, pen.x, 5, STYLE_NORMAL, ALIGN_RIGHT, text);
		pen.x += 5;
	}
}

static void draw_node(const struct ui *ui, const struct snapshot *now, const struct row *node,
    struct canvas *c, int y, int x, int past)
{
	double last[HISTORY_LENGTH], busy = cell_number(node, NODE_BUSY, NAN);
	enum mark mark = mark_in(now, TABLE_NODE, node, NODE_BUSY);
	enum mark full = mark_in(now, TABLE_NODE, node, NODE_FREE);
	enum style style = mark_style(mark, STYLE_NORMAL);
	char text[FORMAT_SIZE];

	canvas_printf(
	    c, y, x, 2, STYLE_LABEL, ALIGN_RIGHT, "%.0f", cell_number(node, NODE_NUMBER, 0));
	/* Its memory has no figure here, but a full node shall not look healthy. */
	if (full != MARK_NONE) {
		canvas_style(c, y, x, 2, mark_style(full, STYLE_LABEL));
		canvas_text(c, y, x + 2, 1, mark_style(full, STYLE_LABEL), ALIGN_LEFT, MARK_SIGN);
	}
	history_last(ui->history, TABLE_NODE, node->key, NODE_BUSY, last, (size_t)past);
	/* A blank before "100%", where the history is longer than that. */
	canvas_spark(c, y, x + 3, past > 1 ? last + 1 : last, (size_t)(past > 1 ? past - 1 : past),
	    1, STYLE_SPARK);
	canvas_printf(c, y, x + 3 + past, 4, style, ALIGN_RIGHT, "%s",
	    percent(busy, "%", nothing_of(now, TABLE_NODE, node, NODE_BUSY), text));
	canvas_text(c, y, x + 7 + past, 1, style, ALIGN_LEFT, mark_sign(mark));
}

static bool has_pressure(const struct snapshot *now)
{
	const struct row *host = host_row(now);

	return host && cell_has(host, HOST_PSI_CPU);
}

static void draw_nodes(const struct ui *ui, const struct snapshot *now, struct canvas *c, int y)
{
	const struct table *t = now ? &now->table[TABLE_NODE] : NULL;
	int nodes = t ? (int)t->n : 0, x = 4, room = canvas_cols(c) - x, past, shown;
	bool pressure = now && has_pressure(now) && room - PSI_WIDTH - 2 >= nodes * 9;

	if (pressure) {
		put_pressure(now, c, y);
		room -= PSI_WIDTH + 2;
	}
	if (nodes == 0)
		return;
	canvas_text(c, y, LABEL_X, 4, STYLE_LABEL, ALIGN_LEFT, "node");
	/* Number, blank, history, percentage, blank. */
	past = room / nodes - 8;
	past = past < 1 ? 1 : past > HISTORY_LENGTH ? HISTORY_LENGTH : past;
	shown = room / (past + 8);
	if (shown > nodes)
		shown = nodes;
	for (int i = 0; i < shown; i++)
		draw_node(ui, now, t->row[i], c, y, x + i * (past + 8), past);
	if (shown < nodes)
		canvas_printf(
		    c, y, canvas_cols(c) - 4, 4, STYLE_DIM, ALIGN_RIGHT, "+%d", (int)t->n - shown);
}

void header_draw(const struct ui *ui, const struct snapshot *now, const struct snapshot *newest,
    struct canvas *c, int rows)
{
	draw_title(ui, now, newest, c, 0);
	if (rows > 1)
		draw_cpu(ui, now, c, 1);
	if (rows > 2)
		draw_memory(ui, now, c, 2);
	if (rows > 3)
		draw_nodes(ui, now, c, 3);
}

unsigned header_needs(void)
{
	static const int columns[] = { HOST_NAME, HOST_UPTIME, HOST_BUSY, HOST_GUEST, HOST_OVERHEAD,
		HOST_POLL, HOST_WAIT, HOST_VCPUS, HOST_CPUS, HOST_MEMORY_TOTAL, HOST_MEMORY_USED,
		HOST_HUGETLB, HOST_HUGE_FREE, HOST_KSM_SAVED, HOST_SWAP_TOTAL, HOST_PSI_CPU };
	unsigned needs = NEEDS(SRC_LIBVIRT) |
			 column_needs(&table_kinds[TABLE_NODE].column[NODE_BUSY]) |
			 column_needs(&table_kinds[TABLE_NODE].column[NODE_FREE]) |
			 column_needs(&table_kinds[TABLE_DOMAIN].column[DOMAIN_RSS]);

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		needs |= column_needs(&table_kinds[TABLE_HOST].column[columns[i]]);
	return needs;
}
