/* t_policy_cond.c -- conditions: what they mean, what is refused in them and
 * in which words, and that their tests say what their tree says. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/cond.h"
#include "compile/cond_code.h"
#include "compile/cond_domain.h"
#include "compile/compile.h"
#include "policy/cond.h"
#include "policy/decide.h"
#include "policy/form.h"
#include "policy/image.h"
#include "policy/sound.h"

/* ---- what is refused */

#define MODEL FOR_MODEL
#define NET FOR_NET
#define EXEC FOR_EXEC

static const struct {
	const char *what, *text;
	unsigned where;
	uint32_t at, width;
	const char *want;	/* part of what is said */
} faults[] = {
	{ "an empty condition", "", MODEL, 0, 1, "is empty" },
	{ "one of blanks", "  \t ", MODEL, 0, 1, "is empty" },
	{ "an unknown fact, with the nearest", "context_sensitivty == high",
	    MODEL, 0, 18, "did you mean \"context_sensitivity\"?" },
	{ "an unknown dotted fact", "findings.secrets > 0", MODEL, 0, 16,
	    "did you mean \"findings.secret\"?" },
	{ "an unknown fact alone", "zzzzzz", MODEL, 0, 6, "no such fact" },
	{ "a word that is no level", "context_sensitivity >= hihg", MODEL,
	    23, 4, "did you mean \"high\"?" },
	{ "the same in quotes", "context_sensitivity == \"hihg\"", MODEL, 23,
	    6, "did you mean \"high\"?" },
	{ "a word that is no task lists them", "task == 'xyzzy'", MODEL, 8,
	    7, "it is one of chat, title" },
	{ "an order that is none", "task > debug", MODEL, 0, 12,
	    "task has no order: use ==" },
	{ "an order of texts", "model < \"b\"", MODEL, 0, 11,
	    "model has no order" },
	{ "a number for a level", "context_sensitivity == 3", MODEL, 23, 1,
	    "is one of a few words, and this is not" },
	{ "a text for a number", "input_tokens < \"8000\"", MODEL, 15, 6,
	    "is a number, and this is not" },
	{ "a time for a number", "input_tokens < 5m", MODEL, 15, 2,
	    "is a number, and this is not" },
	{ "a number for a size", "body_size < 5", NET, 12, 1,
	    "is a size, as 10MiB" },
	{ "a word for a text", "model == opus", MODEL, 9, 4,
	    "it needs quotes" },
	{ "a size for a time", "time_of_day > 5KiB", NET, 14, 4,
	    "is a time, as 5m" },
	{ "a list compared", "labels == \"pii\"", MODEL, 0, 6,
	    "write \"word\" in labels" },
	{ "a list searched as a text", "labels.contains(\"pii\")", MODEL, 0,
	    6, "labels is a list: write \"word\" in labels" },
	{ "a bool with order", "has_image > true", MODEL, 0, 9,
	    "has no order" },
	{ "a bool compared with a number", "has_image == 1", MODEL, 13, 1,
	    "is true or false, and this is not" },
	{ "a fact that is no condition", "input_tokens", MODEL, 0, 12,
	    "is a number: compare it" },
	{ "the same behind !", "!model", MODEL, 1, 5, "is a text: compare" },
	{ "the same in an and", "has_image && port", NET, 0, 9,
	    "is a fact of a call of a model" },
	{ "a constant that is no condition", "5", MODEL, 0, 1,
	    "a constant is no condition" },
	{ "true alone", "true", MODEL, 0, 4, "this is always true" },
	{ "two constants", "1 == 1", MODEL, 0, 6, "compares two constants" },
	{ "two facts", "input_tokens < max_output_tokens", MODEL, 0, 32,
	    "not between two facts" },
	{ "a comparison of conditions", "(has_image) == (stream)", MODEL, 0,
	    23, "not between two facts" },
	{ "a comparison of comparisons", "(turn > 1) == (turn > 2)", MODEL,
	    0, 24, "put conditions together by" },
	{ "a chain of comparisons", "1 < turn < 5", MODEL, 9, 1,
	    "this is too much" },
	{ "one =", "turn = 5", MODEL, 5, 1, "write == to compare" },
	{ "one &", "has_image & stream", MODEL, 10, 1, "write &&" },
	{ "one |", "has_image | stream", MODEL, 10, 1, "write ||" },
	{ "and in words", "has_image and stream", MODEL, 10, 3,
	    "write &&" },
	{ "or in words", "has_image or stream", MODEL, 10, 2, "write ||" },
	{ "not in words", "not has_image", MODEL, 0, 3, "write !" },
	{ "nothing between two", "has_image stream", MODEL, 10, 6,
	    "is missing before this" },
	{ "arithmetic", "turn + 1 > 5", MODEL, 5, 1,
	    "there is no arithmetic" },
	{ "a negative number", "turn > -1", MODEL, 7, 1,
	    "there are no negative numbers" },
	{ "a fraction", "turn > 1.5", MODEL, 7, 2, "there are no fractions" },
	{ "a leading zero", "turn > 05", MODEL, 7, 2, "no leading zeros" },
	{ "a number beyond 63 bits", "turn > 9223372036854775808", MODEL, 7,
	    19, "not a number that can be held" },
	{ "a size beyond 63 bits", "body_size > 9223372036854775807KiB", NET,
	    12, 22, "this is too much" },
	{ "a unit that is none", "body_size > 5MIB", NET, 13, 3,
	    "no such unit" },
	{ "units in the wrong order", "time_of_day > 30m1h", NET, 18, 1,
	    "from large to small" },
	{ "sizes are not put together", "body_size > 1MiB5B", NET, 17, 1,
	    "from large to small" },
	{ "an open string", "model == \"x", MODEL, 9, 1,
	    "this string has no end" },
	{ "a backslash before a letter", "model == \"a\\n\"", MODEL, 11, 2,
	    "a backslash may stand before" },
	{ "an open parenthesis", "(has_image", MODEL, 10, 1,
	    "a ) is missing here" },
	{ "a closing one", "has_image)", MODEL, 9, 1, "this is too much" },
	{ "nothing behind &&", "has_image &&", MODEL, 12, 1,
	    "the condition ends here" },
	{ "nothing before &&", "&& has_image", MODEL, 0, 2,
	    "a fact or a constant is missing" },
	{ "an empty list", "task in []", MODEL, 9, 1,
	    "a constant is missing here" },
	{ "an open list", "task in [chat", MODEL, 13, 1, "a comma or ]" },
	{ "in of a word", "task in chat", MODEL, 8, 4,
	    "behind in, a list is needed" },
	{ "a list behind ==", "task == [chat]", MODEL, 8, 6,
	    "compare with one of a list by in" },
	{ "a wrong word in a list", "task in [chat, debgu]", MODEL, 15, 5,
	    "did you mean \"debug\"?" },
	{ "in of a fact that is no list", "\"x\" in model", MODEL, 7, 5,
	    "behind in, a list is needed" },
	{ "a word before in", "pii in labels", MODEL, 0, 3,
	    "it needs quotes" },
	{ "a fact of another decision", "method == \"GET\"", MODEL, 0, 6,
	    "method is a fact of a request on the network, and this is about "
	    "a call of a model" },
	{ "a fact of a later phase", "response.status == 200", NET, 0, 15,
	    "known only after this is decided" },
	{ "a result", "route == \"local\"", MODEL, 0, 5,
	    "only a statement to prove" },
	{ "an implication", "has_image => stream", MODEL, 10, 2,
	    "=> is for what is to be proved" },
	{ "an unknown function", "model.startswith(\"x\")", MODEL, 6, 10,
	    "did you mean \"startsWith\"?" },
	{ "a function of nothing", "foo(model)", MODEL, 0, 3,
	    "no such function" },
	{ "a function without its value", "model.startsWith()", MODEL, 6, 10,
	    "needs a second value" },
	{ "a function with one too many", "has(model, model)", MODEL, 0, 3,
	    "takes nothing more" },
	{ "an empty text", "model.startsWith(\"\")", MODEL, 17, 2,
	    "not an empty one" },
	{ "a text function of a number", "turn.contains(\"1\")", MODEL, 0, 4,
	    "this function is of texts" },
	{ "lower of a number", "lower(turn) == \"a\"", MODEL, 6, 4,
	    "lower is of texts" },
	{ "lower compared with upper case", "lower(model) == \"GPT\"", MODEL,
	    16, 5, "never gives upper case" },
	{ "size of a number", "size(turn) > 1", MODEL, 5, 4,
	    "size is of texts and lists" },
	{ "a glob with a set", "model.matches(\"[ab]\")", MODEL, 14, 6,
	    "no [sets]" },
	{ "a glob with an open brace", "model.matches(\"{a\")", MODEL, 14, 4,
	    "a { without its }" },
	{ "a glob with three stars", "model.matches(\"a***\")", MODEL, 14, 6,
	    "three stars" },
	{ "a glob with too many forms", "model.matches(\"{a,b}{a,b}{a,b}"
	    "{a,b}{a,b}{a,b}{a,b}\")", MODEL, 14, 37, "more than 64 forms" },
	{ "a domain in upper case", "host.domainMatch(\"*.Example.com\")",
	    NET, 17, 15, "a name in lower case" },
	{ "a domain of stars", "host.domainMatch(\"*\")", NET, 17, 3,
	    "a name in lower case" },
	{ "a domain with an empty label", "host.domainMatch(\"a..b\")", NET,
	    17, 6, "a name in lower case" },
	{ "a range with bits beyond its prefix", "address in 10.0.0.1/8",
	    NET, 11, 10, "no bits beyond the prefix" },
	{ "no address", "address == 10.0.0.256", NET, 11, 10,
	    "not an address or range" },
	{ "a range behind ==", "address == 10.0.0.0/8", NET, 11, 10,
	    "write address in 10.0.0.0/8" },
	{ "cidrMatch of a text", "address.cidrMatch(\"ten\")", NET, 18, 5,
	    "an address range is needed" },
	{ "exists of no list", "model.exists(x, x == \"a\")", MODEL, 0, 5,
	    "of a list fact" },
	{ "exists without a name", "labels.exists(\"x\", true)", MODEL, 14,
	    3, "a name for the item" },
	{ "exists with a fact's name", "labels.exists(model, model == \"a\")",
	    MODEL, 14, 5, "this name is taken" },
	{ "exists that looks at nothing", "labels.exists(x, has_image)",
	    MODEL, 17, 9, "does not look at x" },
	{ "exists in exists", "labels.exists(x, tools.exists(y, y == \"a\"))",
	    MODEL, 23, 6, "cannot stand within each other" },
	{ "a list in exists", "labels.exists(x, x == \"a\" && \"b\" in tools)",
	    MODEL, 29, 12, "for each item of another" },
	{ "exists as a function", "exists(labels, x)", MODEL, 0, 6,
	    "write LIST.exists(x, ...)" },
	{ "the item outside", "labels.exists(x, x == \"a\") && x == \"b\"",
	    MODEL, 30, 1, "no such fact" },
	{ "has of an item", "labels.exists(x, has(x))", MODEL, 21, 1,
	    "has is of a fact alone" },
	{ "has of a constant", "has(5)", MODEL, 4, 1, "is of a fact" },
	{ "a dollar", "$turn > 1", MODEL, 0, 1, "has no meaning" },
	{ "an assignment", "turn == 1; turn == 2", MODEL, 9, 1,
	    "has no meaning" },
};

