/* gateway -- the API, the state, and the compiler of policies.
 *
 * One per runtime directory (gateway.lock). It starts supervisors through a
 * spawner forked before the jail, and outlives none of them: sandboxes go
 * on without it and are found again.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "box.h"
#include "compile/library.h"
#include "conn.h"
#include "gateway.h"
#include "jail/self.h"
#include "store.h"

#define PEER_PAUSE_NS 5000000
#define PEER_TRIES 2000	/* with the pause: ten seconds */

static struct gateway gateway;

struct options {
	bool background;
	int ready_fd;
};

static void die_of(const struct err *e) NORETURN;

static void
die_of(const struct err *e)
{
	errno = 0; /* the text has it */
	die("%s", e->text);
}

/* ---- options ---- */

static void
usage(void)
{
	errno = 0;
	die("usage: openshell-gateway run [--background] [--ready-fd N]");
}

static struct options
options_of(int argc, char **argv)
{
	struct options o = { .ready_fd = -1 };
	uint64_t fd;

	if (argc < 2 || strcmp(argv[1], "run") != 0)
		usage();
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--background") == 0) {
			o.background = true;
		} else if (strcmp(argv[i], "--ready-fd") == 0 &&
		    i + 1 < argc && str_u64(str_c(argv[i + 1]), 65535, &fd)) {
			o.ready_fd = (int)fd;
			i++;
		} else {
			usage();
		}
	}
	return o;
}

static void
tell_ready(int *fd)
{
	if (*fd < 0)
		return;
	(void)!write(*fd, "1", 1); /* who asked may be gone */
	fd_close(fd);
}

/* The parent waits until the child serves, and says how that went. */
static void
go_to_background(struct options *o, int log)
{
	int pair[2];
	char byte;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		die("fork");
	if (pid > 0) {
		(void)close(pair[1]);
		if (read(pair[0], &byte, 1) == 1) {
			tell_ready(&o->ready_fd);
			exit(0);
		}
		errno = 0;
		die("the gateway did not start; gateway.log in the state "
		    "directory says why");
	}
	(void)close(pair[0]);
	fd_close(&o->ready_fd);
	o->ready_fd = pair[1];
	(void)setsid();
	if (dup2(log, STDERR_FILENO) == -1)
		die("dup2");
}

/* ---- what it holds ---- */

static int
open_dir(int at, const char *path, bool make)
{
	int fd;

	if (make && mkdirat(at, path, 0700) == -1 && errno != EEXIST)
		die("mkdir %s", path);
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		die("open %s", path);
	return fd;
}

static int
open_log(const struct gateway *g)
{
	int fd = openat(g->state_fd, "gateway.log",
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		die("open %s/gateway.log", g->paths.state);
	return fd;
}

/* -1: another gateway has it. */
static int
take_lock(const struct gateway *g)
{
	char path[PATH_BYTES_MAX + 16];
	CLEAN_FD int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/gateway.lock",
	    g->paths.runtime);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		die("open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd_take(&fd);
	if (errno != EWOULDBLOCK)
		die("lock %s", path);
	return -1;
}

static bool
peer_serves(const struct gateway *g)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(a.sun_path, sizeof(a.sun_path), "%s/gateway.sock",
	    g->paths.runtime);

	return fd != -1 && n > 0 && (size_t)n < sizeof(a.sun_path) &&
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

/* true: we are the gateway. false: another is, and serves. Whoever holds the
 * lock may still be starting, or already ending: neither will do for the
 * caller that waits for us. */
static bool
lock_or_peer(const struct gateway *g)
{
	const struct timespec pause = { .tv_nsec = PEER_PAUSE_NS };

	for (unsigned i = 0; i < PEER_TRIES; i++) {
		if (take_lock(g) != -1)
			return true;
		if (peer_serves(g))
			return false;
		(void)nanosleep(&pause, NULL);
	}
	errno = 0;
	die("another gateway holds %s/gateway.lock and does not serve",
	    g->paths.runtime);
}

/* Standard input and output are nobody's; descriptors stay above 2. */
static void
null_stdio(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1 || dup2(fd, 0) == -1 || dup2(fd, 1) == -1)
		die("open /dev/null");
	if (fd > 2)
		(void)close(fd);
}

/* A burst of requests leaves no heap behind: large buffers are maps of
 * their own, and the top of the heap goes back. */
static void
give_memory_back(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 32768);	/* best effort, both */
	(void)mallopt(M_TRIM_THRESHOLD, 262144);
}

static void
look_around(struct gateway *g)
{
	const struct passwd *pw = getpwuid(geteuid());
	struct utsname u;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	if (pw != NULL && strlen(pw->pw_name) < sizeof(g->actor))
		(void)snprintf(g->actor, sizeof(g->actor), "%s", pw->pw_name);
	else
		(void)snprintf(g->actor, sizeof(g->actor), "uid %u",
		    (unsigned)geteuid());
	if (uname(&u) == 0)
		(void)snprintf(g->kernel, sizeof(g->kernel), "%.63s",
		    u.release);
	g->landlock_abi = abi < 0 ? 0 : (int)abi;
	g->started = clock_wall();
}

/* Every sandbox holds one descriptor, every waiting caller two. */
static void
raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r); /* fewer sandboxes then */
	}
}

/* ---- signals ---- */

