#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/log.h"
#include "base/must.h"
#include "policy/decide.h"
#include "say.h"

enum { SHOWN_LINES_MAX = 8, SHOWN_BYTES = 1024, NEXT_BYTES_MAX = 4096 };

/* ---- JSON */

static json_t *
text_json(struct str s)
{
	json_t *v = json_stringn(s.p, s.len);

	return v != NULL ? v : json_string("?");	/* not UTF-8 */
}

static json_t *
rule_json(const struct policy_rule *r)
{
	if (r->file.len == 0)
		return json_null();
	return json_pack("{s:o, s:I, s:o}", "file", text_json(r->file),
	    "line", (json_int_t)r->line, "text", text_json(r->text));
}

json_t *
reply_json(const struct reply *r)
{
	json_t *v = json_pack("{s:s, s:s, s:o, s:o, s:o}", "verdict",
	    reply_word(r->verdict), "domain", r->domain, "rule",
	    rule_json(&r->rule), "reason", text_json(str_c(r->reason)),
	    "nearest", rule_json(&r->nearest));

	must(v != NULL);
	if (r->route.len > 0)
		must(json_object_set_new(v, "route", text_json(r->route)) ==
		    0);
	return v;
}

/* ---- people */

char *
reply_rule(const struct policy_rule *r)
{
	char file[SHOWN_BYTES], text[SHOWN_BYTES];

	if (r->file.len == 0)
		return mem_strdup("no rule");
	if (r->line == 0)	/* ours, not of a document */
		return mem_printf("%s: %s", log_safe(r->file, file,
		    sizeof(file)), log_safe(r->text, text, sizeof(text)));
	return mem_printf("%s:%u: %s", log_safe(r->file, file, sizeof(file)),
	    r->line, log_safe(r->text, text, sizeof(text)));
}

enum colour
reply_colour(enum reply_verdict v)
{
	static const enum colour colours[] = { [REPLY_DENY] = COLOUR_RED,
		[REPLY_ALLOW] = COLOUR_GREEN, [REPLY_AUDIT] = COLOUR_YELLOW };

	return colours[v];
}

struct show { /* where it goes, and whether with colours */
	FILE *to;
	bool colour;
};

static const char *
on(const struct show *s, enum colour c)
{
	return s->colour ? colour_start(c) : "";
}

static const char *
off(const struct show *s)
{
	return s->colour ? colour_end(COLOUR_BOLD) : "";
}

static void
show_field(const struct show *s, const char *name, const char *text)
{
	char safe[SHOWN_BYTES];

	(void)fprintf(s->to, "  %s%-8s%s %s\n", on(s, COLOUR_DIM), name,
	    off(s), log_safe(str_c(text), safe, sizeof(safe)));
}

static size_t
indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.len && line.p[n] == ' ')
		n++;
	return n;
}

/* From the rule's line to the last that is further in: the entry whole. */
static void
show_source(const struct show *s, struct str text, uint32_t at)
{
	struct str line, rest = text;
	size_t first = 0;
	char safe[SHOWN_BYTES];

	for (uint32_t n = 1; n < at + SHOWN_LINES_MAX; n++) {
		bool more = str_cut(rest, '\n', &line, &rest);

		if (!more)
			line = rest;
		if (n == at)
			first = indent_of(line);
		else if (n > at && (str_trim(line).len == 0 ||
		    indent_of(line) <= first))
			return;
		if (n >= at)
			(void)fprintf(s->to, "  %s%8u |%s %s\n",
			    on(s, COLOUR_DIM), n, off(s), log_safe(line, safe,
			    sizeof(safe)));
		if (!more)
			return;
	}
}

static bool
show_lines(const struct show *s, const struct checked *k,
    const struct policy_rule *r)
{
	for (uint32_t i = 0; i < k->ndocs; i++)
		if (str_eqz(r->file, k->docs[i].name)) {
			show_source(s, k->docs[i].text, r->line);
			return true;
		}
	return false;
}

static void
show_rule(const struct show *s, const struct book *b, const char *name,
    const struct policy_rule *r)
{
	CLEAN_FREE char *text = NULL;

	if (r->file.len == 0)
		return;
	text = reply_rule(r);
	show_field(s, name, text);
	if (r->line > 0 && !show_lines(s, b->checked, r) &&
	    b->checked->max != NULL)
		(void)show_lines(s, b->checked->max, r);
}

/* The sentence without what the rule shown below says again. */
static void
show_reason(const struct show *s, const struct reply *r)
{
	char text[sizeof(r->reason)];
	char *cut;

	(void)snprintf(text, sizeof(text), "%s", r->reason);
	cut = strstr(text, "; nearest is ");
	if (cut != NULL && r->nearest.file.len > 0)
		*cut = '\0';
	show_field(s, "why", text);
}

/* ---- what to do next */

/* No entry can name such a method. */
static bool
has_lower(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 'a' && s.p[i] <= 'z')
			return true;
	return false;
}

