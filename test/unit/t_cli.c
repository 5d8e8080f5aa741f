/* t_cli.c -- the parts of the command line that take text and give values. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "args.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "nearest.h"
#include "parse.h"
#include "show.h"
#include "table.h"
#include "tty.h"
#include "when.h"

#define WORDS_MAX 8

/* ---- flags ---- */

static const struct flag flags[] = {
	{ "name", 'n', FLAG_WORD, "NAME", "" },
	{ "policy", 'p', FLAG_LIST, "FILE", "" },
	{ "wait", 'w', FLAG_BOOL, NULL, "" },
	{ "tty", 't', FLAG_BOOL, NULL, "" },
	{ "output", 'o', FLAG_CHOICE, "table|json", "" },
	{ "lines", 'l', FLAG_COUNT, "N", "" },
	{ "timeout", 0, FLAG_SPAN, "TIME", "" },
	{ "gpu", 0, FLAG_LATER, "N", "no devices" },
	{ .name = NULL },
};
static const struct command row = { .name = "thing do", .usage = "[NAME]",
	.flags = flags, .words_max = 1, .takes_command = true };

static const struct {
	const char *what;
	const char *words[WORDS_MAX];
	const char *want; /* part of the sentence, or NULL: it parses */
} refusals[] = {
	{ "no words at all", { NULL }, NULL },
	{ "a value in the next word", { "--name", "x" }, NULL },
	{ "a value in the same word", { "--name=x" }, NULL },
	{ "an empty value", { "--name=" }, NULL },
	{ "a letter's value in the same word", { "-nx" }, NULL },
	{ "letters together", { "-wt" }, NULL },
	{ "a lone dash is a word", { "-" }, NULL },
	{ "a flag of the command's own", { "--", "ls", "--all" }, NULL },
	{ "a flag after a word", { "x", "--wait" }, NULL },
	{ "an unknown flag", { "--nothing" }, "no flag --nothing" },
	{ "a flag mistyped", { "--polcy", "x" }, "did you mean --policy" },
	{ "a flag cut short", { "--time" }, "did you mean --timeout" },
	{ "an unknown letter", { "-wz" }, "no flag -z" },
	{ "a value missing at the end", { "--name" }, "needs a value" },
	{ "a value missing before --", { "--name", "--", "x" },
	    "needs a value" },
	{ "a value where none is taken", { "--wait=1" }, "takes no value" },
	{ "a choice", { "-o", "json" }, NULL },
	{ "no such choice", { "-o", "jso" }, "one of table|json" },
	{ "two choices at once", { "-o", "table|json" }, "one of" },
	{ "a number", { "-l", "12" }, NULL },
	{ "no number", { "-l", "x" }, "takes a number" },
	{ "a negative number", { "-l", "-1" }, "takes a number" },
	{ "a time", { "--timeout", "5m" }, NULL },
	{ "no time", { "--timeout", "5x" }, "is not a time" },
	{ "a word of a later version", { "--gpu", "1" },
	    "not in this version" },
	{ "one word too many", { "a", "b", "--" }, "one word too many" },
	{ "a command without --", { "a", "ls" }, "goes after --" },
};

static void
words_are_taken_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(refusals); i++) {
		char *argv[WORDS_MAX + 1] = { NULL };
		struct err e = { 0 };
		struct args a;
		int rc;

		for (size_t j = 0; refusals[i].words[j] != NULL; j++)
			argv[j] = (char *)(uintptr_t)refusals[i].words[j];
		rc = args_parse(&row, argv, &a, &e);
		args_fini(&a);
		if ((rc == 0) != (refusals[i].want == NULL))
			fail_msg("%s: %d %s", refusals[i].what, rc, e.text);
		if (rc == -1 && strstr(e.text, refusals[i].want) == NULL)
			fail_msg("%s: %s", refusals[i].what, e.text);
	}
}

static void
values_come_back_as_given(void **state)
{
	char *argv[] = { (char[]){ "box" }, (char[]){ "-p" }, (char[]){ "a" },
		(char[]){ "--policy=b" }, (char[]){ "-l7" },
		(char[]){ "--timeout" }, (char[]){ "2h" }, (char[]){ "--" },
		(char[]){ "--" }, (char[]){ "-x" }, NULL };
	struct err e = { 0 };
	struct args a;
	size_t at = 0;

	(void)state;
	assert_int_equal(args_parse(&row, argv, &a, &e), 0);
	assert_int_equal(a.nwords, 1);
	assert_string_equal(args_next(&a, "policy", &at), "a");
	assert_string_equal(args_next(&a, "policy", &at), "b");
	assert_null(args_next(&a, "policy", &at));
	assert_string_equal(args_get(&a, "policy"), "b");
	assert_int_equal(args_count(&a, "lines", 0), 7);
	assert_int_equal(args_seconds(&a, "timeout", 0), 7200);
	assert_false(args_has(&a, "wait"));
	assert_string_equal(a.rest[0], "--");
	assert_string_equal(a.rest[1], "-x");
	args_fini(&a);
}