static void
faults_are_said(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(faults); i++) {
		struct arena a = { 0 };
		struct cond_fault f;
		struct cond *k;
		int rc = cond_parse(str_c(faults[i].text), faults[i].where,
		    PHASE_BODY, &a, &k, &f);

		if (rc != -1)
			fail_msg("%s: taken: %s", faults[i].what,
			    faults[i].text);
		if (strstr(f.text, faults[i].want) == NULL ||
		    f.at != faults[i].at || f.width != faults[i].width) {
			print_error("%s: %s\nat %u (%u wide): %s\nwanted %u "
			    "(%u): %s\n", faults[i].what, faults[i].text,
			    f.at, f.width, f.text, faults[i].at,
			    faults[i].width, faults[i].want);
			wrong++;
		}
		arena_fini(&a);
	}
	assert_int_equal(wrong, 0);
}

/* ---- canonical spelling */

static const struct {
	const char *text;
	unsigned where;
	const char *want;
} prints[] = {
	{ "context_sensitivity==\"high\"", MODEL,
	    "context_sensitivity == high" },
	{ "sensitivity >= confidential", MODEL,
	    "context_sensitivity >= high" },
	{ "high <= sensitivity", MODEL, "context_sensitivity >= high" },
	{ "task_type == 'code_synthesis'", MODEL, "task == code_generate" },
	{ "task in [plan,\"debug\"]", MODEL, "task in [plan, debug]" },
	{ "(((has_image)))", MODEL, "has_image" },
	{ "has_image == false", MODEL, "!has_image" },
	{ "has_image != true", MODEL, "!has_image" },
	{ "!(turn>1)", MODEL, "!(turn > 1)" },
	{ "!!has_image", MODEL, "!!has_image" },
	{ "has_image||stream&&thinking", MODEL,
	    "has_image || stream && thinking" },
	{ "(has_image||stream)&&thinking", MODEL,
	    "(has_image || stream) && thinking" },
	{ "startsWith(model, \"a\")", MODEL, "model.startsWith(\"a\")" },
	{ "model.lower().contains('q\"')", MODEL,
	    "lower(model).contains(\"q\\\"\")" },
	{ "labels.size() > 2", MODEL, "size(labels) > 2" },
	{ "labels.exists(label, label.startsWith(\"pii\"))", MODEL,
	    "labels.exists(x, x.startsWith(\"pii\"))" },
	{ "\"pii\" in labels", MODEL, "\"pii\" in labels" },
	{ "address.cidrMatch(\"10.0.0.0/8\")", NET,
	    "address in [10.0.0.0/8]" },
	{ "address in [fe80::1, 10.0.0.0/8]", NET,
	    "address in [fe80::1, 10.0.0.0/8]" },
	{ "time_of_day >= 9h && time_of_day < 17h30m", NET,
	    "time_of_day >= 9h && time_of_day < 17h30m" },
	{ "body_size > 10MiB", NET, "body_size > 10MiB" },
	{ "weekday <= fri", NET, "weekday <= fri" },
	{ "callers.all(p, p.matches(\"/usr/**\"))", EXEC,
	    "callers.all(x, x.matches(\"/usr/**\"))" },
	{ "sensitivity >= high => route == \"local\"", MODEL | FOR_PROOF,
	    "!(context_sensitivity >= high) || route == \"local\"" },
};

