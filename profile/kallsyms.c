/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/kallsyms.h"

#include <errno.h>
#include <string.h>

#include "base/slice.h"
#include "profile/symbols.h"

#define LINES_MAX ((size_t)8 << 20)

/* Of several names for one address: global ones first, then those with fewer underscores. */
static uint8_t rank_of(char type, struct slice name)
{
	uint8_t underscores = 0;

	while (underscores < 3 && underscores < name.len && name.p[underscores] == '_')
		underscores++;
	return (uint8_t)((type == 'T' ? 8 : 4) - underscores);
}

/* Weak ones are functions, too. */
static bool is_function(char type)
{
	return type != '\0' && strchr("tTwW", type) != NULL;
}

/* "[kvm_amd]" without the brackets. */
static bool take_module(struct cursor *line, struct slice *ret)
{
	struct slice rest = cursor_rest(line);

	*ret = (struct slice){ "", 0 };
	if (rest.len == 0)
		return true;
	if (rest.len < 3 || rest.p[0] != '[' || rest.p[rest.len - 1] != ']')
		return false;
	*ret = (struct slice){ rest.p + 1, rest.len - 2 };
	return true;
}

static void note_address(struct kallsyms_facts *f, uint64_t address)
{
	if (f->first == 0 || address < f->first)
		f->first = address;
	if (address > f->last)
		f->last = address;
}

/* "ffffffff810001a0 T secondary_startup_64 [module]"; false: this is no such line. */
static bool take_line(struct symbols *s, struct cursor *line, struct kallsyms_facts *f)
{
	struct slice type, name, module;
	uint64_t address;

	if (cursor_hex_u64(line, &address) < 0 || !cursor_field(line, &type) || type.len != 1 ||
	    !cursor_field(line, &name) || !take_module(line, &module))
		return false;
	if (!is_function(type.p[0]))
		return true;
	f->functions++;
	if (address == 0) {
		f->zeroed++;
		return true;
	}
	if (module.len == 0)
		note_address(f, address);
	return symbols_add(s, address, 0, name, module, rank_of(type.p[0], name));
}

int kallsyms_parse(
    struct symbols *s, const char *text, size_t len, struct kallsyms_facts *ret_facts)
{
	struct kallsyms_facts f = { 0 };
	struct cursor c, line;

	cursor_init(&c, text, len);
	while (f.lines < LINES_MAX && cursor_line(&c, &line)) {
		f.lines++;
		f.wrong += !take_line(s, &line, &f);
	}
	*ret_facts = f;
	if (f.lines == 0)
		return -ENODATA;
	if (f.wrong > f.lines / 2)
		return -EINVAL;
	if (f.functions == 0)
		return -ENODATA;
	/* One function of a kernel that hides its addresses may lie at zero in truth, too. */
	return f.zeroed > f.functions / 2 ? -EPERM : 0;
}

/* "kvm 1052672 1 kvm_amd, Live 0xffffffffc0a3e000 (E)" */
static int take_module_line(struct symbols *s, struct cursor *line)
{
	struct slice name;
	uint64_t size, address;

	if (!cursor_field(line, &name) || cursor_u64(line, &size) < 0 || !cursor_skip(line, 3) ||
	    cursor_hex_u64(line, &address) < 0)
		return -EINVAL;
	if (address == 0 || size == 0)
		return -EPERM;
	return symbols_add(s, address, size, name, (struct slice){ "", 0 }, 0) ? 0 : -EINVAL;
}

int modules_parse(struct symbols *s, const char *text, size_t len)
{
	size_t lines = 0, wrong = 0, zeroed = 0;
	struct cursor c, line;

	cursor_init(&c, text, len);
	while (lines < LINES_MAX && cursor_line(&c, &line)) {
		int r = take_module_line(s, &line);

		lines++;
		wrong += r == -EINVAL;
		zeroed += r == -EPERM;
	}
	if (lines == 0)
		return -ENODATA;
	if (wrong > lines / 2)
		return -EINVAL;
	return zeroed > lines / 2 ? -EPERM : 0;
}
