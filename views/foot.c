/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/foot.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/arena.h"
#include "base/sanitize.h"
#include "views/advice.h"
#include "views/commands.h"
#include "views/fix_view.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

#define SENTENCE_SIZE 1200
/* Keys of the bar up to this rank are what a page is opened for. */
#define OWN_RANK 4
/* Less of what to do says nothing. */
#define ACTION_WIDTH_LEAST 12
#define BY_HAND "By hand: "

size_t text_break(const char *text, int width)
{
	size_t fit = text_fit(text, width, NULL), end = fit;

	if (!text[fit])
		return fit;
	while (end > 0 && text[end] != ' ')
		end--;
	/* A word without end is cut where it must be. */
	return end > 0 ? end : fit > 0 ? fit : 1;
}

int text_wrap(struct canvas *c, int y, int x, int width, int rows, int style, const char *text)
{
	int used = 0;

	while (width > 0 && *text) {
		char part[SENTENCE_SIZE];
		size_t end = text_break(text, width);

		/* The last line says by its ellipsis that there was more. */
		if (c && used == rows - 1)
			end = strlen(text);
		snprintf(part, sizeof(part), "%.*s", (int)end, text);
		if (c && used < rows)
			canvas_text(c, y + used, x, width, (enum style)style, ALIGN_LEFT, part);
		used++;
		text += end;
		while (*text == ' ')
			text++;
	}
	return used;
}

struct words {
	char text[SENTENCE_SIZE];
	size_t len;
};

static void add(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct words *w, const char *format, ...)
{
	va_list args;
	int n;

	if (w->len >= sizeof(w->text) - 1)
		return;
	va_start(args, format);
	n = vsnprintf(w->text + w->len, sizeof(w->text) - w->len, format, args);
	va_end(args);
	w->len += n > 0 ? (size_t)n : 0;
}

static void tell_placement(struct words *w, const struct row *row)
{
	const char *runs = cell_text(row, DOMAIN_RUN_NODES);
	char share[FORMAT_SIZE], local[FORMAT_SIZE];

	if (!cell_has(row, DOMAIN_HOME_SHARE))
		return;
	format_integer(cell_number(row, DOMAIN_HOME_SHARE, 0) * 100, 4, share);
	add(w, "; %s %% of its memory is on node %.0f", share, cell_number(row, DOMAIN_HOME, 0));
	if (*runs)
		add(w, ", its vCPUs run on %s %s", strpbrk(runs, ",-") ? "nodes" : "node", runs);
	if (cell_has(row, DOMAIN_LOCAL)) {
		format_integer(cell_number(row, DOMAIN_LOCAL, 0) * 100, 4, local);
		add(w, ": %s %% local", local);
	}
}

static void tell_domain(struct page *p, struct words *w, const struct row *row)
{
	char text[FORMAT_SIZE];
	const char *why;

	if (cell_has(row, DOMAIN_STUCK)) {
		format_time(cell_number(row, DOMAIN_STUCK, 0), 8, text);
		add(w, "%s does not answer: STUCK %s (%s).", cell_text(row, DOMAIN_NAME), text,
		    cell_has(row, DOMAIN_STOPPED) ? "its process is stopped by a signal"
						  : "its monitor owes an answer");
		return;
	}
	/* On screen 3 all that is asked is where it lies, and how anybody knows. */
	if (p->screen == &screens[SCREEN_NUMA]) {
		add(w, "%s: %s", cell_text(row, DOMAIN_NAME), numa_reading(p, row));
		tell_placement(w, row);
		add(w, ".");
		return;
	}
	why = why_guest_waits(p, row);
	if (*why) {
		add(w, "%s, %s", cell_text(row, DOMAIN_NAME), why);
		tell_placement(w, row);
		add(w, ".");
		return;
	}
	add(w, "%s: %s", cell_text(row, DOMAIN_NAME), cell_text(row, DOMAIN_STATE));
	if (cell_has(row, DOMAIN_VCPUS))
		add(w, ", %.0f vCPU%s", cell_number(row, DOMAIN_VCPUS, 0),
		    cell_number(row, DOMAIN_VCPUS, 0) == 1 ? "" : "s");
	if (cell_has(row, DOMAIN_MEMORY)) {
		format_size(cell_number(row, DOMAIN_MEMORY, 0), 6, text);
		add(w, ", %s", text);
	}
	tell_placement(w, row);
	add(w, ".");
}

