/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "views/advice.h"
#include "views/exact.h"
#include "views/fix_view.h"
#include "views/overlay.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/prompt.h"
#include "views/ui.h"

static struct place *place_of(struct ui *ui)
{
	return &ui->place[ui->screen];
}

static unsigned quit(struct ui *ui, struct page *p, const char *key)
{
	(void)ui;
	(void)p;
	(void)key;
	return UI_QUIT;
}

static unsigned help(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	overlay_open(ui, OVERLAY_HELP, 0);
	return UI_REDRAW;
}

static unsigned show_screen(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	for (int i = 0; i < SCREENS; i++)
		if (screens[i].digit == *key) {
			ui->screen = (enum screen_id)i;
			return UI_REDRAW;
		}
	return 0;
}

/* What Enter opens of a guest, and Esc leaves. */
static bool is_opened(const struct ui *ui)
{
	return ui->screen == SCREEN_DOMAIN || ui->screen == SCREEN_GUEST_EXITS;
}

/* A guest's page is no stop on the way: it leads on from where it was opened. */
static unsigned walk_screens(struct ui *ui, struct page *p, const char *key)
{
	int i = is_opened(ui)                   ? (int)ui->before
		: ui->screen == SCREEN_COUNTERS ? (int)SCREEN_EXITS
						: (int)ui->screen;
	int step = strcmp(key, "Tab") == 0 ? 1 : SCREENS - 1;

	(void)p;
	do {
		i = (i + step) % SCREENS;
	} while (!screens[i].digit);
	ui->screen = (enum screen_id)i;
	return UI_REDRAW;
}

/* Of a guest's page: the row of what was selected elsewhere, and else the top. */
static struct place place_of_row(const struct line *line)
{
	const struct screen *screen = &screens[SCREEN_DOMAIN];

	for (int i = 0; i < PARTS_MAX && line->table != TABLE_DOMAIN; i++)
		if (screen->part[i].kind == PART_TABLE && screen->part[i].columns &&
		    screen->part[i].table == line->table)
			return (struct place){ .moved = true,
				.id = {
				    .key = line->row->key, .part = i, .table = (int)line->table } };
	return (struct place){ .line = 0 };
}

static unsigned open_line(struct ui *ui, struct page *p, const char *key)
{
	const struct line *line = page_selected(p);
	const struct row *domain = line_domain(line);

	(void)key;
	if (!line)
		return 0;
	if ((!domain || is_opened(ui)) && line_is_finding(line))
		return advice_explain(ui, p, key);
	if (!domain || is_opened(ui)) {
		overlay_open(ui, OVERLAY_DETAILS, 0);
		return UI_REDRAW;
	}
	ui->before = ui->screen;
	ui->screen = ui->before == SCREEN_EXITS ? SCREEN_GUEST_EXITS : SCREEN_DOMAIN;
	ui->subject = domain->key;
	free(ui->subject_name);
	ui->subject_name = xstrdup(cell_text(domain, DOMAIN_NAME));
	*place_of(ui) = place_of_row(line);
	return UI_REDRAW;
}

static unsigned go_back(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	if (ui->search[0]) {
		ui->search[0] = '\0';
	} else if (ui->filter[ui->screen][0]) {
		ui->filter[ui->screen][0] = '\0';
	} else if (is_opened(ui)) {
		ui->screen = ui->before;
	} else {
		return 0;
	}
	return UI_REDRAW;
}

static unsigned move_to(struct ui *ui, struct page *p, int line, int step)
{
	int to = page_next(p, line < 0 ? 0 : line >= p->lines ? p->lines - 1 : line, step);

	if (to < 0)
		to = page_next(p, line < 0 ? 0 : line >= p->lines ? p->lines - 1 : line, -step);
	if (to < 0 || to == p->at)
		return 0;
	page_select(p, place_of(ui), to);
	return UI_REDRAW;
}

static unsigned move_up(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	return p->at > 0 && page_next(p, p->at - 1, -1) >= 0 ? move_to(ui, p, p->at - 1, -1) : 0;
}

