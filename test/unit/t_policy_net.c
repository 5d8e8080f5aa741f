/* t_policy_net.c -- the network's decision against the definition: each rule
 * looked at by itself, on policies and questions made at random.  And what
 * holds of any policy: a deny makes nothing possible, order means nothing. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/err.h"
#include "compile/checked.h"
#include "policy/decide.h"
#include "policy/match.h"

enum { POLICIES = 100, QUESTIONS = 10000, RULES = 14 };

static uint32_t
next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

static const char *
pick(uint32_t *s, const char *const *v, size_t n)
{
	return v[next_random(s) % n];
}

#define PICK(s, ...) pick(s, (const char *const[]){ __VA_ARGS__ },	\
	NELEM(((const char *const[]){ __VA_ARGS__ })))

/* ---- policies */

static void
put_path(struct buf *b, uint32_t *s)
{
	bool ok = buf_addz(b, "/");

	for (unsigned k = next_random(s) % 4; k > 0 && ok; k--)
		ok = buf_addz(b, PICK(s, "a", "b", "ab", "*", "a*", "*b",
		    "**", "a*b")) && (k == 1 || buf_addz(b, "/"));
	assert_true(ok);
}

static void
put_rule(struct buf *b, uint32_t *s, bool deny)
{
	bool ok = buf_printf(b, "    - {endpoint: \"%s\"", deny ?
	    PICK(s, "a.x.y", "b.x.y", "x.y", "*.x.y", "**.y.z", "*",
		"10.1.2.3", "10.1.0.0/16", "::/0") :
	    PICK(s, "a.x.y", "b.x.y", "x.y", "*.x.y", "**.x.y", "*.b.x.y",
		"10.1.2.3", "10.1.0.0/16", "10.1.2.0/24"));
	unsigned n = next_random(s) % 4;

	if (next_random(s) % 3 == 0)
		ok = ok && buf_printf(b, ", ports: [%s]", PICK(s, "443",
		    "443, 8443", "\"400-500\"", "8443", "\"1-65535\""));
	if (next_random(s) % 2 == 0)
		ok = ok && buf_printf(b, ", methods: [%s]", PICK(s, "GET",
		    "POST", "GET, DELETE", "BREW", "POST, BREW"));
	if (next_random(s) % 4 == 0)
		ok = ok && buf_printf(b, ", binaries: [%s]", PICK(s, "curl",
		    "git", "/usr/bin/git"));
	if (n > 0)
		ok = ok && buf_addz(b, ", paths: [");
	for (unsigned i = 0; i < n && ok; i++) {
		ok = buf_addz(b, i == 0 ? "\"" : ", \"");
		put_path(b, s);
		ok = ok && buf_addz(b, i + 1 == n ? "\"]" : "\"");
	}
	assert_true(ok && buf_addz(b, "}\n"));
}

static void
put_rules(struct buf *b, uint32_t *s, bool deny)
{
	unsigned n = 1 + next_random(s) % (deny ? RULES / 3 : RULES);

	assert_true(buf_addz(b, deny ? "  deny:\n" : "  allow:\n"));
	while (n-- > 0)
		put_rule(b, s, deny);
}

struct made { /* a policy, both ways */
	struct buf text[2];	/* its documents; the second may be empty */
	struct checked *checked;
	struct diags d;
	struct image *im;
	char *bytes;
};

static void
made_open(struct made *m, unsigned first, unsigned n)
{
	struct policy_file f[2] = {
		{ "p.yaml", buf_str(&m->text[first]) },
		{ "q.yaml", buf_str(&m->text[1 - first]) },
	};
	size_t len;

	m->checked = checked_new(f, n, POLICY_STAGE_ENFORCE, &m->d);
	if (checked_emit(m->checked, &m->bytes, &len) == -1)
		fail_msg("%s", diags_print(&m->d, false));
	assert_int_equal(image_of(str_of(m->bytes, len), &m->im, NULL), 0);
}

