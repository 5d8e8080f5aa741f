#include "api.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "command.h"
#include "diag.h"
#include "say.h"

#define ANSWER_BYTES_MAX (64 << 20) /* a full list of sandboxes, with room */
#define PATH_MAX_BYTES	 8192	 /* of one of our own request paths */
#define WORDS_BYTES_MAX	 8192	 /* what a gateway that fails to start says */

static int
connect_gateway(const struct paths *p, struct err *e)
{
	CLEAN_FREE char *sock = mem_printf("%s/gateway.sock", p->runtime);

	return io_unix_connect(sock, SOCK_STREAM, e);
}

bool
api_is_there(void)
{
	struct paths p;
	struct err e = { 0 };
	CLEAN_FD int fd = -1;

	if (paths_init(&p, &e) == 0)
		fd = connect_gateway(&p, &e);
	return fd >= 0;
}

/* What it said before it gave up, without its last line end. */
static int
start_failed(int words, int status, struct err *e)
{
	CLEAN_FREE char *text = NULL;
	struct err unread = { 0 };
	size_t len = 0;

	/* a daemon it left behind may hold the pipe: take what is there */
	if (io_set_nonblock(words, true, &unread) == -1 ||
	    io_read_all(words, WORDS_BYTES_MAX, &text, &len, &unread) == -1)
		len = 0;
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len > 0)
		return err_set(e, ERR_STATE, "the gateway did not start:\n%s",
		    text);
	return err_set(e, ERR_STATE, "the gateway did not start (status %d)",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int
spawn_gateway(const char *program, int words, pid_t *pid, struct err *e)
{
	char *argv[] = { (char *)(uintptr_t) "openshell-gateway",
		(char *)(uintptr_t) "run",
		(char *)(uintptr_t) "--background", NULL };
	posix_spawn_file_actions_t fa;
	int rc;

	(void)posix_spawn_file_actions_init(&fa); /* cannot fail on Linux */
	rc = posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDWR, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&fa, 0, 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&fa, words, 2);
	if (rc == 0)
		rc = posix_spawn(pid, program, &fa, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&fa);
	return rc == 0 ? 0 : err_num(e, rc, "start %s", program);
}

int
api_start_gateway(struct err *e)
{
	char program[PATH_BYTES_MAX];
	int pipes[2], status = 0;
	CLEAN_FD int words = -1;
	pid_t pid;
	int rc;

	if (paths_program("openshell-gateway", program, e) == -1)
		return -1;
	if (pipe2(pipes, O_CLOEXEC) == -1)
		return err_sys(e, "pipe");
	words = pipes[0];
	rc = spawn_gateway(program, pipes[1], &pid, e);
	(void)close(pipes[1]);
	if (rc == -1)
		return -1;
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return err_sys(e, "wait for the gateway");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return start_failed(words, status, e);
}

static int
open_quietly(struct api *a, enum api_how how, struct err *e)
{
	int fd;

	if (paths_init(&a->paths, e) == -1)
		return -1;
	fd = connect_gateway(&a->paths, e);
	if (fd == -1 && how == API_START) {
		*e = (struct err){ 0 };
		if (api_start_gateway(e) == -1)
			return -1;
		fd = connect_gateway(&a->paths, e);
	}
	if (fd == -1)
		return err_set(e, ERR_MISSING, "no gateway is running");
	http_init(&a->http, fd);
	return 0;
}

int
api_open(struct api *a, enum api_how how)
{
	struct err e = { 0 };

	http_init(&a->http, -1);
	if (open_quietly(a, how, &e) == 0)
		return EXIT_OK;
	(void)say_error(&e);
	if (e.kind == ERR_MISSING && how == API_IF_RUNNING)
		say_hint("it starts with the first sandbox, or by: "
		    "openshell gateway start");
	else
		say_hint("is this machine fit? openshell doctor");
	return EXIT_FAILED;
}

void
api_close(struct api *a)
{
	http_fini(&a->http);
}

char *
api_path(const char *name, const char *tail)
{
	struct str s = str_c(name == NULL ? "@last" : name);
	struct buf b;

	buf_init(&b, PATH_MAX_BYTES);
	must(buf_addz(&b, "/v1/sandboxes/"));
	/* no name is so long: a longer one is not found */
	http_escape(&b, str_upto(s, HOST_BYTES_MAX));
	must(buf_addz(&b, tail));
	return buf_take(&b, &(size_t){ 0 });
}