static void
prints_parse_to_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(prints); i++) {
		struct arena a = { 0 };
		struct cond_fault f;
		struct cond *k, *again;
		struct str text;

		if (cond_parse(str_c(prints[i].text), prints[i].where,
			PHASE_BODY, &a, &k, &f) == -1)
			fail_msg("%s: %u: %s", prints[i].text, f.at, f.text);
		text = cond_print(k, &a);
		assert_string_equal(text.p, prints[i].want);
		if (cond_parse(text, prints[i].where, PHASE_BODY, &a, &again,
			&f) == -1)
			fail_msg("%s: %s", text.p, f.text);
		assert_true(cond_same(k, again));
		assert_string_equal(cond_print(again, &a).p, text.p);
		arena_fini(&a);
	}
}

static void
caps_hold(void **state)
{
	struct arena a = { 0 };
	struct cond_fault f;
	struct cond *k;
	char text[COND_BYTES_MAX + 2];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "has_image", 9);
	assert_int_equal(cond_parse(str_of(text, COND_BYTES_MAX), MODEL,
	    PHASE_BODY, &a, &k, &f), 0);
	assert_int_equal(cond_parse(str_of(text, COND_BYTES_MAX + 1), MODEL,
	    PHASE_BODY, &a, &k, &f), -1);
	assert_non_null(strstr(f.text, "4096 bytes"));
	memset(text, '!', COND_DEPTH_MAX + 1);
	memcpy(text + COND_DEPTH_MAX + 1, "stream", 6);
	assert_int_equal(cond_parse(str_of(text + 1, COND_DEPTH_MAX + 6),
	    MODEL, PHASE_BODY, &a, &k, &f), 0);
	assert_int_equal(cond_parse(str_of(text, COND_DEPTH_MAX + 7), MODEL,
	    PHASE_BODY, &a, &k, &f), -1);
	assert_non_null(strstr(f.text, "within each other"));
	memset(text, '(', sizeof(text));
	assert_int_equal(cond_parse(str_of(text, COND_BYTES_MAX), MODEL,
	    PHASE_BODY, &a, &k, &f), -1);
	arena_fini(&a);
}

