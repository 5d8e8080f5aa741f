/* finder.c -- whose connection is it?  A process of its own: it may read
 * /proc as no Landlocked process may (lib/role/roles.c says why).
 *
 * The connection from 127.0.0.1 port P to the proxy, or to an address that
 * was dialled without it, is known to the kernel by its inode, which a
 * sock_diag socket tells that was made inside (the table in /proc would be
 * walked whole for each question). A process that holds the connection has a
 * descriptor that links to socket:[inode], and everything in the sandbox
 * descends from its init. Several holders count as one only when they run the
 * same program. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "jail/self.h"
#include "jail/tag.h"
#include "supervisor/supervisor.h"

#define PROC_COUNT_MAX	4096		/* processes looked at */

struct hunt { /* for one connection */
	uint64_t inode;
	pid_t holder;
	char exe[PATH_BYTES_MAX];	/* of the holder */
	bool ambiguous;
	char other[PATH_BYTES_MAX];	/* when ambiguous */
	bool all;			/* all who hold it are to be found, for
					 * their profiles */
	bool missed;			/* and were not */
	uint64_t profiles;
	pid_t list[PROC_COUNT_MAX];	/* a queue, init first */
	size_t n;
};

static int
proc_open(pid_t pid, const char *what, int flags)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	return open(path, O_RDONLY | O_CLOEXEC | flags);
}

static bool
exe_of(pid_t pid, char *out, size_t cap)
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, out, cap - 1);
	if (n <= 0)
		return false;
	out[n] = '\0';
	return true;
}

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

/* ---- the processes ---- */

static bool
holds(pid_t pid, uint64_t inode)
{
	int fd = proc_open(pid, "fd", O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	char want[48], got[48];
	bool found = false;
	struct dirent *ent;

	if (d == NULL) {
		fd_close(&fd);
		return false;
	}
	(void)snprintf(want, sizeof(want), "socket:[%llu]",
	    (unsigned long long)inode);
	while (!found && (ent = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), ent->d_name, got,
		    sizeof(got) - 1);

		if (n <= 0)
			continue;
		got[n] = '\0';
		found = strcmp(got, want) == 0;
	}
	(void)closedir(d);
	return found;
}

/* Children of one thread of pid go to the end of the queue. */
static void
children_of(struct hunt *h, pid_t pid, const char *tid)
{
	char path[64], text[16384], *at = text;
	CLEAN_FD int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "task/%.20s/children", tid);
	fd = proc_open(pid, path, 0);
	n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	while (h->n < PROC_COUNT_MAX) {
		char *end;
		long child = strtol(at, &end, 10);

		if (end == at || child <= 0)
			break;
		h->list[h->n++] = (pid_t)child;
		at = end;
	}
	if (h->n == PROC_COUNT_MAX || n == (ssize_t)sizeof(text) - 1)
		h->missed = true; /* some are not in the list */
}

static void
queue_children(struct hunt *h, pid_t pid)
{
	int fd = proc_open(pid, "task", O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (d == NULL) {
		fd_close(&fd);
		return;
	}
	while ((ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.')
			children_of(h, pid, ent->d_name);
	(void)closedir(d);
}

/* What anybody may read, and does not change from inside (jail/tag.h). */
static void
take_profiles(struct hunt *h, pid_t pid)
{
	char text[4096];
	CLEAN_FD int fd = proc_open(pid, "limits", 0);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text));
	uint64_t profiles;

	if (n > 0 && tag_parse(str_of(text, (size_t)n), &profiles))
		h->profiles |= profiles;
	else
		h->missed = true;
}

static void
consider(struct hunt *h, pid_t pid)
{
	char exe[PATH_BYTES_MAX];

	if (!holds(pid, h->inode))
		return;
	if (h->all)
		take_profiles(h, pid);
	if (!exe_of(pid, exe, sizeof(exe)))
		return;
	if (h->holder == 0) {
		h->holder = pid;
		(void)snprintf(h->exe, sizeof(h->exe), "%s", exe);
	} else if (strcmp(h->exe, exe) != 0) {
		h->ambiguous = true;
		(void)snprintf(h->other, sizeof(h->other), "%s", exe);
	}
}

/* With a gate the first is the broker, and its children are init and helpers
 * that connect for somebody. */
static bool
is_broker(pid_t init)
{
	char exe[PATH_BYTES_MAX];
	const char *last = exe_of(init, exe, sizeof(exe)) ?
	    strrchr(exe, '/') : NULL;

	/* " (deleted)" follows when it was replaced meanwhile */
	return last != NULL && strncmp(last + 1, roles[ROLE_BROKER].program,
	    strlen(roles[ROLE_BROKER].program)) == 0;
}

/* Init is asked for its children, never for its sockets: it has none. */
static void
hunt_run(struct hunt *h, pid_t init)
{
	size_t ours = 1;

	h->list[0] = init;
	h->n = 1;
	for (size_t i = 0; i < h->n && (h->all || !h->ambiguous); i++) {
		if (i >= ours)
			consider(h, h->list[i]);
		queue_children(h, h->list[i]);
		if (i == 0 && is_broker(init))
			ours = h->n;
	}
}

/* ---- the answer ---- */

static uint64_t
status_number(pid_t pid, const char *key, bool last)
{
	char text[4096], *at;
	CLEAN_FD int fd = proc_open(pid, "status", 0);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
	unsigned long v = 0;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, key);
	for (at = at == NULL ? text + n : at + strlen(key); *at != '\0';) {
		char *end;
		unsigned long next = strtoul(at, &end, 10);

		if (end == at || *at == '\n')
			break;
		v = next;
		at = end;
		if (!last || *at == '\n')
			break;
	}
	return v;
}

