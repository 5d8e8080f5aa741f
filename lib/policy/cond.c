/* cond.c -- conditions over facts. */
#include "policy/cond.h"

#include "policy/form.h"

void
fact_put_addr(struct facts *f, enum fact id, const unsigned char a[16])
{
	f->known |= FACT_BIT(id);
	memcpy(f->v[id].addr, a, sizeof(f->v[id].addr));
}

bool
cond_grants(const struct image *im, uint32_t cond, const struct facts *f)
{
	(void)im;
	(void)f;
	return cond == 0;
}

bool
cond_denies(const struct image *im, uint32_t cond, const struct facts *f)
{
	(void)im;
	(void)f;
	(void)cond;
	return true;
}

enum truth
cond_truth(const struct image *im, uint32_t cond, const struct facts *f)
{
	(void)im;
	(void)f;
	return cond == 0 ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

struct str
cond_text(const struct image *im, uint32_t cond)
{
	(void)im;
	(void)cond;
	return STR("");
}

uint64_t
cond_facts(const struct image *im, uint32_t cond)
{
	(void)im;
	(void)cond;
	return 0;
}
