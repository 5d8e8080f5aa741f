/* audit.c -- openshell audit explain: one record of the log, with all that is
 * known of it and what could be done. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "policy/decide.h"
#include "run.h"
#include "say.h"
#include "when.h"

#define RECORD_BYTES_MAX 524288
#define SHOWN_BYTES	 4096
#define CHAIN_SHOWN_MAX	 16

struct record {
	json_t *whole;
	const json_t *un;	/* whole.unmapped */
	const char *kind, *verdict, *sandbox, *host, *rule, *nearest, *reason;
	int64_t port;
	bool colour;
};

static void
field(const struct record *r, const char *name, const char *text)
{
	char safe[SHOWN_BYTES];

	if (text[0] == '\0')
		return;
	printf("  %s%-8s%s %s\n", colour_start(r->colour ? COLOUR_DIM :
							   COLOUR_NONE),
	    name, r->colour ? colour_end(COLOUR_DIM) : "",
	    log_shown(str_c(text), safe, sizeof(safe)));
}

/* ---- what was asked for ---- */

static bool
is_kind(const struct record *r, const char *kind)
{
	return strcmp(r->kind, kind) == 0;
}

static const char *
scheme_of(const struct record *r)
{
	return r->port == 80 ? "http" : "https";
}

/* As `policy explain' takes it, where it is a question to a policy. */
static char *
request_of(const struct record *r)
{
	const char *action = json_text(r->un, "action");
	const char *path = json_text(r->un, "path");
	long long port = (long long)r->port;

	if (is_kind(r, "http") || (is_kind(r, "finding") &&
		path[0] == '/'))
		return port == 443 || port == 80 ?
		    mem_printf("%s %s://%s%s", action, scheme_of(r), r->host,
			path) :
		    mem_printf("%s %s://%s:%lld%s", action, scheme_of(r),
			r->host, port, path);
	if ((is_kind(r, "net_open") && action[0] == '\0') ||
	    (is_kind(r, "finding") && strcmp(action, "CONNECT") == 0))
		return mem_printf("CONNECT %s:%lld", r->host, port);
	if (is_kind(r, "net_open"))
		return mem_printf("%s packet to %s port %lld", action,
		    r->host, port);
	if (is_kind(r, "dns"))
		return mem_printf("DNS %s", r->host);
	if (is_kind(r, "file"))
		return mem_printf("%s %s", strcmp(action, "read") == 0 ?
			"READ" : "WRITE", path);
	if (is_kind(r, "command"))
		return mem_printf("EXEC %s", action);
	if (is_kind(r, "proposal"))
		return mem_printf("%s %s", action, path);
	return mem_printf("%s %s%s%s", r->kind, action,
	    r->host[0] != '\0' ? " " : "", r->host);
}

/* ---- what could be done ---- */

/* It is pasted into a shell: nothing in it may mean something there. */
static bool
is_safe(const char *z)
{
	return z[strspn(z, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
			   "XYZ0123456789._~%+,@=/-")] == '\0';
}

static char *
next_http(const struct record *r)
{
	const char *path = json_text(r->un, "path");
	const char *method = json_text(r->un, "action");

	if (strncmp(r->reason, "inspect: ", 9) == 0)
		return mem_printf("the request is allowed but for what it "
		    "holds: send it without that, or change what inspect and "
		    "canaries say");
	if (!is_safe(path) || !is_safe(method) || !is_safe(r->host))
		return mem_printf("to allow it, write an entry for %s with "
		    "this path under network: allow:", r->host);
	return mem_printf("openshell policy update %s --add-allow "
	    "'%s:%lld:%s:%s'", r->sandbox, r->host, (long long)r->port,
	    method, path);
}

static char *
next_host(const struct record *r, int64_t port)
{
	return is_safe(r->host) && strchr(r->host, ':') == NULL ?
	    mem_printf("openshell policy update %s --add-endpoint %s:%lld",
		r->sandbox, r->host, (long long)port) :
	    mem_printf("to allow it, write an entry for %s under network: "
		"allow:", r->host);
}

