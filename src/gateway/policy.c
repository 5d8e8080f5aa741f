#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "call.h"

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

int
policies_check(const json_t *policies, struct err *e)
{
	if (json_array_size(policies) > POLICY_FILES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d policies",
		    POLICY_FILES_MAX);
	for (size_t i = 0; i < json_array_size(policies); i++) {
		const char *name = NULL, *text = NULL;
		const struct field fields[] = {
			{ "name", FIELD_STRING, &name, true, 0 },
			{ "text", FIELD_STRING, &text, true, 0 },
		};
		const json_t *p = json_array_get(policies, i);

		if (!json_is_object(p))
			return err_set(e, ERR_INPUT,
			    "policies: each is {\"name\", \"text\"}");
		if (fields_read(p, "policies", fields, NELEM(fields), e) ==
		    -1)
			return -1;
		if (strlen(name) >= PATH_BYTES_MAX)
			return err_set(e, ERR_LIMIT,
			    "policies: a name is too long");
	}
	return 0;
}

int
policies_compile(const json_t *policies, enum policy_stage stage,
    struct compiled *c)
{
	struct policy_file files[POLICY_FILES_MAX];
	size_t n = json_array_size(policies);
	struct image *im = NULL;
	struct err e = { 0 };
	int rc;

	must(n <= POLICY_FILES_MAX);
	*c = (struct compiled){ 0 };
	for (size_t i = 0; i < n; i++) {
		const json_t *p = json_array_get(policies, i);
		const json_t *text = json_object_get(p, "text");

		files[i].name = json_string_value(json_object_get(p, "name"));
		files[i].text = str_of(json_string_value(text),
		    json_string_length(text));
	}
	rc = policy_compile(files, n, stage, &c->bytes, &c->len, &c->diags);
	if (rc == -1)
		return -1;
	must(image_of(str_of(c->bytes, c->len), &im, &e) == 0);
	c->info = *image_info(im);
	image_free(im);
	return 0;
}

void
compiled_fini(struct compiled *c)
{
	free(c->bytes);
	diags_fini(&c->diags);
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
