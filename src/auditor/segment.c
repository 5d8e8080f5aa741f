#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"

/* The newest segment that is older than *below (NULL: any). */
static int
find_newest(int dirfd, const struct audit_segment *below,
    struct audit_segment *out, bool *found, struct err *e)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;

	*found = false;
	if (dir == NULL) {
		(void)err_sys(e, "open the log directory");
		fd_close(&fd);
		return -1;
	}
	while ((d = readdir(dir)) != NULL) {
		struct audit_segment s;

		if (!audit_segment_parse(str_c(d->d_name), &s) ||
		    (below != NULL && audit_segment_cmp(&s, below) >= 0) ||
		    (*found && audit_segment_cmp(&s, out) <= 0))
			continue;
		*out = s;
		*found = true;
	}
	(void)closedir(dir); /* read only */
	return 0;
}

/* The last whole line that parses, within the last bytes of a file. */
static uint64_t
last_seq(struct str tail)
{
	while (tail.len > 0) {
		size_t from = tail.len - 1; /* the newline itself */
		struct audit_line line;

		while (from > 0 && tail.p[from - 1] != '\n')
			from--;
		if (audit_line_parse(str_from(tail, from), &line))
			return line.seq;
		tail.len = from;
	}
	return 0;
}

/* Reads the end of a segment: the last sequence number, or 0, and whether
 * the file ends within a line. */
static int
read_tail(int fd, off_t bytes, uint64_t *seq, bool *torn, struct err *e)
{
	size_t want = 4 * (size_t)AUDIT_LINE_BYTES_MAX;
	CLEAN_FREE char *buf = mem_alloc(want, 1);
	off_t from = bytes > (off_t)want ? bytes - (off_t)want : 0;
	size_t len = (size_t)(bytes - from), at = 0;

	while (at < len) {
		ssize_t n = pread(fd, buf + at, len - at, from + (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, "read the end of the log");
		at += (size_t)n;
	}
	*torn = len > 0 && buf[len - 1] != '\n';
	while (len > 0 && buf[len - 1] != '\n')
		len--;
	*seq = last_seq(str_of(buf, len));
	return 0;
}

static int
open_segment(struct segments *s, int flags, struct err *e)
{
	char name[AUDIT_SEGMENT_NAME_BYTES];
	struct stat st;

	(void)audit_segment_print(s->now, name);
	s->fd = openat(s->dirfd, name,
	    O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (s->fd == -1)
		return err_sys(e, "open %s", name);
	if (fstat(s->fd, &st) == -1)
		return err_sys(e, "stat %s", name);
	s->bytes = st.st_size;
	return 0;
}

/* The sequence number goes on from an older file if the newest has none. */
static int
find_seq(struct segments *s, struct err *e)
{
	struct audit_segment at = s->now;
	bool found = true, torn;

	while (s->seq == 0 && found) {
		char name[AUDIT_SEGMENT_NAME_BYTES];
		CLEAN_FD int fd = -1;
		struct stat st;

		if (find_newest(s->dirfd, &at, &at, &found, e) == -1)
			return -1;
		if (!found)
			return 0;
		fd = openat(s->dirfd, audit_segment_print(at, name),
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd == -1 || fstat(fd, &st) == -1)
			return err_sys(e, "open %s", name);
		if (read_tail(fd, st.st_size, &s->seq, &torn, e) == -1)
			return -1;
	}
	return 0;
}

int
segments_open(struct segments *s, int dirfd, struct err *e)
{
	bool found;

	*s = (struct segments){ .dirfd = dirfd, .fd = -1 };
	if (find_newest(dirfd, NULL, &s->now, &found, e) == -1)
		return -1;
	if (!found)
		return 0;
	if (open_segment(s, O_RDWR, e) == -1 ||
	    read_tail(s->fd, s->bytes, &s->seq, &s->torn, e) == -1)
		return -1;
	return find_seq(s, e);
}

int
segments_turn(struct segments *s, uint32_t day, struct err *e)
{
	if (s->fd != -1 && s->bytes < AUDIT_SEGMENT_BYTES_MAX &&
	    s->now.day >= day) /* a clock set back starts no older file */
		return 0;
	if (s->fd != -1 && fdatasync(s->fd) == -1)
		return err_sys(e, "sync the log");
	segments_close(s);
	if (s->now.day < day)
		s->now = (struct audit_segment){ day, 0 };
	s->now.number++;
	if (open_segment(s, O_RDWR | O_CREAT | O_EXCL, e) == -1) {
		s->now.number--;
		return -1;
	}
	return 0;
}

ssize_t
segments_append(struct segments *s, struct str bytes, struct err *e)
{
	ssize_t n;

	must(s->fd != -1);
	do
		n = write(s->fd, bytes.p, bytes.len);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_sys(e, "write the log");
	s->bytes += n;
	return n;
}

int
segments_sync(struct segments *s, struct err *e)
{
	if (s->fd != -1 && fdatasync(s->fd) == -1)
		return err_sys(e, "sync the log");
	return 0;
}

void
segments_close(struct segments *s)
{
	fd_close(&s->fd);
}