/* The holder's executable, then its ancestors' up to init. */
static void
chain_fill(const struct hunt *h, pid_t init, char (*room)[PATH_BYTES_MAX],
    struct who *out)
{
	pid_t pid = h->holder;

	while (out->n < WHO_CHAIN_MAX && pid > 1 && pid != init) {
		char *exe = room[out->n];

		if (!exe_of(pid, exe, PATH_BYTES_MAX))
			break;
		out->chain[out->n++] = str_c(exe);
		pid = (pid_t)status_number(pid, "\nPPid:", false);
	}
	out->pid = (uint32_t)status_number(h->holder, "\nNSpid:", true);
	out->known = out->n > 0;
}

static void
find(int diag, pid_t init, const struct who_ask *c, char (*room)[PATH_BYTES_MAX],
    struct who *out)
{
	static struct hunt h;

	h = (struct hunt){ .all = c->profiles };
	if (!connection_find(diag, c, &h.inode)) {
		(void)snprintf(out->reason, sizeof(out->reason),
		    "no connection from port %u is open", c->port);
		return;
	}
	hunt_run(&h, init);
	out->tagged = h.all && h.holder != 0 && !h.missed;
	out->profiles = h.profiles;
	if (h.ambiguous)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "the connection is shared by %.40s and %.40s", h.exe,
		    h.other);
	else if (h.holder == 0)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "no process holds the connection from port %u",
		    c->port);
	else
		chain_fill(&h, init, room, out);
}

static void
answer(struct chan *c, int diag, pid_t init, const struct msg *m)
{
	static char room[WHO_CHAIN_MAX][PATH_BYTES_MAX];
	static unsigned char out[32768];
	struct wbuf w = { .p = out, .cap = sizeof(out) };
	struct rbuf r = rbuf_of(m->body);
	struct who who = { 0 };
	struct who_ask ask;
	struct err e = { 0 };

	if (who_ask_get(&r, &ask) == -1)
		die("a question that is not well formed");
	find(diag, init, &ask, room, &who);
	who_put(&w, &who);
	if (w.over) { /* sixteen paths of 4 KiB: say the holder alone */
		w = (struct wbuf){ .p = out, .cap = sizeof(out) };
		who.n = 1;
		who_put(&w, &who);
	}
	if (chan_send_wait(c, MSG_WHO_REPLY, m->id,
		str_of((const char *)w.p, w.len), NULL, 0, 5000, &e) != 1)
		die("%s", e.text);
}

void
finder_serve(int fd, int diag, pid_t init_pid)
{
	static unsigned char in[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
	struct chan c = { fd, ROLE_FINDER, ROLE_SUPERVISOR };
	struct err e = { 0 };
	struct msg m;

	(void)prctl(PR_SET_NAME, "openshell-find"); /* for ps alone */
	log_init("openshell-finder");
	if (jail_enter(ROLE_FINDER, NULL, &e) == -1)
		die("%s", e.text);
	while (chan_recv_wait(&c, in, &m, -1, &e) == CHAN_MSG) {
		answer(&c, diag, init_pid, &m);
		msg_close(&m);
	}
	_exit(0);
}
