/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/procstat.h"
#include "base/root.h"
#include "profile/guest_files.h"
#include "profile/recorder.h"
#include "profile/report.h"

/* So many samples before their absence means something. */
#define ENOUGH_SAMPLES 50

static bool read_stat(const struct root *root, uint32_t pid, struct proc_stat *ret)
{
	char path[40], buf[1024];

	snprintf(path, sizeof(path), "proc/%u/stat", pid);
	return root_read(root, path, buf, sizeof(buf)) > 0 && proc_stat_parse(buf, ret) == 0;
}

static uint64_t ticks_per_second(void)
{
	return (uint64_t)sysconf(_SC_CLK_TCK);
}

uint64_t profile_guest_ns(const struct root *root, uint32_t pid, uint64_t before_ns)
{
	struct proc_stat stat;
	uint64_t ns;

	if (!read_stat(root, pid, &stat) || !stat.has_guest_time)
		return 0;
	ns = stat.guest_time_ticks * (NS_PER_SEC / ticks_per_second());
	return ns > before_ns ? ns - before_ns : 0;
}

uint64_t profile_birth(const struct root *root, uint32_t pid)
{
	struct proc_stat stat;

	return read_stat(root, pid, &stat) ? stat.starttime_ticks : 0;
}

/* proc/stat tells when the host was booted in whole seconds: it is one early at most. */
int64_t profile_started_ns(const struct root *root, uint32_t pid)
{
	struct proc_stat stat;
	struct text text = { 0 };
	uint64_t booted;
	int64_t ns = 0;

	if (read_stat(root, pid, &stat) && root_read_all(root, "proc/stat", &text) == 0 &&
	    parse_key_value(text.p, "btime", &booted) == 0)
		ns = (int64_t)((booted + stat.starttime_ticks / ticks_per_second()) * NS_PER_SEC);
	text_done(&text);
	return ns;
}

static double share_of(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void explain_way(struct report *r, const struct profiled *p)
{
	const struct tally *t = p->tally;
	uint64_t inside = t->mode_samples[CPU_GUEST_KERNEL] + t->mode_samples[CPU_GUEST_USER];

	if (p->facts->user_only)
		report_note(r, "Neither kernel was seen: that takes CAP_PERFMON, or "
			       "kernel.perf_event_paranoid=1.");
	else if (!p->facts->by_cycles)
		report_note(r, "This host has no hardware PMU for it: sampled by the clock of the "
			       "CPU, which sees no code that runs with interrupts off.");
	if (t->samples < ENOUGH_SAMPLES || inside > 0 || p->facts->user_only)
		return;
	if (p->is_emulated)
		report_note(r, "QEMU emulates this guest (TCG): no CPU is ever in a guest mode, "
			       "and what the guest does counts as QEMU's.");
	else if (p->guest_ns > NS_PER_SEC / 10)
		report_note(r,
		    "The guest ran for %.1f s, but no sample tells where in it: the KVM of this "
		    "host says nothing of guests to %s. Its time counts as the host's.",
		    (double)p->guest_ns / (double)NS_PER_SEC,
		    p->facts->by_cycles ? "the PMU" : "the clock of the CPU");
	else
		report_note(r, "No sample fell into the guest; it hardly ran, or this host's KVM "
			       "does not tell when it did.");
}

/* Samples of the guest's kernel for which its files have no name. */
static uint64_t count_unnamed(const struct tally *t, const struct guest_symbols *g)
{
	uint64_t unnamed = 0;

	for (size_t i = 0; i < t->size; i++) {
		const struct spot *s = &t->spot[i];

		if (s->samples && s->mode == CPU_GUEST_KERNEL && !symbols_find(&g->kernel, s->ip) &&
		    !symbols_find(&g->modules, s->ip))
			unnamed += s->samples;
	}
	return unnamed;
}

static void add_commands(struct report *r, const struct guest_symbols *symbols)
{
	struct text text = { 0 };
	struct cursor c, line;

	guest_symbols_commands(symbols, &text);
	cursor_init(&c, text.p, text.len);
	while (cursor_line(&c, &line))
		names_add(&r->commands, line.p, (size_t)(line.end - line.p));
	text_done(&text);
}

static void explain_symbols(struct report *r, const struct profiled *p)
{
	const struct guest_symbols *g = p->symbols;
	uint64_t samples = p->tally->mode_samples[CPU_GUEST_KERNEL];
	uint64_t unnamed = 0;

	/* Its addresses are never seen. */
	if (p->is_emulated)
		return;
	if (g->problem.len)
		report_note(r, "Symbols of the guest's kernel: %s", g->problem.p);
	if (g->state == FILES_OK || g->state == FILES_STALE) {
		unnamed = count_unnamed(p->tally, g);
		if (samples >= ENOUGH_SAMPLES && unnamed > samples / 2)
			report_note(r,
			    "Symbols of the guest's kernel: %.0f %% of its samples lie outside of "
			    "them, so they are stale: of another boot or another kernel.",
			    share_of(unnamed, samples));
	}
	if (g->state != FILES_OK || (samples >= ENOUGH_SAMPLES && unnamed > samples / 2))
		add_commands(r, g);
}

static void explain_losses(struct report *r, const struct profiled *p)
{
	const struct recorder_facts *f = p->facts;

	if (f->lost)
		report_note(r, "%llu samples were lost (%.1f %%).", (unsigned long long)f->lost,
		    share_of(f->lost, f->lost + p->tally->samples));
	if (f->throttled)
		report_note(r, "The kernel held sampling back %llu times.",
		    (unsigned long long)f->throttled);
	if (p->tally->crowded)
		report_note(r, "%llu samples fell on too many different addresses to be told.",
		    (unsigned long long)p->tally->crowded);
	if (f->left_out)
		report_note(r, "%zu thread%s could not be sampled: %s.", f->left_out,
		    f->left_out == 1 ? "" : "s",
		    f->left_error == -EMFILE ? "there are too many, or too few descriptors"
					     : strerror(-f->left_error));
	if (p->ended)
		report_note(r, "The guest has ended.");
}

void explain_profile(struct report *r, const struct profiled *p)
{
	explain_way(r, p);
	explain_symbols(r, p);
	if (p->host_problem)
		report_note(r, "%s", p->host_problem);
	explain_losses(r, p);
}

void explain_failure(struct report *r, int error)
{
	switch (error) {
	case -ECANCELED:
		report_note(r, "Stopped before anything was sampled.");
		break;
	case -ESRCH:
		report_note(r, "The guest has no process any more.");
		break;
	case -EACCES:
	case -EPERM:
		report_note(r, "Sampling another user's process takes CAP_PERFMON and "
			       "CAP_SYS_PTRACE (kernel.perf_event_paranoid, kernel lockdown).");
		break;
	case -EMFILE:
	case -ENFILE:
		report_note(r, "No descriptor is left for sampling.");
		break;
	case -ENOSYS:
		report_note(r, "This kernel has no perf events (CONFIG_PERF_EVENTS).");
		break;
	default:
		report_note(r, "This host lets nothing be sampled: %s.", strerror(-error));
		break;
	}
}
