/* check.c -- the checks that every section is made of. */
#include "compile/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/must.h"

enum { WORD_BYTES_MAX = 1024, KEYS_MAX = 64, SENTENCE_BYTES_MAX = 900 };

static void
node_diag(struct compile *c, enum diag_level level, const struct node *n,
    const char *before, const char *fmt, va_list ap)
{
	char text[SENTENCE_BYTES_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	diag_add(c->diags, level, n->doc, n->line, n->column, n->width,
	    "%s%s", before, text);
}

void
node_error(struct compile *c, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	node_diag(c, DIAG_ERROR, n, "", fmt, ap);
	va_end(ap);
}

void
node_warning(struct compile *c, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	node_diag(c, DIAG_WARNING, n, "", fmt, ap);
	va_end(ap);
}

void
not_enforced(struct compile *c, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	if (c->stage != POLICY_STAGE_ENFORCE)
		return;
	va_start(ap, fmt);
	node_diag(c, DIAG_ERROR, n, "not enforced by this version: ", fmt,
	    ap);
	va_end(ap);
}

void *
take_mem(struct compile *c, size_t n, size_t size)
{
	void *p = arena_alloc(c->arena, n, size);

	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

struct str
take_copy(struct compile *c, struct str s)
{
	char *p = arena_strdup(c->arena, s);

	must(p != NULL);
	return str_of(p, s.len);
}

/* ---- types */

bool
is_null(const struct node *n)
{
	return n->kind == NODE_SCALAR && !n->quoted &&
	    (n->text.len == 0 || str_eqz(n->text, "~") ||
	    str_eqz(n->text, "null") || str_eqz(n->text, "Null") ||
	    str_eqz(n->text, "NULL"));
}

static bool
is_bool(const struct node *n)
{
	return n->kind == NODE_SCALAR && !n->quoted &&
	    (str_case_eq(n->text, STR("true")) ||
	    str_case_eq(n->text, STR("false")));
}

static size_t
skip_digits(struct str *s)
{
	size_t n = 0;

	while (n < s->len && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	*s = str_from(*s, n);
	return n;
}

static bool
skip(struct str *s, const char *set)
{
	if (s->len == 0 || strchr(set, s->p[0]) == NULL)
		return false;
	*s = str_from(*s, 1);
	return true;
}

/* What YAML 1.2 takes for a number: "1", "-1.5e3", "0x1f", ".inf". */
static bool
is_numeric(const struct node *n)
{
	struct str s = n->text;
	size_t digits;

	if (n->kind != NODE_SCALAR || n->quoted)
		return false;
	if (str_has_prefix(s, STR("0x")) || str_has_prefix(s, STR("0o")))
		return true;
	(void)skip(&s, "+-");	/* a sign may be there or not */
	if (str_case_eq(s, STR(".inf")) || str_case_eq(s, STR(".nan")))
		return true;
	digits = skip_digits(&s);
	if (skip(&s, "."))
		digits += skip_digits(&s);
	if (digits == 0)
		return false;
	if (skip(&s, "eE")) {
		(void)skip(&s, "+-");
		return skip_digits(&s) > 0 && s.len == 0;
	}
	return s.len == 0;
}

bool
is_word(const struct node *n)
{
	return n->kind == NODE_SCALAR &&
	    (n->quoted || (!is_null(n) && !is_bool(n) && !is_numeric(n)));
}

static const char *
kind_name(const struct node *n)
{
	if (n->kind == NODE_LIST)
		return "a list";
	if (n->kind == NODE_MAP)
		return "a map";
	if (is_null(n))
		return "nothing";
	if (is_bool(n))
		return "true or false";
	return is_numeric(n) ? "a number" : "a word";
}

static bool
is_wanted(const struct node *n, enum want want)
{
	switch (want) {
	case WANT_ANY:
		return true;
	case WANT_WORD:
		return is_word(n);
	case WANT_LIST:
		return n->kind == NODE_LIST;
	case WANT_MAP:
		return n->kind == NODE_MAP;
	case WANT_BOOL:
		return is_bool(n);
	case WANT_NUMBER:
		return is_numeric(n);
	}
	return false;
}

bool
check_want(struct compile *c, const struct node *n, enum want want,
    const char *what)
{
	static const char *const names[] = { [WANT_ANY] = "", [WANT_WORD] =
	    "a word", [WANT_LIST] = "a list", [WANT_MAP] = "a map of keys",
	    [WANT_BOOL] = "true or false", [WANT_NUMBER] = "a number" };

	if (is_wanted(n, want))
		return true;
	if (want == WANT_LIST && n->kind == NODE_SCALAR && !is_null(n))
		node_error(c, n, "%s must be a list: write [%.64s]", what,
		    n->text.p);
	else if (want == WANT_WORD && n->kind == NODE_SCALAR && !is_null(n))
		node_error(c, n, "%s must be a word, and this is %s: write "
		    "\"%.64s\"", what, kind_name(n), n->text.p);
	else
		node_error(c, n, "%s must be %s, and this is %s", what,
		    names[want], kind_name(n));
	return false;
}

/* ---- maps */

const struct node *
map_find(const struct node *map, const char *key)
{
	for (uint32_t i = 0; map->kind == NODE_MAP && i < map->n; i++)
		if (str_eqz(map->items[2 * i]->text, key))
			return map->items[2 * i + 1];
	return NULL;
}

static const struct key *
key_find(const struct key *keys, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqz(name, keys[i].name))
			return &keys[i];
	return NULL;
}

static void
say_unknown(struct compile *c, const struct node *at, const struct key *keys,
    size_t n, const char *what)
{
	const char *names[KEYS_MAX], *near;
	char all[512] = "";
	size_t len = 0;

	must(n <= KEYS_MAX);
	for (size_t i = 0; i < n; i++) {
		names[i] = keys[i].name;
		if (len < sizeof(all))
			len += (size_t)snprintf(all + len, sizeof(all) - len,
			    "%s%s", i == 0 ? "" : ", ", names[i]);
	}
	near = word_other(at->text, names, n);
	if (near == NULL)
		near = word_near(at->text, names, n);
	if (near != NULL)
		node_error(c, at, "unknown key \"%.64s\" in %s: did you mean "
		    "\"%s\"?", at->text.p, what, near);
	else
		node_error(c, at, "unknown key \"%.64s\" in %s: known are %s",
		    at->text.p, what, all);
}

void
check_map(struct compile *c, const struct node *map, const struct key *keys,
    size_t nkeys, void *arg, const char *what)
{
	if (!check_want(c, map, WANT_MAP, what))
		return;
	for (uint32_t i = 0; i < map->n; i++) {
		const struct node *at = map->items[2 * i];
		const struct node *value = map->items[2 * i + 1];
		const struct key *k = key_find(keys, nkeys, at->text);

		if (k == NULL) {
			say_unknown(c, at, keys, nkeys, what);
			continue;
		}
		if (k->need != NULL)
			not_enforced(c, at, "%s", k->need);
		if (check_want(c, value, k->want, k->name) && k->take != NULL)
			k->take(c, value, arg);
	}
}

/* ---- values */

const struct node *
take_word(struct compile *c, const struct node *n, const char *what)
{
	if (!check_want(c, n, WANT_WORD, what))
		return NULL;
	if (n->text.len == 0 || n->text.len > WORD_BYTES_MAX) {
		node_error(c, n, "%s must have 1 to %d bytes", what,
		    WORD_BYTES_MAX);
		return NULL;
	}
	for (size_t i = 0; i < n->text.len; i++)
		if ((unsigned char)n->text.p[i] < 0x20 ||
		    n->text.p[i] == 0x7f) {
			node_error(c, n, "%s holds a control character",
			    what);
			return NULL;
		}
	return n;
}

int
take_choice(struct compile *c, const struct node *n,
    const char *const *choices, const char *what)
{
	char all[256] = "";
	const char *near;
	size_t len = 0;
	int i;

	if (!check_want(c, n, WANT_WORD, what))
		return -1;
	for (i = 0; choices[i] != NULL; i++) {
		if (str_eqz(n->text, choices[i]))
			return i;
		if (len < sizeof(all))
			len += (size_t)snprintf(all + len, sizeof(all) - len,
			    "%s%s", i == 0 ? "" : ", ", choices[i]);
	}
	near = word_near(n->text, choices, (size_t)i);
	if (near != NULL)
		node_error(c, n, "%s cannot be \"%.64s\": did you mean "
		    "\"%s\"?", what, n->text.p, near);
	else
		node_error(c, n, "%s cannot be \"%.64s\": it is one of %s",
		    what, n->text.p, all);
	return -1;
}

bool
take_number(struct compile *c, const struct node *n, uint64_t min,
    uint64_t max, uint64_t *out, const char *what)
{
	if (n->kind != NODE_SCALAR || n->quoted ||
	    !str_u64(n->text, max, out) || *out < min) {
		node_error(c, n, "%s must be a whole number from %llu to %llu",
		    what, (unsigned long long)min, (unsigned long long)max);
		return false;
	}
	return true;
}

void
take_scalar(struct compile *c, struct pol_scalar *s, const struct node *n,
    uint32_t value, const char *what)
{
	if (s->at == NULL) {
		s->at = n;
		s->value = value;
	} else if (s->value != value) {
		node_error(c, n, "%s is said differently in %s:%u:%u: make "
		    "both the same, or remove one", what, s->at->doc->name,
		    s->at->line, s->at->column);
	}
}

void
take_fallback(struct compile *c, struct pol_scalar *s, const struct node *n,
    const char *section)
{
	static const char *const words[] = { "deny", "allow", NULL };
	int v = take_choice(c, n, words, "default_policy");
	char what[64];

	(void)snprintf(what, sizeof(what), "default_policy of %s", section);
	if (v >= 0)
		take_scalar(c, s, n, (uint32_t)v, what);
}

void
strs_add(struct compile *c, struct strs *s, struct str item)
{
	if ((s->n & (s->n - 1)) == 0) {	/* full at every power of two */
		struct str *v = take_mem(c, s->n == 0 ? 1 : 2 * (size_t)s->n,
		    sizeof(*v));

		if (s->n > 0)
			memcpy(v, s->v, s->n * sizeof(*v));
		s->v = v;
	}
	s->v[s->n++] = item;
}
