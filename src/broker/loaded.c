/* loaded.c -- is what the kernel loaded what was judged?
 *
 * The new program has not run yet and nobody but us can reach its memory, for
 * it is traced. Its stack holds the arguments and the environment as the
 * kernel copied them, one after the other; /proc says which file it is, and
 * which one is mapped where its loader begins. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/must.h"
#include "broker/finding.h"
#include "broker/known.h"
#include "broker/review.h"
#include "broker/stop.h"
#include "jail/procmap_abi.h"

#define AUXV_MAX   64
#define FEW_WORDS  1024
#define MAPS_BYTES 16384
#define SHORT_BYTES 4096	/* many execs may be on their way at once */

#if defined(__x86_64__)
#define STACK_OF(regs) ((regs).rsp)
#else
#define STACK_OF(regs) ((regs).sp)
#endif

/* ---- what is expected ---- */

/* The line of /proc/PID/maps in which at lies. */
static bool
mapped_in_text(struct broker *b, pid_t pid, uint64_t at, dev_t *dev, ino_t *ino)
{
	static char text[MAPS_BYTES];
	const struct ask who = { .b = b, .tid = pid };
	ssize_t n = caller_text(&who, "maps", text, sizeof(text));
	char *line, *next;

	if (n <= 0)
		return false;
	for (line = text; line != NULL && *line != '\0'; line = next) {
		uint64_t from, to, inode;
		unsigned major_, minor_;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %x:%x %"
			SCNu64, &from, &to, &major_, &minor_, &inode) != 5)
			return false;
		if (at < from || at >= to)
			continue;
		*dev = makedev(major_, minor_);
		*ino = (ino_t)inode;
		return true;
	}
	return false;
}

/* The same, without all the others. 0, or -errno: ENOTTY before Linux 6.11. */
static int
mapped_query(struct broker *b, pid_t pid, uint64_t at, dev_t *dev, ino_t *ino)
{
	struct procmap_query q = { .size = sizeof(q), .query_addr = at };
	CLEAN_FD int fd = -1;
	char path[32];

	(void)snprintf(path, sizeof(path), "%d/maps", (int)pid);
	fd = openat(b->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || ioctl(fd, PROCMAP_QUERY, &q) == -1)
		return -errno;
	*dev = makedev(q.dev_major, q.dev_minor);
	*ino = (ino_t)q.inode;
	return 0;
}

/* What is mapped there? */
bool
mapped_at(struct broker *b, pid_t pid, uint64_t at, dev_t *dev, ino_t *ino)
{
	int rc = mapped_query(b, pid, at, dev, ino);

	return rc == 0 || (rc != -ENOENT &&
	    mapped_in_text(b, pid, at, dev, ino));
}

/* What maps will say of it is what they say of a mapping of our own: some
 * file systems have other numbers there than in stat. */
static int
loader_expect(struct broker *b, const struct program_file *file,
    struct loaded *l)
{
	static struct {
		struct stat st;
		dev_t dev;
		ino_t ino;
	} last;
	CLEAN_FD int fd = -1;
	void *p;
	bool got;

	l->has_loader = true;
	if (last.ino == 0 || last.st.st_dev != file->st.st_dev ||
	    last.st.st_ino != file->st.st_ino ||
	    last.st.st_ctim.tv_sec != file->st.st_ctim.tv_sec ||
	    last.st.st_ctim.tv_nsec != file->st.st_ctim.tv_nsec) {
		fd = program_open(b, file);
		p = fd == -1 ? MAP_FAILED :
			       mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			return -EACCES;
		got = mapped_at(b, getpid(), (uintptr_t)p, &last.dev,
		    &last.ino);
		(void)munmap(p, 1);
		if (!got)
			return -EACCES;
		last.st = file->st;
	}
	l->loader_dev = last.dev;
	l->loader_ino = last.ino;
	return 0;
}

static size_t
length_of(const struct str *v, uint32_t n)
{
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++)
		len += v[i].len + 1;
	return len;
}

/* Each with its NUL, as they will stand on the stack. */
static char *
join(char *at, const struct str *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++, at++)
		at = mempcpy(at, v[i].p, v[i].len);
	return at;
}

