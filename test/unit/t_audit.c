#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "audit/line.h"
#include "audit/record.h"
#include "base/compat.h"

static const struct audit_record full = {
	.kind = AUDIT_HTTP, .verdict = AUDIT_DENIED,
	.when = { 1767323045678901 }, .pid = 42, .exe = STR("/usr/bin/curl"),
	.action = STR("POST"), .host = STR("api.github.com"), .port = 443,
	.address = STR("140.82.121.6"), .path = STR("/repos/a/b"),
	.status = 403, .bytes_in = 7, .bytes_out = 9,
	.rule = STR("p.yaml:4: GET api.github.com/repos/*"),
	.policy_hash = STR("ab12"), .old_hash = STR("cd34"), .generation = 3,
	.actor = STR("alice"), .reason = STR("no rule allows POST"),
	.sandbox_id = STR("01JD0000000000000000000000"),
	.sandbox = STR("calm-otter"),
};

static bool
same(const struct audit_record *a, const struct audit_record *b)
{
	return a->kind == b->kind && a->verdict == b->verdict &&
	    a->when.v == b->when.v && a->pid == b->pid &&
	    str_eq(a->exe, b->exe) && str_eq(a->action, b->action) &&
	    str_eq(a->host, b->host) && a->port == b->port &&
	    str_eq(a->address, b->address) && str_eq(a->path, b->path) &&
	    a->status == b->status && a->bytes_in == b->bytes_in &&
	    a->bytes_out == b->bytes_out && str_eq(a->rule, b->rule) &&
	    str_eq(a->policy_hash, b->policy_hash) &&
	    str_eq(a->old_hash, b->old_hash) &&
	    a->generation == b->generation && str_eq(a->actor, b->actor) &&
	    str_eq(a->reason, b->reason) &&
	    str_eq(a->sandbox_id, b->sandbox_id) &&
	    str_eq(a->sandbox, b->sandbox);
}

static void
records_survive_the_wire(void **state)
{
	unsigned char bytes[4096];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct audit_record a;
	struct rbuf r;

	(void)state;
	audit_record_put(&w, &full);
	audit_record_put(&w, &full);
	assert_false(w.over);
	r = rbuf_of(str_of((const char *)bytes, w.len));
	assert_int_equal(audit_record_get(&r, &a), 0);
	assert_true(same(&a, &full));
	assert_int_equal(audit_record_get(&r, &a), 0);
	assert_true(same(&a, &full));
	assert_int_equal(get_end(&r), 0);
}

static void
a_cut_record_is_refused(void **state)
{
	unsigned char bytes[4096];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };

	(void)state;
	audit_record_put(&w, &full);
	for (size_t n = 0; n < w.len; n++) {
		struct rbuf r = rbuf_of(str_of((const char *)bytes, n));
		struct audit_record a;

		if (audit_record_get(&r, &a) == 0)
			fail_msg("%zu of %zu bytes were taken", n, w.len);
	}
}

static const struct {
	const char *what;
	struct audit_record record;
} refused[] = {
	{ "a record of no kind", { .kind = AUDIT_NONE } },
	{ "a kind past the last", { .kind = AUDIT_KIND_COUNT } },
	{ "a verdict past the last",
	    { .kind = AUDIT_DNS, .verdict = (enum audit_verdict)3 } },
	{ "a moment before 1970",
	    { .kind = AUDIT_DNS, .when = { -1 } } },
	{ "a count that no JSON reader takes",
	    { .kind = AUDIT_DNS, .bytes_in = UINT64_MAX } },
	{ "a moment that has no date",
	    { .kind = AUDIT_DNS, .when = { INT64_MAX } } },
};

static void
refused_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(refused); i++) {
		unsigned char bytes[1024];
		struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
		struct audit_record a;
		struct rbuf r;

		audit_record_put(&w, &refused[i].record);
		r = rbuf_of(str_of((const char *)bytes, w.len));
		if (audit_record_get(&r, &a) == 0)
			fail_msg("%s is taken", refused[i].what);
	}
}

