#include "up.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "resolve.h"

static void up_next(struct up *u, struct err *e);

/* ---- ends ---- */

/* Idle ones are taken off by who knows how many there are. */
static void
up_unlist(struct up *u)
{
	if (u->state == UP_SHARED)
		TAILQ_REMOVE(&u->eg->pool.shared, u, link);
	else if (u->dialing)
		TAILQ_REMOVE(&u->eg->pool.dialing, u, link);
	u->dialing = false;
}

static void
up_free(struct up *u)
{
	up_unlist(u);
	egress_unqueue(u->eg, &u->s);
	loop_timer_stop(u->eg->loop, &u->timer);
	stream_close(u->eg->loop, &u->s);
	h2_up_leave(u);
	h2_free(u->h2);
	free(u);
}

void
up_drop(struct up *u)
{
	up_free(u);
}

/* What others wait for is made for them. */
void
up_close(struct up **slot)
{
	struct up *u = *slot;

	*slot = NULL;
	if (u != NULL && u->nguests > 0)
		u->owner = NULL;
	else if (u != NULL)
		up_free(u);
}

/* Tells the owner how dialling ended; u may be gone afterwards. */
static void
up_tell(struct up *u, struct err *e)
{
	loop_timer_stop(u->eg->loop, &u->timer);
	up_unlist(u);
	if (e != NULL)
		h2_up_failed(u, e);
	if (u->owner != NULL)
		conn_on_up(u->owner, e);
	else
		up_free(u);
}

const char *
up_address(const struct up *u, char *out)
{
	if (u->to.n == 0)
		return "";
	return address_print(&u->to.addrs[u->at < u->to.n ? u->at :
							    u->to.n - 1],
	    out);
}

/* ---- dialling ---- */

