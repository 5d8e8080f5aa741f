#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "base/shelf.h"
#include "cache.h"
#include "call.h"
#include "compile/library.h"
#include "policy/sha256.h"

#define LOCKED_BYTES_SURE 32768	/* half of what is ever said */

const char *
policy_mode_name(enum policy_mode m)
{
	static const char *const names[] = { [POLICY_ENFORCE] = "enforce",
		[POLICY_AUDIT] = "audit", [POLICY_PERMISSIVE] = "permissive" };

	return names[m];
}

const char *
policy_system_name(enum policy_system s)
{
	static const char *const names[] = {
		[POLICY_SYSTEM_READ_ONLY] = "read-only",
		[POLICY_SYSTEM_NONE] = "none",
		[POLICY_SYSTEM_LAYERED] = "layered" };

	return names[s];
}

static const char *const kinds[] = { [POLICY_GIVEN] = "given",
	[POLICY_USER] = "user", [POLICY_SHIPPED] = "shipped" };

static bool
kind_of(const char *word, enum policy_kind *out)
{
	for (unsigned i = 0; i < NELEM(kinds); i++)
		if (strcmp(word, kinds[i]) == 0) {
			*out = (enum policy_kind)i;
			return true;
		}
	return false;
}

int
policies_check(const json_t *policies, struct err *e)
{
	if (json_array_size(policies) > POLICY_FILES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d policies",
		    POLICY_FILES_MAX);
	for (size_t i = 0; i < json_array_size(policies); i++) {
		const char *name = NULL, *text = NULL, *kind = "given";
		const struct field fields[] = {
			{ "name", FIELD_STRING, &name, true, 0 },
			{ "text", FIELD_STRING, &text, true, 0 },
			{ "kind", FIELD_STRING, &kind, false, 0 },
		};
		const json_t *p = json_array_get(policies, i);
		enum policy_kind k;

		if (!json_is_object(p))
			return err_set(e, ERR_INPUT,
			    "policies: each is {\"name\", \"text\"}");
		if (fields_read(p, "policies", fields, NELEM(fields), e) ==
		    -1)
			return -1;
		if (strlen(name) >= PATH_BYTES_MAX)
			return err_set(e, ERR_LIMIT,
			    "policies: a name is too long");
		if (!kind_of(kind, &k))
			return err_set(e, ERR_INPUT, "policies: kind is given, "
			    "user or shipped, not \"%.32s\"", kind);
	}
	return 0;
}

/* One of a checked list, borrowed. */
static struct policy_file
file_of(const json_t *policies, size_t i)
{
	const json_t *p = json_array_get(policies, i);
	const json_t *text = json_object_get(p, "text");
	const char *kind = json_string_value(json_object_get(p, "kind"));
	struct policy_file f = {
		json_string_value(json_object_get(p, "name")),
		str_of(json_string_value(text), json_string_length(text)),
		POLICY_GIVEN };

	must(kind == NULL || kind_of(kind, &f.kind));
	return f;
}

static int
find_shipped(void *arg, const char *name, struct policy_file *out,
    struct err *e)
{
	const struct str *text = shelf_find(arg, name);

	(void)e;
	if (text == NULL)
		return 1;
	*out = (struct policy_file){ name, *text, POLICY_SHIPPED };
	return 0;
}

/* A library of the user's own may not stand in for one of ours. */
static void
check_user(const struct policy_file *f, const struct shelf *shipped,
    struct diags *d)
{
	if (f->kind != POLICY_USER || shelf_find(shipped, f->name) == NULL)
		return;
	d->v = mem_grow(d->v, d->n + 1, sizeof(*d->v));
	d->v[d->n++] = (struct diag){ .file = mem_strdup(f->name),
		.text = mem_strdup("the shipped library has this name: "
		    "rename yours") };
	d->errors++;
}

json_t *
policies_list(const struct docset *set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < set->n; i++) {
		const struct policy_file *f = &set->v[i];

		(void)json_array_append_new(list, json_pack(
		    "{s:s, s:s%, s:s}", "name", f->name, "text", f->text.p,
		    f->text.len, "kind", kinds[f->kind]));
	}
	return list;
}

static json_t *
close_list(const json_t *policies, const struct shelf *shipped,
    struct diags *d)
{
	const struct policy_library lib = { (void *)(uintptr_t)shipped,
		find_shipped, NULL, (const char *const *)shipped->names,
		shipped->n };
	struct docset set = { 0 };
	json_t *list;

