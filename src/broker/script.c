/* script.c -- what an interpreter reads is what was judged.
 *
 * The kernel gives a script's interpreter its name, and the interpreter opens
 * that, later: another file may be there by then, or other bytes in the same.
 * So who is about to run a judged script is remembered, and when it opens the
 * script, by its name or as that file, it gets the sealed copy of what was
 * reviewed; a file that was made in the sandbox and is not what was judged is
 * denied. An interpreter that resolves symbolic links first (node) opens
 * another path than it was given: where there are any, names of links and
 * directories stay until it has opened its script, and who would change one
 * waits. All of it stays so until the process ends or executes what the script
 * is no argument of (env executes the interpreter).
 *
 * Only where opens are asked about at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "broker/review.h"
#include "policy/files.h"
#include "policy/image.h"

#define RUNS_MAX  512
#define WAITS_MAX 64	/* who waits for an interpreter to read its script */
#define READ_MS	  10000	/* it has for that; then it reads nothing made */

struct run { /* tgid 0: free */
	pid_t tgid;
	dev_t dev;
	ino_t ino;
	uint64_t asked, path;	/* hashes of its name and its own path */
	bool reviewed;		/* it was made in the sandbox: hash may run */
	bool linked;		/* found through symbolic links */
	bool read, late;	/* it was opened; or should have been */
	int64_t since;		/* monotonic, us */
	unsigned char hash[SHA256_BYTES];
};

static struct {
	struct run v[RUNS_MAX];
	size_t n;		/* in use */
	size_t unread;		/* of those, linked and not opened yet */
	uint64_t waits[WAITS_MAX];	/* questions */
	size_t nwaits;
} runs;

static uint64_t
text_hash(struct str s)
{
	uint64_t h = UINT64_C(1469598103934665603);

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
	return h;
}

bool
script_uses(const unsigned char hash[SHA256_BYTES])
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (runs.v[i].tgid != 0 && runs.v[i].reviewed &&
		    memcmp(runs.v[i].hash, hash, SHA256_BYTES) == 0)
			return true;
	return false;
}

/* ---- who runs what ---- */

static bool
is_file(const struct run *r, const struct stat *st)
{
	return r->dev == st->st_dev && r->ino == st->st_ino;
}

static bool
is_unread(const struct run *r)
{
	return r->linked && !r->read && !r->late;
}

static void
drop(struct run *r)
{
	if (is_unread(r))
		runs.unread--;
	*r = (struct run){ 0 };
	runs.n--;
}

static void
drop_the_dead(const struct broker *b)
{
	struct stat st;
	char name[16];

	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (runs.v[i].tgid == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%d",
		    (int)runs.v[i].tgid);
		if (fstatat(b->proc, name, &st, 0) == -1)
			drop(&runs.v[i]);
	}
}

/* One for each script of a process. */
static struct run *
place_for(const struct broker *b, pid_t tgid, const struct program_file *f)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (runs.v[i].tgid == tgid && is_file(&runs.v[i], &f->st)) {
			drop(&runs.v[i]);
			return &runs.v[i];
		}
	if (runs.n == RUNS_MAX)
		drop_the_dead(b);
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (runs.v[i].tgid == 0)
			return &runs.v[i];
	return NULL;
}

static int
run_add(const struct ask *a, pid_t tgid, const struct program *p, uint32_t i,
    const struct content *c)
{
	const struct program_file *f = &p->files[i];
	char plain[PATH_BYTES_MAX];
	struct run *r;

	if (c == NULL && f->fixed)
		return 0; /* nobody can change it */
	if (c != NULL && content_copy(c->hash) == -1)
		return -EAGAIN;
	r = place_for(a->b, tgid, f);
	if (r == NULL)
		return -EAGAIN;
	*r = (struct run){ .tgid = tgid, .dev = f->st.st_dev,
		.ino = f->st.st_ino, .asked = text_hash(i == 0 ?
		p->script : f->name),
		.path = text_hash(f->path), .reviewed = c != NULL,
		.linked = !str_eq(exec_lexical(p->cwd, f->name, plain),
		    f->path), .since = clock_mono().v };
	if (c != NULL)
		memcpy(r->hash, c->hash, SHA256_BYTES);
	runs.n++;
	if (r->linked)
		runs.unread++;
	return 0;
}

int
script_runs(const struct ask *a, const struct program *p)
{
	const struct content *first = review_content(a, 0);
	struct caller_ids ids;
	uint32_t n = p->runs;
	int rc;

	if (n == 0 && first != NULL && !first->binary)
		n = 1; /* the kernel will not have it, and a shell then runs
			* it by itself */
	if (n == 0 || !a->b->files || judge_is_open(a))
		return 0;
	rc = caller_ids(a, &ids);
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = run_add(a, ids.tgid, p, i, review_content(a, i));
	return rc;
}

static bool
is_argument(const struct run *r, const struct args *v)
{
	for (uint32_t i = 0; i < v->argc; i++)
		if (text_hash(v->argv[i]) == r->asked)
			return true;
	return false;
}

