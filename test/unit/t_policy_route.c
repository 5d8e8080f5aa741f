/* t_policy_route.c -- which backend a call of a model goes to, and what is
 * refused in the inference section. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "compile/compile.h"
#include "policy/image.h"
#include "policy/route.h"

/* ---- decisions */

/* What is known of a call; -1: not. */
struct call {
	int sensitivity, image, tokens;
	const char *task;
};

static void
facts_of(const struct call *k, struct facts *f)
{
	*f = (struct facts){ 0 };
	if (k->sensitivity >= 0)
		fact_put(f, FACT_SENSITIVITY, k->sensitivity);
	if (k->image >= 0)
		fact_put(f, FACT_HAS_IMAGE, k->image);
	if (k->tokens >= 0)
		fact_put(f, FACT_INPUT_TOKENS, k->tokens);
	if (k->task != NULL)
		fact_put(f, FACT_TASK, fact_word_find(FACT_TASK,
		    str_c(k->task)));
}

#define LOW SENSITIVITY_PUBLIC
#define MID SENSITIVITY_INTERNAL
#define HIGH SENSITIVITY_HIGH
#define SECRET SENSITIVITY_SECRET
#define DENIED NULL

#define SPEC "inference:\n  router:\n    default: local\n    rules:\n"	\
	"      - condition: context_sensitivity == \"high\"\n"		\
	"        route: local\n"					\
	"      - condition: task_type == \"code_synthesis\"\n"		\
	"        route: frontier\n"

#define OPEN "inference:\n  router:\n    default: frontier\n    rules:\n" \
	"      - {condition: sensitivity >= high, route: local}\n"

#define SITES "inference:\n  backends:\n"				\
	"    rack: {kind: vllm, locality: site, "			\
	"url: \"http://gpu.corp.example:8000\"}\n"			\
	"    claude: {kind: anthropic, key: \"provider:anthropic\"}\n"	\
	"  router:\n    default: frontier\n    rules:\n"

