/* conn.h -- one connection from the sandbox. */
#ifndef EGRESS_CONN_H
#define EGRESS_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "http/body.h"
#include "http/host.h"
#include "http/websocket.h"
#include "http/write.h"
#include "msg/body.h"
#include "policy/decide.h"
#include "stream.h"
#include "tls/starttls.h"
#include "tls/watch.h"
#include "up.h"

#define CONN_COUNT_MAX 1024	/* the listener rests while there are so many */
#define CONN_TURNS_MAX 32	/* steps of one connection in one pass */
#define METHOD_TEXT_MAX 33	/* longest method and its end */

struct caller;
struct egress;
struct back;
struct hold;
struct talk;

/*
 *            ┌──────────────────────── next request ───────────────────────┐
 *            ▼                                                             │
 * accept ─▶ HEAD ─▶ WHO ─▶ HEAD ─▶ RESOLVE ─▶ DIAL ─▶ RELAY ───────────────┤
 *            │ CONNECT, inspected               │ CONNECT, not inspected   │
 *            ├──▶ OPENED ─▶ PEEK ─▶ ACCEPT ─▶ HEAD                         │
 *            │                 └─▶ HEAD (plain)  └▶ OPENED ─▶ [STARTTLS] ─▶ [PEEK]
 *            │                                                        └▶ TUNNEL
 *            ├──▶ GREET ─▶ ASK (SOCKS): from there on as a CONNECT;
 *            │              caught connections begin in ASK, and have
 *            │              REFUSED before LINGER
 *            └──▶ LINGER: a last answer goes out ◀─────────────────────────┤
 *                                           RELAY ─▶ WEBSOCKET, after a 101 ┘
 *
 * HEAD ─▶ BODY ─▶ RESOLVE: where rules ask for what the body says.
 *
 * HTTP/2: ACCEPT ─▶ H2 ─▶ LINGER. Each request on it is a conn of its own
 * that has no socket: HEAD ─▶ ... ─▶ RELAY [─▶ WEBSOCKET] ─▶ DRAIN, and freed.
 *
 * X(STATE, step, seconds it may last without progress, does it read?)
 */
#define CONN_STATES(X)							\
	X(HEAD,	   conn_head,	 120, true)  /* await a request */	\
	X(GREET,   conn_greet,	 30,  true)  /* SOCKS: await methods */	\
	X(ASK,	   conn_ask,	 30,  true)  /* where to? */		\
	X(REFUSED, conn_refused, 2,   true)  /* caught: how to say no? */ \
	X(BODY,	   conn_body,	 60,  true)  /* await what is judged */ \
	X(WHO,	   conn_who,	 10,  false) /* who is asking? */	\
	X(RESOLVE, conn_resolve, 15,  false) /* await DNS */		\
	X(DIAL,	   conn_dial,	 20,  false) /* await the peer */	\
	X(RELAY,   conn_relay,	 900, true)  /* request and response */	\
	X(OPENED,  conn_opened,	 30,  false) /* the 200 goes out */	\
	X(STARTTLS, conn_starttls, 120, true) /* in clear, up to TLS */	\
	X(PEEK,	   conn_peek,	 60,  true)  /* what is spoken? */	\
	X(ACCEPT,  conn_accept,	 20,  true)  /* TLS handshake */	\
	X(TUNNEL,  conn_tunnel,	 3600, true) /* bytes both ways */	\
	X(WEBSOCKET, conn_websocket, 3600, true) /* frames both ways */	\
	X(H2,	   conn_h2,	 120, true)  /* carries requests */	\
	X(DRAIN,   conn_drain,	 120, true)  /* a request's answer goes out */ \
	X(LINGER,  conn_linger,	 5,   true)  /* last bytes, then close */

enum conn_state {
#define X(name, step, seconds, reads) CONN_##name,
	CONN_STATES(X)
#undef X
	CONN_STATE_COUNT
};

#define HEAD_TIME_S 30		/* from a head's first byte to its last */

enum want { WANT_CLOSE, WANT_WAIT, WANT_TURN };

/* How a connection is asked for: of the proxy, in one of two languages, or
 * by dialling the address itself. */
enum way { WAY_PROXY, WAY_SOCKS, WAY_DIRECT };

TAILQ_HEAD(conn_list, conn);

