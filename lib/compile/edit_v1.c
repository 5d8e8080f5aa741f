/* edit_v1.c -- edits of network_policies, in the older schema.
 *
 * There a rule is every program of it at every endpoint of it: one more of
 * either would be met by all of the other. What nobody asked for is refused,
 * with the name of what would have got it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "compile/check.h"
#include "compile/edit_work.h"

/* ---- what there is */

static struct node *
rules_of(const struct edit_doc *d)
{
	struct node *n = work_is_v1(d) ? work_find(d->doc.root,
	    "network_policies") : NULL;

	return n != NULL && n->kind == NODE_MAP ? n : NULL;
}

bool
v1_rule(const struct edit_doc *d, struct str name, struct node **rules,
    uint32_t *i)
{
	*rules = rules_of(d);
	for (*i = 0; *rules != NULL && *i < (*rules)->n; (*i)++)
		if (str_eq((*rules)->items[2 * *i]->text, name))
			return true;
	return false;
}

static struct node *
list_in(const struct node *rules, uint32_t i, const char *key)
{
	struct node *n = work_find(rules->items[2 * i + 1], key);

	return n != NULL && n->kind == NODE_LIST ? n : NULL;
}

static const struct node *
ports_of(const struct node *end)
{
	const struct node *n = work_find(end, "ports");

	return n != NULL ? n : work_find(end, "port");
}

static void
add_rule_spots(struct edit_doc *d, struct node *rules, uint32_t rule,
    struct str host, uint16_t port, struct spots *out)
{
	struct node *list = list_in(rules, rule, "endpoints");
	uint32_t unused;

	for (uint32_t i = 0; list != NULL && i < list->n &&
	    out->n < SPOTS_MAX; i++) {
		struct node *end = list->items[i];
		const struct node *name = work_find(end, "host");
		const struct node *ports = ports_of(end);

		if (name == NULL || name->kind != NODE_SCALAR ||
		    ports == NULL || !str_case_eq(name->text, host) ||
		    !ports_hold(ports, port, &unused))
			continue;
		out->v[out->n++] = (struct spot){ .d = d, .list = list,
			.i = i, .item = end, .rules = rules, .rule = rule };
	}
}

void
v1_spots(struct work *w, struct str host, uint16_t port, struct spots *out)
{
	for (uint32_t i = 0; i < w->n; i++) {
		struct node *rules = rules_of(&w->docs[i]);

		for (uint32_t k = 0; rules != NULL && !w->docs[i].file->maximum
		    && k < rules->n; k++)
			add_rule_spots(&w->docs[i], rules, k, host, port,
			    out);
	}
}

/* A program of a rule, or NULL. */
static const struct node *
program_of(const struct node *binaries, uint32_t i)
{
	const struct node *n = work_find(binaries->items[i], "path");

	return n != NULL && n->kind == NODE_SCALAR ? n : NULL;
}

static bool
rule_has(const struct node *binaries, struct str program)
{
	for (uint32_t i = 0; binaries != NULL && i < binaries->n; i++) {
		const struct node *n = program_of(binaries, i);

		if (n != NULL && str_eq(n->text, program))
			return true;
	}
	return false;
}

static bool
edit_has(const struct edit *ed, struct str program)
{
	for (uint32_t i = 0; i < ed->nbinaries; i++)
		if (str_eq(ed->binaries[i], program))
			return true;
	return false;
}

/* ---- an endpoint */

static char *
generated_name(const struct edit *ed)
{
	char name[HOST_BYTES_MAX + 16];
	size_t n = 0;

	for (size_t i = 0; i < ed->host.len && n < sizeof(name) - 1; i++) {
		char c = ed->host.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			name[n++] = c;
		else if (c >= 'A' && c <= 'Z')
			name[n++] = (char)(c | 0x20);
		else if (c == '.' || c == '-')
			name[n++] = '_';
	}
	return mem_printf("allow_%.*s_%u", (int)n, name, ed->port);
}

static bool
is_raw(struct str protocol)
{
	return protocol.len == 0 || str_eqz(protocol, "tcp");
}

