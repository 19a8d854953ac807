/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/job.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/print.h"
#include "base/root.h"
#include "base/uri.h"
#include "base/xalloc.h"
#include "fixes/journal.h"
#include "fixes/site.h"
#include "fixes/undo.h"

/* Owned by whoever began it and by its thread; the last of them frees it. */
struct job {
	struct progress progress;
	char *refusal;
	char *uri, *directory;
	uint64_t undo_id; /* when it undoes */
	bool undoes, preview;
	uint64_t stale_ns; /* when the plan is too old; 0: never */
	int fd;
	struct fix fix;   /* of the thread alone while it reads or works */
	struct fix ready; /* as it was before it was applied */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wanted;
	unsigned owners;
	enum job_phase phase;
	bool apply, abandoned, hangs;
};

static bool is_remote(const char *uri)
{
	const char *usual = secure_getenv("LIBVIRT_DEFAULT_URI");

	return uri_is_remote(uri ? uri : usual ? usual : "");
}

/* What cannot be noted is not done. */
static char *no_journal(const char *directory)
{
	struct text why = { 0 };
	char *sentence = NULL;

	if (!directory)
		return xstrdup("Nobody says where a journal could be kept: $HOME is not set.");
	if (journal_may(directory, &why) < 0)
		sentence = xasprintf("Nothing is changed: %s.", why.p);
	text_done(&why);
	return sentence;
}

char *job_refusal(const struct job_place *place)
{
	if (!root_is_live(place->root))
		return xstrdup("A captured host cannot be changed.");
	if (place->readonly)
		return xstrdup("Nothing is changed with --readonly.");
	if (is_remote(place->uri))
		return xstrdup("libvirt is that of another host, which is not changed from here.");
	return place->preview && place->directory ? NULL : no_journal(place->directory);
}

static void job_drop(struct job *j)
{
	bool last;

	pthread_mutex_lock(&j->lock);
	last = --j->owners == 0;
	pthread_mutex_unlock(&j->lock);
	if (!last)
		return;
	fix_done(&j->fix);
	fix_done(&j->ready);
	pthread_cond_destroy(&j->wanted);
	pthread_mutex_destroy(&j->lock);
	close(j->fd);
	free(j->refusal);
	free(j->uri);
	free(j->directory);
	free(j);
}

static void enter(struct job *j, enum job_phase phase)
{
	uint64_t one = 1;

	pthread_mutex_lock(&j->lock);
	j->phase = phase;
	pthread_mutex_unlock(&j->lock);
	if (write(j->fd, &one, sizeof(one)) < 0)
		return; /* It is readable already. */
}

static void refuse(struct job *j, const char *why)
{
	free(j->fix.why);
	j->fix.why = xstrdup(why);
	j->fix.ending = ENDING_REFUSED;
}

/* False: refused. The steps of an undo come from the journal. */
static bool look(struct job *j, struct site *site)
{
	struct records h;
	bool ok = false;
	int e;

	if (!j->undoes)
		return fix_read(&j->fix, site);
	e = journal_read(j->directory, &h);
	if (e < 0)
		refuse(j, strerror(-e));
	else
		ok = undo_find(&h, j->undo_id, site, &j->fix);
	records_done(&h);
	return ok;
}

/* False: nobody wants it any more. */
static bool wait_for_word(struct job *j)
{
	bool apply;

	pthread_mutex_lock(&j->lock);
	while (!j->apply && !j->abandoned)
		pthread_cond_wait(&j->wanted, &j->lock);
	apply = j->apply && !j->abandoned;
	pthread_mutex_unlock(&j->lock);
	return apply;
}

static void apply(struct job *j, struct site *site)
{
	struct journal *journal;
	struct text why = { 0 };

	if (j->stale_ns && clock_mono_ns() > j->stale_ns) {
		refuse(j, "the figures that it was made from are too old");
		return;
	}
	if (journal_open(j->directory, &journal, &why) < 0) {
		refuse(j, why.p);
		text_done(&why);
		return;
	}
	fix_apply(&j->fix, site, journal);
	journal_close(journal);
	text_done(&why);
}