void
script_leaves(const struct ask *a, const struct program *p)
{
	struct caller_ids ids;

	if (runs.n == 0 || caller_ids(a, &ids) != 0)
		return;
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (runs.v[i].tgid == ids.tgid &&
		    !is_argument(&runs.v[i], &p->args))
			drop(&runs.v[i]);
}

/* ---- opens ---- */

static void
mark_read(struct run *r)
{
	if (is_unread(r))
		runs.unread--;
	r->read = true;
}

/* Any process's, before it is known whose open this is. */
static bool
may_be_run(const struct stat *st, uint64_t asked, uint64_t path)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (runs.v[i].tgid != 0 && (is_file(&runs.v[i], st) ||
		    runs.v[i].asked == asked || runs.v[i].path == path ||
		    runs.v[i].late))
			return true;
	return false;
}

bool
script_concerns(int fd, const char *asked, const char *path)
{
	struct stat st;

	return runs.n > 0 && (fstat(fd, &st) == -1 || may_be_run(&st,
	    text_hash(str_c(asked)), text_hash(str_c(path))));
}

/* Its own script, or else one that stands where its script did. */
static struct run *
run_find(pid_t tgid, const struct stat *st, uint64_t asked, uint64_t path)
{
	struct run *found = NULL;

	for (size_t i = 0; i < RUNS_MAX; i++) {
		struct run *r = &runs.v[i];

		if (r->tgid != tgid)
			continue;
		if (is_file(r, st))
			return r;
		if (r->late || r->asked == asked || r->path == path)
			found = r;
	}
	return found;
}

static long
give_copy(const struct ask *a, const unsigned char hash[SHA256_BYTES],
    int flags)
{
	int copy = content_copy(hash);
	CLEAN_FD int fd = copy == -1 ? -1 : openat(a->b->fds,
	    fd_name(copy).text, O_RDONLY | O_CLOEXEC);

	return fd == -1 ? -EACCES : answer_fd(a, fd, flags);
}

static long
refuse(const struct ask *a, const char *path)
{
	struct file_answer got = { .verdict = VERDICT_DENY };

	(void)snprintf(got.reason, sizeof(got.reason), "the script that was "
	    "judged is another: it was replaced or changed before it was "
	    "read");
	event_denied(a, path, FILE_READ, &got);
	return -EACCES;
}

/* It is where the caller's script is to be. */
static long
open_judged(const struct ask *a, int held, const struct stat *st,
    struct run *r, const char *path, int flags)
{
	struct content c;

	if (is_file(r, st))
		mark_read(r);
	if (is_file(r, st) && r->reviewed)
		return give_copy(a, r->hash, flags);
	if (!made_is(a->b, held, st))
		return 0;
	if (image_made(a->image) == MADE_ASK &&
	    content_read(a->b, held, &c) == 0 && !c.binary &&
	    review_knows(c.hash))
		return give_copy(a, c.hash, flags);
	return refuse(a, path);
}

long
script_open(const struct ask *a, int held, const struct stat *st,
    const char *asked, int flags)
{
	char path[PATH_BYTES_MAX] = "";
	struct caller_ids ids;
	uint64_t hash, own;
	struct run *r;

	if (runs.n == 0 || !S_ISREG(st->st_mode) ||
	    (flags & (O_ACCMODE | O_TRUNC)) != O_RDONLY)
		return 0;
	hash = text_hash(str_c(asked));
	if (made_may_be(st))
		(void)object_path(a->b, held, path);
	own = text_hash(str_c(path));
	if (!may_be_run(st, hash, own) || caller_ids(a, &ids) != 0)
		return 0;
	r = run_find(ids.tgid, st, hash, own);
	return r == NULL ? 0 : open_judged(a, held, st, r, path, flags);
}

/* ---- names that stay meanwhile ---- */

/* What was held is asked anew, and held again if need be. */
static void
waits_again(void)
{
	uint64_t ids[WAITS_MAX];
	size_t n = runs.nwaits;

	memcpy(ids, runs.waits, sizeof(ids));
	runs.nwaits = 0;
	for (size_t i = 0; i < n; i++)
		hold_again(ids[i]);
}

long
script_keeps(const struct ask *a, const struct spot *s)
{
	char name[sizeof(s->name)];
	struct stat st;

	if (runs.unread == 0 || s->odd)
		return 0;
	(void)strcpy(name, s->name);
	name[strcspn(name, "/")] = '\0';
	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    (!S_ISLNK(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0;
	if (runs.nwaits == WAITS_MAX)
		return -EBUSY;
	runs.waits[runs.nwaits++] = a->id;
	return hold(a);
}

int
script_wait_ms(void)
{
	return runs.unread > 0 || runs.nwaits > 0 ? 2 : -1;
}

void
script_tick(const struct broker *b)
{
	const int64_t now = clock_mono().v;

	if (runs.unread > 0)
		drop_the_dead(b);
	for (size_t i = 0; runs.unread > 0 && i < RUNS_MAX; i++)
		if (is_unread(&runs.v[i]) && runs.v[i].tgid != 0 &&
		    now - runs.v[i].since > INT64_C(1000) * READ_MS) {
			runs.unread--;
			runs.v[i].late = true;
		}
	if (runs.nwaits > 0 && runs.unread == 0)
		waits_again();
}
