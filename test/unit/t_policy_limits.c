/* t_policy_limits.c -- resources, rate_limits, process and labels: what an
 * image holds of them, how documents add up, and what is refused. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "compile/compile.h"
#include "policy/form.h"
#include "policy/image.h"
#include "policy/labels.h"
#include "policy/resources.h"
#include "policy/sound.h"

/* b may be NULL; max too. */
static struct image *
image_made(const char *a, const char *b, const char *max, char **bytes)
{
	struct policy_file f[3];
	struct diags d = { 0 };
	struct image *im = NULL;
	struct err e = { 0 };
	size_t len, n = 0;

	f[n++] = (struct policy_file){ .name = "a.yaml", .text = str_c(a) };
	if (b != NULL)
		f[n++] = (struct policy_file){ .name = "b.yaml",
			.text = str_c(b) };
	if (max != NULL)
		f[n++] = (struct policy_file){ .name = "max.yaml",
			.text = str_c(max), .maximum = true };
	if (policy_compile(f, n, POLICY_STAGE_CHECK, bytes, &len, &d) == -1)
		fail_msg("%s\n%s", a, diags_print(&d, false));
	diags_fini(&d);
	if (image_of(str_of(*bytes, len), &im, &e) == -1)
		fail_msg("%s", e.text);
	return im;
}

static const struct {
	const char *what, *a, *b, *max;
	enum limit which;
	uint32_t want;
} limits[] = {
	{ "what nobody says is not limited", "policy_mode: enforce", NULL,
	    NULL, LIMIT_MEMORY_MB, 0 },
	{ "a limit is what it says", "resources: {max_memory_mb: 2048}",
	    NULL, NULL, LIMIT_MEMORY_MB, 2048 },
	{ "of two the smaller counts", "resources: {max_memory_mb: 2048}",
	    "resources: {max_memory_mb: 512}", NULL, LIMIT_MEMORY_MB, 512 },
	{ "in the other order too", "resources: {max_memory_mb: 512}",
	    "resources: {max_memory_mb: 2048}", NULL, LIMIT_MEMORY_MB, 512 },
	{ "a limit of one document holds for all",
	    "resources: {max_processes: 5}", "resources: {max_memory_mb: 5}",
	    NULL, LIMIT_PROCESSES, 5 },
	{ "a maximum lowers", "resources: {max_memory_mb: 2048}", NULL,
	    "resources: {max_memory_mb: 1024}", LIMIT_MEMORY_MB, 1024 },
	{ "and does not raise", "resources: {max_memory_mb: 512}", NULL,
	    "resources: {max_memory_mb: 1024}", LIMIT_MEMORY_MB, 512 },
	{ "and limits what nobody else does", "policy_mode: enforce", NULL,
	    "resources: {max_memory_mb: 1024}", LIMIT_MEMORY_MB, 1024 },
	{ "a time is of the sandbox",
	    "resources: {max_execution_time_seconds: 300}", NULL, NULL,
	    LIMIT_SCOPE, TIME_OF_SANDBOX },
	{ "or of each command", "resources: {max_execution_time_seconds: "
	    "300, scope: command}", NULL, NULL, LIMIT_SCOPE,
	    TIME_OF_COMMAND },
	{ "no watchdog runs by itself", "resources: {max_memory_mb: 5}",
	    NULL, NULL, LIMIT_WATCHDOG, 0 },
	{ "one that is there runs", "resources: {watchdog: "
	    "{kill_on_violation: true}}", NULL, NULL, LIMIT_WATCHDOG, 1 },
	{ "every five seconds", "resources: {watchdog: {}}", NULL, NULL,
	    LIMIT_WATCHDOG_S, 5 },
	{ "or as said", "resources: {watchdog: {check_interval_seconds: 9}}",
	    NULL, NULL, LIMIT_WATCHDOG_S, 9 },
	{ "and kills if that is said", "resources: {watchdog: "
	    "{kill_on_violation: true}}", NULL, NULL, LIMIT_WATCHDOG_KILL,
	    1 },
	{ "and not otherwise", "resources: {watchdog: {}}", NULL, NULL,
	    LIMIT_WATCHDOG_KILL, 0 },
	{ "one that is switched off does not run",
	    "resources: {watchdog: {enabled: false}}", NULL, NULL,
	    LIMIT_WATCHDOG, 0 },
	{ "a maximum's watchdog runs", "resources: {watchdog: {enabled: "
	    "false}}", NULL, "resources: {watchdog: {enabled: true}}",
	    LIMIT_WATCHDOG, 1 },
	{ "requests a minute", "network: {rate_limits: "
	    "{max_requests_per_minute: 60}}", "network: {rate_limits: "
	    "{max_requests_per_minute: 30}}", NULL, LIMIT_REQUESTS, 30 },
	{ "an entry's own limits are not the sandbox's",
	    "network: {allow: [{endpoint: a.test, rate_limits: "
	    "{max_requests_per_minute: 60}}]}", NULL, NULL, LIMIT_REQUESTS,
	    0 },
	{ "a period in seconds", "network: {rate_limits: "
	    "{max_data_egress_mb: 50, period: 2h}}", NULL, NULL,
	    LIMIT_PERIOD_S, 7200 },
	{ "processes run as sandbox", "process: {run_as_user: sandbox}",
	    NULL, NULL, LIMIT_USER, 0 },
	{ "or as another user", "process: {run_as_user: 2000}", NULL, NULL,
	    LIMIT_USER, 2000 },
	{ "in the older spelling too", "version: 1\nprocess: "
	    "{run_as_group: \"2000\"}", NULL, NULL, LIMIT_GROUP, 2000 },
	{ "the floor is full", "policy_mode: enforce", NULL, NULL,
	    LIMIT_ISOLATION, ISOLATION_FULL },
	{ "or lower, in words", "process: {isolation: {minimum: files}}",
	    NULL, NULL, LIMIT_ISOLATION, ISOLATION_FILES },
	{ "but not below a maximum's", "process: {isolation: {minimum: "
	    "namespaces}}", NULL, "process: {isolation: {minimum: files}}",
	    LIMIT_ISOLATION, ISOLATION_FILES },
	{ "nor below one that says nothing", "process: {isolation: "
	    "{minimum: namespaces}}", NULL, "policy_mode: enforce",
	    LIMIT_ISOLATION, ISOLATION_FULL },
};

