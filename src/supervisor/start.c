/* start.c -- what needs rights, before the supervisor gives them up. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/paths.h"
#include "policy/image.h"
#include "supervisor/environ.h"
#include "supervisor/supervisor.h"

#define CHANNEL_FD   3
#define SPEC_WAIT_MS 30000

/* ---- the order ---- */

static enum gate
gate_of(const struct image *im)
{
	const struct image_info *info = image_info(im);
	enum gate gate = info->needs_exec_gate ? GATE_EXEC : GATE_NONE;

	if (info->needs_file_gate)
		gate |= GATE_FILES;
	if (info->file_hide)
		gate |= GATE_NAMES;
	if (image_profiles(im) > 0)
		gate |= GATE_PROFILES;
	return gate;
}

static int
take_fds(struct supervisor *s, struct msg *m, int fds[6], struct err *e)
{
	for (unsigned i = 0; i < 6; i++)
		fds[i] = msg_take_fd(m, i);
	if (fds[BOX_FD_DIR] == -1)
		return err_set(e, ERR_PEER,
		    "BOX_START lacks descriptors: is the gateway of the same "
		    "version?");
	s->dir = fds[BOX_FD_DIR];
	s->listen = fds[BOX_FD_LISTEN];
	if (image_open(fds[BOX_FD_IMAGE], &s->image, e) == -1)
		return -1;
	s->gate = gate_of(s->image);
	return 0;
}

static int
main_session(struct supervisor *s, int attach, struct err *e)
{
	struct session *x = session_new(s, 0, s->spec.tty);

	must(x != NULL);
	if (attach == -1)
		return 0;
	return session_attach(x, attach, s->spec.rows, s->spec.cols, e);
}

static int egress_start(struct supervisor *s, int image, int audit,
    struct err *e);

int
start_receive(struct supervisor *s, struct err *e)
{
	int fds[6] = { -1, -1, -1, -1, -1, -1 };
	struct msg m;
	struct rbuf r;
	int rc = -1;

	s->gateway = (struct chan){ CHANNEL_FD, ROLE_SUPERVISOR,
		ROLE_GATEWAY };
	if (fcntl(CHANNEL_FD, F_SETFD, FD_CLOEXEC) == -1)
		return err_sys(e, "descriptor 3 is not a channel: the gateway "
				  "starts this program, nobody else");
	if (chan_recv_wait(&s->gateway, s->in, &m, SPEC_WAIT_MS, e) !=
		CHAN_MSG || m.type != MSG_BOX_START)
		return e->text[0] != '\0' ?
		    err_wrap(e, "no BOX_START came") :
		    err_set(e, ERR_PEER, "no BOX_START came");
	r = rbuf_of(m.body);
	if (box_spec_get(&r, &s->arena, &s->spec) == -1)
		rc = err_set(e, ERR_PEER, "BOX_START is not well formed");
	else
		rc = take_fds(s, &m, fds, e);
	if (rc == 0)
		rc = audit_sender_use(&s->audit, fds[BOX_FD_AUDIT], e);
	if (rc == 0)
		rc = main_session(s, fds[BOX_FD_ATTACH], e);
	if (rc == 0)
		rc = egress_start(s, fds[BOX_FD_IMAGE],
		    fds[BOX_FD_EGRESS_AUDIT], e);
	s->image_fd = fd_take(&fds[BOX_FD_IMAGE]);
	fd_close(&fds[BOX_FD_EGRESS_AUDIT]);
	return rc;
}

/* ---- egress ---- */

/* Words that name a file have it as well. */
static int
egress_say_way(struct supervisor *s, struct str line, struct err *e)
{
	static const char *const files[] = { "credentials", "ca",
		"certificate", "key" };
	char path[PATH_BYTES_MAX];
	CLEAN_FD int fd = -1;
	struct str word, rest;

	if (!str_cut(line, ' ', &word, &rest))
		return err_set(e, ERR_PEER, "BOX_START: a way has no word");
	for (size_t i = 0; i < NELEM(files) && fd == -1; i++) {
		if (!str_eqz(word, files[i]))
			continue;
		if (!str_copy(rest, path, sizeof(path)))
			return err_set(e, ERR_PEER, "BOX_START: a way's path");
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			return err_sys(e, "%s %s", files[i], path);
	}
	return chan_send_wait(&s->egress, MSG_EGRESS_WAYS, 0, line, &fd,
	    fd == -1 ? 0 : 1, 2000, e) == 1 ? 0 : -1;
}