static const struct {
	const char *what, *yaml;
	struct call call;
	const char *route;
	bool redact;
	const char *reason;	/* part of it, or NULL */
} cases[] = {
	{ "an empty policy calls no model", "policy_mode: enforce",
	    { LOW, 0, 1, "chat" }, DENIED, false,
	    "no inference section" },
	{ "no mode makes a route", "policy_mode: permissive",
	    { LOW, 0, 1, "chat" }, DENIED, false, NULL },
	{ "a section that says nothing is local", "inference: {}",
	    { LOW, 0, 1, "code_generate" }, "local", false,
	    "no rule matches, and no default is said" },
	{ "the default is taken when no rule matches", SPEC,
	    { LOW, 0, 1, "chat" }, "local", false, "p.yaml:3" },
	{ "what is of high sensitivity stays here", SPEC,
	    { HIGH, 0, 1, "chat" }, "local", false,
	    "routed to local by p.yaml:5: context_sensitivity == high" },
	{ "a code task goes out", SPEC, { LOW, 0, 1, "code_generate" },
	    "frontier", false, "p.yaml:7" },
	{ "of two rules the more private one wins", SPEC,
	    { HIGH, 0, 1, "code_generate" }, "local", false, "p.yaml:5" },
	{ "== high is not secret, as written", SPEC,
	    { SECRET, 0, 1, "code_generate" }, "frontier", false, NULL },
	{ "an unknown sensitivity stays here", SPEC,
	    { -1, 0, 1, "code_generate" }, "local", false,
	    "context_sensitivity is not known, and it may be that" },
	{ "an unknown task stays here", SPEC, { LOW, 0, 1, NULL }, "local",
	    false, NULL },
	{ "nothing known stays here", SPEC, { -1, -1, -1, NULL }, "local",
	    false, NULL },
	{ "a default that goes out", OPEN, { LOW, 0, 1, "chat" },
	    "frontier", false, NULL },
	{ "is not for what is secret", OPEN, { SECRET, 0, 1, "chat" },
	    "local", false, NULL },
	{ "nor for what may be", OPEN, { -1, 0, 1, "chat" }, "local", false,
	    NULL },
	{ "the order of rules does not matter across privacy",
	    "inference: {router: {default: frontier, rules: ["
	    "{condition: has_image, route: frontier}, "
	    "{condition: has_image, route: local}]}}",
	    { LOW, 1, 1, "chat" }, "local", false, NULL },
	{ "between equals the first wins", SITES
	    "      - {condition: has_image, route: claude}\n"
	    "      - {condition: has_image, route: frontier}\n",
	    { LOW, 1, 1, "chat" }, "claude", false, NULL },
	{ "between equals in the other order too", SITES
	    "      - {condition: has_image, route: frontier}\n"
	    "      - {condition: has_image, route: claude}\n",
	    { LOW, 1, 1, "chat" }, "frontier", false, NULL },
	{ "a site is more private than a provider", SITES
	    "      - {condition: has_image, route: claude}\n"
	    "      - {condition: has_image, route: rack}\n",
	    { LOW, 1, 1, "chat" }, "rack", false, NULL },
	{ "and less than this machine", SITES
	    "      - {condition: has_image, route: rack}\n"
	    "      - {condition: has_image, route: local}\n",
	    { LOW, 1, 1, "chat" }, "local", false, NULL },
	{ "a rule for the site that may match beats a default that goes out",
	    SITES "      - {condition: has_image, route: rack}\n",
	    { LOW, -1, 1, "chat" }, "rack", false,
	    "has_image is not known" },
	{ "a rule that goes out and may match does not beat the default",
	    SITES "      - {condition: has_image, route: claude}\n",
	    { LOW, -1, 1, "chat" }, "frontier", false,
	    "no rule matches" },
	{ "nor one that matches for sure", SITES
	    "      - {condition: has_image, route: frontier}\n"
	    "      - {condition: sensitivity == public, route: claude}\n",
	    { LOW, -1, 1, "chat" }, "claude", false, NULL },
	{ "redacted is more private than as it is", SITES
	    "      - {condition: has_image, route: claude}\n"
	    "      - {condition: has_image, route: claude, action: redact}\n",
	    { LOW, 1, 1, "chat" }, "claude", true, NULL },
	{ "a redaction goes on to the route", SITES
	    "      - {condition: sensitivity >= internal, action: redact, "
	    "then: continue}\n"
	    "      - {condition: has_image, route: claude}\n",
	    { MID, 1, 1, "chat" }, "claude", true, NULL },
	{ "a redaction that may be needed is done", SITES
	    "      - {condition: sensitivity >= internal, action: redact}\n",
	    { -1, 1, 1, "chat" }, "frontier", true, NULL },
	{ "a deny beats every route", SITES
	    "      - {condition: has_image, route: local}\n"
	    "      - {condition: sensitivity >= secret, action: deny}\n",
	    { SECRET, 1, 1, "chat" }, DENIED, false,
	    "denied by p.yaml:9: context_sensitivity >= secret" },
	{ "and its neighbours stay", SITES
	    "      - {condition: has_image, route: local}\n"
	    "      - {condition: sensitivity >= secret, action: deny}\n",
	    { HIGH, 1, 1, "chat" }, "local", false, NULL },
	{ "a deny that may match denies", SITES
	    "      - {condition: sensitivity >= secret, action: deny}\n",
	    { -1, 1, 1, "chat" }, DENIED, false,
	    "context_sensitivity is not known" },
	{ "a deny for what is not known, said in words", SITES
	    "      - {condition: '!has(sensitivity)', action: deny}\n",
	    { -1, 1, 1, "chat" }, DENIED, false, NULL },
	{ "does not deny what is", SITES
	    "      - {condition: '!has(sensitivity)', action: deny}\n",
	    { LOW, 1, 1, "chat" }, "frontier", false, NULL },
	{ "the default may be a map", "inference: {router: {default: "
	    "{route: frontier}}}", { LOW, 1, 1, "chat" }, "frontier", false,
	    NULL },
	{ "local may be another one here",
	    "inference: {backends: {local: {kind: llamacpp}}}",
	    { LOW, 1, 1, "chat" }, "local", false, NULL },
};

static struct image *
image_made(const char *yaml, char **bytes)
{
	struct policy_file f = { "p.yaml", str_c(yaml) };
	struct diags d = { 0 };
	struct image *im = NULL;
	struct err e = { 0 };
	size_t len;

	if (policy_compile(&f, 1, POLICY_STAGE_CHECK, bytes, &len, &d) == -1)
		fail_msg("%s\n%s", yaml, diags_print(&d, false));
	diags_fini(&d);
	if (image_of(str_of(*bytes, len), &im, &e) == -1)
		fail_msg("%s", e.text);
	return im;
}

