/* backends.c -- where calls of models may go: inference.backends. */
#include <stdlib.h>

#include "base/compat.h"
#include "base/limits.h"
#include "compile/check.h"

static const struct {
	const char *name, *url;
	bool local;		/* runs on this machine or site, as a rule */
} kinds[BACKEND_KIND_COUNT] = {
	[BACKEND_OLLAMA] = { "ollama", "http://127.0.0.1:11434", true },
	[BACKEND_OPENAI] = { "openai", "https://api.openai.com", false },
	[BACKEND_ANTHROPIC] = { "anthropic", "https://api.anthropic.com",
		false },
	[BACKEND_AZURE] = { "azure", NULL, false },
	[BACKEND_BEDROCK] = { "bedrock", NULL, false },
	[BACKEND_VERTEX] = { "vertex", NULL, false },
	[BACKEND_OPENROUTER] = { "openrouter", "https://openrouter.ai",
		false },
	[BACKEND_VLLM] = { "vllm", "http://127.0.0.1:8000", true },
	[BACKEND_LLAMACPP] = { "llamacpp", "http://127.0.0.1:8080", true },
	[BACKEND_PROVIDER] = { "provider", "", false },
};

struct entry { /* a backend on its way */
	struct pol_backend b;
	const struct node *kind, *url, *locality, *cloud, *models;
};

/* ---- keys of a backend */

static void
on_kind(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;
	const char *names[BACKEND_KIND_COUNT + 1] = { NULL };
	int i;

	for (i = 0; i < BACKEND_KIND_COUNT; i++)
		names[i] = kinds[i].name;
	i = take_choice(c, n, names, "kind of a backend");
	if (i < 0)
		return;
	e->b.kind = (enum backend_kind)i;
	e->kind = n;
}

static void
on_url(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	if (take_word(c, n, "url of a backend") == NULL)
		return;
	e->url = n;
	e->b.url = n->text;
}

static void
on_locality(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "local", "site", "frontier",
		NULL };
	struct entry *e = arg;
	int i = take_choice(c, n, words, "locality");

	if (i < 0)
		return;
	e->locality = n;
	e->b.locality = (enum locality)i;
}

static void
on_region(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	if (take_word(c, n, "region") != NULL)
		e->b.region = n->text;
}

static void
on_retention(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "zdr", "kept", NULL };
	struct entry *e = arg;
	int i = take_choice(c, n, words, "retention");

	if (i >= 0)
		e->b.retention = i == 0 ? RETENTION_ZERO : RETENTION_KEPT;
}

static bool
is_name(struct str s)
{
	if (s.len == 0 || s.len > NAME_BYTES_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
			(s.p[i] >= 'A' && s.p[i] <= 'Z') ||
			(s.p[i] >= '0' && s.p[i] <= '9') ||
			s.p[i] == '-' || s.p[i] == '_' || s.p[i] == '.'))
			return false;
	return true;
}

/* The name of a key, never a key. */
static void
on_key(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;
	struct str head, tail;

	if (!check_want(c, n, WANT_WORD, "key"))
		return;
	if (!str_cut(n->text, ':', &head, &tail) || !is_name(tail) ||
	    (!str_eqz(head, "provider") && !str_eqz(head, "vault"))) {
		node_error(c, n, "key names a stored secret, and a policy "
		    "holds none: write provider:NAME or vault:NAME");
		return;
	}
	e->b.key = n->text;
}

static void
on_cloud(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	(void)c;
	e->cloud = n;
	e->b.require_no_cloud = n->text.p[0] == 't' || n->text.p[0] == 'T';
}

static int
by_alias(const void *a, const void *b)
{
	const struct pol_model *x = a, *y = b;

	return strcmp(x->alias.p, y->alias.p); /* scalars end in a NUL */
}

static void
on_models(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->models = n;
	e->b.models = take_mem(c, (size_t)n->n + 1, sizeof(*e->b.models));
	for (uint32_t i = 0; i < n->n; i++) {
		const struct node *alias = n->items[2 * (size_t)i];
		const struct node *model = n->items[2 * (size_t)i + 1];

		if (take_word(c, alias, "a model's name") == NULL ||
		    take_word(c, model, "a model") == NULL)
			continue;
		e->b.models[e->b.nmodels++] = (struct pol_model){
			alias->text, model->text };
	}
	qsort(e->b.models, e->b.nmodels, sizeof(*e->b.models), by_alias);
}

/* ---- where it stands */

struct url {
	struct str host;
	bool tls;
};

