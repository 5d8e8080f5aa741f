#include "box.h"

#include <stdlib.h>
#include <string.h>

#include "audit/record.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "call.h"
#include "gateway.h"
#include "route.h"

const char *
phase_name(enum phase p)
{
	static const char *const names[PHASE_COUNT] = {
		[PHASE_PROVISIONING] = "provisioning",
		[PHASE_RUNNING] = "running", [PHASE_EXITED] = "exited",
		[PHASE_FAILED] = "failed", [PHASE_STOPPED] = "stopped",
		[PHASE_DELETING] = "deleting",
	};

	return names[p];
}

const char *
revision_status_name(enum revision_status s)
{
	static const char *const names[REVISION_COUNT] = {
		[REVISION_STORED] = "stored", [REVISION_PENDING] = "pending",
		[REVISION_LOADED] = "loaded", [REVISION_FAILED] = "failed",
	};

	return names[s];
}

/* ---- the table ---- */

struct box *
box_new(struct gateway *g, const struct sandbox_row *row, struct err *e)
{
	struct box *b;
	json_t *spec = json_loads(row->spec, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(spec)) {
		json_decref(spec);
		(void)err_set(e, ERR_INPUT,
		    "state.db: the specification of %s is damaged", row->name);
		return NULL;
	}
	b = mem_alloc(1, sizeof(*b));
	b->g = g;
	(void)snprintf(b->id, sizeof(b->id), "%s", row->id);
	(void)snprintf(b->name, sizeof(b->name), "%s", row->name);
	(void)snprintf(b->reason, sizeof(b->reason), "%s", row->reason);
	b->keep = row->keep;
	b->phase = b->was = row->phase;
	b->code = row->code;
	b->created = row->created;
	b->started = row->started;
	b->ended = row->ended;
	b->used = row->used;
	b->spec = spec;
	b->chan = (struct chan){ -1, ROLE_GATEWAY, ROLE_SUPERVISOR };
	b->rm.fd = -1;
	b->timer.arg = b;
	TAILQ_INIT(&b->asks);
	TAILQ_INIT(&b->calls);
	TAILQ_INSERT_TAIL(&g->boxes, b, link);
	g->nboxes++;
	return b;
}

void
box_free(struct box *b)
{
	must(TAILQ_EMPTY(&b->calls));
	launch_free(b->launch);
	box_unlisten(b);
	loop_timer_stop(b->g->loop, &b->timer);
	tree_rm_close(&b->rm);
	json_decref(b->rates);
	json_decref(b->spec);
	TAILQ_REMOVE(&b->g->boxes, b, link);
	b->g->nboxes--;
	free(b);
}

struct box *
box_find_id(struct gateway *g, const char *id)
{
	struct box *b;

	TAILQ_FOREACH(b, &g->boxes, link)
		if (strcmp(b->id, id) == 0)
			return b;
	return NULL;
}

static struct box *
find_last(struct gateway *g)
{
	struct box *b, *last = NULL;

	TAILQ_FOREACH(b, &g->boxes, link)
		if (!b->deleting && (last == NULL || b->used.v >= last->used.v))
			last = b;
	return last;
}

struct box *
box_find(struct gateway *g, const char *name)
{
	struct box *b;

	if (strcmp(name, "@last") == 0)
		return find_last(g);
	TAILQ_FOREACH(b, &g->boxes, link)
		if (strcmp(b->name, name) == 0)
			return b;
	return box_find_id(g, name);
}

bool
box_runs(const struct box *b)
{
	return b->phase == PHASE_PROVISIONING || b->phase == PHASE_RUNNING;
}

/* ---- phases ---- */

void
box_store(struct box *b)
{
	const struct sandbox_row row = { .id = b->id, .name = b->name,
		.phase = b->phase, .code = b->code, .reason = b->reason,
		.started = b->started, .ended = b->ended, .used = b->used };
	struct err e = { 0 };

	if (store_update(b->g->store, &row, &e) == -1)
		log_error("sandbox %s: %s", b->name, e.text);
}

void
box_enter(struct box *b, enum phase p)
{
	log_debug("sandbox %s: %s -> %s", b->name, phase_name(b->phase),
	    phase_name(p));
	b->phase = p;
	if (p == PHASE_RUNNING)
		b->started = clock_wall();
	else if (p != PHASE_PROVISIONING && p != PHASE_DELETING)
		b->ended = clock_wall();
	box_store(b);
	box_wake(b);
}

void
box_used(struct box *b)
{
	b->used = clock_wall();
}

/* ---- parked calls ---- */

static void
unpark(struct call *c)
{
	TAILQ_REMOVE(&c->at->calls, c, link);
	loop_timer_stop(c->g->loop, &c->late);
	c->at = NULL;
	c->on_gone = NULL;
}

static void
park_late(struct loop *l, void *arg)
{
	struct call *c = arg;

	(void)l;
	unpark(c);
	call_fail(c, 504, "timeout", NULL,
	    "the time is over; what was asked for goes on");
}

void
box_park(struct box *b, struct call *c, unsigned status,
    bool (*ready)(struct call *c, struct box *b), int64_t timeout_s)
{
	c->at = b;
	c->status = status;
	c->ready = ready;
	c->on_gone = unpark;
	c->late = (struct loop_timer){ .on_time = park_late, .arg = c };
	TAILQ_INSERT_TAIL(&b->calls, c, link);
	if (timeout_s > 0)
		loop_timer_set(c->g->loop, &c->late,
		    usec_of_ms(timeout_s * 1000));
	box_wake(b);
}

