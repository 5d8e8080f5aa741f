#include "logline.h"

#include <jansson.h>
#include <string.h>

#include "api.h"
#include "base/log.h"
#include "say.h"
#include "when.h"

#define NAME_WIDTH_MAX	63	/* of a sandbox's name */
#define WHAT_BYTES_MAX	1024
#define WHAT_WIDTH_MAX	60	/* longer ones push the rest to the right */

struct line {
	const json_t *record, *un; /* un: record.unmapped */
	const char *kind, *action, *host;
	char what[WHAT_BYTES_MAX];
};

static void
what_http(struct line *l)
{
	int64_t port = json_number(l->un, "port");
	int64_t code = json_number(json_object_get(l->record,
	    "http_response"), "code");
	char at[16] = "", got[32] = "";

	if (port != 443 && port != 80 && port != 0)
		(void)snprintf(at, sizeof(at), ":%lld", (long long)port);
	if (code != 0)
		(void)snprintf(got, sizeof(got), " \u2192 %lld",
		    (long long)code);
	(void)snprintf(l->what, sizeof(l->what), "%s %s://%s%s%.700s%s",
	    l->action, port == 80 ? "http" : "https", l->host, at,
	    json_text(l->un, "path"), got);
}

/* "UDP dns.google:53": what was not let out as a packet. */
static void
what_packet(struct line *l, long long port)
{
	bool six = strchr(l->host, ':') != NULL;
	char at[16] = "";
	int n = snprintf(l->what, sizeof(l->what), "%.15s", l->action);

	for (int i = 0; i < n; i++)
		if (l->what[i] >= 'a' && l->what[i] <= 'z')
			l->what[i] = (char)(l->what[i] - 'a' + 'A');
	if (port != 0)
		(void)snprintf(at, sizeof(at), ":%lld", port);
	(void)snprintf(l->what + n, sizeof(l->what) - (size_t)n,
	    "%s%s%s%s%s", l->host[0] != '\0' ? " " : "",
	    six && port != 0 ? "[" : "", l->host, six && port != 0 ? "]" : "",
	    at);
}

static void
what_net(struct line *l)
{
	const char *ip = json_text(json_object_get(l->record,
	    "dst_endpoint"), "ip");
	const json_t *traffic = json_object_get(l->record, "traffic");
	long long port = (long long)json_number(l->un, "port");

	if (strcmp(l->kind, "net_close") == 0)
		(void)snprintf(l->what, sizeof(l->what),
		    "closed %s:%lld, %lld bytes in, %lld out", l->host, port,
		    (long long)json_number(traffic, "bytes_in"),
		    (long long)json_number(traffic, "bytes_out"));
	else if (l->action[0] != '\0')
		what_packet(l, port);
	else
		(void)snprintf(l->what, sizeof(l->what), "CONNECT %s:%lld%s%s",
		    l->host, port, ip[0] != '\0' ? " \u2192 " : "", ip);
}

static void
what_policy(struct line *l)
{
	const char *old = json_text(l->un, "old_policy_hash");

	(void)snprintf(l->what, sizeof(l->what), "policy %s %.12s%s%.12s",
	    l->action, old, old[0] != '\0' ? " \u2192 " : "",
	    json_text(l->un, "policy_hash"));
}

static void
what_life(struct line *l)
{
	const json_t *code = json_object_get(l->record, "exit_code");

	if (json_is_integer(code))
		(void)snprintf(l->what, sizeof(l->what), "%s (%lld)",
		    l->action, (long long)json_integer_value(code));
	else
		(void)snprintf(l->what, sizeof(l->what), "%s", l->action);
}

static void
what_plain(struct line *l)
{
	bool same = strcmp(l->kind, l->action) == 0;

	(void)snprintf(l->what, sizeof(l->what), "%s%s%.200s%s%.700s", l->kind,
	    l->action[0] != '\0' && !same ? " " : "", same ? "" : l->action,
	    l->host[0] != '\0' ? " " : "", l->host);
}

static void
what_file(struct line *l)
{
	(void)snprintf(l->what, sizeof(l->what), "%.20s %.900s", l->action,
	    json_text(l->un, "path"));
}

static void
what_proposal(struct line *l)
{
	(void)snprintf(l->what, sizeof(l->what), "%.20s %.900s", l->action,
	    json_text(l->un, "path"));
}

static void
what_command(struct line *l)
{
	(void)snprintf(l->what, sizeof(l->what), "%.900s", l->action);
}

static void
what_happened(struct line *l)
{
	static const struct {
		const char *kind;
		void (*what)(struct line *l);
	} kinds[] = { { "http", what_http }, { "net_open", what_net },
		{ "net_close", what_net }, { "policy", what_policy },
		{ "life", what_life }, { "file", what_file },
		{ "proposal", what_proposal },
		{ "command", what_command } };

	for (size_t i = 0; i < NELEM(kinds); i++)
		if (strcmp(kinds[i].kind, l->kind) == 0) {
			kinds[i].what(l);
			return;
		}
	what_plain(l);
}