struct conn {
	struct egress *eg;
	TAILQ_ENTRY(conn) again;
	struct h2 *h2;		/* it carries requests of HTTP/2: */
	struct conn_list kids;	/* these */
	struct conn *parent;	/* it is such a request, of this */
	TAILQ_ENTRY(conn) kin;
	uint32_t slot, id;	/* id: pairs WHO_ASK with its reply */
	enum conn_state state;
	bool running, in_again;
	bool tired;		/* a step took long: others first */
	bool leaving;		/* HTTP/2: the client was told to go */
	bool parked;		/* until the audit log has room */
	struct stream cl;	/* the client */
	struct up *up;		/* NULL: none */
	struct dns_query *query;
	struct loop_timer timer;
	struct usec deadline;

	uint16_t peer_port;
	uint32_t there;		/* what it dialled: the proxy, or any address */
	uint16_t there_port;
	struct caller *who;	/* who asks; NULL: not known (caller.h) */
	uint32_t who_need;	/* WHO waits for that answer */
	bool who_met;		/* and has it; or */
	bool who_late;		/* waited for too long */
	bool heard_of;		/* the client sent something */
	struct {
		uint32_t sent, heard, wanted;	/* questions, by number */
		struct usec at;		/* of the last answer */
		bool queued;		/* there were too many others */
		bool checks;		/* what runs is judged by the answer */
	} asks;
	TAILQ_ENTRY(conn) asking;

	enum way way;
	bool first;		/* nothing was taken off the socket yet */
	bool tunnel;		/* inside a CONNECT */
	bool tls;		/* under our TLS */
	enum treatment treat;
	struct authority at;	/* of the CONNECT, or of this request */

	/* This request. */
	size_t scan, head_len;	/* of the head in cl.in */
	bool begun;		/* some of the head is there */
	bool head_kept;		/* it stays in cl.in, for a second try */
	bool keep;		/* the client may send another after it */
	bool up_keep;		/* and so may we, upstream */
	bool answering;		/* the response's head went out */
	unsigned repeats;	/* it was asked again so often */
	unsigned interims;	/* responses that were not the last */
	bool websocket;		/* it asks to become a WebSocket */
	bool grpc;		/* it is a call of gRPC */
	unsigned minor;
	char method[METHOD_TEXT_MAX];
	struct buf path, query_text;
	struct buf shown;	/* the path as records have it, if another */
	bool odd_method;	/* which records do not show */
	bool has_query;
	struct net_details details;	/* what else of it rules ask for */
	struct detail_pair *fields;	/* of details; texts in field_text */
	struct buf field_text;
	struct body req, res;
	struct hold *hold;	/* its body is judged, too; or NULL */
	struct back *back;	/* the response goes through; or NULL */
	uint32_t sift;		/* what was looked for in it */
	struct ws_flow ws_out, ws_in;	/* after it became one */
	struct talk *talk;	/* its messages are read, too; or NULL */

	struct rates_set rates;	/* that count what it does */
	unsigned retry_s;	/* of the next answer: Retry-After; or 0 */
	struct up_target to;	/* being resolved and dialled */
	bool done;		/* resolving or dialling is over: err */
	struct err err;

	unsigned refused;	/* status of egress's own answer */
	uint64_t bytes_in, bytes_out;	/* of a tunnel */
	struct starttls starttls;	/* of one where TLS begins later */
	struct tls_watch watch;		/* of one where TLS passes */
	size_t drained;			/* by LINGER */
};

/* accept.c */
void conn_on_accept(struct loop *l, unsigned events, void *arg);
void conn_on_direct(struct loop *l, unsigned events, void *arg);
void conn_accept_more(struct egress *eg); /* if there is room again */

/* conn.c. peer_port: the client's; 0: whose it is cannot be found. fd is its
 * own from here; NULL: it could not be watched. */
struct conn *conn_new(struct egress *eg, int fd, uint16_t peer_port);
void conn_on_io(struct conn *c, struct stream *s, unsigned events);
void conn_on_up(struct conn *c, const struct err *e); /* NULL: connected */
void conn_run(struct conn *c);		/* may free c */
void conn_free(struct conn *c);
void conn_enter(struct conn *c, enum conn_state s);
void conn_progress(struct conn *c);	/* bytes moved: time starts anew */
/* One read where something may be there and there is room for it; true:
 * something came, or its end. */
