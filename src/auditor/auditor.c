/* auditor.c -- records in, lines out, in one order.
 *
 *	speaker ──AUDIT_PUT──▶ stamp, print ──▶ pending ──write──▶ segment
 *	speaker ◀──AUDIT_ACK── once its last byte is in the segment
 *
 * 1. A channel's first message is AUDIT_HELLO from a gateway; it names who
 *    speaks from then on, and nothing later changes that.
 * 2. A record is a line of its own, in the order of taking, with the next
 *    sequence number. A line is never changed and never taken away.
 * 3. While the log takes nothing (full disk, I/O error) no channel is read:
 *    senders see a full channel, and stop what they could not record.
 * 4. An acknowledged record is in the file. After at most a second, and for
 *    changes of policy or configuration before the acknowledgement, it is on
 *    the disk too.
 */
#include "auditor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "msg/body.h"

#define RETRY_MS	500
#define SYNC_MS		1000
#define READS_PER_TURN	16	/* messages of one speaker, then the next */
#define PENDING_KEPT_BYTES 65536 /* memory kept from burst to burst */
/* One message of the smallest records, or of text that is printed four
 * times as \u00XX, becomes at most this many bytes of lines. */
#define PUT_LINES_BYTES_MAX 6291456
#define SPEAKERS_MAX	(2 * SANDBOX_COUNT_MAX + 64)

struct flight { /* an acknowledgement owed once written passes end */
	uint32_t id;
	uint64_t end;
};

struct speaker {
	TAILQ_ENTRY(speaker) link;
	struct auditor *a;
	struct chan chan;
	struct loop_io io;
	enum role role;		/* ROLE_NONE before AUDIT_HELLO */
	char id[ID_BYTES_MAX + 1], name[NAME_BYTES_MAX + 1];
	struct flight flight[AUDIT_FLIGHT_MAX];
	unsigned first, n;	/* a ring */
	bool deaf;		/* gone; what it said before is still taken */
};

static void speaker_rearm(struct speaker *s);

/* ---- lines ---- */

