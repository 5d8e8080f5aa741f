#include "talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "egress.h"
#include "hold.h"
#include "inspect/inspect_judge.h"
#include "judge.h"
#include "policy/say.h"
#include "policy/sift.h"
#include "sift.h"
#include "sift_body.h"
#include "tls/openssl.h"

/* ---- the request */

static void
deny(const struct conn *c, struct net_answer *a, const char *why)
{
	a->judged = VERDICT_DENY;
	if (sift_is_enforced(c))
		a->verdict = VERDICT_DENY;
	a->nearest = a->rule;
	a->rule = (struct policy_rule){ .line = 0 };
	(void)snprintf(a->reason, sizeof(a->reason), "%s", why);
}

static void
use(struct talk *t, uint32_t kinds)
{
	t->kinds = kinds;
	t->m.max = kinds != 0 ? INSPECT_BODY_MAX : INSPECT_WHOLE_MAX;
}

void
talk_begin(struct conn *c, struct net_answer *a)
{
	uint32_t kinds = a->judged == VERDICT_ALLOW ? 0 :
	    judge_messages(c, a);

	talk_free(c);
	if (kinds != 0 && inspect_target_asks(kinds, buf_str(&c->query_text)))
		deny(c, a, INSPECT_TARGET_ASKS);
	if (a->verdict != VERDICT_ALLOW ||
	    (kinds == 0 && sift_sent(a->sift) == 0))
		return;
	c->talk = mem_alloc(1, sizeof(*c->talk));
	ws_message_init(&c->talk->m, INSPECT_WHOLE_MAX);
	use(c->talk, kinds);
}

static void
found_free(struct talk *t)
{
	sifted_free(t->sifted);
	t->sifted = NULL;
}

bool
talk_rejudge(struct conn *c, struct net_answer *a)
{
	uint32_t kinds;

	judge_request(c, a);
	kinds = a->judged == VERDICT_ALLOW ? 0 : judge_messages(c, a);
	if (a->verdict != VERDICT_ALLOW)
		return false;
	if (c->talk != NULL) {
		found_free(c->talk); /* it is looked through anew */
		use(c->talk, kinds);
		c->sift = a->sift;
		return true;
	}
	if (kinds != 0)
		deny(c, a, "it began before its messages were to be judged; "
		    "ask again");
	return a->verdict == VERDICT_ALLOW;
}

/* What is held now counts among what all hold. */
static void
count(struct conn *c)
{
	struct talk *t = c->talk;

	c->eg->held += t->m.text.len - t->counted;
	t->counted = t->m.text.len;
}

void
talk_free(struct conn *c)
{
	struct talk *t = c->talk;

	if (t == NULL)
		return;
	c->talk = NULL;
	c->eg->held -= t->counted;
	found_free(t);
	ws_message_fini(&t->m);
	free(t);
}

bool
talk_waits(const struct conn *c)
{
	return c->talk != NULL && c->talk->m.begun && !c->talk->m.whole;
}

/* ---- a message */

/* What it asks for stands in the record. */
static bool
record_allowed(struct conn *c, const struct net_answer *a,
    const struct inspect *in)
{
	char what[160], reason[sizeof(a->reason) + sizeof(what) + 16];

	inspect_print(in, what, sizeof(what));
	(void)snprintf(reason, sizeof(reason), "%s: message %s", a->reason,
	    what);
	return judge_record(c, AUDIT_HTTP, judge_verdict(a), a, 0,
	    str_c(reason));
}

/* false: what it asks for could not be recorded. */
static bool
judge_units(struct conn *c, struct net_answer *a)
{
	struct talk *t = c->talk;
	struct inspect in;
	bool told = true;

	if (t->kinds == 0) {
		judge_request(c, a);
		return true;
	}
	inspect_message(&in, t->kinds, t->m.binary, buf_str(&t->m.text));
	judge_message(c, &in, a);
	if (a->verdict == VERDICT_ALLOW && !in.asks_nothing)
		told = record_allowed(c, a, &in);
	inspect_fini(&in);
	return told;
}

static enum talk_got
over(struct http_fault *f, enum ws_code code, const char *why)
{
	f->status = code;
	f->why = why;
	return TALK_OVER;
}