/* ALLOW and DENY are decisions; the rest only happened. */
static const char *
verdict_of(const struct line *l, enum colour *c)
{
	const char *verdict = json_text(l->un, "verdict");
	bool decision = strcmp(l->kind, "http") == 0 ||
	    strcmp(l->kind, "net_open") == 0 || strcmp(l->kind, "dns") == 0 ||
	    strcmp(l->kind, "file") == 0 || strcmp(l->kind, "command") == 0;

	*c = COLOUR_DIM;
	if (strcmp(verdict, "denied") == 0) {
		*c = COLOUR_RED;
		return strcmp(l->kind, "life") == 0 ? "FAIL " : "DENY ";
	}
	if (strcmp(verdict, "allowed") == 0 && decision) {
		*c = COLOUR_GREEN;
		return "ALLOW";
	}
	if (strcmp(l->kind, "finding") != 0)
		return "-    ";
	*c = COLOUR_YELLOW;
	return "FOUND";
}

/* The column grows with its words, up to most. */
static void
print_padded(FILE *to, const char *text, size_t *width, size_t most)
{
	char safe[WHAT_BYTES_MAX * 2];
	size_t shown = 0;

	log_shown(str_c(text), safe, sizeof(safe));
	for (const char *p = safe; *p != '\0'; p++)
		shown += ((unsigned char)*p & 0xc0) != 0x80;
	if (shown > *width)
		*width = shown < most ? shown : most;
	(void)fprintf(to, "%s%*s", safe,
	    (int)(shown < *width ? *width - shown : 0), "");
}

/* The reason or the rule; who asked. */
static void
print_why(const struct line *l, FILE *to, bool colour)
{
	const char *rule = json_text(l->un, "rule");
	const char *reason = json_text(l->un, "reason");
	const char *exe = json_text(l->un, "exe");
	const char *actor = json_text(l->un, "actor");
	enum colour dim = colour ? COLOUR_DIM : COLOUR_NONE;
	const char *why = reason[0] != '\0' ? reason : rule;
	const char *who = actor[0] != '\0' ? actor : exe;
	char safe[WHAT_BYTES_MAX * 2];

	if (why[0] != '\0')
		(void)fprintf(to, "  %s", log_shown(str_c(why), safe,
		    sizeof(safe)));
	if (who[0] == '\0')
		return;
	(void)fprintf(to, "  %sby %s", colour_start(dim),
	    log_shown(str_c(who), safe, sizeof(safe)));
	if (who == exe && json_number(l->un, "pid") > 0)
		(void)fprintf(to, "[%lld]",
		    (long long)json_number(l->un, "pid"));
	(void)fprintf(to, "%s", colour_end(dim));
}

/* For `audit explain'. */
static void
print_number(const struct line *l, FILE *to, bool colour)
{
	int64_t n = json_number(json_object_get(l->record, "metadata"),
	    "sequence");
	enum colour dim = colour ? COLOUR_DIM : COLOUR_NONE;

	if (strcmp(json_text(l->un, "verdict"), "denied") == 0 && n > 0)
		(void)fprintf(to, "  %s#%lld%s", colour_start(dim),
		    (long long)n, colour ? colour_end(dim) : "");
}

static bool
has_why(const struct line *l)
{
	static const char *const keys[] = { "rule", "reason", "exe", "actor" };

	for (size_t i = 0; i < NELEM(keys); i++)
		if (json_text(l->un, keys[i])[0] != '\0')
			return true;
	return false;
}

static void
print_record(struct logline *s, struct line *l, FILE *to)
{
	const char *name = json_text(l->un, "sandbox");
	struct wall when = { json_number(l->record, "time") * 1000 };
	size_t role_width = 10; /* the longest: supervisor */
	size_t last = 0;
	char at[WHEN_BYTES];
	enum colour c;
	const char *verdict = verdict_of(l, &c);

	if (!s->colour)
		c = COLOUR_NONE;
	what_happened(l);
	(void)fprintf(to, "%s  ", when_local(when, at));
	print_padded(to, name[0] != '\0' ? name : "-", &s->name_width,
	    NAME_WIDTH_MAX);
	(void)fputs("  ", to);
	print_padded(to, json_text(l->un, "role"), &role_width, role_width);
	(void)fprintf(to, "  %s%s%s  ", colour_start(c), verdict,
	    colour_end(c));
	print_padded(to, l->what, has_why(l) ? &s->what_width : &last,
	    WHAT_WIDTH_MAX);
	print_why(l, to, s->colour);
	print_number(l, to, s->colour);
	(void)fputc('\n', to);
}

void
logline_print(struct logline *s, struct str json, FILE *to)
{
	json_t *record = json_loadb(json.p, json.len, 0, NULL);
	struct line l = { .record = record };
	char safe[WHAT_BYTES_MAX];

	l.un = json_object_get(record, "unmapped");
	if (l.un == NULL) {
		(void)fprintf(to, "%s\n", log_safe(json, safe, sizeof(safe)));
		json_decref(record);
		return;
	}
	l.kind = json_text(l.un, "kind");
	l.action = json_text(l.un, "action");
	l.host = json_text(l.un, "host");
	print_record(s, &l, to);
	json_decref(record);
}
