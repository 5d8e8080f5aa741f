#include "names.h"

#include <string.h>

#include "base/must.h"

struct name {
	uint8_t len;
	char text[];
};

_Static_assert(NAMES_SLOTS >= 2 * NAMES_MAX &&
    (NAMES_SLOTS & (NAMES_SLOTS - 1)) == 0, "half of the slots stay empty");

static struct str
text_of(const struct name *n)
{
	return str_of(n->text, n->len);
}

static uint32_t
hash_of(struct str name)
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.p[i]) * UINT32_C(16777619);
	return h ^ h >> 15;
}

/* Where the name is, or would be; the table always has empty slots. */
static uint16_t *
slot_find(struct names *t, struct str name)
{
	uint32_t at = hash_of(name) & (NAMES_SLOTS - 1);

	while (t->slots[at] != 0 &&
	    !str_eq(text_of(t->v[t->slots[at] - 1]), name))
		at = (at + 1) & (NAMES_SLOTS - 1);
	return &t->slots[at];
}

bool
names_give(struct names *t, struct str name, uint32_t *address)
{
	uint16_t *slot = slot_find(t, name);
	struct name *n;

	must(name.len <= HOST_BYTES_MAX);
	if (*slot == 0) {
		if (t->n == NAMES_MAX)
			return false;
		n = mem_alloc(1, sizeof(*n) + name.len);
		n->len = (uint8_t)name.len;
		memcpy(n->text, name.p, name.len);
		t->v[t->n++] = n;
		*slot = (uint16_t)t->n;
	}
	*address = NAMES_BASE + *slot;
	return true;
}

struct str
names_find(const struct names *t, uint32_t address)
{
	uint32_t i = address - NAMES_BASE - 1;

	return address > NAMES_BASE && i < t->n ? text_of(t->v[i]) :
						  str_of("", 0);
}

bool
names_is_ours(uint32_t address)
{
	return (address & NAMES_MASK) == (NAMES_BASE & NAMES_MASK);
}
