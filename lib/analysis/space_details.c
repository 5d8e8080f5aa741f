/* space_details.c -- what requests to one host say in query, fields and body:
 * enough of it that what any rule there asks is so, and is not so, in every
 * way that can go together.
 *
 * A grant asks that there be a value and that all are as said, a deny that
 * there be one. So where two policies differ they do with few values: one for
 * each thing that one grant asks, and one for each grant of the other policy
 * or for each thing that one deny asks.
 *
 * Among the values there is one for each kind of content, which says that the
 * body is of that kind, and one which says that a query cannot be read. */
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
	FEW = 8,		/* where there are more than that */
};


struct details { /* of one host */
	struct arena *arena;
	const struct space_rules *rules;
	struct detail_value name[NAMES_MAX];	/* without a value */
	struct detail_value v[VALUES_MAX];
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
space_knows_detail(enum detail detail)
{
	return detail == DETAIL_QUERY || detail == DETAIL_HEADER ||
	    question_knows(detail);
}

bool
space_knows_needs(const struct pol_rule *r)
{
	for (uint32_t i = 0; i < r->nneeds; i++)
		if (!space_knows_detail(r->needs[i].detail))
			return false;
	return true;
}

static bool
is_mark(const struct detail_value *v)
{
	return v->value.p == NULL;
}

/* ---- does a rule agree? As policy/detail.c has it */

static bool
is_about(const struct pol_rule *r, const struct pol_need *t,
    const struct detail_value *v)
{
	if (t->detail != v->detail || is_mark(v))
		return false;
	if ((t->flags & NEED_REST) == 0)
		return detail_name_same(t->detail, t->name, v->name);
	for (uint32_t i = 0; i < r->nneeds; i++)
		if (r->needs[i].detail == t->detail &&
		    (r->needs[i].flags & NEED_REST) == 0 &&
		    detail_name_same(t->detail, r->needs[i].name, v->name))
			return false;
	return true;
}

static bool
is_as_said(const struct pol_need *t, struct str value, bool deny)
{
	if ((t->flags & NEED_PATH) != 0 && detail_has_dots(value))
		return deny;	/* it may be anything */
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
		if (is_as_said(t, str_trim(part), true))
			return true;
	}
	return is_as_said(t, value, true);
}

/* Has the body been read for such details? */
static bool
is_read(enum detail detail, const struct detail_value *const *set,
    uint32_t n)
{
	if (!question_knows(detail))
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (question_knows(set[i]->detail) &&
		    (question_read(set[i]->detail) >> detail & 1) != 0)
			return true;
	return false;
}

static bool
calls_nothing(const struct detail_value *const *set, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (set[i]->detail == DETAIL_MCP_TOOL && !is_mark(set[i]))
			return false;
	return is_read(DETAIL_MCP_TOOL, set, n);
}

static bool
need_agrees(const struct pol_rule *r, const struct pol_need *t,
    const struct detail_value *const *set, uint32_t n)
{
	bool deny = (r->flags & RULE_DENY) != 0, seen = false;

	if (!deny && (t->flags & NEED_CALL) != 0 && calls_nothing(set, n))
		return true;
	if (!is_read(t->detail, set, n))
		return deny;
	for (uint32_t i = 0; i < n; i++) {
		if (t->detail == DETAIL_QUERY && set[i]->detail ==
		    DETAIL_QUERY && is_mark(set[i]))
			return deny;
		if (!is_about(r, t, set[i]))
			continue;
		if (deny && some_as_said(t, set[i]->value))
			return true;
		if (!deny && ((t->flags & NEED_FORBIDDEN) != 0 ||
			!is_as_said(t, set[i]->value, false)))
			return false;
		seen |= t->detail == DETAIL_HEADER ||
		    str_eq(t->name, set[i]->name);
	}
	return !deny && (seen || (t->flags & (NEED_OPTIONAL |
	    NEED_FORBIDDEN | NEED_REST)) != 0);
}

static bool
rule_agrees(const struct pol_rule *r, const struct detail_value *const *set,
    uint32_t n)
{
	for (uint32_t i = 0; i < r->nneeds; i++)
		if (space_knows_detail(r->needs[i].detail) &&
		    !need_agrees(r, &r->needs[i], set, n))
			return false;
	return true;
}

/* ---- names, and values of each */

static void
name_add(struct details *d, enum detail detail, struct str name, bool mark)
{
	for (uint32_t i = 0; i < d->nnames; i++)
		if (d->name[i].detail == detail &&
		    is_mark(&d->name[i]) == mark &&
		    str_eq(d->name[i].name, name))
			return;
	if (d->nnames == NAMES_MAX)
		d->exact = false;
	else
		d->name[d->nnames++] = (struct detail_value){ detail, name,
			{ mark ? NULL : "", 0 } };
}

