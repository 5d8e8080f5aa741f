/* auditor -- owns the log and does one thing: append.
 *
 * A daemon of its own: the gateway starts it and it outlives the gateway. It
 * listens on auditor.sock; one runs per log directory, a second one ends at
 * once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditor.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/str.h"
#include "jail/self.h"

#define LOCK_TRIES    100
#define LOCK_PAUSE_MS 5

static void
die_of(const struct err *e)
{
	errno = 0; /* the text has it */
	die("%s", e->text);
}

static int
open_log_dir(const struct paths *p)
{
	CLEAN_FD int state = open(p->state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (state == -1)
		die("open %s", p->state);
	if (mkdirat(state, "log", 0700) == -1 && errno != EEXIST)
		die("mkdir %s/log", p->state);
	fd = openat(state, "log",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		die("open %s/log", p->state);
	return fd;
}

/* -1: another auditor has it. One that was just killed may still hold it
 * for a moment. */
static int
take_lock(int log_dir)
{
	CLEAN_FD int fd = openat(log_dir, "lock",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		die("open the log's lock");
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd_take(&fd);
		if (errno != EWOULDBLOCK)
			die("lock the log");
		(void)poll(NULL, 0, LOCK_PAUSE_MS);
	}
	return -1;
}

static void
on_signal(struct loop *l, unsigned events, void *arg)
{
	(void)events;
	(void)arg;
	loop_stop(l);
}

static int
signals_open(void)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		die("sigprocmask");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd == -1)
		die("signalfd");
	return fd;
}

/* --ready-fd N, or nothing. */
static int
ready_fd_of(int argc, char **argv)
{
	uint64_t fd = 0;

	if (argc == 1)
		return -1;
	if (argc != 3 || strcmp(argv[1], "--ready-fd") != 0 ||
	    !str_u64(str_c(argv[2]), 65535, &fd))
		die_of(&(struct err){ .text =
		    "usage: openshell-auditor [--ready-fd N]" });
	return (int)fd;
}

static void
tell_ready(int fd)
{
	if (fd < 0)
		return;
	(void)!write(fd, "1", 1); /* who asked may be gone */
	(void)close(fd);
}

static int
jail(const struct paths *p, struct err *e)
{
	char log[PATH_BYTES_MAX + 8];
	const char *dirs[] = { log, NULL };

	(void)snprintf(log, sizeof(log), "%s/log", p->state);
	return jail_enter(ROLE_AUDITOR, dirs, e);
}

int
main(int argc, char **argv)
{
	static struct auditor a;
	struct loop_io signals = { .want = LOOP_READ, .on_io = on_signal };
	struct err e = { 0 };
	struct loop *l = NULL;
	struct paths paths;
	char sock[PATH_BYTES_MAX + 16];
	int ready, dir, listener;

	log_init("openshell-auditor");
	ready = ready_fd_of(argc, argv);
	(void)umask(077);
	if (paths_init(&paths, &e) == -1)
		die_of(&e);
	dir = open_log_dir(&paths);
	if (take_lock(dir) == -1) {
		tell_ready(ready);
		return 0;
	}
	(void)snprintf(sock, sizeof(sock), "%s/auditor.sock", paths.runtime);
	listener = io_unix_listen(sock, SOCK_SEQPACKET, 4096, &e);
	signals.fd = signals_open();
	if (listener == -1 || loop_new(&l, &e) == -1 ||
	    auditor_init(&a, l, dir, listener, &e) == -1)
		die_of(&e);
	if (jail(&paths, &e) == -1)
		die_of(&e);
	if (auditor_start(&a, &e) == -1 || loop_watch(l, &signals, &e) == -1)
		die_of(&e);
	tell_ready(ready);
	if (loop_run(l, &e) == -1)
		die_of(&e);
	auditor_fini(&a);
	loop_free(l);
	return 0;
}
