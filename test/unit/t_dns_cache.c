/* t_dns_cache.c -- answers of the resolver, for as long as they say. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/compat.h"
#include "dns/cache.h"

#define NAME STR("a.test")

static struct usec
second(int64_t s)
{
	return usec_of_ms(s * 1000);
}

static struct dns_answer
answer(unsigned char last)
{
	struct dns_answer a = { .n = 1, .why = "gone" };

	a.addrs[0].s6_addr[15] = last;
	return a;
}

static bool
has(const struct dns_cache *c, struct str name, unsigned char last, int64_t at)
{
	const struct dns_answer *a = cache_find(c, name, second(at));

	return a != NULL && a->n == 1 && a->addrs[0].s6_addr[15] == last;
}

static void
an_answer_lives_as_long_as_it_says(void **state)
{
	static const struct {
		const char *what;
		uint32_t seconds;
		int64_t at;
		bool known;
	} rows[] = {
		{ "to its last moment", 10, 9, true },
		{ "and no longer", 10, 10, false },
		{ "one that does not live is not kept", 0, 0, false },
		{ "none lives for days", 86400, CACHE_S_MAX - 1, true },
		{ "not even five minutes more", UINT32_MAX, CACHE_S_MAX,
		    false },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct dns_cache c = { .v = { NULL } };
		struct dns_answer a = answer(1);

		cache_put(&c, NAME, &a, rows[i].seconds, second(0));
		if (has(&c, NAME, 1, rows[i].at) != rows[i].known)
			fail_msg("%s", rows[i].what);
		assert_false(has(&c, STR("b.test"), 1, 0));
		cache_fini(&c);
	}
}

static void
the_newest_answer_is_the_answer(void **state)
{
	struct dns_cache c = { .v = { NULL } };
	struct dns_answer a = answer(1), b = answer(2), none = { .n = 0 };

	(void)state;
	cache_put(&c, NAME, &a, 10, second(0));
	cache_put(&c, NAME, &b, 10, second(0));
	assert_true(has(&c, NAME, 2, 0));
	cache_put(&c, NAME, &none, 10, second(0)); /* an error is none */
	assert_null(cache_find(&c, NAME, second(0)));
	cache_put(&c, NAME, &a, 10, second(0));
	cache_forget(&c, NAME);
	cache_forget(&c, NAME);
	assert_null(cache_find(&c, NAME, second(0)));
	cache_fini(&c);
}

static void
what_ends_first_makes_room(void **state)
{
	struct dns_cache c = { .v = { NULL } };
	char name[16];

	(void)state;
	for (uint32_t i = 0; i < 2 * CACHE_COUNT_MAX; i++) {
		struct dns_answer a = answer((unsigned char)i);

		(void)snprintf(name, sizeof(name), "n%u.test", i);
		cache_put(&c, str_c(name), &a, 1 + i, second(0));
	}
	assert_null(cache_find(&c, STR("n0.test"), second(0)));
	assert_true(has(&c, str_c(name), 2 * CACHE_COUNT_MAX - 1, 0));
	assert_true(has(&c, STR("n128.test"), 128, 0));
	cache_fini(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_lives_as_long_as_it_says),
		cmocka_unit_test(the_newest_answer_is_the_answer),
		cmocka_unit_test(what_ends_first_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
