#include "http/h2.h"

#include <stdlib.h>

#include "base/must.h"
#include "http/body.h"
#include "http/h2_in.h"

/* Frames that do nothing cost a point each, and so do their bytes (frames of
 * unknown kinds are seen by nothing else), a request that is taken back costs
 * more; what does something gives points back, and so does time. */
#define PATIENCE_MAX	  2000
#define PATIENCE_PER_S	  100

/* ---- streams ---- */

struct h2_stream *
h2_stream_new(struct h2 *h, int32_t id)
{
	struct h2_stream *s = mem_alloc(1, sizeof(*s));

	s->h2 = h;
	s->id = id;
	s->window = H2_WINDOW_BYTES;
	buf_init(&s->own, H2_IN_MAX);
	buf_init(&s->trailers, HTTP_HEAD_BYTES_MAX);
	buf_init(&s->last, 2 * HTTP_HEAD_BYTES_MAX);
	s->in = &s->own;
	TAILQ_INSERT_TAIL(&h->all, s, link);
	h->n++;
	return s;
}

void
h2_stream_free(struct h2_stream *s)
{
	struct h2 *h = s->h2;

	if (s->closing)
		TAILQ_REMOVE(&h->resets, s, next);
	else if (s->listed)
		TAILQ_REMOVE(&h->events, s, next);
	TAILQ_REMOVE(&h->all, s, link);
	h->n--;
	h->growth -= s->window - H2_WINDOW_BYTES;
	buf_fini(&s->own);
	buf_fini(&s->trailers);
	buf_fini(&s->last);
	free(s);
}

void
h2_note(struct h2_stream *s, unsigned events)
{
	s->events |= events;
	if (s->listed || s->closing)
		return;
	s->listed = true;
	TAILQ_INSERT_TAIL(&s->h2->events, s, next);
}

struct h2_stream *
h2_next(struct h2 *h, unsigned *events)
{
	struct h2_stream *s = TAILQ_FIRST(&h->events);

	must(!h->running);
	if (s == NULL)
		return NULL;
	TAILQ_REMOVE(&h->events, s, next);
	s->listed = false;
	*events = s->events;
	s->events = 0;
	return s;
}

void
h2_own(struct h2_stream *s, void *owner, struct buf *in, struct buf *out)
{
	must(s->owner == NULL && in->len == 0);
	buf_fini(in);
	*in = s->own;
	buf_init(&s->own, H2_IN_MAX);
	s->owner = owner;
	s->in = in;
	s->out = out;
}

/* Its reader keeps up with a whole window: a larger one lets the peer send
 * on while this one's news travels. */
static void
grow(struct h2_stream *s)
{
	size_t more = s->window;

	if (s->fresh < s->window || s->window * 2 > H2_WINDOW_MAX ||
	    s->h2->growth + more > H2_GROWTH_MAX)
		return;
	if (nghttp2_session_set_local_window_size(s->h2->session,
		NGHTTP2_FLAG_NONE, s->id, (int32_t)(s->window + more)) != 0)
		return;
	s->window += more;
	s->h2->growth += more;
	s->fresh = 0;
}

void
h2_took(struct h2_stream *s)
{
	size_t n;

	must(!s->h2->running);
	if (s->in->len >= s->held)
		return; /* a head lies in front of what is held */
	n = s->held - s->in->len;
	s->held -= n;
	if (s->over || s->ended)
		return;
	(void)nghttp2_session_consume_stream(s->h2->session, s->id, n);
	if (s->held == 0)
		grow(s);
}

void
h2_wrote(struct h2_stream *s)
{
	must(!s->h2->running);
	if (s->answered && !s->sent && !s->over)
		(void)nghttp2_session_resume_data(s->h2->session, s->id);
}

void
h2_finish(struct h2_stream *s)
{
	s->ending = true;
	h2_wrote(s);
}

/* nghttp2 drops what a stream still has to say once its reset is submitted,
 * be it the head of the answer: the reset is submitted when all else is out
 * (h2_send). */
static void
reset_later(struct h2_stream *s, enum h2_code code)
{
	if (s->listed)
		TAILQ_REMOVE(&s->h2->events, s, next);
	s->closing = true;
	s->code = code;
	TAILQ_INSERT_TAIL(&s->h2->resets, s, next);
}

void
h2_close(struct h2_stream *s, enum h2_code code)
{
	must(!s->h2->running);
	s->owner = NULL;
	s->in = &s->own;
	s->out = NULL;
	s->held = 0;
	if (s->over)
		h2_stream_free(s);
	else
		reset_later(s, code);
}

/* ---- the connection ---- */

static int
session_new(struct h2 *h, const nghttp2_session_callbacks *c)
{
	nghttp2_option *o;
	int rc;

	if (nghttp2_option_new(&o) != 0)
		return -1;
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_outbound_ack(o, 200);
	rc = h->server ? nghttp2_session_server_new2(&h->session, c, h, o) :
			 nghttp2_session_client_new2(&h->session, c, h, o);
	nghttp2_option_del(o);
	return rc;
}

