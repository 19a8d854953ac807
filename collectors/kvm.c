/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's own statistics. Per vCPU by the statistics descriptors that QEMU keeps open since 8.1, per
 * guest by debugfs. QEMU's monitor is never asked for them: older ones interrupt every vCPU to
 * answer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mounts.h"
#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/fd_watch.h"
#include "collectors/guest_list.h"
#include "collectors/kvm_stats.h"
#include "collectors/kvm_taken.h"

/* The kernel's statistics of a vCPU take some 4 KiB. */
#define STATS_SIZE_MAX 65536
/* All vCPUs of a host are described alike; a captured one may say otherwise. */
#define LAYOUTS_MAX 8
/* How long a guest that has nothing to read is left alone: at first, and at last. */
#define WAIT_MIN_NS NS_PER_SEC
#define WAIT_MAX_NS (64 * NS_PER_SEC)
/* Of these, so many are looked at again in one reading. */
#define LOOKS_MAX 2
/* Far above what KVM allows. */
#define VCPU_NUMBERS 65536
/* At least as many as columns of guests have a name of KVM's. */
#define MACHINE_FILES 16
#define DEBUGFS_MOUNT "sys/kernel/debug"
#define DEBUGFS DEBUGFS_MOUNT "/kvm"
/* As the administrator writes it. */
#define AT_ROOT "/"

/* Where the statistics that have a column lie. */
struct layout {
	unsigned char *bytes;
	struct kvm_stats stats;
	struct kvm_stat stat[VCPU_COLUMNS];
	bool has[VCPU_COLUMNS];
};

/* What a machine's file below debugfs said last. */
struct machine_file {
	uint64_t value, at_ns;
	int error;
};

struct guest {
	struct key key;
	struct kvm_taken_list taken;
	uint32_t *number; /* of its vCPU threads, ascending */
	size_t numbers, cap, numbers_before;
	uint64_t look_at_ns, wait_ns;
	struct fd_watch watch;
	int taken_error; /* why descriptors could not be had; 0: it keeps none */
	bool lost;       /* those that were had, or the last look failed */
	char *debugfs;   /* its directory; NULL: not known */
	int debugfs_error;
	struct machine_file file[MACHINE_FILES]; /* in the order of their columns */
	size_t readings;                         /* of these */
	bool by_descriptor, by_debugfs;          /* in this reading */
	bool emulated; /* runs without KVM, which therefore knows nothing of it */
};

struct kvm {
	struct guest_list guests;
	struct layout layout[LAYOUTS_MAX];
	size_t layouts;
	size_t looks;          /* again, in this reading */
	struct names machines; /* below debugfs; read at most once in a reading */
	bool machines_read;
	int machines_error;
	unsigned char buf[STATS_SIZE_MAX];
};

void *kvm_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct kvm));
}

static void guest_done(void *item)
{
	struct guest *g = item;

	kvm_taken_done(&g->taken);
	free(g->number);
	free(g->debugfs);
}

void kvm_close(void *state)
{
	struct kvm *k = state;

	if (!k)
		return;
	guest_list_done(&k->guests, guest_done);
	for (size_t i = 0; i < k->layouts; i++)
		free(k->layout[i].bytes);
	names_done(&k->machines);
	free(k);
}

static bool is_ours(const struct column *c)
{
	return c->src == SRC_KVM && c->key;
}

/* False where the threads do not tell their numbers. */
static bool vcpu_number(const struct row *row, uint32_t *ret)
{
	double v = cell_number(row, VCPU_NUMBER, -1);

	if (!(v >= 0 && v < VCPU_NUMBERS))
		return false;
	*ret = (uint32_t)v;
	return true;
}

static void set_vcpu_missing(struct row *row, enum state why, uint64_t at_ns)
{
	for (int i = 0; i < VCPU_COLUMNS; i++)
		if (is_ours(&table_kinds[TABLE_VCPU].column[i]))
			cell_set_missing(row, i, why, at_ns);
}

static void layout_init(struct layout *l, const struct kvm_stats *stats)
{
	*l = (struct layout){ .stats = *stats, .bytes = xmalloc(stats->size) };
	memcpy(l->bytes, stats->bytes, stats->size);
	l->stats.bytes = l->bytes;
	for (int i = 0; i < VCPU_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_VCPU].column[i];

		l->has[i] = is_ours(c) && kvm_stats_find(stats, c->key, &l->stat[i]) == 0;
	}
}

