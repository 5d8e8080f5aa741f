/* scan.c -- finds the rules that speak of a host, and compares one rule with
 * one question.  No allocation, no recursion; work is bounded by the number
 * of rules for the host. */
#include "policy/scan.h"

#include "policy/match.h"

/* An address ends in a digit, or holds a colon; names rarely do. */
static bool
may_be_address(struct str host)
{
	char last = host.len == 0 ? '\0' : host.p[host.len - 1];

	return (last >= '0' && last <= '9') ||
	    str_index(host, ':') != host.len;
}

void
scan_init(struct scan *s, const struct image *im, const struct net_query *q)
{
	*s = (struct scan){ .im = im, .q = q };
	s->literal = may_be_address(q->host) &&
	    addr_parse(q->host, s->addr);
	s->request = q->method.len > 0;
	s->method = s->request ? form_method(q->method) : 0;
	s->wires = q->tls ? WIRE_HTTPS : WIRE_HTTP;
	if (q->websocket)
		s->wires = q->tls ? WIRE_WSS : WIRE_WS;
	if (!s->request)
		s->wires = q->tls ?
		    WIRE_HTTPS | WIRE_WSS | WIRE_TLS | WIRE_TCP :
		    WIRE_HTTP | WIRE_WS | WIRE_TCP;
}

static bool
holds_addr(const struct image *im, struct f_span nets,
    const unsigned char addr[16])
{
	for (uint32_t i = 0; i < nets.n; i++)
		if (prefix_holds(&im->nets[nets.first + i], addr))
			return true;
	return false;
}

static bool
pat_matches(const struct image *im, const struct f_pat *p, struct str text)
{
	const char *at = im->bytes + p->text.off;

	if (text.len < p->literal || memcmp(at, text.p, p->literal) != 0)
		return false;
	return match_rest(str_of(at + p->literal, p->text.len - p->literal),
	    str_from(text, p->literal));
}

/* For rules that stand under no name. */
static bool
scan_loose_host(const struct scan *s, const struct f_rule *r)
{
	if (r->klass == HOST_GLOB)
		return !s->literal &&
		    pat_matches(s->im, &s->im->pats[r->host], s->q->host);
	if (r->klass == HOST_ADDR)
		return s->literal &&
		    prefix_holds(&s->im->nets[r->host], s->addr);
	return !s->literal || (r->flags & RULE_DENY) != 0 ||
	    holds_addr(s->im, r->nets, s->addr);
}

bool
scan_port(const struct scan *s, const struct f_rule *r)
{
	const struct f_port *p = s->im->ports + r->ports.first;

	for (uint32_t i = 0; i < r->ports.n; i++)
		if (s->q->port >= p[i].lo && s->q->port <= p[i].hi)
			return true;
	return r->ports.n == 0;
}

static bool
is_narrow(const struct f_rule *r)
{
	return r->methods != 0 || r->words.n > 0 || r->paths.n > 0;
}

/* A deny of some requests cannot be kept where requests are not seen: there
 * it denies the whole, if requests are to be expected there. */
static bool
denies_unseen(const struct scan *s, const struct f_rule *r)
{
	return r->flags == RULE_DENY && !s->request && is_narrow(r) &&
	    (r->ports.n > 0 || (form_port_wires(s->q->port) &
		(WIRE_HTTP | WIRE_HTTPS)) != 0);
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

uint32_t
scan_wires(const struct scan *s, const struct f_rule *r)
{
	uint32_t wires = r->wire;

	if (denies_unseen(s, r))
		return (WIRE_TLS | WIRE_TCP) & s->wires;
	if (wires == 0 && (r->flags & RULE_DENY) != 0)
		wires = WIRE_ALL;
	else if (wires == 0)
		wires = form_port_wires(s->q->port);
	/* Methods and paths are seen only where requests are: a rule with
	 * them never lets bytes pass unseen, whatever the port stands for. */
	if (is_narrow(r)) {
		wires &= WIRE_INSPECTED;
		if (wires == 0)
			wires = WIRE_HTTP | WIRE_HTTPS;
	}
	return with_websockets(r, wires) & s->wires;
}

static struct str
base_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	return str_from(path, at);
}

static bool
exe_matches(const struct scan *s, const struct f_exe *x, struct str exe)
{
	struct str want = form_text(s->im, x->text);

	if (x->klass == EXE_NAME)
		return str_eq(want, base_name(exe));
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
	if (who->n == 0)	/* not known: no allow, and every deny */
		return (r->flags & RULE_DENY) != 0;
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
		if (pat_matches(s->im, &pats[i], s->q->path))
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

enum miss
scan_rule(const struct scan *s, const struct f_rule *r)
{
	if (!scan_port(s, r))
		return MISS_PORT;
	if (scan_wires(s, r) == 0)
		return MISS_WIRE;
	if (!scan_who(s, r))
		return MISS_WHO;
	if (!s->request)
		return scan_connection(s, r);
	if (!scan_method(s, r))
		return MISS_METHOD;
	return scan_path(s, r) ? MISS_NONE : MISS_PATH;
}

static const struct f_host *
host_find(const struct image *im, struct str name, uint32_t hash)
{
	uint32_t at = form_slot(hash, im->nslots);

	for (uint32_t i = 0; i < im->nslots; i++) {
		uint32_t slot = im->slots[(at + i) & (im->nslots - 1)];
		const struct f_host *h;

		if (slot == 0)
			return NULL;
		h = &im->hosts[slot - 1];
		if (h->hash == hash && str_eq(form_text(im, h->name), name))
			return h;
	}
	return NULL;
}

/* further: how many labels stand before the name looked up (2: or more). */
static bool
class_takes(uint32_t klass, unsigned further)
{
	switch ((enum host_class)klass) {
	case HOST_EXACT:
		return further == 0;
	case HOST_ONE:
		return further == 1;
	case HOST_MORE:
		return further >= 1;
	case HOST_DEEP:
		return true;
	case HOST_GLOB:
	case HOST_ADDR:
	case HOST_ANY:
	case HOST_CLASS_COUNT:
		return false;
	}
	return false;
}

static void
each_of_host(const struct scan *s, struct str name, uint32_t hash,
    unsigned further, scan_on *on, void *arg)
{
	const struct f_host *h = host_find(s->im, name, hash);

	if (h == NULL)
		return;
	for (uint32_t i = 0; i < h->refs.n; i++) {
		const struct f_rule *r =
		    &s->im->rules[s->im->refs[h->refs.first + i]];

		if (class_takes(r->klass, further))
			on(arg, r);
	}
}

/* Every suffix of the name, shortest first; the hash grows on the way. */
static void
each_by_name(const struct scan *s, scan_on *on, void *arg)
{
	struct str name = s->q->host;
	size_t dot = str_index(name, '.');
	uint32_t hash = FORM_HASH_START;

	for (size_t i = name.len; i > 0; i--) {
		hash = form_hash(hash, name.p[i - 1]);
		if (i > 1 && name.p[i - 2] != '.')
			continue;
		each_of_host(s, str_from(name, i - 1), hash,
		    i == 1 ? 0 : i - 1 == dot + 1 ? 1 : 2, on, arg);
	}
}

void
scan_each(const struct scan *s, scan_on *on, void *arg)
{
	if (!s->literal && s->q->host.len <= HOST_BYTES_MAX)
		each_by_name(s, on, arg);
	for (uint32_t i = 0; i < s->im->nloose; i++) {
		const struct f_rule *r = &s->im->rules[s->im->loose[i]];

		if (r->klass >= HOST_GLOB && scan_loose_host(s, r))
			on(arg, r);
	}
}
