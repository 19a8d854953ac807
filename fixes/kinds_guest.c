/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of actions on guests: what libvirt owns goes through libvirt. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpulist.h"
#include "base/parse.h"
#include "base/print.h"
#include "base/xalloc.h"
#include "fixes/compare.h"
#include "fixes/define.h"
#include "fixes/kinds_inner.h"
#include "fixes/pages.h"

/* A guest takes its time to give memory back. */
#define BALLOON_NS (20 * NS_PER_SEC)
#define LOOK_MS 200

static struct virt_place place_of(const struct action *a)
{
	/* A definition is what the guest starts from next, always. */
	return (
	    struct virt_place){ a->kind, a->uuid, a->target, a->saved || a->kind == ACTION_DEFINE };
}

int virt_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	struct virt_place place = place_of(a);

	return site_get(s, &place, ret, why);
}

int virt_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	struct virt_place place = place_of(a);

	return site_set(s, &place, value, why);
}

/* libvirt gets lists as simple as they can be written. */
int list_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	struct cpuset set = { 0 };
	char *list;
	int r = cpuset_parse_list(&set, value);

	if (r < 0)
		return virt_write(s, a, value, why);
	list = cpuset_format_dup(&set);
	cpuset_done(&set);
	r = virt_write(s, a, list, why);
	free(list);
	return r;
}

/* What the guest's XML says at @path. */
static int read_xml(
    struct site *s, const struct action *a, const char *path, char **ret, struct text *why)
{
	struct virt_place place = { ACTION_DEFINE, a->uuid, "", a->saved };
	char *xml;
	int r = site_get(s, &place, &xml, why);

	if (r < 0)
		return r;
	r = define_get(xml, path, ret);
	free(xml);
	if (r < 0)
		print_text(why, "its definition cannot be read");
	return r;
}

int balloon_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	char *text;
	int r;

	if (!a->saved)
		return virt_read(s, a, ret, why);
	r = read_xml(s, a, "currentMemory/text()", &text, why);
	if (r == 0 && !*text) {
		free(text);
		r = read_xml(s, a, "memory/text()", &text, why);
	}
	if (r == 0)
		*ret = text;
	return r;
}

/* It is the guest that moves its balloon, or not. 1: it has not got there. */
int balloon_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	uint64_t until_ns = clock_mono_ns() + BALLOON_NS;
	int r = virt_write(s, a, value, why);

	while (r == 0 && !a->saved) {
		char *now;
		bool same;

		r = virt_read(s, a, &now, why);
		if (r < 0)
			break;
		same = same_number(now, value);
		if (!same && clock_mono_ns() >= until_ns) {
			print_format(why, "the guest has %s KiB as yet", now);
			r = 1;
		}
		free(now);
		if (same)
			break;
		if (r == 0)
			poll(NULL, 0, LOOK_MS);
	}
	return r;
}

int period_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	int r = read_xml(s, a, "devices/memballoon/stats/@period", ret, why);

	if (r == 0 && !**ret) {
		free(*ret);
		*ret = xstrdup("0");
	}
	return r;
}

int migrate_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	return pages_read(s, a->guest, ret, why);
}

int migrate_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	return pages_move(s, a->guest, a->target, value, why);
}

int migrate_restore(struct site *s, const struct action *a, const char *state, struct text *why)
{
	return pages_restore(s, a->guest, state, why);
}

int definition_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	struct virt_place place = place_of(a);
	char *old, *new;
	int r = site_get(s, &place, &old, why);

	if (r < 0)
		return r;
	r = define_set(old, a->target, value, &new, why);
	free(old);
	if (r < 0)
		return r;
	r = site_set(s, &place, new, why);
	free(new);
	return r;
}

char *definition_value(const struct action *a, const char *state)
{
	char *element;

	return define_get(state, a->target, &element) == 0 ? element : xstrdup("");
}