static void
made_close(struct made *m)
{
	image_free(m->im);
	free(m->bytes);
	checked_free(m->checked);
	diags_fini(&m->d);
}

static void
texts_init(struct made *m)
{
	*m = (struct made){ 0 };
	for (unsigned i = 0; i < 2; i++) {
		buf_init(&m->text[i], 1 << 16);
		assert_true(buf_addz(&m->text[i], "network:\n"));
	}
}

static void
texts_fini(struct made *m)
{
	buf_fini(&m->text[0]);
	buf_fini(&m->text[1]);
}

/* ---- questions */

struct asked {
	struct net_query q;
	struct str exe;
	char path[16];
};

static void
ask(struct asked *a, uint32_t *s)
{
	size_t len = 1;

	a->path[0] = '/';
	for (unsigned k = next_random(s) % 8; k > 0; k--) {
		char c = "ab/"[next_random(s) % 3];

		if (c != '/' || a->path[len - 1] != '/')
			a->path[len++] = c;
	}
	a->exe = str_c(PICK(s, "/usr/bin/curl", "/usr/bin/git", "/bin/git"));
	a->q = (struct net_query){
		.host = str_c(PICK(s, "a.x.y", "b.x.y", "x.y", "c.x.y", "y",
		    "a.b.x.y", "a.y.z", "10.1.2.3", "10.1.9.9", "10.2.0.1",
		    "::1")),
		.port = next_random(s) % 2 == 0 ? 443 : 8443,
		.tls = true,
		.who = { &a->exe, next_random(s) % 4 == 0 ? 0 : 1 },
		.method = str_c(PICK(s, "GET", "HEAD", "POST", "BREW",
		    "PUT")),
		.path = str_of(a->path, len),
	};
}

/* ---- the definition */

static bool
host_agrees(const struct pol_rule *r, const struct net_query *q)
{
	unsigned char addr[16];
	struct str name = r->host.name, head;
	bool below = q->host.len > name.len + 1 &&
	    str_has_suffix(q->host, name) &&
	    q->host.p[q->host.len - name.len - 1] == '.';

	if (addr_parse(q->host, addr))
		return (r->host.klass == HOST_ANY &&
		    (r->flags & RULE_DENY) != 0) ||
		    (r->host.klass == HOST_ADDR &&
		    prefix_holds(&r->host.net, addr));
	head = below ? str_head(q->host, q->host.len - name.len - 1) : name;
	switch (r->host.klass) {
	case HOST_EXACT:
		return str_eq(q->host, name);
	case HOST_ONE:
		return below && str_index(head, '.') == head.len;
	case HOST_MORE:
		return below;
	case HOST_DEEP:
		return below || str_eq(q->host, name);
	case HOST_ANY:
		return true;
	case HOST_GLOB:
	case HOST_ADDR:
	case HOST_CLASS_COUNT:
		return false;
	}
	return false;
}

static bool
who_agrees(const struct pol_rule *r, const struct net_query *q)
{
	struct str exe;

	if (r->nexes == 0)
		return true;
	if (q->who.n == 0)
		return (r->flags & RULE_DENY) != 0;
	exe = q->who.exe[0];
	if (r->exes[0].klass == EXE_NAME)
		return str_has_suffix(exe, r->exes[0].text) &&
		    exe.p[exe.len - r->exes[0].text.len - 1] == '/';
	return str_eq(exe, r->exes[0].text);
}

static bool
method_agrees(const struct pol_rule *r, const struct net_query *q)
{
	if (r->methods == 0 && r->words.n == 0)
		return true;
	if ((r->methods & form_method(q->method)) != 0)
		return true;
	for (uint32_t i = 0; i < r->words.n; i++)
		if (str_eq(r->words.v[i], q->method))
			return true;
	return false;
}

static bool
agrees(const struct pol_rule *r, const struct net_query *q)
{
	bool port = r->nports == 0, path = r->paths.n == 0;

	for (uint32_t i = 0; i < r->nports; i++)
		port |= q->port >= r->ports[i].lo && q->port <= r->ports[i].hi;
	for (uint32_t i = 0; i < r->paths.n; i++)
		path |= match_path(r->paths.v[i], q->path);
	return port && path && host_agrees(r, q) && who_agrees(r, q) &&
	    method_agrees(r, q);
}

