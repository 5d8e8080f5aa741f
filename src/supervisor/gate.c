/* gate.c -- the broker, which is the sandbox's outer first process: when it
 * ends, so has all inside. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/paths.h"
#include "jail/gate.h"
#include "jail/place.h"
#include "policy/exec.h"
#include "policy/files.h"
#include "policy/image.h"
#include "supervisor/supervisor.h"

#define START_WAIT_MS 2000
#define PING_MS	      10000
#define PINGS_MAX     3	/* unanswered; more than the log may take to wait for,
			 * and no number of seconds, which pass while all of us
			 * are frozen */

int
gate_prepare(struct supervisor *s, int *program, int *theirs, struct err *e)
{
	char path[PATH_BYTES_MAX];
	int fds[2];

	if (paths_program(roles[ROLE_BROKER].program, path, e) == -1 ||
	    chan_pair(fds, e) == -1)
		return -1;
	s->broker = (struct chan){ fds[0], ROLE_SUPERVISOR, ROLE_BROKER };
	*theirs = fds[1];
	*program = open(path, O_RDONLY | O_CLOEXEC);
	return *program == -1 ? err_sys(e, "open %s", path) : 0;
}

/* A mount is as an allow where the policy allows nothing; where it allows
 * something, in the mount or above, its rules are all there is. Either way
 * what is in it is the host's, also in the sandbox's home. */
static uint32_t
operators_word(const struct image *im, const struct box_mount *m)
{
	const struct file_query q = { .path = str_c(m->inside) };
	struct file_below below;

	policy_file_below(im, q.path, 0, &below);
	if (policy_file_judge(im, &q) != 0 || below.read != FILE_NONE ||
	    below.write != FILE_NONE)
		return FILE_MOUNTED;
	return FILE_MOUNTED | (m->read_only ? FILE_READ :
				    FILE_READ | FILE_WRITE);
}

/* The operator's mount that a path lies in gives it, too: the innermost. */
static unsigned
mount_gives(const struct supervisor *s, const char *path)
{
	const struct box_mount *in = NULL;

	for (uint32_t i = 0; i < s->spec.nmounts; i++) {
		const struct box_mount *m = &s->spec.mounts[i];

		if (path_below(path, m->inside) && (in == NULL ||
			strlen(m->inside) > strlen(in->inside)))
			in = m;
	}
	if (in == NULL)
		return 0;
	return operators_word(s->image, in);
}

static bool
may_read_here(const struct supervisor *s, const char *path, bool tree)
{
	const struct file_query q = { .path = str_c(path),
		.access = FILE_READ, .mounted = mount_gives(s, path) };
	struct file_below below;

	policy_file_below(s->image, q.path, q.mounted, &below);
	return (policy_file_judge(s->image, &q) & FILE_READ) != 0 &&
	    (!tree || below.read == FILE_ALL);
}

/* What reads.h asks for. Each mount below is another place. */
static bool
may_read(const void *supervisor, const char *path, bool tree)
{
	const struct supervisor *s = supervisor;
	bool may = may_read_here(s, path, tree);

	for (uint32_t i = 0; may && tree && i < s->spec.nmounts; i++)
		if (path_below(s->spec.mounts[i].inside, path))
			may = may_read_here(s, s->spec.mounts[i].inside, true);
	return may;
}

/* Nothing but names decides what may be read, and it is the same for all. A
 * script is another thing than its name to who executes it. */
struct reads
gate_reads(const struct supervisor *s)
{
	const struct image *im = s->image;
	const struct image_info *info = image_info(im);
	const bool by_name = info->mode == POLICY_ENFORCE && !info->file_hide &&
	    !image_has_commands(im) && image_profiles(im) == 0;

	return by_name ? (struct reads){ may_read, s } : (struct reads){ 0 };
}

