/* detail.c -- does what a request says beside host, method and path agree
 * with a rule?  What cannot be known agrees with no grant and with every
 * deny. */
#include "policy/detail.h"

#include "base/fold.h"
#include "base/limits.h"
#include "policy/match.h"
#include "policy/scan.h"

const struct detail_info detail_table[DETAIL_COUNT] = {
#define DETAIL(id, key, word, known) { key, word, known },
	DETAILS(DETAIL)
#undef DETAIL
};

struct pairs { /* of one detail, one after the other */
	const struct scan *s;
	enum detail detail;
	bool deny;		/* a rule that denies wants them */
	uint32_t at;
	struct str rest;	/* of a query */
	bool unknown;		/* it is not known, or cannot be read */
	char text[HTTP_TARGET_BYTES_MAX];
};

/* ---- queries: name=value&name=value, as forms are sent */

/* Into the buffer behind what is there; false: no server need read it so. */
static bool
decode(char *text, struct str raw, size_t *at, struct str *out)
{
	size_t begin = *at;

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.p[i] == '+' ? ' ' : raw.p[i];

		if (*at == HTTP_TARGET_BYTES_MAX)
			return false;
		if (c == '%') {
			int hi = i + 2 < raw.len ? hex_value(raw.p[i + 1]) : -1;
			int lo = i + 2 < raw.len ? hex_value(raw.p[i + 2]) : -1;

			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
				return false;
			c = (char)(hi * 16 + lo);
			i += 2;
		}
		/* Some servers take ';' for '&'. */
		if (raw.p[i] == ';' || c == '\0')
			return false;
		text[(*at)++] = c;
	}
	*out = str_of(text + begin, *at - begin);
	return true;
}

bool
detail_query_next(struct str *rest, char *text, struct detail_pair *out,
    bool *bad)
{
	struct str part, name, value = { "", 0 };
	size_t at = 0;

	do {
		if (rest->len == 0)
			return false;
		if (!str_cut(*rest, '&', &part, rest)) {
			part = *rest;
			rest->len = 0;
		}
	} while (part.len == 0);
	if (!str_cut(part, '=', &name, &value))
		name = part;
	if (!decode(text, name, &at, &out->name) ||
	    !decode(text, value, &at, &out->value)) {
		*bad = true;
		return false;
	}
	return true;
}

static bool
query_next(struct pairs *p, struct detail_pair *out)
{
	return detail_query_next(&p->rest, p->text, out, &p->unknown);
}

/* ---- git over HTTP: /OWNER/REPOSITORY(.git)/SERVICE */

static bool
git_service(struct str path, struct str end, struct str *repository)
{
	if (!str_has_suffix(path, end))
		return false;
	*repository = str_head(path, path.len - end.len);
	return true;
}

/* Does a request for what there is begin a push? A server decodes the query
 * before it looks. */
static bool
git_is_push(struct pairs *p)
{
	struct detail_pair one;

	while (query_next(p, &one))
		if (str_eqz(one.name, "service") &&
		    str_eqz(one.value, "git-receive-pack"))
			return true;
	return false;
}

static bool
method_is(const struct pairs *p, struct str want)
{
	struct str m = p->s->q->method;

	return p->deny || str_eq(m, want);
}

/* Empty: it is not git's. A deny is also about whoever asks for objects one
 * by one, and about methods that no git sends. */
static struct str
git_operation(struct pairs *p, struct str *repository)
{
	struct str path = p->s->q->path;
	const char *at;

	if (method_is(p, STR("POST"))) {
		if (git_service(path, STR("/git-receive-pack"), repository))
			return STR("push");
		if (git_service(path, STR("/git-upload-pack"), repository))
			return STR("fetch");
	}
	if (method_is(p, STR("GET")) &&
	    git_service(path, STR("/info/refs"), repository))
		return git_is_push(p) ? STR("push") : STR("fetch");
	at = p->deny && path.len > 0 ?
	    memmem(path.p, path.len, "/objects/", 9) : NULL;
	if (at == NULL)
		return STR("");
	*repository = str_of(path.p, (size_t)(at - path.p));
	return STR("fetch");
}

static bool
list_next(struct pairs *p, const struct detail_list *l,
    struct detail_pair *out)
{
	if (p->at == l->n)
		return false;
	*out = l->v[p->at++];
	return true;
}

/* What a push does is in its body: beside pushes, there are deletions. A deny
 * of pushes is one of these, too. */
static bool
git_is_commands(const struct pairs *p)
{
	return str_eqz(p->s->q->method, "POST") &&
	    str_has_suffix(p->s->q->path, STR("/git-receive-pack"));
}

