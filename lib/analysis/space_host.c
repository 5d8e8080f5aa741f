/* space_host.c -- the requests to one host: callers, ports, what is spoken,
 * methods, paths, and the addresses that it may lead to. */
#include <stdlib.h>

#include "analysis/classes.h"
#include "analysis/space.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/cond_domain.h"

enum {
	WHO_MAX = 256,		/* classes of callers at one host */
	POINTS_MAX = 4096,	/* of facts, at one host */
};

struct who { /* those that asks are on behalf of, and the rules they meet */
	const struct str *exe;
	uint32_t n;
	unsigned char *meets;	/* of each rule: 0 or 1 */
};

struct here { /* one host */
	struct space *s;
	const struct space_rules *rules;
	struct question q;
	struct who *who;
	uint16_t *port;
	struct str *method, *path;
	const struct host **addr;
	struct facts **facts;	/* [0]: none is known */
	uint32_t nfacts;
	uint32_t nwho, nport, nmethod, npath, naddr;
	bool http2;		/* some rule names what HTTP/2 alone has */
	bool over;
};

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

static void *
mem(const struct here *h, size_t n, size_t size)
{
	return need(arena_alloc(h->s->arena, n, size));
}

/* ---- candidates that no rule tells apart are one */

typedef bool here_meets(const struct here *h, const struct pol_rule *r,
    const void *candidate);

struct seen { /* the ways of meeting rules that there were */
	unsigned char *row;	/* one byte per rule, and one more */
	uint32_t n, width;
};

static void
seen_init(struct seen *s, const struct here *h, size_t candidates)
{
	s->width = h->rules->n + 1;
	s->n = 0;
	s->row = mem_alloc(candidates + 1, s->width);
}

static bool
seen_row(struct seen *s)
{
	const unsigned char *now = s->row + (size_t)s->n * s->width;

	for (uint32_t i = 0; i < s->n; i++)
		if (memcmp(s->row + (size_t)i * s->width, now, s->width) == 0)
			return true;
	s->n++;
	return false;
}

/* more: what sets it apart besides rules. */
static bool
is_seen(struct seen *s, const struct here *h, here_meets *f,
    const void *candidate, unsigned char more)
{
	unsigned char *now = s->row + (size_t)s->n * s->width;

	for (uint32_t i = 0; i < h->rules->n; i++)
		now[i] = f(h, h->rules->v[i].r, candidate);
	now[h->rules->n] = more;
	return seen_row(s);
}

/* ---- ports */

static bool
port_meets(const struct here *h, const struct pol_rule *r,
    const void *candidate)
{
	uint32_t port = *(const uint32_t *)candidate;

	(void)h;
	for (uint32_t i = 0; i < r->nports; i++)
		if (port >= r->ports[i].lo && port <= r->ports[i].hi)
			return true;
	return r->nports == 0;
}

/* Those that stand for something by themselves, the usual ones first. */
static const uint16_t known_ports[] = { 443, 80, 22, 465, 993, 995, 636, 5671,
	25, 587, 143, 110, 389, 5432, 3306, 1433, 6379, 27017, 9418, 5672, 21,
	53, 8080, 8443 };

static void
try_port(struct here *h, struct seen *seen, uint32_t port)
{
	if (port >= 1 && port <= UINT16_MAX &&
	    !is_seen(seen, h, port_meets, &port,
		(unsigned char)form_port_wires((uint16_t)port)))
		h->port[h->nport++] = (uint16_t)port;
}

