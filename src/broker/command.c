/* command.c -- is a command allowed?
 *
 * The broker finds out what lib/policy/exec.h asks about, and asks. What a
 * program that starts others by hand is given (the loader, busybox) is asked
 * about as well: it can be denied, and is no reason to allow. */
#include "broker/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/compat.h"
#include "broker/known.h"
#include "broker/stop.h"
#include "policy/cond.h"
#include "policy/image.h"

struct question { /* one exec */
	const struct ask *a;
	struct program *p;
	struct exec_query q;
	struct known_commands known[EXEC_FORMS_MAX + 1];
};

/* ---- the query ---- */

static void
known_fill(struct question *x)
{
	struct program *p = x->p;

	for (uint32_t i = 0; i < p->nfiles; i++)
		known_find(x->a->b, &p->files[i], &x->known[i]);
	for (uint32_t i = 0; i < p->nforms; i++) {
		const struct known_commands *k = NULL;
		struct exec_form *f = &p->forms[i];

		for (uint32_t j = 0; j < p->nfiles; j++)
			if (f->name.p == p->files[j].name.p)
				k = &x->known[j];
		if (k == NULL)
			continue; /* env would not find it */
		f->same = k->same;
		f->nsame = k->nsame;
		f->copies = k->copies;
		f->ncopies = k->ncopies;
	}
}

/* ---- what it would start itself ---- */

/* Only a rule that denies counts. */
static bool
is_denied(const struct question *x, const struct exec_form *form,
    struct exec_answer *v)
{
	struct exec_query q = x->q;
	struct exec_answer got;

	q.forms = form;
	q.nforms = 1;
	q.made = false;
	policy_exec(x->a->image, &q, &got);
	if (got.judged != VERDICT_DENY || got.rule.file.len == 0)
		return false;
	*v = got;
	return true;
}

/* The file that the loader is given, which is no form of its own. */
static bool
loaded_is_denied(const struct question *x, const struct exec_form *f,
    struct exec_answer *v)
{
	struct known_commands k;
	struct program_file file = { .fd = -1 };
	uint32_t i = exec_loaded(f->argv, f->argc);
	char text[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
	struct exec_form inner;
	bool denied = false;

	if (i >= f->argc || !str_copy(f->argv[i], text, sizeof(text)))
		return false;
	file.fd = walk(x->a, x->p->cwd_fd, text, 0);
	inner = (struct exec_form){ .name = f->argv[i], .argv = f->argv + i,
		.argc = f->argc - i };
	if (file.fd >= 0 && fstat(file.fd, &file.st) == 0 &&
	    S_ISREG(file.st.st_mode)) {
		known_find(x->a->b, &file, &k);
		inner.copies = k.copies;
		inner.ncopies = k.ncopies;
		if (object_path(x->a->b, file.fd, path) == OBJECT_NAMED)
			inner.file = str_c(path);
	}
	denied = is_denied(x, &inner, v);
	fd_close(&file.fd);
	return denied;
}

/* By another name it does the same. */
static bool
applet_is_denied(const struct question *x, const struct exec_form *f,
    struct exec_answer *v)
{
	struct exec_form as = *f;

