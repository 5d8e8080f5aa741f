/* t_cli_io.c -- the command line's two wires: HTTP with the gateway, and the
 * attach channel, with this program at the other end. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "http.h"
#include "msg/chan.h"

#define WAIT_MS 5000

/* ---- HTTP ---- */

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static const struct {
	const char *what, *answer;
	int status;	   /* -1: refused */
	const char *body;  /* NULL: refused while reading it */
} answers[] = {
	{ "a body of known length", OK_HEAD "Content-Length: 2\r\n\r\n{}", 200,
	    "{}" },
	{ "no body", "HTTP/1.1 204 No Content\r\n\r\n", 204, "" },
	{ "an empty body", OK_HEAD "Content-Length: 0\r\n\r\n", 200, "" },
	{ "chunks", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, "abcde" },
	{ "no chunks", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n", 200, "" },
	{ "a chunk's size in capitals",
	    OK_HEAD "transfer-encoding: chunked\r\n\r\n"
	    "A\r\n0123456789\r\n0\r\n\r\n", 200, "0123456789" },
	{ "a size that is none", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
	    "x\r\nabc\r\n0\r\n\r\n", 200, NULL },
	{ "a size without an end", OK_HEAD
	    "Transfer-Encoding: chunked\r\n\r\n123456789\r\n", 200, NULL },
	{ "a body cut short", OK_HEAD "Content-Length: 3\r\n\r\n{}", 200,
	    NULL },
	{ "another protocol", "SSH-2.0-x\r\n\r\n", -1, NULL },
	{ "a head cut short", "HTTP/1.1 200 OK\r\nA: b\r\n", -1, NULL },
	{ "a bare line feed", "HTTP/1.1 200 OK\n\n", -1, NULL },
};

/* Each byte comes by itself: packets keep them apart. */
static int
feed(const char *bytes)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	for (const char *p = bytes; *p != '\0'; p++)
		assert_int_equal(send(fds[1], p, 1, 0), 1);
	(void)close(fds[1]);
	return fds[0];
}

static void
read_body(struct http *h, const char *want, const char *what)
{
	struct err e = { 0 };
	struct str part;
	struct buf all;
	int rc;

	buf_init(&all, 4096);
	while ((rc = http_body(h, &part, &e)) == 1)
		assert_true(buf_adds(&all, part));
	if ((rc == 0) != (want != NULL))
		fail_msg("%s: %d %s", what, rc, e.text);
	if (want != NULL && !str_eqz(buf_str(&all), want))
		fail_msg("%s: %.*s", what, (int)buf_str(&all).len,
		    buf_str(&all).p);
	buf_fini(&all);
}

static void
answers_are_read_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(answers); i++) {
		struct http h;
		struct err e = { 0 };
		int rc;

		http_init(&h, feed(answers[i].answer));
		rc = http_head(&h, &e);
		if (rc != (answers[i].status == -1 ? -1 : 0))
			fail_msg("%s: %d %s", answers[i].what, rc, e.text);
		if (rc == 0) {
			assert_int_equal(h.status, answers[i].status);
			read_body(&h, answers[i].body, answers[i].what);
		}
		http_fini(&h);
	}
}

static void
a_descriptor_comes_with_an_answer(void **state)
{
	static const char answer[] = OK_HEAD "Content-Length: 0\r\n\r\n";
	union {
		struct cmsghdr h;
		char bytes[CMSG_SPACE(sizeof(int))];
	} ctl = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)answer, sizeof(answer) - 1 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl.bytes, .msg_controllen = sizeof(ctl) };
	int fds[2], passed = STDERR_FILENO;
	struct http h;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ctl.h.cmsg_level = SOL_SOCKET;
	ctl.h.cmsg_type = SCM_RIGHTS;
	ctl.h.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&ctl.h), &passed, sizeof(passed));
	assert_true(sendmsg(fds[1], &mh, 0) > 0);
	http_init(&h, fds[0]);
	assert_int_equal(http_head(&h, &e), 0);
	assert_true(h.passed > 2);
	http_fini(&h);
	(void)close(fds[1]);
}

