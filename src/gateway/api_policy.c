/* api_policy.c -- policies: check, set, and what was set before.
 *
 * A change of a running sandbox: compile, compare what is locked, record it,
 * store it on the disk, send it. Only the record and the store can refuse
 * after that, and then nothing was sent.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/record.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "policy.h"
#include "route.h"

#define TIMEOUT_S_DEFAULT 30
#define TIMEOUT_S_MAX	  3600

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

static json_t *
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

/* ---- set ---- */

struct change { /* a policy on its way into force */
	struct audit_wait wait;
	struct gateway *g;
	char id[ID_BYTES_MAX + 1];
	struct call *call;		/* NULL: gone; the change goes on */
	struct compiled p;
	char *texts;			/* JSON, for the store */
	bool wait_loaded;
	int64_t timeout_s;
};

static void
change_free(struct change *x)
{
	struct box *b = box_find_id(x->g, x->id);

	if (b != NULL)
		b->policy_busy = false;
	audit_wait_cancel(&x->wait);
	if (x->call != NULL)
		x->call->on_gone = NULL;
	compiled_fini(&x->p);
	free(x->texts);
	free(x);
}

static void
on_gone(struct call *c)
{
	struct change *x = c->state;

	x->call = NULL;
	c->on_gone = NULL;
}

static void
change_fail(struct change *x, unsigned status, const char *code,
    const char *text)
{
	struct call *c = x->call;

	change_free(x);
	if (c != NULL)
		call_fail(c, status, code, NULL, "%s", text);
}

/* The refusal is in the log, too: somebody tried. */
static void
note_refusal(struct box *b, const char *why)
{
	struct audit_record r = box_record(b, AUDIT_POLICY, "set");

	r.verdict = AUDIT_DENIED;
	r.reason = str_c(why);
	audit_link_note(&b->g->audit, &r);
}

/* call->number is the revision that is waited for. */
static bool
is_settled(struct call *c, struct box *b)
{
	return b->revision != c->number || b->status != REVISION_PENDING ||
	    !box_runs(b);
}

static void
answer_settled(struct call *c, struct box *b)
{
	struct err e = { 0 };
	json_t *o = revision_of(b, c->number, &e);
	const char *status = o == NULL ? "" :
	    json_string_value(json_object_get(o, "status"));
	const char *reason = o == NULL ? e.text :
	    json_string_value(json_object_get(o, "reason"));

	if (o == NULL || strcmp(status, "failed") == 0) {
		call_fail(c, 502, "sandbox_refused", NULL, "the sandbox could "
		    "not load it, and the policy before stays in force: %s",
		    reason == NULL ? "" : reason);
		json_decref(o);
		return;
	}
	if (!box_runs(b)) {
		json_decref(o);
		call_fail(c, 502, "sandbox_refused", NULL, "the sandbox ended "
		    "meanwhile; the policy is in force when it starts again");
		return;
	}
	(void)json_object_set_new(o, "changed",
	    json_boolean(c->state == NULL));
	(void)json_object_set(o, "diagnostics", c->extra);
	call_answer(c, 200, o);
}

/* Now, or when the sandbox has acknowledged it. */
static void
answer_set(struct call *c, struct box *b, bool changed, json_t *diags,
    bool wait, int64_t timeout_s)
{
	struct err e = { 0 };
	json_t *o;

	c->on_gone = NULL;
	c->number = b->revision;
	if (wait && b->status == REVISION_PENDING && box_runs(b)) {
		c->state = changed ? NULL : b; /* only told apart */
		c->extra = diags;
		c->answer = answer_settled;
		box_park(b, c, 200, is_settled, timeout_s);
		return;
	}
	o = revision_of(b, b->revision, &e);
	if (o == NULL) {
		json_decref(diags);
		call_fail_err(c, &e, NULL);
		return;
	}
	(void)json_object_set_new(o, "changed", json_boolean(changed));
	(void)json_object_set_new(o, "diagnostics", diags);
	call_answer(c, 200, o);
}

/* Stores the next revision and makes it the box's newest. */
static int
revise(struct change *x, struct box *b, struct err *e)
{
	struct revision_row r = { .sandbox = b->id, .hash = x->p.info.hash,
		.texts = x->texts, .actor = b->g->actor, .reason = "",
		.created = clock_wall(), .status = box_runs(b) ?
		REVISION_PENDING : REVISION_STORED };

	if (store_revision_last(b->g->store, b->id, &r.number, e) == -1)
		return -1;
	r.number++;
	if (store_revise(b->g->store, &r, e) == -1)
		return -1;
	b->revision = r.number;
	b->status = r.status;
	memcpy(b->hash, x->p.info.hash, sizeof(b->hash));
	return 0;
}

/* To a running sandbox; what cannot be sent is as if it was refused. */
static int
send_change(struct change *x, struct box *b, struct err *e)
{
	if (!box_runs(b) || box_send_policy(b, b->revision,
		str_of(x->p.bytes, x->p.len), e) == 0)
		return 0;
	(void)store_revision_status(b->g->store, b->id, b->revision,
	    REVISION_FAILED, e->text, NULL); /* e says more */
	box_load_revision(b);
	return -1;
}

