/* t_rates.c -- rate_limits, from documents to counts: what is let pass, what
 * is not, and what a new policy leaves of the counts. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/image.h"
#include "rates.h"

#define S INT64_C(1000000)

struct policy_made {
	char *bytes;
	struct image *im;
};

static struct policy_made
make(const char *text, const char *max)
{
	struct policy_file f[] = {
		{ .name = "p.yaml", .text = str_c(text) },
		{ .name = "max.yaml", .text = str_c(max == NULL ? "" : max),
		    .maximum = true },
	};
	struct policy_made p;
	struct diags d = { 0 };
	struct err e = { 0 };
	size_t len;

	if (policy_compile(f, max == NULL ? 1 : 2, POLICY_STAGE_ENFORCE,
		&p.bytes, &len, &d) == -1)
		fail_msg("%s", diags_print(&d, false));
	diags_fini(&d);
	if (image_of(str_of(p.bytes, len), &p.im, &e) == -1)
		fail_msg("%s", e.text);
	return p;
}

static void
drop(struct policy_made *p)
{
	image_free(p->im);
	free(p->bytes);
}

static struct rates_set
asked_under(const struct image *im, const char *host, const char *path,
    uint64_t profiles)
{
	struct net_query q = { .profiles = profiles, .host = str_c(host), .port = 443, .tls = true,
		.method = STR("GET"), .path = str_c(path) };
	struct net_answer a;

	policy_network(im, &q, &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	return (struct rates_set){ { a.rates[0], a.rates[1] } };
}

static struct rates_set
asked(const struct image *im, const char *host, const char *path)
{
	return asked_under(im, host, path, 0);
}

static bool
admit(struct rates *r, struct rates_set which, uint64_t bytes, int64_t now)
{
	struct rates_over over;
	bool seen;

	return rates_admit(r, which, bytes, (struct usec){ now }, &over,
	    &seen);
}

static const char two[] =
    "network:\n"
    "  rate_limits: {max_requests_per_minute: 5}\n"
    "  allow:\n"
    "    - endpoint: a.test\n"
    "      rate_limits: {max_requests_per_minute: 2}\n"
    "    - {endpoint: a.test, paths: [/free]}\n"
    "    - endpoint: b.test\n";

static void
an_entry_and_the_sandbox_count_each_for_itself(void **state)
{
	struct policy_made p = make(two, NULL);
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set a = asked(p.im, "a.test", "/");
	struct rates_set b = asked(p.im, "b.test", "/");

	(void)state;
	assert_true(admit(r, a, 0, S));
	assert_true(admit(r, a, 0, S));
	assert_false(admit(r, a, 0, 2 * S));
	assert_true(admit(r, b, 0, 2 * S));
	assert_true(admit(r, b, 0, 2 * S));
	assert_true(admit(r, b, 0, 2 * S));
	assert_false(admit(r, b, 0, 2 * S)); /* the sandbox's five */
	assert_true(admit(r, b, 0, 62 * S)); /* two are old */
	assert_true(admit(r, a, 0, 62 * S));
	assert_false(admit(r, a, 0, 62 * S)); /* five again */
	rates_free(r);
	drop(&p);
}

static const char profiled[] =
    "network:\n"
    "  rate_limits: {max_requests_per_minute: 9}\n"
    "  allow:\n"
    "    - endpoint: a.test\n"
    "      rate_limits: {max_requests_per_minute: 8}\n"
    "    - endpoint: b.test\n"
    "profiles:\n"
    "  none: {network: {allow: [{endpoint: a.test}, {endpoint: b.test}]}}\n"
    "  one:\n"
    "    network:\n"
    "      rate_limits: {max_requests_per_minute: 2}\n"
    "      allow: [{endpoint: a.test}, {endpoint: b.test}]\n"
    "  two:\n"
    "    network:\n"
    "      allow:\n"
    "        - endpoint: a.test\n"
    "          rate_limits: {max_requests_per_minute: 1}\n"
    "        - endpoint: b.test\n";

enum { NO_PROFILE, PROFILE_NONE = 1, PROFILE_ONE = 2, PROFILE_TWO = 4 };

