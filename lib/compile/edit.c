/* edit.c -- a batch of edits over a set of documents: which document each is
 * about, and what all spellings have in common. */
#include "compile/edit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/check.h"
#include "compile/edit_work.h"

/* ---- what the others share */

bool
work_may_change(const struct edit_doc *d)
{
	return d->file->kind == POLICY_GIVEN && !d->file->maximum;
}

struct node *
work_find(const struct node *map, const char *key)
{
	for (uint32_t i = 0; map != NULL && map->kind == NODE_MAP &&
	    i < map->n; i++)
		if (str_eqz(map->items[2 * i]->text, key))
			return map->items[2 * i + 1];
	return NULL;
}

bool
work_is_v1(const struct edit_doc *d)
{
	const struct node *v = work_find(d->doc.root, "version");

	return v != NULL && v->kind == NODE_SCALAR && !v->quoted &&
	    str_eqz(v->text, "1");
}

void
work_note(struct work *w, const char *fmt, ...)
{
	char text[ERR_BYTES_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->out->notes = mem_grow(w->out->notes, w->out->nnotes + 1,
	    sizeof(*w->out->notes));
	w->out->notes[w->out->nnotes++] = mem_strdup(text);
}

int
work_refuse(struct work *w, const char *fmt, ...)
{
	char text[ERR_BYTES_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(w->e, ERR_DENIED, "%s", text);
}

const char *
work_places(const struct spots *s, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < s->n && len < cap; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s:%u",
		    i == 0 ? "" : ", ", s->v[i].d->file->name,
		    s->v[i].item->line);
	return out;
}

bool
ports_hold(const struct node *ports, uint16_t port, uint32_t *n)
{
	bool holds = false;
	uint64_t v;

	*n = ports != NULL && ports->kind == NODE_LIST ? ports->n : 1;
	if (ports == NULL)
		return port == 443;
	if (ports->kind == NODE_SCALAR)
		return str_u64(ports->text, UINT16_MAX, &v) && v == port;
	for (uint32_t i = 0; ports->kind == NODE_LIST && i < ports->n; i++)
		holds = holds || (ports->items[i]->kind == NODE_SCALAR &&
		    str_u64(ports->items[i]->text, UINT16_MAX, &v) &&
		    v == port);
	return holds;
}

bool
words_hold(const struct node *list, struct str word)
{
	for (uint32_t i = 0; list != NULL && list->kind == NODE_LIST &&
	    i < list->n; i++)
		if (list->items[i]->kind == NODE_SCALAR &&
		    str_eq(list->items[i]->text, word))
			return true;
	return false;
}

bool
words_same(const struct node *a, const struct node *b)
{
	uint32_t n = a == NULL ? 0 : a->n, m = b == NULL ? 0 : b->n;

	if (n != m || (a == NULL) != (b == NULL))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!words_hold(b, a->items[i]->text) ||
		    !words_hold(a, b->items[i]->text))
			return false;
	return true;
}

/* ---- which document */

/* The one that has the most to do with it: where one of the spots is, or
 * else the first that may be changed. */
static struct edit_doc *
doc_for(struct work *w, const struct spots *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (work_may_change(s->v[i].d))
			return s->v[i].d;
	for (uint32_t i = 0; i < w->n; i++)
		if (work_may_change(&w->docs[i]))
			return &w->docs[i];
	return NULL;
}

static void
all_spots(struct work *w, const struct edit *ed, struct spots *out)
{
	out->n = 0;
	native_spots(w, ed->host, ed->port, out);
	v1_spots(w, ed->host, ed->port, out);
}

/* ---- one edit */

/* Endpoints of the older schema among them, in rules of one name if it is
 * said. */
static void
only_v1(const struct spots *s, const struct edit *ed, struct spots *out)
{
	out->n = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct spot *p = &s->v[i];

		if (p->rules != NULL && work_may_change(p->d) &&
		    (ed->rule.len == 0 || str_eq(ed->rule,
		    p->rules->items[2 * p->rule]->text)))
			out->v[out->n++] = *p;
	}
}

