/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vhost workers and the NICs they serve; sums of guests; bridges; devices and nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/snapshot.h"

struct two {
	struct snapshot *before, *now;
};

static struct two two_samples(void)
{
	struct two t = {
		.before = snapshot_new((struct moment){ .mono_ns = 10 * NS_PER_SEC }),
		.now = snapshot_new((struct moment){ .mono_ns = 12 * NS_PER_SEC }),
	};

	return t;
}

static struct key guest(struct two *t, unsigned pid)
{
	snapshot_row(t->before, TABLE_DOMAIN, key_process(pid, 1));
	return snapshot_row(t->now, TABLE_DOMAIN, key_process(pid, 1))->key;
}

/* A thread of the role that ran so many ns between the samples. */
static void thread(
    struct two *t, struct key owner, unsigned tid, const char *role, uint64_t ran_ns, int cpu)
{
	struct key key = key_of(owner, (uint64_t)tid << 24 | tid);
	struct row *row = snapshot_row(t->before, TABLE_THREAD, key);

	cell_set_count(row, THREAD_RUN, 100, 10 * NS_PER_SEC);
	cell_set_count(row, THREAD_WAIT, 0, 10 * NS_PER_SEC);
	row = snapshot_row(t->now, TABLE_THREAD, key);
	cell_set_text(t->now, row, THREAD_ROLE, role, 12 * NS_PER_SEC);
	cell_set_number(row, THREAD_TID, tid, 12 * NS_PER_SEC);
	cell_set_number(row, THREAD_CPU, cpu, 12 * NS_PER_SEC);
	cell_set_count(row, THREAD_RUN, 100 + ran_ns, 12 * NS_PER_SEC);
	cell_set_count(row, THREAD_WAIT, ran_ns / 10, 12 * NS_PER_SEC);
}

static struct row *nic(struct two *t, struct key owner, const char *name, int number,
    const char *backend, unsigned queues)
{
	struct row *row = snapshot_row(t->now, TABLE_NIC, key_of(owner, key_item(name)));

	cell_set_text(t->now, row, NIC_NAME, name, 1);
	cell_set_text(t->now, row, NIC_BACKEND, backend, 1);
	if (number >= 0)
		cell_set_number(row, NIC_NUMBER, number, 1);
	if (queues)
		cell_set_number(row, NIC_QUEUES, queues, 1);
	return row;
}

static void finish(struct two *t)
{
	snapshot_link(t->before);
	snapshot_link(t->now);
	snapshot_rate(t->now, t->before);
	snapshot_derive(t->now);
}

static void done(struct two *t)
{
	snapshot_unref(t->before);
	snapshot_unref(t->now);
}

static void assert_number(const struct row *row, int column, double expected)
{
	double v = cell_number(row, column, -1);

	if (v < expected - 1e-9 || v > expected + 1e-9)
		fail_msg("column %d is %g, not %g", column, v, expected);
}

/* Four queues, two of which carry traffic; the clock of the guest's PIT is no worker. */
static void one_nic(void **state)
{
	struct two t = two_samples();
	struct key g = guest(&t, 42);
	struct row *row = nic(&t, g, "net0", 0, "vhost-net", 4);

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		thread(&t, g, 50 + i, "vhost", i < 2 ? NS_PER_SEC / (i + 1) : 0, 2 + (int)i);
	thread(&t, g, 60, "kvm-pit", NS_PER_SEC, 7);
	thread(&t, g, 61, "emulator", NS_PER_SEC, 7);
	finish(&t);
	assert_string_equal(cell_text(row, NIC_WORKERS), "50 51 52 53");
	assert_string_equal(cell_text(row, NIC_WORKERS_OF), "nic");
	assert_string_equal(cell_text(row, NIC_VHOST_CPUS), "2-5");
	assert_number(row, NIC_VHOST, 0.75);
	assert_number(row, NIC_VHOST_BUSIEST, 0.5);
	assert_number(row, NIC_VHOST_WAIT, 0.05);
	assert_number(row, NIC_QUEUES_BUSY, 2);
	done(&t);
}

/* QEMU makes the workers in the order of its command line. */
static void told_by_order(void **state)
{
	struct two t = two_samples();
	struct key g = guest(&t, 42);
	struct row *second = nic(&t, g, "net1", 2, "vhost-net", 1);
	struct row *first = nic(&t, g, "net0", 0, "vhost-net", 2);
	struct row *between = nic(&t, g, "user", 1, "userspace", 1);

	(void)state;
	thread(&t, g, 52, "vhost", 0, 1);
	thread(&t, g, 50, "vhost", NS_PER_SEC, 1);
	thread(&t, g, 51, "vhost", 0, 1);
	finish(&t);
	assert_string_equal(cell_text(first, NIC_WORKERS), "50 51");
	assert_string_equal(cell_text(second, NIC_WORKERS), "52");
	assert_string_equal(cell_text(first, NIC_WORKERS_OF), "order");
	assert_number(first, NIC_VHOST, 0.5);
	assert_number(second, NIC_VHOST, 0);
	assert_false(cell_has(between, NIC_WORKERS));
	done(&t);
}

