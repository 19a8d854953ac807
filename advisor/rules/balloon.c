/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Balloons of guests. */
#include "advisor/rules/balloon.h"

#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

#define PERIOD "5"
#define FRESH_S 60

bool tells_figures(const struct row *domain)
{
	return cell_number(domain, DOMAIN_BALLOON_AGE, INFINITY) <= FRESH_S;
}

static bool has_device(const struct subject *s)
{
	size_t n;

	subject_rows(s, TABLE_PCI, s->row, &n);
	return n > 0;
}

double guest_swaps(const struct row *domain)
{
	return figure_or(TABLE_DOMAIN, domain, DOMAIN_GUEST_SWAP_IN, 0) +
	       figure_or(TABLE_DOMAIN, domain, DOMAIN_GUEST_SWAP_OUT, 0);
}

const char *kib_text(double bytes, char buf[NUMBER_SIZE])
{
	return number_text(floor(bytes / KIB), buf);
}

static void plan_balloon(const struct subject *s, double to, struct plan *out)
{
	char now[NUMBER_SIZE], value[NUMBER_SIZE];

	kib_text(cell_number(s->row, DOMAIN_BALLOON, 0), now);
	plan_add(out, ACTION_BALLOON, s->row, "", now, kib_text(to, value));
}

/* ---- balloon-missing ---- */

/* The kernel drops no page that is locked, whatever the balloon takes. */
static bool is_locked(const struct row *domain)
{
	return has_backing(domain, "locked") ||
	       cell_number(domain, DOMAIN_LOCKED, 0) >
		   cell_number(domain, DOMAIN_MEMORY, INFINITY) / 2;
}

bool gives_memory_back(const struct subject *s)
{
	return !has_device(s) && !guest_has_pool(s->row) && !is_locked(s->row);
}

static enum outcome measure_missing(const struct subject *s, double *ret)
{
	*ret = is_text(s->row, DOMAIN_BALLOON_MODEL, "none");
	return OUTCOME_FIGURE;
}

static void tell_missing(const struct subject *s, double figure, struct text *out)
{
	double memory;

	(void)figure;
	print_text(out, "It has no balloon device: the host can neither see how much of its memory "
			"is in use nor take any back");
	if (figure_of(TABLE_DOMAIN, s->row, DOMAIN_MEMORY, &memory)) {
		print_text(out, " of the ");
		say_size(out, memory);
	}
	print_text(out, ".");
}

static void advise_missing(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "give it a virtio balloon that reports free pages");
}

static void plan_missing(const struct subject *s, struct plan *out)
{
	plan_title(out, "give %s a balloon", cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_DEFINE, s->row, "devices/memballoon", NULL,
	    "<memballoon model='virtio' freePageReporting='on'><stats period='" PERIOD "'/>"
	    "</memballoon>")
	    ->saved = true;
}

bool has_balloon(const struct subject *s)
{
	return !is_text(s->row, DOMAIN_BALLOON_MODEL, "none");
}

/* ---- balloon-stats-off ---- */

#define MEMO_OFF_S 0 /* when it was last seen without a period */

/* How long it may leave a question open. */
static double patience(const struct subject *s)
{
	return fmax(FRESH_S, s->param[1] * cell_number(s->row, DOMAIN_BALLOON_PERIOD, 0));
}

static bool is_asked(const struct row *domain)
{
	return cell_number(domain, DOMAIN_BALLOON_PERIOD, 0) > 0;
}

/* It runs long enough to have loaded its driver, and was asked for long enough. */
static bool had_time(const struct subject *s)
{
	double off_s = s->memo->v[MEMO_OFF_S];

	return cell_number(s->row, DOMAIN_UPTIME, 0) >= s->param[0] &&
	       (off_s <= 0 || now_seconds(s) - off_s >= 3 * patience(s));
}

static enum outcome measure_stats(const struct subject *s, double *ret)
{
	bool runs =
	    is_text(s->row, DOMAIN_STATE, "running") || is_text(s->row, DOMAIN_STATE, "idle");

	if (!runs)
		return OUTCOME_NONE;
	if (is_asked(s->row)) {
		*ret =
		    cell_number(s->row, DOMAIN_BALLOON_AGE, INFINITY) > patience(s) && had_time(s);
		return OUTCOME_FIGURE;
	}
	s->memo->v[MEMO_OFF_S] = now_seconds(s);
	*ret = !tells_figures(s->row);
	return OUTCOME_FIGURE;
}

