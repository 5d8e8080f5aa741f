/* api_status.c -- the gateway about itself. */
#include <string.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/log.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "route.h"

static json_t *
counts_json(const struct gateway *g)
{
	json_t *o = json_pack("{s:i}", "total", (int)g->nboxes);
	const struct box *b;

	for (int p = 0; p < PHASE_COUNT; p++) {
		json_int_t n = 0;

		TAILQ_FOREACH(b, &g->boxes, link)
			n += b->phase == (enum phase)p;
		(void)json_object_set_new(o, phase_name((enum phase)p),
		    json_integer(n));
	}
	return o;
}

/* "host=address\n"... as an object. */
static json_t *
resolve_json(const char *text)
{
	struct str left = str_c(text), line, name, value;
	json_t *o = json_object();

	while (str_cut(left, '\n', &line, &left)) {
		char key[HOST_BYTES_MAX + 8];

		if (str_cut(line, '=', &name, &value) &&
		    str_copy(name, key, sizeof(key)))
			(void)json_object_set_new(o, key,
			    json_stringn(value.p, value.len));
	}
	return o;
}

/* What follows this word, in each line that begins with it. */
static json_t *
lines_json(const char *text, struct str word)
{
	struct str rest = str_c(text), line;
	json_t *a = json_array();

	while (str_cut(rest, '\n', &line, &rest)) {
		if (!str_has_prefix(line, word))
			continue;
		line = str_from(line, word.len);
		(void)json_array_append_new(a, json_stringn(line.p,
		    line.len));
	}
	return a;
}

static json_t *
config_json(const struct gateway *g)
{
	const char *ca = g->config.upstream_ca;
	char safe[2 * ERR_BYTES_MAX], file[PATH_BYTES_MAX + 16];

	(void)snprintf(file, sizeof(file), "%s/config.yaml",
	    g->paths.config);
	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
	    file,
	    "approval_timeout_s", (json_int_t)g->config.approval_s,
	    "maximum_policy", g->base.maximum == NULL ? json_null() :
	    json_string(g->config.maximum_policy), "resolve",
	    resolve_json(g->config.resolve), "upstream_ca",
	    ca == NULL || ca[0] == '\0' ? json_null() : json_string(ca),
	    "upstream_proxy", lines_json(g->config.proxy, STR("proxy ")),
	    "upstream_tls", lines_json(g->config.tls, STR("server ")),
	    "error", g->config_fault[0] == '\0' ? json_null() :
	    json_string(log_safe(str_c(g->config_fault), safe,
	    sizeof(safe))));
}

static json_t *
auditor_json(const struct gateway *g)
{
	char dir[PATH_BYTES_MAX + 8];
	const struct audit_wait *w;
	json_int_t waiting = 0;

	TAILQ_FOREACH(w, &g->audit.waits, link)
		waiting++;
	(void)snprintf(dir, sizeof(dir), "%s/log", g->paths.state);
	return json_pack("{s:s, s:s, s:I}", "state",
	    audit_sender_up(&g->audit.sender) ? "connected" : "restarting",
	    "log", dir, "waiting", waiting);
}

void
api_status(struct call *c)
{
	const struct gateway *g = c->g;
	char when[RFC3339_BYTES];

	call_answer(c, 200, json_pack(
	    "{s:s, s:i, s:s, s:I, s:{s:s, s:s, s:s}, s:o, s:o, s:o,"
	    " s:{s:s, s:i}}",
	    "version", OPENSHELL_VERSION, "pid", (int)getpid(),
	    "started_at", clock_rfc3339(g->started, when),
	    "uptime_s", (json_int_t)((clock_wall().v - g->started.v) /
	    1000000),
	    "directories", "config", g->paths.config, "state",
	    g->paths.state, "runtime", g->paths.runtime,
	    "sandboxes", counts_json(g), "config", config_json(g),
	    "auditor", auditor_json(g),
	    "kernel", "release", g->kernel, "landlock_abi",
	    g->landlock_abi));
}

void
api_gateway_stop(struct call *c)
{
	struct gateway *g = c->g;

	g->stopping = true;
	call_answer(c, 202, json_pack("{s:i}", "pid", (int)getpid()));
	gateway_stop(g);
}
