/* scan.c -- compares one rule with one question, whose host and port are
 * known to agree. */
#include "policy/scan.h"

#include "base/compat.h"
#include "policy/cond.h"
#include "policy/match.h"

/* An address ends in a digit, or holds a colon; names rarely do. */
static bool
may_be_address(struct str host)
{
	char last = host.len == 0 ? '\0' : host.p[host.len - 1];

	return (last >= '0' && last <= '9') ||
	    str_index(host, ':') != host.len;
}

/* "%2F", in the canonical path's one spelling. */
static bool
has_slash(struct str path)
{
	return path.len > 0 && memmem(path.p, path.len, "%2F", 3) != NULL;
}

void
scan_init(struct scan *s, const struct image *im, const struct net_query *q)
{
	*s = (struct scan){ .im = im, .q = q };
	s->literal = may_be_address(q->host) &&
	    addr_parse(q->host, s->addr);
	s->request = q->method.len > 0;
	s->slash = has_slash(q->path);
	s->port_wires = form_port_wires(q->port);
	s->method = s->request ? form_method(q->method) : 0;
	if (q->tls)
		s->wires = q->grpc ? WIRE_GRPC : WIRE_HTTPS;
	else
		s->wires = q->h2c ? WIRE_H2C : WIRE_HTTP;
	if (q->websocket)
		s->wires = q->tls ? WIRE_WSS : WIRE_WS;
	if (!s->request && !q->websocket)
		s->wires = q->tls ?
		    WIRE_HTTPS | WIRE_WSS | WIRE_GRPC | WIRE_TLS | WIRE_TCP :
		    WIRE_HTTP | WIRE_WS | WIRE_H2C | WIRE_TCP;
}

bool
scan_pat(const struct image *im, const struct f_pat *p, struct str text)
{
	const char *at = im->bytes + p->text.off;

	if (text.len < p->literal || memcmp(at, text.p, p->literal) != 0)
		return false;
	return match_rest(str_of(at + p->literal, p->text.len - p->literal),
	    str_from(text, p->literal));
}

static bool
is_narrow(const struct f_rule *r)
{
	return r->methods != 0 || r->words.n > 0 || r->paths.n > 0 ||
	    r->needs.n > 0;
}

/* A deny of some requests cannot be kept where requests are not seen: there
 * it denies the whole, if requests are to be expected there. */
static bool
denies_unseen(const struct scan *s, const struct f_rule *r)
{
	return r->flags == RULE_DENY && !s->request && is_narrow(r) &&
	    (r->ports.n > 0 ||
		(s->port_wires & (WIRE_HTTP | WIRE_HTTPS)) != 0);
}

/* A call of gRPC is a POST like any other. HTTP/2 in clear is for who names
 * it, and denied with HTTP. */
static uint32_t
with_others(const struct f_rule *r, uint32_t wires)
{
	if ((wires & WIRE_HTTPS) != 0)
		wires |= WIRE_GRPC;
	if ((wires & WIRE_HTTP) != 0 && (r->flags & RULE_DENY) != 0)
		wires |= WIRE_H2C;
	return wires;
}

/* A WebSocket begins as a GET, and then carries whatever either side says:
 * an entry for http alone lets one begin only if it leaves the methods open.
 * A deny of requests is one of those that begin a WebSocket as well. */
static uint32_t
with_websockets(const struct f_rule *r, uint32_t wires)
{
	if ((r->flags & RULE_DENY) == 0 &&
	    (r->methods != 0 || r->words.n > 0))
		return wires;
	if ((wires & WIRE_HTTPS) != 0)
		wires |= WIRE_WSS;
	if ((wires & WIRE_HTTP) != 0)
		wires |= WIRE_WS;
	return wires;
}

static uint32_t
rule_wires(const struct scan *s, const struct f_rule *r)
{
	uint32_t wires = r->wire;

	if (denies_unseen(s, r))
		return (WIRE_TLS | WIRE_TCP) & s->wires;
	if (wires == 0 && (r->flags & RULE_DENY) != 0)
		wires = WIRE_ALL;
	else if (wires == 0)
		wires = s->port_wires;
	/* Methods and paths are seen only where requests are: a rule with
	 * them never lets bytes pass unseen, whatever the port stands for. */
	if (is_narrow(r)) {
		wires &= WIRE_INSPECTED;
		if (wires == 0)
			wires = WIRE_HTTP | WIRE_HTTPS;
	}
	return with_websockets(r, with_others(r, wires)) & s->wires;
}

