/* answer.c -- answers, refusals and streams, as HTTP. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "conn_impl.h"
#include "http/write.h"

/* The call is over; nothing may answer it again. */
static void
call_end(struct call *c)
{
	struct conn *k = c->conn;

	loop_timer_stop(c->g->loop, &c->late);
	json_decref(c->body);
	json_decref(c->extra);
	fd_close(&c->fd);
	*c = (struct call){ .g = c->g, .conn = k, .fd = -1 };
	k->state = CONN_WRITE;
}

/* 500 without memory for more: cannot be larger than a buffer. */
static bool
put_answer(struct conn *k, unsigned status, const char *text, size_t len)
{
	const struct str reason = http_reason(status);

	return buf_printf(&k->out, "HTTP/1.1 %u %.*s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
	    status, (int)reason.len, reason.p, len,
	    k->close_after ? "Connection: close\r\n" : "") &&
	    buf_add(&k->out, text, len);
}

void
call_answer_fd(struct call *c, unsigned status, json_t *body, int fd)
{
	struct conn *k = c->conn;
	CLEAN_FREE char *text = json_dumps(body, JSON_COMPACT);
	static const char too_large[] = "{\"error\":\"too_large\","
	    "\"message\":\"the answer is over the limit\"}";

	must(k->state == CONN_CALL && text != NULL);
	if (k->g->stopping)
		k->close_after = true;
	json_decref(body);
	k->send_fd = fd;
	if (!put_answer(k, status, text, strlen(text))) {
		buf_clear(&k->out);
		fd_close(&k->send_fd);
		must(put_answer(k, 500, too_large, sizeof(too_large) - 1));
	}
	call_end(c);
	conn_advance(k);
}

void
call_answer(struct call *c, unsigned status, json_t *body)
{
	call_answer_fd(c, status, body, -1);
}

static json_t *
fault_json(const char *code, const char *message, const char *hint)
{
	char safe[2 * ERR_BYTES_MAX];

	(void)log_safe(str_c(message), safe, sizeof(safe));
	return json_pack("{s:s, s:s, s:s*}", "error", code, "message", safe,
	    "hint", hint);
}

void
call_fail(struct call *c, unsigned status, const char *code,
    const char *hint, const char *fmt, ...)
{
	char text[ERR_BYTES_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	call_answer(c, status, fault_json(code, text, hint));
}

void
call_fail_with(struct call *c, unsigned status, const char *code,
    const char *hint, const char *name, json_t *member, const char *fmt, ...)
{
	char text[ERR_BYTES_MAX];
	json_t *o;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o = fault_json(code, text, hint);
	(void)json_object_set_new(o, name, member); /* fails for NULL only */
	call_answer(c, status, o);
}

void
call_fail_err(struct call *c, const struct err *e, const char *hint)
{
	static const struct {
		unsigned status;
		const char *code;
	} by_kind[] = {
		[ERR_NONE] = { 500, "internal" },
		[ERR_SYS] = { 500, "internal" },
		[ERR_INPUT] = { 400, "bad_request" },
		[ERR_DENIED] = { 409, "wrong_phase" },
		[ERR_LIMIT] = { 413, "too_large" },
		[ERR_PEER] = { 502, "sandbox_refused" },
		[ERR_MISSING] = { 404, "not_found" },
		[ERR_EXISTS] = { 409, "exists" },
		[ERR_STATE] = { 409, "wrong_phase" },
	};

	call_fail(c, by_kind[e->kind].status, by_kind[e->kind].code, hint,
	    "%s", e->text);
}

/* ---- streams ---- */

void
call_stream(struct call *c, const char *type)
{
	struct conn *k = c->conn;

	must(k->state == CONN_CALL);
	must(buf_printf(&k->out, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", type));
	k->state = CONN_STREAM;
}

bool
call_stream_put(struct call *c, struct str s)
{
	struct conn *k = c->conn;

	must(k->state == CONN_STREAM);
	if (s.len > 0)
		must(buf_printf(&k->out, "%zx\r\n", s.len) &&
		    buf_adds(&k->out, s) && buf_addz(&k->out, "\r\n"));
	return k->out.len < STREAM_BYTES;
}

bool
call_stream_flush(struct call *c)
{
	struct conn *k = c->conn;

	if (!conn_flush(k)) {
		conn_free(k);
		return false;
	}
	conn_rearm(k);
	return true;
}

void
call_stream_end(struct call *c)
{
	struct conn *k = c->conn;

	must(k->state == CONN_STREAM);
	must(buf_addz(&k->out, "0\r\n\r\n"));
	call_end(c);
	conn_advance(k);
}