/* ---- meaning */

/* An image whose only condition is the text's; NULL: it is not well. */
static struct image *
image_of_cond(const char *text, char **bytes)
{
	struct policy_file file = { "p.yaml", { NULL, 0 } };
	struct diags d = { 0 };
	struct image *im = NULL;
	struct err e = { 0 };
	struct buf b;
	size_t len;
	bool ok;

	buf_init(&b, 65536);
	ok = buf_addz(&b, "inference:\n  router:\n    rules:\n      - route: "
	    "local\n        condition: '");
	for (const char *p = text; *p != '\0'; p++)
		ok = ok && buf_add(&b, p, 1) && (*p != '\'' ||
		    buf_add(&b, p, 1));
	ok = ok && buf_addz(&b, "'\n");
	must(ok);
	file.text = buf_str(&b);
	if (policy_compile(&file, 1, POLICY_STAGE_CHECK, bytes, &len, &d) ==
	    -1) {
		diags_fini(&d);
		buf_fini(&b);
		*bytes = NULL;
		return NULL;
	}
	if (image_of(str_of(*bytes, len), &im, &e) == -1)
		fail_msg("%s: %s", text, e.text);
	diags_fini(&d);
	buf_fini(&b);
	return im;
}

#define F TRUTH_FALSE
#define U TRUTH_UNKNOWN
#define T TRUTH_TRUE

/* ---- what one test says of known facts */

static const struct str some_labels[] = { { "pii", 3 }, { "hr-2026", 7 } };

static void
some_facts(struct facts *f)
{
	*f = (struct facts){ 0 };
	fact_put(f, FACT_SENSITIVITY, SENSITIVITY_HIGH);
	fact_put(f, FACT_TASK, fact_word_find(FACT_TASK, STR("debug")));
	fact_put(f, FACT_INPUT_TOKENS, 8000);
	fact_put(f, FACT_HAS_IMAGE, 1);
	fact_put(f, FACT_STREAM, 0);
	fact_put_text(f, FACT_MODEL, STR("Claude-Opus/5"));
	fact_put_text(f, FACT_CLIENT, STR("api.dev.example.com"));
	fact_put(f, FACT_TIME_OF_DAY, 34200000);	/* 09:30 */
	fact_put(f, FACT_WEEKDAY, 5);			/* sat */
	fact_put_list(f, FACT_LABELS, some_labels, 2);
	fact_put_list(f, FACT_TOOLS, NULL, 0);
}