static void
here_ports(struct here *h)
{
	size_t n = NELEM(known_ports) + 2;
	struct seen seen;

	for (uint32_t i = 0; i < h->rules->n; i++)
		n += 2 * h->rules->v[i].r->nports;
	h->port = mem(h, n, sizeof(*h->port));
	seen_init(&seen, h, n);
	for (size_t i = 0; i < NELEM(known_ports); i++)
		try_port(h, &seen, known_ports[i]);
	for (uint32_t i = 0; i < h->rules->n; i++) {
		const struct pol_rule *r = h->rules->v[i].r;

		for (uint32_t k = 0; k < r->nports; k++) {
			try_port(h, &seen, r->ports[k].lo);
			try_port(h, &seen, r->ports[k].hi + 1);
		}
	}
	try_port(h, &seen, 1);
	free(seen.row);
}

/* ---- methods */

static bool
method_meets(const struct here *h, const struct pol_rule *r,
    const void *candidate)
{
	const struct str *m = candidate;

	(void)h;
	if (r->methods == 0 && r->words.n == 0)
		return true;
	if ((r->methods & form_method(*m)) != 0)
		return true;
	for (uint32_t i = 0; i < r->words.n; i++)
		if (str_eq(r->words.v[i], *m))
			return true;
	return false;
}

static void
try_method(struct here *h, struct seen *seen, struct str m)
{
	/* Only a GET may become a WebSocket, only a POST is a call of gRPC. */
	unsigned char more = str_eqz(m, "GET") ? 1 :
	    h->http2 && str_eqz(m, "POST") ? 2 : 0;

	if (!is_seen(seen, h, method_meets, &m, more))
		h->method[h->nmethod++] = m;
}

static void
here_methods(struct here *h)
{
	static const char *const names[] = {
#define METHOD(name) #name,
		METHODS(METHOD)
#undef METHOD
	};
	size_t n = NELEM(names) + 1;
	struct seen seen;

	for (uint32_t i = 0; i < h->rules->n; i++)
		n += h->rules->v[i].r->words.n;
	h->method = mem(h, n, sizeof(*h->method));
	seen_init(&seen, h, n);
	for (size_t i = 0; i < NELEM(names); i++)
		try_method(h, &seen, str_c(names[i]));
	for (uint32_t i = 0; i < h->rules->n; i++) {
		const struct strs *w = &h->rules->v[i].r->words;

		for (uint32_t k = 0; k < w->n; k++)
			try_method(h, &seen, w->v[k]);
	}
	try_method(h, &seen, STR("ANY-OTHER"));
	free(seen.row);
}

/* ---- texts in patterns: which rules hold each class of them */

static void
mark(unsigned char *meets, const struct id_set *in, const uint32_t *rule_of,
    uint32_t nids)
{
	for (uint32_t i = 0; i < in->n; i++)
		if (in->v[i] < nids)
			meets[rule_of[in->v[i]]] = 1;
}

static int
say_large(struct err *e, const struct here *h, const char *what)
{
	return err_set(e, ERR_LIMIT, "the %s that rules for %s tell apart are "
	    "too many", what, h->q.host.text);
}

static bool
takes_slash(const struct space_rules *rules)
{
	for (uint32_t i = 0; i < rules->n; i++)
		if ((rules->v[i].r->flags & RULE_SLASH) != 0)
			return true;
	return false;
}

/* Paths with an encoded slash are judged by fewer rules than others that the
 * same patterns hold. */
static void
accept_slash(struct nfa *n, uint32_t id)
{
	struct byte_set any;
	struct part p;

	memset(&any, 0xff, sizeof(any));
	p = nfa_cat(n, nfa_star(n, nfa_set(n, &any)),
	    nfa_text(n, STR("%2F")));
	nfa_accept(n, nfa_cat(n, p, nfa_star(n, nfa_set(n, &any))), id);
}

static bool
has_slash(struct str path)
{
	static const char slash[] = "%2F";

	return memmem(path.p, path.len, slash, strlen(slash)) != NULL;
}