static unsigned move_down(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	return p->at >= 0 && page_next(p, p->at + 1, 1) >= 0 ? move_to(ui, p, p->at + 1, 1) : 0;
}

static int step_of_page(const struct page *p)
{
	int n = page_visible(p, p->ui->place[p->ui->screen].top) - 1;

	return n > 1 ? n : 1;
}

static unsigned page_up(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	return move_to(ui, p, p->at - step_of_page(p), -1);
}

static unsigned page_down(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	return move_to(ui, p, p->at + step_of_page(p), 1);
}

static unsigned move_home(struct ui *ui, struct page *p, const char *key)
{
	unsigned actions = move_to(ui, p, 0, 1);

	(void)key;
	/* Whoever is first then: the cursor stays at the top. */
	place_of(ui)->moved = false;
	return actions;
}

static unsigned move_end(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	return move_to(ui, p, p->lines - 1, -1);
}

/* To the first line of the part before or behind. */
static unsigned move_part(struct ui *ui, struct page *p, int step)
{
	int part = p->at >= 0 ? p->line[p->at].pane->number : 0;

	for (part += step; part >= 0 && part < p->panes; part += step)
		for (int i = 0; i < p->lines; i++)
			if (p->line[i].selectable && p->line[i].pane->number == part) {
				page_select(p, place_of(ui), i);
				return UI_REDRAW;
			}
	return 0;
}

static unsigned move_sideways(struct ui *ui, struct page *p, const char *key)
{
	int step = strcmp(key, "Right") == 0 ? 1 : -1;

	if (ui->screen != SCREEN_NUMA)
		return move_part(ui, p, step);
	if (ui->first_node + step < 0)
		return 0;
	ui->first_node += step; /* the screen knows where the last node is */
	return UI_REDRAW;
}

static unsigned fold(struct ui *ui, struct page *p, const char *key)
{
	bool all = strcmp(key, "T") == 0;
	const struct row *domain = line_domain(page_selected(p));

	if (!p->now || (!all && !domain))
		return 0;
	domains_fold(ui, p->now, all ? NULL : domain);
	/* A thread that is folded away leaves the cursor on its guest. */
	if (!all) {
		struct line_id id = { .key = domain->key, .table = TABLE_DOMAIN };

		place_of(ui)->id = id;
		place_of(ui)->moved = true;
	}
	return UI_REDRAW;
}

static unsigned search(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	prompt_open(ui, PROMPT_SEARCH);
	return UI_REDRAW;
}

static unsigned search_on(struct ui *ui, struct page *p, const char *key)
{
	return prompt_search(ui, p, p->at, strcmp(key, "n") == 0 ? 1 : -1) ? UI_REDRAW : 0;
}

static unsigned filter(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	prompt_open(ui, PROMPT_FILTER);
	return UI_REDRAW;
}

static unsigned set_delay(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	prompt_open(ui, PROMPT_DELAY);
	return UI_REDRAW;
}

static unsigned sort_menu(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	overlay_open(ui, OVERLAY_SORT, page_table(p)->number);
	return UI_REDRAW;
}

static unsigned choose_columns(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	overlay_open(ui, OVERLAY_COLUMNS, page_table(p)->number);
	return UI_REDRAW;
}

static unsigned move_sort(struct ui *ui, struct page *p, const char *key)
{
	struct pane *pane = page_table(p);
	int step = *key == '>' || *key == '.' ? 1 : -1, at = -1;

	for (int i = 0; i < pane->fields; i++)
		if (pane->field[i].sorted)
			at = i;
	/* Sorted by a column that is not shown: the first one is next. */
	for (at += step; at >= 0 && at < pane->fields; at += step)
		if (!pane->field[at].joined) {
			pane->state->sort = pane->field[at].number;
			pane->state->invert = false;
			note_sort(ui, pane);
			return UI_REDRAW;
		}
	return 0;
}

static unsigned sort_by(struct ui *ui, struct pane *pane, const char *const *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int column = column_find_name(&table_kinds[pane->part->table], name[i]);

		if (column < 0)
			continue;
		pane->state->sort = column;
		pane->state->invert = false;
		note_sort(ui, pane);
		return UI_REDRAW;
	}
	return 0;
}

