/* space_details.c -- what requests to one host say in their query and fields:
 * enough of it that what any rule there asks is so, and is not so, in every
 * way that can go together.
 *
 * A grant asks that there be a value and that all are as said, a deny that
 * there be one. So where two policies differ they do with few values: one for
 * each thing that one grant asks, and one for each grant of the other policy
 * or for each thing that one deny asks. */
#include <stdlib.h>

#include "analysis/classes.h"
#include "analysis/space.h"
#include "base/buf.h"
#include "base/must.h"
#include "policy/match.h"

enum {
	NAMES_MAX = 64,
	VALUES_MAX = 64,	/* of all names, that some rule tells apart */
	TRIED_MAX = 1 << 17,	/* sets of them */
	SETS_MAX = 256,		/* that rules tell apart */
};

struct value { /* name empty, of a query: it cannot be read */
	enum detail detail;
	struct str name, value;
};

struct details { /* of one host */
	struct arena *arena;
	const struct space_rules *rules;
	struct value name[NAMES_MAX];	/* without a value */
	struct value v[VALUES_MAX];
	uint32_t nnames, n;
	uint32_t most;		/* values at once that matter */
	bool exact;
	unsigned char *seen;	/* rows: by rule, does it agree? */
	uint32_t nseen, room, width;
	struct space_details *out;
};

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

bool
space_knows_needs(const struct pol_rule *r)
{
	for (uint32_t i = 0; i < r->nneeds; i++)
		if (r->needs[i].detail != DETAIL_QUERY &&
		    r->needs[i].detail != DETAIL_HEADER)
			return false;
	return true;
}

/* ---- does a rule agree? As policy/detail.c has it */

