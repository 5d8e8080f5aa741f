/* space_hosts.c -- a host for each class of hosts that rules tell apart.
 *
 * What rules say of a name is settled by the longest of their names that it
 * ends in, and by how many labels stand before that (none, one, more): so
 * each name of a rule, with no, one and two labels that nobody names before
 * it, are all the classes there are. Names with stars in other places need an
 * automaton. Addresses are cut at the ends of all ranges. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "analysis/classes.h"
#include "analysis/space.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "policy/match.h"

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

/* ---- does a rule speak of a host? */

static bool
name_is(const struct pol_host *h, struct str name)
{
	struct str before;

	if (h->klass == HOST_ANY)
		return true;
	if (h->klass == HOST_GLOB)
		return match_path(h->name, name);
	if (h->klass == HOST_ADDR || !str_has_suffix(name, h->name))
		return false;
	if (name.len == h->name.len)
		return h->klass == HOST_EXACT || h->klass == HOST_DEEP;
	before = str_head(name, name.len - h->name.len);
	if (h->klass == HOST_EXACT || before.p[before.len - 1] != '.')
		return false;
	return h->klass != HOST_ONE ||
	    str_index(before, '.') == before.len - 1;
}

/* A rule about addresses matters to every name: one may lead there. */
bool
space_host_is(const struct pol_rule *r, const struct host *h)
{
	unsigned char addr[16];

	if (h->kind == HOST_NAME)
		return r->host.klass == HOST_ADDR ||
		    name_is(&r->host, host_str(h));
	if (r->host.klass == HOST_ANY)
		return true;
	return r->host.klass == HOST_ADDR && addr_parse(host_str(h), addr) &&
	    prefix_holds(&r->host.net, addr);
}

/* ---- names */

static void
add(struct names *v, const struct host *h)
{
	v->v[v->n++] = *h;
}

static void
add_name(struct names *v, const char *before, struct str name)
{
	struct host h = { .kind = HOST_NAME };
	size_t len = strlen(before);

	if (len + name.len > HOST_BYTES_MAX || len + name.len == 0)
		return;
	memcpy(h.text, before, len);
	memcpy(h.text + len, name.p, name.len);
	h.len = (uint8_t)(len + name.len);
	if (h.text[h.len - 1] == '.')
		h.text[--h.len] = '\0';
	add(v, &h);
}

static bool
has_label(struct str name, struct str label)
{
	struct str rest = name, one;

	while (str_cut(rest, '.', &one, &rest))
		if (str_eq(one, label))
			return true;
	return str_eq(rest, label);
}

/* A label that no rule's name has. */
static struct str
fresh_label(struct arena *a, const struct space_rules *all)
{
	struct str label = STR("any");

	for (unsigned tries = 0, at = 0; at < all->n; at++)
		if (has_label(all->v[at].r->host.name, label)) {
			label = str_c(need(arena_printf(a, "any%u",
			    ++tries)));
			at = UINT32_MAX;	/* from the start again */
		}
	return label;
}

static void
add_names(struct arena *a, const struct space_rules *all, struct names *out)
{
	struct str label = fresh_label(a, all);
	const char *one = need(arena_printf(a, "%.*s.", (int)label.len,
	    label.p));
	const char *two = need(arena_printf(a, "%s%s", one, one));

	for (uint32_t i = 0; i <= all->n; i++) {
		const struct pol_host *h = i < all->n ? &all->v[i].r->host :
		    NULL;

		if (h != NULL && h->klass > HOST_DEEP)
			continue;
		add_name(out, "", h != NULL ? h->name : STR(""));
		add_name(out, one, h != NULL ? h->name : STR(""));
		add_name(out, two, h != NULL ? h->name : STR(""));
	}
}

/* ---- names with stars in other places */

static struct part
host_part(struct nfa *n, const struct pol_host *h)
{
	static const char any[] = { OP_SPAN, '.' };
	static const char one[] = { OP_LABEL, '.' };

	switch (h->klass) {
	case HOST_ONE:
		return nfa_cat(n, nfa_pattern(n, str_of(one, 2)),
		    nfa_text(n, h->name));
	case HOST_MORE:
		return nfa_cat(n, nfa_pattern(n, str_of(any, 2)),
		    nfa_text(n, h->name));
	case HOST_DEEP:
		return nfa_alt(n, nfa_text(n, h->name), nfa_cat(n,
		    nfa_pattern(n, str_of(any, 2)), nfa_text(n, h->name)));
	case HOST_GLOB:
		return nfa_pattern(n, h->name);
	case HOST_EXACT:
	case HOST_ADDR:
	case HOST_ANY:
	case HOST_CLASS_COUNT:
		break;
	}
	return nfa_text(n, h->name);
}

