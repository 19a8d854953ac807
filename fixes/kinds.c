/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/kinds.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/parse.h"
#include "base/print.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "fixes/compare.h"
#include "fixes/define.h"
#include "fixes/kinds_inner.h"

#define SETTING \
	.may = setting_may, .read = setting_read, .write = setting_write, .restore = setting_restore
#define VIRT .read = virt_read, .write = virt_write, .restore = virt_write
#define LIST .read = virt_read, .write = list_write, .restore = list_write, .same = same_list

static const struct kind_row kinds[ACTION_KINDS] = {
	[ACTION_WRITE] = { SETTING, .same = same_setting, .command = setting_command },
	[ACTION_SYSCTL] = { SETTING, .same = same_setting, .command = sysctl_command },
	[ACTION_AWAIT] = { .drifts = true,
	    .is_inert = true,
	    .read = setting_read,
	    .write = await_write,
	    .same = same_setting,
	    .command = await_command },
	[ACTION_PIN_VCPU] = { LIST, .fits = covers_list, .command = pin_command },
	[ACTION_PIN_EMULATOR] = { LIST, .fits = covers_list, .command = pin_command },
	[ACTION_PIN_IOTHREAD] = { LIST, .fits = covers_list, .command = pin_command },
	[ACTION_AFFINITY] = { .read = affinity_read,
	    .write = affinity_write,
	    .restore = affinity_write,
	    .same = same_list,
	    .command = affinity_command },
	[ACTION_NUMATUNE] = { LIST, .command = numatune_command },
	[ACTION_MIGRATE_PAGES] = { .drifts = true,
	    .read = migrate_read,
	    .write = migrate_write,
	    .restore = migrate_restore,
	    .same = same_text,
	    .command = migrate_command },
	[ACTION_MEMORY_LIMIT] = { VIRT, .same = same_number, .command = limit_command },
	[ACTION_SCHEDULER] = { VIRT, .same = same_number, .command = scheduler_command },
	[ACTION_BLKIO] = { VIRT, .same = same_number, .command = limit_command },
	[ACTION_BLOCK_IOTUNE] = { VIRT, .same = same_number, .command = iotune_command },
	[ACTION_NODE_MEMORY] = { VIRT, .same = same_number, .command = node_memory_command },
	[ACTION_BALLOON] = { .read = balloon_read,
	    .write = balloon_write,
	    .restore = balloon_write,
	    .same = same_number,
	    .command = balloon_command },
	[ACTION_STATS_PERIOD] = { .read = period_read,
	    .write = virt_write,
	    .restore = virt_write,
	    .same = same_number,
	    .command = period_command },
	[ACTION_HUGE_POOL] = { SETTING, .falls_short = true, .same = same_number,
	    .command = setting_command },
	[ACTION_MODULE] = { .read = module_read,
	    .write = module_write,
	    .restore = module_restore,
	    .same = same_text,
	    .command = module_command },
	[ACTION_VCPUS] = { VIRT, .same = same_number, .command = vcpus_command },
	[ACTION_DEFINE] = { .read = virt_read,
	    .write = definition_write,
	    .restore = virt_write,
	    .value = definition_value,
	    .same = define_includes,
	    .command = definition_command },
	[ACTION_DROP_IN] = { .read = drop_in_read,
	    .write = drop_in_write,
	    .restore = drop_in_restore,
	    .value = drop_in_value,
	    .same = same_text,
	    .command = drop_in_command },
};

const struct kind_row *kind_of(enum action_kind kind)
{
	return &kinds[kind];
}

/* Runs of blanks and line ends become one blank. */
static char *one_line(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		bool blank = isspace((unsigned char)*p);

		if (!blank)
			*to++ = *p;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
	return text;
}

/* Of libvirt's settings; the definition itself is a state as it stands. */
static bool has_xml(const struct action *a)
{
	return a->saved && a->kind != ACTION_DEFINE;
}

bool kind_is_definition(const struct action *a)
{
	return a->saved || a->kind == ACTION_DEFINE;
}

static struct action definition_of(const struct action *a)
{
	struct action whole = *a;

	whole.kind = ACTION_DEFINE;
	return whole;
}

int kind_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	struct action whole = definition_of(a);
	char *value, *xml;
	int r = kinds[a->kind].read(s, a, &value, why);

	if (r < 0)
		return r;
	if (!has_xml(a)) {
		*ret = value;
		return 0;
	}
	r = kinds[ACTION_DEFINE].read(s, &whole, &xml, why);
	if (r == 0) {
		*ret = xasprintf("%s\n%s", value, xml);
		free(xml);
	}
	free(value);
	return r;
}

int kind_restore(struct site *s, const struct action *a, const char *state, struct text *why)
{
	struct action whole = definition_of(a);
	const char *xml = has_xml(a) ? strchr(state, '\n') : NULL;

	if (!has_xml(a))
		return kinds[a->kind].restore(s, a, state, why);
	if (xml)
		return kinds[ACTION_DEFINE].restore(s, &whole, xml + 1, why);
	print_text(why, "the definition as it was is not known");
	return -EINVAL;
}

