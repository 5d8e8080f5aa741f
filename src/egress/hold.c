#include "hold.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/must.h"
#include "caller.h"
#include "egress.h"
#include "http/chunked.h"
#include "http/write.h"
#include "judge.h"
#include "policy/sift.h"
#include "sift_body.h"
#include "talk.h"

/* ---- begin ---- */

/* Servers that make variables of fields take '_' for '-'. */
static bool
name_is(struct str name, const char *want)
{
	size_t i = 0;

	for (; i < name.len && want[i] != '\0'; i++) {
		char ch = name.p[i] == '_' ? '-' : name.p[i];

		if ((ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch) != want[i])
			return false;
	}
	return i == name.len && want[i] == '\0';
}

/* Those of its fields that say what a body is. */
static void
fields_take(const struct http_head *h, struct inspect_head *out)
{
	for (unsigned i = 0; i < h->nfields; i++) {
		const struct http_field *f = &h->fields[i];
		struct str *to = NULL;

		if (name_is(f->name, "content-type"))
			to = &out->type;
		if (name_is(f->name, "content-encoding"))
			to = &out->encoding;
		if (to == NULL)
			continue;
		out->twice |= to->len > 0;
		*to = f->value;
	}
}

static void
inspection_begin(struct conn *c, struct hold *d, const struct http_head *h,
    uint32_t kinds)
{
	struct inspect_head want = { .kinds = kinds,
		.method = str_c(c->method), .path = buf_str(&c->path),
		.query = buf_str(&c->query_text), .websocket = c->websocket,
		.body = request_framing(c, h) != HTTP_NO_BODY,
		.length = h->has_length ? h->length : 0 };

	fields_take(h, &want);
	inspect_begin(&d->in, &want);
}

static void
wait_for_body(struct conn *c, struct hold *d, const struct http_head *h)
{

	d->taken = true;
	d->until = usec_add(loop_now(c->eg->loop),
	    usec_of_ms(HOLD_TIME_S * 1000));
	body_init(&c->req, request_framing(c, h), HTTP_TO_END, h->length);
	c->req.drop_trailers = true;	/* the head was judged, not these */
	buf_eat(&c->cl.in, c->head_len);
	c->head_len = 0;
	c->keep = false;
	if (h->expects && c->minor == 1) {
		struct http_head go = { .status = 100,
			.reason = STR("Continue"), .minor = 1 };

		/* Where there is no room for it, clients go on by themselves. */
		d->continued = reply_interim(c, &go);
		egress_queue(c->eg, &c->cl);
	}
	conn_enter(c, CONN_BODY);
}

/* false: no body has to be read. */
static bool
hold_kinds(struct conn *c, bool encoded_slash, uint32_t kinds)
{
	struct http_head *h = &c->eg->head;
	struct hold *d = c->hold = mem_alloc(1, sizeof(*d));
	struct http_fault f;

	d->encoded_slash = encoded_slash;
	buf_init(&d->head, HTTP_HEAD_BYTES_MAX);
	must(buf_adds(&d->head, str_head(buf_str(&c->cl.in), c->head_len)));
	must(http_request_parse(buf_str(&d->head), h, &f) == PARSE_OK);
	inspection_begin(c, d, h, kinds);
	if (!d->in.over)
		wait_for_body(c, d, h);
	return !d->in.over;
}

bool
hold_whole(struct conn *c, bool encoded_slash, const struct net_answer *a)
{
	return a->verdict == VERDICT_ALLOW && sift_sent(a->sift) != 0 &&
	    c->hold == NULL && !c->websocket &&
	    request_framing(c, &c->eg->head) != HTTP_NO_BODY &&
	    hold_kinds(c, encoded_slash, INSPECT_WHOLE);
}

bool
hold_body(struct conn *c, char **p, size_t *len)
{
	struct hold *d = c->hold;

	if (d == NULL || !d->taken || !c->req.done || d->sent != 0)
		return false;
	*p = d->in.held.p + d->in.held.off;
	*len = d->in.held.len;
	return true;
}