/* Connections are never held up by what one stream did not read: their
 * window is as large as those of all streams together may get. */
#define WINDOW_OF_ALL (H2_STREAMS_MAX * H2_WINDOW_BYTES + H2_GROWTH_MAX)

static int
say_hello(struct h2 *h)
{
	const nghttp2_settings_entry ours[] = {
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		    HTTP_HEAD_BYTES_MAX },
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, h->server ?
			H2_STREAMS_MAX : 0 },
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
	};

	if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, ours,
		h->server ? 3 : 4) != 0)
		return -1;
	return nghttp2_session_set_local_window_size(h->session,
	    NGHTTP2_FLAG_NONE, 0, WINDOW_OF_ALL);
}

struct h2 *
h2_new(bool server, bool tls)
{
	struct h2 *h = mem_alloc(1, sizeof(*h));
	nghttp2_session_callbacks *c;
	int rc = -1;

	h->server = server;
	h->tls = tls;
	h->patience = PATIENCE_MAX;
	TAILQ_INIT(&h->all);
	TAILQ_INIT(&h->events);
	TAILQ_INIT(&h->resets);
	h2_head_init(&h->head);
	if (nghttp2_session_callbacks_new(&c) == 0) {
		h2_recv_hooks(c);
		h2_send_hooks(c);
		rc = session_new(h, c);
		nghttp2_session_callbacks_del(c);
	}
	must(rc == 0 && say_hello(h) == 0); /* it is out of memory */
	return h;
}

void
h2_offer_websockets(struct h2 *h, const unsigned char seed[16])
{
	const nghttp2_settings_entry offer = {
		NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 };

	must(h->server && nghttp2_submit_settings(h->session,
		NGHTTP2_FLAG_NONE, &offer, 1) == 0); /* out of memory */
	h->websockets = true;
	memcpy(h->seed, seed, sizeof(h->seed));
}

void
h2_free(struct h2 *h)
{
	if (h == NULL)
		return;
	must(!h->running);
	nghttp2_session_del(h->session);
	while (!TAILQ_EMPTY(&h->all))
		h2_stream_free(TAILQ_FIRST(&h->all));
	h2_head_fini(&h->head);
	free(h);
}

void
h2_useful(struct h2 *h, int64_t points)
{
	h->patience += points;
	if (h->patience > PATIENCE_MAX)
		h->patience = PATIENCE_MAX;
}

static void
time_passes(struct h2 *h, struct usec now)
{
	int64_t ms = (now.v - h->seen.v) / 1000;

	if (ms <= 0)
		return;
	h->seen = now;
	h2_useful(h, ms >= 60000 ? PATIENCE_MAX :
				   ms * PATIENCE_PER_S / 1000);
}

static bool
ended(struct h2 *h, const char *why, bool broken)
{
	h->broken |= broken;
	if (h->why == NULL)
		h->why = why;
	return false;
}

bool
h2_recv(struct h2 *h, struct str bytes, struct usec now)
{
	ssize_t n;

	must(!h->running);
	if (h->broken || h->why != NULL)
		return false;
	time_passes(h, now);
	h->patience -= (int64_t)(bytes.len / H2_POINT_BYTES);
	h->running = true;
	n = nghttp2_session_mem_recv(h->session, (const uint8_t *)bytes.p,
	    bytes.len);
	h->running = false;
	if (n < 0)
		return ended(h, nghttp2_strerror((int)n), true);
	if (h->patience < 0) {
		(void)nghttp2_session_terminate_session(h->session,
		    NGHTTP2_ENHANCE_YOUR_CALM); /* it is cut otherwise */
		return ended(h, "too many frames that do nothing, or "
		    "requests that are taken back", false);
	}
	return nghttp2_session_want_read(h->session) != 0;
}

bool
h2_has_output(struct h2 *h)
{
	return !h->broken && (!TAILQ_EMPTY(&h->resets) ||
		nghttp2_session_want_write(h->session) != 0);
}

bool
h2_is_over(struct h2 *h)
{
	return h->broken || (nghttp2_session_want_read(h->session) == 0 &&
		nghttp2_session_want_write(h->session) == 0);
}

const char *
h2_why(const struct h2 *h)
{
	return h->why;
}

uint32_t
h2_count(const struct h2 *h)
{
	return h->n;
}

void
h2_goaway(struct h2 *h)
{
	(void)nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(h->session),
	    NGHTTP2_NO_ERROR, NULL, 0); /* its end comes anyway */
}

void
h2_ping(struct h2 *h)
{
	(void)nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE,
	    NULL); /* no answer to it is as bad */
}

void
h2_shrink(struct h2 *h)
{
	h2_head_shrink(&h->head);
}

bool
h2_may_open(struct h2 *h)
{
	uint32_t most = nghttp2_session_get_remote_settings(h->session,
	    NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	return !h->broken && h->why == NULL && h->n < H2_STREAMS_MAX &&
	    h->n < most &&
	    nghttp2_session_check_request_allowed(h->session) != 0;
}
