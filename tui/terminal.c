/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/xalloc.h"
#include "tui/codes.h"
#include "tui/keys.h"
#include "tui/messages.h"
#include "tui/picture.h"
#include "tui/restore.h"
#include "tui/sender.h"
#include "tui/signals.h"
#include "views/canvas.h"

/* Long enough for the bytes of an arrow key to arrive one after the other, too short to be felt. */
#define ESCAPE_DELAY_MS 25
#define ESCAPE_DELAY_MAX_MS 5000

/* At the end a line that stands still is not waited for longer. */
#define LAST_WORDS_MS 300

/* So many times readable without a byte to read: the terminal has gone without saying so. */
#define EMPTY_READS 3

struct terminal {
	SCREEN *screen;
	FILE *in, *out; /* curses' own; the descriptor of @out is the tty, or @frame_fd while a
			   frame is made */
	int tty_fd;     /* the tty, to put it back there */
	int frame_fd;   /* memory */
	struct sender sender;
	struct termios modes; /* while the screen is shown */
	struct codes enter, leave;
	struct picture *picture;
	bool unicode, colour;
	bool behind;     /* curses knows a newer picture than the one that was sent */
	bool suspending; /* EVENT_SUSPEND was told */
	bool quit;
	int quit_signal;
	int empty_reads;
	bool keys_left; /* curses may have read more than it gave */
	bool told_key;  /* the last event was a key, now it is another's turn */
	bool told_message;
};

/* Whatever curses writes from here to frame_end lands in memory, not at the terminal. */
static void frame_begin(struct terminal *t)
{
	dup3(t->frame_fd, fileno(t->out), O_CLOEXEC);
}

static void frame_end(struct terminal *t)
{
	off_t len = lseek(t->frame_fd, 0, SEEK_CUR);

	dup3(t->tty_fd, fileno(t->out), O_CLOEXEC);
	if (len > 0 &&
	    pread(t->frame_fd, sender_add(&t->sender, (size_t)len), (size_t)len, 0) != len)
		t->sender.gone = true;
	if (len > 0 && (ftruncate(t->frame_fd, 0) < 0 || lseek(t->frame_fd, 0, SEEK_SET) < 0))
		t->sender.gone = true;
}

static void send_codes(struct terminal *t, const struct codes *codes)
{
	memcpy(sender_add(&t->sender, codes->len), codes->bytes, codes->len);
	sender_push(&t->sender);
}

/* One picture is under way at any time; the next one is made when that has been sent. */
static void send_frame(struct terminal *t)
{
	sender_push(&t->sender);
	t->behind = !sender_is_idle(&t->sender);
	if (t->behind)
		return;
	frame_begin(t);
	doupdate();
	frame_end(t);
	sender_push(&t->sender);
}

static bool is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool unicode_init(enum wanted wanted)
{
	if (wanted == WANTED_ON && !is_utf8())
		setlocale(LC_CTYPE, "C.UTF-8");
	return wanted != WANTED_OFF && is_utf8();
}

static bool colour_init(enum wanted wanted)
{
	const char *no_color = getenv("NO_COLOR");

	if (wanted == WANTED_OFF || (wanted == WANTED_AUTO && no_color && *no_color))
		return false;
	return has_colors() && start_color() == OK;
}

static void escape_delay_init(void)
{
	const char *text = getenv("ESCDELAY");
	uint64_t ms;

	if (!text || parse_u64(text, &ms) < 0 || ms > ESCAPE_DELAY_MAX_MS)
		ms = ESCAPE_DELAY_MS;
	set_escdelay((int)ms);
}

/* Of the terminal itself: curses would trust the environment, and any size. */
static void size_update(struct terminal *t)
{
	struct winsize size;
	int rows, cols;

	getmaxyx(stdscr, rows, cols);
	if (ioctl(t->tty_fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
		rows = size.ws_row < CANVAS_ROWS_MAX ? size.ws_row : CANVAS_ROWS_MAX;
		cols = size.ws_col < CANVAS_COLS_MAX ? size.ws_col : CANVAS_COLS_MAX;
	}
	resize_term(rows, cols);
}

/* @name: NULL for what the environment says. */
static bool try_screen(struct terminal *t, const char *name)
{
	if (name && !*name)
		return false;
	t->screen = newterm(name, t->out, t->in);
	if (!t->screen)
		return false;
	set_term(t->screen);
	if (codes_known("cup"))
		return true;
	endwin();
	delscreen(t->screen);
	t->screen = NULL;
	return false;
}

static int screen_open(struct terminal *t)
{
	static const char *const likely[] = { "xterm-256color", "xterm", "vt100" };
	const char *term = getenv("TERM");

	use_env(FALSE);
	if (try_screen(t, term ? term : ""))
		return 0;
	for (size_t i = 0; i < sizeof(likely) / sizeof(likely[0]); i++)
		if (try_screen(t, likely[i]))
			return 0;
	return -EOPNOTSUPP;
}

static void screen_init(struct terminal *t, const struct terminal_options *options)
{
	escape_delay_init();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	intrflush(stdscr, FALSE);
	nodelay(stdscr, TRUE);
	typeahead(-1); /* a picture is finished even when keys wait */
	keys_define();
	t->colour = colour_init(options->colour);
	t->picture = picture_new(t->unicode, t->colour);
	size_update(t);
	codes_enter(&t->enter);
	codes_leave(&t->leave);
	tcgetattr(t->tty_fd, &t->modes);
	frame_begin(t);
	curs_set(0);
	frame_end(t);
}

/* The descriptors that are wanted before curses is. */
static int files_open(struct terminal *t)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	t->tty_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	t->frame_fd = memfd_create("kvmtop-frame", MFD_CLOEXEC);
	t->in = in < 0 ? NULL : fdopen(in, "r");
	t->out = out < 0 ? NULL : fdopen(out, "w");
	if (!t->in || !t->out || t->tty_fd < 0 || t->frame_fd < 0)
		return -errno;
	return sender_init(&t->sender, t->tty_fd);
}