static void
hash_all(struct sha256_sum *sum, const struct str *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		sha256_add(sum, v[i]);
		sha256_add(sum, str_of("", 1));
	}
}

static void
args_expect(const struct program *p, struct loaded *l)
{
	const struct args *v = &p->args;
	struct sha256_sum sum;
	char *at;

	l->has_args = true;
	l->argc = p->argc;
	l->nenv = v->nenv;
	l->len = length_of(p->argv, p->argc) + length_of(v->env, v->nenv);
	if (l->len <= SHORT_BYTES) {
		l->bytes = mem_alloc(l->len, 1);
		at = join(l->bytes, p->argv, p->argc);
		(void)join(at, v->env, v->nenv);
		return;
	}
	sha256_init(&sum);
	hash_all(&sum, p->argv, p->argc);
	hash_all(&sum, v->env, v->nenv);
	sha256_end(&sum, l->args_hash);
}

int
loaded_expect(const struct ask *a, const struct program *p,
    struct loaded *out)
{
	const struct program_file *file;
	const struct content *made;

	*out = (struct loaded){ .nothing = p == NULL };
	if (p == NULL)
		return 0;
	file = &p->files[p->runs];
	out->dev = file->st.st_dev;
	out->ino = file->st.st_ino;
	out->hashed = file->hashed && !file->fixed;
	memcpy(out->hash, file->id.hash, sizeof(out->hash));
	made = review_content(a, p->runs);
	if (made != NULL) {
		out->hashed = true;
		memcpy(out->hash, made->hash, sizeof(out->hash));
	}
	if (p->copied)
		args_expect(p, out);
	return p->loader.fd == -1 ? 0 : loader_expect(a->b, &p->loader, out);
}

void
loaded_fini(struct loaded *l)
{
	free(l->bytes);
	l->bytes = NULL;
}

/* ---- what there is ---- */

struct stack { /* of a program that has not run */
	uint64_t *v;		/* argc, argv, NULL, env, NULL, auxv */
	size_t n;
};

static void
stack_copy(const struct ask *who, uint64_t sp, size_t n, struct stack *s)
{
	ssize_t got = 0;

	s->n = 0;
	s->v = mem_grow(s->v, n, sizeof(*s->v));
	for (size_t have = 0; have < n * sizeof(*s->v); have += (size_t)got) {
		got = caller_some(who, sp + have, (char *)s->v + have,
		    n * sizeof(*s->v) - have);
		if (got <= 0)
			break;
		s->n = (have + (size_t)got) / sizeof(*s->v);
	}
}

/* Is all of it there, to the end of the auxiliary vector? */
static bool
is_whole(const struct stack *s)
{
	size_t i = 1;

	for (unsigned lists = 0; i < s->n && lists < 2; i++)
		lists += s->v[i] == 0;
	for (; i + 1 < s->n; i += 2)
		if (s->v[i] == AT_NULL)
			return true;
	return false;
}

/* At most n words. Few are enough for nearly all. */
static int
stack_read(const struct ask *who, uint64_t sp, size_t n, struct stack *s)
{
	stack_copy(who, sp, n < FEW_WORDS ? n : FEW_WORDS, s);
	if (n > FEW_WORDS && !is_whole(s))
		stack_copy(who, sp, n, s);
	return s->n > 0 ? 0 : -1;
}

static bool
same_bytes(const struct ask *who, uint64_t at, const struct loaded *l)
{
	static char room[8 * 4096];
	unsigned char hash[SHA256_BYTES];
	struct sha256_sum sum;
	size_t have = 0;

	sha256_init(&sum);
	while (have < l->len) {
		size_t want = l->len - have;
		ssize_t n = caller_some(who, at + have, room,
		    want < sizeof(room) ? want : sizeof(room));

		if (n <= 0 || (l->bytes != NULL &&
		    memcmp(room, l->bytes + have, (size_t)n) != 0))
			return false;
		if (l->bytes == NULL)
			sha256_add(&sum, str_of(room, (size_t)n));
		have += (size_t)n;
	}
	if (l->bytes != NULL)
		return true;
	sha256_end(&sum, hash);
	return memcmp(hash, l->args_hash, sizeof(hash)) == 0;
}