static int
add_request_v1(struct work *w, struct edit_doc *d, const struct edit *ed,
    const struct spots *s)
{
	struct spots *v1 = mem_alloc(1, sizeof(*v1));
	char places[256];
	int rc;

	(void)d;	/* they may stand in any */
	only_v1(s, ed, v1);
	if (v1->n == 0)
		rc = work_refuse(w, "no endpoint is %.*s:%u: add one first, "
		    "with --add-endpoint", (int)ed->host.len, ed->host.p,
		    ed->port);
	else if (v1->n > 1)
		rc = work_refuse(w, "%.*s:%u stands in several places: %s; "
		    "say which with --rule-name", (int)ed->host.len,
		    ed->host.p, ed->port, work_places(v1, places,
		    sizeof(places)));
	else
		rc = v1_add_request(w, ed, &v1->v[0]);
	free(v1);
	return rc;
}

typedef int adding(struct work *w, struct edit_doc *d, const struct edit *ed,
    const struct spots *s);

/* To the document that has the most to do with it, in its schema's way. */
static int
add(struct work *w, const struct edit *ed, adding *v1, adding *native)
{
	struct spots *s = mem_alloc(1, sizeof(*s));
	struct edit_doc *d;
	int rc;

	all_spots(w, ed, s);
	d = doc_for(w, s);
	if (d == NULL)
		rc = work_refuse(w, "no document can be changed");
	else
		rc = work_is_v1(d) ? v1(w, d, ed, s) : native(w, d, ed, s);
	free(s);
	return rc;
}

/* The next that is not a deny and may be changed. */
static const struct spot *
removable(const struct spots *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!s->v[i].deny && work_may_change(s->v[i].d))
			return &s->v[i];
	return NULL;
}

static int
remove_endpoint(struct work *w, const struct edit *ed)
{
	struct spots *s = mem_alloc(1, sizeof(*s));
	const struct spot *one;
	char places[256];
	uint32_t done = 0;
	int rc = 0;

	/* Places change with each: look again. */
	for (all_spots(w, ed, s); rc == 0 && (one = removable(s)) != NULL;
	    all_spots(w, ed, s), done++)
		rc = one->rules != NULL ? v1_remove_endpoint(w, ed, one) :
		    native_remove_endpoint(w, ed, one);
	if (rc == 0 && done == 0)
		rc = work_refuse(w, s->n == 0 ? "nothing allows %.*s:%u by "
		    "this name" : "%.*s:%u is of a library: deny it instead, "
		    "or stop extending that one", (int)ed->host.len,
		    ed->host.p, ed->port);
	for (uint32_t i = 0; i < s->n; i++)
		s->n = s->v[i].deny ? 0 : s->n;
	if (rc == 0 && s->n > 0)
		work_note(w, "%.*s:%u is still allowed by %s",
		    (int)ed->host.len, ed->host.p, ed->port,
		    work_places(s, places, sizeof(places)));
	free(s);
	return rc;
}

/* ---- rules by name, or by place */

static bool
split_place(struct str rule, struct str *file, uint32_t *line)
{
	size_t at = rule.len;
	uint64_t v;

	while (at > 0 && rule.p[at - 1] != ':')
		at--;
	if (at < 2 || !str_u64(str_from(rule, at), UINT32_MAX, &v))
		return false;
	*file = str_head(rule, at - 1);
	*line = (uint32_t)v;
	return true;
}

static int
by_place(struct work *w, const struct edit *ed, struct str file,
    uint32_t line)
{
	struct spot s;

	if (!native_at(w, file, line, &s))
		return work_refuse(w, "no entry begins in line %u of %.*s",
		    line, (int)file.len, file.p);
	if (!work_may_change(s.d))
		return work_refuse(w, "%.*s is a library: stop extending it, "
		    "or deny what it allows", (int)file.len, file.p);
	return ed->kind == EDIT_REMOVE_RULE ? native_remove_rule(w, ed, &s) :
	    native_remove_binary(w, ed, &s);
}

