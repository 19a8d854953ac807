/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs and devices of command lines, and counters of interfaces: names of both become paths. */
#include "base/archive.h"
#include "base/root.h"
#include "base/text.h"
#include "collectors/net_dev.h"
#include "collectors/nic_args.h"
#include "collectors/qemu_args.h"
#include "tests/fuzz/fuzz.h"

static void check_nic(const struct nic *nic)
{
	PROMISE(nic->name[0] && memchr(nic->name, '\0', sizeof(nic->name)));
	PROMISE(nic->backend[0] && memchr(nic->backend, '\0', sizeof(nic->backend)));
	PROMISE(memchr(nic->type, '\0', sizeof(nic->type)));
	PROMISE(memchr(nic->model, '\0', sizeof(nic->model)));
	PROMISE(nic->fd >= -1 && nic->queues <= 65536);
	PROMISE(!nic->interface[0] || interface_is_name(nic->interface));
}

static void check_args(const uint8_t *data, size_t size)
{
	struct qemu_args *args = qemu_args_parse((const char *)data, size);
	struct nic_args a = { 0 };

	nic_args_read(&a, args);
	qemu_args_free(args);
	PROMISE(a.n <= NICS_MAX && a.devices <= NICS_MAX);
	for (size_t i = 0; i < a.n; i++) {
		check_nic(&a.nic[i]);
		PROMISE(a.nic[i].number == (int)i);
	}
	for (size_t i = 0; i < a.devices; i++)
		PROMISE(strlen(a.device[i]) == 12 && !strchr(a.device[i], '/'));
	nic_args_done(&a);
}

static void check_net_dev(const uint8_t *data, size_t size)
{
	static const char head[] = "kvmtop-host 1\n## 1 1\n";
	struct net_dev d = { 0 };
	struct text archive = { 0 };
	struct root *root;

	text_append(&archive, head, sizeof(head) - 1);
	archive_write_entry(&archive, "proc/net/dev", false, (const char *)data, size);
	text_append(&archive, ARCHIVE_END, strlen(ARCHIVE_END));
	if (root_open_archive(archive.p, archive.len, &root) == 0) {
		if (net_dev_read(&d, root, "proc/net/dev") == 0)
			for (size_t i = 0; i < d.n; i++) {
				PROMISE(interface_is_name(d.interface[i].name));
				PROMISE(net_dev_find(&d, d.interface[i].name));
			}
		root_close(root);
	}
	net_dev_done(&d);
	text_done(&archive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_args(data, size);
	check_net_dev(data, size);
	return 0;
}