static int
here_paths(struct here *h, struct err *e)
{
	struct nfa *n = nfa_new(h->s->arena);
	struct classes k;
	struct seen seen;
	bool slash = takes_slash(h->rules);
	uint32_t ids = 0, *rule_of;

	for (uint32_t i = 0; i < h->rules->n; i++)
		ids += h->rules->v[i].r->paths.n;
	rule_of = mem(h, (size_t)ids + 1, sizeof(*rule_of));
	ids = 0;
	for (uint32_t i = 0; i < h->rules->n; i++)
		for (uint32_t j = 0; j < h->rules->v[i].r->paths.n; j++) {
			nfa_accept(n, nfa_pattern(n,
			    h->rules->v[i].r->paths.v[j]), ids);
			rule_of[ids++] = i;
		}
	if (slash)
		accept_slash(n, ids);
	if (classes_of(n, slash ? &h->s->slashed : &h->s->paths, h->s->arena, &k) == -1)
		return say_large(e, h, "paths");
	h->path = mem(h, (size_t)k.n + 1, sizeof(*h->path));
	seen_init(&seen, h, k.n);
	for (uint32_t i = 0; i < k.n; i++) {
		unsigned char *row = seen.row + (size_t)seen.n * seen.width;

		memset(row, 0, seen.width);
		mark(row, &k.v[i].in, rule_of, ids);
		row[h->rules->n] = has_slash(k.v[i].example);
		if (!seen_row(&seen))
			h->path[h->npath++] = k.v[i].example;
	}
	free(seen.row);
	return 0;
}

/* ---- callers */

static struct part
exe_part(struct nfa *n, const struct pol_exe *x)
{
	static const char dirs[] = "/\3";

	if (x->klass == EXE_NAME)
		return nfa_cat(n, nfa_pattern(n, str_of(dirs, 2)),
		    nfa_text(n, x->text));
	if (x->klass == EXE_GLOB)
		return nfa_pattern(n, x->text);
	return nfa_text(n, x->text);
}

static bool
who_add(struct here *h, const struct str *exe, uint32_t n,
    const unsigned char *meets)
{
	struct who *w;

	for (uint32_t i = 0; i < h->nwho; i++)
		if (h->who[i].n > 0 && memcmp(h->who[i].meets, meets,
			h->rules->n) == 0)
			return true;
	if (h->nwho == WHO_MAX)
		return false;
	w = &h->who[h->nwho++];
	w->exe = exe;
	w->n = n;
	w->meets = mem(h, (size_t)h->rules->n + 1, 1);
	memcpy(w->meets, meets, h->rules->n);
	return true;
}

/* One that was started by another meets the rules of both. */
static bool
who_join(struct here *h, const struct who *a, const struct who *b,
    unsigned char *meets)
{
	struct str *exe;

	if (a->n + b->n > QUESTION_FROM_MAX)
		return true;	/* nobody is told apart by more */
	exe = mem(h, (size_t)a->n + b->n, sizeof(*exe));
	for (uint32_t i = 0; i < h->rules->n; i++)
		meets[i] = a->meets[i] | b->meets[i];
	for (uint32_t i = 0; i < a->n; i++)
		exe[i] = a->exe[i];
	for (uint32_t i = 0; i < b->n; i++)
		exe[a->n + i] = b->exe[i];
	return who_add(h, exe, a->n + b->n, meets);
}

static bool
join_all(struct here *h, unsigned char *meets)
{
	for (uint32_t i = 0; i < h->nwho; i++)
		for (uint32_t k = 0; k < i; k++)
			if (h->who[i].n > 0 && h->who[k].n > 0 &&
			    !who_join(h, &h->who[i], &h->who[k], meets))
				return false;
	return true;
}

