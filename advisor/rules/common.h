/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several groups of rules say and plan alike. */
#ifndef KVMTOP_ADVISOR_RULES_COMMON_H
#define KVMTOP_ADVISOR_RULES_COMMON_H

#include "advisor/rule.h"

#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define NUMBER_SIZE 32

#define TMPFILES_FILE "etc/tmpfiles.d/kvmtop.conf"

/* Whether it has a process; libvirt knows guests that have none. */
bool guest_runs(const struct row *domain);
/* Whether its memory comes from a huge page pool. */
bool guest_has_pool(const struct row *domain);

/* Whether its XML has its memory backed so: "locked", "nosharepages", "memfd", … */
bool has_backing(const struct row *domain, const char *word);
/* The same from its next start on. */
bool will_have_backing(const struct row *domain, const char *word);
/* Has it backed so from its next start on: puts @xml, an element of that name, into the guest's
 * definition. */
void plan_backing(struct plan *out, const struct row *domain, const char *element, const char *xml);

/* What was promised to the guests that run without a huge page pool, and what there is for it. */
struct promise {
	size_t guests;
	double bytes;   /* their memory, and what their processes need besides */
	double reserve; /* for the host itself */
	double memory;  /* of the host, without huge page pools */
};
/* False: it is not known. */
bool read_promise(const struct subject *s, struct promise *ret);

/* A whole number as the kernel writes it. Returns @buf. */
const char *number_text(double v, char buf[NUMBER_SIZE]);

/* Sets "vm.swappiness", and makes it last. */
void plan_sysctl(struct plan *out, const char *name, const char *now, const char *value);
/* Writes a file below /sys, and makes it last. */
void plan_setting(struct plan *out, const char *path, const char *now, const char *value);
/* Sets a parameter of a loaded module, and makes it last. */
void plan_parameter(
    struct plan *out, const char *module, const char *name, const char *now, const char *value);

/* Of this sample, on the clock that goes on. */
double now_seconds(const struct subject *s);
/* The figure of what a rule has found about this subject, for plans of what it remembers. False: it
 * has found nothing. */
bool figure_found(const struct subject *s, const char *rule, double *ret);

/* For rules that remember: whether there is anything to judge, by @open, or there was less than
 * GATE_MOMENT_S ago. So one odd sample does not end what is raised, nor what lasts until it is. */
#define GATE_MOMENT_S 10
bool gate_holds(const struct subject *s, bool open);
/* Whether there was in the sample before. */
bool gate_was_open(const struct subject *s);

/* The sum of what a column of all guests shows, of those that have a value. */
double sum_of_guests(const struct subject *s, int column);
/* The same of the vCPUs of a guest, or of all guests (@domain NULL); where KVM tells none of them
 * apart, what it counts for the whole guest. OUTCOME_NONE: there are none, or it is too early to
 * say. */
enum outcome sum_of_vcpus(
    const struct subject *s, const struct row *domain, int column, double *ret);

#endif
