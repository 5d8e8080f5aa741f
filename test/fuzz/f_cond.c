/* f_cond.c -- hostile text as a condition.  What is taken must print to the
 * same, and its tests must say what its tree says, at every point that it can
 * tell apart; what is not must be said inside the text. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "compile/cond_code.h"
#include "compile/cond_domain.h"
#include "policy/cond.h"
#include "policy/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

enum { POINTS_MAX = 500 };

static void *
need(void *p)
{
	must(p != NULL);
	return p;
}

/* An image with this condition and nothing else. */
static struct image *
image_of_tree(const struct cond_code *code, struct arena *a)
{
	struct image *im = need(arena_alloc(a, 1, sizeof(*im)));
	struct f_test *tests = need(arena_alloc(a, code->n, sizeof(*tests)));
	struct prefix *nets = need(arena_alloc(a, code->n, sizeof(*nets)));
	struct f_cond *cond = need(arena_alloc(a, 1, sizeof(*cond)));
	struct buf bytes;
	bool ok = true;

	buf_init(&bytes, 1 << 24);
	for (uint32_t i = 0; i < code->n; i++) {
		tests[i] = code->v[i].test;
		if (code->v[i].net != NULL) {
			nets[i] = *code->v[i].net;
			tests[i].a = i;
		} else if (code->v[i].text.p != NULL) {
			tests[i].a = (uint32_t)bytes.len;
			tests[i].b = (uint32_t)code->v[i].text.len;
			ok = ok && buf_adds(&bytes, code->v[i].text);
		}
	}
	must(ok);
	*cond = (struct f_cond){ .tests = { 0, code->n },
		.main = code->main };
	im->bytes = need(arena_strdup(a, buf_str(&bytes)));
	im->nbytes = (uint32_t)bytes.len;
	im->tests = tests;
	im->testnets = nets;
	im->ntests = im->ntestnets = code->n;
	im->conds = cond;
	im->nconds = 1;
	buf_fini(&bytes);
	return im;
}

static void
check(const struct cond *k, struct arena *a)
{
	struct cond_code code;
	struct cond_domain d;
	struct image *im;
	struct facts f;
	const char *why;

	if (!cond_code(k, a, &code))
		return;
	im = image_of_tree(&code, a);
	must(image_conds_fault(im) == NULL);
	if (cond_domain(&k, 1, true, POINTS_MAX, a, &d, &why) == -1)
		d.points = 0;
	for (uint64_t i = 0; i < d.points; i++) {
		cond_domain_point(&d, i, &f);
		f.known |= FACT_BIT(FACT_ROUTE);	/* results */
		f.v[FACT_ROUTE].text = STR("local");
		must(cond_eval(k, &f) == cond_truth(im, 1, &f));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const unsigned wheres[] = { FOR_NET, FOR_EXEC, FOR_MODEL,
		FOR_MODEL | FOR_PROOF };
	struct str text = str_of((const char *)p, len);

	for (size_t i = 0; i < NELEM(wheres); i++) {
		struct arena a = { 0 };
		struct cond_fault fault;
		struct cond *k, *again;
		struct str shown;

		if (cond_parse(text, wheres[i], PHASE_BODY, &a, &k, &fault) ==
		    -1) {
			must(fault.text[0] != '\0' && fault.width > 0 &&
			    fault.at <= len);
		} else {
			shown = cond_print(k, &a);
			if (shown.len <= COND_BYTES_MAX)
				must(cond_parse(shown, wheres[i], PHASE_BODY,
					&a, &again, &fault) == 0 &&
				    cond_same(k, again));
			check(k, &a);
		}
		arena_fini(&a);
	}
	return 0;
}
