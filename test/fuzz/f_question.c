/* f_question.c -- a request as a person writes it, a statement, and a file of
 * cases.  A request that is printed is the same request again; a question is
 * answered whatever it is, and a counterexample is one. */
#include <stdint.h>
#include <stdlib.h>

#include "analysis/cases.h"
#include "analysis/prove.h"
#include "base/err.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static const char policy[] =
    "network:\n"
    "  allow:\n"
    "    - {endpoint: a.test, methods: [GET], paths: [/x/*, '**/y']}\n"
    "    - {endpoint: '*.b.test', binaries: [git], ports: ['1-999']}\n"
    "  deny:\n"
    "    - {endpoint: c.b.test}\n"
    "file_access:\n"
    "  allow: [{path: /w/**, permissions: [read, write]}]\n"
    "  deny: [{path: '**/*.pem'}]\n"
    "commands:\n"
    "  allow: [ls, 'cat /w/**']\n"
    "  deny: ['rm -rf *']\n"
    "inference:\n"
    "  router:\n"
    "    rules: [{condition: sensitivity < high, route: frontier}]\n";

static void
try_request(const struct book *b, struct str text)
{
	struct arena a = { 0 };
	struct question q, again;
	struct reply r, r2;
	struct err e = { 0 };
	struct str printed;

	if (question_parse(&a, &text, 1, &q, &e) == 0) {
		book_ask(b, &q, &r);
		must(r.reason[0] != '\0' && r.domain != NULL);
		printed = question_print(&a, &q);
		if (q.refused == NULL) {
			must(question_parse(&a, &printed, 1, &again, &e) ==
			    0);
			must(str_eq(question_print(&a, &again), printed));
			book_ask(b, &again, &r2);
			must(r.verdict == r2.verdict);
		}
	} else {
		must(e.text[0] != '\0');
	}
	arena_fini(&a);
}

static void
try_statement(const struct book *b, struct str text)
{
	struct doc doc = { .name = "statement", .text = text };
	struct arena a = { 0 };
	struct diags d = { 0 };
	struct proof proof;

	if (prove(b, &doc, 1, text, &a, &d, &proof) == -1)
		must(d.errors > 0);
	diags_fini(&d);
	arena_fini(&a);
}

static void
try_cases(struct str text)
{
	const struct policy_file f = { .name = "cases", .text = text };
	struct diags d = { 0 };
	struct cases c;

	if (cases_read(&f, &c, &d) == -1)
		must(d.errors > 0);
	diags_fini(&d);
	cases_fini(&c);
}

/* The first byte says what the others are. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct book b;
	static const struct policy_file f = { .name = "policy",
		.text = { policy, sizeof(policy) - 1 } };
	struct str text;

	if (b.image == NULL)
		must(book_open(&f, 1, &b) == 0);
	if (len == 0 || len > 4096)
		return 0;
	text = str_of((const char *)p + 1, len - 1);
	if (p[0] == 's') {
		if (memchr(p, '\n', len) == NULL && memchr(p, '\0', len) == NULL)
			try_statement(&b, text);
	} else if (p[0] == 'c') {
		try_cases(text);
	} else {
		try_request(&b, text);
	}
	return 0;
}
