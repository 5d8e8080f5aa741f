/* route.h -- the one decision function of the models domain: may this call
 * be made, and by which backend.  No allocation, no lock, no parse.
 *
 * A deny beats everything. Among the rules that match, the most private
 * route wins, then the first; no rule: the default. What is unknown makes
 * the answer the most private one that it could be. */
#ifndef POLICY_ROUTE_H
#define POLICY_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/answer.h"
#include "policy/cond.h"

enum locality { /* each less private than the one before */
	LOCALITY_LOCAL,		/* this machine */
	LOCALITY_SITE,		/* this site's own network */
	LOCALITY_FRONTIER,	/* a provider's */
};

enum backend_kind {
	BACKEND_OLLAMA,
	BACKEND_OPENAI,		/* and what speaks as it does */
	BACKEND_ANTHROPIC,
	BACKEND_AZURE,
	BACKEND_BEDROCK,
	BACKEND_VERTEX,
	BACKEND_OPENROUTER,
	BACKEND_VLLM,
	BACKEND_LLAMACPP,
	BACKEND_PROVIDER,	/* the provider of the agent's dialect */
	BACKEND_KIND_COUNT
};

enum backend_retention {
	RETENTION_UNSAID,
	RETENTION_ZERO,		/* zdr: nothing is kept */
	RETENTION_KEPT,
};

struct backend {
	struct str name, url, region;
	struct str key;		/* "vault:NAME", "provider:NAME" or empty */
	enum backend_kind kind;
	enum locality locality;
	enum backend_retention retention;
	bool require_no_cloud;	/* a model that it would send on is refused */
	uint32_t models;	/* how many: image_model() */
};

struct route_limits { /* 0: none */
	uint64_t input_tokens, output_tokens;
	uint64_t cost;		/* micro-dollars */
	uint64_t time_ms;
};

struct route_answer {
	enum verdict verdict;	/* what is enforced. No mode makes a call that
				 * has no route: the two are always the same */
	enum verdict judged;
	uint32_t backend;	/* meaningful on allow: image_backend() */
	struct str route;	/* its name; empty on deny */
	enum locality locality;
	uint32_t fallback;	/* backend + 1; 0: none, the call fails */
	bool redact;		/* what was found is taken out first */
	struct route_limits limits; /* the smallest of all that match */
	struct policy_rule rule; /* that decided; empty: default, or none */
	struct policy_rule nearest; /* on a denial without rule */
	char reason[REASON_BYTES_MAX];
};

void policy_route(const struct image *im, const struct facts *f,
    struct route_answer *out);

uint32_t image_backends(const struct image *im);
void image_backend(const struct image *im, uint32_t i, struct backend *out);
/* The k-th model of backend i: what the agent calls it, and what it is. */
void image_model(const struct image *im, uint32_t i, uint32_t k,
    struct str *alias, struct str *model);

enum budget_scope {
	BUDGET_REQUEST, BUDGET_SESSION, BUDGET_AGENT, BUDGET_SANDBOX,
	BUDGET_USER, BUDGET_GLOBAL, BUDGET_SCOPE_COUNT
};

struct budget { /* 0: no limit of that kind */
	enum budget_scope scope;
	uint64_t window_ms;
	uint64_t tokens, cost;	/* cost in micro-dollars */
	uint32_t route;		/* on excess: backend + 1; 0: denied */
};

uint32_t image_budgets(const struct image *im);
void image_budget(const struct image *im, uint32_t i, struct budget *out);

#endif
