/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/demo.h"
#include "base/root.h"
#include "cli/options.h"
#include "cli/say.h"
#include "collectors/sampler.h"
#include "views/filter.h"
#include "views/keyname.h"
#include "views/ui.h"

static void complain_root(const char *path, int error)
{
	if (error == -ENOTDIR || error == -EINVAL)
		complain(
		    "%s is no captured host: it is neither a directory that holds proc/ or 0/, "
		    "nor an archive; 'kvmtop capture' makes both",
		    path);
	else if (error == -EFBIG)
		complain("%s is too large for a captured host", path);
	else
		complain("%s: %s", path, strerror(-error));
}

struct root *setup_root(const struct options *options)
{
	const char *path = options->root ? options->root : "/";
	struct root *root;
	int r;

	if (options->demo) {
		path = "the built-in host";
		r = root_open_archive(kvmtop_demo, (size_t)(kvmtop_demo_end - kvmtop_demo), &root);
	} else {
		r = root_open(path, &root);
	}
	if (r < 0) {
		complain_root(path, r);
		return NULL;
	}
	if (root_is_cut(root))
		complain("%s is cut off: %zu sample%s could be read", path, root_samples(root),
		    root_samples(root) == 1 ? "" : "s");
	return root;
}

struct sampling setup_sampling(const struct options *options)
{
	return (struct sampling){
		.interval_ns = options->delay_ns,
		.uri = options->uri,
		.guest = options->guest,
		.numa = options->numa,
		.exits = options->exits,
		.events = options->events ? options->events
					  : settings_find(&options->settings, SETTING_EVENTS),
	};
}

int setup_end(struct sampler *sampler, struct advisor *advisor)
{
	if (!sampler_free(sampler))
		return EXIT_HANGS;
	advisor_free(advisor);
	return 0;
}

/* Nobody should take a recording for this host, or its loop for a rhythm. */
static void set_recording(struct ui *ui, const struct options *options, const struct root *root)
{
	char stamp[32], words[96];
	size_t samples = root_samples(root);

	ui_set_badge(ui, options->demo ? "DEMO" : "CAPTURED");
	clock_stamp(root_now(root).wall_ns, stamp, sizeof(stamp));
	snprintf(words, sizeof(words), "recorded %.10s, %zu sample%s%s", stamp, samples,
	    samples == 1 ? "" : "s", options->mode == MODE_SCREEN ? ", looping" : "");
	ui_set_recording(ui, words);
}

struct ui *setup_ui(const struct options *options, const struct root *root)
{
	struct ui *ui = ui_new();
	char error[FILTER_ERROR_SIZE] = "";

	ui_set_interval(ui, options->delay_ns);
	if (!root_is_live(root))
		set_recording(ui, options, root);
	ui_set_guest(ui, options->guest);
	if (options->filter && ui_set_filter(ui, options->filter, error, sizeof(error)) < 0)
		complain("--filter '%s': %s", options->filter, error);
	else if (options->sort && ui_set_sort(ui, options->sort, error, sizeof(error)) < 0)
		complain("--sort %s: %s", options->sort, error);
	else
		error[0] = '\0';
	if (error[0]) {
		ui_free(ui);
		return NULL;
	}
	if (options->sort_inverted)
		ui_key(ui, NULL, "I");
	return ui;
}

unsigned setup_press_keys(struct ui *ui, const struct options *options, const struct snapshot *now)
{
	struct keyname_script script;
	char name[KEYNAME_SIZE];
	unsigned actions = 0;

	if (!options->keys)
		return 0;
	keyname_script_init(&script, options->keys);
	while (!(actions & UI_QUIT) && keyname_script_next(&script, name) > 0)
		actions |= ui_key(ui, now, name);
	return actions;
}
