#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <fcntl.h>
#include <string.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "msg/body.h"
#include "msg/chan.h"

static unsigned char big[MSG_BYTES_MAX + CHAN_HEAD_BYTES];

static void
pair(struct chan *a, enum role ra, struct chan *b, enum role rb)
{
	int fds[2];
	struct err e = { 0 };

	assert_int_equal(chan_pair(fds, &e), 0);
	*a = (struct chan){ fds[0], ra, rb };
	*b = (struct chan){ fds[1], rb, ra };
}

/* Sends raw bytes, as a hostile peer would, and says what chan_recv made of
 * them. */
static enum chan_got
receive_raw(enum role self, enum role peer, const void *p, size_t len,
    const int *fds, unsigned nfds)
{
	union {
		struct cmsghdr h;
		char bytes[CMSG_SPACE(sizeof(int) * 16)];
	} ctl = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)p, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct chan a, b;
	struct msg m;
	struct err e = { 0 };
	enum chan_got got;

	pair(&a, peer, &b, self);
	if (nfds > 0) {
		mh.msg_control = ctl.bytes;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		ctl.h.cmsg_level = SOL_SOCKET;
		ctl.h.cmsg_type = SCM_RIGHTS;
		ctl.h.cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(&ctl.h), fds, sizeof(int) * nfds);
	}
	assert_int_equal(sendmsg(a.fd, &mh, 0), (ssize_t)len);
	got = chan_recv(&b, big, &m, &e);
	if (got == CHAN_MSG)
		msg_close(&m);
	chan_close(&a);
	chan_close(&b);
	return got;
}

static const struct {
	const char *what;
	enum role self, peer;
	unsigned char bytes[12];
	size_t len;
	unsigned nfds;
	enum chan_got want;
} raws[] = {
	{ "init may report an exit to the supervisor", ROLE_SUPERVISOR,
	    ROLE_INIT, { MSG_INIT_EXITED }, 12, 0, CHAN_MSG },
	{ "init may not say what only egress may", ROLE_SUPERVISOR,
	    ROLE_INIT, { MSG_EGRESS_READY }, 12, 0, CHAN_ERROR },
	{ "init may not start a sandbox", ROLE_SUPERVISOR, ROLE_INIT,
	    { MSG_BOX_START }, 8, 0, CHAN_ERROR },
	{ "a message of no type is refused", ROLE_SUPERVISOR, ROLE_INIT,
	    { MSG_NONE }, 8, 0, CHAN_ERROR },
	{ "a type past the list is refused", ROLE_SUPERVISOR, ROLE_INIT,
	    { 0xff, 0xff }, 8, 0, CHAN_ERROR },
	{ "a head cut short is refused", ROLE_SUPERVISOR, ROLE_INIT,
	    { MSG_INIT_EXITED }, 7, 0, CHAN_ERROR },
	{ "reserved bytes must be zero", ROLE_SUPERVISOR, ROLE_INIT,
	    { MSG_INIT_EXITED, 0, 1, 0 }, 8, 0, CHAN_ERROR },
	{ "a descriptor where none belongs is refused", ROLE_SUPERVISOR,
	    ROLE_INIT, { MSG_INIT_EXITED }, 8, 1, CHAN_ERROR },
	{ "more descriptors than any message has are refused",
	    ROLE_SUPERVISOR, ROLE_INIT, { MSG_INIT_READY }, 8, 12,
	    CHAN_ERROR },
};

static int
open_count(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
rules_bind_the_receiver(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(raws); i++) {
		int fds[12], before;

		for (int k = 0; k < 12; k++)
			fds[k] = STDOUT_FILENO;
		before = open_count();
		if (receive_raw(raws[i].self, raws[i].peer, raws[i].bytes,
			raws[i].len, fds, raws[i].nfds) != raws[i].want)
			fail_msg("%s", raws[i].what);
		if (open_count() != before)
			fail_msg("%s: leaks a descriptor", raws[i].what);
	}
}

static void
descriptors_arrive_close_on_exec(void **state)
{
	struct chan a, b;
	struct msg m;
	struct err e = { 0 };
	int fd = STDERR_FILENO, got;

	(void)state;
	pair(&a, ROLE_INIT, &b, ROLE_SUPERVISOR);
	assert_int_equal(chan_send(&a, MSG_INIT_READY, 7, STR("x"), &fd, 1,
	    &e), 1);
	assert_int_equal(chan_recv(&b, big, &m, &e), CHAN_MSG);
	assert_int_equal(m.id, 7);
	got = msg_take_fd(&m, 0);
	assert_true(got >= 0);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	assert_int_equal(msg_take_fd(&m, 0), -1);
	msg_close(&m);
	assert_int_equal(close(got), 0);
	chan_close(&a);
	assert_int_equal(chan_recv(&b, big, &m, &e), CHAN_END);
	chan_close(&b);
}

static void
a_spec_survives_the_wire_and_no_prefix_does(void **state)
{
	static unsigned char room[MSG_BYTES_MAX];
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, NULL };
	char *env[] = { (char[]){ "A=1" }, NULL };
	struct box_mount mount = { (char[]){ "/h" }, (char[]){ "/s" }, true };
	struct box_spec in = { .id = "01", .name = "n", .dir = (char[]){ "/d" },
		.argv = argv, .env = env, .workdir = (char[]){ "" },
		.mounts = &mount, .nmounts = 1, .tty = true, .rows = 24,
		.cols = 80, .generation = 9, .resolve = (char[]){ "a=b\n" },
		.upstream_ca = (char[]){ "" },
		.ways = (char[]){ "" } };
	struct wbuf w = { .p = room, .cap = sizeof(room) };

	(void)state;
	box_spec_put(&w, &in);
	assert_false(w.over);
	for (size_t len = 0; len <= w.len; len++) {
		struct rbuf r = { room, 0, len, false };
		struct arena a = { 0 };
		struct box_spec out;
		int rc = box_spec_get(&r, &a, &out);

		if (rc != (len == w.len ? 0 : -1))
			fail_msg("prefix of %zu of %zu bytes", len, w.len);
		if (rc == 0) {
			assert_string_equal(out.argv[1], "-c");
			assert_null(out.argv[2]);
			assert_string_equal(out.mounts[0].inside, "/s");
			assert_true(out.mounts[0].read_only);
			assert_int_equal(out.generation, 9);
		}
		arena_fini(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_bind_the_receiver),
		cmocka_unit_test(descriptors_arrive_close_on_exec),
		cmocka_unit_test(a_spec_survives_the_wire_and_no_prefix_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
