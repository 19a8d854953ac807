/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transparent huge pages: the switches, and khugepaged, which makes them afterwards. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/kthread.h"
#include "collectors/values.h"

#define THP_DIR "sys/kernel/mm/transparent_hugepage"

struct thp {
	struct values values;
	struct kthread khugepaged;
};

static const struct values_kind thp_kind = { .table = TABLE_HOST, .src = SRC_THP, .choices = true };

void *thp_open(const struct sampling *options)
{
	struct thp *t = xcalloc(1, sizeof(*t));

	(void)options;
	values_init(&t->values, &thp_kind, THP_DIR);
	kthread_init(&t->khugepaged, "khugepaged");
	return t;
}

void thp_close(void *state)
{
	struct thp *t = state;

	values_done(&t->values);
	kthread_done(&t->khugepaged);
	free(t);
}

enum state thp_read(struct reading *r)
{
	struct thp *t = r->state;
	struct row *host = snapshot_row(r->into, TABLE_HOST, key_host(0));
	uint64_t now_ns = reading_now(r), run_ns;
	int error;

	if (values_read(&t->values, r, host) == 0) {
		reading_note(r, "This kernel has no transparent huge pages.");
		cell_set_missing(host, HOST_KHUGEPAGED_CPU, STATE_ABSENT, now_ns);
		return STATE_ABSENT;
	}
	error = kthread_run_ns(&t->khugepaged, r->root, now_ns, &run_ns);
	if (error < 0)
		cell_set_missing(host, HOST_KHUGEPAGED_CPU, state_of_errno(error), now_ns);
	else
		cell_set_count(host, HOST_KHUGEPAGED_CPU, run_ns, now_ns);
	return STATE_OK;
}
