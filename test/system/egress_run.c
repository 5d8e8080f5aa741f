/* egress_run -- plays supervisor and auditor for one openshell-egress, so
 * that real clients can be tried on it and its speed measured.
 *
 *	egress_run [-v] [-p port] [-r host=addr[:port]]... [-u upstream-ca]
 *	    [-c ca-out] [-w exe] EGRESS POLICY
 *
 * Listens on 127.0.0.1:port (3128). SIGHUP reads the policy again; SIGUSR1
 * breaks the audit channel, SIGUSR2 brings a new one. -v prints records. */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "msg/body.h"
#include "msg/chan.h"
#include "compile/compile.h"

static struct run {
	const char *egress, *policy, *ca_out, *exe;
	int upstream_ca;
	uint16_t port;
	bool verbose;
	uint64_t generation, seq;
	struct buf resolve;
	struct chan control, audit;
	unsigned char buf[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
} run = { .upstream_ca = -1, .port = 3128, .generation = 1 };

static int
image_of_policy(void)
{
	struct policy_file file = { .name = run.policy };
	struct diags d = { 0 };
	struct err e = { 0 };
	char *text, *image;
	size_t len;
	int fd;

	if (io_read_file(AT_FDCWD, run.policy, POLICY_BYTES_MAX, &text, &len,
		&e) == -1)
		errx(1, "%s", e.text);
	file.text = str_of(text, len);
	if (policy_compile(&file, 1, POLICY_STAGE_ENFORCE, &image, &len,
		&d) == -1)
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
audit_open(void)
{
	struct err e = { 0 };
	int fds[2];

	if (chan_pair(fds, &e) == -1)
		errx(1, "%s", e.text);
	run.audit = (struct chan){ fds[0], ROLE_AUDITOR, ROLE_EGRESS };
	return fds[1];
}

static pid_t
spawn(void)
{
	struct err e = { 0 };
	int fds[2];
	pid_t pid;

	if (chan_pair(fds, &e) == -1)
		errx(1, "%s", e.text);
	run.control = (struct chan){ fds[0], ROLE_SUPERVISOR, ROLE_EGRESS };
	pid = fork();
	if (pid == 0) {
		if (dup2(fds[1], 3) == -1)
			err(1, "dup2");
		if (fds[1] == 3)
			(void)fcntl(3, F_SETFD, 0);
		(void)execl(run.egress, run.egress, (char *)NULL);
		err(1, "%s", run.egress);
	}
	(void)close(fds[1]);
	return pid;
}

static void
say(enum msg_type t, uint32_t id, const struct wbuf *w, const int *fds,
    unsigned n)
{
	struct err e = { 0 };

	if (chan_send_wait(&run.control, t, id,
		str_of((const char *)w->p, w->len), fds, n, 5000, &e) == -1)
		errx(1, "%s", e.text);
}

static void
start(void)
{
	unsigned char bytes[65536];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct egress_start s = { .name = "bench", .generation = 1,
		.resolve = buf_str(&run.resolve) };
	int fds[3] = { image_of_policy(), audit_open(), run.upstream_ca };

	egress_start_put(&w, &s);
	say(MSG_EGRESS_START, 0, &w, fds, run.upstream_ca == -1 ? 2 : 3);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
listener(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(run.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct wbuf none = { .len = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 1024) == -1)
		err(1, "listen on port %u", run.port);
	say(MSG_EGRESS_LISTEN, 0, &none, &fd, 1);
	(void)close(fd);
}

static void
on_ready(struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct egress_ready ready;
	FILE *f;

	if (egress_ready_get(&r, &ready) == -1)
		errx(1, "EGRESS_READY is malformed");
	f = fopen(run.ca_out == NULL ? "/dev/null" : run.ca_out, "w");
	if (f == NULL ||
	    fwrite(ready.ca_pem.p, 1, ready.ca_pem.len, f) !=
		ready.ca_pem.len ||
	    fclose(f) != 0)
		err(1, "write the CA");
	listener();
	(void)fprintf(stderr, "ready\n");
}

static void
on_who(struct msg *m)
{
	unsigned char bytes[4096];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct who who = { .known = run.exe != NULL, .pid = 7,
		.n = run.exe != NULL ? 1 : 0,
		.chain = { str_c(run.exe) }, .reason = "not asked for" };

	who_put(&w, &who);
	say(MSG_WHO_REPLY, m->id, &w, NULL, 0);
}

static void
on_ack(struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct reply p;

	if (reply_get(&r, &p) == -1)
		errx(1, "POLICY_ACK is malformed");
	(void)fprintf(stderr, "policy %llu: %s %s\n",
	    (unsigned long long)p.number, p.ok ? "ok" : "refused", p.reason);
}

static void
on_control(void)
{
	struct err e = { 0 };
	struct msg m;
	enum chan_got got = chan_recv(&run.control, run.buf, &m, &e);

	if (got == CHAN_END || got == CHAN_ERROR)
		errx(1, "egress ended %s", e.text);
	if (got == CHAN_AGAIN)
		return;
	if (m.type == MSG_EGRESS_READY)
		on_ready(&m);
	else if (m.type == MSG_WHO_ASK)
		on_who(&m);
	else if (m.type == MSG_POLICY_ACK)
		on_ack(&m);
	msg_close(&m);
}

static void
print_records(struct str body)
{
	struct rbuf r = rbuf_of(body);
	struct audit_stamp stamp = { .role = "egress", .sandbox_id = STR("id"),
		.sandbox = STR("bench") };
	struct audit_record a;
	struct buf b;

	buf_init(&b, AUDIT_LINE_BYTES_MAX);
	while (r.at < r.len && audit_record_get(&r, &a) == 0) {
		stamp.seq = ++run.seq;
		if (audit_ocsf_print(&b, &a, &stamp))
			(void)fwrite(buf_str(&b).p, 1, b.len, stdout);
		buf_clear(&b);
	}
	(void)fflush(stdout);
	buf_fini(&b);
}

static void
on_audit(void)
{
	struct err e = { 0 };
	struct msg m;
	enum chan_got got = chan_recv(&run.audit, run.buf, &m, &e);

	if (got == CHAN_AGAIN)
		return;
	if (got != CHAN_MSG)
		errx(1, "the audit channel ended %s", e.text);
	if (run.verbose)
		print_records(m.body);
	(void)chan_send_wait(&run.audit, MSG_AUDIT_ACK, m.id, STR(""), NULL,
	    0, 1000, &e);
}

static void
on_signal(int sfd)
{
	struct signalfd_siginfo si;
	struct policy_set set = { .generation = ++run.generation };
	unsigned char bytes[64];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct wbuf none = { .len = 0 };
	int fd;

	if (read(sfd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGUSR1) {
		chan_close(&run.audit);
		return;
	}
	fd = si.ssi_signo == SIGHUP ? image_of_policy() : audit_open();
	policy_set_put(&w, &set);
	if (si.ssi_signo == SIGHUP)
		say(MSG_POLICY_SET, 1, &w, &fd, 1);
	else
		say(MSG_AUDIT_CHANNEL, 0, &none, &fd, 1);
	(void)close(fd);
}

static void
serve(int sfd)
{
	for (;;) {
		struct pollfd p[3] = { { run.control.fd, POLLIN, 0 },
			{ run.audit.fd, POLLIN, 0 }, { sfd, POLLIN, 0 } };

		if (poll(p, 3, -1) == -1)
			continue;
		if (p[0].revents != 0)
			on_control();
		if (p[1].revents != 0)
			on_audit();
		if (p[2].revents != 0)
			on_signal(sfd);
	}
}

static void
options(int argc, char **argv)
{
	int o;

	buf_init(&run.resolve, 65536);
	while ((o = getopt(argc, argv, "vp:r:u:c:w:")) != -1) {
		if (o == 'v')
			run.verbose = true;
		else if (o == 'p')
			run.port = (uint16_t)atoi(optarg);
		else if (o == 'r')
			must(buf_printf(&run.resolve, "%s\n", optarg));
		else if (o == 'u')
			run.upstream_ca = open(optarg, O_RDONLY | O_CLOEXEC);
		else if (o == 'c')
			run.ca_out = optarg;
		else if (o == 'w')
			run.exe = optarg;
		else
			exit(2);
	}
	if (argc - optind != 2)
		errx(2, "usage: egress_run [options] EGRESS POLICY");
	run.egress = argv[optind];
	run.policy = argv[optind + 1];
}

int
main(int argc, char **argv)
{
	sigset_t set;
	int sfd;

	options(argc, argv);
	(void)spawn(); /* its end is the channel's end */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	sfd = signalfd(-1, &set, SFD_CLOEXEC);
	start();
	serve(sfd);
}