/* The rule that decides, or NULL. */
static const struct pol_rule *
define(const struct checked *k, const struct net_query *q, bool *allowed)
{
	const struct pol_rule *allow = NULL;

	*allowed = false;
	for (const struct pol_rule *r = k->c.pol.rules; r != NULL;
	    r = r->next) {
		if (!agrees(r, q))
			continue;
		if ((r->flags & RULE_DENY) != 0)
			return r;
		if (allow == NULL)
			allow = r;
	}
	*allowed = allow != NULL;
	return allow;
}

static void
compare(const struct made *m, const struct net_query *q)
{
	const struct pol_rule *r;
	struct net_answer a;
	bool allowed;

	r = define(m->checked, q, &allowed);
	policy_network(m->im, q, &a);
	if (allowed != (a.verdict == VERDICT_ALLOW) ||
	    (r == NULL ? 0 : r->at->line) != a.rule.line)
		fail_msg("%.*s %.*s:%u%.*s: %s, line %u, not %u\n%.*s",
		    (int)q->method.len, q->method.p, (int)q->host.len,
		    q->host.p, q->port, (int)q->path.len, q->path.p,
		    a.reason, a.rule.line, r == NULL ? 0 : r->at->line,
		    (int)m->text[0].len, buf_str(&m->text[0]).p);
}

static void
test_agrees_with_looking_at_each_rule(void **state)
{
	uint32_t seed = 4711;

	(void)state;
	for (unsigned i = 0; i < POLICIES; i++) {
		struct made m;
		struct asked a;

		texts_init(&m);
		put_rules(&m.text[0], &seed, false);
		if (next_random(&seed) % 4 != 0)
			put_rules(&m.text[0], &seed, true);
		made_open(&m, 0, 1);
		for (unsigned k = 0; k < QUESTIONS; k++) {
			ask(&a, &seed);
			compare(&m, &a.q);
		}
		made_close(&m);
		texts_fini(&m);
	}
}

static bool
may(const struct made *m, const struct net_query *q)
{
	struct net_answer a;

	policy_network(m->im, q, &a);
	return a.verdict == VERDICT_ALLOW;
}

static void
test_a_deny_makes_nothing_possible(void **state)
{
	uint32_t seed = 815;

	(void)state;
	for (unsigned i = 0; i < POLICIES / 4; i++) {
		struct made m, more;
		struct asked a;

		texts_init(&m);
		put_rules(&m.text[0], &seed, false);
		put_rules(&m.text[1], &seed, true);
		more = m;
		made_open(&m, 0, 1);
		made_open(&more, 0, 2);
		for (unsigned k = 0; k < QUESTIONS / 4; k++) {
			ask(&a, &seed);
			if (next_random(&seed) % 4 == 0)
				a.q.method = str_of("", 0);
			assert_true(may(&m, &a.q) || !may(&more, &a.q));
		}
		made_close(&more);
		made_close(&m);
		texts_fini(&m);
	}
}

static void
test_the_order_of_documents_means_nothing(void **state)
{
	uint32_t seed = 42;

	(void)state;
	for (unsigned i = 0; i < POLICIES / 4; i++) {
		struct made m, turned;
		struct asked a;

		texts_init(&m);
		for (unsigned k = 0; k < 2; k++) {
			put_rules(&m.text[k], &seed, false);
			put_rules(&m.text[k], &seed, true);
		}
		turned = m;
		made_open(&m, 0, 2);
		made_open(&turned, 1, 2);
		for (unsigned k = 0; k < QUESTIONS / 4; k++) {
			ask(&a, &seed);
			assert_int_equal(may(&m, &a.q), may(&turned, &a.q));
		}
		made_close(&turned);
		made_close(&m);
		texts_fini(&m);
	}
}

