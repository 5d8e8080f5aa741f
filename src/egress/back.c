#include "back.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/must.h"
#include "egress.h"
#include "http/write.h"
#include "judge.h"
#include "policy/sift.h"
#include "scan/scan.h"
#include "sift.h"

#define TOLD_MAX 64	/* findings of one response that are told one by one */

struct back {
	struct scan *scan;
	struct buf bare;	/* of the body, without its framing */
	struct buf trailers;	/* as field lines and an empty line */
	size_t clear;		/* of bare: may go on */
	uint64_t gone;		/* before bare */
	enum http_framing out;
	unsigned told;		/* findings */
	bool blocked, ended;
};

/* ---- what is found ---- */

struct finding {
	struct conn *c;
	const char *where;
	char *p;		/* what was looked at */
	uint64_t gone;		/* before that */
	enum sift_act act;
	unsigned *told;
	bool blocked;
	size_t upto;		/* what is before may still go on */
};

static enum sift_act
act_of(const struct conn *c)
{
	return scan_has_values(c->eg->scan) ?
	    sift_act(c->sift, SIFT_RESPONSES) : SIFT_NOTHING;
}

static void
on_finding(const struct scan_finding *f, void *arg)
{
	struct finding *at = arg;
	struct conn *c = at->c;
	const bool enforced = sift_is_enforced(c);
	const bool block = at->act == SIFT_BLOCK && enforced;
	char text[160];

	if (at->act == SIFT_REDACT && enforced)
		sift_redact(at->p + f->at, f->len);
	if (*at->told > TOLD_MAX)
		return; /* the first of them was blocked, if any is */
	++*at->told;
	(void)snprintf(text, sizeof(text), "%s at byte %llu of the %s%s%s",
	    f->name, (unsigned long long)(at->gone + f->at), at->where,
	    at->act == SIFT_REDACT ? ", redacted" :
	    at->act == SIFT_BLOCK  ? ", blocked" :
				     "",
	    *at->told > TOLD_MAX ? "; more of them follow, and are not told" :
				   "");
	/* what cannot be recorded does not come in */
	if ((!judge_record(c, AUDIT_FINDING, block ? AUDIT_DENIED :
		AUDIT_OBSERVED, NULL, 0, str_c(text)) || block) &&
	    !at->blocked) {
		at->blocked = true;
		at->upto = f->at;
	}
}

/* ---- heads ---- */

/* A value that comes in parts is in none of them; who is asked for one may
 * give all. */
static bool
asks_for_part(struct str name)
{
	static const char *const names[] = { "range", "if-range",
		"request-range", "a-im" };

	for (size_t i = 0; i < NELEM(names); i++)
		if (str_case_eq(name, str_c(names[i])))
			return true;
	return false;
}

void
back_ask(const struct conn *c, struct http_head *h)
{
	if (act_of(c) == SIFT_NOTHING)
		return;
	for (unsigned i = 0; i < h->nfields; i++) {
		struct http_field *f = &h->fields[i];

		if (str_case_eq(f->name, STR("accept-encoding")))
			f->value = STR("identity");
		f->nominated |= asks_for_part(f->name);
	}
}

static bool
is_packed(const struct http_head *h)
{
	for (unsigned i = 0; i < h->nfields; i++)
		if (str_case_eq(h->fields[i].name, STR("content-encoding")) &&
		    !str_case_eq(h->fields[i].value, STR("identity")))
			return true;
	return false;
}

static enum want
answer_packed(struct conn *c)
{
	const char *why = "the response is compressed, though asked not to be, "
	    "and cannot be inspected";
	const bool blocks = act_of(c) >= SIFT_REDACT && sift_is_enforced(c);

	if (!judge_record(c, AUDIT_FINDING,
		blocks ? AUDIT_DENIED : AUDIT_OBSERVED, NULL, 0, str_c(why)))
		return answer_unrecorded(c);
	c->keep = c->keep && (!blocks || c->req.done);
	return blocks ? answer_error(c, 502, "response_not_inspected",
	    "%s:%u: %s", c->at.host.text, (unsigned)c->at.port, why) :
	    WANT_TURN;
}

/* The text is what the server said, read a moment ago, and ours to
 * change. */
static void
look_text(struct finding *f, struct str text)
{
	f->p = (char *)(uintptr_t)text.p;
	(void)scan_back(f->c->eg->scan, text, true, on_finding, f);
}

enum want
back_head(struct conn *c, const struct http_head *h)
{
	unsigned told = 0;
	struct finding f = { .c = c, .where = "response's head",
		.act = act_of(c), .told = &told };

	if (f.act == SIFT_NOTHING)
		return WANT_TURN;
	if (c->up->s.h2 == NULL) /* there it is ours */
		look_text(&f, h->reason);
	for (unsigned i = 0; i < h->nfields; i++) {
		look_text(&f, h->fields[i].name);
		look_text(&f, h->fields[i].value);
	}
	if (!f.blocked)
		return is_packed(h) ? answer_packed(c) : WANT_TURN;
	c->keep = c->keep && c->req.done;
	return answer_error(c, 502, "response_blocked",
	    "%s:%u: the response's head holds a value that must not "
	    "come into the sandbox", c->at.host.text, (unsigned)c->at.port);
}