static void tell_stats(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	if (is_asked(s->row)) {
		print_text(out, "It is asked for its memory figures every ");
		say_time(out, cell_number(s->row, DOMAIN_BALLOON_PERIOD, 0));
		print_text(out, ", but ");
	} else {
		print_text(
		    out, "It has a balloon, but no period in which it tells its memory figures; ");
	}
	if (cell_has(s->row, DOMAIN_BALLOON_AGE)) {
		print_text(out, "those that are known are ");
		say_time(out, cell_number(s->row, DOMAIN_BALLOON_AGE, 0));
		print_text(out, " old.");
	} else {
		print_text(out, "it never told any.");
	}
}

static void advise_stats(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	if (is_asked(s->row))
		print_text(out, "load the driver virtio_balloon in the guest; on Windows its "
				"service too");
	else
		print_text(out, "let it tell them every " PERIOD " s");
}

static void plan_stats(const struct subject *s, struct plan *out)
{
	if (is_asked(s->row)) {
		plan_refuse(out, "the guest does not answer: its driver is for the guest to load");
		return;
	}
	plan_title(out, "ask %s for its memory figures every " PERIOD " s",
	    cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_STATS_PERIOD, s->row, "", "0", PERIOD);
	plan_add_lasting(out, ACTION_STATS_PERIOD, s->row, "", NULL, PERIOD)->saved = true;
}

/* ---- balloon-guest-pressure ---- */

static double usable_share(const struct row *domain)
{
	double balloon = cell_number(domain, DOMAIN_BALLOON, 0);

	return balloon > 0 ? cell_number(domain, DOMAIN_GUEST_USABLE, balloon) / balloon : 1;
}

static enum outcome measure_pressed(const struct subject *s, double *ret)
{
	double faults = figure_or(TABLE_DOMAIN, s->row, DOMAIN_GUEST_MAJOR_FAULTS, 0);

	if (cell_number(s->row, DOMAIN_BALLOON, 0) >=
	    cell_number(s->row, DOMAIN_BALLOON_MAXIMUM, 0))
		return OUTCOME_NONE;
	*ret =
	    tells_figures(s->row) && (guest_swaps(s->row) >= s->param[0] || faults >= s->param[1] ||
					 usable_share(s->row) < s->param[2]);
	return OUTCOME_FIGURE;
}

static void tell_pressed(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "Its balloon leaves it ");
	say_size(out, cell_number(s->row, DOMAIN_BALLOON, 0));
	print_text(out, " of ");
	say_size(out, cell_number(s->row, DOMAIN_BALLOON_MAXIMUM, 0));
	print_text(out, ". It swaps ");
	say_size(out, guest_swaps(s->row));
	print_text(out, " and takes ");
	say_count(out, figure_or(TABLE_DOMAIN, s->row, DOMAIN_GUEST_MAJOR_FAULTS, 0));
	print_text(out, " major faults a second");
	if (cell_has(s->row, DOMAIN_GUEST_USABLE)) {
		print_text(out, ", and ");
		say_percent(out, usable_share(s->row));
		print_text(out, " of its memory are usable");
	}
	print_text(out, ".");
}

static double larger_balloon(const struct row *domain)
{
	return fmin(cell_number(domain, DOMAIN_BALLOON_MAXIMUM, 0),
	    1.25 * cell_number(domain, DOMAIN_BALLOON, 0));
}

static void advise_pressed(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "give it ");
	say_size(out, larger_balloon(s->row));
}

static void plan_pressed(const struct subject *s, struct plan *out)
{
	double to = larger_balloon(s->row);
	double more = to - cell_number(s->row, DOMAIN_BALLOON, 0);
	struct text size = { 0 };

	if (cell_number(s->host, HOST_MEMORY_AVAILABLE, 0) - more <
	    s->param[3] * cell_number(s->host, HOST_MEMORY_TOTAL, 0)) {
		plan_refuse(out, "the host has too little memory left itself");
		return;
	}
	say_size(&size, to);
	plan_title(out, "give %s %s", cell_text(s->row, DOMAIN_NAME), size.p);
	text_done(&size);
	plan_balloon(s, to, out);
}

/* ---- balloon-reclaim ---- */

static bool host_is_short(const struct subject *s)
{
	double total = cell_number(s->host, HOST_MEMORY_TOTAL, 0);

	return cell_number(s->host, HOST_MEMORY_AVAILABLE, 0) < s->param[0] * total ||
	       figure_or(TABLE_HOST, s->host, HOST_PSI_MEMORY, 0) >= s->param[1];
}

static bool reclaim_helps(const struct subject *s)
{
	double total = cell_number(s->host, HOST_MEMORY_TOTAL, 0);
	bool ample = cell_number(s->host, HOST_MEMORY_AVAILABLE, 0) > 2 * s->param[0] * total;
	bool waits = figure_or(TABLE_HOST, s->host, HOST_PSI_MEMORY, 0) >= s->param[1] / 2;

	return gives_memory_back(s) && (!ample || waits);
}

