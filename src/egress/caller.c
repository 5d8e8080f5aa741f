#include "caller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "egress.h"
#include "msg/body.h"

/* ---- one answer ---- */

void
caller_put(struct caller **slot)
{
	struct caller *k = *slot;

	*slot = NULL;
	if (k != NULL && --k->refs == 0)
		free(k);
}

static void
caller_set(struct conn *c, struct caller *k)
{
	if (k != NULL)
		k->refs++;
	caller_put(&c->who);
	c->who = k;
}

static bool
is_among(struct str s, const struct str *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (str_eq(s, v[i]))
			return true;
	return false;
}

static struct str
keep(char **at, struct str s)
{
	char *to = *at;

	memcpy(to, s.p, s.len);
	*at += s.len;
	return str_of(to, s.len);
}

struct caller *
caller_new(const struct who *w)
{
	size_t room = 0;
	struct caller *k;
	char *at;

	for (uint32_t i = 0; i < w->n; i++)
		room += w->chain[i].len;
	k = mem_alloc(1, sizeof(*k) + room);
	k->refs = 1;
	at = k->text;
	k->pid = w->pid;
	k->others = w->others;
	k->tagged = w->tagged;
	k->profiles = w->profiles;
	memcpy(k->sha256, w->sha256, sizeof(k->sha256));
	memcpy(k->why, w->reason, sizeof(k->why));
	for (uint32_t i = 0; w->known && i < w->n; i++) {
		k->chain[k->n] = keep(&at, w->chain[i]);
		if ((w->common >> i & 1) != 0)
			k->common[k->ncommon++] = k->chain[k->n];
		k->n++;
	}
	return k;
}

/* Who held it before may have written what is judged now. */
static void
caller_narrow(struct caller *k, const struct caller *before)
{
	uint32_t n = 0;

	if (before == NULL || before->n == 0)
		return;
	if (k->n > 0 && !str_eq(k->chain[0], before->chain[0]) &&
	    k->why[0] == '\0')
		(void)snprintf(k->why, sizeof(k->why),
		    "the connection went from %.*s to %.*s",
		    (int)(before->chain[0].len > 80 ? 80 :
						      before->chain[0].len),
		    before->chain[0].p,
		    (int)(k->chain[0].len > 80 ? 80 : k->chain[0].len),
		    k->chain[0].p);
	k->others |= before->others ||
	    (k->n > 0 && !str_eq(k->chain[0], before->chain[0]));
	for (uint32_t i = 0; i < k->ncommon; i++)
		if (is_among(k->common[i], before->common, before->ncommon))
			k->common[n++] = k->common[i];
	k->ncommon = n;
	if (k->why[0] == '\0')
		memcpy(k->why, before->why, sizeof(k->why));
}

static bool
same_standing(const struct caller *a, const struct caller *b)
{
	return a != NULL && a->n > 0 && b->n > 0 &&
	    a->ncommon == b->ncommon && a->others == b->others &&
	    a->profiles == b->profiles && a->tagged == b->tagged;
}

struct net_who
caller_who(const struct conn *c)
{
	const struct caller *k = c->who;

	if (k == NULL || k->n == 0)
		return (struct net_who){ .n = 0 };
	return (struct net_who){ k->common, k->ncommon, k->others };
}

void
caller_record(const struct caller *k, struct audit_record *r, char *chain,
    size_t cap)
{
	size_t n = 0;

	if (k == NULL || k->n == 0)
		return;
	r->pid = k->pid;
	r->exe = k->chain[0];
	r->sha256 = str_c(k->sha256);
	for (uint32_t i = 1; i < k->n && k->chain[i].len < cap - n; i++) {
		memcpy(chain + n, k->chain[i].p, k->chain[i].len);
		n += k->chain[i].len;
		chain[n++] = '\0';
	}
	r->chain = str_of(chain, n);
}

/* Of whom it is not known under which he is, he may be under any of them. */
uint64_t
caller_profiles(const struct conn *c)
{
	return c->who != NULL && c->who->tagged ? c->who->profiles :
		image_profiles_all(c->eg->image);
}

/* ---- asking ---- */

static void
send_ask(struct conn *c)
{
	unsigned char bytes[32];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct who_ask q = { .profiles = image_profiles(c->eg->image) > 0,
		.port = c->peer_port, .there = c->there,
		.there_port = c->there_port };

	who_ask_put(&w, &q);
	c->asks.sent++;
	c->eg->nasks++;
	control_say(c->eg, MSG_WHO_ASK, c->id, &w);
}

static void
unqueue(struct conn *c)
{
	if (!c->asks.queued)
		return;
	c->asks.queued = false;
	TAILQ_REMOVE(&c->eg->askers, c, asking);
}

/* One at a time: when it is answered, the next one follows. */
void
caller_ask(struct conn *c)
{
	must(c->parent == NULL);
	if (c->asks.queued || c->asks.sent != c->asks.heard)
		return;
	if (c->eg->nasks < CALLER_ASKS_MAX) {
		send_ask(c);
		return;
	}
	c->asks.queued = true;
	TAILQ_INSERT_TAIL(&c->eg->askers, c, asking);
}

