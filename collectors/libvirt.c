/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identity, state, XML and pinning of guests, as libvirt knows them: calls that never enter a QEMU.
 * Each reading asks how many are active, and which ones when an event came, the number is another
 * one, or ten seconds are over; one is described anew when an event came for it, when its vCPUs
 * have become more or less (libvirt tells no event of that), and once a minute, each guest in
 * another reading.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/print.h"
#include "base/root.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/libvirt_defined.h"
#include "collectors/libvirt_link.h"
#include "collectors/libvirt_xml.h"
#include "collectors/values.h"

/* Events tell of most changes. For the others each guest is described anew, one in a second at
 * most. */
#define DESCRIBE_AGAIN_NS (60 * NS_PER_SEC)
#define DESCRIBE_EACH_NS NS_PER_SEC
#define LIST_AGAIN_NS (10 * NS_PER_SEC)
/* While a call of ours hangs events still come; beyond this all guests count as changed. */
#define CHANGES_MAX 4096
/* A guest that has just been started may be known to libvirt before its process is seen here. */
#define READINGS_ALONE 2

struct known {
	char uuid[LIBVIRT_UUID_SIZE];
	char *name;
	int id;
	struct libvirt_description description;
	struct libvirt_domain_xml xml, saved;
	bool has_xml, has_saved;
	bool listed;               /* in this reading */
	uint64_t described_ns;     /* 0: to be described anew */
	uint64_t again_ns;         /* when that is, whatever happens */
	size_t vcpus;              /* threads seen when it was described */
	unsigned alone;            /* readings without a process, one after another */
	const struct row *process; /* in r->latest of this reading */
};

struct watcher {
	struct libvirt_link link;
	struct known *guest;
	size_t n, cap;
	size_t next;   /* where the guest that is listed next probably is */
	size_t active; /* guests that were listed, also those that are not wanted here */
	uint64_t listed_ns;
	struct definitions definitions;
	size_t unread; /* XML of so many guests made no sense */

	pthread_mutex_t lock; /* guards what follows: another thread tells of changes */
	struct names changed;
	bool all_changed;
};

/* Rows of guests with a process, by uuid, and what libvirt knows of each. */
struct process_index {
	const struct row **row;
	size_t n;
	struct known **known; /* by the row's number */
	size_t *vcpus;        /* alike */
};

static void note_change(void *ctx, const char *uuid)
{
	struct watcher *w = ctx;

	pthread_mutex_lock(&w->lock);
	if (w->changed.n < CHANGES_MAX)
		names_add(&w->changed, uuid, strlen(uuid));
	else
		w->all_changed = true;
	pthread_mutex_unlock(&w->lock);
}

void *libvirt_open(const struct sampling *options)
{
	struct watcher *w = xcalloc(1, sizeof(*w));

	libvirt_xml_init();
	pthread_mutex_init(&w->lock, NULL);
	libvirt_link_init(&w->link, options->uri, note_change, w);
	return w;
}

static void forget_description(struct known *k)
{
	free(k->description.xml);
	free(k->description.saved);
	if (k->has_xml)
		libvirt_domain_xml_done(&k->xml);
	if (k->has_saved)
		libvirt_domain_xml_done(&k->saved);
	k->description = (struct libvirt_description){ 0 };
	k->has_xml = k->has_saved = false;
	k->described_ns = 0;
}

static void forget(struct known *k)
{
	forget_description(k);
	free(k->name);
}

