/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/perf_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xalloc.h"

/* perf_event_header.size has 16 bits. */
#define RECORD_MAX 65536
#define KNOWN_TYPES                                                                       \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |   \
	    PERF_SAMPLE_ADDR | PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU | \
	    PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW)

int perf_event_open(const struct perf_event_attr *attr, pid_t task, int cpu, int group)
{
	long fd = syscall(SYS_perf_event_open, attr, task, cpu, group, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int perf_ring_open(struct perf_ring *ring, const struct perf_event_attr *attr, pid_t task, int cpu,
    size_t data_bytes)
{
	struct perf_event_attr own = *attr;
	void *map;
	int fd, error;

	own.disabled = 1;
	fd = perf_event_open(&own, task, cpu, -1);
	if (fd < 0)
		return fd;
	map = mmap(NULL, page_bytes() + data_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		error = -errno;
		close(fd);
		return error;
	}
	*ring = (struct perf_ring){ .map = map, .data_bytes = data_bytes, .events = 1 };
	ring->fd_plus_1[0] = fd + 1;
	ring->record = xmalloc(RECORD_MAX);
	return 0;
}

int perf_ring_add(struct perf_ring *ring, const struct perf_event_attr *attr, pid_t task, int cpu)
{
	struct perf_event_attr own = *attr;
	int fd, error;

	if (ring->events == PERF_RING_EVENTS)
		return -ENOSPC;
	/* It runs when its leader does. */
	own.disabled = 0;
	fd = perf_event_open(&own, task, cpu, perf_ring_fd(ring));
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, perf_ring_fd(ring)) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	ring->fd_plus_1[ring->events++] = fd + 1;
	return 0;
}

void perf_ring_done(struct perf_ring *ring)
{
	if (ring->map)
		munmap(ring->map, page_bytes() + ring->data_bytes);
	/* Members first: a leader that goes makes each of them an event of its own. */
	for (int i = ring->events; i-- > 0;)
		close(ring->fd_plus_1[i] - 1);
	free(ring->record);
	*ring = (struct perf_ring){ 0 };
}

bool perf_ring_is_open(const struct perf_ring *ring)
{
	return ring->events > 0;
}

int perf_ring_fd(const struct perf_ring *ring)
{
	return ring->fd_plus_1[0] - 1;
}

int perf_ring_switch(struct perf_ring *ring, bool on)
{
	unsigned long request = on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE;

	return ioctl(perf_ring_fd(ring), request, 0) < 0 ? -errno : 0;
}

/* Copies from where the record lies, round the end of the ring if need be. */
static void copy_out(const unsigned char *data, size_t bytes, uint64_t at, void *into, size_t len)
{
	size_t start = (size_t)(at & (bytes - 1)), first = bytes - start;

	if (first > len)
		first = len;
	memcpy(into, data + start, first);
	memcpy((unsigned char *)into + first, data, len - first);
}

size_t perf_records_walk(const unsigned char *data, size_t bytes, uint64_t tail, uint64_t head,
    unsigned char *record, void (*seen)(void *ctx, const struct perf_record *record), void *ctx)
{
	struct perf_event_header header;
	size_t told = 0;

	/* More than there is room for cannot be. */
	if (head - tail > bytes)
		return 0;
	while (head - tail >= sizeof(header)) {
		struct perf_record r;
		size_t start = (size_t)(tail & (bytes - 1));

		copy_out(data, bytes, tail, &header, sizeof(header));
		if (header.size < sizeof(header) || header.size > head - tail)
			break;
		r = (struct perf_record){ .type = header.type,
			.misc = header.misc,
			.body = data + start + sizeof(header),
			.len = header.size - sizeof(header) };
		if (start + header.size > bytes) {
			copy_out(data, bytes, tail + sizeof(header), record, r.len);
			r.body = record;
		}
		seen(ctx, &r);
		told++;
		tail += header.size;
	}
	return told;
}

struct telling {
	struct perf_ring *ring;
	void (*seen)(void *ctx, const struct perf_record *record);
	void *ctx;
	size_t told;
};

/* PERF_RECORD_LOST: id, lost; PERF_RECORD_LOST_SAMPLES: lost. */
static uint64_t word_at(const struct perf_record *r, size_t n)
{
	uint64_t v = 0;

	if (r->len >= (n + 1) * sizeof(v))
		memcpy(&v, r->body + n * sizeof(v), sizeof(v));
	return v;
}

static void tell(void *ctx, const struct perf_record *r)
{
	struct telling *t = ctx;

	switch (r->type) {
	case PERF_RECORD_LOST:
		t->ring->lost += word_at(r, 1);
		break;
	case PERF_RECORD_LOST_SAMPLES:
		t->ring->lost += word_at(r, 0);
		break;
	case PERF_RECORD_THROTTLE:
		t->ring->throttled++;
		break;
	case PERF_RECORD_UNTHROTTLE:
		break;
	default:
		t->seen(t->ctx, r);
		t->told++;
	}
}

size_t perf_ring_read(
    struct perf_ring *ring, void (*seen)(void *ctx, const struct perf_record *record), void *ctx)
{
	struct perf_event_mmap_page *page = ring->map;
	struct telling t = { .ring = ring, .seen = seen, .ctx = ctx };
	uint64_t head;

	if (!page)
		return 0;
	/* What is below the head was written before the head was. */
	head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	perf_records_walk((const unsigned char *)page + page_bytes(), ring->data_bytes,
	    page->data_tail, head, ring->record, tell, &t);
	__atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE);
	return t.told;
}

