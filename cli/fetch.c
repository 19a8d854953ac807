/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/say.h"
#include "collectors/libvirt_agent.h"
#include "profile/guest_files.h"

/* What is no kallsyms file is not kept: it would only hide one that is. */
static int check(const struct text *kallsyms)
{
	struct symbols symbols = { 0 };
	struct kallsyms_facts facts;
	int r = kallsyms_parse(&symbols, kallsyms->p ? kallsyms->p : "", kallsyms->len, &facts);

	symbols_done(&symbols);
	if (r == -EPERM)
		complain("the guest hides the addresses of its kernel, even from its agent "
			 "(kernel.kptr_restrict=2)");
	else if (r < 0)
		complain("what the guest's agent sent is no kallsyms file");
	return r;
}

static int keep(const char *uuid, const struct text *kallsyms, const struct text *modules)
{
	char *directory = guest_files_directory(uuid);
	int r = check(kallsyms);

	if (r == 0) {
		r = guest_files_keep(uuid, kallsyms, modules);
		if (r < 0)
			complain("%s: %s", directory ? directory : "the guest has no uuid",
			    strerror(-r));
	}
	free(directory);
	return r;
}

int fetch_symbols(const struct options *options, const char *uuid)
{
	struct text kallsyms = { 0 }, modules = { 0 };
	char error[LIBVIRT_AGENT_ERROR_SIZE] = "";
	int r = libvirt_agent_fetch(options->uri, uuid, &kallsyms, &modules, error);

	if (r < 0)
		complain("the guest's agent sent no symbols: %s", error);
	else
		r = keep(uuid, &kallsyms, &modules);
	text_done(&kallsyms);
	text_done(&modules);
	return r;
}
