/* attach.c -- one poll loop between three ends:
 *
 *	standard input ──▶ ATTACH_IN ──▶ channel ──▶ ATTACH_OUT ──▶ standard output
 *	signals ────────▶ ATTACH_SIGNAL, ATTACH_RESIZE ─▶          ATTACH_ERR ──▶ error
 *
 * At most one message waits in each direction: while it does, its source is
 * not read, so a slow reader at either end slows the other and nothing is
 * lost or piled up. What is due is sent in the order of flush_due(). */
#include "attach.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "msg/chan.h"
#include "tty.h"

#define IN_BYTES	32768
#define KEY_HOLD_MS	500	/* after Ctrl-P, for a Ctrl-Q */
#define REDRAW_MS	60	/* so that a program sees both sizes */
#define BROKEN_PIPE_MS	2000	/* for a program to end on SIGPIPE */

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
	SIGUSR2 };

enum more { MORE_YES, MORE_NO, MORE_BROKEN = -1 };

struct joined {
	struct chan ch;
	struct attach *at;
	bool raw;
	int sigfd;
	/* towards the program */
	char in[IN_BYTES + 1];
	size_t inlen;		/* waiting for room in the channel */
	bool in_over, in_end_due;
	bool resize_due;
	uint64_t signals_due;	/* bit per signal number */
	struct detach_keys keys;
	int64_t keys_at;	/* when a held Ctrl-P is sent on; 0: none */
	int64_t redraw_at;	/* when the true size is sent; 0: none */
	/* towards the user */
	int outfd;
	struct str out;		/* not written yet; inside buf */
	bool out_broken;	/* nobody reads standard output any more */
	int64_t broken_at;
	struct outcome *ended;
	unsigned char buf[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
};

static int64_t
now_ms(void)
{
	return clock_mono().v / 1000;
}

/* ---- towards the program ---- */

static int
send_small(struct joined *j, enum msg_type t, struct wbuf *w, struct err *e)
{
	must(!w->over);
	return chan_send(&j->ch, t, 0,
	    str_of((const char *)w->p, w->len), NULL, 0, e);
}

static int
send_size(struct joined *j, bool other, struct err *e)
{
	unsigned char bytes[16];
	struct wbuf w = { bytes, 0, sizeof(bytes), false };
	struct window size;

	tty_size(&size.rows, &size.cols);
	if (other)
		size.rows = (uint16_t)(size.rows > 2 ? size.rows - 1 :
						       size.rows + 1);
	window_put(&w, &size);
	return send_small(j, MSG_ATTACH_RESIZE, &w, e);
}

static int
send_signal(struct joined *j, int signo, struct err *e)
{
	unsigned char bytes[16];
	struct wbuf w = { bytes, 0, sizeof(bytes), false };
	struct signal_msg m = { .session = 0, .signo = signo };

	signal_put(&w, &m);
	return send_small(j, MSG_ATTACH_SIGNAL, &w, e);
}

static int
send_signals(struct joined *j, struct err *e)
{
	for (int s = 1; s < 64; s++) {
		int rc = 1;

		if ((j->signals_due & (UINT64_C(1) << s)) != 0)
			rc = send_signal(j, s, e);
		if (rc != 1)
			return rc;
		j->signals_due &= ~(UINT64_C(1) << s);
	}
	return 1;
}

/* 1: all that was due is sent; 0: the channel is full; -1: it is gone. */
static int
flush_due(struct joined *j, struct err *e)
{
	int rc = 1;

	if (j->resize_due && (rc = send_size(j, false, e)) == 1)
		j->resize_due = false;
	if (rc == 1)
		rc = send_signals(j, e);
	if (rc == 1 && j->inlen > 0 && (rc = chan_send(&j->ch, MSG_ATTACH_IN,
	    0, str_of(j->in, j->inlen), NULL, 0, e)) == 1)
		j->inlen = 0;
	if (rc == 1 && j->in_end_due && (rc = chan_send(&j->ch,
	    MSG_ATTACH_IN_END, 0, STR(""), NULL, 0, e)) == 1)
		j->in_end_due = false;
	return rc;
}

static bool
is_due(const struct joined *j)
{
	return j->resize_due || j->signals_due != 0 || j->inlen > 0 ||
	    j->in_end_due;
}

/* false: the user detached. */
static bool
take_typed(struct joined *j, const char *p, size_t n)
{
	if (!j->raw || !j->at->may_detach) {
		memcpy(j->in, p, n);
		j->inlen = n;
		return true;
	}
	if (detach_keys_feed(&j->keys, str_of(p, n), j->in, &j->inlen))
		return false;
	j->keys_at = j->keys.held ? now_ms() + KEY_HOLD_MS : 0;
	return true;
}

static enum more
read_in(struct joined *j)
{
	char typed[IN_BYTES];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));

	if (n > 0)
		return take_typed(j, typed, (size_t)n) ? MORE_YES : MORE_NO;
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return MORE_YES;
	j->in_over = true;
	if (j->raw)
		return MORE_NO; /* the terminal is gone */
	j->in_end_due = true;
	return MORE_YES;
}