static struct str
word_of(const struct node *end, const char *key)
{
	const struct node *n = work_find(end, key);

	return n != NULL && n->kind == NODE_SCALAR ? n->text : STR("");
}

static struct str
protocol_of(const struct edit *ed)
{
	return ed->protocol.len == 0 && ed->access.len > 0 ? STR("rest") :
	    ed->protocol;
}

static int
fits(struct work *w, const struct edit *ed, const struct spots *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct str has = word_of(s->v[i].item, "protocol");

		if (s->v[i].rules == NULL ||
		    str_eq(has, protocol_of(ed)) ||
		    (is_raw(has) && is_raw(protocol_of(ed))))
			continue;
		return work_refuse(w, "%s:%u has it with protocol %.*s: one "
		    "host and port is spoken in one way",
		    s->v[i].d->file->name, s->v[i].item->line,
		    has.len == 0 ? 4 : (int)has.len, has.len == 0 ? "none" :
		    has.p);
	}
	return 0;
}

static char *
endpoint_text(struct edit_doc *d, const struct edit *ed, const char *sep)
{
	struct str protocol = protocol_of(ed);
	struct buf b;

	buf_init(&b, POLICY_BYTES_MAX);
	must(buf_printf(&b, "host: %s%sport: %u", edit_quote(d, ed->host),
	    sep, ed->port));
	if (protocol.len > 0)
		must(buf_printf(&b, "%sprotocol: %s", sep,
		    edit_quote(d, protocol)));
	if (ed->access.len > 0)
		must(buf_printf(&b, "%saccess: %s", sep,
		    edit_quote(d, ed->access)));
	if (protocol.len > 0 && !is_raw(protocol))
		must(buf_printf(&b, "%senforcement: %s", sep,
		    ed->enforcement.len == 0 ? "enforce" :
		    edit_quote(d, ed->enforcement)));
	for (uint32_t i = 0; i < ed->nips; i++)
		must(buf_printf(&b, "%s%s%s", i == 0 ? sep : ", ",
		    i == 0 ? "allowed_ips: [" : "",
		    edit_quote(d, ed->ips[i])));
	if (ed->nips > 0)
		must(buf_addz(&b, "]"));
	return buf_take(&b, NULL);
}

static int
insert_endpoint(struct work *w, struct edit_doc *d, const struct edit *ed,
    struct node *list)
{
	char *inner = endpoint_text(d, ed, ", ");
	char *flow = mem_printf("{%s}", inner);
	char *block = endpoint_text(d, ed, "\n");
	struct snip s = { flow, block };
	int rc = edit_insert_item(d, list, &s, w->e);

	free(inner);
	free(flow);
	free(block);
	return rc;
}

static int
new_rule(struct work *w, struct edit_doc *d, const struct edit *ed,
    const char *name)
{
	struct node *rules = rules_of(d);
	char *end = endpoint_text(d, ed, ", "), *flow, *block, *whole;
	struct buf b;
	struct snip s;
	int rc;

	if (ed->nbinaries == 0) {
		free(end);
		return work_refuse(w, "a rule here is for programs that it "
		    "names: say which with --binary");
	}
	buf_init(&b, POLICY_BYTES_MAX);
	for (uint32_t i = 0; i < ed->nbinaries; i++)
		must(buf_printf(&b, "%s{path: %s}", i == 0 ? "" : ", ",
		    edit_quote(d, ed->binaries[i])));
	flow = mem_printf("{endpoints: [{%s}], binaries: [%.*s]}", end,
	    (int)b.len, buf_str(&b).p);
	block = mem_printf("endpoints:\n  - {%s}\nbinaries: [%.*s]", end,
	    (int)b.len, buf_str(&b).p);
	whole = mem_printf("{%s: %s}", name, flow);
	s = rules != NULL ? (struct snip){ flow, block } :
	    (struct snip){ whole, NULL };
	rc = edit_add_key(d, rules != NULL ? rules : d->doc.root,
	    rules != NULL ? name : "network_policies", &s, w->e);
	buf_fini(&b);
	free(whole);
	free(block);
	free(flow);
	free(end);
	return rc;
}

