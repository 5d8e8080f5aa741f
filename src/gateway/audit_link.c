#include "audit_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "msg/body.h"

#define RETRY_MS 20
#define RESPAWN_MS 1000		/* not started more often than this */
#define OPEN_MS 5000
#define LATE_MS 10000		/* a record not written by then */
#define DRAIN_MS 2000

static void on_retry(struct loop *l, void *arg);

/* ---- waiting for acknowledgements ---- */

void
audit_wait_cancel(struct audit_wait *w)
{
	if (w->number == 0)
		return;
	w->number = 0;
	TAILQ_REMOVE(&w->of->waits, w, link);
	loop_timer_stop(w->of->loop, &w->late);
}

static void
wait_end(struct audit_wait *w, bool written)
{
	audit_wait_cancel(w);
	w->done(w, written); /* may free w */
}

static void
on_late(struct loop *l, void *arg)
{
	(void)l;
	wait_end(arg, false);
}

/* Numbers grow along the list, so the first that is not acknowledged ends
 * the search, and what done() adds comes after it. */
static void
on_change(struct audit_sender *s, void *arg)
{
	struct audit_link *a = arg;
	struct audit_wait *w;

	while ((w = TAILQ_FIRST(&a->waits)) != NULL &&
	    audit_sender_acked(s, w->number))
		wait_end(w, true);
	if (!audit_sender_up(s) && a->retry.slot == 0) {
		log_warn("the auditor is gone; starting it again");
		loop_timer_set(a->loop, &a->retry, usec_of_ms(0));
	}
}

/* ---- connecting ---- */

int
audit_link_channel(struct audit_link *a, enum role r, const char *id,
    const char *name, struct err *e)
{
	CLEAN_FD int fd = io_unix_connect(a->sock, SOCK_SEQPACKET, e);
	struct audit_hello h = { .role = r };
	struct chan c = { fd, ROLE_GATEWAY, ROLE_AUDITOR };
	unsigned char bytes[256];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };

	if (fd == -1 || io_set_nonblock(fd, true, e) == -1)
		return -1;
	must(str_copy(str_c(id), h.id, sizeof(h.id)) &&
	    str_copy(str_c(name), h.name, sizeof(h.name)));
	audit_hello_put(&w, &h);
	must(!w.over);
	if (chan_send(&c, MSG_AUDIT_HELLO, 0,
		str_of((const char *)bytes, w.len), NULL, 0, e) != 1)
		return err_wrap(e, "greet the auditor");
	return fd_take(&fd);
}

static int
connect_once(struct audit_link *a, struct err *e)
{
	int fd = audit_link_channel(a, ROLE_GATEWAY, "", "", e);

	return fd == -1 ? -1 : audit_sender_use(&a->sender, fd, e);
}

static int
spawn(struct audit_link *a, struct err *e)
{
	int pidfd = -1;
	pid_t pid;

	if (spawner_run(a->spawner, ROLE_AUDITOR, NULL, 0, -1, &pid, &pidfd,
		e) == -1)
		return -1;
	(void)close(pidfd); /* its lock says whether one runs */
	a->spawned = clock_mono();
	log_info("started the auditor, pid %d", (int)pid);
	return 0;
}

/* Connects, or starts one to connect to at the next try. */
static int
attempt(struct audit_link *a, struct err *e)
{
	if (connect_once(a, e) == 0)
		return 0;
	if (a->spawned.v == 0 ||
	    clock_mono().v - a->spawned.v > INT64_C(1000) * RESPAWN_MS)
		(void)spawn(a, e); /* e says why, if it is the last try */
	return -1;
}

int
audit_link_open(struct audit_link *a, struct err *e)
{
	int64_t until = clock_mono().v + INT64_C(1000) * OPEN_MS;

	while (attempt(a, e) == -1) {
		if (clock_mono().v > until)
			return err_wrap(e, "the auditor does not serve");
		(void)poll(NULL, 0, 1);
	}
	*e = (struct err){ 0 };
	return 0;
}

static void
on_retry(struct loop *l, void *arg)
{
	struct audit_link *a = arg;
	struct err e = { 0 };

	if (attempt(a, &e) == -1) {
		loop_timer_set(l, &a->retry, usec_of_ms(RETRY_MS));
		return;
	}
	log_info("the auditor serves again");
	a->on_new(a->arg);
}

/* ---- life ---- */

void
audit_link_init(struct audit_link *a, struct loop *l, struct spawner *s,
    const char *sock, void (*on_new)(void *), void *arg)
{
	*a = (struct audit_link){ .loop = l, .spawner = s, .sock = sock,
		.on_new = on_new, .arg = arg };
	TAILQ_INIT(&a->waits);
	audit_sender_init(&a->sender, l, ROLE_GATEWAY, on_change, a);
	a->retry = (struct loop_timer){ .on_time = on_retry, .arg = a };
}

int
audit_link_put(struct audit_link *a, const struct audit_record *r,
    struct audit_wait *w, void (*done)(struct audit_wait *, bool),
    struct err *e)
{
	uint32_t number = audit_sender_put(&a->sender, r);

	must(w->number == 0);
	if (number == 0)
		return err_set(e, ERR_STATE, "the audit log takes no records "
		    "now, so nothing may be changed");
	*w = (struct audit_wait){ .number = number, .of = a, .done = done,
		.late = { .on_time = on_late, .arg = w } };
	TAILQ_INSERT_TAIL(&a->waits, w, link);
	loop_timer_set(a->loop, &w->late, usec_of_ms(LATE_MS));
	return 0;
}

void
audit_link_note(struct audit_link *a, const struct audit_record *r)
{
	if (audit_sender_put(&a->sender, r) == 0)
		log_error("no room for a record: %.*s", (int)r->action.len,
		    r->action.p);
}

void
audit_link_fini(struct audit_link *a)
{
	struct audit_wait *w;

	/* what is in the log is also done; the rest did not happen */
	(void)audit_sender_drain(&a->sender, DRAIN_MS);
	while ((w = TAILQ_FIRST(&a->waits)) != NULL)
		wait_end(w, audit_sender_acked(&a->sender, w->number));
	loop_timer_stop(a->loop, &a->retry);
	if (!audit_sender_drain(&a->sender, DRAIN_MS))
		log_error("ending with records that the auditor did not "
		    "acknowledge");
	audit_sender_fini(&a->sender);
}