static const struct {
	const char *what, *text;
	enum truth want;
} means[] = {
	{ "an enum's word", "context_sensitivity == \"high\"", T },
	{ "an order includes what it names", "sensitivity >= high", T },
	{ "a strict order does not", "sensitivity > high", F },
	{ "levels below", "sensitivity >= internal", T },
	{ "levels above", "sensitivity >= secret", F },
	{ "less than", "sensitivity < secret", T },
	{ "another word for the level", "sensitivity == confidential", T },
	{ "another level", "sensitivity != public", T },
	{ "one of a list", "task in [plan, debug]", T },
	{ "none of a list", "task in [plan, chat]", F },
	{ "a number, equal", "input_tokens == 8000", T },
	{ "not below itself", "input_tokens < 8000", F },
	{ "at most itself", "input_tokens <= 8000", T },
	{ "one above", "input_tokens < 8001", T },
	{ "the constant first", "8001 > input_tokens", T },
	{ "a number of a list", "input_tokens in [1, 8000]", T },
	{ "a bool", "has_image", T },
	{ "its negation", "!has_image", F },
	{ "another bool", "stream || has_image", T },
	{ "case matters", "model == \"claude-opus/5\"", F },
	{ "but not with lower", "lower(model) == \"claude-opus/5\"", T },
	{ "a beginning", "model.startsWith(\"Claude\")", T },
	{ "a beginning in another case", "model.startsWith(\"claude\")", F },
	{ "with lower", "lower(model).startsWith(\"claude\")", T },
	{ "an end", "model.endsWith(\"/5\")", T },
	{ "a part", "model.contains(\"Opus\")", T },
	{ "a part with lower", "lower(model).contains(\"opus\")", T },
	{ "no part", "model.contains(\"opus\")", F },
	{ "a star stops at a slash", "model.matches(\"Claude-*\")", F },
	{ "two do not", "model.matches(\"Claude-**\")", T },
	{ "a pattern is of the whole", "model.matches(\"Claude\")", F },
	{ "one byte each", "model.matches(\"Claude-?\?\?\?/?\")", T },
	{ "alternatives", "model.matches(\"{GPT,Claude}-{Opus,Sonnet}/5\")",
	    T },
	{ "a pattern with lower", "lower(model).matches(\"claude-*/5\")", T },
	{ "a domain is itself", "client.domainMatch(\"api.dev.example.com\")",
	    T },
	{ "one label more", "client.domainMatch(\"*.dev.example.com\")", T },
	{ "is not two", "client.domainMatch(\"*.example.com\")", F },
	{ "two stars are", "client.domainMatch(\"**.example.com\")", T },
	{ "not itself", "client.domainMatch(\"**.api.dev.example.com\")", F },
	{ "whole labels", "client.domainMatch(\"**.ample.com\")", F },
	{ "a time", "time_of_day >= 9h && time_of_day < 17h30m", T },
	{ "minutes count", "time_of_day > 9h30m", F },
	{ "days are in order", "weekday <= fri", F },
	{ "and can be listed", "weekday in [sat, sun]", T },
	{ "a text in a list", "\"pii\" in labels", T },
	{ "one that is not", "\"hr\" in labels", F },
	{ "exists", "labels.exists(l, l.startsWith(\"hr-\"))", T },
	{ "exists not", "labels.exists(l, l.endsWith(\"x\"))", F },
	{ "all", "labels.all(l, size(l) > 2)", T },
	{ "all not", "labels.all(l, l == \"pii\")", F },
	{ "exists of an empty list", "tools.exists(t, size(t) >= 0)", F },
	{ "all of an empty list", "tools.all(t, t == \"x\")", T },
	{ "the size of a list", "size(labels) == 2", T },
	{ "the size of an empty one", "size(tools) == 0", T },
	{ "the size of a text", "size(model) == 13", T },
	{ "a fact inside exists", "labels.exists(l, l == \"pii\" && "
	    "has_image)", T },
	{ "not exists", "!labels.exists(l, l == \"pii\")", F },
	{ "not all", "!labels.all(l, l == \"pii\")", T },
	{ "not in", "!(\"pii\" in labels)", F },
	{ "has what is known", "!has(model)", F },
	{ "has what is not", "!has(turn)", T },

	/* ---- what is not known */
	{ "an unknown comparison is unknown", "turn > 5", U },
	{ "and so is its negation", "!(turn > 5)", U },
	{ "unknown and true", "turn > 5 && has_image", U },
	{ "unknown and false", "turn > 5 && stream", F },
	{ "false and unknown", "stream && turn > 5", F },
	{ "unknown or true", "turn > 5 || has_image", T },
	{ "unknown or false", "turn > 5 || stream", U },
	{ "unknown in a list", "turn in [1, 2]", U },
	{ "not unknown in a list", "!(turn in [1, 2])", U },
	{ "an unknown list", "\"a\" in server_tools", U },
	{ "exists of an unknown list", "server_tools.exists(t, t == \"a\")",
	    U },
	{ "all of an unknown list", "!server_tools.all(t, t == \"a\")", U },
	{ "unknown inside exists, and nothing else",
	    "labels.exists(l, turn > 5 && l == \"pii\")", U },
	{ "unknown inside exists, and false anyway",
	    "labels.exists(l, turn > 5 && l == \"x\")", F },
	{ "unknown inside all, and false anyway",
	    "labels.all(l, turn > 5 && l == \"x\")", F },
	{ "the same unknown twice is not looked through",
	    "turn > 5 || !(turn > 5) && !stream", U },
};

static void
conditions_mean_what_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(means); i++) {
		struct facts f;
		char *bytes;
		struct image *im = image_of_cond(means[i].text, &bytes);
		enum truth t;

		if (im == NULL)
			fail_msg("%s: %s: not taken", means[i].what,
			    means[i].text);
		some_facts(&f);
		t = cond_truth(im, 1, &f);
		if (t != means[i].want)
			fail_msg("%s: %s: %d", means[i].what, means[i].text,
			    (int)t);
		assert_int_equal(cond_grants(im, 1, &f), t == T);
		assert_int_equal(cond_denies(im, 1, &f), t != F);
		image_free(im);
		free(bytes);
	}
}

/* Kleene's tables, all of them. */
static void
three_values_are_kleenes(void **state)
{
	static const enum truth and_[3][3] = { { F, F, F }, { F, U, U },
		{ F, U, T } };
	static const enum truth or_[3][3] = { { F, U, T }, { U, U, T },
		{ T, T, T } };
	char *b1, *b2, *b3;
	struct image *both = image_of_cond("has_image && stream", &b1);
	struct image *any = image_of_cond("has_image || stream", &b2);
	struct image *not_ = image_of_cond("!has_image", &b3);

	(void)state;
	for (int x = F; x <= T; x++)
		for (int y = F; y <= T; y++) {
			struct facts f = { 0 };

			if (x != U)
				fact_put(&f, FACT_HAS_IMAGE, x == T);
			if (y != U)
				fact_put(&f, FACT_STREAM, y == T);
			assert_int_equal(cond_truth(both, 1, &f),
			    and_[x][y]);
			assert_int_equal(cond_truth(any, 1, &f), or_[x][y]);
			assert_int_equal(cond_truth(not_, 1, &f), T - x);
		}
	image_free(both);
	image_free(any);
	image_free(not_);
	free(b1);
	free(b2);
	free(b3);
}