static bool
exe_matches(const struct scan *s, const struct f_exe *x, struct str exe)
{
	struct str want = form_text(s->im, x->text);

	if (x->klass == EXE_NAME)
		return str_eq(want, str_base(exe));
	if (x->klass == EXE_GLOB)
		return match_path(want, exe);
	return str_eq(want, exe);
}

bool
scan_who(const struct scan *s, const struct f_rule *r)
{
	const struct net_who *who = &s->q->who;

	if (r->exes.n == 0)
		return true;
	if ((r->flags & RULE_DENY) != 0 && (who->n == 0 || who->others))
		return true; /* not known: no allow, and every deny */
	for (uint32_t i = 0; i < who->n; i++)
		for (uint32_t j = 0; j < r->exes.n; j++)
			if (exe_matches(s, &s->im->exes[r->exes.first + j],
				who->exe[i]))
				return true;
	return false;
}

static bool
scan_method(const struct scan *s, const struct f_rule *r)
{
	if (r->methods == 0 && r->words.n == 0)
		return true;
	if ((r->methods & s->method) != 0)
		return true;
	for (uint32_t i = 0; i < r->words.n; i++)
		if (str_eq(form_text(s->im,
			s->im->words[r->words.first + i]), s->q->method))
			return true;
	return false;
}

static bool
scan_path(const struct scan *s, const struct f_rule *r)
{
	const struct f_pat *pats = s->im->pats + r->paths.first;

	for (uint32_t i = 0; i < r->paths.n; i++)
		if (scan_pat(s->im, &pats[i], s->q->path))
			return true;
	return r->paths.n == 0;
}

/* Of a connection alone: could a request on it match? An allow says yes as
 * long as nothing else speaks against it; a deny must be of every request. */
static enum miss
scan_connection(const struct scan *s, const struct f_rule *r)
{
	if ((r->flags & RULE_DENY) == 0 || !is_narrow(r) ||
	    denies_unseen(s, r))
		return MISS_NONE;
	return MISS_METHOD;
}

/* The wires on which the rule's condition agrees: what it asks about is not
 * known where requests are not seen. */
static uint32_t
when_wires(const struct scan *s, const struct f_rule *r, uint32_t wires)
{
	uint32_t parts[] = { wires & WIRE_INSPECTED,
		wires & ~(uint32_t)WIRE_INSPECTED };
	bool deny = (r->flags & RULE_DENY) != 0;
	uint32_t left = 0;

	for (unsigned i = 0; i < NELEM(parts); i++) {
		struct facts f;

		if (parts[i] == 0)
			continue;
		facts_net(&f, s->q, s->request || i == 0);
		if (deny ? cond_denies(s->im, r->when, &f) :
		    cond_grants(s->im, r->when, &f))
			left |= parts[i];
	}
	return left;
}

enum miss
scan_rule(const struct scan *s, const struct f_rule *r, bool path,
    uint32_t *wires)
{
	uint32_t w = rule_wires(s, r);

	*wires = 0;
	if (w == 0)
		return MISS_WIRE;
	if (!scan_who(s, r))
		return MISS_WHO;
	if (!s->request && scan_connection(s, r) != MISS_NONE)
		return MISS_METHOD;
	if (s->request && !scan_method(s, r))
		return MISS_METHOD;
	if (s->request && path && !scan_path(s, r))
		return MISS_PATH;
	if (s->slash && (r->flags & (RULE_DENY | RULE_SLASH)) == 0)
		return MISS_SLASH;
	if (s->request && r->needs.n > 0 && scan_need(s, r) != NULL)
		return MISS_NEED;
	if (r->when != 0 && (w = when_wires(s, r, w)) == 0)
		return MISS_WHEN;
	*wires = w;
	return MISS_NONE;
}