/* The lowest detail of the same key stands for all of them. */
static void
mark_add(struct details *d, enum detail detail)
{
	uint32_t all = question_read(detail);

	if (all != 0)
		detail = (enum detail)__builtin_ctz(all);
	name_add(d, detail, STR(""), true);
}

/* What is about the same name, and does not stand for it. */
static void
variant_add(struct details *d, const struct pol_need *t)
{
	char *p = need(arena_strdup(d->arena, t->name));

	for (size_t i = 0; i < t->name.len; i++)
		if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z') {
			p[i] ^= 0x20;
			name_add(d, t->detail, str_of(p, t->name.len), false);
			return;
		}
}

static void
names_take(struct details *d)
{
	for (uint32_t i = 0; i < d->rules->n; i++) {
		const struct pol_rule *r = d->rules->v[i].r;

		for (uint32_t k = 0; k < r->nneeds; k++) {
			const struct pol_need *t = &r->needs[k];

			if (!space_knows_detail(t->detail))
				continue;
			name_add(d, t->detail, (t->flags & NEED_REST) != 0 ?
			    STR("any-other") : t->name, false);
			if (t->detail != DETAIL_HEADER)
				mark_add(d, t->detail);
			if ((t->flags & NEED_CALL) != 0)
				name_add(d, DETAIL_MCP_TOOL, STR(""), false);
			if (t->detail == DETAIL_QUERY)
				name_add(d, DETAIL_QUERY, str_c(need(
				    arena_printf(d->arena, "%.*s[]",
				    (int)t->name.len, t->name.p))), false);
			if ((t->detail == DETAIL_MCP_ARGUMENT ||
			    t->detail == DETAIL_RPC_PARAM) &&
			    (t->flags & NEED_REST) == 0)
				variant_add(d, t);
		}
	}
}

/* Which of the values may matter is asked of each need by itself. */
static bool
is_new(struct details *d, const struct detail_value *v)
{
	for (uint32_t i = 0; i < d->n; i++) {
		bool same = d->v[i].detail == v->detail &&
		    is_mark(&d->v[i]) == is_mark(v) &&
		    str_eq(d->v[i].name, v->name);

		for (uint32_t k = 0; same && k < d->rules->n; k++) {
			const struct pol_rule *r = d->rules->v[k].r;

			for (uint32_t j = 0; same && j < r->nneeds; j++)
				same = !is_about(r, &r->needs[j], v) ||
				    (is_as_said(&r->needs[j], v->value,
				    false) == is_as_said(&r->needs[j],
				    d->v[i].value, false) &&
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
value_add(struct details *d, const struct detail_value *name, struct str value)
{
	struct detail_value v = { name->detail, name->name, value };

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
values_of(struct details *d, const struct detail_value *name)
{
	struct nfa *n = nfa_new(d->arena);
	struct classes k;
	struct dfa can;
	uint32_t id = 0;

	if (is_mark(name)) {
		value_add(d, name, name->value);
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
	value_add(d, name, STR("a/../b"));
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
	for (uint32_t i = 0; i < d->nnames; i++)
		d->most += question_knows(d->name[i].detail) &&
		    is_mark(&d->name[i]);
}

/* ---- sets of values */

static struct str
query_of(struct details *d, const struct detail_value *const *set, uint32_t n)
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
		if (is_mark(set[i])) {
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

static uint32_t
read_of(const struct detail_value *const *set, uint32_t n)
{
	uint32_t read = 0;

	for (uint32_t i = 0; i < n; i++)
		if (question_knows(set[i]->detail))
			read |= question_read(set[i]->detail);
	return read;
}

static void
set_add(struct details *d, const struct detail_value *const *set, uint32_t n)
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
	/* A body that is not known is not one that is, even if rules take both
	 * alike: where there can be none, none is judged. */
	row[d->rules->n] = read_of(set, n) != 0;
	for (uint32_t i = 0; i < d->nseen; i++)
		if (memcmp(d->seen + (size_t)i * d->width, row, d->width) == 0)
			return;
	one = &d->out[d->nseen++];
	*one = (struct space_details){ .query = query_of(d, set, n) };
	one->field = need(arena_alloc(d->arena, (size_t)n + 1,
	    sizeof(*one->field)));
	one->read = read_of(set, n);
	one->content = need(arena_alloc(d->arena, (size_t)n + 1,
	    sizeof(*one->content)));
	for (uint32_t i = 0; i < n; i++) {
		if (set[i]->detail == DETAIL_HEADER)
			one->field[one->nfields++] = (struct detail_pair){
				set[i]->name, set[i]->value };
		if (question_knows(set[i]->detail) && !is_mark(set[i]))
			one->content[one->ncontent++] = *set[i];
	}
}

/* All sets of up to `most' values, smaller ones first. */
static void
sets_make(struct details *d)
{
	const struct detail_value *set[VALUES_MAX] = { NULL };
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
	rules->ndetails = d.exact || d.nseen < FEW ? d.nseen : FEW;
	rules->exact = d.exact;
	free(d.seen);
	free(d.out);
}
