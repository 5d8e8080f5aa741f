#include "analysis/space.h"

#include <stdlib.h>

#include "analysis/classes.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "policy/sha256.h"

#define DIGESTED_BYTES_MAX 4194304 /* of one rule as it is written */

/* ---- what a rule says, in one number */

static void
put(struct buf *b, const void *p, size_t len)
{
	must(buf_add(b, p, len));
}

static void
put_str(struct buf *b, struct str s)
{
	put(b, &s.len, sizeof(s.len));
	put(b, s.p, s.len);
}

static bool
is_host_key(struct str key)
{
	return str_eqz(key, "endpoint") || str_eqz(key, "destination") ||
	    str_eqz(key, "host");
}

enum { DIGEST_DEPTH_MAX = TREE_DEPTH_MAX + 1 };

/* As deep as a document may be. */
static void
put_node(struct buf *b, const struct node *n, unsigned depth)
{
	must(depth <= DIGEST_DEPTH_MAX);
	put(b, &n->kind, sizeof(n->kind));
	put(b, &n->n, sizeof(n->n));
	if (n->kind == NODE_SCALAR) {
		put(b, &n->quoted, sizeof(n->quoted));
		put_str(b, n->text);
		return;
	}
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		put_node(b, n->items[i], depth + 1);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++) {
		if (depth == 0 && is_host_key(n->items[2 * i]->text))
			continue;
		put_node(b, n->items[2 * i], depth + 1);
		put_node(b, n->items[2 * i + 1], depth + 1);
	}
}

/* Of everything that may matter, as it was written: two rules that say the
 * same in other words differ here, and are then asked about. */
void
space_digest(struct space_rule *s)
{
	const struct pol_rule *r = s->r;
	struct buf b;

	buf_init(&b, DIGESTED_BYTES_MAX);
	put(&b, &s->maximum, sizeof(s->maximum));
	put(&b, &r->flags, sizeof(r->flags));
	put(&b, &r->wire, sizeof(r->wire));
	if (r->host.klass == HOST_ADDR)
		put_str(&b, r->host.shown);
	for (uint32_t i = 0; i < r->nexes; i++) {
		put(&b, &r->exes[i].klass, sizeof(r->exes[i].klass));
		put_str(&b, r->exes[i].text);
	}
	if (r->at != NULL)
		put_node(&b, r->at, 0);
	if (r->end != NULL)
		put_node(&b, r->end, 0);
	sha256(buf_str(&b), s->digest);
	buf_fini(&b);
}

/* ---- the walk */

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

bool
space_knows_when(const struct checked *in, const struct pol_rule *r)
{
	static const uint64_t of_request = FACT_BIT(FACT_EXE) |
	    FACT_BIT(FACT_CALLERS) | FACT_BIT(FACT_HOST) |
	    FACT_BIT(FACT_PORT) | FACT_BIT(FACT_PROTOCOL) |
	    FACT_BIT(FACT_ADDRESS) | FACT_BIT(FACT_METHOD) |
	    FACT_BIT(FACT_PATH) | FACT_BIT(FACT_QUERY) |
	    FACT_BIT(FACT_CONTENT_TYPE) | FACT_BIT(FACT_BODY_SIZE);

	return r->when == 0 || (cond_uses(pol_cond(&in->c,
	    r->when)->root) & of_request) == 0;
}

static uint32_t
count_rules(const struct checked *k)
{
	return k == NULL ? 0 : k->c.pol.nrules;
}

static void
add_rules(struct space_rules *all, const struct checked *k, uint32_t of,
    bool maximum)
{
	if (k == NULL)
		return;
	for (const struct pol_rule *r = k->c.pol.rules; r != NULL;
	    r = r->next)
		all->v[all->n++] = (struct space_rule){ .r = r, .in = k,
			.of = of, .maximum = maximum };
}

static void
take_rules(const struct space *s, struct space_rules *all)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->npol; i++)
		n += count_rules(s->pol[i]) + count_rules(s->pol[i]->max);
	all->v = need(arena_alloc(s->arena, (size_t)n + 1, sizeof(*all->v)));
	for (uint32_t i = 0; i < s->npol; i++) {
		add_rules(all, s->pol[i], i, false);
		add_rules(all, s->pol[i]->max, i, true);
	}
	for (uint32_t i = 0; s->differences && i < n; i++)
		space_digest(&all->v[i]);
}

static int
by_digest(const void *a, const void *b)
{
	return memcmp(*(const unsigned char *const *)a,
	    *(const unsigned char *const *)b, SHA256_BYTES);
}

static uint32_t
digests_of(const struct space_rules *rules, uint32_t of,
    const unsigned char **out)
{
	uint32_t n = 0, kept = 0;

	for (uint32_t i = 0; i < rules->n; i++)
		if (rules->v[i].of == of)
			out[n++] = rules->v[i].digest;
	qsort(out, n, sizeof(*out), by_digest);
	for (uint32_t i = 0; i < n; i++)	/* twice is once */
		if (i == 0 || by_digest(&out[i], &out[kept - 1]) != 0)
			out[kept++] = out[i];
	return kept;
}

/* Have the first two policies the same rules here? */
static bool
is_same(const struct space_rules *rules, const unsigned char **room)
{
	const unsigned char **a = room, **b = room + rules->n;
	uint32_t n = digests_of(rules, 0, a);

	if (n != digests_of(rules, 1, b))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (by_digest(&a[i], &b[i]) != 0)
			return false;
	return true;
}

/* What holds where no rule speaks. */
static bool
is_default_same(const struct checked *a, const struct checked *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->c.pol.mode.value == b->c.pol.mode.value &&
	    a->c.pol.net_default.value == b->c.pol.net_default.value &&
	    is_default_same(a->max, b->max);
}

static int
walk_hosts(struct space *s, const struct space_rules *all,
    const struct names *hosts, const unsigned char **room, struct err *e)
{
	struct space_rules here = { need(arena_alloc(s->arena,
	    (size_t)all->n + 1, sizeof(*here.v))), .n = 0 };
	bool skip = s->differences && is_default_same(s->pol[0], s->pol[1]);

	for (uint32_t i = 0; i < hosts->n; i++) {
		here.n = 0;
		for (uint32_t k = 0; k < all->n; k++)
			if (space_host_is(all->v[k].r, &hosts->v[i]))
				here.v[here.n++] = all->v[k];
		if (skip && is_same(&here, room))
			continue;
		space_details(s->arena, &here);
		s->inexact |= !here.exact;
		if (s->on_rules != NULL)
			s->on_rules(s->arg, &here);
		if (space_host(s, &hosts->v[i], &here, e) == -1)
			return -1;
	}
	return 0;
}

int
space_walk(struct space *s, struct err *e)
{
	struct space_rules all = { 0 };
	const unsigned char **room;
	struct names hosts;
	int rc;

	universe_of(universe_path, s->arena, &s->paths);
	universe_of(universe_slash, s->arena, &s->slashed);
	universe_of(universe_file, s->arena, &s->programs);
	take_rules(s, &all);
	if (space_hosts(s->arena, &all, &hosts, e) == -1)
		return -1;
	room = mem_alloc(2 * (size_t)all.n + 2, sizeof(*room));
	rc = walk_hosts(s, &all, &hosts, room, e);
	free(room);
	return rc;
}
