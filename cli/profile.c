/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/root.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "cli/events.h"
#include "cli/fetch.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "collectors/sampler.h"
#include "model/snapshot.h"
#include "output/writer.h"
#include "profile/guest_files.h"
#include "profile/profile.h"
#include "profile/report.h"

#define LOOK_NS (100 * NS_PER_MS)
/* How often a guest that is not found is looked for. */
#define LOOKS 15

struct thread_list {
	struct profile_thread *v;
	size_t n, cap;
};

static struct profile_thread *add_thread(struct thread_list *list, double tid)
{
	if (!(tid >= 1 && tid <= UINT32_MAX))
		return NULL;
	list->v = xgrow(list->v, list->n, &list->cap, sizeof(*list->v));
	list->v[list->n] = (struct profile_thread){ .tid = (uint32_t)tid };
	return &list->v[list->n++];
}

/* What the threads do, which they need not say themselves. */
static void list_threads(const struct snapshot *s, struct key guest, struct thread_list *list)
{
	for (size_t i = 0; i < s->table[TABLE_VCPU].n; i++) {
		const struct row *row = s->table[TABLE_VCPU].row[i];
		struct profile_thread *t;

		if (!key_same_owner(row->key, guest))
			continue;
		t = add_thread(list, cell_number(row, VCPU_TID, 0));
		if (t)
			snprintf(t->name, sizeof(t->name), "vCPU %.0f",
			    cell_number(row, VCPU_NUMBER, 0));
	}
	for (size_t i = 0; i < s->table[TABLE_THREAD].n; i++) {
		const struct row *row = s->table[TABLE_THREAD].row[i];
		struct profile_thread *t;

		if (!key_same_owner(row->key, guest))
			continue;
		t = add_thread(list, cell_number(row, THREAD_TID, 0));
		if (t)
			snprintf(t->name, sizeof(t->name), "%s", cell_text(row, THREAD_ROLE));
	}
}

int profile_begin(const struct options *options, const struct root *root, const struct snapshot *s,
    struct key guest, struct profile **ret)
{
	const struct row *domain = snapshot_find(s, TABLE_DOMAIN, guest);
	struct thread_list list = { 0 };
	struct profile_request request = {
		.seconds = options->seconds > 0 ? options->seconds : PROFILE_SECONDS,
		.hertz = PROFILE_HERTZ,
		.kallsyms = options->guest_kallsyms,
		.modules = options->guest_modules,
	};
	int r;

	if (!domain || !guest_pid(domain))
		return -ENOENT;
	list_threads(s, guest, &list);
	request.guest = cell_text(domain, DOMAIN_NAME);
	request.uuid = cell_text(domain, DOMAIN_UUID);
	request.pid = guest_pid(domain);
	request.birth = key_start_ticks(domain->key);
	request.is_emulated = strcmp(cell_text(domain, DOMAIN_VMM), VMM_EMULATED) == 0;
	request.thread = list.v;
	request.threads = list.n;
	r = profile_start(root, &request, ret);
	free(list.v);
	return r;
}

/* Of the guests that bear the name; uuids are names, too. */
static const struct row *find_guest(const struct snapshot *s, const char *name)
{
	const struct table *t = &s->table[TABLE_DOMAIN];

	for (size_t i = 0; i < t->n; i++)
		if (guest_pid(t->row[i]) &&
		    (strcmp(cell_text(t->row[i], DOMAIN_NAME), name) == 0 ||
			strcasecmp(cell_text(t->row[i], DOMAIN_UUID), name) == 0))
			return t->row[i];
	return NULL;
}

/* Guests and their threads; one that has just started may be known a moment later only. */
static const struct snapshot *take_snapshot(
    const struct options *options, struct root *root, struct events *events)
{
	struct sampling sampling = setup_sampling(options);
	const struct snapshot *s = NULL;
	struct sampler *sampler;

	sampling.guest = NULL;
	sampling.uri = "none";
	sampler = sampler_new(root, &sampling);
	sampler_need(sampler, NEEDS(SRC_GUESTS) | NEEDS(SRC_THREADS));
	for (int i = 0; i < LOOKS; i++) {
		snapshot_unref(s);
		s = sampler_take(sampler, false);
		if (find_guest(s, options->profile) || events_wait(events, -1, true) == WAKE_QUIT)
			break;
	}
	sampler_free(sampler);
	return s;
}

