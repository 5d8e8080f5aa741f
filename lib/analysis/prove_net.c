/* prove_net.c -- statements about requests over the network.  What a
 * statement speaks of is itself a policy, of denies alone: so its words mean
 * what they mean there, and the same code reads and matches them. */
#include <stdio.h>
#include <stdlib.h>

#include "analysis/prove.h"
#include "analysis/space.h"
#include "base/buf.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "policy/decide.h"

#define SCOPE_BYTES_MAX 65536

enum kind { OF_HOST, OF_PORT, OF_METHOD, OF_PATH, OF_FROM, KINDS };

static const struct {
	const char *key, *what;
} kinds[KINDS] = { { "endpoint", "a host" }, { "ports", "a port" },
	{ "methods", "a method" }, { "paths", "a path" },
	{ "binaries", "a program" } };

struct words {
	uint32_t v[STATEMENT_WORDS_MAX], n;	/* places in the statement */
};

struct scope { /* what the filters so far speak of */
	struct words of[KINDS];
	struct book book;	/* denies it */
	char *text;
};

struct net_proof {
	struct statement *s;
	struct scope which, claim;
	struct book wide;	/* allows whatever some query, field, body or
				 * fact could make the policy allow */
	bool every, connection;
	struct str unsure;	/* a request that only `wide' allows */
};

/* ---- filters */

static bool
take_kind(struct statement *s, enum kind *out)
{
	static const struct {
		const char *word;
		enum kind kind;
	} names[] = { { "to", OF_HOST }, { "reaches", OF_HOST },
		{ "host", OF_HOST }, { "port", OF_PORT },
		{ "ports", OF_PORT }, { "method", OF_METHOD },
		{ "methods", OF_METHOD }, { "path", OF_PATH },
		{ "paths", OF_PATH }, { "from", OF_FROM } };

	for (size_t i = 0; i < NELEM(names); i++)
		if (statement_take(s, names[i].word)) {
			*out = names[i].kind;
			return true;
		}
	return false;
}

/* One or more, parted by "or". */
static int
take_words(struct statement *s, struct words *w, enum kind kind)
{
	do {
		if (s->at == s->n)
			return statement_fault(s, s->at, "%s is missing here",
			    kinds[kind].what);
		w->v[w->n++] = s->at++;
	} while (statement_take(s, "or"));
	return 0;
}

static int
take_filters(struct statement *s, struct scope *to)
{
	for (;;) {
		bool more = statement_take(s, "and");
		enum kind kind;

		more |= statement_take(s, "with") || statement_take(s, "on");
		if (!take_kind(s, &kind)) {
			if (more)
				return statement_fault(s, s->at, "to, port, "
				    "method, path or from belongs here");
			return 0;
		}
		if (to->of[kind].n > 0)
			return statement_fault(s, s->at - 1, "%s was said "
			    "already: part the words by \"or\"",
			    kinds[kind].what);
		if (take_words(s, &to->of[kind], kind) == -1)
			return -1;
	}
}

/* ---- the filters as a policy: a line for each word */

struct writing {
	struct statement *s;
	struct buf b;
	uint32_t lines, *word_of;	/* of each line */
};

static void
put_line(struct writing *w, uint32_t word, const char *before, struct str text)
{
	w->word_of[w->lines++] = word;
	must(buf_addz(&w->b, before));
	for (size_t i = 0; i < text.len; i++)
		must(buf_printf(&w->b, text.p[i] == '"' || text.p[i] == '\\' ?
		    "\\%c" : "%c", text.p[i]));
	must(buf_addz(&w->b, text.len > 0 ? "\"\n" : "\n"));
}

static void
put_list(struct writing *w, const struct words *list, enum kind kind)
{
	char key[32];

	if (list->n == 0 || kind == OF_HOST)
		return;
	(void)snprintf(key, sizeof(key), "      %s:", kinds[kind].key);
	put_line(w, list->v[0], key, STR(""));
	for (uint32_t i = 0; i < list->n; i++) {
		struct str text = w->s->word[list->v[i]].text;
		uint64_t port;
		bool number = kind == OF_PORT &&
		    str_u64(text, UINT16_MAX, &port);

		if (!number) {
			put_line(w, list->v[i], "        - \"", text);
			continue;
		}
		must(buf_printf(&w->b, "        - %.*s", (int)text.len,
		    text.p));
		put_line(w, list->v[i], "", STR(""));
	}
}

/* One entry per host; without ports "*" alone would say nothing. */
static void
put_scope(struct writing *w, const struct scope *scope)
{
	uint32_t hosts = scope->of[OF_HOST].n;

	put_line(w, 0, "network:", STR(""));
	put_line(w, 0, "  default_policy: allow", STR(""));
	put_line(w, 0, "  deny:", STR(""));
	for (uint32_t i = 0; i < hosts || i == 0; i++) {
		uint32_t word = hosts > 0 ? scope->of[OF_HOST].v[i] : 0;

		put_line(w, word, "    - endpoint: \"", hosts > 0 ?
		    w->s->word[word].text : STR("*"));
		if (scope->of[OF_PORT].n == 0)
			put_line(w, word, "      ports: [\"1-65535\"]",
			    STR(""));
		for (unsigned k = 0; k < KINDS; k++)
			put_list(w, &scope->of[k], (enum kind)k);
	}
}

