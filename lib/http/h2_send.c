/* h2_send.c -- what goes out: heads written anew, bodies as there is room. */
#include "base/must.h"
#include "http/body.h"
#include "http/h2_in.h"

/* ---- heads ---- */

#define EXTRA_MAX 8 /* pseudo-fields and those that we say ourselves */

struct fields {
	nghttp2_nv v[HTTP_FIELDS_MAX + EXTRA_MAX];
	size_t n;
	char length[24];
};

/* nghttp2 copies both, and the name in small letters. */
static void
put(struct fields *l, struct str name, struct str value)
{
	must(l->n < NELEM(l->v));
	l->v[l->n++] = (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.p, .namelen = name.len,
		.value = (uint8_t *)(uintptr_t)value.p,
		.valuelen = value.len };
}

static void
put_head(struct fields *l, const struct http_head *h)
{
	for (unsigned i = 0; i < h->nfields; i++)
		if (h->fields[i].id == HTTP_OTHER && !h->fields[i].nominated)
			put(l, h->fields[i].name, h->fields[i].value);
}

static void
put_length(struct fields *l, uint64_t length)
{
	size_t at = sizeof(l->length);

	do {
		l->length[--at] = (char)('0' + length % 10);
		length /= 10;
	} while (length != 0);
	put(l, STR("content-length"),
	    str_of(l->length + at, sizeof(l->length) - at));
}

static void
put_status(struct fields *l, unsigned status, char text[3])
{
	text[0] = (char)('0' + status / 100 % 10);
	text[1] = (char)('0' + status / 10 % 10);
	text[2] = (char)('0' + status % 10);
	put(l, STR(":status"), str_of(text, 3));
}

/* ---- bodies ---- */