/* ---- bodies ---- */

void
back_begin(struct conn *c)
{
	struct back *d;

	if (act_of(c) == SIFT_NOTHING || c->res.in == HTTP_NO_BODY)
		return;
	d = c->back = mem_alloc(1, sizeof(*d));
	d->scan = scan_share(c->eg->scan);
	d->out = c->res.out;
	buf_init(&d->bare, BODY_BUF_MAX);
	buf_init(&d->trailers, 2 * HTTP_HEAD_BYTES_MAX); /* as last is */
	c->res.out = HTTP_TO_END;
	c->res.trailers_out = &d->trailers;
}

static void
look_more(struct conn *c, struct back *d, bool last)
{
	struct finding f = { .c = c, .where = "response",
		.p = d->bare.p + d->bare.off + d->clear,
		.gone = d->gone + d->clear, .told = &d->told,
		.act = sift_act(c->sift, SIFT_RESPONSES) };

	size_t n;

	if (d->blocked)
		return;
	n = scan_back(d->scan, str_from(buf_str(&d->bare), d->clear), last,
	    on_finding, &f);
	d->clear += f.blocked ? f.upto : n;
	d->blocked = f.blocked;
	if (!last || d->trailers.len == 0 || d->blocked)
		return;
	f.where = "response's trailers";
	f.p = d->trailers.p + d->trailers.off;
	f.gone = 0;
	(void)scan_back(d->scan, buf_str(&d->trailers), true, on_finding, &f);
	d->blocked |= f.blocked;
}

static void
send_on(struct conn *c, struct back *d, bool *moved)
{
	struct buf *out = &c->cl.out;

	while (d->clear > 0) {
		const size_t used = out->len + CHUNK_OVERHEAD_MAX;
		struct str some = str_upto(buf_str(&d->bare), d->clear);

		c->cl.tell |= out->len >= BODY_ROOM / 2;
		if (used >= BODY_ROOM)
			return;
		some = str_upto(some, BODY_ROOM - used);
		must(d->out == HTTP_CHUNKED ? chunk_put(out, some) :
					      buf_adds(out, some));
		d->clear -= some.len;
		d->gone += some.len;
		buf_eat(&d->bare, some.len);
		*moved = true;
		egress_queue(c->eg, &c->cl);
	}
}

/* The last chunk, and what follows it. */
static void
send_end(struct conn *c, struct back *d)
{
	struct http_head *h = &c->eg->head, *t = NULL;
	struct http_fault f;

	if (d->ended)
		return;
	d->ended = true;
	if (c->parent != NULL) {
		must(buf_adds(&c->cl.h2->last, buf_str(&d->trailers)));
	} else if (d->out == HTTP_CHUNKED) {
		memset(h, 0, offsetof(struct http_head, fields));
		if (d->trailers.len > 0 && http_fields_parse(
			buf_str(&d->trailers), h, &f) == PARSE_OK)
			t = h;
		must(trailers_put(&c->cl.out, t));
	}
	egress_queue(c->eg, &c->cl);
}

enum parse
back_move(struct conn *c, bool *moved)
{
	struct stream *from = &c->up->s;
	struct back *d = c->back;
	/* A cut is not an end. */
	const bool cut = from->failed && c->res.in == HTTP_TO_END;
	const size_t before = d->bare.len;
	struct http_fault f;
	enum parse got;

	got = c->res.done ? PARSE_OK :
	    body_move(&c->res, &from->in, &d->bare, from->ended && !cut,
		&c->eg->head, &f);
	if (cut && got == PARSE_MORE && from->in.len == 0)
		got = PARSE_BAD;
	if (d->bare.len > before || (got == PARSE_OK && !d->ended)) {
		*moved = true;
		look_more(c, d, got == PARSE_OK);
	}
	send_on(c, d, moved);
	if (got == PARSE_BAD || (d->blocked && d->clear == 0))
		return PARSE_BAD;
	if (got != PARSE_OK || d->bare.len > 0)
		return PARSE_MORE;
	if (c->cl.out.len >= BODY_ROOM) { /* heads alone may do that */
		c->cl.tell = true;
		return PARSE_MORE;
	}
	send_end(c, d);
	return PARSE_OK;
}

void
back_free(struct conn *c)
{
	struct back *d = c->back;

	if (d == NULL)
		return;
	c->back = NULL;
	scan_free(d->scan);
	buf_fini(&d->bare);
	buf_fini(&d->trailers);
	free(d);
}
