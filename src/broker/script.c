/* script.c -- what an interpreter reads is what was judged.
 *
 * The kernel gives a script's interpreter its name, and the interpreter opens
 * that, later: another file may be there by then, or other bytes in the same.
 * So who is about to run a judged script is remembered, and when it opens the
 * script, by its name or as that file, it gets a sealed copy of what was
 * judged (a shell reads on while it runs, and would run what is added). What
 * stands there instead and was made in the sandbox is denied; so is all that
 * is no file (a pipe has no bytes that could be judged) and what lies below
 * the script's name, as if it were a directory (python runs those, too). An
 * interpreter that resolves symbolic links first (node) opens another path
 * than it was given: so the names of links, of directories and of the script
 * stay until it has opened its script, and who would change one waits. All of
 * it stays so until the process ends or executes what the script is no
 * argument of (env executes the interpreter).
 *
 * Only where opens are asked about at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/compat.h"
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
	uint64_t plain;		/* and of what its name says without links */
	bool reviewed;		/* it was made in the sandbox: hash may run */
	bool read, late;	/* it was opened; or should have been */
	int64_t since;		/* monotonic, us */
	unsigned char hash[SHA256_BYTES];
};

static struct {
	struct run v[RUNS_MAX];
	size_t n;		/* in use */
	size_t unread;		/* of those, not opened yet */
	uint64_t waits[WAITS_MAX];	/* questions */
	size_t nwaits;
	bool marked;		/* one was opened, since this process began */
} runs;

#define HASH_START UINT64_C(1469598103934665603)

static uint64_t
hash_add(uint64_t h, char c)
{
	return (h ^ (unsigned char)c) * UINT64_C(1099511628211);
}

static uint64_t
text_hash(struct str s)
{
	uint64_t h = HASH_START;

	for (size_t i = 0; i < s.len; i++)
		h = hash_add(h, s.p[i]);
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
	return r->tgid != 0 && !r->read && !r->late;
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
		.plain = text_hash(exec_lexical(p->cwd, f->name, plain)),
		.since = clock_mono().v };
	if (c != NULL)
		memcpy(r->hash, c->hash, SHA256_BYTES);
	runs.n++;
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

struct opened { /* hashes of what it is called */
	uint64_t asked, path, plain;
	uint64_t above[PATH_BYTES_MAX];	/* and of each directory above it */
	size_t n;
};

static void
above_add(struct opened *o, struct str path)
{
	uint64_t h = HASH_START;

	for (size_t i = 0; i < path.len && o->n < NELEM(o->above); i++) {
		if (path.p[i] == '/' && i > 0)
			o->above[o->n++] = h;
		h = hash_add(h, path.p[i]);
	}
}

static void
opened_fill(struct opened *o, const char *asked, const char *path)
{
	char room[PATH_BYTES_MAX];
	struct str plain = exec_lexical(STR("/"), str_c(asked), room);

	o->asked = text_hash(str_c(asked));
	o->path = o->plain = text_hash(str_c(path));
	o->n = 0;
	above_add(o, str_c(path));
	if (asked[0] == '/' && !str_eqz(plain, path)) {
		o->plain = text_hash(plain);
		above_add(o, plain);
	}
}

static bool
lies_below(const struct run *r, const struct opened *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->above[i] == r->path || o->above[i] == r->plain)
			return true;
	return false;
}

static bool
is_called(const struct run *r, const struct opened *o)
{
	return r->asked == o->asked || r->path == o->path ||
	    r->plain == o->plain || lies_below(r, o);
}

static void
mark_read(struct run *r)
{
	if (is_unread(r))
		runs.unread--;
	r->read = runs.marked = true;
}

bool
script_was_read(void)
{
	return runs.marked;
}

void
script_read_elsewhere(const struct ask *a)
{
	struct caller_ids ids;

	if (caller_ids(&(struct ask){ .b = a->b, .tid = a->tid }, &ids) != 0)
		return;
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (runs.v[i].tgid == ids.tgid)
			mark_read(&runs.v[i]);
}

/* Any process's, before it is known whose open this is. */
static bool
may_be_run(const struct stat *st, const struct opened *o)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (runs.v[i].tgid != 0 && (runs.v[i].late ||
		    is_file(&runs.v[i], st) || is_called(&runs.v[i], o)))
			return true;
	return false;
}

bool
script_concerns(int fd, const char *asked, const char *path)
{
	static struct opened o;
	struct stat st;

	if (runs.n == 0)
		return false;
	opened_fill(&o, asked, path);
	return fstat(fd, &st) == -1 || may_be_run(&st, &o);
}

