/* top.c -- a document's own keys, and which spelling it is in. */
#include "base/compat.h"
#include "compile/check.h"
#include "compile/commands.h"

static void
check_mode(struct compile *c, const struct node *n, void *arg)
{
	static const char *const modes[] = { [POLICY_ENFORCE] = "enforce",
		[POLICY_AUDIT] = "audit", [POLICY_PERMISSIVE] = "permissive",
		NULL };
	int mode = take_choice(c, n, modes, "policy_mode");

	(void)arg;
	if (mode >= 0)
		take_scalar(c, &c->pol.mode, n, (uint32_t)mode,
		    "policy_mode");
}

static void
check_agent(struct compile *c, const struct node *n, void *arg)
{
	struct pol_scalar *agent = &c->pol.agent;

	(void)arg;
	if (take_word(c, n, "agent_name") == NULL)
		return;
	take_scalar(c, agent, n, agent->at != NULL &&
	    !str_eq(agent->at->text, n->text), "agent_name");
}

static void
check_version(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	if (n->quoted && str_eqz(n->text, "1.0"))
		return;
	if (str_eqz(n->text, "1.0"))
		node_error(c, n, "version must be a word: write \"1.0\"");
	else
		node_error(c, n, "version must be \"1.0\", or 1 (without "
		    "quotes) for the older schema");
}

static const struct key keys[] = {
	{ "version", WANT_ANY, check_version, NULL },
	{ "agent_name", WANT_WORD, check_agent, NULL },
	{ "policy_mode", WANT_WORD, check_mode, NULL },
	{ "file_access", WANT_MAP, check_files, NULL },
	{ "network", WANT_MAP, check_network, NULL },
	{ "commands", WANT_MAP, check_commands, NULL },
	{ "inference", WANT_MAP, check_inference, "inference" },
	{ "resources", WANT_MAP, check_resources, "resources" },
	{ "extends", WANT_LIST, NULL, NULL },	/* see extends.c */
	{ "labels", WANT_ANY, check_labels, "labels" },
	{ "process", WANT_MAP, check_process, NULL },
	{ "profiles", WANT_MAP, check_profiles, NULL },
};

static const struct key profile_keys[] = {
	{ "file_access", WANT_MAP, check_files, NULL },
	{ "network", WANT_MAP, check_network, NULL },
	{ "commands", WANT_MAP, check_commands, NULL },
	{ "inference", WANT_MAP, check_inference, "inference in a profile" },
	{ "resources", WANT_MAP, check_resources, "resources in a profile" },
};

struct policy *
check_apart(struct compile *c, const struct node *n)
{
	struct policy *out = take_mem(c, 1, sizeof(*out)), whole = c->pol;

	memset(&c->pol, 0, sizeof(c->pol));
	policy_begin(&c->pol);
	check_map(c, n, profile_keys, NELEM(profile_keys), NULL,
	    "a profile");
	*out = c->pol;
	c->pol = whole;
	return out;
}

static const char *const v1_keys[] = { "filesystem_policy", "landlock",
	"network_policies", "network_middlewares" };

/* The older schema's keys without its version: say what is missing. */
static bool
is_lost_v1(struct compile *c, const struct node *root)
{
	for (size_t i = 0; i < NELEM(v1_keys); i++)
		for (uint32_t j = 0; j < root->n; j++)
			if (str_eqz(root->items[2 * j]->text, v1_keys[i])) {
				node_error(c, root->items[2 * j], "\"%s\" "
				    "belongs to the older schema: add "
				    "\"version: 1\"", v1_keys[i]);
				return true;
			}
	return false;
}

void
check_document(struct compile *c, const struct doc *doc)
{
	const struct node *root = doc->root, *version;

	if (root == NULL || is_null(root)) {
		diag_add(c->diags, DIAG_WARNING, doc, 0, 0, 0,
		    "this policy is empty");
		return;
	}
	if (!check_want(c, root, WANT_MAP, "a policy"))
		return;
	version = map_find(root, "version");
	if (version != NULL && version->kind == NODE_SCALAR &&
	    !version->quoted && str_eqz(version->text, "1"))
		check_v1(c, root);
	else if (!is_lost_v1(c, root))
		check_map(c, root, keys, NELEM(keys), NULL, "a policy");
}
