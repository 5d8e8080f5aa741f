/* finder.c -- whose connection is it?  A process of its own: it may read
 * /proc as no Landlocked process may (lib/role/roles.c says why).
 *
 * The connection from 127.0.0.1 port P to the proxy, or to an address that
 * was dialled without it, is known to the kernel by its inode, which a
 * sock_diag socket tells that was made inside (the table in /proc would be
 * walked whole for each question). Who holds that socket is found by hunt.c. */
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/log.h"
#include "jail/self.h"
#include "supervisor/exes.h"
#include "supervisor/hunt.h"
#include "supervisor/supervisor.h"

#define LINES_MAX 4096 /* of a table of sockets */

struct finder {
	struct chan c;
	int diag;
	pid_t init;
	struct exes *exes;
	struct hunt hunt;
	unsigned char in[MSG_BYTES_MAX + CHAN_HEAD_BYTES], out[32768];
};

/* ---- the connection ---- */

struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

static bool
connection_ask(int diag, const struct who_ask *c)
{
	struct question q = { .head = { .nlmsg_len = sizeof(q),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlmsg_flags = NLM_F_REQUEST } };

	q.body.sdiag_family = AF_INET;
	q.body.sdiag_protocol = IPPROTO_TCP;
	q.body.idiag_states = 1U << TCP_ESTABLISHED;
	q.body.id.idiag_sport = htons(c->port);
	q.body.id.idiag_dport = htons(c->there_port);
	q.body.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
	q.body.id.idiag_dst[0] = htonl(c->there);
	q.body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	q.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return send(diag, &q, sizeof(q), 0) == (ssize_t)sizeof(q);
}

/* The kernel has answered when the question was sent. Without such a
 * connection it may tell of a listener on that port: no answer to us. */
static bool
connection_find(int diag, const struct who_ask *c, uint64_t *inode)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_msg body;
		char more[1024];
	} a = { 0 };
	ssize_t n = connection_ask(diag, c) ?
	    recv(diag, &a, sizeof(a), MSG_DONTWAIT) : -1;
	/* An IPv6 socket may hold an IPv4 connection (::ffff:a.b.c.d). */
	bool mapped = a.body.idiag_family == AF_INET6;

	if (n < (ssize_t)(sizeof(a.head) + sizeof(a.body)) ||
	    a.head.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    a.body.idiag_state != TCP_ESTABLISHED ||
	    a.body.id.idiag_sport != htons(c->port) ||
	    a.body.id.idiag_dport != htons(c->there_port) ||
	    a.body.id.idiag_dst[mapped ? 3 : 0] != htonl(c->there))
		return false;
	*inode = a.body.idiag_inode;
	return *inode != 0;
}

/* ---- the socket of what is no connection ---- */

static bool
line_take(const char *line, uint16_t port, uint64_t *inode)
{
	unsigned at;
	unsigned long long got;

	if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %*x %*x:%*x "
		"%*x:%*x %*x %*u %*d %llu", &at, &got) != 2 || at != port)
		return false;
	*inode = got;
	return got != 0;
}

static bool
table_find(struct finder *f, const char *table, uint16_t port, uint64_t *inode)
{
	int fd = hunt_open(f->init, table, 0);
	FILE *from = fd == -1 ? NULL : fdopen(fd, "r");
	char line[256];
	bool found = false;

	if (from == NULL) {
		fd_close(&fd);
		return false;
	}
	for (int i = 0; i < LINES_MAX && !found &&
	    fgets(line, sizeof(line), from) != NULL; i++)
		found = line_take(line, port, inode);
	(void)fclose(from);
	return found;
}

static bool
socket_find(struct finder *f, uint8_t protocol, uint16_t port, uint64_t *inode)
{
	static const struct {
		uint8_t protocol;
		const char *table;
	} tables[] = { { IPPROTO_UDP, "net/udp" }, { IPPROTO_UDP, "net/udp6" },
		{ IPPROTO_TCP, "net/tcp6" }, { IPPROTO_ICMP, "net/icmp" },
		{ IPPROTO_ICMPV6, "net/icmp6" },
		{ IPPROTO_UDPLITE, "net/udplite" },
		{ IPPROTO_UDPLITE, "net/udplite6" } };

	for (size_t i = 0; i < NELEM(tables); i++)
		if (tables[i].protocol == protocol &&
		    table_find(f, tables[i].table, port, inode))
			return true;
	return false;
}