static const struct layout *find_layout(struct kvm *k, const struct kvm_stats *stats)
{
	for (size_t i = 0; i < k->layouts; i++)
		if (kvm_stats_alike(&k->layout[i].stats, stats))
			return &k->layout[i];
	if (k->layouts == LAYOUTS_MAX)
		free(k->layout[--k->layouts].bytes);
	layout_init(&k->layout[k->layouts], stats);
	return &k->layout[k->layouts++];
}

/* The bytes of one vCPU into its row. */
static int write_vcpu(struct kvm *k, struct reading *r, struct row *row, size_t size)
{
	uint64_t at_ns = reading_now(r);
	const struct layout *l;
	struct kvm_stats stats;
	int error = kvm_stats_open(k->buf, size, &stats);

	if (error < 0)
		return error;
	l = find_layout(k, &stats);
	for (int i = 0; i < VCPU_COLUMNS; i++) {
		uint64_t v;

		if (!is_ours(&table_kinds[TABLE_VCPU].column[i]))
			continue;
		if (l->has[i] && kvm_stat_read(&l->stat[i], k->buf, size, &v) == 0)
			cell_set_count(row, i, v, at_ns);
		else
			cell_set_missing(row, i, STATE_ABSENT, at_ns);
	}
	return 0;
}

static int read_live(
    struct kvm *k, struct reading *r, struct guest *g, int process, uint32_t number)
{
	uint32_t pid = (uint32_t)g->key.owner;
	struct kvm_taken *taken = kvm_taken_find(&g->taken, g->number, g->numbers, number);
	char path[64];
	ssize_t n;

	if (!taken)
		return -ENOENT;
	if (process < 0)
		return process;
	n = kvm_taken_read(r->root, g->key, process, taken, k->buf, sizeof(k->buf));
	if (n < 0)
		return (int)n;
	snprintf(path, sizeof(path), "kvmtop/kvmstats/%u/%u", pid, number);
	root_note(r->root, path, (const char *)k->buf, (size_t)n);
	return (int)n;
}

static int read_captured(struct kvm *k, struct reading *r, uint32_t pid, uint32_t number)
{
	char path[64];

	snprintf(path, sizeof(path), "kvmtop/kvmstats/%u/%u", pid, number);
	return (int)root_read(r->root, path, (char *)k->buf, sizeof(k->buf));
}

static void read_vcpu(
    struct kvm *k, struct reading *r, struct guest *g, int process, struct row *row)
{
	uint32_t number;
	int n = -ENOENT;

	if (vcpu_number(row, &number))
		n = root_is_live(r->root) ? read_live(k, r, g, process, number)
					  : read_captured(k, r, (uint32_t)g->key.owner, number);
	if (n > 0)
		n = write_vcpu(k, r, row, (size_t)n);
	else if (n == 0)
		n = -EINVAL;
	g->by_descriptor |= n == 0;
	if (n == 0)
		return;
	if (n != -ENOENT) {
		/* What was known of its descriptors no longer holds. */
		g->taken_error = n == -ESTALE ? 0 : n;
		g->taken.n = 0;
		g->lost = true;
		if (n == -ESTALE)
			g->look_at_ns = g->wait_ns = 0;
	}
	set_vcpu_missing(
	    row, g->taken_error ? state_of_errno(g->taken_error) : STATE_ABSENT, reading_now(r));
}

static struct guest *guest_of(struct kvm *k, const struct snapshot *s, const struct row *row)
{
	const struct row *domain = snapshot_find(s, TABLE_DOMAIN, key_of(row->key, 0));

	return domain ? k->guests.item[domain->number] : NULL;
}

