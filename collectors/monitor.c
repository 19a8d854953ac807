/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only the guests' monitors know, over a connection of its own: every call enters the guest's
 * QEMU, and the first one hangs with a QEMU that hangs. So guests are asked one by one, in one call
 * for all that is wanted of them, never more than one call is outstanding, at most five guests are
 * asked in a second, two of those that have no figures to tell, none more often than every five,
 * and one whose process is stopped is not asked. What is answered shows at once, those that were
 * slow to answer are asked last, and a guest that was not asked yet keeps what it said before: so
 * one that hangs takes nothing from the others but their freshness.
 */
#include "collectors/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/root.h"
#include "base/uuid.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"
#include "collectors/libvirt_link.h"
#include "model/told.h"

/* A monitor answers within milliseconds: one that took so long may hang the next time. */
#define SLOW_NS NS_PER_SEC
/* The sampler reads once a second. */
#define GUESTS_PER_READING 5
/* Of those whose balloon tells no figures, once each was asked: its size hardly ever changes. */
#define QUIET_PER_READING 2
#define PACE_NS (5 * NS_PER_SEC)
#define GROUPS 2
/* So long the first reading waits for the XML to tell of disks. */
#define XML_NS (3 * NS_PER_SEC)

static const struct monitor_group *const groups[GROUPS] = { &balloon_group, &block_group };

/* What is remembered of a guest from reading to reading. */
struct asked {
	struct key key;
	uint64_t asked_ns;                               /* 0: never */
	uint64_t reading;                                /* in which that was */
	uint64_t took_ns;                                /* its last answer */
	enum { FINE, STOPPED, FAILED, FOREIGN } outcome; /* FOREIGN: none of libvirt's */
};

struct monitor {
	struct libvirt_link link;
	struct guest_list guests;
	struct told *before; /* what was read last */
	uint64_t readings, first_ns;
	size_t quiet;                   /* guests whose balloon tells no figures, in this reading */
	uint64_t took_ns;               /* what the guests took that were not slow */
	char error[LIBVIRT_ERROR_SIZE]; /* of the last guest that gave no answer */
};

/* A guest that is to be asked in this reading. */
struct turn {
	const struct row *domain;
	struct asked *asked;
	unsigned groups; /* enum libvirt_groups */
	bool is_last;    /* behind the others */
};

void *monitor_open(const struct sampling *options)
{
	struct monitor *m = xcalloc(1, sizeof(*m));

	libvirt_link_init(&m->link, options->uri, NULL, NULL);
	return m;
}

static void asked_done(void *item)
{
	(void)item;
}

void monitor_close(void *state)
{
	struct monitor *m = state;

	libvirt_link_done(&m->link);
	guest_list_done(&m->guests, asked_done);
	told_unref(m->before);
	free(m);
}

/* One call, its answers apart by group. */
struct call {
	struct reading *r;
	bool is_outstanding;
	struct monitor_answer answer[GROUPS];
};

/* From here on the guest is to blame when no answer comes, not libvirt. */
static void name_guest(void *ctx)
{
	struct call *call = ctx;

	call->is_outstanding = true;
	reading_ask(call->r, call->answer[0].domain->key);
}

static void note_answered(struct call *call)
{
	if (call->is_outstanding)
		reading_answered(call->r);
	call->is_outstanding = false;
}

static void add_note(struct monitor_answer *a, const char *key, uint64_t value, const char *text)
{
	char *line = text ? xasprintf("%s: %s\n", key, text)
			  : xasprintf("%s: %llu\n", key, (unsigned long long)value);

	/* A name with a line feed would make a line of its own. */
	if (!text || !strchr(text, '\n'))
		text_append(&a->note, line, strlen(line));
	free(line);
}

static void take_value(void *ctx, const char *key, uint64_t value, const char *text)
{
	struct call *call = ctx;

	note_answered(call);
	for (size_t i = 0; i < GROUPS; i++) {
		size_t len = strlen(groups[i]->prefix);

		if (strncmp(key, groups[i]->prefix, len) != 0)
			continue;
		add_note(&call->answer[i], key + len, value, text);
		groups[i]->take(&call->answer[i], key + len, value, text);
	}
}

static void note_answer(const struct monitor_group *group, const struct monitor_answer *a)
{
	size_t len = strlen(group->prefix) - 1;
	char *path = xasprintf(
	    "kvmtop/libvirt/%s.%.*s", cell_text(a->domain, DOMAIN_UUID), (int)len, group->prefix);

	root_note(a->r->root, path, a->note.p, a->note.len);
	free(path);
}