static void
long_text_is_cut(void **state)
{
	static char text[3 * AUDIT_PATH_BYTES_MAX];
	struct str s = str_of(text, sizeof(text));
	struct audit_record all = { .kind = AUDIT_HTTP, .exe = s,
		.action = s, .host = s, .address = s, .path = s, .rule = s,
		.policy_hash = s, .old_hash = s, .actor = s, .reason = s };
	struct audit_stamp by = { UINT64_MAX, "supervisor", STR(""),
		STR("") };
	unsigned char bytes[AUDIT_WIRE_BYTES_MAX];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct audit_record a;
	struct rbuf r;
	struct buf b;

	(void)state;
	memset(text, 1, sizeof(text)); /* prints as six bytes each */
	audit_record_put(&w, &all);
	assert_false(w.over);
	r = rbuf_of(str_of((const char *)bytes, w.len));
	assert_int_equal(audit_record_get(&r, &a), 0);
	assert_int_equal(a.host.len, HOST_BYTES_MAX);
	assert_int_equal(a.path.len, AUDIT_PATH_BYTES_MAX);
	buf_init(&b, AUDIT_LINE_BYTES_MAX);
	assert_true(audit_ocsf_print(&b, &a, &by));
	buf_fini(&b);
}

/* ---- OCSF ---- */

static const struct audit_stamp stamp = { 17, "egress",
	STR("01JD0000000000000000000000"), STR("calm-otter") };

static char *
printed(const struct audit_record *a)
{
	struct buf b;

	buf_init(&b, AUDIT_LINE_BYTES_MAX);
	assert_true(audit_ocsf_print(&b, a, &stamp));
	return buf_take(&b, NULL);
}

static const struct {
	const char *what;
	struct audit_record record;
	const char *has;
} lines[] = {
	{ "a refused connection is 4001 Refuse",
	    { .kind = AUDIT_NET_OPEN }, "\"type_uid\":400105" },
	{ "an opened connection is 4001 Open",
	    { .kind = AUDIT_NET_OPEN, .verdict = AUDIT_ALLOWED },
	    "\"type_uid\":400101" },
	{ "a closed connection carries its traffic",
	    { .kind = AUDIT_NET_CLOSE, .bytes_in = 5, .bytes_out = 6 },
	    "\"traffic\":{\"bytes_in\":5,\"bytes_out\":6}" },
	{ "a GET is 4002 Get",
	    { .kind = AUDIT_HTTP, .action = STR("GET") },
	    "\"type_uid\":400203" },
	{ "a method without a number of its own is Other, named",
	    { .kind = AUDIT_HTTP, .action = STR("PROPFIND") },
	    "\"activity_id\":99,\"activity_name\":\"PROPFIND\"" },
	{ "a name asked for is 4003 Query",
	    { .kind = AUDIT_DNS, .host = STR("a.test") },
	    "\"query\":{\"hostname\":\"a.test\"}" },
	{ "a start is 6002 Start",
	    { .kind = AUDIT_LIFE, .action = STR("start") },
	    "\"type_uid\":600203" },
	{ "an exit carries its code",
	    { .kind = AUDIT_LIFE, .action = STR("exit"), .status = 3 },
	    "\"exit_code\":3" },
	{ "an exec is 1007 Launch with its command",
	    { .kind = AUDIT_EXEC, .action = STR("ls -l") },
	    "\"cmd_line\":\"ls -l\"" },
	{ "a policy change is 3004 Update of a policy",
	    { .kind = AUDIT_POLICY, .action = STR("set") },
	    "\"type_uid\":300403" },
	{ "a policy change names the old and the new hash",
	    { .kind = AUDIT_POLICY, .action = STR("set"),
	    .policy_hash = STR("new"), .old_hash = STR("old") },
	    "\"policy_hash\":\"new\",\"old_policy_hash\":\"old\"" },
	{ "and who made it",
	    { .kind = AUDIT_POLICY, .actor = STR("alice") },
	    "\"user\":{\"name\":\"alice\"}" },
	{ "a finding is an alert",
	    { .kind = AUDIT_FINDING, .reason = STR("torn line") },
	    "\"is_alert\":true" },
	{ "a denial is blocked",
	    { .kind = AUDIT_HTTP, .action = STR("GET") },
	    "\"action_id\":2,\"disposition_id\":2" },
	{ "a newline cannot forge a line",
	    { .kind = AUDIT_HTTP, .path = STR("/a\nb") },
	    "\"path\":\"/a\\u000ab\"" },
	{ "an escape sequence cannot reach a terminal",
	    { .kind = AUDIT_HTTP, .path = STR("/\033[2J\x7f\xc2\x9b") },
	    "\"path\":\"/\\u001b[2J\\u007f\\u009b\"" },
	{ "a mark of direction cannot turn a line around",
	    { .kind = AUDIT_HTTP, .path = STR("/\xe2\x80\xaex") },
	    "\"path\":\"/\\u202ex\"" },
	{ "a quote cannot end its string",
	    { .kind = AUDIT_HTTP, .path = STR("/\"},\"x\":\"") },
	    "\"path\":\"/\\\"},\\\"x\\\":\\\"\"" },
	{ "bytes that are not UTF-8, and the backslash, are shown in hex",
	    { .kind = AUDIT_HTTP, .path = STR("/\xff\\xff") },
	    "\"path\":\"/\\\\xff\\\\x5cxff\"" },
};