/* 127.0.0.0/8, ::1 and their name. */
static bool
is_own_host(struct str host)
{
	static const unsigned char v4[12] = { [10] = 0xff, [11] = 0xff };
	static const unsigned char one[16] = { [15] = 1 };
	unsigned char a[16];

	if (host.len > 2 && host.p[0] == '[')
		host = str_of(host.p + 1, host.len - 2);
	if (str_eqz(host, "localhost"))
		return true;
	return addr_parse(host, a) && (memcmp(a, one, sizeof(one)) == 0 ||
	    (memcmp(a, v4, sizeof(v4)) == 0 && a[12] == 127));
}

static const char *
url_fault(struct str s, struct url *out)
{
	struct str host, port = STR("");
	uint64_t v;
	size_t end;

	out->tls = str_has_prefix(s, STR("https://"));
	if (!out->tls && !str_has_prefix(s, STR("http://")))
		return "it must begin with https:// or http://";
	s = str_from(s, out->tls ? 8 : 7);
	for (size_t i = 0; i < s.len; i++)
		if (strchr("@?#\\ %", s.p[i]) != NULL)
			return "it has a user, a query, a fragment or an "
			    "escape, and needs none";
	host = str_head(s, str_index(s, '/'));
	end = host.len > 0 && host.p[0] == '[' ? str_index(host, ']') + 1 :
	    str_index(host, ':');
	if (end > host.len)
		return "its [ is not closed";
	if (end < host.len) {
		port = str_from(host, end + 1);
		if (host.p[end] != ':' || !str_u64(port, 65535, &v) || v == 0)
			return "its port is not one";
	}
	out->host = str_head(host, end);
	return out->host.len == 0 ? "it names no host" : NULL;
}

static bool
check_url(struct compile *c, struct entry *e, const struct node *at)
{
	struct url u = { { NULL, 0 }, false };
	const char *fault;

	if (e->b.url.len == 0)
		return true;
	fault = url_fault(e->b.url, &u);
	if (fault != NULL) {
		node_error(c, at, "url \"%.80s\": %s", e->b.url.p, fault);
		return false;
	}
	if (e->locality == NULL)
		e->b.locality = is_own_host(u.host) ? LOCALITY_LOCAL :
		    LOCALITY_FRONTIER;
	if (e->b.locality == LOCALITY_LOCAL && !is_own_host(u.host)) {
		node_error(c, e->locality, "local is this machine, and %.*s "
		    "may be another: write 127.0.0.1, or locality: site",
		    (int)u.host.len, u.host.p);
		return false;
	}
	if (e->b.locality == LOCALITY_FRONTIER && !u.tls) {
		node_error(c, at, "a backend beyond this site needs https://");
		return false;
	}
	return true;
}

/* Ollama answers for some models by asking a provider. */
static void
check_cloud(struct compile *c, struct entry *e)
{
	bool local = e->b.locality == LOCALITY_LOCAL;

	if (e->cloud == NULL)
		e->b.require_no_cloud = local;
	if (local && !e->b.require_no_cloud)
		node_error(c, e->cloud, "without this, what is asked of this "
		    "machine may be sent on: then its locality is frontier");
	for (uint32_t i = 0; local && i < e->b.nmodels; i++) {
		struct str m = e->b.models[i].model;

		if (str_has_suffix(m, STR(":cloud")) ||
		    str_has_suffix(m, STR("-cloud")))
			node_error(c, e->models, "%.80s is a model that "
			    "ollama sends on to its provider, so this is not "
			    "local", m.p);
	}
}

/* ---- the list */

static bool
same_backend(const struct pol_backend *x, const struct pol_backend *y)
{
	if (!str_eq(x->url, y->url) || !str_eq(x->region, y->region) ||
	    !str_eq(x->key, y->key) || x->kind != y->kind ||
	    x->locality != y->locality || x->retention != y->retention ||
	    x->require_no_cloud != y->require_no_cloud ||
	    x->nmodels != y->nmodels)
		return false;
	for (uint32_t i = 0; i < x->nmodels; i++)
		if (!str_eq(x->models[i].alias, y->models[i].alias) ||
		    !str_eq(x->models[i].model, y->models[i].model))
			return false;
	return true;
}

static void
backend_add(struct compile *c, const struct pol_backend *b,
    const struct node *at)
{
	struct pol_models *m = &c->pol.models;

	if (m->backends == NULL)
		m->backends = take_mem(c, BACKENDS_MAX,
		    sizeof(*m->backends));
	for (uint32_t i = 0; i < m->nbackends; i++) {
		const struct pol_backend *old = &m->backends[i];

		if (!str_eq(old->name, b->name))
			continue;
		if (!same_backend(old, b))
			node_error(c, at, "backend %.64s is said differently "
			    "in %s:%u:%u: make both the same, or remove one",
			    b->name.p, old->at->doc->name, old->at->line,
			    old->at->column);
		return;
	}
	if (m->nbackends == BACKENDS_MAX - 2)
		node_error(c, at, "more than %d backends", BACKENDS_MAX - 2);
	else
		m->backends[m->nbackends++] = *b;
}