/* Rows of one guest follow each other, so that its process is opened once. */
static void read_vcpus(struct kvm *k, struct reading *r)
{
	const struct table *vcpus = &r->into->table[TABLE_VCPU];
	const struct guest *opened = NULL;
	int process = -ENOENT;

	for (size_t i = 0; i < vcpus->n; i++) {
		struct guest *g = guest_of(k, r->into, vcpus->row[i]);

		if (!g || g->emulated)
			continue;
		if (g != opened && g->taken.n > 0) {
			if (process >= 0)
				close(process);
			process = kvm_taken_process((uint32_t)g->key.owner);
			opened = g;
		}
		read_vcpu(k, r, g, process, vcpus->row[i]);
	}
	if (process >= 0)
		close(process);
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void count_vcpus(struct kvm *k, const struct snapshot *s)
{
	const struct table *vcpus = &s->table[TABLE_VCPU];

	for (size_t i = 0; i < k->guests.n; i++) {
		struct guest *g = k->guests.item[i];

		g->numbers = 0;
		g->by_descriptor = g->by_debugfs = false;
	}
	for (size_t i = 0; i < vcpus->n; i++) {
		struct guest *g = guest_of(k, s, vcpus->row[i]);
		uint32_t number;

		if (!g || !vcpu_number(vcpus->row[i], &number))
			continue;
		g->number = xgrow(g->number, g->numbers, &g->cap, sizeof(*g->number));
		g->number[g->numbers++] = number;
	}
	for (size_t i = 0; i < k->guests.n; i++) {
		struct guest *g = k->guests.item[i];

		if (g->numbers > 1)
			qsort(g->number, g->numbers, sizeof(*g->number), compare_numbers);
	}
}

static bool has_thread(
    const struct snapshot *s, enum table_id t, int column, struct key guest, uint64_t tid)
{
	for (size_t i = 0; i < s->table[t].n; i++) {
		const struct row *row = s->table[t].row[i];

		if (key_same_owner(row->key, guest) && cell_number(row, column, 0) == (double)tid)
			return true;
	}
	return false;
}

/* "TID-FD": the thread that made the machine, mostly the first one, and its descriptor. */
static bool is_made_by(const struct snapshot *s, struct key guest, const char *machine)
{
	struct slice tid, fd;
	uint64_t v;

	if (!slice_cut(slice_of(machine), '-', &tid, &fd) || slice_u64(tid, &v) < 0)
		return false;
	return v == guest.owner || has_thread(s, TABLE_THREAD, THREAD_TID, guest, v) ||
	       has_thread(s, TABLE_VCPU, VCPU_TID, guest, v);
}

/* The first one, should there be more. */
static void find_machine(struct kvm *k, const struct reading *r, struct guest *g)
{
	char start[24];
	size_t len = (size_t)snprintf(start, sizeof(start), "%u-", (uint32_t)g->key.owner);

	if (!k->machines_read) {
		names_done(&k->machines);
		k->machines_error = root_list(r->root, DEBUGFS, &k->machines);
		k->machines_read = true;
	}
	free(g->debugfs);
	g->debugfs = NULL;
	g->debugfs_error = k->machines_error ? k->machines_error : -ESRCH;
	for (size_t i = 0; i < k->machines.n && !g->debugfs; i++)
		if (strncmp(k->machines.name[i], start, len) == 0)
			g->debugfs = xasprintf(DEBUGFS "/%s", k->machines.name[i]);
	/* Dear, and hardly ever needed. */
	for (size_t i = 0; i < k->machines.n && !g->debugfs; i++)
		if (is_made_by(r->into, g->key, k->machines.name[i]))
			g->debugfs = xasprintf(DEBUGFS "/%s", k->machines.name[i]);
}

/* For descriptors, and for the directory below debugfs. */
static void look(struct kvm *k, const struct reading *r, struct guest *g)
{
	bool changed = g->numbers != g->numbers_before, live = root_is_live(r->root);
	/* After so long it opens no more. */
	bool settled = g->wait_ns == WAIT_MAX_NS && !changed && !g->lost;

	g->numbers_before = g->numbers;
	if (live && g->taken.n > 0 && g->taken.n >= g->numbers && !changed)
		return;
	if (live && !changed && (r->now_ns < g->look_at_ns || k->looks++ >= LOOKS_MAX))
		return;
	/* A vCPU's thread is there a little before its descriptor. */
	g->wait_ns = changed || !g->wait_ns ? WAIT_MIN_NS : g->wait_ns * 4;
	if (g->wait_ns > WAIT_MAX_NS)
		g->wait_ns = WAIT_MAX_NS;
	g->look_at_ns = r->now_ns + g->wait_ns;
	if (live && !settled &&
	    (fd_watch_changed(&g->watch, r, (uint32_t)g->key.owner) || changed || g->lost)) {
		g->taken_error = kvm_taken_look(r->root, (uint32_t)g->key.owner, &g->taken);
		g->lost = g->taken_error != 0;
	}
	/* In any case: that there are descriptors does not mean that they may be taken. */
	find_machine(k, r, g);
}

/* Opening them takes its time: but for the first one they take turns, once there are rates. */
static bool is_its_turn(const struct reading *r, const struct guest *g, size_t file)
{
	return file == 0 || g->readings < 2 || (file + g->readings) % 2 == 0 || reading_thorough(r);
}

static void read_machine_file(
    const struct reading *r, const struct guest *g, const char *name, struct machine_file *f)
{
	char buf[64], *path = xasprintf("%s/%s", g->debugfs, name);
	ssize_t n = root_read(r->root, path, buf, sizeof(buf));

	free(path);
	f->error = n < 0 ? (int)n : parse_u64(buf, &f->value);
	f->at_ns = reading_now(r);
}

/* A machine whose vCPUs tell for themselves is not asked. */
static void read_machine_files(struct reading *r, struct guest *g, struct row *row)
{
	size_t n = 0;

	for (int i = 0; i < DOMAIN_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_DOMAIN].column[i];
		struct machine_file *f = &g->file[n];

		if (!is_ours(c) || n == MACHINE_FILES)
			continue;
		if (is_its_turn(r, g, n++))
			read_machine_file(r, g, c->key, f);
		if (f->error == 0) {
			cell_set_count(row, i, f->value, f->at_ns);
			g->by_debugfs = true;
		} else {
			cell_set_missing(row, i, state_of_errno(f->error), f->at_ns);
			g->debugfs_error = f->error;
		}
	}
	g->readings++;
}