static void run(struct job *j)
{
	struct site site;
	int r;

	if (j->refusal) {
		refuse(j, j->refusal);
		return;
	}
	r = site_open("/", j->uri, &j->progress, &site);
	if (r < 0) {
		refuse(j, strerror(-r));
		return;
	}
	site.readonly = j->preview;
	if (look(j, &site)) {
		fix_copy(&j->fix, &j->ready);
		enter(j, JOB_READY);
		if (wait_for_word(j) && !j->preview) {
			enter(j, JOB_WORKING);
			apply(j, &site);
		} else {
			refuse(j, "nobody wanted it");
		}
	}
	j->hangs = site.is_hung;
	site_close(&site);
}

static void *job_thread(void *arg)
{
	struct job *j = arg;

	run(j);
	enter(j, JOB_OVER);
	job_drop(j);
	return NULL;
}

static void start(struct job *j)
{
	pthread_attr_t detached;
	pthread_t thread;
	sigset_t all, before;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	/* Signals are for the program's own thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, &detached, job_thread, j) != 0) {
		j->owners = 1;
		refuse(j, "no thread can be had");
		enter(j, JOB_OVER);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
}

static struct job *job_make(const struct job_place *place)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->refusal = job_refusal(place);
	j->preview = place->preview;
	j->uri = place->uri ? xstrdup(place->uri) : NULL;
	j->directory = place->directory ? xstrdup(place->directory) : NULL;
	j->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	j->owners = 2;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->wanted, NULL);
	return j;
}

struct job *job_new(const struct job_place *place, const struct plan *plan, bool lasting,
    const struct job_about *about)
{
	struct job *j = job_make(place);

	fix_of_plan(&j->fix, plan, lasting);
	j->fix.rule = about->rule ? xstrdup(about->rule) : NULL;
	j->fix.subject = about->subject ? xstrdup(about->subject) : NULL;
	j->fix.figure = about->figure;
	j->stale_ns = about->fresh_ns ? about->seen_ns + about->fresh_ns : 0;
	start(j);
	return j;
}

struct job *job_undo(const struct job_place *place, uint64_t id)
{
	struct job *j = job_make(place);

	j->undoes = true;
	j->undo_id = id;
	start(j);
	return j;
}

void job_apply(struct job *j)
{
	pthread_mutex_lock(&j->lock);
	j->apply = true;
	pthread_cond_signal(&j->wanted);
	pthread_mutex_unlock(&j->lock);
}

void job_stop(struct job *j)
{
	j->progress.stop = true;
}

enum job_phase job_look(struct job *j, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes)
{
	enum job_phase phase;
	uint64_t count;

	if (read(j->fd, &count, sizeof(count)) < 0)
		count = 0; /* Nothing has changed. */
	pthread_mutex_lock(&j->lock);
	phase = j->phase;
	pthread_mutex_unlock(&j->lock);
	*ret_done_bytes = j->progress.done;
	*ret_total_bytes = j->progress.total;
	return phase;
}

const struct fix *job_fix(const struct job *j)
{
	struct job *locked = (struct job *)j;
	enum job_phase phase;

	pthread_mutex_lock(&locked->lock);
	phase = j->phase;
	pthread_mutex_unlock(&locked->lock);
	return phase == JOB_READING ? NULL : phase == JOB_OVER ? &j->fix : &j->ready;
}

int job_fd(const struct job *j)
{
	return j->fd;
}

bool job_free(struct job *j)
{
	bool ended;

	if (!j)
		return true;
	j->progress.stop = true;
	pthread_mutex_lock(&j->lock);
	j->abandoned = true;
	ended = j->phase == JOB_OVER && !j->hangs;
	pthread_cond_signal(&j->wanted);
	pthread_mutex_unlock(&j->lock);
	job_drop(j);
	return ended;
}
