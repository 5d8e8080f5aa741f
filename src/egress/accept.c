/* accept.c -- connections from the sandbox, as many as there is room for. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/log.h"
#include "caller.h"
#include "conn.h"
#include "egress.h"

#define ACCEPTS_MAX 16 /* in one pass */

/* There is room for one more, and the supervisor is not behind in saying who
 * asks: its channel never fills, so nothing here ever waits for it. */
static bool
has_room(const struct egress *eg)
{
	return eg->nconns < CONN_COUNT_MAX && eg->nasks < CALLER_ASKS_MAX;
}

/* The finder looks for 127.0.0.1 alone: a connection from another address of
 * loopback might share its port with somebody else's, so it is nobody's. */
static uint16_t
asking_port(const struct sockaddr_in6 *from)
{
	struct sockaddr_in a;

	memcpy(&a, from, sizeof(a)); /* either fits into the larger */
	return a.sin_family == AF_INET &&
	    a.sin_addr.s_addr == htonl(INADDR_LOOPBACK) ? ntohs(a.sin_port) : 0;
}

void
conn_accept_more(struct egress *eg)
{
	if (!has_room(eg))
		return;
	if (eg->listener.watched)
		loop_want(eg->loop, &eg->listener, LOOP_READ);
	if (eg->direct.watched)
		loop_want(eg->loop, &eg->direct, LOOP_READ);
}

/* Out of descriptors: what waits would wake us for ever. The listener rests
 * until a connection ends, or the next sweep. Nothing is said of it to a log,
 * since it is the sandbox that decides how often it happens. */
static void
accept_failed(struct egress *eg, struct loop_io *from)
{
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	log_debug("accept: %m");
	loop_want(eg->loop, from, LOOP_NONE);
	egress_sweep_later(eg);
}

static void
accept_some(struct egress *eg, struct loop_io *from, enum way way)
{
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_in6 a; /* room for either family */
		socklen_t len = sizeof(a);
		struct conn *c;
		int fd;

		if (!has_room(eg)) {
			loop_want(eg->loop, from, LOOP_NONE);
			return;
		}
		fd = accept4(from->fd, (struct sockaddr *)&a, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1) {
			accept_failed(eg, from);
			return;
		}
		c = conn_new(eg, fd, asking_port(&a));
		if (c == NULL || way == WAY_PROXY)
			continue;
		c->way = way;
		c->first = false;
		conn_enter(c, CONN_ASK);
		conn_run(c);
	}
}

void
conn_on_accept(struct loop *l, unsigned events, void *arg)
{
	struct egress *eg = arg;

	(void)l;
	(void)events;
	accept_some(eg, &eg->listener, WAY_PROXY);
}

void
conn_on_direct(struct loop *l, unsigned events, void *arg)
{
	struct egress *eg = arg;

	(void)l;
	(void)events;
	accept_some(eg, &eg->direct, WAY_DIRECT);
}
