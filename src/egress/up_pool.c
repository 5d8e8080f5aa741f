/* up_pool.c -- connections to the world that wait for the next request. */
#include <sys/queue.h>

#include "conn.h"
#include "egress.h"
#include "up.h"

static void
pool_drop(struct up *u)
{
	TAILQ_REMOVE(&u->eg->pool.idle, u, link);
	u->eg->pool.n--;
	up_drop(u);
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
		up_drop(u);
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
