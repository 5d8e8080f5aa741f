/* program.c -- what would run: the file that a path leads to, for a script
 * its interpreters one after the other, and for a binary its loader.
 *
 * Each is held from here on, and what is said about it is about that file.
 * The kernel looks all of them up again by their names: stop.c compares. */
#include "broker/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/must.h"
#include "policy/image.h"
#include "policy/shebang.h"

#define ARENA_BYTES 16777216
#define PHDRS_MAX   128

struct finder {
	const struct ask *a;
	struct program *p;
	int cwd;		/* -1: not looked up yet */
	struct str script;	/* what the kernel gives the interpreter */
	bool bound;		/* the caller's descriptor is closed by then */
};

static struct str
kept(struct finder *f, const char *z)
{
	return str_c(arena_strdup(&f->p->arena, str_c(z)));
}

/* ---- one file */

static bool
is_fixed(int fd)
{
	struct statvfs v;

	return fstatvfs(fd, &v) == 0 && (v.f_flag & ST_RDONLY) != 0;
}

/* Takes fd. */
static int
file_add(struct finder *f, struct program_file *file, int fd, struct str name)
{
	char path[PATH_BYTES_MAX];

	*file = (struct program_file){ .fd = fd, .name = name };
	if (fstat(fd, &file->st) == -1)
		return -errno;
	if (S_ISLNK(file->st.st_mode))
		return -ELOOP;
	if (!S_ISREG(file->st.st_mode))
		return -EACCES;
	file->fixed = is_fixed(fd);
	switch (object_path(f->a->b, fd, path)) {
	case OBJECT_NAMED:
		file->path = kept(f, path);
		return 0;
	case OBJECT_NAMELESS:
		return 0;
	case OBJECT_OUTSIDE:
		break;
	}
	return -EACCES;
}

int
program_open(const struct broker *b, const struct program_file *file)
{
	return openat(b->fds, fd_name(file->fd).text, O_RDONLY | O_CLOEXEC |
		O_NOCTTY | O_NONBLOCK);
}

static int
cwd_of(struct finder *f)
{
	char path[PATH_BYTES_MAX];

	if (f->cwd >= 0)
		return f->cwd;
	f->cwd = caller_dir(f->a, AT_FDCWD);
	if (f->cwd >= 0 && object_path(f->a->b, f->cwd, path) ==
	    OBJECT_NAMED)
		f->p->cwd = kept(f, path);
	return f->cwd;
}

/* From the caller's working directory. */
static int
look_up(struct finder *f, struct str path)
{
	char text[PATH_BYTES_MAX];
	int cwd = AT_FDCWD;

	if (!str_copy(path, text, sizeof(text)))
		return -ENAMETOOLONG;
	if (text[0] != '/') {
		cwd = cwd_of(f);
		if (cwd < 0)
			return cwd;
	}
	return walk(f->a, cwd, text, 0);
}

/* ---- forms of the question */

static int
form_add(struct finder *f, const struct program_file *file,
    const struct str *argv, uint32_t argc)
{
	struct program *p = f->p;

	if (p->nforms == EXEC_FORMS_MAX)
		return -ELOOP;
	p->forms[p->nforms++] = (struct exec_form){ .name = file->name,
		.file = file->path, .argv = argv, .argc = argc };
	return 0;
}

/* head, then the script and what its own arguments were. */
static struct str *
argv_put(struct finder *f, const struct str *head, uint32_t n, uint32_t *argc)
{
	const struct program *p = f->p;
	struct str *v;

	*argc = n + p->argc; /* argv[0] makes room for the script's name */
	v = arena_alloc(&f->p->arena, *argc, sizeof(*v));
	if (v == NULL)
		return NULL;
	memcpy(v, head, n * sizeof(*v));
	v[n] = f->script;
	if (p->argc > 1)
		memcpy(v + n + 1, p->argv + 1, (p->argc - 1) * sizeof(*v));
	return v;
}

