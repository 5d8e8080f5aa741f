#include "broker/finding.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/limits.h"
#include "base/must.h"
#include "broker/known.h"

#define FINDINGS_MAX 16		/* and as many copies of 16 MiB */
#define OF_ONE_MAX   4		/* of one process */

struct finding {
	uint64_t id;		/* the question; 0: of what is loaded */
	pid_t pid;		/* its thread; 0: free */
	pid_t tgid, helper;
	dev_t dev;
	ino_t ino;
	bool read;		/* it is known */
	bool over;		/* nobody wants to know it any more */
	int rc, copy;
	finding_read *how;
	finding_done *done;
};

/* What a helper found is in memory that it shares with us. */
static struct {
	struct finding v[FINDINGS_MAX];
	struct content *content;	/* FINDINGS_MAX */
	uint64_t waiting[BOX_PIDS_MAX];	/* questions that found no room */
	size_t nwaiting;
	bool room;			/* there is some since */
} findings;

struct task { /* for the helper */
	struct finding *f;
	int fd;
	finding_read *read;
};

static struct content *
content_of(const struct finding *f)
{
	return &findings.content[f - findings.v];
}

static bool
shared_ready(void)
{
	void *p;

	if (findings.content != NULL)
		return true;
	p = mmap(NULL, FINDINGS_MAX * sizeof(struct content), PROT_READ |
		PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	findings.content = p == MAP_FAILED ? NULL : p;
	return findings.content != NULL;
}

/* Not before its helper has ended, which writes to its place. */
static void
drop(struct finding *f)
{
	if (!f->read) {
		f->over = true;
		return;
	}
	if (f->copy != -1)
		(void)close(f->copy);
	*f = (struct finding){ .pid = 0 };
	findings.room = true;
}

static struct finding *
find(uint64_t id, const struct stat *st, finding_read *how)
{
	for (size_t i = 0; i < FINDINGS_MAX; i++) {
		struct finding *f = &findings.v[i];

		if (f->pid != 0 && !f->over && f->id == id &&
		    f->dev == st->st_dev && f->ino == st->st_ino &&
		    f->how == how)
			return f;
	}
	return NULL;
}

/* NULL: there is none now. */
static struct finding *
find_room(pid_t tgid)
{
	struct finding *free = NULL;
	unsigned its = 0;

	for (size_t i = 0; i < FINDINGS_MAX; i++)
		if (findings.v[i].pid == 0)
			free = &findings.v[i];
		else if (findings.v[i].tgid == tgid)
			its++;
	return its < OF_ONE_MAX ? free : NULL;
}

void
finding_forget(uint64_t id)
{
	for (size_t i = 0; i < FINDINGS_MAX; i++)
		if (findings.v[i].pid != 0 && findings.v[i].id == id)
			drop(&findings.v[i]);
}

/* ---- the helper ---- */

static int
work(const struct ask *a, const void *arg)
{
	const struct task *t = arg;

	(void)a;
	t->f->rc = t->read(t->fd, t->f->copy, content_of(t->f));
	return -t->f->rc;
}

static struct finding *
find_helped(pid_t helper)
{
	for (size_t i = 0; i < FINDINGS_MAX; i++)
		if (findings.v[i].pid != 0 && findings.v[i].helper == helper)
			return &findings.v[i];
	return NULL;
}

static void
on_read(const struct ask *a, pid_t helper, int status)
{
	struct finding *f = find_helped(helper);

	must(f != NULL); /* it is kept until now */
	f->read = true;
	f->rc = WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
	if (f->over || !caller_waits(a))
		drop(f);
	hold_again(a->id);
}

/* ---- for a question ---- */

static int
wait_for_room(const struct ask *a)
{
	long rc = findings.nwaiting == NELEM(findings.waiting) ? -EAGAIN :
								 hold(a);

	if (rc == HELD)
		findings.waiting[findings.nwaiting++] = a->id;
	return (int)rc;
}

static int
run(const struct ask *a, struct finding *f, int fd, finding_read *read,
    helper_done *done)
{
	const struct task t = { f, fd, read };
	long rc = helper_start(a, work, &t, done);

	f->helper = a->b->started;
	if (rc == ANSWERED)
		return 0;
	f->read = true;
	drop(f);
	return (int)rc;
}

/* Takes memfd. */
static int
start(const struct ask *a, int fd, const struct stat *st,
    finding_read *read, int memfd)
{
	struct caller_ids ids;
	struct finding *f;
	int rc = caller_ids(a, &ids);

	f = rc == 0 ? find_room(ids.tgid) : NULL;
	if (f == NULL) {
		fd_close(&memfd);
		return rc != 0 ? rc : wait_for_room(a);
	}
	*f = (struct finding){ .id = a->id, .pid = a->tid, .tgid = ids.tgid,
		.dev = st->st_dev, .ino = st->st_ino, .copy = memfd,
		.how = read };
	rc = run(a, f, fd, read, on_read);
	if (rc == 0)
		rc = (int)hold(a);
	if (rc != HELD && f->pid != 0)
		drop(f);
	return rc;
}

int
finding_get(struct broker *b, int fd, const struct stat *st,
    finding_read *read, int memfd, struct content *out, int *copy)
{
	const struct ask *a = b->now;
	struct finding *f;
	int rc;

	*copy = -1;
	if (a == NULL || b->is_helper || st->st_size < FINDING_BYTES_MIN ||
	    !shared_ready()) {
		rc = read(fd, memfd, out);
		if (rc == 0)
			*copy = memfd;
		else
			fd_close(&memfd);
		return rc;
	}
	f = b->later ? NULL : find(a->id, st, read);
	if (b->later) {
		fd_close(&memfd);
		return HELD; /* one after the other */
	}
	if (f == NULL) {
		rc = start(a, fd, st, read, memfd);
		b->later = b->later || rc == HELD;
		return rc;
	}
	fd_close(&memfd);
	if (!f->read) {
		b->later = true;
		return HELD;
	}
	*out = *content_of(f);
	*copy = f->copy;
	f->copy = -1;
	return f->rc;
}

/* ---- of what is loaded ---- */

static int
hash_only(int fd, int memfd, struct content *out)
{
	(void)memfd;
	return known_hash(fd, out->hash) == 0 ? 0 : -EIO;
}

static void
on_loaded_read(const struct ask *a, pid_t helper, int status)
{
	struct finding *f = find_helped(helper);
	unsigned char hash[SHA256_BYTES];
	finding_done *done;

	must(f != NULL);
	done = f->done;
	memcpy(hash, content_of(f)->hash, sizeof(hash));
	f->read = true;
	drop(f);
	done(a->b, a->tid, WIFEXITED(status) && WEXITSTATUS(status) == 0 ?
	    hash : NULL);
}

int
finding_loaded(struct broker *b, pid_t pid, int fd, finding_done *done)
{
	const struct ask a = { .b = b, .tid = pid };
	struct finding *f = shared_ready() ? find_room(pid) : NULL;

	if (f == NULL)
		return -EAGAIN;
	*f = (struct finding){ .pid = pid, .tgid = pid, .copy = -1,
		.done = done };
	return run(&a, f, fd, hash_only, on_loaded_read);
}

void
finding_tick(void)
{
	static uint64_t ids[BOX_PIDS_MAX];
	const size_t n = findings.nwaiting;

	if (!findings.room || n == 0)
		return;
	findings.room = false;
	memcpy(ids, findings.waiting, n * sizeof(*ids));
	findings.nwaiting = 0;
	for (size_t i = 0; i < n; i++)
		hold_again(ids[i]);
}
