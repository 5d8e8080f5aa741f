/* gateway.c -- openshell gateway run, start, stop, status; openshell status. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "run.h"
#include "say.h"
#include "show.h"
#include "table.h"

#define STOP_MS 15000 /* for the gateway to write what it knows and leave */

int
run_gateway_run(const struct args *a)
{
	char program[PATH_BYTES_MAX];
	struct err e = { 0 };

	(void)a; /* it takes no flags */
	if (paths_program("openshell-gateway", program, &e) == -1)
		return say_error(&e);
	(void)execl(program, "openshell-gateway", "run", (char *)NULL);
	(void)err_sys(&e, "run %s", program);
	return say_error(&e);
}

int
run_gateway_start(const struct args *a)
{
	struct err e = { 0 };

	(void)a; /* it takes no flags */
	if (api_is_there()) {
		say("the gateway is running already");
		return EXIT_OK;
	}
	if (api_start_gateway(&e) == -1) {
		(void)say_error(&e);
		say_hint("is this machine fit? openshell doctor");
		return EXIT_FAILED;
	}
	say("the gateway is running");
	return EXIT_OK;
}

static int
ask_status(struct api *api, json_t **out)
{
	struct ask q = { "GET", "/v1/status", NULL, "asking", -1, 0 };

	return api_ask(api, &q, out);
}

static int
wait_gone(int pidfd)
{
	struct pollfd p = { pidfd, POLLIN, 0 };
	int rc;

	do
		rc = poll(&p, 1, STOP_MS);
	while (rc == -1 && errno == EINTR);
	if (rc == 1)
		return EXIT_OK;
	say("the gateway has not ended after %d s", STOP_MS / 1000);
	return EXIT_FAILED;
}

int
run_gateway_stop(const struct args *a)
{
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *status = NULL, *answer = NULL;
	CLEAN_FD int pidfd = -1;
	struct ask q = { "POST", "/v1/gateway/stop", NULL, "stopping", -1, 0 };
	int code;

	(void)a; /* it takes no flags */
	if (!api_is_there()) {
		say("no gateway is running");
		return EXIT_OK;
	}
	if ((code = api_open(&api, API_IF_RUNNING)) != EXIT_OK ||
	    (code = ask_status(&api, &status)) != EXIT_OK)
		return code;
	/* held before it is asked, so that the number is not another's */
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)json_number(status, "pid"),
	    0);
	if ((code = api_ask(&api, &q, &answer)) != EXIT_OK)
		return code;
	if (pidfd != -1 && (code = wait_gone(pidfd)) != EXIT_OK)
		return code;
	say("the gateway has ended; sandboxes go on without it");
	return EXIT_OK;
}

static void
add_line(struct table *t, const char *what, const char *value)
{
	table_add(t, COLOUR_DIM, "%s", what);
	table_add(t, COLOUR_NONE, "%s", value);
}

static void
add_each(struct table *t, const json_t *config, const char *key,
    const char *what)
{
	const json_t *word;
	size_t i;

	json_array_foreach(json_object_get(config, key), i, word) {
		table_add(t, COLOUR_DIM, "%s", key);
		table_add(t, COLOUR_YELLOW, "%s %s", json_string_value(word),
		    what);
	}
}

static void
add_resolve(struct table *t, const json_t *config)
{
	json_t *map = json_object_get(config, "resolve"), *to;
	const char *name;

	add_each(t, config, "upstream_proxy", "is the way out");
	add_each(t, config, "upstream_tls", "has TLS of its own");

	json_object_foreach(map, name, to) {
		table_add(t, COLOUR_DIM, "resolve");
		table_add(t, COLOUR_YELLOW, "%s is dialled at %s", name,
		    json_string_value(to));
	}
	if (json_text(config, "maximum_policy")[0] != '\0') {
		table_add(t, COLOUR_DIM, "maximum_policy");
		table_add(t, COLOUR_YELLOW, "%s bounds every policy",
		    json_text(config, "maximum_policy"));
	}
	if (json_text(config, "upstream_ca")[0] != '\0') {
		table_add(t, COLOUR_DIM, "upstream_ca");
		table_add(t, COLOUR_YELLOW, "%s is trusted as well",
		    json_text(config, "upstream_ca"));
	}
}

static void
add_gateway(struct table *t, const json_t *s)
{
	const json_t *boxes = json_object_get(s, "sandboxes");

	table_add(t, COLOUR_DIM, "gateway");
	table_add(t, COLOUR_GREEN, "running, version %s, process %lld, "
	    "for %lld s", json_text(s, "version"),
	    (long long)json_number(s, "pid"),
	    (long long)json_number(s, "uptime_s"));
	table_add(t, COLOUR_DIM, "sandboxes");
	table_add(t, COLOUR_NONE, "%lld, %lld running",
	    (long long)json_number(boxes, "total"),
	    (long long)json_number(boxes, "running"));
}

static void
add_details(struct table *t, const json_t *s)
{
	const json_t *config = json_object_get(s, "config");
	const json_t *auditor = json_object_get(s, "auditor");
	const json_t *kernel = json_object_get(s, "kernel");
	const char *wrong = json_text(config, "error");

	table_add(t, COLOUR_DIM, "audit log");
	table_add(t, COLOUR_NONE, "%s, %lld waiting, in %s",
	    json_text(auditor, "state"),
	    (long long)json_number(auditor, "waiting"),
	    json_text(auditor, "log"));
	table_add(t, COLOUR_DIM, "kernel");
	table_add(t, COLOUR_NONE, "%s, Landlock ABI %lld",
	    json_text(kernel, "release"),
	    (long long)json_number(kernel, "landlock_abi"));
	add_line(t, "configuration", json_text(config, "file"));
	if (wrong[0] != '\0') {
		table_add(t, COLOUR_DIM, "refused");
		table_add(t, COLOUR_RED, "%s", wrong);
	}
	add_resolve(t, config);
}

static int
status_of(const struct args *a, bool details)
{
	static const char *const head[] = { "", "", NULL };
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *status = NULL;
	struct table t = { 0 };
	int code = api_open(&api, API_IF_RUNNING);

	if (code != EXIT_OK || (code = ask_status(&api, &status)) != EXIT_OK)
		return code;
	if (show_as_asked(a, status))
		return EXIT_OK;
	table_head(&t, head);
	add_gateway(&t, status);
	if (details)
		add_details(&t, status);
	table_show(&t);
	table_fini(&t);
	return EXIT_OK;
}

int
run_gateway_status(const struct args *a)
{
	return status_of(a, false);
}

int
run_status(const struct args *a)
{
	return status_of(a, true);
}