static void
check_backend(struct compile *c, const struct node *name,
    const struct node *n)
{
	static const struct key keys[] = {
		{ "kind", WANT_WORD, on_kind, NULL },
		{ "url", WANT_WORD, on_url, NULL },
		{ "locality", WANT_WORD, on_locality, NULL },
		{ "region", WANT_WORD, on_region, NULL },
		{ "retention", WANT_WORD, on_retention, NULL },
		{ "key", WANT_ANY, on_key, NULL },
		{ "models", WANT_MAP, on_models, NULL },
		{ "require_no_cloud", WANT_BOOL, on_cloud, NULL },
	};
	struct entry e = { .b = { .name = name->text, .at = name,
		.locality = LOCALITY_FRONTIER } };
	size_t before = c->diags->errors;

	check_map(c, n, keys, NELEM(keys), &e, "a backend");
	if (n->kind == NODE_MAP && e.kind == NULL &&
	    c->diags->errors == before)
		node_error(c, name, "a backend needs kind");
	if (!is_name(name->text) || str_eqz(name->text, "none"))
		node_error(c, name, "a backend's name has 1 to %d letters, "
		    "digits, - _ and ., and is not none", NAME_BYTES_MAX);
	if (c->diags->errors != before)
		return;
	if (e.url == NULL && kinds[e.b.kind].url == NULL)
		node_error(c, name, "a backend of kind %s needs url",
		    kinds[e.b.kind].name);
	if (e.url == NULL)
		e.b.url = str_c(kinds[e.b.kind].url);
	if (str_eqz(name->text, "local") && e.locality == NULL)
		e.b.locality = LOCALITY_LOCAL;
	if (c->diags->errors == before && check_url(c, &e, e.url != NULL ?
		e.url : name))
		check_cloud(c, &e);
	if (str_eqz(name->text, "local") && e.b.locality != LOCALITY_LOCAL &&
	    c->diags->errors == before)
		node_error(c, name, "the backend that is named local must "
		    "be: give this one another name");
	if (c->diags->errors == before)
		backend_add(c, &e.b, name);
}

void
check_backends(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_backend(c, n->items[2 * (size_t)i],
		    n->items[2 * (size_t)i + 1]);
}

static int
by_name(const void *a, const void *b)
{
	const struct pol_backend *x = a, *y = b;

	return strcmp(x->name.p, y->name.p); /* scalars end in a NUL */
}

static void
add_own(struct compile *c, struct str name, enum backend_kind kind,
    enum locality locality)
{
	struct pol_models *m = &c->pol.models;
	struct pol_backend b = { .name = name, .kind = kind,
		.url = str_c(kinds[kind].url), .locality = locality,
		.require_no_cloud = locality == LOCALITY_LOCAL };

	if (m->backends == NULL)
		m->backends = take_mem(c, BACKENDS_MAX,
		    sizeof(*m->backends));
	for (uint32_t i = 0; i < m->nbackends; i++)
		if (str_eq(m->backends[i].name, name))
			return;
	m->backends[m->nbackends++] = b;
}

void
backends_close(struct compile *c)
{
	struct pol_models *m = &c->pol.models;

	add_own(c, STR("local"), BACKEND_OLLAMA, LOCALITY_LOCAL);
	add_own(c, STR("frontier"), BACKEND_PROVIDER, LOCALITY_FRONTIER);
	qsort(m->backends, m->nbackends, sizeof(*m->backends), by_name);
	for (uint32_t i = 0; i < m->nbackends; i++)
		m->backends[i].index = i;
}

const struct pol_backend *
backend_find(struct compile *c, const struct node *n)
{
	const struct pol_models *m = &c->pol.models;
	const char *names[BACKENDS_MAX], *near;

	for (uint32_t i = 0; i < m->nbackends; i++) {
		if (str_eq(m->backends[i].name, n->text))
			return &m->backends[i];
		names[i] = m->backends[i].name.p;
	}
	near = word_near(n->text, names, m->nbackends);
	if (near != NULL)
		node_error(c, n, "no such backend: did you mean \"%s\"?",
		    near);
	else
		node_error(c, n, "no such backend: declare \"%.64s\" under "
		    "backends (local and frontier are there)", n->text.p);
	return NULL;
}