static void
a_profile_counts_what_is_under_it(void **state)
{
	struct policy_made p = make(profiled, NULL);
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set one = asked_under(p.im, "b.test", "/", PROFILE_ONE);
	struct rates_set other = asked_under(p.im, "a.test", "/", PROFILE_TWO);
	struct rates_set both = asked_under(p.im, "a.test", "/", PROFILE_ONE |
	    PROFILE_TWO);
	struct rates_over over;
	bool seen;

	(void)state;
	assert_int_equal(image_rates(p.im, false), 4);
	assert_true(asked_under(p.im, "a.test", "/", PROFILE_NONE).of[0] ==
	    asked(p.im, "a.test", "/").of[0]);
	assert_true(asked_under(p.im, "b.test", "/", PROFILE_TWO).of[0] == 0);
	assert_true(both.of[0] == (one.of[0] | other.of[0]));
	assert_true(one.of[1] == 0 && other.of[1] == 0);
	assert_true(admit(r, one, 0, S));
	assert_true(admit(r, both, 0, S));
	assert_false(admit(r, one, 0, S));	/* its two */
	assert_false(admit(r, other, 0, S));	/* its one */
	assert_true(admit(r, asked(p.im, "b.test", "/"), 0, S));
	assert_false(rates_admit(r, one, 0, (struct usec){ S }, &over, &seen));
	assert_true(str_eqz(over.rate.profile, "one"));
	/* what they did is the policy's, too: three of nine */
	for (int i = 0; i < 6; i++)
		assert_true(admit(r, asked(p.im, "b.test", "/"), 0, S));
	assert_false(admit(r, asked(p.im, "b.test", "/"), 0, S));
	rates_free(r);
	drop(&p);
}

static void
a_profiles_counts_outlive_a_new_policy(void **state)
{
	struct policy_made p = make(profiled, NULL);
	struct policy_made q = make("network: {allow: [{endpoint: a.test}, {endpoint: b.test}]}\n"
	    "profiles:\n"
	    "  new: {network: {rate_limits: {max_requests_per_minute: 2},\n"
	    "    allow: [{endpoint: b.test}]}}\n"
	    "  one: {network: {rate_limits: {max_requests_per_minute: 2},\n"
	    "    allow: [{endpoint: b.test}]}}\n", NULL);
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set one = asked_under(p.im, "b.test", "/", PROFILE_ONE);

	(void)state;
	assert_true(admit(r, one, 0, S));
	assert_true(admit(r, one, 0, S));
	r = rates_new(q.im, r, (struct usec){ S });
	assert_false(admit(r, asked_under(q.im, "b.test", "/", 2), 0, S));
	assert_true(admit(r, asked_under(q.im, "b.test", "/", 1), 0, S));
	assert_true(admit(r, asked(q.im, "b.test", "/"), 0, S));
	rates_free(r);
	drop(&p);
	drop(&q);
}

static void
a_wider_entry_does_not_free_from_a_limit(void **state)
{
	struct policy_made p = make(two, NULL);
	struct rates_set a = asked(p.im, "a.test", "/"),
	    free_one = asked(p.im, "a.test", "/free");

	(void)state;
	assert_true(a.of[0] != 0);
	assert_true(free_one.of[0] == a.of[0]);
	assert_true(asked(p.im, "b.test", "/").of[0] == 0);
	drop(&p);
}

static void
a_refusal_says_when_to_come_again(void **state)
{
	struct policy_made p = make(two, NULL);
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set a = asked(p.im, "a.test", "/");
	struct rates_over over;
	char text[160];
	bool seen;

	(void)state;
	assert_true(admit(r, a, 0, S));
	assert_true(admit(r, a, 0, 11 * S));
	assert_false(rates_admit(r, a, 0, (struct usec){ 21 * S }, &over,
	    &seen));
	rates_print(&over, text, sizeof(text));
	assert_in_range(rates_seconds(&over), 40, 41);
	assert_memory_equal(text, "2 of 2 requests in the last minute; ", 36);
	assert_int_equal(over.rate.rule.line, 4);
	rates_free(r);
	drop(&p);
}

static const char bytes_of_a[] =
    "network:\n"
    "  allow:\n"
    "    - endpoint: a.test\n"
    "      rate_limits: {max_data_egress_mb: 2, period: 10m}\n";

static void
bytes_are_counted_to_the_last(void **state)
{
	struct policy_made p = make(bytes_of_a, NULL);
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set a = asked(p.im, "a.test", "/");
	const struct usec now = { 2 * S }, later = { 603 * S };

	(void)state;
	assert_true(rates_count_bytes(r));
	assert_int_equal(rates_room(r, a, now), 2000000);
	rates_spend(r, a, now, 1999000);
	assert_int_equal(rates_room(r, a, now), 1000);
	assert_false(admit(r, a, 1001, now.v));
	assert_true(admit(r, a, 1000, now.v));
	rates_give_back(r, a, 1000);
	assert_int_equal(rates_room(r, a, now), 2000);
	rates_spend(r, a, now, 3000); /* a goodbye that nobody could stop */
	assert_int_equal(rates_room(r, a, now), 0);
	assert_int_equal(rates_room(r, a, later), 2000000);
	rates_free(r);
	drop(&p);
}

