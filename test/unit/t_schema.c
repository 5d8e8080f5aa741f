/* t_schema.c -- the schema for editors has the keys that the compiler knows,
 * in every map: what it says of an unknown key is held against it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/schema.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "compile/compile.h"

#define UNKNOWN "qqqqqqqqqqqqqqqq: 1"

/* "... known are a, b, c" of the policy, heap; NULL: it says no such thing. */
static char *
known_keys(const char *text)
{
	const struct policy_file f = { .name = "p", .text = str_c(text) };
	struct diags d = { 0 };
	char *image = NULL, *found = NULL;
	size_t len;

	if (policy_compile(&f, 1, POLICY_STAGE_CHECK, &image, &len, &d) == 0)
		free(image);
	for (size_t i = 0; i < d.n && found == NULL; i++) {
		const char *at = strstr(d.v[i].text, "known are ");

		if (at != NULL && strstr(d.v[i].text, "qqqq") != NULL)
			found = strdup(at + strlen("known are "));
	}
	diags_fini(&d);
	return found;
}

static bool
holds(const char *list, const char *key)
{
	struct str rest = str_c(list), one;

	while (str_cut(rest, ',', &one, &rest))
		if (str_eqz(str_trim(one), key))
			return true;
	return str_eqz(str_trim(rest), key);
}

static size_t
count(const char *list)
{
	size_t n = 1;

	for (const char *p = list; (p = strchr(p, ',')) != NULL; p++)
		n++;
	return n;
}

static void
check_shape(const struct schema_shape *s)
{
	CLEAN_FREE char *text = NULL;
	CLEAN_FREE char *known = NULL;
	size_t n = 0;

	assert_true(asprintf(&text, s->place, UNKNOWN) > 0);
	known = known_keys(text);
	if (known == NULL)
		fail_msg("%s: nothing is said of an unknown key", s->name);
	for (const struct schema_key *k = s->keys; k->key != NULL; k++, n++)
		if (!holds(known, k->key))
			fail_msg("%s: the compiler does not know \"%s\", only "
			    "%s", s->name, k->key, known);
	if (count(known) != n)
		fail_msg("%s: the schema has %zu keys, the compiler knows %s",
		    s->name, n, known);
}

static void
each_map_has_the_keys_that_the_compiler_knows(void **state)
{
	(void)state;
	for (const struct schema_shape *s = schema_shapes; s->name != NULL;
	    s++)
		check_shape(s);
}

/* ---- the manual page has them, too */

static bool
stands_in(const char *man, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = man; (p = strstr(p, key)) != NULL; p++) {
		char before = p > man ? p[-1] : ' ', after = p[len];

		if ((before == ' ' || before == '\n') && (after == ' ' ||
			after == '\n' || after == ':' || after == ','))
			return true;
	}
	return false;
}

static void
each_key_stands_in_the_manual(void **state)
{
	CLEAN_FREE char *path = NULL;
	CLEAN_FREE char *man = NULL;
	struct err e = { 0 };
	size_t len;

	(void)state;
	assert_true(asprintf(&path, "%s/man/openshell-policy.5",
	    getenv("SOURCE_ROOT")) > 0);
	if (io_read_file(AT_FDCWD, path, 1 << 20, &man, &len, &e) == -1)
		fail_msg("%s", e.text);
	for (const struct schema_shape *s = schema_shapes; s->name != NULL;
	    s++)
		for (const struct schema_key *k = s->keys; k->key != NULL; k++)
			if (!stands_in(man, k->key))
				fail_msg("%s: the manual says nothing of %s",
				    s->name, k->key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_map_has_the_keys_that_the_compiler_knows),
		cmocka_unit_test(each_key_stands_in_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
