/* box_run -- plays gateway, auditor and CLI for one openshell-supervisor, so
 * that a sandbox can be tried, and its speed measured, alone.
 *
 *	box_run [-tvqk] [-n times] [-m host:inside[:ro]]... [-e K=V]...
 *	    [-w dir] [-p policy.yaml] SUPERVISOR [CMD ARG...]
 *
 * State goes below OPENSHELL_HOME, which must be set. -t: on a terminal of
 * the sandbox; -v: print records; -q: discard output, print times; -k: keep
 * the sandbox's directory (and use the one that is there). Exits with the
 * program's code. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "msg/body.h"
#include "msg/chan.h"
#include "compile/compile.h"

#define ID "01JAAAAAAAAAAAAAAAAAAAAAAA"

static struct run {
	const char *policy, *supervisor, *workdir;
	char **argv, *env[64];
	struct box_mount mounts[64];
	uint32_t nmounts, nenv;
	bool tty, verbose, quiet, keep;
	int times;
	char dir[512];
	struct chan control, audit, egress_audit, attach;
	bool in_open;
	unsigned char buf[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
	struct outcome outcome;
	bool box_ended, attach_ended;
} run = { .times = 1, .workdir = "" };

static double
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
image_make(void)
{
	struct policy_file file = { .name = run.policy };
	struct diags d = { 0 };
	struct err e = { 0 };
	char *text = NULL, *image;
	size_t len;
	int fd;

	if (run.policy != NULL && io_read_file(AT_FDCWD, run.policy,
		POLICY_BYTES_MAX, &text, &len, &e) == -1)
		errx(1, "%s", e.text);
	file.text = str_c(text);
	if (policy_compile(&file, run.policy != NULL, POLICY_STAGE_ENFORCE,
		&image, &len, &d) == -1)
		errx(1, "%s", diags_print(&d, false));
	fd = io_memfd_sealed("policy", str_of(image, len), &e);
	if (fd == -1)
		errx(1, "%s", e.text);
	free(text);
	free(image);
	diags_fini(&d);
	return fd;
}

static int
pair(struct chan *ours, enum role self, enum role peer)
{
	struct err e = { 0 };
	int fds[2];

	if (chan_pair(fds, &e) == -1)
		errx(1, "%s", e.text);
	*ours = (struct chan){ fds[0], self, peer };
	return fds[1];
}

static pid_t
spawn(int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		if (dup2(fd, 3) == -1 || (fd == 3 && fcntl(3, F_SETFD, 0)))
			err(1, "dup2");
		(void)execl(run.supervisor, run.supervisor, (char *)NULL);
		err(1, "%s", run.supervisor);
	}
	(void)close(fd);
	return pid;
}

static void
start(void)
{
	static unsigned char bytes[MSG_BYTES_MAX];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct err e = { 0 };
	char path[600];
	struct box_spec s = { .id = ID, .name = "box", .dir = run.dir,
		.argv = run.argv, .env = run.env,
		.workdir = (char *)(uintptr_t)run.workdir,
		.mounts = run.mounts, .nmounts = run.nmounts, .tty = run.tty,
		.rows = 24, .cols = 80, .generation = 1,
		.resolve = (char[]){ "" }, .upstream_ca = (char[]){ "" },
		.ways = (char[]){ "" } };
	int fds[6];

	(void)snprintf(path, sizeof(path), "%s/box.sock", run.dir);
	fds[BOX_FD_IMAGE] = image_make();
	fds[BOX_FD_AUDIT] = pair(&run.audit, ROLE_AUDITOR, ROLE_SUPERVISOR);
	fds[BOX_FD_EGRESS_AUDIT] = pair(&run.egress_audit, ROLE_AUDITOR,
	    ROLE_EGRESS);
	fds[BOX_FD_LISTEN] = io_unix_listen(path, SOCK_SEQPACKET, 4, &e);
	fds[BOX_FD_DIR] = open(run.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fds[BOX_FD_ATTACH] = pair(&run.attach, ROLE_CLI, ROLE_SUPERVISOR);
	run.in_open = true;
	box_spec_put(&w, &s);
	if (w.over || chan_send_wait(&run.control, MSG_BOX_START, 0,
		str_of((const char *)bytes, w.len), fds, 6, 5000, &e) == -1)
		errx(1, "BOX_START: %s", e.text);
	for (int i = 0; i < 6; i++)
		(void)close(fds[i]);
}

static void
on_control(void)
{
	struct err e = { 0 };
	struct msg m;
	enum chan_got got = chan_recv(&run.control, run.buf, &m, &e);
	struct rbuf r;

	if (got == CHAN_AGAIN)
		return;
	if (got != CHAN_MSG) {
		run.box_ended = true;
		chan_close(&run.control);
		return;
	}
	r = rbuf_of(m.body);
	if (m.type == MSG_BOX_ENDED &&
	    outcome_get(&r, &run.outcome) == -1)
		errx(1, "BOX_ENDED is malformed");
	if (run.verbose)
		(void)fprintf(stderr, "%s\n", msg_name(m.type));
	msg_close(&m);
}

static void
put_all(int fd, struct str s)
{
	struct err e = { 0 };

	if (!run.quiet && io_write_all(fd, s, &e) == -1)
		errx(1, "%s", e.text);
}

static void
on_attach(void)
{
	struct err e = { 0 };
	struct msg m;
	enum chan_got got = chan_recv(&run.attach, run.buf, &m, &e);

	if (got == CHAN_AGAIN)
		return;
	if (got != CHAN_MSG) {
		run.attach_ended = true;
		chan_close(&run.attach);
		return;
	}
	if (m.type == MSG_ATTACH_OUT)
		put_all(1, m.body);
	else if (m.type == MSG_ATTACH_ERR)
		put_all(2, m.body);
	msg_close(&m);
}

static void
on_stdin(void)
{
	char bytes[32768];
	ssize_t n = read(0, bytes, sizeof(bytes));
	struct err e = { 0 };

	if (n <= 0)
		run.in_open = false;
	if (chan_send_wait(&run.attach, n > 0 ? MSG_ATTACH_IN :
		MSG_ATTACH_IN_END, 0, str_of(bytes, n > 0 ? (size_t)n : 0),
		NULL, 0, 60000, &e) == -1)
		run.in_open = false;
}

static void
on_audit(struct chan *c, const char *role)
{
	struct err e = { 0 };
	struct msg m;
	enum chan_got got = chan_recv(c, run.buf, &m, &e);
	struct audit_stamp stamp = { .role = role };
	struct audit_record a;
	struct rbuf r;
	struct buf b;

	if (got == CHAN_AGAIN)
		return;
	if (got != CHAN_MSG) {
		chan_close(c);
		return;
	}
	buf_init(&b, AUDIT_LINE_BYTES_MAX);
	r = rbuf_of(m.body);
	while (run.verbose && r.at < r.len &&
	    audit_record_get(&r, &a) == 0) {
		if (audit_ocsf_print(&b, &a, &stamp))
			(void)fwrite(buf_str(&b).p, 1, b.len, stderr);
		buf_clear(&b);
	}
	buf_fini(&b);
	(void)chan_send_wait(c, MSG_AUDIT_ACK, m.id, STR(""), NULL, 0, 1000,
	    &e);
}

static void
serve(double began)
{
	while (!run.attach_ended || !run.box_ended) {
		struct pollfd p[5] = { { run.control.fd, POLLIN, 0 },
			{ run.attach.fd, POLLIN, 0 },
			{ run.audit.fd, POLLIN, 0 },
			{ run.egress_audit.fd, POLLIN, 0 },
			{ run.in_open ? 0 : -1, POLLIN, 0 } };
		bool was = run.attach_ended;

		if (poll(p, 5, -1) == -1)
			continue;
		if (p[0].revents != 0)
			on_control();
		if (p[1].revents != 0)
			on_attach();
		if (p[2].revents != 0)
			on_audit(&run.audit, "supervisor");
		if (p[3].revents != 0)
			on_audit(&run.egress_audit, "egress");
		if (p[4].revents != 0)
			on_stdin();
		if (run.quiet && !was && run.attach_ended)
			(void)printf("%.3f ms\n", now_ms() - began);
	}
}

static void
remove_dir(void)
{
	char cmd[1200];

	(void)snprintf(cmd, sizeof(cmd), "chmod -R u+rwX %s 2>/dev/null; "
	    "rm -rf %s", run.dir, run.dir);
	if (!run.keep && system(cmd) != 0)
		warnx("%s is left", run.dir);
}

static int
one(void)
{
	struct err e = { 0 };
	double began;
	pid_t pid;
	int status;

	if (io_mkdirs(run.dir, 0700, &e) == -1)
		errx(1, "%s", e.text);
	run.box_ended = run.attach_ended = false;
	began = now_ms();
	pid = spawn(pair(&run.control, ROLE_GATEWAY, ROLE_SUPERVISOR));
	start();
	serve(began);
	(void)waitpid(pid, &status, 0);
	if (run.quiet)
		(void)printf("%.3f ms all\n", now_ms() - began);
	remove_dir();
	if (run.outcome.kind == OUTCOME_FAILED)
		(void)fprintf(stderr, "box_run: %s\n", run.outcome.reason);
	return run.outcome.kind == OUTCOME_EXITED ? run.outcome.code :
	    run.outcome.kind == OUTCOME_SIGNALED ? 128 + run.outcome.code :
						   125;
}

static void
mount_option(char *text)
{
	struct box_mount *m = &run.mounts[run.nmounts++];
	char *colon = strchr(text, ':');

	if (colon == NULL || run.nmounts == 64)
		errx(2, "-m host:inside[:ro]");
	*colon = '\0';
	m->host = text;
	m->inside = colon + 1;
	colon = strchr(m->inside, ':');
	m->read_only = colon != NULL;
	if (colon != NULL)
		*colon = '\0';
}

int
main(int argc, char **argv)
{
	const char *home = getenv("OPENSHELL_HOME");
	int o, code = 0;

	while ((o = getopt(argc, argv, "+tvqkn:m:e:w:p:")) != -1) {
		if (o == 't')
			run.tty = true;
		else if (o == 'v')
			run.verbose = true;
		else if (o == 'q')
			run.quiet = true;
		else if (o == 'k')
			run.keep = true;
		else if (o == 'n')
			run.times = atoi(optarg);
		else if (o == 'm')
			mount_option(optarg);
		else if (o == 'e' && run.nenv < 63)
			run.env[run.nenv++] = optarg;
		else if (o == 'w')
			run.workdir = optarg;
		else if (o == 'p')
			run.policy = optarg;
		else
			return 2;
	}
	if (home == NULL || optind == argc)
		errx(2, "usage: OPENSHELL_HOME=dir box_run [options] "
		    "SUPERVISOR [CMD ARG...]");
	run.supervisor = argv[optind];
	run.argv = argv + optind + 1;
	(void)snprintf(run.dir, sizeof(run.dir), "%s/state/sandboxes/" ID,
	    home);
	for (int i = 0; i < run.times; i++)
		code = one();
	return code;
}