static void files_close(struct terminal *t)
{
	if (t->in)
		fclose(t->in);
	if (t->out)
		fclose(t->out);
	if (t->tty_fd >= 0)
		close(t->tty_fd);
	if (t->frame_fd >= 0)
		close(t->frame_fd);
	sender_done(&t->sender);
}

static bool is_dumb(const char *term)
{
	return term && (strcmp(term, "dumb") == 0 || strcmp(term, "unknown") == 0);
}

static int open_screen(struct terminal *t, const struct terminal_options *options)
{
	struct termios before;
	int r;

	if (tcgetattr(STDOUT_FILENO, &before) < 0)
		return -errno;
	r = screen_open(t);
	if (r < 0)
		return r;
	screen_init(t, options);
	restore_arm(t->sender.fd, &before, t->leave.bytes, t->leave.len);
	return messages_open();
}

int terminal_open(const struct terminal_options *options, struct terminal **ret)
{
	struct terminal *t;
	int r;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	if (is_dumb(getenv("TERM")))
		return -EOPNOTSUPP;
	t = xcalloc(1, sizeof(*t));
	t->tty_fd = t->frame_fd = t->sender.fd = -1;
	t->unicode = unicode_init(options->unicode);
	r = signals_open();
	if (r < 0)
		goto out;
	r = files_open(t);
	if (r == 0)
		r = open_screen(t, options);
	if (r < 0)
		terminal_close(t);
	else
		*ret = t;
	return r;
out:
	free(t);
	return r;
}

void terminal_close(struct terminal *t)
{
	if (!t)
		return;
	if (t->screen) {
		sender_drain(&t->sender, LAST_WORDS_MS);
		restore_now();
		restore_disarm();
		delscreen(t->screen);
	}
	signals_close();
	files_close(t);
	picture_free(t->picture);
	free(t);
}

void terminal_restore(void)
{
	restore_now();
}

void terminal_size(const struct terminal *t, int *ret_rows, int *ret_cols)
{
	(void)t;
	getmaxyx(stdscr, *ret_rows, *ret_cols);
}

bool terminal_unicode(const struct terminal *t)
{
	return t->unicode;
}

bool terminal_colour(const struct terminal *t)
{
	return t->colour;
}

void terminal_put(struct terminal *t, const struct canvas *c)
{
	int rows, cols, y, x;

	getmaxyx(stdscr, rows, cols);
	picture_draw(t->picture, c);
	frame_begin(t);
	if (canvas_cursor(c, &y, &x)) {
		curs_set(1);
		move(y < rows ? y : rows - 1, x < cols ? x : cols - 1);
	} else {
		curs_set(0);
		move(rows - 1, cols - 1); /* for terminals that cannot hide it */
	}
	frame_end(t);
	wnoutrefresh(stdscr);
	send_frame(t);
}

void terminal_redraw(struct terminal *t)
{
	(void)t;
	clearok(curscr, TRUE);
}

void terminal_discard_keys(struct terminal *t)
{
	flushinp();
	t->keys_left = false;
}

char *terminal_message(struct terminal *t)
{
	char *message = messages_take();

	t->told_message = false;
	return message;
}

static bool is_background(const struct terminal *t)
{
	pid_t group = tcgetpgrp(t->tty_fd);

	return group >= 0 && group != getpgrp();
}

static void note_quit(struct terminal *t, int number)
{
	t->quit = true;
	t->quit_signal = number;
}

/* The screen again, after somebody else had the terminal. */
static void come_back(struct terminal *t)
{
	tcsetattr(t->tty_fd, TCSANOW, &t->modes);
	send_codes(t, &t->enter);
	size_update(t);
	clearok(curscr, TRUE);
}

/*
 * Stopped and not yet in the foreground again, the program must neither draw nor change the modes
 * of the terminal; asked to end, it ends without showing itself again.
 */
static void stop(struct terminal *t)
{
	struct signals seen;
	struct termios modes;

	sender_drain(&t->sender, LAST_WORDS_MS);
	restore_leave();
	do {
		signals_stop();
		seen = signals_take();
		if (seen.quit)
			note_quit(t, seen.quit);
	} while (!t->quit && seen.go_on && is_background(t));
	if (t->quit)
		return;
	if (tcgetattr(t->tty_fd, &modes) == 0)
		restore_set_modes(&modes);
	come_back(t);
}