bool
hold_begin(struct conn *c, bool encoded_slash, struct net_answer *a)
{
	uint32_t kinds = c->hold != NULL ? 0 : judge_wanted(c, a);

	if (kinds == 0)
		return false;
	if (hold_kinds(c, encoded_slash, kinds))
		return true;
	judge_request(c, a);
	return false;
}

void
hold_count(struct conn *c, size_t n)
{
	c->hold->counted += n;
	c->eg->held += n;
}

/* The text of a head without the fields that say how its body is packed, and
 * how long it is: of what is parsed, each line ends with CR LF. */
static void
head_of_plain(const struct buf *head, size_t length, struct buf *out)
{
	struct str rest = buf_str(head);

	while (rest.len > 0) {
		const char *end = memchr(rest.p, '\n', rest.len);
		const struct str line = str_of(rest.p,
		    end == NULL ? rest.len : (size_t)(end - rest.p) + 1);
		const char *colon = memchr(line.p, ':', line.len);
		const struct str name = str_of(line.p,
		    colon == NULL ? 0 : (size_t)(colon - line.p));

		if (str_case_eq(name, STR("content-length")))
			must(buf_printf(out, "Content-Length: %zu\r\n", length));
		else if (!name_is(name, "content-encoding") &&
		    !name_is(name, "content-length"))
			must(buf_adds(out, line));
		rest = str_from(rest, line.len);
	}
}

void
hold_unpacked(struct conn *c, struct http_head *h)
{
	struct hold *d = c->hold;
	struct sifted *s = d->sifted;
	struct buf head, held;
	struct http_fault f;

	buf_init(&head, HTTP_HEAD_BYTES_MAX + 64);
	head_of_plain(&d->head, s->plain.len, &head);
	d->head_was = d->head;
	d->head = head;
	held = d->in.held;
	d->in.held = s->plain;
	s->plain = held;
	unpack_free(s->unpack);
	s->unpack = NULL;
	must(http_request_parse(buf_str(&d->head), h, &f) == PARSE_OK);
}

/* ---- the body comes ---- */

static size_t
held_of(const struct conn *c)
{
	return (c->hold != NULL ? c->hold->counted : 0) +
	    (c->talk != NULL ? c->talk->counted : 0);
}

/* Of all whose callers are under the same profiles as c's. */
static size_t
held_beside(const struct conn *c)
{
	const uint64_t set = caller_profiles(c);
	const struct conn *kid;
	size_t n = 0;

	for (size_t i = 0; i < CONN_COUNT_MAX; i++) {
		const struct conn *other = c->eg->conns[i];

		if (other == NULL)
			continue;
		if (caller_profiles(other) == set)
			n += held_of(other);
		TAILQ_FOREACH(kid, &other->kids, kin)
			if (caller_profiles(kid) == set)
				n += held_of(kid);
	}
	return n;
}

bool
hold_is_too_much(const struct conn *c)
{
	const size_t held = c->eg->held;

	if (held > HOLD_BYTES_MAX)
		return true;
	return held > HOLD_BYTES_MAX / 2 &&
	    image_profiles(c->eg->image) > 0 &&
	    held_beside(c) > HOLD_BYTES_MAX - held;
}

static enum want
too_many(struct conn *c)
{
	return answer_error(c, 503, "busy", "too many requests whose bodies "
	    "must be read before they are sent on are under way; try again");
}

/* true: something of it came. */
static bool
feed(struct conn *c, enum parse *got)
{
	struct hold *d = c->hold;
	struct http_fault f;
	struct buf some;
	size_t n;

	buf_init(&some, BODY_BUF_MAX);
	*got = body_move(&c->req, &c->cl.in, &some, c->cl.ended,
	    &c->eg->head, &f);
	n = some.len;
	inspect_feed(&d->in, buf_str(&some));
	buf_fini(&some);
	hold_count(c, n);
	return n > 0;
}

