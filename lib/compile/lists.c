/* lists.c -- ports, protocols, methods and addresses of an entry. */
#include "base/compat.h"
#include "compile/check.h"

static bool
is_short_list(struct compile *c, const struct node *n, const char *what)
{
	if (!check_want(c, n, WANT_LIST, what))
		return false;
	if (n->n > 0 && n->n <= LIST_MAX)
		return true;
	if (n->n == 0)
		node_error(c, n, "%s is an empty list: leave the key out, or "
		    "name something", what);
	else
		node_error(c, n, "%s has more than %d items", what, LIST_MAX);
	return false;
}

/* ---- ports: 443, "8000-8010" */

static bool
take_port(struct compile *c, const struct node *n, struct f_port *out)
{
	struct str lo, hi;
	uint64_t a, b;

	if (n->kind == NODE_SCALAR && str_cut(n->text, '-', &lo, &hi) &&
	    str_u64(lo, UINT16_MAX, &a) && str_u64(hi, UINT16_MAX, &b) &&
	    a >= 1 && a <= b) {
		*out = (struct f_port){ (uint32_t)a, (uint32_t)b };
		return true;
	}
	if (!take_number(c, n, 1, UINT16_MAX, &a, "a port"))
		return false;
	*out = (struct f_port){ (uint32_t)a, (uint32_t)a };
	return true;
}

void
take_ports(struct compile *c, const struct node *n, struct pol_rule *r)
{
	if (!is_short_list(c, n, "ports"))
		return;
	r->ports = take_mem(c, n->n, sizeof(*r->ports));
	for (uint32_t i = 0; i < n->n; i++)
		if (take_port(c, n->items[i], &r->ports[r->nports]))
			r->nports++;
}

/* ---- protocols */

static const struct {
	const char *name;
	uint32_t wire;
} protocols[] = {
	{ "https", WIRE_HTTPS }, { "http", WIRE_HTTP },
	{ "wss", WIRE_WSS }, { "ws", WIRE_WS }, { "grpc", WIRE_GRPC },
	{ "h2c", WIRE_H2C },
	{ "tls", WIRE_TLS }, { "smtps", WIRE_TLS }, { "imaps", WIRE_TLS },
	{ "pop3s", WIRE_TLS }, { "ldaps", WIRE_TLS }, { "amqps", WIRE_TLS },
	{ "tcp", WIRE_TCP }, { "ssh", WIRE_TCP }, { "smtp", WIRE_TCP },
	{ "imap", WIRE_TCP }, { "pop3", WIRE_TCP }, { "ldap", WIRE_TCP },
	{ "git", WIRE_TCP }, { "postgres", WIRE_TCP }, { "mysql", WIRE_TCP },
	{ "mssql", WIRE_TCP }, { "redis", WIRE_TCP },
	{ "mongodb", WIRE_TCP }, { "amqp", WIRE_TCP },
};

static void
take_protocol(struct compile *c, const struct node *n, struct pol_rule *r)
{
	const char *names[NELEM(protocols) + 1] = { NULL };
	int i;

	for (size_t k = 0; k < NELEM(protocols); k++)
		names[k] = protocols[k].name;
	i = take_choice(c, n, names, "a protocol");
	if (i < 0)
		return;
	r->wire |= protocols[i].wire;
}

void
take_protocols(struct compile *c, const struct node *n, struct pol_rule *r)
{
	if (!is_short_list(c, n, "protocols"))
		return;
	for (uint32_t i = 0; i < n->n; i++)
		take_protocol(c, n->items[i], r);
}

/* ---- methods */

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
			(s.p[i] >= 'A' && s.p[i] <= 'Z') ||
			(s.p[i] >= '0' && s.p[i] <= '9') ||
			strchr("!#$%&'*+-.^_`|~", s.p[i]) != NULL))
			return false;
	return s.len > 0 && s.len <= 32;
}

static struct str
upper(struct compile *c, struct str s)
{
	char *p = take_mem(c, s.len + 1, 1);

	for (size_t i = 0; i < s.len; i++)
		p[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] & ~0x20) :
		    s.p[i];
	return str_of(p, s.len);
}

bool
method_add(struct compile *c, const struct node *n, struct pol_rule *r,
    bool any_case)
{
	struct str up;
	uint32_t bit;

	if (take_word(c, n, "a method") == NULL)
		return false;
	up = upper(c, n->text);
	bit = form_method(up);
	if (!is_token(n->text)) {
		node_error(c, n, "\"%.32s\" is not a method", n->text.p);
		return false;
	}
	if (bit != 0 && !any_case && !str_eq(up, n->text)) {
		node_error(c, n, "methods are case-sensitive: write %s",
		    up.p);
		return false;
	}
	if (bit == form_method(STR("GET")))
		bit |= form_method(STR("HEAD"));
	r->methods |= bit;
	if (bit == 0)
		strs_add(c, &r->words, any_case ? up : n->text);
	return true;
}

void
take_methods(struct compile *c, const struct node *n, struct pol_rule *r)
{
	if (!is_short_list(c, n, "methods"))
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		if (!str_eqz(n->items[i]->text, "*"))
			(void)method_add(c, n->items[i], r, false);
		else if (n->n > 1)
			node_error(c, n->items[i], "\"*\" is every method: "
			    "leave out the others, or it");
	}
}

/* ---- allowed_ips */

static bool
take_net(struct compile *c, const struct node *n, struct prefix *out, bool v1)
{
	const struct special *what;
	bool within;

	if (take_word(c, n, "an address") == NULL)
		return false;
	if (!prefix_parse(n->text, out)) {
		node_error(c, n, "\"%.64s\" is not an address or range: write "
		    "10.0.0.5 or 10.0.0.0/8, with no bits beyond the prefix",
		    n->text.p);
		return false;
	}
	what = prefix_special(out, &within);
	if (what != NULL && !within) {
		node_error(c, n, "%.64s holds more than one kind of address "
		    "(%s among them): name the ranges that are meant",
		    n->text.p, what->what);
		return false;
	}
	if (v1 && prefix_is_own(out)) {
		node_error(c, n, "%.64s holds loopback, link-local or "
		    "unspecified addresses, which allowed_ips may not",
		    n->text.p);
		return false;
	}
	return true;
}

void
take_nets(struct compile *c, const struct node *n, struct pol_rule *r,
    bool v1)
{
	if (!is_short_list(c, n, "allowed_ips"))
		return;
	r->nets = take_mem(c, n->n, sizeof(*r->nets));
	for (uint32_t i = 0; i < n->n; i++)
		if (take_net(c, n->items[i], &r->nets[r->nnets], v1))
			r->nnets++;
}