static unsigned sort_cpu(struct ui *ui, struct page *p, const char *key)
{
	static const char *const names[] = { "run", "busy", "cpu" };

	(void)key;
	return sort_by(ui, page_table(p), names, 3);
}

/* One vCPU that waits is lost in the mean of many. */
static unsigned sort_wait(struct ui *ui, struct page *p, const char *key)
{
	static const char *const names[] = { "wait_worst", "wait" };

	(void)key;
	return sort_by(ui, page_table(p), names, 2);
}

static unsigned sort_memory(struct ui *ui, struct page *p, const char *key)
{
	static const char *const names[] = { "memory", "total" };

	(void)key;
	return sort_by(ui, page_table(p), names, 2);
}

static unsigned invert(struct ui *ui, struct page *p, const char *key)
{
	struct pane *pane = page_table(p);

	(void)ui;
	(void)key;
	pane->state->invert = !pane->state->invert;
	return UI_REDRAW;
}

static unsigned hide_idle(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	ui->hide_idle = !ui->hide_idle;
	snprintf(ui->note, sizeof(ui->note), "%s",
	    ui->hide_idle
		? "Guests and vCPUs below half a percent of a CPU are hidden; i shows them."
		: "All guests are shown.");
	return UI_REDRAW;
}

/* Exits and counters are two faces of one screen. */
static unsigned show_counters(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	ui->screen = SCREEN_COUNTERS;
	return UI_REDRAW;
}

static unsigned show_exits(struct ui *ui, struct page *p, const char *key)
{
	(void)p;
	(void)key;
	ui->screen = SCREEN_EXITS;
	return UI_REDRAW;
}

/* The guest that is opened, else that of the selected line. */
static bool find_guest(const struct page *p, struct key *ret)
{
	const struct line *line = page_selected(p);
	const struct row *domain = line ? line_domain(line) : NULL;

	if (is_opened(p->ui))
		*ret = p->ui->subject;
	else if (domain)
		*ret = domain->key;
	return is_opened(p->ui) || domain;
}

static unsigned profile(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	if (!find_guest(p, &ui->profiled))
		return 0;
	ui_set_report(ui, NULL, NULL);
	overlay_open(ui, OVERLAY_PROFILE, 0);
	return UI_REDRAW | UI_PROFILE;
}

static unsigned pause_screen(struct ui *ui, struct page *p, const char *key)
{
	(void)key;
	if (!p->now)
		return 0;
	if (ui->paused) {
		snapshot_unref(ui->paused);
		ui->paused = NULL;
	} else {
		ui->paused = snapshot_ref(p->now);
	}
	return UI_REDRAW;
}

static bool has_running_guest(const struct snapshot *now)
{
	for (size_t i = 0; i < now->table[TABLE_DOMAIN].n; i++)
		if (cell_has(now->table[TABLE_DOMAIN].row[i], DOMAIN_PID))
			return true;
	return false;
}

static unsigned read_exact(struct ui *ui, struct page *p, const char *key)
{
	const struct row *domain = line_domain(page_selected(p));
	const char *note = "Reading exactly where the memory of all guests lies …";

	(void)key;
	if (ui->badge || ui->recording)
		note = "This host is a recording: nothing can be read anew.";
	else if (!p->now || !has_running_guest(p->now))
		note = "There is no running guest whose memory could be read.";
	else
		exact_ask(ui, ui->last,
		    ui->screen == SCREEN_DOMAIN ? ui->subject
		    : domain                    ? domain->key
						: key_host(0));
	snprintf(ui->note, sizeof(ui->note), "%s", note);
	return UI_REDRAW | (ui->exact.since_ns ? UI_EXACT : 0);
}

static unsigned sample_now(struct ui *ui, struct page *p, const char *key)
{
	(void)ui;
	(void)p;
	(void)key;
	return UI_SAMPLE;
}