static void
a_new_policy_keeps_the_counts_of_limits_that_stay(void **state)
{
	struct policy_made p = make(two, NULL), q = make(
	    "network:\n"
	    "  rate_limits: {max_requests_per_minute: 3}\n"
	    "  allow:\n"
	    "    - endpoint: c.test\n"
	    "      rate_limits: {max_requests_per_minute: 2}\n"
	    "    - endpoint: a.test\n"
	    "      rate_limits: {max_requests_per_minute: 4}\n", NULL);
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set a = asked(p.im, "a.test", "/");

	(void)state;
	assert_true(admit(r, a, 0, S));
	assert_true(admit(r, a, 0, S));
	r = rates_new(q.im, r, (struct usec){ 2 * S });
	assert_true(admit(r, asked(q.im, "a.test", "/"), 0, 2 * S));
	assert_false(admit(r, asked(q.im, "a.test", "/"), 0, 2 * S));
	assert_false(admit(r, asked(q.im, "c.test", "/"), 0, 2 * S));
	assert_true(admit(r, asked(q.im, "c.test", "/"), 0, 62 * S));
	rates_free(r);
	drop(&p);
	drop(&q);
}

static void
another_period_counts_what_left_as_of_now(void **state)
{
	struct policy_made p = make(bytes_of_a, NULL), q = make(
	    "network: {allow: [{endpoint: a.test, rate_limits: "
	    "{max_data_egress_mb: 2, period: 1m}}]}", NULL);
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set a = asked(p.im, "a.test", "/");

	(void)state;
	rates_spend(r, a, (struct usec){ S }, 1500000);
	r = rates_new(q.im, r, (struct usec){ 90 * S });
	a = asked(q.im, "a.test", "/");
	assert_int_equal(rates_room(r, a, (struct usec){ 91 * S }), 500000);
	assert_int_equal(rates_room(r, a, (struct usec){ 151 * S }), 2000000);
	rates_free(r);
	drop(&p);
	drop(&q);
}

static void
a_maximum_has_limits_of_its_own(void **state)
{
	struct policy_made p = make("network: {allow: [{endpoint: a.test}]}",
	    "network: {rate_limits: {max_requests_per_minute: 3}, allow: "
	    "[{endpoint: a.test, rate_limits: {max_requests_per_minute: 1}}"
	    ", {endpoint: b.test}]}");
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set a = asked(p.im, "a.test", "/");

	(void)state;
	assert_true(admit(r, a, 0, S));
	assert_false(admit(r, a, 0, S));
	assert_true(admit(r, (struct rates_set){ { 0, 0 } }, 0, S));
	assert_true(admit(r, (struct rates_set){ { 0, 0 } }, 0, S));
	assert_false(admit(r, (struct rates_set){ { 0, 0 } }, 0, S));
	rates_free(r);
	drop(&p);
}

static void
a_policy_that_only_records_only_records(void **state)
{
	struct policy_made p = make("policy_mode: audit\n"
	    "network: {rate_limits: {max_requests_per_minute: 1}}", NULL);
	struct rates *r = rates_new(p.im, NULL, (struct usec){ S });
	struct rates_set none = { { 0, 0 } };
	struct rates_over over;
	bool seen;

	(void)state;
	assert_true(rates_admit(r, none, 0, (struct usec){ S }, &over,
	    &seen));
	assert_false(seen);
	assert_true(rates_admit(r, none, 0, (struct usec){ S }, &over,
	    &seen));
	assert_true(seen);
	assert_int_equal(over.most, 1);
	rates_free(r);
	drop(&p);
}

static void
more_limits_than_can_be_told_apart_are_an_error(void **state)
{
	static char text[8192] = "network:\n  allow:\n";
	struct policy_file f = { .name = "p.yaml" };
	struct diags d = { 0 };
	char *bytes, *said;
	size_t len;

	(void)state;
	for (int i = 0; i < RATES_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof(text) -
		    strlen(text), "    - {endpoint: a%d.test, rate_limits: "
		    "{max_requests_per_minute: 1}}\n", i);
	f.text = str_c(text);
	assert_int_equal(policy_compile(&f, 1, POLICY_STAGE_ENFORCE, &bytes,
	    &len, &d), -1);
	said = diags_print(&d, false);
	assert_non_null(strstr(said, "more than 63 entries have rate_limits"));
	free(said);
	diags_fini(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_entry_and_the_sandbox_count_each_for_itself),
		cmocka_unit_test(a_profile_counts_what_is_under_it),
		cmocka_unit_test(a_profiles_counts_outlive_a_new_policy),
		cmocka_unit_test(a_wider_entry_does_not_free_from_a_limit),
		cmocka_unit_test(a_refusal_says_when_to_come_again),
		cmocka_unit_test(bytes_are_counted_to_the_last),
		cmocka_unit_test(
		    a_new_policy_keeps_the_counts_of_limits_that_stay),
		cmocka_unit_test(another_period_counts_what_left_as_of_now),
		cmocka_unit_test(a_maximum_has_limits_of_its_own),
		cmocka_unit_test(a_policy_that_only_records_only_records),
		cmocka_unit_test(
		    more_limits_than_can_be_told_apart_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