bool conn_read_more(struct conn *c, struct stream *s);
/* A look at what the client's socket holds, in place of cl.in. */
enum want conn_peek_more(struct conn *c);
void conn_begin_head(struct conn *c);	/* some of it is there */
void conn_shrink(struct conn *c);	/* an idle one holds little */
void conn_park(struct conn *c, bool parked); /* the log has no room */
void conn_unpark(struct conn *c);	/* it has; may free c */
/* A request of HTTP/2 whose head is at hand. */
void conn_new_kid(struct conn *parent, struct h2_stream *s);
void conn_unlist(struct conn *c);	/* from those that run again */
struct conn *conn_find(struct egress *eg, uint32_t id);
/* rejudge.c */
/* After a change of the policy, or of who has the connection; may free c. */
void conn_rejudge(struct conn *c);

/* The steps: request.c, dial.c, relay.c, tunnel.c, starttls.c. */
#define X(name, step, seconds, reads) enum want step(struct conn *c);
CONN_STATES(X)
#undef X

/* request.c: the request is over; the next one, or the end. */
enum want request_done(struct conn *c);
/* WANT_TURN: the log takes records, and who asks is known if it matters.
 * Anything else is what the step is to return; it is called again. */
enum want request_may_begin(struct conn *c);
/* request.c: a is what the rules say of all of it, a body that was held too.
 */
enum want request_judged(struct conn *c, struct http_head *h,
    bool encoded_slash, struct net_answer *a);
/* request.c: judges the connection to c->at, whatever asked for it. */
enum want connect_judge(struct conn *c);
/* socks.c: an answer with that status, as a number; and the good one. */
enum want socks_answer(struct conn *c, unsigned status);
bool socks_opened(struct conn *c);
/* direct.c: where it leads, and whether it may. No: in cl.out are the words
 * for it in HTTP; or without any. */
enum want direct_ask(struct conn *c);
enum want direct_refuse(struct conn *c);
enum want direct_reset(struct conn *c);
/* connect_judge() to the name that the address in c->at stands for, if it is
 * such a one. */
enum want address_judge(struct conn *c);
/* version.c: is it one of gRPC? */
bool request_is_call(const struct conn *c, const struct http_head *h);
/* version.c: how the end of the request's body is known: HTTP_TO_END in
 * HTTP/2, where nothing else says it. */
enum http_framing request_framing(const struct conn *c,
    const struct http_head *h);
enum tls_alpn request_alpn(const struct conn *c); /* towards the server */
/* version.c: the head of a response goes out, whatever version the client
 * speaks; the final one, or one before it. false: it does not fit. */
bool reply_head(struct conn *c, const struct http_head *h,
    const struct response_out *o) MUST_USE;
bool reply_interim(struct conn *c, const struct http_head *h) MUST_USE;
/* The WebSocket that h, a 101, opens; h changes. */
bool reply_opened(struct conn *c, struct http_head *h,
    struct str extensions) MUST_USE;
/* h2_down.c: the client speaks HTTP/2; its requests; what it was asked who it
 * is; a new policy; it says nothing; its end. */
enum want h2_down_begin(struct conn *c);
void h2_down_each(struct conn *c, void (*what)(struct conn *kid));
void h2_down_known(struct conn *c);
void h2_down_rejudge(struct conn *c);
enum want h2_down_idle(struct conn *c);
void h2_down_free(struct conn *c);
/* dial.c: finds the peer for c->at: pool, operator's map, DNS. */
enum want dial_begin(struct conn *c);
/* relay.c: sends the request whose head is in cl.in over c->up. */
enum want relay_begin(struct conn *c, struct http_head *h);
/* websocket.c: the server said 101; the policy changed; nothing was said for
 * too long. */
enum want websocket_begin(struct conn *c, struct http_head *h);
enum want websocket_refuse(struct conn *c, const struct net_answer *a,
    const char *why);
enum want websocket_idle(struct conn *c);
/* websocket.c: the extensions that go to the server. */
struct str websocket_offer(const struct conn *c, const struct http_head *h,
    char out[WS_DEFLATE_BYTES_MAX]);
/* tunnel.c: 200 to the CONNECT. */
enum want tunnel_open(struct conn *c);
/* tunnel.c: no more is asked on it; recorded if nothing ever was. */
void tunnel_unused(struct conn *c);
/* tunnel.c: it is over, and recorded with why. */
enum want tunnel_refuse(struct conn *c, const char *why);

#endif
