#include "log_reader.h"

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

#define CHUNK_BYTES 65536

/* ---- files ---- */

enum which { OLDEST, OLDER, NEWER, NEWEST };

static bool
is_better(enum which w, const struct audit_segment *s,
    const struct audit_segment *best, const struct audit_segment *from)
{
	int to_from = audit_segment_cmp(s, from);
	int to_best = best->day == 0 ? 0 : audit_segment_cmp(s, best);

	if ((w == OLDER && to_from >= 0) || (w == NEWER && to_from <= 0))
		return false;
	if (best->day == 0)
		return true;
	return w == OLDEST || w == NEWER ? to_best < 0 : to_best > 0;
}

/* The segment beside r->seg; out->day 0: there is none. */
static int
find(struct log_reader *r, enum which w, struct audit_segment *out,
    struct err *e)
{
	int fd = openat(r->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;

	*out = (struct audit_segment){ 0, 0 };
	if (dir == NULL) {
		(void)err_sys(e, "open the log directory");
		fd_close(&fd);
		return -1;
	}
	while ((d = readdir(dir)) != NULL) {
		struct audit_segment s;

		if (audit_segment_parse(str_c(d->d_name), &s) &&
		    is_better(w, &s, out, &r->seg))
			*out = s;
	}
	(void)closedir(dir); /* read only */
	return 0;
}

/* Opens a neighbour: 1, or 0 if there is none. */
static int
enter(struct log_reader *r, enum which w, struct err *e)
{
	char name[AUDIT_SEGMENT_NAME_BYTES];
	struct audit_segment s;
	struct stat st;
	int fd;

	if (find(r, w, &s, e) == -1)
		return -1;
	if (s.day == 0)
		return 0;
	fd = openat(r->dirfd, audit_segment_print(s, name),
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 || fstat(fd, &st) == -1) {
		fd_close(&fd);
		return err_sys(e, "open %s", name);
	}
	fd_close(&r->fd);
	r->fd = fd;
	r->seg = s;
	r->at = w == OLDER || w == NEWEST ? st.st_size : 0;
	buf_clear(&r->part);
	return 1;
}

int
log_reader_open(struct log_reader *r, int dirfd, struct err *e)
{
	*r = (struct log_reader){ .dirfd = dirfd, .fd = -1 };
	buf_init(&r->part, AUDIT_LINE_BYTES_MAX + CHUNK_BYTES);
	return enter(r, NEWEST, e) == -1 ? -1 : 0;
}

int
log_reader_oldest(struct log_reader *r, struct err *e)
{
	return enter(r, OLDEST, e) == -1 ? -1 : 0;
}

void
log_reader_close(struct log_reader *r)
{
	fd_close(&r->fd);
	buf_fini(&r->part);
}

static ssize_t
read_at(struct log_reader *r, char *to, size_t n, off_t from, struct err *e)
{
	ssize_t got;

	do
		got = pread(r->fd, to, n, from);
	while (got == -1 && errno == EINTR);
	return got == -1 ? err_sys(e, "read the log") : got;
}

/* ---- back ---- */

/* Looks at the lines of a region from its last on. The first part, which
 * may begin within a line, stays; true: the answer begins at r->at. */
static bool
look_back(struct log_reader *r, const struct log_filter *f, struct str s,
    off_t base)
{
	size_t first = base == 0 ? 0 : str_index(s, '\n') + 1;

	while (s.len > first) {
		size_t from = s.len - 1; /* the newline of this line */

		while (from > first && s.p[from - 1] != '\n')
			from--;
		if (log_filter_is_before(f, str_from(s, from)) ||
		    (f->has_last && log_filter_takes(f, str_from(s, from)) &&
			++r->found > f->last)) {
			r->at = base + (off_t)s.len;
			return true;
		}
		s.len = from;
	}
	return false;
}

/* One chunk before r->at, with what the last one left over. */
static enum log_step
chunk_back(struct log_reader *r, const struct log_filter *f, struct err *e)
{
	size_t n = r->at < CHUNK_BYTES ? (size_t)r->at : CHUNK_BYTES;
	size_t keep = r->part.len;
	CLEAN_FREE char *region = mem_alloc(n + keep, 1);
	off_t base = r->at - (off_t)n;
	ssize_t got = read_at(r, region, n, base, e);
	struct str s = str_of(region, n + keep);

	if (got != (ssize_t)n)
		return got == -1 ? LOG_FAILED : err_set(e, ERR_STATE,
		    "the log shrank while it was read");
	memcpy(region + n, buf_str(&r->part).p, keep);
	buf_clear(&r->part);
	/* the log's end may be a line that is still being written */
	while (r->found == 0 && keep == 0 && s.len > 0 &&
	    s.p[s.len - 1] != '\n')
		s.len--;
	if (look_back(r, f, s, base))
		return LOG_DONE;
	r->at = base;
	s = str_head(s, base == 0 || s.len == 0 ? 0 : str_index(s, '\n') +
	    (str_index(s, '\n') < s.len));
	if (!buf_adds(&r->part, s))
		return err_set(e, ERR_LIMIT, "the log has a line that is too "
		    "long");
	return LOG_MORE;
}

enum log_step
log_reader_back(struct log_reader *r, const struct log_filter *f,
    struct err *e)
{
	enum log_step step = LOG_DONE;

	if (r->fd == -1)
		return LOG_DONE;
	if (r->at > 0) {
		step = chunk_back(r, f, e);
	} else {
		int rc = enter(r, OLDER, e);

		step = rc == -1 ? LOG_FAILED : rc == 0 ? LOG_DONE : LOG_MORE;
	}
	if (step == LOG_DONE)
		buf_clear(&r->part);
	return step;
}

/* ---- forwards ---- */

static void
take_lines(struct log_reader *r, void (*on_line)(void *, struct str),
    void *arg)
{
	for (;;) {
		struct str s = buf_str(&r->part);
		size_t len = str_index(s, '\n');

		if (len == s.len)
			return;
		on_line(arg, str_head(s, len + 1));
		buf_eat(&r->part, len + 1);
	}
}

/* From the end of a file to the next. The file is read once more after the
 * next one was seen: only then does nothing more come into it. */
static enum log_step
go_on(struct log_reader *r, struct err *e)
{
	struct audit_segment newer;
	int rc;

	if (r->fd != -1 && !r->ending) {
		if (find(r, NEWER, &newer, e) == -1)
			return LOG_FAILED;
		r->ending = newer.day != 0;
		return r->ending ? LOG_MORE : LOG_DONE;
	}
	r->ending = false;
	rc = enter(r, r->fd == -1 ? OLDEST : NEWER, e);
	return rc == -1 ? LOG_FAILED : rc == 0 ? LOG_DONE : LOG_MORE;
}

enum log_step
log_reader_next(struct log_reader *r,
    void (*on_line)(void *arg, struct str line), void *arg, struct err *e)
{
	size_t room;
	ssize_t got = 0;
	char *to;

	if (r->fd != -1) {
		to = buf_space(&r->part, CHUNK_BYTES, &room);
		if (to == NULL)
			return err_set(e, ERR_LIMIT,
			    "the log has a line that is too long");
		got = read_at(r, to, room, r->at, e);
	}
	if (got == -1)
		return LOG_FAILED;
	if (got == 0)
		return go_on(r, e);
	r->ending = false;
	buf_added(&r->part, (size_t)got);
	r->at += got;
	take_lines(r, on_line, arg);
	return LOG_MORE;
}
