/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations: each line is taken or complained about, and limits of rules stay sensible. */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "advisor/advisor.h"
#include "advisor/rule.h"
#include "base/slice.h"
#include "cli/advice.h"
#include "cli/options.h"
#include "tests/fuzz/fuzz.h"

static size_t complaints;

void __wrap_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Made up as ever, but not told: there are many. */
void __wrap_complain(const char *format, ...)
{
	char *line;
	va_list args;

	va_start(args, format);
	PROMISE(vasprintf(&line, format, args) > 0);
	va_end(args);
	free(line);
	complaints++;
}

static size_t count_lines(const char *text, size_t len)
{
	struct cursor c;
	struct slice line;
	size_t n = 0;

	cursor_init(&c, text, len);
	while (cursor_split(&c, '\n', &line)) {
		const char *comment = line.len ? memchr(line.p, '#', line.len) : NULL;

		line.len = comment ? (size_t)(comment - line.p) : line.len;
		n += slice_trim(line).len > 0;
	}
	return n;
}

static void check_settings(const struct settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct setting *setting = &s->setting[i];

		PROMISE(!strpbrk(setting->key, "=#\n") && !strpbrk(setting->value, "#\n"));
		PROMISE(strrchr(setting->where, ':'));
		PROMISE(settings_find(s, setting->key));
	}
	if (s->n)
		PROMISE(settings_find(s, s->setting[s->n - 1].key) == s->setting[s->n - 1].value);
}

static bool is_fine(double v)
{
	return isfinite(v) && v >= 0;
}

static void check_limits(const struct options *options)
{
	struct advisor *a = advice_new(options);

	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *rule = rule_at(i);
		struct limits l = advisor_limits(a, rule);

		PROMISE(is_fine(l.raise) && is_fine(l.clear) && is_fine(l.critical));
		PROMISE(is_fine(l.raise_s) && is_fine(l.clear_s));
		PROMISE(rule->below ? l.clear >= l.raise : l.clear <= l.raise);
	}
	advisor_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	struct options options = { .config = path };
	int fd = memfd_create("settings", MFD_CLOEXEC);

	PROMISE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	complaints = 0;
	PROMISE(settings_load(&options, &options.settings) == 0);
	PROMISE(options.settings.n <= count_lines((const char *)data, size));
	PROMISE(options.settings.n + complaints >= count_lines((const char *)data, size));
	check_settings(&options.settings);
	check_limits(&options);
	settings_done(&options.settings);
	PROMISE(options.settings.n == 0);
	close(fd);
	return 0;
}
