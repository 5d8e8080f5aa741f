/* f_graphql.c -- a GraphQL document: it ends, its fields are names, and what
 * is blank in it makes no difference. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "inspect/graphql.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static bool
is_way(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
			(s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '_' ||
			(s.p[i] >= '0' && s.p[i] <= '9') ||
			(s.p[i] == '.' && i > 0 && s.p[i - 1] != '.')))
			return false;
	return s.len > 0 && s.p[s.len - 1] != '.';
}

static void
check(const struct graphql *g)
{
	uint32_t n = 0;

	must(g->noperations > 0 && g->nfields <= GRAPHQL_FIELDS_MAX);
	for (uint32_t i = 0; i < g->noperations; i++) {
		const struct graphql_operation *op = &g->operations[i];

		must(str_eqz(op->kind, "query") ||
		    str_eqz(op->kind, "mutation") ||
		    str_eqz(op->kind, "subscription"));
		must(op->first == n && op->n > 0);
		n += op->n;
	}
	must(n == g->nfields);
	for (uint32_t i = 0; i < n; i++)
		must(is_way(graphql_path(g, i)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	const char *why = NULL;
	struct graphql a, b;
	struct buf more;
	int rc, again;

	if (len > 65536)
		return 0;
	rc = graphql_read(str_of((const char *)p, len), &a, &why);
	must((rc == 0) == (why == NULL));
	buf_init(&more, 131072);
	must(buf_addz(&more, " ,\n#x\n") && buf_add(&more, p, len) &&
	    buf_addz(&more, "\n#}"));
	again = graphql_read(buf_str(&more), &b, &why);
	if (rc == 0) {
		check(&a);
		must(again == 0 && a.nfields == b.nfields &&
		    a.noperations == b.noperations &&
		    str_eq(buf_str(&a.text), buf_str(&b.text)));
	}
	buf_fini(&more);
	graphql_free(&a);
	graphql_free(&b);
	return 0;
}
