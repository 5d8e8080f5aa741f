/* content.c -- the bytes of a file that was made in the sandbox.
 *
 * They are read once, and their SHA-256 is of what was read then. Of anything
 * but a binary, what was read is kept in a sealed memory file: who executes it
 * gets that, since the file may have changed before it is read again. */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/finding.h"

#define PART_BYTES   65536
#define SEALS	     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define BINARY_MAX   (512 << 20)	/* bytes */
#define COPIES_BYTES (64U << 20)	/* of all copies */

struct reader {
	struct content *out;
	struct sha256_sum sum;
	int copy;
};

/* Of two that hold the same, one is enough; the one used longest ago gives
 * way, unless somebody may still open it. */
static struct {
	struct copy {
		unsigned char hash[SHA256_BYTES];
		int fd;			/* -1: free */
		uint64_t used, size;
	} v[COPIES_MAX];
	uint64_t bytes;
	uint64_t now;
	bool ready;
} copies;

static int
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool
is_elf(struct str head)
{
	return str_has_prefix(head, STR("\177ELF"));
}

static void
first_part(struct reader *r, struct str part)
{
	struct content *c = r->out;

	c->head_len = part.len < sizeof(c->head) ? part.len :
						   sizeof(c->head);
	memcpy(c->head, part.p, c->head_len);
	c->binary = is_elf(part);
}

static int
take_part(struct reader *r, struct str part)
{
	struct content *c = r->out;

	if (c->size == 0)
		first_part(r, part);
	c->size += part.len;
	if (c->size > (c->binary ? BINARY_MAX : SCRIPT_BYTES_MAX))
		return -EFBIG;
	sha256_add(&r->sum, part);
	if (!c->binary && write_all(r->copy, part.p, part.len) == -1)
		return -EAGAIN;
	return 0;
}

static int
take_all(struct reader *r, int fd)
{
	static char part[PART_BYTES];
	ssize_t n;
	int rc;

	while ((n = read(fd, part, sizeof(part))) > 0) {
		rc = take_part(r, str_of(part, (size_t)n));
		if (rc != 0)
			return rc;
	}
	if (n < 0)
		return -errno;
	return 0;
}

/* ---- copies ---- */

static void
copies_start(void)
{
	if (copies.ready)
		return;
	for (size_t i = 0; i < COPIES_MAX; i++)
		copies.v[i].fd = -1;
	copies.ready = true;
}

int
content_copy(const unsigned char hash[SHA256_BYTES])
{
	copies_start();
	for (size_t i = 0; i < COPIES_MAX; i++)
		if (copies.v[i].fd != -1 &&
		    memcmp(copies.v[i].hash, hash, SHA256_BYTES) == 0) {
			copies.v[i].used = ++copies.now;
			return copies.v[i].fd;
		}
	return -1;
}

static struct copy *
oldest_unused(void)
{
	struct copy *oldest = NULL;

	for (size_t i = 0; i < COPIES_MAX; i++) {
		struct copy *c = &copies.v[i];

		if (c->fd != -1 && !script_uses(c->hash) &&
		    (oldest == NULL || c->used < oldest->used))
			oldest = c;
	}
	return oldest;
}

static struct copy *
free_one(void)
{
	for (size_t i = 0; i < COPIES_MAX; i++)
		if (copies.v[i].fd == -1)
			return &copies.v[i];
	return NULL;
}

/* NULL: all are in use. */
static struct copy *
room(uint64_t size)
{
	struct copy *c, *old;

	while ((c = free_one()) == NULL ||
	    copies.bytes + size > COPIES_BYTES) {
		old = oldest_unused();
		if (old == NULL)
			return NULL;
		copies.bytes -= old->size;
		fd_close(&old->fd);
	}
	return c;
}

/* Takes fd. */
static int
keep(int fd, const struct content *what)
{
	const bool known = content_copy(what->hash) != -1;
	struct copy *c = known ? NULL : room(what->size);

	if (c == NULL || fcntl(fd, F_ADD_SEALS, SEALS) == -1) {
		(void)close(fd);
		return known ? 0 : -EAGAIN;
	}
	memcpy(c->hash, what->hash, SHA256_BYTES);
	c->fd = fd;
	c->size = what->size;
	c->used = ++copies.now;
	copies.bytes += c->size;
	return 0;
}

/* Anything but a binary is copied. */
static int
read_into(int fd, int memfd, struct content *out)
{
	struct reader r = { .out = out, .copy = memfd };
	int rc;

	*out = (struct content){ 0 };
	sha256_init(&r.sum);
	rc = take_all(&r, fd);
	sha256_end(&r.sum, out->hash);
	return rc;
}

int
content_read(struct broker *b, int held, struct content *out)
{
	CLEAN_FD int fd = openat(b->fds, fd_name(held).text, O_RDONLY |
		O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	CLEAN_FD int copy = -1;
	struct stat st;
	int rc, memfd;

	if (fd == -1 || fstat(fd, &st) == -1)
		return -errno;
	memfd = memfd_create("script", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memfd == -1)
		return -EAGAIN;
	rc = finding_get(b, fd, &st, read_into, memfd, out, &copy);
	if (rc != 0 || out->binary || copy == -1)
		return rc;
	return keep(fd_take(&copy), out);
}