/* ---- the answer ---- */

static void
doubt(struct who *out, const char *why)
{
	(void)snprintf(out->reason, sizeof(out->reason), "%s", why);
	out->common = 0;
	out->others = true;
}

static void
who_fill(struct finder *f, struct who *out)
{
	const struct hunt *h = &f->hunt;
	const char *why;

	out->known = true;
	out->pid = h->pid;
	out->n = h->n;
	for (uint32_t i = 0; i < h->n; i++)
		out->chain[i] = str_c(h->chain[i]);
	out->common = h->common;
	out->others = h->other[0] != '\0';
	if (out->others)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "the connection is shared by %.80s and %.80s",
		    h->chain[0], h->other);
	if (!exes_look(f->exes, h->chain[0],
		hunt_open(h->holder, "exe", O_NONBLOCK), out->sha256, &why))
		doubt(out, why);
	else if (h->missed)
		doubt(out, "there are too many processes to look at");
	else if (h->doubt[0] != '\0')
		doubt(out, h->doubt);
}

static void
find(struct finder *f, const struct who_ask *c, struct who *out)
{
	struct hunt *h = &f->hunt;

	h->all = c->profiles;
	if (c->proto != 0 ? !socket_find(f, c->proto, c->port, &h->inode) :
			    !connection_find(f->diag, c, &h->inode)) {
		(void)snprintf(out->reason, sizeof(out->reason),
		    "no connection from port %u is open", c->port);
		return;
	}
	hunt_run(h, f->init);
	out->tagged = h->all && h->holder != 0 && !h->missed;
	out->profiles = h->profiles;
	if (h->holder == 0)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "no process holds the connection from port %u",
		    c->port);
	else
		who_fill(f, out);
}

static void
answer(struct finder *f, const struct msg *m)
{
	struct wbuf w = { .p = f->out, .cap = sizeof(f->out) };
	struct rbuf r = rbuf_of(m->body);
	struct who who = { 0 };
	struct who_ask ask;
	struct err e = { 0 };

	if (who_ask_get(&r, &ask) == -1)
		die("a question that is not well formed");
	find(f, &ask, &who);
	who_put(&w, &who);
	if (w.over) { /* sixteen paths of 4 KiB: say the holder alone */
		w = (struct wbuf){ .p = f->out, .cap = sizeof(f->out) };
		who.n = 1;
		who.common &= 1;
		who_put(&w, &who);
	}
	if (chan_send_wait(&f->c, MSG_WHO_REPLY, m->id,
		str_of((const char *)w.p, w.len), NULL, 0, 5000, &e) != 1)
		die("%s", e.text);
}

/* Hashing waits whenever somebody asks. */
static enum chan_got
next(struct finder *f, struct msg *m)
{
	struct err e = { 0 };
	enum chan_got got;

	while ((got = chan_recv(&f->c, f->in, m, &e)) == CHAN_AGAIN &&
	    exes_work(f->exes))
		;
	return got == CHAN_AGAIN ? chan_recv_wait(&f->c, f->in, m, -1, &e) :
				   got;
}

void
finder_serve(int fd, int diag, pid_t init_pid)
{
	static struct finder f;
	struct err e = { 0 };
	struct msg m;

	f.c = (struct chan){ fd, ROLE_FINDER, ROLE_SUPERVISOR };
	f.diag = diag;
	f.init = init_pid;
	f.exes = exes_new();
	(void)prctl(PR_SET_NAME, "openshell-find"); /* for ps alone */
	log_init("openshell-finder");
	if (jail_enter(ROLE_FINDER, NULL, &e) == -1)
		die("%s", e.text);
	while (next(&f, &m) == CHAN_MSG) {
		answer(&f, &m);
		msg_close(&m);
	}
	_exit(0);
}
