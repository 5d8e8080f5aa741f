/* api_change.c -- a sandbox's policy is set, or set back.
 *
 * A change of a running sandbox: compile, compare what is locked, record it,
 * store it on the disk, send it. Only the record and the store can refuse
 * after that, and then nothing was sent.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/record.h"
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
#define NOTE_BYTES_MAX	  256

struct change { /* a policy on its way into force */
	struct audit_wait wait;
	struct gateway *g;
	char id[ID_BYTES_MAX + 1];
	struct call *call;		/* NULL: gone; the change goes on */
	struct compiled p;
	char locked[HASH_HEX_BYTES + 1]; /* of p */
	char *texts;			/* JSON, for the store */
	const char *action;		/* for the record */
	char note[NOTE_BYTES_MAX + 1];	/* what it is, for people */
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
note_refusal(struct box *b, const char *action, const char *why)
{
	struct audit_record r = box_record(b, AUDIT_POLICY, action);

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
		.texts = x->texts, .actor = b->g->actor, .reason = x->note,
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
	memcpy(b->locked, x->locked, sizeof(b->locked));
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
locked_changes(struct box *b, struct change *x, bool *ok, struct err *e)
{
	struct compiled was;
	char *names = NULL;

	compiled_locked(&x->p, &b->g->base, x->locked);
	*ok = true;
	if (x->locked[0] != '\0' && strcmp(x->locked, b->locked) == 0)
		return NULL;
	*ok = box_compile(b, &was, e) == 0;
	if (*ok)
		names = policy_locked_changes(was.im, x->p.im);
	compiled_fini(&was);
	return names;
}

static void
fail_locked(struct call *c, const char *action, const char *names)
{
	json_t *list = json_array();
	struct str left = str_c(names), line;
	char text[ERR_BYTES_MAX], most[300] = "";
	size_t len = 0, left_out = 0;

	while (left.len > 0) {
		if (!str_cut(left, '\n', &line, &left)) {
			line = left;
			left = STR("");
		}
		if (line.len == 0)
			continue;
		(void)json_array_append_new(list,
		    json_stringn(line.p, line.len));
		if (len + line.len + 2 >= sizeof(most))
			left_out++;
		else
			len += (size_t)snprintf(most + len,
			    sizeof(most) - len, "%s%.*s",
			    len > 0 ? ", " : "", (int)line.len, line.p);
	}
	(void)snprintf(text, sizeof(text), "the new policy changes what is "
	    "fixed when a sandbox is created: %s", most);
	if (left_out > 0)
		(void)snprintf(text + strlen(text), sizeof(text) -
		    strlen(text), ", and %zu more", left_out);
	note_refusal(c->box, action, text);
	call_fail_with(c, 409, "policy_locked", "create another sandbox: "
	    "openshell sandbox create --policy FILE", "fields", list, "%s",
	    text);
}

static void
set_compiled(struct call *c, struct change *x)
{
	struct box *b = c->box;
	struct audit_record r = box_record(b, AUDIT_POLICY, x->action);
	struct err e = { 0 };

	memcpy(x->id, b->id, sizeof(x->id));
	x->g = c->g;
	x->texts = json_dumps(x->p.list, JSON_COMPACT);
	r.reason = str_c(x->note);
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
	names = locked_changes(b, x, &ok, &e);
	if (!ok) {
		change_free(x);
		call_fail(c, 500, "internal", NULL,
		    "the policy in force cannot be read: %s", e.text);
	} else if (names != NULL) {
		fail_locked(c, x->action, names);
		change_free(x);
	} else {
		set_compiled(c, x);
	}
	free(names);
}

/* false: answered with why it cannot be changed now. */
static bool
may_change(struct call *c)
{
	const struct box *b = c->box;
	struct err e = { 0 };

	if (b->policy_busy || b->phase == PHASE_DELETING ||
	    b->phase == PHASE_PROVISIONING) {
		call_fail(c, 409, "wrong_phase", NULL, "sandbox %s: %s",
		    b->name, b->policy_busy ?
		    "another change of its policy is under way" :
		    b->phase == PHASE_DELETING ? "it is being deleted" :
		    "it is still starting");
		return false;
	}
	if (gateway_configure(c->g, &e) == -1) {
		call_fail(c, 422, "config_invalid", NULL, "%s", e.text);
		return false;
	}
	return true;
}

static void
fail_invalid(struct call *c, struct change *x)
{
	note_refusal(c->box, x->action, x->p.diags.n > 0 ?
	    x->p.diags.v[0].text : "not valid");
	call_fail_diags(c, &x->p.diags);
	change_free(x);
}

struct wish { /* of a body */
	json_t *policies;
	bool wait;
	int64_t timeout_s;
	int64_t revision;	/* to go back to; or that it was made from */
	const char *note;
};

static struct change *
change_new(struct call *c, const struct wish *w, const char *action)
{
	struct change *x = mem_alloc(1, sizeof(*x));

	x->g = c->g;
	x->action = action;
	x->wait_loaded = w->wait;
	x->timeout_s = w->timeout_s;
	(void)str_copy(str_upto(str_c(w->note), NOTE_BYTES_MAX), x->note,
	    sizeof(x->note));	/* a JSON string holds no NUL here */
	return x;
}

/* Was it made from what is in force? false: answered. */
static bool
is_current(struct call *c, const struct wish *w)
{
	if (w->revision == 0 || (uint64_t)w->revision == c->box->revision)
		return true;
	call_fail(c, 409, "conflict", "try again",
	    "the policy was changed meanwhile: revision %llu is the newest",
	    (unsigned long long)c->box->revision);
	return false;
}

void
api_policy_set(struct call *c)
{
	struct wish w = { .timeout_s = TIMEOUT_S_DEFAULT, .note = "" };
	const struct field fields[] = {
		{ "policies", FIELD_ARRAY, &w.policies, true, 0 },
		{ "wait", FIELD_BOOL, &w.wait, false, 0 },
		{ "timeout_s", FIELD_NUMBER, &w.timeout_s, false,
		    TIMEOUT_S_MAX },
		{ "base_revision", FIELD_NUMBER, &w.revision, false,
		    INT64_MAX },
		{ "note", FIELD_STRING, &w.note, false, 0 },
	};
	struct change *x;
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1 || policies_check(w.policies, &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	if (!may_change(c) || !is_current(c, &w))
		return;
	x = change_new(c, &w, "set");
	if (policies_take(w.policies, &c->g->base, POLICY_STAGE_ENFORCE,
	    &x->p) == -1)
		fail_invalid(c, x);
	else
		set_or_not(c, x);
}

/* ---- back ---- */

static int
on_texts(void *arg, const struct revision_row *r, struct err *e)
{
	json_t **out = arg;

	*out = json_loads(r->texts, 0, NULL);
	return json_is_array(*out) ? 0 :
	    err_set(e, ERR_INPUT, "state.db: a policy's text is damaged");
}

/* Its documents as they were, also those that have changed since. */
static void
set_back(struct call *c, struct wish *w)
{
	char note[NOTE_BYTES_MAX];
	json_t *list = NULL;
	struct change *x;
	struct err e = { 0 };

	(void)snprintf(note, sizeof(note), "rollback to revision %lld",
	    (long long)w->revision);
	w->note = note;
	if (store_revision(c->g->store, c->box->id, (uint64_t)w->revision,
	    on_texts, &list, &e) == -1) {
		json_decref(list);
		call_fail_err(c, &e, "openshell policy list");
		return;
	}
	x = change_new(c, w, "rollback");
	if (policies_compile(list, &c->g->base, POLICY_STAGE_ENFORCE,
	    &x->p) == -1) {
		json_decref(list);
		fail_invalid(c, x);
		return;
	}
	x->p.list = list;
	set_or_not(c, x);
}

void
api_policy_rollback(struct call *c)
{
	struct wish w = { .timeout_s = TIMEOUT_S_DEFAULT };
	const struct field fields[] = {
		{ "revision", FIELD_NUMBER, &w.revision, true, INT64_MAX },
		{ "wait", FIELD_BOOL, &w.wait, false, 0 },
		{ "timeout_s", FIELD_NUMBER, &w.timeout_s, false,
		    TIMEOUT_S_MAX },
	};
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1)
		call_fail_err(c, &e, NULL);
	else if (w.revision == 0)
		call_fail(c, 404, "not_found", "openshell policy list",
		    "revisions begin with 1");
	else if (may_change(c))
		set_back(c, &w);
}