/* What of a sample has not been read yet. */
struct rest {
	const unsigned char *p;
	size_t len;
	bool cut; /* it was too short */
};

static uint64_t take(struct rest *rest)
{
	uint64_t v = 0;

	if (rest->len < sizeof(v)) {
		rest->cut = true;
		return 0;
	}
	memcpy(&v, rest->p, sizeof(v));
	rest->p += sizeof(v);
	rest->len -= sizeof(v);
	return v;
}

static uint64_t take_if(struct rest *rest, uint64_t types, uint64_t type)
{
	return types & type ? take(rest) : 0;
}

/* Two numbers of 32 bits, in the order in which they lie. */
static void take_two(struct rest *rest, uint32_t *ret_first, uint32_t *ret_second)
{
	uint64_t v = take(rest);
	uint32_t both[2];

	memcpy(both, &v, sizeof(both));
	*ret_first = both[0];
	*ret_second = both[1];
}

static void take_chain(struct rest *rest, struct perf_sample *s)
{
	uint64_t n = take(rest);

	if (n > rest->len / sizeof(uint64_t)) {
		rest->cut = true;
		return;
	}
	s->chain = (const uint64_t *)(const void *)rest->p;
	s->chain_len = (size_t)n;
	rest->p += n * sizeof(uint64_t);
	rest->len -= n * sizeof(uint64_t);
}

static void take_raw(struct rest *rest, struct perf_sample *s)
{
	uint32_t size;

	if (rest->len < sizeof(size)) {
		rest->cut = true;
		return;
	}
	memcpy(&size, rest->p, sizeof(size));
	if (size > rest->len - sizeof(size)) {
		rest->cut = true;
		return;
	}
	s->raw = rest->p + sizeof(size);
	s->raw_len = size;
}

/* In the order that perf_event_open(2) gives under PERF_RECORD_SAMPLE. */
int perf_sample_parse(
    const struct perf_record *record, uint64_t sample_type, struct perf_sample *ret)
{
	struct rest rest = { .p = record->body, .len = record->len };
	struct perf_sample s = { 0 };
	uint32_t unused;

	if (record->type != PERF_RECORD_SAMPLE || sample_type & ~(uint64_t)KNOWN_TYPES)
		return -ENOTSUP;
	s.id = take_if(&rest, sample_type, PERF_SAMPLE_IDENTIFIER);
	s.ip = take_if(&rest, sample_type, PERF_SAMPLE_IP);
	if (sample_type & PERF_SAMPLE_TID)
		take_two(&rest, &s.pid, &s.tid);
	s.time = take_if(&rest, sample_type, PERF_SAMPLE_TIME);
	s.addr = take_if(&rest, sample_type, PERF_SAMPLE_ADDR);
	if (sample_type & PERF_SAMPLE_ID)
		s.id = take(&rest);
	s.stream_id = take_if(&rest, sample_type, PERF_SAMPLE_STREAM_ID);
	if (sample_type & PERF_SAMPLE_CPU)
		take_two(&rest, &s.cpu, &unused);
	s.period = take_if(&rest, sample_type, PERF_SAMPLE_PERIOD);
	if (sample_type & PERF_SAMPLE_CALLCHAIN)
		take_chain(&rest, &s);
	if (sample_type & PERF_SAMPLE_RAW && !rest.cut)
		take_raw(&rest, &s);
	if (rest.cut)
		return -EINVAL;
	*ret = s;
	return 0;
}
