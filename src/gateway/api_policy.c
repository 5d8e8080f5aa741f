/* api_policy.c -- policies: check, and what was set before. */
#include <string.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "policy.h"
#include "route.h"

/* ---- revisions ---- */

static json_t *
revision_json(const struct box *b, const struct revision_row *r)
{
	char when[RFC3339_BYTES];
	bool old = r->number < b->revision &&
	    r->status != REVISION_FAILED;
	json_t *o = json_pack("{s:I, s:s, s:I, s:s, s:o, s:s, s:s}",
	    "revision", (json_int_t)r->number, "hash", r->hash, "generation",
	    (json_int_t)r->number, "status", old ? "superseded" :
	    revision_status_name(r->number == b->revision ? b->status :
	    r->status), "reason", r->reason[0] == '\0' ? json_null() :
	    json_string(r->reason), "created_at",
	    clock_rfc3339(r->created, when), "actor", r->actor);

	must(o != NULL);
	if (r->texts != NULL)
		(void)json_object_set_new(o, "policies",
		    json_loads(r->texts, 0, NULL));
	if (r->texts != NULL && b->g->base.maximum != NULL)
		(void)json_object_set(o, "maximum", b->g->base.maximum);
	return o;
}

struct reading {
	const struct box *box;
	json_t *out;		/* an object, or a list that grows */
};

static int
on_one(void *arg, const struct revision_row *r, struct err *e)
{
	struct reading *to = arg;

	(void)e;
	to->out = revision_json(to->box, r);
	return 0;
}

static int
on_each(void *arg, const struct revision_row *r, struct err *e)
{
	struct reading *to = arg;

	(void)e;
	(void)json_array_append_new(to->out, revision_json(to->box, r));
	return 0;
}

json_t *
revision_of(const struct box *b, uint64_t number, struct err *e)
{
	struct reading to = { b, NULL };

	if (store_revision(b->g->store, b->id, number, on_one, &to, e) == -1)
		return NULL;
	return to.out;
}

static void
answer_revision(struct call *c, uint64_t number)
{
	struct err e = { 0 };
	json_t *o = revision_of(c->box, number, &e);

	if (o == NULL)
		call_fail_err(c, &e, "openshell policy list");
	else
		call_answer(c, 200, o);
}

void
api_policy_get(struct call *c)
{
	answer_revision(c, 0);
}

void
api_policy_revision(struct call *c)
{
	if (c->number == 0)
		call_fail(c, 404, "not_found", "openshell policy list",
		    "revisions begin with 1");
	else
		answer_revision(c, c->number);
}

void
api_policy_revisions(struct call *c)
{
	struct reading to = { c->box, json_array() };
	struct err e = { 0 };

	if (store_revisions(c->g->store, c->box->id, on_each, &to, &e) ==
	    -1) {
		json_decref(to.out);
		call_fail_err(c, &e, NULL);
		return;
	}
	call_answer(c, 200, json_pack("{s:o}", "revisions", to.out));
}

/* ---- check ---- */

void
api_policy_check(struct call *c)
{
	json_t *policies = NULL;
	const char *stage = "enforce";
	const struct field fields[] = {
		{ "policies", FIELD_ARRAY, &policies, true, 0 },
		{ "stage", FIELD_STRING, &stage, false, 0 },
	};
	struct compiled p;
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1 || policies_check(policies, &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	if (strcmp(stage, "enforce") != 0 && strcmp(stage, "check") != 0) {
		call_fail(c, 400, "bad_request", NULL,
		    "stage is check or enforce");
		return;
	}
	if (policies_take(policies, &c->g->base,
	    strcmp(stage, "check") == 0 ? POLICY_STAGE_CHECK :
	    POLICY_STAGE_ENFORCE, &p) == -1)
		call_fail_diags(c, &p.diags);
	else
		call_answer(c, 200, json_pack("{s:s, s:s, s:s, s:I, s:o}",
		    "hash", p.info.hash, "mode",
		    policy_mode_name(p.info.mode), "system",
		    policy_system_name(p.info.system), "files",
		    (json_int_t)p.info.files, "diagnostics",
		    diags_json(&p.diags)));
	compiled_fini(&p);
}