static unsigned clear(struct ui *ui, struct page *p, const char *key)
{
	(void)ui;
	(void)p;
	(void)key;
	return UI_CLEAR | UI_REDRAW;
}

/* In the order of the help; those with a label also stand in the bar, by their rank and as far as
 * there is room. */
const struct command commands[] = {
	{ "help", "F1 h ?", SCOPE_ANY, help, "Help", 1, "This help: keys, columns, signs." },
	{ "quit", "q F10", SCOPE_ANY, quit, "Quit", 12, "Leave kvmtop." },
	{ "screen", "1 2 3 4 5 6 7 8 9 0", SCOPE_ANY, show_screen, NULL, 0,
	    "Show a screen; the bar names them." },
	{ "next", "Tab S-Tab", SCOPE_ANY, walk_screens, NULL, 0,
	    "The next screen, or the one before." },
	{ "open", "Enter", SCOPE_ANY, open_line, NULL, 0,
	    "Open the guest's own page; of advice there, or on the host, the explanation; "
	    "elsewhere all columns of the line." },
	{ "back", "Esc", SCOPE_ANY, go_back, NULL, 0,
	    "End the search, clear the filter, leave a guest's page." },
	{ "up", "Up k", SCOPE_ANY, move_up, NULL, 0, "One line up." },
	{ "down", "Down j", SCOPE_ANY, move_down, NULL, 0, "One line down." },
	{ "page-up", "PgUp C-b", SCOPE_ANY, page_up, NULL, 0, "A page up." },
	{ "page-down", "PgDn C-f", SCOPE_ANY, page_down, NULL, 0, "A page down." },
	{ "counters", "g", SCOPE_EXITS, show_counters, "Counts", 2,
	    "From exits to hardware counters; there g leads back." },
	{ "exits", "g", SCOPE_COUNTERS, show_exits, "Exits", 2,
	    "From hardware counters back to exits." },
	{ "first", "Home g", SCOPE_ANY, move_home, NULL, 0,
	    "The first line, and stay there whoever it is." },
	{ "last", "End G", SCOPE_ANY, move_end, NULL, 0, "The last line." },
	{ "sideways", "Left Right", SCOPE_SIDEWAYS, move_sideways, NULL, 0,
	    "Other nodes, where not all have room; else the next part of the screen." },
	{ "search", "/ F3", SCOPE_ANY, search, "Find", 11, "Search while you type." },
	{ "search-on", "n N", SCOPE_ANY, search_on, NULL, 0, "The next match, or the one before." },
	{ "filter", "\\ F4", SCOPE_TABLE, filter, "Filter", 10,
	    "Show only some rows: web, cpu>50%, memory>=2G and state=running." },
	{ "journal", "t", SCOPE_JOURNAL, journal_fold, "All", 3,
	    "Show all fixes of the journal, or only the newest." },
	{ "tree", "t F5", SCOPE_DOMAINS, fold, "Tree", 3,
	    "Unfold a guest into its threads, or fold it." },
	{ "tree-all", "T", SCOPE_DOMAINS, fold, NULL, 0, "Unfold all guests, or fold them." },
	{ "sort", "s F6", SCOPE_TABLE, sort_menu, "Sort", 9,
	    "Choose the column to sort by; typing its name finds it." },
	{ "sort-move", "< > , .", SCOPE_TABLE, move_sort, NULL, 0,
	    "Sort by the column to the left or right." },
	{ "invert", "I", SCOPE_TABLE, invert, NULL, 0, "Turn the order round." },
	{ "profile", "P", SCOPE_GUEST, profile, "Profile", 4,
	    "Profile the guest: where its time goes, by symbols of its kernel, of QEMU and of the "
	    "host." },
	{ "sort-cpu", "P %", SCOPE_TABLE, sort_cpu, NULL, 0,
	    "Sort by CPU time; where P profiles the guest, % does." },
	{ "sort-wait", "W", SCOPE_TABLE, sort_wait, NULL, 0,
	    "Sort by time waited for a host CPU; of a guest that of its worst vCPU." },
	{ "sort-memory", "M", SCOPE_TABLE, sort_memory, NULL, 0, "Sort by memory." },
	{ "columns", "C F2", SCOPE_TABLE, choose_columns, "Columns", 5,
	    "Choose the columns of this screen; typing a name finds it. [x]: shown, [.]: has no "
	    "room." },
	{ "idle", "i", SCOPE_ANY, hide_idle, "Idle", 6, "Hide guests and vCPUs that do nothing." },
	{ "pause", "z Z", SCOPE_ANY, pause_screen, "Pause", 7,
	    "Hold the picture; sampling goes on." },
	{ "delay", "d", SCOPE_ANY, set_delay, "Delay", 8, "Set the time between samples." },
	{ "sample", "Space", SCOPE_ANY, sample_now, NULL, 0, "Take a sample now." },
	{ "exact", "x", SCOPE_PLACEMENT, read_exact, "Exact", 2,
	    "Read once, exactly, where the memory of guests lies (it may hold them up for a "
	    "moment)." },
	{ "explain", "e", SCOPE_FINDING, advice_explain, NULL, 0,
	    "Explain the advice at the foot: what is good, how it is told, the fix, its risk." },
	{ "mute", "m", SCOPE_ADVICE, advice_mute, NULL, 0,
	    "Mute what was found, until kvmtop ends; or no longer." },
	{ "fix", "f", SCOPE_FINDING, fix_begin, NULL, 0,
	    "Fix what the advice at the foot is about: at once if it is of class A, else, or if "
	    "a new sample has just brought it there, after a preview and Enter." },
	{ "undo", "u", SCOPE_ANY, fix_undo, NULL, 0,
	    "Undo the last fix, or the one that is selected in the journal, after a preview and "
	    "Enter." },
	{ "lasting", "p", SCOPE_ANY, fix_lasting, NULL, 0,
	    "Make the last fix last, or else the one that is advised, after a preview, Enter and "
	    "a name." },
	{ "redraw", "C-l", SCOPE_ANY, clear, NULL, 0, "Draw the whole screen again." },
};