/* What the plan's values speak of, in a state. */
static char *value_in(const struct action *a, const char *state)
{
	if (has_xml(a))
		return xstrndup(state, strcspn(state, "\n"));
	return kinds[a->kind].value ? kinds[a->kind].value(a, state) : xstrdup(state);
}

/* Of a file that tells all its words the chosen one: the kernel takes no other back. */
static char *written_of(const struct action *a, char *value)
{
	char word[64];

	if (kinds[a->kind].read != setting_read || !strchr(value, '[') ||
	    parse_choice(value, word, sizeof(word)) < 0)
		return value;
	free(value);
	return xstrdup(word);
}

char *kind_value(const struct action *a, const char *state)
{
	return written_of(a, one_line(value_in(a, state)));
}

bool kind_holds(const struct action *a, const char *state, const char *value)
{
	char *has = value_in(a, state);
	bool holds = kinds[a->kind].same(has, value);

	free(has);
	return holds;
}

bool kind_fits(const struct action *a, const char *state, const char *seen)
{
	const struct kind_row *k = kind_of(a->kind);
	char *has = value_in(a, state);
	bool fits = (k->fits ? k->fits : k->same)(has, seen);

	free(has);
	return fits;
}

bool kind_same(const struct action *a, const char *state, const char *other)
{
	const struct kind_row *k = kind_of(a->kind);

	return k->value || has_xml(a) ? strcmp(state, other) == 0 : k->same(state, other);
}

void kind_command(const struct action *a, const char *value, struct text *out)
{
	kinds[a->kind].command(a, value, out);
}

static bool is_made_of(const char *text, const char *letters)
{
	return *text && text[strspn(text, letters)] == '\0';
}

/* Without a way up, and without bytes that no file of the kernel's has in its name. */
static bool is_path_below(const char *path, const char *const *tops)
{
	bool below = false;

	for (; *tops; tops++)
		below |= strncmp(path, *tops, strlen(*tops)) == 0;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return below && !strstr(path, "/../") && !strstr(path, "//") &&
	       (strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
}

static bool is_own_file(const char *path)
{
	static const char *const tops[] = { "etc/", NULL };
	const char *slash = strrchr(path, '/');

	return is_path_below(path, tops) && slash && strstr(slash, "kvmtop");
}

static bool target_is_right(const struct action *a)
{
	static const char *const tops[] = { "sys/", "proc/", NULL };
	static const char names[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	static const char dotted[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@:";
	char *path;
	bool right;

	switch (a->kind) {
	case ACTION_WRITE:
	case ACTION_AWAIT:
		return is_path_below(a->target, tops);
	case ACTION_SYSCTL:
	case ACTION_HUGE_POOL:
		path = path_of_action(a);
		right = path && is_path_below(path, tops) &&
			(a->kind == ACTION_HUGE_POOL || is_made_of(a->target, dotted));
		free(path);
		return right;
	case ACTION_MODULE:
		return is_made_of(a->target, names) && *a->target != '-';
	case ACTION_DROP_IN:
		return is_own_file(a->target);
	default:
		return true;
	}
}

static bool is_list(const char *value)
{
	struct cpuset set = { 0 };
	bool yes = cpuset_parse_list(&set, value) == 0 && !cpuset_empty(&set);

	cpuset_done(&set);
	return yes;
}

static bool value_is_right(const struct action *a)
{
	if (a->kind != ACTION_DEFINE && strpbrk(a->value, "\n\r"))
		return false;
	switch (a->kind) {
	case ACTION_PIN_VCPU:
	case ACTION_PIN_EMULATOR:
	case ACTION_PIN_IOTHREAD:
	case ACTION_AFFINITY:
		return is_list(a->value);
	case ACTION_DEFINE:
	case ACTION_MODULE:
		return true;
	default:
		return *a->value != '\0';
	}
}

static bool is_about_libvirt_guest(enum action_kind kind)
{
	return kinds[kind].read == virt_read || kinds[kind].read == balloon_read ||
	       kinds[kind].read == period_read;
}

bool kind_refuses(const struct action *a, struct text *why)
{
	if (!target_is_right(a))
		print_format(why, "'%s' is nothing that %s could change", a->target,
		    action_kind_name(a->kind));
	else if (!value_is_right(a))
		print_format(why, "'%s' is no value for %s", a->value, a->target);
	else if (is_about_libvirt_guest(a->kind) && a->kind != ACTION_NODE_MEMORY && !a->uuid)
		print_text(why, "the guest is not known to libvirt");
	else if (a->kind == ACTION_MIGRATE_PAGES && a->guest.owner >> 31)
		print_text(why, "the guest has no process on this host");
	else
		return false;
	return true;
}
