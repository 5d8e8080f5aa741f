/* box_start.c -- from a specification to BOX_START.
 *
 * Everything is prepared, and the supervisor's program is starting, while
 * the auditor writes the record; only when the record is written does
 * BOX_START go out. Until then the supervisor does nothing, and if the
 * record cannot be written it ends with its channel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "spec.h"

#define HELLO_MS 30000		/* from BOX_START to BOX_RUNNING */

struct launch {
	struct box *box;
	struct start how;
	struct audit_wait wait;
	int fds[BOX_FD_ATTACH + 1];	/* for BOX_START */
	int cli;			/* the caller's end, or -1 */
	struct str body;		/* of BOX_START, heap */
};

void
launch_free(struct launch *l)
{
	if (l == NULL)
		return;
	audit_wait_cancel(&l->wait);
	if (l->how.call != NULL)
		l->how.call->on_gone = NULL;
	for (size_t i = 0; i < NELEM(l->fds); i++)
		fd_close(&l->fds[i]);
	fd_close(&l->cli);
	free((void *)(uintptr_t)l->body.p);
	free(l);
}

/* ---- the message ---- */

static void
mounts_of(struct arena *a, const json_t *array, struct box_spec *s)
{
	s->nmounts = (uint32_t)json_array_size(array);
	s->mounts = arena_alloc(a, s->nmounts, sizeof(*s->mounts));
	must(s->mounts != NULL);
	for (uint32_t i = 0; i < s->nmounts; i++) {
		const json_t *m = json_array_get(array, i);

		s->mounts[i].host = arena_strdup(a,
		    str_c(json_string_value(json_object_get(m, "host"))));
		s->mounts[i].inside = arena_strdup(a,
		    str_c(json_string_value(json_object_get(m, "inside"))));
		s->mounts[i].read_only =
		    json_is_true(json_object_get(m, "read_only"));
	}
}

static void
spec_of(const struct box *b, const struct start *how, struct arena *a,
    struct box_spec *s)
{
	const struct config *cfg = &b->g->config;

	*s = (struct box_spec){ .tty = how->tty, .rows = how->rows,
		.cols = how->cols, .generation = b->revision };
	memcpy(s->id, b->id, sizeof(s->id));
	memcpy(s->name, b->name, sizeof(s->name));
	s->dir = arena_printf(a, "%s/sandboxes/%s", b->g->paths.state, b->id);
	s->argv = strings_of(a, json_object_get(b->spec, "command"));
	s->env = env_of(a, json_object_get(b->spec, "env"));
	s->workdir = arena_strdup(a,
	    str_c(json_string_value(json_object_get(b->spec, "workdir"))));
	mounts_of(a, json_object_get(b->spec, "mounts"), s);
	s->resolve = cfg->resolve;
	s->upstream_ca = cfg->upstream_ca;
	s->ways = arena_printf(a, "%s%s", cfg->proxy == NULL ? "" : cfg->proxy,
	    cfg->tls == NULL ? "" : cfg->tls);
	s->created = b->created.v;
	s->approval_s = cfg->approval_s;
}

static int
encode(struct launch *l, struct err *e)
{
	struct wbuf w = { .p = mem_alloc(1, MSG_BYTES_MAX),
		.cap = MSG_BYTES_MAX };
	struct arena a = { 0 };
	struct box_spec s;

	spec_of(l->box, &l->how, &a, &s);
	box_spec_put(&w, &s);
	arena_fini(&a);
	l->body = str_of((const char *)w.p, w.len);
	if (w.over)
		return err_set(e, ERR_LIMIT, "command, environment and "
		    "mounts are together over %d bytes", MSG_BYTES_MAX);
	return 0;
}

/* ---- descriptors ---- */