static int ask_guest(struct reading *r, const struct turn *turn)
{
	struct monitor *m = r->state;
	struct call call = { .r = r };
	uint64_t since_ns = reading_now(r);
	int e;

	for (size_t i = 0; i < GROUPS; i++)
		call.answer[i] = (struct monitor_answer){ .r = r, .domain = turn->domain };
	e = m->link.ops->stats(m->link.connection, cell_text(turn->domain, DOMAIN_UUID),
	    turn->groups, name_guest, take_value, &call, m->link.error);
	note_answered(&call);
	turn->asked->took_ns = reading_now(r) - since_ns;
	if (turn->asked->took_ns < SLOW_NS)
		m->took_ns += turn->asked->took_ns;
	for (size_t i = 0; i < GROUPS; i++) {
		struct monitor_answer *a = &call.answer[i];

		/* Another job had the guest just now, when libvirt told but did not enter it. */
		if ((turn->groups & groups[i]->bit) &&
		    (e == -ENOENT || (e == 0 && (!a->told || a->entered))))
			groups[i]->drop(r, turn->domain, since_ns);
		if (e == 0 && a->told && root_is_live(r->root))
			note_answer(groups[i], a);
		text_done(&a->note);
	}
	return e;
}

static bool is_asked(const struct reading *r, const struct row *domain)
{
	const struct monitor *m = r->state;

	/* Another host's guests are not those that run here, even under the same uuid. */
	if (!m->link.ops->is_local(m->link.connection) && guest_pid(domain))
		return false;
	return uuid_is_valid(cell_text(domain, DOMAIN_UUID));
}

static void miss_groups(struct reading *r, const struct turn *turn, enum state why)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (turn->groups & groups[i]->bit)
			groups[i]->miss(r, turn->domain, why);
}

/* False: the connection is lost. */
static bool tell_guest(struct reading *r, const struct turn *turn)
{
	struct monitor *m = r->state;
	int e;

	turn->asked->asked_ns = reading_now(r);
	turn->asked->reading = m->readings;
	turn->asked->outcome = FINE;
	if (cell_has(turn->domain, DOMAIN_STOPPED)) {
		turn->asked->outcome = STOPPED;
		miss_groups(r, turn, STATE_STUCK);
		return true;
	}
	e = ask_guest(r, turn);
	/* Or it has ended. */
	if (e == -ENOENT)
		turn->asked->outcome = FOREIGN;
	if (e < 0 && e != -ENOENT) {
		turn->asked->outcome = FAILED;
		miss_groups(r, turn, state_of_errno(e));
		memcpy(m->error, m->link.error, sizeof(m->error));
	}
	return e == 0 || e == -ENOENT || m->link.ops->is_alive(m->link.connection);
}

static unsigned wanted_groups(const struct reading *r, const struct row *domain)
{
	unsigned wanted = 0;

	for (size_t i = 0; i < GROUPS; i++)
		if ((r->needs & NEEDS(groups[i]->src)) &&
		    (!groups[i]->wants || groups[i]->wants(r, domain)))
			wanted |= groups[i]->bit;
	return wanted;
}

static bool is_quiet(const struct row *domain, unsigned wanted)
{
	return wanted == LIBVIRT_BALLOON && cell_has(domain, DOMAIN_BALLOON_PERIOD) &&
	       cell_number(domain, DOMAIN_BALLOON_PERIOD, 1) == 0;
}

static int compare_turns(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->asked->reading != y->asked->reading)
		return x->asked->reading < y->asked->reading ? -1 : 1;
	return (x->domain->number > y->domain->number) - (x->domain->number < y->domain->number);
}

/* As many as one reading may ask, of those who have waited longest first. */
static size_t limit_turns(struct turn *turn, size_t n)
{
	size_t taken = 0, quiet = 0;

	for (size_t i = 0; i < n && taken < GUESTS_PER_READING; i++) {
		bool asked_before = turn[i].asked->asked_ns != 0;

		if (asked_before && is_quiet(turn[i].domain, turn[i].groups) &&
		    quiet++ >= QUIET_PER_READING)
			continue;
		turn[taken++] = turn[i];
	}
	return taken;
}

/* Those whose turn it is: who has waited longest. @ret has room for all. */
static size_t choose_turns(struct reading *r, struct turn *ret)
{
	const struct table *t = &r->latest->table[TABLE_DOMAIN];
	uint64_t pace_ns = r->options->monitor_pace_ns ? r->options->monitor_pace_ns : PACE_NS;
	struct monitor *m = r->state;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct asked *asked = m->guests.item[i];
		unsigned wanted = is_asked(r, t->row[i]) ? wanted_groups(r, t->row[i]) : 0;

		/* That a guest stops is told at once, and when it goes on it is asked at once. */
		if (cell_has(t->row[i], DOMAIN_STOPPED) != (asked->outcome == STOPPED))
			asked->asked_ns = asked->reading = 0;
		if (wanted == 0 || (root_is_live(r->root) && asked->asked_ns &&
				       r->now_ns < asked->asked_ns + pace_ns))
			continue;
		ret[n++] = (struct turn){ .domain = t->row[i],
			.asked = asked,
			.groups = wanted,
			.is_last = asked->took_ns >= SLOW_NS };
	}
	qsort(ret, n, sizeof(*ret), compare_turns);
	return reading_thorough(r) ? n : limit_turns(ret, n);
}