/* Leaves the guest a tenth of its memory free, at least half of it, and never less than 512 MiB. */
static double smaller_balloon(const struct row *domain)
{
	double balloon = cell_number(domain, DOMAIN_BALLOON, 0);
	double unused = cell_number(domain, DOMAIN_GUEST_UNUSED, 0);
	double least = fmax(512 * MIB, balloon / 2);

	return fmin(balloon, fmax(least, balloon - unused + 0.10 * balloon));
}

static enum outcome measure_reclaim(const struct subject *s, double *ret)
{
	double balloon = cell_number(s->row, DOMAIN_BALLOON, 0);
	double unused = cell_number(s->row, DOMAIN_GUEST_UNUSED, 0);

	if (!tells_figures(s->row))
		return OUTCOME_NONE;
	*ret = 0;
	if (host_is_short(s) && unused >= s->param[2] * balloon && guest_swaps(s->row) == 0)
		*ret = balloon - smaller_balloon(s->row);
	return OUTCOME_FIGURE;
}

static void tell_reclaim(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "The host has ");
	say_size(out, cell_number(s->host, HOST_MEMORY_AVAILABLE, 0));
	print_text(out, " left while ");
	say_size(out, cell_number(s->row, DOMAIN_GUEST_UNUSED, 0));
	print_text(out, " of the ");
	say_size(out, cell_number(s->row, DOMAIN_BALLOON, 0));
	print_text(out, " in this guest are free; ");
	say_size(out, figure);
	print_text(out, " could be taken back.");
}

static void advise_reclaim(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "let its balloon leave it ");
	say_size(out, smaller_balloon(s->row));
}

static void plan_reclaim(const struct subject *s, struct plan *out)
{
	double to = smaller_balloon(s->row);
	struct text size = { 0 };

	say_size(&size, cell_number(s->row, DOMAIN_BALLOON, 0) - to);
	plan_title(out, "take %s back from %s", size.p, cell_text(s->row, DOMAIN_NAME));
	text_done(&size);
	plan_balloon(s, to, out);
}

