/* sender.c -- a window of messages to the auditor.
 *
 * A record goes out at once in a message of its own while few messages are
 * on their way; under load the next messages fill while they wait, and each
 * carries many. An acknowledgement covers every message up to its number.
 */
#include "audit/sender.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/must.h"

#define WINDOW 4		/* messages on their way; more wait and fill */
#define BATCH_BYTES 32768	/* a message takes records up to here */

struct audit_flight {
	TAILQ_ENTRY(audit_flight) link;
	uint32_t id;
	size_t len, cap;
	unsigned char *bytes;
};

void
audit_sender_init(struct audit_sender *s, struct loop *l, enum role self,
    void (*on_change)(struct audit_sender *, void *), void *arg)
{
	*s = (struct audit_sender){ .loop = l, .self = self,
		.chan = { -1, self, ROLE_AUDITOR }, .on_change = on_change,
		.arg = arg };
	TAILQ_INIT(&s->flights);
}

static void
flight_free(struct audit_sender *s, struct audit_flight *f)
{
	TAILQ_REMOVE(&s->flights, f, link);
	s->held -= f->len;
	free(f->bytes);
	free(f);
}

static void
sender_down(struct audit_sender *s)
{
	loop_unwatch(s->loop, &s->io);
	chan_close(&s->chan);
}

/* -1: the channel is broken. */
static int
flush(struct audit_sender *s, struct err *e)
{
	bool full = false;

	while (s->unsent != NULL && s->nsent < WINDOW && !full) {
		struct audit_flight *f = s->unsent;
		int rc = chan_send(&s->chan, MSG_AUDIT_PUT, f->id,
		    str_of((const char *)f->bytes, f->len), NULL, 0, e);

		if (rc == -1)
			return -1;
		full = rc == 0;
		if (full)
			break;
		s->unsent = TAILQ_NEXT(f, link);
		s->nsent++;
	}
	loop_want(s->loop, &s->io,
	    LOOP_READ | (full ? (unsigned)LOOP_WRITE : 0U));
	return 0;
}

/* Acknowledgements come in the order of sending. */
static int
take_ack(struct audit_sender *s, uint32_t id, struct err *e)
{
	struct audit_flight *f = TAILQ_FIRST(&s->flights);

	if (s->nsent == 0 || f == NULL || f->id != id)
		return err_set(e, ERR_PEER,
		    "the auditor acknowledged what was not sent");
	s->nsent--;
	s->acked_id = id;
	flight_free(s, f);
	return 0;
}

/* false: the channel ended. */
static bool
take_all(struct audit_sender *s)
{
	unsigned char *buf = mem_alloc(1, MSG_BYTES_MAX + CHAN_HEAD_BYTES);
	enum chan_got got = CHAN_MSG;
	struct err e = { 0 };
	struct msg m;

	for (int i = 0; i < 2 * WINDOW && got == CHAN_MSG; i++) {
		got = chan_recv(&s->chan, buf, &m, &e);
		if (got == CHAN_MSG && take_ack(s, m.id, &e) == -1)
			got = CHAN_ERROR;
	}
	free(buf);
	return got != CHAN_END && got != CHAN_ERROR;
}

static void
sender_on_io(struct loop *l, unsigned events, void *arg)
{
	struct audit_sender *s = arg;
	struct err e = { 0 };

	(void)l;
	(void)events;
	if (!take_all(s) || flush(s, &e) == -1)
		sender_down(s);
	if (s->on_change != NULL)
		s->on_change(s, s->arg);
}

int
audit_sender_use(struct audit_sender *s, int fd, struct err *e)
{
	sender_down(s);
	s->chan.fd = fd;
	s->io = (struct loop_io){ .fd = fd, .want = LOOP_READ,
		.on_io = sender_on_io, .arg = s };
	s->unsent = TAILQ_FIRST(&s->flights);
	s->nsent = 0;
	if (loop_watch(s->loop, &s->io, e) == -1 || flush(s, e) == -1) {
		sender_down(s);
		return -1;
	}
	return 0;
}

/* The auditor's end is there. A dead one shows at once, even when the loop
 * has not told yet. */
static bool
stands(const struct audit_sender *s)
{
	struct pollfd p = { .fd = s->chan.fd };

	return s->chan.fd != -1 && poll(&p, 1, 0) == 0;
}

int
audit_sender_renew(struct audit_sender *s, int fd, struct err *e)
{
	if (!stands(s))
		return audit_sender_use(s, fd, e);
	(void)close(fd);
	return 0;
}

bool
audit_sender_up(const struct audit_sender *s)
{
	return s->chan.fd != -1;
}

static bool
has_room(const struct audit_sender *s)
{
	return s->held + AUDIT_WIRE_BYTES_MAX <= AUDIT_HELD_BYTES_MAX;
}

bool
audit_sender_ready(const struct audit_sender *s)
{
	return audit_sender_up(s) && has_room(s);
}

/* The last message, if it was not sent and has room, or a new one. */
static struct audit_flight *
flight_for(struct audit_sender *s, size_t len)
{
	struct audit_flight *f = TAILQ_LAST(&s->flights, audit_flights);

	if (s->unsent != NULL && f->len + len <= BATCH_BYTES)
		return f;
	f = mem_alloc(1, sizeof(*f));
	if (++s->last_id == 0)
		s->last_id = 1;
	f->id = s->last_id;
	TAILQ_INSERT_TAIL(&s->flights, f, link);
	if (s->unsent == NULL)
		s->unsent = f;
	return f;
}

uint32_t
audit_sender_put(struct audit_sender *s, const struct audit_record *r)
{
	unsigned char bytes[AUDIT_WIRE_BYTES_MAX];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct audit_flight *f;
	struct err e = { 0 };

	if (!has_room(s))
		return 0;
	audit_record_put(&w, r);
	must(!w.over);
	f = flight_for(s, w.len);
	if (f->cap - f->len < w.len) {
		f->cap = f->cap * 2 > f->len + w.len ? f->cap * 2 :
						       f->len + w.len;
		f->bytes = mem_grow(f->bytes, f->cap, 1);
	}
	memcpy(f->bytes + f->len, bytes, w.len);
	f->len += w.len;
	s->held += w.len;
	if (audit_sender_up(s) && flush(s, &e) == -1)
		sender_down(s); /* on_change will not be told: ready is false */
	return f->id;
}

bool
audit_sender_sent(const struct audit_sender *s)
{
	return s->unsent == NULL;
}

/* Numbers go round after 2^32: nearer ahead than behind is not yet. */
bool
audit_sender_acked(const struct audit_sender *s, uint32_t number)
{
	return (int32_t)(s->acked_id - number) >= 0;
}

bool
audit_sender_drain(struct audit_sender *s, int ms)
{
	int64_t until = clock_mono().v + (int64_t)ms * 1000;

	while (audit_sender_up(s) && !TAILQ_EMPTY(&s->flights)) {
		int64_t left = (until - clock_mono().v) / 1000;
		struct pollfd p = { .fd = s->chan.fd, .events = POLLIN };
		struct err e = { 0 };

		if (left <= 0)
			return false;
		(void)poll(&p, 1, (int)left);
		if (!take_all(s) || flush(s, &e) == -1)
			sender_down(s);
	}
	return TAILQ_EMPTY(&s->flights);
}

void
audit_sender_fini(struct audit_sender *s)
{
	sender_down(s);
	while (!TAILQ_EMPTY(&s->flights))
		flight_free(s, TAILQ_FIRST(&s->flights));
	s->unsent = NULL;
	s->nsent = 0;
}
