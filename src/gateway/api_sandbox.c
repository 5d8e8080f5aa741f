/* api_sandbox.c -- create, list, get, wait, start, stop, delete. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "names.h"
#include "policy.h"
#include "route.h"
#include "spec.h"

#define GRACE_S_DEFAULT	5
#define GRACE_S_MAX	3600
#define TIMEOUT_S_MAX	86400

/* ---- create ---- */

static void
fresh_name(struct gateway *g, char out[NAME_BYTES_MAX + 1])
{
	uint32_t random = 0;
	bool plain = true;

	do {
		must(getrandom(&random, sizeof(random), 0) ==
		    sizeof(random));
		name_make(random, plain, out);
		plain = false;
	} while (box_find(g, out) != NULL);
}

static void
fresh_id(char out[ID_BYTES_MAX + 1])
{
	unsigned char random[10];

	must(getrandom(random, sizeof(random), 0) == sizeof(random));
	id_make(clock_wall(), random, out);
}

/* Into the store and the table. NULL: *e. */
static struct box *
add_box(struct gateway *g, const struct create *c, const struct compiled *p,
    struct err *e)
{
	char id[ID_BYTES_MAX + 1], name[NAME_BYTES_MAX + 1];
	json_t *spec = create_spec(c);
	CLEAN_FREE char *spec_text = json_dumps(spec, JSON_COMPACT);
	CLEAN_FREE char *texts = json_dumps(p->list, JSON_COMPACT);
	struct wall now = clock_wall();
	const struct sandbox_row row = { .id = id, .name = name,
		.spec = spec_text, .keep = c->keep, .created = now,
		.reason = "", .used = now };
	const struct revision_row rev = { .sandbox = id, .number = 1,
		.hash = p->info.hash, .texts = texts, .actor = g->actor,
		.reason = "", .created = now, .status = REVISION_PENDING };
	struct box *b;

	json_decref(spec);
	must(spec_text != NULL && texts != NULL);
	fresh_id(id);
	fresh_name(g, name);
	if (c->name != NULL)
		must(str_copy(str_c(c->name), name, sizeof(name)));
	if (store_create(g->store, &row, &rev, e) == -1)
		return NULL;
	b = box_new(g, &row, e);
	if (b == NULL)
		return NULL;
	b->revision = 1;
	b->status = REVISION_PENDING;
	memcpy(b->hash, p->info.hash, sizeof(b->hash));
	return b;
}

/* false: answered with why nothing may start now. */
static bool
may_start(struct call *c)
{
	struct err e = { 0 };

	if (gateway_configure(c->g, &e) == -1) {
		call_fail(c, 422, "config_invalid", NULL, "%s", e.text);
		return false;
	}
	return true;
}

static void
create_compiled(struct call *c, const struct create *r,
    const struct compiled *p)
{
	const struct start how = { .call = c, .status = 201, .create = true,
		.attach = r->attach, .wait = r->wait, .tty = r->tty,
		.rows = (uint16_t)r->rows, .cols = (uint16_t)r->cols };
	struct err e = { 0 };
	struct box *b = add_box(c->g, r, p, &e);

	if (b == NULL && e.kind == ERR_EXISTS)
		call_fail(c, 409, "exists", "openshell sandbox list",
		    "a sandbox is named \"%s\" already", r->name);
	else if (b == NULL)
		call_fail_err(c, &e, NULL);
	else
		box_start(b, &how, str_of(p->bytes, p->len));
}

