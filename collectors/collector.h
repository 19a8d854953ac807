/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A collector reads one source of figures into the tables of a snapshot.
 *
 * In the fast lane it writes into the snapshot that is being built, at every sample, and must never
 * block. In the other lanes, each a thread of its own, it reads at its own pace into a snapshot of
 * its own, which is merged into each sample until it reads again: so its values carry the time of
 * their reading, and a call that hangs holds up nobody.
 */
#ifndef KVMTOP_COLLECTORS_COLLECTOR_H
#define KVMTOP_COLLECTORS_COLLECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/root.h"
#include "model/snapshot.h"

enum lane {
	LANE_FAST,      /* proc, sys, cgroups: at every sample */
	LANE_PLACEMENT, /* walks of page tables */
	LANE_LIBVIRT,   /* calls that never enter a QEMU */
	LANE_MONITOR,   /* calls that enter a QEMU and may hang with it */
	LANE_IMAGES,    /* files that may lie on a server that is gone */
	LANE_PERF,      /* events of the kernel: opening, watching and closing them takes time */
	LANES
};

enum numa_mode {
	NUMA_AUTO, /* exact where the walk is short, sampled beyond */
	NUMA_EXACT,
	NUMA_SAMPLE,
	NUMA_OFF,
};

enum exits_mode {
	EXITS_AUTO, /* counted where the kernel lets us, else sampled */
	EXITS_SAMPLE,
	EXITS_OFF,
};

/* What the user asked for. Strings live as long as the program. */
struct sampling {
	uint64_t interval_ns;
	const char *uri;    /* of libvirt; NULL: its default; "none": no libvirt */
	const char *guest;  /* name or uuid of the only guest to look at; NULL: all */
	const char *events; /* hardware events to count, with commas; NULL: the usual ones */
	enum numa_mode numa;
	enum exits_mode exits;
	uint64_t monitor_pace_ns; /* no guest's monitor is asked more often; 0: every 5 s */
	bool thorough; /* read everything at every sample, what changes slowly too: a capture is
			  made */
};

#define READING_NOTE_SIZE 400

struct reading {
	void *state; /* of the collector, from open */
	const struct root *root;
	const struct sampling *options;
	const struct snapshot *latest; /* the last whole sample, to know guests by; NULL at first.
					  Fast lane: the one before */
	struct snapshot *into;
	uint64_t
	    now_ns;   /* monotonic time at the beginning; for a captured host that of its sample */
	bool exact;   /* somebody asked for what is there now, once, dear as it may be */
	bool waits;   /* set where another source must tell first: this was no reading yet */
	bool partial; /* set by reading_lacks */
	char note[READING_NOTE_SIZE]; /* how it was read, what is missing, and which right or
					 option would give it */
	uint64_t round_ns;  /* outside the fast lane: how long a whole round takes, where that is
			       longer than the period */
	uint64_t period_ns; /* outside the fast lane: between two readings, as things are now */
	unsigned needs;     /* sources that somebody wants: of those that the collector reads */
	/* Set by a collector that keeps something open that costs. Called in its lane while nobody
	 * needs it, @hidden_ns being since when; true: there is nothing left to close. */
	bool (*rest)(void *state, uint64_t hidden_ns);
	struct slot *slot; /* for reading_ask */
};

struct collector {
	enum source_id src;
	enum lane lane;
	uint64_t period_ns;                            /* outside the fast lane */
	void *(*open)(const struct sampling *options); /* may be NULL: no state */
	enum state (*read)(
	    struct reading *r); /* OK, or why there is nothing at all; notes what lacks */
	void (*close)(void *state);
};

/* All of them, in the order in which the fast lane reads them; ends with a row without read. */
extern const struct collector collectors[];

/*
 * Before a call that may never return: the guest it is about. When no answer comes within two
 * intervals that guest is shown as stuck, though the collector is still in the call; and what was
 * read so far is shown meanwhile, so nothing may be added to it until the call is answered.
 */
void reading_ask(struct reading *r, struct key guest);
void reading_answered(struct reading *r);

/* Monotonic time for values read now: the clock, or the captured sample's. */
uint64_t reading_now(const struct reading *r);

/*
 * Whether what is dear or changes slowly is to be read at this sample, and not only now and then:
 * so for captures, made or read, each of whose samples is whole.
 */
bool reading_thorough(const struct reading *r);

/* Adds a sentence to the note. */
void reading_note(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of what an administrator could mend: a right, a mount or an answer that is missing. The
 * source is then shown as partial, though it could tell the rest. */
void reading_lacks(struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The pid of a guest's row; 0 when it has none. The same as DOMAIN_PID, but never missing. */
uint32_t guest_pid(const struct row *domain);

enum state guests_read(struct reading *r);
void *guests_open(const struct sampling *options);
void guests_close(void *state);
enum state threads_read(struct reading *r);
void *threads_open(const struct sampling *options);
void threads_close(void *state);
enum state kvm_read(struct reading *r);
void *kvm_open(const struct sampling *options);
void kvm_close(void *state);
enum state cpus_read(struct reading *r);
void *cpus_open(const struct sampling *options);
void cpus_close(void *state);
enum state memory_read(struct reading *r);
void *memory_open(const struct sampling *options);
void memory_close(void *state);
enum state nodes_read(struct reading *r);
void *nodes_open(const struct sampling *options);
void nodes_close(void *state);
void *hugepages_open(const struct sampling *options);
enum state hugepages_read(struct reading *r);
void hugepages_close(void *state);
enum state ksm_read(struct reading *r);
void *ksm_open(const struct sampling *options);
void ksm_close(void *state);
enum state ksm_guests_read(struct reading *r);
void *ksm_guests_open(const struct sampling *options);
void ksm_guests_close(void *state);
enum state thp_read(struct reading *r);
void *thp_open(const struct sampling *options);
void thp_close(void *state);
enum state cgroup_read(struct reading *r);
void *cgroup_open(const struct sampling *options);
void cgroup_close(void *state);
enum state placement_read(struct reading *r);
void *placement_open(const struct sampling *options);
void placement_close(void *state);
enum state counters_read(struct reading *r);
void *counters_open(const struct sampling *options);
void counters_close(void *state);
enum state interrupts_read(struct reading *r);
void *interrupts_open(const struct sampling *options);
void interrupts_close(void *state);
enum state libvirt_read(struct reading *r);
void *libvirt_open(const struct sampling *options);
void libvirt_close(void *state);
enum state monitor_read(struct reading *r);
void *monitor_open(const struct sampling *options);
void monitor_close(void *state);
enum state disks_read(struct reading *r);
void *disks_open(const struct sampling *options);
void disks_close(void *state);
enum state nics_read(struct reading *r);
void *nics_open(const struct sampling *options);
void nics_close(void *state);
enum state process_io_read(struct reading *r);
void *process_io_open(const struct sampling *options);
void process_io_close(void *state);
enum state images_read(struct reading *r);
void *images_open(const struct sampling *options);
void images_close(void *state);
enum state blockdevs_read(struct reading *r);
void *blockdevs_open(const struct sampling *options);
void blockdevs_close(void *state);
enum state exits_read(struct reading *r);
void *exits_open(const struct sampling *options);
void exits_close(void *state);

#endif
