/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/errand.h"
#include "cli/options.h"
#include "cli/say.h"
#include "collectors/libvirt_agent.h"
#include "profile/guest_files.h"

/* For all that libvirt and the agent do. */
#define WAIT_NS (60 * NS_PER_SEC)

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

/* What is asked and answered; strings are owned, for the asking may outlive whoever wanted it. */
struct fetch {
	char *uri, *uuid;
	struct text kallsyms, modules;
	char error[LIBVIRT_AGENT_ERROR_SIZE];
	int r;
};

static void ask(void *ctx)
{
	struct fetch *f = ctx;

	f->r = libvirt_agent_fetch(f->uri, f->uuid, &f->kallsyms, &f->modules, f->error);
}

static void release(void *ctx)
{
	struct fetch *f = ctx;

	text_done(&f->kallsyms);
	text_done(&f->modules);
	free(f->uri);
	free(f->uuid);
	free(f);
}

int fetch_symbols(const struct options *options, const char *uuid, struct events *events)
{
	struct fetch *f = xcalloc(1, sizeof(*f));
	int r;

	f->uri = options->uri ? xstrdup(options->uri) : NULL;
	f->uuid = xstrdup(uuid);
	r = errand_run(events, WAIT_NS, ask, release, f);
	if (r == -EINTR || r == -ETIMEDOUT) {
		if (r == -ETIMEDOUT)
			complain(
			    "the guest's agent sent no symbols: it took more than %llu seconds",
			    (unsigned long long)(WAIT_NS / NS_PER_SEC));
		return r;
	}
	r = r < 0 ? r : f->r;
	if (r < 0)
		complain(
		    "the guest's agent sent no symbols: %s", f->error[0] ? f->error : strerror(-r));
	else
		r = keep(uuid, &f->kallsyms, &f->modules);
	release(f);
	return r;
}
