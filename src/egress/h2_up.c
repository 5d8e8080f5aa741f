/* h2_up.c -- servers that speak HTTP/2.  One connection (the host) carries
 * many; each of these is an up without a socket, and its owner sees no
 * difference but for how a request is put.
 *
 * Shared is only what has the same name and port, verified as such, under one
 * policy, and the same limits of bytes. Who wants a connection while one is
 * being made that may become such a host waits for it, as a guest. */
#include "http/h2.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "judge.h"
#include "up.h"

#define HOST_READS_MAX 8 /* in one pass, before others have their turn */
/* A host that was silent for so long is asked whether it is still there
 * when it gets another guest, and has so long to say so: networks forget
 * connections, and say nothing. */
#define HOST_SILENT_S  10
#define HOST_ANSWER_S  15

/* ---- guests ---- */

static struct up *
guest_new(struct up *host, struct conn *owner, enum up_state state)
{
	struct up *u = mem_alloc(1, sizeof(*u));

	u->eg = host->eg;
	u->host = host;
	u->owner = owner;
	u->state = state;
	u->to = host->to;
	u->at = host->at;
	u->generation = host->generation;
	stream_init(&u->s, -1, true, up_on_io, u);
	u->s.carrier = &host->s;
	TAILQ_INSERT_TAIL(&host->guests, u, link);
	host->nguests++;
	return u;
}

/* Nobody has it, and nobody may. */
static bool
is_of_no_use(const struct up *host)
{
	return host->nguests == 0 && host->owner == NULL &&
	    (host->state != UP_SHARED || host->gone ||
		!h2_may_open(host->h2));
}

void
h2_up_leave(struct up *u)
{
	struct up *host = u->host;

	if (host == NULL)
		return;
	u->host = NULL;
	TAILQ_REMOVE(&host->guests, u, link);
	host->nguests--;
	host->idle_at = loop_now(host->eg->loop);
	egress_queue(host->eg, &host->s); /* the reset of its stream */
	if (is_of_no_use(host) && !host->busy)
		up_drop(host);
	else
		egress_sweep_later(host->eg);
}

static bool
fits(const struct up *u, const struct conn *owner, const struct host *host,
    uint16_t port, bool tls)
{
	return u->to.port == port && u->to.tls == tls && !u->gone &&
	    u->generation == owner->eg->generation &&
	    u->nguests < H2_STREAMS_MAX &&
	    str_eq(host_str(&u->to.host), host_str(host)) &&
	    (!rates_count_bytes(owner->eg->rates) ||
		memcmp(&u->meter.which, &owner->rates,
		    sizeof(owner->rates)) == 0);
}

static void
ask_if_there(struct up *host)
{
	struct usec now = loop_now(host->eg->loop);

	if (host->asked || now.v - host->heard.v < HOST_SILENT_S * 1000000LL)
		return;
	host->asked = true;
	h2_ping(host->h2);
	loop_timer_set(host->eg->loop, &host->timer,
	    usec_of_ms(HOST_ANSWER_S * 1000));
}

struct up *
h2_up_take(struct conn *owner, const struct host *host, uint16_t port,
    bool tls)
{
	struct up *u;

	TAILQ_FOREACH(u, &owner->eg->pool.shared, link)
		if (fits(u, owner, host, port, tls) && h2_may_open(u->h2))
			break;
	if (u == NULL)
		return NULL;
	ask_if_there(u);
	u = guest_new(u, owner, UP_READY);
	u->reused = true;
	return u;
}

/* ---- connections being made ---- */

/* Of servers that were found to speak HTTP/1.1 only: nobody waits for what
 * cannot be shared. Two with one hash cost nothing but a handshake. */
static uint64_t
hash_of(const struct up_target *to)
{
	uint64_t h = 0xcbf29ce484222325U ^ to->port;

	for (size_t i = 0; i < to->host.len; i++)
		h = (h ^ (unsigned char)to->host.text[i]) * 0x100000001b3U;
	return h;
}