static void
calls_are_routed(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct route_answer a;
		struct facts f;
		char *bytes;
		struct image *im = image_made(cases[i].yaml, &bytes);
		bool denied = cases[i].route == DENIED;

		facts_of(&cases[i].call, &f);
		policy_route(im, &f, &a);
		if ((a.verdict == VERDICT_DENY) != denied ||
		    a.judged != a.verdict || (!denied &&
			(!str_eqz(a.route, cases[i].route) ||
			    a.redact != cases[i].redact)))
			fail_msg("%s: %.*s: %s", cases[i].what,
			    (int)a.route.len, a.route.p, a.reason);
		if (cases[i].reason != NULL &&
		    strstr(a.reason, cases[i].reason) == NULL)
			fail_msg("%s: \"%s\" is not in \"%s\"",
			    cases[i].what, cases[i].reason, a.reason);
		assert_int_equal(a.fallback, 0);
		image_free(im);
		free(bytes);
	}
}

static void
limits_are_the_smallest(void **state)
{
	const char *yaml = "inference:\n  router:\n    rules:\n"
	    "      - {condition: has_image, route: local, limits: "
	    "{max_output_tokens: 2k, cost: $1.50, timeout: 5m}}\n"
	    "      - {condition: input_tokens > 10, route: frontier, limits: "
	    "{max_output_tokens: 1000, max_input_tokens: 2M}}\n"
	    "      - {condition: input_tokens > 1000, route: frontier, "
	    "limits: {max_output_tokens: 5}}\n";
	struct call call = { LOW, 1, 100, "chat" };
	struct route_answer a;
	struct facts f;
	char *bytes;
	struct image *im = image_made(yaml, &bytes);

	(void)state;
	facts_of(&call, &f);
	policy_route(im, &f, &a);
	assert_true(str_eqz(a.route, "local"));
	assert_int_equal(a.limits.output_tokens, 1000);
	assert_int_equal(a.limits.input_tokens, 2000000);
	assert_int_equal(a.limits.cost, 1500000);
	assert_int_equal(a.limits.time_ms, 300000);
	f.known &= ~FACT_BIT(FACT_INPUT_TOKENS);
	policy_route(im, &f, &a);
	assert_int_equal(a.limits.output_tokens, 5);
	image_free(im);
	free(bytes);
}

static void
backends_and_budgets_are_there(void **state)
{
	const char *yaml = "inference:\n"
	    "  backends:\n"
	    "    claude: {kind: anthropic, region: us, retention: zdr, key: "
	    "\"vault:anthropic\", models: {default: claude-opus-5-5, cheap: "
	    "claude-haiku-5}}\n"
	    "  budgets:\n"
	    "    - {scope: sandbox, window: 1d, tokens: 2M, cost: $20, "
	    "on_exceed: route local}\n"
	    "    - {scope: request, cost: $0.25}\n";
	struct backend b;
	struct budget g;
	struct str alias, model;
	char *bytes;
	struct image *im = image_made(yaml, &bytes);

	(void)state;
	assert_int_equal(image_backends(im), 3);
	image_backend(im, 0, &b);
	assert_true(str_eqz(b.name, "claude"));
	assert_true(str_eqz(b.url, "https://api.anthropic.com"));
	assert_true(str_eqz(b.region, "us"));
	assert_true(str_eqz(b.key, "vault:anthropic"));
	assert_int_equal(b.locality, LOCALITY_FRONTIER);
	assert_int_equal(b.retention, RETENTION_ZERO);
	assert_false(b.require_no_cloud);
	assert_int_equal(b.models, 2);
	image_model(im, 0, 0, &alias, &model);
	assert_true(str_eqz(alias, "cheap"));
	assert_true(str_eqz(model, "claude-haiku-5"));
	image_backend(im, 1, &b);
	assert_true(str_eqz(b.name, "frontier"));
	assert_int_equal(b.kind, BACKEND_PROVIDER);
	image_backend(im, 2, &b);
	assert_true(str_eqz(b.name, "local"));
	assert_true(str_eqz(b.url, "http://127.0.0.1:11434"));
	assert_int_equal(b.locality, LOCALITY_LOCAL);
	assert_true(b.require_no_cloud);
	assert_int_equal(image_budgets(im), 2);
	image_budget(im, 0, &g);
	assert_int_equal(g.scope, BUDGET_REQUEST);
	assert_int_equal(g.cost, 250000);
	assert_int_equal(g.route, 0);
	image_budget(im, 1, &g);
	assert_int_equal(g.scope, BUDGET_SANDBOX);
	assert_int_equal(g.window_ms, 86400000);
	assert_int_equal(g.tokens, 2000000);
	assert_int_equal(g.cost, 20000000);
	assert_int_equal(g.route, 3);
	image_free(im);
	free(bytes);
}