static void
words_of_a_path_cannot_leave_it(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	http_escape(&b, STR("a-b/../c?d=e f\r\n%@last"));
	assert_true(str_eqz(buf_str(&b),
	    "a-b%2F..%2Fc%3Fd%3De%20f%0D%0A%25@last"));
	buf_fini(&b);
}

/* ---- attach ---- */

struct far { /* the supervisor's end, and the pipes of the attached program */
	struct chan ch;
	pid_t pid;
	int in, out, error;
	unsigned char *buf;
	struct msg m;
};

static void
attached_child(int fd, const int in[2], const int out[2], const int error[2])
{
	struct attach at = { .fd = fd };
	struct outcome o;
	struct err e = { 0 };

	(void)dup2(in[0], 0);
	(void)dup2(out[1], 1);
	(void)dup2(error[1], 2);
	for (int i = 0; i < 2; i++) {
		(void)close(in[i]);
		(void)close(out[i]);
		(void)close(error[i]);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	_exit(attach_run(&at, &o, &e) == 0 ? attach_code(&o) : 99);
}

static void
far_start(struct far *f)
{
	int pair[2], in[2], out[2], error[2];
	struct err e = { 0 };

	assert_int_equal(chan_pair(pair, &e), 0);
	assert_int_equal(pipe(in) | pipe(out) | pipe(error), 0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		(void)close(pair[0]);
		attached_child(pair[1], in, out, error);
	}
	(void)close(pair[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(error[1]);
	f->ch = (struct chan){ pair[0], ROLE_SUPERVISOR, ROLE_CLI };
	f->in = in[1];
	f->out = out[0];
	f->error = error[0];
	f->buf = malloc(MSG_BYTES_MAX + CHAN_HEAD_BYTES);
	assert_non_null(f->buf);
}

static int
far_end(struct far *f)
{
	int status = 0;

	chan_close(&f->ch);
	fd_close(&f->in);
	fd_close(&f->out);
	fd_close(&f->error);
	free(f->buf);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
far_send(struct far *f, enum msg_type t, struct str body)
{
	struct err e = { 0 };

	if (chan_send_wait(&f->ch, t, 0, body, NULL, 0, WAIT_MS, &e) != 1)
		fail_msg("%s", e.text);
}

static void
far_ended(struct far *f, enum outcome_kind kind, int code)
{
	unsigned char bytes[1024];
	struct wbuf w = { bytes, 0, sizeof(bytes), false };
	struct outcome o = { kind, code, "" };

	outcome_put(&w, &o);
	far_send(f, MSG_ATTACH_ENDED, str_of((const char *)bytes, w.len));
}

static enum msg_type
far_recv(struct far *f)
{
	struct err e = { 0 };

	if (chan_recv_wait(&f->ch, f->buf, &f->m, WAIT_MS, &e) != CHAN_MSG)
		fail_msg("nothing came: %s", e.text);
	return f->m.type;
}

static void
want_read(int fd, const char *want)
{
	char got[64];
	size_t at = 0;

	while (at < strlen(want)) {
		ssize_t n = read(fd, got + at, sizeof(got) - at);

		assert_true(n > 0);
		at += (size_t)n;
	}
	assert_true(str_eqz(str_of(got, at), want));
}

static const struct {
	enum outcome_kind kind;
	int code, want;
} endings[] = {
	{ OUTCOME_EXITED, 0, 0 }, { OUTCOME_EXITED, 7, 7 },
	{ OUTCOME_SIGNALED, 9, 137 }, { OUTCOME_FAILED, 0, 1 },
	{ OUTCOME_STOPPED, 0, 1 }, { OUTCOME_STOPPED, 124, 124 },
};

static void
the_exit_code_is_the_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(endings); i++) {
		struct far f;

		far_start(&f);
		far_ended(&f, endings[i].kind, endings[i].code);
		assert_int_equal(far_end(&f), endings[i].want);
	}
}

static void
output_and_errors_stay_apart_and_come_before_the_end(void **state)
{
	struct far f;

	(void)state;
	far_start(&f);
	far_send(&f, MSG_ATTACH_OUT, STR("out"));
	far_send(&f, MSG_ATTACH_ERR, STR("err"));
	far_send(&f, MSG_ATTACH_OUT, STR("put"));
	far_ended(&f, OUTCOME_EXITED, 3);
	want_read(f.out, "output");
	want_read(f.error, "err");
	assert_int_equal(far_end(&f), 3);
}

static void
input_comes_with_its_end(void **state)
{
	struct far f;

	(void)state;
	far_start(&f);
	assert_int_equal(write(f.in, "abc", 3), 3);
	assert_int_equal(far_recv(&f), MSG_ATTACH_IN);
	assert_true(str_eqz(f.m.body, "abc"));
	fd_close(&f.in);
	assert_int_equal(far_recv(&f), MSG_ATTACH_IN_END);
	far_ended(&f, OUTCOME_EXITED, 0);
	assert_int_equal(far_end(&f), 0);
}

static void
signals_go_to_the_program(void **state)
{
	struct far f;
	struct signal_msg s;
	struct rbuf r;

	(void)state;
	far_start(&f);
	assert_int_equal(write(f.in, "x", 1), 1); /* it is set up when this */
	assert_int_equal(far_recv(&f), MSG_ATTACH_IN); /* comes */
	assert_int_equal(kill(f.pid, SIGTERM), 0);
	assert_int_equal(far_recv(&f), MSG_ATTACH_SIGNAL);
	r = rbuf_of(f.m.body);
	assert_int_equal(signal_get(&r, &s), 0);
	assert_int_equal(s.signo, SIGTERM);
	far_ended(&f, OUTCOME_SIGNALED, SIGTERM);
	assert_int_equal(far_end(&f), 143);
}

static void
a_reader_that_left_is_a_broken_pipe_inside(void **state)
{
	struct far f;

	(void)state;
	far_start(&f);
	fd_close(&f.out);
	far_send(&f, MSG_ATTACH_OUT, STR("lost"));
	assert_int_equal(far_recv(&f), MSG_ATTACH_SIGNAL);
	far_ended(&f, OUTCOME_SIGNALED, SIGPIPE);
	assert_int_equal(far_end(&f), 128 + SIGPIPE);
}

static void
a_slow_reader_stops_the_writer_and_loses_nothing(void **state)
{
	static char block[65536], got[65536];
	struct far f;
	struct err e = { 0 };
	size_t sent = 0, read_ = 0;

	(void)state;
	far_start(&f);
	while (chan_send(&f.ch, MSG_ATTACH_OUT, 0, str_of(block,
	    sizeof(block)), NULL, 0, &e) == 1 && sent < 64 * sizeof(block)) {
		sent += sizeof(block);
		(void)usleep(1000);
	}
	assert_true(sent < 64 * sizeof(block)); /* it did stop */
	while (read_ < sent) {
		ssize_t n = read(f.out, got, sizeof(got));

		assert_true(n > 0);
		read_ += (size_t)n;
	}
	far_ended(&f, OUTCOME_EXITED, 0);
	assert_int_equal(far_end(&f), 0);
}

static void
a_channel_that_closes_without_an_ending_is_an_error(void **state)
{
	struct far f;

	(void)state;
	far_start(&f);
	chan_close(&f.ch);
	assert_int_equal(far_end(&f), 99);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_byte_by_byte),
		cmocka_unit_test(a_descriptor_comes_with_an_answer),
		cmocka_unit_test(words_of_a_path_cannot_leave_it),
		cmocka_unit_test(the_exit_code_is_the_programs),
		cmocka_unit_test(
		    output_and_errors_stay_apart_and_come_before_the_end),
		cmocka_unit_test(input_comes_with_its_end),
		cmocka_unit_test(signals_go_to_the_program),
		cmocka_unit_test(a_reader_that_left_is_a_broken_pipe_inside),
		cmocka_unit_test(
		    a_slow_reader_stops_the_writer_and_loses_nothing),
		cmocka_unit_test(
		    a_channel_that_closes_without_an_ending_is_an_error),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("cli_io", tests, NULL, NULL);
}