static void
line_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(lines); i++) {
		char *z = printed(&lines[i].record);

		if (strstr(z, lines[i].has) == NULL)
			fail_msg("%s: no %s in %s", lines[i].what,
			    lines[i].has, z);
		if (strchr(z, '\n') != z + strlen(z) - 1)
			fail_msg("%s: not one line", lines[i].what);
		free(z);
	}
}

static void
lines_read_back(void **state)
{
	struct audit_line got;
	char *z = printed(&full);

	(void)state;
	assert_true(audit_line_parse(str_c(z), &got));
	assert_int_equal(got.seq, 17);
	assert_int_equal(got.time_ms, 1767323045678);
	assert_int_equal(got.severity, 3);
	assert_true(str_eqz(got.kind, "http"));
	assert_true(str_eqz(got.role, "egress"));
	assert_true(str_eq(got.sandbox_id, stamp.sandbox_id));
	assert_true(str_eqz(got.sandbox, "calm-otter"));
	for (size_t n = 0; n < strlen(z) - 1; n++)
		if (audit_line_parse(str_of(z, n), &got) &&
		    z[n - 1] != '}')
			fail_msg("a line torn at %zu is taken", n);
	free(z);
}

static const struct {
	const char *what, *name;
	bool ok;
	uint32_t day, number;
} names[] = {
	{ "a segment", "audit-20260131-001.jsonl", true, 20260131, 1 },
	{ "the thousandth of a day", "audit-20260131-1000.jsonl", true,
	    20260131, 1000 },
	{ "no number zero", "audit-20260131-000.jsonl", false, 0, 0 },
	{ "no short number", "audit-20260131-1.jsonl", false, 0, 0 },
	{ "another file", "gateway.log", false, 0, 0 },
	{ "a segment's copy", "audit-20260131-001.jsonl.gz", false, 0, 0 },
};

static void
name_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(names); i++) {
		struct audit_segment s = { 0, 0 };
		char out[AUDIT_SEGMENT_NAME_BYTES];
		bool ok = audit_segment_parse(str_c(names[i].name), &s);

		if (ok != names[i].ok ||
		    (ok && (s.day != names[i].day ||
		    s.number != names[i].number ||
		    strcmp(audit_segment_print(s, out), names[i].name) != 0)))
			fail_msg("%s", names[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_survive_the_wire),
		cmocka_unit_test(a_cut_record_is_refused),
		cmocka_unit_test(refused_cases),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(line_cases),
		cmocka_unit_test(lines_read_back),
		cmocka_unit_test(name_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
