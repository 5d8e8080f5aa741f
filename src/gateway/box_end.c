/* box_end.c -- how a sandbox ends, is ended, and is removed. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "box.h"
#include "gateway.h"
#include "msg/outcome_file.h"
#include "proposal.h"
#include "route.h"

#define REMOVE_PER_TURN 200	/* entries of a tree, then the others' turn */
#define SLACK_MS	15000	/* after the grace, until we say it hangs */

static void remove_step(struct loop *l, void *arg);

/* ---- removal ---- */

static void
remove_failed(struct box *b, const struct err *e)
{
	b->deleting = false;
	tree_rm_close(&b->rm);
	(void)snprintf(b->reason, sizeof(b->reason),
	    "it could not be deleted: %.480s", e->text);
	log_error("sandbox %s: %s", b->name, b->reason);
	box_enter(b, PHASE_FAILED);
	api_sweep(b->g);
}

static void
remove_begin(struct box *b)
{
	struct audit_record r = box_record(b, AUDIT_LIFE, "delete");
	struct err e = { 0 };

	audit_link_note(&b->g->audit, &r);
	b->deleting = true;
	if (b->phase != PHASE_DELETING)
		b->was = b->phase;
	box_enter(b, PHASE_DELETING);
	if (tree_rm_open(&b->rm, b->g->boxes_fd, b->id, &e) == -1) {
		remove_failed(b, &e);
		return;
	}
	b->timer.on_time = remove_step;
	loop_timer_set(b->g->loop, &b->timer, usec_of_ms(0));
}

static void
remove_step(struct loop *l, void *arg)
{
	struct box *b = arg;
	struct err e = { 0 };

	switch (tree_rm_step(&b->rm, REMOVE_PER_TURN, &e)) {
	case TREE_MORE:
		loop_timer_set(l, &b->timer, usec_of_ms(0));
		return;
	case TREE_FAILED:
		remove_failed(b, &e);
		return;
	case TREE_GONE:
		break;
	}
	if (store_delete(b->g->store, b->id, &e) == -1)
		remove_failed(b, &e);
	else
		box_gone(b);
}

/* ---- ends ---- */

static void
unlink_socket(const struct box *b)
{
	char path[PATH_BYTES_MAX + ID_BYTES_MAX + 8];

	(void)snprintf(path, sizeof(path), "%s/%s.sock", b->g->paths.runtime,
	    b->id);
	(void)unlink(path); /* the supervisor may have done it */
}

static enum phase
phase_of(struct box *b, const struct outcome *o)
{
	b->code = 0;
	b->reason[0] = '\0';
	switch (o->kind) {
	case OUTCOME_EXITED:
		b->code = o->code;
		return PHASE_EXITED;
	case OUTCOME_SIGNALED:
		b->code = -o->code;
		return PHASE_EXITED;
	case OUTCOME_STOPPED:
		return PHASE_STOPPED;
	case OUTCOME_FAILED:
	case OUTCOME_DETACHED:
		break;
	}
	(void)snprintf(b->reason, sizeof(b->reason), "%s",
	    o->reason[0] != '\0' ? o->reason : "no reason was given");
	return PHASE_FAILED;
}

static void
note_failure(struct box *b)
{
	struct audit_record r = box_record(b, AUDIT_LIFE, "fail");

	r.verdict = AUDIT_OBSERVED;
	r.reason = str_c(b->reason);
	audit_link_note(&b->g->audit, &r);
	log_warn("sandbox %s failed: %s", b->name, b->reason);
}

void
box_ended(struct box *b, const struct outcome *o)
{
	enum phase p = phase_of(b, o);

	must(b->launch == NULL);
	b->pid = 0;
	b->ending = false;
	b->generation = 0;
	loop_timer_stop(b->g->loop, &b->timer);
	b->fault[0] = '\0';
	box_unlisten(b);
	unlink_socket(b);
	proposals_over(b);
	b->status = REVISION_STORED; /* until it starts again */
	if (p == PHASE_FAILED)
		note_failure(b);
	box_enter(b, p);
	if (b->deleting || !b->keep)
		remove_begin(b);
}

static int
read_outcome(struct box *b, struct outcome *o, struct err *e)
{
	CLEAN_FD int fd = openat(b->g->boxes_fd, b->id,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd == -1 ? err_sys(e, "open the sandbox's directory") :
			  outcome_read(fd, o, e);
}

void
box_lost(struct box *b)
{
	struct outcome o = { .kind = OUTCOME_FAILED };
	struct err e = { 0 };

	if (b->launch != NULL) {
		launch_lost(b);
		return;
	}
	if (read_outcome(b, &o, &e) == -1)
		(void)snprintf(o.reason, sizeof(o.reason), "%s",
		    b->reason[0] != '\0' ? b->reason :
		    "its supervisor died; all that ran in it was killed");
	box_ended(b, &o);
}

/* ---- requests ---- */

static void
on_hang(struct loop *l, void *arg)
{
	struct box *b = arg;

	(void)l;
	log_error("sandbox %s: its supervisor, pid %d, was told to end and "
	    "has not; end it with: kill -9 %d", b->name, (int)b->pid,
	    (int)b->pid);
}

static void
send_stop(struct box *b, int64_t grace_s)
{
	struct box_stop s = { (uint32_t)grace_s * 1000 };
	unsigned char bytes[16];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct err e = { 0 };

	box_stop_put(&w, &s);
	must(!w.over);
	if (box_send(b, MSG_BOX_STOP, 0,
		str_of((const char *)bytes, w.len), NULL, 0, &e) == -1)
		log_warn("sandbox %s: stop: %s", b->name, e.text);
	b->timer.on_time = on_hang;
	loop_timer_set(b->g->loop, &b->timer,
	    usec_of_ms(grace_s * 1000 + SLACK_MS));
}

void
box_stop(struct box *b, int64_t grace_s)
{
	struct audit_record r = box_record(b, AUDIT_LIFE, "stop");

	if (!box_runs(b))
		return;
	/* an end is never held back by a log that takes nothing */
	audit_link_note(&b->g->audit, &r);
	if (b->launch != NULL)
		launch_stop(b);
	else
		send_stop(b, grace_s);
}

void
box_delete(struct box *b, int64_t grace_s)
{
	if (b->deleting && b->phase == PHASE_DELETING)
		return;
	b->deleting = true;
	if (box_runs(b))
		box_stop(b, grace_s);
	else
		remove_begin(b);
}