static ssize_t
trailers_follow(struct h2_stream *s, uint32_t *flags)
{
	struct http_head t;
	struct fields l;
	struct http_fault f;

	*flags |= NGHTTP2_DATA_FLAG_EOF;
	s->sent = true;
	if (s->last.len == 0)
		return 0;
	memset(&t, 0, offsetof(struct http_head, fields));
	l.n = 0;
	/* They were written by us, from what was parsed. */
	must(http_fields_parse(buf_str(&s->last), &t, &f) == PARSE_OK);
	put_head(&l, &t);
	if (l.n == 0)
		return 0;
	*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	return nghttp2_submit_trailer(s->h2->session, s->id, l.v, l.n) == 0 ?
	    0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static ssize_t
on_read(nghttp2_session *session, int32_t id, uint8_t *p, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct h2_stream *s = source->ptr;
	size_t n = s->out == NULL ? 0 : s->out->len;

	(void)session, (void)id, (void)p, (void)arg;
	if (n == 0 && !s->ending)
		return NGHTTP2_ERR_DEFERRED;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (n > room)
		return (ssize_t)room;
	if (s->ending && trailers_follow(s, flags) != 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	return (ssize_t)n;
}

static int
on_send(nghttp2_session *session, nghttp2_frame *fr, const uint8_t *head,
    size_t len, nghttp2_data_source *source, void *arg)
{
	struct h2_stream *s = source->ptr;
	struct h2 *h = arg;

	(void)session;
	must(fr->data.padlen == 0);
	if (!buf_add(h->to, head, 9) ||
	    (len > 0 && !buf_add(h->to, buf_str(s->out).p, len)))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (len > 0)
		buf_eat(s->out, len);
	h2_useful(h, 1 + (int64_t)len / 1024);
	if (s->owner != NULL)
		h2_note(s, H2_ROOM);
	return 0;
}

/* It was too late for a new stream: the peer never heard of it. */
static int
on_not_sent(nghttp2_session *session, const nghttp2_frame *fr, int code,
    void *arg)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(session,
	    fr->hd.stream_id);

	(void)code, (void)arg;
	if (fr->hd.type == NGHTTP2_HEADERS && s != NULL)
		s->unseen |= fr->headers.cat == NGHTTP2_HCAT_REQUEST;
	return 0;
}

static int
on_sent(nghttp2_session *session, const nghttp2_frame *fr, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s;

	if (fr->hd.type == NGHTTP2_HEADERS &&
	    fr->headers.cat == NGHTTP2_HCAT_REQUEST) {
		s = nghttp2_session_get_stream_user_data(session,
		    fr->hd.stream_id);
		if (s != NULL)
			s->asked = true;
	}
	if (fr->hd.type == NGHTTP2_GOAWAY && h->why == NULL &&
	    fr->goaway.error_code != NGHTTP2_NO_ERROR)
		h->why = nghttp2_http2_strerror(fr->goaway.error_code);
	return 0;
}

void
h2_send_hooks(nghttp2_session_callbacks *c)
{
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(c,
	    on_not_sent);
	nghttp2_session_callbacks_set_send_data_callback(c, on_send);
}

static const nghttp2_data_provider *
provider(struct h2_stream *s, nghttp2_data_provider *p)
{
	*p = (nghttp2_data_provider){ .source = { .ptr = s },
		.read_callback = on_read };
	return p;
}

/* ---- a server's ---- */

bool
h2_inform(struct h2_stream *s, const struct http_head *h)
{
	struct fields l = { .n = 0 };
	char status[3];

	if (s->over)
		return true; /* nobody hears it */
	put_status(&l, h->status, status);
	put_head(&l, h);
	return nghttp2_submit_headers(s->h2->session, NGHTTP2_FLAG_NONE,
		   s->id, NULL, l.v, l.n, NULL) == 0;
}

bool
h2_respond(struct h2_stream *s, const struct http_head *h,
    const struct response_out *o)
{
	bool bare = o->framing == HTTP_NO_BODY;
	nghttp2_data_provider p;
	struct fields l = { .n = 0 };
	char status[3];

	must(!s->answered);
	s->answered = true;
	s->ending = s->sent = bare;
	if (s->over)
		return true;
	put_status(&l, h->status, status);
	put_head(&l, h);
	if (o->says_length || o->framing == HTTP_LENGTH)
		put_length(&l, o->length);
	return nghttp2_submit_response(s->h2->session, s->id, l.v, l.n,
		   bare ? NULL : provider(s, &p)) == 0;
}

/* ---- a client's ---- */

struct h2_stream *
h2_request(struct h2 *h, const struct http_head *head,
    const struct request_out *o)
{
	bool bare = o->framing == HTTP_NO_BODY;
	char target[2 * HTTP_TARGET_BYTES_MAX + 2];
	struct h2_stream *s = h2_stream_new(h, 0);
	nghttp2_data_provider p;
	struct fields l = { .n = 0 };
	size_t n = o->path.len;

	must(n + 1 + o->query.len <= sizeof(target));
	memcpy(target, o->path.p, n);
	if (o->has_query) {
		target[n++] = '?';
		memcpy(target + n, o->query.p, o->query.len);
		n += o->query.len;
	}
	put(&l, STR(":method"), head->method);
	put(&l, STR(":scheme"), h->tls ? STR("https") : STR("http"));
	put(&l, STR(":authority"), o->authority);
	put(&l, STR(":path"), str_of(target, n));
	put_head(&l, head);
	if (o->trailers)
		put(&l, STR("te"), STR("trailers"));
	if (head->expects)
		put(&l, STR("expect"), STR("100-continue"));
	if (o->framing == HTTP_LENGTH || (bare && head->has_length))
		put_length(&l, o->length);
	s->answered = true;
	s->ending = s->sent = bare;
	s->id = nghttp2_submit_request(h->session, NULL, l.v, l.n,
	    bare ? NULL : provider(s, &p), s);
	if (s->id > 0)
		return s;
	h2_stream_free(s);
	return NULL;
}

/* ---- bytes ---- */

/* -1: no memory. Each is freed when its reset went out. */
static int
submit_resets(struct h2 *h)
{
	struct h2_stream *s;

	while ((s = TAILQ_FIRST(&h->resets)) != NULL) {
		TAILQ_REMOVE(&h->resets, s, next);
		s->closing = s->listed = false;
		if (nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE,
			s->id, (uint32_t)s->code) != 0)
			return -1;
	}
	return 0;
}

/* One frame, or the resets that waited for all others. > 0: there may be
 * more. */
static ssize_t
send_one(struct h2 *h, struct buf *out)
{
	size_t before = out->len;
	const uint8_t *p;
	ssize_t n = nghttp2_session_mem_send(h->session, &p);

	if (n > 0 && !buf_add(out, p, (size_t)n))
		return NGHTTP2_ERR_NOMEM;
	if (n != 0)
		return n;
	if (out->len > before)
		return 1; /* a body's bytes went another way */
	if (TAILQ_EMPTY(&h->resets))
		return 0;
	return submit_resets(h) == 0 ? 1 : NGHTTP2_ERR_NOMEM;
}

bool
h2_send(struct h2 *h, struct buf *out)
{
	ssize_t n = 1;

	must(!h->running);
	if (h->broken)
		return false;
	h->running = true;
	h->to = out;
	while (n > 0 && out->len < BODY_ROOM)
		n = send_one(h, out);
	h->to = NULL;
	h->running = false;
	if (n < 0) {
		h->broken = true;
		if (h->why == NULL)
			h->why = nghttp2_strerror((int)n);
	}
	return !h->broken;
}