/* ---- damage, with the hash made right again */

static const char *const varied =
    "version: 1\nnetwork_policies:\n  a:\n"
    "    binaries: [{path: /usr/bin/curl}]\n    endpoints:\n"
    "      - {host: \"*-a.x.y\", port: 443}\n"
    "      - {host: \"b*.x.y\", port: 443}\n";

static const char *const native =
    "network:\n  allow:\n"
    "    - {endpoint: a.x.y, methods: [GET], paths: [/a/*, /**/b, /ab]}\n"
    "    - {endpoint: a.x.y, query: {a: b}, headers: {x: \"*\"}}\n"
    "    - {endpoint: \"**.x.y\", ports: [443, 8443], git: "
    "{operations: [fetch]}}\n"
    "    - {endpoint: 10.1.0.0/16}\n"
    "    - {endpoint: 10.1.2.0/24, paths: [/a*]}\n"
    "  deny:\n"
    "    - {endpoint: \"*\", methods: [DELETE, BREW]}\n"
    "    - {endpoint: 10.1.2.3}\n";

static void
ask_all(const struct image *im)
{
	uint32_t seed = 99;

	for (unsigned i = 0; i < 30; i++) {
		struct detail_pair field = { STR("x"), STR("y") };
		struct net_details d = { { { .known = false } } };
		struct in6_addr addr = { { { 0 } } };
		struct net_answer answer;
		struct asked a;
		char why[128];

		d.of[DETAIL_HEADER] = (struct detail_list){ true, &field, 1 };
		ask(&a, &seed);
		a.q.query = STR("a=b&c=%64");
		a.q.details = &d;
		policy_network(im, &a.q, &answer);
		assert_true(answer.reason[0] != '\0');
		(void)policy_address(im, &a.q, &addr, why, sizeof(why));
		a.q.method.len = 0;
		policy_network(im, &a.q, &answer);
	}
}

static char *
two_spellings(size_t *len)
{
	struct policy_file f[] = { { "p.yaml", str_c(native) },
		{ "q.yaml", str_c(varied) } };
	struct diags d = { 0 };
	char *bytes = NULL;

	if (policy_compile(f, 2, POLICY_STAGE_CHECK, &bytes, len, &d) == -1)
		fail_msg("%s", diags_print(&d, false));
	diags_fini(&d);
	return bytes;
}

static void
test_damaged_tables_lead_nowhere(void **state)
{
	static const enum form_section sections[] = { FORM_rules, FORM_hosts,
		FORM_slots, FORM_net, FORM_groups, FORM_cuts, FORM_cells,
		FORM_steps, FORM_leaves, FORM_refs, FORM_host_steps,
		FORM_globs, FORM_members, FORM_ranges, FORM_blocks,
		FORM_pats, FORM_needs, FORM_ports, FORM_nets, FORM_words };
	static const uint32_t values[] = { 0, 1, 2, 255, 65535, UINT32_MAX,
		UINT32_C(1) << 31 };
	size_t len, refused = 0;
	char *good = two_spellings(&len), *bad = calloc(1, len);
	struct f_head *h = (struct f_head *)(void *)bad;
	uint32_t seed = 31;

	(void)state;
	for (unsigned i = 0; i < 800; i++) {
		const struct f_span *s = &h->sections[sections[i %
		    NELEM(sections)]];
		struct image *im;

		memcpy(bad, good, len);
		assert_true(s->n > 0 && s[1].first > s->first);
		memcpy(bad + s->first + next_random(&seed) %
		    ((s[1].first - s->first) / 4) * 4,
		    &values[next_random(&seed) % NELEM(values)], 4);
		sha256(str_from(str_of(bad, len), FORM_HASHED), h->hash);
		if (image_of(str_of(bad, len), &im, NULL) == -1) {
			refused++;
			continue;
		}
		ask_all(im);
		image_free(im);
	}
	assert_true(refused > 100);
	free(good);
	free(bad);
}

/* ---- what is too much */

