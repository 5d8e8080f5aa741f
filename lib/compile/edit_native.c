/* edit_native.c -- edits of the native network section.
 *
 * Its entries stand for themselves: none inherits what another says, so what
 * is added is an entry of its own, with the programs and addresses that the
 * one it belongs to has. */
#include <stdio.h>
#include <stdlib.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/check.h"
#include "compile/edit_work.h"

/* ---- entries */

static struct node *
host_of(const struct node *entry)
{
	struct node *n = work_find(entry, "endpoint");

	return n != NULL ? n : work_find(entry, "destination");
}

static void
add_spots(struct edit_doc *d, struct node *list, bool deny, struct str host,
    uint16_t port, struct spots *out)
{
	uint32_t unused;

	for (uint32_t i = 0; list != NULL && list->kind == NODE_LIST &&
	    i < list->n && out->n < SPOTS_MAX; i++) {
		struct node *item = list->items[i], *name = host_of(item);
		const struct node *ports = work_find(item, "ports");

		if (name == NULL || name->kind != NODE_SCALAR ||
		    !str_case_eq(name->text, host) ||
		    (!(deny && ports == NULL) &&
		    !ports_hold(ports, port, &unused)))
			continue;
		out->v[out->n++] = (struct spot){ .d = d, .list = list,
			.i = i, .item = item, .deny = deny };
	}
}

void
native_spots(struct work *w, struct str host, uint16_t port,
    struct spots *out)
{
	for (uint32_t i = 0; i < w->n; i++) {
		struct edit_doc *d = &w->docs[i];
		const struct node *net = work_find(d->doc.root, "network");

		if (d->file->maximum)
			continue;
		add_spots(d, work_find(net, "allow"), false, host, port, out);
		add_spots(d, work_find(net, "egress"), false, host, port,
		    out);
		add_spots(d, work_find(net, "deny"), true, host, port, out);
	}
}

bool
native_at(struct work *w, struct str file, uint32_t line, struct spot *out)
{
	static const char *const lists[] = { "allow", "egress", "deny" };

	for (uint32_t i = 0; i < w->n * NELEM(lists); i++) {
		struct edit_doc *d = &w->docs[i / NELEM(lists)];
		struct node *list = work_find(work_find(d->doc.root,
		    "network"), lists[i % NELEM(lists)]);

		if (!str_eqz(file, d->file->name) || list == NULL ||
		    list->kind != NODE_LIST)
			continue;
		for (uint32_t k = 0; k < list->n; k++)
			if (list->items[k]->line == line) {
				*out = (struct spot){ .d = d, .list = list,
					.i = k, .item = list->items[k],
					.deny = i % NELEM(lists) == 2 };
				return true;
			}
	}
	return false;
}

/* Are the bytes of it looked at? */
static bool
is_inspected(const struct node *entry)
{
	static const char *const raw[] = { "tls", "tcp", "ssh", "smtp",
		"smtps", "imaps", "postgres", "redis" };
	const struct node *protocols = work_find(entry, "protocols");

	for (size_t i = 0; i < NELEM(raw); i++)
		if (words_hold(protocols, str_c(raw[i])))
			return false;
	return true;
}

/* ---- writing one */

struct pen { /* the same entry in both forms */
	struct edit_doc *d;
	struct buf flow, block;
};

static void
pen_put(struct pen *p, const char *key, const char *value)
{
	bool first = p->flow.len == 0;

	must(buf_printf(&p->flow, "%s%s: %s", first ? "{" : ", ", key,
	    value));
	must(buf_printf(&p->block, "%s%s: %s", first ? "" : "\n", key,
	    value));
}

static void
pen_list(struct pen *p, const char *key, const struct str *v, uint32_t n)
{
	struct buf b;
	char *text;

	if (n == 0)
		return;
	buf_init(&b, POLICY_BYTES_MAX);
	for (uint32_t i = 0; i < n; i++)
		must(buf_printf(&b, "%s%s", i == 0 ? "[" : ", ",
		    edit_quote(p->d, v[i])));
	must(buf_addz(&b, "]"));
	text = buf_take(&b, NULL);
	pen_put(p, key, text);
	free(text);
}

/* The words of a list that another entry has. */
static void
pen_copy(struct pen *p, const struct node *entry, const char *key)
{
	const struct node *list = work_find(entry, key);
	struct str v[LIST_MAX];
	uint32_t n = 0;

	for (; list != NULL && list->kind == NODE_LIST && n < list->n &&
	    n < LIST_MAX; n++)
		v[n] = list->items[n]->text;
	pen_list(p, key, v, n);
}