static int
add_globs(struct arena *a, const struct space_rules *all, struct names *out,
    struct err *e)
{
	struct nfa *n = nfa_new(a);
	struct classes k;
	struct dfa names;

	for (uint32_t i = 0; i < all->n; i++)
		if (all->v[i].r->host.klass <= HOST_GLOB)
			nfa_accept(n, host_part(n, &all->v[i].r->host), i);
	universe_of(universe_name, a, &names);
	if (classes_of(n, &names, a, &k) == -1)
		return err_set(e, ERR_LIMIT, "the hosts' names with stars are "
		    "too many together");
	out->v = need(arena_alloc(a, (size_t)k.n + 1, sizeof(*out->v)));
	for (uint32_t i = 0; i < k.n; i++)
		add_name(out, "", k.v[i].example);
	return 0;
}

/* ---- addresses */

typedef unsigned __int128 wide;

static wide
wide_of(const unsigned char addr[16])
{
	wide w = 0;

	for (unsigned i = 0; i < 16; i++)
		w = w << 8 | addr[i];
	return w;
}

static void
add_address(struct names *v, wide w)
{
	struct host h = { .kind = HOST_IPV6 };
	struct in6_addr a;
	bool v4;

	for (unsigned i = 16; i > 0; i--, w >>= 8)
		a.s6_addr[i - 1] = (unsigned char)(w & 255);
	v4 = IN6_IS_ADDR_V4MAPPED(&a);
	if (v4)
		h.kind = HOST_IPV4;
	if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? (const void *)
		&a.s6_addr[12] : (const void *)&a, h.text,
		sizeof(h.text)) == NULL)
		return;
	h.len = (uint8_t)strlen(h.text);
	add(v, &h);
}

/* The first address of a range, and the first after it. */
static void
add_range(struct names *v, const struct prefix *p)
{
	wide first = wide_of(p->addr);
	wide size = p->bits == 0 ? 0 : (wide)1 << (128 - p->bits);

	add_address(v, first);
	if (p->bits > 0 && first + size != 0)
		add_address(v, first + size);
}

static size_t
count_ranges(const struct space_rules *all)
{
	size_t n = 0;

	while (addr_special_prefix(n) != NULL)
		n++;
	for (uint32_t i = 0; i < all->n; i++)
		n += 1 + all->v[i].r->nnets;
	return n;
}

static void
add_addresses(const struct space_rules *all, struct names *out)
{
	static const unsigned char public[16] = { [10] = 0xff, 0xff, 8, 8, 8,
		8 };

	add_address(out, wide_of(public));
	for (size_t i = 0; addr_special_prefix(i) != NULL; i++)
		add_range(out, addr_special_prefix(i));
	for (uint32_t i = 0; i < all->n; i++) {
		const struct pol_rule *r = all->v[i].r;

		if (r->host.klass == HOST_ADDR)
			add_range(out, &r->host.net);
		for (uint32_t k = 0; k < r->nnets; k++)
			add_range(out, &r->nets[k]);
	}
}

/* ---- all */

static int
by_text(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static void
drop_doubles(struct names *v)
{
	uint32_t n = 0;

	qsort(v->v, v->n, sizeof(*v->v), by_text);
	for (uint32_t i = 0; i < v->n; i++)
		if (i == 0 || by_text(&v->v[i], &v->v[n - 1]) != 0)
			v->v[n++] = v->v[i];
	v->n = n;
}

static bool
has_globs(const struct space_rules *all)
{
	for (uint32_t i = 0; i < all->n; i++)
		if (all->v[i].r->host.klass == HOST_GLOB)
			return true;
	return false;
}

int
space_hosts(struct arena *a, const struct space_rules *all,
    struct names *out, struct err *e)
{
	struct names globs = { 0 };
	size_t room;

	if (has_globs(all) && add_globs(a, all, &globs, e) == -1)
		return -1;
	room = globs.n + 3 * ((size_t)all->n + 1) + 2 * count_ranges(all) + 1;
	*out = (struct names){ need(arena_alloc(a, room, sizeof(*out->v))),
		0 };
	for (uint32_t i = 0; i < globs.n; i++)
		add(out, &globs.v[i]);
	add_names(a, all, out);
	add_addresses(all, out);
	drop_doubles(out);
	return 0;
}
