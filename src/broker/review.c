/* review.c -- code that was made in the sandbox: may it run?
 *
 *	new --asked--> WAITING --a person's yes--> asked anew, and lets go
 *			  |----a person's no, the time over--> denied
 *			  +----the caller killed or interrupted--> forgotten
 *
 * What runs is what was looked at: the question is asked anew from its start
 * after a yes, its files are read again, and only the bytes with that hash are
 * let go; script.c and review_loaded() see to what is read after that. */
#include "broker/review.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clean.h"
#include "base/limits.h"
#include "base/must.h"
#include "msg/body.h"
#include "policy/image.h"

#define WAITS_MAX  32	/* execs that wait for a person */
#define FILES_MAX  (EXEC_FORMS_MAX + 3)
#define LOOK_MS	   50
#define TELL_US	   1000000	/* then who looks on is told */
#define ASKS_MAX   1000		/* questions to the gateway ... */
#define ASKS_US	   10000000	/* ... in this time */

enum wait_state { WAIT_ASKED, WAIT_GRANTED, WAIT_REFUSED, WAIT_LATE };

struct wait { /* one held exec; id 0: free */
	uint64_t id, order;
	pid_t tid;
	enum wait_state state;
	int64_t since, until;		/* monotonic, us */
	bool told;
	const struct image *image;
	unsigned char hash[SHA256_BYTES];
	unsigned char *message;		/* heap */
	size_t len;
	char why[REASON_BYTES_MAX / 2];
};

struct seen { /* a file of the program that is judged now */
	const struct program_file *file;
	bool made, read;
	struct content content;
};

static struct {
	uint64_t id;			/* the question */
	struct seen v[FILES_MAX];
	uint32_t n;
	struct program_file loaded;	/* what a loader is given */
	const char *cannot;		/* why it cannot be reviewed, or NULL */
	bool made;
} look = { .loaded = { .fd = -1 } };

static struct {
	struct wait waits[WAITS_MAX];
	unsigned nwaits;
	uint64_t order;
	uint32_t limit_s;
	unsigned asks;			/* since then */
	int64_t asks_since;		/* monotonic, us */
} reviews = { .limit_s = APPROVAL_S_DEFAULT };

void
review_limit(uint32_t seconds)
{
	if (seconds > 0)
		reviews.limit_s = seconds;
}

/* ---- who waits ---- */

static struct wait *
wait_find(uint64_t id)
{
	for (size_t i = 0; i < WAITS_MAX; i++)
		if (reviews.waits[i].id == id)
			return &reviews.waits[i];
	return NULL;
}

/* The one that has waited longest for an answer to this. */
static struct wait *
wait_first(const unsigned char hash[SHA256_BYTES])
{
	struct wait *first = NULL;

	for (size_t i = 0; i < WAITS_MAX; i++) {
		struct wait *w = &reviews.waits[i];

		if (w->id != 0 && w->state == WAIT_ASKED &&
		    memcmp(w->hash, hash, SHA256_BYTES) == 0 &&
		    (first == NULL || w->order < first->order))
			first = w;
	}
	return first;
}

static void
wait_drop(struct wait *w)
{
	free(w->message);
	*w = (struct wait){ 0 };
	reviews.nwaits--;
}

/* It waits no more; late: it is asked anew, to be told so. */
static void
wait_over(struct broker *b, struct wait *w, bool late)
{
	const bool asked = w->state == WAIT_ASKED;
	unsigned char hash[SHA256_BYTES];
	struct subject s;

	memcpy(hash, w->hash, sizeof(hash));
	s = subject_of(hash);
	if (late)
		w->state = WAIT_LATE;
	else
		wait_drop(w);
	if (asked && wait_first(hash) == NULL)
		propose_over(b, &s, late);
}

static struct wait *
wait_new(const struct ask *a, const struct program *p, const struct seen *s,
    const char *reason)
{
	struct wait *w = reviews.nwaits == WAITS_MAX ? NULL : wait_find(0);
	size_t len;
	unsigned char *message = w == NULL ? NULL :
	    propose_message(a, p, s->file, &s->content, reason, &len);

	if (message == NULL)
		return NULL;
	*w = (struct wait){ .id = a->id, .order = ++reviews.order,
		.tid = a->tid, .since = clock_mono().v, .message = message,
		.len = len, .image = a->image };
	w->until = w->since + (int64_t)reviews.limit_s * 1000000;
	memcpy(w->hash, s->content.hash, SHA256_BYTES);
	reviews.nwaits++;
	return w;
}

/* ---- looking ---- */

static void
look_at(const struct ask *a, const struct program_file *f, bool read)
{
	struct seen *s = &look.v[look.n++];
	int rc = 0;

	*s = (struct seen){ .file = f };
	if (f->fd == -1 || !made_is(a->b, f->fd, &f->st))
		return;
	s->made = look.made = true;
	if (read)
		rc = content_read(a->b, f->fd, &s->content);
	s->read = read && rc == 0;
	if (rc == -EFBIG)
		look.cannot = "it is too large for that";
	else if (rc != 0)
		look.cannot = "it cannot be read for that now";
}