/* The last report; INT and TERM end the profile before its time. */
static struct report *await(struct profile *p, struct events *events)
{
	struct report *report = NULL;

	for (;;) {
		enum wake wake = events_wait(events, -1, true);

		if (wake == WAKE_QUIT)
			profile_stop(p);
		report = profile_take(p);
		if (report && report->done)
			return report;
		report_free(report);
	}
}

static int print(const struct options *options, const struct report *report)
{
	struct text text = { 0 };
	int status;

	if (report->error)
		for (size_t i = 0; i < report->notes.n; i++)
			complain("%s", report->notes.name[i]);
	if (report->error)
		return EXIT_NO_DATA;
	if (options->format_given)
		profile_print_csv(report, &text);
	else
		profile_print(report, &text);
	/* Rows alone go to the file; what is missing is said all the same. */
	for (size_t i = 0; options->format_given && i < report->notes.n; i++)
		complain("%s", report->notes.name[i]);
	status = say(&text);
	text_done(&text);
	return status;
}

static void complain_unknown(const struct snapshot *s, const char *name)
{
	const struct table *t = &s->table[TABLE_DOMAIN];
	struct nearest near;

	nearest_init(&near, name);
	for (size_t i = 0; i < t->n; i++)
		nearest_offer(&near, cell_text(t->row[i], DOMAIN_NAME));
	complain("no guest of this host is called '%s'%s%s%s", name,
	    near.best ? ", did you mean '" : "", near.best ? near.best : "", near.best ? "'?" : "");
}

static int profile_guest(const struct options *options, const struct root *root,
    const struct snapshot *s, struct events *events)
{
	const struct row *domain = find_guest(s, options->profile);
	struct report *report;
	struct profile *p;
	int r;

	if (!domain) {
		complain_unknown(s, options->profile);
		return EXIT_FAILED;
	}
	if (options->fetch_symbols &&
	    fetch_symbols(options, cell_text(domain, DOMAIN_UUID), events) < 0)
		return EXIT_FAILED;
	r = profile_begin(options, root, s, domain->key, &p);
	if (r < 0) {
		complain("cannot start a profile: %s", strerror(-r));
		return EXIT_FAILED;
	}
	report = await(p, events);
	profile_free(p);
	r = print(options, report);
	report_free(report);
	return r;
}

/* Nothing that is there and is something else shall be written over. */
static void complain_files(const struct guest_symbols *symbols)
{
	struct text commands = { 0 };
	struct cursor c, line;

	complain("%s", symbols->problem.p);
	if (symbols->state == FILES_WRONG || symbols->state == FILES_UNREADABLE) {
		complain("wanted is what root in the guest reads: "
			 "ssh root@GUEST cat /proc/kallsyms >FILE");
		return;
	}
	complain("these make the files; root in the guest reads them:");
	guest_symbols_commands(symbols, &commands);
	cursor_init(&c, commands.p, commands.len);
	while (cursor_line(&c, &line))
		complain("  %.*s", (int)(line.end - line.p), line.p);
	text_done(&commands);
}

/* Better now than after all samples were taken. */
static bool are_files_good(const struct options *options)
{
	struct guest_files files = { .kallsyms = options->guest_kallsyms,
		.modules = options->guest_modules };
	struct guest_symbols symbols = { 0 };
	bool good;

	if (!files.kallsyms)
		return true;
	guest_symbols_load(&symbols, &files);
	good = symbols.state == FILES_OK;
	if (!good)
		complain_files(&symbols);
	guest_symbols_done(&symbols);
	return good;
}

int profile_run(const struct options *options, struct root *root)
{
	const struct snapshot *s;
	struct events events;
	int r;

	if (!are_files_good(options))
		return EXIT_USAGE;
	r = events_init(&events);
	if (r < 0) {
		complain("cannot wait for signals: %s", strerror(-r));
		return EXIT_FAILED;
	}
	events_beat(&events, LOOK_NS);
	s = take_snapshot(options, root, &events);
	r = profile_guest(options, root, s, &events);
	snapshot_unref(s);
	events_done(&events);
	return r;
}