static char *
next_of_network(const struct record *r)
{
	const char *action = json_text(r->un, "action");

	if (is_kind(r, "net_open") && action[0] != '\0')
		return NULL; /* nothing can */
	if (strstr(r->reason, " leads to ") != NULL)
		return mem_strdup("if that is meant, put the address under "
		    "allowed_ips of the entry that names the host");
	if (strstr(r->reason, "it is only for [") != NULL)
		return mem_printf("if this program is meant, add it to "
		    "binaries of the nearest rule");
	if (near_is_protocol(r->reason))
		return mem_strdup("if that is meant, name its protocol in "
		    "protocols of the nearest rule");
	if (is_kind(r, "http"))
		return next_http(r);
	return next_host(r, is_kind(r, "dns") ? 443 : r->port);
}

static char *
next_command(const struct record *r)
{
	if (strstr(r->reason, "a person refused it") != NULL ||
	    strstr(r->reason, "for a person to allow it") != NULL ||
	    strstr(r->reason, "no person allowed it") != NULL)
		return mem_printf("openshell proposal list %s --status all; "
		    "what is meant can still be approved", r->sandbox);
	if (strstr(r->reason, "made in the sandbox") != NULL)
		return mem_strdup("if it is meant, make another sandbox with "
		    "unreviewed_code: ask under commands");
	return mem_strdup("if it is meant, add the command under commands: "
	    "allow: and make another sandbox, since commands are fixed when "
	    "one is made");
}

/* The deny stands before " : its words". */
static char *
next_of(const struct record *r)
{
	const char *end = strstr(r->rule, ": ");

	if (strcmp(r->verdict, "denied") != 0 || is_kind(r, "proposal"))
		return NULL;
	if (strncmp(r->reason, "over max_", 9) == 0 ||
	    strstr(r->reason, ": over max_") != NULL)
		return mem_printf("try again later, or raise the limit at "
		    "%.*s", end == NULL ? (int)strlen(r->rule) :
					  (int)(end - r->rule), r->rule);
	if (r->rule[0] != '\0')
		return mem_printf("a deny beats every allow: narrow %.*s, or "
		    "leave it", end == NULL ? (int)strlen(r->rule) :
					      (int)(end - r->rule), r->rule);
	if (is_kind(r, "http") || is_kind(r, "net_open") ||
	    is_kind(r, "dns") || strstr(r->reason, " leads to ") != NULL)
		return next_of_network(r);
	if (is_kind(r, "file"))
		return mem_printf("to allow it, under file_access: allow: "
		    "write - {path: \"%s\", permissions: [%s]}",
		    json_text(r->un, "path"), json_text(r->un, "action"));
	return is_kind(r, "command") ? next_command(r) : NULL;
}

/* ---- the whole ---- */

static void
show_caller(const struct record *r)
{
	const json_t *chain = json_object_get(r->un, "chain");
	const char *exe = json_text(r->un, "exe");
	int64_t pid = json_number(r->un, "pid");
	CLEAN_FREE char *who = pid == 0 ? mem_strdup(exe) :
	    mem_printf("%s[%lld]", exe, (long long)pid);

	field(r, "by", who);
	field(r, "sha256", json_text(r->un, "exe_sha256"));
	for (size_t i = 0; i < json_array_size(chain) &&
	     i < CHAIN_SHOWN_MAX; i++)
		field(r, i == 0 ? "started" : "",
		    json_string_value(json_array_get(chain, i)));
	field(r, "profile", json_text(r->un, "profile"));
	field(r, "actor", json_text(r->un, "actor"));
}

static void
show_place(const struct record *r)
{
	CLEAN_FREE char *policy = NULL;
	const char *hash = json_text(r->un, "policy_hash");
	int64_t generation = json_number(r->un, "generation");

	field(r, "name", r->host);
	field(r, "address", json_text(json_object_get(r->whole,
	    "dst_endpoint"), "ip"));
	policy = generation == 0 ? mem_printf("%.12s", hash) :
	    mem_printf("%.12s, generation %lld", hash,
		(long long)generation);
	field(r, "policy", policy);
}