static bool ask_guests(struct reading *r, const struct turn *turn, size_t n, bool last)
{
	for (size_t i = 0; i < n; i++)
		if (turn[i].is_last == last && !tell_guest(r, &turn[i]))
			return false;
	return true;
}

/* Which disks a guest has is told by its XML, which is read at the same time at first. */
static bool waits_for_xml(const struct reading *r)
{
	const struct table *t = &r->latest->table[TABLE_DOMAIN];
	struct monitor *m = r->state;

	if (!m->first_ns)
		m->first_ns = r->now_ns;
	if (!root_is_live(r->root) || m->readings || !(r->needs & NEEDS(SRC_BLOCK)) ||
	    r->now_ns > m->first_ns + XML_NS)
		return false;
	for (size_t i = 0; i < t->n; i++)
		if (cell_has(t->row[i], DOMAIN_AUTOSTART))
			return false;
	return t->n > 0;
}

/* Guests in all; what they said last holds, with its own age. */
static size_t begin_reading(struct reading *r)
{
	const struct table *t = &r->latest->table[TABLE_DOMAIN];
	struct monitor *m = r->state;
	const struct snapshot *before = m->before ? told_open(m->before) : snapshot_ref(r->latest);
	size_t n = 0;

	m->readings++;
	guest_list_update(&m->guests, r->latest, sizeof(struct asked), asked_done);
	m->took_ns = 0;
	m->quiet = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (!is_asked(r, t->row[i]))
			continue;
		n++;
		m->quiet += is_quiet(t->row[i], wanted_groups(r, t->row[i]));
		for (size_t k = 0; k < GROUPS; k++)
			if (r->needs & NEEDS(groups[k]->src))
				groups[k]->keep(r, t->row[i], before);
	}
	snapshot_unref(before);
	return n;
}

/* Until the last guest had its turn. */
static uint64_t readings_of(const struct monitor *m, size_t guests)
{
	uint64_t all = (guests + GUESTS_PER_READING - 1) / GUESTS_PER_READING;
	uint64_t quiet = (m->quiet + QUIET_PER_READING - 1) / QUIET_PER_READING;

	return all > quiet ? all : quiet;
}

/* The time between two readings, and what the answers take. */
static uint64_t round_of(const struct reading *r, size_t guests)
{
	const struct monitor *m = r->state;
	uint64_t round_ns = readings_of(m, guests) * (r->period_ns + m->took_ns);

	return round_ns > PACE_NS ? round_ns : PACE_NS;
}

/* True when nobody answered. */
static bool note_guests(struct reading *r, size_t guests)
{
	const struct monitor *m = r->state;
	size_t answered = 0, stopped = 0, failed = 0;

	for (size_t i = 0; i < m->guests.n; i++) {
		const struct asked *asked = m->guests.item[i];

		answered += asked->asked_ns && asked->outcome == FINE;
		stopped += asked->asked_ns && asked->outcome == STOPPED;
		failed += asked->asked_ns && asked->outcome == FAILED;
	}
	if (failed)
		reading_lacks(
		    r, "%zu guest%s gave no answer: %s.", failed, failed == 1 ? "" : "s", m->error);
	if (stopped)
		reading_note(r, "%zu guest%s stopped and not asked.", stopped,
		    stopped == 1 ? " is" : "s are");
	if (answered || !(failed || stopped))
		reading_note(r, "%zu guest%s answered.", answered, answered == 1 ? "" : "s");
	if (readings_of(m, guests) * r->period_ns > PACE_NS)
		reading_note(r, "To save CPU, it takes %.0f s until each guest is asked again.",
		    (double)r->round_ns / NS_PER_SEC);
	return failed && !answered;
}

enum state monitor_read(struct reading *r)
{
	struct monitor *m = r->state;
	struct turn *turn;
	size_t guests, n;
	bool opened, failed;
	int e;

	if (!r->latest)
		return STATE_ABSENT;
	e = libvirt_link_ready(&m->link, r->root, r->now_ns, &opened);
	if (e < 0)
		return libvirt_link_explain(&m->link, r, e);
	r->waits = waits_for_xml(r);
	if (r->waits)
		return STATE_ABSENT;
	guests = begin_reading(r);
	r->round_ns = round_of(r, guests);
	turn = xcalloc(r->latest->table[TABLE_DOMAIN].n + 1, sizeof(*turn));
	n = choose_turns(r, turn);
	if (ask_guests(r, turn, n, false))
		ask_guests(r, turn, n, true);
	free(turn);
	r->round_ns = round_of(r, guests);
	failed = note_guests(r, guests);
	told_unref(m->before);
	m->before = told_new(r->into);
	return failed ? STATE_ABSENT : STATE_OK;
}