static void
pen_open(struct pen *p, struct edit_doc *d, const struct edit *ed)
{
	char port[16];

	*p = (struct pen){ .d = d };
	buf_init(&p->flow, POLICY_BYTES_MAX);
	buf_init(&p->block, POLICY_BYTES_MAX);
	pen_put(p, "endpoint", edit_quote(d, ed->host));
	(void)snprintf(port, sizeof(port), "[%u]", ed->port);
	pen_put(p, "ports", port);
}

/* The lines behind "head", the later ones as far in as it is. */
static char *
hang(const char *head, const char *lines)
{
	size_t by = strlen(head) - (strrchr(head, '\n') == NULL ? 0 :
	    (size_t)(strrchr(head, '\n') - head) + 1);
	struct buf b;

	buf_init(&b, POLICY_BYTES_MAX);
	must(buf_addz(&b, head));
	for (; *lines != '\0'; lines++) {
		must(buf_add(&b, lines, 1));
		if (*lines == '\n')
			must(buf_printf(&b, "%*s", (int)by, ""));
	}
	return buf_take(&b, NULL);
}

/* A document, or its network section, that has no such list yet. */
static int
insert_first(struct work *w, struct edit_doc *d, struct node *net,
    const char *name, const struct snip *s)
{
	char *flow = net == NULL ? mem_printf("{%s: [%s]}", name, s->flow) :
	    mem_printf("[%s]", s->flow);
	char *head = net == NULL ? mem_printf("%s:\n  - ", name) :
	    mem_strdup("- ");
	char *block = hang(head, s->block);
	struct snip in = { flow, block };
	int rc = edit_add_key(d, net == NULL ? d->doc.root : net,
	    net == NULL ? "network" : name, &in, w->e);

	free(flow);
	free(head);
	free(block);
	return rc;
}

/* Into the list of that name. */
static int
insert(struct work *w, struct edit_doc *d, const char *name,
    const struct snip *s)
{
	struct node *root = d->doc.root, *net = work_find(root, "network");
	struct node *list = work_find(net, name);

	if (list == NULL && strcmp(name, "allow") == 0)
		list = work_find(net, "egress");
	if (list != NULL && list->kind == NODE_LIST)
		return edit_insert_item(d, list, s, w->e);
	if (list != NULL || (root != NULL && root->kind != NODE_MAP) ||
	    (net != NULL && net->kind != NODE_MAP))
		return work_refuse(w, "%s: network has no list of that kind",
		    d->file->name);
	return insert_first(w, d, net, name, s);
}

static int
pen_insert(struct work *w, struct pen *p, const char *list)
{
	struct snip s;
	int rc;

	must(buf_addz(&p->flow, "}"));
	s.flow = buf_take(&p->flow, NULL);
	s.block = buf_take(&p->block, NULL);
	rc = insert(w, p->d, list, &s);
	free((void *)(uintptr_t)s.flow);
	free((void *)(uintptr_t)s.block);
	return rc;
}

/* ---- an endpoint */

/* One place cannot be looked into and passed over at once; and an entry for
 * some programs is not opened to all by another one. */
static int
fits(struct work *w, const struct edit *ed, bool inspected,
    const struct spots *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct spot *p = &s->v[i];

		if (p->deny || p->rules != NULL)
			continue;
		if (is_inspected(p->item) != inspected)
			return work_refuse(w, "%s:%u has it %s: one host and "
			    "port is spoken in one way", p->d->file->name,
			    p->item->line, inspected ? "uninspected" :
			    "inspected");
		if (ed->nbinaries == 0 &&
		    work_find(p->item, "binaries") != NULL)
			return work_refuse(w, "%s:%u allows it to some "
			    "programs alone, and this would to all: say "
			    "--binary", p->d->file->name, p->item->line);
	}
	return 0;
}

/* rest, websocket and the like are words of the older schema. */
static uint32_t
protocol_words(struct str word, struct str out[2])
{
	if (word.len == 0)
		return 0;
	if (str_eqz(word, "rest") || str_eqz(word, "websocket")) {
		bool ws = str_eqz(word, "websocket");

		out[0] = ws ? STR("wss") : STR("https");
		out[1] = ws ? STR("ws") : STR("http");
		return 2;
	}
	out[0] = word;
	return 1;
}