/* Who would get what, beside what was asked for; "" if nobody. */
static bool
inherits(struct work *w, const struct edit *ed, const struct node *rules,
    uint32_t at, bool there)
{
	const struct node *ends = list_in(rules, at, "endpoints");
	const struct node *bins = list_in(rules, at, "binaries");
	struct str name = rules->items[2 * at]->text;

	for (uint32_t i = 0; !there && bins != NULL && i < bins->n; i++) {
		const struct node *n = program_of(bins, i);

		if (n != NULL && !edit_has(ed, n->text)) {
			(void)work_refuse(w, "%.*s of rule %.*s would get it, "
			    "too: name it with --binary, or choose another "
			    "--rule-name", (int)n->text.len, n->text.p,
			    (int)name.len, name.p);
			return true;
		}
	}
	for (uint32_t i = 0; i < ed->nbinaries; i++)
		if (!rule_has(bins, ed->binaries[i]) && ends != NULL &&
		    ends->n > (there ? 1U : 0U)) {
			(void)work_refuse(w, "%.*s would get all else that "
			    "rule %.*s has, too: choose another --rule-name",
			    (int)ed->binaries[i].len, ed->binaries[i].p,
			    (int)name.len, name.p);
			return true;
		}
	return false;
}

/* One more program of a rule with this endpoint alone. */
static int
add_programs(struct work *w, struct edit_doc *d, const struct edit *ed,
    struct str name)
{
	for (uint32_t i = 0; i < ed->nbinaries; i++) {
		struct node *rules, *bins;
		struct snip s = { NULL, NULL };
		char *flow;
		uint32_t at;
		int rc;

		must(v1_rule(d, name, &rules, &at));
		bins = list_in(rules, at, "binaries");
		if (rule_has(bins, ed->binaries[i]))
			continue;
		if (bins == NULL)
			return work_refuse(w, "rule %.*s names no programs",
			    (int)name.len, name.p);
		flow = mem_printf("{path: %s}",
		    edit_quote(d, ed->binaries[i]));
		s.flow = flow;
		rc = edit_insert_item(d, bins, &s, w->e);
		free(flow);
		if (rc == -1)
			return -1;
	}
	return 0;
}

static int
into_rule(struct work *w, struct edit_doc *d, const struct edit *ed,
    struct node *rules, uint32_t at)
{
	struct spots *s = mem_alloc(1, sizeof(*s));
	struct node *ends = list_in(rules, at, "endpoints");
	struct str name = rules->items[2 * at]->text;
	struct str access = STR("");
	bool there;

	add_rule_spots(d, rules, at, ed->host, ed->port, s);
	there = s->n > 0;
	if (there)
		access = word_of(s->v[0].item, "access");
	free(s);
	if (there && !str_eq(access, ed->access))
		return work_refuse(w, "rule %.*s has it already, with another "
		    "access: remove it first", (int)name.len, name.p);
	if (inherits(w, ed, rules, at, there))
		return -1;
	if (there) {
		bool was = d->changed;
		int rc;

		d->changed = false;
		rc = add_programs(w, d, ed, name);
		if (rc == 0 && !d->changed)
			work_note(w, "%.*s: it is there already",
			    (int)ed->said.len, ed->said.p);
		d->changed |= was;
		return rc;
	}
	if (ends == NULL)
		return work_refuse(w, "rule %.*s has no list of endpoints",
		    (int)name.len, name.p);
	return insert_endpoint(w, d, ed, ends);
}

int
v1_add_endpoint(struct work *w, struct edit_doc *d, const struct edit *ed,
    const struct spots *s)
{
	char *made = generated_name(ed);
	struct str name = ed->rule.len > 0 ? ed->rule : str_c(made);
	struct node *rules;
	uint32_t at;
	int rc;

	if (edit_quote(d, name)[0] == '"')
		rc = work_refuse(w, "\"%.*s\" cannot be a rule's name: "
		    "letters, digits, _ and - can", (int)name.len, name.p);
	else if (fits(w, ed, s) == -1)
		rc = -1;
	else if (v1_rule(d, name, &rules, &at))
		rc = into_rule(w, d, ed, rules, at);
	else
		rc = new_rule(w, d, ed, edit_quote(d, name));
	free(made);
	return rc;
}