static void
a_fallback_is_said(void **state)
{
	const char *yaml = SITES "      - {condition: has_image, route: "
	    "claude, fallback: rack}\n";
	struct call call = { LOW, 1, 1, "chat" };
	struct route_answer a;
	struct backend b;
	struct facts f;
	char *bytes;
	struct image *im = image_made(yaml, &bytes);

	(void)state;
	facts_of(&call, &f);
	policy_route(im, &f, &a);
	assert_true(a.fallback > 0);
	image_backend(im, a.fallback - 1, &b);
	assert_true(str_eqz(b.name, "rack"));
	image_free(im);
	free(bytes);
}

/* ---- what is refused */

#define RULES(text) "inference:\n  router:\n    rules:\n      - " text "\n"
#define BACKEND(text) "inference:\n  backends:\n    x: " text "\n"
#define BUDGET(text) "inference:\n  budgets:\n    - " text "\n"

static const struct {
	const char *what, *yaml, *want;	/* begins the first diagnostic */
} faults[] = {
	{ "a rule without condition", RULES("{route: local}"),
	    "p.yaml:4:9: error: a routing rule needs condition" },
	{ "a rule without route", RULES("{condition: has_image}"),
	    "p.yaml:4:9: error: a routing rule needs route" },
	{ "an unknown route, with the nearest",
	    RULES("{condition: has_image, route: locl}"),
	    "p.yaml:4:39: error: no such backend: did you mean \"local\"?" },
	{ "an unknown route, near nothing",
	    RULES("{condition: has_image, route: mainframe}"),
	    "p.yaml:4:39: error: no such backend: declare \"mainframe\"" },
	{ "an unknown default", "inference: {router: {default: cloudy}}",
	    "p.yaml:1:31: error: no such backend" },
	{ "an unknown key", RULES("{condition: has_image, rout: local}"),
	    "p.yaml:4:32: error: unknown key \"rout\" in a routing rule" },
	{ "a fault in a condition, at its place",
	    RULES("{condition: has_image && sensitivty == high, "
	    "route: local}"), "p.yaml:4:34: error: no such fact: did you mean "
	    "\"sensitivity\"?" },
	{ "in quotes too", RULES("{condition: \"has_image && sensitivty == "
	    "high\", route: local}"), "p.yaml:4:35: error: no such fact" },
	{ "behind an escaped quote", RULES("{condition: \"model == "
	    "\\\"a\\\" && sensitivty == high\", route: local}"),
	    "p.yaml:4:40: error: no such fact" },
	{ "in single quotes", RULES("{condition: 'model == ''a'' && "
	    "sensitivty == high', route: local}"),
	    "p.yaml:4:40: error: no such fact" },
	{ "in a block, on its line", RULES("route: local\n        condition: "
	    "|\n          has_image &&\n          sensitivty == high"),
	    "p.yaml:7:11: error: no such fact" },
	{ "in a folded one", RULES("route: local\n        condition: "
	    ">-\n          has_image &&\n          sensitivty == high"),
	    "p.yaml:7:11: error: no such fact" },
	{ "over several lines", RULES("route: local\n        condition: "
	    "has_image &&\n          sensitivty == high"),
	    "p.yaml:6:11: error: no such fact" },
	{ "a fact of the network", RULES("{condition: 'port == 443', "
	    "route: local}"), "p.yaml:4:22: error: port is a fact of a "
	    "request on the network" },
	{ "a condition that is always true",
	    RULES("{condition: sensitivity >= public, route: local}"),
	    "p.yaml:4:21: error: this is true whatever the facts are" },
	{ "one that is never true",
	    RULES("{condition: turn > 5 && turn < 3, route: local}"),
	    "p.yaml:4:21: error: this is false whatever the facts are" },
	{ "a part of one", RULES("{condition: 'has_image && (turn >= 0 || "
	    "stream)', route: local}"),
	    "p.yaml:4:36: error: this is true whatever the facts are" },
	{ "texts that cannot be both", RULES("{condition: 'has_image && "
	    "model.startsWith(\"a\") && model.startsWith(\"b\")', route: "
	    "local}"), "p.yaml:4:22: error: this is false whatever" },
	{ "a text and its opposite", RULES("{condition: "
	    "'model.contains(\"ab\") || !model.matches(\"**ab**\")', "
	    "route: local}"), "p.yaml:4:22: error: this is true whatever" },
	{ "an impossible value of a list", RULES("{condition: 'stream && "
	    "labels.exists(l, l == \"a\" && size(l) > 2)', route: local}"),
	    "p.yaml:4:32: error: this is false whatever" },
	{ "a deny with a route",
	    RULES("{condition: has_image, action: deny, route: local}"),
	    "p.yaml:4:53: error: a rule that denies has no route" },
	{ "then without redact",
	    RULES("{condition: has_image, route: local, then: continue}"),
	    "p.yaml:4:52: error: only a rule with action: redact" },
	{ "an unknown action",
	    RULES("{condition: has_image, action: dney}"),
	    "p.yaml:4:40: error: action cannot be \"dney\": did you mean "
	    "\"deny\"?" },
	{ "a fallback that is less private",
	    RULES("{condition: has_image, route: local, fallback: "
	    "frontier}"), "p.yaml:4:56: error: a fallback is never less "
	    "private than its route: local is local" },
	{ "!has() that would send what is unknown out",
	    RULES("{condition: '!has(sensitivity)', route: frontier}"),
	    "p.yaml:4:23: error: without this fact the rule would grant" },
	{ "has() that would let what is unknown by",
	    RULES("{condition: 'has(sensitivity) && sensitivity > high', "
	    "route: local}"),
	    "p.yaml:4:22: error: without this fact the rule would not hold" },
	{ "a limit of nothing", RULES("{condition: has_image, route: local, "
	    "limits: {max_output_tokens: 0}}"),
	    "p.yaml:4:74: error: max_output_tokens must be a whole number" },
	{ "a cost without its sign", RULES("{condition: has_image, route: "
	    "local, limits: {cost: 5}}"),
	    "p.yaml:4:61: error: cost must be an amount in dollars" },
	{ "a time without its unit", RULES("{condition: has_image, route: "
	    "local, limits: {timeout: 5}}"),
	    "p.yaml:4:64: error: timeout must be a time" },
	{ "a backend without kind", BACKEND("{url: \"https://a.test\"}"),
	    "p.yaml:3:5: error: a backend needs kind" },
	{ "an unknown kind", BACKEND("{kind: olama}"),
	    "p.yaml:3:15: error: kind of a backend cannot be \"olama\": did "
	    "you mean \"ollama\"?" },
	{ "a kind that has no address", BACKEND("{kind: azure}"),
	    "p.yaml:3:5: error: a backend of kind azure needs url" },
	{ "a backend in clear", BACKEND("{kind: openai, url: "
	    "\"http://api.openai.com\"}"),
	    "p.yaml:3:29: error: a backend beyond this site needs https" },
	{ "local, and elsewhere", BACKEND("{kind: ollama, url: "
	    "\"http://10.0.0.5:11434\", locality: local}"),
	    "p.yaml:3:63: error: local is this machine, and 10.0.0.5 may be "
	    "another" },
	{ "a backend that is named local and is not",
	    "inference: {backends: {local: {kind: anthropic, locality: "
	    "frontier}}}", "p.yaml:1:24: error: the backend that is named "
	    "local must be" },
	{ "local, and sent on", BACKEND("{kind: ollama, require_no_cloud: "
	    "false}"), "p.yaml:3:41: error: without this, what is asked" },
	{ "a model that is sent on", BACKEND("{kind: ollama, models: "
	    "{default: \"qwen3.5:cloud\"}}"),
	    "p.yaml:3:31: error: qwen3.5:cloud is a model that ollama sends "
	    "on" },
	{ "a secret in a policy", BACKEND("{kind: openai, key: "
	    "sk-abcdef}"), "p.yaml:3:28: error: key names a stored secret" },
	{ "a URL with a user", BACKEND("{kind: openai, url: "
	    "\"https://a@b.test\"}"), "p.yaml:3:29: error: url" },
	{ "a URL with a query", BACKEND("{kind: openai, url: "
	    "\"https://b.test?x\"}"), "p.yaml:3:29: error: url" },
	{ "a URL of files", BACKEND("{kind: openai, url: \"file:///x\"}"),
	    "p.yaml:3:29: error: url \"file:///x\": it must begin with" },
	{ "a URL with a port that is none", BACKEND("{kind: openai, url: "
	    "\"https://b.test:99999\"}"), "p.yaml:3:29: error: url" },
	{ "a budget without scope", BUDGET("{window: 1d, tokens: 5}"),
	    "p.yaml:3:7: error: a budget needs scope" },
	{ "a budget of nothing", BUDGET("{scope: user, window: 1d}"),
	    "p.yaml:3:7: error: a budget needs tokens, cost, or both" },
	{ "a budget without window", BUDGET("{scope: user, tokens: 5}"),
	    "p.yaml:3:7: error: a budget needs window" },
	{ "a request's budget with one",
	    BUDGET("{scope: request, window: 1d, tokens: 5}"),
	    "p.yaml:3:7: error: a budget of one request has no window" },
	{ "an excess that leads nowhere",
	    BUDGET("{scope: user, window: 1d, tokens: 5, on_exceed: stop}"),
	    "p.yaml:3:55: error: on_exceed is deny, or route" },
	{ "an excess that leads to nobody", BUDGET("{scope: user, window: "
	    "1d, tokens: 5, on_exceed: route nobody}"),
	    "p.yaml:3:55: error: no such backend" },
};

