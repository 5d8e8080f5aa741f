/* h2_recv.c -- what comes in: heads made into text, bodies kept. */
#include "base/must.h"
#include "http/h2_in.h"

#define RESET_POINTS 20 /* what a request that is taken back costs, and what
			 * one that ends in order gives back */

static struct h2_stream *
stream_of(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- heads ---- */

/* Other for each stream; nobody else knows the seed. */
static void
make_key(struct h2 *h, int32_t id)
{
	unsigned char nonce[16];

	memcpy(nonce, h->seed, sizeof(nonce));
	for (size_t i = 0; i < 4; i++)
		nonce[i] ^= (unsigned char)((uint32_t)id >> 8 * i);
	h2_head_key(&h->head, nonce);
}

static int
on_begin(nghttp2_session *session, const nghttp2_frame *fr, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(session, fr->hd.stream_id);

	if (fr->hd.type != NGHTTP2_HEADERS)
		return 0;
	if (s == NULL && fr->headers.cat == NGHTTP2_HCAT_REQUEST) {
		s = h2_stream_new(h, fr->hd.stream_id);
		must(nghttp2_session_set_stream_user_data(session,
			 fr->hd.stream_id, s) == 0);
	}
	if (h->websockets)
		make_key(h, fr->hd.stream_id);
	h2_head_begin(&h->head, s == NULL || s->head ? H2_TRAILER :
		h->server ? H2_REQUEST : H2_RESPONSE);
	return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *fr,
    const uint8_t *name, size_t namelen, const uint8_t *value,
    size_t valuelen, uint8_t flags, void *arg)
{
	struct h2 *h = arg;

	(void)session;
	(void)flags;
	if (fr->hd.type == NGHTTP2_HEADERS)
		h2_head_add(&h->head,
		    str_of((const char *)name, namelen),
		    str_of((const char *)value, valuelen));
	return 0;
}

/* A field that nghttp2 finds malformed makes the message malformed. */
static int
on_invalid(nghttp2_session *session, const nghttp2_frame *fr,
    const uint8_t *name, size_t namelen, const uint8_t *value,
    size_t valuelen, uint8_t flags, void *arg)
{
	(void)session, (void)fr, (void)name, (void)namelen, (void)value;
	(void)valuelen, (void)flags, (void)arg;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* An informational response is not the last head. */
static bool
is_final(const struct h2 *h)
{
	return h->server || buf_str(&h->head.pseudo).p[0] != '1';
}

static void
on_trailers(struct h2 *h, struct h2_stream *s)
{
	if (h2_head_end(&h->head, h->tls, &s->trailers, &s->fault) !=
	    PARSE_OK)
		s->cut = true; /* a body without its real end */
}

static void
on_head(struct h2 *h, struct h2_stream *s, bool last)
{
	size_t before = s->in->len;

	if (s->head) {
		on_trailers(h, s);
		return;
	}
	if (h2_head_end(&h->head, h->tls, s->in, &s->fault) != PARSE_OK) {
		s->head = s->cut = true;
	} else {
		must(s->held == 0 && s->in->len > before);
		s->head = is_final(h);
	}
	s->bodyless = last;
	if (s->head)
		h2_useful(h, 5 + (int64_t)((s->in->len - before) /
		    H2_POINT_BYTES));
	h2_note(s, h->server ? H2_HEAD : H2_BODY);
}

/* ---- bodies ---- */

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *p, size_t len, void *arg)
{
	struct h2_stream *s = stream_of(session, id);
	struct h2 *h = arg;

	(void)flags;
	(void)nghttp2_session_consume_connection(session, len);
	h2_useful(h, 1 + (int64_t)(len / H2_POINT_BYTES));
	if (s == NULL || (s->owner == NULL && s->out == NULL &&
		s->in != &s->own))
		return 0;
	if (!buf_add(s->in, p, len))
		return NGHTTP2_ERR_CALLBACK_FAILURE; /* beyond its window */
	s->held += len;
	s->fresh += len;
	h2_note(s, H2_BODY);
	return 0;
}

/* ---- frames ---- */

static int
on_frame_begins(nghttp2_session *session, const nghttp2_frame_hd *hd,
    void *arg)
{
	struct h2 *h = arg;

	(void)session;
	(void)hd;
	h->patience--;
	return 0;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *fr, void *arg)
{
	struct h2_stream *s = stream_of(session, fr->hd.stream_id);
	bool last = (fr->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	struct h2 *h = arg;

	if (fr->hd.type == NGHTTP2_RST_STREAM && (s == NULL || !s->sent))
		h->patience -= RESET_POINTS;
	if (s == NULL || (fr->hd.type != NGHTTP2_HEADERS &&
		fr->hd.type != NGHTTP2_DATA))
		return 0;
	if (fr->hd.type == NGHTTP2_HEADERS)
		on_head(h, s, last);
	if (last) {
		s->ended = true;
		h2_note(s, H2_BODY);
	}
	return 0;
}

/* A stream that nobody has seen, or sees any more, is gone with this. */
static int
on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct h2_stream *s = stream_of(session, id);

	(void)arg;
	if (s == NULL)
		return 0;
	s->over = true;
	s->cut |= code != NGHTTP2_NO_ERROR || !s->ended;
	s->unseen |= code == NGHTTP2_REFUSED_STREAM;
	if (code == NGHTTP2_NO_ERROR && s->ended)
		h2_useful(s->h2, RESET_POINTS);
	if (s->owner == NULL)
		h2_stream_free(s);
	else
		h2_note(s, H2_OVER);
	return 0;
}

void
h2_recv_hooks(nghttp2_session_callbacks *c)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(c,
	    on_frame_begins);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(c,
	    on_invalid);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
}