static uint32_t
today(void)
{
	time_t now = (time_t)(clock_wall().v / 1000000);
	struct tm tm = { 0 };

	(void)gmtime_r(&now, &tm);
	return (uint32_t)((tm.tm_year + 1900) * 10000 +
	    (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

static void
add_line(struct auditor *a, const struct audit_record *r,
    const struct speaker *s)
{
	bool about = s != NULL && s->role == ROLE_GATEWAY;
	struct audit_stamp stamp = { ++a->log.seq,
		s == NULL ? "auditor" : role_name(s->role),
		about ? r->sandbox_id : str_c(s == NULL ? "" : s->id),
		about ? r->sandbox : str_c(s == NULL ? "" : s->name) };
	size_t before = a->pending.len;

	must(audit_ocsf_print(&a->pending, r, &stamp));
	a->added += a->pending.len - before;
	if (r->kind == AUDIT_POLICY || r->kind == AUDIT_CONFIG)
		a->urgent = true;
}

/* What the auditor itself has to say. */
static void
add_finding(struct auditor *a, const struct speaker *s, const char *reason)
{
	struct audit_record r = { .kind = AUDIT_FINDING,
		.verdict = AUDIT_OBSERVED, .when = clock_wall(),
		.reason = str_c(reason) };

	if (s == NULL || s->role != ROLE_NONE)
		add_line(a, &r, s);
	log_warn("%s", reason);
}

/* ---- speakers ---- */

static void
speaker_free(struct speaker *s)
{
	struct auditor *a = s->a;

	loop_unwatch(a->loop, &s->io);
	chan_close(&s->chan);
	TAILQ_REMOVE(&a->speakers, s, link);
	a->nspeakers--;
	if (a->nspeakers == 0)
		loop_timer_set(a->loop, &a->idle,
		    usec_of_ms(INT64_C(1000) * AUDITOR_IDLE_S));
	free(s);
}

static int
speaker_hello(struct speaker *s, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct audit_hello h;

	if (s->role != ROLE_NONE)
		return err_set(e, ERR_PEER, "a second AUDIT_HELLO");
	if (audit_hello_get(&r, &h) == -1 || (h.role != ROLE_GATEWAY &&
	    h.role != ROLE_SUPERVISOR && h.role != ROLE_EGRESS))
		return err_set(e, ERR_PEER, "a malformed AUDIT_HELLO");
	s->role = s->chan.peer = (enum role)h.role;
	memcpy(s->id, h.id, sizeof(s->id));
	memcpy(s->name, h.name, sizeof(s->name));
	return 0;
}

static int
speaker_put(struct speaker *s, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);

	if (s->role == ROLE_NONE)
		return err_set(e, ERR_PEER, "AUDIT_PUT before AUDIT_HELLO");
	while (r.at < r.len) {
		struct audit_record rec;

		if (audit_record_get(&r, &rec) == -1)
			return err_set(e, ERR_PEER, "a malformed record");
		add_line(s->a, &rec, s);
	}
	if (m->id != 0 && !s->deaf) {
		s->flight[(s->first + s->n) % AUDIT_FLIGHT_MAX] =
		    (struct flight){ m->id, s->a->added };
		s->n++;
	}
	return 0;
}

static int
speaker_take(struct speaker *s, const struct msg *m, struct err *e)
{
	return m->type == MSG_AUDIT_HELLO ? speaker_hello(s, m, e) :
					    speaker_put(s, m, e);
}

static void
speaker_fault(struct speaker *s, const struct err *e)
{
	char text[ERR_BYTES_MAX + 64];

	(void)snprintf(text, sizeof(text), "%s broke the audit channel's "
	    "rules: %s; channel closed", role_name(s->role), e->text);
	add_finding(s->a, s, text);
	speaker_free(s);
}

static bool
may_read(const struct speaker *s)
{
	return !s->a->stalled && s->n < AUDIT_FLIGHT_MAX &&
	    s->a->pending.len < AUDIT_PENDING_BYTES_MAX;
}

/* false: s is no more. */
static bool
speaker_read(struct speaker *s)
{
	struct auditor *a = s->a;

	for (int i = 0; i < READS_PER_TURN && may_read(s); i++) {
		struct err e = { 0 };
		struct msg m;
		enum chan_got got = chan_recv(&s->chan, a->recv, &m, &e);

		if (got == CHAN_AGAIN)
			return true;
		if (got == CHAN_END) {
			speaker_free(s);
			return false;
		}
		if (got == CHAN_ERROR || speaker_take(s, &m, &e) == -1) {
			speaker_fault(s, &e);
			return false;
		}
	}
	return true;
}

/* Acknowledges what is written. */
static void
speaker_ack(struct speaker *s)
{
	while (s->n > 0 && s->flight[s->first].end <= s->a->written) {
		struct err e = { 0 };
		int rc = chan_send(&s->chan, MSG_AUDIT_ACK,
		    s->flight[s->first].id, STR(""), NULL, 0, &e);

		if (rc == 0)
			return;
		s->deaf = rc == -1;
		s->first = (s->first + 1) % AUDIT_FLIGHT_MAX;
		s->n = s->deaf ? 0 : s->n - 1;
	}
}

static void
speaker_on_io(struct loop *l, unsigned events, void *arg)
{
	struct speaker *s = arg;

	(void)l;
	if ((events & LOOP_WRITE) != 0)
		speaker_ack(s);
	if (speaker_read(s))
		speaker_rearm(s);
}

/* Unwatched altogether while it may say nothing: a hang-up would otherwise
 * wake the loop again and again. */
static void
speaker_rearm(struct speaker *s)
{
	unsigned want = (may_read(s) ? LOOP_READ : 0U) |
	    (s->n > 0 && s->flight[s->first].end <= s->a->written ?
	    (unsigned)LOOP_WRITE : 0U);
	struct err e = { 0 };

	if (want == LOOP_NONE) {
		loop_unwatch(s->a->loop, &s->io);
	} else if (s->io.watched) {
		loop_want(s->a->loop, &s->io, want);
	} else {
		s->io.want = want;
		if (loop_watch(s->a->loop, &s->io, &e) == -1)
			die("%s", e.text);
	}
}

static void
speaker_new(struct auditor *a, int fd)
{
	struct speaker *s = mem_alloc(1, sizeof(*s));

	s->a = a;
	s->chan = (struct chan){ fd, ROLE_AUDITOR, ROLE_GATEWAY };
	s->io = (struct loop_io){ .fd = fd, .on_io = speaker_on_io,
		.arg = s };
	TAILQ_INSERT_TAIL(&a->speakers, s, link);
	a->nspeakers++;
	loop_timer_stop(a->loop, &a->idle);
	speaker_rearm(s);
}

static void
on_listen(struct loop *l, unsigned events, void *arg)
{
	struct auditor *a = arg;

	(void)l;
	(void)events;
	for (int i = 0; i < READS_PER_TURN; i++) {
		CLEAN_FD int fd = accept4(a->listen.fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct err e = { 0 };
		uid_t uid;

		if (fd == -1)
			return;
		if (io_peer(fd, &uid, NULL, &e) == -1 || uid != geteuid() ||
		    a->nspeakers >= SPEAKERS_MAX)
			continue;
		speaker_new(a, fd_take(&fd));
	}
}

/* ---- writing ---- */

/* After the state of all changed: acknowledge and listen, or stop to. */
static void
rearm_all(struct auditor *a)
{
	struct speaker *s = TAILQ_FIRST(&a->speakers);

	for (; s != NULL; s = TAILQ_NEXT(s, link)) {
		speaker_ack(s);
		speaker_rearm(s);
	}
}

static void
stall(struct auditor *a, const struct err *e)
{
	if (!a->stalled)
		log_error("%s; no record is taken until it can be written",
		    e->text);
	a->stalled = true;
	loop_timer_set(a->loop, &a->retry, usec_of_ms(RETRY_MS));
	rearm_all(a);
}

static int
sync_now(struct auditor *a, struct err *e)
{
	if (segments_sync(&a->log, e) == -1)
		return -1;
	a->urgent = a->unsynced = false;
	loop_timer_stop(a->loop, &a->sync);
	return 0;
}

static int
write_pending(struct auditor *a, struct err *e)
{
	if (!a->within_line && a->pending.len > 0 &&
	    segments_turn(&a->log, today(), e) == -1)
		return -1;
	while (a->pending.len > 0) {
		struct str left = buf_str(&a->pending);
		ssize_t n = segments_append(&a->log, left, e);

		if (n == -1)
			return -1;
		a->within_line = n > 0 ? left.p[n - 1] != '\n' :
					 a->within_line;
		buf_eat(&a->pending, (size_t)n);
		a->written += (uint64_t)n;
		a->unsynced = true;
	}
	return a->urgent ? sync_now(a, e) : 0;
}

/* At the end of each pass: all that was taken in it, in one write. */
static void
on_idle(struct loop *l, void *arg)
{
	struct auditor *a = arg;
	struct err e = { 0 };

	if (a->stalled || a->pending.len == 0)
		return;
	if (write_pending(a, &e) == -1) {
		stall(a, &e);
		return;
	}
	if (a->unsynced && a->sync.slot == 0)
		loop_timer_set(l, &a->sync, usec_of_ms(SYNC_MS));
	rearm_all(a);
	if (a->pending.cap > PENDING_KEPT_BYTES)
		buf_shrink(&a->pending);
}

static void
on_retry(struct loop *l, void *arg)
{
	struct auditor *a = arg;
	struct err e = { 0 };

	(void)l;
	if (write_pending(a, &e) == -1) {
		stall(a, &e);
		return;
	}
	log_info("the log takes records again");
	a->stalled = false;
	rearm_all(a);
}

static void
on_sync(struct loop *l, void *arg)
{
	struct auditor *a = arg;
	struct err e = { 0 };

	(void)l;
	if (sync_now(a, &e) == -1)
		stall(a, &e);
}

static void
on_idle_time(struct loop *l, void *arg)
{
	(void)arg;
	log_info("nobody has spoken for %d s; ending", AUDITOR_IDLE_S);
	loop_stop(l);
}

/* ---- life ---- */

int
auditor_init(struct auditor *a, struct loop *l, int log_dirfd, int listen_fd,
    struct err *e)
{
	*a = (struct auditor){ .loop = l };
	TAILQ_INIT(&a->speakers);
	if (segments_open(&a->log, log_dirfd, e) == -1)
		return -1;
	buf_init(&a->pending, AUDIT_PENDING_BYTES_MAX + PUT_LINES_BYTES_MAX);
	a->recv = mem_alloc(1, MSG_BYTES_MAX + CHAN_HEAD_BYTES);
	a->retry = (struct loop_timer){ .on_time = on_retry, .arg = a };
	a->sync = (struct loop_timer){ .on_time = on_sync, .arg = a };
	a->idle = (struct loop_timer){ .on_time = on_idle_time, .arg = a };
	a->listen = (struct loop_io){ .fd = listen_fd, .want = LOOP_READ,
		.on_io = on_listen, .arg = a };
	return 0;
}

int
auditor_start(struct auditor *a, struct err *e)
{
	loop_set_idle(a->loop, on_idle, a);
	if (a->log.torn) {
		/* the line stays as the evidence that it is */
		if (segments_append(&a->log, STR("\n"), e) == -1)
			return -1;
		add_finding(a, NULL, "the log's last line was cut short when "
		    "the auditor ended; it was left in place");
		if (write_pending(a, e) == -1)
			return -1;
	}
	loop_timer_set(a->loop, &a->idle,
	    usec_of_ms(INT64_C(1000) * AUDITOR_IDLE_S));
	return loop_watch(a->loop, &a->listen, e);
}

void
auditor_fini(struct auditor *a)
{
	struct err e = { 0 };

	loop_set_idle(a->loop, NULL, NULL);
	if (!a->stalled && write_pending(a, &e) == -1)
		log_error("%s", e.text);
	if (segments_sync(&a->log, &e) == -1)
		log_error("%s", e.text);
	rearm_all(a);
	while (!TAILQ_EMPTY(&a->speakers))
		speaker_free(TAILQ_FIRST(&a->speakers));
	loop_timer_stop(a->loop, &a->idle);
	loop_unwatch(a->loop, &a->listen);
	segments_close(&a->log);
	buf_fini(&a->pending);
	free(a->recv);
}
