/* known.c -- which of the policy's commands a file is.
 *
 * At the start each name is looked up once: in the sandbox's PATH, which says
 * what a grant means, and for denies in every place where programs are. Files
 * are known by device, inode and content. To hash all of them would take
 * longer than the rest of the start, so that a content has a name of its own
 * until it has to be compared: what nobody changed (same inode, size and
 * change time) is what it was, and only files of the same size can be copies.
 */
#include "broker/known.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/must.h"
#include "broker/finding.h"
#include "policy/image.h"

enum { FDS_MAX = 256, CHUNK = 65536, DIRS_MAX = 64 };

/* Beyond the image's commands: what runs others. */
enum { RUNS_LOADER = UINT32_MAX - 1, RUNS_MANY = UINT32_MAX };

struct known {
	struct same_known s;
	struct stat st;
	int fd;			/* to be hashed later; -1: it was */
	bool hashed;
	bool deny;
};

static struct {
	struct known *v;	/* by device and inode */
	size_t n, cap;
	unsigned fds;
	bool any;		/* a copy may matter */
} known;

/* ---- content ---- */

int
known_hash(int fd, unsigned char out[SHA256_BYTES])
{
	static char chunk[CHUNK];
	struct sha256_sum sum;
	off_t at = 0;
	ssize_t n;

	sha256_init(&sum);
	while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		sha256_add(&sum, str_of(chunk, (size_t)n));
		at += n;
	}
	sha256_end(&sum, out);
	return n == 0 ? 0 : -1;
}

/* A content's name until somebody hashes it. */
static void
hash_name(const struct stat *st, unsigned char out[SHA256_BYTES])
{
	const uint64_t v[4] = { (uint64_t)st->st_dev, (uint64_t)st->st_ino,
		(uint64_t)st->st_ctim.tv_sec * 1000000000U +
		    (uint64_t)st->st_ctim.tv_nsec, (uint64_t)st->st_size };

	_Static_assert(sizeof(v) == SHA256_BYTES, "a name is a hash's size");
	memcpy(out, v, SHA256_BYTES);
}

static bool
is_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* All that are this file get the same. */
static void
hash_now(struct known *k)
{
	unsigned char hash[SHA256_BYTES];
	const struct stat *st = &k->st;

	if (k->hashed || k->fd == -1 || known_hash(k->fd, hash) == -1)
		return;
	for (size_t i = 0; i < known.n; i++) {
		struct known *o = &known.v[i];

		if (o->st.st_dev != st->st_dev || o->st.st_ino != st->st_ino)
			continue;
		memcpy(o->s.id.hash, hash, sizeof(hash));
		o->hashed = true;
		fd_close(&o->fd);
	}
}

/* ---- the start ---- */

static struct known *
room_for_one(void)
{
	if (known.n == known.cap) {
		known.cap = known.cap == 0 ? 64 : 2 * known.cap;
		known.v = mem_grow(known.v, known.cap, sizeof(*known.v));
	}
	return &known.v[known.n++];
}

/* May its bytes change below us? On an overlay a change makes another file. */
static bool
is_written(int fd)
{
	struct statfs v;

	return fstatfs(fd, &v) == -1 || ((v.f_flags & ST_RDONLY) == 0 &&
	    v.f_type != OVERLAYFS_SUPER_MAGIC);
}

/* at: its name in dir, which is followed. */
static bool
add(int dir, const char *at, uint32_t command, bool path, bool deny)
{
	CLEAN_FD int fd = openat(dir, at, O_RDONLY | O_CLOEXEC | O_NOCTTY |
		O_NONBLOCK);
	struct stat st;
	struct known *k;

	if (fd == -1 && errno == EACCES)
		fd = openat(dir, at, O_PATH | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & 0111) == 0)
		return false;
	k = room_for_one();
	*k = (struct known){ .s = { .command = command, .path = path,
		.id = { (uint64_t)st.st_dev, (uint64_t)st.st_ino, { 0 } } },
		.st = st, .fd = -1, .deny = deny };
	hash_name(&st, k->s.id.hash);
	if (!deny)
		return true;
	k->fd = fd_take(&fd);
	if (++known.fds > FDS_MAX || is_written(k->fd))
		hash_now(k);
	return true;
}