static int
send_ask(struct api *a, const struct ask *q, struct err *e)
{
	CLEAN_FREE char *text = NULL;

	if (q->body != NULL) {
		text = json_dumps(q->body, JSON_COMPACT);
		if (text == NULL)
			return err_set(e, ERR_INPUT,
			    "some argument is not valid UTF-8");
	}
	a->http.waiting_for = q->doing;
	a->http.said = false;
	if (http_send(&a->http, q->method, q->path, str_c(text), e) == -1)
		return -1;
	return http_head(&a->http, e);
}

static int
read_answer(struct api *a, json_t **out, struct err *e)
{
	struct buf all;
	struct str part;
	json_error_t why;
	int rc;

	buf_init(&all, ANSWER_BYTES_MAX);
	while ((rc = http_body(&a->http, &part, e)) == 1)
		if (!buf_adds(&all, part)) {
			rc = err_set(e, ERR_LIMIT,
			    "the gateway's answer is too long");
			break;
		}
	*out = NULL;
	if (rc == 0 && buf_str(&all).len > 0) {
		*out = json_loadb(buf_str(&all).p, buf_str(&all).len, 0, &why);
		if (*out == NULL)
			rc = err_set(e, ERR_PEER,
			    "the gateway's answer is not JSON: %s", why.text);
	}
	buf_fini(&all);
	return rc;
}

/* Says what the gateway refused; returns the exit code. */
static int
say_refusal(const struct ask *q, const json_t *body)
{
	const char *message = json_text(body, "message");
	const char *hint = json_text(body, "hint");
	const json_t *diagnostics = json_object_get(body, "diagnostics");
	struct err e = { 0 };

	if (json_array_size(diagnostics) > 0)
		message = "the policy is refused";
	(void)err_set(&e, ERR_PEER, "%s", message[0] != '\0' ? message :
	    "the gateway refused, without a reason");
	if (q->status == 502 && q->about != NULL)
		(void)err_wrap(&e, "%s", q->about);
	(void)say_error(&e);
	diag_show(diagnostics, stderr);
	if (hint[0] != '\0' && json_array_size(diagnostics) == 0)
		say_hint("try: %s", hint);
	return q->status == 504 ? (int)EXIT_TIMED_OUT : (int)EXIT_FAILED;
}

/* A gateway that was killed while it was asked: a question that changes
 * nothing is asked again, of the next one. */
static int
send_again(struct api *a, const struct ask *q, struct err *e)
{
	if (strcmp(q->method, "GET") != 0 ||
	    (e->sys != ECONNRESET && e->sys != EPIPE))
		return -1;
	http_fini(&a->http);
	http_init(&a->http, -1);
	*e = (struct err){ 0 };
	return open_quietly(a, API_START, e) == -1 ? -1 : send_ask(a, q, e);
}

int
api_ask(struct api *a, struct ask *q, json_t **out)
{
	struct err e = { 0 };

	q->passed = -1;
	*out = NULL;
	if ((send_ask(a, q, &e) == -1 && send_again(a, q, &e) == -1) ||
	    read_answer(a, out, &e) == -1)
		return q->quiet ? (int)EXIT_FAILED : say_error(&e);
	q->status = a->http.status;
	q->passed = fd_take(&a->http.passed);
	if (q->status < 300)
		return EXIT_OK;
	fd_close(&q->passed);
	return q->quiet ? (int)EXIT_FAILED : say_refusal(q, *out);
}

int
api_ask_stream(struct api *a, struct ask *q)
{
	CLEAN_JSON json_t *body = NULL;
	struct err e = { 0 };

	q->passed = -1;
	if (send_ask(a, q, &e) == -1)
		return say_error(&e);
	q->status = a->http.status;
	if (q->status < 300)
		return EXIT_OK;
	if (read_answer(a, &body, &e) == -1)
		return say_error(&e);
	return say_refusal(q, body);
}

const char *
json_text(const json_t *v, const char *key)
{
	const char *z = json_string_value(json_object_get(v, key));

	return z == NULL ? "" : z;
}

int64_t
json_number(const json_t *v, const char *key)
{
	return json_integer_value(json_object_get(v, key));
}
