/* api_session.c -- attach to the main process, and exec beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "route.h"
#include "spec.h"

#define EXEC_TIMEOUT_S_MAX 604800

/* Waits for the record of a session, then asks the supervisor for it. */
struct session {
	struct audit_wait wait;
	struct gateway *g;
	char id[ID_BYTES_MAX + 1];	/* the sandbox may go meanwhile */
	struct call *call;		/* NULL: gone */
	enum msg_type type;
	struct str body;		/* heap */
	int ours, cli;
};

static void
session_free(struct session *s)
{
	audit_wait_cancel(&s->wait);
	if (s->call != NULL)
		s->call->on_gone = NULL;
	free((void *)(uintptr_t)s->body.p);
	fd_close(&s->ours);
	fd_close(&s->cli);
	free(s);
}

static void
on_gone(struct call *c)
{
	session_free(c->state);
}

static void
fail(struct session *s, unsigned status, const char *code, const char *text)
{
	struct call *c = s->call;

	session_free(s);
	call_fail(c, status, code, NULL, "%s", text);
}

static void
on_recorded(struct audit_wait *w, bool written)
{
	struct session *s = (struct session *)((char *)w -
	    offsetof(struct session, wait));
	struct box *b = box_find_id(s->g, s->id);
	struct call *c = s->call;

	if (!written) {
		fail(s, 503, "audit_unavailable", "the audit log has not "
		    "taken the record, so nothing was started");
		return;
	}
	if (b == NULL || b->phase != PHASE_RUNNING) {
		fail(s, 409, "wrong_phase", "the sandbox has ended");
		return;
	}
	c->on_gone = NULL;
	s->call = NULL;
	box_used(b);
	box_ask(b, c, s->type, s->body, s->ours, fd_take(&s->cli));
	session_free(s);
}

/* body becomes the session's. */
static void
session_begin(struct call *c, enum msg_type t, struct str body,
    const struct audit_record *r)
{
	struct session *s = mem_alloc(1, sizeof(*s));
	struct err e = { 0 };
	int pair[2] = { -1, -1 };

	s->g = c->g;
	memcpy(s->id, c->box->id, sizeof(s->id));
	s->call = c;
	s->type = t;
	s->body = body;
	s->ours = s->cli = -1;
	c->state = s;
	c->on_gone = on_gone;
	if (chan_pair(pair, &e) == 0) {
		s->ours = pair[0];
		s->cli = pair[1];
	}
	if (pair[0] == -1 ||
	    audit_link_put(&c->g->audit, r, &s->wait, on_recorded, &e) == -1)
		fail(s, e.kind == ERR_STATE ? 503 : 500, e.kind == ERR_STATE ?
		    "audit_unavailable" : "internal", e.text);
}

static void
fail_ended(struct call *c, const struct box *b)
{
	char hint[sizeof(b->name) + 32];

	(void)snprintf(hint, sizeof(hint), "openshell sandbox start %s",
	    b->name);
	call_fail(c, 409, "wrong_phase", hint,
	    "sandbox %s does not run: it is %s", b->name,
	    phase_name(b->phase));
}

/* false: answered. */
static bool
must_run(struct call *c)
{
	struct box *b = c->box;

	if (b->fault[0] != '\0')
		call_fail(c, 502, "sandbox_refused", NULL, "sandbox %s: %s",
		    b->name, b->fault);
	else if (b->phase == PHASE_PROVISIONING)
		call_fail(c, 409, "wrong_phase", NULL,
		    "sandbox %s is still starting", b->name);
	else if (b->phase != PHASE_RUNNING)
		fail_ended(c, b);
	return b->phase == PHASE_RUNNING && b->fault[0] == '\0';
}