/* A NIC that was plugged in, or a vhost device that is no NIC: nobody can tell whose they are. */
static void not_to_be_told_apart(void **state)
{
	struct two t = two_samples();
	struct key g = guest(&t, 42), other = guest(&t, 43);
	struct row *first = nic(&t, g, "net0", 0, "vhost-net", 1);
	struct row *plugged = nic(&t, g, "net1", -1, "vhost-net", 1);
	struct row *vsock = nic(&t, other, "net0", 0, "vhost-net", 1);

	(void)state;
	thread(&t, g, 50, "vhost", NS_PER_SEC, 1);
	thread(&t, g, 51, "vhost", NS_PER_SEC, 1);
	thread(&t, other, 60, "vhost", NS_PER_SEC, 1);
	thread(&t, other, 61, "vhost", 0, 1);
	finish(&t);
	assert_string_equal(cell_text(first, NIC_WORKERS_OF), "guest");
	assert_string_equal(cell_text(plugged, NIC_WORKERS_OF), "guest");
	assert_number(first, NIC_VHOST, 1);
	assert_false(cell_has(first, NIC_QUEUES_BUSY));
	assert_string_equal(cell_text(vsock, NIC_WORKERS_OF), "guest");
	assert_string_equal(cell_text(vsock, NIC_WORKERS), "60 61");
	done(&t);
}

static void no_worker(void **state)
{
	struct two t = two_samples();
	struct key g = guest(&t, 42);
	struct row *row = nic(&t, g, "net0", 0, "vhost-net", 1);

	(void)state;
	finish(&t);
	assert_false(cell_has(row, NIC_WORKERS));
	assert_false(cell_has(row, NIC_VHOST));
	done(&t);
}

static void count(struct two *t, struct key key, int column, uint64_t before, uint64_t now)
{
	if (before != UINT64_MAX)
		cell_set_count(
		    snapshot_row(t->before, TABLE_NIC, key), column, before, 10 * NS_PER_SEC);
	cell_set_count(snapshot_row(t->now, TABLE_NIC, key), column, now, 12 * NS_PER_SEC);
}

/* A NIC that has just come has no rate, and one without counters takes nothing away. */
static void sums_of_a_guest(void **state)
{
	struct two t = two_samples();
	struct key g = guest(&t, 42);
	struct key a = nic(&t, g, "a", 0, "vhost-net", 1)->key;
	struct key b = nic(&t, g, "b", 1, "vhost-net", 1)->key;
	struct key c = nic(&t, g, "c", 2, "vhost-net", 1)->key;
	struct row *none = nic(&t, g, "d", 3, "userspace", 1);
	const struct row *domain = snapshot_find(t.now, TABLE_DOMAIN, g);

	(void)state;
	count(&t, a, NIC_RECEIVE, 1000, 3000);
	count(&t, b, NIC_RECEIVE, 0, 500);
	count(&t, c, NIC_RECEIVE, UINT64_MAX, 70000);
	count(&t, a, NIC_TRANSMIT, 0, 2000);
	count(&t, a, NIC_RECEIVE_PACKETS, 0, 10);
	count(&t, a, NIC_TRANSMIT_PACKETS, 0, 10);
	count(&t, a, NIC_RECEIVE_DROPS, 0, 6);
	count(&t, a, NIC_TRANSMIT_DROPS, 1, 1);
	cell_set_missing(none, NIC_RECEIVE, STATE_ABSENT, 12 * NS_PER_SEC);
	finish(&t);
	assert_int_equal(domain->cell[DOMAIN_NET_RECEIVE].rate_state, STATE_OK);
	assert_true(domain->cell[DOMAIN_NET_RECEIVE].rate == 1250);
	assert_number(domain, DOMAIN_NET_PACKETS, 10);
	assert_number(domain, DOMAIN_NET_DROPS, 3);
	assert_number(domain, DOMAIN_NICS, 4);
	assert_number(snapshot_find(t.now, TABLE_NIC, a), NIC_PACKET_SIZE, 200);
	done(&t);
}

