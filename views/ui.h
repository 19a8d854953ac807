/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screens: what keys do to them, and how they look. Knows neither a terminal nor where samples
 * come from. One thread uses it.
 */
#ifndef KVMTOP_VIEWS_UI_H
#define KVMTOP_VIEWS_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advisor/plan.h"
#include "fixes/job.h"
#include "model/snapshot.h"

struct advisor;
struct canvas;
struct report;
struct rule;
struct ui;

/* What the caller has to do after a key; several at once. 0: nothing has changed. */
enum ui_action {
	UI_REDRAW = 1 << 0, /* draw */
	UI_QUIT = 1 << 1,
	UI_EXACT = 1 << 2,        /* take one exact reading of placement */
	UI_DELAY = 1 << 3,        /* ui_interval has changed */
	UI_NEEDS = 1 << 4,        /* ui_needs has changed */
	UI_CLEAR = 1 << 5,        /* draw, and send the whole picture to the terminal */
	UI_SAMPLE = 1 << 6,       /* take a sample now */
	UI_PROFILE = 1 << 7,      /* begin a profile of ui_profiled; one that runs ends */
	UI_PROFILE_STOP = 1 << 8, /* end it */
	UI_MUTE = 1 << 9,         /* mute what ui_muting says, or no longer */
	UI_FIX = 1 << 10,         /* look up the fix that ui_fix_wanted says; another one is left */
	UI_FIX_APPLY = 1 << 11,   /* go on with it */
	UI_FIX_STOP = 1 << 12,    /* stop it while it works; else it is left */
};

struct ui *ui_new(void);
void ui_free(struct ui *ui);

/* @key: a name as in views/keyname.h. @now: the newest sample, or NULL. */
unsigned ui_key(struct ui *ui, const struct snapshot *now, const char *key);

/* Draws the screen on all of @c. Call it for every sample: it keeps the history. */
void ui_draw(struct ui *ui, const struct snapshot *now, struct canvas *c);

/* The guest that the user wants a profile of. */
struct key ui_profiled(const struct ui *ui);

/* Findings of @rule about @subject, which the user does not want to hear of, or again. */
struct muting {
	const struct rule *rule;
	struct key subject;
	bool on;
};
struct muting ui_muting(const struct ui *ui);

/* What the user wants of fixes. */
enum fix_wish {
	FIX_WISH_MAKE,    /* that of @finding */
	FIX_WISH_LASTING, /* make the last fix last, or else that of @finding */
	FIX_WISH_UNDO,    /* the fix @id of the journal; 0: the last one */
};
struct fix_wanted {
	enum fix_wish wish;
	struct key finding; /* of TABLE_FINDING */
	uint64_t id;
	bool is_sudden; /* another one was advised a moment ago: nobody has read this one yet */
};
struct fix_wanted ui_fix_wanted(const struct ui *ui);

/* A fix on its way. All is lent, until the next one is set. */
struct fixing {
	enum job_phase phase;
	const struct fix *fix;   /* as of job_fix */
	const struct rule *rule; /* whose it is; NULL: nobody says */
	enum fix_class fix_class;
	bool is_lasting;    /* makes another one last */
	const char *name;   /* that must be typed first; NULL: none */
	bool is_new;        /* shown just now: no key counts yet */
	bool can_last;      /* it can be made to last */
	const char *effect; /* in a sentence, once it is known; or NULL */
	uint64_t done_bytes, total_bytes;
};
/* NULL: there is none; then nothing shows one any more. */
void ui_set_fixing(struct ui *ui, const struct fixing *fixing);

/* Why nothing is changed from here, in a sentence; NULL: it can be. */
void ui_set_fix_refusal(struct ui *ui, const char *why);

/* What the keys that are about the last fix would do, in a sentence at the foot; NULL: nothing. */
void ui_set_offer(struct ui *ui, const char *text);

struct records;
/* What the journal holds, lent; NULL: nobody keeps one here. */
void ui_set_journal(struct ui *ui, const struct records *records);

/* A sentence at the foot, until the next key. */
void ui_note(struct ui *ui, const char *text);

/* Whose limits count, and who plans fixes. Lent; NULL: none. */
void ui_set_advisor(struct ui *ui, struct advisor *advisor);

/* What it found so far, lent until the next call; or NULL, and why there is none, or NULL: none
 * yet. */
void ui_set_report(struct ui *ui, const struct report *report, const char *why_not);

/* The sources of what is shown, as NEEDS(). It may also change with the size of the canvas. */
unsigned ui_needs(const struct ui *ui);

void ui_set_interval(struct ui *ui, uint64_t interval_ns);
uint64_t ui_interval(const struct ui *ui);

/* A word that must not be overlooked, beside the host's name: "DEMO". NULL: none. */
void ui_set_badge(struct ui *ui, const char *badge);

/* What is shown was recorded: in a few words when, and how much of it there is. NULL: it is live.
 */
void ui_set_recording(struct ui *ui, const char *words);

/* The only guest that is looked at, by option; NULL: all. */
void ui_set_guest(struct ui *ui, const char *name);

/* Options of the command line. -EINVAL, and one sentence that says why in @error. */
int ui_set_filter(struct ui *ui, const char *expression, char *error, size_t error_size);
int ui_set_sort(struct ui *ui, const char *column, char *error, size_t error_size);

/* Adds a line to the messages. Foreign text is welcome. */
void ui_message(struct ui *ui, int64_t wall_ns, const char *text);

#endif
