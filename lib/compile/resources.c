/* resources.c -- resources, the network's rate_limits, and process. */
#include "base/compat.h"
#include "compile/check.h"
#include "policy/rates.h"

/* ---- limits: the smaller one of all documents counts */

struct row {
	const char *key;
	uint32_t least, most;
};

static const struct row rows[] = {
#define LIMIT(id, key, least, most) [LIMIT_##id] = { key, least, most },
	LIMITS(LIMIT)
	RATES(LIMIT)
#undef LIMIT
};

/* Said twice, the smaller one. */
static void
take_least(struct compile *c, const struct node *n, enum limit which,
    struct pol_scalar *s)
{
	uint64_t v;

	if (!take_number(c, n, rows[which].least, rows[which].most, &v,
		rows[which].key))
		return;
	if (s->at == NULL || v < s->value)
		*s = (struct pol_scalar){ n, (uint32_t)v };
}

#define LIMIT(id, key, least, most)					\
static void								\
on_##id(struct compile *c, const struct node *n, void *arg)		\
{									\
	(void)arg;							\
	take_least(c, n, LIMIT_##id, &c->pol.limits.v[LIMIT_##id]);	\
}
LIMITS(LIMIT)
#undef LIMIT

static void
take_one(struct compile *c, const struct node *n, enum limit which,
    uint32_t value, const char *what)
{
	take_scalar(c, &c->pol.limits.v[which], n, value, what);
}

static bool
is_true(const struct node *n)
{
	return n->text.p[0] == 't' || n->text.p[0] == 'T';
}

/* ---- watchdog */

static void
on_enabled(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	take_one(c, n, LIMIT_WATCHDOG, is_true(n), "enabled of watchdog");
}

static void
on_interval(struct compile *c, const struct node *n, void *arg)
{
	uint64_t v;

	(void)arg;
	if (take_number(c, n, 1, 3600, &v, "check_interval_seconds"))
		take_one(c, n, LIMIT_WATCHDOG_S, (uint32_t)v,
		    "check_interval_seconds");
}

static void
on_kill(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	take_one(c, n, LIMIT_WATCHDOG_KILL, is_true(n), "kill_on_violation");
}

static void
on_watchdog(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "enabled", WANT_BOOL, on_enabled, NULL },
		{ "check_interval_seconds", WANT_NUMBER, on_interval, NULL },
		{ "kill_on_violation", WANT_BOOL, on_kill, NULL },
	};

	c->pol.limits.watchdog = n;
	check_map(c, n, keys, NELEM(keys), arg, "watchdog");
}

/* ---- resources */

static void
on_scope(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { [TIME_OF_SANDBOX] = "sandbox",
		[TIME_OF_COMMAND] = "command", NULL };
	int i = take_choice(c, n, words, "scope");

	(void)arg;
	if (i >= 0)
		take_one(c, n, LIMIT_SCOPE, (uint32_t)i,
		    "scope of resources");
}

void
check_resources(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
#define LIMIT(id, key, least, most) { key, WANT_NUMBER, on_##id, NULL },
		LIMITS(LIMIT)
#undef LIMIT
		{ "scope", WANT_WORD, on_scope, NULL },
		{ "watchdog", WANT_MAP, on_watchdog, NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "resources");
}

/* A watchdog that is there runs, unless somebody says that it does not. */
void
resources_close(struct compile *c)
{
	struct pol_limits *l = &c->pol.limits;

	if (l->watchdog == NULL)
		return;
	if (l->v[LIMIT_WATCHDOG].at == NULL)
		l->v[LIMIT_WATCHDOG] = (struct pol_scalar){ l->watchdog, 1 };
	if (l->v[LIMIT_WATCHDOG_S].at == NULL)
		l->v[LIMIT_WATCHDOG_S] = (struct pol_scalar){ l->watchdog,
			WATCHDOG_DEFAULT_S };
}

/* ---- rate_limits of network */

struct rates { /* one map of them */
	struct pol_scalar *to[LIMIT_COUNT];
};