void
api_attach(struct call *c)
{
	int64_t rows = 0, cols = 0;
	const struct field fields[] = {
		{ "rows", FIELD_NUMBER, &rows, false, 65535 },
		{ "cols", FIELD_NUMBER, &cols, false, 65535 },
	};
	struct wbuf w = { .p = mem_alloc(1, 16), .cap = 16 };
	struct session_attach a;
	struct audit_record r;
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1) {
		free(w.p);
		call_fail_err(c, &e, NULL);
		return;
	}
	if (!must_run(c)) {
		free(w.p);
		return;
	}
	a = (struct session_attach){ (uint16_t)rows, (uint16_t)cols };
	session_attach_put(&w, &a);
	must(!w.over);
	r = box_record(c->box, AUDIT_LIFE, "attach");
	session_begin(c, MSG_SESSION_ATTACH,
	    str_of((const char *)w.p, w.len), &r);
}

/* ---- exec ---- */

struct exec {
	json_t *command, *env;
	const char *workdir;
	bool tty;
	int64_t rows, cols, timeout_s;
};

static int
exec_read(const json_t *body, struct exec *x, struct err *e)
{
	const struct field fields[] = {
		{ "command", FIELD_ARRAY, &x->command, true, 0 },
		{ "env", FIELD_OBJECT, &x->env, false, 0 },
		{ "workdir", FIELD_STRING, &x->workdir, false, 0 },
		{ "tty", FIELD_BOOL, &x->tty, false, 0 },
		{ "rows", FIELD_NUMBER, &x->rows, false, 65535 },
		{ "cols", FIELD_NUMBER, &x->cols, false, 65535 },
		{ "timeout_s", FIELD_NUMBER, &x->timeout_s, false,
		    EXEC_TIMEOUT_S_MAX },
	};

	*x = (struct exec){ .workdir = "" };
	if (fields_read(body, "the body", fields, NELEM(fields), e) == -1)
		return -1;
	if (command_check(x->command, x->env, e) == -1)
		return -1;
	return x->workdir[0] == '\0' ? 0 :
	    path_check("workdir", x->workdir, e);
}

static int
exec_encode(const struct exec *x, struct str *out, struct err *e)
{
	struct wbuf w = { .p = mem_alloc(1, MSG_BYTES_MAX),
		.cap = MSG_BYTES_MAX };
	struct arena a = { 0 };
	struct session_start s = { .argv = strings_of(&a, x->command),
		.env = env_of(&a, x->env), .workdir =
		arena_strdup(&a, str_c(x->workdir)), .tty = x->tty,
		.rows = (uint16_t)x->rows, .cols = (uint16_t)x->cols,
		.timeout_s = (uint32_t)x->timeout_s };

	session_start_put(&w, &s);
	arena_fini(&a);
	if (w.over) {
		free(w.p);
		return err_set(e, ERR_LIMIT,
		    "command and environment are too long");
	}
	*out = str_of((const char *)w.p, w.len);
	return 0;
}

/* The command for the log: its words, cut at the buffer's end. */
static void
command_text(const json_t *command, struct buf *out)
{
	for (size_t i = 0; i < json_array_size(command); i++) {
		struct str s = str_c(
		    json_string_value(json_array_get(command, i)));
		size_t room = out->max - out->len;

		if (room == 0)
			return;
		if (i > 0)
			must(buf_addz(out, " "));
		room = out->max - out->len;
		must(buf_adds(out, str_head(s, s.len < room ? s.len : room)));
	}
}

void
api_exec(struct call *c)
{
	struct audit_record r;
	struct err e = { 0 };
	struct str body;
	struct buf text;
	struct exec x;

	if (exec_read(c->body, &x, &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	if (!must_run(c))
		return;
	if (exec_encode(&x, &body, &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	buf_init(&text, AUDIT_ACTION_BYTES_MAX);
	command_text(x.command, &text);
	r = box_record(c->box, AUDIT_EXEC, "");
	r.action = buf_str(&text);
	r.exe = str_c(json_string_value(json_array_get(x.command, 0)));
	session_begin(c, MSG_SESSION_START, body, &r);
	buf_fini(&text);
}