struct places {
	int dirs[DIRS_MAX];
	struct stat st[DIRS_MAX];
	unsigned n, searched;	/* the first ones are of the PATH */
};

static void
place_add(struct places *p, struct str path)
{
	char z[PATH_BYTES_MAX];
	struct stat st;
	int fd;

	if (p->n == DIRS_MAX || path.len == 0 || path.p[0] != '/' ||
	    !str_copy(path, z, sizeof(z)))
		return;
	fd = open(z, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == -1) {
		(void)close(fd);
		return;
	}
	for (unsigned i = 0; i < p->n; i++)
		if (p->st[i].st_dev == st.st_dev &&
		    p->st[i].st_ino == st.st_ino) {
			(void)close(fd);
			return;
		}
	p->st[p->n] = st;
	p->dirs[p->n++] = fd;
}

static void
places_open(struct places *p, struct str search)
{
	static const char *const more[] = { "/usr/local/sbin",
		"/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
		"/usr/games", "/usr/libexec", "/usr/lib/git-core" };
	struct str dir;
	bool again = true;

	while (again) {
		again = str_cut(search, ':', &dir, &search);
		place_add(p, again ? dir : search);
	}
	p->searched = p->n;
	for (size_t i = 0; i < NELEM(more); i++)
		place_add(p, str_c(more[i]));
}

/* Bare names that are denied, and what stands behind a dot. */
struct names {
	struct name {
		struct str text;
		uint32_t command;
	} *v;
	size_t n;
};

static int
by_text(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	size_t len = x->text.len < y->text.len ? x->text.len : y->text.len;
	int rc = memcmp(x->text.p, y->text.p, len);

	return rc != 0 ? rc : (x->text.len > y->text.len) -
	    (x->text.len < y->text.len);
}

static void
look_at_entry(int dir, const struct names *names, const char *entry)
{
	const size_t len = strlen(entry);

	for (size_t i = 1; i <= len; i++) {
		struct name want = { str_of(entry, i), 0 };
		const struct name *found;

		if (i < len && entry[i] != '.')
			continue;
		found = bsearch(&want, names->v, names->n, sizeof(want),
		    by_text);
		if (found != NULL)
			(void)add(dir, entry, found->command, false, true);
	}
}

static void
find_denied(const struct names *names, const struct places *p)
{
	for (unsigned i = 0; names->n > 0 && i < p->n; i++) {
		int fd = openat(p->dirs[i], ".", O_RDONLY | O_DIRECTORY |
			O_CLOEXEC);
		DIR *dir = fd == -1 ? NULL : fdopendir(fd);
		const struct dirent *d;

		while (dir != NULL && (d = readdir(dir)) != NULL)
			look_at_entry(p->dirs[i], names, d->d_name);
		if (dir != NULL)
			(void)closedir(dir);
		else if (fd != -1)
			(void)close(fd);
	}
}

static void
find_command(const struct exec_command *c, uint32_t i,
    const struct places *p)
{
	char z[PATH_BYTES_MAX];

	if (!str_copy(c->name, z, sizeof(z)))
		return;
	if (z[0] == '/') {
		(void)add(AT_FDCWD, z, i, true, c->deny);
		return;
	}
	for (unsigned k = 0; k < p->searched; k++)
		if (add(p->dirs[k], z, i, true, c->deny))
			return;
}

/* Named so where they run others; a copy by another name does it, too. */
static void
find_runners(const struct places *p)
{
	static const char *const loaders[] = {
		"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
		"/lib/ld-linux-riscv64-lp64d.so.1",
		"/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1",
		"/lib/ld-linux.so.2" };

	for (size_t i = 0; i < NELEM(loaders); i++)
		(void)add(AT_FDCWD, loaders[i], RUNS_LOADER, true, true);
	for (unsigned k = 0; k < p->n; k++) {
		(void)add(p->dirs[k], "busybox", RUNS_MANY, true, true);
		(void)add(p->dirs[k], "toybox", RUNS_MANY, true, true);
	}
}

