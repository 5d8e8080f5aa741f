/* ask_network.c -- what egress would answer.  The order is egress's own: the
 * connection first; where its bytes pass unseen no request is judged. */
#include <stdio.h>

#include "analysis/book.h"
#include "base/limits.h"
#include "inspect/inspect_judge.h"
#include "policy/addr.h"
#include "policy/decide.h"

static void
take_answer(const struct net_answer *a, struct reply *out)
{
	if (a->verdict == VERDICT_DENY)
		out->verdict = REPLY_DENY;
	else
		out->verdict = a->judged == VERDICT_ALLOW ? REPLY_ALLOW :
							    REPLY_AUDIT;
	out->rule = a->rule;
	out->nearest = a->nearest;
	(void)snprintf(out->reason, sizeof(out->reason), "%s", a->reason);
}

static bool
better(const struct net_answer *a, const struct net_answer *b)
{
	if (a->verdict != b->verdict)
		return a->verdict == VERDICT_ALLOW;
	return a->judged == VERDICT_ALLOW && b->judged != VERDICT_ALLOW;
}

/* What will be spoken is not known: TLS, or not. */
static void
ask_either(const struct book *b, struct net_query *q, struct net_answer *out)
{
	struct net_answer plain;

	q->tls = true;
	policy_network(b->image, q, out);
	if (out->judged == VERDICT_ALLOW)
		return;
	q->tls = false;
	policy_network(b->image, q, &plain);
	if (better(&plain, out))
		*out = plain;
}

static void
say_passes(const struct net_answer *a, struct reply *out)
{
	take_answer(a, out);
	if (a->judged == VERDICT_ALLOW)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "%s; the bytes of this connection pass%s, so no request "
		    "on it is judged", a->reason, a->treat == TREAT_TLS ?
		    " once the TLS server name agrees" : "");
}

/* Where the name leads is judged when it is dialled, and again for a request
 * that shares the connection. */
static void
ask_address(const struct book *b, const struct question *q,
    const struct net_query *n, struct reply *out)
{
	char why[REASON_BYTES_MAX];
	struct in6_addr addr;

	if (out->verdict == REPLY_DENY)
		return;
	if (q->has_address)
		memcpy(addr.s6_addr, q->address, sizeof(addr.s6_addr));
	else if (q->host.kind == HOST_NAME ||
	    !addr_parse(host_str(&q->host), addr.s6_addr))
		return;
	if (policy_address(b->image, n, &addr, why, sizeof(why)))
		return;
	out->verdict = REPLY_DENY;
	out->nearest = out->rule;
	out->rule = (struct policy_rule){ 0 };
	(void)snprintf(out->reason, sizeof(out->reason), "%s", why);
}

static struct str
field_of(const struct question *q, const char *name, struct str otherwise)
{
	for (uint32_t i = 0; i < q->nfields; i++)
		if (str_eqz(q->field[i].name, name))
			return q->field[i].value;
	return otherwise;
}

/* As egress, which judges each message of a WebSocket; a body is one. */
static void
ask_messages(const struct book *b, const struct question *q,
    const struct net_query *n, struct net_answer *a)
{
	uint32_t kinds = inspect_messages(b->image, n, a);
	struct inspect in;
	char was[REASON_BYTES_MAX];

	if (kinds == 0)
		return;
	if (inspect_target_asks(kinds, n->query)) {
		a->verdict = a->judged = VERDICT_DENY;
		a->nearest = a->rule;
		a->rule = (struct policy_rule){ 0 };
		(void)snprintf(a->reason, sizeof(a->reason), "%s",
		    INSPECT_TARGET_ASKS);
	} else if (!q->has_body) {
		memcpy(was, a->reason, sizeof(was));
		(void)snprintf(a->reason, sizeof(a->reason),
		    "%.200s; each message on it is judged", was);
	} else {
		inspect_message(&in, kinds, false, q->body);
		inspect_judge(b->image, &in, n, a);
		inspect_fini(&in);
	}
}

/* As egress, which reads the body if that may help. */
static void
ask_body(const struct book *b, const struct question *q,
    const struct net_query *n, struct net_answer *a)
{
	uint32_t kinds = inspect_wanted(b->image, n, a);
	struct inspect_head h = { .kinds = kinds, .method = n->method,
		.path = n->path, .query = n->query, .body = q->has_body,
		.type = field_of(q, "content-type", STR("application/json")),
		.encoding = field_of(q, "content-encoding", STR("")) };
	struct inspect in;
	char was[REASON_BYTES_MAX];

	if (kinds == 0)
		return;
	if (!q->has_body && str_eqz(n->method, "POST")) {
		memcpy(was, a->reason, sizeof(was));
		(void)snprintf(a->reason, sizeof(a->reason), "its body "
		    "decides, and is not known: add what it asks for, as "
		    "tool=NAME; %.150s", was);
		return;
	}
	inspect_begin(&in, &h);
	for (size_t at = 0; at < q->body.len; at += INSPECT_PIECE_MAX)
		inspect_feed(&in, str_upto(str_from(q->body, at),
		    INSPECT_PIECE_MAX));
	inspect_close(&in);
	inspect_judge(b->image, &in, n, a);
	inspect_fini(&in);
}