static enum want
body_done(struct conn *c)
{
	struct http_head *h = &c->eg->head;
	struct net_answer a;
	struct http_fault f;

	must(http_request_parse(buf_str(&c->hold->head), h, &f) == PARSE_OK);
	c->keep = c->minor == 1 && !h->says_close && c->req.done;
	judge_request(c, &a);
	if (a.verdict == VERDICT_ALLOW && sift_sent(a.sift) != 0 &&
	    !sift_body_more(c, h)) {
		conn_progress(c);
		c->tired = true;
		return hold_is_too_much(c) ? too_many(c) : WANT_TURN;
	}
	return request_judged(c, h, c->hold->encoded_slash, &a);
}

enum want
conn_body(struct conn *c)
{
	struct hold *d = c->hold;
	enum parse got;
	bool more = conn_read_more(c, &c->cl), came;

	must(c->state == CONN_BODY && d != NULL && d->taken);
	if (c->cl.failed)
		return WANT_CLOSE;
	if (!d->in.over && loop_now(c->eg->loop).v > d->until.v)
		return answer_error(c, 408, "request_timeout", "the request's "
		    "body did not arrive within %d s", HOLD_TIME_S);
	came = feed(c, &got);
	if (got == PARSE_BAD)
		return c->cl.ended ? WANT_CLOSE : answer_error(c, 400,
		    "invalid_request", "the request's body is malformed");
	if (hold_is_too_much(c))
		return too_many(c);
	if (got == PARSE_OK)
		inspect_close(&d->in);
	if (d->in.over)
		return body_done(c);
	return more || came ? WANT_TURN : WANT_WAIT;
}

/* ---- and goes on ---- */

struct str
hold_head(const struct conn *c)
{
	return c->hold != NULL && c->hold->taken ? buf_str(&c->hold->head) :
	    str_head(buf_str(&c->cl.in), c->head_len);
}

bool
hold_is_sent(const struct conn *c)
{
	return c->hold == NULL || !c->hold->taken ||
	    (c->hold->sent == c->hold->in.held.len &&
	    (c->hold->ended || !c->req.done));
}

/* In HTTP/2 the end of a body is not a byte of it. */
static void
send_end(struct conn *c)
{
	struct stream *to = &c->up->s;

	if (c->req.out == HTTP_CHUNKED)
		must(trailers_put(&to->out, NULL));
	if (to->h2 != NULL)
		stream_end(to);
	egress_queue(c->eg, to);
	c->hold->ended = true;
}

bool
hold_send(struct conn *c, bool *moved)
{
	struct buf *out = &c->up->s.out;
	struct hold *d = c->hold;

	if (hold_is_sent(c))
		return true;
	while (d->sent < d->in.held.len) {
		struct str some = str_from(buf_str(&d->in.held), d->sent);
		size_t used = out->len + CHUNK_OVERHEAD_MAX;

		c->up->s.tell |= out->len >= BODY_ROOM / 2;
		if (used >= BODY_ROOM)
			return false;
		some = str_upto(some, BODY_ROOM - used);
		must(c->req.out == HTTP_CHUNKED ? chunk_put(out, some) :
		    buf_adds(out, some));
		d->sent += some.len;
		*moved = true;
		egress_queue(c->eg, &c->up->s);
	}
	if (c->req.done)
		send_end(c);
	return true;
}

void
hold_print(const struct conn *c, char *out, size_t cap)
{
	out[0] = '\0';
	if (c->hold != NULL)
		inspect_print(&c->hold->in, out, cap);
}

void
hold_free(struct conn *c)
{
	struct hold *d = c->hold;

	if (d == NULL)
		return;
	c->hold = NULL;
	c->eg->held -= d->counted;
	inspect_fini(&d->in);
	sifted_free(d->sifted);
	buf_fini(&d->head);
	buf_fini(&d->head_was);
	free(d);
}