static bool tell(struct terminal *t, enum event_kind kind, struct event *ret)
{
	ret->kind = kind;
	ret->signal = kind == EVENT_QUIT ? t->quit_signal : 0;
	t->told_key = kind == EVENT_KEY;
	terminal_size(t, &ret->rows, &ret->cols);
	return true;
}

static bool tell_signal(struct terminal *t, struct event *ret)
{
	struct signals seen = signals_take();

	if (seen.quit) {
		note_quit(t, seen.quit);
		return tell(t, EVENT_QUIT, ret);
	}
	if (seen.stop) {
		t->suspending = true;
		return tell(t, EVENT_SUSPEND, ret);
	}
	if (seen.go_on) {
		if (is_background(t))
			stop(t);
		else
			come_back(t);
		return tell(t, t->quit ? EVENT_QUIT : EVENT_RESUME, ret);
	}
	if (!seen.resized)
		return false;
	size_update(t);
	clearok(curscr, TRUE);
	return tell(t, EVENT_RESIZE, ret);
}

static bool tell_key(struct terminal *t, struct event *ret)
{
	wint_t code;
	int kind;

	for (;;) {
		frame_begin(t); /* reading a key may draw, says curses */
		kind = get_wch(&code);
		frame_end(t);
		t->keys_left = kind != ERR;
		if (kind == ERR)
			return false;
		if (key_from_curses(kind == KEY_CODE_YES, code, ret->key))
			return tell(t, EVENT_KEY, ret);
	}
}

/* A terminal that has gone is for ever readable, and there is nothing to read. */
static bool has_gone(struct terminal *t, short events)
{
	int bytes = 0;

	if (t->sender.gone || events & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	if (!(events & POLLIN))
		return false;
	if (ioctl(fileno(t->in), FIONREAD, &bytes) == 0 && bytes > 0)
		t->empty_reads = 0;
	else
		t->empty_reads++;
	return t->empty_reads >= EMPTY_READS;
}

enum { POLL_KEYS, POLL_SIGNALS, POLL_LINE, POLL_MESSAGES, POLL_EXTRA, POLLS };

/* What of that which poll found is to be told; false: nothing. */
static bool tell_found(struct terminal *t, const struct pollfd *fds, struct event *ret)
{
	bool extra = fds[POLL_EXTRA].revents != 0;

	if (tell_signal(t, ret))
		return true;
	if (has_gone(t, fds[POLL_KEYS].revents)) {
		note_quit(t, 0);
		return tell(t, EVENT_QUIT, ret);
	}
	if (fds[POLL_LINE].revents && t->behind)
		send_frame(t);
	else if (fds[POLL_LINE].revents)
		sender_push(&t->sender);
	if (extra && t->told_key)
		return tell(t, EVENT_WAKE, ret);
	if ((fds[POLL_KEYS].revents || t->keys_left) && tell_key(t, ret))
		return true;
	if (fds[POLL_MESSAGES].revents) {
		t->told_message = true;
		return tell(t, EVENT_MESSAGE, ret);
	}
	return extra && tell(t, EVENT_WAKE, ret);
}

static int wait_ms(const struct terminal *t, int timeout_ms, uint64_t end_ns)
{
	uint64_t now_ns = clock_mono_ns();

	if (t->keys_left)
		return 0;
	if (timeout_ms < 0)
		return -1;
	return now_ns < end_ns ? (int)((end_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

void terminal_event(struct terminal *t, int timeout_ms, int extra_fd, struct event *ret)
{
	uint64_t end_ns =
	    clock_mono_ns() + (timeout_ms > 0 ? (unsigned int)timeout_ms : 0) * NS_PER_MS;

	memset(ret, 0, sizeof(*ret));
	if (t->suspending) {
		t->suspending = false;
		stop(t);
		if (!t->quit && tell(t, EVENT_RESUME, ret))
			return;
	}
	while (!t->quit) {
		struct pollfd fds[POLLS] = {
			[POLL_KEYS] = { .fd = fileno(t->in), .events = POLLIN },
			[POLL_SIGNALS] = { .fd = signals_fd(), .events = POLLIN },
			[POLL_LINE] = { .fd = sender_is_idle(&t->sender) ? -1 : t->sender.fd,
			    .events = POLLOUT },
			[POLL_MESSAGES] = { .fd = t->told_message ? -1 : messages_fd(),
			    .events = POLLIN },
			[POLL_EXTRA] = { .fd = extra_fd, .events = POLLIN },
		};

		if (poll(fds, POLLS, wait_ms(t, timeout_ms, end_ns)) < 0)
			memset(fds, 0, sizeof(fds)); /* a signal: its byte is looked for */
		if (tell_found(t, fds, ret))
			return;
		if (timeout_ms >= 0 && !t->keys_left && clock_mono_ns() >= end_ns) {
			tell(t, EVENT_TIMEOUT, ret);
			return;
		}
	}
	tell(t, EVENT_QUIT, ret);
}