/* Servers that make variables of fields take '_' for '-'. */
static char
field_char(char c)
{
	return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
name_is(enum detail detail, struct str a, struct str b)
{
	if (detail == DETAIL_QUERY)
		return detail_query_same(a, b);
	if (detail != DETAIL_HEADER || a.len != b.len)
		return str_eq(a, b);
	for (size_t i = 0; i < a.len; i++)
		if (field_char(a.p[i]) != field_char(b.p[i]))
			return false;
	return true;
}

static bool
is_about(const struct pol_rule *r, const struct pol_need *t,
    const struct value *v)
{
	if (t->detail != v->detail)
		return false;
	if ((t->flags & NEED_REST) == 0)
		return name_is(t->detail, t->name, v->name);
	for (uint32_t i = 0; i < r->nneeds; i++)
		if (r->needs[i].detail == t->detail &&
		    (r->needs[i].flags & NEED_REST) == 0 &&
		    name_is(t->detail, r->needs[i].name, v->name))
			return false;
	return true;
}

static bool
is_as_said(const struct pol_need *t, struct str value)
{
	for (uint32_t i = 0; i < t->patterns.n; i++)
		if (match_path(t->patterns.v[i], value))
			return true;
	return t->patterns.n == 0;
}

static bool
some_as_said(const struct pol_need *t, struct str value)
{
	struct str rest = value, part;
	bool more = t->detail == DETAIL_HEADER &&
	    str_index(value, ',') < value.len;

	while (more) {
		more = str_cut(rest, ',', &part, &rest);
		if (!more)
			part = rest;
		if (is_as_said(t, str_trim(part)))
			return true;
	}
	return is_as_said(t, value);
}

static bool
is_unreadable(const struct value *v)
{
	return v->detail == DETAIL_QUERY && v->name.len == 0;
}

static bool
need_agrees(const struct pol_rule *r, const struct pol_need *t,
    const struct value *const *set, uint32_t n)
{
	bool deny = (r->flags & RULE_DENY) != 0, seen = false;

	for (uint32_t i = 0; i < n; i++) {
		if (t->detail == DETAIL_QUERY && is_unreadable(set[i]))
			return deny;
		if (!is_about(r, t, set[i]))
			continue;
		if (deny && some_as_said(t, set[i]->value))
			return true;
		if (!deny && ((t->flags & NEED_FORBIDDEN) != 0 ||
			!is_as_said(t, set[i]->value)))
			return false;
		seen |= t->detail != DETAIL_QUERY ||
		    str_eq(t->name, set[i]->name);
	}
	return !deny && (seen || (t->flags & (NEED_OPTIONAL |
	    NEED_FORBIDDEN | NEED_REST)) != 0);
}

static bool
rule_agrees(const struct pol_rule *r, const struct value *const *set,
    uint32_t n)
{
	for (uint32_t i = 0; i < r->nneeds; i++)
		if ((r->needs[i].detail == DETAIL_QUERY ||
			r->needs[i].detail == DETAIL_HEADER) &&
		    !need_agrees(r, &r->needs[i], set, n))
			return false;
	return true;
}

/* ---- names, and values of each */

static void
name_add(struct details *d, enum detail detail, struct str name)
{
	for (uint32_t i = 0; i < d->nnames; i++)
		if (d->name[i].detail == detail &&
		    str_eq(d->name[i].name, name))
			return;
	if (d->nnames == NAMES_MAX)
		d->exact = false;
	else
		d->name[d->nnames++] = (struct value){ detail, name,
			STR("") };
}

static void
names_take(struct details *d)
{
	for (uint32_t i = 0; i < d->rules->n; i++) {
		const struct pol_rule *r = d->rules->v[i].r;

		for (uint32_t k = 0; k < r->nneeds; k++) {
			const struct pol_need *t = &r->needs[k];

			if (t->detail != DETAIL_QUERY &&
			    t->detail != DETAIL_HEADER)
				continue;
			name_add(d, t->detail, (t->flags & NEED_REST) != 0 ?
			    STR("any-other") : t->name);
			if (t->detail != DETAIL_QUERY)
				continue;
			name_add(d, DETAIL_QUERY, STR(""));
			name_add(d, DETAIL_QUERY, str_c(need(arena_printf(
			    d->arena, "%.*s[]", (int)t->name.len,
			    t->name.p))));
		}
	}
}

/* Which of the values may matter is asked of each need by itself. */
static bool
is_new(struct details *d, const struct value *v)
{
	for (uint32_t i = 0; i < d->n; i++) {
		bool same = d->v[i].detail == v->detail &&
		    str_eq(d->v[i].name, v->name);

		for (uint32_t k = 0; same && k < d->rules->n; k++) {
			const struct pol_rule *r = d->rules->v[k].r;

			for (uint32_t j = 0; same && j < r->nneeds; j++)
				same = !is_about(r, &r->needs[j], v) ||
				    (is_as_said(&r->needs[j], v->value) ==
				    is_as_said(&r->needs[j], d->v[i].value) &&
				    some_as_said(&r->needs[j], v->value) ==
				    some_as_said(&r->needs[j],
				    d->v[i].value));
		}
		if (same)
			return false;
	}
	return true;
}

static void
value_add(struct details *d, const struct value *name, struct str value)
{
	struct value v = { name->detail, name->name, value };

	if (!is_new(d, &v))
		return;
	if (d->n == VALUES_MAX)
		d->exact = false;
	else
		d->v[d->n++] = v;
}

static struct part
any_of(struct nfa *n, unsigned from, unsigned to)
{
	struct byte_set s = { { 0 } };

	for (unsigned c = from; c <= to; c++)
		s.bits[c / 64] |= UINT64_C(1) << (c % 64);
	return nfa_star(n, nfa_set(n, &s));
}

/* A list of which one is as a deny has it: "a, b". */
static struct part
within_list(struct nfa *n, struct str pattern)
{
	struct part before = nfa_cat(n, any_of(n, 1, 255), nfa_cat(n,
	    nfa_text(n, STR(",")), any_of(n, ' ', ' ')));
	struct part after = nfa_cat(n, nfa_cat(n, any_of(n, ' ', ' '),
	    nfa_text(n, STR(","))), any_of(n, 1, 255));

	return nfa_cat(n, nfa_alt(n, nfa_text(n, STR("")), before),
	    nfa_cat(n, nfa_pattern(n, pattern), nfa_alt(n, nfa_text(n,
	    STR("")), after)));
}

static struct part
one_of(struct nfa *n, unsigned from)
{
	struct byte_set s = { { 0 } };

	for (unsigned c = from; c <= 255; c++)
		if (c != 127)
			s.bits[c / 64] |= UINT64_C(1) << (c % 64);
	return nfa_set(n, &s);
}

/* What can be at all: the text of a field has no blanks around it. */
static struct part
universe_field(struct nfa *n)
{
	return nfa_cat(n, one_of(n, '!'), nfa_alt(n, nfa_text(n, STR("")),
	    nfa_cat(n, nfa_star(n, one_of(n, ' ')), one_of(n, '!'))));
}

static struct part
universe_query(struct nfa *n)
{
	return nfa_cat(n, one_of(n, ' '), nfa_star(n, one_of(n, ' ')));
}

static void
accept_need(struct nfa *n, const struct pol_need *t, uint32_t *id)
{
	for (uint32_t i = 0; i < t->patterns.n; i++) {
		nfa_accept(n, nfa_pattern(n, t->patterns.v[i]), (*id)++);
		if (t->detail == DETAIL_HEADER)
			nfa_accept(n, within_list(n, t->patterns.v[i]),
			    (*id)++);
	}
}

static void
values_of(struct details *d, const struct value *name)
{
	struct nfa *n = nfa_new(d->arena);
	struct classes k;
	struct dfa can;
	uint32_t id = 0;

	if (is_unreadable(name)) {
		value_add(d, name, STR(";"));
		return;
	}
	for (uint32_t i = 0; i < d->rules->n; i++) {
		const struct pol_rule *r = d->rules->v[i].r;

		for (uint32_t j = 0; j < r->nneeds; j++)
			if (is_about(r, &r->needs[j], name))
				accept_need(n, &r->needs[j], &id);
	}
	universe_of(name->detail == DETAIL_HEADER ? universe_field :
	    universe_query, d->arena, &can);
	if (classes_of(n, &can, d->arena, &k) == -1) {
		d->exact = false;
		return;
	}
	for (uint32_t i = 0; i < k.n; i++)
		value_add(d, name, k.v[i].example);
	value_add(d, name, STR(""));
}

/* ---- how many at once */

static bool
asks_same(const struct pol_rule *a, const struct pol_rule *b)
{
	if (a->nneeds != b->nneeds)
		return false;
	for (uint32_t i = 0; i < a->nneeds; i++) {
		const struct pol_need *x = &a->needs[i], *y = &b->needs[i];

		if (x->detail != y->detail || x->flags != y->flags ||
		    !str_eq(x->name, y->name) ||
		    x->patterns.n != y->patterns.n)
			return false;
		for (uint32_t k = 0; k < x->patterns.n; k++)
			if (!str_eq(x->patterns.v[k], y->patterns.v[k]))
				return false;
	}
	return true;
}

static void
most_set(struct details *d)
{
	uint32_t allow = 0, deny = 0, grants = 0;

	for (uint32_t i = 0; i < d->rules->n; i++) {
		const struct pol_rule *r = d->rules->v[i].r;
		bool again = false;

		if ((r->flags & RULE_DENY) != 0) {
			deny = r->nneeds > deny ? r->nneeds : deny;
			continue;
		}
		allow = r->nneeds > allow ? r->nneeds : allow;
		for (uint32_t k = 0; k < i && !again; k++)
			again = (d->rules->v[k].r->flags & RULE_DENY) == 0 &&
			    asks_same(d->rules->v[k].r, r);
		grants += r->nneeds > 0 && !again;
	}
	d->most = allow + (grants > deny ? grants : deny);
}

/* ---- sets of values */

static struct str
query_of(struct details *d, const struct value *const *set, uint32_t n)
{
	struct buf b;
	struct str out;

	buf_init(&b, 65536);
	for (uint32_t i = 0; i < n; i++) {
		const struct str *part = &set[i]->name;

		if (set[i]->detail != DETAIL_QUERY)
			continue;
		if (buf_str(&b).len > 0)
			must(buf_addz(&b, "&"));
		if (is_unreadable(set[i])) {
			must(buf_addz(&b, ";"));
			continue;
		}
		for (unsigned k = 0; k < 2; k++, part = &set[i]->value) {
			for (size_t c = 0; c < part->len; c++)
				must(buf_printf(&b, strchr("abcdefghijklmnopqr"
				    "stuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"
				    "789-._", part->p[c]) != NULL ? "%c" :
				    "%%%02X", (unsigned char)part->p[c]));
			must(k == 1 || buf_addz(&b, "="));
		}
	}
	out = buf_str(&b);
	out = str_of(need(arena_strdup(d->arena, out)), out.len);
	buf_fini(&b);
	return out;
}

static void
set_add(struct details *d, const struct value *const *set, uint32_t n)
{
	struct space_details *one;
	unsigned char *row;

	if (d->nseen == d->room) {
		d->room = d->room == 0 ? 64 : 2 * d->room;
		d->seen = mem_grow(d->seen, d->room, d->width);
		d->out = mem_grow(d->out, d->room, sizeof(*d->out));
	}
	row = d->seen + (size_t)d->nseen * d->width;
	for (uint32_t i = 0; i < d->rules->n; i++)
		row[i] = rule_agrees(d->rules->v[i].r, set, n);
	for (uint32_t i = 0; i < d->nseen; i++)
		if (memcmp(d->seen + (size_t)i * d->width, row, d->width) == 0)
			return;
	one = &d->out[d->nseen++];
	*one = (struct space_details){ .query = query_of(d, set, n) };
	one->field = need(arena_alloc(d->arena, (size_t)n + 1,
	    sizeof(*one->field)));
	for (uint32_t i = 0; i < n; i++)
		if (set[i]->detail == DETAIL_HEADER)
			one->field[one->nfields++] = (struct detail_pair){
				set[i]->name, set[i]->value };
}

/* All sets of up to `most' values, smaller ones first. */
static void
sets_make(struct details *d)
{
	const struct value *set[VALUES_MAX] = { NULL };
	uint32_t at[VALUES_MAX], tried = 0;

	set_add(d, set, 0);
	for (uint32_t size = 1; size <= d->most && size <= d->n; size++) {
		for (uint32_t i = 0; i < size; i++)
			at[i] = i;
		for (;;) {
			uint32_t i = size;

			if (tried++ == TRIED_MAX || d->nseen > SETS_MAX) {
				d->exact = false;
				return;
			}
			for (uint32_t k = 0; k < size; k++)
				set[k] = &d->v[at[k]];
			set_add(d, set, size);
			while (i > 0 && at[i - 1] == d->n - size + i - 1)
				i--;
			if (i == 0)
				break;
			for (at[i - 1]++; i < size; i++)
				at[i] = at[i - 1] + 1;
		}
	}
}

void
space_details(struct arena *a, struct space_rules *rules)
{
	struct details d = { .arena = a, .rules = rules, .exact = true,
		.width = rules->n + 1 };

	names_take(&d);
	for (uint32_t i = 0; i < d.nnames; i++)
		values_of(&d, &d.name[i]);
	most_set(&d);
	sets_make(&d);
	rules->details = need(arena_alloc(a, d.nseen, sizeof(*d.out)));
	memcpy(rules->details, d.out, d.nseen * sizeof(*d.out));
	rules->ndetails = d.nseen;
	rules->exact = d.exact;
	free(d.seen);
	free(d.out);
}
