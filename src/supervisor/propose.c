/* propose.c -- what waits in the sandbox for a person's word goes out, and
 * the word comes in. Nothing is kept here: the broker has what waits, and says
 * it again when another gateway comes. */
#include "base/err.h"
#include "base/log.h"
#include "supervisor/supervisor.h"

static bool
is_sound(const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct proposal p;
	struct proposal_over o;

	if (m->type == MSG_PROPOSAL_PUT)
		return proposal_get(&r, &p) == 0;
	return proposal_over_get(&r, &o) == 0;
}

void
propose(struct supervisor *s, const struct msg *m)
{
	struct wbuf w = { (unsigned char *)(uintptr_t)m->body.p, m->body.len,
		m->body.len, false };

	if (!is_sound(m))
		life_end(s, OUTCOME_FAILED, 0, "the broker sent a %s that is "
		    "not well formed", msg_name(m->type));
	else
		control_say(s, m->type, 0, &w);
}

/* A broker that does not read does not answer opens either. */
static void
say(struct supervisor *s, enum msg_type t, struct str body)
{
	struct err e = { 0 };

	if (s->gate != GATE_NONE && s->life == LIFE_UP &&
	    chan_send(&s->broker, t, 0, body, NULL, 0, &e) != 1)
		log_warn("the broker does not take %s: %s", msg_name(t),
		    e.text);
}

void
propose_answer(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct proposal_answer v;

	if (proposal_answer_get(&r, &v) == -1)
		log_error("the gateway sent a malformed %s",
		    msg_name(m->type));
	else
		say(s, m->type, m->body);
}

void
propose_again(struct supervisor *s)
{
	say(s, MSG_PROPOSAL_AGAIN, STR(""));
}
