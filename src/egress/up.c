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
	dns_cancel(&u->query);
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
	if (e != NULL && u->to.via) /* it may have moved */
		dns_forget(u->eg->dns, host_str(&u->eg->via.at.host));
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

/* Each address of the proxy, if there is one, and each of the server. */
static uint32_t
tries(const struct up *u)
{
	uint32_t n = u->to.n > u->nvia ? u->to.n : u->nvia;

	return n < UP_TRIES_MAX ? n : UP_TRIES_MAX;
}

/* The address in use did not answer: the next one, or the end. */
static void
up_failed(struct up *u, struct err *e)
{
	stream_drop(u);
	u->at++;
	if (u->at >= tries(u))
		up_tell(u, e);
	else
		up_next(u, e);
}

static void
say_proxy(const struct up *u, struct err *e)
{
	const struct authority *a = &u->eg->via.at;

	if (u->to.via)
		(void)err_wrap(e, "the upstream proxy %s:%u", a->host.text,
		    (unsigned)a->port);
}

static const struct in6_addr *
dialled(const struct up *u)
{
	return u->to.via ? &u->via[u->at % u->nvia] : &u->to.addrs[u->at];
}

static int
up_start(struct up *u, struct err *e)
{
	const struct in6_addr *a = dialled(u);
	char text[INET6_ADDRSTRLEN];
	int fd, rc = open_socket(a, u->to.via ? u->eg->via.at.port :
						u->to.dial_port, &fd);

	if (rc == -1) {
		(void)err_sys(e, "dial %s", address_print(a, text));
		say_proxy(u, e);
	}
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
	    (u->state == UP_ASKED ? UP_VIA_MS : UP_TRY_MS) / 1000);
	if (u->state == UP_CONNECTING || u->state == UP_ASKED)
		say_proxy(u, &e);
	up_failed(u, &e);
}

/* ---- the proxy's own name ---- */

static void
on_named(const struct dns_answer *a, void *arg)
{
	struct up *u = arg;
	struct err e = { 0 };

	u->nvia = a->n < UP_VIA_MAX ? a->n : UP_VIA_MAX;
	memcpy(u->via, a->addrs, sizeof(u->via));
	if (u->nvia > 0) {
		up_next(u, &e);
		return;
	}
	(void)err_set(&e, ERR_PEER, "it does not resolve: %s", a->why);
	say_proxy(u, &e);
	up_tell(u, &e);
}

/* It is the operator's word, so any address will do. */
static void
up_name(struct up *u)
{
	const struct authority *a = &u->eg->via.at;
	const struct resolve_entry *own = resolve_find(&u->eg->resolve,
	    host_str(&a->host), a->port);
	struct err e = { 0 };

	stream_init(&u->s, -1, true, up_on_io, u);
	u->state = UP_NAMING;
	u->nvia = 1;
	if (own != NULL) {
		u->via[0] = own->addr;
		up_next(u, &e);
	} else if (address_of(&a->host, &u->via[0])) {
		up_next(u, &e);
	} else if (!dns_ask(u->eg->dns, host_str(&a->host), &u->query,
		       on_named, u)) {
		(void)err_set(&e, ERR_LIMIT,
		    "too many names are being resolved; try again");
		say_proxy(u, &e);
		up_tell(u, &e);
	}
}

void
up_dial(struct egress *eg, struct conn *owner, const struct up_target *to,
    struct up **slot)
{
	struct up *u = mem_alloc(1, sizeof(*u));
	struct err e = { 0 };

	must(to->n > 0 || to->via);
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
	if (to->via)
		up_name(u);
	else
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

/* The way to the server is there. */
static void
up_connected(struct up *u)
{
	struct err e = { 0 };

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

/* ---- through a proxy ---- */

/* The answer has no body, and behind it the server itself may speak: so it is
 * taken off the socket to its last byte and no further. */
static void
up_answered(struct up *u, size_t end)
{
	struct http_head *h = &u->eg->head;
	struct http_fault f;
	struct err e = { 0 };

	if (http_response_parse(str_head(buf_str(&u->s.in), end), h, &f) !=
	    PARSE_OK) {
		(void)err_set(&e, ERR_PEER, "%s", f.why);
		say_proxy(u, &e);
		up_tell(u, &e);
		return;
	}
	if (h->status < 200 || h->status > 299) {
		if (via_refused(&u->eg->via, h->status, h->reason, &e))
			up_failed(u, &e);
		else
			up_tell(u, &e);
		return;
	}
	if (stream_take(&u->s, end) != STREAM_SOME) {
		(void)err_set(&e, ERR_PEER, "it went away");
		say_proxy(u, &e);
		up_tell(u, &e);
		return;
	}
	buf_clear(&u->s.in);
	loop_timer_set(u->eg->loop, &u->timer, usec_of_ms(UP_TRY_MS));
	up_connected(u);
}

static void
up_on_answer(struct up *u)
{
	struct http_fault f = { 502, "it went away without an answer" };
	enum stream_got got = stream_peek(&u->s);
	size_t scan = 0, end = 0;
	struct err e = { 0 };

	if (got == STREAM_AGAIN)
		return;
	if (got == STREAM_SOME)
		switch (http_head_find(buf_str(&u->s.in), &scan, &end, &f)) {
		case PARSE_OK:
			up_answered(u, end);
			return;
		case PARSE_MORE:
			return;
		case PARSE_BAD:
			break;
		}
	(void)err_set(&e, ERR_PEER, "%s", f.why);
	say_proxy(u, &e);
	up_failed(u, &e);
}

/* A new socket has room for it. */
static void
up_ask(struct up *u)
{
	char text[VIA_ASK_MAX];
	size_t len = via_print(&u->eg->via, &u->to, u->at, text);
	struct str all = str_of(text, len), now = all;
	struct err e = { 0 };
	ssize_t n = -1;

	if (meter_open(&u->s, &now) && now.len == all.len)
		n = send(u->s.io.fd, all.p, all.len, MSG_NOSIGNAL);
	meter_close(&u->s, n);
	OPENSSL_cleanse(text, sizeof(text));
	if (len == 0 || n != (ssize_t)len) {
		(void)err_set(&e, ERR_PEER, "it takes no request");
		say_proxy(u, &e);
		up_failed(u, &e);
		return;
	}
	u->state = UP_ASKED;
	loop_timer_set(u->eg->loop, &u->timer, usec_of_ms(UP_VIA_MS));
	loop_want(u->eg->loop, &u->s.io, LOOP_READ);
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
		    address_print(dialled(u), text));
		say_proxy(u, &e);
		up_failed(u, &e);
	} else if (u->to.via) {
		up_ask(u);
	} else {
		up_connected(u);
	}
}

void
up_on_io(struct loop *l, unsigned events, void *arg)
{
	struct up *u = arg;

	(void)l;
	switch (u->state) {
	case UP_NAMING: /* it has no socket */
		break;
	case UP_CONNECTING:
		up_on_connect(u);
		break;
	case UP_ASKED:
		up_on_answer(u);
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