static bool
is_plain(const struct up_pool *p, const struct up_target *to)
{
	uint64_t h = hash_of(to);

	for (size_t i = 0; i < UP_PLAIN_MAX; i++)
		if (p->plain[i] == h)
			return true;
	return false;
}

static void
note_plain(struct up_pool *p, const struct up_target *to)
{
	if (!is_plain(p, to))
		p->plain[p->next_plain++ % UP_PLAIN_MAX] = hash_of(to);
}

bool
h2_up_join(struct conn *owner, const struct up_target *to, struct up **slot)
{
	struct up_pool *p = &owner->eg->pool;
	struct up *u;

	if (to->alpn == TLS_HTTP1 || is_plain(p, to))
		return false;
	TAILQ_FOREACH(u, &p->dialing, link)
		if (u->to.alpn == to->alpn && u->to.trusted == to->trusted &&
		    fits(u, owner, &to->host, to->port, to->tls))
			break;
	if (u == NULL)
		return false;
	*slot = guest_new(u, owner, UP_WAITING);
	return true;
}

static struct up *
waiting(struct up *host)
{
	struct up *u;

	TAILQ_FOREACH(u, &host->guests, link)
		if (u->state == UP_WAITING)
			break;
	return u;
}

/* Each is told once. Whoever is told may close any connection of its own. */
static void
tell_guests(struct up *host, const struct err *e)
{
	struct up *u;

	host->busy = true;
	while ((u = waiting(host)) != NULL) {
		u->state = UP_READY;
		u->s.failed = u->s.ended = e != NULL;
		conn_on_up(u->owner, e);
	}
	host->busy = false;
}

void
h2_up_failed(struct up *u, const struct err *e)
{
	tell_guests(u, e);
}

/* It speaks HTTP/1.1: one of those who want it has it, the others make their
 * own. */
void
h2_up_single(struct up *u)
{
	struct up *guest;

	note_plain(&u->eg->pool, &u->to);
	u->busy = true;
	while ((guest = waiting(u)) != NULL) {
		struct conn *c = guest->owner;

		up_close(&c->up);
		if (u->owner == NULL) {
			c->up = u;
			u->owner = c;
		} else {
			up_dial(u->eg, c, &c->to, &c->up);
		}
	}
	u->busy = false;
}

/* ---- the host ---- */

#define SHARED_IDLE_MAX 64

/* The one that was of no use for longest makes room. */
static void
make_room(struct egress *eg)
{
	struct up *u, *oldest = NULL;
	uint32_t n = 0;

	TAILQ_FOREACH(u, &eg->pool.shared, link) {
		if (u->nguests > 0 || u->busy)
			continue;
		n++;
		if (oldest == NULL || u->idle_at.v < oldest->idle_at.v)
			oldest = u;
	}
	if (n >= SHARED_IDLE_MAX)
		up_drop(oldest);
}

void
h2_up_share(struct up *u)
{
	struct egress *eg = u->eg;
	struct conn *owner = u->owner;

	make_room(eg);
	u->owner = NULL;
	u->state = UP_SHARED;
	u->idle_at = u->heard = loop_now(eg->loop);
	u->h2 = u->s.mux = h2_new(false, u->to.tls);
	TAILQ_INSERT_HEAD(&eg->pool.shared, u, link);
	u->s.ready = true; /* its first words may be here already */
	egress_queue(eg, &u->s);
	egress_sweep_later(eg);
	if (owner != NULL) {
		must(owner->up == u);
		owner->up = guest_new(u, owner, UP_WAITING);
	}
	tell_guests(u, NULL);
}

