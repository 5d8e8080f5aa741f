#include "http.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/must.h"
#include "say.h"

#define IN_BYTES_MAX	131072	/* read ahead of an answer */
#define LINE_BYTES_MAX	64	/* of a chunk's size */
#define PATIENCE_MS	1000	/* before we say what we wait for */

void
http_init(struct http *h, int fd)
{
	*h = (struct http){ .fd = fd, .passed = -1 };
	buf_init(&h->in, IN_BYTES_MAX);
}

void
http_fini(struct http *h)
{
	fd_close(&h->fd);
	fd_close(&h->passed);
	buf_fini(&h->in);
}

int
http_send(struct http *h, const char *method, const char *path,
    struct str json, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, HTTP_HEAD_BYTES_MAX + json.len);
	if (!buf_printf(&b, "%s %s HTTP/1.1\r\nHost: openshell\r\n", method,
		path) ||
	    (json.len > 0 && !buf_printf(&b,
		"Content-Type: application/json\r\nContent-Length: %zu\r\n",
		json.len)) ||
	    !buf_addz(&b, "\r\n") || !buf_adds(&b, json)) {
		buf_fini(&b);
		return err_set(e, ERR_LIMIT, "the request is too long");
	}
	rc = io_write_all(h->fd, buf_str(&b), e);
	buf_fini(&b);
	return rc == -1 ? err_wrap(e, "ask the gateway") : 0;
}

static void
take_passed(struct http *h, struct msghdr *mh)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL;
	    c = CMSG_NXTHDR(mh, c)) {
		int fd;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_RIGHTS ||
		    c->cmsg_len < CMSG_LEN(sizeof(fd)))
			continue;
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		fd_close(&h->passed);
		h->passed = fd;
	}
}

static void
wait_readable(struct http *h)
{
	struct pollfd p = { h->fd, POLLIN, 0 };

	if (h->said || h->waiting_for == NULL ||
	    isatty(STDERR_FILENO) != 1)
		return;
	if (poll(&p, 1, PATIENCE_MS) == 0) {
		say("%s ...", h->waiting_for);
		h->said = true;
	}
}

static int
read_more(struct http *h, struct err *e)
{
	union {
		struct cmsghdr h;
		char bytes[CMSG_SPACE(sizeof(int))];
	} ctl;
	size_t room;
	char *p = buf_space(&h->in, 16384, &room);
	struct iovec iov = { p, room };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl.bytes, .msg_controllen = sizeof(ctl) };
	ssize_t n;

	if (room == 0)
		return err_set(e, ERR_PEER, "the gateway's answer is too long");
	wait_readable(h);
	do
		n = recvmsg(h->fd, &mh, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_sys(e, "read the gateway's answer");
	if (n == 0)
		return err_set(e, ERR_PEER, "the gateway hung up; what it "
		    "was asked may or may not have happened");
	take_passed(h, &mh);
	buf_added(&h->in, (size_t)n);
	return 0;
}

/* *line is valid until the buffer changes; the CR LF is eaten with it. */
static int
read_line(struct http *h, size_t max, struct str *line, struct err *e)
{
	for (;;) {
		struct str s = buf_str(&h->in);
		size_t at = str_index(s, '\n');

		if (at < s.len && at > 0 && s.p[at - 1] == '\r') {
			*line = str_head(s, at - 1);
			buf_eat(&h->in, at + 1);
			return 0;
		}
		if (at < s.len || s.len > max)
			return err_set(e, ERR_PEER,
			    "the gateway's answer is not HTTP/1.1");
		if (read_more(h, e) == -1)
			return -1;
	}
}

static void
take_field(struct http *h, struct str line)
{
	struct str name, value;

	if (!str_cut(line, ':', &name, &value))
		return;
	value = str_trim(value);
	if (str_case_eq(name, STR("Content-Length")))
		h->over = !str_u64(value, UINT64_MAX, &h->left) ||
		    h->left == 0;
	if (str_case_eq(name, STR("Transfer-Encoding")))
		h->chunked = str_case_eq(value, STR("chunked"));
}

int
http_head(struct http *h, struct err *e)
{
	struct str line;
	uint64_t status;

	if (read_line(h, HTTP_HEAD_BYTES_MAX, &line, e) == -1)
		return -1;
	if (!str_has_prefix(line, STR("HTTP/1.1 ")) ||
	    !str_u64(str_upto(str_from(line, 9), 3), 599, &status))
		return err_set(e, ERR_PEER,
		    "the gateway's answer is not HTTP/1.1");
	h->status = (int)status;
	h->left = 0;
	h->chunked = h->in_chunks = false;
	h->over = true; /* unless a field says that a body follows */
	for (;;) {
		if (read_line(h, HTTP_HEAD_BYTES_MAX, &line, e) == -1)
			return -1;
		if (line.len == 0)
			break;
		take_field(h, line);
	}
	if (h->chunked)
		h->over = false;
	return 0;
}

/* The size line of the next chunk; after the last, the end. */
static int
next_chunk(struct http *h, struct err *e)
{
	struct str line;

	if (h->in_chunks && read_line(h, LINE_BYTES_MAX, &line, e) == -1)
		return -1; /* the line end behind the chunk before */
	h->in_chunks = true;
	if (read_line(h, LINE_BYTES_MAX, &line, e) == -1)
		return -1;
	if (line.len == 0 || line.len > 8)
		return err_set(e, ERR_PEER, "the gateway sent a bad chunk");
	h->left = 0;
	for (size_t i = 0; i < line.len; i++) {
		int digit = hex_value(line.p[i]);

		if (digit == -1)
			return err_set(e, ERR_PEER,
			    "the gateway sent a bad chunk");
		h->left = h->left * 16 + (uint64_t)digit;
	}
	if (h->left > 0)
		return 0;
	h->over = true;
	return read_line(h, LINE_BYTES_MAX, &line, e);
}

int
http_body(struct http *h, struct str *out, struct err *e)
{
	struct str s;

	if (!h->over && h->chunked && h->left == 0 && next_chunk(h, e) == -1)
		return -1;
	if (h->over)
		return 0;
	while (buf_str(&h->in).len == 0)
		if (read_more(h, e) == -1)
			return -1;
	s = buf_str(&h->in);
	*out = str_head(s, s.len < h->left ? s.len : (size_t)h->left);
	h->left -= out->len;
	buf_eat(&h->in, out->len);
	if (h->left > 0)
		return 1;
	if (!h->chunked)
		h->over = true;
	return 1;
}

void
http_escape(struct buf *b, struct str s)
{
	static const char plain[] = "-._~@:";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool bare = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') ||
		    (c != '\0' && strchr(plain, c) != NULL);

		must(bare ? buf_add(b, &c, 1) : buf_printf(b, "%%%02X", c));
	}
}
