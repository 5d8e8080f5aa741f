/* dial.c -- from an allowed name to a connection: the operator's map, or DNS
 * and a check of every address. What was checked is what is dialled. */
#include <errno.h>

#include "answer.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "hold.h"
#include "judge.h"
#include "limit.h"

static enum want
dial(struct conn *c)
{
	c->done = false;
	c->to.via = via_is_asked(&c->eg->via, &c->at.host, c->at.port,
	    c->to.addrs, c->to.n);
	conn_enter(c, CONN_DIAL);
	if (!h2_up_join(c, &c->to, &c->up))
		up_dial(c->eg, c, &c->to, &c->up);
	return WANT_TURN;
}

static enum want
dial_checked(struct conn *c)
{
	char why[256];

	if (judge_addresses(c, why, sizeof(why)))
		return dial(c);
	if (!judge_record(c, AUDIT_FINDING, AUDIT_DENIED, NULL, 403,
		str_c(why)))
		return answer_unrecorded(c);
	return answer_address(c, why);
}

static void
on_answer(const struct dns_answer *a, void *arg)
{
	struct conn *c = arg;

	c->done = true;
	c->err.kind = ERR_NONE;
	c->to.n = a->n;
	memcpy(c->to.addrs, a->addrs, sizeof(c->to.addrs));
	if (a->n == 0)
		(void)err_set(&c->err, ERR_PEER, "%s", a->why);
	conn_run(c);
}

enum want
dial_begin(struct conn *c)
{
	struct str host = host_str(&c->at.host);
	const struct resolve_entry *own = resolve_find(&c->eg->resolve, host,
	    c->at.port);

	c->to = (struct up_target){ .host = c->at.host, .port = c->at.port,
		.dial_port = c->at.port,
		.tls = c->tls && c->treat == TREAT_HTTP,
		.alpn = c->treat == TREAT_HTTP ? request_alpn(c) :
						 TLS_HTTP1 };
	if (own != NULL) {
		c->to.trusted = true;
		c->to.n = 1;
		c->to.addrs[0] = own->addr;
		if (own->to_port != 0)
			c->to.dial_port = own->to_port;
		return dial(c);
	}
	if (address_of(&c->at.host, &c->to.addrs[0])) {
		c->to.n = 1;
		return dial_checked(c);
	}
	if (c->eg->via.by == VIA_UNCHECKED &&
	    via_is_asked(&c->eg->via, &c->at.host, c->at.port, NULL, 0))
		return dial(c); /* nobody here could resolve it */
	c->done = false;
	conn_enter(c, CONN_RESOLVE);
	if (!dns_ask(c->eg->dns, host, &c->query, on_answer, c))
		return answer_error(c, 503, "resolver_busy",
		    "too many names are being resolved; try again");
	return WANT_TURN;
}

enum want
conn_resolve(struct conn *c)
{
	must(c->state == CONN_RESOLVE);
	if (!c->done)
		return WANT_WAIT;
	if (c->err.kind != ERR_NONE)
		return answer_error(c, 502, "upstream_unreachable",
		    "%s does not resolve: %s", c->at.host.text, c->err.text);
	return dial_checked(c);
}

enum want
conn_dial(struct conn *c)
{
	struct http_head *h = &c->eg->head;
	struct http_fault f;
	char why[256];

	must(c->state == CONN_DIAL);
	if (!c->done)
		return WANT_WAIT;
	if (limit_is_reached(c))
		return limit_reached(c);
	if (c->err.kind != ERR_NONE) {
		bool late = c->err.sys == ETIMEDOUT;

		dns_forget(c->eg->dns, host_str(&c->at.host));
		return answer_error(c, late ? 504 : 502,
		    late ? "upstream_timeout" : "upstream_unreachable",
		    "%s:%u cannot be reached: %s", c->at.host.text,
		    (unsigned)c->at.port, c->err.text);
	}
	if (c->treat != TREAT_HTTP)
		return tunnel_open(c);
	if (c->up->host != NULL) { /* another's addresses, maybe */
		c->to = c->up->to;
		if (!judge_addresses(c, why, sizeof(why)))
			return answer_address(c, why);
	}
	/* The head was understood once already and has not changed. */
	must(http_request_parse(hold_head(c), h, &f) == PARSE_OK);
	return relay_begin(c, h);
}
