/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an administrator would type. All that comes from elsewhere goes through quote_word. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "fixes/define.h"
#include "fixes/kinds_inner.h"
#include "fixes/quote.h"

/* A name that libvirt takes for nothing else: not for an id, and not for an option. */
static bool is_plain_name(const char *name)
{
	if (!name || !isalpha((unsigned char)*name))
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			return false;
	return true;
}

/* Names are shown sanitised and may look like anything; the uuid is always right. */
static const char *name_of(const struct action *a)
{
	return is_plain_name(a->domain) || !a->uuid ? (a->domain ? a->domain : "") : a->uuid;
}

static void virsh(struct text *out, const char *command, const struct action *a)
{
	print_format(out, "virsh %s --domain ", command);
	quote_word(out, name_of(a));
}

static void print_option(struct text *out, const char *name, const char *value)
{
	print_format(out, " --%s ", name);
	quote_word(out, value);
}

static void print_when(struct text *out, const struct action *a)
{
	print_text(out, a->saved ? " --config" : " --live");
}

/* "total_iops_sec" is the option "--total-iops-sec". */
static char *option_of(const char *parameter)
{
	char *option = xstrdup(parameter);

	for (char *p = option; *p; p++)
		*p = *p == '_' ? '-' : *p;
	return option;
}

static void print_parameter(struct text *out, const char *parameter, const char *value)
{
	char *option = option_of(parameter);

	/* Options are of a fixed set: what is none must not become two words. */
	if (option[strspn(option, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0')
		print_option(out, option, value);
	free(option);
}

static void print_path(struct text *out, const struct action *a)
{
	char *path = path_of_action(a), *whole = xasprintf("/%s", path ? path : "");

	quote_word(out, whole);
	free(whole);
	free(path);
}

void setting_command(const struct action *a, const char *value, struct text *out)
{
	print_text(out, "echo ");
	quote_word(out, value);
	print_text(out, " > ");
	print_path(out, a);
}

void sysctl_command(const struct action *a, const char *value, struct text *out)
{
	char *word = xasprintf("%s=%s", a->target, value);

	print_text(out, "sysctl -w ");
	quote_word(out, word);
	free(word);
}

void await_command(const struct action *a, const char *value, struct text *out)
{
	print_text(out, "until [ \"$(cat ");
	print_path(out, a);
	print_text(out, ")\" = ");
	quote_word(out, value);
	print_text(out, " ]; do sleep 1; done");
}

void affinity_command(const struct action *a, const char *value, struct text *out)
{
	print_text(out, "taskset -cp ");
	quote_word(out, value);
	print_text(out, " ");
	quote_word(out, a->target);
}

void module_command(const struct action *a, const char *value, struct text *out)
{
	print_text(out, *value ? "modprobe -- " : "modprobe -r -- ");
	quote_word(out, a->target);
}

void drop_in_command(const struct action *a, const char *value, struct text *out)
{
	if (!*value) {
		print_text(out, "sensible-editor -- ");
		print_path(out, a);
		return;
	}
	print_text(out, "echo ");
	quote_word(out, value);
	print_text(out, " >> ");
	print_path(out, a);
}

void migrate_command(const struct action *a, const char *value, struct text *out)
{
	if (strchr(value, ':')) {
		print_format(out, "# by kvmtop alone: memory of process %llu back to KiB by node ",
		    (unsigned long long)a->guest.owner);
		print_text(out, value);
		return;
	}
	print_format(out, "migratepages %llu ", (unsigned long long)a->guest.owner);
	quote_word(out, a->target);
	print_text(out, " ");
	quote_word(out, value);
}

void pin_command(const struct action *a, const char *value, struct text *out)
{
	virsh(out,
	    a->kind == ACTION_PIN_VCPU       ? "vcpupin"
	    : a->kind == ACTION_PIN_IOTHREAD ? "iothreadpin"
					     : "emulatorpin",
	    a);
	if (a->kind == ACTION_PIN_VCPU)
		print_option(out, "vcpu", a->target);
	if (a->kind == ACTION_PIN_IOTHREAD)
		print_option(out, "iothread", a->target);
	print_option(out, "cpulist", value);
	print_when(out, a);
}

void numatune_command(const struct action *a, const char *value, struct text *out)
{
	virsh(out, "numatune", a);
	print_parameter(out, a->target, value);
	print_when(out, a);
}

void limit_command(const struct action *a, const char *value, struct text *out)
{
	virsh(out, a->kind == ACTION_BLKIO ? "blkiotune" : "memtune", a);
	/* The one option that is not called as its parameter is. */
	if (strcmp(a->target, "device_weight") == 0)
		print_option(out, "device-weights", value);
	else
		print_parameter(out, a->target, strcmp(value, "unlimited") == 0 ? "-1" : value);
	print_when(out, a);
}

void scheduler_command(const struct action *a, const char *value, struct text *out)
{
	char *word = xasprintf("%s=%s", a->target, value);

	virsh(out, "schedinfo", a);
	print_option(out, "set", word);
	print_when(out, a);
	free(word);
}

void iotune_command(const struct action *a, const char *value, struct text *out)
{
	char *disk, *parameter;

	virsh(out, "blkdeviotune", a);
	if (!split_target(a->target, &disk, &parameter))
		return;
	print_option(out, "device", disk);
	print_parameter(out, parameter, value);
	print_when(out, a);
	free(disk);
	free(parameter);
}

void node_memory_command(const struct action *a, const char *value, struct text *out)
{
	print_text(out, "virsh node-memory-tune");
	print_parameter(out, a->target, value);
}

void balloon_command(const struct action *a, const char *value, struct text *out)
{
	virsh(out, "setmem", a);
	print_option(out, "size", value);
	print_when(out, a);
}

void period_command(const struct action *a, const char *value, struct text *out)
{
	virsh(out, "dommemstat", a);
	print_option(out, "period", value);
	print_when(out, a);
}

void vcpus_command(const struct action *a, const char *value, struct text *out)
{
	virsh(out, "setvcpus", a);
	print_option(out, "count", value);
	if (strcmp(a->target, "maximum") == 0)
		print_text(out, " --maximum --config");
	else
		print_when(out, a);
}

/* What virt-xml cannot say is for an editor; behind it stands what to do there. */
static void edit_command(const struct action *a, const char *value, struct text *out)
{
	char *path = sanitize_dup(a->target, strlen(a->target)), *line = xstrdup(value), *element;

	for (char *p = line; *p; p++)
		*p = isspace((unsigned char)*p) ? ' ' : *p;
	element = sanitize_dup(line, strlen(line));
	virsh(out, "edit", a);
	print_format(out, "  # %s: %s", path, *element ? element : "take it out");
	free(element);
	free(line);
	free(path);
}

/* virsh has no command for it but an editor. */
void definition_command(const struct action *a, const char *value, struct text *out)
{
	struct text edits = { 0 };
	char *edit, *rest;

	if (!define_edits(a->target, value, &edits) || !edits.len) {
		edit_command(a, value, out);
	} else {
		print_text(out, "virt-xml ");
		quote_word(out, name_of(a));
		print_text(out, " --edit --define");
		for (edit = strtok_r(edits.p, "\n", &rest); edit;
		     edit = strtok_r(NULL, "\n", &rest))
			print_option(out, "xml", edit);
	}
	text_done(&edits);
}