static void
later_is_for_grants_alone(void **state)
{
	char *bytes;
	struct image *im = image_of_cond("turn > 5 && has_image", &bytes);
	struct facts f = { 0 };

	(void)state;
	f.later = FACT_BIT(FACT_TURN);
	fact_put(&f, FACT_HAS_IMAGE, 1);
	assert_true(cond_grants(im, 1, &f));
	assert_false(cond_denies(im, 1, &f));
	fact_put(&f, FACT_HAS_IMAGE, 0);
	assert_false(cond_grants(im, 1, &f));
	f.later = 0;
	fact_put(&f, FACT_HAS_IMAGE, 1);
	assert_false(cond_grants(im, 1, &f));
	assert_true(cond_denies(im, 1, &f));
	image_free(im);
	free(bytes);
}

static void
odd_facts_are_unknown(void **state)
{
	char *b1, *b2, *b3, *big = mem_alloc(1, FACT_BYTES_MAX + 1);
	struct image *word = image_of_cond("sensitivity >= public", &b1);
	struct image *text = image_of_cond("model == \"x\"", &b2);
	struct image *list = image_of_cond("\"x\" in labels", &b3);
	struct str *items = mem_alloc(FACT_ITEMS_MAX + 1, sizeof(*items));
	struct facts f = { 0 };

	(void)state;
	if (word != NULL) {	/* it says nothing, and may be refused */
		fact_put(&f, FACT_SENSITIVITY, 64);
		assert_int_equal(cond_truth(word, 1, &f) != T, 1);
		fact_put(&f, FACT_SENSITIVITY, -1);
		assert_true(cond_denies(word, 1, &f));
		assert_false(cond_grants(word, 1, &f));
	}
	fact_put_text(&f, FACT_MODEL, str_of(big, FACT_BYTES_MAX + 1));
	assert_true(cond_denies(text, 1, &f));
	assert_false(cond_grants(text, 1, &f));
	for (int i = 0; i <= FACT_ITEMS_MAX; i++)
		items[i] = STR("y");
	fact_put_list(&f, FACT_LABELS, items, FACT_ITEMS_MAX + 1);
	assert_true(cond_denies(list, 1, &f));
	assert_false(cond_grants(list, 1, &f));
	fact_put_list(&f, FACT_LABELS, items, FACT_ITEMS_MAX);
	assert_false(cond_denies(list, 1, &f));
	image_free(word);
	image_free(text);
	image_free(list);
	free(b1);
	free(b2);
	free(b3);
	free(big);
	free(items);
}

/* ---- generated conditions */

enum { GENERATED = 3000, POINTS_MAX = 20000, RANDOM_FACTS = 30 };

struct dice {
	uint64_t state;
};

static uint32_t
roll(struct dice *d, uint32_t n)
{
	d->state = d->state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (uint32_t)(d->state >> 33) % n;
}

static const char *const atoms[] = { "context_sensitivity >= high",
	"context_sensitivity < internal", "context_sensitivity == secret",
	"context_sensitivity in [public, high]", "task == debug",
	"task in [plan, chat, vision]", "task != chat", "input_tokens < 10",
	"input_tokens >= 10", "input_tokens == 7", "input_tokens in [3, 9]",
	"turn > 2", "turn != 2", "has_image", "stream", "has_image == false",
	"model == \"a\"", "model != \"abc\"", "model.startsWith(\"a\")",
	"model.endsWith(\"c\")", "model.contains(\"b\")",
	"model.matches(\"a*c\")", "model.matches(\"**/{x,y}?\")",
	"lower(model) == \"abc\"", "lower(model).contains(\"b/\")",
	"size(model) > 2", "size(model) in [0, 4]", "model in [\"a\", \"ab\"]",
	"client.domainMatch(\"*.x.y\")", "client.domainMatch(\"**.x.y\")",
	"client == \"a.x.y\"", "\"a\" in labels", "\"bc\" in labels",
	"size(labels) > 1", "size(labels) == 0",
	"labels.exists(x, x.startsWith(\"b\"))",
	"labels.all(x, x == \"a\" || has_image)",
	"labels.exists(x, size(x) == 1 && turn > 2)", "has(turn)",
	"has(model)", "subagent", "thinking != true" };

static void
generate(struct dice *d, struct buf *b, int depth)
{
	uint32_t kind = depth == 0 ? 0 : roll(d, 5), n = 2 + roll(d, 2);
	bool ok = true;

	if (kind < 2) {
		ok = buf_addz(b, atoms[roll(d, NELEM(atoms))]);
	} else if (kind == 2) {
		ok = buf_addz(b, "!(");
		generate(d, b, depth - 1);
		ok = ok && buf_addz(b, ")");
	} else {
		ok = buf_addz(b, "(");
		for (uint32_t i = 0; i < n; i++) {
			if (i > 0)
				ok = ok && buf_addz(b, kind == 3 ? " && " :
				    " || ");
			generate(d, b, depth - 1);
		}
		ok = ok && buf_addz(b, ")");
	}
	must(ok);
}

/* The tests of the tree, as an image has them, without a policy around. */
static struct image *
image_of_tree(const struct cond *k, struct arena *a)
{
	struct cond_code code;
	struct image *im = arena_alloc(a, 1, sizeof(*im));
	struct f_test *tests;
	struct f_cond *cond = arena_alloc(a, 1, sizeof(*cond));
	struct buf bytes;

	must(im != NULL && cond != NULL);
	must(cond_code(k, a, &code));
	tests = arena_alloc(a, code.n, sizeof(*tests));
	must(tests != NULL);
	buf_init(&bytes, 1 << 20);
	for (uint32_t i = 0; i < code.n; i++) {
		tests[i] = code.v[i].test;
		if (code.v[i].text.p != NULL) {
			tests[i].a = (uint32_t)bytes.len;
			tests[i].b = (uint32_t)code.v[i].text.len;
			must(buf_adds(&bytes, code.v[i].text));
		}
	}
	cond->tests = (struct f_span){ 0, code.n };
	cond->main = code.main;
	im->tests = tests;
	im->ntests = code.n;
	im->conds = cond;
	im->nconds = 1;
	im->nbytes = (uint32_t)bytes.len;
	im->bytes = arena_strdup(a, buf_str(&bytes));
	must(im->bytes != NULL);
	buf_fini(&bytes);
	assert_null(image_conds_fault(im));
	return im;
}