const struct rule balloon_rules[] = {
	{
	    .id = "balloon-missing",
	    .title = "the guest has no balloon",
	    .good = "With a balloon device the host sees how much memory a guest uses, and gets "
		    "back what the guest frees.",
	    .detect = "The guest's XML has no memballoon, or one of the model none, and it has "
		      "neither a huge page pool, locked memory nor a device passed through. "
		      "Where it has one whose driver is missing, balloon-stats-off tells so after "
		      "a while of silence.",
	    .by_hand = "virsh dumpxml DOMAIN --xpath //memballoon",
	    .risk =
		"Guests that must not be disturbed go without on purpose. Reporting of free pages "
		"takes libvirt 6.9 and QEMU 5.1. libvirt cannot add a balloon to a guest that "
		"runs: it counts from the next start on.",
	    .source = "SUSE 6.1.3; IBM virtio_balloon; libvirt-talk VirtIO",
	    .figure = "1: it has none",
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_BALLOON,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_BALLOON_MODEL),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY), USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB), USES(TABLE_DOMAIN, DOMAIN_LOCKED),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING), USES(TABLE_PCI, PCI_ADDRESS)),
	    .raise = 1,
	    .concerns = gives_memory_back,
	    .measure = measure_missing,
	    .evidence = tell_missing,
	    .advice = advise_missing,
	    .plan = plan_missing,
	},
	{
	    .id = "balloon-stats-off",
	    .title = "the guest does not tell its memory figures",
	    .good = "A guest with a balloon tells what of its memory is used and free, if it is "
		    "asked to do so now and then.",
	    .detect = "A running guest has a balloon without a period of its statistics, and its "
		      "figures are older than 60 s or were never told; or it has one, runs for ten "
		      "minutes, and told nothing in twelve periods (60 s at least): then its "
		      "driver is missing. What else is told of a guest's memory lacks its figures.",
	    .by_hand = "virsh dommemstat DOMAIN",
	    .risk = "None to speak of. A guest without the driver stays silent, and so does one "
		    "that hangs.",
	    .source = "RHEL 2.3.7; IBM, monitor ballooning",
	    .figure = "1: it tells none",
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_BALLOON_AGE,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_BALLOON_MODEL),
		NEED(TABLE_DOMAIN, DOMAIN_BALLOON), USES(TABLE_DOMAIN, DOMAIN_BALLOON_PERIOD),
		USES(TABLE_DOMAIN, DOMAIN_BALLOON_AGE), USES(TABLE_DOMAIN, DOMAIN_STATE),
		USES(TABLE_DOMAIN, DOMAIN_UPTIME)),
	    .raise = 1,
	    .raise_s = 10,
	    .param = { { "uptime", 600, "how long it must have been running, in seconds",
			   SHOW_TIME },
		{ "periods", 12, "periods in which it may stay silent", SHOW_INTEGER } },
	    .remembers = true,
	    .concerns = has_balloon,
	    .measure = measure_stats,
	    .evidence = tell_stats,
	    .advice = advise_stats,
	    .plan = plan_stats,
	},
	{
	    .id = "balloon-guest-pressure",
	    .title = "the balloon leaves the guest too little",
	    .good = "What a balloon takes must be memory that the guest does not need, or the "
		    "guest swaps and reads again what it had in its cache.",
	    .detect = "The balloon leaves the guest less than its maximum, and for a minute it "
		      "swapped 1 MiB a second, took 100 major faults a second, or had less than "
		      "5 % usable.",
	    .by_hand = "virsh dommemstat DOMAIN",
	    .risk = "The memory is the host's, which may be short of it then; the fix is refused "
		    "where less than 10 % would be left.",
	    .source = "IBM, disadvantages of ballooning",
	    .figure = "1: it has too little",
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_BALLOON,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_BALLOON),
		NEED(TABLE_DOMAIN, DOMAIN_BALLOON_MAXIMUM), USES(TABLE_DOMAIN, DOMAIN_BALLOON_AGE),
		USES(TABLE_DOMAIN, DOMAIN_GUEST_SWAP_IN), USES(TABLE_DOMAIN, DOMAIN_GUEST_SWAP_OUT),
		USES(TABLE_DOMAIN, DOMAIN_GUEST_MAJOR_FAULTS),
		USES(TABLE_DOMAIN, DOMAIN_GUEST_USABLE), USES(TABLE_HOST, HOST_MEMORY_AVAILABLE),
		USES(TABLE_HOST, HOST_MEMORY_TOTAL)),
	    .raise = 1,
	    .raise_s = 60,
	    .clear_s = 180,
	    .param = { { "swap", MIB, "swapped by the guest, in bytes a second", SHOW_SIZE },
		{ "faults", 100, "major faults of the guest a second", SHOW_INTEGER },
		{ "usable", 0.05, "least share of its memory that is usable", SHOW_PERCENT },
		{ "keep", 0.10, "share of memory that the host keeps", SHOW_PERCENT } },
	    .concerns = has_balloon,
	    .measure = measure_pressed,
	    .evidence = tell_pressed,
	    .advice = advise_pressed,
	    .plan = plan_pressed,
	    .excludes = "balloon-reclaim",
	},
	{
	    .id = "balloon-reclaim",
	    .title = "a guest has memory free that the host lacks",
	    .good = "When the host runs short, memory that lies idle in guests should be taken "
		    "back before anything is swapped out.",
	    .detect = "Less than 10 % of the host's memory are available, or some task waits for "
		      "memory 5 % of the time, while at least 30 % of the guest's memory are "
		      "unused and it does not swap.",
	    .by_hand = "free -h\nvirsh dommemstat DOMAIN",
	    .risk = "What the guest frees it had perhaps for its cache soon. Not for guests with "
		    "huge page pools, locked memory or devices passed through, whose memory stays "
		    "where it is. "
		    "It is never left less than half of what it had, or 512 MiB.",
	    .source = "IBM Ballooning; SUSE 6.1.3",
	    .figure = "memory that could be taken back",
	    .show = SHOW_SIZE,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_GUEST_UNUSED,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_BALLOON),
		NEED(TABLE_DOMAIN, DOMAIN_GUEST_UNUSED), NEED(TABLE_HOST, HOST_MEMORY_AVAILABLE),
		NEED(TABLE_HOST, HOST_MEMORY_TOTAL), USES(TABLE_HOST, HOST_PSI_MEMORY),
		USES(TABLE_DOMAIN, DOMAIN_BALLOON_AGE), USES(TABLE_DOMAIN, DOMAIN_GUEST_SWAP_IN),
		USES(TABLE_DOMAIN, DOMAIN_GUEST_SWAP_OUT), USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB), USES(TABLE_DOMAIN, DOMAIN_LOCKED),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY), USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING),
		USES(TABLE_PCI, PCI_ADDRESS)),
	    .raise = 256 * MIB,
	    .clear = 128 * MIB,
	    .raise_s = 30,
	    .clear_s = 30,
	    .param = { { "available", 0.10, "share of the host's memory that is available",
			   SHOW_PERCENT },
		{ "psi", 0.05, "time that some task waits for memory", SHOW_PERCENT },
		{ "unused", 0.30, "least share of the guest's memory that is unused",
		    SHOW_PERCENT } },
	    .concerns = reclaim_helps,
	    .measure = measure_reclaim,
	    .evidence = tell_reclaim,
	    .advice = advise_reclaim,
	    .plan = plan_reclaim,
	    .excludes = "balloon-guest-pressure",
	},
	{ .id = NULL },
};