static void
faults_are_said(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(faults); i++) {
		struct policy_file f = { "p.yaml", str_c(faults[i].yaml) };
		struct diags d = { 0 };
		char *bytes = NULL, *text;
		size_t len;
		int rc = policy_compile(&f, 1, POLICY_STAGE_CHECK, &bytes,
		    &len, &d);

		text = diags_print(&d, false);
		if (rc == 0 || strncmp(text, faults[i].want,
			strlen(faults[i].want)) != 0) {
			print_error("%s:\n%s%s\n", faults[i].what,
			    faults[i].yaml, text);
			wrong++;
		}
		free(text);
		free(rc == 0 ? bytes : NULL);
		diags_fini(&d);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	const char *what, *yaml;
	const char *want;	/* the only diagnostic begins so; NULL: none */
} warnings[] = {
	{ "rules that each decide something", SPEC, NULL },
	{ "a rule behind a more private one of which it is a part",
	    "inference: {router: {rules: [{condition: has_image, route: "
	    "local},\n {condition: has_image && turn > 3, route: frontier}"
	    "]}}", "p.yaml:2:14: warning: this rule never decides: wherever "
	    "it matches, a rule that denies, is more private or stands before "
	    "it does too, as p.yaml:1" },
	{ "a rule behind its equal",
	    "inference: {router: {rules: [{condition: has_image, route: "
	    "frontier},\n {condition: '!!has_image', route: frontier}]}}",
	    "p.yaml:2:15: warning: this rule never decides" },
	{ "one behind several together",
	    "inference: {router: {rules: [\n"
	    " {condition: has_image, route: frontier},\n"
	    " {condition: '!has_image', route: frontier},\n"
	    " {condition: turn > 3 && has(has_image), route: frontier}]}}",
	    "p.yaml:4:14: warning: this rule never decides" },
	{ "a rule behind a deny",
	    "inference: {router: {rules: [{condition: turn > 3, action: "
	    "deny},\n {condition: turn > 5, route: local}]}}",
	    "p.yaml:2:14: warning: this rule never decides" },
	{ "a redaction decides nothing, and is no lost rule",
	    "inference: {router: {rules: [{condition: turn > 3, action: "
	    "redact},\n {condition: turn > 5, route: local}]}}", NULL },
};