static int
who_classes(struct here *h, uint32_t ids, struct err *e)
{
	struct nfa *n = nfa_new(h->s->arena);
	uint32_t *rule_of = mem(h, ids, sizeof(*rule_of)), at = 0;
	unsigned char *meets = mem(h, (size_t)h->rules->n + 1, 1);
	struct classes k;

	for (uint32_t i = 0; i < h->rules->n; i++)
		for (uint32_t j = 0; j < h->rules->v[i].r->nexes; j++) {
			nfa_accept(n, exe_part(n,
			    &h->rules->v[i].r->exes[j]), at);
			rule_of[at++] = i;
		}
	if (classes_of(n, &h->s->programs, h->s->arena, &k) == -1)
		return say_large(e, h, "programs");
	for (uint32_t i = 0; i < k.n; i++) {
		memset(meets, 0, h->rules->n);
		mark(meets, &k.v[i].in, rule_of, ids);
		if (!who_add(h, &k.v[i].example, 1, meets))
			return say_large(e, h, "programs");
	}
	return join_all(h, meets) ? 0 : say_large(e, h, "programs");
}

static int
here_who(struct here *h, struct err *e)
{
	uint32_t ids = 0;

	h->who = mem(h, WHO_MAX, sizeof(*h->who));
	h->who[h->nwho++] = (struct who){ .n = 0 };
	for (uint32_t i = 0; i < h->rules->n; i++)
		ids += h->rules->v[i].r->nexes;
	return ids == 0 ? 0 : who_classes(h, ids, e);
}

/* ---- addresses that a name leads to */

static bool
address_meets(const struct here *h, const struct pol_rule *r,
    const void *candidate)
{
	(void)h;
	if (r->host.klass == HOST_ADDR && prefix_holds(&r->host.net,
		candidate))
		return true;
	for (uint32_t i = 0; i < r->nnets; i++)
		if (prefix_holds(&r->nets[i], candidate))
			return true;
	return false;
}

static int
here_addresses(struct here *h, struct err *e)
{
	bool matters = false;
	struct names all;
	struct seen seen;

	for (uint32_t i = 0; i < h->rules->n; i++)
		matters |= h->rules->v[i].r->nnets > 0 ||
		    h->rules->v[i].r->host.klass == HOST_ADDR;
	if (h->q.host.kind != HOST_NAME || !matters)
		return 0;
	if (space_hosts(h->s->arena, h->rules, &all, e) == -1)
		return -1;
	h->addr = mem(h, (size_t)all.n + 1, sizeof(*h->addr));
	seen_init(&seen, h, all.n);
	for (uint32_t i = 0; i < all.n; i++) {
		unsigned char addr[16];

		if (all.v[i].kind != HOST_NAME &&
		    addr_parse(host_str(&all.v[i]), addr) &&
		    !is_seen(&seen, h, address_meets, addr,
			addr_special(addr) == NULL))
			h->addr[h->naddr++] = &all.v[i];
	}
	free(seen.row);
	return 0;
}

/* ---- facts of the session, for conditions */

static int
here_facts(struct here *h, struct err *e)
{
	const struct cond **conds = mem(h, (size_t)h->rules->n + 1,
	    sizeof(struct cond *));
	struct cond_domain d;
	const char *why;
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->rules->n; i++) {
		const struct space_rule *r = &h->rules->v[i];

		if (r->r->when != 0 && space_knows_when(r->in, r->r))
			conds[n++] = pol_cond(&r->in->c, r->r->when)->root;
	}
	if (cond_domain(conds, n, true, POINTS_MAX, h->s->arena, &d,
		&why) == -1)
		return err_set(e, ERR_LIMIT, "%s: %s", h->q.host.text, why);
	h->facts = mem(h, (size_t)d.points + 1, sizeof(struct facts *));
	h->facts[h->nfacts++] = NULL;
	for (uint64_t i = 0; n > 0 && i < d.points; i++) {
		h->facts[h->nfacts] = mem(h, 1, sizeof(struct facts));
		cond_domain_point(&d, i, h->facts[h->nfacts++]);
	}
	return 0;
}

/* ---- the requests */

static bool
on(struct here *h)
{
	bool more = false;

	for (uint32_t i = 0; i < h->nfacts; i++) {
		h->q.facts = h->facts[i];
		more = h->s->on(h->s->arg, &h->q) || more;
	}
	h->q.facts = NULL;
	return more;
}

