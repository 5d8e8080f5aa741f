/* pass.c -- the end of a loop pass: records first, then bytes.
 *
 * Everything that a pass wants to write waits for its end. What goes to the
 * world goes only when every record made so far is on its way to the auditor;
 * so nothing leaves that the log will not know of. */
#include <malloc.h>

#include "egress.h"

#define WRITES_MAX (4 * CONN_COUNT_MAX) /* in one pass; the rest is next */

static struct stream_queue *
queue_of(struct egress *eg, const struct stream *s)
{
	return s->outward ? &eg->outgoing : &eg->queue;
}

void
egress_queue(struct egress *eg, struct stream *s)
{
	if (s->h2 != NULL) {
		h2_wrote(s->h2);
		s = s->carrier;
	}
	if (s->queued || s->blocked || !stream_is_open(s))
		return;
	s->queued = true;
	TAILQ_INSERT_TAIL(queue_of(eg, s), s, link);
}

void
egress_unqueue(struct egress *eg, struct stream *s)
{
	if (!s->queued)
		return;
	s->queued = false;
	TAILQ_REMOVE(queue_of(eg, s), s, link);
}

static void
write_one(struct egress *eg, struct stream *s)
{
	enum stream_got got;

	egress_unqueue(eg, s);
	got = stream_flush(s);
	if (got == STREAM_AGAIN) {
		stream_arm(eg->loop, s, (s->io.want & LOOP_READ) != 0);
		return;
	}
	if (s->mux != NULL && got == STREAM_SOME && h2_has_output(s->mux))
		egress_queue(eg, s);
	if (!s->tell && s->mux == NULL && got == STREAM_SOME)
		return;
	s->tell = false;
	s->io.on_io(eg->loop, LOOP_NONE, s->io.arg); /* may free s */
}

void
egress_on_idle(struct loop *l, void *arg)
{
	struct egress *eg = arg;
	struct stream *s;

	for (int i = 0; i < WRITES_MAX; i++) {
		s = TAILQ_FIRST(&eg->queue);
		if (s == NULL && audit_sender_sent(&eg->audit))
			s = TAILQ_FIRST(&eg->outgoing);
		if (s == NULL)
			return;
		write_one(eg, s);
	}
	loop_timer_set(l, &eg->again_timer, usec_of_ms(0));
}

/* The log took records, or its channel ended: who waited looks again. */
void
egress_on_audit(struct audit_sender *sender, void *arg)
{
	struct egress *eg = arg;

	(void)sender;
	for (uint32_t i = 0; i < CONN_COUNT_MAX && eg->nparked > 0; i++) {
		struct conn *c = eg->conns[i];

		if (c == NULL)
			continue;
		if (c->h2 != NULL)
			h2_down_each(c, conn_unpark);
		else
			conn_unpark(c);
	}
}

void
egress_on_again(struct loop *l, void *arg)
{
	struct egress *eg = arg;
	struct conn *c;

	/* Only those that wait now: who has still more to do comes again. */
	for (uint32_t n = eg->nagain; n > 0; n--) {
		c = TAILQ_FIRST(&eg->again);
		if (c == NULL)
			break;
		conn_unlist(c);
		conn_run(c);
	}
	if (!TAILQ_EMPTY(&eg->again))
		loop_timer_set(l, &eg->again_timer, usec_of_ms(0));
}

#define SWEEP_MS 10000

void
egress_sweep_later(struct egress *eg)
{
	if (eg->sweep_timer.slot == 0)
		loop_timer_set(eg->loop, &eg->sweep_timer,
		    usec_of_ms(SWEEP_MS));
}

/* Memory that no connection needs now goes back to the system: most
 * sandboxes do nothing most of the time. */
void
egress_on_sweep(struct loop *l, void *arg)
{
	struct egress *eg = arg;
	uint32_t left = eg->nconns;

	(void)l;
	up_pool_sweep(eg);
	for (uint32_t i = 0; i < CONN_COUNT_MAX && left > 0; i++) {
		if (eg->conns[i] == NULL)
			continue;
		conn_shrink(eg->conns[i]);
		left--;
	}
	conn_accept_more(eg);
	buf_clear(&eg->text);
	buf_shrink(&eg->text);
	(void)malloc_trim(0); /* nothing to give is fine */
	if (eg->nconns > 0 || eg->pool.n > 0 ||
	    !TAILQ_EMPTY(&eg->pool.shared))
		egress_sweep_later(eg);
}