static int
egress_say_ways(struct supervisor *s, struct err *e)
{
	struct str rest = str_c(s->spec.ways), line;

	while (str_cut(rest, '\n', &line, &rest))
		if (egress_say_way(s, line, e) == -1)
			return -1;
	return 0;
}

static int
egress_say_start(struct supervisor *s, int image, int audit, struct err *e)
{
	CLEAN_FD int ca = -1;
	int fds[3] = { image, audit, -1 };
	struct egress_start v = { .generation = s->spec.generation,
		.resolve = str_c(s->spec.resolve) };
	struct wbuf w = { .p = s->out, .cap = sizeof(s->out) };

	memcpy(v.id, s->spec.id, sizeof(v.id));
	memcpy(v.name, s->spec.name, sizeof(v.name));
	egress_start_put(&w, &v);
	if (s->spec.upstream_ca[0] != '\0') {
		ca = open(s->spec.upstream_ca, O_RDONLY | O_CLOEXEC);
		if (ca == -1)
			return err_sys(e, "upstream_ca %s",
			    s->spec.upstream_ca);
		fds[EGRESS_FD_CA] = ca;
	}
	return chan_send_wait(&s->egress, MSG_EGRESS_START, 0,
	    str_of((const char *)s->out, w.len), fds, ca == -1 ? 2 : 3, 2000,
	    e) == 1 ? egress_say_ways(s, e) : -1;
}

/* In the child: the channel as descriptor 3, nothing else, dies with us. */
static void
egress_become(int fd, const char *program, pid_t parent)
{
	static char *const env[] = { NULL };
	char *const argv[] = { (char *)(uintptr_t)roles[ROLE_EGRESS].program,
		NULL };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it died before we asked */
	if (dup2(fd, CHANNEL_FD) == -1 ||
	    (fd == CHANNEL_FD && fcntl(fd, F_SETFD, 0) == -1))
		_exit(1);
	(void)syscall(SYS_close_range, CHANNEL_FD + 1, ~0U, 0);
	(void)execve(program, argv, env);
	_exit(1);
}

static int
egress_start(struct supervisor *s, int image, int audit, struct err *e)
{
	char program[PATH_BYTES_MAX];
	int fds[2];
	pid_t pid, self = getpid();

	if (paths_program(roles[ROLE_EGRESS].program, program, e) == -1 ||
	    chan_pair(fds, e) == -1)
		return -1;
	pid = vfork();
	if (pid == 0)
		egress_become(fds[1], program, self);
	(void)close(fds[1]);
	s->egress = (struct chan){ fds[0], ROLE_SUPERVISOR, ROLE_EGRESS };
	if (pid == -1)
		return err_sys(e, "start egress");
	s->egress_child.pid = pid;
	s->egress_child.io.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (s->egress_child.io.fd == -1)
		return err_sys(e, "pidfd_open");
	return egress_say_start(s, image, audit, e);
}

/* ---- the sandbox and the finder ---- */

static int
places_fill(struct supervisor *s, struct err *e)
{
	static const char *ours[4];
	static const enum box_system systems[] = {
		[POLICY_SYSTEM_READ_ONLY] = BOX_READ_ONLY,
		[POLICY_SYSTEM_NONE] = BOX_NOTHING,
		[POLICY_SYSTEM_LAYERED] = BOX_LAYERED,
	};
	const struct image_info *info = image_info(s->image);
	struct places *p = &s->places;

	ours[0] = s->paths.state;
	ours[1] = s->paths.config;
	ours[2] = s->paths.runtime;
	p->ours = ours;
	p->system = systems[info->system];
	p->gated = gate_has(s->gate, GATE_FILES);
	for (uint32_t i = 0; i < s->spec.nmounts; i++) {
		const struct box_mount *m = &s->spec.mounts[i];

		if (places_mount(p, m->host, m->inside, m->read_only, e) ==
		    -1)
			return -1;
	}
	return 0;
}