static char *
next_network(const struct question *q, const struct reply *r,
    const char *sandbox)
{
	const char *host = q->host.text;

	if (q->kind == ASK_HTTP && has_lower(q->method))
		return mem_strdup("methods are case-sensitive: write the "
		    "method in upper case, as in GET");
	if (q->has_body && r->nearest.file.len > 0)
		return mem_printf("to allow it, add it to what %.*s:%u "
		    "lists: an entry that lists nothing lets every body pass",
		    (int)r->nearest.file.len, r->nearest.file.p,
		    r->nearest.line);
	if (near_is_protocol(r->reason))
		return mem_strdup("if that is meant, name its protocol in "
		    "protocols of the nearest rule");
	if (q->kind == ASK_DNS)
		return mem_printf("allow a connection to it: under network: "
		    "allow: write - endpoint: %s", host);
	if (q->kind != ASK_HTTP)
		return sandbox != NULL ? mem_printf("openshell policy update "
		    "%s --add-endpoint %s:%u", sandbox, host, q->port) :
		    mem_printf("to allow it, under network: allow: write "
		    "- {endpoint: %s, ports: [%u]}", host, q->port);
	return sandbox != NULL ? mem_printf("openshell policy update %s "
	    "--add-allow '%s:%u:%.*s:%.*s'", sandbox, host, q->port,
	    (int)q->method.len, q->method.p, (int)q->path.len, q->path.p) :
	    mem_printf("to allow it, under network: allow: write "
	    "- {endpoint: %s, ports: [%u], methods: [%.*s], "
	    "paths: [\"%.*s\"]}", host, q->port, (int)q->method.len,
	    q->method.p, (int)q->path.len, q->path.p);
}

static char *
next_file(const struct question *q)
{
	return mem_printf("to allow it, under file_access: allow: write "
	    "- {path: \"%.*s\", permissions: [%s]}", (int)q->file.len,
	    q->file.p, q->kind == ASK_READ ? "read" : "write");
}

/* The narrowest rule: the very arguments, where they can be written as they
 * are. */
static char *
next_exec(const struct question *q)
{
	struct buf b;
	bool ok;
	char *z;

	buf_init(&b, NEXT_BYTES_MAX);
	ok = q->nwords > 0 && buf_printf(&b, "to allow it, under commands: "
	    "allow: write - {command: \"%.*s\"", (int)q->word[0].len,
	    q->word[0].p);
	for (uint32_t i = 1; i < q->nwords && ok; i++) {
		for (size_t k = 0; k < q->word[i].len && ok; k++)
			ok = strchr("*?[{\\\"", q->word[i].p[k]) == NULL &&
			    q->word[i].p[k] >= ' ' && q->word[i].p[k] < 0x7f;
		ok = ok && buf_printf(&b, "%s\"%.*s\"", i == 1 ?
		    ", args: [" : ", ", (int)q->word[i].len, q->word[i].p);
	}
	ok = ok && buf_addz(&b, q->nwords > 1 ? "]}" : "}");
	z = ok ? buf_take(&b, NULL) : NULL;
	buf_fini(&b);
	return z;
}

static char *
next_of(const struct question *q, const struct reply *r, const char *sandbox)
{
	if (q->refused != NULL)
		return NULL;
	if (strstr(r->reason, "who asks is not known") != NULL)
		return mem_strdup("say who asks: --from /usr/bin/PROGRAM");
	if (r->rule.file.len > 0 && r->rule.line == 0)
		return NULL;	/* ours; the reason says what can be done */
	if (r->rule.file.len > 0)
		return mem_printf("a deny beats every allow: narrow "
		    "%.*s:%u, or leave it", (int)r->rule.file.len,
		    r->rule.file.p, r->rule.line);
	if (q->nprofiles > 0)
		return mem_printf("if the policy alone would allow it, the "
		    "profile has to, too: under profiles: %.*s",
		    (int)q->profile[0].len, q->profile[0].p);
	switch (q->kind) {
	case ASK_HTTP:
	case ASK_CONNECT:
	case ASK_TLS:
	case ASK_TCP:
	case ASK_DNS:
		return next_network(q, r, sandbox);
	case ASK_READ:
	case ASK_WRITE:
		return next_file(q);
	case ASK_EXEC:
		return next_exec(q);
	case ASK_MODEL:
		return NULL;
	}
	return NULL;
}

void
reply_show(const struct book *b, const struct question *q,
    const struct reply *r, const char *sandbox, FILE *to)
{
	struct show s = { to, colour_on(to) };
	CLEAN_FREE char *next = r->verdict == REPLY_DENY ?
	    next_of(q, r, sandbox) : NULL;
	char shown[SHOWN_BYTES];

	(void)fprintf(to, "%s%s%s %s\n", on(&s, reply_colour(r->verdict)),
	    reply_word(r->verdict), off(&s), log_safe(q->shown, shown,
	    sizeof(shown)));
	show_reason(&s, r);
	show_rule(&s, b, "rule", &r->rule);
	show_rule(&s, b, "nearest", &r->nearest);
	if (next != NULL)
		show_field(&s, "next", next);
}

/* ---- a question's flags */

/* A body of a kind that says nothing of what rules ask. */
static void
show_bare(const struct question *q)
{
	uint32_t left = q->read;

	for (uint32_t i = 0; i < q->ncontent; i++)
		left &= ~question_read(q->content[i].detail);
	while (left != 0) {
		enum detail d = (enum detail)__builtin_ctz(left);

		(void)printf(" --content %s", detail_table[d].key);
		left &= ~question_read(d);
	}
}

void
reply_details(struct arena *a, const struct question *q)
{
	for (uint32_t i = 0; i < q->nfields; i++)
		(void)printf(" --header '%.*s=%.*s'",
		    (int)q->field[i].name.len, q->field[i].name.p,
		    (int)q->field[i].value.len, q->field[i].value.p);
	for (uint32_t i = 0; i < q->ncontent; i++)
		(void)printf(" --content '%s'",
		    question_content_print(a, &q->content[i]).p);
	show_bare(q);
}