int
gate_start(struct supervisor *s, struct err *e)
{
	struct broker_mount mounts[MOUNT_COUNT_MAX];
	const struct broker_start v = { s->env, mounts, s->spec.nmounts,
		s->spec.created, s->spec.approval_s };
	struct wbuf w = { .p = s->out, .cap = sizeof(s->out) };
	int rc;

	for (uint32_t i = 0; i < s->spec.nmounts; i++)
		mounts[i] = (struct broker_mount){ s->spec.mounts[i].inside,
			operators_word(s->image, &s->spec.mounts[i]) };
	broker_start_put(&w, &v);
	rc = chan_send_wait(&s->broker, MSG_BROKER_START, 0,
	    str_of((const char *)s->out, w.len), &s->image_fd, 1,
	    START_WAIT_MS, e);
	fd_close(&s->image_fd);
	return rc == 1 ? 0 : -1;
}

static void
on_failed(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct reply p;

	if (reply_get(&r, &p) == 0)
		(void)snprintf(s->broker_why, sizeof(s->broker_why),
		    "the broker: %.400s", p.reason);
}

/* Init could not be started; it may be because the broker could not. */
void
gate_unready(struct supervisor *s, const char *reason)
{
	if (s->broker_why[0] == '\0')
		(void)snprintf(s->broker_why, sizeof(s->broker_why), "%s",
		    reason);
}

static void
on_event(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct broker_event v;
	char reason[1200];
	struct audit_record a = { .kind = AUDIT_FILE, .when = clock_wall(),
		.generation = s->generation, .policy_hash =
		    str_c(image_info(s->image)->hash) };

	if (broker_event_get(&r, &v) == -1) {
		life_end(s, OUTCOME_FAILED, 0,
		    "the broker sent a BROKER_EVENT that is not well formed");
		return;
	}
	a.verdict = !v.allowed ? AUDIT_DENIED :
	    v.judged	       ? AUDIT_ALLOWED :
				 AUDIT_OBSERVED;
	a.action = v.write ? STR("write") : STR("read");
	a.pid = v.pid;
	a.path = v.path;
	a.exe = v.exe;
	a.rule = v.rule;
	a.profile = v.profile;
	(void)snprintf(reason, sizeof(reason), "%.*s", (int)v.reason.len,
	    v.reason.p);
	if (v.count > 1)
		(void)snprintf(reason, sizeof(reason), "%.*s (%u times)",
		    (int)v.reason.len, v.reason.p, v.count);
	a.reason = str_c(reason);
	if (audit_sender_put(&s->audit, &a) == 0)
		life_end(s, OUTCOME_FAILED, 0,
		    "the log takes no records of files, so the sandbox was "
		    "stopped");
}

static void
on_exec(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct broker_exec v;
	char reason[AUDIT_REASON_BYTES_MAX + 1], times[24] = "";
	struct audit_record a = { .kind = AUDIT_COMMAND, .when = clock_wall(),
		.generation = s->generation, .policy_hash =
		    str_c(image_info(s->image)->hash) };

	if (broker_exec_get(&r, &v) == -1) {
		life_end(s, OUTCOME_FAILED, 0,
		    "the broker sent a BROKER_EXEC that is not well formed");
		return;
	}
	a.verdict = !v.allowed ? AUDIT_DENIED : v.judged ? AUDIT_ALLOWED :
	    AUDIT_OBSERVED;
	a.action = v.command;
	a.profile = v.profile;
	a.pid = v.pid;
	a.path = v.path;
	a.exe = str_head(v.callers, str_index(v.callers, ','));
	a.rule = v.rule;
	if (v.count > 1)
		(void)snprintf(times, sizeof(times), " (%u times)", v.count);
	(void)snprintf(reason, sizeof(reason), "%.*s%s; started by %.*s",
	    (int)str_upto(v.reason, 400).len, v.reason.p, times,
	    (int)v.callers.len, v.callers.p);
	a.reason = str_c(reason);
	if (audit_sender_put(&s->audit, &a) == 0)
		life_end(s, OUTCOME_FAILED, 0,
		    "the log takes no records of commands, so the sandbox was "
		    "stopped");
}