void libvirt_close(void *state)
{
	struct watcher *w = state;

	libvirt_link_done(&w->link);
	for (size_t i = 0; i < w->n; i++)
		forget(&w->guest[i]);
	free(w->guest);
	definitions_done(&w->definitions);
	names_done(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* libvirt lists guests in much the same order each time. */
static struct known *find_known(struct watcher *w, const char *uuid)
{
	for (size_t i = 0; i < w->n; i++) {
		struct known *k = &w->guest[(w->next + i) % w->n];

		if (strcasecmp(k->uuid, uuid) == 0) {
			w->next = (size_t)(k - w->guest) + 1;
			return k;
		}
	}
	return NULL;
}

/* Whether anything has changed at all. */
static bool take_changes(struct watcher *w, bool all)
{
	struct names changed;
	bool any;

	pthread_mutex_lock(&w->lock);
	changed = w->changed;
	all |= w->all_changed;
	w->changed = (struct names){ 0 };
	w->all_changed = false;
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < changed.n; i++) {
		struct known *k = find_known(w, changed.name[i]);

		if (k)
			k->described_ns = 0;
	}
	for (size_t i = 0; all && i < w->n; i++)
		w->guest[i].described_ns = 0;
	any = all || changed.n > 0;
	names_done(&changed);
	return any;
}

static bool is_wanted(const struct sampling *options, const struct libvirt_guest *guest)
{
	return !options->guest || strcmp(options->guest, guest->name) == 0 ||
	       strcasecmp(options->guest, guest->uuid) == 0;
}

struct listing {
	struct watcher *w;
	const struct sampling *options;
};

static void note_guest(void *ctx, const struct libvirt_guest *guest)
{
	struct listing *l = ctx;
	struct watcher *w = l->w;
	struct known *k;

	w->active++;
	if (!is_wanted(l->options, guest))
		return;
	k = find_known(w, guest->uuid);
	if (!k) {
		w->guest = xgrow(w->guest, w->n, &w->cap, sizeof(*w->guest));
		k = &w->guest[w->n++];
		*k = (struct known){ 0 };
		memcpy(k->uuid, guest->uuid, sizeof(k->uuid));
	}
	/* Restarted between two readings: another process, and maybe another XML. */
	if (k->id != guest->id)
		k->described_ns = 0;
	if (!k->name || strcmp(k->name, guest->name) != 0) {
		free(k->name);
		k->name = xstrdup(guest->name);
	}
	k->id = guest->id;
	k->listed = true;
}

static int list_guests(struct watcher *w, const struct sampling *options)
{
	struct listing l = { .w = w, .options = options };
	size_t kept = 0;
	int r;

	for (size_t i = 0; i < w->n; i++)
		w->guest[i].listed = false;
	w->next = w->active = 0;
	r = w->link.ops->list(w->link.connection, note_guest, &l, w->link.error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < w->n; i++)
		if (w->guest[i].listed)
			w->guest[kept++] = w->guest[i];
		else
			forget(&w->guest[i]);
	w->n = kept;
	return 0;
}

/* As list_guests, where another answer than the last is to be expected. */
static int update_guests(struct watcher *w, const struct reading *r, bool changed)
{
	int n;

	if (!changed && root_is_live(r->root) && !reading_thorough(r) && w->listed_ns &&
	    r->now_ns < w->listed_ns + LIST_AGAIN_NS) {
		n = w->link.ops->count(w->link.connection, w->link.error);
		if (n < 0 || (size_t)n == w->active)
			return n;
	}
	n = list_guests(w, r->options);
	/* A list that failed is asked for again at once. */
	w->listed_ns = n < 0 ? 0 : r->now_ns;
	return n;
}

static int compare_uuid(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

	return strcasecmp(cell_text(x, DOMAIN_UUID), cell_text(y, DOMAIN_UUID));
}

static void index_init(struct process_index *index, const struct snapshot *latest)
{
	const struct table *t = &latest->table[TABLE_DOMAIN];

	*index = (struct process_index){
		.row = xcalloc(t->n + 1, sizeof(struct row *)),
		.known = xcalloc(t->n + 1, sizeof(struct known *)),
		.vcpus = xcalloc(t->n + 1, sizeof(size_t)),
	};
	for (size_t i = 0; i < t->n; i++)
		if (guest_pid(t->row[i]))
			index->row[index->n++] = t->row[i];
	if (index->n > 1)
		qsort(index->row, index->n, sizeof(struct row *), compare_uuid);
	for (size_t i = 0; i < latest->table[TABLE_VCPU].n; i++) {
		const struct row *domain = latest->table[TABLE_VCPU].row[i]->domain;

		if (domain)
			index->vcpus[domain->number]++;
	}
}

static void index_done(struct process_index *index)
{
	free(index->row);
	free(index->known);
	free(index->vcpus);
}

/* Rows hold names sanitised. */
static bool has_name(const struct row *row, const char *name)
{
	char *clean = sanitize_dup(name, strlen(name));
	bool same = *clean && strcmp(cell_text(row, DOMAIN_NAME), clean) == 0;

	free(clean);
	return same;
}

/*
 * The process that runs the guest: the one with its uuid; among several of these, and where a
 * command line tells no uuid, the name decides.
 */
static const struct row *find_process(const struct process_index *index, const struct known *k)
{
	const struct row *found = NULL;
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcasecmp(cell_text(index->row[middle], DOMAIN_UUID), k->uuid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < index->n; low++) {
		if (strcasecmp(cell_text(index->row[low], DOMAIN_UUID), k->uuid) != 0)
			break;
		if (!found || has_name(index->row[low], k->name))
			found = index->row[low];
	}
	/* Rows without uuid come first. */
	for (size_t i = 0; !found && i < index->n && !cell_has(index->row[i], DOMAIN_UUID); i++)
		if (has_name(index->row[i], k->name))
			found = index->row[i];
	return found;
}

static void find_processes(struct watcher *w, struct process_index *index)
{
	bool local = w->link.ops->is_local(w->link.connection);

	for (size_t i = 0; i < w->n; i++) {
		struct known *k = &w->guest[i];

		k->process = local ? find_process(index, k) : NULL;
		k->alone = k->process ? 0 : k->alone + 1;
		if (!k->process)
			continue;
		index->known[k->process->number] = k;
		if (k->vcpus != index->vcpus[k->process->number])
			k->described_ns = 0;
	}
}

static bool parse(const char *xml, struct libvirt_domain_xml *ret)
{
	return xml && libvirt_domain_xml_parse(xml, strlen(xml), ret) == 0;
}

static uint64_t describe_period(const struct watcher *w)
{
	uint64_t all_ns = w->n * DESCRIBE_EACH_NS;

	return all_ns > DESCRIBE_AGAIN_NS ? all_ns : DESCRIBE_AGAIN_NS;
}

static void describe(struct reading *r, struct known *k, const struct process_index *index)
{
	struct watcher *w = r->state;
	struct libvirt_description description;

	/* -ENOENT: it has ended since it was listed. */
	if (w->link.ops->describe(w->link.connection, k->uuid, &description, w->link.error) < 0)
		return;
	forget_description(k);
	k->description = description;
	k->again_ns = turn_after(
	    k->again_ns, reading_now(r), describe_period(w), (size_t)(k - w->guest) + 1, w->n);
	k->described_ns = reading_now(r);
	k->vcpus = k->process ? index->vcpus[k->process->number] : 0;
	k->has_xml = parse(description.xml, &k->xml);
	k->has_saved = parse(description.saved, &k->saved);
	/* Only a capture tells them on. */
	if (!reading_thorough(r)) {
		free(k->description.xml);
		free(k->description.saved);
		k->description.xml = k->description.saved = NULL;
	}
}

static void describe_guests(struct reading *r, const struct process_index *index)
{
	struct watcher *w = r->state;

	w->unread = 0;
	for (size_t i = 0; i < w->n; i++) {
		struct known *k = &w->guest[i];

		if (k->described_ns == 0 || r->exact || r->now_ns >= k->again_ns)
			describe(r, k, index);
		w->unread += !k->has_xml;
	}
}

static void set_cpus(
    struct snapshot *into, struct row *row, int column, const struct cpuset *cpus, uint64_t at_ns)
{
	char *list;

	if (!cpus)
		return;
	list = cpuset_format_dup(cpus);
	cell_set_text(into, row, column, list, at_ns);
	free(list);
}

static void fill_from_xml(struct reading *r, struct row *row, const struct libvirt_domain_xml *x)
{
	uint64_t at = reading_now(r), page_bytes = x->huge_page_bytes;
	char *policy = libvirt_numa_policy_dup(x);

	if (x->huge_pages && page_bytes == 0)
		page_bytes = host_huge_page_bytes(r->root);

	if (policy)
		cell_set_text(r->into, row, DOMAIN_NUMA_MODE, policy, at);
	free(policy);
	if (x->title)
		cell_set_text(r->into, row, DOMAIN_TITLE, x->title, at);
	if (x->apic_eoi)
		cell_set_text(r->into, row, DOMAIN_APIC_EOI, x->apic_eoi, at);
	if (x->x2apic)
		cell_set_text(r->into, row, DOMAIN_X2APIC, x->x2apic, at);
	if (x->memory_bytes)
		cell_set_number(row, DOMAIN_MEMORY, (double)x->memory_bytes, at);
	if (page_bytes)
		cell_set_number(row, DOMAIN_HUGE_SIZE, (double)page_bytes, at);
	cell_set_text(
	    r->into, row, DOMAIN_BALLOON_MODEL, x->balloon_model ? x->balloon_model : "none", at);
	cell_set_number(row, DOMAIN_BALLOON_PERIOD, x->balloon_period_s, at);
	if (x->vcpus) {
		cell_set_number(row, DOMAIN_VCPUS_DEFINED, x->vcpus, at);
		cell_set_number(row, DOMAIN_VCPUS_MAXIMUM, x->vcpus_maximum, at);
	}
	if (x->limit.quota_us > 0)
		cell_set_number(row, DOMAIN_VCPU_QUOTA, (double)x->limit.quota_us, at);
	set_cpus(r->into, row, DOMAIN_EMULATOR_PINNED, libvirt_emulator_cpus(x), at);
	guest_cpu_write(r, row, &x->cpu);
	guest_memory_write(r, row, &x->memory);
	libvirt_nics_fill(r, row->key, &x->nics);
	disk_configs_write(r, row->key, &x->disks);
}

/* Of what it starts from the next time only what can be changed while it runs, and then lost, or
 * the other way round. */
static void fill_from_saved(
    struct reading *r, struct row *row, const struct libvirt_domain_xml *saved)
{
	uint64_t at = reading_now(r);
	char *policy = libvirt_numa_policy_dup(saved);

	cell_set_text(r->into, row, DOMAIN_SAVED, "yes", at);
	if (saved->cpu.mode)
		cell_set_text(r->into, row, DOMAIN_CPU_MODE_SAVED, saved->cpu.mode, at);
	if (policy)
		cell_set_text(r->into, row, DOMAIN_NUMA_MODE_SAVED, policy, at);
	free(policy);
	set_cpus(r->into, row, DOMAIN_EMULATOR_PINNED_SAVED, libvirt_emulator_cpus(saved), at);
	guest_memory_write_saved(r, row, &saved->memory);
}

static void fill_guest(struct reading *r, const struct known *k)
{
	unsigned patience = root_is_live(r->root) ? READINGS_ALONE : 0;
	const char *autostart = k->description.autostart ? "yes" : "no";
	uint64_t at = reading_now(r);
	struct row *row;

	if (k->described_ns == 0 || (!k->process && k->alone < patience))
		return;
	row = snapshot_row(r->into, TABLE_DOMAIN, k->process ? k->process->key : key_uuid(k->uuid));
	cell_set_text(r->into, row, DOMAIN_NAME, k->name, at);
	cell_set_text(r->into, row, DOMAIN_UUID, k->uuid, at);
	if (k->id >= 0)
		cell_set_number(row, DOMAIN_LIBVIRT_ID, k->id, at);
	if (k->description.state != LIBVIRT_UNKNOWN)
		cell_set_text(r->into, row, DOMAIN_LIBVIRT_STATE,
		    libvirt_state_name(k->description.state), at);
	cell_set_text(r->into, row, DOMAIN_AUTOSTART, autostart, at);
	cell_set_text(r->into, row, DOMAIN_MIGRATED, k->description.migrated ? "yes" : "no", at);
	if (k->has_xml)
		fill_from_xml(r, row, &k->xml);
	if (k->has_saved)
		fill_from_saved(r, row, &k->saved);
}

static void fill_vcpu(struct reading *r, const struct row *vcpu, int column,
    const struct libvirt_domain_xml *x, unsigned number)
{
	const struct cpuset *cpus = libvirt_vcpu_cpus(x, number);

	if (cpus)
		set_cpus(r->into, snapshot_row(r->into, TABLE_VCPU, vcpu->key), column, cpus,
		    reading_now(r));
}

static void fill_vcpus(struct reading *r, const struct process_index *index)
{
	for (size_t i = 0; i < r->latest->table[TABLE_VCPU].n; i++) {
		const struct row *vcpu = r->latest->table[TABLE_VCPU].row[i];
		const struct known *k = vcpu->domain ? index->known[vcpu->domain->number] : NULL;
		double number = cell_number(vcpu, VCPU_NUMBER, -1);

		if (!k || number < 0 || number >= CPUSET_MAX)
			continue;
		if (k->has_xml)
			fill_vcpu(r, vcpu, VCPU_PINNED, &k->xml, (unsigned)number);
		if (k->has_saved)
			fill_vcpu(r, vcpu, VCPU_PINNED_SAVED, &k->saved, (unsigned)number);
	}
}

static void note_xml(const struct reading *r, const char *uuid, const char *what, const char *xml)
{
	char *path = xasprintf("kvmtop/libvirt/%s.%s", uuid, what);

	if (xml)
		root_note(r->root, path, xml, strlen(xml));
	free(path);
}

/* libvirt allows no line feed in a name; a driver that does must not make a line. */
static void append_name(struct text *t, const char *name)
{
	size_t from = t->len;

	text_append(t, name, strlen(name));
	for (size_t i = from; i < t->len; i++)
		if (t->p[i] == '\n')
			t->p[i] = '?';
	text_append(t, "\n", 1);
}

/* What a captured host needs to tell the same; see collectors/libvirt_link.h. */
static void note_answers(const struct reading *r)
{
	struct watcher *w = r->state;
	struct text t = { 0 };
	char *line = xasprintf("driver %s %s\n", w->link.ops->driver(w->link.connection),
	    w->link.ops->is_local(w->link.connection) ? "local" : "remote");

	text_append(&t, line, strlen(line));
	free(line);
	for (size_t i = 0; i < w->n; i++) {
		const struct known *k = &w->guest[i];
		const struct libvirt_description *d = &k->description;

		line = xasprintf("domain %s %d %s %s ", k->uuid, k->id,
		    libvirt_state_name(d->state), d->autostart ? "yes" : "no");
		text_append(&t, line, strlen(line));
		append_name(&t, k->name);
		note_xml(r, k->uuid, "xml", d->xml);
		note_xml(r, k->uuid, "saved", d->saved);
		free(line);
	}
	for (size_t i = 0; i < w->n; i++)
		if (w->guest[i].description.migrated)
			print_format(&t, "migrated %s\n", w->guest[i].uuid);
	definitions_note(&w->definitions, r, &t);
	root_note(r->root, "kvmtop/libvirt/domains", t.p, t.len);
	text_done(&t);
}

static void tell_guests(struct reading *r)
{
	struct watcher *w = r->state;
	struct process_index index;

	index_init(&index, r->latest);
	find_processes(w, &index);
	describe_guests(r, &index);
	for (size_t i = 0; i < w->n; i++)
		fill_guest(r, &w->guest[i]);
	fill_vcpus(r, &index);
	index_done(&index);
	if (root_is_live(r->root) && root_is_watched(r->root))
		note_answers(r);
}

enum state libvirt_read(struct reading *r)
{
	struct watcher *w = r->state;
	bool opened, changed;
	int e;

	if (!r->latest)
		return STATE_ABSENT;
	e = libvirt_link_ready(&w->link, r->root, r->now_ns, &opened);
	if (e < 0)
		return libvirt_link_explain(&w->link, r, e);
	changed = take_changes(w, opened);
	if (update_guests(w, r, changed) < 0) {
		reading_lacks(r,
		    "The guests could not be listed, and will be tried again (%s: %s).",
		    libvirt_link_uri(&w->link), w->link.error);
		return STATE_ABSENT;
	}
	definitions_read(&w->definitions, &w->link, r, changed);
	tell_guests(r);
	if (w->unread)
		reading_lacks(r, "The XML of %zu guest%s could not be read.", w->unread,
		    w->unread == 1 ? "" : "s");
	reading_note(r, "%zu active guest%s (%s).", w->n, w->n == 1 ? "" : "s",
	    root_is_live(r->root) ? libvirt_link_uri(&w->link) : "as captured");
	if (describe_period(w) > DESCRIBE_AGAIN_NS)
		reading_note(r, "What no event tells is asked of each every %.0f s only.",
		    (double)describe_period(w) / (double)NS_PER_SEC);
	return STATE_OK;
}
