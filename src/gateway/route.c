#include "route.h"

#include <string.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/limits.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "http/target.h"

enum need { NEED_NONE, NEED_BOX };

static const struct route {
	const char *method, *path;
	enum need need;
	void (*run)(struct call *c);
} routes[] = {
	{ "GET", "/v1/status", NEED_NONE, api_status },
	{ "POST", "/v1/gateway/stop", NEED_NONE, api_gateway_stop },
	{ "GET", "/v1/sandboxes", NEED_NONE, api_list },
	{ "POST", "/v1/sandboxes", NEED_NONE, api_create },
	{ "DELETE", "/v1/sandboxes", NEED_NONE, api_delete_all },
	{ "GET", "/v1/sandboxes/{s}", NEED_BOX, api_get },
	{ "DELETE", "/v1/sandboxes/{s}", NEED_BOX, api_delete },
	{ "GET", "/v1/sandboxes/{s}/wait", NEED_NONE, api_wait },
	{ "POST", "/v1/sandboxes/{s}/start", NEED_BOX, api_start },
	{ "POST", "/v1/sandboxes/{s}/stop", NEED_BOX, api_stop },
	{ "POST", "/v1/sandboxes/{s}/attach", NEED_BOX, api_attach },
	{ "POST", "/v1/sandboxes/{s}/exec", NEED_BOX, api_exec },
	{ "GET", "/v1/sandboxes/{s}/policy", NEED_BOX, api_policy_get },
	{ "PUT", "/v1/sandboxes/{s}/policy", NEED_BOX, api_policy_set },
	{ "POST", "/v1/sandboxes/{s}/policy/rollback", NEED_BOX,
	    api_policy_rollback },
	{ "GET", "/v1/sandboxes/{s}/policy/revisions", NEED_BOX,
	    api_policy_revisions },
	{ "GET", "/v1/sandboxes/{s}/policy/revisions/{n}", NEED_BOX,
	    api_policy_revision },
	{ "POST", "/v1/policy/check", NEED_NONE, api_policy_check },
	{ "GET", "/v1/logs", NEED_NONE, api_logs },
	{ "GET", "/v1/proposals", NEED_NONE, api_proposals },
	{ "GET", "/v1/proposals/{n}", NEED_NONE, api_proposal },
	{ "POST", "/v1/proposals/{n}/approve", NEED_NONE,
	    api_proposal_approve },
	{ "POST", "/v1/proposals/{n}/reject", NEED_NONE,
	    api_proposal_reject },
};

/* Takes the next segment off both; false at the end of either. */
static bool
next_segment(struct str *s, struct str *out)
{
	if (s->len == 0 || s->p[0] != '/')
		return false;
	*s = str_from(*s, 1);
	*out = str_head(*s, str_index(*s, '/'));
	*s = str_from(*s, out->len);
	return out->len > 0;
}

static bool
take_variable(struct call *c, struct str pattern, struct str value)
{
	if (str_eqz(pattern, "{s}"))
		return str_copy(value, c->sandbox, sizeof(c->sandbox));
	return str_u64(value, INT64_MAX, &c->number);
}

static bool
matches(const struct route *r, struct str path, struct call *c)
{
	struct str pattern = str_c(r->path), a, b;

	while (next_segment(&pattern, &a)) {
		if (!next_segment(&path, &b))
			return false;
		if (a.p[0] == '{' ? !take_variable(c, a, b) : !str_eq(a, b))
			return false;
	}
	return path.len == 0;
}

/* The row of path and method; *other: some row has the path. */
static const struct route *
find_route(struct call *c, struct str path, bool *other)
{
	*other = false;
	for (size_t i = 0; i < NELEM(routes); i++) {
		if (!matches(&routes[i], path, c))
			continue;
		*other = true;
		if (str_eqz(c->method, routes[i].method))
			return &routes[i];
	}
	return NULL;
}

/* false: answered with a refusal. */
static bool
take_body(struct call *c, struct str body)
{
	json_error_t why;

	if (body.len == 0)
		return true;
	c->body = json_loadb(body.p, body.len, JSON_REJECT_DUPLICATES, &why);
	if (c->body == NULL) {
		call_fail(c, 400, "bad_request", NULL,
		    "the body is not JSON: line %d, column %d: %s", why.line,
		    why.column, why.text);
		return false;
	}
	if (json_is_object(c->body))
		return true;
	call_fail(c, 400, "bad_request", NULL,
	    "the body is not a JSON object");
	return false;
}

static void
run_ended(struct call *c, struct box *b)
{
	c->box = b;
	c->answer = NULL;
	c->run(c);
}

static void
run_route(struct call *c, struct str path, struct str body)
{
	bool other;
	const struct route *r = find_route(c, path, &other);

	if (r == NULL && other) {
		call_fail(c, 405, "bad_method", NULL,
		    "this path does not take %.*s", (int)(c->method.len < 32 ?
		    c->method.len : 32), c->method.p);
		return;
	}
	if (r == NULL) {
		call_fail(c, 404, "not_found", NULL, "no such path");
		return;
	}
	if (c->g->stopping) {
		call_fail(c, 503, "stopping", NULL,
		    "the gateway is on its way out; try again");
		return;
	}
	c->box = c->sandbox[0] == '\0' ? NULL : box_find(c->g, c->sandbox);
	if (r->need == NEED_BOX && c->box == NULL) {
		call_fail(c, 404, "not_found", "openshell sandbox list",
		    strcmp(c->sandbox, "@last") == 0 ?
		    "there is no sandbox" : "no sandbox is named \"%s\"",
		    c->sandbox);
		return;
	}
	if (!take_body(c, body))
		return;
	if (r->need == NEED_BOX && c->box->ending) {
		c->run = r->run;
		c->answer = run_ended;
		box_park(c->box, c, 0, box_has_ended, 0);
		return;
	}
	r->run(c);
}

void
route_call(struct call *c, struct str target, struct str body)
{
	struct http_fault f = { 400, "" };
	struct target t;
	struct path path;
	struct buf canon;

	buf_init(&canon, HTTP_TARGET_BYTES_MAX);
	if (target_parse(target, &t, &f) != PARSE_OK ||
	    t.form != TARGET_ORIGIN ||
	    path_canon(t.path, &canon, &path, &f) != PARSE_OK) {
		call_fail(c, 400, "bad_request", NULL, "bad target: %s",
		    f.why);
	} else {
		c->query = t.query;
		run_route(c, path.text, body);
	}
	buf_fini(&canon);
}