static void
every_row_has_what_help_shows(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name != NULL; c++) {
		if (strstr(c->help, "Example") == NULL ||
		    strstr(c->help, "openshell ") == NULL)
			fail_msg("%s: no example", c->name);
		if (c->run == NULL || c->summary[0] == '\0')
			fail_msg("%s: not complete", c->name);
		for (const struct flag *f = c->flags; f->name != NULL; f++)
			if ((f->kind == FLAG_BOOL) != (f->value == NULL) ||
			    f->help[0] == '\0')
				fail_msg("%s --%s", c->name, f->name);
	}
}

/* From the line after ".Ss NAME" to the next .Ss or .Sh. */
static struct str
man_section(struct str page, const char *name)
{
	char head[64];
	const char *at, *ss, *sh;
	struct str s;

	(void)snprintf(head, sizeof(head), "\n.Ss %s\n", name);
	at = strstr(page.p, head);
	if (at == NULL)
		fail_msg("openshell.1 has no .Ss %s", name);
	s = str_from(page, (size_t)(at - page.p) + strlen(head));
	ss = strstr(s.p, "\n.Ss ");
	sh = strstr(s.p, "\n.Sh ");
	if (ss == NULL || (sh != NULL && sh < ss))
		ss = sh;
	return str_head(s, ss == NULL ? s.len : (size_t)(ss - s.p) + 1);
}

static bool
man_has_flag(struct str section, const char *name)
{
	char flag[64];
	size_t len = (size_t)snprintf(flag, sizeof(flag), "-%s", name);
	const char *p = section.p, *end = section.p + section.len;

	while ((p = memmem(p, (size_t)(end - p), flag, len)) != NULL) {
		p += len;
		if (p == end || *p == ' ' || *p == '\n')
			return true;
	}
	return false;
}

static void
the_man_page_has_every_command_and_flag(void **state)
{
	char *text = NULL;
	size_t len;

	(void)state;
	if (io_read_file(AT_FDCWD, MAN_PAGE, 1 << 20, &text, &len, NULL) == -1)
		fail_msg("cannot read %s", MAN_PAGE);
	for (const struct command *c = commands; c->name != NULL; c++) {
		struct str s = man_section(str_of(text, len), c->name);

		for (const struct flag *f = c->flags; f->name != NULL; f++)
			if (f->kind != FLAG_LATER && !man_has_flag(s, f->name))
				fail_msg("openshell.1: %s lacks --%s",
				    c->name, f->name);
	}
	free(text);
}

/* ---- values ---- */

static const struct {
	const char *text;
	int64_t want; /* -1: refused */
} spans[] = {
	{ "0", 0 }, { "90", 90 }, { "90s", 90 }, { "5m", 300 }, { "2h", 7200 },
	{ "1d", 86400 }, { "", -1 }, { "s", -1 }, { "-1", -1 }, { "+1", -1 },
	{ "1.5h", -1 }, { "5mm", -1 }, { "5 m", -1 }, { "05m", -1 },
	{ "99999999999999999999", -1 }, { "315360001", -1 },
	{ "99999d", -1 },
};

static void
times_are_whole_numbers_with_a_unit(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(spans); i++) {
		int64_t got = -1;

		if (parse_span(str_c(spans[i].text), &got, NULL) == -1)
			got = -1;
		if (got != spans[i].want)
			fail_msg("\"%s\": %lld", spans[i].text,
			    (long long)got);
	}
}

static const struct {
	const char *text, *host, *inside; /* host NULL: refused */
	bool read_only;
} mounts[] = {
	{ "/a", "/a", "", false },
	{ "/a:/b", "/a", "/b", false },
	{ "/a:/b:ro", "/a", "/b", true },
	{ "/a:/b:rw", "/a", "/b", false },
	{ "/a::ro", "/a", "", true },
	{ "a/b", "a/b", "", false },
	{ "", NULL, NULL, false },
	{ ":/b", NULL, NULL, false },
	{ "/a:b", NULL, NULL, false },
	{ "/a:/b:no", NULL, NULL, false },
	{ "/a:/b:ro:ro", NULL, NULL, false },
	{ "/a:ro", NULL, NULL, false },
};