static enum talk_got
denied(struct conn *c, const struct net_answer *a, struct http_fault *f)
{
	struct buf *text = &c->eg->text; /* the sentence outlives the call */

	(void)judge_record(c, AUDIT_HTTP, AUDIT_DENIED, a, 0,
	    str_of("", 0)); /* it ends, recorded or not */
	buf_fini(text);
	buf_init(text, sizeof(a->reason) + 32);
	must(buf_addz(text, "not permitted by policy: ") &&
	    buf_addz(text, a->reason) && buf_add(text, "", 1));
	return over(f, WS_DENIED, buf_str(text).p);
}

static enum talk_got
unrecorded(struct http_fault *f)
{
	return over(f, WS_TRY_LATER, "the audit log takes no records; try "
	    "again");
}

/* Looked through as the request's entry asks for, a slice in each turn; by what
 * allows the message itself perhaps more, which is rare. */
static bool
look(struct conn *c, const struct net_answer *a)
{
	struct talk *t = c->talk;
	bool all;

	if (a == NULL && sift_sent(c->sift) == 0)
		return true;
	do
		all = sift_message_more(c, &t->sifted, buf_str(&t->m.text));
	while (a != NULL && !all); /* it has an end */
	return all;
}

/* All of it is here. */
static enum talk_got
judge_whole(struct conn *c, struct http_fault *f)
{
	struct talk *t = c->talk;
	struct net_answer a;

	if (!audit_sender_up(&c->eg->audit))
		return unrecorded(f);
	if (!audit_sender_ready(&c->eg->audit)) {
		conn_park(c, true);
		return TALK_WAIT;
	}
	if (!look(c, NULL))
		return TALK_MORE;
	if (!judge_units(c, &a))
		return unrecorded(f);
	if (a.verdict == VERDICT_ALLOW && sift_sent(a.sift) != 0) {
		must(look(c, &a));
		if (!sift_message(c, "message", t->m.text.p +
			t->m.text.off, t->sifted, &a))
			return unrecorded(f);
	}
	if (a.verdict != VERDICT_ALLOW)
		return denied(c, &a, f);
	if (RAND_bytes(t->mask, sizeof(t->mask)) != 1)
		return over(f, WS_GOING_AWAY, "no mask can be made");
	found_free(t);
	t->judged = true;
	return TALK_ON;
}

/* Of a control frame, which is part of no message. */
static bool
look_control(char *p, size_t n, struct http_fault *f, void *arg)
{
	struct sifted *found = NULL;
	struct conn *c = arg;
	struct net_answer a;
	bool told = true;

	if (sift_sent(c->sift) == 0)
		return true;
	judge_request(c, &a);
	a.verdict = VERDICT_ALLOW; /* it asks for nothing */
	a.sift = c->sift;
	while (!sift_message_more(c, &found, str_of(p, n)))
		continue; /* one is short */
	told = sift_message(c, "control frame", p, found, &a);
	sifted_free(found);
	if (!told)
		(void)unrecorded(f);
	else if (a.verdict != VERDICT_ALLOW)
		(void)denied(c, &a, f);
	return told && a.verdict == VERDICT_ALLOW;
}

void
talk_take(struct conn *c)
{
	c->ws_out.taken = &c->talk->m;
	c->ws_out.look = look_control;
	c->ws_out.arg = c;
}

static bool
is_late(const struct conn *c, bool had_begun)
{
	struct talk *t = c->talk;
	struct usec now = loop_now(c->eg->loop);

	if (!talk_waits(c))
		return false;
	if (!had_begun)
		t->until = usec_add(now, usec_of_ms(HOLD_TIME_S * 1000));
	return now.v > t->until.v;
}

static enum talk_got
take(struct conn *c, struct http_fault *f)
{
	bool had_begun = c->talk->m.begun;
	enum parse got = ws_move(&c->ws_out, &c->cl.in, &c->up->s.out, f);

	count(c);
	if (got == PARSE_BAD)
		return TALK_OVER;
	if (is_late(c, had_begun))
		return over(f, WS_DENIED, "a message did not come to its end "
		    "within a minute");
	if (hold_is_too_much(c))
		return over(f, WS_TRY_LATER, "too much is held to be read "
		    "before it is sent on; try again");
	return TALK_ON;
}

enum talk_got
talk_move(struct conn *c, struct http_fault *f)
{
	struct talk *t = c->talk;
	enum talk_got got = TALK_ON;

	if (!t->m.whole)
		got = take(c, f);
	if (got == TALK_ON && t->m.whole && !t->judged)
		got = judge_whole(c, f);
	if (got != TALK_ON || !t->m.whole)
		return got;
	if (ws_message_send(&t->m, t->mask, &c->up->s.out))
		t->judged = false;
	count(c);
	return TALK_ON;
}