/* Of each detail one list: they are put into room, one after the other. */
static void
take_content(const struct question *q, struct net_details *d,
    struct detail_pair room[QUESTION_FIELDS_MAX])
{
	uint32_t n = 0;

	for (unsigned i = 0; i < DETAIL_COUNT; i++) {
		struct detail_list *l = &d->of[i];

		if ((q->read >> i & 1) == 0)
			continue;
		*l = (struct detail_list){ true, room + n, 0 };
		for (uint32_t k = 0; k < q->ncontent; k++)
			if (q->content[k].detail == (enum detail)i) {
				room[n++] = (struct detail_pair){
					q->content[k].name,
					q->content[k].value };
				l->n++;
			}
	}
}

static void
ask_request(const struct book *b, const struct question *q,
    struct net_query *n, struct reply *out)
{
	struct net_details details = { .of[DETAIL_HEADER] = { true, q->field,
		q->nfields } };
	struct detail_pair room[QUESTION_FIELDS_MAX];
	struct net_answer a;

	n->tls = q->tls;
	policy_network(b->image, n, &a);
	if (a.verdict == VERDICT_ALLOW && a.treat != TREAT_HTTP) {
		say_passes(&a, out);
		return;
	}
	n->method = q->method;
	n->path = q->path;
	n->query = q->query;
	n->websocket = q->websocket;
	n->grpc = q->grpc;
	n->h2c = q->h2c;
	take_content(q, &details, room);
	n->details = &details;
	policy_network(b->image, n, &a);
	if (a.judged != VERDICT_ALLOW && q->read == 0)
		(q->websocket ? ask_messages : ask_body)(b, q, n, &a);
	n->details = NULL;	/* it ends here */
	take_answer(&a, out);
	if (q->encoded_slash && a.verdict == VERDICT_ALLOW &&
	    !a.encoded_slash) {
		out->verdict = REPLY_DENY;
		out->nearest = a.rule;
		out->rule = (struct policy_rule){ 0 };
		(void)snprintf(out->reason, sizeof(out->reason),
		    "the path holds an encoded slash, which this endpoint "
		    "does not take");
	}
}

static void
ask_connection(const struct book *b, struct net_query *n, struct reply *out)
{
	struct net_answer a;

	ask_either(b, n, &a);
	take_answer(&a, out);
	if (a.judged == VERDICT_ALLOW && a.treat == TREAT_HTTP)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "%s; each request on it is judged", a.reason);
}

/* Would bytes pass that nobody looks at? */
static void
ask_unseen(const struct book *b, const struct question *q,
    struct net_query *n, struct reply *out)
{
	struct net_answer a;

	n->tls = q->kind == ASK_TLS;
	policy_network(b->image, n, &a);
	take_answer(&a, out);
	if (a.verdict == VERDICT_DENY || a.treat == TREAT_PASS ||
	    (a.treat == TREAT_TLS && n->tls))
		return;
	out->verdict = REPLY_DENY;
	out->nearest = a.rule;
	out->rule = (struct policy_rule){ 0 };
	(void)snprintf(out->reason, sizeof(out->reason), a.treat ==
	    TREAT_HTTP ? "the connection is inspected: each request on it "
	    "is judged, and nothing else passes" :
	    "only TLS with the right server name passes");
}

/* A name may be asked for if some connection to it may be made. */
static void
ask_name(const struct book *b, struct net_query *n, struct reply *out)
{
	struct net_answer first = { 0 }, a;

	n->port = 443;
	ask_either(b, n, &first);
	for (uint32_t i = 0; i < b->nports && first.judged != VERDICT_ALLOW;
	    i++) {
		n->port = b->ports[i];
		ask_either(b, n, &a);
		if (better(&a, &first))
			first = a;
	}
	take_answer(&first, out);
	if (first.judged == VERDICT_ALLOW)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "%s, on port %u", first.reason, n->port);
}

void
ask_network(const struct book *b, const struct question *q,
    struct reply *out)
{
	struct net_query n = { .host = host_str(&q->host), .port = q->port,
		.who = { q->from, q->nfrom }, .facts = q->facts };
	struct str missing;	/* none, by now */

	(void)book_profiles(b, q, &n.profiles, &missing);
	out->domain = "network";
	if (q->refused != NULL) {
		(void)snprintf(out->reason, sizeof(out->reason),
		    "refused before any rule: %s", q->refused);
		return;
	}
	if (q->kind == ASK_DNS) {
		ask_name(b, &n, out);
		return;
	}
	if (q->kind == ASK_HTTP)
		ask_request(b, q, &n, out);
	else if (q->kind == ASK_CONNECT)
		ask_connection(b, &n, out);
	else
		ask_unseen(b, q, &n, out);
	ask_address(b, q, &n, out);
}