static void
refused(struct buf *b, const char *part)
{
	struct policy_file f = { "p.yaml", buf_str(b) };
	struct diags d = { 0 };
	char *bytes = NULL, *said;
	size_t len;

	assert_int_equal(policy_compile(&f, 1, POLICY_STAGE_CHECK, &bytes,
	    &len, &d), -1);
	said = diags_print(&d, false);
	if (strstr(said, part) == NULL)
		fail_msg("%s\nlacks: %s", said, part);
	free(said);
	diags_fini(&d);
	buf_fini(b);
}

/* Which of the first 25 directories a path has been through: 2^25 states. */
static void
test_paths_that_explode_name_the_rule(void **state)
{
	struct buf b;
	bool ok;

	(void)state;
	buf_init(&b, 1 << 16);
	ok = buf_addz(&b, "network:\n  allow:\n"
	    "    - {endpoint: a.example.com, paths: [/good/**/x]}\n");
	for (unsigned i = 0; i < 25; i++)
		ok = ok && buf_printf(&b, "    - {endpoint: a.example.com, "
		    "paths: [/**/d%u/**/e%u/*]}\n", i, i);
	ok = ok && buf_addz(&b,
	    "    - {endpoint: a.example.com, paths: [/also/good]}\n");
	assert_true(ok);
	refused(&b, "error: path /**/d");
}

/* Which of the parts it has been through need not be remembered. */
static void
test_a_thousand_parts_anywhere_are_fine(void **state)
{
	struct policy_file f = { .name = "p.yaml" };
	struct diags d = { 0 };
	char *bytes = NULL;
	struct buf b;
	size_t len;
	bool ok;

	(void)state;
	buf_init(&b, 1 << 20);
	ok = buf_addz(&b, "network:\n  allow:\n");
	for (unsigned i = 0; i < 1000; i++)
		ok = ok && buf_printf(&b, "    - {endpoint: a.example.com, "
		    "paths: [/**/d%u/**]}\n", i);
	assert_true(ok);
	f.text = buf_str(&b);
	assert_int_equal(policy_compile(&f, 1, POLICY_STAGE_CHECK, &bytes,
	    &len, &d), 0);
	assert_true(len < 1 << 20);
	free(bytes);
	diags_fini(&d);
	buf_fini(&b);
}

/* The older schema's single-byte wildcard counts back from the end. */
static void
test_one_path_that_explodes_by_itself(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	assert_true(buf_addz(&b, "version: 1\nnetwork_policies:\n  a:\n"
	    "    binaries: [{path: /usr/bin/curl}]\n    endpoints:\n"
	    "      - host: a.example.com\n        port: 443\n"
	    "        protocol: rest\n        rules:\n"
	    "          - allow: {method: GET, path: \"/*a???????????????????????"
	    "????\"}\n"));
	refused(&b, "p.yaml:10:");
}

/* Each port by itself, for rules that overlap in ever more of them. */
static void
test_ports_that_overlap_without_end(void **state)
{
	struct buf b;
	bool ok;

	(void)state;
	buf_init(&b, 1 << 20);
	ok = buf_addz(&b, "network:\n  allow:\n");
	for (unsigned i = 0; i < 9000; i++)
		ok = ok && buf_printf(&b, "    - {endpoint: a.example.com, "
		    "ports: [\"%u-65535\"], paths: [/%u]}\n", i + 1, i);
	assert_true(ok);
	refused(&b, "too many hosts, ports and paths");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_looking_at_each_rule),
		cmocka_unit_test(test_a_deny_makes_nothing_possible),
		cmocka_unit_test(test_the_order_of_documents_means_nothing),
		cmocka_unit_test(test_damaged_tables_lead_nowhere),
		cmocka_unit_test(test_paths_that_explode_name_the_rule),
		cmocka_unit_test(test_a_thousand_parts_anywhere_are_fine),
		cmocka_unit_test(test_one_path_that_explodes_by_itself),
		cmocka_unit_test(test_ports_that_overlap_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