static int
open_scope(struct statement *s, struct scope *scope)
{
	uint32_t lines[8 * STATEMENT_WORDS_MAX];
	struct writing w = { .s = s, .word_of = lines };
	struct policy_file f = { .name = "statement" };
	const struct diag *first;
	size_t len;

	buf_init(&w.b, SCOPE_BYTES_MAX);
	put_scope(&w, scope);
	scope->text = buf_take(&w.b, &len);
	f.text = str_of(scope->text, len);
	if (book_open(&f, 1, &scope->book) == 0)
		return 0;
	first = scope->book.diags.v;
	return statement_fault(s, first->line > 0 && first->line <= w.lines ?
	    lines[first->line - 1] : 0, "%s", first->text);
}

static void
close_scope(struct scope *scope)
{
	book_close(&scope->book);
	free(scope->text);
}

/* ---- asking */

static bool
is_narrow(const struct scope *scope)
{
	return scope->of[OF_METHOD].n > 0 || scope->of[OF_PATH].n > 0;
}

/* Is the question one of those that the scope speaks of? */
static bool
is_in(const struct scope *scope, const struct question *q)
{
	struct net_query n = { .host = host_str(&q->host), .port = q->port,
		.tls = q->tls, .who = { q->from, q->nfrom } };
	struct net_answer a;

	if (q->nfrom == 0 && scope->of[OF_FROM].n > 0)
		return false;
	if (q->kind == ASK_HTTP) {
		n.method = q->method;
		n.path = q->path;
	} else if (is_narrow(scope)) {
		return false;	/* nobody knows of what is not looked at */
	} else {
		n.method = STR("GET");
		n.path = STR("/");
		n.tls = true;
	}
	policy_network(scope->book.image, &n, &a);
	return a.judged == VERDICT_DENY && a.rule.line > 0;
}

static bool
is_broken(const struct net_proof *p, const struct question *q)
{
	if (p->connection && q->kind == ASK_HTTP)
		return false;
	if (!p->connection && q->kind == ASK_CONNECT)
		return false;	/* the requests on it are asked about */
	if (!is_in(&p->which, q))
		return false;
	return !p->every || !is_in(&p->claim, q);
}

static void
on_broken(struct net_proof *p, const struct question *q)
{
	struct reply r;

	book_ask(p->s->book, q, &r);
	if (r.verdict != REPLY_DENY)
		statement_counter(p->s, q, &r);
	else if (p->unsure.len == 0)
		p->unsure = question_print(p->s->arena, q);
}

static bool
on_question(void *arg, const struct question *q)
{
	struct net_proof *p = arg;
	struct reply r;

	if (!p->s->proof->holds)
		return false;
	p->s->proof->asked++;
	book_ask(&p->wide, q, &r);
	if (r.verdict != REPLY_DENY && is_broken(p, q))
		on_broken(p, q);
	/* What is denied as a connection is denied as a request. */
	return p->s->proof->holds &&
	    (q->kind != ASK_CONNECT || r.verdict != REPLY_DENY);
}

static int
open_wide(struct net_proof *p, bool every)
{
	if (book_open_wide(p->s->book, true, every, &p->wide) == 0)
		return 0;
	return statement_fault(p->s, 0, "%s", p->wide.diags.v[0].text);
}

static int
ask_all(struct net_proof *p, bool *inexact)
{
	struct space space = { .arena = p->s->arena,
		.pol = { p->s->book->checked, p->which.book.checked },
		.npol = 2, .on = on_question, .arg = p };
	struct err e = { 0 };

	if (p->every)
		space.pol[space.npol++] = p->claim.book.checked;
	if (space_walk(&space, &e) == -1)
		return statement_fault(p->s, 0, "%s", e.text);
	*inexact = space.inexact;
	return 0;
}

/* What is too much to look at is taken for no hindrance. */
static int
ask(struct net_proof *p)
{
	bool inexact;

	if (ask_all(p, &inexact) == -1)
		return -1;
	if (p->s->proof->holds && inexact) {
		book_close(&p->wide);
		if (open_wide(p, true) == -1 || ask_all(p, &inexact) == -1)
			return -1;
	}
	if (p->s->proof->holds && p->unsure.len > 0)
		return statement_fault(p->s, 0, "whether it holds depends on "
		    "what rules ask beside method and path, or on a condition, "
		    "which is not looked into: %.*s", (int)p->unsure.len,
		    p->unsure.p);
	return 0;
}

static int
read_all(struct net_proof *p)
{
	struct statement *s = p->s;

	if (take_filters(s, &p->which) == -1)
		return -1;
	if (p->every) {
		if (!statement_take(s, "has"))
			return statement_fault(s, s->at, "what every such "
			    "request has belongs here: \"has method GET\"");
		if (s->at == s->n)
			return statement_fault(s, s->at, "what it has is "
			    "missing: method, path, port, host or from");
		if (take_filters(s, &p->claim) == -1)
			return -1;
	}
	if (s->at < s->n)
		return statement_fault(s, s->at, "\"%s\" is not understood "
		    "here: to, port, method, path, from, or the end",
		    s->word[s->at].text.p);
	if (p->connection && is_narrow(&p->which))
		return statement_fault(s, 1, "a connection has no method and "
		    "no path: write \"request\"");
	return 0;
}

int
prove_network(struct statement *s, bool every, bool connection)
{
	struct net_proof p = { .s = s, .every = every,
		.connection = connection };
	int rc = read_all(&p);

	if (rc == 0)
		rc = open_scope(s, &p.which);
	if (rc == 0 && every)
		rc = open_scope(s, &p.claim);
	if (rc == 0)
		rc = open_wide(&p, false);
	if (rc == 0)
		rc = ask(&p);
	book_close(&p.wide);
	close_scope(&p.which);
	close_scope(&p.claim);
	return rc;
}