static void
limits_are_held(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(limits); i++) {
		char *bytes;
		struct image *im = image_made(limits[i].a, limits[i].b,
		    limits[i].max, &bytes);
		uint32_t v = image_limit(im, limits[i].which);

		if (v != limits[i].want)
			fail_msg("%s: %u", limits[i].what, v);
		image_free(im);
		free(bytes);
	}
}

/* ---- labels */

#define HR "labels:\n"							\
	"  - {path: /app/hr/**, label: high}\n"				\
	"  - {path: \"**/*.pem\", label: [secret, keys]}\n"		\
	"  - {path: /app/hr/public, label: [public, hr]}\n"		\
	"  - {path: \"/app/{legal,m&a}/*.docx\", label: legal, "	\
	"sensitivity: internal}\n"

static const struct {
	const char *what, *path;
	enum sensitivity level;
	const char *names;
	uint32_t line;
} labels[] = {
	{ "a file without labels", "/app/x", SENSITIVITY_PUBLIC, "", 0 },
	{ "a file in a labelled tree", "/app/hr/x", SENSITIVITY_HIGH, "",
	    2 },
	{ "the tree itself", "/app/hr", SENSITIVITY_HIGH, "", 2 },
	{ "its neighbour", "/app/hrx", SENSITIVITY_PUBLIC, "", 0 },
	{ "far below", "/app/hr/a/b/c", SENSITIVITY_HIGH, "", 2 },
	{ "a pattern anywhere", "/srv/k.pem", SENSITIVITY_SECRET, "keys ",
	    3 },
	{ "at the root", "/k.pem", SENSITIVITY_SECRET, "keys ", 3 },
	{ "the highest of two counts", "/app/hr/k.pem", SENSITIVITY_SECRET,
	    "keys ", 3 },
	{ "below what a label names, as a directory", "/x.pem/y/z",
	    SENSITIVITY_SECRET, "keys ", 3 },
	{ "a lower label does not lower", "/app/hr/public/x",
	    SENSITIVITY_HIGH, "hr ", 2 },
	{ "names add up", "/app/hr/public/x.pem", SENSITIVITY_SECRET,
	    "hr keys ", 3 },
	{ "alternatives", "/app/m&a/x.docx", SENSITIVITY_INTERNAL, "legal ",
	    5 },
	{ "a star stays in its component", "/app/legal/a/x.docx",
	    SENSITIVITY_PUBLIC, "", 0 },
};