static void
random_facts(struct dice *d, struct facts *f)
{
	static const struct str texts[] = { { "", 0 }, { "a", 1 },
		{ "abc", 3 }, { "ABC", 3 }, { "q/xz", 4 }, { "aB/", 3 },
		{ "a.x.y", 5 }, { "b.a.x.y", 7 }, { "x.y", 3 }, { ".x.y", 4 },
		{ "bc", 2 } };
	static const struct str lists[][3] = { { { "a", 1 }, { "bc", 2 },
		{ "a", 1 } }, { { "b", 1 }, { "zz", 2 }, { "q", 1 } } };

	*f = (struct facts){ 0 };
	fact_put(f, FACT_SENSITIVITY, roll(d, 4));
	fact_put(f, FACT_TASK, roll(d, 17));
	fact_put(f, FACT_INPUT_TOKENS, roll(d, 14));
	fact_put(f, FACT_TURN, roll(d, 5));
	fact_put(f, FACT_HAS_IMAGE, roll(d, 2));
	fact_put(f, FACT_STREAM, roll(d, 2));
	fact_put(f, FACT_SUBAGENT, roll(d, 2));
	fact_put(f, FACT_THINKING, roll(d, 2));
	fact_put_text(f, FACT_MODEL, texts[roll(d, NELEM(texts))]);
	fact_put_text(f, FACT_CLIENT, texts[roll(d, NELEM(texts))]);
	fact_put_list(f, FACT_LABELS, lists[roll(d, 2)], roll(d, 4));
	for (int i = 0; i < FACT_COUNT; i++)
		if (roll(d, 4) == 0)
			f->known &= ~FACT_BIT(i);
}

static void
agree(const struct cond *k, const struct image *im, const struct facts *f,
    struct arena *a, bool seen[3])
{
	enum truth tree = cond_eval(k, f), tests = cond_truth(im, 1, f);

	if (tree != tests)
		fail_msg("%s with %s: the tree says %d, the tests %d",
		    cond_print(k, a).p, facts_print(f, cond_uses(k), a).p,
		    (int)tree, (int)tests);
	assert_int_equal(cond_grants(im, 1, f), tree == T);
	assert_int_equal(cond_denies(im, 1, f), tree != F);
	if (seen != NULL)
		seen[tree] = true;
}

/* One condition: spelled and spelled again; at each point of its domain, and
 * at random ones, which no point may be missing for. false: too many. */
static bool
check_generated(struct dice *d, struct str text)
{
	struct arena a = { 0 };
	struct cond_fault fault;
	struct cond_domain dom;
	struct facts f;
	struct image *im;
	struct cond *k, *again;
	const char *why;
	bool seen[3] = { false }, whole;

	if (cond_parse(text, MODEL, PHASE_BODY, &a, &k, &fault) == -1)
		fail_msg("%.*s: %s", (int)text.len, text.p, fault.text);
	must(cond_parse(cond_print(k, &a), MODEL, PHASE_BODY, &a, &again,
	    &fault) == 0);
	assert_true(cond_same(k, again));
	im = image_of_tree(k, &a);
	whole = cond_domain((const struct cond *const *)&k, 1, true,
	    POINTS_MAX, &a, &dom, &why) == 0;
	for (uint64_t i = 0; whole && i < dom.points; i++) {
		cond_domain_point(&dom, i, &f);
		agree(k, im, &f, &a, seen);
	}
	for (int i = 0; i < RANDOM_FACTS; i++) {
		random_facts(d, &f);
		agree(k, im, &f, &a, NULL);
		assert_true(!whole || seen[cond_eval(k, &f)]);
	}
	arena_fini(&a);
	return whole;
}

static void
tests_say_what_the_tree_says(void **state)
{
	struct dice d = { 20261122 };
	unsigned whole = 0;

	(void)state;
	for (int i = 0; i < GENERATED; i++) {
		struct buf b;

		buf_init(&b, COND_BYTES_MAX);
		generate(&d, &b, 3);
		whole += check_generated(&d, buf_str(&b));
		buf_fini(&b);
	}
	assert_true(whole > GENERATED / 2);
}

/* ---- facts as words */