static void
on_addresses(struct here *h)
{
	for (uint32_t i = 0; i < h->naddr && !h->over; i++) {
		h->q.has_address = addr_parse(host_str(h->addr[i]),
		    h->q.address);
		if (!on(h) && h->q.kind != ASK_CONNECT)
			h->over = true;
	}
	h->q.has_address = false;
}

/* This question, and with each address that the host may lead to. */
static void
on_each_address(struct here *h)
{
	if (!on(h))
		h->over = true;
	on_addresses(h);
}

/* And with all that a request may say besides. */
static void
on_each_detail(struct here *h)
{
	for (uint32_t i = 0; i < h->rules->ndetails && !h->over; i++) {
		const struct space_details *d = &h->rules->details[i];

		h->q.query = d->query;
		h->q.field = d->field;
		h->q.nfields = d->nfields;
		h->q.content = d->content;
		h->q.ncontent = d->ncontent;
		h->q.read = d->read;
		on_each_address(h);
	}
	h->q.query = STR("");
	h->q.nfields = h->q.ncontent = h->q.read = 0;
}

/* Calls of gRPC are POSTs. Where no rule names either they have the answers
 * that HTTP/1.1 has, or in clear none. */
static void
walk_http2(struct here *h)
{
	h->q.grpc = h->q.tls && str_eqz(h->q.method, "POST");
	h->q.h2c = !h->q.tls;
	if (h->http2 && !h->over && (h->q.grpc || h->q.h2c))
		on_each_detail(h);
	h->q.grpc = h->q.h2c = false;
}

static bool
names_http2(const struct space_rules *rules)
{
	for (uint32_t i = 0; i < rules->n; i++)
		if ((rules->v[i].r->wire & (WIRE_GRPC | WIRE_H2C)) != 0)
			return true;
	return false;
}

static void
walk_paths(struct here *h)
{
	h->q.kind = ASK_HTTP;
	for (uint32_t m = 0; m < h->nmethod && !h->over; m++)
		for (uint32_t p = 0; p < h->npath && !h->over; p++) {
			h->q.method = h->method[m];
			h->q.path = h->path[p];
			h->q.encoded_slash = has_slash(h->path[p]);
			h->q.websocket = false;
			on_each_detail(h);
			h->q.websocket = true;
			if (str_eqz(h->q.method, "GET") && !h->over)
				on_each_detail(h);
			h->q.websocket = false;
			walk_http2(h);
		}
	h->q.method = h->q.path = STR("");
	h->q.encoded_slash = false;
}

static void
walk_port(struct here *h)
{
	h->q.kind = ASK_CONNECT;
	if (!on(h))
		return;
	on_addresses(h);
	h->q.kind = ASK_TLS;
	on_each_address(h);
	h->q.kind = ASK_TCP;
	on_each_address(h);
	h->q.tls = true;
	walk_paths(h);
	h->q.tls = false;
	walk_paths(h);
}

int
space_host(struct space *s, const struct host *host,
    const struct space_rules *rules, struct err *e)
{
	struct here h = { .s = s, .rules = rules,
	    .http2 = names_http2(rules), .q = { .host = *host,
	    .method = STR(""), .path = STR("") } };

	here_ports(&h);
	here_methods(&h);
	if (here_facts(&h, e) == -1 || here_who(&h, e) == -1 ||
	    here_addresses(&h, e) == -1 ||
	    here_paths(&h, e) == -1)
		return -1;
	for (uint32_t w = 0; w < h.nwho && !h.over; w++)
		for (uint32_t p = 0; p < h.nport && !h.over; p++) {
			h.q.from = h.who[w].exe;
			h.q.nfrom = h.who[w].n;
			h.q.port = h.port[p];
			walk_port(&h);
		}
	return 0;
}