static bool
git_command_next(struct pairs *p, struct detail_pair *out)
{
	static const struct detail_list unknown;
	const struct net_details *d = p->s->q->details;
	const struct detail_list *l = d == NULL ? &unknown :
	    &d->of[DETAIL_GIT_OPERATION];

	if (!p->deny) {
		p->unknown = !l->known;
		return l->known && list_next(p, l, out);
	}
	if (p->at == 0) {
		p->at = 1;
		p->unknown = !l->known;
		*out = (struct detail_pair){ STR(""), STR("push") };
		return true;
	}
	p->at--;
	if (!list_next(p, l, out))
		return false;
	p->at++;
	return true;
}

static bool
git_next(struct pairs *p, struct detail_pair *out)
{
	struct str repository = { "", 0 }, op;

	if (p->detail == DETAIL_GIT_OPERATION && git_is_commands(p))
		return git_command_next(p, out);
	if (p->at++ > 0)
		return false;
	op = git_operation(p, &repository);
	if (op.len == 0 || p->unknown)
		return false;
	if (str_has_suffix(repository, STR(".git")))
		repository.len -= 4;
	out->name = STR("");
	out->value = p->detail == DETAIL_GIT_OPERATION ? op :
	    str_from(repository, repository.len > 0);
	return true;
}

/* ---- all */

static void
pairs_begin(struct pairs *p, const struct scan *s, enum detail detail,
    bool deny)
{
	const struct net_details *d = s->q->details;

	p->s = s;
	p->detail = detail;
	p->deny = deny;
	p->at = 0;
	p->rest = s->q->query;
	p->unknown = !detail_table[detail].known &&
	    (d == NULL || !d->of[detail].known);
	if (detail == DETAIL_GIT_REF && !git_is_commands(p))
		p->unknown = false;	/* it surely has none */
}

static bool
pairs_next(struct pairs *p, struct detail_pair *out)
{
	const struct net_details *d = p->s->q->details;

	if (p->unknown)
		return false;
	if (p->detail == DETAIL_QUERY)
		return query_next(p, out);
	if (detail_table[p->detail].known)
		return git_next(p, out);
	return d != NULL && list_next(p, &d->of[p->detail], out);
}

/* Not known, and still to come? Whoever asks hopes for the best then. */
static bool
is_hoped(const struct pairs *p)
{
	if (!p->unknown || !p->s->q->hoped ||
	    (DETAILS_OF_BODY >> p->detail & 1) == 0)
		return false;
	if (p->s->asked != NULL)
		*p->s->asked |= 1U << p->detail;
	return true;
}

