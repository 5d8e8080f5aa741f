#include "analysis/cases.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/check.h"
#include "policy/addr.h"

struct reading { /* one item of cases */
	struct cases *to;
	struct one_case one;
	struct str *from;
	uint32_t nfrom;
	struct str *profile;
	uint32_t nprofiles;
	unsigned char address[16];
	bool has_address, mounted;
	struct question fields;	/* has the request's fields alone */
	struct str cwd;
	const struct node *request, *facts;
	bool expects;
};

static void
on_request(struct compile *c, const struct node *n, void *arg)
{
	struct reading *r = arg;
	struct err e = { 0 };

	if (!check_want(c, n, WANT_WORD, "request"))
		return;
	r->request = n;
	if (question_parse(&r->to->arena, &n->text, 1, &r->one.question, &e) ==
	    -1)
		node_error(c, n, "%s", e.text);
}

static void
on_expect(struct compile *c, const struct node *n, void *arg)
{
	static const char *const verdicts[] = { [REPLY_DENY] = "deny",
		[REPLY_ALLOW] = "allow", [REPLY_AUDIT] = "audit", NULL };
	struct reading *r = arg;
	int v = take_choice(c, n, verdicts, "expect");

	r->expects = true;
	if (v >= 0)
		r->one.expect = (enum reply_verdict)v;
}

static void
take_from(struct compile *c, const struct node *n, struct reading *r)
{
	if (take_word(c, n, "from") == NULL)
		return;
	if (n->text.p[0] != '/')
		node_error(c, n, "from is the path of an executable: write "
		    "/usr/bin/%.64s", n->text.p);
	r->from[r->nfrom++] = n->text;
}

/* One, or a list: the one that asks, then those that started it. */
static void
on_from(struct compile *c, const struct node *n, void *arg)
{
	struct reading *r = arg;
	uint32_t count = n->kind == NODE_LIST ? n->n : 1;

	if (count > QUESTION_FROM_MAX) {
		node_error(c, n, "more than %d programs", QUESTION_FROM_MAX);
		return;
	}
	r->from = take_mem(c, (size_t)count + 1, sizeof(*r->from));
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		take_from(c, n->items[i], r);
	if (n->kind != NODE_LIST)
		take_from(c, n, r);
}

static void
on_address(struct compile *c, const struct node *n, void *arg)
{
	struct reading *r = arg;

	if (take_word(c, n, "address") == NULL)
		return;
	if (addr_parse(n->text, r->address))
		r->has_address = true;
	else
		node_error(c, n, "\"%.64s\" is not an address", n->text.p);
}

static void
on_cwd(struct compile *c, const struct node *n, void *arg)
{
	struct reading *r = arg;

	if (take_word(c, n, "cwd") == NULL)
		return;
	r->cwd = n->text;
	if (n->text.p[0] != '/')
		node_error(c, n, "cwd is a path that begins with /");
}

static void
on_route(struct compile *c, const struct node *n, void *arg)
{
	if (take_word(c, n, "route") != NULL)
		((struct reading *)arg)->one.route = n->text;
}

/* A map of facts, kept until the request is known. */
static void
on_facts(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	((struct reading *)arg)->facts = n;
}

static void
take_facts(struct compile *c, struct reading *r)
{
	const struct node *n = r->facts;

	for (uint32_t i = 0; n != NULL && i < n->n; i++) {
		const struct node *value = n->items[2 * i + 1];
		struct err e = { 0 };
		char *word;

		if (value->kind != NODE_SCALAR) {
			node_error(c, value, "a fact has one value; a list is "
			    "written as a,b");
			continue;
		}
		word = arena_printf(&r->to->arena, "%s=%s",
		    n->items[2 * i]->text.p, value->text.p);
		must(word != NULL);
		if (question_know(&r->to->arena, str_c(word),
			&r->one.question, &e) == -1)
			node_error(c, n->items[2 * i], "%s", e.text);
	}
}

/* A map of the request's fields. */
static void
on_fields(struct compile *c, const struct node *n, void *arg)
{
	struct reading *r = arg;

	for (uint32_t i = 0; i < n->n; i++) {
		const struct node *value = n->items[2 * i + 1];
		struct err e = { 0 };
		char *word;

		if (value->kind != NODE_SCALAR) {
			node_error(c, value, "a field has one value");
			continue;
		}
		word = arena_printf(&r->to->arena, "%s=%s",
		    n->items[2 * i]->text.p, value->text.p);
		must(word != NULL);
		if (question_field(&r->to->arena, str_c(word), &r->fields,
			&e) == -1)
			node_error(c, n->items[2 * i], "%s", e.text);
	}
}