/* Nothing is read that could not be recorded; the broker waits then, and
 * those who ask it. */
void
gate_on_audit(struct audit_sender *audit, void *arg)
{
	struct supervisor *s = arg;

	if (s->broker_io.watched && audit_sender_ready(audit))
		loop_want(s->loop, &s->broker_io, LOOP_READ);
}

static void
broker_on_io(struct loop *l, unsigned events, void *arg)
{
	struct supervisor *s = arg;
	struct err e = { 0 };
	struct msg m;

	(void)events;
	if (!audit_sender_ready(&s->audit)) {
		loop_want(l, &s->broker_io, LOOP_NONE);
		return;
	}
	switch (chan_recv(&s->broker, s->in, &m, &e)) {
	case CHAN_ERROR:
		life_end(s, OUTCOME_FAILED, 0, "%s", e.text);
		loop_unwatch(l, &s->broker_io);
		return;
	case CHAN_END: /* its end is known by its pidfd */
		loop_unwatch(l, &s->broker_io);
		return;
	case CHAN_AGAIN:
		return;
	case CHAN_MSG:
		break;
	}
	s->pings = 0;
	if (m.type == MSG_BROKER_FAILED)
		on_failed(s, &m);
	else if (m.type == MSG_BROKER_EVENT)
		on_event(s, &m);
	else if (m.type == MSG_PROPOSAL_PUT || m.type == MSG_PROPOSAL_OVER)
		propose(s, &m);
	else if (m.type == MSG_BROKER_EXEC)
		on_exec(s, &m);
	msg_close(&m);
}

/* What is stopped or stuck answers nobody, and all inside would wait for it
 * without a word. While the log takes nothing we do not listen. */
static void
on_ping_time(struct loop *l, void *arg)
{
	struct supervisor *s = arg;

	if (s->life >= LIFE_ENDING)
		return;
	if (s->life == LIFE_STARTING || !audit_sender_ready(&s->audit))
		s->pings = 0;
	if (s->pings == PINGS_MAX) {
		life_end(s, OUTCOME_FAILED, 0, "the broker has not answered "
		    "for %d s (is it stopped, or does a disk not answer?), so "
		    "the sandbox was stopped: nothing may be opened unjudged",
		    PING_MS / 1000 * PINGS_MAX);
		return;
	}
	s->pings++;
	(void)chan_send(&s->broker, MSG_BROKER_PING, 0, STR(""), NULL, 0,
	    NULL); /* full: it has enough to answer */
	loop_timer_set(l, &s->ping_timer, usec_of_ms(PING_MS));
}

int
gate_watch(struct supervisor *s, struct err *e)
{
	if (s->gate == GATE_NONE)
		return 0;
	s->ping_timer.on_time = on_ping_time;
	s->ping_timer.arg = s;
	loop_timer_set(s->loop, &s->ping_timer, usec_of_ms(PING_MS));
	s->broker_io = (struct loop_io){ .fd = s->broker.fd,
		.want = LOOP_READ, .on_io = broker_on_io, .arg = s };
	return loop_watch(s->loop, &s->broker_io, e);
}

void
gate_ended(struct supervisor *s, int status)
{
	if (s->broker_why[0] != '\0')
		life_end(s, OUTCOME_FAILED, 0, "%s", s->broker_why);
	else if (!WIFEXITED(status) ||
	    WEXITSTATUS(status) != GATE_INIT_ENDED) /* else init went first */
		life_end(s, OUTCOME_FAILED, 0, "the broker died (%s %d), so "
		    "the sandbox was stopped: nothing may be opened unjudged",
		    WIFSIGNALED(status) ? "signal" : "exit code",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
					  WEXITSTATUS(status));
}
