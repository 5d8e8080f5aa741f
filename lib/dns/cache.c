#include "dns/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"

/* CACHE_COUNT_MAX: it is not there. */
static size_t
find(const struct dns_cache *c, struct str name)
{
	size_t i = 0;

	while (i < CACHE_COUNT_MAX && (c->v[i] == NULL ||
		!str_eq(str_of(c->v[i]->name, c->v[i]->len), name)))
		i++;
	return i;
}

/* A free one, or the one that would be over first. */
static struct cached **
slot_for(struct dns_cache *c)
{
	struct cached **best = &c->v[0];

	for (size_t i = 0; i < CACHE_COUNT_MAX; i++) {
		if (c->v[i] == NULL)
			return &c->v[i];
		if (c->v[i]->until.v < (*best)->until.v)
			best = &c->v[i];
	}
	return best;
}

void
cache_put(struct dns_cache *c, struct str name, const struct dns_answer *a,
    uint32_t seconds, struct usec now)
{
	struct cached **slot;

	must(name.len > 0 && name.len <= HOST_BYTES_MAX);
	cache_forget(c, name);
	if (a->n == 0 || seconds == 0)
		return;
	if (seconds > CACHE_S_MAX)
		seconds = CACHE_S_MAX;
	slot = slot_for(c);
	if (*slot == NULL)
		*slot = mem_alloc(1, sizeof(**slot));
	(*slot)->until = usec_add(now, usec_of_ms((int64_t)seconds * 1000));
	(*slot)->len = (uint8_t)name.len;
	memcpy((*slot)->name, name.p, name.len);
	(*slot)->a = *a;
	(*slot)->a.why = "";
}

const struct dns_answer *
cache_find(const struct dns_cache *c, struct str name, struct usec now)
{
	size_t i = find(c, name);

	return i < CACHE_COUNT_MAX && now.v < c->v[i]->until.v ? &c->v[i]->a :
								 NULL;
}

void
cache_forget(struct dns_cache *c, struct str name)
{
	size_t i = find(c, name);

	if (i == CACHE_COUNT_MAX)
		return;
	free(c->v[i]);
	c->v[i] = NULL;
}

void
cache_fini(struct dns_cache *c)
{
	for (size_t i = 0; i < CACHE_COUNT_MAX; i++)
		free(c->v[i]);
	*c = (struct dns_cache){ .v = { NULL } };
}