/* What the sentence on a vCPU that waits has not said yet. */
static void tell_where(struct words *w, const struct row *row, int tid, int node, int affinity)
{
	add(w, "; thread %.0f", cell_number(row, tid, 0));
	if (cell_has(row, node))
		add(w, ", on node %.0f", cell_number(row, node, 0));
	if (*cell_text(row, affinity))
		add(w, ", may run on %s", cell_text(row, affinity));
	add(w, ".");
}

static void tell_thread(struct words *w, const struct row *row, const char *what, int tid, int cpu,
    int node, int affinity)
{
	add(w, "%s %s: thread %.0f", cell_text(row, 0), what, cell_number(row, tid, 0));
	if (cell_has(row, cpu))
		add(w, ", last on CPU %.0f", cell_number(row, cpu, 0));
	if (cell_has(row, node))
		add(w, " of node %.0f", cell_number(row, node, 0));
	if (*cell_text(row, affinity))
		add(w, ", may run on %s", cell_text(row, affinity));
	add(w, ".");
}

/* What it lacks; or else what it reads. */
static void tell_source(struct words *w, const struct row *row)
{
	const char *note = cell_text(row, SOURCE_NOTE);

	if (!*note && row->key.item < SOURCES)
		note = source_help((enum source_id)row->key.item);
	add(w, "%s: %s", cell_text(row, SOURCE_NAME), note);
}

static void tell_pool(struct page *p, struct words *w, const struct line *line)
{
	double lacks = memory_shortage(p, line);
	const char *guests = cell_text(line->row, HUGEPOOL_GUESTS);
	char size[FORMAT_SIZE], text[FORMAT_SIZE];

	format_size(cell_number(line->row, HUGEPOOL_PAGE_SIZE, 0), 5, size);
	if (lacks > 0) {
		format_size(lacks, 6, text);
		add(w, "The pools of %s pages are short by %s. ", size, text);
	}
	if (*guests)
		add(w, "Guests that want pages of %s: %s.", size, guests);
	else
		add(w, "No guest wants pages of %s.", size);
}

static void tell_row(struct page *p, struct words *w, const struct line *line)
{
	const struct row *row = line->row;
	char what[FORMAT_SIZE];
	const char *why;

	switch (line->table) {
	case TABLE_DOMAIN:
		tell_domain(p, w, row);
		break;
	case TABLE_VCPU:
		why = why_vcpu_waits(p, row);
		if (*why) {
			add(w, "%s, %s", cell_text(row, VCPU_DOMAIN), why);
			tell_where(w, row, VCPU_TID, VCPU_NODE, VCPU_AFFINITY);
			break;
		}
		snprintf(what, sizeof(what), "vCPU %.0f", cell_number(row, VCPU_NUMBER, 0));
		tell_thread(w, row, what, VCPU_TID, VCPU_CPU, VCPU_NODE, VCPU_AFFINITY);
		break;
	case TABLE_THREAD:
		tell_thread(w, row, cell_text(row, THREAD_ROLE), THREAD_TID, THREAD_CPU,
		    THREAD_NODE, THREAD_AFFINITY);
		break;
	case TABLE_SOURCE:
		tell_source(w, row);
		break;
	case TABLE_CPU:
		if (*cell_text(row, CPU_PINNED))
			add(w, "Pinned to CPU %.0f: %s", cell_number(row, CPU_NUMBER, 0),
			    cell_text(row, CPU_PINNED));
		break;
	case TABLE_EXIT:
	case TABLE_VCPU_EXIT:
	case TABLE_HOST_EXIT:
		add(w, "%s", exit_sentence(p, line));
		break;
	case TABLE_DISK:
		add(w, "%s", disk_sentence(p, row));
		break;
	case TABLE_BLOCKDEV:
		add(w, "%s", blockdev_sentence(p, row));
		break;
	case TABLE_NIC:
		add(w, "%s", nic_sentence(p, row));
		break;
	case TABLE_INTERFACE:
		add(w, "%s", interface_sentence(p, row));
		break;
	case TABLE_PCI:
		add(w, "%s", device_sentence(p, row));
		break;
	case TABLE_FINDING:
		add(w, "%s", finding_told(p, row));
		break;
	case TABLE_HUGEPOOL:
		tell_pool(p, w, line);
		break;
	default:
		break;
	}
}

