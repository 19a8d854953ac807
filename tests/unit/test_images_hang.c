/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that hang whoever opens them: of the test's own threads none ever comes back. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/root.h"
#include "collectors/collector.h"
#include "collectors/patient.h"

/* The linker puts these in the place of collectors/patient.c. */
struct patient {
	char unused;
};

static struct patient one;
static size_t started, given_up;
static bool comes_back;

struct patient *__wrap_patient_start(const struct root *root, const char *path,
    int (*read)(const struct root *root, const char *path, struct text *ret));
bool __wrap_patient_take(struct patient *p, uint64_t wait_ns, struct text *ret);
void __wrap_patient_free(struct patient *p);

struct patient *__wrap_patient_start(const struct root *root, const char *path,
    int (*read)(const struct root *root, const char *path, struct text *ret))
{
	(void)root;
	(void)path;
	(void)read;
	started++;
	return &one;
}

bool __wrap_patient_take(struct patient *p, uint64_t wait_ns, struct text *ret)
{
	(void)p;
	(void)wait_ns;
	(void)ret;
	return comes_back;
}

void __wrap_patient_free(struct patient *p)
{
	given_up += p != NULL;
}

/* This process stands for the guest: it holds images open. */
struct host {
	struct root *root;
	void *state;
	uint64_t now_ns;
	char note[240];
};

static void read_images(struct host *h, const char *const *sources, size_t n)
{
	struct snapshot *s = snapshot_new(root_now(h->root));
	struct key guest = key_process((uint32_t)getpid(), 7);
	struct sampling options = { 0 };
	struct reading r = { .state = h->state, .root = h->root, .options = &options };

	snapshot_row(s, TABLE_DOMAIN, guest);
	for (size_t i = 0; i < n; i++) {
		struct row *row = snapshot_row(s, TABLE_DISK, key_of(guest, key_item(sources[i])));

		cell_set_text(s, row, DISK_SOURCE, sources[i], 1);
		cell_set_text(s, row, DISK_FORMAT, "qcow2", 1);
	}
	snapshot_link(s);
	h->now_ns += 31 * NS_PER_SEC;
	r.now_ns = h->now_ns;
	r.latest = r.into = s;
	assert_int_equal(images_read(&r), STATE_OK);
	snprintf(h->note, sizeof(h->note), "%s", r.note);
	snapshot_unref(s);
}

static void threads_are_bounded(void **state)
{
	struct host h = { .state = images_open(NULL), .now_ns = NS_PER_SEC };
	char path[8][64];
	const char *source[8];
	int fd[8];

	(void)state;
	assert_int_equal(root_open("/", &h.root), 0);
	for (int i = 0; i < 8; i++) {
		snprintf(path[i], sizeof(path[i]), "/tmp/kvmtop-images-%d-XXXXXX", i);
		fd[i] = mkstemp(path[i]);
		assert_true(fd[i] >= 0);
		source[i] = path[i];
	}
	/* One image, looked at again and again. */
	for (int i = 0; i < 10; i++)
		read_images(&h, source, 1);
	assert_int_equal(started, 1);
	assert_non_null(strstr(h.note, "1 image does not answer"));
	/* Disks that come and go leave their threads behind. */
	for (size_t i = 1; i < 8; i++)
		read_images(&h, source + i, 1);
	assert_int_equal(started, 4);
	assert_int_equal(given_up, 0);
	/* Without any disk, too. */
	comes_back = true;
	read_images(&h, source, 0);
	read_images(&h, source, 0);
	assert_int_equal(given_up, 4);
	read_images(&h, source, 8);
	assert_int_equal(started, 4 + 8);
	assert_int_equal(given_up, 4 + 8);
	assert_null(strstr(h.note, "answer"));
	images_close(h.state);
	root_close(h.root);
	for (int i = 0; i < 8; i++) {
		close(fd[i]);
		unlink(path[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