void
api_create(struct call *c)
{
	struct compiled p;
	struct err e = { 0 };
	struct create r;

	if (create_read(c->body, &r, &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	if (c->g->nboxes >= SANDBOX_COUNT_MAX) {
		call_fail(c, 413, "too_large", "openshell sandbox delete",
		    "there are %d sandboxes already", SANDBOX_COUNT_MAX);
		return;
	}
	if (r.name != NULL && box_find(c->g, r.name) != NULL) {
		call_fail(c, 409, "exists", "openshell sandbox list",
		    "a sandbox is named \"%s\" already", r.name);
		return;
	}
	if (!may_start(c))
		return;
	if (policies_take(r.policies, &c->g->base, POLICY_STAGE_ENFORCE,
	    &p) == -1)
		call_fail_diags(c, &p.diags);
	else
		create_compiled(c, &r, &p);
	compiled_fini(&p);
}

/* ---- start again ---- */

static void
start_with(struct call *c, struct box *b, const struct start *how)
{
	struct compiled p;
	struct err e = { 0 };

	if (box_compile(b, &p, &e) == 0) {
		b->status = REVISION_PENDING;
		memcpy(b->hash, p.info.hash, sizeof(b->hash));
		box_start(b, how, str_of(p.bytes, p.len));
	} else if (p.diags.errors > 0) {
		call_fail_diags(c, &p.diags);
	} else {
		call_fail_err(c, &e, NULL);
	}
	compiled_fini(&p);
}

void
api_start(struct call *c)
{
	struct box *b = c->box;
	int64_t rows = 0, cols = 0;
	struct start how = { .call = c, .status = 200, .tty =
	    json_is_true(json_object_get(b->spec, "tty")) };
	const struct field fields[] = {
		{ "attach", FIELD_BOOL, &how.attach, false, 0 },
		{ "wait", FIELD_BOOL, &how.wait, false, 0 },
		{ "tty", FIELD_BOOL, &how.tty, false, 0 },
		{ "rows", FIELD_NUMBER, &rows, false, 65535 },
		{ "cols", FIELD_NUMBER, &cols, false, 65535 },
	};
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	how.rows = (uint16_t)rows;
	how.cols = (uint16_t)cols;
	if (box_runs(b))
		call_fail(c, 409, "wrong_phase", "openshell sandbox connect",
		    "sandbox %s runs already", b->name);
	else if (b->phase == PHASE_DELETING)
		call_fail(c, 409, "wrong_phase", NULL,
		    "sandbox %s is being deleted", b->name);
	else if (may_start(c))
		start_with(c, b, &how);
}

/* ---- calls about all sandboxes ---- */

static void
sweep_gone(struct call *c)
{
	TAILQ_REMOVE(&c->g->sweeps, c, link);
	c->on_gone = NULL;
}

static void
sweep_park(struct call *c, bool (*ready)(struct call *, struct box *),
    void (*answer)(struct call *, struct box *))
{
	c->ready = ready;
	c->answer = answer;
	c->on_gone = sweep_gone;
	TAILQ_INSERT_TAIL(&c->g->sweeps, c, link);
	api_sweep(c->g);
}

void
api_sweep(struct gateway *g)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&g->sweeps); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!c->ready(c, NULL))
			continue;
		sweep_gone(c);
		c->answer(c, NULL);
	}
}

/* ---- look ---- */

static bool
none_ending(struct call *c, struct box *b)
{
	TAILQ_FOREACH(b, &c->g->boxes, link)
		if (b->ending)
			return false;
	return true;
}

static void
answer_list(struct call *c, struct box *b)
{
	json_t *list = json_array();

	TAILQ_FOREACH(b, &c->g->boxes, link)
		(void)json_array_append_new(list, box_json(b));
	call_answer(c, 200, json_pack("{s:o}", "sandboxes", list));
}

void
api_list(struct call *c)
{
	sweep_park(c, none_ending, answer_list);
}

void
api_get(struct call *c)
{
	call_answer(c, 200, box_json(c->box));
}

static json_t *
gone_json(const struct gateway *g, const char *id)
{
	for (unsigned i = 0; i < GONE_MAX; i++)
		if (g->gone[i].json != NULL &&
		    strcmp(g->gone[i].id, id) == 0)
			return json_loads(g->gone[i].json, 0, NULL);
	return NULL;
}