const char *line_sentence(struct page *p, const struct line *line)
{
	struct words w = { .len = 0 };

	w.text[0] = '\0';
	if (!line)
		return "";
	if (line->kind == LINE_FACT || line->kind == LINE_TREND)
		add(&w, "%s: %s", line->label, line->text);
	else if (line->kind == LINE_NOTE || line->kind == LINE_RECORD)
		add(&w, "%s", line->text);
	else if (line->row)
		tell_row(p, &w, line);
	return page_printf(p, "%s", w.text);
}

/* Clauses end so. */
static bool ends_clause(const char *text, size_t at)
{
	return text[at] == '(' || (strchr(".,;:", text[at]) && text[at + 1] == ' ');
}

void sort_sentence(const struct column *c, int width, char ret[NOTE_SIZE])
{
	size_t best, fit;
	int depth = 0;
	int length = snprintf(ret, NOTE_SIZE, "Sorted by %s: %s", c->title, c->help);

	best = strlen("Sorted by ") + strlen(c->title);
	fit = text_fit(ret, width, NULL);
	if (!ret[fit] && length < NOTE_SIZE)
		return;
	/* A cell stays for the point. What is in brackets stays whole, or goes. */
	for (size_t i = best + 1; i < fit; i++) {
		if (depth == 0 && ends_clause(ret, i))
			best = i;
		depth += (ret[i] == '(') - (ret[i] == ')');
	}
	while (ret[best - 1] == ' ')
		best--;
	memcpy(ret + best, ".", 2);
}

/* The second line: news first, then what is hidden, then what the sorted column means. */
static const char *state_sentence(struct page *p, const struct pane *pane, int width)
{
	const struct ui *ui = p->ui;
	const char *filter = ui->filter[ui->screen];
	char sorted[NOTE_SIZE];

	if (*ui->note)
		return ui->note;
	if (*ui->offer)
		return ui->offer;
	if (*filter)
		return page_printf(p, "Filter: %s%s   Esc clears it.", filter,
		    pane && pane->filter ? "" : " (means nothing here)");
	if (pane && pane->hidden)
		return page_printf(p, "%zu idle %s hidden; i shows them.", pane->hidden,
		    pane->hidden == 1 ? "row" : "rows");
	if (p->hint)
		return p->hint;
	/* Of a column that nobody sees there is nothing to say. */
	if (!pane || pane->heads < 0 || pane->state->sort < 0 ||
	    !pane_shows(pane, pane->state->sort))
		return p->screen->help;
	sort_sentence(&table_kinds[pane->part->table].column[pane->state->sort], width, sorted);
	return page_printf(p, "%s", sorted);
}

static bool is_urgent(const struct line *line)
{
	return line && line->kind == LINE_ROW && line->table == TABLE_DOMAIN &&
	       cell_has(line->row, DOMAIN_STUCK);
}

/* An information does not stand before what there is to say of the line itself. */
static bool leads(const struct row *finding, const struct line *line, const char *sentence)
{
	return finding && !is_urgent(line) &&
	       (finding_level(finding) > LEVEL_INFO || line->row == finding || !*sentence);
}

/* The keys, where there is room for all of them; where they end, or -1. @c may be NULL: only where
 * they would end. */