	for (size_t i = 0; i < json_array_size(policies); i++) {
		struct policy_file f = file_of(policies, i);

		check_user(&f, shipped, d);
		if (f.kind != POLICY_SHIPPED)
			(void)docset_add(&set, &f, d); /* said in d */
	}
	(void)docset_close(&set, &lib, d);	/* said in d */
	list = policies_list(&set);
	docset_fini(&set);
	return list;
}

/* Goes on although d may hold errors: all are said at once. */
static int
compile_list(const json_t *policies, const struct policy_base *base,
    enum policy_stage stage, struct compiled *c)
{
	struct policy_file files[2 * POLICY_FILES_MAX];
	size_t n = json_array_size(policies);
	size_t max = json_array_size(base->maximum);
	struct err e = { 0 };

	must(n <= POLICY_FILES_MAX && max <= POLICY_FILES_MAX);
	for (size_t i = 0; i < n; i++)
		files[i] = file_of(policies, i);
	for (size_t i = 0; i < max; i++) {
		files[n] = file_of(base->maximum, i);
		files[n++].maximum = true;
	}
	if (cache_compile(base->cache, files, n, stage, &c->bytes, &c->len,
		&c->diags) == -1)
		return -1;
	must(image_of(str_of(c->bytes, c->len), &c->im, &e) == 0);
	c->info = *image_info(c->im);
	return 0;
}

int
policies_compile(const json_t *policies, const struct policy_base *base,
    enum policy_stage stage, struct compiled *c)
{
	*c = (struct compiled){ 0 };
	return compile_list(policies, base, stage, c);
}

int
policies_take(const json_t *policies, const struct policy_base *base,
    enum policy_stage stage, struct compiled *c)
{
	*c = (struct compiled){ 0 };
	c->list = close_list(policies, &base->shipped, &c->diags);
	return compile_list(c->list, base, stage, c);
}

/* Under the same stage and the same maximum as all the others. */
static int
make_nothing(struct policy_base *base)
{
	struct compiled c;
	int rc = policies_compile(NULL, base, POLICY_STAGE_ENFORCE, &c);

	if (rc == 0) {
		base->nothing = c.bytes;
		base->nothing_len = c.len;
		c.bytes = NULL;
	}
	compiled_fini(&c);
	return rc;
}

/* What differs from the empty policy says all there is; too much of it is cut
 * off, and then says nothing. */
void
compiled_locked(const struct compiled *c, struct policy_base *base,
    char out[HASH_HEX_BYTES + 1])
{
	unsigned char hash[SHA256_BYTES];
	struct image *nothing = NULL;
	struct err e = { 0 };
	char *text;

	out[0] = '\0';
	if (base->nothing == NULL && make_nothing(base) == -1)
		return;
	must(image_of(str_of(base->nothing, base->nothing_len), &nothing,
	    &e) == 0);
	text = policy_locked_changes(nothing, c->im);
	if (text == NULL || strlen(text) < LOCKED_BYTES_SURE) {
		sha256(str_c(text), hash);
		for (size_t i = 0; i < SHA256_BYTES; i++)
			(void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
	}
	free(text);
	image_free(nothing);
}

void
compiled_fini(struct compiled *c)
{
	image_free(c->im);
	free(c->bytes);
	diags_fini(&c->diags);
	json_decref(c->list);
	*c = (struct compiled){ 0 };
}

json_t *
diags_json(const struct diags *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct diag *v = &d->v[i];
		json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:i, s:s}",
		    "level", v->level == DIAG_ERROR ? "error" : "warning",
		    "file", v->file, "line", (int)v->line, "column",
		    (int)v->column, "width", (int)v->width, "text", v->text);

		if (o != NULL)
			(void)json_object_set_new(o, "source",
			    v->source == NULL ? json_null() :
			    json_string(v->source));
		(void)json_array_append_new(list, o);
	}
	return list;
}

void
call_fail_diags(struct call *c, const struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].level != DIAG_ERROR)
			continue;
		call_fail_with(c, 422, "policy_invalid",
		    "openshell policy check FILE", "diagnostics",
		    diags_json(d), "%s:%u:%u: %s%s", d->v[i].file,
		    d->v[i].line, d->v[i].column, d->v[i].text,
		    d->errors > 1 ? " (and more)" : "");
		return;
	}
	call_fail_with(c, 422, "policy_invalid", NULL, "diagnostics",
	    diags_json(d), "the policy is not valid");
}
