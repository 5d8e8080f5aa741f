/* exes.c -- what a path named when it was first seen to hold a connection is
 * what it stands for as long as the sandbox runs: another content under the
 * same path is another program. */
#include "supervisor/exes.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/io.h"
#include "base/must.h"

#define SMB2_MAGIC 0xfe534d42
#define CIFS_MAGIC 0xff534d42
#define CEPH_MAGIC 0x00c36400

struct exe {
	char *path;
	struct stat st;		/* of what it names now */
	unsigned char first[SHA256_BYTES], now[SHA256_BYTES];
	bool first_known, now_known;
	bool changed;		/* it names another file than at first */
	int fd;			/* being hashed; or -1 */
	off_t at;
	struct sha256_sum sum;
};

struct exes {
	struct exe v[EXES_COUNT_MAX];
	size_t n;
	unsigned char slice[EXE_SLICE];
};

struct exes *
exes_new(void)
{
	return mem_alloc(1, sizeof(struct exes));
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* One that may make who reads it wait, for as long as somebody likes. */
static bool
may_block(int fd)
{
	static const uint32_t slow[] = { FUSE_SUPER_MAGIC, NFS_SUPER_MAGIC,
		SMB_SUPER_MAGIC, SMB2_MAGIC, CIFS_MAGIC, CEPH_MAGIC,
		V9FS_MAGIC, AFS_SUPER_MAGIC, CODA_SUPER_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return true;
	for (size_t i = 0; i < NELEM(slow); i++)
		if ((uint32_t)fs.f_type == slow[i])
			return true;
	return false;
}

/* ---- hashing ---- */

/* It was read whole; what changed meanwhile has no hash. */
static void
hash_end(struct exe *x)
{
	struct stat st;

	sha256_end(&x->sum, x->now);
	x->now_known = fstat(x->fd, &st) == 0 && same_file(&st, &x->st) &&
	    x->at == st.st_size;
	fd_close(&x->fd);
	if (!x->now_known)
		return;
	if (!x->changed) {
		memcpy(x->first, x->now, sizeof(x->first));
		x->first_known = true;
	} else if (x->first_known &&
	    memcmp(x->first, x->now, sizeof(x->first)) == 0) {
		x->changed = false; /* another file of the same content */
	}
}

static void
hash_some(struct exes *s, struct exe *x)
{
	ssize_t n = pread(x->fd, s->slice, sizeof(s->slice), x->at);

	if (n > 0) {
		sha256_add(&x->sum, str_of((char *)s->slice, (size_t)n));
		x->at += n;
	}
	if (n <= 0 || x->at >= x->st.st_size)
		hash_end(x);
}

static void
hash_begin(struct exes *s, struct exe *x, int fd)
{
	fd_close(&x->fd);
	x->now_known = false;
	if (may_block(fd) || x->st.st_size > EXE_BYTES_MAX) {
		fd_close(&fd);
		return;
	}
	x->fd = fd;
	x->at = 0;
	sha256_init(&x->sum);
	if (x->st.st_size <= EXE_AT_ONCE)
		hash_some(s, x);
}

bool
exes_work(struct exes *x)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].fd != -1) {
			hash_some(x, &x->v[i]);
			return true;
		}
	return false;
}

/* ---- what is known ---- */

static struct exe *
exe_find(struct exes *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].path, path) == 0)
			return &s->v[i];
	return NULL;
}

static struct exe *
exe_add(struct exes *s, const char *path, const struct stat *st)
{
	struct exe *x;

	if (s->n == EXES_COUNT_MAX)
		return NULL;
	x = &s->v[s->n++];
	*x = (struct exe){ .path = strdup(path), .st = *st, .fd = -1 };
	must(x->path != NULL);
	return x;
}

static void
print_hash(const struct exe *x, char hash[2 * SHA256_BYTES + 1])
{
	for (size_t i = 0; x->now_known && i < SHA256_BYTES; i++)
		(void)snprintf(hash + 2 * i, 3, "%02x", x->now[i]);
}

/* fd is x's from here, or closed. */
static void
look_again(struct exes *s, struct exe *x, const struct stat *st, int fd)
{
	bool same = same_file(st, &x->st);

	if (same && (x->now_known || x->fd != -1 || x->changed)) {
		fd_close(&fd);
		return;
	}
	x->changed |= !same;
	x->st = *st;
	hash_begin(s, x, fd);
}

bool
exes_look(struct exes *s, const char *path, int fd,
    char hash[2 * SHA256_BYTES + 1], const char **why)
{
	struct exe *x = exe_find(s, path);
	bool is_new = x == NULL;
	struct stat st;

	hash[0] = '\0';
	if (fd == -1 || fstat(fd, &st) == -1) {
		fd_close(&fd);
		*why = "it cannot be opened";
		return false;
	}
	if (is_new)
		x = exe_add(s, path, &st);
	if (x == NULL) {
		fd_close(&fd);
		*why = "too many programs have held connections";
		return false;
	}
	if (is_new)
		hash_begin(s, x, fd);
	else
		look_again(s, x, &st, fd);
	print_hash(x, hash);
	*why = "it is not what it was when this sandbox first saw it";
	return !x->changed;
}