static int
make_dirs(struct box *b, int *dirfd, struct err *e)
{
	CLEAN_FD int fd = -1;

	if (mkdirat(b->g->boxes_fd, b->id, 0700) == -1 && errno != EEXIST)
		return err_sys(e, "make the sandbox's directory");
	fd = openat(b->g->boxes_fd, b->id,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return err_sys(e, "open the sandbox's directory");
	if (mkdirat(fd, "home", 0700) == -1 && errno != EEXIST)
		return err_sys(e, "make home");
	/* how an earlier run ended must not be taken for this one's end */
	if (unlinkat(fd, "outcome", 0) == -1 && errno != ENOENT)
		return err_sys(e, "remove outcome");
	*dirfd = fd_take(&fd);
	return 0;
}

static int
open_listener(struct box *b, struct err *e)
{
	char path[PATH_BYTES_MAX + ID_BYTES_MAX + 8];

	(void)snprintf(path, sizeof(path), "%s/%s.sock", b->g->paths.runtime,
	    b->id);
	return io_unix_listen(path, SOCK_SEQPACKET, 4, e);
}

static int
open_attach(struct launch *l, struct err *e)
{
	int pair[2];

	if (!l->how.attach)
		return 0;
	if (chan_pair(pair, e) == -1)
		return -1;
	l->fds[BOX_FD_ATTACH] = pair[0];
	l->cli = pair[1];
	return 0;
}

static int
open_fds(struct launch *l, struct str image, struct err *e)
{
	struct box *b = l->box;
	struct audit_link *audit = &b->g->audit;

	if (make_dirs(b, &l->fds[BOX_FD_DIR], e) == -1 ||
	    open_attach(l, e) == -1)
		return -1;
	l->fds[BOX_FD_IMAGE] = io_memfd_sealed("openshell-policy", image, e);
	if (l->fds[BOX_FD_IMAGE] == -1)
		return -1;
	l->fds[BOX_FD_AUDIT] = audit_link_channel(audit, ROLE_SUPERVISOR,
	    b->id, b->name, e);
	if (l->fds[BOX_FD_AUDIT] == -1)
		return -1;
	l->fds[BOX_FD_EGRESS_AUDIT] = audit_link_channel(audit, ROLE_EGRESS,
	    b->id, b->name, e);
	if (l->fds[BOX_FD_EGRESS_AUDIT] == -1)
		return -1;
	l->fds[BOX_FD_LISTEN] = open_listener(b, e);
	return l->fds[BOX_FD_LISTEN] == -1 ? -1 : 0;
}

/* The supervisor's program begins to start: the gateway's end of its
 * channel, on which it waits for BOX_START. */
static int
spawn_begin(struct box *b, struct err *e)
{
	CLEAN_FD int ours = -1, theirs = -1;
	int pair[2];

	if (chan_pair(pair, e) == -1)
		return -1;
	ours = pair[0];
	theirs = pair[1];
	if (spawner_begin(&b->g->spawner, ROLE_SUPERVISOR, &theirs, 1, -1,
		e) == -1)
		return -1;
	return fd_take(&ours);
}

/* ours becomes the box's; if it was not to be, its close ends the program.
 */
static int
spawn_end(struct box *b, int ours, struct err *e)
{
	int pidfd = -1;

	if (spawner_end(&b->g->spawner, &b->pid, &pidfd, e) == -1) {
		(void)close(ours);
		return -1;
	}
	(void)close(pidfd); /* its end shows as the end of the channel */
	return box_listen(b, ours, e);
}

/* ---- the course of it ---- */

/* Says to who attaches, in the supervisor's place, why there is nothing. */
static void
tell_attached(struct launch *l, const char *why)
{
	struct chan c = { l->fds[BOX_FD_ATTACH], ROLE_SUPERVISOR, ROLE_CLI };
	struct outcome o = { .kind = OUTCOME_FAILED };
	unsigned char bytes[ERR_BYTES_MAX + 32];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };

	if (c.fd == -1)
		return;
	(void)snprintf(o.reason, sizeof(o.reason), "%s", why);
	outcome_put(&w, &o);
	must(!w.over);
	(void)chan_send(&c, MSG_ATTACH_ENDED, 0,
	    str_of((const char *)bytes, w.len), NULL, 0, NULL);
}

/* Nothing runs: an answer, and a sandbox that was to be created is no more.
 */
static void
launch_fail(struct box *b, struct launch *l, const struct err *e)
{
	struct call *c = l->how.call;
	bool create = l->how.create;
	struct outcome o = { .kind = OUTCOME_FAILED };

	tell_attached(l, e->text);
	l->how.call = NULL;
	if (c != NULL)
		c->on_gone = NULL;
	b->launch = NULL;
	launch_free(l);
	if (c != NULL && e->kind == ERR_STATE)
		call_fail(c, 503, "audit_unavailable",
		    "look at the free space of the state directory, and at "
		    "gateway.log in it", "%s", e->text);
	else if (c != NULL)
		call_fail_err(c, e, NULL);
	b->deleting |= create;
	(void)snprintf(o.reason, sizeof(o.reason), "%s", e->text);
	box_ended(b, &o);
}