static void only_first_rates(void **state)
{
	struct two t = two_samples();
	struct key g = guest(&t, 42), lonely = guest(&t, 43);
	struct key a = nic(&t, g, "a", 0, "vhost-net", 1)->key;
	struct row *user = nic(&t, lonely, "u", 0, "userspace", 1);

	(void)state;
	count(&t, a, NIC_RECEIVE, UINT64_MAX, 70000);
	cell_set_missing(user, NIC_RECEIVE, STATE_DENIED, 12 * NS_PER_SEC);
	finish(&t);
	assert_int_equal(snapshot_find(t.now, TABLE_DOMAIN, g)->cell[DOMAIN_NET_RECEIVE].rate_state,
	    STATE_FIRST);
	assert_int_equal(snapshot_find(t.now, TABLE_DOMAIN, lonely)->cell[DOMAIN_NET_RECEIVE].state,
	    STATE_DENIED);
	done(&t);
}

static struct row *on(
    struct two *t, struct key owner, const char *name, int column, const char *wire)
{
	struct row *row = nic(t, owner, name, 0, "vhost-net", 1);

	cell_set_text(t->now, row, column, wire, 1);
	return row;
}

/* Two NICs of one guest on a bridge are one guest. */
static void guests_on_a_bridge(void **state)
{
	struct two t = two_samples();
	struct key a = guest(&t, 1), b = guest(&t, 2), c = guest(&t, 3);
	struct row *a1 = on(&t, a, "a1", NIC_BRIDGE, "br0"),
		   *a2 = on(&t, a, "a2", NIC_BRIDGE, "br0");
	struct row *b1 = on(&t, b, "b1", NIC_BRIDGE, "br0"),
		   *c1 = on(&t, c, "c1", NIC_BRIDGE, "br1");
	struct row *b2 = on(&t, b, "b2", NIC_UPLINK, "eth0"),
		   *c2 = on(&t, c, "c2", NIC_UPLINK, "eth0");
	struct row *none = nic(&t, c, "c3", 0, "userspace", 1);

	(void)state;
	finish(&t);
	assert_number(a1, NIC_BRIDGE_GUESTS, 2);
	assert_number(a2, NIC_BRIDGE_GUESTS, 2);
	assert_number(b1, NIC_BRIDGE_GUESTS, 2);
	assert_number(c1, NIC_BRIDGE_GUESTS, 1);
	assert_number(b2, NIC_BRIDGE_GUESTS, 2);
	assert_number(c2, NIC_BRIDGE_GUESTS, 2);
	assert_false(cell_has(none, NIC_BRIDGE_GUESTS));
	done(&t);
}

static struct row *device(struct two *t, struct key owner, int node)
{
	struct row *row = snapshot_row(t->now, TABLE_PCI, key_of(owner, 99));

	if (node >= 0)
		cell_set_number(row, PCI_NODE, node, 1);
	return row;
}

static void runs_on(struct two *t, struct key owner, unsigned vcpu, unsigned cpu)
{
	struct row *row = snapshot_row(t->now, TABLE_VCPU, key_of(owner, 100 + vcpu));

	cell_set_number(row, VCPU_CPU, cpu, 1);
	row = snapshot_row(t->now, TABLE_CPU, key_host(cpu));
	cell_set_number(row, CPU_NODE, cpu / 2, 1);
}

static void devices_and_nodes(void **state)
{
	struct two t = two_samples();
	struct key a = guest(&t, 1), b = guest(&t, 2), c = guest(&t, 3), d = guest(&t, 4);
	struct row *yes = device(&t, a, 1), *part = device(&t, b, 0), *no = device(&t, c, 3);
	struct row *unknown = device(&t, d, -1);

	(void)state;
	runs_on(&t, a, 0, 2);
	runs_on(&t, a, 1, 3);
	runs_on(&t, b, 0, 0);
	runs_on(&t, b, 1, 2);
	runs_on(&t, c, 0, 1);
	runs_on(&t, d, 0, 1);
	finish(&t);
	assert_string_equal(cell_text(yes, PCI_LOCAL), "yes");
	assert_string_equal(cell_text(part, PCI_LOCAL), "part");
	assert_string_equal(cell_text(part, PCI_GUEST_NODES), "0-1");
	assert_string_equal(cell_text(no, PCI_LOCAL), "no");
	assert_false(cell_has(unknown, PCI_LOCAL));
	done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_nic),
		cmocka_unit_test(told_by_order),
		cmocka_unit_test(not_to_be_told_apart),
		cmocka_unit_test(no_worker),
		cmocka_unit_test(sums_of_a_guest),
		cmocka_unit_test(only_first_rates),
		cmocka_unit_test(guests_on_a_bridge),
		cmocka_unit_test(devices_and_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
