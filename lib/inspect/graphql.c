/* graphql.c -- first the text becomes a list of selections, then each
 * operation's selections are followed, into fragments too. Neither goes
 * deeper than GRAPHQL_DEPTH_MAX. */
#include "inspect/graphql.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "inspect/graphql_lex.h"

struct selection {
	enum { IS_FIELD, IS_INLINE, IS_SPREAD } kind;
	struct str name;	/* of the field or the fragment */
	uint32_t first, next;	/* below it, beside it; 0: none */
};

struct part { /* an operation, or a fragment */
	bool fragment;
	struct str kind, name;
	uint32_t first;
};

struct reader {
	struct glex x;
	struct selection *v;	/* v[0] is nothing */
	uint32_t n, cap;
	struct part parts[GRAPHQL_PARTS_MAX];
	uint32_t nparts;
	uint32_t depth;
	const char *why;
	struct graphql *out;
	char path[8192];
};

static bool
bad(struct reader *r, const char *why)
{
	if (r->why == NULL)
		r->why = r->x.token == GTOKEN_BAD ? r->x.why : why;
	return false;
}

/* ---- text to selections */

/* Eats the sign. */
static bool
take(struct reader *r, char sign)
{
	if (!glex_is(&r->x, sign))
		return bad(r, "it is not GraphQL");
	glex_next(&r->x);
	return true;
}

static bool
take_name(struct reader *r, struct str *name)
{
	if (r->x.token != GTOKEN_NAME)
		return bad(r, "it is not GraphQL");
	*name = r->x.text;
	glex_next(&r->x);
	return true;
}

static bool
deeper(struct reader *r)
{
	return ++r->depth <= GRAPHQL_DEPTH_MAX ||
	    bad(r, "it is nested too deep");
}

static bool read_value(struct reader *r);

/* "(a: 1)" of a field, "{a: 1}" of a value. */
static bool
read_pairs(struct reader *r, char open, char close, bool may_be_empty)
{
	struct str name;

	if (!take(r, open))
		return false;
	while (!glex_is(&r->x, close)) { /* eats a word, or fails */
		if (!take_name(r, &name) || !take(r, ':') || !read_value(r))
			return false;
		may_be_empty = true;
	}
	glex_next(&r->x);
	return may_be_empty || bad(r, "an empty list of arguments");
}

static bool
read_list(struct reader *r)
{
	glex_next(&r->x);
	while (!glex_is(&r->x, ']')) /* eats a word, or fails */
		if (!read_value(r))
			return false;
	glex_next(&r->x);
	return true;
}

static bool
read_value(struct reader *r)
{
	struct str name;
	bool ok = true;

	if (!deeper(r))
		return false;
	if (glex_is(&r->x, '$')) {
		glex_next(&r->x);
		ok = take_name(r, &name);
	} else if (glex_is(&r->x, '[')) {
		ok = read_list(r);
	} else if (glex_is(&r->x, '{')) {
		ok = read_pairs(r, '{', '}', true);
	} else if (r->x.token == GTOKEN_NAME || r->x.token == GTOKEN_NUMBER ||
	    r->x.token == GTOKEN_STRING) {
		glex_next(&r->x);
	} else {
		ok = bad(r, "it is not GraphQL");
	}
	r->depth--;
	return ok;
}

static bool
read_directives(struct reader *r)
{
	struct str name;

	while (glex_is(&r->x, '@')) {
		glex_next(&r->x);
		if (!take_name(r, &name) || (glex_is(&r->x, '(') &&
			!read_pairs(r, '(', ')', false)))
			return false;
	}
	return true;
}

/* "[String!]!" */
static bool
read_type(struct reader *r)
{
	uint32_t open = 0;
	struct str name;

	while (glex_is(&r->x, '[')) {
		if (++open > GRAPHQL_DEPTH_MAX)
			return bad(r, "it is nested too deep");
		glex_next(&r->x);
	}
	if (!take_name(r, &name))
		return false;
	if (glex_is(&r->x, '!'))
		glex_next(&r->x);
	for (; open > 0; open--) {
		if (!take(r, ']'))
			return false;
		if (glex_is(&r->x, '!'))
			glex_next(&r->x);
	}
	return true;
}