static int draw_keys(
    struct page *p, struct canvas *c, int y, int x, int cols, const struct row *finding)
{
	bool is_listed = line_is_finding(page_selected(p));
	const struct {
		const char *key, *what;
		bool is_there;
	} keys[] = {
		{ "f", "fix", fix_is_offered(p->ui, finding) },
		{ "e", "explain", true },
		{ "m", "mute", is_listed },
		{ "9", "all advice", !is_listed },
	};
	int end = x;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		end += keys[i].is_there ? 2 + text_width(keys[i].what) + 2 : 0;
	if (end - 2 > cols)
		return -1;
	for (size_t i = 0; c && i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!keys[i].is_there)
			continue;
		canvas_text(c, y, x, 1, STYLE_KEY, ALIGN_LEFT, keys[i].key);
		canvas_text(c, y, x + 2, CANVAS_NATURAL, STYLE_DIM, ALIGN_LEFT, keys[i].what);
		x += 2 + text_width(keys[i].what) + 2;
	}
	return end;
}

/* Where the key is dead somebody may type it himself: behind the keys, or below them. False: it has
 * no room there; cut, it would be of no use. */
static bool draw_by_hand(
    struct page *p, struct canvas *c, int y, int x, int cols, const struct row *finding)
{
	const char *command = fix_is_offered(p->ui, finding) ? "" : finding_command(p, finding);

	if (!*command || x + text_width(BY_HAND) + text_width(command) > cols)
		return false;
	x += canvas_text(c, y, x, CANVAS_NATURAL, STYLE_DIM, ALIGN_LEFT, BY_HAND);
	canvas_text(c, y, x, CANVAS_NATURAL, STYLE_NORMAL, ALIGN_LEFT, command);
	return true;
}

/* The lines that it took. */
static int draw_ways(
    struct page *p, struct canvas *c, int y, int x, int rows, int cols, const struct row *finding)
{
	int end = draw_keys(p, c, y, x, cols, finding);

	if (end < 0)
		return 0;
	if (draw_by_hand(p, c, y, end, cols, finding))
		return 1;
	return rows > 2 && draw_by_hand(p, c, y + 1, 0, cols, finding) ? 2 : 1;
}

/* As much of what to do as the keys behind it leave room for; the line that it took. */
static int draw_cut(struct page *p, struct canvas *c, int y, int cols, int keys, const char *action,
    const struct row *finding)
{
	int width = cols - keys - 3;

	if (width >= ACTION_WIDTH_LEAST)
		text_wrap(c, y, 0, width, 1, STYLE_NORMAL, action);
	draw_keys(p, c, y, width >= ACTION_WIDTH_LEAST ? width + 3 : 0, cols, finding);
	return 1;
}

/* What is wrong, what to do, and the keys behind it or below; the lines that it took. */
static int draw_finding(
    struct page *p, struct canvas *c, int y, int rows, int cols, const struct row *finding)
{
	const char *advice = cell_text(finding, FINDING_ADVICE);
	const char *action = *advice ? page_printf(p, "Do: %s.", advice) : "";
	bool has_two = *advice && rows > 1, is_listed = line_is_finding(page_selected(p));
	int used = text_wrap(c, y, 0, cols, has_two ? rows - 1 : rows, (int)finding_style(finding),
	    is_listed ? finding_told(p, finding) : finding_sentence(p, finding));
	int x = text_width(action) + 3, keys = draw_keys(p, NULL, 0, 0, INT_MAX, finding) - 2;

	if (!has_two)
		return used;
	if (x + keys <= cols) {
		text_wrap(c, y + used, 0, cols, 1, STYLE_NORMAL, action);
		return used + draw_ways(p, c, y + used, x, rows - used, cols, finding);
	}
	/* The keys have to stay, e tells the rest of the sentence: below it, or else behind. */
	if (rows - used == 1)
		return used + draw_cut(p, c, y + used, cols, keys, action, finding);
	used += text_wrap(c, y + used, 0, cols, rows - used - 1, STYLE_NORMAL, action);
	return used + draw_ways(p, c, y + used, 0, rows - used, cols, finding);
}

/* Of @rows those that are left for the selected line: news take the last one. */
static int rows_of_line(const struct page *p, int rows)
{
	const struct ui *ui = p->ui;
	bool news = *ui->note || *ui->offer || *ui->filter[ui->screen] || p->hint;

	return news && rows > 0 ? rows - 1 : rows;
}