static void
facts_are_words(void **state)
{
	static const struct {
		const char *word, *want;	/* NULL: refused */
	} words[] = {
		{ "sensitivity=high", "context_sensitivity=high" },
		{ "context_sensitivity=confidential",
		    "context_sensitivity=high" },
		{ "turn=5", "turn=5" },
		{ "turn=unknown", "turn=unknown" },
		{ "has_image=true", "has_image=true" },
		{ "labels=pii,hr", "labels=pii,hr" },
		{ "labels=", "labels=" },
		{ "time_of_day=1m", "time_of_day=60000ms" },
		{ "model=a=b", "model=a=b" },
		{ "turn=five", NULL }, { "turn=5 ", NULL }, { "turn", NULL },
		{ "trun=5", NULL }, { "has_image=1", NULL },
		{ "task=hugging", NULL }, { "port=5", NULL },
		{ "response.status=200", NULL }, { "route=local", NULL },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(words); i++) {
		struct arena a = { 0 };
		struct facts f = { 0 };
		struct cond_fault fault;
		struct str name, value, word = str_c(words[i].word);
		int rc = fact_take(word, MODEL, &a, &f, &fault);

		if ((rc == 0) != (words[i].want != NULL))
			fail_msg("%s: %d %s", words[i].word, rc, fault.text);
		if (rc == 0 && str_cut(word, '=', &name, &value))
			assert_string_equal(facts_print(&f,
			    FACT_BIT(fact_find(name)), &a).p, words[i].want);
		arena_fini(&a);
	}
}

static void
the_manual_has_every_fact(void **state)
{
	char path[4096], *text = NULL;
	const char *root = getenv("SOURCE_ROOT");
	size_t cap = 0;
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/man/openshell-policy.5",
	    root != NULL ? root : ".");
	f = fopen(path, "re");
	assert_non_null(f);
	assert_true(getdelim(&text, &cap, '\0', f) > 0);
	for (int i = 0; i < FACT_COUNT; i++) {
		char item[96];

		(void)snprintf(item, sizeof(item), ".It Cm %s\n",
		    fact_table[i].name);
		if (fact_table[i].phase < PHASE_RESPONSE &&
		    strstr(text, item) == NULL)
			fail_msg("%s is not in the manual",
			    fact_table[i].name);
	}
	(void)fclose(f);	/* was read */
	free(text);
}

/* ---- a damaged image */

static void
damage_is_refused(void **state)
{
	/* has two tests, SOME and a word, and one inner test */
	const char *text = "labels.exists(x, x == \"a\") && has_image";
	static const struct {
		const char *what;
		uint32_t test;	/* whose, or 3: the condition */
		uint32_t word;	/* which 32 bits of it */
		uint32_t value;
	} cases[] = {
		{ "a way to itself", 1, 1, 1 },
		{ "a way back", 1, 2, 0 },
		{ "a way out of the main tests", 0, 1, 2 },
		{ "a way beyond", 0, 2, 77 },
		{ "an unknown kind", 1, 0, 200 },
		{ "an unknown fact", 1, 0, TEST_OF_WORD | 63U << 16 },
		{ "an unknown flag", 1, 0, TEST_OF_WORD | 16U << 8 |
		    FACT_HAS_IMAGE << 16 },
		{ "a text test of a bool", 1, 0, TEST_OF_TEXT |
		    FACT_HAS_IMAGE << 16 },
		{ "a word test of a text", 1, 0, TEST_OF_WORD |
		    FACT_MODEL << 16 },
		{ "a number test of a list", 1, 0, TEST_OF_MOST |
		    FACT_LABELS << 16 },
		{ "a net test of a text", 1, 0, TEST_OF_NET |
		    FACT_MODEL << 16 },
		{ "a net that is not there", 1, 0, TEST_OF_NET |
		    FACT_ADDRESS << 16 },
		{ "the item outside", 1, 0, TEST_OF_TEXT | TEST_ITEM << 8 },
		{ "a list test of a text", 0, 0, TEST_OF_SOME |
		    FACT_MODEL << 16 },
		{ "an inner test elsewhere", 0, 3, 1 },
		{ "no inner tests", 0, 4, 0 },
		{ "too many inner tests", 0, 4, 9 },
		{ "a list test inside another", 2, 0, TEST_OF_EVERY |
		    FACT_LABELS << 16 },
		{ "a text outside", 2, 3, 4000000000 },
		{ "a text too long", 2, 4, 4000000000 },
		{ "tests outside", 3, 2, 9 },
		{ "too many tests", 3, 3, 9 },
		{ "more main tests than tests", 3, 4, 9 },
		{ "no main tests", 3, 4, 0 },
		{ "a fact that there is not, in the list of its facts", 3, 6,
		    0x80000000 },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct arena a = { 0 };
		struct cond_fault fault;
		struct cond *k;
		struct image *im;
		struct f_cond cond;
		struct f_test tests[3];
		uint32_t *word;

		must(cond_parse(str_c(text), MODEL, PHASE_BODY, &a, &k,
		    &fault) == 0);
		im = image_of_tree(k, &a);
		assert_int_equal(im->ntests, 3);
		memcpy(tests, im->tests, sizeof(tests));
		cond = im->conds[0];
		word = cases[i].test == 3 ? (uint32_t *)(void *)&cond :
		    (uint32_t *)(void *)&tests[cases[i].test];
		word[cases[i].word] = cases[i].value;
		im->tests = tests;
		im->conds = &cond;
		if (image_conds_fault(im) == NULL)
			fail_msg("%s is believed", cases[i].what);
		arena_fini(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_said),
		cmocka_unit_test(prints_parse_to_the_same),
		cmocka_unit_test(caps_hold),
		cmocka_unit_test(conditions_mean_what_they_say),
		cmocka_unit_test(three_values_are_kleenes),
		cmocka_unit_test(later_is_for_grants_alone),
		cmocka_unit_test(odd_facts_are_unknown),
		cmocka_unit_test(tests_say_what_the_tree_says),
		cmocka_unit_test(facts_are_words),
		cmocka_unit_test(the_manual_has_every_fact),
		cmocka_unit_test(damage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