/* ---- a request */

static bool
says(const struct node *item, const struct edit *ed)
{
	const struct node *allow = work_find(item, "allow");
	const struct node *n = allow != NULL ? allow : item;

	return str_case_eq(word_of(n, "method"), ed->method) &&
	    str_eq(word_of(n, "path"), ed->path);
}

/* The preset, spelled out: what it allowed, it goes on to allow. */
static int
expand(struct work *w, const struct spot *s, const char *more)
{
	static const char *const methods[] = { "GET", "HEAD", "OPTIONS",
		"POST", "PUT", "PATCH" };
	bool write = str_eqz(word_of(s->item, "access"), "read-write");
	uint32_t key = 0, rule = s->rule, end = s->i;
	struct edit_doc *d = s->d;
	struct node *item = s->item;
	struct snip in;
	struct buf b;
	char *flow;
	int rc;

	buf_init(&b, POLICY_BYTES_MAX);
	for (uint32_t i = 0; i < (write ? 6U : 3U); i++)
		must(buf_printf(&b, "{allow: {method: %s, path: \"**\"}}, ",
		    methods[i]));
	must(buf_addz(&b, more));
	work_note(w, "access: %s was spelled out as rules, to add one",
	    write ? "read-write" : "read-only");
	flow = mem_printf("[%.*s]", (int)b.len, buf_str(&b).p);
	buf_fini(&b);
	in = (struct snip){ flow, NULL };
	rc = edit_add_key(d, item, "rules", &in, w->e);
	free(flow);
	if (rc == -1)
		return -1;
	item = list_in(rules_of(d), rule, "endpoints")->items[end];
	while (key < item->n && !str_eqz(item->items[2 * key]->text,
	    "access"))
		key++;
	must(key < item->n);
	return edit_remove_key(d, item, key, w->e);
}

static int
add_allow(struct work *w, const struct edit *ed, const struct spot *s,
    const char *rule)
{
	struct node *rules = work_find(s->item, "rules");
	char *flow = mem_printf("{allow: %s}", rule);
	struct str access = word_of(s->item, "access");
	struct snip in = { flow, NULL };
	int rc;

	if (str_eqz(access, "full")) {
		work_note(w, "%.*s: %s:%u allows all already",
		    (int)ed->said.len, ed->said.p, s->d->file->name,
		    s->item->line);
		rc = 0;
	} else if (rules != NULL && rules->kind == NODE_LIST) {
		rc = edit_insert_item(s->d, rules, &in, w->e);
	} else if (str_eqz(access, "read-only") ||
	    str_eqz(access, "read-write")) {
		rc = expand(w, s, flow);
	} else {
		rc = work_refuse(w, "%s:%u has neither access nor rules that "
		    "could be added to", s->d->file->name, s->item->line);
	}
	free(flow);
	return rc;
}

static int
add_deny(struct work *w, const struct spot *s, const char *rule)
{
	struct node *list = work_find(s->item, "deny_rules");
	char *flow = mem_printf("[%s]", rule);
	struct snip one = { rule, NULL }, all = { flow, NULL };
	int rc;

	rc = list != NULL && list->kind == NODE_LIST ?
	    edit_insert_item(s->d, list, &one, w->e) :
	    edit_add_key(s->d, s->item, "deny_rules", &all, w->e);
	free(flow);
	return rc;
}