static void
labels_are_of_paths(void **state)
{
	char *bytes;
	struct image *im = image_made(HR, NULL, NULL, &bytes);

	(void)state;
	assert_int_equal(image_label_names(im), 3);
	for (size_t i = 0; i < NELEM(labels); i++) {
		struct file_labels l;
		char names[64] = "";
		size_t n = 0;

		policy_labels(im, str_c(labels[i].path), &l);
		for (uint32_t k = 0; k < image_label_names(im); k++)
			if ((l.names >> k & 1) != 0) {
				struct str s = image_label_name(im, k);

				n += (size_t)snprintf(names + n,
				    sizeof(names) - n, "%.*s ", (int)s.len,
				    s.p);
			}
		if (l.level != labels[i].level ||
		    strcmp(names, labels[i].names) != 0 ||
		    l.rule.line != labels[i].line)
			fail_msg("%s: %d \"%s\" line %u", labels[i].what,
			    (int)l.level, names, l.rule.line);
	}
	image_free(im);
	free(bytes);
}

static void
labels_of_a_maximum_count_too(void **state)
{
	char *bytes;
	struct image *im = image_made("labels: [{path: /a/**, label: [internal,"
	    " mine]}]", NULL, "labels: [{path: /a/b, label: [high, theirs]}]",
	    &bytes);
	struct file_labels l;

	(void)state;
	policy_labels(im, STR("/a/b/c"), &l);
	assert_int_equal(l.level, SENSITIVITY_HIGH);
	assert_int_equal(l.names, 3);
	assert_true(str_eqz(l.rule.file, "max.yaml"));
	assert_true(str_eqz(image_label_name(im, 1), "theirs"));
	policy_labels(im, STR("/a/c"), &l);
	assert_int_equal(l.level, SENSITIVITY_INTERNAL);
	image_free(im);
	free(bytes);
}

static void
order_does_not_show(void **state)
{
	char *x, *y;
	struct image *a = image_made("labels: [{path: /b, label: [z, high]}, "
	    "{path: /a, label: y}]", NULL, NULL, &x);
	struct image *b = image_made("labels: [{path: /a, label: y}, "
	    "{path: /b, label: [high, z]}]", NULL, NULL, &y);

	(void)state;
	assert_string_equal(image_info(a)->hash, image_info(b)->hash);
	image_free(a);
	image_free(b);
	free(x);
	free(y);
}

/* ---- what is refused */

static const struct {
	const char *what, *a, *b, *want;
} faults[] = {
	{ "a limit of nothing", "resources: {max_processes: 0}", NULL,
	    "a.yaml:1:28: error: max_processes must be a whole number from 1 "
	    "to 4194304" },
	{ "too few files to start a program",
	    "resources: {max_open_files: 3}", NULL,
	    "a.yaml:1:29: error: max_open_files must be a whole number from "
	    "16" },
	{ "a limit in words", "resources: {max_cpu_percent: half}", NULL,
	    "a.yaml:1:30: error: max_cpu_percent must be a number" },
	{ "a limit with a fraction", "resources: {max_cpu_percent: 0.5}",
	    NULL, "a.yaml:1:30: error: max_cpu_percent must be a whole" },
	{ "an unknown scope", "resources: {scope: comand}", NULL,
	    "a.yaml:1:20: error: scope cannot be \"comand\": did you mean "
	    "\"command\"?" },
	{ "a watchdog that hardly looks",
	    "resources: {watchdog: {check_interval_seconds: 90000}}", NULL,
	    "a.yaml:1:48: error: check_interval_seconds must be a whole "
	    "number from 1 to 3600" },
	{ "two scopes", "resources: {scope: command}",
	    "resources: {scope: sandbox}", "b.yaml:1:20: error: scope of "
	    "resources is said differently in a.yaml:1:20" },
	{ "two watchdogs", "resources: {watchdog: {enabled: true}}",
	    "resources: {watchdog: {enabled: false}}", "b.yaml:1:33: error: "
	    "enabled of watchdog is said differently in a.yaml:1:33" },
	{ "a period without unit", "network: {rate_limits: {period: 60}}",
	    NULL, "a.yaml:1:33: error: period must be a time" },
	{ "a period of half a second",
	    "network: {rate_limits: {period: 500ms}}", NULL,
	    "a.yaml:1:33: error: period is whole seconds" },
	{ "root", "process: {run_as_user: root}", NULL,
	    "a.yaml:1:24: error: must be sandbox, or a number that is not" },
	{ "root's number", "process: {run_as_user: 0}", NULL,
	    "a.yaml:1:24: error: must be sandbox" },
	{ "two users", "process: {run_as_user: 2000}",
	    "process: {run_as_user: sandbox}", "b.yaml:1:24: error: "
	    "run_as_user is said differently in a.yaml:1:24" },
	{ "an unknown floor", "process: {isolation: {minimum: none}}", NULL,
	    "a.yaml:1:32: error: minimum of isolation cannot be \"none\": it "
	    "is one of full, files, namespaces" },
	{ "the older schema has no isolation",
	    "version: 1\nprocess: {isolation: {minimum: full}}", NULL,
	    "a.yaml:2:11: error: unknown key \"isolation\" in process" },
	{ "a label without path", "labels: [{label: high}]", NULL,
	    "a.yaml:1:10: error: a label needs path" },
	{ "a label of nothing", "labels: [{path: /x}]", NULL,
	    "a.yaml:1:10: error: a label needs label or sensitivity" },
	{ "a level that is none", "labels: [{path: /x, label: hihg}]", NULL,
	    "a.yaml:1:28: error: no such level: did you mean \"high\"?" },
	{ "a name in upper case", "labels: [{path: /x, label: PII}]", NULL,
	    "a.yaml:1:28: error: a label is a level" },
	{ "a sensitivity that is a name",
	    "labels: [{path: /x, sensitivity: pii}]", NULL,
	    "a.yaml:1:34: error: sensitivity cannot be \"pii\"" },
	{ "a relative path", "labels: [{path: x, label: high}]", NULL,
	    "a.yaml:1:17: error: path \"x\": it must be absolute" },
	{ "labels as a map", "labels: {high: [/x]}", NULL,
	    "a.yaml:1:9: error: labels must be a list" },
};