static bool
read_variables(struct reader *r)
{
	struct str name;

	if (!take(r, '('))
		return false;
	do {
		if (!take(r, '$') || !take_name(r, &name) || !take(r, ':') ||
		    !read_type(r))
			return false;
		if (glex_is(&r->x, '=')) {
			glex_next(&r->x);
			if (!read_value(r))
				return false;
		}
		if (!read_directives(r))
			return false;
	} while (!glex_is(&r->x, ')')); /* eats words, or fails */
	glex_next(&r->x);
	return true;
}

static uint32_t
selection_new(struct reader *r)
{
	if (r->n == GRAPHQL_NODES_MAX) {
		(void)bad(r, "it selects too much");
		return 0;
	}
	if (r->n == r->cap) {
		r->cap = r->cap == 0 ? 64 : 2 * r->cap;
		r->v = mem_grow(r->v, r->cap, sizeof(*r->v));
	}
	r->v[r->n] = (struct selection){ .kind = IS_FIELD };
	return r->n++;
}

static bool read_selections(struct reader *r, uint32_t *first);

/* Behind the three dots. */
static bool
read_fragment_use(struct reader *r, uint32_t i)
{
	uint32_t first = 0;
	struct str type;

	if (r->x.token == GTOKEN_NAME && !glex_is_name(&r->x, "on")) {
		r->v[i].kind = IS_SPREAD;
		r->v[i].name = r->x.text;
		glex_next(&r->x);
		return read_directives(r);
	}
	r->v[i].kind = IS_INLINE;
	if (glex_is_name(&r->x, "on")) {
		glex_next(&r->x);
		if (!take_name(r, &type))
			return false;
	}
	if (!read_directives(r) || !read_selections(r, &first))
		return false;
	r->v[i].first = first;
	return true;
}

static bool
read_field(struct reader *r, uint32_t i)
{
	uint32_t first = 0;
	struct str name;

	if (!take_name(r, &name))
		return false;
	if (glex_is(&r->x, ':')) {	/* it was an alias */
		glex_next(&r->x);
		if (!take_name(r, &name))
			return false;
	}
	r->v[i].name = name;
	if (glex_is(&r->x, '(') && !read_pairs(r, '(', ')', false))
		return false;
	if (!read_directives(r))
		return false;
	if (glex_is(&r->x, '{') && !read_selections(r, &first))
		return false;
	r->v[i].first = first;
	return true;
}

static bool
read_selections(struct reader *r, uint32_t *first)
{
	uint32_t last = 0;

	if (!deeper(r) || !take(r, '{'))
		return false;
	do {
		uint32_t i = selection_new(r);
		bool spread = r->x.token == GTOKEN_SPREAD;

		if (i == 0)
			return false;
		if (last == 0)
			*first = i;
		else
			r->v[last].next = i;
		last = i;
		if (spread)
			glex_next(&r->x);
		if (spread ? !read_fragment_use(r, i) : !read_field(r, i))
			return false;
	} while (!glex_is(&r->x, '}')); /* eats words, or fails */
	glex_next(&r->x);
	r->depth--;
	return true;
}

static bool
read_fragment(struct reader *r, struct part *p)
{
	struct str type;

	p->fragment = true;
	glex_next(&r->x);
	if (glex_is_name(&r->x, "on") || !take_name(r, &p->name))
		return bad(r, "a fragment without a name");
	if (!glex_is_name(&r->x, "on"))
		return bad(r, "a fragment without a type");
	glex_next(&r->x);
	return take_name(r, &type) && read_directives(r) &&
	    read_selections(r, &p->first);
}

static bool
read_operation(struct reader *r, struct part *p)
{
	static const char *const kinds[] = { "query", "mutation",
		"subscription" };
	bool known = false;

	p->kind = STR("query");
	if (glex_is(&r->x, '{'))
		return read_selections(r, &p->first);
	for (size_t i = 0; i < NELEM(kinds); i++)
		known |= glex_is_name(&r->x, kinds[i]);
	if (!known)
		return bad(r, "it is not GraphQL");
	p->kind = r->x.text;
	glex_next(&r->x);
	if (r->x.token == GTOKEN_NAME) {
		p->name = r->x.text;
		glex_next(&r->x);
	}
	if (glex_is(&r->x, '(') && !read_variables(r))
		return false;
	return read_directives(r) && read_selections(r, &p->first);
}