static void
mounts_have_up_to_three_parts(void **state)
{
	static struct mount_arg m;

	(void)state;
	for (size_t i = 0; i < NELEM(mounts); i++) {
		bool ok = parse_mount(str_c(mounts[i].text), &m, NULL) == 0;

		if (ok != (mounts[i].host != NULL))
			fail_msg("\"%s\": %d", mounts[i].text, ok);
		if (ok && (strcmp(m.host, mounts[i].host) != 0 ||
		    strcmp(m.inside, mounts[i].inside) != 0 ||
		    m.read_only != mounts[i].read_only))
			fail_msg("\"%s\": %s %s", mounts[i].text, m.host,
			    m.inside);
	}
}

static const struct {
	const char *text, *name, *value; /* name NULL: refused */
} envs[] = {
	{ "A=b", "A", "b" }, { "A=", "A", "" }, { "A", "A", NULL },
	{ "A=b=c", "A", "b=c" }, { "_a1=x", "_a1", "x" }, { "1A=x", NULL, "" },
	{ "=x", NULL, "" }, { "", NULL, "" }, { "A-B=x", NULL, "" },
};

static void
environment_names_are_a_shells(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(envs); i++) {
		struct str name, value;
		bool ok = parse_env(str_c(envs[i].text), &name, &value,
		    NULL) == 0;

		if (ok != (envs[i].name != NULL))
			fail_msg("\"%s\": %d", envs[i].text, ok);
		if (!ok)
			continue;
		assert_true(str_eqz(name, envs[i].name));
		assert_int_equal(value.p == NULL, envs[i].value == NULL);
		assert_true(str_eq(value, str_c(envs[i].value)));
	}
}

static void
names_are_one_label(void **state)
{
	static const char *const good[] = { "a", "a-b", "0", "x9-9x" };
	static const char *const bad[] = { "", "-a", "a-", "A", "a.b", "a/b",
		"a_b", "a b", "\xc3\xa9" };
	char label[65];

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++)
		assert_true(parse_is_name(str_c(good[i])));
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(parse_is_name(str_c(bad[i])));
	memset(label, 'a', sizeof(label));
	assert_true(parse_is_name(str_of(label, 63)));
	assert_false(parse_is_name(str_of(label, 64)));
}

static void
labels_are_two_words(void **state)
{
	struct str key, value;

	(void)state;
	assert_int_equal(parse_label(STR("a=b"), &key, &value, NULL), 0);
	assert_int_equal(parse_label(STR("a="), &key, &value, NULL), 0);
	assert_int_equal(parse_label(STR("a"), &key, &value, NULL), -1);
	assert_int_equal(parse_label(STR("=b"), &key, &value, NULL), -1);
	assert_int_equal(parse_label(STR("a=b c"), &key, &value, NULL), -1);
}

/* ---- words ---- */

static const struct {
	const char *a, *b;
	size_t want;
} distances[] = {
	{ "", "", 0 }, { "a", "", 1 }, { "list", "list", 0 },
	{ "lsit", "list", 1 }, { "creat", "create", 1 },
	{ "delte", "delete", 1 }, { "ca", "abc", 3 },
	{ "kitten", "sitting", 3 },
};

static void
near_words_are_counted_in_edits(void **state)
{
	struct nearest n = nearest_to(STR("conect"));

	(void)state;
	for (size_t i = 0; i < NELEM(distances); i++)
		assert_int_equal(nearest_distance(str_c(distances[i].a),
		    str_c(distances[i].b)), distances[i].want);
	nearest_try(&n, "create");
	nearest_try(&n, "connect");
	assert_string_equal(nearest_get(&n), "connect");
	n = nearest_to(STR("xyzzy"));
	nearest_try(&n, "create");
	assert_null(nearest_get(&n));
}

/* ---- tables and YAML ---- */

static void
columns_line_up_and_the_last_is_not_padded(void **state)
{
	static const char *const head[] = { "NAME", "STATE", NULL };
	struct table t = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	table_head(&t, head);
	table_add(&t, COLOUR_NONE, "long-name");
	table_add(&t, COLOUR_NONE, "up");
	table_add(&t, COLOUR_NONE, "x");
	table_add(&t, COLOUR_RED, "\033[2J");
	table_add(&t, COLOUR_NONE, "%s", "");
	table_add(&t, COLOUR_NONE, "z");
	table_print(&t, false, 0, &b);
	assert_true(str_eqz(buf_str(&b), "NAME       STATE\n"
	    "long-name  up\n"
	    "x          \\x1b[2J\n"
	    "-          z\n"));
	table_fini(&t);
	buf_fini(&b);
}