#define LIMIT(id, key, least, most)					\
static void								\
on_##id(struct compile *c, const struct node *n, void *arg)		\
{									\
	take_least(c, n, LIMIT_##id,					\
	    ((struct rates *)arg)->to[LIMIT_##id]);			\
}
RATES(LIMIT)
#undef LIMIT

static void
on_period(struct compile *c, const struct node *n, void *arg)
{
	struct rates *r = arg;
	uint64_t ms;

	if (!take_time(c, n, &ms, "period"))
		return;
	if (ms % 1000 != 0 || ms / 1000 > 31 * 86400)
		node_error(c, n, "period is whole seconds, 31d at most");
	else
		take_scalar(c, r->to[LIMIT_PERIOD_S], n,
		    (uint32_t)(ms / 1000), "period of rate_limits");
}

static void
rate_limits(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
#define LIMIT(id, key, least, most) { key, WANT_NUMBER, on_##id, NULL },
		RATES(LIMIT)
#undef LIMIT
		{ "period", WANT_ANY, on_period, NULL },
	};

	const struct node *mb = map_find(n, "max_data_egress_mb");
	const struct node *period = map_find(n, "period");
	struct rates *r = arg;

	check_map(c, n, keys, NELEM(keys), r, "rate_limits");
	if (mb == NULL && period != NULL)
		node_error(c, period, "period is that of max_data_egress_mb, "
		    "which is not there");
	/* So that of two documents, of which one does not say it, both mean
	 * the same. */
	if (mb != NULL && period == NULL)
		take_scalar(c, r->to[LIMIT_PERIOD_S], mb, PERIOD_DEFAULT_S,
		    "period of rate_limits (1h where it is not there)");
}

struct pol_rate *
entry_rate_limits(struct compile *c, const struct node *n)
{
	struct pol_rate *rate = take_mem(c, 1, sizeof(*rate));
	struct rates r = { .to = { [LIMIT_REQUESTS] = &rate->v[0],
		[LIMIT_EGRESS_MB] = &rate->v[1],
		[LIMIT_PERIOD_S] = &rate->v[2] } };

	rate_limits(c, n, &r);
	if (c->pol.nrates == RATES_MAX - 1)
		node_error(c, n, "more than %d entries have rate_limits",
		    RATES_MAX - 1);
	else
		rate->number = ++c->pol.nrates;
	return rate;
}

void
take_rate_limits(struct compile *c, const struct node *n, void *arg)
{
	struct pol_scalar *v = c->pol.limits.v;
	struct rates r = { .to = { [LIMIT_REQUESTS] = &v[LIMIT_REQUESTS],
		[LIMIT_EGRESS_MB] = &v[LIMIT_EGRESS_MB],
		[LIMIT_PERIOD_S] = &v[LIMIT_PERIOD_S] } };

	(void)arg;
	rate_limits(c, n, &r);
}

/* ---- process */

static void
take_id(struct compile *c, const struct node *n, enum limit which,
    const char *what)
{
	uint64_t id = 0;

	if (n->kind == NODE_SCALAR && (n->text.len == 0 ||
	    str_eqz(n->text, "sandbox") || str_eqz(n->text, "1000"))) {
		take_one(c, n, which, 0, what);
		return;
	}
	if (n->kind != NODE_SCALAR || !str_u64(n->text, 4294967294, &id) ||
	    id == 0) {
		node_error(c, n, "must be sandbox, or a number that is not "
		    "root's");
		return;
	}
	not_enforced(c, n, "a user other than sandbox (1000)");
	take_one(c, n, which, (uint32_t)id, what);
}

static void
on_user(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	take_id(c, n, LIMIT_USER, "run_as_user");
}

static void
on_group(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	take_id(c, n, LIMIT_GROUP, "run_as_group");
}

static void
on_minimum(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { [ISOLATION_FULL] = "full",
		[ISOLATION_FILES] = "files", [ISOLATION_NAMESPACES] =
		    "namespaces", NULL };
	int i = take_choice(c, n, words, "minimum of isolation");

	(void)arg;
	if (i < 0)
		return;
	if (i != ISOLATION_FULL)
		not_enforced(c, n, "isolation.minimum %s: it refuses a "
		    "kernel that lacks something", words[i]);
	take_one(c, n, LIMIT_ISOLATION, (uint32_t)i, "minimum of isolation");
}

static void
on_isolation(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "minimum", WANT_WORD, on_minimum, NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "isolation");
}

static const struct key process_keys[] = {
	{ "run_as_user", WANT_ANY, on_user, NULL },
	{ "run_as_group", WANT_ANY, on_group, NULL },
	{ "isolation", WANT_MAP, on_isolation, NULL },
};

void
check_process(struct compile *c, const struct node *n, void *arg)
{
	check_map(c, n, process_keys, NELEM(process_keys), arg, "process");
}

void
check_v1_process(struct compile *c, const struct node *n, void *arg)
{
	check_map(c, n, process_keys, NELEM(process_keys) - 1, arg,
	    "process");
}
