#include "meter.h"

#include "loop/loop.h"
#include "stream.h"

#define RECORD_BYTES	16384
#define RECORD_EXTRA	256	/* more than any record adds to its text */
#define GREETING_BYTES	4096	/* more than a flight of ours in a handshake */

static bool
counts(const struct meter *m)
{
	return m != NULL && rates_count_bytes(*m->rates);
}

static struct usec
now_of(const struct meter *m)
{
	return loop_now(m->loop);
}

bool
meter_may_greet(struct meter *m)
{
	if (counts(m) && rates_room(*m->rates, m->which, now_of(m)) <
	    GREETING_BYTES)
		m->over = true;
	return !m->over;
}

/* What was charged for what is under way stays charged: to be counted twice
 * is the worst that can happen to it. */
void
meter_change(struct meter *m, struct rates_set which)
{
	m->charged = 0;
	m->which = which;
}

void
meter_add(struct meter *m, struct rates_set which)
{
	which.of[0] |= m->which.of[0];
	which.of[1] |= m->which.of[1];
	meter_change(m, which);
}

/* A record that is under way is as long as it was, and paid for. */
bool
meter_open(struct stream *s, struct str *bytes)
{
	struct meter *m = s->meter;
	uint64_t room, extra = s->ssl != NULL ? RECORD_EXTRA : 0;

	if (!counts(m))
		return true;
	if (m->chunk != 0) {
		*bytes = str_upto(*bytes, m->chunk);
		return true;
	}
	room = rates_room(*m->rates, m->which, now_of(m));
	if (room <= extra) {
		m->over = true;
		return false;
	}
	if (s->ssl != NULL)
		*bytes = str_upto(*bytes, RECORD_BYTES);
	if (bytes->len > room - extra)
		bytes->len = (size_t)(room - extra);
	m->chunk = bytes->len;
	m->charged = bytes->len + extra;
	rates_spend(*m->rates, m->which, now_of(m), m->charged);
	return true;
}

/* All that was written becomes what was counted. */
static void
correct(struct meter *m, uint64_t wrote)
{
	if (wrote < m->charged)
		rates_give_back(*m->rates, m->which, m->charged - wrote);
	else if (wrote > m->charged)
		rates_spend(*m->rates, m->which, now_of(m),
		    wrote - m->charged);
	m->charged = 0;
	m->chunk = 0;
}

static uint64_t
tls_wrote(struct stream *s)
{
	uint64_t all = BIO_number_written(SSL_get_wbio(s->ssl));
	uint64_t n = all - s->meter->seen;

	s->meter->seen = all;
	return n;
}

void
meter_close(struct stream *s, ssize_t n)
{
	if (!counts(s->meter))
		return;
	if (s->ssl == NULL)
		correct(s->meter, n > 0 ? (uint64_t)n : 0);
	else if (n != 0) /* else the record is not out yet */
		correct(s->meter, tls_wrote(s));
}

void
meter_settle(struct stream *s)
{
	if (counts(s->meter) && s->ssl != NULL && s->meter->chunk == 0)
		correct(s->meter, tls_wrote(s));
}

void
meter_end(struct stream *s)
{
	if (counts(s->meter) && s->ssl != NULL)
		correct(s->meter, tls_wrote(s));
	else if (counts(s->meter))
		correct(s->meter, 0);
}