/* As execvp(3) finds it. */
static int
look_in_path(struct finder *f, struct str name)
{
	struct str dirs = STR("/bin:/usr/bin"), dir;
	const struct args *v = &f->p->args;
	bool more = true;

	if (str_index(name, '/') != name.len)
		return look_up(f, name);
	for (uint32_t i = 0; i < v->nenv; i++)
		if (str_has_prefix(v->env[i], STR("PATH="))) {
			dirs = str_from(v->env[i], 5);
			break;
		}
	while (more) {
		char path[PATH_BYTES_MAX];
		struct stat st;
		int fd, n;

		more = str_cut(dirs, ':', &dir, &dirs);
		if (!more)
			dir = dirs;
		n = snprintf(path, sizeof(path), "%.*s%s%.*s", (int)dir.len,
		    dir.p, dir.len > 0 ? "/" : "", (int)name.len, name.p);
		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		fd = look_up(f, str_of(path, (size_t)n));
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    (st.st_mode & 0111) != 0)
			return fd;
		if (fd >= 0)
			(void)close(fd);
	}
	return -ENOENT;
}

/* env is no form of its own: what it will execute is. It may not be there. */
static int
env_add(struct finder *f, const struct shebang_env *env)
{
	struct program *p = f->p;
	struct program_file *file = &p->files[p->nfiles];
	struct str words[SHEBANG_WORDS], *argv;
	uint32_t argc;
	int fd, rc = 0;

	must(env->n > 0);
	for (unsigned i = 0; i < env->n; i++) {
		words[i] = str_c(arena_strdup(&p->arena, env->words[i]));
		if (words[i].len != env->words[i].len)
			return -ENOEXEC;
	}
	argv = argv_put(f, words, env->n, &argc);
	if (argv == NULL)
		return -E2BIG;
	fd = look_in_path(f, words[0]);
	if (fd >= 0) {
		p->nfiles++;
		rc = file_add(f, file, fd, words[0]);
	} else
		*file = (struct program_file){ .fd = -1, .name = words[0] };
	return rc != 0 ? rc : form_add(f, file, argv, argc);
}

/* ---- formats */

static int
script(struct finder *f, const struct shebang *s)
{
	struct program *p = f->p;
	struct program_file *file = &p->files[p->nfiles];
	struct str head[2], *argv;
	struct shebang_env env;
	enum shebang_kind kind = shebang_env(s, &env);
	uint32_t argc, n = 0;
	int fd, rc;

	if (f->bound)
		return -ENOENT;
	if (p->nfiles + 2 > NELEM(p->files))
		return -ELOOP;
	head[n++] = str_c(arena_strdup(&p->arena, s->interpreter));
	if (s->has_argument)
		head[n++] = str_c(arena_strdup(&p->arena, s->argument));
	argv = argv_put(f, head, n, &argc);
	fd = look_up(f, head[0]);
	if (argv == NULL || fd < 0)
		return argv == NULL ? -E2BIG : fd;
	p->runs = p->nfiles++;
	rc = file_add(f, file, fd, head[0]);
	if (rc == 0 && kind == SHEBANG_SCRIPT)
		rc = env_add(f, &env);
	else if (rc == 0)
		rc = form_add(f, file, argv, argc);
	p->argv = argv;
	p->argc = argc;
	f->script = head[0];
	return rc;
}

static int
loader_read(struct finder *f, int fd, const Elf64_Phdr *ph)
{
	char name[PATH_BYTES_MAX];
	struct str path;
	int held;

	if (ph->p_filesz < 2 || ph->p_filesz > sizeof(name) ||
	    pread(fd, name, ph->p_filesz, (off_t)ph->p_offset) !=
		(ssize_t)ph->p_filesz || name[ph->p_filesz - 1] != '\0')
		return -ENOEXEC;
	path = kept(f, name);
	held = look_up(f, path);
	return held < 0 ? held : file_add(f, &f->p->loader, held, path);
}