static int
by_inode(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->st.st_dev != y->st.st_dev)
		return x->st.st_dev < y->st.st_dev ? -1 : 1;
	if (x->st.st_ino != y->st.st_ino)
		return x->st.st_ino < y->st.st_ino ? -1 : 1;
	return 0;
}

void
known_init(const struct broker *b, const struct image *im, struct str search)
{
	const uint32_t n = image_commands(im);
	struct names names = { mem_alloc(n + 1, sizeof(*names.v)), 0 };
	struct places p = { .n = 0 };
	struct exec_command c;

	(void)b;
	places_open(&p, search);
	for (uint32_t i = 0; i < n; i++) {
		image_command(im, i, &c);
		find_command(&c, i, &p);
		if (c.deny && c.name.p[0] != '/')
			names.v[names.n++] = (struct name){ c.name, i };
	}
	qsort(names.v, names.n, sizeof(*names.v), by_text);
	find_denied(&names, &p);
	find_runners(&p);
	qsort(known.v, known.n, sizeof(*known.v), by_inode);
	for (unsigned i = 0; i < p.n; i++)
		(void)close(p.dirs[i]);
	free(names.v);
}

/* ---- an exec ---- */

static size_t
first_of(const struct stat *st)
{
	size_t lo = 0, hi = known.n;
	const struct known want = { .st = *st };

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (by_inode(&known.v[mid], &want) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
read_hash(int fd, int memfd, struct content *out)
{
	(void)memfd;
	return known_hash(fd, out->hash) == 0 ? 0 : -EIO;
}

/* Of what is neither unchanged nor as large as something denied, the content
 * is nothing that matters. */
static void
identify(struct broker *b, struct program_file *file)
{
	const size_t at = first_of(&file->st);
	struct content what;
	CLEAN_FD int fd = -1;
	bool alike = false;
	int none;

	file->id = (struct file_id){ (uint64_t)file->st.st_dev,
		(uint64_t)file->st.st_ino, { 0 } };
	if (at < known.n && known.v[at].st.st_dev == file->st.st_dev &&
	    known.v[at].st.st_ino == file->st.st_ino &&
	    is_unchanged(&known.v[at].st, &file->st)) {
		memcpy(file->id.hash, known.v[at].s.id.hash, SHA256_BYTES);
		return;
	}
	for (size_t i = 0; i < known.n; i++)
		if (known.v[i].deny && known.v[i].st.st_size ==
		    file->st.st_size) {
			hash_now(&known.v[i]);
			alike = true;
		}
	if (!alike)
		return;
	fd = program_open(b, file);
	if (fd == -1 || finding_get(b, fd, &file->st, read_hash, -1, &what,
		&none) != 0)
		return;
	file->hashed = true;
	memcpy(file->id.hash, what.hash, SHA256_BYTES);
}

static void
put(uint32_t *v, uint32_t *n, uint32_t command, struct known_commands *out)
{
	uint32_t at = *n;

	if (command == RUNS_LOADER) {
		out->loader = true;
		return;
	}
	if (command == RUNS_MANY) {
		out->manifold = true;
		return;
	}
	for (uint32_t i = 0; i < *n; i++)
		if (v[i] == command)
			return;
	if (*n == KNOWN_MAX)
		return; /* more than the decision takes, and it says so */
	for (; at > 0 && v[at - 1] > command; at--)
		v[at] = v[at - 1];
	v[at] = command;
	++*n;
}

void
known_find(struct broker *b, struct program_file *file,
    struct known_commands *out)
{
	uint32_t one;

	memset(out, 0, sizeof(*out));
	if (file->fd == -1)
		return;
	identify(b, file);
	for (size_t i = 0; i < known.n; i++) {
		const struct same_known *s = &known.v[i].s;

		if (same_find(s, 1, &file->id, false, &one, 1) > 0 &&
		    s->command < RUNS_LOADER)
			put(out->same, &out->nsame, one, out);
		if (same_find(s, 1, &file->id, true, &one, 1) > 0)
			put(out->copies, &out->ncopies, one, out);
	}
}