void
caller_forget(struct conn *c)
{
	unqueue(c);
	caller_put(&c->who);
}

static bool
is_behind(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* Where nothing is judged by it, one that is not old will do. */
static bool
is_fresh(const struct conn *root)
{
	int64_t age = loop_now(root->eg->loop).v - root->asks.at.v;

	return root->who != NULL && age < CALLER_AGE_MS * 1000 &&
	    !image_info(root->eg->image)->needs_who;
}

/* The answer to a question that was put after all of the request was here;
 * for the log alone, to any. */
static uint32_t
needed(const struct conn *root)
{
	bool in_flight = root->asks.sent != root->asks.heard;

	return in_flight && !image_info(root->eg->image)->needs_who ?
	    root->asks.sent : root->asks.sent + 1;
}

enum want
caller_await(struct conn *c)
{
	struct conn *root = c->parent != NULL ? c->parent : c;

	if (c->who_met || is_fresh(root)) {
		if (!c->who_late && c != root)
			caller_set(c, root->who);
		c->who_met = c->who_late = false;
		return WANT_TURN;
	}
	c->who_need = needed(root);
	if (is_behind(root->asks.wanted, c->who_need))
		root->asks.wanted = c->who_need;
	caller_ask(root);
	conn_enter(c, CONN_WHO);
	return WANT_WAIT;
}

enum want
conn_who(struct conn *c)
{
	const struct conn *root = c->parent != NULL ? c->parent : c;

	if (!c->who_late && is_behind(root->asks.heard, c->who_need))
		return WANT_WAIT;
	if (c->who_late) /* who it was is no answer to who it is */
		caller_put(&c->who);
	c->who_met = true;
	c->scan = 0;
	conn_enter(c, c->way != WAY_PROXY && !c->tunnel ? CONN_ASK : CONN_HEAD);
	return WANT_TURN;
}

/* ---- answers ---- */

static void
take_own(struct conn *kid)
{
	caller_set(kid, kid->parent->who);
}

/* What runs is judged again if somebody else may be at work. May free c. */
static void
tell(struct conn *c, bool changed)
{
	struct egress *eg = c->eg;
	bool again = changed && c->asks.checks;

	c->asks.checks = false;
	if (c->state == CONN_WHO) {
		conn_run(c);
		return;
	}
	if (c->h2 != NULL)
		h2_down_known(c);
	if (!again)
		return;
	if (c->h2 != NULL)
		h2_down_each(c, take_own);
	eg->handed_on = true;
	conn_rejudge(c);
	eg->handed_on = false;
}

static void
ask_next(struct egress *eg)
{
	struct conn *c = TAILQ_FIRST(&eg->askers);

	if (c == NULL || eg->nasks >= CALLER_ASKS_MAX)
		return;
	unqueue(c);
	send_ask(c);
}

int
caller_on_reply(struct egress *eg, struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct conn *c = conn_find(eg, m->id);
	struct who who = { 0 };
	struct caller *k;
	bool changed;

	if (eg->nasks > 0)
		eg->nasks--;
	ask_next(eg);
	conn_accept_more(eg);
	if (m->id - 1 < DROPPED_PLACES_MAX)
		return dropped_on_reply(eg, m, e);
	if (who_get(&r, &who) == -1)
		return err_set(e, ERR_PEER, "WHO_REPLY is malformed");
	if (c == NULL || c->asks.sent == c->asks.heard)
		return 0; /* it is gone */
	c->asks.heard++;
	c->asks.at = loop_now(eg->loop);
	k = caller_new(&who);
	caller_narrow(k, c->who);
	changed = !same_standing(c->who, k);
	if (!who.known)
		log_debug("conn %u: who asks is not known: %s", c->id,
		    who.reason);
	caller_set(c, k);
	caller_put(&k); /* it is c's */
	if (is_behind(c->asks.heard, c->asks.wanted))
		caller_ask(c);
	tell(c, changed);
	return 0;
}

/* ---- what lasts ---- */

static bool
lasts(const struct conn *c)
{
	return c->state == CONN_TUNNEL || c->state == CONN_WEBSOCKET ||
	    c->state == CONN_RELAY || c->state == CONN_BODY ||
	    (c->state == CONN_H2 && !TAILQ_EMPTY(&c->kids));
}

void
caller_on_tick(struct loop *l, void *arg)
{
	struct egress *eg = arg;

	if (eg->nconns == 0)
		return;
	loop_timer_set(l, &eg->who_timer, usec_of_ms(CALLER_AGE_MS));
	if (!image_info(eg->image)->needs_who)
		return;
	for (uint32_t i = 0; i < CONN_COUNT_MAX; i++) {
		struct conn *c = eg->conns[i];

		if (c == NULL || !c->heard_of)
			continue;
		c->heard_of = false;
		if (!lasts(c))
			continue;
		c->asks.checks = true;
		caller_ask(c);
	}
}
