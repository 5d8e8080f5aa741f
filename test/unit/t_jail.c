/* t_jail.c -- our own jails, tried from within: each attempt runs in a child
 * that has entered its role, and says what it got. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/err.h"
#include "jail/self.h"

#define KILLED 1000	/* the filter ended the process */
#define ODD    1001

static char dir[64];	/* what SEE_STATE, SEE_LOG, SEE_BOX may name */

/* ---- attempts: 0 when it worked, else errno ---- */

static int
got(long rc)
{
	return rc == -1 ? errno : 0;
}

static int
read_passwd(void)
{
	return got(open("/etc/passwd", O_RDONLY));
}

static int
read_proc(void)
{
	return got(open("/proc/self/status", O_RDONLY));
}

static int
write_tmp(void)
{
	return got(open("/tmp/t_jail.escaped", O_WRONLY | O_CREAT, 0600));
}

static int
write_dir(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/x", dir);
	return got(open(path, O_WRONLY | O_CREAT, 0600));
}

static int
truncate_dir(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/old", dir);
	return got(open(path, O_WRONLY | O_TRUNC));
}

static int
remove_dir_file(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/old", dir);
	return got(unlink(path));
}

static int
run_true(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };

	return got(execv("/bin/true", argv));
}

static int
run_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return got(pid);
}

static int
sock_unix(void)
{
	return got(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
sock_tcp(void)
{
	return got(socket(AF_INET, SOCK_STREAM, 0));
}

static int
sock_udp6(void)
{
	return got(socket(AF_INET6, SOCK_DGRAM, 0));
}

static int
sock_raw(void)
{
	return got(socket(AF_INET, SOCK_RAW, 1));
}

static int
sock_netlink(void)
{
	return got(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int
bind_tcp(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return got(bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
}

static int
new_code(void)
{
	return got((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int
kill_parent(void)
{
	return got(kill(getppid(), 0));
}

static int
be_dumpable(void)
{
	return got(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
no_core(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max == 0 &&
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : ODD;
}

static int
on_memory(void)
{
	char *p = malloc(4 << 20);

	if (p == NULL)
		return ENOMEM;
	memset(p, 1, 4 << 20);
	free(p);
	return 0;
}

/* ---- */

static int
try_as(enum role r, int (*attempt)(void))
{
	const char *dirs[] = { dir, NULL };
	struct err e = { 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int rc;

		if (jail_enter(r, dirs, &e) == -1) {
			(void)fprintf(stderr, "%s\n", e.text);
			_exit(255);
		}
		rc = attempt();
		_exit(rc > 254 ? 254 : rc);
	}
	(void)waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : ODD;
	return WEXITSTATUS(status);
}

static const struct {
	const char *what;
	enum role role;
	int (*attempt)(void);
	int want;
} cases[] = {
	{ "egress reads no file", ROLE_EGRESS, read_passwd, EACCES },
	{ "egress reads no /proc", ROLE_EGRESS, read_proc, EACCES },
	{ "egress dials TCP", ROLE_EGRESS, sock_tcp, 0 },
	{ "egress asks DNS", ROLE_EGRESS, sock_udp6, 0 },
	{ "egress has no raw socket", ROLE_EGRESS, sock_raw,
	    EPROTONOSUPPORT },
	{ "egress has no netlink", ROLE_EGRESS, sock_netlink, EAFNOSUPPORT },
	{ "egress does not listen", ROLE_EGRESS, bind_tcp, EACCES },
	{ "egress executes nothing", ROLE_EGRESS, run_true, KILLED },
	{ "egress has no children", ROLE_EGRESS, run_fork, KILLED },
	{ "egress makes no code", ROLE_EGRESS, new_code, EPERM },
	{ "egress signals nobody", ROLE_EGRESS, kill_parent, KILLED },
	{ "egress stays undumpable", ROLE_EGRESS, be_dumpable, EINVAL },
	{ "egress leaves no core", ROLE_EGRESS, no_core, 0 },
	{ "egress has memory", ROLE_EGRESS, on_memory, 0 },
	{ "the gateway reads files", ROLE_GATEWAY, read_passwd, 0 },
	{ "the gateway writes its state", ROLE_GATEWAY, write_dir, 0 },
	{ "the gateway writes nothing else", ROLE_GATEWAY, write_tmp,
	    EACCES },
	{ "the gateway has no network", ROLE_GATEWAY, sock_tcp,
	    EAFNOSUPPORT },
	{ "the gateway has Unix sockets", ROLE_GATEWAY, sock_unix, 0 },
	{ "the gateway executes nothing", ROLE_GATEWAY, run_true, KILLED },
	{ "the auditor writes its log", ROLE_AUDITOR, write_dir, 0 },
	{ "the auditor never truncates", ROLE_AUDITOR, truncate_dir,
	    EACCES },
	{ "the auditor never removes", ROLE_AUDITOR, remove_dir_file,
	    EACCES },
	{ "the auditor reads nothing else", ROLE_AUDITOR, read_passwd,
	    EACCES },
	{ "the auditor has no network", ROLE_AUDITOR, sock_tcp,
	    EAFNOSUPPORT },
	{ "the supervisor writes an outcome", ROLE_SUPERVISOR, write_dir, 0 },
	{ "the supervisor reads no file", ROLE_SUPERVISOR, read_passwd,
	    EACCES },
	{ "the supervisor has no network", ROLE_SUPERVISOR, sock_tcp,
	    EAFNOSUPPORT },
	{ "the supervisor has no new children", ROLE_SUPERVISOR, run_fork,
	    KILLED },
	{ "the supervisor signals by pidfd only", ROLE_SUPERVISOR,
	    kill_parent, KILLED },
	{ "the finder reads /proc", ROLE_FINDER, read_proc, 0 },
	{ "the finder writes nothing", ROLE_FINDER, write_dir, EACCES },
	{ "the finder has no socket", ROLE_FINDER, sock_unix, KILLED },
	{ "the finder executes nothing", ROLE_FINDER, run_true, KILLED },
};

static void
role_cases(void **state)
{
	(void)state;
	if (jail_caveat() != NULL)
		return; /* a sanitizer build, whose filter only logs */
	for (size_t i = 0; i < NELEM(cases); i++) {
		int rc = try_as(cases[i].role, cases[i].attempt);

		if (rc != cases[i].want)
			fail_msg("%s: got %d (%s), want %d", cases[i].what,
			    rc, strerror(rc), cases[i].want);
	}
}

static int
make_dir(void **state)
{
	char path[128];

	(void)state;
	(void)strcpy(dir, "/tmp/t_jail.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/old", dir);
	return close(open(path, O_WRONLY | O_CREAT, 0600));
}

static int
remove_dir(void **state)
{
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/old", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/x", dir);
	(void)unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(role_cases),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