static void lack_machine(const struct reading *r, const struct guest *g, struct row *row)
{
	int error = g->by_descriptor || !g->debugfs_error ? -ENOENT : g->debugfs_error;

	for (int i = 0; i < DOMAIN_COLUMNS; i++)
		if (is_ours(&table_kinds[TABLE_DOMAIN].column[i]))
			cell_set_missing(row, i, state_of_errno(error), reading_now(r));
}

static void read_machine(struct reading *r, struct guest *g, struct row *row)
{
	if (g->by_descriptor || !g->debugfs) {
		g->readings = 0;
		lack_machine(r, g, row);
		return;
	}
	read_machine_files(r, g, row);
	/* Refused: not to be tried at every reading. */
	if (!g->by_debugfs) {
		free(g->debugfs);
		g->debugfs = NULL;
	}
}

static void look_at_guests(struct kvm *k, struct reading *r)
{
	const struct table *domains = &r->into->table[TABLE_DOMAIN];

	for (size_t i = 0; i < domains->n; i++) {
		struct guest *g = k->guests.item[i];

		/* A QEMU opens KVM some time after its start. */
		g->emulated = strcmp(cell_text(domains->row[i], DOMAIN_VMM), VMM_EMULATED) == 0;
		if (guest_pid(domains->row[i]) && !g->emulated)
			look(k, r, g);
	}
}

static void read_machines(struct kvm *k, struct reading *r)
{
	const struct table *domains = &r->into->table[TABLE_DOMAIN];

	for (size_t i = 0; i < domains->n; i++) {
		struct guest *g = k->guests.item[i];

		if (guest_pid(domains->row[i]) && !g->emulated)
			read_machine(r, g, domains->row[i]);
	}
}

/* What keeps guests from being told in a better way. */
struct reasons {
	size_t guests;
	bool denied, keeps_none, unlike, refused, closed, missing, unknown;
};

static void add_reasons(struct reasons *x, const struct guest *g)
{
	x->guests++;
	x->denied |= state_of_errno(g->taken_error) == STATE_DENIED;
	x->keeps_none |= g->taken_error == 0 && g->taken.n == 0;
	x->unlike |= g->taken_error == 0 && g->taken.n > 0;
	x->refused |= g->debugfs_error == -EPERM;
	x->closed |= g->debugfs_error == -EACCES;
	x->missing |= g->debugfs_error == -ENOENT;
	x->unknown |= g->debugfs_error == -ESRCH;
}