const struct row *foot_finding(struct page *p)
{
	const struct line *line = page_selected(p);
	const struct row *finding = line_finding(p, line);
	bool is_seen = p->ui->rows >= SCREEN_ROWS_MIN && p->ui->cols >= SCREEN_COLS_MIN &&
		       (line_is_finding(line) || rows_of_line(p, p->foot) > 0);

	return is_seen && leads(finding, line, line_sentence(p, line)) ? finding : NULL;
}

void foot_draw(const struct page *p, struct canvas *c, int y, int rows, int cols)
{
	struct page *own = (struct page *)p;
	const struct line *line = page_selected(p);
	const char *sentence = line_sentence(own, line);
	const char *state = p->now ? state_sentence(own, page_table(own), cols) : "";
	const struct row *finding = line_finding(p, line);
	int used = 0, most = rows_of_line(p, rows);

	if (rows <= 0)
		return;
	if (leads(finding, line, sentence) && most > 0)
		used = draw_finding(own, c, y, most, cols, finding);
	else if (finding && most == rows)
		state = finding_sentence(own, finding);
	if (used == 0 && *sentence && most > 0)
		used = text_wrap(
		    c, y, 0, cols, most, is_urgent(line) ? STYLE_WARN : STYLE_NORMAL, sentence);
	if (used < rows)
		canvas_text(c, y + rows - 1, 0, cols,
		    *p->ui->note || *p->ui->offer ? STYLE_NOTICE : STYLE_DIM, ALIGN_LEFT, state);
}

static int titles_width(void)
{
	int width = 0;

	for (int i = 0; i < SCREENS; i++)
		if (screens[i].digit)
			width += 1 + text_width(screens[i].title) + 1;
	return width;
}

/* All screens, in a narrow window by their digits alone. */
static int draw_screens(const struct page *p, struct canvas *c, int y, bool titles)
{
	int x = 0;

	for (int i = 0; i < SCREENS; i++) {
		const struct screen *s = &screens[i];
		bool active = s == p->screen;

		if (!s->digit)
			continue;
		x += canvas_printf(c, y, x, 1, STYLE_KEY, ALIGN_LEFT, "%c", s->digit);
		if (titles || active)
			x += canvas_text(c, y, x, CANVAS_NATURAL,
			    active ? STYLE_KEY_ACTIVE : STYLE_KEY_LABEL, ALIGN_LEFT, s->title);
		x++;
	}
	return x;
}

/* The key that stands behind that of @rank, or NULL. */
static const struct command *next_in_bar(const struct page *p, int rank)
{
	const struct command *next = NULL;

	for (size_t i = 0; i < commands_n; i++) {
		const struct command *k = &commands[i];

		if (k->label && k->rank > rank && (!next || k->rank < next->rank) &&
		    command_applies(k, p))
			next = k;
	}
	return next;
}

static int width_in_bar(const struct command *k)
{
	return (int)strcspn(k->keys, " ") + text_width(k->label);
}

/* On a page that has no title in the bar its keys count more than the titles of others. */
static bool has_titles(const struct page *p, int cols)
{
	int rank = 0, width = titles_width() + 1 + width_in_bar(&commands[0]);
	const struct command *k;

	while (!p->screen->digit && (k = next_in_bar(p, rank)) != NULL && k->rank <= OWN_RANK) {
		rank = k->rank;
		if (k != &commands[0])
			width += 1 + width_in_bar(k);
	}
	return width <= cols;
}

/* The screens, then as many keys as fit, the most wanted first. A profile has keys of its own. */
void bar_draw(const struct page *p, struct canvas *c, int y, int cols)
{
	bool titles = has_titles(p, cols);
	int x = draw_screens(p, c, y, titles) + titles, rank = 0;
	const struct command *k;

	while (p->ui->overlay.kind != OVERLAY_PROFILE && (k = next_in_bar(p, rank)) != NULL) {
		int key = (int)strcspn(k->keys, " ");

		rank = k->rank;
		/* A shorter one may still fit. */
		if (x + key + text_width(k->label) > cols)
			continue;
		canvas_printf(c, y, x, key, STYLE_KEY, ALIGN_LEFT, "%.*s", key, k->keys);
		x += key;
		x += canvas_text(c, y, x, CANVAS_NATURAL, STYLE_KEY_LABEL, ALIGN_LEFT, k->label);
		x++;
	}
}
