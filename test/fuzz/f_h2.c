/* f_h2.c -- either end of HTTP/2: the same however the bytes are cut up, a
 * head is one head to HTTP/1 too, and no owner's doing breaks it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/body.h"
#include "http/h2.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

#define MOMENT ((struct usec){ 1000000 })

struct owner {
	struct h2_stream *s;
	struct buf in, out;
	TAILQ_ENTRY(owner) link;
};
TAILQ_HEAD(owners, owner);

static void
ask(struct h2 *h)
{
	static struct http_head head = { .method = { "POST", 4 } };
	const struct request_out o = { .path = STR("/"),
		.authority = STR("a.test"), .framing = HTTP_TO_END };

	for (int i = 0; i < 3; i++)
		must(h2_request(h, &head, &o) != NULL);
}

static struct h2 *
begin(bool server)
{
	struct h2 *h = h2_new(server, true);

	if (!server)
		ask(h);
	else
		h2_offer_websockets(h, (const unsigned char *)
		    "0123456789abcdef");
	return h;
}

/* All that is pending goes out. */
static void
drain(struct h2 *h)
{
	struct buf out;

	buf_init(&out, BODY_BUF_MAX);
	for (int i = 0; i < 64 && h2_has_output(h) && h2_send(h, &out); i++)
		buf_clear(&out);
	buf_fini(&out);
}

/* What came in is, to HTTP/1, one head and bytes that follow it. */
static void
check_head(const struct h2_stream *s)
{
	static struct http_head head;
	struct http_fault f;
	size_t scan = 0, end = 0;

	if (s->fault.why != NULL || s->in->len == 0)
		return;
	must(http_head_find(buf_str(s->in), &scan, &end, &f) == PARSE_OK);
	must(s->in->len - end == s->held);
	if (http_request_parse(str_head(buf_str(s->in), end), &head, &f) !=
	    PARSE_OK)
		return;
	must(!head.chunked && !head.says_close);
	if (head.upgrade.len > 0) { /* RFC 8441 */
		must(str_eqz(head.upgrade, "websocket") &&
		    str_eqz(head.method, "GET"));
		return;
	}
	for (unsigned i = 0; i < head.nfields; i++)
		must(head.fields[i].id != HTTP_CONNECTION);
}

/* Heads of all streams, in order, and bodies that ended (of one that breaks
 * its word as much as came before may be there), with nobody who reads. false:
 * nghttp2 counts the pieces of a CONTINUATION as so many of them, and ends a
 * connection with more than eight. */
static bool
run(struct str in, size_t step, bool server, struct buf *all)
{
	struct h2 *h = begin(server);
	struct h2_stream *s;
	unsigned ev;
	bool same;

	buf_init(all, 1 << 20);
	for (size_t at = 0; at < in.len; at += step)
		(void)h2_recv(h, str_upto(str_from(in, at), step), MOMENT);
	while ((s = h2_next(h, &ev)) != NULL) {
		if (server)
			check_head(s);
		must(buf_adds(all, str_upto(buf_str(s->in),
		    s->ended ? s->in->len : s->in->len - s->held)));
		must(!s->ended || buf_adds(all, buf_str(&s->trailers)));
	}
	drain(h);
	same = h2_why(h) == NULL || strstr(h2_why(h), "CONTINU") == NULL;
	h2_free(h);
	return same;
}

/* ---- an owner that does what the input says */

static void
act(struct owner *o, unsigned what)
{
	static struct http_head head = { .status = 200 };
	struct response_out r = { .framing = (what & 1) != 0 ? HTTP_NO_BODY :
							      HTTP_TO_END };

	buf_eat(&o->in, (what & 2) != 0 ? o->in.len : o->in.len / 2);
	h2_took(o->s);
	if ((what & 4) != 0 && !o->s->answered)
		must(h2_respond(o->s, &head, &r));
	if ((what & 8) != 0 && o->out.len < BODY_ROOM)
		must(buf_addz(&o->out, "some bytes of a body"));
	h2_wrote(o->s);
	if ((what & 16) != 0)
		h2_finish(o->s);
}

static void
leave(struct owners *all, struct owner *o)
{
	TAILQ_REMOVE(all, o, link);
	h2_close(o->s, H2_CANCEL);
	buf_fini(&o->in);
	buf_fini(&o->out);
	free(o);
}

static void
act_on_all(struct h2 *h, struct owners *all, unsigned what)
{
	struct h2_stream *s;
	unsigned ev;

	while ((s = h2_next(h, &ev)) != NULL) {
		struct owner *o = s->owner;

		if (o == NULL) {
			o = mem_alloc(1, sizeof(*o));
			o->s = s;
			buf_init(&o->in, 0);
			buf_init(&o->out, BODY_BUF_MAX);
			h2_own(s, o, &o->in, &o->out);
			TAILQ_INSERT_TAIL(all, o, link);
		}
		act(o, what);
		if (s->over || (what & 96) == 96)
			leave(all, o);
	}
}

static void
live(struct str in, bool server)
{
	struct h2 *h = begin(server);
	struct owners all = TAILQ_HEAD_INITIALIZER(all);
	unsigned what = 1;

	for (size_t at = 0; at < in.len; at += 29) {
		struct str part = str_upto(str_from(in, at), 29);

		if (!h2_recv(h, part, MOMENT))
			break;
		what = what * 31 + (unsigned char)part.p[0];
		act_on_all(h, &all, what);
		drain(h);
	}
	h2_goaway(h);
	drain(h);
	while (!TAILQ_EMPTY(&all))
		leave(&all, TAILQ_FIRST(&all));
	drain(h);
	h2_free(h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct buf whole, cut;
	struct str in;
	bool same;

	if (len < 2 || len > 8192)
		return 0;
	in = str_of((const char *)p + 1, len - 1);
	same = run(in, in.len, (p[0] & 1) != 0, &whole);
	same = run(in, 1, (p[0] & 1) != 0, &cut) && same;
	must(!same || str_eq(buf_str(&whole), buf_str(&cut)));
	buf_fini(&whole);
	buf_fini(&cut);
	live(in, (p[0] & 1) != 0);
	return 0;
}