static void
faults_are_said(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(faults); i++) {
		struct policy_file f[2] = {
			{ .name = "a.yaml", .text = str_c(faults[i].a) },
			{ .name = "b.yaml", .text = str_c(faults[i].b) } };
		struct diags d = { 0 };
		char *bytes = NULL, *text;
		size_t len;
		int rc = policy_compile(f, faults[i].b == NULL ? 1 : 2,
		    POLICY_STAGE_CHECK, &bytes, &len, &d);

		text = diags_print(&d, false);
		if (rc == 0 || strncmp(text, faults[i].want,
			strlen(faults[i].want)) != 0) {
			print_error("%s:\n%s\n", faults[i].what, text);
			wrong++;
		}
		free(text);
		free(rc == 0 ? bytes : NULL);
		diags_fini(&d);
	}
	assert_int_equal(wrong, 0);
}

static void
the_floor_is_locked(void **state)
{
	char *x, *y, *changes;
	struct image *a = image_made("process: {run_as_user: 2000}", NULL,
	    NULL, &x);
	struct image *b = image_made("process: {isolation: {minimum: files}}",
	    NULL, NULL, &y);

	(void)state;
	changes = policy_locked_changes(a, b);
	assert_string_equal(changes, "process.run_as_user: 2000 -> sandbox\n"
	    "process.isolation.minimum: full -> files\n");
	free(changes);
	image_free(a);
	image_free(b);
	free(x);
	free(y);
}

static void
damage_is_refused(void **state)
{
	char *bytes;
	struct image *im = image_made(HR "resources: {max_memory_mb: 5}",
	    NULL, NULL, &bytes), odd;
	uint32_t v[LIMIT_COUNT];
	uint32_t root = 4000000000;

	(void)state;
	odd = *im;
	odd.nlimits--;
	assert_non_null(image_limits_fault(&odd));
	memcpy(v, im->limits, sizeof(v));
	v[LIMIT_CPU_PERCENT] = 200000;
	odd = *im;
	odd.limits = v;
	assert_non_null(image_limits_fault(&odd));
	odd = *im;
	odd.labelroot = &root;
	assert_non_null(image_labels_fault(&odd));
	odd = *im;
	odd.nlabelsteps = 0;
	assert_non_null(image_labels_fault(&odd));
	odd = *im;
	odd.nlabelsets = 1;
	assert_non_null(image_labels_fault(&odd));
	odd = *im;
	odd.nlabels = 1;
	assert_non_null(image_labels_fault(&odd));
	odd = *im;
	odd.nlabelroot = 2;
	assert_non_null(image_labels_fault(&odd));
	image_free(im);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_held),
		cmocka_unit_test(labels_are_of_paths),
		cmocka_unit_test(labels_of_a_maximum_count_too),
		cmocka_unit_test(order_does_not_show),
		cmocka_unit_test(faults_are_said),
		cmocka_unit_test(the_floor_is_locked),
		cmocka_unit_test(damage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
