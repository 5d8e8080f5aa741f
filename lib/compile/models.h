/* models.h -- the checked inference section, of all documents together. */
#ifndef COMPILE_MODELS_H
#define COMPILE_MODELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/route.h"

struct compile;
struct image;
struct node;

#define BACKENDS_MAX	256	/* in one policy, the two built in with them */
#define ROUTES_MAX	4096	/* rules in one policy */
#define BUDGETS_MAX	256

struct pol_model {
	struct str alias, model;
};

struct pol_backend {
	struct str name, url, region, key;
	enum backend_kind kind;
	enum locality locality;
	enum backend_retention retention;
	bool require_no_cloud;
	struct pol_model *models;
	uint32_t nmodels;
	uint32_t index;		/* in the image: by name */
	const struct node *at;	/* NULL: built in */
};

enum route_action { ROUTE_TO, ROUTE_DENY, ROUTE_REDACT };

/* From the most private on; of rules that match, the lowest wins. */
enum route_rank { RANK_DENY, RANK_REDACT, RANK_LOCAL, RANK_SITE,
	RANK_FRONTIER_REDACTED, RANK_FRONTIER };

struct pol_route {
	enum route_action action;
	enum route_rank rank;
	bool redact;
	uint32_t cond;		/* take_cond()'s; never 0 in the list kept */
	const struct pol_backend *to, *fallback; /* or NULL */
	struct route_limits limits;
	struct str name;	/* or empty */
	const struct node *at, *condition, *route, *fallback_at;
};

struct pol_budget {
	struct budget b;	/* route: when the names are resolved */
	const struct node *at, *route;
};

struct pol_models {
	const struct node *section; /* first; NULL: none anywhere */
	const struct node *fallback; /* router.default, or NULL: local */
	const struct pol_backend *to; /* what that names */
	struct pol_backend *backends; /* BACKENDS_MAX, by name in the end */
	struct pol_route *routes;
	struct pol_budget *budgets;
	uint32_t nbackends, nroutes, nbudgets;
};

/* ---- backends.c */
void check_backends(struct compile *c, const struct node *n, void *arg);
/* Adds the built-in ones that nobody declared, and puts all in order. */
void backends_close(struct compile *c);
/* Said at n when there is none of that name. */
const struct pol_backend *backend_find(struct compile *c,
    const struct node *n);

/* ---- models.c: after all documents: names and conditions. */
void models_check(struct compile *c);

/* ---- models_lint.c: warnings, by the image that was made of the rules. */
void models_lint(struct compile *c, const struct image *im);

/* ---- amounts.c: "2M", "$0.80", "5m"; said when it is none. */
bool take_count(struct compile *c, const struct node *n, uint64_t *out,
    const char *what);
bool take_cost(struct compile *c, const struct node *n, uint64_t *out,
    const char *what);
bool take_time(struct compile *c, const struct node *n, uint64_t *ms,
    const char *what);

#endif
