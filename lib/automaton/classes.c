/* classes.c -- which bytes an automaton need not tell apart. */
#include <stdlib.h>

#include "automaton/subset.h"
#include "base/must.h"

/* Parts the classes by one more set. */
static void
classes_part(unsigned char of[256], uint32_t *n, const struct byte_set *set)
{
	uint32_t other[256], out[256], first[256];
	uint32_t made = *n;

	for (uint32_t i = 0; i < *n; i++)
		other[i] = first[i] = UINT32_MAX;
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t k = of[b], in = set_has(set, b);

		if (first[k] == UINT32_MAX)
			first[k] = in;
		if (first[k] != in && other[k] == UINT32_MAX)
			other[k] = made++;
		out[b] = first[k] == in ? k : other[k];
	}
	for (uint32_t b = 0; b < 256; b++)
		of[b] = (unsigned char)out[b];
	*n = made;
}

static void
bytes_used(const struct nfa *n, struct byte_set *used)
{
	memset(used, 0, sizeof(*used));
	for (uint32_t i = 0; i < n->nstates; i++)
		for (uint32_t l = n->states[i].taking; l != 0;
		    l = n->links[l - 1].next) {
			uint32_t set = n->links[l - 1].what;

			if (set < SET_SINGLES)
				used->bits[set / 64] |=
				    UINT64_C(1) << (set % 64);
		}
}

/* The wide sets first, which makes the groups; then each byte that is meant
 * by itself has a class of its own. */
static void
classes_make(struct classes *k, const struct nfa *n)
{
	unsigned char group[256] = { 0 };
	uint32_t members[256] = { 0 };
	struct byte_set used;

	k->groups = 1;
	for (uint32_t i = 0; i < n->nsets; i++)
		classes_part(group, &k->groups, &n->sets[i]);
	for (uint32_t b = 0; b < 256; b++)
		members[group[b]]++;
	memcpy(k->class_of, group, sizeof(group));
	k->classes = k->groups;
	bytes_used(n, &used);
	for (uint32_t b = 0; b < 256; b++)
		if (set_has(&used, b) && members[group[b]] > 1) {
			members[group[b]]--;
			k->class_of[b] = (unsigned char)k->classes++;
		}
	for (uint32_t b = 0; b < 256; b++)
		k->group_of[k->class_of[b]] = group[b];
}

void
classes_init(struct classes *k, const struct nfa *n)
{
	classes_make(k, n);
	k->wide = mem_alloc((size_t)n->nsets + 1, sizeof(*k->wide));
	for (uint32_t i = 0; i < n->nsets; i++)
		for (uint32_t b = 0; b < 256; b++)
			if (set_has(&n->sets[i], b)) {
				uint32_t g = k->group_of[k->class_of[b]];

				k->wide[i].bits[g / 64] |=
				    UINT64_C(1) << (g % 64);
			}
}

void
classes_fini(struct classes *k)
{
	free(k->wide);
}