static int
by_name(struct work *w, const struct edit *ed)
{
	for (uint32_t i = 0; i < w->n; i++) {
		struct node *rules;
		uint32_t at;

		if (!work_may_change(&w->docs[i]) ||
		    !v1_rule(&w->docs[i], ed->rule, &rules, &at))
			continue;
		return ed->kind == EDIT_REMOVE_RULE ? v1_remove_rule(w,
		    &w->docs[i], rules, at) : v1_remove_binary(w, ed,
		    &w->docs[i], rules, at);
	}
	return work_refuse(w, "no rule is called \"%.*s\"; a rule without a "
	    "name is FILE:LINE", (int)ed->rule.len, ed->rule.p);
}

static int
remove_by(struct work *w, const struct edit *ed)
{
	struct str file;
	uint32_t line;

	return split_place(ed->rule, &file, &line) ?
	    by_place(w, ed, file, line) : by_name(w, ed);
}

static int
one_edit(struct work *w, const struct edit *ed)
{
	switch (ed->kind) {
	case EDIT_ADD_ENDPOINT:
		return add(w, ed, v1_add_endpoint, native_add_endpoint);
	case EDIT_REMOVE_ENDPOINT:
		return remove_endpoint(w, ed);
	case EDIT_ADD_ALLOW:
	case EDIT_ADD_DENY:
		return add(w, ed, add_request_v1, native_add_request);
	case EDIT_REMOVE_RULE:
	case EDIT_REMOVE_BINARY:
		return remove_by(w, ed);
	}
	return -1;
}

/* ---- the batch */

static int
open_all(struct work *w, const struct policy_file *files, size_t n)
{
	if (n > POLICY_FILES_MAX)
		return err_set(w->e, ERR_LIMIT, "more than %d policy files",
		    POLICY_FILES_MAX);
	for (; w->n < n; w->n++)
		if (edit_doc_open(&w->docs[w->n], &files[w->n], w->e) == -1) {
			w->n++;
			return -1;
		}
	return 0;
}

static int
run_all(struct work *w, const struct edit *edits, size_t n)
{
	if (n > EDITS_MAX)
		return err_set(w->e, ERR_LIMIT, "more than %d edits at once",
		    EDITS_MAX);
	for (size_t i = 0; i < n; i++)
		if (one_edit(w, &edits[i]) == -1)
			return err_wrap(w->e, "%.*s", (int)(edits[i].said.len
			    < 128 ? edits[i].said.len : 128),
			    edits[i].said.p);
	return 0;
}

int
policy_edit(const struct policy_file *files, size_t n,
    const struct edit *edits, size_t nedits, struct edited *out,
    struct err *e)
{
	struct work *w = mem_alloc(1, sizeof(*w));
	int rc;

	*out = (struct edited){ 0 };
	w->out = out;
	w->e = e;
	rc = open_all(w, files, n);
	if (rc == 0)
		rc = run_all(w, edits, nedits);
	if (rc == 0) {
		out->n = n;
		out->texts = mem_alloc(n + 1, sizeof(*out->texts));
		for (size_t i = 0; i < n; i++)
			if (w->docs[i].changed) {
				out->texts[i] = w->docs[i].text;
				w->docs[i].text = NULL;
			}
	}
	for (uint32_t i = 0; i < w->n; i++)
		edit_doc_close(&w->docs[i]);
	free(w);
	if (rc == -1)
		edited_fini(out);
	return rc;
}

void
edited_fini(struct edited *ed)
{
	for (size_t i = 0; i < ed->n; i++)
		free(ed->texts[i]);
	for (size_t i = 0; i < ed->nnotes; i++)
		free(ed->notes[i]);
	free(ed->texts);
	free(ed->notes);
	*ed = (struct edited){ 0 };
}
