/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to libvirt's answers. On a live host they come over a read-only connection, by a module
 * that is loaded at run time, so that kvmtop starts where libvirt is not installed; on a captured
 * host they come from the notes of the live run:
 *
 *   kvmtop/libvirt/domains      "driver QEMU local" or "driver NAME remote", then for each guest
 *                               "domain UUID ID STATE AUTOSTART NAME", the name up to the line's
 *                               end
 *                               "definitions", then for each guest that does not run
 *                               "defined UUID AUTOSTART NAME"
 *                               "migrated UUID" for one that came from another host
 *   kvmtop/libvirt/UUID.xml
 *   kvmtop/libvirt/UUID.saved   the XML that it starts from the next time
 *   kvmtop/libvirt/UUID.balloon "KEY: NUMBER", as libvirt names and counts them
 *   kvmtop/libvirt/UUID.block   "0.name: vda", "0.rd.reqs: NUMBER" likewise
 *
 * A link owns its connection. One thread uses it at a time.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_LINK_H
#define KVMTOP_COLLECTORS_LIBVIRT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/snapshot.h"

struct reading;
struct root;

/* To be changed with everything below: a module of another make is not used. */
#define LIBVIRT_OPS_VERSION 5
#define LIBVIRT_OPS_SYMBOL "kvmtop_libvirt_ops"

#define LIBVIRT_UUID_SIZE 37
#define LIBVIRT_DEFINITIONS_MAX 1024
#define LIBVIRT_ERROR_SIZE 256

enum libvirt_state {
	LIBVIRT_UNKNOWN, /* the driver does not tell */
	LIBVIRT_RUNNING,
	LIBVIRT_PAUSED,
	LIBVIRT_SHUTDOWN, /* on its way there */
	LIBVIRT_CRASHED,
	LIBVIRT_SUSPENDED,
	LIBVIRT_STATES
};

struct libvirt_guest {
	char uuid[LIBVIRT_UUID_SIZE]; /* in small letters */
	int id;                       /* -1: none */
	const char *name;             /* lent for the call */
};

struct libvirt_description {
	enum libvirt_state state;
	bool autostart;
	bool migrated; /* it came from another host, and has run on since */
	char *xml;     /* the caller frees both; NULL: not to be had */
	char *saved;   /* what it starts from the next time; NULL: there is no next time, too */
};

typedef void (*libvirt_each_definition)(
    void *ctx, const struct libvirt_guest *guest, bool autostart, const char *xml);

/* What a guest's monitor is asked for: both at once in one call. */
enum libvirt_groups {
	LIBVIRT_BALLOON = 1,
	LIBVIRT_BLOCK = 2,
};

struct libvirt_connection;

/*
 * What the module gives. All but close return 0 or -errno, and may block for as long as libvirt
 * does. -ENOENT: no such guest; -EACCES: it takes a right; -ENOTSUP: the driver has no such call.
 * @error, of LIBVIRT_ERROR_SIZE, gets libvirt's own words when a call fails.
 */
struct libvirt_ops {
	unsigned version;

	/*
	 * @changed is called, from a thread of the module, when something happened to a guest that
	 * its description may show; no more once close has returned.
	 */
	int (*open)(const char *uri, void (*changed)(void *ctx, const char *uuid), void *ctx,
	    struct libvirt_connection **ret, char *error);
	void (*close)(struct libvirt_connection *c);
	bool (*is_alive)(struct libvirt_connection *c);

	/* The driver's name, lent, and whether its guests are processes of this host. */
	const char *(*driver)(struct libvirt_connection *c);
	bool (*is_local)(struct libvirt_connection *c);

	/* How many guests are active; which ones they are. These three never enter a QEMU. */
	int (*count)(struct libvirt_connection *c, char *error);
	int (*list)(struct libvirt_connection *c,
	    void (*each)(void *ctx, const struct libvirt_guest *guest), void *ctx, char *error);
	int (*describe)(struct libvirt_connection *c, const char *uuid,
	    struct libvirt_description *ret, char *error);

	/* Guests that do not run: the first so many. @xml NULL: not to be had. */
	int (*definitions)(
	    struct libvirt_connection *c, libvirt_each_definition each, void *ctx, char *error);

	/*
	 * Enters the guest's QEMU, and may hang with it; @entering is called right before, when
	 * libvirt has shown that it answers itself. Keys as libvirt has them ("balloon.current",
	 * "block.0.rd.reqs"), numbers in its units; @text is NULL where it is a number.
	 */
	int (*stats)(struct libvirt_connection *c, const char *uuid, unsigned groups,
	    void (*entering)(void *ctx),
	    void (*each)(void *ctx, const char *key, uint64_t value, const char *text), void *ctx,
	    char *error);
};

struct libvirt_link {
	const char *uri; /* as the user gave it; NULL: the default */
	void (*changed)(void *ctx, const char *uuid);
	void *ctx;

	const struct libvirt_ops *ops;
	struct libvirt_connection *connection; /* NULL: not open */
	char error[LIBVIRT_ERROR_SIZE];        /* of the last call that failed */
	int failure;                           /* of the last attempt to open: -errno */
	uint64_t retry_ns, wait_ns;            /* when to open again, and the wait after that */
};

/* Nothing is opened yet. @uri lives as long as the link. @changed may be NULL. */
void libvirt_link_init(struct libvirt_link *link, const char *uri,
    void (*changed)(void *ctx, const char *uuid), void *ctx);
void libvirt_link_done(struct libvirt_link *link);

/*
 * Sees to it that the connection stands, and opens it when it does not: at first at once, then
 * after waits that grow to 8 s. May block for as long as a libvirt daemon that is stopped.
 * @ret_new tells that it was opened now, so that nothing known before holds.
 * -ENOSYS: switched off by the user; -ENOPKG: libvirt is not installed; -ENODATA: a captured host
 * without answers; others: no connection. link->error says it in words.
 */
int libvirt_link_ready(
    struct libvirt_link *link, const struct root *root, uint64_t now_ns, bool *ret_new);

/* Notes why libvirt_link_ready failed and what would help; the state to return. */
enum state libvirt_link_explain(const struct libvirt_link *link, struct reading *r, int failure);

/* The uri that is used, for messages. */
const char *libvirt_link_uri(const struct libvirt_link *link);

/* "running", "paused", … */
const char *libvirt_state_name(enum libvirt_state state);

/* Answers of a captured host, through the same calls; @root must outlive the connection. */
const struct libvirt_ops *libvirt_captured_ops(void);
int libvirt_captured_open(const struct root *root, struct libvirt_connection **ret, char *error);

#endif