bool
box_has_started(struct call *c, struct box *b)
{
	(void)c;
	return b->phase != PHASE_PROVISIONING;
}

bool
box_has_ended(struct call *c, struct box *b)
{
	(void)c;
	return !box_runs(b);
}

bool
box_is_gone(struct call *c, struct box *b)
{
	(void)c;
	(void)b;
	return false;
}

static struct call *
find_ready(struct box *b)
{
	struct call *c;

	TAILQ_FOREACH(c, &b->calls, link)
		if (c->ready(c, b))
			return c;
	return NULL;
}

/* From the front each time: an answer may park another call, or wake. */
void
box_wake(struct box *b)
{
	struct call *c;

	while ((c = find_ready(b)) != NULL) {
		int fd = c->fd;

		unpark(c);
		if (c->answer != NULL) {
			c->answer(c, b);
			continue;
		}
		c->fd = -1;
		call_answer_fd(c, c->status, box_json(b), fd);
	}
	api_sweep(b->g);
}

void
box_gone(struct box *b)
{
	struct gateway *g = b->g;
	struct gone *slot = &g->gone[g->ngone++ % GONE_MAX];
	struct call *c;
	json_t *o;

	b->phase = b->was; /* how it ended, not how it went */
	o = box_json(b);
	(void)json_object_set_new(o, "deleted", json_true()); /* fits */
	free(slot->json);
	slot->json = json_dumps(o, JSON_COMPACT);
	memcpy(slot->id, b->id, sizeof(slot->id));
	while ((c = TAILQ_FIRST(&b->calls)) != NULL) {
		unpark(c);
		call_answer(c, 200, json_incref(o));
	}
	json_decref(o);
	box_free(b);
	api_sweep(g);
}

/* ---- JSON ---- */

static json_t *
time_json(struct wall t)
{
	char text[RFC3339_BYTES];

	return t.v == 0 ? json_null() : json_string(clock_rfc3339(t, text));
}

static json_t *
env_names(const json_t *spec)
{
	json_t *env = json_object_get(spec, "env"), *names = json_array();
	const char *name;
	json_t *v;

	json_object_foreach(env, name, v)
		(void)json_array_append_new(names, json_string(name));
	return names;
}

static json_t *
policy_json(const struct box *b)
{
	return json_pack("{s:I, s:s, s:o, s:s}", "revision",
	    (json_int_t)b->revision, "hash", b->hash, "generation",
	    b->generation == 0 ? json_null() :
	    json_integer((json_int_t)b->generation), "status",
	    revision_status_name(b->status));
}

static void
add_outcome(const struct box *b, json_t *o)
{
	bool exited = b->phase == PHASE_EXITED;
	const char *reason = b->phase == PHASE_FAILED ? b->reason : b->fault;
	char safe[2 * ERR_BYTES_MAX];

	(void)json_object_set_new(o, "exit_code", exited && b->code >= 0 ?
	    json_integer(b->code) : json_null());
	(void)json_object_set_new(o, "signal", exited && b->code < 0 ?
	    json_integer(-b->code) : json_null());
	(void)json_object_set_new(o, "reason", reason[0] == '\0' ?
	    json_null() : json_string(log_safe(str_c(reason), safe,
	    sizeof(safe))));
}

json_t *
box_json(const struct box *b)
{
	char dir[PATH_BYTES_MAX + ID_BYTES_MAX + 16];
	json_t *o = json_pack("{s:s, s:s, s:s}", "id", b->id, "name",
	    b->name, "phase", phase_name(b->phase));
	static const char *const as_given[] = { "command", "workdir",
		"mounts", "tty", "labels" };

	must(o != NULL);
	add_outcome(b, o);
	for (size_t i = 0; i < NELEM(as_given); i++)
		(void)json_object_set(o, as_given[i],
		    json_object_get(b->spec, as_given[i]));
	(void)json_object_set_new(o, "env", env_names(b->spec));
	(void)json_object_set_new(o, "keep", json_boolean(b->keep));
	(void)json_object_set_new(o, "created_at", time_json(b->created));
	(void)json_object_set_new(o, "started_at", time_json(b->started));
	(void)json_object_set_new(o, "ended_at", time_json(b->ended));
	(void)json_object_set_new(o, "used_at", time_json(b->used));
	(void)json_object_set_new(o, "pid", b->pid == 0 ? json_null() :
	    json_integer(b->pid));
	(void)snprintf(dir, sizeof(dir), "%s/sandboxes/%s",
	    b->g->paths.state, b->id);
	(void)json_object_set_new(o, "directory", json_string(dir));
	(void)json_object_set_new(o, "policy", policy_json(b));
	if (b->phase == PHASE_RUNNING && json_array_size(b->rates) > 0)
		(void)json_object_set(o, "limits", b->rates);
	return o;
}

struct audit_record
box_record(const struct box *b, int kind, const char *action)
{
	return (struct audit_record){ .kind = (enum audit_kind)kind,
		.verdict = AUDIT_ALLOWED, .when = clock_wall(),
		.action = str_c(action), .policy_hash = str_c(b->hash),
		.generation = b->revision, .actor = str_c(b->g->actor),
		.sandbox_id = str_c(b->id), .sandbox = str_c(b->name) };
}