static int
open_socket(const struct in6_addr *a, uint16_t port, int *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port), .sin6_addr = *a };
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(a);
	int one = 1, rc;

	memcpy(&v4.sin_addr, &a->s6_addr[12], 4);
	*out = socket(is_v4 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*out == -1)
		return -1;
	(void)setsockopt(*out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(*out, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	rc = is_v4 ? connect(*out, (const struct sockaddr *)&v4, sizeof(v4)) :
		     connect(*out, (const struct sockaddr *)&v6, sizeof(v6));
	return rc == 0 || errno == EINPROGRESS ? 0 : -1;
}

static void
stream_drop(struct up *u)
{
	egress_unqueue(u->eg, &u->s);
	stream_close(u->eg->loop, &u->s);
	stream_init(&u->s, -1, true, up_on_io, u);
	u->s.meter = &u->meter;
}

/* The address in use did not answer: the next one, or the end. */
static void
up_failed(struct up *u, struct err *e)
{
	stream_drop(u);
	u->at++;
	if (u->at >= u->to.n || u->at >= UP_TRIES_MAX)
		up_tell(u, e);
	else
		up_next(u, e);
}

static int
up_start(struct up *u, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	int fd, rc = open_socket(&u->to.addrs[u->at], u->to.dial_port, &fd);

	if (rc == -1)
		(void)err_sys(e, "dial %s",
		    address_print(&u->to.addrs[u->at], text));
	stream_init(&u->s, fd, true, up_on_io, u);
	u->s.meter = &u->meter;
	u->meter.seen = u->meter.charged = u->meter.chunk = 0;
	u->s.io.want = LOOP_WRITE;
	u->state = UP_CONNECTING;
	return rc == -1 ? -1 : loop_watch(u->eg->loop, &u->s.io, e);
}

static void
up_next(struct up *u, struct err *e)
{
	loop_timer_set(u->eg->loop, &u->timer, usec_of_ms(UP_TRY_MS));
	if (up_start(u, e) == -1)
		up_failed(u, e); /* as deep as there are addresses: four */
}

static void
up_on_time(struct loop *l, void *arg)
{
	struct up *u = arg;
	struct err e = { 0 };

	(void)l;
	if (u->state == UP_SHARED) {
		h2_up_on_time(u);
		return;
	}
	(void)err_num(&e, ETIMEDOUT, "no answer within %d s",
	    UP_TRY_MS / 1000);
	up_failed(u, &e);
}

void
up_dial(struct egress *eg, struct conn *owner, const struct up_target *to,
    struct up **slot)
{
	struct up *u = mem_alloc(1, sizeof(*u));
	struct err e = { 0 };

	must(to->n > 0);
	u->eg = eg;
	u->owner = owner;
	u->to = *to;
	u->generation = eg->generation;
	u->meter = (struct meter){ .loop = eg->loop, .rates = &eg->rates,
		.which = owner->rates };
	u->timer.on_time = up_on_time;
	u->timer.arg = u;
	TAILQ_INIT(&u->guests);
	u->dialing = to->alpn != TLS_HTTP1;
	if (u->dialing)
		TAILQ_INSERT_HEAD(&eg->pool.dialing, u, link);
	*slot = u;
	up_next(u, &e);
}

static void
up_ready(struct up *u)
{
	struct err e = { 0 };

	loop_want(u->eg->loop, &u->s.io, LOOP_READ);
	if (u->s.ssl == NULL ? u->to.alpn == TLS_HTTP2 :
	    tls_speaks_h2(u->s.ssl)) {
		loop_timer_stop(u->eg->loop, &u->timer);
		up_unlist(u);
		h2_up_share(u);
		return;
	}
	if (u->to.alpn == TLS_HTTP2) {
		(void)err_set(&e, ERR_PEER, "it does not speak HTTP/2");
		up_tell(u, &e);
		return;
	}
	if (u->dialing)
		h2_up_single(u);
	u->state = UP_READY;
	up_tell(u, NULL);
}

/* Certificates are the peer's fault for good: no other address is tried. */
static void
up_on_handshake(struct up *u)
{
	bool want_write = false;
	struct err e = { 0 };
	int rc = -1;

	if (meter_may_greet(&u->meter))
		rc = tls_handshake(u->s.ssl, &want_write, &e);
	else
		(void)err_set(&e, ERR_PEER, "a limit of bytes is reached");
	meter_settle(&u->s);
	if (rc == 1) {
		up_ready(u);
	} else if (rc == 0) {
		loop_want(u->eg->loop, &u->s.io,
		    want_write ? LOOP_WRITE : LOOP_READ);
	} else {
		u->s.failed = true;
		up_tell(u, &e);
	}
}

static void
up_on_connect(struct up *u)
{
	char text[INET6_ADDRSTRLEN];
	struct err e = { 0 };
	socklen_t len = sizeof(int);
	int error = 0;

	(void)getsockopt(u->s.io.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		(void)err_num(&e, error, "dial %s",
		    address_print(&u->to.addrs[u->at], text));
		up_failed(u, &e);
		return;
	}
	if (!u->to.tls) {
		up_ready(u);
		return;
	}
	if (tls_client(u->eg->tls, u->s.io.fd, host_str(&u->to.host),
		u->to.port, u->to.alpn, &u->s.ssl, &e) == -1) {
		up_tell(u, &e);
		return;
	}
	u->state = UP_HANDSHAKE;
	up_on_handshake(u);
}

void
up_on_io(struct loop *l, unsigned events, void *arg)
{
	struct up *u = arg;

	(void)l;
	switch (u->state) {
	case UP_CONNECTING:
		up_on_connect(u);
		break;
	case UP_HANDSHAKE:
		up_on_handshake(u);
		break;
	case UP_READY:
		conn_on_io(u->owner, &u->s, events);
		break;
	case UP_SHARED:
		h2_up_on_io(u, events);
		break;
	case UP_WAITING: /* it has no socket */
		break;
	case UP_IDLE: /* an end, or bytes nobody asked for */
		TAILQ_REMOVE(&u->eg->pool.idle, u, link);
		u->eg->pool.n--;
		up_free(u);
		break;
	}
}

/* ---- the pool ---- */

static void
pool_drop(struct up *u)
{
	TAILQ_REMOVE(&u->eg->pool.idle, u, link);
	u->eg->pool.n--;
	up_free(u);
}

void
up_pool_sweep(struct egress *eg)
{
	int64_t old = loop_now(eg->loop).v - (int64_t)UP_IDLE_S * 1000000;
	struct up *u;

	while ((u = TAILQ_LAST(&eg->pool.idle, up_list)) != NULL &&
	    u->idle_at.v < old)
		pool_drop(u);
	h2_up_sweep(eg, (struct usec){ old });
	TAILQ_FOREACH(u, &eg->pool.idle, link) {
		buf_shrink(&u->s.in);
		buf_shrink(&u->s.out);
	}
}

void
up_pool_init(struct egress *eg)
{
	TAILQ_INIT(&eg->pool.idle);
	TAILQ_INIT(&eg->pool.dialing);
	TAILQ_INIT(&eg->pool.shared);
}

void
up_pool_close(struct egress *eg)
{
	while (!TAILQ_EMPTY(&eg->pool.idle))
		pool_drop(TAILQ_FIRST(&eg->pool.idle));
	h2_up_retire(eg);
}

struct up *
up_take(struct egress *eg, struct conn *owner, const struct host *host,
    uint16_t port, bool tls, enum tls_alpn alpn)
{
	struct up *u = NULL;

	if (alpn != TLS_HTTP1)
		u = h2_up_take(owner, host, port, tls);
	if (u != NULL || alpn == TLS_HTTP2)
		return u;
	TAILQ_FOREACH(u, &eg->pool.idle, link)
		if (u->to.port == port && u->to.tls == tls &&
		    u->generation == eg->generation &&
		    str_eq(host_str(&u->to.host), host_str(host)))
			break;
	if (u == NULL)
		return NULL;
	TAILQ_REMOVE(&eg->pool.idle, u, link);
	eg->pool.n--;
	u->owner = owner;
	meter_change(&u->meter, owner->rates);
	u->state = UP_READY;
	u->reused = true;
	return u;
}

void
up_put(struct up **slot)
{
	struct up *u = *slot;
	struct egress *eg = u->eg;

	*slot = NULL;
	if (u->host != NULL || u->s.ended || u->s.in.len > 0 || u->s.out.len > 0 ||
	    u->s.ready || u->generation != eg->generation) {
		up_free(u);
		return;
	}
	if (eg->pool.n == UP_IDLE_MAX)
		pool_drop(TAILQ_LAST(&eg->pool.idle, up_list));
	u->owner = NULL;
	u->state = UP_IDLE;
	u->idle_at = loop_now(eg->loop);
	loop_want(eg->loop, &u->s.io, LOOP_READ);
	TAILQ_INSERT_HEAD(&eg->pool.idle, u, link);
	eg->pool.n++;
	egress_sweep_later(eg);
}
