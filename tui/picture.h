/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a canvas to what curses shows: characters, and styles as colours and attributes. */
#ifndef KVMTOP_TUI_PICTURE_H
#define KVMTOP_TUI_PICTURE_H

#include <stdbool.h>

struct canvas;
struct picture;

/* Curses is open. Without @unicode everything is ASCII, whatever the canvas holds. */
struct picture *picture_new(bool unicode, bool colour);
void picture_free(struct picture *p);

/* The whole of stdscr: what the canvas does not cover is blank. */
void picture_draw(struct picture *p, const struct canvas *c);

#endif