/* "ld.so ./x": x runs. */
static void
look_at_loaded(const struct ask *a, const struct program *p, bool read)
{
	struct program_file *f = &look.loaded;
	char text[PATH_BYTES_MAX];

	fd_close(&f->fd);
	for (uint32_t i = 0; i < p->nforms && f->fd == -1; i++) {
		const struct exec_form *x = &p->forms[i];
		uint32_t at = exec_loaded(x->argv, x->argc);

		if (!exec_is_loader(str_base(x->file)) || at >= x->argc ||
		    !str_copy(x->argv[at], text, sizeof(text)))
			continue;
		f->fd = walk(a, p->cwd_fd, text, 0);
		f->name = x->argv[at];
		if (f->fd < 0 || fstat(f->fd, &f->st) == -1)
			f->fd = -1;
	}
	look_at(a, f, read);
	if (look.v[look.n - 1].made)
		look.cannot = "a loader reads it after it is judged; execute "
		    "it itself";
}

static bool
is_reviewed(const struct seen *s)
{
	const struct wait *w = wait_find(look.id);

	return s->read && (review_knows(s->content.hash) ||
	    (w != NULL && w->state == WAIT_GRANTED &&
	    memcmp(w->hash, s->content.hash, SHA256_BYTES) == 0));
}

/* The first that nobody has reviewed. */
static struct seen *
unreviewed(void)
{
	for (uint32_t i = 0; i < look.n; i++)
		if (look.v[i].made && !is_reviewed(&look.v[i]))
			return &look.v[i];
	return NULL;
}

void
review_look(const struct ask *a, const struct program *p,
    struct exec_query *q)
{
	const enum exec_made how = image_made(a->image);
	const bool read = how == MADE_ASK || how == MADE_AUDIT;

	look.id = a->id;
	look.n = 0;
	look.made = false;
	look.cannot = NULL;
	q->made = q->reviewed = false;
	if (how == MADE_ALLOW || p->main)
		return;
	for (uint32_t i = 0; i < p->nfiles; i++)
		look_at(a, &p->files[i], read);
	look_at(a, &p->loader, read);
	if (look.v[look.n - 1].made)
		look.cannot = "its loader was made in the sandbox, too";
	look_at_loaded(a, p, read);
	if (look.v[0].made && (p->files[0].st.st_mode & 0111) == 0)
		look.cannot = "it has no execute permission";
	q->made = look.made;
	q->reviewed = look.made && look.cannot == NULL &&
	    unreviewed() == NULL;
}

const struct content *
review_content(const struct ask *a, uint32_t file)
{
	return look.id == a->id && file < look.n && look.v[file].read ?
	    &look.v[file].content : NULL;
}

/* ---- deciding ---- */

static enum review
deny(struct exec_answer *v, const char *why, const char *more)
{
	v->verdict = v->judged = VERDICT_DENY;
	v->ask = false;
	(void)snprintf(v->reason, sizeof(v->reason), "it was made in the "
	    "sandbox, and %.110s%s%.100s", why, more[0] != '\0' ? ": " : "",
	    more);
	return REVIEW_DENY;
}

/* Which bytes ran is on record. */
static void
note(struct exec_answer *v)
{
	size_t at = strlen(v->reason);

	for (uint32_t i = 0; i < look.n; i++)
		if (look.v[i].read && at < sizeof(v->reason)) {
			struct subject s = subject_of(
			    look.v[i].content.hash);

			(void)snprintf(v->reason + at, sizeof(v->reason) -
			    at, "; %s", s.text);
			at = strlen(v->reason);
		}
	v->audit = true;
}

static enum review
let_go(const struct ask *a, const struct program *p, struct exec_answer *v)
{
	struct wait *w = wait_find(a->id);
	const enum exec_made how = image_made(a->image);

	if (look.made)
		note(v);
	if (!p->main && (how == MADE_DENY || how == MADE_ASK)) {
		script_leaves(a, p);
		if (script_runs(a, p) != 0)
			return deny(v, "too many scripts that were run now", "");
	}
	/* it may have to wait for more than us, and is asked anew then: the
	 * answer is kept until the question is gone */
	if (w != NULL)
		w->state = WAIT_GRANTED;
	return REVIEW_ALLOW;
}

/* One sandbox does not keep the gateway from the others. */
static bool
may_ask(void)
{
	int64_t now = clock_mono().v;

	if (now - reviews.asks_since > ASKS_US) {
		reviews.asks_since = now;
		reviews.asks = 0;
	}
	return reviews.asks++ < ASKS_MAX;
}

static enum review
ask_person(const struct ask *a, const struct program *p,
    const struct seen *s, struct exec_answer *v)
{
	struct wait *w = !may_ask() ? NULL : wait_new(a, p, s, v->reason);

	if (w == NULL)
		return deny(v, "too many others wait for a person", "");
	propose_say(a->b, str_of((const char *)w->message, w->len));
	return REVIEW_HOLD;
}