void
launch_lost(struct box *b)
{
	struct err e = { 0 };

	(void)err_set(&e, ERR_SYS, "the supervisor ended at its start; "
	    "gateway.log in the state directory says why");
	launch_fail(b, b->launch, &e);
}

void
launch_stop(struct box *b)
{
	struct err e = { 0 };

	(void)err_set(&e, ERR_PEER, "it was stopped before it was started");
	launch_fail(b, b->launch, &e);
}

static void
launch_answer(struct box *b, struct launch *l)
{
	struct call *c = l->how.call;
	bool wait = l->how.wait;
	unsigned status = l->how.status;
	int cli = fd_take(&l->cli);

	l->how.call = NULL;
	b->launch = NULL;
	launch_free(l);
	if (c == NULL) {
		fd_close(&cli);
		return;
	}
	c->on_gone = NULL;
	c->state = NULL;
	if (wait) {
		c->fd = cli;
		box_park(b, c, status, box_has_started, 0);
		return;
	}
	call_answer_fd(c, status, box_json(b), cli);
}

static void
on_late(struct loop *loop, void *arg)
{
	struct box *b = arg;
	struct outcome o = { .kind = OUTCOME_FAILED, .reason =
	    "the supervisor did not say within 30 s that it runs" };

	(void)loop;
	box_ended(b, &o); /* closing its channel ends it */
}

/* The record is in the log: go. */
static void
on_recorded(struct audit_wait *w, bool written)
{
	struct launch *l = (struct launch *)((char *)w -
	    offsetof(struct launch, wait));
	struct box *b = l->box;
	unsigned n = l->how.attach ? BOX_FD_ATTACH + 1 : BOX_FD_ATTACH;
	struct err e = { 0 };

	if (!written) {
		(void)err_set(&e, ERR_STATE, "the audit log has not taken the "
		    "record of the start, so nothing was started");
		launch_fail(b, l, &e);
		return;
	}
	if (box_send(b, MSG_BOX_START, 0, l->body, l->fds, n, &e) == -1) {
		launch_fail(b, l, &e);
		return;
	}
	b->timer.on_time = on_late;
	loop_timer_set(b->g->loop, &b->timer, usec_of_ms(HELLO_MS));
	launch_answer(b, l);
}

static void
on_gone(struct call *c)
{
	struct launch *l = c->state;

	l->how.call = NULL;
	c->on_gone = NULL;
}

static int
record(struct box *b, struct launch *l, struct err *e)
{
	struct audit_record r;

	if (l->how.create) {
		r = box_record(b, AUDIT_LIFE, "create");
		audit_link_note(&b->g->audit, &r);
	}
	r = box_record(b, AUDIT_LIFE, "start");
	return audit_link_put(&b->g->audit, &r, &l->wait, on_recorded, e);
}

/* The program starts, and the auditor writes, while the rest is made. */
static int
prepare(struct box *b, struct launch *l, struct str image, struct err *e)
{
	struct err ignored = { 0 };
	int ours = spawn_begin(b, e);

	if (ours == -1)
		return -1;
	if (encode(l, e) == -1 || open_fds(l, image, e) == -1 ||
	    record(b, l, e) == -1) {
		(void)spawn_end(b, ours, &ignored); /* e has the cause */
		return -1;
	}
	return spawn_end(b, ours, e);
}

void
box_start(struct box *b, const struct start *s, struct str image)
{
	struct launch *l = mem_alloc(1, sizeof(*l));
	struct err e = { 0 };

	must(b->launch == NULL && b->chan.fd == -1);
	l->box = b;
	l->how = *s;
	l->cli = -1;
	for (size_t i = 0; i < NELEM(l->fds); i++)
		l->fds[i] = -1;
	b->launch = l;
	b->fault[0] = b->reason[0] = '\0';
	b->generation = 0;
	b->code = 0;
	if (s->call != NULL) {
		s->call->state = l;
		s->call->on_gone = on_gone;
	}
	box_used(b);
	if (!s->create) /* the row of a new one says so already */
		box_enter(b, PHASE_PROVISIONING);
	if (prepare(b, l, image, &e) == -1)
		launch_fail(b, l, &e);
}