void
api_wait(struct call *c)
{
	static const struct {
		const char *name;
		bool (*ready)(struct call *c, struct box *b);
	} untils[] = {
		{ "", box_has_ended }, { "ended", box_has_ended },
		{ "started", box_has_started }, { "deleted", box_is_gone },
	};
	char until[16], timeout[8];
	const struct param params[] = {
		{ "until", until, sizeof(until) },
		{ "timeout_s", timeout, sizeof(timeout) },
	};
	uint64_t seconds = 0;
	struct err e = { 0 };
	json_t *gone;
	size_t i = 0;

	if (params_read(c->query, params, NELEM(params), &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	while (i < NELEM(untils) && strcmp(untils[i].name, until) != 0)
		i++;
	if (i == NELEM(untils) || (timeout[0] != '\0' &&
	    !str_u64(str_c(timeout), TIMEOUT_S_MAX, &seconds))) {
		call_fail(c, 400, "bad_request", NULL,
		    "until is started, ended or deleted; timeout_s is 0 to "
		    "%d", TIMEOUT_S_MAX);
		return;
	}
	if (c->box != NULL) {
		box_park(c->box, c, 200, untils[i].ready, (int64_t)seconds);
		return;
	}
	gone = gone_json(c->g, c->sandbox);
	if (gone != NULL)
		call_answer(c, 200, gone);
	else
		call_fail(c, 404, "not_found", "openshell sandbox list",
		    "no sandbox is named \"%s\"", c->sandbox);
}

/* ---- stop, delete ---- */

void
api_stop(struct call *c)
{
	int64_t grace = GRACE_S_DEFAULT;
	const struct field fields[] = {
		{ "grace_s", FIELD_NUMBER, &grace, false, GRACE_S_MAX },
	};
	struct box *b = c->box;
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	box_park(b, c, 200, box_has_ended, 0);
	box_stop(b, grace);
}

/* false: answered with a refusal. */
static bool
read_grace(struct call *c, int64_t *out)
{
	char text[8];
	const struct param params[] = { { "grace_s", text, sizeof(text) } };
	uint64_t v = GRACE_S_DEFAULT;
	struct err e = { 0 };

	if (params_read(c->query, params, NELEM(params), &e) == -1 ||
	    (text[0] != '\0' && !str_u64(str_c(text), GRACE_S_MAX, &v))) {
		call_fail(c, 400, "bad_request", NULL, "%s", e.kind !=
		    ERR_NONE ? e.text : "grace_s is 0 to 3600");
		return false;
	}
	*out = (int64_t)v;
	return true;
}

static void
removal_failed(struct call *c, struct box *b)
{
	call_fail(c, 500, "internal", NULL, "sandbox %s: %s", b->name,
	    b->reason);
}

/* Ready only if the removal failed: otherwise box_gone() answers. */
static bool
has_failed(struct call *c, struct box *b)
{
	(void)c;
	return !b->deleting;
}

void
api_delete(struct call *c)
{
	struct box *b = c->box;
	int64_t grace;

	if (!read_grace(c, &grace))
		return;
	box_delete(b, grace);
	c->answer = removal_failed;
	box_park(b, c, 200, has_failed, 0);
}

static bool
none_deleting(struct call *c, struct box *b)
{
	TAILQ_FOREACH(b, &c->g->boxes, link)
		if (b->deleting)
			return false;
	return true;
}

static void
answer_deleted(struct call *c, struct box *b)
{
	(void)b;
	call_answer(c, 200, json_pack("{s:O}", "deleted", c->extra));
}

void
api_delete_all(struct call *c)
{
	struct gateway *g = c->g;
	struct box *b, *next;
	json_t *names;
	int64_t grace;

	if (!read_grace(c, &grace))
		return;
	names = json_array();
	for (b = TAILQ_FIRST(&g->boxes); b != NULL; b = next) {
		next = TAILQ_NEXT(b, link);
		(void)json_array_append_new(names, json_string(b->name));
		box_delete(b, grace);
	}
	c->extra = names;
	sweep_park(c, none_deleting, answer_deleted);
}
