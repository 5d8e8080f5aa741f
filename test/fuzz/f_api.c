/* f_api.c -- bytes on gateway.sock, through a real connection: every answer
 * is HTTP with a JSON body, and the gateway goes on.
 *
 * No spawner, auditor or file system is behind it: what would start
 * something fails, which is a part of what is tried. */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "gateway/box.h"
#include "gateway/call.h"
#include "gateway/conn.h"
#include "gateway/gateway.h"
#include "gateway/store.h"
#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static struct gateway g;
static char dir[64] = "/tmp/f_api.XXXXXX";

static void
on_new(void *arg)
{
	(void)arg;
}

static void
on_now(struct loop *l, void *arg)
{
	(void)l;
	(void)arg;
}

static void
clean_up(void)
{
	char command[96];

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	(void)!system(command); /* a folder in /tmp stays */
}

static int
open_all(void)
{
	static char sock[80];
	struct err e = { 0 };
	int fd;

	must(mkdtemp(dir) != NULL && atexit(clean_up) == 0);
	(void)snprintf(sock, sizeof(sock), "%s/gateway.sock", dir);
	(void)snprintf(g.paths.config, sizeof(g.paths.config), "%s", dir);
	(void)snprintf(g.paths.state, sizeof(g.paths.state), "%s", dir);
	(void)snprintf(g.paths.runtime, sizeof(g.paths.runtime), "%s", dir);
	g.state_fd = g.boxes_fd = g.log_fd = open(dir,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g.spawner.fd = -1;
	must(loop_new(&g.loop, &e) == 0);
	must(store_open(":memory:", &g.store, &e) == 0);
	audit_link_init(&g.audit, g.loop, &g.spawner, sock, on_new, &g);
	TAILQ_INIT(&g.sweeps);
	TAILQ_INIT(&g.boxes);
	fd = io_unix_listen(sock, SOCK_STREAM, 8, &e);
	must(fd != -1 && conns_open(&g, fd, &e) == 0);
	return io_unix_connect(sock, SOCK_STREAM, &e);
}

/* The records of one input are no hindrance to the next. */
static void
forget_records(void)
{
	audit_sender_fini(&g.audit.sender);
}

static void
turn(void)
{
	static struct loop_timer now;
	struct err e = { 0 };

	now.on_time = on_now;
	/* a timer that is due keeps the pass from waiting */
	loop_timer_set(g.loop, &now, usec_of_ms(0));
	must(loop_turn(g.loop, &e) == 0);
}

/* Every whole answer in what came back. */
static void
check_answers(struct str s)
{
	while (s.len > 0) {
		static struct http_head h;
		struct http_fault f;
		size_t scan = 0, end = 0;
		json_t *o;

		must(http_head_find(s, &scan, &end, &f) == PARSE_OK);
		must(http_response_parse(str_head(s, end), &h, &f) ==
		    PARSE_OK);
		s = str_from(s, end);
		if (h.status == 100)
			continue;
		if (h.chunked) /* a stream is as long as it is */
			return;
		must(h.has_length && h.length <= s.len);
		o = json_loadb(s.p, h.length, 0, NULL);
		must(json_is_object(o));
		must(h.status < 400 ||
		    json_object_get(o, "error") != NULL);
		json_decref(o);
		s = str_from(s, h.length);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static char sock[80], back[1 << 20];
	struct err e = { 0 };
	size_t have = 0, at = 0;
	int fd;

	if (g.loop == NULL) {
		(void)close(open_all());
		(void)snprintf(sock, sizeof(sock), "%s/gateway.sock", dir);
	}
	fd = io_unix_connect(sock, SOCK_STREAM, &e);
	must(fd != -1);
	for (int quiet = 0; quiet < 4;) {
		ssize_t n = at < len ? send(fd, p + at, len - at,
		    MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
		ssize_t got;

		at += n > 0 ? (size_t)n : 0;
		turn();
		got = recv(fd, back + have, sizeof(back) - have,
		    MSG_DONTWAIT);
		have += got > 0 ? (size_t)got : 0;
		quiet = n > 0 || got > 0 ? 0 : quiet + 1;
		if (have == sizeof(back))
			break;
	}
	(void)close(fd);
	turn();
	turn();
	if (have < sizeof(back))
		check_answers(str_of(back, have));
	g.stopping = false;
	forget_records();
	return 0;
}