static bool
same_args(const struct ask *who, const struct stack *s,
    const struct loaded *l)
{
	const size_t all = 3 + (size_t)l->argc + l->nenv;

	if (s->n < all || s->v[0] != l->argc)
		return false;
	for (size_t i = 1; i < all; i++) {
		bool end = i == 1 + (size_t)l->argc || i == all - 1;

		if ((s->v[i] == 0) != end)
			return false;
	}
	return same_bytes(who, s->v[1], l);
}

/* Where its loader is; 0: it has none. */
static uint64_t
loader_base(const struct stack *s)
{
	size_t i = 1;

	for (unsigned lists = 0; i < s->n && lists < 2; i++)
		lists += s->v[i] == 0;
	for (; i + 1 < s->n && s->v[i] != AT_NULL; i += 2)
		if (s->v[i] == AT_BASE)
			return s->v[i + 1];
	return 0;
}

static bool
same_loader(struct broker *b, pid_t pid, const struct stack *s,
    const struct loaded *l)
{
	uint64_t base = loader_base(s);
	dev_t dev = 0;
	ino_t ino = 0;

	if (!l->has_loader || base == 0)
		return !l->has_loader && base == 0;
	return mapped_at(b, pid, base, &dev, &ino) && dev == l->loader_dev &&
	    ino == l->loader_ino;
}

static bool
same_file(const struct ask *who, const struct loaded *l)
{
	unsigned char hash[SHA256_BYTES];
	CLEAN_FD int fd = -1;
	struct stat st;

	if (caller_exe_stat(who, &st) != 0 || st.st_dev != l->dev ||
	    st.st_ino != l->ino)
		return false;
	if (!l->hashed)
		return true;
	if (l->read)
		return memcmp(l->found, l->hash, sizeof(l->hash)) == 0;
	/* nobody can write to it while it runs */
	fd = caller_exe_open(who);
	return fd >= 0 && known_hash(fd, hash) == 0 &&
	    memcmp(hash, l->hash, sizeof(hash)) == 0;
}

int
loaded_large(struct broker *b, pid_t pid, const struct loaded *l)
{
	const struct ask who = { .b = b, .tid = pid };
	CLEAN_FD int fd = l->hashed ? caller_exe_open(&who) : -1;
	struct stat st;

	return fd != -1 && fstat(fd, &st) == 0 &&
	    st.st_size >= FINDING_BYTES_MIN ? fd_take(&fd) : -1;
}

void
loaded_read(struct loaded *l, const unsigned char *hash)
{
	l->read = true;
	if (hash == NULL)
		memset(l->found, 0, sizeof(l->found));
	else
		memcpy(l->found, hash, sizeof(l->found));
}

bool
loaded_stack(pid_t pid, uint64_t *sp)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) == -1)
		return false;
	*sp = STACK_OF(regs);
	return true;
}

const char *
loaded_compare(struct broker *b, pid_t pid, uint64_t sp,
    const struct loaded *l)
{
	const struct ask who = { .b = b, .tid = pid };
	/* without arguments to compare, enough to find the loader's place */
	const size_t n = l->has_args ? 3 + (size_t)l->argc + l->nenv +
	    2 * AUXV_MAX : 65536;
	struct stack s = { 0 };
	const char *bad = NULL;

	if (l->nothing)
		return "no program";
	/* first: what nobody can write any more is what is read then */
	if (l->hashed && !l->read && mapped_for_writing(b, pid))
		return "a file that a process has mapped, and so could change "
		    "while it runs";
	if (!same_file(&who, l))
		return "another file";
	if (stack_read(&who, sp, n, &s) == -1)
		bad = "nothing that can be read";
	else if (l->has_args && !same_args(&who, &s, l))
		bad = "called with other arguments, or another environment";
	else if (!same_loader(b, pid, &s, l))
		bad = "loaded by another file";
	free(s.v);
	return bad;
}
