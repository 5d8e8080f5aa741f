/* profiles.c -- narrower policies that commands may run under, and what only
 * the whole of the commands section can tell. */
#include "base/compat.h"
#include "compile/commands.h"

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
		if (k->nprofiles == PROFILES_MAX) {
			node_error(c, name, "more than %d profiles",
			    PROFILES_MAX);
			return;
		}
		p = &k->profiles[k->nprofiles++];
		p->name = name->text;
		p->at = name;
		p->pol = check_apart(c, n->items[2 * i + 1]);
	}
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
check_reference(struct compile *c, const struct pol_commands *k,
    const struct node *n)
{
	const char *names[PROFILES_MAX], *near;

	if (commands_profile(k, n->text) != NULL)
		return;
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

static void
check_references(struct compile *c, const struct pol_commands *k,
    const struct pol_command *list)
{
	for (const struct pol_command *e = list; e != NULL; e = e->next)
		if (e->profile != NULL)
			check_reference(c, k, e->profile);
}

void
commands_check(struct compile *c)
{
	const struct pol_commands *k = c->pol.commands;

	if (k == NULL)
		return;
	check_references(c, k, k->list);
	for (uint32_t i = 0; i < k->nprofiles; i++)
		if (k->profiles[i].pol->commands != NULL)
			check_references(c, k,
			    k->profiles[i].pol->commands->list);
	if (k->star != NULL && k->fallback.value == 1)
		node_error(c, k->star, "this denies what no rule allows, "
		    "and default_policy in %s:%u allows it: remove one",
		    k->fallback.at->doc->name, k->fallback.at->line);
}