static void
lost_rules_are_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(warnings); i++) {
		struct diags d = { 0 };
		struct policy_file f = { "p.yaml", str_c(warnings[i].yaml) };
		const char *want = warnings[i].want;
		char *bytes, *text;
		size_t len;

		assert_int_equal(policy_compile(&f, 1, POLICY_STAGE_CHECK,
		    &bytes, &len, &d), 0);
		text = diags_print(&d, false);
		if (d.n != (want != NULL) || (want != NULL &&
			strncmp(text, want, strlen(want)) != 0))
			fail_msg("%s:\n%s", warnings[i].what, text);
		free(text);
		free(bytes);
		diags_fini(&d);
	}
}

static void
a_maximum_bounds_routes(void **state)
{
	const char *max = "inference:\n  router:\n    default: frontier\n"
	    "    rules:\n"
	    "      - {condition: sensitivity >= secret, action: deny}\n"
	    "      - {condition: sensitivity >= high, route: local}\n"
	    "      - {condition: has_image, action: redact}\n";
	const struct policy_file f[2] = {
		{ .name = "p.yaml", .text = STR("inference: {router: "
		    "{default: frontier}}") },
		{ .name = "max.yaml", .text = str_c(max), .maximum = true },
	};
	static const struct {
		struct call call;
		const char *route, *reason;
		bool redact;
	} asked[] = {
		{ { LOW, 0, 1, "chat" }, "frontier", "p.yaml:1", false },
		{ { LOW, 1, 1, "chat" }, "frontier", "p.yaml:1", true },
		{ { HIGH, 0, 1, "chat" }, "local", "the maximum policy: "
		    "routed to local by max.yaml:6", false },
		{ { -1, 0, 1, "chat" }, DENIED, "the maximum policy: denied "
		    "by max.yaml:5", false },
	};
	struct diags d = { 0 };
	struct image *im;
	char *bytes;
	size_t len;

	(void)state;
	assert_int_equal(policy_compile(f, 2, POLICY_STAGE_CHECK, &bytes,
	    &len, &d), 0);
	assert_int_equal(image_of(str_of(bytes, len), &im, NULL), 0);
	for (size_t i = 0; i < NELEM(asked); i++) {
		struct route_answer a;
		struct facts facts;

		facts_of(&asked[i].call, &facts);
		policy_route(im, &facts, &a);
		assert_int_equal(a.verdict == VERDICT_DENY,
		    asked[i].route == DENIED);
		if (strstr(a.reason, asked[i].reason) == NULL)
			fail_msg("%s", a.reason);
		assert_true(str_eqz(a.route, asked[i].route == DENIED ? "" :
		    asked[i].route));
		assert_int_equal(a.redact, asked[i].redact);
	}
	image_free(im);
	free(bytes);
	diags_fini(&d);
}