/* Servers that make variables of fields take '_' for '-'. */
static char
field_char(char c)
{
	return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static struct str
query_base(struct str name)
{
	size_t bracket;

	while (name.len > 0 && name.p[0] == ' ')
		name = str_from(name, 1);
	bracket = str_index(name, '[');
	return bracket > 0 ? str_head(name, bracket) : name;
}

static char
query_char(char c)
{
	return c == '.' || c == ' ' ? '_' : c;
}

static bool
query_same(struct str a, struct str b)
{
	a = query_base(a);
	b = query_base(b);
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (query_char(a.p[i]) != query_char(b.p[i]))
			return false;
	return true;
}

#define MEMBER_BYTES_MAX 2048

/* Without what tells an item of a list. */
static struct str
member_base(struct str name, char out[MEMBER_BYTES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < name.len; i++) {
		if (i + 1 < name.len && name.p[i] == '[' &&
		    name.p[i + 1] == ']')
			i++;
		else
			out[n++] = name.p[i];
	}
	return str_of(out, n);
}

static bool
member_same(struct str a, struct str b)
{
	char x[MEMBER_BYTES_MAX], y[MEMBER_BYTES_MAX];

	if (a.len > sizeof(x) || b.len > sizeof(y))
		return str_eq(a, b);
	return fold_same(member_base(a, x), member_base(b, y));
}

bool
detail_name_same(enum detail detail, struct str a, struct str b)
{
	if (detail == DETAIL_MCP_ARGUMENT || detail == DETAIL_RPC_PARAM)
		return member_same(a, b);
	if (detail == DETAIL_QUERY)
		return query_same(a, b);
	if (detail != DETAIL_HEADER || a.len != b.len)
		return str_eq(a, b);
	for (size_t i = 0; i < a.len; i++)
		if (field_char(a.p[i]) != field_char(b.p[i]))
			return false;
	return true;
}

static bool
name_is(const struct scan *s, const struct f_need *t, struct str name)
{
	return detail_name_same((enum detail)t->detail,
	    form_text(s->im, t->name), name);
}

/* Is the need about this name? Rest: about those that no other is about. */
static bool
is_about(const struct scan *s, const struct f_rule *r, const struct f_need *t,
    struct str name)
{
	if ((t->flags & NEED_REST) == 0)
		return name_is(s, t, name);
	for (uint32_t i = 0; i < r->needs.n; i++) {
		const struct f_need *other = &s->im->needs[r->needs.first + i];

		if (other->detail == t->detail &&
		    (other->flags & NEED_REST) == 0 &&
		    name_is(s, other, name))
			return false;
	}
	return true;
}

bool
detail_has_dots(struct str s)
{
	struct str rest = s, part;
	bool more = true, first = true;

	for (; more; first = false) {
		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (str_eqz(part, ".") || str_eqz(part, "..") ||
		    (part.len == 0 && more && !first))
			return true;
	}
	return false;
}

static enum truth
value_agrees(const struct scan *s, const struct f_need *t, struct str value)
{
	const struct f_pat *p = s->im->pats + t->pats.first;

	if ((t->flags & NEED_PATH) != 0 && detail_has_dots(value))
		return TRUTH_UNKNOWN;
	for (uint32_t i = 0; i < t->pats.n; i++)
		if (scan_pat(s->im, &p[i], value))
			return TRUTH_TRUE;
	return t->pats.n == 0 ? TRUTH_TRUE : TRUTH_FALSE;
}

/* An MCP message that is no call of a tool. */
static bool
calls_nothing(const struct scan *s)
{
	const struct net_details *d = s->q->details;

	return d != NULL && d->of[DETAIL_MCP_TOOL].known &&
	    d->of[DETAIL_MCP_TOOL].n == 0;
}

/* Of a grant: there unless it need not be, and every value is as said. */
static bool
grant_agrees(const struct scan *s, const struct f_rule *r,
    const struct f_need *t)
{
	struct detail_pair one;
	struct pairs p;
	bool seen = false;

	if ((t->flags & NEED_CALL) != 0 && calls_nothing(s))
		return true;
	pairs_begin(&p, s, (enum detail)t->detail, false);
	while (pairs_next(&p, &one)) {
		if (!is_about(s, r, t, one.name))
			continue;
		if ((t->flags & NEED_FORBIDDEN) != 0 ||
		    value_agrees(s, t, one.value) != TRUTH_TRUE)
			return false;
		/* Not all servers take "a[]" for "a", or "PATH" for "path";
		 * and what some item of a list holds is not held by all. */
		seen |= t->detail == DETAIL_HEADER ||
		    str_eq(form_text(s->im, t->name), one.name);
	}
	if (is_hoped(&p))
		return true;
	return !p.unknown && (seen ||
	    (t->flags & (NEED_OPTIONAL | NEED_FORBIDDEN | NEED_REST)) != 0);
}

/* One line "a, b" is to a server what two lines are (RFC 9110, 5.3). */
static bool
member_agrees(const struct scan *s, const struct f_need *t, struct str value)
{
	struct str rest = value, part;
	bool more = t->detail == DETAIL_HEADER &&
	    str_index(value, ',') < value.len;

	while (more) {
		more = str_cut(rest, ',', &part, &rest);
		if (!more)
			part = rest;
		if (value_agrees(s, t, str_trim(part)) != TRUTH_FALSE)
			return true;
	}
	return value_agrees(s, t, value) != TRUTH_FALSE;
}

/* Of a deny: some value is as said, or may be. */
static bool
deny_agrees(const struct scan *s, const struct f_rule *r,
    const struct f_need *t)
{
	struct detail_pair one;
	struct pairs p;

	pairs_begin(&p, s, (enum detail)t->detail, true);
	while (pairs_next(&p, &one))
		if (is_about(s, r, t, one.name) &&
		    member_agrees(s, t, one.value))
			return true;
	return p.unknown && !is_hoped(&p);
}

const struct f_need *
scan_need(const struct scan *s, const struct f_rule *r)
{
	for (uint32_t i = 0; i < r->needs.n; i++) {
		const struct f_need *t = &s->im->needs[r->needs.first + i];

		if ((r->flags & RULE_DENY) != 0 ? !deny_agrees(s, r, t) :
		    !grant_agrees(s, r, t))
			return t;
	}
	return NULL;
}

const struct detail_pair *
scan_wrong(const struct scan *s, const struct f_rule *r,
    const struct f_need *t)
{
	const struct net_details *d = s->q->details;
	const struct detail_list *l = d == NULL ? NULL : &d->of[t->detail];

	for (uint32_t i = 0; l != NULL && l->known && i < l->n; i++)
		if (is_about(s, r, t, l->v[i].name) &&
		    ((t->flags & NEED_FORBIDDEN) != 0 ||
			value_agrees(s, t, l->v[i].value) != TRUTH_TRUE))
			return &l->v[i];
	return NULL;
}
