/* profiles.c -- narrower policies that commands may run under, and what only
 * the whole of the commands section can tell. */
#include "base/compat.h"
#include "compile/commands.h"
#include "policy/rates.h"

/* Canaries are looked for, for the sandbox as a whole. */
static void
refuse_whole(struct compile *c, const struct node *body)
{
	const struct node *net = map_find(body, "network"), *canaries;

	if (net == NULL)
		return;
	canaries = map_find(net, "canaries");
	if (canaries != NULL)
		not_enforced(c, canaries, "canaries in a profile: write them "
		    "into the policy itself");
}

/* It stands in messages and records, and on the command line. */
static bool
is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.p[i];

		if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z') &&
		    (ch < '0' || ch > '9') && ch != '_' &&
		    ((ch != '-' && ch != '.') || i == 0))
			return false;
	}
	return s.len > 0 && s.len <= PROFILE_BYTES_MAX;
}

/* Said by name only, and each a document's sections. */
void
check_profiles(struct compile *c, const struct node *n, void *arg)
{
	struct pol_commands *k = commands_of(c);

	(void)arg;
	for (uint32_t i = 0; i < n->n; i++) {
		const struct node *name = n->items[2 * i];
		struct pol_profile *p;

		if (commands_profile(k, name->text) != NULL) {
			node_error(c, name, "profile \"%.64s\" is there "
			    "twice: give one of them another name",
			    name->text.p);
			continue;
		}
		if (!is_name(name->text)) {
			node_error(c, name, "a profile's name has letters, "
			    "digits, '-', '_' and '.', and at most %d of "
			    "them", PROFILE_BYTES_MAX);
			continue;
		}
		if (k->nprofiles == PROFILES_MAX) {
			node_error(c, name, "more than %d profiles",
			    PROFILES_MAX);
			return;
		}
		p = &k->profiles[k->nprofiles++];
		refuse_whole(c, n->items[2 * i + 1]);
		p->name = name->text;
		p->at = name;
		p->pol = check_apart(c, n->items[2 * i + 1]);
	}
}

static struct pol_profile *
find(struct pol_commands *k, struct str name)
{
	for (uint32_t i = 0; i < k->nprofiles; i++)
		if (str_eq(k->profiles[i].name, name))
			return &k->profiles[i];
	return NULL;
}

const struct pol_profile *
commands_profile(const struct pol_commands *k, struct str name)
{
	for (uint32_t i = 0; i < k->nprofiles; i++)
		if (str_eq(k->profiles[i].name, name))
			return &k->profiles[i];
	return NULL;
}

static void
check_reference(struct compile *c, struct pol_commands *k,
    const struct node *n)
{
	const char *names[PROFILES_MAX], *near;
	struct pol_profile *p = find(k, n->text);

	if (p != NULL) {
		p->used = true;
		return;
	}
	for (uint32_t i = 0; i < k->nprofiles; i++)
		names[i] = k->profiles[i].name.p;
	near = word_near(n->text, names, k->nprofiles);
	if (near != NULL)
		node_error(c, n, "there is no profile \"%.64s\": did you "
		    "mean \"%s\"?", n->text.p, near);
	else
		node_error(c, n, "there is no profile \"%.64s\": declare it "
		    "under profiles", n->text.p);
}

/* Where all else is allowed, so is the same program without its profile. */
static void
warn_around(struct compile *c, const struct pol_command *e, bool open)
{
	if (open && !e->any)
		node_warning(c, e->profile, "with arguments that are not like "
		    "these it runs without the profile, since default_policy "
		    "is allow: leave args_pattern out, or deny the rest");
}

static void
check_references(struct compile *c, struct pol_commands *k,
    const struct pol_commands *of)
{
	for (const struct pol_command *e = of->list; e != NULL; e = e->next)
		if (e->profile != NULL) {
			check_reference(c, k, e->profile);
			warn_around(c, e, of->fallback.value == 1);
		}
}

static void
check_star(struct compile *c, const struct pol_commands *k)
{
	if (k->star != NULL && k->fallback.value == 1)
		node_error(c, k->star, "this denies what no rule allows, "
		    "and default_policy in %s:%u allows it: remove one",
		    k->fallback.at->doc->name, k->fallback.at->line);
}

static uint32_t
rates_of(const struct policy *p)
{
	const struct pol_scalar *v = p->limits.v;

	return p->nrates + (v[LIMIT_REQUESTS].at != NULL ||
	    v[LIMIT_EGRESS_MB].at != NULL);
}

/* They are counted side by side. */
static void
check_rates(struct compile *c, const struct pol_commands *k)
{
	uint32_t n = rates_of(&c->pol);

	for (uint32_t i = 0; i < k->nprofiles; i++) {
		n += rates_of(k->profiles[i].pol);
		if (n <= RATES_MAX)
			continue;
		node_error(c, k->profiles[i].at, "more than %d rate_limits, "
		    "in the policy and its profiles together", RATES_MAX);
		return;
	}
}

void
commands_check(struct compile *c)
{
	struct pol_commands *k = c->pol.commands;

	if (k == NULL)
		return;
	check_references(c, k, k);
	for (uint32_t i = 0; i < k->nprofiles; i++)
		if (k->profiles[i].pol->commands != NULL)
			check_references(c, k, k->profiles[i].pol->commands);
	for (uint32_t i = 0; i < k->nprofiles; i++)
		if (!k->profiles[i].used)
			node_warning(c, k->profiles[i].at, "no command runs "
			    "under this profile");
	check_star(c, k);
	check_rates(c, k);
	for (uint32_t i = 0; i < k->nprofiles; i++)
		if (k->profiles[i].pol->commands != NULL)
			check_star(c, k->profiles[i].pol->commands);
}

/* ---- each for itself */

uint32_t
profile_number(const struct compile *c, struct str name)
{
	const struct pol_commands *k = c->whole != NULL ? c->whole :
	    c->pol.commands;
	uint32_t n = 1;

	if (c->maximum && c->whole == NULL)
		return 0;
	for (uint32_t i = 0; i < k->nprofiles; i++)
		n += strcmp(k->profiles[i].name.p, name.p) < 0;
	return n;
}

/* What a profile allows that the policy does not is no allow, as of a
 * maximum. */
struct compile
profile_alone(const struct compile *c, const struct pol_profile *p)
{
	struct compile out = *c;

	out.pol = *p->pol;
	out.pol.mode = c->pol.mode;
	out.pol.agent = c->pol.agent;
	out.maximum = true;
	out.max = NULL;
	out.whole = c->pol.commands;
	return out;
}

void
profiles_check(struct compile *c, void (*check)(struct compile *c))
{
	const struct pol_commands *k = c->pol.commands;

	for (uint32_t i = 0; k != NULL && i < k->nprofiles; i++) {
		struct compile one = profile_alone(c, &k->profiles[i]);

		check(&one);
		*k->profiles[i].pol = one.pol;
	}
}