/* One, or a list. */
static void
on_profile(struct compile *c, const struct node *n, void *arg)
{
	struct reading *r = arg;
	uint32_t count = n->kind == NODE_LIST ? n->n : 1;

	if (count > QUESTION_PROFILES_MAX) {
		node_error(c, n, "more than %d profiles",
		    QUESTION_PROFILES_MAX);
		return;
	}
	r->profile = take_mem(c, (size_t)count + 1, sizeof(*r->profile));
	for (uint32_t i = 0; i < count; i++) {
		const struct node *one = n->kind == NODE_LIST ? n->items[i] :
		    n;

		if (take_word(c, one, "profile") != NULL)
			r->profile[r->nprofiles++] = one->text;
	}
}

static void
on_mounted(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	((struct reading *)arg)->mounted = str_case_eq(n->text, STR("true"));
}

static void
on_name(struct compile *c, const struct node *n, void *arg)
{
	struct reading *r = arg;

	if (take_word(c, n, "name") != NULL)
		r->one.name = n->text;
}

static void
read_case(struct compile *c, const struct node *n, struct reading *r)
{
	static const struct key keys[] = {
		{ "request", WANT_WORD, on_request, NULL },
		{ "expect", WANT_WORD, on_expect, NULL },
		{ "from", WANT_ANY, on_from, NULL },
		{ "address", WANT_WORD, on_address, NULL },
		{ "cwd", WANT_WORD, on_cwd, NULL },
		{ "headers", WANT_MAP, on_fields, NULL },
		{ "facts", WANT_MAP, on_facts, NULL },
		{ "route", WANT_WORD, on_route, NULL },
		{ "mounted", WANT_BOOL, on_mounted, NULL },
		{ "profile", WANT_ANY, on_profile, NULL },
		{ "name", WANT_WORD, on_name, NULL },
	};

	check_map(c, n, keys, NELEM(keys), r, "a case");
	if (n->kind != NODE_MAP)
		return;
	if (map_find(n, "request") == NULL)
		node_error(c, n, "a case needs request");
	if (!r->expects)
		node_error(c, n, "a case needs expect: allow, deny or audit");
	r->one.question.from = r->from;
	r->one.question.nfrom = r->nfrom;
	r->one.question.profile = r->profile;
	r->one.question.nprofiles = r->nprofiles;
	r->one.question.has_address = r->has_address;
	memcpy(r->one.question.address, r->address, sizeof(r->address));
	r->one.question.cwd = r->cwd;
	r->one.question.field = r->fields.field;
	r->one.question.nfields = r->fields.nfields;
	take_facts(c, r);
	r->one.question.mounted = r->mounted;
	r->one.line = n->line;
}

static void
on_cases(struct compile *c, const struct node *n, void *arg)
{
	struct cases *to = arg;

	if (n->n > CASES_MAX) {
		node_error(c, n, "more than %d cases in one file", CASES_MAX);
		return;
	}
	to->v = take_mem(c, (size_t)n->n + 1, sizeof(*to->v));
	for (uint32_t i = 0; i < n->n; i++) {
		struct reading r = { .to = to };

		read_case(c, n->items[i], &r);
		to->v[to->n++] = r.one;
	}
}

int
cases_read(const struct policy_file *f, struct cases *out, struct diags *d)
{
	static const struct key keys[] = {
		{ "cases", WANT_LIST, on_cases, NULL },
	};
	struct compile c = { .arena = &out->arena, .diags = d };
	struct doc *doc;

	*out = (struct cases){ .file = f->name };
	doc = take_mem(&c, 1, sizeof(*doc));
	doc->name = f->name;
	doc->text = f->text;
	if (yaml_parse(doc, &out->arena, d) == -1)
		return -1;
	if (doc->root == NULL || is_null(doc->root)) {
		diag_add(d, DIAG_ERROR, doc, 0, 0, 0, "there is no case in "
		    "it: write cases: [{request: ..., expect: ...}]");
		return -1;
	}
	check_map(&c, doc->root, keys, NELEM(keys), out, "a case file");
	if (out->n == 0 && d->errors == 0)
		diag_add(d, DIAG_ERROR, doc, 0, 0, 0, "there is no case in "
		    "it: write cases: [{request: ..., expect: ...}]");
	return d->errors == 0 ? 0 : -1;
}

void
cases_fini(struct cases *c)
{
	arena_fini(&c->arena);
	*c = (struct cases){ 0 };
}