/* It is gone: so is what was not over on it. */
static void
host_over(struct up *host)
{
	struct up *u;

	log_debug("%s: HTTP/2 is over: %s", host->to.host.text,
	    h2_why(host->h2) == NULL ? "closed" : h2_why(host->h2));
	host->gone = host->busy = true;
	egress_unqueue(host->eg, &host->s);
	stream_close(host->eg->loop, &host->s);
	do {
		TAILQ_FOREACH(u, &host->guests, link)
			if (!u->s.hung)
				break;
		if (u == NULL)
			break;
		u->s.failed |= !u->s.ended;
		u->s.hung = u->s.ended = true;
		u->meter.over = host->meter.over;
		conn_on_io(u->owner, &u->s, LOOP_HANGUP);
	} while (true); /* each is marked once */
	host->busy = false;
	if (is_of_no_use(host))
		up_drop(host);
}

/* true: more may be there. */
static bool
host_read(struct up *host)
{
	struct stream *s = &host->s;

	for (int i = 0; i < HOST_READS_MAX && s->ready && !s->ended; i++) {
		(void)stream_fill(s);
		if (s->in.len == 0)
			continue;
		host->heard = loop_now(host->eg->loop);
		host->asked = false;
		(void)h2_recv(host->h2, buf_str(&s->in),
		    host->heard); /* its end is seen below */
		buf_clear(&s->in);
	}
	return s->ready && !s->ended;
}

static void
dispatch(struct up *host)
{
	struct h2_stream *s;
	unsigned events;

	host->busy = true;
	for (uint32_t n = 4 * H2_STREAMS_MAX; n > 0; n--) {
		s = h2_next(host->h2, &events);
		if (s == NULL)
			break;
		if (s->owner != NULL)
			stream_on_h2(host->eg->loop, s->owner, events);
	}
	host->busy = false;
}

void
h2_up_on_io(struct up *host, unsigned events)
{
	struct stream *s = &host->s;
	struct loop *l = host->eg->loop;
	bool more;

	if ((events & LOOP_HANGUP) != 0)
		stream_hung(l, s);
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0 || s->tls_writes)
		s->ready = true;
	if ((events & (LOOP_WRITE | LOOP_HANGUP)) != 0)
		s->blocked = false;
	more = host_read(host);
	dispatch(host);
	if (s->ended || h2_is_over(host->h2)) {
		host_over(host);
		return;
	}
	if (is_of_no_use(host)) {
		up_drop(host);
		return;
	}
	if (h2_has_output(host->h2) || s->out.len > 0)
		egress_queue(host->eg, s);
	if (more)
		loop_timer_set(l, &host->timer, usec_of_ms(0));
	stream_arm(l, s, true);
}

void
h2_up_on_time(struct up *host)
{
	if (host->asked)
		host_over(host);
	else
		h2_up_on_io(host, LOOP_READ);
}

bool
h2_up_request(struct up *u, const struct http_head *h,
    const struct request_out *o)
{
	struct h2_stream *s = h2_request(u->host->h2, h, o);

	if (s == NULL)
		return false;
	u->s.h2 = s;
	h2_own(s, &u->s, &u->s.in, &u->s.out);
	egress_queue(u->eg, &u->s);
	return true;
}

/* ---- all of them ---- */

void
h2_up_retire(struct egress *eg)
{
	struct up *u = TAILQ_FIRST(&eg->pool.shared), *next;

	for (; u != NULL; u = next) {
		next = TAILQ_NEXT(u, link);
		u->gone = true;
		u->meter.which = (struct rates_set){ { 0, 0 } };
		if (is_of_no_use(u))
			up_drop(u);
	}
}

void
h2_up_sweep(struct egress *eg, struct usec old)
{
	struct up *u = TAILQ_FIRST(&eg->pool.shared), *next;

	for (; u != NULL; u = next) {
		next = TAILQ_NEXT(u, link);
		if (u->nguests == 0 && u->idle_at.v < old.v) {
			up_drop(u);
			continue;
		}
		h2_shrink(u->h2);
		buf_shrink(&u->s.in);
		buf_shrink(&u->s.out);
	}
}