static void
documents_add_up(void **state)
{
	struct policy_file f[3] = {
		{ "a.yaml", STR("inference: {router: {default: local, rules: "
		    "[{condition: has_image, route: claude}]}}") },
		{ "b.yaml", STR("inference: {backends: {claude: {kind: "
		    "anthropic}}}") },
		{ "c.yaml", STR("inference: {router: {default: frontier}, "
		    "backends: {claude: {kind: openai}}}") },
	};
	struct diags d = { 0 };
	struct route_answer a;
	struct call call = { LOW, 1, 1, "chat" };
	struct facts facts;
	struct image *im;
	char *bytes, *text;
	size_t len;

	(void)state;
	assert_int_equal(policy_compile(f, 2, POLICY_STAGE_CHECK, &bytes,
	    &len, &d), 0);
	assert_int_equal(image_of(str_of(bytes, len), &im, NULL), 0);
	facts_of(&call, &facts);
	policy_route(im, &facts, &a);
	assert_true(str_eqz(a.route, "claude"));
	image_free(im);
	free(bytes);
	diags_fini(&d);
	assert_int_equal(policy_compile(f, 3, POLICY_STAGE_CHECK, &bytes,
	    &len, &d), -1);
	text = diags_print(&d, false);
	assert_non_null(strstr(text, "c.yaml:1:31: error: default of router "
	    "is said differently in a.yaml:1:31"));
	assert_non_null(strstr(text, "backend claude is said differently in "
	    "b.yaml:1:24"));
	free(text);
	diags_fini(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_routed),
		cmocka_unit_test(limits_are_the_smallest),
		cmocka_unit_test(backends_and_budgets_are_there),
		cmocka_unit_test(a_fallback_is_said),
		cmocka_unit_test(faults_are_said),
		cmocka_unit_test(documents_add_up),
		cmocka_unit_test(lost_rules_are_said),
		cmocka_unit_test(a_maximum_bounds_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