/* A 32-bit program would be killed at its first call. */
static int
binary(struct finder *f, int fd, const unsigned char *head, size_t len)
{
	Elf64_Phdr ph[PHDRS_MAX];
	Elf64_Ehdr eh;
	ssize_t n;

	if (len < sizeof(eh) || head[EI_CLASS] != ELFCLASS64)
		return -ENOEXEC;
	memcpy(&eh, head, sizeof(eh));
	if (eh.e_phentsize != sizeof(*ph) || eh.e_phnum == 0 ||
	    eh.e_phnum > PHDRS_MAX)
		return -ENOEXEC;
	n = pread(fd, ph, eh.e_phnum * sizeof(*ph), (off_t)eh.e_phoff);
	if (n != (ssize_t)(eh.e_phnum * sizeof(*ph)))
		return -ENOEXEC;
	for (unsigned i = 0; i < eh.e_phnum; i++)
		if (ph[i].p_type == PT_INTERP)
			return loader_read(f, fd, &ph[i]);
	return 0;
}

/* *again: it was a script, and its interpreter is the next. */
static int
look_into(struct finder *f, bool *again)
{
	const struct program_file *file = &f->p->files[f->p->runs];
	CLEAN_FD int fd = program_open(f->a->b, file);
	unsigned char head[SHEBANG_BYTES];
	struct shebang s;
	ssize_t n;

	*again = false;
	if (fd == -1)
		return -EACCES; /* what it is cannot be known */
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return -errno;
	if (n >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		return binary(f, fd, head, (size_t)n);
	switch (shebang_parse(str_of((const char *)head, (size_t)n), &s)) {
	case SHEBANG_SCRIPT:
		*again = true;
		return script(f, &s);
	case SHEBANG_BAD:
	case SHEBANG_NONE:
		break;
	}
	return -ENOEXEC;
}

/* ---- the question */

/* How the kernel calls a script that was given as a descriptor. */
static struct str
script_name(struct finder *f, const struct exec_asked *q)
{
	char text[PATH_BYTES_MAX + 32];

	if (q->dirfd == AT_FDCWD || q->path[0] == '/')
		return f->p->files[0].name;
	(void)snprintf(text, sizeof(text), "/dev/fd/%d%s%s", q->dirfd,
	    q->path[0] != '\0' ? "/" : "", q->path);
	f->bound = caller_closes(f->a, q->dirfd);
	return kept(f, text);
}

int
program_find(const struct ask *a, const struct exec_asked *q, int held,
    struct program *p)
{
	struct finder f = { .a = a, .p = p, .cwd = -1 };
	bool again = true;
	int rc;

	p->nfiles = 1;
	p->runs = 0;
	rc = file_add(&f, &p->files[0], held, kept(&f, q->path));
	if (rc == 0)
		rc = form_add(&f, &p->files[0], p->args.argv, p->args.argc);
	p->argv = p->args.argv;
	p->argc = p->args.argc;
	if (rc == 0)
		p->script = f.script = script_name(&f, q);
	for (unsigned i = 0; rc == 0 && again; i++)
		rc = i == EXEC_FORMS_MAX ? -ELOOP : look_into(&f, &again);
	/* for its arguments, and for a script's name */
	if ((rc == 0 || rc == -ENOEXEC) &&
	    (p->runs > 0 || image_has_commands(a->image)))
		(void)cwd_of(&f);
	p->cwd_fd = f.cwd;
	return rc;
}

void
program_init(struct program *p)
{
	static struct str none = { "", 0 };

	memset(p, 0, sizeof(*p));
	p->args.argv = &none;
	p->args.argc = 1;
	p->arena.max = ARENA_BYTES;
	p->cwd_fd = -1;
	p->loader.fd = -1;
}

void
program_fini(struct program *p)
{
	for (uint32_t i = 0; i < p->nfiles; i++)
		fd_close(&p->files[i].fd);
	fd_close(&p->loader.fd);
	fd_close(&p->cwd_fd);
	arena_fini(&p->arena);
}
