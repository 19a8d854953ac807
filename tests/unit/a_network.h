/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A captured host with a guest, process 42, that the collector of NICs reads. Include it behind
 * cmocka.h.
 */
#ifndef KVMTOP_TESTS_UNIT_A_NETWORK_H
#define KVMTOP_TESTS_UNIT_A_NETWORK_H

#include "collectors/net_dev.h"
#include "tests/unit/captured.h"

#define HEAD                                                                                       \
	"Inter-|   Receive                                                |  Transmit\n"           \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs " \
	"drop fifo colls carrier compressed\n"
#define QEMU "/usr/bin/qemu-system-x86_64\0"

static inline void start(struct captured *h)
{
	*h = (struct captured){ .state = nics_open(NULL) };
}

static inline void sample(struct captured *h, int second, const char *net_dev)
{
	captured_sample(h, second);
	captured_file(h, "proc/net/dev", net_dev);
	captured_link(h, "proc/self/ns/net", "net:[4026531840]");
	captured_link(h, "proc/42/ns/net", "net:[4026531840]");
	captured_file(h, "proc/42/limits",
	    "Limit                     Soft Limit           Hard Limit           Units     \n"
	    "Max open files            20000                20000                files     \n");
}

#define CMDLINE(h, text) captured_bytes(h, "proc/42/cmdline", text, sizeof(text) - 1)

static inline void attribute(
    struct captured *h, const char *interface, const char *file, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "sys/class/net/%s/%s", interface, file);
	captured_file(h, path, text);
}

static inline void take(struct captured *h)
{
	captured_next(h);
	captured_guest(h, 42, "web");
	captured_read(h, nics_read, false);
}

static inline void assert_text(const struct row *row, int column, const char *expected)
{
	assert_string_equal(cell_text(row, column), expected);
}

static inline void assert_rate(const struct row *row, int column, double expected)
{
	const struct cell *cell = &row->cell[column];

	assert_int_equal(cell->rate_state, STATE_OK);
	assert_true(cell->rate > expected - 1e-6 && cell->rate < expected + 1e-6);
}

#endif