int
v1_add_request(struct work *w, const struct edit *ed, const struct spot *s)
{
	bool deny = ed->kind == EDIT_ADD_DENY;
	const struct node *list = work_find(s->item, deny ? "deny_rules" :
	    "rules");
	struct str protocol = word_of(s->item, "protocol");
	uint32_t nports;
	char *rule;
	int rc;

	(void)ports_hold(ports_of(s->item), ed->port, &nports);
	if (is_raw(protocol))
		return work_refuse(w, "%s:%u is not inspected: it has no "
		    "methods and paths; protocol: rest has",
		    s->d->file->name, s->item->line);
	if (nports > 1)
		return work_refuse(w, "%s:%u has other ports, which would get "
		    "it, too: give port %u an endpoint of its own",
		    s->d->file->name, s->item->line, ed->port);
	for (uint32_t i = 0; list != NULL && list->kind == NODE_LIST &&
	    i < list->n; i++)
		if (says(list->items[i], ed)) {
			work_note(w, "%.*s: %s:%u says it already",
			    (int)ed->said.len, ed->said.p, s->d->file->name,
			    list->items[i]->line);
			return 0;
		}
	rule = mem_printf("{method: %s, path: %s}",
	    edit_quote(s->d, ed->method), edit_quote(s->d, ed->path));
	rc = deny ? add_deny(w, s, rule) : add_allow(w, ed, s, rule);
	free(rule);
	return rc;
}

/* ---- removals */

/* A deny here also bounds what other rules allow at the same place. */
static int
no_widening(struct work *w, struct edit_doc *d, const struct node *end)
{
	const struct node *name = work_find(end, "host");

	if (work_find(end, "deny_rules") == NULL || name == NULL)
		return 0;
	return work_refuse(w, "%s:%u has deny_rules, which may bound what other "
	    "rules allow: edit the file, and use policy set", d->file->name,
	    end->line);
}

static int
rule_denies(struct work *w, struct edit_doc *d, const struct node *rules,
    uint32_t i)
{
	const struct node *ends = list_in(rules, i, "endpoints");

	for (uint32_t k = 0; ends != NULL && k < ends->n; k++)
		if (no_widening(w, d, ends->items[k]) == -1)
			return -1;
	return 0;
}

int
v1_remove_rule(struct work *w, struct edit_doc *d, struct node *rules,
    uint32_t i)
{
	if (rule_denies(w, d, rules, i) == -1)
		return -1;
	return edit_remove_key(d, rules, i, w->e);
}

int
v1_remove_endpoint(struct work *w, const struct edit *ed,
    const struct spot *s)
{
	struct node *ports = work_find(s->item, "ports");
	uint64_t v;

	if (no_widening(w, s->d, s->item) == -1)
		return -1;
	for (uint32_t i = 0; ports != NULL && ports->n > 1 && i < ports->n;
	    i++)
		if (str_u64(ports->items[i]->text, UINT16_MAX, &v) &&
		    v == ed->port)
			return edit_remove_item(s->d, ports, i, w->e);
	if (s->list->n > 1)
		return edit_remove_item(s->d, s->list, s->i, w->e);
	work_note(w, "that was the last endpoint of rule %.*s: it is gone",
	    (int)s->rules->items[2 * s->rule]->text.len,
	    s->rules->items[2 * s->rule]->text.p);
	return edit_remove_key(s->d, s->rules, s->rule, w->e);
}

int
v1_remove_binary(struct work *w, const struct edit *ed, struct edit_doc *d,
    struct node *rules, uint32_t i)
{
	struct node *bins = list_in(rules, i, "binaries");
	struct str name = rules->items[2 * i]->text;

	if (bins == NULL || bins->n == 0)
		return work_refuse(w, "rule %.*s names no programs, so there "
		    "is none to take away", (int)name.len, name.p);
	if (!rule_has(bins, ed->binaries[0]))
		return work_refuse(w, "rule %.*s does not name %.*s",
		    (int)name.len, name.p, (int)ed->binaries[0].len,
		    ed->binaries[0].p);
	if (rule_denies(w, d, rules, i) == -1)
		return -1;
	for (uint32_t k = 0; bins->n > 1 && k < bins->n; k++) {
		const struct node *n = program_of(bins, k);

		if (n != NULL && str_eq(n->text, ed->binaries[0]))
			return edit_remove_item(d, bins, k, w->e);
	}
	work_note(w, "that was the last program of rule %.*s: it is gone",
	    (int)name.len, name.p);
	return v1_remove_rule(w, d, rules, i);
}