static void
show(const struct record *r, const char *next)
{
	CLEAN_FREE char *request = request_of(r);
	struct wall when = { json_number(r->whole, "time") * 1000 };
	char at[WHEN_BYTES], safe[SHOWN_BYTES];
	bool denied = strcmp(r->verdict, "denied") == 0;
	enum colour c = !r->colour ? COLOUR_NONE :
	    denied ? COLOUR_RED : COLOUR_GREEN;

	printf("%s%s%s %s\n", colour_start(c), denied ? "deny" :
	    strcmp(r->verdict, "allowed") == 0 ? "allow" : r->verdict,
	    r->colour ? colour_end(c) : "", log_shown(str_c(request), safe,
	    sizeof(safe)));
	field(r, "when", when_local(when, at));
	field(r, "sandbox", r->sandbox);
	show_caller(r);
	show_place(r);
	field(r, "why", r->reason);
	field(r, "rule", r->rule);
	field(r, "nearest", r->nearest);
	if (next != NULL)
		field(r, "next", next);
}

static int
print_json(struct record *r, const char *next)
{
	CLEAN_FREE char *text = NULL;

	if (next != NULL)
		(void)json_object_set_new(r->whole, "next",
		    json_string(next));
	text = json_dumps(r->whole, JSON_INDENT(2));
	must(text != NULL);
	printf("%s\n", text);
	return EXIT_OK;
}

static int
explain(const struct args *a, struct str line)
{
	struct record r = { .whole = json_loadb(line.p, line.len, 0, NULL),
		.colour = colour_on(stdout) };
	const char *how = args_get(a, "output");
	CLEAN_FREE char *next = NULL;

	r.un = json_object_get(r.whole, "unmapped");
	r.kind = json_text(r.un, "kind");
	r.verdict = json_text(r.un, "verdict");
	r.sandbox = json_text(r.un, "sandbox");
	r.host = json_text(r.un, "host");
	r.rule = json_text(r.un, "rule");
	r.nearest = json_text(r.un, "nearest");
	r.reason = json_text(r.un, "reason");
	r.port = json_number(r.un, "port");
	next = next_of(&r);
	if (how != NULL && strcmp(how, "json") == 0)
		(void)print_json(&r, next);
	else
		show(&r, next);
	json_decref(r.whole);
	return EXIT_OK;
}

static int
read_all(struct api *api, struct buf *b)
{
	struct err e = { 0 };
	struct str part;
	int rc;

	while ((rc = http_body(&api->http, &part, &e)) == 1)
		if (!buf_adds(b, part)) {
			rc = err_set(&e, ERR_PEER, "the record is too long");
			break;
		}
	return rc == -1 ? say_error(&e) : EXIT_OK;
}

int
run_audit_explain(const struct args *a)
{
	CLEAN_API struct api api = { 0 };
	struct ask q = { "GET", NULL, NULL, NULL, -1, 0 };
	const char *id = a->word[0] + (a->word[0][0] == '#');
	char path[64];
	struct buf b;
	uint64_t n;
	int code;

	http_init(&api.http, -1);
	if (!str_u64(str_c(id), INT64_MAX, &n) || n == 0)
		return say_usage("audit explain", "\"%s\" is no record's "
		    "number: openshell logs has it after #", a->word[0]);
	(void)snprintf(path, sizeof(path), "/v1/logs?number=%" PRIu64
	    "&n=1", n);
	q.path = path;
	if ((code = api_open(&api, API_START)) != EXIT_OK ||
	    (code = api_ask_stream(&api, &q)) != EXIT_OK)
		return code;
	buf_init(&b, RECORD_BYTES_MAX);
	code = read_all(&api, &b);
	if (code == EXIT_OK && b.len == 0) {
		say("the log has no record %" PRIu64, n);
		code = EXIT_FAILED;
	} else if (code == EXIT_OK) {
		code = explain(a, buf_str(&b));
	}
	buf_fini(&b);
	return code;
}