static uint32_t
access_methods(struct str word, struct str out[6])
{
	static const struct str all[] = { { "GET", 3 }, { "HEAD", 4 },
		{ "OPTIONS", 7 }, { "POST", 4 }, { "PUT", 3 },
		{ "PATCH", 5 } };
	uint32_t n = str_eqz(word, "read-only") ? 3 :
	    str_eqz(word, "read-write") ? 6 : 0;

	for (uint32_t i = 0; i < n; i++)
		out[i] = all[i];
	return n;
}

/* As an entry has it: what is not said there is not there. */
static bool
list_is(const struct node *entry, const char *key, const struct str *v,
    uint32_t n)
{
	const struct node *list = work_find(entry, key);

	if (list == NULL || list->kind != NODE_LIST)
		return n == 0;
	if (list->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!words_hold(list, v[i]))
			return false;
	return true;
}

int
native_add_endpoint(struct work *w, struct edit_doc *d,
    const struct edit *ed, const struct spots *s)
{
	struct str protocols[2], methods[6];
	uint32_t np = protocol_words(ed->protocol, protocols);
	uint32_t nm = access_methods(ed->access, methods);
	bool inspected = np == 0 || (!str_eqz(protocols[0], "tls") &&
	    !str_eqz(protocols[0], "tcp"));
	struct pen p;

	if (ed->enforcement.len > 0 && !str_eqz(ed->enforcement, "enforce"))
		return work_refuse(w, "a native entry is enforced; to record "
		    "alone, policy_mode: audit is of the whole policy");
	if (nm > 0 && !inspected)
		return work_refuse(w, "access is of requests, and %.*s is not "
		    "looked into", (int)protocols[0].len, protocols[0].p);
	if (fits(w, ed, inspected, s) == -1)
		return -1;
	for (uint32_t i = 0; i < s->n; i++)
		if (!s->v[i].deny && s->v[i].rules == NULL &&
		    list_is(s->v[i].item, "methods", methods, nm) &&
		    list_is(s->v[i].item, "paths", NULL, 0) &&
		    list_is(s->v[i].item, "allowed_ips", ed->ips, ed->nips) &&
		    list_is(s->v[i].item, "binaries", ed->binaries,
			ed->nbinaries)) {
			work_note(w, "%.*s: %s:%u says it already",
			    (int)ed->said.len, ed->said.p,
			    s->v[i].d->file->name, s->v[i].item->line);
			return 0;
		}
	pen_open(&p, d, ed);
	pen_list(&p, "protocols", protocols, np);
	pen_list(&p, "methods", methods, nm);
	pen_list(&p, "allowed_ips", ed->ips, ed->nips);
	pen_list(&p, "binaries", ed->binaries, ed->nbinaries);
	return pen_insert(w, &p, "allow");
}

/* ---- a request */

/* The allow that it belongs to, or NULL; *rc -1: they differ in who may use
 * them and how, or are not looked into. */
static const struct node *
base_of(struct work *w, const struct edit *ed, const struct spots *s, int *rc)
{
	static const char *const keys[] = { "binaries", "allowed_ips",
		"protocols" };
	const struct spot *base = NULL;
	char places[256];

	*rc = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct spot *p = &s->v[i];

		if (p->deny || p->rules != NULL)
			continue;
		if (!is_inspected(p->item)) {
			*rc = work_refuse(w, "%s:%u is not inspected: it has "
			    "no methods and paths", p->d->file->name,
			    p->item->line);
			return NULL;
		}
		for (size_t k = 0; base != NULL && k < NELEM(keys); k++)
			if (!words_same(work_find(base->item, keys[k]),
				work_find(p->item, keys[k]))) {
				*rc = work_refuse(w, "%.*s:%u stands in "
				    "several entries that differ in %s: %s; "
				    "write the rule by hand",
				    (int)ed->host.len, ed->host.p, ed->port,
				    keys[k], work_places(s, places,
				    sizeof(places)));
				return NULL;
			}
		base = base == NULL ? p : base;
	}
	return base == NULL ? NULL : base->item;
}

static bool
covers(const struct node *entry, const struct edit *ed)
{
	const struct node *methods = work_find(entry, "methods");
	const struct node *paths = work_find(entry, "paths");
	const struct node *binaries = work_find(entry, "binaries");

	for (uint32_t i = 0; binaries != NULL && i < ed->nbinaries; i++)
		if (!words_hold(binaries, ed->binaries[i]))
			return false;
	return (methods == NULL || words_hold(methods, ed->method)) &&
	    (paths == NULL || words_hold(paths, ed->path));
}