	as.name = STR("busybox");
	return is_denied(x, &as, v);
}

static void
look_inside(const struct question *x, struct exec_answer *v)
{
	const struct program *p = x->p;

	for (uint32_t i = 0; i < p->nforms; i++)
		for (uint32_t j = 0; j < p->nfiles; j++) {
			if (p->forms[i].name.p != p->files[j].name.p)
				continue;
			if ((x->known[j].loader &&
				loaded_is_denied(x, &p->forms[i], v)) ||
			    (x->known[j].manifold &&
				applet_is_denied(x, &p->forms[i], v)))
				return;
		}
}

/* What a binary names as its loader runs before it, or in its place. One that
 * is not the loader is a program. */
static void
judge_loader(const struct question *x, struct exec_answer *v)
{
	struct program *p = x->p;
	struct exec_form form = { .name = p->loader.name,
		.file = p->loader.path, .argv = p->argv, .argc = p->argc };
	struct exec_query q = x->q;
	const uint64_t profiles = v->profiles;
	struct known_commands k;

	if (p->loader.fd == -1)
		return;
	known_find(x->a->b, &p->loader, &k);
	if (k.loader)
		return;
	form.same = k.same;
	form.nsame = k.nsame;
	form.copies = k.copies;
	form.ncopies = k.ncopies;
	q.forms = &form;
	q.nforms = 1;
	policy_exec(x->a->image, &q, v);
	v->profiles |= profiles;
}

/* ---- the decision ---- */

static void
ask_policy(struct question *x, struct exec_answer *v)
{
	struct facts facts;

	facts.known = 0;
	facts.later = 0;
	if (image_exec_facts(x->a->image) != 0) {
		command_facts(x->a, &facts);
		x->q.facts = &facts;
	}
	policy_exec(x->a->image, &x->q, v);
	if (v->judged == VERDICT_ALLOW && !x->q.main)
		look_inside(x, v);
	if (v->judged == VERDICT_ALLOW && !x->q.main)
		judge_loader(x, v);
	x->q.facts = NULL;
}

/* In audit mode all of them are. */
static bool
is_told(const struct ask *a)
{
	return image_info(a->image)->mode == POLICY_AUDIT;
}

/* 0: it may run. */
static long
judge_command(const struct ask *a, struct program *p)
{
	static struct question x;
	struct exec_answer v;
	long rc = 0;

	memset(&x, 0, sizeof(x));
	x.a = a;
	x.p = p;
	known_fill(&x);
	rc = arguments_find(a, p);
	if (rc != 0)
		return rc;
	x.q.profiles = a->profiles;
	x.q.forms = p->forms;
	x.q.nforms = p->nforms;
	x.q.cwd = p->cwd;
	x.q.env = p->args.env;
	x.q.nenv = p->args.nenv;
	x.q.given = a->b->env;
	x.q.ngiven = a->b->nenv;
	x.q.main = p->main;
	review_look(a, p, &x.q);
	ask_policy(&x, &v);
	if (a->b->turned)
		return AWAY; /* nor what it names */
	if (a->b->later)
		return HELD;
	switch (review_exec(a, p, &v)) {
	case REVIEW_HOLD:
		return hold(a);
	case REVIEW_ALLOW:
		if (!p->main &&
		    !profile_may_enter(a, v.profiles, v.reason)) {
			v.judged = v.verdict = VERDICT_DENY;
			break;
		}
		p->profiles = v.profiles;
		if (v.audit || v.judged == VERDICT_DENY || is_told(a))
			event_exec(a, p, &v);
		return 0;
	case REVIEW_DENY:
		break;
	}
	event_exec(a, p, &v);
	return -EACCES;
}

/* What it is called was asked when it was found. */
static long
judge_file(const struct ask *a, const struct program_file *file)
{
	char path[PATH_BYTES_MAX];

	if (!str_copy(file->path, path, sizeof(path)) || path[0] == '\0' ||
	    name_is_proc(path))
		return judge_object(a, file->fd, FILE_READ);
	return judge_path(a, path, FILE_READ);
}

static long
judge_files(const struct ask *a, const struct program *p)
{
	long rc = 0;

	for (uint32_t i = 0; a->b->files && rc == 0 && i <= p->runs; i++)
		rc = judge_file(a, &p->files[i]);
	if (a->b->files && rc == 0 && p->loader.fd != -1)
		rc = judge_file(a, &p->loader);
	return rc;
}

/* openshell-init starts what the operator launches; nothing inside can be it,
 * since it lies on no path and cannot be read. */
static bool
is_main(const struct ask *a)
{
	struct stat st;

	return caller_exe_stat(a, &st) == 0 && a->b->init.pid != 0 &&
	    st.st_dev == a->b->init.dev && st.st_ino == a->b->init.ino;
}

/* The first exec of all is of openshell-init itself. */
static bool
is_init(const struct ask *a, int held)
{
	struct exec_image *init = &a->b->init;
	struct stat st;

	if (init->pid != 0 || fstat(held, &st) == -1)
		return false;
	*init = (struct exec_image){ a->tid, st.st_dev, st.st_ino };
	return true;
}

static long
decide(const struct ask *a, const struct exec_call *call,
    const struct exec_asked *asked, int held, struct program *p)
{
	const bool commands = image_has_commands(a->image);
	int found;
	long rc = 0;

	if (commands)
		rc = args_copy(a, call->argv, call->env, &p->arena, &p->args);
	if (rc != 0) {
		(void)close(held);
		return rc;
	}
	found = program_find(a, asked, held, p);
	if (found != 0 && found != -ENOEXEC)
		return found;
	if (a->b->turned)
		return AWAY; /* not all of it was found */
	p->copied = commands;
	p->main = commands && is_main(a);
	rc = judge_files(a, p);
	if (rc == 0 && commands)
		rc = judge_command(a, p);
	if (rc != 0)
		return rc;
	return stop_let_go(a, found == 0 ? p : NULL);
}

static int
program_held(const struct ask *a, const struct exec_call *call,
    struct exec_asked *asked)
{
	int rc = caller_string(a, call->path, asked->path);

	if (rc != 0)
		return rc;
	asked->dirfd = call->dirfd;
	asked->flags = call->flags;
	if (asked->path[0] == '\0' && (call->flags & AT_EMPTY_PATH) != 0)
		return caller_dir(a, call->dirfd);
	return walk_from(a, call->dirfd, asked->path,
	    (call->flags & AT_SYMLINK_NOFOLLOW) != 0 ? WALK_LINK : 0);
}

void
command_look(const struct ask *a, const struct exec_call *call)
{
	static struct exec_asked asked;
	static struct question x;
	static struct program p;
	const bool commands = image_has_commands(a->image);
	int held = program_held(a, call, &asked);

	if (held < 0)
		return;
	program_init(&p);
	x.a = a;
	x.p = &p;
	if (commands && args_copy(a, call->argv, call->env, &p.arena,
		&p.args) != 0)
		return;
	if (program_find(a, &asked, held, &p) != 0 || !commands)
		return;
	known_fill(&x);
	if (arguments_find(a, &p) == 0)
		review_look(a, &p, &x.q);
}

long
ask_exec(const struct ask *a, const struct exec_call *call)
{
	static struct exec_asked asked;
	static struct program p;
	int held = program_held(a, call, &asked);
	long rc;

	if (held < 0)
		return held;
	if (is_init(a, held)) {
		(void)close(held);
		return LET_GO;
	}
	program_init(&p);
	rc = decide(a, call, &asked, held, &p);
	program_fini(&p);
	return rc;
}
