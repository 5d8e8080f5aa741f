#include "judge.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "caller.h"
#include "egress.h"
#include "hold.h"
#include "inspect/inspect_judge.h"
#include "policy/profile.h"
#include "policy/say.h"

static struct net_query
query_of(const struct conn *c)
{
	return (struct net_query){
		.host = host_str(&c->at.host),
		.port = c->at.port,
		.tls = c->tls,
		.websocket = c->websocket,
		.grpc = c->grpc,
		.h2c = c->parent != NULL && !c->tls,
		.who = caller_who(c),
		.profiles = caller_profiles(c),
		.details = &c->details,
	};
}

/* Why a program does not count where one is asked for. */
static void
add_doubt(const struct conn *c, struct net_answer *a)
{
	const struct caller *k = c->who;
	struct saying s = { .p = a->reason, .cap = sizeof(a->reason),
		.len = strlen(a->reason) };

	if (a->judged == VERDICT_ALLOW || a->rule.file.len > 0 ||
	    !image_info(c->eg->image)->needs_who || k == NULL ||
	    k->why[0] == '\0')
		return;
	say_z(&s, " (of who asks: ");
	say_z(&s, k->why);
	say_z(&s, ")");
}

static bool
better(const struct net_answer *a, const struct net_answer *b)
{
	if (a->verdict != b->verdict)
		return a->verdict == VERDICT_ALLOW;
	return a->judged == VERDICT_ALLOW && b->judged != VERDICT_ALLOW;
}

void
judge_connection(struct conn *c, struct net_answer *a)
{
	struct net_query q = query_of(c);
	struct net_answer plain;

	/* What will be spoken is not known before it is: either will do, and
	 * each request is judged by what was. */
	q.tls = true;
	policy_network(c->eg->image, &q, a);
	if (a->judged == VERDICT_ALLOW)
		return;
	q.tls = false;
	policy_network(c->eg->image, &q, &plain);
	if (better(&plain, a))
		*a = plain;
	add_doubt(c, a);
}

bool
judge_websockets(struct conn *c)
{
	struct net_query q = query_of(c);
	struct net_answer a;

	q.websocket = true;
	policy_network(c->eg->image, &q, &a);
	return a.verdict == VERDICT_ALLOW;
}

/* They outlive the head: a policy that comes while the request runs judges it
 * again. */
void
judge_fields(struct conn *c, const struct http_head *h)
{
	struct detail_list *l = &c->details.of[DETAIL_HEADER];
	const char *at;

	*l = (struct detail_list){ .known = false };
	buf_clear(&c->field_text);
	if (!image_info(c->eg->image)->needs_fields)
		return;
	c->fields = mem_grow(c->fields, h->nfields + 1, sizeof(*c->fields));
	for (unsigned i = 0; i < h->nfields; i++) {
		const struct http_field *f = &h->fields[i];

		if (f->id != HTTP_OTHER || f->nominated)
			continue; /* not sent on */
		if (!buf_adds(&c->field_text, f->name) ||
		    !buf_adds(&c->field_text, f->value))
			return; /* not known, then */
		c->fields[l->n].name.len = f->name.len;
		c->fields[l->n++].value.len = f->value.len;
	}
	at = buf_str(&c->field_text).p;
	for (uint32_t i = 0; i < l->n; i++) {
		c->fields[i].name.p = at;
		c->fields[i].value.p = at + c->fields[i].name.len;
		at = c->fields[i].value.p + c->fields[i].value.len;
	}
	l->v = c->fields;
	l->known = true;
}

static struct net_query
request_of(const struct conn *c)
{
	struct net_query q = query_of(c);

	q.method = str_c(c->method);
	q.path = buf_str(&c->path);
	q.query = buf_str(&c->query_text);
	return q;
}

void
judge_as(struct conn *c, struct str method, struct str path,
    struct net_answer *a)
{
	struct net_query q = request_of(c);

	q.method = method;
	q.path = path;
	policy_network(c->eg->image, &q, a);
}

uint32_t
judge_wanted(struct conn *c, struct net_answer *a)
{
	struct net_query q = request_of(c);

	return inspect_wanted(c->eg->image, &q, a);
}

uint32_t
judge_messages(struct conn *c, struct net_answer *a)
{
	struct net_query q = request_of(c);

	return inspect_messages(c->eg->image, &q, a);
}

void
judge_message(struct conn *c, const struct inspect *in,
    struct net_answer *a)
{
	struct net_query q = request_of(c);

	inspect_judge(c->eg->image, in, &q, a);
}

void
judge_request(struct conn *c, struct net_answer *a)
{
	struct net_query q = request_of(c);

	if (c->hold == NULL || !c->hold->in.over)
		policy_network(c->eg->image, &q, a);
	else
		inspect_judge(c->eg->image, &c->hold->in, &q, a);
	add_doubt(c, a);
}

bool
judge_addresses(struct conn *c, char *why, size_t cap)
{
	struct net_query q = query_of(c);

	if (c->to.trusted)
		return true;
	for (uint32_t i = 0; i < c->to.n; i++) {
		q.own = address_is_own(&c->to.addrs[i]);
		if (!policy_address(c->eg->image, &q, &c->to.addrs[i], why,
			cap))
			return false;
	}
	return true;
}

enum audit_verdict
judge_verdict(const struct net_answer *a)
{
	if (a->verdict == VERDICT_DENY)
		return AUDIT_DENIED;
	return a->judged == VERDICT_ALLOW ? AUDIT_ALLOWED : AUDIT_OBSERVED;
}

static struct str
rule_text(const struct policy_rule *r, char *out, size_t cap)
{
	int n;

	if (r->file.len == 0)
		return str_of("", 0);
	n = snprintf(out, cap, "%.*s:%u: %.*s", (int)r->file.len, r->file.p,
	    r->line, (int)r->text.len, r->text.p);
	return str_of(out, n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1);
}

bool
judge_record(struct conn *c, enum audit_kind kind,
    enum audit_verdict verdict, const struct net_answer *a, unsigned status,
    struct str reason)
{
	char rule[512], address[INET6_ADDRSTRLEN];
	char nearest[512], chain[AUDIT_CHAIN_BYTES_MAX];
	char profile[AUDIT_PROFILE_BYTES_MAX];
	struct audit_record r = { .kind = kind, .verdict = verdict,
		.when = clock_wall(),
		.host = host_str(&c->at.host), .port = c->at.port,
		.status = status, .bytes_in = c->bytes_in,
		.bytes_out = c->bytes_out, .reason = reason,
		.policy_hash = str_c(image_info(c->eg->image)->hash),
		.generation = c->eg->generation };

	caller_record(c->who, &r, chain, sizeof(chain));
	profiles_print(c->eg->image, caller_profiles(c), profile,
	    sizeof(profile));
	r.profile = str_c(profile);
	if (a != NULL) {
		r.rule = rule_text(&a->rule, rule, sizeof(rule));
		if (verdict == AUDIT_DENIED)
			r.nearest = rule_text(&a->nearest, nearest,
			    sizeof(nearest));
		if (reason.len == 0)
			r.reason = str_c(a->reason);
	}
	if (kind == AUDIT_HTTP || kind == AUDIT_FINDING) {
		r.action = str_c(c->odd_method ? "***" : c->method);
		r.path = buf_str(c->shown.len > 0 ? &c->shown : &c->path);
	}
	if (c->up != NULL)
		r.address = str_c(up_address(c->up, address));
	return audit_sender_put(&c->eg->audit, &r) != 0;
}