static enum more
read_signal(struct joined *j)
{
	struct signalfd_siginfo si;

	if (read(j->sigfd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return MORE_YES;
	if (si.ssi_signo == SIGWINCH) {
		j->resize_due = j->at->tty;
		return MORE_YES;
	}
	if (si.ssi_signo == SIGHUP && j->raw)
		return MORE_NO;
	j->signals_due |= UINT64_C(1) << si.ssi_signo;
	return MORE_YES;
}

/* ---- towards the user ---- */

static enum more
take_message(struct joined *j, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);

	if (m->type == MSG_ATTACH_ENDED) {
		if (outcome_get(&r, j->ended) == -1)
			return (enum more)err_set(e, ERR_PEER,
			    "the supervisor sent an ending that is malformed");
		return MORE_NO;
	}
	j->outfd = m->type == MSG_ATTACH_ERR ? STDERR_FILENO : STDOUT_FILENO;
	j->out = m->body;
	if (j->raw)
		tty_saw(m->body);
	if (j->out_broken && j->outfd == STDOUT_FILENO)
		j->out = STR("");
	return MORE_YES;
}

static enum more
read_channel(struct joined *j, struct err *e)
{
	struct msg m;

	switch (chan_recv(&j->ch, j->buf, &m, e)) {
	case CHAN_AGAIN:
		return MORE_YES;
	case CHAN_MSG:
		return take_message(j, &m, e);
	case CHAN_END:
		(void)err_set(e, ERR_PEER, "the sandbox's supervisor went "
		    "away, and the sandbox with it");
		break;
	case CHAN_ERROR:
		break;
	}
	return MORE_BROKEN;
}

/* Nobody reads what the program writes: it is told so as a shell's pipeline
 * would tell it, and given a moment. */
static void
enter_broken(struct joined *j)
{
	j->out = STR("");
	j->out_broken = true;
	j->broken_at = now_ms() + BROKEN_PIPE_MS;
	j->signals_due |= UINT64_C(1) << SIGPIPE;
}

static enum more
write_out(struct joined *j, struct err *e)
{
	struct stat st;
	size_t n = j->out.len;
	ssize_t put;

	/* poll(2) promises room for this much and no more */
	if (n > PIPE_BUF && (fstat(j->outfd, &st) == -1 ||
	    !S_ISREG(st.st_mode)))
		n = PIPE_BUF;
	put = write(j->outfd, j->out.p, n);
	if (put >= 0) {
		j->out = str_from(j->out, (size_t)put);
		return MORE_YES;
	}
	if (errno == EINTR || errno == EAGAIN)
		return MORE_YES;
	if (j->raw)
		return MORE_NO; /* the terminal is gone */
	if (j->outfd == STDERR_FILENO)
		j->out = STR("");
	else if (errno == EPIPE)
		enter_broken(j);
	else
		return (enum more)err_sys(e, "write to standard output");
	return MORE_YES;
}

/* ---- the loop ---- */

enum { END_SIGNAL, END_CHANNEL, END_IN, END_OUT, END_COUNT };

static void
want_ends(const struct joined *j, struct pollfd p[END_COUNT])
{
	bool writing = j->out.len > 0;

	p[END_SIGNAL] = (struct pollfd){ j->sigfd, POLLIN, 0 };
	p[END_CHANNEL] = (struct pollfd){ j->ch.fd,
		(short)((writing ? 0 : POLLIN) | (is_due(j) ? POLLOUT : 0)),
		0 };
	p[END_IN] = (struct pollfd){ j->in_over || j->inlen > 0 ||
		j->out_broken ? -1 : STDIN_FILENO, POLLIN, 0 };
	p[END_OUT] = (struct pollfd){ writing ? j->outfd : -1, POLLOUT, 0 };
	if (p[END_CHANNEL].events == 0)
		p[END_CHANNEL].fd = -1; /* or its hangup would spin us */
}

static int
wait_ms(const struct joined *j)
{
	const int64_t at[] = { j->keys_at, j->redraw_at, j->broken_at };
	int64_t now = now_ms(), least = -1;

	for (size_t i = 0; i < NELEM(at); i++) {
		int64_t left = at[i] > now ? at[i] - now : 0;

		if (at[i] != 0 && (least == -1 || left < least))
			least = left;
	}
	return (int)least;
}

/* What was put off until now. */
static enum more
do_timed(struct joined *j)
{
	int64_t now = now_ms();

	if (j->keys_at != 0 && now >= j->keys_at && j->inlen == 0) {
		(void)detach_keys_feed(&j->keys, STR("\0"), j->in, &j->inlen);
		j->inlen--; /* the NUL that drove the Ctrl-P out */
		j->keys_at = 0;
	}
	if (j->redraw_at != 0 && now >= j->redraw_at) {
		j->resize_due = true;
		j->redraw_at = 0;
	}
	if (j->broken_at != 0 && now >= j->broken_at) {
		*j->ended = (struct outcome){ OUTCOME_SIGNALED, SIGPIPE, "" };
		j->at->left = true;
		return MORE_NO;
	}
	return MORE_YES;
}

static enum more
do_ready(struct joined *j, const struct pollfd p[END_COUNT], struct err *e)
{
	enum more more = MORE_YES;

	if (p[END_OUT].revents != 0)
		more = write_out(j, e);
	if (more == MORE_YES && p[END_SIGNAL].revents != 0)
		more = read_signal(j);
	if (more == MORE_YES && p[END_IN].revents != 0)
		more = read_in(j);
	if (more == MORE_YES && j->out.len == 0 &&
	    (p[END_CHANNEL].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		more = read_channel(j, e);
	return more;
}

static enum more
turn(struct joined *j, struct err *e)
{
	struct pollfd p[END_COUNT];
	struct err lost = { 0 };

	/* A channel that takes nothing more may still hold the ending. */
	if (flush_due(j, &lost) == -1) {
		j->inlen = 0;
		j->resize_due = j->in_end_due = false;
		j->in_over = true;
		j->signals_due = 0;
	}
	want_ends(j, p);
	if (poll(p, END_COUNT, wait_ms(j)) == -1)
		return errno == EINTR ? MORE_YES :
					(enum more)err_sys(e, "poll");
	if (do_timed(j) == MORE_NO)
		return MORE_NO;
	return do_ready(j, p, e);
}

static int
signals_to_fd(sigset_t *before, struct err *e)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGWINCH);
	for (size_t i = 0; i < NELEM(forwarded); i++)
		(void)sigaddset(&set, forwarded[i]);
	(void)sigprocmask(SIG_BLOCK, &set, before); /* arguments are valid */
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd == -1 ? err_sys(e, "signalfd") : fd;
}

static int
run_joined(struct joined *j, struct err *e)
{
	enum more more = MORE_YES;

	if (j->raw && tty_raw(e) == -1)
		return -1;
	if (j->at->tty && j->at->redraw && send_size(j, true, e) == 1)
		j->redraw_at = now_ms() + REDRAW_MS;
	while (more == MORE_YES)
		more = turn(j, e);
	if (j->raw) /* first, so that nothing more comes of them */
		tty_reset_modes(j->ended->kind == OUTCOME_DETACHED);
	tty_restore();
	return more == MORE_BROKEN ? -1 : 0;
}

int
attach_run(struct attach *at, struct outcome *out, struct err *e)
{
	CLEAN_FREE struct joined *j = mem_alloc(1, sizeof(*j));
	CLEAN_FD int sigfd = -1;
	sigset_t before;
	int rc;

	*out = (struct outcome){ .kind = OUTCOME_DETACHED };
	*j = (struct joined){ .ch = { at->fd, ROLE_CLI, ROLE_SUPERVISOR },
		.at = at, .ended = out };
	j->raw = at->tty && isatty(STDIN_FILENO) == 1;
	sigfd = signals_to_fd(&before, e);
	if (sigfd == -1)
		return -1;
	j->sigfd = sigfd;
	rc = run_joined(j, e);
	(void)sigprocmask(SIG_SETMASK, &before, NULL); /* valid arguments */
	chan_close(&j->ch);
	at->fd = -1;
	return rc;
}

int
attach_code(const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_EXITED:
		return o->code & 0xff;
	case OUTCOME_SIGNALED:
		return 128 + (o->code & 0x7f);
	case OUTCOME_DETACHED:
		return 0;
	case OUTCOME_STOPPED: /* 124: by its own timeout */
		return o->code == 124 ? 124 : 1;
	case OUTCOME_FAILED:
		break;
	}
	return 1;
}