/* Its own script, or else one that stands where its script did. */
static struct run *
run_find(pid_t tgid, const struct stat *st, const struct opened *o)
{
	struct run *found = NULL;

	for (size_t i = 0; i < RUNS_MAX; i++) {
		struct run *r = &runs.v[i];

		if (r->tgid != tgid)
			continue;
		if (is_file(r, st))
			return r;
		if (r->late || is_called(r, o))
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
refuse(const struct ask *a, const char *path, const char *why)
{
	struct file_answer got = { .verdict = VERDICT_DENY };

	(void)snprintf(got.reason, sizeof(got.reason), "%s", why);
	event_denied(a, path, FILE_READ, &got);
	return -EACCES;
}

static long
refuse_other(const struct ask *a, const char *path)
{
	return refuse(a, path, "the script that was judged is another: it "
	    "was replaced or changed before it was read");
}

/* The host's, which nobody has changed yet. */
static long
give_as_it_is(const struct ask *a, int held, const char *path, int flags)
{
	struct content c;
	struct stat st;
	int rc = content_read(a->b, held, &c);

	if (rc == -EFBIG)
		return refuse(a, path, "it is a script of more than 16 MiB "
		    "that could be changed while it runs");
	if (rc != 0)
		return rc;
	if (c.binary || fstat(held, &st) == -1 || made_is(a->b, held, &st))
		return refuse_other(a, path);
	return give_copy(a, c.hash, flags);
}

static long
give_reviewed(const struct ask *a, int held, const char *path, int flags)
{
	struct content c;
	int rc = content_read(a->b, held, &c);

	if (rc == HELD)
		return HELD;
	return rc == 0 && !c.binary && review_knows(c.hash) ?
	    give_copy(a, c.hash, flags) : refuse_other(a, path);
}

/* It is where the caller's script is to be. */
static long
give_judged(const struct ask *a, int held, const struct stat *st,
    const struct run *r, const char *path, int flags)
{
	if (!S_ISREG(st->st_mode))
		return refuse_other(a, path);
	if (is_file(r, st) && r->reviewed)
		return give_copy(a, r->hash, flags);
	if (!made_is(a->b, held, st))
		return is_file(r, st) ? give_as_it_is(a, held, path, flags) :
					0;
	return image_made(a->image) == MADE_ASK ?
	    give_reviewed(a, held, path, flags) : refuse_other(a, path);
}

static long
open_judged(const struct ask *a, int held, const struct stat *st,
    struct run *r, const char *path, int flags)
{
	long rc = give_judged(a, held, st, r, path, flags);

	if (rc != HELD && S_ISREG(st->st_mode) && is_file(r, st))
		mark_read(r);
	return rc;
}

/* What has no bytes of its own is one only by its name. */
static bool
may_be_read(const struct run *r, const struct stat *st,
    const struct opened *o)
{
	return S_ISREG(st->st_mode) || is_called(r, o) ||
	    S_ISFIFO(st->st_mode);
}

long
script_open(const struct ask *a, int held, const struct stat *st,
    const char *asked, int flags)
{
	static struct opened o;
	char path[PATH_BYTES_MAX] = "";
	struct caller_ids ids;
	struct run *r;

	if (runs.n == 0 || S_ISDIR(st->st_mode) ||
	    (flags & (O_ACCMODE | O_TRUNC)) != O_RDONLY)
		return 0;
	if (!S_ISREG(st->st_mode) || made_may_be(st))
		(void)object_path(a->b, held, path);
	opened_fill(&o, asked, path);
	if (!may_be_run(st, &o) || caller_ids(a, &ids) != 0)
		return 0;
	r = run_find(ids.tgid, st, &o);
	return r == NULL || !may_be_read(r, st, &o) ? 0 :
	    open_judged(a, held, st, r, path, flags);
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

/* Does another process's interpreter come here? Its own calls do not wait for
 * itself. */
static bool
is_on_the_way(const struct stat *st, pid_t tgid)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (is_unread(&runs.v[i]) && runs.v[i].tgid != tgid &&
		    (S_ISLNK(st->st_mode) || S_ISDIR(st->st_mode) ||
		    is_file(&runs.v[i], st)))
			return true;
	return false;
}

long
script_wait(const struct ask *a)
{
	long rc = runs.nwaits == WAITS_MAX ? -EBUSY : hold(a);

	if (rc == HELD)
		runs.waits[runs.nwaits++] = a->id;
	return rc;
}

long
script_keeps(const struct ask *a, const struct spot *s)
{
	char name[sizeof(s->name)];
	struct caller_ids ids;
	struct stat st;

	if (runs.unread == 0 || s->odd)
		return 0;
	(void)strcpy(name, s->name);
	name[strcspn(name, "/")] = '\0';
	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    caller_ids(a, &ids) != 0 || !is_on_the_way(&st, ids.tgid))
		return 0;
	return script_wait(a);
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
		if (is_unread(&runs.v[i]) &&
		    now - runs.v[i].since > INT64_C(1000) * READ_MS) {
			runs.unread--;
			runs.v[i].late = true;
		}
	if (runs.nwaits > 0 && runs.unread == 0)
		waits_again();
}