static uint32_t
find_fragment(const struct reader *r, struct str name)
{
	for (uint32_t i = 0; i < r->nparts; i++)
		if (r->parts[i].fragment && str_eq(r->parts[i].name, name))
			return r->parts[i].first;
	return 0;
}

static bool
read_document(struct reader *r)
{
	(void)selection_new(r);	/* v[0]: there is room */
	glex_next(&r->x);
	do {
		struct part p = { .fragment = false };
		bool fragment = glex_is_name(&r->x, "fragment");

		if (r->nparts == GRAPHQL_PARTS_MAX)
			return bad(r, "it has too many operations");
		if (fragment ? !read_fragment(r, &p) : !read_operation(r, &p))
			return false;
		if (fragment && find_fragment(r, p.name) != 0)
			return bad(r, "two fragments have one name");
		r->parts[r->nparts++] = p;
	} while (r->x.token != GTOKEN_END); /* eats words, or fails */
	for (uint32_t i = 1; i < r->n; i++) {
		struct selection *s = &r->v[i];

		if (s->kind != IS_SPREAD)
			continue;
		s->first = find_fragment(r, s->name);
		if (s->first == 0)
			return bad(r, "it uses a fragment that is not there");
	}
	return true;
}

/* ---- selections to fields */

static bool
field_add(struct reader *r, size_t len)
{
	struct graphql *g = r->out;

	if (g->nfields == GRAPHQL_FIELDS_MAX)
		return bad(r, "with its fragments it selects too much");
	if ((g->nfields & (g->nfields - 1)) == 0)
		g->fields = mem_grow(g->fields, g->nfields == 0 ? 1 :
		    2 * (size_t)g->nfields, sizeof(*g->fields));
	g->fields[g->nfields++] = (struct graphql_field){
		(uint32_t)g->text.len, (uint32_t)len };
	return buf_add(&g->text, r->path, len) ||
	    bad(r, "with its fragments it selects too much");
}

static bool
put_name(struct reader *r, struct str name, size_t *len)
{
	size_t dot = *len > 0;

	if (sizeof(r->path) - *len < name.len + dot)
		return bad(r, "it is nested too deep");
	if (dot)
		r->path[*len] = '.';
	memcpy(r->path + *len + dot, name.p, name.len);
	*len += dot + name.len;
	return true;
}

/* One selection and what is below it. A fragment that leads to itself goes
 * too deep. */
static bool
follow(struct reader *r, uint32_t first, size_t len)
{
	bool ok = deeper(r);

	for (uint32_t i = first; ok && i != 0; i = r->v[i].next) {
		const struct selection *s = &r->v[i];
		size_t below = len;

		if (s->kind == IS_FIELD)
			ok = put_name(r, s->name, &below);
		if (ok && s->first != 0)
			ok = follow(r, s->first, below);
		else if (ok)
			ok = field_add(r, below);
	}
	r->depth--;
	return ok;
}

static bool
follow_all(struct reader *r)
{
	struct graphql *g = r->out;

	g->operations = mem_alloc(r->nparts, sizeof(*g->operations));
	for (uint32_t i = 0; i < r->nparts; i++) {
		struct graphql_operation *op =
		    &g->operations[g->noperations];

		if (r->parts[i].fragment)
			continue;
		g->noperations++;
		op->kind = r->parts[i].kind;
		op->name = r->parts[i].name;
		op->first = g->nfields;
		if (!follow(r, r->parts[i].first, 0))
			return false;
		op->n = g->nfields - op->first;
	}
	return g->noperations > 0 || bad(r, "it has no operation");
}

int
graphql_read(struct str text, struct graphql *out, const char **why)
{
	struct reader *r = mem_alloc(1, sizeof(*r));
	bool ok;

	*out = (struct graphql){ .noperations = 0 };
	buf_init(&out->text, GRAPHQL_TEXT_MAX);
	r->x.in = text;
	r->out = out;
	ok = read_document(r) && follow_all(r);
	*why = r->why;
	free(r->v);
	free(r);
	return ok ? 0 : -1;
}

void
graphql_free(struct graphql *g)
{
	free(g->operations);
	free(g->fields);
	buf_fini(&g->text);
	*g = (struct graphql){ .noperations = 0 };
}

struct str
graphql_path(const struct graphql *g, uint32_t field)
{
	const struct graphql_field *f = &g->fields[field];

	return str_of(buf_str(&g->text).p + f->off, f->len);
}