/* It has waited, and is asked anew. */
static enum review
after_wait(const struct ask *a, const struct program *p, struct wait *w,
    const struct seen *s, struct exec_answer *v)
{
	const bool same = memcmp(w->hash, s->content.hash, SHA256_BYTES) == 0;
	bool granted = w->state == WAIT_GRANTED || review_knows(w->hash);
	bool there = false;
	char why[sizeof(w->why)];
	enum wait_state state = w->state;

	if (state == WAIT_ASKED && same && !granted)
		return REVIEW_HOLD;
	for (uint32_t i = 0; i < look.n; i++)
		there = there || (look.v[i].read && memcmp(w->hash,
		    look.v[i].content.hash, SHA256_BYTES) == 0);
	memcpy(why, w->why, sizeof(why));
	wait_drop(w);
	if (state == WAIT_REFUSED)
		return deny(v, "a person refused it", why);
	if (state == WAIT_LATE)
		return deny(v, "no person allowed it in time", "");
	if (!there)
		return deny(v, "it was changed while it waited for a person",
		    "");
	return ask_person(a, p, s, v); /* the next of its files */
}

enum review
review_exec(const struct ask *a, const struct program *p,
    struct exec_answer *v)
{
	struct wait *w = wait_find(a->id);
	struct seen *s;

	if (v->verdict == VERDICT_ALLOW)
		return let_go(a, p, v);
	if (!v->ask || look.id != a->id) {
		if (w != NULL)
			wait_over(a->b, w, false);
		return REVIEW_DENY;
	}
	if (look.cannot != NULL) {
		if (w != NULL)
			wait_over(a->b, w, false);
		return deny(v, "a person cannot review it", look.cannot);
	}
	s = unreviewed();
	if (s == NULL) /* what is left is not a person's to allow */
		return REVIEW_DENY;
	return w != NULL ? after_wait(a, p, w, s, v) :
			   ask_person(a, p, s, v);
}

/* ---- answers ---- */

/* Once: those that are left are asked about again. */
static void
grant_one(struct broker *b, const unsigned char hash[SHA256_BYTES])
{
	struct wait *w = wait_first(hash);
	uint64_t id = w == NULL ? 0 : w->id;

	if (w == NULL)
		return;
	w->state = WAIT_GRANTED;
	hold_again(id);
	w = wait_first(hash);
	if (w != NULL)
		propose_say(b, str_of((const char *)w->message, w->len));
}

void
review_answer(struct broker *b, const struct proposal_answer *v)
{
	unsigned char hash[SHA256_BYTES];
	struct wait *w;

	if (v->kind != PROPOSAL_CODE || !subject_hash(v->subject, hash))
		return;
	if (v->allow && v->once) {
		grant_one(b, hash);
		return;
	}
	if (v->allow)
		reviewed_put(hash, v->until);
	else
		reviewed_remove(hash);
	while ((w = wait_first(hash)) != NULL) { /* each changes its state */
		w->state = v->allow ? WAIT_GRANTED : WAIT_REFUSED;
		(void)str_copy(str_upto(v->reason, sizeof(w->why) - 1),
		    w->why, sizeof(w->why));
		hold_again(w->id);
	}
}

void
review_again(struct broker *b)
{
	for (size_t i = 0; i < WAITS_MAX; i++) {
		const struct wait *w = &reviews.waits[i];

		if (w->id != 0 && w->state == WAIT_ASKED &&
		    wait_first(w->hash) == w)
			propose_say(b, str_of((const char *)w->message,
			    w->len));
	}
}

/* ---- time ---- */

int
review_wait_ms(void)
{
	return reviews.nwaits == 0 ? -1 : LOOK_MS;
}

static void
interrupt(const struct ask *a)
{
	struct seccomp_notif_resp r = { .id = a->id, .error = -EINTR };

	(void)ioctl(a->b->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

/* Not at once: what a person has said already is answered by then. */
static void
tell_waits(const struct ask *a, struct wait *w)
{
	struct rbuf r = rbuf_of(str_of((const char *)w->message, w->len));
	struct proposal v;

	if (w->told || clock_mono().v - w->since < TELL_US)
		return;
	w->told = true;
	if (proposal_get(&r, &v) == 0)
		tell(a, v.path, "it was made in the sandbox, and waits "
		    "for a person to allow it (openshell proposal list)");
}

static void
look_after(struct broker *b, struct wait *w)
{
	const struct ask a = { .b = b, .image = w->image, .id = w->id,
		.tid = w->tid };
	const bool waits = caller_waits(&a);

	if (waits && w->state == WAIT_ASKED)
		tell_waits(&a, w);

	if (waits && caller_interrupted(&a))
		interrupt(&a);
	else if (waits && clock_mono().v < w->until)
		return;
	else if (waits) {
		wait_over(b, w, true);
		hold_again(a.id);
		return;
	}
	wait_over(b, w, false);
	hold_again(a.id); /* forgets it */
}

void
review_tick(struct broker *b)
{
	if (reviews.nwaits == 0)
		return;
	for (size_t i = 0; i < WAITS_MAX; i++)
		if (reviews.waits[i].id != 0)
			look_after(b, &reviews.waits[i]);
}