static bool is_debugfs_mounted(const struct root *root)
{
	struct text table = { 0 };
	struct cursor c;
	struct mount m;
	bool mounted = false;

	if (root_read_all(root, "proc/self/mounts", &table) == 0) {
		cursor_init(&c, table.p, table.len);
		while (!mounted && mount_next(&c, &m))
			mounted = slice_eq(m.type, "debugfs");
	}
	text_done(&table);
	return mounted;
}

/* "none [integrity] confidentiality": both of the latter shut debugfs. */
static const char *why_refused(const struct root *root)
{
	char buf[64];
	bool locked = root_read(root, "sys/kernel/security/lockdown", buf, sizeof(buf)) > 0 &&
		      strchr(buf, '[') && !strstr(buf, "[none]");

	return locked ? "debugfs is locked down (Secure Boot)" : "debugfs refuses";
}

/* A guest that has a machine's descriptor shows as well as the module that KVM is there. */
static const char *why_missing(const struct reading *r)
{
	if (!is_debugfs_mounted(r->root))
		return "debugfs is not mounted (mount -t debugfs none " AT_ROOT DEBUGFS_MOUNT ")";
	return root_exists(r->root, "sys/module/kvm") ? "KVM has no directory in debugfs"
						      : "KVM is not loaded";
}

/* "2 guests WHAT: REASON, REASON." */
static void note_reasons(struct reading *r, const struct reasons *x, const char *what)
{
	const struct {
		bool is_so;
		const char *text;
	} all[] = {
		{ x->denied, "CAP_SYS_PTRACE is missing" },
		{ x->keeps_none, "no statistics descriptors (QEMU 8.1 and later keep them)" },
		{ x->unlike, "descriptors and threads are numbered differently" },
		{ x->refused, x->refused ? why_refused(r->root) : "" },
		{ x->closed, "debugfs needs CAP_DAC_READ_SEARCH" },
		{ x->missing, x->missing ? why_missing(r) : "" },
		{ x->unknown, "KVM knows no such machine" },
	};
	char text[240] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].is_so)
			len += (size_t)snprintf(
			    text + len, sizeof(text) - len, "%s%s", len ? ", " : ": ", all[i].text);
	if (x->guests && (x->denied || x->refused || x->closed || x->missing))
		reading_lacks(
		    r, "%zu guest%s %s%s.", x->guests, x->guests == 1 ? "" : "s", what, text);
	else if (x->guests)
		reading_note(
		    r, "%zu guest%s %s%s.", x->guests, x->guests == 1 ? "" : "s", what, text);
}

/* Which way was taken for how many guests; first of all those who lack something. */
static enum state note_ways(const struct kvm *k, struct reading *r)
{
	struct reasons nothing = { 0 }, whole = { 0 }, each = { 0 };
	size_t emulated = 0;

	for (size_t i = 0; i < k->guests.n; i++) {
		const struct guest *g = k->guests.item[i];

		if (guest_pid(r->into->table[TABLE_DOMAIN].row[i]) == 0)
			continue;
		if (g->emulated)
			emulated++;
		else if (g->by_descriptor)
			each.guests++;
		else
			add_reasons(g->by_debugfs ? &whole : &nothing, g);
	}
	/* Those that are told by debugfs may have failed there before. */
	whole.refused = whole.closed = whole.missing = whole.unknown = false;
	note_reasons(r, &nothing, "without KVM's statistics");
	note_reasons(r, &whole, "by debugfs, so not per vCPU");
	note_reasons(r, &each, "by statistics descriptors");
	if (emulated)
		reading_note(
		    r, "%zu guest%s emulated, so without KVM.", emulated, emulated == 1 ? "" : "s");
	if (each.guests + whole.guests + nothing.guests == 0)
		return STATE_OK;
	return each.guests + whole.guests > 0                        ? STATE_OK
	       : nothing.denied || nothing.refused || nothing.closed ? STATE_DENIED
								     : STATE_ABSENT;
}

enum state kvm_read(struct reading *r)
{
	struct kvm *k = r->state;

	k->machines_read = false;
	k->looks = 0;
	guest_list_update(&k->guests, r->into, sizeof(struct guest), guest_done);
	count_vcpus(k, r->into);
	look_at_guests(k, r);
	read_vcpus(k, r);
	read_machines(k, r);
	return note_ways(k, r);
}
