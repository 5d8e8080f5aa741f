/* logs.c -- openshell logs: the audit log for people, or as it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "logline.h"
#include "run.h"
#include "say.h"

#define LINE_BYTES_MAX	65536	/* of one record */
#define PATH_BYTES	2048
#define WHAT_WIDTH	36	/* before the first long one comes by */
#define TAIL_LINES	"10"	/* shown first, unless -n says otherwise */

static void
add_query(struct buf *b, const char *key, const char *value)
{
	bool first = str_index(buf_str(b), '?') == buf_str(b).len;

	if (value == NULL)
		return;
	must(buf_printf(b, "%c%s=", first ? '?' : '&', key));
	http_escape(b, str_upto(str_c(value), HOST_BYTES_MAX)); /* more than
						* any value that is taken */
}

static char *
logs_path(const struct args *a)
{
	const char *source = args_get(a, "source");
	bool gateway = source != NULL && strcmp(source, "gateway") == 0;
	const char *box = a->nwords > 0 ? a->word[0] :
	    args_has(a, "all") || gateway ? NULL : "@last";
	const char *lines = args_get(a, "lines");
	struct buf b;

	if (lines == NULL && args_has(a, "tail"))
		lines = TAIL_LINES;
	buf_init(&b, PATH_BYTES);
	must(buf_addz(&b, "/v1/logs"));
	add_query(&b, "sandbox", box);
	add_query(&b, "n", lines);
	add_query(&b, "since", args_get(a, "since"));
	add_query(&b, "level", args_get(a, "level"));
	add_query(&b, "source", source);
	add_query(&b, "follow", args_has(a, "tail") ? "1" : NULL);
	return buf_take(&b, &(size_t){ 0 });
}

/* -1: nobody reads what we print. */
static int
print_line(struct logline *to, struct str line, bool raw)
{
	if (raw)
		(void)fwrite(line.p, 1, line.len, stdout);
	else
		logline_print(to, line, stdout);
	return ferror(stdout) != 0 ? -1 : 0;
}

/* Prints the whole lines of b and eats them. */
static int
print_lines(struct logline *to, struct buf *b, bool raw)
{
	for (;;) {
		struct str s = buf_str(b);
		size_t end = str_index(s, '\n');

		if (end == s.len)
			return 0;
		if (print_line(to, str_head(s, end + 1), raw) == -1)
			return -1;
		buf_eat(b, end + 1);
	}
}

/* An empty answer is told from a name that was spelled wrong. */
static void
say_nothing(const struct args *a)
{
	bool narrowed = args_has(a, "since") || args_has(a, "level") ||
	    args_has(a, "source") || args_has(a, "lines");

	if (a->nwords > 0 && !narrowed) {
		say("the log has nothing of a sandbox \"%s\"", a->word[0]);
		say_hint("try: openshell sandbox list");
	} else {
		say("the log has nothing of that kind");
	}
}

static int
stream(struct api *api, bool raw, const struct args *a)
{
	bool tail = args_has(a, "tail"), any = false;
	struct logline to = { .colour = colour_on(stdout),
		.what_width = WHAT_WIDTH };
	struct err e = { 0 };
	struct str part;
	struct buf b;
	int rc;

	buf_init(&b, LINE_BYTES_MAX + 131072);
	while ((rc = http_body(&api->http, &part, &e)) == 1) {
		any = any || part.len > 0;
		if (!buf_adds(&b, part)) {
			rc = err_set(&e, ERR_PEER, "a record is too long");
			break;
		}
		if (print_lines(&to, &b, raw) == -1 ||
		    (tail && fflush(stdout) == EOF)) {
			rc = 0; /* main says so, unless it is a closed pipe */
			break;
		}
	}
	buf_fini(&b);
	if (rc == 0 && !any)
		say_nothing(a);
	return rc == -1 ? say_error(&e) : EXIT_OK;
}

int
run_logs(const struct args *a)
{
	CLEAN_FREE char *path = NULL;
	const char *how = args_get(a, "output");
	CLEAN_API struct api api = { 0 };
	struct ask q = { "GET", NULL, NULL, NULL, -1, 0 };
	int code;

	http_init(&api.http, -1);
	if (args_has(a, "all") && a->nwords > 0)
		return say_usage("logs", "--all takes no name");
	path = logs_path(a);
	q.path = path;
	if ((code = api_open(&api, API_START)) != EXIT_OK ||
	    (code = api_ask_stream(&api, &q)) != EXIT_OK)
		return code;
	return stream(&api, how != NULL && strcmp(how, "json") == 0,
	    a);
}