const size_t commands_n = sizeof(commands) / sizeof(commands[0]);

/* Where guests are looked at one by one; elsewhere the key sorts. */
static bool is_guest_screen(const struct ui *ui)
{
	return ui->screen == SCREEN_DOMAINS || ui->screen == SCREEN_COUNTERS ||
	       ui->screen == SCREEN_EXITS || is_opened(ui);
}

bool command_applies(const struct command *k, const struct page *p)
{
	switch (k->scope) {
	case SCOPE_ANY:
		return true;
	case SCOPE_TABLE:
		return page_table((struct page *)p) != NULL;
	case SCOPE_DOMAINS:
		return p->ui->screen == SCREEN_DOMAINS;
	case SCOPE_GUEST: {
		struct key guest;

		return is_guest_screen(p->ui) && find_guest(p, &guest);
	}
	case SCOPE_EXITS:
		return p->ui->screen == SCREEN_EXITS || p->ui->screen == SCREEN_GUEST_EXITS;
	case SCOPE_COUNTERS:
		return p->ui->screen == SCREEN_COUNTERS;
	case SCOPE_PLACEMENT:
		return p->ui->screen == SCREEN_NUMA || p->ui->screen == SCREEN_DOMAIN;
	case SCOPE_FINDING:
		return line_finding(p, page_selected(p)) != NULL;
	case SCOPE_ADVICE:
		return line_is_finding(page_selected(p));
	case SCOPE_JOURNAL:
		return p->ui->screen == SCREEN_JOURNAL && p->ui->journal;
	case SCOPE_SIDEWAYS:
		return p->ui->screen == SCREEN_NUMA || p->panes > 1;
	}
	return false;
}

const struct command *command_find(const struct page *p, const char *key)
{
	for (size_t i = 0; i < commands_n; i++) {
		struct cursor keys;
		struct slice name;

		cursor_init(&keys, commands[i].keys, strlen(commands[i].keys));
		while (cursor_field(&keys, &name))
			if (slice_eq(name, key) && command_applies(&commands[i], p))
				return &commands[i];
	}
	return NULL;
}