static void
a_line_is_cut_at_the_terminals_edge(void **state)
{
	static const char *const head[] = { "A", "B", NULL };
	struct table t = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	table_head(&t, head);
	table_add(&t, COLOUR_NONE, "x");
	table_add(&t, COLOUR_NONE, "0123456789012345678\xc3\xa9" "0");
	table_print(&t, false, 23, &b);
	assert_true(str_eqz(buf_str(&b), "A  B\nx  0123456789012345678\n"));
	table_fini(&t);
	buf_fini(&b);
}

static const struct {
	const char *json, *yaml;
} yamls[] = {
	{ "{\"a\": 1, \"b\": \"x\"}", "a: 1\nb: x\n" },
	{ "[]", "[]\n" },
	{ "{\"a\": [], \"b\": {}}", "a: []\nb: {}\n" },
	{ "[\"no\", \"1.0\", \"\", \"a b\", \"null\", null, true]",
	    "- \"no\"\n- \"1.0\"\n- \"\"\n- \"a b\"\n- \"null\"\n- null\n"
	    "- true\n" },
	{ "{\"a\": {\"b\": [{\"c\": \"x: y\"}]}}",
	    "a:\n  b:\n    -\n      c: \"x: y\"\n" },
	{ "{\"2\": \"on\"}", "\"2\": \"on\"\n" },
	{ "\"two\\nlines\"", "\"two\\nlines\"\n" },
};

static void
yaml_says_what_json_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(yamls); i++) {
		json_t *v = json_loads(yamls[i].json, JSON_DECODE_ANY, NULL);
		struct buf b;

		buf_init(&b, 4096);
		show_yaml(v, &b);
		if (!str_eqz(buf_str(&b), yamls[i].yaml))
			fail_msg("%s: %.*s", yamls[i].json,
			    (int)buf_str(&b).len, buf_str(&b).p);
		buf_fini(&b);
		json_decref(v);
	}
}

/* ---- keys and times ---- */

static const struct {
	const char *what, *typed[3], *sent;
	bool detached;
} keys[] = {
	{ "words pass", { "ab" }, "ab", false },
	{ "both keys detach", { "a\x10\x11z" }, "a", true },
	{ "in two reads as well", { "\x10", "\x11" }, "", true },
	{ "Ctrl-P and something else passes", { "\x10", "x" }, "\x10x", false },
	{ "Ctrl-P twice, then Ctrl-Q", { "\x10\x10\x11" }, "\x10", true },
	{ "Ctrl-Q alone passes", { "\x11" }, "\x11", false },
};

static void
the_detach_keys_are_found_in_any_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(keys); i++) {
		struct detach_keys k = { false };
		char sent[64];
		size_t at = 0, n;
		bool detached = false;

		for (size_t j = 0; j < 3 && keys[i].typed[j] != NULL; j++) {
			detached = detach_keys_feed(&k,
			    str_c(keys[i].typed[j]), sent + at, &n);
			at += n;
		}
		if (detached != keys[i].detached ||
		    !str_eqz(str_of(sent, at), keys[i].sent))
			fail_msg("%s", keys[i].what);
	}
}

static void
moments_are_read_as_rfc_3339(void **state)
{
	char out[WHEN_BYTES];

	(void)state;
	assert_int_equal(when_parse("1970-01-02T00:00:01.5Z").v,
	    INT64_C(86401000000));
	assert_int_equal(when_parse("yesterday").v, -1);
	assert_string_equal(when_age("", out), "-");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_taken_or_refused),
		cmocka_unit_test(values_come_back_as_given),
		cmocka_unit_test(every_row_has_what_help_shows),
		cmocka_unit_test(the_man_page_has_every_command_and_flag),
		cmocka_unit_test(times_are_whole_numbers_with_a_unit),
		cmocka_unit_test(mounts_have_up_to_three_parts),
		cmocka_unit_test(environment_names_are_a_shells),
		cmocka_unit_test(names_are_one_label),
		cmocka_unit_test(labels_are_two_words),
		cmocka_unit_test(near_words_are_counted_in_edits),
		cmocka_unit_test(columns_line_up_and_the_last_is_not_padded),
		cmocka_unit_test(a_line_is_cut_at_the_terminals_edge),
		cmocka_unit_test(yaml_says_what_json_said),
		cmocka_unit_test(the_detach_keys_are_found_in_any_cut),
		cmocka_unit_test(moments_are_read_as_rfc_3339),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