static void
on_recorded(struct audit_wait *w, bool written)
{
	struct change *x = (struct change *)((char *)w -
	    offsetof(struct change, wait));
	struct box *b = box_find_id(x->g, x->id);
	struct call *c = x->call;
	struct err e = { 0 };
	json_t *diags;

	if (!written) {
		change_fail(x, 503, "audit_unavailable", "the audit log has "
		    "not taken the record, so nothing was changed");
		return;
	}
	if (b == NULL || b->phase == PHASE_DELETING ||
	    b->phase == PHASE_PROVISIONING) {
		change_fail(x, 409, "wrong_phase",
		    "the sandbox was started or deleted meanwhile");
		return;
	}
	if (revise(x, b, &e) == -1 || send_change(x, b, &e) == -1) {
		change_fail(x, 502, "sandbox_refused", e.text);
		return;
	}
	diags = diags_json(&x->p.diags);
	x->call = NULL;
	if (c == NULL)
		json_decref(diags);
	else
		answer_set(c, b, true, diags, x->wait_loaded, x->timeout_s);
	change_free(x);
}

/* The names of what is locked and would change, heap text; NULL: none.
 * *ok false: the old policy cannot be read. */
static char *
locked_changes(struct box *b, const struct compiled *p, bool *ok,
    struct err *e)
{
	struct image *old = NULL, *new = NULL;
	struct compiled was;
	char *names = NULL;

	*ok = box_compile(b, &was, e) == 0 &&
	    image_of(str_of(was.bytes, was.len), &old, e) == 0 &&
	    image_of(str_of(p->bytes, p->len), &new, e) == 0;
	if (*ok)
		names = policy_locked_changes(old, new);
	image_free(old);
	image_free(new);
	compiled_fini(&was);
	return names;
}

static void
fail_locked(struct call *c, const char *names)
{
	json_t *list = json_array();
	struct str left = str_c(names), line;
	char text[ERR_BYTES_MAX];

	while (left.len > 0) {
		if (!str_cut(left, '\n', &line, &left)) {
			line = left;
			left = STR("");
		}
		if (line.len > 0)
			(void)json_array_append_new(list,
			    json_stringn(line.p, line.len));
	}
	(void)snprintf(text, sizeof(text), "the new policy changes what is "
	    "fixed when a sandbox is created: %.300s", names);
	for (char *z = strchr(text, '\n'); z != NULL; z = strchr(z, '\n'))
		*z = z[1] == '\0' ? '\0' : ',';
	note_refusal(c->box, text);
	call_fail_with(c, 409, "policy_locked", "create another sandbox: "
	    "openshell sandbox create --policy FILE", "fields", list, "%s",
	    text);
}

static void
set_compiled(struct call *c, struct change *x)
{
	struct box *b = c->box;
	struct audit_record r = box_record(b, AUDIT_POLICY, "set");
	struct err e = { 0 };

	memcpy(x->id, b->id, sizeof(x->id));
	x->g = c->g;
	x->texts = json_dumps(x->p.list, JSON_COMPACT);
	r.old_hash = str_c(b->hash);
	r.policy_hash = str_c(x->p.info.hash);
	r.generation = b->revision + 1;
	if (audit_link_put(&c->g->audit, &r, &x->wait, on_recorded, &e) ==
	    -1) {
		change_fail(x, 503, "audit_unavailable", e.text);
		return;
	}
	b->policy_busy = true;
	x->call = c;
	c->state = x;
	c->on_gone = on_gone;
}

/* The same again, something locked, or a change. */
static void
set_or_not(struct call *c, struct change *x)
{
	struct box *b = c->box;
	struct err e = { 0 };
	char *names;
	bool ok;

	if (strcmp(x->p.info.hash, b->hash) == 0) {
		json_t *diags = diags_json(&x->p.diags);
		bool wait = x->wait_loaded;
		int64_t timeout_s = x->timeout_s;

		change_free(x);
		answer_set(c, b, false, diags, wait, timeout_s);
		return;
	}
	names = locked_changes(b, &x->p, &ok, &e);
	if (!ok) {
		change_free(x);
		call_fail(c, 500, "internal", NULL,
		    "the policy in force cannot be read: %s", e.text);
	} else if (names != NULL) {
		change_free(x);
		fail_locked(c, names);
	} else {
		set_compiled(c, x);
	}
	free(names);
}

void
api_policy_set(struct call *c)
{
	json_t *policies = NULL;
	bool wait = false;
	int64_t timeout_s = TIMEOUT_S_DEFAULT;
	const struct field fields[] = {
		{ "policies", FIELD_ARRAY, &policies, true, 0 },
		{ "wait", FIELD_BOOL, &wait, false, 0 },
		{ "timeout_s", FIELD_NUMBER, &timeout_s, false,
		    TIMEOUT_S_MAX },
	};
	struct change *x;
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1 || policies_check(policies, &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	if (c->box->policy_busy || c->box->phase == PHASE_DELETING ||
	    c->box->phase == PHASE_PROVISIONING) {
		call_fail(c, 409, "wrong_phase", NULL, "sandbox %s: %s",
		    c->box->name, c->box->policy_busy ?
		    "another change of its policy is under way" :
		    c->box->phase == PHASE_DELETING ? "it is being deleted" :
		    "it is still starting");
		return;
	}
	if (gateway_configure(c->g, &e) == -1) {
		call_fail(c, 422, "config_invalid", NULL, "%s", e.text);
		return;
	}
	x = mem_alloc(1, sizeof(*x));
	x->g = c->g;
	x->wait_loaded = wait;
	x->timeout_s = timeout_s;
	if (policies_take(policies, &c->g->base, POLICY_STAGE_ENFORCE,
	    &x->p) == -1) {
		note_refusal(c->box, x->p.diags.n > 0 ?
		    x->p.diags.v[0].text : "not valid");
		call_fail_diags(c, &x->p.diags);
		change_free(x);
		return;
	}
	set_or_not(c, x);
}
