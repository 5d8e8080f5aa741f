/* finder.c -- whose connection is it?  A process of its own: it may read
 * /proc as no Landlocked process may (lib/role/roles.c says why).
 *
 * The connection from port P inside is a line of the sandbox's own
 * /proc/PID/net/tcp, which names its inode; a process that holds the socket
 * has a descriptor that links to socket:[inode]. Everything in the sandbox
 * descends from its init. Several holders count as one only when they run
 * the same program. Several connections from one port (from another address
 * of loopback, or to a listener that the agent made) count as none, since
 * the one that is meant cannot be told. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "jail/self.h"
#include "supervisor/supervisor.h"

#define PROC_COUNT_MAX	4096		/* processes looked at */
#define TABLE_BYTES_MAX (1U << 20)	/* of net/tcp */
#define PROXY_PORT	3128
#define TO_PROXY	":0C38 01 "	/* in a row: its port, established */

struct hunt { /* for one connection */
	uint64_t inode;
	pid_t holder;
	char exe[PATH_BYTES_MAX];	/* of the holder */
	bool ambiguous;
	char other[PATH_BYTES_MAX];	/* when ambiguous */
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

/* ---- the table of connections ---- */

/* "  0: 0100007F:A1B2 0100007F:0C38 01 ...": local, remote, state; inode is
 * the tenth column. */
static bool
row_match(const char *row, uint16_t port, uint64_t *inode)
{
	unsigned local, remote, state;
	unsigned long long node;

	/* a busy agent leaves thousands of rows of connections that ended */
	if (strstr(row, TO_PROXY) == NULL)
		return false;
	if (sscanf(row, "%*u: %*[0-9A-F]:%x %*[0-9A-F]:%x %x %*s %*s %*s %*u "
			"%*u %llu", &local, &remote, &state, &node) != 4)
		return false;
	*inode = node;
	return local == port && remote == PROXY_PORT && state == 1 &&
	    node != 0;
}

#define TOO_MANY 2U /* to know which one is meant */

/* How many there are; *inode is of the last. */
static unsigned
table_find(pid_t init, const char *table, uint16_t port, uint64_t *inode)
{
	CLEAN_FD int fd = proc_open(init, table, 0);
	CLEAN_FREE char *text = NULL;
	char *row, *save = NULL;
	unsigned n = 0;
	uint64_t got;
	size_t len;

	if (fd == -1)
		return 0; /* a kernel without IPv6 */
	if (io_read_all(fd, TABLE_BYTES_MAX, &text, &len, NULL) == -1)
		return TOO_MANY;
	for (row = strtok_r(text, "\n", &save); row != NULL;
	    row = strtok_r(NULL, "\n", &save)) {
		if (!row_match(row, port, &got))
			continue;
		*inode = got;
		n++;
	}
	return n;
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
			return;
		h->list[h->n++] = (pid_t)child;
		at = end;
	}
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

static void
consider(struct hunt *h, pid_t pid)
{
	char exe[PATH_BYTES_MAX];

	if (!holds(pid, h->inode) || !exe_of(pid, exe, sizeof(exe)))
		return;
	if (h->holder == 0) {
		h->holder = pid;
		(void)snprintf(h->exe, sizeof(h->exe), "%s", exe);
	} else if (strcmp(h->exe, exe) != 0) {
		h->ambiguous = true;
		(void)snprintf(h->other, sizeof(h->other), "%s", exe);
	}
}

/* Init is asked for its children, never for its sockets: it has none. */
static void
hunt_run(struct hunt *h, pid_t init)
{
	h->list[0] = init;
	h->n = 1;
	for (size_t i = 0; i < h->n && !h->ambiguous; i++) {
		if (i > 0)
			consider(h, h->list[i]);
		queue_children(h, h->list[i]);
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
find(pid_t init, uint16_t port, char (*room)[PATH_BYTES_MAX], struct who *out)
{
	static struct hunt h;
	unsigned n;

	h = (struct hunt){ 0 };
	n = table_find(init, "net/tcp", port, &h.inode) +
	    table_find(init, "net/tcp6", port, &h.inode);
	if (n != 1) {
		(void)snprintf(out->reason, sizeof(out->reason), n == 0 ?
			"no connection from port %u is open" :
			"several connections from port %u are open", port);
		return;
	}
	hunt_run(&h, init);
	if (h.ambiguous)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "the connection is shared by %.40s and %.40s", h.exe,
		    h.other);
	else if (h.holder == 0)
		(void)snprintf(out->reason, sizeof(out->reason),
		    "no process holds the connection from port %u", port);
	else
		chain_fill(&h, init, room, out);
}

static void
answer(struct chan *c, pid_t init, const struct msg *m)
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
	find(init, ask.port, room, &who);
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
finder_serve(int fd, pid_t init_pid)
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
		answer(&c, init_pid, &m);
		msg_close(&m);
	}
	_exit(0);
}