static void
on_signal(struct loop *l, unsigned events, void *arg)
{
	struct gateway *g = arg;
	struct signalfd_siginfo si;
	struct err e = { 0 };

	(void)l;
	(void)events;
	if (read(g->signals.fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGHUP)
		(void)gateway_configure(g, &e); /* logs, and status shows */
	else
		gateway_stop(g);
}

static int
signals_open(struct gateway *g, struct err *e)
{
	static const int which[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < NELEM(which); i++)
		(void)sigaddset(&set, which[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return err_sys(e, "sigprocmask");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd == -1)
		return err_sys(e, "signalfd");
	g->signals = (struct loop_io){ .fd = fd, .want = LOOP_READ,
		.on_io = on_signal, .arg = g };
	return loop_watch(g->loop, &g->signals, e);
}

/* ---- acquire, jail, serve ---- */

static void
on_new_auditor(void *arg)
{
	struct gateway *g = arg;
	struct box *b;

	TAILQ_FOREACH(b, &g->boxes, link)
		box_new_audit(b);
}

static int
open_store(struct gateway *g, struct err *e)
{
	char path[PATH_BYTES_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/state.db", g->paths.state);
	return store_open(path, &g->store, e);
}

/* Before the jail, which shows no such directory. Without it policies that
 * extend nothing go on working. */
static void
read_library(struct gateway *g)
{
	char dir[PATH_BYTES_MAX];
	struct err e = { 0 };

	if (paths_policies(dir, &e) == -1 ||
	    shelf_read(&g->base.shipped, dir, POLICY_FILE_END, &e) == -1)
		log_warn("the library of policies: %s", e.text);
}

static int
acquire(struct gateway *g, struct err *e)
{
	static char auditor_sock[PATH_BYTES_MAX + 16];

	(void)snprintf(auditor_sock, sizeof(auditor_sock),
	    "%s/auditor.sock", g->paths.runtime);
	read_library(g);
	g->boxes_fd = open_dir(g->state_fd, "sandboxes", true);
	g->log_fd = open_dir(g->state_fd, "log", true);
	if (spawner_start(&g->spawner, e) == -1 ||
	    loop_new(&g->loop, e) == -1 || signals_open(g, e) == -1)
		return -1;
	audit_link_init(&g->audit, g->loop, &g->spawner, auditor_sock,
	    on_new_auditor, g);
	TAILQ_INIT(&g->sweeps);
	return 0;
}

static int
jail(const struct gateway *g, struct err *e)
{
	const char *dirs[] = { g->paths.config, g->paths.state,
		g->paths.runtime, NULL };

	return jail_enter(ROLE_GATEWAY, dirs, e);
}

/* The gateway's own life, beside the sandboxes'. */
static void
note_life(struct gateway *g, const char *action)
{
	struct audit_record r = { .kind = AUDIT_LIFE,
		.verdict = AUDIT_ALLOWED, .when = clock_wall(),
		.action = str_c(action), .actor = str_c(g->actor),
		.pid = (uint32_t)getpid(), .exe = STR("openshell-gateway") };

	audit_link_note(&g->audit, &r);
}

static int
serve(struct gateway *g, int *ready_fd, struct err *e)
{
	char sock[PATH_BYTES_MAX + 16];
	struct err config = { 0 };
	int fd;

	(void)snprintf(sock, sizeof(sock), "%s/gateway.sock",
	    g->paths.runtime);
	if (open_store(g, e) == -1 || audit_link_open(&g->audit, e) == -1)
		return -1;
	note_life(g, "start");
	g->base.cache = &g->cache;
	(void)gateway_configure(g, &config); /* logs; nothing starts then */
	if (boxes_load(g, e) == -1)
		return -1;
	fd = io_unix_listen(sock, SOCK_STREAM, 1024, e);
	if (fd == -1 || conns_open(g, fd, e) == -1)
		return -1;
	tell_ready(ready_fd);
	return loop_run(g->loop, e);
}

static void
leave(struct gateway *g)
{
	struct box *b;

	conns_close(g);
	note_life(g, "stop");
	audit_link_fini(&g->audit);
	while ((b = TAILQ_FIRST(&g->boxes)) != NULL)
		box_free(b);
	for (unsigned i = 0; i < GONE_MAX; i++)
		free(g->gone[i].json);
	store_close(g->store);
	config_fini(&g->config);
	shelf_fini(&g->base.shipped);
	json_decref(g->base.maximum);
	free(g->base.nothing);
	cache_fini(&g->cache);
	fd_close(&g->spawner.fd); /* it ends; we may not wait for it */
	loop_unwatch(g->loop, &g->signals);
	loop_free(g->loop);
}

int
main(int argc, char **argv)
{
	struct gateway *g = &gateway;
	struct options o;
	struct err e = { 0 };
	int log;

	log_init("openshell-gateway");
	o = options_of(argc, argv);
	(void)umask(077);
	if (paths_init(&g->paths, &e) == -1)
		die_of(&e);
	g->state_fd = open_dir(AT_FDCWD, g->paths.state, false);
	null_stdio();
	log = open_log(g);
	if (o.background)
		go_to_background(&o, log);
	(void)close(log);
	if (!lock_or_peer(g)) {
		log_info("a gateway runs already");
		tell_ready(&o.ready_fd);
		return 0;
	}
	give_memory_back();
	raise_files();
	look_around(g);
	if (acquire(g, &e) == -1 || jail(g, &e) == -1 ||
	    serve(g, &o.ready_fd, &e) == -1)
		die_of(&e);
	leave(g);
	return 0;
}