static bool
is_there(struct work *w, const struct edit *ed, const struct spots *s,
    bool deny)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->v[i].deny == deny && s->v[i].rules == NULL &&
		    covers(s->v[i].item, ed)) {
			work_note(w, "%.*s: %s:%u says it already",
			    (int)ed->said.len, ed->said.p,
			    s->v[i].d->file->name, s->v[i].item->line);
			return true;
		}
	return false;
}

/* A deny takes from an allow: of this name, or of any that might hold it. */
static bool
may_deny(const struct work *w, const struct node *base)
{
	for (uint32_t i = 0; base == NULL && i < w->n; i++) {
		const struct node *net = work_find(w->docs[i].doc.root,
		    "network"), *list = work_find(net, "allow");
		const struct node *word = work_find(net, "default_policy");

		if (list == NULL)
			list = work_find(net, "egress");
		if (word != NULL && str_eqz(word->text, "allow"))
			return true;
		for (uint32_t k = 0; list != NULL &&
		    list->kind == NODE_LIST && k < list->n; k++) {
			const struct node *h = host_of(list->items[k]);

			if (h != NULL && str_index(h->text, '*') <
			    h->text.len)
				return true;
		}
	}
	return base != NULL;
}

int
native_add_request(struct work *w, struct edit_doc *d, const struct edit *ed,
    const struct spots *s)
{
	bool deny = ed->kind == EDIT_ADD_DENY;
	int rc;
	const struct node *base = base_of(w, ed, s, &rc);
	struct pen p;

	if (rc == -1 || is_there(w, ed, s, deny))
		return rc;
	if (deny && !may_deny(w, base))
		return work_refuse(w, "nothing allows %.*s:%u, so there is "
		    "nothing to deny", (int)ed->host.len, ed->host.p,
		    ed->port);
	pen_open(&p, d, ed);
	if (base != NULL && !deny)
		pen_copy(&p, base, "protocols");
	if (!str_eqz(ed->method, "*"))
		pen_list(&p, "methods", &ed->method, 1);
	if (!str_eqz(ed->path, "**") && !str_eqz(ed->path, "/**"))
		pen_list(&p, "paths", &ed->path, 1);
	if (base != NULL && !deny) {
		pen_copy(&p, base, "allowed_ips");
		if (ed->nbinaries == 0)
			pen_copy(&p, base, "binaries");
	}
	pen_list(&p, "binaries", ed->binaries, ed->nbinaries);
	return pen_insert(w, &p, deny ? "deny" : "allow");
}

/* ---- removals: they only ever narrow */

int
native_remove_endpoint(struct work *w, const struct edit *ed,
    const struct spot *s)
{
	struct node *ports = work_find(s->item, "ports");
	uint32_t n;
	uint64_t v;

	(void)ports_hold(ports, ed->port, &n);
	if (ports == NULL || n == 1)
		return edit_remove_item(s->d, s->list, s->i, w->e);
	for (uint32_t i = 0; i < ports->n; i++)
		if (str_u64(ports->items[i]->text, UINT16_MAX, &v) &&
		    v == ed->port)
			return edit_remove_item(s->d, ports, i, w->e);
	return work_refuse(w, "%s:%u: its ports are not a list",
	    s->d->file->name, s->item->line);
}

static int
no_deny(struct work *w, const struct spot *s)
{
	return work_refuse(w, "%s:%u is a deny, and without it more would be "
	    "allowed: edit the file, and use policy set", s->d->file->name,
	    s->item->line);
}

int
native_remove_rule(struct work *w, const struct edit *ed,
    const struct spot *s)
{
	(void)ed;
	return s->deny ? no_deny(w, s) :
	    edit_remove_item(s->d, s->list, s->i, w->e);
}

int
native_remove_binary(struct work *w, const struct edit *ed,
    const struct spot *s)
{
	struct node *list = work_find(s->item, "binaries");

	if (s->deny)
		return no_deny(w, s);
	if (list == NULL || list->kind != NODE_LIST || list->n == 0)
		return work_refuse(w, "%s:%u names no programs: it is for all "
		    "of them", s->d->file->name, s->item->line);
	for (uint32_t i = 0; i < list->n; i++) {
		if (!str_eq(list->items[i]->text, ed->binaries[0]))
			continue;
		if (list->n > 1)
			return edit_remove_item(s->d, list, i, w->e);
		/* Without a list it would be for all. */
		work_note(w, "that was its last program: the entry is gone");
		return edit_remove_item(s->d, s->list, s->i, w->e);
	}
	return work_refuse(w, "%s:%u does not name %.*s", s->d->file->name,
	    s->item->line, (int)ed->binaries[0].len, ed->binaries[0].p);
}
