/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static char *dup_or_null(const char *s)
{
	return s && *s ? xstrdup(s) : NULL;
}

struct action action_copy(const struct action *a)
{
	struct action copy = *a;

	copy.domain = dup_or_null(a->domain);
	copy.uuid = dup_or_null(a->uuid);
	copy.target = xstrdup(a->target);
	copy.expected = a->expected ? xstrdup(a->expected) : NULL;
	copy.value = xstrdup(a->value);
	return copy;
}

void action_done(struct action *a)
{
	free(a->domain);
	free(a->uuid);
	free(a->target);
	free(a->expected);
	free(a->value);
}

static void drop_actions(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		action_done(&p->action[i]);
	for (size_t i = 0; i < p->lasting_n; i++)
		action_done(&p->lasting[i]);
	free(p->action);
	free(p->lasting);
	p->action = p->lasting = NULL;
	p->n = p->cap = p->lasting_n = p->lasting_cap = 0;
}

void plan_done(struct plan *p)
{
	drop_actions(p);
	free(p->title);
	free(p->refusal);
	*p = (struct plan){ 0 };
}

static void fill(struct action *a, enum action_kind kind, const struct row *domain,
    const char *target, const char *expected, const char *value)
{
	*a = (struct action){
		.kind = kind,
		.target = xstrdup(target ? target : ""),
		.expected = expected ? xstrdup(expected) : NULL,
		.value = xstrdup(value ? value : ""),
	};
	if (!domain)
		return;
	a->guest = domain->key;
	a->domain = dup_or_null(cell_text(domain, DOMAIN_NAME));
	a->uuid = dup_or_null(cell_text(domain, DOMAIN_UUID));
}

struct action *plan_add(struct plan *p, enum action_kind kind, const struct row *domain,
    const char *target, const char *expected, const char *value)
{
	p->action = xgrow(p->action, p->n, &p->cap, sizeof(*p->action));
	fill(&p->action[p->n], kind, domain, target, expected, value);
	return &p->action[p->n++];
}

struct action *plan_add_lasting(struct plan *p, enum action_kind kind, const struct row *domain,
    const char *target, const char *expected, const char *value)
{
	p->lasting = xgrow(p->lasting, p->lasting_n, &p->lasting_cap, sizeof(*p->lasting));
	fill(&p->lasting[p->lasting_n], kind, domain, target, expected, value);
	return &p->lasting[p->lasting_n++];
}

static char *vformat(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static char *vformat(const char *format, va_list args)
{
	char *s;

	return vasprintf(&s, format, args) < 0 ? xstrdup("") : s;
}

void plan_title(struct plan *p, const char *format, ...)
{
	va_list args;

	free(p->title);
	va_start(args, format);
	p->title = vformat(format, args);
	va_end(args);
}

void plan_refuse(struct plan *p, const char *format, ...)
{
	va_list args;

	drop_actions(p);
	free(p->refusal);
	va_start(args, format);
	p->refusal = vformat(format, args);
	va_end(args);
}

const char *action_kind_name(enum action_kind kind)
{
	static const char *const names[ACTION_KINDS] = {
		[ACTION_WRITE] = "write",
		[ACTION_SYSCTL] = "sysctl",
		[ACTION_AWAIT] = "await",
		[ACTION_PIN_VCPU] = "pin-vcpu",
		[ACTION_PIN_EMULATOR] = "pin-emulator",
		[ACTION_PIN_IOTHREAD] = "pin-iothread",
		[ACTION_AFFINITY] = "affinity",
		[ACTION_NUMATUNE] = "numatune",
		[ACTION_MIGRATE_PAGES] = "migrate-pages",
		[ACTION_MEMORY_LIMIT] = "memory-limit",
		[ACTION_SCHEDULER] = "scheduler",
		[ACTION_BLKIO] = "blkio",
		[ACTION_BLOCK_IOTUNE] = "block-iotune",
		[ACTION_NODE_MEMORY] = "node-memory",
		[ACTION_BALLOON] = "balloon",
		[ACTION_STATS_PERIOD] = "stats-period",
		[ACTION_HUGE_POOL] = "huge-pool",
		[ACTION_MODULE] = "module",
		[ACTION_VCPUS] = "vcpus",
		[ACTION_DEFINE] = "define",
		[ACTION_DROP_IN] = "drop-in",
	};

	return names[kind];
}

enum action_kind action_kind_find(const char *name)
{
	enum action_kind kind = 0;

	while (kind < ACTION_KINDS && strcmp(action_kind_name(kind), name) != 0)
		kind++;
	return kind;
}

const char *fix_class_name(enum fix_class c)
{
	static const char *const names[] = { "", "A", "B", "C" };

	return names[c];
}

enum fix_class fix_class_find(const char *name)
{
	for (enum fix_class c = FIX_C; c > FIX_NONE; c--)
		if (strcmp(name, fix_class_name(c)) == 0)
			return c;
	return FIX_NONE;
}

static bool outlasts(const struct action *a)
{
	return a->saved || a->kind == ACTION_DEFINE || a->kind == ACTION_DROP_IN;
}

enum fix_class plan_class(const struct plan *p, enum fix_class usual)
{
	for (size_t i = 0; i < p->n; i++)
		if (outlasts(&p->action[i]))
			return FIX_C;
	return usual;
}
