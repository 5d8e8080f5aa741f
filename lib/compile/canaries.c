/* canaries.c -- network.canaries: values whose sending gives a thief away. */
#include "compile/check.h"
#include "policy/canaries.h"
#include "policy/sift.h"

static void
on_name(struct compile *c, const struct node *n, void *arg)
{
	struct canary *it = arg;
	const struct node *w = take_word(c, n, "the name of a canary");

	if (w == NULL)
		return;
	if (w->text.len == 0 || w->text.len > CANARY_NAME_BYTES_MAX)
		node_error(c, n, "the name of a canary has 1 to %d bytes",
		    CANARY_NAME_BYTES_MAX);
	it->name = take_copy(c, w->text);
}

static void
on_value(struct compile *c, const struct node *n, void *arg)
{
	struct canary *it = arg;
	const struct node *w = take_word(c, n, "the value of a canary");

	if (w == NULL)
		return;
	if (w->text.len < CANARY_BYTES_MIN || w->text.len > CANARY_BYTES_MAX)
		node_error(c, n, "the value of a canary has %d to %d bytes: a "
		    "shorter one is in too many texts", CANARY_BYTES_MIN,
		    CANARY_BYTES_MAX);
	it->value = take_copy(c, w->text);
}

/* Documents add up; the same one twice is one. */
static void
add(struct compile *c, const struct node *n, const struct canary *it)
{
	struct pol_canaries *all = &c->pol.canaries;

	for (uint32_t i = 0; i < all->n; i++) {
		const bool name = str_eq(all->v[i].name, it->name);
		const bool value = str_eq(all->v[i].value, it->value);

		if (name && value)
			return;
		if (name || value) {
			node_error(c, n, "two canaries have the same %s",
			    name ? "name" : "value");
			return;
		}
	}
	if (all->n == CANARIES_MAX) {
		node_error(c, n, "more than %d canaries", CANARIES_MAX);
		return;
	}
	if (all->v == NULL)
		all->v = take_mem(c, CANARIES_MAX, sizeof(*all->v));
	all->v[all->n++] = *it;
}

uint32_t
sift_all(const struct policy *p)
{
	return p->sift | (p->canaries.n > 0 &&
	    sift_act(p->sift, SIFT_CANARIES) == SIFT_NOTHING ?
	    sift_of(SIFT_CANARIES, SIFT_BLOCK) : 0);
}

void
check_canaries(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "name", WANT_WORD, on_name, NULL },
		{ "value", WANT_WORD, on_value, NULL },
	};

	(void)arg;
	c->pol.canaries.at = n;
	for (uint32_t i = 0; i < n->n; i++) {
		struct canary it = { .name = { .len = 0 } };
		const size_t before = c->diags->errors;

		check_map(c, n->items[i], keys, NELEM(keys), &it, "a canary");
		if (n->items[i]->kind != NODE_MAP ||
		    c->diags->errors != before)
			continue;
		if (it.name.len == 0 || it.value.len == 0)
			node_error(c, n->items[i],
			    "a canary needs a name and a value");
		else
			add(c, n->items[i], &it);
	}
}