static int
grants_fill(struct supervisor *s, struct err *e)
{
	const struct image_info *info = image_info(s->image);
	/* the broker then lets pass, and records, what would be denied */
	const bool only_watched = s->places.gated && !info->bounded &&
	    info->mode != POLICY_ENFORCE;

	for (uint32_t i = 0; i < info->files; i++) {
		struct file_grant g;
		const char *path;
		int rc;

		image_file(s->image, i, &g);
		if (g.deny && only_watched)
			continue;
		path = arena_strdup(&s->arena, g.path);
		must(path != NULL);
		if (g.deny)
			rc = places_deny(&s->places, path, e);
		else
			rc = places_grant(&s->places, path,
			    (g.access & FILE_READ) != 0,
			    (g.access & FILE_WRITE) != 0, g.tree, e);
		if (rc == -1)
			return -1;
	}
	return places_finish(&s->places, e);
}

static int
init_start(struct supervisor *s, struct err *e)
{
	char program[PATH_BYTES_MAX], baseline[PATH_BYTES_MAX + 16];
	CLEAN_FD int theirs = -1, init = -1, broker = -1, gate = -1;
	struct box_opts o;
	int fds[2];

	if (paths_program(roles[ROLE_INIT].program, program, e) == -1 ||
	    chan_pair(fds, e) == -1)
		return -1;
	s->init = (struct chan){ fds[0], ROLE_SUPERVISOR, ROLE_INIT };
	theirs = fds[1];
	init = open(program, O_RDONLY | O_CLOEXEC);
	if (init == -1)
		return err_sys(e, "open %s", program);
	(void)snprintf(baseline, sizeof(baseline), "%s/baseline",
	    s->paths.state);
	if (s->gate != GATE_NONE && gate_prepare(s, &broker, &gate, e) == -1)
		return -1;
	o = (struct box_opts){ .dirfd = s->dir, .init_fd = init,
		.chan_fd = theirs, .gate = s->gate, .broker_fd = broker,
		.broker_chan_fd = gate, .reads = gate_reads(s),
		.root = { .hostname = s->spec.name, .dir = s->spec.dir,
		    .baseline = baseline, .places = &s->places } };
	if (box_clone(&o, &s->box, e) == -1)
		return -1;
	return s->gate != GATE_NONE ? gate_start(s, e) : 0;
}

static int
finder_start(struct supervisor *s, struct err *e)
{
	pid_t pid, self = getpid();
	int fds[2];

	if (chan_pair(fds, e) == -1)
		return -1;
	pid = fork();
	if (pid == -1)
		return err_sys(e, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fds[0] = fcntl(fds[1], F_DUPFD_CLOEXEC, CHANNEL_FD + 2);
		if (getppid() != self || fds[0] == -1 ||
		    dup2(s->diag, CHANNEL_FD + 1) == -1 ||
		    dup2(fds[0], CHANNEL_FD) == -1)
			_exit(1);
		(void)syscall(SYS_close_range, CHANNEL_FD + 2, ~0U, 0);
		finder_serve(CHANNEL_FD, CHANNEL_FD + 1, s->box.pid);
	}
	(void)close(fds[1]);
	fd_close(&s->diag);
	s->finder = (struct chan){ fds[0], ROLE_SUPERVISOR, ROLE_FINDER };
	return 0;
}

int
start_processes(struct supervisor *s, struct err *e)
{
	s->env = environ_make(&s->arena, s->spec.env);
	if (s->env == NULL)
		return err_set(e, ERR_LIMIT, "the environment is too long");
	if (paths_init(&s->paths, e) == -1 || places_fill(s, e) == -1 ||
	    grants_fill(s, e) == -1 || init_start(s, e) == -1 ||
	    inside_receive(s, e) == -1)
		return -1;
	return finder_start(s, e);
}
